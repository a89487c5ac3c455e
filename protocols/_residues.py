"""Residue designs: which moduli determine every value, and which are best."""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence
from functools import lru_cache

import numpy as np

from ldpaudit._validate import fraction, integer, positive

from ._decoder import ResidueDecoder
from ._subsets import SubsetRandomizer

#: Largest default modulus as a share of k: near 1, error approaches subset selection's;
#: the bits of a report shrink in proportion.
DEFAULT_BAND = 0.92
DEFAULT_BLOCKS = 8


def rank_deficit(k: int, moduli: Sequence[int]) -> int:
    """How many dimensions of [0, k) pairwise coprime moduli leave undetermined.

    A vector z folds to zero for every modulus exactly if the polynomial z(t) is
    a multiple of every t^m - 1. Coprime moduli share only the root t = 1, so
    the least common multiple has degree 1 + sum (m - 1), and the folds have full
    column rank exactly if that reaches k.
    """
    return max(0, k - (1 + sum(m - 1 for m in moduli)))


def check_moduli(k: int, moduli: Sequence[int]) -> tuple[int, ...]:
    """Return moduli as a tuple of ints if they form a decodable design over [0, k)."""
    checked = tuple(integer("every modulus", m, 2, k) for m in moduli)
    if not checked:
        raise ValueError("moduli must name at least one modulus, got none.")
    for first, second in itertools.combinations(checked, 2):
        if math.gcd(first, second) != 1:
            raise ValueError(f"moduli must be pairwise coprime, got {first} and {second}.")
    missing = rank_deficit(k, checked)
    if missing:
        raise ValueError(
            f"moduli must satisfy 1 + sum(m - 1) >= k = {k} to determine every frequency, "
            f"got {checked}, {missing} short."
        )
    return checked


def build(k: int, epsilon: float, moduli: tuple[int, ...]) -> ResidueDecoder:
    """The decoder with the expected block weights 1 / (l v_j), known before any data."""
    blocks = [SubsetRandomizer(m, epsilon) for m in moduli]
    weights = tuple(1 / (len(moduli) * block.variance) for block in blocks)
    return ResidueDecoder(k, moduli, weights)


def user_moments(epsilon: float, moduli: tuple[int, ...]) -> list[tuple[float, float]]:
    """Second-moment coefficients of one user's contribution to each block's estimate."""
    moments = []
    for block in (SubsetRandomizer(m, epsilon) for m in moduli):
        scale = len(moduli) / (block.p - block.q) ** 2
        isotropic, own = block.second_moment
        moments.append((scale * isotropic, scale * own))
    return moments


@lru_cache(maxsize=64)
def choose_moduli(
    k: int,
    epsilon: float,
    blocks: int = DEFAULT_BLOCKS,
    band: float = DEFAULT_BAND,
    seed: int = 0,
) -> tuple[int, ...]:
    """Pairwise coprime moduli of at most `band` * k with the least exact error at uniform users.

    Draws are made near the top of the band, where the error is least, and
    ranked by the exact mean squared error from one Toeplitz solve each. Where no
    smaller moduli determine every frequency (k = 2 and 3) the answer is (k,),
    which is subset selection. The same arguments always give the same moduli.
    """
    integer("k", k, 2)
    positive("epsilon", epsilon)
    integer("blocks", blocks, 1)
    fraction("band", band)
    rng = np.random.default_rng(np.random.SeedSequence([k, blocks, seed]))
    uniform = np.full(k, 1 / k)
    best: tuple[int, ...] = (k,)
    best_error = math.inf
    for attempt in range(max(1, min(32, 2**18 // k))):
        moduli = _draw(k, blocks, band, (0.05, 0.12)[attempt % 2], rng)
        if moduli is None:
            continue
        try:
            decoder = build(k, epsilon, moduli)
            error = decoder.exact_mse(user_moments(epsilon, moduli), uniform)
        except ArithmeticError:
            continue
        if error < best_error:
            best, best_error = moduli, error
    return best


def _draw(
    k: int, blocks: int, band: float, depth: float, rng: np.random.Generator
) -> tuple[int, ...] | None:
    """One random design: greedily coprime moduli near the top of the band, or None."""
    top = min(math.floor(band * k), k - 1)
    low = max(2, min(math.floor((band - depth) * k), top - 4 * blocks))
    for bottom in (low, 2):
        if top < bottom:
            return None
        chosen: list[int] = []
        for candidate in rng.permutation(np.arange(bottom, top + 1)).tolist():
            if all(math.gcd(candidate, other) == 1 for other in chosen):
                chosen.append(candidate)
                if len(chosen) == blocks:
                    break
        if not rank_deficit(k, chosen):
            return tuple(sorted(chosen))
    return None
