"""Designs as tables: known protocols come back, and everything follows from the channel."""

from __future__ import annotations

import itertools
import math
from typing import Any

import numpy as np
import pytest

import ldpaudit
from ldpaudit import testing
from ldpaudit.protocols import (
    AffineBlockResponse,
    BlockDesignResponse,
    GeneralizedRandomizedResponse,
    ProjectiveGeometryResponse,
    SubsetSelection,
)
from tests.protocols.channels import covariance_trace, priors
from tests.protocols.counted import check_moments

FANO = [(0, 1, 3), (1, 2, 4), (2, 3, 5), (3, 4, 6), (4, 5, 0), (5, 6, 1), (6, 0, 2)]
#: Blocks of two sizes: r = 3 and lambda = 1 on four values.
MIXED = [(0, 1, 2), (0, 3), (1, 3), (2, 3), (0,), (1,), (2,)]
TWICE = [(0, 1), (0, 1), (0, 2), (0, 2), (1, 2), (1, 2)]
DESIGNS = [(7, FANO), (4, MIXED), (3, TWICE), (5, list(itertools.combinations(range(5), 2)))]


@pytest.mark.parametrize(("k", "blocks"), DESIGNS)
@pytest.mark.parametrize("epsilon", [0.3, 1.0, 4.0])
def test_channel_by_enumeration(k: int, blocks: list[Any], epsilon: float) -> None:
    m = BlockDesignResponse(k, epsilon, tuple(blocks))
    odds = np.ones((len(blocks), k))
    for row, block in zip(odds, blocks, strict=True):
        row[list(block)] = math.exp(epsilon)
    table = odds / odds.sum(axis=0)
    reports = m.every_report()
    np.testing.assert_allclose(np.exp(m.log_likelihood(reports)), table, rtol=1e-12)
    assert m.exact_epsilon() == pytest.approx(epsilon, abs=1e-12)
    assert m.exact_delta(epsilon) == pytest.approx(0, abs=1e-15)
    gap = float(np.maximum(table[:, 0] - math.exp(epsilon / 4) * table[:, 1], 0).sum())
    assert m.exact_delta(epsilon / 4) == pytest.approx(gap, abs=1e-12)
    single = np.array([m.estimate(m.aggregate(reports[i : i + 1])) for i in reports])
    np.testing.assert_allclose(table.T @ single, np.eye(k), atol=1e-9)
    for prior in priors(k):
        best = float((table * prior).max(axis=1).sum())
        assert m.vulnerability(prior) == pytest.approx(best, abs=1e-12)
        assert m.mse(1, prior) == pytest.approx(covariance_trace(table, single, prior), rel=1e-9)
    for targets in itertools.chain.from_iterable(
        itertools.combinations(range(k), size) for size in range(1, k + 1)
    ):
        most = max(len(set(block) & set(targets)) for block in blocks)
        assert m.largest_support(np.array(targets)) == most


def test_known_protocols_are_designs() -> None:
    k, epsilon = 8, 1.0
    uniform = np.full(k, 1 / k)
    affine = AffineBlockResponse(7, epsilon)
    supported = affine.log_likelihood(affine.every_report()) > math.log(affine._levels[1]) + 0.5
    plane = ProjectiveGeometryResponse(k=13, epsilon=1.0)  # q = 5, 31 points
    lines = plane.log_likelihood(plane.every_report())
    of_plane = [tuple(np.flatnonzero(row > lines.min() + 0.5).tolist()) for row in lines]
    pairs: list[tuple[Any, list[tuple[int, ...]]]] = [
        (GeneralizedRandomizedResponse(k, epsilon), [(v,) for v in range(k)]),
        (SubsetSelection(k, epsilon), list(itertools.combinations(range(k), 2))),
        (affine, [tuple(np.flatnonzero(row).tolist()) for row in supported]),
        (plane, of_plane),
    ]
    for known, blocks in pairs:
        m = BlockDesignResponse(known.k, epsilon, tuple(blocks))
        assert m.mse(1) == pytest.approx(known.mse(1), rel=1e-12)
        assert m.vulnerability() == pytest.approx(known.vulnerability(), rel=1e-12)
    assert BlockDesignResponse(k, epsilon, tuple((v,) for v in range(k))).mse(
        1, uniform
    ) == pytest.approx(GeneralizedRandomizedResponse(k, epsilon).mse(1, uniform))


@pytest.mark.parametrize(("k", "blocks"), DESIGNS)
def test_sampled_counts_have_the_moments_of_the_law(k: int, blocks: list[Any]) -> None:
    """Means and all covariances of 2**30 users; rate 1e-6."""
    m, rng = BlockDesignResponse(k, 1.0, tuple(blocks)), np.random.default_rng(4)
    users = rng.integers(0, 2**30 // k, k)
    table = np.exp(m.log_likelihood(m.every_report()))
    held = np.array([[v in block for v in range(k)] for block in blocks], dtype=float)
    mean, second = np.zeros(k), np.zeros((k, k))
    for value, many in enumerate(users.tolist()):
        here = table[:, value] @ held
        mean += many * here
        second += many * (held.T * table[:, value] @ held - np.outer(here, here))
    draws = np.array([m.sample_counts(users, rng=rng).supports for _ in range(400)], dtype=float)
    check_moments(draws, mean, second)


def test_the_contract_holds() -> None:
    m = ldpaudit.mechanism("block-design", k=7, epsilon=1.0, blocks=FANO)
    assert testing.check_mechanism(m)
    assert m == ldpaudit.mechanism("block-design", k=7, epsilon=1, blocks=tuple(FANO))


@pytest.mark.parametrize(
    ("blocks", "message"),
    [
        ([], "at least one block, got none"),
        ([(0, 1), (2, 3)], "hold every two values together equally often, got 0 and 1 in 1"),
        ([(0, 1), (2,)], "every value equally often, got value 0 in 1 and value 3 in 0"),
        ([(0, 1, 2, 3)], "tell values apart, got every value in all 1 of them"),
        ([(0, 0)], "block 0 must hold no value twice"),
        ([(0, 4)], "block 0 must be at most 3, got 4"),
    ],
)
def test_what_is_no_design_is_refused(blocks: Any, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        BlockDesignResponse(4, 1.0, blocks)


def test_blocks_that_are_no_sequences_are_refused() -> None:
    with pytest.raises(TypeError, match="blocks must be sequences of values, got 3"):
        BlockDesignResponse(4, 1.0, 3)  # type: ignore[arg-type]
