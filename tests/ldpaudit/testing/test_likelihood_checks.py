"""`check` finds what reports say beyond the likelihood, and nothing where they follow it."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import ldpaudit
from ldpaudit.testing.likelihood_checks import check_beyond_likelihood

Rng = np.random.Generator


class Nonce:
    """Randomized response beside a number; its likelihood reads the response alone."""

    epsilon = 1.0

    def __init__(self, kind: str, k: int = 4) -> None:
        self.kind, self.k = kind, k
        self.inner = ldpaudit.mechanism("grr", k=k, epsilon=1.0)

    def privatize(self, values: Any, *, rng: Rng) -> Any:
        own, reports = np.asarray(values), self.inner.privatize(values, rng=rng)
        told = {
            "nothing": rng.integers(0, 2, own.size),
            "truth": reports == own,
            "of one input": np.where(own == 3, 1, rng.integers(0, 2, own.size)),
            "in one of 50": (rng.random(own.size) < 0.02) & (own == 1),
        }[self.kind]
        return np.stack((reports, 2 * rng.integers(0, 2**30, own.size) + told), axis=1)

    def log_likelihood(self, reports: Any, values: Any = None) -> Any:
        return self.inner.log_likelihood(np.asarray(reports)[:, 0], values)


@pytest.mark.parametrize("kind", ["truth", "of one input", "in one of 50"])
def test_what_the_likelihood_leaves_out_is_found(kind: str) -> None:
    with pytest.raises(AssertionError, match="say more than the likelihood states"):
        check_beyond_likelihood(Nonce(kind), np.random.default_rng(0))


@pytest.mark.parametrize("k", [2, 4])
def test_a_nonce_that_tells_nothing_passes(k: int) -> None:
    """False alarms at 1e-6 each."""
    for seed in range(3):
        check_beyond_likelihood(Nonce("nothing", k), np.random.default_rng(seed))


@pytest.mark.parametrize("name", ["oue", "olh", "pgr"])
def test_right_likelihoods_pass(name: str) -> None:
    """False alarms at 1e-6 each, whatever the witness has learned."""
    m = ldpaudit.mechanism(name, k=6, epsilon=1.5)
    assert "finds nothing more" in check_beyond_likelihood(m, np.random.default_rng(1))


def test_check_mechanism_asks() -> None:
    def alone(lines: list[str]) -> list[str]:
        return [line for line in lines if line.startswith("beyond the likelihood")]

    class Sound(Nonce):
        def privatize(self, values: Any, *, rng: Rng) -> Any:
            from ldpaudit.validate import check_values

            return super().privatize(check_values(values, self.k), rng=rng)

    assert len(alone(ldpaudit.testing.check_mechanism(Sound("nothing")))) == 1
    with pytest.raises(AssertionError, match="say more than the likelihood states"):
        ldpaudit.testing.check_mechanism(Sound("truth"))
    grr = ldpaudit.mechanism("grr", k=4, epsilon=1.0)
    assert not alone(ldpaudit.testing.check_mechanism(grr))
