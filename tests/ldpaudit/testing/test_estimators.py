"""Audits of estimators: how often unbiased servers are accused, and which biases are found."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import ldpaudit
from ldpaudit.testing import audit_estimator, check_estimator


class Wrong:
    """A server whose estimates are passed through a function."""

    def __init__(self, mechanism: Any, change: Any) -> None:
        self._mechanism, self._change = mechanism, change

    def aggregate(self, reports: Any) -> Any:
        return self._mechanism.aggregate(reports)

    def estimate(self, counts: Any) -> Any:
        return self._change(self._mechanism.estimate(counts))


def grr(k: int = 10, epsilon: float = 1.0) -> Any:
    return ldpaudit.mechanism("grr", k=k, epsilon=epsilon)


@pytest.mark.slow
def test_unbiased_servers_are_accused_no_more_often_than_stated() -> None:
    accused, level, runs = 0, 0.05, 2_000
    m = grr(4)
    sets = {"uneven": np.array([0.7, 0.3, 0.0, 0.0])}
    for seed in range(runs):
        found = audit_estimator(
            m, frequencies=sets, num_users=300, collections=10, alpha=level, seed=seed
        )
        accused += found.verdict == "biased"
    assert accused <= level * runs


@pytest.mark.slow
def test_a_tenth_of_a_frequency_of_a_tenth_is_found() -> None:
    m, tenth = grr(), {"tenth": np.full(10, 0.1)}
    short = Wrong(m, lambda f: np.where(np.arange(10) == 3, 0.9 * f, f))
    found = [audit_estimator(m, short, frequencies=tenth, seed=seed) for seed in range(30)]
    named = [
        audit.verdict == "biased" and audit.worst.worst.what in ("value 3", "total")
        for audit in found
    ]
    assert sum(named) >= 27
    biases = [audit.worst.worst for audit in found if audit.worst.worst.what == "value 3"]
    assert all(bias.lower <= -0.01 <= bias.upper for bias in biases)


@pytest.mark.parametrize("name", ["grr", "oue", "hr", "pgr", "blh", "she"])
def test_our_servers_are_unbiased(name: str) -> None:
    # Each with probability 1e-6 at most of a false alarm.
    m = ldpaudit.mechanism(name, k=6, epsilon=1.0)
    found = audit_estimator(m, num_users=2_000, collections=40, alpha=1e-6)
    assert found.verdict == "unbiased", str(found)


@pytest.mark.parametrize(
    ("change", "what", "bias"),
    [
        (lambda f: 0.9 * f, "total", -0.1),
        (lambda f: np.append(f[:-1], 0.0), "value 9", -1.0),
        (lambda f: np.roll(f, 1), "", None),
        (lambda f: f.clip(0), "total", None),
        (lambda f: f.clip(0) / f.clip(0).sum(), "scale", None),
    ],
)
def test_wrong_servers_are_found(change: Any, what: str, bias: float | None) -> None:
    m = grr()
    found = audit_estimator(m, Wrong(m, change), num_users=5_000, collections=40)
    assert found.verdict == "biased"
    if bias is not None:
        every = [part.worst for part in found.collected]
        assert any(b.what == what and b.lower <= bias <= b.upper for b in every)


def test_a_server_of_another_budget_is_found() -> None:
    found = audit_estimator(grr(), grr(epsilon=1.1), num_users=5_000, collections=40)
    assert found.verdict == "biased"
    # The truth is stretched by (p - q) at 1 over that at 1.1, with q = 1 / (e + 9).
    gap = [(np.exp(e) - 1) / (np.exp(e) + 9) for e in (1.0, 1.1)]
    scale = next(p.worst for p in found.collected if p.worst.what == "scale")
    assert scale.lower <= gap[0] / gap[1] - 1 <= scale.upper


def test_functions_will_do() -> None:
    m = grr(4)
    found = audit_estimator(
        lambda values, rng: m.privatize(values, rng=rng),
        lambda reports: m.estimate(m.aggregate(reports)),
        k=4,
        num_users=500,
        collections=20,
    )
    assert found.verdict == "unbiased"
    assert found.worst.stated is None


def test_a_report_too_rare_to_be_seen_is_no_bias() -> None:
    # Another bit is set once in 5e8: its estimate is the same in every collection, and not 0.
    m = ldpaudit.mechanism("oue", k=3, epsilon=20.0)
    found = audit_estimator(m, num_users=500, collections=20)
    assert found.verdict == "unbiased"


def test_the_stated_error_is_held_to_the_measured_one() -> None:
    class Boasting(Wrong):
        def mse(self, num_users: int, frequencies: Any = None) -> float:
            return 0.5 * float(self._mechanism.mse(num_users, frequencies))

    m = grr()
    honest = audit_estimator(m, num_users=1_000, alpha=1e-4)
    assert all(part.error_as_stated for part in honest.collected)
    boast = audit_estimator(m, Boasting(m, lambda f: f), num_users=1_000, alpha=1e-4)
    assert boast.verdict == "unbiased"
    assert not any(part.error_as_stated for part in boast.collected)


def test_the_same_seed_gives_the_same_audit() -> None:
    first, second = (
        audit_estimator(grr(), num_users=200, collections=10, seed=4) for _ in range(2)
    )
    assert first == second
    assert first != audit_estimator(grr(), num_users=200, collections=10, seed=5)
    assert first.to_dict()["collected"][0]["frequencies"] == "uniform"


def test_check_estimator_raises_with_the_bias() -> None:
    m = grr()
    assert check_estimator(m)[-1].startswith("no bias found")
    with pytest.raises(AssertionError, match=r"biased: total .* is off by -0\.1"):
        check_estimator(m, Wrong(m, lambda f: 0.9 * f))


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        ({"client": 3}, TypeError, "client must have privatize, got int."),
        ({"server": 3}, TypeError, "server must have aggregate and estimate"),
        ({"collections": 2}, ValueError, "collections must be at least 10, got 2."),
        ({"frequencies": {}}, ValueError, "frequencies must name at least one set"),
        ({"frequencies": [1.0, 1.0]}, ValueError, r"frequencies given must have shape \(10,\)"),
        ({"server": lambda _: np.zeros(3)}, ValueError, r"estimate must return shape \(10,\)"),
        ({"server": lambda _: np.full(10, np.nan)}, ValueError, "finite numbers"),
    ],
)
def test_arguments(arguments: dict[str, Any], error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=message):
        audit_estimator(**({"client": grr(), "num_users": 50} | arguments))
