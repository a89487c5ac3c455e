"""Scrambled designs as linear algebra, and the protocol on top, against dense references."""

from __future__ import annotations

import math

import numpy as np
import pytest

import ldpaudit
from ldpaudit.protocols import ScrambledSubsetSelection
from ldpaudit.protocols._kernels._subsets import SubsetRandomizer
from ldpaudit.protocols.modular._decoder import conjugate_gradients
from ldpaudit.protocols.modular._scrambled import ScrambledDecoder


def dense_design(decoder: ScrambledDecoder) -> list[np.ndarray]:
    """The 0/1 residue tables A_j, value by value."""
    values = np.arange(decoder.k)
    return [
        (decoder.residues_of(block, values)[None, :] == np.arange(m)[:, None]).astype(float)
        for block, m in enumerate(decoder.moduli)
    ]


def dense_inverse(decoder: ScrambledDecoder) -> tuple[np.ndarray, np.ndarray]:
    """The inverse normal matrix, and the same constrained to sum zero."""
    blocks = zip(decoder.weights, dense_design(decoder), strict=True)
    inverse = np.linalg.inv(sum((u * a.T @ a for u, a in blocks), np.zeros((decoder.k,) * 2)))
    flat = inverse.sum(axis=1)
    return inverse, inverse - np.outer(flat, flat) / flat.sum()


@pytest.fixture
def decoder() -> ScrambledDecoder:
    rng = np.random.default_rng(5)
    moduli = (9, 10, 12, 12, 14, 7, 11, 9, 13, 15)
    return ScrambledDecoder(50, moduli, tuple(rng.uniform(0.5, 2.0, len(moduli))), seed=3)


def test_every_block_sees_a_permutation_of_its_own(decoder: ScrambledDecoder) -> None:
    orders = decoder._orders
    for order in orders:
        assert np.array_equal(np.sort(order), np.arange(decoder.k))
    assert len({tuple(order) for order in orders.tolist()}) == len(orders)
    other = ScrambledDecoder(decoder.k, decoder.moduli, decoder.weights, seed=4)
    assert not np.array_equal(orders, other._orders)
    for order, labels, modulus in zip(orders, decoder._labels, decoder.moduli, strict=True):
        assert np.array_equal(labels[order], np.arange(decoder.k) % modulus)
        assert all(np.all(np.diff(order[start::modulus]) > 0) for start in range(modulus))


def test_permutations_do_not_depend_on_numpys_generators() -> None:
    """Clients and server of different versions must agree: fixed values of the public key."""
    first = ScrambledDecoder(8, (4, 4, 4), (1.0,) * 3, seed=0)._positions
    again = ScrambledDecoder(8, (4, 4, 4), (1.0,) * 3, seed=0)._positions
    assert first.tolist() == again.tolist()
    assert first.tolist() == FIXED_ORDERS


def test_fold_tile_normal_and_solve_agree_with_dense(decoder: ScrambledDecoder) -> None:
    rng = np.random.default_rng(0)
    vector = rng.normal(size=decoder.k)
    design = dense_design(decoder)
    for block, table in enumerate(design):
        assert np.allclose(decoder.fold(block, vector), table @ vector)
        residues = rng.normal(size=decoder.moduli[block])
        assert np.allclose(decoder.tile(block, residues), table.T @ residues)
    dense = sum(u * a.T @ a for u, a in zip(decoder.weights, design, strict=True))
    assert np.allclose(decoder.normal(vector), dense @ vector)
    assert np.allclose(decoder.solve(vector), np.linalg.solve(dense, vector))
    assert decoder.condition == pytest.approx(np.linalg.cond(dense), rel=1e-4)


def test_noiseless_residues_give_the_frequencies_back(decoder: ScrambledDecoder) -> None:
    frequencies = np.random.default_rng(1).dirichlet(np.ones(decoder.k))
    residues = [decoder.fold(block, frequencies) for block in range(len(decoder.moduli))]
    assert np.allclose(decoder.decode(residues), frequencies, atol=1e-8)


def test_a_batch_decodes_like_its_members(decoder: ScrambledDecoder) -> None:
    batch = np.random.default_rng(2).dirichlet(np.ones(decoder.k), 3)
    residues = [decoder.fold(block, batch) for block in range(len(decoder.moduli))]
    together = decoder.decode(residues)
    for row, decoded in enumerate(together):
        alone = decoder.decode([part[row] for part in residues])
        assert np.allclose(decoded, alone, atol=1e-8)


def test_errors_agree_with_dense_formulas(decoder: ScrambledDecoder) -> None:
    rng = np.random.default_rng(3)
    moments = [(float(a), float(d)) for a, d in rng.uniform(0.5, 3.0, (len(decoder.moduli), 2))]
    frequencies = rng.dirichlet(np.ones(decoder.k))
    inverse, constrained = dense_inverse(decoder)
    assert decoder.approximate_mse() == pytest.approx(np.trace(constrained) / decoder.k)
    total = 0.0
    rows = zip(decoder.weights, dense_design(decoder), moments, strict=True)
    for weight, table, (isotropic, own) in rows:
        lengths = np.sum((constrained @ table.T) ** 2, axis=0)
        total += weight**2 * float((isotropic + own * (table @ frequencies)) @ lengths)
    flat = inverse.sum(axis=1)
    means = np.eye(decoder.k) - (flat / flat.sum())[:, None]
    total -= float(frequencies @ np.sum(means**2, axis=0))
    assert decoder.exact_mse(moments, frequencies) == pytest.approx(total / decoder.k)


def test_probes_estimate_the_dense_error(monkeypatch: pytest.MonkeyPatch) -> None:
    """Within 5 of its own standard errors (8 probes: t with 7 degrees of freedom, about 2e-3
    on its own; the seed is fixed, so the test cannot flip) and within 10 percent."""
    m = ldpaudit.mechanism("smss", k=300, epsilon=1.0)
    uniform = np.full(300, 1 / 300)
    exact, flat = m.mse(1, uniform), m.mse(1)
    assert m.mse_standard_error(1, uniform) == 0.0
    monkeypatch.setattr("ldpaudit.protocols.modular._scrambled.DENSE_LIMIT", 100)
    probed = ScrambledSubsetSelection(k=300, epsilon=1.0)
    error = probed.mse_standard_error(1, uniform)
    assert 0 < error < 0.1 * exact
    assert abs(probed.mse(1, uniform) - exact) <= 5 * error
    assert probed.mse(1) == pytest.approx(flat, rel=0.1)


def test_a_design_that_cannot_be_solved_is_an_error() -> None:
    singular = np.diag([1.0, 0.0])
    with pytest.raises(ArithmeticError, match="cannot be decoded"):
        conjugate_gradients(lambda z: z @ singular, np.array([1.0, 1.0]), 1e-9, limit=50)


@pytest.mark.parametrize("k", [2, 3, 5, 8])
@pytest.mark.parametrize("epsilon", [0.5, 2.0, 8.0])
def test_channel_by_enumeration(k: int, epsilon: float) -> None:
    """Every report of every block: rows sum to 1, epsilon, success and error are exact."""
    m = ldpaudit.mechanism("smss", k=k, epsilon=epsilon)
    blocks = []
    for index, (modulus, size) in enumerate(zip(m.moduli, m.subset_sizes, strict=True)):
        codes = [c for c in range(2**modulus) if c.bit_count() == size]
        rows = np.zeros(len(codes), dtype=m._dtype)
        rows["block"] = index  # type: ignore[call-overload]
        rows["subset"][:, 0] = [c & 255 for c in codes]  # type: ignore[call-overload]
        if rows["subset"].shape[1] > 1:  # type: ignore[call-overload]
            rows["subset"][:, 1] = [c >> 8 for c in codes]  # type: ignore[call-overload]
        blocks.append(rows)
    reports = np.concatenate(blocks)
    log_table = m.log_likelihood(reports)
    table = np.exp(log_table)
    assert np.allclose(table.sum(axis=0), 1.0, atol=1e-12)
    spread = float((log_table.max(axis=1) - log_table.min(axis=1)).max())
    assert m.exact_epsilon() == pytest.approx(epsilon, abs=1e-9)
    assert spread == pytest.approx(epsilon, abs=1e-9)
    assert m.vulnerability() == pytest.approx(table.max(axis=1).sum() / k, abs=1e-12)
    prior = np.random.default_rng(k).dirichlet(np.ones(k))
    best = (table * prior).max(axis=1).sum()
    assert m.vulnerability(prior) == pytest.approx(best, abs=1e-12)
    estimates = np.array([m.estimate(m.aggregate(row[None])) for row in reports])
    assert np.allclose(table.T @ estimates, np.eye(k), atol=1e-6)
    second = table.T @ (estimates**2)
    variance = (second - (table.T @ estimates) ** 2).sum(axis=1)
    assert m.mse(1, prior) == pytest.approx(float(prior @ variance) / k, rel=1e-6)


@pytest.mark.slow
def test_error_and_bits_against_subset_selection() -> None:
    """The promise of scrambling: 1.32 times the error at 0.075 of the bits, where stated."""
    for k, epsilons in ((1024, (0.5, 1.0, 1.5)), (22_000, (0.5, 2.0, 5.0))):
        uniform = np.full(k, 1 / k)
        for epsilon in epsilons:
            m = ldpaudit.mechanism("smss", k=k, epsilon=epsilon)
            whole = SubsetRandomizer(k, epsilon)
            unit = ldpaudit.mechanism("ss", k=k, epsilon=epsilon).mse(1, uniform)
            error = m.mse(1, uniform) + 5 * m.mse_standard_error(1, uniform)
            assert error <= 1.32 * unit
            assert m.bits <= 0.075 * whole.bits


def test_measured_error_is_the_exact_one() -> None:
    """Mean over 20 collections within 5 standard errors (t with 19: about 8e-5, seed fixed)."""
    m = ldpaudit.mechanism("smss", k=200, epsilon=1.0)
    histogram = np.random.default_rng(7).multinomial(5_000, np.full(200, 1 / 200))
    values, frequencies = np.repeat(np.arange(200), histogram), histogram / 5_000
    rng = np.random.default_rng(8)
    errors = [
        np.mean((m.estimate(m.aggregate(m.privatize(values, rng=rng))) - frequencies) ** 2)
        for _ in range(20)
    ]
    standard = float(np.std(errors, ddof=1)) / math.sqrt(20)
    assert abs(float(np.mean(errors)) - m.mse(5_000, frequencies)) <= 5 * standard


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        ({"k": 10, "epsilon": 1.0, "moduli": (2, 3)}, "moduli must satisfy"),
        ({"k": 10, "epsilon": 1.0, "moduli": (11,)}, "every modulus must be at most 10"),
        ({"k": 10, "epsilon": 1.0, "seed": -1}, "seed must be at least 0"),
        ({"k": 10, "epsilon": 0.0}, "epsilon must be positive"),
    ],
)
def test_bad_parameters(parameters: dict[str, object], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        ldpaudit.mechanism("smss", **parameters)


FIXED_ORDERS = [[7, 6, 2, 5, 1, 4, 3, 0], [5, 2, 4, 3, 6, 0, 7, 1], [1, 7, 2, 4, 3, 5, 6, 0]]
