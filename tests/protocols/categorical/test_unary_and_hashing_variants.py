"""sue, ue, the and blh: oracle figures, enumerated channels, samplers."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest

import ldpaudit
from tests.protocols.channels import pack, patterns, priors

ORACLE = [
    ("sue", 10, 1.0, 3.9177, 3.9177, 0.163962),
    ("sue", 10, 4.0, 0.181015, 0.181015, 0.535051),
    ("sue", 100, 1.0, 3.9177, 3.9177, 0.0164872),
    ("sue", 100, 4.0, 0.181015, 0.181015, 0.0738903),
    ("the", 10, 1.0, 4.80715, 4.82817, 0.158924),
    ("the", 10, 4.0, 0.285168, 0.329746, 0.443527),
    ("the", 100, 1.0, 4.80715, 4.80926, 0.0159901),
    ("the", 100, 4.0, 0.285168, 0.289625, 0.0668639),
    ("blh", 10, 1.0, 4.68269, 4.58269, 0.146121),
    ("blh", 10, 4.0, 1.07602, 0.976022, 0.196214),
    ("blh", 100, 1.0, 4.68269, 4.67269, 0.0146212),
    ("blh", 100, 4.0, 1.07602, 1.06602, 0.0196403),
]


@pytest.mark.parametrize("row", ORACLE)
def test_oracle_table(row: tuple[str, int, float, float, float, float]) -> None:
    name, k, epsilon, flat, averaged, success = row
    m = ldpaudit.mechanism(name, k=k, epsilon=epsilon)
    assert m.mse(1) == pytest.approx(flat, rel=5e-6)
    assert m.mse(1, np.full(k, 1 / k)) == pytest.approx(averaged, rel=5e-6)
    assert m.vulnerability() == pytest.approx(success, rel=5e-6)


@pytest.mark.parametrize(
    ("epsilon", "realised"),
    [(0.25, 0.2426), (0.5, 0.4719), (1, 0.896), (2, 1.636), (4, 2.859), (6, 3.937), (10, 5.975)],
)
def test_the_keeps_less_than_it_claims(epsilon: float, realised: float) -> None:
    """The figures have as many digits as printed: half a unit of the last."""
    m = ldpaudit.mechanism("the", k=10, epsilon=epsilon)
    assert m.exact_epsilon() == pytest.approx(realised, abs=6e-4)


def variants(k: int, epsilon: float) -> list[Any]:
    return [
        ldpaudit.mechanism("sue", k=k, epsilon=epsilon),
        ldpaudit.mechanism("the", k=k, epsilon=epsilon),
        ldpaudit.mechanism("ue", k=k, epsilon=epsilon, p=0.5),
        ldpaudit.mechanism("ue", k=k, epsilon=epsilon, p=0.9),
    ]


@pytest.mark.parametrize("epsilon", [0.1, 1.0, 4.0, 8.0])
@pytest.mark.parametrize("k", [2, 3, 5, 8])
def test_channel_by_enumeration(k: int, epsilon: float) -> None:
    """From the definition, bit by bit; nothing of the code under test but p and q."""
    bits = patterns(k)
    for m in variants(k, epsilon):
        p, q = m.p_star, m.q_star
        own = np.where(bits, p, m.own_missed)
        other = np.where(bits, q, 1 - q)
        table = other.prod(axis=1, keepdims=True) / other * own
        assert np.allclose(np.exp(m.log_likelihood(pack(bits))), table, rtol=1e-11, atol=0)
        assert np.allclose(table.sum(axis=0), 1, atol=1e-12)
        spread = float(np.log(table.max(axis=1) / table.min(axis=1)).max())
        assert m.exact_epsilon() == pytest.approx(spread, abs=1e-9)
        assert spread <= epsilon + 1e-9
        assert type(m).__name__.startswith("Threshold") or spread == pytest.approx(epsilon)
        for prior in priors(k):
            assert m.vulnerability(prior) == pytest.approx(
                float((table * prior).max(axis=1).sum()), abs=1e-12
            )
        estimates = (bits - q) / (p - q)
        assert np.allclose(table.T @ estimates, np.eye(k), atol=1e-9)
        variance = (table.T @ estimates**2 - (table.T @ estimates) ** 2).sum(axis=1)
        prior = priors(k)[-1]
        assert m.mse(1, prior) == pytest.approx(float(prior @ variance) / k, rel=1e-9)


@pytest.mark.parametrize("name", ["sue", "the"])
def test_reports_follow_the_law(name: str) -> None:
    """Chi-square over all 32 reports of k = 5, 200,000 drawn; false alarm 1e-6."""
    from scipy.stats import chi2

    m = ldpaudit.mechanism(name, k=5, epsilon=1.0)
    bits = patterns(5)
    expected = 200_000 * np.exp(m.log_likelihood(pack(bits), [3]))[:, 0]
    reports = m.privatize(np.full(200_000, 3), rng=np.random.default_rng(1))
    codes, counts = np.unique(reports[:, 0], return_counts=True)
    seen = dict(zip(codes.tolist(), counts.tolist(), strict=True))
    observed = np.array([seen.get(code, 0) for code in pack(bits)[:, 0].tolist()])
    statistic = float(((observed - expected) ** 2 / expected).sum())
    assert statistic <= chi2.isf(1e-6, 31)


def test_general_encoding_covers_the_named_ones() -> None:
    oue = ldpaudit.mechanism("oue", k=9, epsilon=2.0)
    sue = ldpaudit.mechanism("sue", k=9, epsilon=2.0)
    for named, p in ((oue, 0.5), (sue, sue.p_star)):
        general = ldpaudit.mechanism("ue", k=9, epsilon=2.0, p=p)
        assert general.q_star == pytest.approx(named.q_star)
        assert general.mse(7) == pytest.approx(named.mse(7))


@pytest.mark.parametrize("p", [0.49, 0.0, 1.0, -1.0, math.nan])
def test_general_encoding_refuses_other_probabilities(p: float) -> None:
    with pytest.raises(ValueError, match="p must"):
        ldpaudit.mechanism("ue", k=9, epsilon=2.0, p=p)
