"""Two mechanisms of new kinds of input, end to end: one domain, one estimand, one file each.

`tests/kinds.py` holds them: one bit of a number in [low, high], with a likelihood, and a
half-space randomizer of the unit ball, without one.
"""

from __future__ import annotations

import dataclasses
import json
import math
import pickle
from importlib.metadata import EntryPoint, entry_points
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import ldpaudit
from ldpaudit import registry
from ldpaudit.adapters.finite_inputs import FiniteInputs, on_inputs
from ldpaudit.collecting.estimands import Distribution, Frequencies, Marginals, Mean, VectorMean
from ldpaudit.collecting.servers import Server, estimand_of
from ldpaudit.contracts import (
    FrequencyOracle,
    HasDomain,
    HasExactEpsilon,
    HasLikelihood,
    HasReports,
    HasVariance,
    Mechanism,
)
from ldpaudit.data import DataSet, load
from ldpaudit.domains import Ball, Categories, Interval
from ldpaudit.leakage import channels, gain
from ldpaudit.leakage.estimates import estimate_mutual_information, estimate_vulnerability
from ldpaudit.selection import Holm, worst_pair
from ldpaudit.testing import assert_ldp, check_ldp, check_mechanism
from tests.kinds import HalfSpace, LeakyBit, LeakyHalfSpace, OneBit

REGISTERED = {"one-bit": OneBit, "half-space": HalfSpace, "leaky-bit": LeakyBit}


@pytest.fixture
def registered(monkeypatch: pytest.MonkeyPatch) -> None:
    """The mechanisms under names, as a package of somebody's own would have them."""

    class Entry(EntryPoint):
        def load(self) -> Any:
            return REGISTERED[self.name]

    extra = [Entry(name, "nowhere:Nothing", "ldpaudit.protocols") for name in REGISTERED]

    def entries(*, group: str) -> list[EntryPoint]:
        return [*entry_points(group=group), *(extra if group == "ldpaudit.protocols" else [])]

    monkeypatch.setattr(registry, "entry_points", entries)


# ------------------------------------------------------------------ the view


def test_a_mechanism_with_k_is_left_alone() -> None:
    grr = ldpaudit.mechanism("grr", k=4, epsilon=1.0)
    assert on_inputs(grr) is grr
    assert not isinstance(grr, HasDomain)


def test_a_view_is_the_mechanism_on_numbered_inputs() -> None:
    bit, inputs = OneBit(1.0, 0.0, 10.0), np.array([0.0, 10.0, 2.5])
    view: Any = on_inputs(bit, inputs)
    assert isinstance(on_inputs(bit), Mechanism)
    assert (view.k, view.epsilon, view.bits, view.exact_epsilon()) == (3, 1.0, 1, 1.0)
    numbers = np.array([2, 0, 1, 1, 2])
    drawn = view.privatize(numbers, rng=np.random.default_rng(5))
    assert np.array_equal(drawn, bit.privatize(inputs[numbers], rng=np.random.default_rng(5)))
    table = view.log_likelihood(np.array([1, 0]))
    for row, report in enumerate((1, 0)):
        for column, number in enumerate(inputs):
            one = 0.5 + (number - 5) / 5 * math.tanh(0.5) / 2
            assert table[row, column] == pytest.approx(math.log(one if report else 1 - one))
    assert np.array_equal(view.log_likelihood(np.array([1, 0]), [2, 0]), table[:, [2, 0]])
    assert view.variance([1, 1]).tolist() == bit.variance([10.0, 10.0]).tolist()


def test_a_view_has_the_abilities_of_its_mechanism_and_no_others() -> None:
    bit, ball = on_inputs(OneBit(1.0)), on_inputs(HalfSpace(3, 1.0))
    has: list[Any] = [HasLikelihood, HasReports, HasExactEpsilon, FrequencyOracle]
    lacks: list[Any] = [HasLikelihood, HasReports, HasExactEpsilon, HasVariance, HasDomain]
    for ability in has:
        assert isinstance(bit, ability)
    assert isinstance(ball, FrequencyOracle)
    for ability in lacks:
        assert not isinstance(ball, ability)
    assert not isinstance(on_inputs(LeakyBit(1.0)), HasLikelihood)  # it is None there


def test_a_view_is_a_frozen_value() -> None:
    view: Any = on_inputs(OneBit(1.0), [-1.0, 1.0, 0.0])
    other = pickle.loads(pickle.dumps(view))  # noqa: S301
    assert other == view == on_inputs(OneBit(1.0), [-1, 1, -0.0])
    assert (hash(other), repr(other)) == (hash(view), repr(view))
    assert view != on_inputs(OneBit(1.0), [-1.0, 0.0, 1.0])
    assert view != on_inputs(OneBit(2.0), [-1.0, 1.0, 0.0])
    assert on_inputs(view) is view
    assert on_inputs(view, 5) == on_inputs(OneBit(1.0), 5)
    with pytest.raises(dataclasses.FrozenInstanceError):
        view.k = 4  # type: ignore[misc]
    with pytest.raises(ValueError, match="read-only"):
        view.inputs[0] = 0.0


@pytest.mark.parametrize(
    ("mechanism", "inputs", "kind", "message"),
    [
        (OneBit(1.0), [0.0, 0.5, 0.0], ValueError, "inputs must all be different, got 0.0 twice."),
        (OneBit(1.0), [0.0, 2.0], ValueError, "values must lie in [-1, 1], got 2.0."),
        (OneBit(1.0), [0.0], ValueError, "number of inputs must be at least 2, got 1."),
        (OneBit(1.0), 1, ValueError, "size must be at least 2, got 1."),
        (HalfSpace(2, 1.0), [[0.0], [1.0]], ValueError, "values must have shape (n, 2), got"),
        (3, None, TypeError, "mechanism must have k, epsilon and privatize, got int."),
        (
            ldpaudit.mechanism("grr", k=4, epsilon=1.0),
            [0, 1],
            ValueError,
            "inputs are chosen for a mechanism that has a domain",
        ),
    ],
)
def test_wrong_inputs_are_named(mechanism: Any, inputs: Any, kind: type, message: str) -> None:
    with pytest.raises(kind) as error:
        on_inputs(mechanism, inputs)
    assert str(error.value).startswith(message)


# ------------------------------------------------------------------ the doors


@pytest.mark.parametrize("mechanism", [OneBit(1.0), OneBit(1.0, 0.0, 1e6), HalfSpace(5, 1.0)])
def test_an_audit_comes_near_epsilon_and_names_inputs(mechanism: Any) -> None:
    result = ldpaudit.audit(mechanism, [], trials=20_000, alpha=1e-6)
    first, second = (mechanism.domain.text(x) for x in mechanism.domain.grid(2))
    assert result.verdict == "consistent"
    assert 0.8 < result.epsilon_lower <= 1.0  # a miss has probability 1e-6
    found = result.to_dict()
    assert found["inputs"] == [first, second]
    assert (found["pair"], found["domain"]) == ([0, 1], str(mechanism.domain))
    assert result.k == 17
    assert f"({first}, {second})" in result.bound.event
    assert json.loads(json.dumps(found)) == found


@pytest.mark.parametrize("mechanism", [LeakyBit(1.0), LeakyHalfSpace(4, 1.0)])
def test_a_leak_is_a_violation_without_a_likelihood(mechanism: Any) -> None:
    result = ldpaudit.audit(mechanism, [], trials=10_000, alpha=1e-6)
    assert result.verdict == "violation"
    assert 1.7 < result.epsilon_lower <= 2.0  # a miss has probability 1e-6
    with pytest.raises(AssertionError, match=r"not 1\.0-LDP") as error:
        assert_ldp(mechanism, epsilon=1.0, trials=10_000)
    assert mechanism.domain.text(mechanism.domain.grid(2)[0]) in str(error.value)
    assert_ldp(mechanism, epsilon=2.0, trials=10_000)


def test_a_result_depends_on_mechanism_and_inputs_alone() -> None:
    def bound(mechanism: Any, inputs: Any = None) -> Any:
        return ldpaudit.audit(mechanism, [], trials=500, inputs=inputs).bound

    assert bound(OneBit(1.0), [-1.0, 1.0]) == bound(OneBit(1.0), np.array([-1, 1]))
    assert bound(OneBit(1.0)) == bound(on_inputs(OneBit(1.0)))
    assert bound(OneBit(1.0), 5).event != bound(OneBit(1.0), 6).event  # other streams
    near = bound(OneBit(1.0), [0.0, 0.1])
    assert "(0.0, 0.1)" in near.event
    assert near.epsilon_lower < 0.5


def test_a_search_finds_the_ends() -> None:
    found = worst_pair(OneBit(2.0), Holm(), inputs=[0.0, 0.5, -1.0, 1.0], trials=4_000)
    assert set(found.pair or ()) == {2, 3}
    assert set(found.inputs or ()) == {"-1.0", "1.0"}
    result = ldpaudit.audit(
        OneBit(2.0), [], inputs=[0.0, 0.5, -1.0, 1.0], search="pilot", trials=4_000
    )
    assert set(result.inputs or ()) == {"-1.0", "1.0"}
    assert {*(result.pair or ())} == {2, 3}
    assert ldpaudit.audit(OneBit(2.0), [], inputs=4, search="pooled", trials=500).pair is None


def test_the_gate_takes_inputs() -> None:
    assert check_ldp(OneBit(2.0), 1.0, trials=5_000).verdict == "violation"
    assert "(0.0, 0.25)" in check_ldp(OneBit(0.9), 1.0, inputs=[0.0, 0.25], trials=500).bound.event


def test_leakage_is_that_of_the_inputs() -> None:
    bit, inputs = OneBit(1.5), np.array([-1.0, 1.0, 0.25, -0.5])
    prior = np.array([0.1, 0.2, 0.3, 0.4])
    ones = 0.5 + inputs * math.tanh(0.75) / 2
    channel = np.stack([1 - ones, ones], axis=1)
    best = sum(max(p * row[y] for p, row in zip(prior, channel, strict=True)) for y in (0, 1))
    found = estimate_vulnerability(bit, prior, inputs=inputs)
    assert found.how == "channel"
    assert found.value == pytest.approx(best)
    joint = prior[:, None] * channel
    nats = (joint * np.log(channel / joint.sum(axis=0))).sum()
    assert estimate_mutual_information(bit, prior, inputs=inputs).value == pytest.approx(nats)
    near = np.abs(np.subtract.outer(inputs, inputs)) <= 0.5
    view: Any = on_inputs(bit, inputs)
    worth = gain.g_vulnerability(channels.channel(view), near * 1.0, prior)
    assert estimate_vulnerability(bit, prior, gain=near, inputs=inputs).value == pytest.approx(
        worth
    )


def test_what_a_mechanism_says_of_itself_is_checked() -> None:
    assert check_mechanism(OneBit(1.0, 0.0, 100.0)) == [
        "sampler: one report a value, reproducible, input untouched, bad values refused",
        "domain: [0, 100], inputs outside refused",
        "likelihood: ratios within epsilon = 1, reports follow it",
        "exact epsilon: 1 of 1",
        "channel: 2 reports, sums to 1, exact figures agree, reports follow it",
        "estimate of mean: unbiased, batches add up, error as stated",
        "bits: 1 a report",
        "value: repr and pickle give the same mechanism, bad parameters refused",
    ]
    assert "estimate of mean vector: unbiased, batches add up, error as stated" in check_mechanism(
        HalfSpace(3, 1.0)
    )


class _Lax(HalfSpace):
    """Takes vectors of any length."""

    def privatize(self, values: Any, *, rng: np.random.Generator) -> Any:
        rows = np.nan_to_num(np.asarray(values))
        return super().privatize(rows / np.linalg.norm(rows, axis=1).clip(1.0)[:, None], rng=rng)


class _Silent(OneBit):
    """Does not say what it estimates."""

    estimand = None  # type: ignore[assignment]


class _Loud(OneBit):
    """Says half of its variance."""

    def variance(self, values: Any) -> Any:
        return super().variance(values) / 2


@pytest.mark.parametrize(
    ("mechanism", "message"),
    [
        (_Lax(2, 1.0), "privatize must refuse"),
        (LeakyBit(1.0), "estimate is biased"),
        (_Loud(1.0), "measured error of estimate"),
        (_Silent(1.0), "must say what it estimates"),
    ],
)
def test_a_broken_promise_is_found(mechanism: Any, message: str) -> None:
    with pytest.raises(AssertionError, match=message):
        check_mechanism(mechanism)


# ------------------------------------------------------------------ what is estimated


def test_each_estimand_is_what_a_loop_over_users_says() -> None:
    rng = np.random.default_rng(2)
    histogram, numbers = rng.integers(1, 9, 6), rng.uniform(0, 4, 6)
    vectors = rng.normal(size=(6, 3))
    users = np.repeat(np.arange(6), histogram)
    assert Mean().truth(numbers, histogram) == pytest.approx(numbers[users].mean())
    assert VectorMean().truth(vectors, histogram) == pytest.approx(vectors[users].mean(axis=0))
    shares = Frequencies(6).truth(None, histogram)
    assert shares == pytest.approx([np.mean(users == v) for v in range(6)])
    assert Frequencies(6).truth_of(users) == pytest.approx(shares)
    rows = Marginals((2, 3)).truth(None, histogram)
    for part, again in zip(rows, Marginals((2, 3)).truth_of(users), strict=True):
        assert part == pytest.approx(again)
    assert rows[1] == pytest.approx([np.mean(users % 3 == v) for v in range(3)])
    spread = Distribution(0.0, 4.0, 8)
    bins = spread.truth(numbers, histogram)
    middles = np.floor(numbers[users] / 0.5)
    assert bins == pytest.approx([np.mean(middles == b) for b in range(8)])


def test_the_error_of_a_distribution_is_the_squared_cost_of_moving_it() -> None:
    """Against scipy's Wasserstein distance of the bins' middles."""
    from scipy.stats import wasserstein_distance

    rng, spread = np.random.default_rng(3), Distribution(-2.0, 6.0, 16)
    middles = -2 + 0.5 * (np.arange(16) + 0.5)
    for _ in range(5):
        one, two = rng.dirichlet(np.ones(16), 2)
        distance = wasserstein_distance(middles, middles, one, two)
        assert spread.error(one, two) == pytest.approx(distance**2)


def test_a_mechanism_with_k_estimates_what_it_did() -> None:
    grr = ldpaudit.mechanism("grr", k=4, epsilon=1.0)
    spl = ldpaudit.mechanism("spl", sizes=(2, 3), epsilon=1.0)
    assert (estimand_of(grr), estimand_of(spl)) == (Frequencies(4), Marginals((2, 3)))
    assert estimand_of(on_inputs(OneBit(1.0))) == Mean()
    assert estimand_of(on_inputs(_Silent(1.0))) is None
    assert ldpaudit.audit(_Silent(1.0), trials=100).mse is None


def test_an_estimate_of_another_form_is_named() -> None:
    class Wide(OneBit):
        def estimate(self, counts: Any) -> Any:
            return np.full(2, super().estimate(counts))

    with pytest.raises(ValueError, match=r"estimate must return shape \(\), got \(2,\)\."):
        ldpaudit.audit(Wide(1.0), trials=100)


@pytest.mark.parametrize("epsilon", [0.5, 4.0])
def test_the_error_of_the_mean_of_adult_ages_is_the_exact_one(epsilon: float) -> None:
    """Mean of 300 squared errors within five standard errors of the mechanism's own figure."""
    ages = load("adult-age", low=0, high=100)
    view = on_inputs(OneBit(epsilon, 0.0, 100.0), ages.inputs)
    server, rng = Server(view), np.random.default_rng(7)
    truth = server.truth(ages.histogram)
    assert truth == pytest.approx(load("adult-age").users().mean() + 17, abs=0.2)
    # One bit a user: the number of ones is a sum over the ages of binomial counts.
    assert ages.inputs is not None
    ones = 0.5 + (ages.inputs - 50) / 50 * math.tanh(epsilon / 2) / 2
    squares = np.array(
        [
            server.error(50 + 50 / math.tanh(epsilon / 2) * (2 * total / ages.num_users - 1), truth)
            for total in rng.binomial(ages.histogram, ones, (300, ages.k)).sum(axis=1)
        ]
    )
    exact = server.exact(ages.num_users, truth, ages.histogram)
    assert exact is not None
    assert abs(squares.mean() - exact) < 5 * squares.std(ddof=1) / math.sqrt(300)
    result = ldpaudit.audit(
        view, [], trials=100, histogram=ages.histogram, data=ages.name, repetitions=2
    )
    assert result.mse is None  # an audit of the bound alone
    measured = ldpaudit.audit(
        view, ["blind"], trials=100, histogram=ages.histogram, data=ages.name, repetitions=40
    ).mse
    assert measured is not None
    assert measured.exact == pytest.approx(exact)
    # 40 squared errors of a normal estimate: their mean is exact times chi-square / 40.
    assert abs(measured.value / exact - 1) < 5 * math.sqrt(2 / 40)


# ------------------------------------------------------------------ labels


def country(value: str, rng: np.random.Generator) -> str:
    """Randomized response over names, at epsilon 1."""
    names = ["DE", "FR", "US", "IN"]
    if rng.random() < math.e / (math.e + 3):
        return value
    return str(rng.choice([name for name in names if name != value]))


def test_a_correct_mechanism_over_labels_is_consistent_and_named() -> None:
    m = ldpaudit.from_callable(country, values=["DE", "FR", "US", "IN"], epsilon=1.0)
    assert (m.k, m.domain) == (4, Categories(("DE", "FR", "US", "IN")))
    result = ldpaudit.audit(m, [], trials=4_000, pair=(1, 3))
    assert result.verdict == "consistent"
    assert result.to_dict()["inputs"] == ["FR", "IN"]
    assert "(FR, IN)" in result.bound.event
    searched = ldpaudit.audit(m, [], trials=600, search="holm")
    assert set(searched.inputs or ()) <= {"DE", "FR", "US", "IN"}
    narrowed = ldpaudit.audit(m, [], trials=500, inputs=["US", "DE"])
    assert (narrowed.k, narrowed.inputs) == (2, ("US", "DE"))


def test_a_message_names_the_label() -> None:
    def moody(value: str, rng: np.random.Generator) -> str | None:  # noqa: ARG001
        if value == "FR":
            raise KeyError("no such country")
        return None if value == "US" else value

    m = ldpaudit.from_callable(moody, values=["DE", "FR", "US"], epsilon=1.0)
    rng = np.random.default_rng(0)
    with pytest.raises(RuntimeError, match="failed on the value FR: KeyError"):
        m.privatize([0, 1], rng=rng)
    with pytest.raises((TypeError, ValueError), match="for the value US"):
        m.privatize([0, 2], rng=rng)


@pytest.mark.parametrize("batched", [False, True])
def test_a_function_gets_the_values_themselves(batched: bool) -> None:
    got: list[Any] = []

    def remember(value: Any, rng: np.random.Generator) -> Any:
        got.extend(value.tolist() if batched else [value])
        return rng.random(len(value)) if batched else float(rng.random())

    def asked(numbers: Any, **kind: Any) -> list[Any]:
        got.clear()
        m = ldpaudit.from_callable(remember, epsilon=1.0, batched=batched, **kind)
        m.privatize(numbers, rng=np.random.default_rng(0))
        return got

    assert asked([1, 0], k=2) == [1, 0]
    assert asked([1, 0], values=["a", "b"]) == ["b", "a"]
    assert asked([1, 0], values=[17.5, 99]) == [99, 17.5]
    assert asked([1, 0], values=[(1, "x"), (2, "y")]) == [(2, "y"), (1, "x")]
    assert asked([0.5, 2], low=0, high=2) == [0.5, 2.0]
    rows = asked([[0.5, 0.0], [0.0, 1.0]], domain=Ball(2))
    assert np.array_equal(rows, [[0.5, 0.0], [0.0, 1.0]])


@pytest.mark.parametrize(
    "kind", [{}, {"k": 2, "values": "ab"}, {"low": 0.0}, {"values": "ab"}, {"values": ["a", "a"]}]
)
def test_the_kind_of_input_must_be_said_once(kind: dict[str, Any]) -> None:
    with pytest.raises((TypeError, ValueError), match=r"one, got|sequence|different"):
        ldpaudit.from_callable(country, epsilon=1.0, **kind)


def test_numbers_of_a_function_are_audited() -> None:
    def leaky(value: float, rng: np.random.Generator) -> int:
        return int(rng.random() < 0.1 + 0.8 * value)

    m = ldpaudit.from_callable(leaky, low=0.0, high=1.0, epsilon=1.0)
    result = ldpaudit.audit(m, [], trials=4_000)
    assert (result.verdict, result.inputs) == ("violation", ("0.0", "1.0"))  # ln 9 = 2.197
    assert 1.9 < result.epsilon_lower < 2.2


# ------------------------------------------------------------------ users


def test_ages_are_numbers_with_the_ends_of_the_range_first() -> None:
    ages, plain = load("adult-age", low=10, high=120), load("adult-age")
    assert (ages.name, ages.domain, ages.k) == ("adult-age on [10, 120]", Interval(10, 120), 76)
    assert ages.inputs is not None
    assert ages.inputs[:3].tolist() == [10.0, 120.0, 17.0]
    assert ages.histogram[:2].tolist() == [0, 0]
    assert ages.histogram[2:].tolist() == plain.histogram.tolist()
    assert (ages.labels or ())[:3] == ("10.0", "120.0", "17.0")
    assert ages.notice == plain.notice
    assert plain.inputs is None
    assert plain.domain == Categories(plain.labels)
    tight = load("adult-age", low=17, high=90, num_users=100)
    assert (tight.k, tight.num_users) == (74, 100)


@pytest.mark.parametrize("ending", ["csv", "parquet"])
def test_a_numeric_column_is_read_as_numbers(tmp_path: Path, ending: str) -> None:
    import pandas as pd

    path = tmp_path / f"people.{ending}"
    pay = [10.5, -3.0, 10.5, 0.0, 1e3, 2.0]
    frame = pd.DataFrame({"pay": pay, "who": list("aabbcc")})
    frame.to_csv(path, index=False) if ending == "csv" else frame.to_parquet(path)
    data = load(f"{path}:pay", low=-10, high=1000)
    assert data.inputs is not None
    assert data.inputs.tolist() == [-10.0, 1000.0, -3.0, 0.0, 2.0, 10.5]
    assert data.histogram.tolist() == [0, 1, 1, 1, 1, 2]
    assert Mean().truth(data.inputs, data.histogram) == pytest.approx(np.mean(pay))
    for column, low, high, message in (
        ("pay", 0, 1000, r"must lie in \[0, 1000\], got -3.0 and others of 1 users"),
        ("who", 0, 1, "takes a column of numbers, got 'a'"),
        ("pay+who", 0, 1, "takes one column of numbers"),
    ):
        with pytest.raises(ValueError, match=message):
            load(f"{path}:{column}", low=low, high=high)


@pytest.mark.parametrize(
    ("spec", "mean", "variance"),
    [
        ("uniform", 0.5, 1 / 12),
        ("beta", 5 / 7, 10 / 392),
        ("beta(2, 3)", 2 / 5, 6 / 150),
        ("bimodal", 0.5, 0.25**2 + 0.1875 / 33),
        ("spike(0.25)", 0.25, 0.0),
    ],
)
def test_laws_on_an_interval_have_their_moments(spec: str, mean: float, variance: float) -> None:
    data = load(spec, k=401, low=-1, high=3, num_users=10**9)
    assert data.inputs is not None
    unit = (data.inputs + 1) / 4
    found = data.frequencies @ unit
    assert found == pytest.approx(mean, abs=1e-5)
    assert data.frequencies @ (unit - found) ** 2 == pytest.approx(variance, abs=1e-5)
    assert data.inputs[:2].tolist() == [-1.0, 3.0]


@pytest.mark.parametrize(
    ("spec", "kind", "message"),
    [
        ("uniform", {"low": 0}, "a range takes low and high, got 0 and None."),
        ("uniform", {"low": 0, "high": 1}, "needs k, the number of inputs, got None."),
        ("zipf", {"low": 0, "high": 1, "k": 3}, "unknown law 'zipf'"),
        ("beta(1)", {"low": 0, "high": 1, "k": 3}, "beta takes 2 numbers, got 'beta(1)'."),
        ("beta(0, 1)", {"k": 3}, "every parameter of beta must be positive and finite, got 0.0."),
        ("spike(2)", {"low": 0, "high": 1, "k": 3}, "spike must be told a share of the range"),
        ("beta", {"dimension": 2, "k": 3}, "vectors are held by the law uniform or spike"),
        ("adult-age", {"dimension": 2}, "vectors are not read from files"),
        ("adult-age", {"low": 0, "high": 100, "k": 3}, "k must be 76, the numbers of"),
        ("us-surnames", {"low": 0, "high": 1}, "a range takes a column of numbers, got 'SMITH'"),
        ("uniform", {"dimension": 2, "low": 0, "high": 1}, "low and high are of numbers"),
    ],
)
def test_wrong_numbers_are_named(spec: str, kind: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError) as error:  # noqa: PT011 - the message is compared below
        load(spec, **kind)
    assert message in str(error.value)


def test_a_data_set_of_inputs_says_of_what_kind() -> None:
    users = np.array([1, 2, 3])
    data = DataSet("three", users, inputs=np.array([0.0, 1.0, 0.5]), domain=Interval(0, 1))
    assert data.labels == ("0.0", "1.0", "0.5")
    assert dataclasses.replace(data, histogram=users * 2).num_users == 12
    assert dataclasses.replace(load("adult-hours"), name="hours").domain is not None
    with pytest.raises(ValueError, match="must be given together"):
        DataSet("three", users, inputs=np.array([0.0, 1.0, 0.5]))
    with pytest.raises(ValueError, match="must be given together"):
        DataSet("three", users, domain=Interval(0, 1))
    with pytest.raises(ValueError, match=r"inputs must be 3 of \[0, 1\], got 2"):
        DataSet("three", users, inputs=np.array([0.0, 1.0]), domain=Interval(0, 1))


# ------------------------------------------------------------------ a study

NUMBERS: dict[str, Any] = {
    "name": "numbers",
    "protocols": ["one-bit", "half-space", "leaky-bit", "grr"],
    "epsilons": [1.0],
    "data": [
        {"name": "adult-age", "low": 0, "high": 100, "num_users": 2_000},
        {"name": "uniform", "k": 6, "dimension": 3, "num_users": 2_000},
        {"name": "zipf", "k": 5, "num_users": 2_000},
    ],
    "prior": "data",
    "trials": 2_000,
    "repetitions": 4,
}


@pytest.mark.usefixtures("registered")
def test_a_study_gives_each_mechanism_the_inputs_it_takes() -> None:
    frame = ldpaudit.compare(NUMBERS).frame
    cells = frame.groupby("data")["protocol"].agg(lambda names: sorted(set(names))).to_dict()
    assert cells == {
        "adult-age on [0, 100]": ["grr", "leaky-bit", "one-bit"],
        "uniform on unit ball in 3 dimensions (l2)": ["grr", "half-space"],
        "zipf": ["grr"],
    }
    assert "failed" not in set(frame["status"])
    mine = frame[frame["protocol"] == "one-bit"].set_index("metric")
    ages: Any = load("adult-age", low=0, high=100, num_users=2_000)
    variances = OneBit(1.0, 0.0, 100.0).variance(ages.inputs)
    assert mine.loc["mse", "exact"] == pytest.approx(ages.frequencies @ variances / 2_000)
    assert "(0.0, 100.0)" in str(mine.loc["epsilon_lower", "reason"])
    verdicts = frame[frame["metric"] == "epsilon_verdict"]
    found = dict(
        zip(verdicts["protocol"] + " " + verdicts["data"].str[:5], verdicts["status"], strict=True)
    )
    assert found.pop("leaky-bit adult") == "violation"
    assert set(found.values()) == {"consistent"}


@pytest.mark.usefixtures("registered")
def test_a_mechanism_and_data_of_different_kinds_are_told_apart() -> None:
    with pytest.raises(ValueError, match="one-bit takes numbers of a range"):
        ldpaudit.compare(NUMBERS | {"protocols": ["one-bit"], "data": ["adult-hours"]})
    narrow = NUMBERS | {
        "protocols": [{"name": "one-bit", "low": 0.0, "high": 50.0}],
        "data": NUMBERS["data"][:1],
    }
    row = ldpaudit.compare(narrow).frame.iloc[0]
    assert (row["status"], row["reason"]) == (
        "failed",
        "ValueError: values must lie in [0, 50], got 100.0.",
    )


def test_views_are_views() -> None:
    assert isinstance(on_inputs(HalfSpace(2, 1.0)), FiniteInputs)
