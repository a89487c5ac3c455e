"""The single guess as a witness: how often it names either of two inputs."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from scipy import stats

import ldpaudit
from ldpaudit.attacks import SingleGuess
from ldpaudit.contracts import Distinguisher, Reconstruction

CASES: list[tuple[str, dict[str, Any]]] = [
    *((name, {}) for name in ("grr", "ss", "sue", "oue", "the", "she", "blh", "olh")),
    *((name, {"delta": 1e-3}) for name in ("agrr", "asue", "ablh", "aolh", "gm", "agm")),
    ("lho", {"buckets": 3}),
    ("sticky-ue", {"optimized": False}),
]
#: Of each tail.
ALARM = 2.5e-7


def test_it_is_both() -> None:
    assert isinstance(SingleGuess(), Reconstruction)
    assert isinstance(SingleGuess(), Distinguisher)


@pytest.mark.parametrize(("name", "extra"), CASES, ids=lambda case: str(case))
@pytest.mark.parametrize(("k", "epsilon"), [(2, 0.5), (7, 1.0), (40, 3.0)])
def test_the_law_of_the_event(name: str, extra: dict[str, Any], k: int, epsilon: float) -> None:
    """All values are treated alike: a guess is right with s, any other with (1 - s) / (k - 1).

    s is the exact vulnerability. Binomial counts of two events under either input, each
    outside its interval with probability 5e-7.
    """
    n, pair = 40_000, (0, k - 1)
    m = ldpaudit.mechanism(name, k=k, epsilon=epsilon, **extra)
    rng = np.random.default_rng(5)
    own = m.vulnerability()
    other = (1 - own) / (k - 1)
    for value, chances in ((pair[0], (own, other)), (pair[1], (other, own))):
        reports = m.privatize(np.full(n, value), rng=rng)
        score = SingleGuess().score(reports, m, pair, rng=rng)
        assert set(np.unique(score)) <= {-1.0, 0.0, 1.0}
        for said, chance in zip((1, -1), chances, strict=True):
            low, high = stats.binom(n, chance).ppf([ALARM, 1 - ALARM])
            assert low <= (score == said).sum() <= high, (value, said)


def test_the_order_of_the_pair() -> None:
    m = ldpaudit.mechanism("grr", k=5, epsilon=1.0)
    reports, rng = np.arange(5), np.random.default_rng(0)
    for pair, want in (((0, 4), [1, 0, 0, 0, -1]), ((4, 0), [-1, 0, 0, 0, 1])):
        assert SingleGuess().score(reports, m, pair, rng=rng).tolist() == want


def test_an_audit_by_the_published_event() -> None:
    m = ldpaudit.mechanism("oue", k=25, epsilon=4.0)
    result = ldpaudit.audit(
        m, [], trials=20_000, witness="single-guess", bound="ldp-auditor", pair=(0, 24)
    )
    assert "the single-guess witness favours input" in result.bound.event
    # It shows at most 2.849 of 4, whatever the number of reports.
    assert 2.3 < result.epsilon_lower < 2.9
    assert ldpaudit.audit(m, [], trials=20_000).epsilon_lower > 3.8
