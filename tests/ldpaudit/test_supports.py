"""Supports as bits: first, sizes, places and picks against lists of the values."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from ldpaudit.protocols.modular._supports import ResidueSupports
from ldpaudit.supports import PackedSupports


@pytest.mark.parametrize("k", [1, 2, 7, 8, 63, 64, 65, 200, 513])
@pytest.mark.parametrize("density", [0.02, 0.5, 1.0])
def test_bits_are_read_as_lists(k: int, density: float) -> None:
    rng = np.random.default_rng(k)
    table = rng.random((300, k)) < density
    found = PackedSupports(np.packbits(table, axis=1, bitorder="little"))
    lists = [np.flatnonzero(row) for row in table]
    assert found.first().tolist() == [int(own[0]) if own.size else -1 for own in lists]
    assert found.sizes().tolist() == [own.size for own in lists]
    ends = rng.integers(0, k + 1, 300)
    below = [np.count_nonzero(own < end) for own, end in zip(lists, ends, strict=True)]
    assert found.below(ends).tolist() == below
    some = np.array([own.size > 0 for own in lists])
    places = np.array([rng.integers(own.size) if own.size else 0 for own in lists])
    nth = found.nth(places)
    assert nth[some].tolist() == [
        int(own[place]) for own, place in zip(lists, places, strict=True) if own.size
    ]
    value, rows = int(rng.integers(k)), np.arange(0, 300, 3)
    assert found.holds(rows, value).tolist() == table[rows, value].tolist()
    picked = found.pick(k, rng)
    assert table[some, picked[some]].all()
    assert ((picked >= 0) & (picked < k)).all()


@pytest.mark.parametrize("k", [11, 64, 100])
def test_residues_stand_for_their_values(k: int) -> None:
    rng = np.random.default_rng(k)
    moduli = rng.choice([3, 10, 11], 200)
    bits = (rng.random((200, 16)) < 0.4) & (np.arange(16) < moduli[:, None])
    table = np.take_along_axis(bits, np.arange(k) % moduli[:, None], axis=1)
    plain = PackedSupports(np.packbits(table, axis=1, bitorder="little"))
    found = ResidueSupports(np.packbits(bits, axis=1, bitorder="little"), moduli, k)
    assert (found.first() == plain.first()).all()
    assert (found.sizes() == plain.sizes()).all()
    some = plain.sizes() > 0
    places = rng.integers(0, np.maximum(plain.sizes(), 1))
    assert (found.nth(places)[some] == plain.nth(places)[some]).all()
    assert (found.holds(np.arange(200), k - 1) == table[:, k - 1]).all()


def test_picks_are_uniform() -> None:
    """Chi-square over 12 values of one support, false alarm 1e-6."""
    rows = np.zeros((24_000, 50), dtype=np.bool_)
    rows[:, 3:47:4] = True
    picked = PackedSupports(np.packbits(rows, axis=1, bitorder="little")).pick(
        50, np.random.default_rng(0)
    )
    counts = np.bincount(picked, minlength=50)[3:47:4]
    assert counts.sum() == 24_000
    assert stats.chisquare(counts).pvalue > 1e-6
