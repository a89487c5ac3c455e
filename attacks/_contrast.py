"""Which two of many inputs are told apart most, by reports of all of them."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any

import numpy as np

from ldpaudit.arrays import Bools, Floats, Ints

from ._by_value import ByValue
from ._encoding import Batch, Codes, parts_of
from ._lookup import numbered
from ._traces import traces_of

#: Most columns whose levels are compared for every pair, and most levels of each.
_COLUMNS, _LEVELS = 64, 256
#: Most codes that are counted where they stand.
_FEW = 4096
#: Most cells (levels x inputs^2) that are compared at a time.
_CELLS = 2**17
#: Most parts of reports whose traces are looked at as well.
_PARTS = 16
#: Standard errors by which a log ratio is brought nearer to 0.
_SHY = 2.0
#: Standard errors by which another pair must be told apart more than the first two.
_CLEARLY = 3.0
#: Log ratios this near are the same: then the pair that differs most in all is taken.
_NEAR = 0.1


def most_different(
    rows: Any, inputs: Ints, count: int, claimed: float, allowed: Bools | None = None
) -> tuple[int, int]:
    """Places of the pair whose clearest level has the largest log ratio, or that differs most.

    `inputs` are numbers below `count`, one per report, in random order. Log ratios count if they
    exceed the claim by more than chance; else the columns of all levels together decide. The
    first two (the ends, of a domain) stay the pair unless another differs more beyond chance.
    Only pairs that are `allowed` are compared.
    """
    codes = list(_codes(rows))
    left_out = np.eye(count, dtype=np.bool_) if allowed is None else ~allowed
    half = len(inputs) // 2
    parts = slice(half), slice(half, None)
    halves = [[_table(own, inputs, count, rows) for rows in parts] for own in codes]
    drawn = [np.bincount(inputs[rows], minlength=count) for rows in parts]
    pair, clear = _best([one + two for one, two in halves], drawn[0] + drawn[1], claimed, left_out)
    if clear or pair == (0, 1) or left_out[0, 1]:
        return pair
    found, _ = _best([one for one, _ in halves], drawn[0], claimed, left_out)
    early, late = ([own[rows] for own in codes] for rows in parts)
    if found == (0, 1) or _exceeds(found, early, inputs[:half], late, inputs[half:]) < _CLEARLY:
        return 0, 1
    return pair


def _best(
    tables: list[Floats], drawn: Ints, claimed: float, left_out: Bools
) -> tuple[tuple[int, int], bool]:
    """The pair that is told apart most, and whether the first two are surely not as clear.

    By how often each input gave each code of a column, and how often it was drawn.
    """
    count = len(left_out)
    clearest, apart = np.full((count, count), -np.inf), np.zeros((count, count))
    doubts = np.zeros((count, count))
    counts = np.concatenate(_most_told(tables, drawn), axis=1) + 0.5
    shares = np.log(counts / (drawn[:, None] + 1)).T
    likely, inverse = np.exp(shares), 1 / counts.T
    step = max(1, _CELLS // count**2)
    for start in range(0, len(shares), step):
        ratio, weight, doubt = (
            under[start : start + step, :, None] - sign * under[start : start + step, None, :]
            for under, sign in ((shares, 1), (likely, 1), (inverse, -1))
        )
        np.sqrt(doubt, out=doubt)
        sure = ratio - _SHY * doubt
        place = sure.argmax(axis=0)[None]
        best = np.take_along_axis(sure, place, axis=0)[0]
        clearer = best > clearest
        np.copyto(clearest, best, where=clearer)
        np.copyto(doubts, np.take_along_axis(doubt, place, axis=0)[0], where=clearer)
        apart += np.multiply(weight, ratio, out=ratio).sum(axis=0)
    apart -= len(shares) * (1 / drawn[:, None] + 1 / drawn[None, :])
    clearest[left_out] = apart[left_out] = -np.inf
    clear = False
    if clearest.max() > claimed:
        likely_most = clearest + (_SHY + 1) * doubts >= clearest.max()
        clear = not (likely_most[0, 1] or likely_most[1, 0])
        both = np.maximum(clearest, clearest.T)
        apart = np.where(both > both.max() - _NEAR, apart, -np.inf)
    one, two = divmod(int(apart.argmax()), count)
    return (min(one, two), max(one, two)), clear


def _most_told(tables: list[Floats], drawn: Ints) -> list[Floats]:
    """The columns that tell most, and of each the levels that came most."""
    kept = [table[:, table.any(axis=0)] for table in tables]
    kept.sort(key=lambda table: -_spread(table, drawn))
    return [
        table[:, np.argsort(-table.sum(axis=0), kind="stable")[:_LEVELS]]
        for table in kept[:_COLUMNS]
    ]


def _exceeds(
    pair: tuple[int, int], early: list[Codes], before: Ints, late: list[Codes], after: Ints
) -> float:
    """By how many standard errors a pair is told apart more than the first two.

    Scores are log ratios in the early reports, summed over columns; what they tell apart is
    counted in the late ones, so neither the choice of the pair nor the scores flatter it.
    """
    gap = variance = 0.0
    for sign, ends in ((1, pair), (-1, (0, 1))):
        learned, judged = ([np.flatnonzero(own == p) for p in ends] for own in (before, after))
        scores = [np.zeros(rows.size) for rows in judged]
        for known, seen in zip(early, late, strict=True):
            size = int(max(known.max(initial=0), seen.max(initial=0))) + 1
            counts = [np.bincount(known[rows], minlength=size) for rows in learned]
            one, two = (np.log((own + 0.5) / (own.sum() + 1)) for own in counts)
            for own, rows in zip(scores, judged, strict=True):
                own += (one - two)[seen[rows]]
        for side, own in zip((1, -1), scores, strict=True):
            gap += sign * side * float(own.mean())
            variance += float(own.var()) / own.size
    return gap / math.sqrt(variance) if variance else math.copysign(math.inf, gap)


def _codes(rows: Any) -> Iterator[Codes]:
    """Codes of all columns, of traces where reports have few parts, and of whole reports."""
    parts, batch = list(parts_of(rows)), Batch(rows)
    columns = [part.coder(part.found) for part in parts if part.coder is not None]
    whole = np.zeros(len(rows), dtype=np.int64)
    for codes in columns:
        _, whole = numbered(whole * (int(codes.max()) + 1) + codes)
        if whole.max() >= _LEVELS:
            break
    else:
        yield whole.astype(np.uint16)
    yield from columns
    if len(parts) <= _PARTS:
        for part in parts:
            few = ByValue.of(part)
            read = batch if few is None else Batch(few.values.found)
            for steps, coder in traces_of(part if few is None else few.values):
                found = read.part(steps)
                codes = found - found.min() if coder is None else coder(found).astype(np.int64)
                codes = np.minimum(codes, 2**16 - 1).astype(np.uint16)
                yield codes if few is None else codes[few.places]


def _table(codes: Codes, inputs: Ints, count: int, rows: slice) -> Floats:
    """How often each input gave each code in these rows, shape (inputs, codes)."""
    size = int(codes.max()) + 1
    if size > _FEW:  # then rather sorted than a table of nothing
        found, codes = numbered(codes)
        size = len(found)
    cells = np.bincount(inputs[rows] * size + codes[rows], minlength=count * size)
    return cells.reshape(count, size).astype(np.float64)


def _spread(table: Floats, drawn: Ints) -> float:
    """The chi-square statistic of the clearest level."""
    if table.shape[1] < 2:
        return 0.0
    expected = np.outer(drawn, table.sum(axis=0) / drawn.sum())
    return float(np.max(((table - expected) ** 2 / np.maximum(expected, 0.5)).sum(axis=0)))
