"""Which pairs an audit looks at: those that are alike, neighbours, and what is said of the rest."""

from __future__ import annotations

import itertools
import math
from typing import Any

import numpy as np
import pytest

import ldpaudit
from ldpaudit.adapters.finite_inputs import on_inputs
from ldpaudit.contracts import HasNeighbours
from ldpaudit.registry import names
from ldpaudit.selection.methods import Holm, Pooled
from ldpaudit.selection.neighbours import neighbouring, some_inputs
from ldpaudit.selection.promising import alike, no_neighbours
from ldpaudit.selection.search import worst_pair
from ldpaudit.testing import check_ldp

#: Registered with what they need besides k or a domain; those of one report that can be listed.
# fmt: off
LISTED = [
    "agrr", "amss", "ass", "asue", "athe", "aue", "duchi", "grr", "hpgr", "hr", "l-grr", "l-osue",
    "l-oue", "mss", "oue", "pgr", "pi-rappor", "rounded", "smss", "ss", "the",
]
# fmt: on
#: Of a base, of inputs of their own kind, or as their parameters say.
OTHER = {"repeated", "constant", "shuffled", "dbitflip", "nldp-regression", "iht-regression"}
RECORDS = {"spl", "smp", "rsfd", "rsrfd", "allomfree"}


def built(name: str, k: int) -> Any:
    extra: dict[str, Any] = {"epsilon_inf": 2.0} if name.startswith("l-") else {}
    extra |= {"delta": 1e-3} if name in ("agrr", "asue") else {}
    sized = {} if name in ("duchi", "rounded") else {"k": k}
    return on_inputs(ldpaudit.mechanism(name, epsilon=1.0, **sized, **extra))


@pytest.mark.parametrize("k", [3, 6, 9])
@pytest.mark.parametrize("name", LISTED)
def test_no_pair_of_those_alike_is_told_apart_better_than_the_first(name: str, k: int) -> None:
    """By the whole channel: the largest ratio, and delta at the claim, of every ordered pair."""
    m = built(name, k)
    assert alike(m)
    channel = np.exp(m.log_likelihood(m.every_report(), np.arange(m.k)))

    def apart(one: int, two: int) -> tuple[float, float]:
        p, q = channel[:, one], channel[:, two]
        with np.errstate(divide="ignore"):
            ratio = float(np.log(p[p > 0] / q[p > 0]).max())
        return ratio, float(np.maximum(p - math.e * q, 0).sum())

    first = np.maximum(apart(0, 1), apart(1, 0))
    for pair in itertools.permutations(range(m.k), 2):
        assert (np.array(apart(*pair)) <= first + 1e-9).all(), pair


def test_who_declares_it() -> None:
    """All of the catalogue but records; buckets only where 0 and 1 are of two."""
    for name in names("protocols"):
        if "/" in name or name in OTHER:
            continue
        kind = ldpaudit.registry.load("protocols", name)
        assert hasattr(kind, "pairs_alike") == (name not in RECORDS), name
    assert alike(ldpaudit.mechanism("dbitflip", k=6, epsilon=1.0, d=2))
    assert not alike(ldpaudit.mechanism("dbitflip", k=6, epsilon=1.0, d=2, buckets=3))
    grr = {"k": 5, "base": "grr"}
    assert alike(ldpaudit.mechanism("repeated", epsilon=1.0, rounds=3, **grr))
    assert alike(ldpaudit.mechanism("shuffled", epsilon=0.5, num_users=200, delta=1e-3, **grr))
    held = {"others": 1, "num_users": 200, "delta": 1e-3}
    assert not alike(ldpaudit.mechanism("shuffled", epsilon=0.5, **held, **grr))


def test_inputs_that_were_chosen_are_not_the_furthest() -> None:
    duchi = ldpaudit.mechanism("duchi", epsilon=1.0)
    assert alike(on_inputs(duchi))
    assert alike(on_inputs(duchi, [-1.0, 1.0, 0.3]))
    few = on_inputs(duchi, [0.1, 0.2, 1.0])
    assert not alike(few)
    result = ldpaudit.audit(few, [], trials=5000)
    assert result.scope == "inputs 0.1 and 1.0 only, of 3 pairs of 3 inputs of [-1, 1]"


# ---------------------------------------------------------------- neighbours


RSFD = ldpaudit.mechanism("rsfd", sizes=(2, 2), epsilon=1.0)


def test_a_search_keeps_to_neighbours() -> None:
    """Records that differ in both attributes have a ratio of 1.49, of which nothing is claimed."""
    assert isinstance(RSFD, HasNeighbours)
    assert round(RSFD.epsilon_between(2), 2) == 1.49
    for search in ("pilot", "bonferroni", "holm", "e-values"):
        result = ldpaudit.audit(RSFD, [], trials=20_000, search=search)
        assert (result.verdict, result.scope) == ("consistent", "4 of 6 pairs")
        assert 0.9 < result.epsilon_lower < 1.0
    default = ldpaudit.audit(RSFD, [], trials=20_000)
    assert default.verdict == "consistent"
    assert no_neighbours(RSFD, default.pair or (0, 3)) is None
    with pytest.raises(ValueError, match="the pooled game is of all pairs"):
        worst_pair(RSFD, Pooled())


def test_other_pairs_have_a_bound_and_no_verdict() -> None:
    result = ldpaudit.audit(RSFD, [], trials=20_000, pair=(0, 3))
    assert result.verdict_bound.epsilon_lower > 1.3
    assert result.verdict == "inconclusive"
    assert result.reason == (
        "records that differ in 2 of 2 attributes are no neighbours, of whom alone the claim speaks"
    )
    found = check_ldp(RSFD, 1.0, trials=20_000, pair=(0, 3))
    assert found.verdict == "inconclusive"
    assert str(found).startswith("no verdict on 1.0-LDP: records that differ in 2 of 2 attributes")
    named = worst_pair(RSFD, Holm(), pairs=[(0, 3), (0, 1)], trials=20_000)
    assert named.bound.epsilon_lower > 1.3
    assert named.violations == ()
    whole = ldpaudit.mechanism("rsfd", sizes=(2, 2), epsilon=1.0, neighbours="record")
    assert ldpaudit.audit(whole, [], trials=20_000, pair=(0, 3)).verdict == "consistent"


def test_a_wrong_budget_between_neighbours_is_found() -> None:
    wide = ldpaudit.mechanism("rsfd", sizes=(2, 100), epsilon=1.0)
    values = some_inputs(wide, 40, np.random.default_rng(0))
    table = neighbouring(wide, values)
    assert table is not None
    assert table.sum() >= 40  # records drawn anywhere would have next to none
    silent = _silent(RSFD)
    assert check_ldp(silent, 0.8, trials=20_000).verdict == "violation"
    assert check_ldp(silent, 0.8, trials=20_000, search="pilot").verdict == "violation"


def _silent(mechanism: Any) -> Any:
    """The same without its own figure."""

    class Silent:
        k, epsilon = mechanism.k, mechanism.epsilon
        privatize, log_likelihood = mechanism.privatize, mechanism.log_likelihood
        are_neighbours = mechanism.are_neighbours

    return Silent()
