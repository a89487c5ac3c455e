"""Mechanisms of other packages against what they claim, where the packages are installed.

The witness of these tests is a table: reports of a training half are counted by input, and
a report of the other half is judged where one of the inputs had clearly more of them.
"""

from __future__ import annotations

import math
import pickle
import random
import sys
from collections import Counter
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from ldpaudit.adapters import packages
from ldpaudit.adapters.packages import PackageMechanism, names
from ldpaudit.bounds.planned import PosteriorOdds
from ldpaudit.counts import GuessCounts

MODULES = {
    "diffprivlib": "diffprivlib.mechanisms",
    "multi-freq-ldpy": "multi_freq_ldpy",
    "opendp": "opendp.prelude",
    "pure-ldp": "pure_ldp.frequency_oracles",
}
#: Those over two values alone.
BINARY = {"diffprivlib/binary", "opendp/bool"}
#: Those that leak more than they claim.
WRONG = {"multi-freq-ldpy/ss", "pure-ldp/rappor"}
#: Probability that a test calls a correct mechanism wrong.
FALSE_ALARM = 1e-6
EPSILON = 1.2


def installed(name: str, epsilon: float = EPSILON, k: int = 2) -> PackageMechanism:
    package = name.partition("/")[0]
    pytest.importorskip(MODULES[package], exc_type=ImportError)
    return PackageMechanism(name, k=k, epsilon=epsilon)


def regions(report: Any) -> Any:
    """A report as a key: noise by where it lies from the two values, anything else as it is."""
    row = np.ravel(report)
    noisy = row.dtype.kind == "f" and bool((row % 1).any())
    return tuple((np.digitize(row, [0.0, 1.0]) if noisy else row).tolist())


def epsilon_lower(
    mechanism: Any, num_reports: int = 8_000, read: Callable[[Any], Any] = regions
) -> float:
    """Posterior odds on the second half of the reports of inputs 0 and 1, wrong at FALSE_ALARM."""
    rng = np.random.default_rng(7)
    own = rng.integers(0, 2, num_reports)
    keys = [read(report) for report in mechanism.privatize(own, rng=rng)]
    half = num_reports // 2
    counts = [Counter(k for k, v in zip(keys[:half], own, strict=False) if v == w) for w in (0, 1)]
    scores = {k: math.log((counts[0][k] + 0.5) / (counts[1][k] + 0.5)) for k in set(keys)}
    often = [abs(s) for k, s in scores.items() if counts[0][k] + counts[1][k] >= half / 64]
    level = 0.8 * max(often)
    tested = [(scores[k], v) for k, v in zip(keys[half:], own[half:], strict=True)]
    decided = [(s, v) for s, v in tested if abs(s) >= level]
    right = sum((s < 0) == v for s, v in decided)
    seen = GuessCounts(2, right, len(decided), half)
    return PosteriorOdds().from_guesses(seen, alpha=FALSE_ALARM, delta=0.0, claimed=EPSILON)


@pytest.mark.parametrize("name", sorted(set(names()) - WRONG))
def test_a_correct_one_is_found_consistent_and_not_mute(name: str) -> None:
    """Each is wrong once in a million; 4,000 reports of k = 2 show at least half of epsilon."""
    assert 0.5 * EPSILON < epsilon_lower(installed(name)) <= EPSILON


@pytest.mark.parametrize("name", sorted(set(names()) - BINARY))
def test_reports_of_more_values_are_one_array(name: str) -> None:
    reports = installed(name, k=6).privatize(np.arange(60) % 6, rng=np.random.default_rng(0))
    assert len(reports) == 60
    assert reports.dtype.kind in "biufU"


@pytest.mark.parametrize("name", names())
def test_reports_follow_from_rng_where_there_is_a_seed(name: str) -> None:
    """Two of opendp are equal by chance with probability below 1e-20."""
    m = installed(name)
    own = np.arange(400) % 2
    one, again, other = (m.privatize(own, rng=np.random.default_rng(s)) for s in (1, 1, 2))
    assert np.array_equal(one, again) == m.reproducible
    assert not np.array_equal(one, other)


def states() -> tuple[Any, ...]:
    """The global states that packages draw from."""
    numba = sys.modules.get("numba")
    compiled = None
    if numba is not None:
        compiled = numba._helperlib.rnd_get_state(numba._helperlib.rnd_get_np_state_ptr())
    legacy = np.random.mtrand._rand.get_state(legacy=False)
    return random.getstate(), repr(legacy), legacy["state"]["key"].tolist(), compiled


@pytest.mark.parametrize("name", ["multi-freq-ldpy/blh", "opendp/bool", "pure-ldp/hr"])
def test_nobody_elses_random_numbers_change(name: str) -> None:
    m = installed(name)
    m.privatize([0], rng=np.random.default_rng(0))  # numba compiles and seeds itself
    np.random.normal()  # noqa: NPY002 - leaves a second one in store
    before = states()
    m.privatize([0, 1, 1], rng=np.random.default_rng(0))
    assert states() == before


def test_states_are_put_back_after_an_error() -> None:
    def draw(*, fail: bool) -> tuple[float, float]:
        with packages._lent(np.random.default_rng(0)):
            lent = (random.random(), np.random.random())  # noqa: S311, NPY002
            if fail:
                raise ZeroDivisionError
        return lent

    np.random.normal()  # noqa: NPY002 - leaves a second one in store
    before = states()
    with pytest.raises(ZeroDivisionError):
        draw(fail=True)
    assert states() == before
    assert draw(fail=False) == draw(fail=False)
    assert states() == before


# --- what is wrong in the packages -----------------------------------------------------------


def test_the_order_of_a_subset_tells_the_value() -> None:
    """multi-freq-ldpy 0.2.5 writes the own value first, if it is in the subset at all.

    So a report with another value first and this one behind it excludes this one: no
    epsilon holds from subsets of two on (k = 8 here). As a set the report keeps its claim.
    """
    m = installed("multi-freq-ldpy/ss", k=8)
    reports = m.privatize(np.zeros(4_000, dtype=int), rng=np.random.default_rng(0))
    assert reports.shape == (4_000, 2)
    assert not (reports[:, 1] == 0).any()
    assert (reports[:, 0] == 0).mean() > 0.4
    assert epsilon_lower(m) > 2 * EPSILON
    assert epsilon_lower(m, read=lambda report: tuple(sorted(report.tolist()))) <= EPSILON


def test_a_subset_of_one_has_no_order() -> None:
    assert 0.5 * EPSILON < epsilon_lower(installed("multi-freq-ldpy/ss")) <= EPSILON


def test_rappor_never_unsets_the_own_bit() -> None:
    """pure-ldp 1.2.0 sets bits at random and leaves set ones alone: no epsilon holds."""
    m = installed("pure-ldp/rappor", k=4)
    reports = m.privatize(np.full(4_000, 2), rng=np.random.default_rng(0))
    assert reports[:, 2].all()
    assert 0 < reports[:, 0].mean() < 1
    assert epsilon_lower(m) > 2 * EPSILON


def test_the_hadamard_mechanism_tells_by_its_type_whether_it_lied() -> None:
    """pure-ldp 1.2.0 returns a list of the true coefficients, or an iterator of others."""
    home = pytest.importorskip(MODULES["pure-ldp"], exc_type=ImportError)
    client = home.HadamardMechClient(EPSILON, 2, 1, index_mapper=int)
    told = [client.privatise(1) for _ in range(400)]
    for report in told:
        ((place, coefficient),) = [*report] if not isinstance(report, list) else report
        assert (coefficient == (-1) ** place) == isinstance(report, list)
    assert {type(report) for report in told} == {list, zip}


@pytest.mark.parametrize("epsilon", [0.5, 1.0, 4.0])
def test_opendp_agrees_on_epsilon(epsilon: float) -> None:
    """Its own accounting of what the wrappers build, to the last digits."""
    dp = pytest.importorskip(MODULES["opendp"], exc_type=ImportError)
    dp.enable_features("contrib")
    truth = 1 / (1 + 4 * math.exp(-epsilon))
    assert dp.m.make_randomized_response(list(range(5)), truth).map(1) == pytest.approx(epsilon)
    fair = 1 / (1 + math.exp(-epsilon))
    assert dp.m.make_randomized_response_bool(fair).map(1) == pytest.approx(epsilon)
    bits = dp.m.make_randomized_response_bitvec(
        dp.bitvector_domain(max_weight=1),
        dp.discrete_distance(),
        f=2 / (1 + math.exp(epsilon / 2)),
    )
    assert bits.map(1) == pytest.approx(epsilon)


# --- without any package ---------------------------------------------------------------------


def test_names_are_package_and_mechanism() -> None:
    assert len(names()) == 25
    assert names() == sorted(names())
    assert {name.partition("/")[0] for name in names()} == set(MODULES)


@pytest.mark.parametrize("name", names())
def test_it_is_its_parameters(name: str) -> None:
    m = PackageMechanism(name, k=2, epsilon=1)
    assert repr(m) == f"PackageMechanism(name={name!r}, k=2, epsilon=1.0)"
    assert pickle.loads(pickle.dumps(m)) == m  # noqa: S301 - its own bytes


@pytest.mark.parametrize(
    ("how", "message"),
    [
        ({"name": "pure-ldp/ue"}, r"unknown mechanism 'pure-ldp/ue'; did you mean pure-ldp/"),
        ({"name": "opendp/bool", "k": 3}, r"k must be 2 for opendp/bool, got 3\."),
        ({"k": 1}, r"k must be at least 2"),
        ({"epsilon": 0.0}, r"epsilon must be positive"),
    ],
)
def test_parameters_out_of_range_are_refused(how: dict[str, Any], message: str) -> None:
    given: dict[str, Any] = {"name": "pure-ldp/oue", "k": 4, "epsilon": 1.0}
    with pytest.raises(ValueError, match=message):
        PackageMechanism(**(given | how))


def test_a_missing_package_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(packages._MODULES, "opendp", "no_such_package")
    with pytest.raises(ValueError, match=r"cannot be used: No .*'no_such_package'; pip install"):
        PackageMechanism("opendp/grr", k=3, epsilon=1.0).privatize(
            [0], rng=np.random.default_rng(0)
        )


def test_an_error_in_a_package_names_mechanism_and_value(monkeypatch: pytest.MonkeyPatch) -> None:
    def build(k: int, epsilon: float, rng: np.random.Generator) -> Any:  # noqa: ARG001
        return lambda value: [k][value]

    monkeypatch.setitem(packages._MODULES, "opendp", "math")
    monkeypatch.setitem(packages._CLIENTS, "opendp/grr", build)
    m = PackageMechanism("opendp/grr", k=3, epsilon=1.0)
    with pytest.raises(RuntimeError, match=r"opendp/grr failed on the value 1: IndexError"):
        m.privatize([0, 1], rng=np.random.default_rng(0))
