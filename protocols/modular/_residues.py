"""Residue designs: which moduli determine every value, and which are best."""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from ldpaudit.protocols._kernels._cache import remembered
from ldpaudit.protocols._kernels._subsets import SubsetRandomizer
from ldpaudit.validate import check_fraction, check_integer, check_positive

from ._designs import Design

#: Largest default modulus as a share of k: near 1, error approaches subset selection's;
#: the bits of a report shrink in proportion.
DEFAULT_BAND = 0.88
DEFAULT_BLOCKS = 8


def rank_deficit(k: int, moduli: Sequence[int]) -> int:
    """How many dimensions of [0, k) pairwise coprime moduli leave undetermined.

    A vector z folds to zero for every modulus exactly if the polynomial z(t) is
    a multiple of every t^m - 1. Coprime moduli share only the root t = 1, so
    the least common multiple has degree 1 + sum (m - 1), and the folds have full
    column rank exactly if that reaches k. Full rank implies that no two values
    share all residues (the CRT condition).
    """
    return max(0, k - (1 + sum(m - 1 for m in moduli)))


def check_moduli(k: int, moduli: Sequence[int]) -> tuple[int, ...]:
    """Return moduli as a tuple of ints if they form a decodable design over [0, k)."""
    if not isinstance(moduli, Sequence):
        raise TypeError(f"moduli must be a sequence of whole numbers, got {moduli!r}.")
    checked = tuple(check_integer("every modulus", m, 2, k) for m in moduli)
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


def choose_moduli(
    k: int,
    epsilon: float,
    *,
    blocks: int = DEFAULT_BLOCKS,
    band: float = DEFAULT_BAND,
    bits: int | None = None,
    seed: int = 0,
) -> tuple[int, ...]:
    """Pairwise coprime moduli with the least exact error at uniform users.

    Draws are made near the top of the band, where the error is least, and
    ranked by the exact mean squared error from one Toeplitz solve each. The
    choice depends on public parameters only and is kept in the user's cache
    folder; the same arguments always give the same moduli.

    Parameters
    ----------
    k : int
        Number of values, at least 2.
    epsilon : float
        Privacy budget, positive.
    blocks : int, default 8
        Largest number of moduli.
    band : float, default 0.88
        Largest modulus as a share of k, in (0, 1).
    bits : int, optional
        Largest report in bits; lowers the band until every report fits.
    seed : int, default 0
        Root of the draws.

    Returns
    -------
    tuple of int
        The moduli, ascending. Where no smaller moduli determine every frequency
        (k = 2 and 3, or a band too low) the answer is (k,), which is subset selection.

    Raises
    ------
    ValueError
        If an argument is out of range, or no design has reports of at most `bits`.

    Examples
    --------
    >>> choose_moduli(8, 4.0, band=0.9)
    (5, 6, 7)
    """
    k = check_integer("k", k, 2)
    epsilon = check_positive("epsilon", epsilon)
    blocks = check_integer("blocks", blocks, 1)
    band = check_fraction("band", band)
    seed = check_integer("seed", seed, 0)
    top = min(math.floor(band * k), k - 1)
    if bits is not None:
        top = _largest_within(
            top, epsilon, check_integer("bits", bits, 1) - (blocks - 1).bit_length()
        )

    def check(answer: Any) -> tuple[int, ...]:
        return check_moduli(k, answer)

    found: tuple[int, ...] = remembered(
        ("moduli", k, epsilon, blocks, top, seed),
        check,
        lambda: _search(k, epsilon, blocks, top, seed),
    )
    if bits is not None and Design(k, epsilon, found).bits > bits:
        raise ValueError(f"bits must allow a decodable design over k = {k}, got {bits}.")
    return found


def _search(k: int, epsilon: float, blocks: int, top: int, seed: int) -> tuple[int, ...]:
    """The best of some random designs; fewer where a solve is dear."""
    rng = np.random.default_rng(np.random.SeedSequence([k, blocks, top, seed]))
    uniform = np.full(k, 1 / k)
    best: tuple[int, ...] = (k,)
    best_error = math.inf
    for attempt in range(max(1, min(32, 2**18 // k))):
        moduli = _draw(k, blocks, top, (0.05, 0.12)[attempt % 2], rng)
        if moduli is None:
            continue
        try:
            error = Design(k, epsilon, moduli).mse(uniform)
        except ArithmeticError:
            continue
        if error < best_error:
            best, best_error = moduli, error
    return best


def _draw(
    k: int, blocks: int, top: int, depth: float, rng: np.random.Generator
) -> tuple[int, ...] | None:
    """One random design: greedily coprime moduli in the highest `depth` * k below `top`."""
    low = max(2, min(math.floor(top - depth * k), top - 4 * blocks))
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


def _largest_within(top: int, epsilon: float, bits: int) -> int:
    """Largest modulus up to `top` whose subsets take at most `bits` bits (they grow with it)."""
    low, high = 1, top
    while low < high:
        middle = (low + high + 1) // 2
        if SubsetRandomizer(middle, epsilon).bits <= bits:
            low = middle
        else:
            high = middle - 1
    return low
