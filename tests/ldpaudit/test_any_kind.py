"""Two mechanisms of new kinds of input, end to end: one domain, one estimand, one file each.

`tests/kinds.py` holds them: one bit of a number in [low, high], with a likelihood, and a
half-space randomizer of the unit ball, without one.
"""

from __future__ import annotations

import html
import json
import math
from importlib.metadata import EntryPoint, entry_points
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import ldpaudit
from ldpaudit import registry
from ldpaudit.adapters.finite_inputs import FiniteInputs, on_inputs
from ldpaudit.analysis import standings
from ldpaudit.data import load
from ldpaudit.leakage import channels, gain
from ldpaudit.leakage.estimates import estimate_mutual_information, estimate_vulnerability
from ldpaudit.selection import Holm, worst_pair
from ldpaudit.testing import assert_ldp, check_ldp, check_mechanism
from tests.kinds import HalfSpace, LeakyBit, LeakyHalfSpace, OneBit, Silent

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
        "sampler: one report per value, reproducible, input untouched, bad values refused",
        "domain: [0, 100], inputs outside refused",
        "likelihood: ratios within epsilon = 1, reports follow it",
        "exact epsilon: 1 of 1",
        "channel: 2 reports, sums to 1, exact figures agree, reports follow it",
        "estimate of mean: unbiased, batches add up, error as stated",
        "bits: 1 a report",
        "value: repr and pickle give the same mechanism, bad parameters refused",
        "beyond the likelihood: a learned witness finds nothing more in reports of 0.0 and 100.0",
    ]
    assert "estimate of mean vector: unbiased, batches add up, error as stated" in check_mechanism(
        HalfSpace(3, 1.0)
    )


class _Lax(HalfSpace):
    """Takes vectors of any length."""

    def privatize(self, values: Any, *, rng: np.random.Generator) -> Any:
        rows = np.nan_to_num(np.asarray(values))
        return super().privatize(rows / np.linalg.norm(rows, axis=1).clip(1.0)[:, None], rng=rng)


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
        (Silent(1.0), "must say what it estimates"),
    ],
)
def test_a_broken_promise_is_found(mechanism: Any, message: str) -> None:
    with pytest.raises(AssertionError, match=message):
        check_mechanism(mechanism)


# --- studies ------------------------------------------------------------

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
        "uniform, d = 3": ["grr", "half-space"],
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


# --- pages -----------------------------------------------------------------------------------


@pytest.mark.slow
@pytest.mark.usefixtures("registered")
def test_a_page_names_inputs_and_units_and_compares_like_with_like(tmp_path: Path) -> None:
    results = ldpaudit.compare(NUMBERS)
    results.save(tmp_path)
    page = html.unescape((tmp_path / "report.html").read_text(encoding="utf-8"))
    for words in (
        "one-bit",
        "half-space",
        "adult-age on [0, 100]",
        "uniform, d = 3",
        "pair game on inputs (0.0, 100.0)",
        "inputs ((1.0, 0.0, 0.0), (-1.0, 0.0, 0.0))",
        "mean (squared input units)",
        "mean vector (squared input units)",
    ):
        assert words in page


@pytest.mark.usefixtures("registered")
def test_only_what_estimates_the_same_is_compared() -> None:
    results = ldpaudit.compare(NUMBERS)
    places = standings(results.frame)
    mean = places[places["estimand"] == "mean (squared input units)"]
    assert set(mean["label"]) == {"one-bit", "leaky-bit"}  # and not grr, which counts shares
    assert not mean["limit_applies"].any()
    assert set(mean["limit_note"]) == {"the limit is for estimates of frequencies"}
    assert mean["limit"].isna().all()
    shares = places[(places["estimand"] == "frequencies") & (places["data"] == "zipf")]
    assert shares["limit"].notna().all()
    chosen = {str(choice) for choice in results.recommend().choices}
    assert any("mean (squared input units)" in choice and "one-bit" in choice for choice in chosen)


def test_an_audit_in_a_notebook_says_what_it_looked_at() -> None:
    page = ldpaudit.audit(OneBit(1.0, 0.0, 8.0), ["blind"], trials=300)._repr_html_()
    for words in ("[0, 8]", "(0.0, 8.0)", "of the <bdi>mean (squared input units)</bdi>"):
        assert words in page
    assert "f = 0 approximation" not in page
