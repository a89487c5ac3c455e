"""The compiled loops give the bytes of the arrays of numpy: as plain Python, and by Numba."""

from __future__ import annotations

import importlib.util
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest

import ldpaudit
from ldpaudit.protocols._kernels import _bits, _compiled, _loops
from ldpaudit.protocols._kernels._bits import column_counts, unpack
from ldpaudit.protocols._kernels._compiled import Loops
from ldpaudit.protocols.categorical.local_hashing import _REPORT, _add_supports

INSTALLED = importlib.util.find_spec("numba") is not None
PLAIN = Loops(*(getattr(_loops, name) for name in Loops._fields))


@pytest.fixture(
    params=["plain", pytest.param("numba", marks=pytest.mark.skipif(not INSTALLED, reason="Numba"))]
)
def loops(request: pytest.FixtureRequest) -> Iterator[Loops]:
    """The loops, in which numbers wrap around."""
    if request.param == "plain":
        with np.errstate(over="ignore"):
            yield PLAIN
    else:
        found = _compiled.compiled(2**40)
        assert found is not None
        yield found


@pytest.mark.parametrize("num_buckets", [2, 3, 56])
def test_supports_of_hashes(loops: Loops, num_buckets: int) -> None:
    rng = np.random.default_rng(1)
    reports = np.empty(70, dtype=_REPORT)
    reports["seed"] = rng.integers(0, 2**64, 70, dtype=np.uint64)
    reports["bucket"] = rng.integers(0, num_buckets, 70)
    ours, other = (np.full((9, 2), 5, dtype=np.int64) for _ in range(2))
    _add_supports(reports, num_buckets, ours, loops)
    _add_supports(reports, num_buckets, other, None)
    assert ours.tolist() == other.tolist()


def test_bits_are_set(loops: Loops) -> None:
    positions = np.random.default_rng(2).integers(0, 187, (140, 9))
    packed = np.zeros((140, 24), dtype=np.uint8)
    loops.set_bits(packed, positions)
    table = np.zeros((140, 192), dtype=np.uint8)
    np.put_along_axis(table, positions, np.uint8(1), axis=1)
    assert np.array_equal(unpack(packed, 192), table)


@pytest.mark.parametrize("rows", [0, 8, 1016, 1024, 2040])
def test_bits_are_counted(loops: Loops, rows: int) -> None:
    packed = np.random.default_rng(rows).integers(0, 256, (rows, 16), dtype=np.uint8)
    packed[:, 0] |= 1  # as many as can be
    planes, totals = np.zeros((10, 2), dtype=np.uint64), np.full(128, 7, dtype=np.int64)
    loops.count_bits(packed.view(np.uint64), planes, totals)
    assert np.array_equal(totals, 7 + unpack(packed, 128).sum(axis=0, dtype=np.int64))
    assert not planes.any()


@pytest.mark.parametrize("single", [True, False])
def test_bits_are_proposed(loops: Loops, single: bool) -> None:
    rng = np.random.default_rng(6)
    packed = rng.integers(0, 256, (60, 8), dtype=np.uint8) & np.uint8(0b1011)
    first, lacking = 64 * np.arange(60), rng.integers(1, 6, 60)
    each = np.ones(60, dtype=np.int64) if single else lacking.copy()
    values = rng.integers(0, 64, each.sum(), dtype=np.uint16)
    held = [set(np.flatnonzero(row)) for row in unpack(packed, 64)]
    proposed = np.split(values, np.cumsum(each)[:-1])
    wanted = [len(bits) + more for bits, more in zip(held, lacking.tolist(), strict=True)]
    held = [bits | set(new.tolist()) for bits, new in zip(held, proposed, strict=True)]
    left = loops.propose(packed.reshape(-1), first, lacking, values, single)
    assert [set(np.flatnonzero(row)) for row in unpack(packed, 64)] == held
    short = {64 * i: wanted[i] - len(held[i]) for i in range(60) if wanted[i] > len(held[i])}
    assert dict(zip(first[:left].tolist(), lacking[:left].tolist(), strict=True)) == short


def test_folds_of_a_scrambled_design(loops: Loops, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_compiled, "_load", _forgetful(None))
    decoder = ldpaudit.mechanism("smss", k=60, epsilon=2.0).decoder
    vector = np.random.default_rng(3).normal(size=60)
    assert decoder._normal(loops, vector).tobytes() == decoder.normal(vector).tobytes()


def test_places_on_a_grid(loops: Loops) -> None:
    block, places = np.array([[0.25, -1.0], [1.5, 2.0]]), np.empty((2, 2), dtype=np.int64)
    assert loops.find_places(block, 4, -4, 12, places)
    assert places.tolist() == [[5, 0], [10, 12]]
    for odd in (0.3, -1.25, 2.25, np.nan, np.inf, -np.inf, 1e300, 0.25 + 2**-50):
        wrong = block.copy()
        wrong[0, 1] = odd
        assert not loops.find_places(wrong, 4, -4, 12, places)


@pytest.mark.parametrize("with_loops", [True, False])
def test_the_entry_that_was_not_sent_is_named(
    monkeypatch: pytest.MonkeyPatch, with_loops: bool
) -> None:
    monkeypatch.setattr(_compiled, "_load", _forgetful(PLAIN if with_loops else None))
    _compiled.compiled(2**21)
    m = ldpaudit.mechanism("she", k=4, epsilon=1.0)
    reports = m.privatize(np.zeros(3, dtype=np.int64), rng=np.random.default_rng(7))
    reports[0, 0] = 1e-18  # so near to 0 that it may be one
    m.aggregate(reports[:1])
    reports[1, 2] = 1 / 64
    with pytest.raises(ValueError, match=r"got an entry of 0\.015625"):
        m.aggregate(reports)


@pytest.mark.skipif(not INSTALLED, reason="Numba is not installed")
@pytest.mark.parametrize(
    ("name", "k", "epsilon"),
    [("olh", 64, 1.0), ("blh", 65, 2.0), ("ss", 500, 4.0), ("ss", 2100, 2.0),
     ("oue", 77, 1.0), ("she", 20, 1.0), ("mss", 900, 4.0), ("smss", 300, 4.0)],
)  # fmt: skip
def test_every_byte_is_the_same(
    monkeypatch: pytest.MonkeyPatch, name: str, k: int, epsilon: float
) -> None:
    def made() -> tuple[bytes, ...]:
        mechanism: Any = ldpaudit.mechanism(name, k=k, epsilon=epsilon)
        rng = np.random.default_rng(4)
        reports = mechanism.privatize(rng.integers(0, k, 5000), rng=rng)
        counts = mechanism.aggregate(reports)
        return reports.tobytes(), counts.supports.tobytes(), mechanism.estimate(counts).tobytes()

    monkeypatch.setattr(_compiled, "_load", _forgetful(None))
    plain = made()
    monkeypatch.undo()
    assert _compiled.compiled(2**40) is not None  # from now on for any work
    assert made() == plain


def test_little_work_loads_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_compiled, "_load", _forgetful(PLAIN))
    assert _compiled.compiled(2**21 - 1) is None
    assert _compiled.compiled(2**21) is PLAIN
    assert _compiled.compiled(1) is PLAIN  # once loaded, for all work


@pytest.mark.parametrize("with_loops", [True, False])
def test_counting_by_loops_and_by_adders(monkeypatch: pytest.MonkeyPatch, with_loops: bool) -> None:
    monkeypatch.setattr(_compiled, "_load", _forgetful(PLAIN if with_loops else None))
    _compiled.compiled(2**21)
    monkeypatch.setattr(_bits, "_CHUNK", 11 * 40)  # of 130 rows three chunks and a rest
    packed = np.random.default_rng(5).integers(0, 256, (130, 11), dtype=np.uint8)
    before, table = packed.copy(), unpack(packed, 85).astype(np.int64)
    assert np.array_equal(column_counts(packed, 85), table.sum(axis=0))
    some = np.arange(1, 130, 3)
    assert np.array_equal(column_counts(packed, 30, some), table[some, :30].sum(axis=0))
    assert np.array_equal(column_counts(packed, 30, some[:0]), np.zeros(30))
    assert np.array_equal(packed, before)


def _forgetful(loops: Loops | None) -> Any:
    """A loader that has not loaded yet."""
    from functools import cache

    return cache(lambda: loops)
