"""Which two of many inputs are told apart most, by reports of all of them."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any

import numpy as np

from ldpaudit.arrays import Bools, Floats, Ints

from ._encoding import Batch, Codes, columns_of, parts_of
from ._lookup import numbered
from ._traces import ByValue, traces_of

#: Most columns whose levels are compared for every pair, and most levels of each.
_COLUMNS, _LEVELS = 64, 256
#: Most codes that are counted where they stand.
_FEW = 4096
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
    pair, clear = _best(codes, inputs, claimed, left_out)
    if clear or pair == (0, 1) or left_out[0, 1]:
        return pair
    half = len(inputs) // 2
    early, late = ([own[rows] for own in codes] for rows in (slice(half), slice(half, None)))
    found, _ = _best(early, inputs[:half], claimed, left_out)
    if found == (0, 1) or _exceeds(found, early, inputs[:half], late, inputs[half:]) < _CLEARLY:
        return 0, 1
    return pair


def _best(
    codes: list[Codes], inputs: Ints, claimed: float, left_out: Bools
) -> tuple[tuple[int, int], bool]:
    """The pair that is told apart most, and whether the first two are surely not as clear."""
    count = len(left_out)
    drawn = np.bincount(inputs, minlength=count)
    tables = sorted(
        (_table(own, inputs, count) for own in codes), key=lambda table: -_spread(table, drawn)
    )
    clearest, apart = np.full((count, count), -np.inf), np.zeros((count, count))
    doubts = np.zeros((count, count))
    for table in tables[:_COLUMNS]:
        total = table.sum(axis=0)
        table = table[:, np.argsort(-total, kind="stable")[:_LEVELS]] + 0.5
        shares, inverse = np.log(table / (drawn[:, None] + 1)), 1 / table
        for level in range(table.shape[1]):
            ratio = np.subtract.outer(shares[:, level], shares[:, level])
            doubt = np.sqrt(np.add.outer(inverse[:, level], inverse[:, level]))
            sure = ratio - _SHY * doubt
            clearer = sure > clearest
            np.copyto(clearest, sure, where=clearer)
            np.copyto(doubts, doubt, where=clearer)
            likely = np.exp(shares[:, level])
            apart += np.subtract.outer(likely, likely) * ratio
        apart -= table.shape[1] * (1 / drawn[:, None] + 1 / drawn[None, :])
    clearest[left_out] = apart[left_out] = -np.inf
    clear = False
    if clearest.max() > claimed:
        likely = clearest + (_SHY + 1) * doubts >= clearest.max()
        clear = not (likely[0, 1] or likely[1, 0])
        both = np.maximum(clearest, clearest.T)
        apart = np.where(both > both.max() - _NEAR, apart, -np.inf)
    one, two = divmod(int(apart.argmax()), count)
    return (min(one, two), max(one, two)), clear


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
    columns = [column(batch) for column in columns_of(parts)]
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


def _table(codes: Codes, inputs: Ints, count: int) -> Floats:
    """How often each input gave each code that came, shape (inputs, codes)."""
    places, size = codes.astype(np.int64), int(codes.max()) + 1
    if size > _FEW:  # then rather sorted than a table of nothing
        found, places = numbered(codes)
        size = len(found)
    cells = np.bincount(inputs * size + places, minlength=count * size).reshape(count, size)
    return cells[:, cells.any(axis=0)].astype(np.float64)


def _spread(table: Floats, drawn: Ints) -> float:
    """The chi-square statistic of the clearest level."""
    if table.shape[1] < 2:
        return 0.0
    expected = np.outer(drawn, table.sum(axis=0) / drawn.sum())
    return float(np.max(((table - expected) ** 2 / np.maximum(expected, 0.5)).sum(axis=0)))
