"""The decoder as linear algebra: every fast formula against dense matrices.

The reference builds A_j and G in full and solves the constrained least squares
by its Karush-Kuhn-Tucker system. Designs come from hypothesis, derandomised, so
the same designs are tried each time. Tolerances are those of double precision
times the condition of the design.
"""

from __future__ import annotations

import itertools
import math
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from ldpaudit.protocols import ModularSubsetSelection
from ldpaudit.protocols.modular._decoder import conjugate_gradients, fold, tile

Floats = npt.NDArray[np.float64]

#: Designs as bad as this are left to the refusal test.
MAX_CONDITION = 1e6
ROUNDING = 1e-12

designs = settings(deadline=None, derandomize=True, max_examples=60)


@dataclass(frozen=True)
class Dense:
    """Everything the decoder does, with matrices."""

    k: int
    moduli: tuple[int, ...]
    weights: tuple[float, ...]

    def design(self, modulus: int) -> Floats:
        member = np.arange(self.k)[None, :] % modulus == np.arange(modulus)[:, None]
        return np.asarray(member, dtype=np.float64)

    @property
    def normal(self) -> Floats:
        parts = [
            u * self.design(m).T @ self.design(m)
            for m, u in zip(self.moduli, self.weights, strict=True)
        ]
        return np.asarray(np.sum(parts, axis=0))

    @property
    def condition(self) -> float:
        return float(np.linalg.cond(self.normal))

    def decode(self, residues: list[Floats]) -> Floats:
        """Constrained least squares: [[G, 1], [1^T, 0]] [z, multiplier] = [A^T U s, 1]."""
        right = np.zeros(self.k + 1)
        for m, u, s in zip(self.moduli, self.weights, residues, strict=True):
            right[: self.k] += u * self.design(m).T @ s
        right[-1] = 1.0
        system = np.ones((self.k + 1, self.k + 1))
        system[: self.k, : self.k] = self.normal
        system[-1, -1] = 0.0
        return np.asarray(np.linalg.solve(system, right)[:-1])

    @property
    def constrained_inverse(self) -> Floats:
        inverse = np.linalg.inv(self.normal)
        flat = inverse.sum(axis=1)
        return np.asarray(inverse - np.outer(flat, flat) / flat.sum())

    def exact_mse(self, moments: list[tuple[float, float]], frequencies: Floats) -> float:
        """Trace of the covariance of one user's estimate, averaged over users and items."""
        solver, flat = self.constrained_inverse, np.linalg.solve(self.normal, np.ones(self.k))
        total = 0.0
        for m, u, (isotropic, own) in zip(self.moduli, self.weights, moments, strict=True):
            spread = u * solver @ self.design(m).T
            for x, share in enumerate(frequencies):
                unit = np.zeros(m)
                unit[x % m] = 1.0
                second = isotropic * np.eye(m) + own * np.outer(unit, unit)
                total += share * float(np.trace(spread @ second @ spread.T))
        for x, share in enumerate(frequencies):
            mean = -flat / flat.sum()
            mean[x] += 1
            total -= share * float(mean @ mean)
        return total / self.k


@st.composite
def dense_designs(draw: st.DrawFn, max_k: int = 200) -> Dense:
    """Random pairwise coprime moduli of full rank, with random weights."""
    k = draw(st.integers(2, max_k))
    lowest = draw(st.integers(2, max(2, k - 1)))
    rng = np.random.default_rng(draw(st.integers(0, 2**32)))
    extra = draw(st.integers(0, 4))
    moduli: list[int] = []
    for candidate in rng.permutation(np.arange(lowest, k + 1)).tolist():
        if all(math.gcd(candidate, other) == 1 for other in moduli):
            moduli.append(candidate)
        if 1 + sum(m - 1 for m in moduli) >= k:
            if not extra:
                break
            extra -= 1
    assume(1 + sum(m - 1 for m in moduli) >= k)
    weights = tuple(rng.uniform(0.2, 5.0, len(moduli)).tolist())
    return Dense(k, tuple(moduli), weights)


def decoder(k: int, moduli: tuple[int, ...], weights: tuple[float, ...]) -> Any:
    """The decoder of a mechanism with these moduli, given weights of our own."""
    plain: Any = ModularSubsetSelection(k=k, epsilon=1.0, moduli=moduli).decoder
    return replace(plain, weights=weights)


def fast_of(dense: Dense) -> Any:
    return decoder(dense.k, dense.moduli, dense.weights)


def close(actual: Floats | float, expected: Floats | float, condition: float) -> None:
    """Equal up to rounding, amplified by the condition of the system."""
    reference = np.asarray(expected, dtype=np.float64)
    scale = float(np.abs(reference).max())
    np.testing.assert_allclose(
        np.asarray(actual), reference, rtol=0, atol=ROUNDING * condition * scale
    )


@designs
@given(st.integers(1, 60), st.integers(1, 60), st.integers(0, 2**32))
def test_fold_and_tile_are_the_design_and_its_transpose(k: int, modulus: int, seed: int) -> None:
    rng = np.random.default_rng(seed)
    design = Dense(k, (modulus,), (1.0,)).design(modulus)
    vector, residues = rng.normal(size=k), rng.normal(size=modulus)
    np.testing.assert_allclose(fold(vector, modulus), design @ vector, rtol=0, atol=1e-13)
    np.testing.assert_array_equal(tile(residues, k), design.T @ residues)


@designs
@given(dense_designs(), st.integers(0, 2**32))
def test_normal_matrix_and_its_inverse(dense: Dense, seed: int) -> None:
    condition = dense.condition
    assume(condition <= MAX_CONDITION)
    fast, vector = fast_of(dense), np.random.default_rng(seed).normal(size=dense.k)
    close(fast.normal(vector), dense.normal @ vector, 1.0)
    close(fast.solve(vector), np.asarray(np.linalg.solve(dense.normal, vector)), condition)
    assert fast.condition == pytest.approx(condition, rel=1e-3)


@designs
@given(dense_designs(), st.integers(0, 2**32))
def test_decode_is_constrained_least_squares(dense: Dense, seed: int) -> None:
    condition = dense.condition
    assume(condition <= MAX_CONDITION)
    rng = np.random.default_rng(seed)
    residues = [rng.normal(size=m) + 1 / m for m in dense.moduli]
    answer = fast_of(dense).decode(residues)
    close(answer, dense.decode(residues), condition)
    assert answer.sum() == pytest.approx(1.0, abs=ROUNDING * condition * np.abs(answer).max())


@designs
@given(dense_designs(), st.integers(0, 2**32))
def test_noiseless_residues_are_recovered(dense: Dense, seed: int) -> None:
    condition = dense.condition
    assume(condition <= MAX_CONDITION)
    frequencies = np.random.default_rng(seed).dirichlet(np.full(dense.k, 0.3))
    residues = [dense.design(m) @ frequencies for m in dense.moduli]
    close(fast_of(dense).decode(residues), frequencies, condition)


@designs
@given(dense_designs())
def test_approximate_mse_is_a_trace(dense: Dense) -> None:
    condition = dense.condition
    assume(condition <= MAX_CONDITION)
    expected = float(np.trace(dense.constrained_inverse)) / dense.k
    close(fast_of(dense).approximate_mse(), expected, condition)


@settings(deadline=None, derandomize=True, max_examples=25)
@given(dense_designs(max_k=90), st.integers(0, 2**32))
def test_exact_mse_is_a_covariance(dense: Dense, seed: int) -> None:
    """Any second moments, any frequencies; the scale is that of the first term of the sum."""
    condition = dense.condition
    assume(condition <= 1e4)
    rng = np.random.default_rng(seed)
    moments = [(float(a), float(d)) for a, d in rng.uniform(0.5, 20.0, (len(dense.moduli), 2))]
    frequencies = rng.dirichlet(np.full(dense.k, 0.3))
    expected = dense.exact_mse(moments, frequencies)
    actual = fast_of(dense).exact_mse(moments, frequencies)
    assert actual == pytest.approx(expected, rel=ROUNDING * condition**2, abs=1e-9)


def test_weights_only_matter_relative_to_one_another() -> None:
    rng = np.random.default_rng(1)
    moduli, weights = (31, 37, 41), (1.0, 2.0, 0.5)
    residues = [rng.normal(size=m) for m in moduli]
    moments = [(3.0, 1.0), (2.0, 4.0), (1.0, 0.0)]
    frequencies = rng.dirichlet(np.ones(50))
    plain = decoder(50, moduli, weights)
    scaled = decoder(50, moduli, (64.0, 128.0, 32.0))
    np.testing.assert_allclose(scaled.decode(residues), plain.decode(residues), rtol=1e-9)
    assert scaled.approximate_mse() == pytest.approx(plain.approximate_mse() / 64, rel=1e-10)
    exact = plain.exact_mse(moments, frequencies)
    assert scaled.exact_mse(moments, frequencies) == pytest.approx(exact, rel=1e-10)


@pytest.mark.parametrize(
    ("k", "moduli"),
    [
        (500, (127, 131, 137, 139, 149)),
        (1000, (251, 257, 263, 269, 271)),
        (1000, (283, 293, 277, 281)),
    ],
)
def test_a_design_that_is_nearly_singular_is_refused(k: int, moduli: tuple[int, ...]) -> None:
    """All moduli below 0.3 k, just above full rank: an error, never a bad answer."""
    assert 1 + sum(m - 1 for m in moduli) >= k
    fast = decoder(k, moduli, (1.0,) * len(moduli))
    frequencies = np.random.default_rng(2).dirichlet(np.ones(k))
    residues = [fold(frequencies, m) for m in moduli]
    with pytest.raises(ArithmeticError, match="residual"):
        fast.decode(residues)
    with pytest.raises(ArithmeticError, match="residual"):
        fast.approximate_mse()
    with pytest.raises(ArithmeticError, match="residual"):
        fast.exact_mse([(1.0, 1.0)] * len(moduli), frequencies)


@designs
@given(dense_designs(), st.integers(0, 2**32))
def test_every_answer_solves_its_system_or_is_refused(dense: Dense, seed: int) -> None:
    """Any design of full rank, however ill-conditioned: noiseless residues come back or an error.

    What is accepted has relative residual at most 1e-9 in its set-up, so the
    error is at most that times the condition.
    """
    fast = fast_of(dense)
    frequencies = np.random.default_rng(seed).dirichlet(np.ones(dense.k))
    residues = [fold(frequencies, m) for m in dense.moduli]
    try:
        answer = fast.decode(residues)
    except ArithmeticError:
        assert dense.condition > MAX_CONDITION
        return
    assert np.abs(answer - frequencies).max() <= 1e-9 * max(1.0, dense.condition)


def test_the_order_of_blocks_does_not_matter() -> None:
    rng = np.random.default_rng(4)
    moduli, weights = (31, 37, 41), (1.0, 2.0, 0.5)
    residues = [rng.normal(size=m) for m in moduli]
    plain = decoder(50, moduli, weights).decode(residues)
    for order in itertools.permutations(range(3)):
        moved = decoder(50, tuple(moduli[i] for i in order), tuple(weights[i] for i in order))
        answer = moved.decode([residues[i] for i in order])
        np.testing.assert_allclose(answer, plain, rtol=0, atol=1e-10)


def test_the_identity_design_is_subset_selection() -> None:
    frequencies = np.random.default_rng(5).dirichlet(np.ones(30))
    whole = decoder(30, (30,), (2.5,))
    np.testing.assert_allclose(whole.decode([frequencies]), frequencies, atol=1e-12)
    assert whole.condition == pytest.approx(1.0)


def test_a_batch_decodes_like_its_members() -> None:
    rng = np.random.default_rng(6)
    moduli = (31, 37, 41)
    fast = decoder(50, moduli, (1.0, 2.0, 0.5))
    batch = [rng.normal(size=(4, 3, m)) for m in moduli]
    together = fast.decode(batch)
    assert together.shape == (4, 3, 50)
    for place in np.ndindex(4, 3):
        alone = fast.decode([part[place] for part in batch])
        np.testing.assert_allclose(together[place], alone, rtol=0, atol=1e-12)


def test_conjugate_gradients_cross_check_the_direct_inverse() -> None:
    k, moduli = 2_000, (1_501, 1_601, 1_699, 1_801)
    fast = decoder(k, moduli, (1.0, 1.1, 1.2, 1.3))
    right = np.random.default_rng(7).normal(size=k)
    slow = conjugate_gradients(fast.normal, right, 1e-12)
    assert fast.direct
    np.testing.assert_allclose(fast.solve(right), slow, rtol=0, atol=1e-9 * np.abs(slow).max())


def test_conjugate_gradients_step_in_for_the_direct_inverse() -> None:
    """The direct inverse declared inaccurate: answers stay, error formulas are refused."""
    moduli, weights = (31, 37, 41), (1.0, 2.0, 0.5)
    fast, other = (decoder(50, moduli, weights) for _ in range(2))
    other.__dict__["direct"] = False
    residues = [np.random.default_rng(8).normal(size=m) for m in moduli]
    np.testing.assert_allclose(other.decode(residues), fast.decode(residues), atol=1e-7)
    with pytest.raises(ArithmeticError, match="no error formula"):
        other.approximate_mse()


def test_large_domain_recovers_noiseless_residues() -> None:
    """k = 22000: too large for matrices; the answer is known."""
    k, moduli = 22_000, (16_001, 17_011, 18_013, 19_001, 20_011)
    fast = decoder(k, moduli, (1.0, 1.1, 1.2, 1.3, 1.4))
    frequencies = np.random.default_rng(3).dirichlet(np.full(k, 0.5))
    answer = fast.decode([fold(frequencies, m) for m in moduli])
    np.testing.assert_allclose(answer, frequencies, rtol=0, atol=1e-10)
