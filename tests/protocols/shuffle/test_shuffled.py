"""Shuffled reports as a mechanism: its law by enumeration, its draws, its claim."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from scipy import stats

import ldpaudit
from ldpaudit.leakage import exact_delta
from ldpaudit.protocols import Shuffled
from ldpaudit.testing import check_mechanism


def shuffled(**changes: Any) -> Shuffled:
    parameters = {"k": 3, "epsilon": 0.8, "base": "grr", "num_users": 5, "delta": 0.01}
    return Shuffled(**(parameters | changes))  # type: ignore[arg-type]


def naive_law(mechanism: Shuffled, value: int) -> dict[tuple[int, ...], float]:
    """Every count by adding one user at a time."""
    single = mechanism.single
    table = np.exp(single.log_likelihood(single.every_report()).T)
    other = min(2, mechanism.k - 1) if mechanism.others is None else mechanism.others
    law = {(0,) * table.shape[1]: 1.0}
    for user in range(mechanism.num_users):
        row, found = table[value if user == 0 else other], {}  # type: ignore[var-annotated]
        for counts, weight in law.items():
            for sent, probability in enumerate(row.tolist()):
                more = tuple(c + (j == sent) for j, c in enumerate(counts))
                found[more] = found.get(more, 0.0) + weight * probability
        law = found
    return law


@pytest.mark.parametrize(
    "changes",
    [{}, {"k": 2}, {"base": "sue", "k": 2, "num_users": 4}, {"base": "ss", "k": 4}, {"others": 0}],
)
def test_the_likelihood_is_the_law_of_the_counts(changes: Any) -> None:
    mechanism = shuffled(**changes)
    reports = mechanism.every_report()
    table = np.exp(mechanism.log_likelihood(reports))
    for value in range(mechanism.k):
        law = naive_law(mechanism, value)
        assert len(law) == len(reports)
        expected = [law[tuple(row)] for row in reports.tolist()]
        np.testing.assert_allclose(table[:, value], expected, rtol=1e-9)


@pytest.mark.parametrize("base", ["grr", "pgr"])
def test_draws_follow_the_law(base: Any) -> None:
    mechanism = shuffled(base=base, num_users=4)
    law = naive_law(mechanism, 1)
    drawn = mechanism.privatize(np.ones(40_000, dtype=int), rng=np.random.default_rng(1))
    found, seen = np.unique(drawn, axis=0, return_counts=True)
    expected = {counts: 40_000 * p for counts, p in law.items()}
    observed = dict(zip(map(tuple, found.tolist()), seen.tolist(), strict=True))
    large = [counts for counts, mean in expected.items() if mean > 10]
    pooled = 40_000 - sum(observed.get(counts, 0) for counts in large)
    chi = [(observed.get(c, 0) - expected[c]) ** 2 / expected[c] for c in large]
    rest = 40_000 - sum(expected[c] for c in large)
    chi.append((pooled - rest) ** 2 / max(rest, 10))
    # At five standard errors, about 6e-7, by the chi-square law.
    assert sum(chi) < stats.chi2.isf(6e-7, len(large))


def test_the_claim_is_met_and_used_up() -> None:
    for changes in ({}, {"k": 2, "num_users": 9}, {"base": "sue", "k": 2}):
        mechanism = shuffled(**changes)
        channel = np.exp(mechanism.log_likelihood(mechanism.every_report())).T
        for epsilon in (0.2, 0.8):
            assert exact_delta(channel, epsilon) <= mechanism.delta_upper(epsilon) + 1e-12
        # The local budget is the largest to four digits, and delta moves more slowly than it.
        assert 0.99 * mechanism.delta < mechanism.delta_upper(mechanism.epsilon) <= mechanism.delta


def test_one_report_is_the_worst_set() -> None:
    mechanism = shuffled(num_users=4)
    logs = mechanism.log_likelihood(mechanism.every_report())
    assert np.ptp(logs, axis=1).max() == pytest.approx(mechanism.exact_epsilon(), rel=1e-12)


def test_reports_that_the_others_cannot_send() -> None:
    class Silent(Shuffled):
        """A channel in which value 2 never sends report 0."""

        @property
        def _table(self) -> Any:
            with np.errstate(divide="ignore"):
                return np.log(np.array([[0.5, 0.5], [0.25, 0.75], [0.0, 1.0]]))

    mechanism = Silent(k=3, epsilon=1.0, base="grr", num_users=3, local_epsilon=1.0)
    found = np.exp(mechanism.log_likelihood([[0, 3], [1, 2], [2, 1]]))
    np.testing.assert_allclose(found, [[0.5, 0.75, 1.0], [0.5, 0.25, 0.0], [0.0, 0.0, 0.0]])


def test_audits_accept_the_claim_and_find_a_false_one() -> None:
    kept = ldpaudit.mechanism("shuffled", k=4, epsilon=0.5, base="grr", num_users=50, delta=0.01)
    found = ldpaudit.audit(kept, [], trials=20_000)
    assert found.verdict == "consistent"
    assert 0.3 < found.epsilon_lower < 0.5
    broken = ldpaudit.mechanism(
        "shuffled", k=4, epsilon=0.5, base="grr", num_users=50, delta=0.01, local_epsilon=3.0
    )
    assert ldpaudit.audit(broken, [], trials=20_000).verdict == "violation"


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"num_users": 0}, "num_users must be at least 1, got 0"),
        ({"delta": 0.0}, "delta must lie strictly between 0 and 1, got 0.0"),
        ({"base": "olh"}, "base must be a protocol with listed reports, got 'olh'"),
        ({"base": "oue", "k": 13, "local_epsilon": 1.0}, "at most 4096 different reports"),
        ({"base": "nobody"}, "unknown protocol 'nobody'"),
        ({"others": 3}, "others must be at most 2, got 3"),
    ],
)
def test_parameters(changes: Any, message: Any) -> None:
    with pytest.raises(ValueError, match=message):
        shuffled(**changes)


@pytest.mark.parametrize("reports", [[[1, 1, 1]], [[6, -1, 0]], [[5, 0]], [5, 0, 0]])
def test_reports_that_are_no_counts(reports: Any) -> None:
    with pytest.raises(ValueError, match="reports must"):
        shuffled().log_likelihood(reports)


def test_the_local_budget_is_found_once() -> None:
    mechanism = shuffled()
    assert mechanism.single is mechanism.single
    assert math.isclose(mechanism.single.epsilon, shuffled().single.epsilon)


class Overstated(Shuffled):
    """Its proven bound is half of what its own channel shows."""

    def delta_upper(self, epsilon: float) -> float:
        return super().delta_upper(epsilon) / 2


def test_a_bound_below_the_channel_is_found() -> None:
    with pytest.raises(AssertionError, match=r"delta_upper is .* below the channel's"):
        check_mechanism(Overstated(k=2, epsilon=0.8, base="grr", num_users=9, delta=0.01))
    assert any("proves the claim" in line for line in check_mechanism(shuffled()))
