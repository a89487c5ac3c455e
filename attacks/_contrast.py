"""Which two of many inputs are told apart most, by reports of all of them."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator
from typing import Any

import numpy as np

from ldpaudit.arrays import Bools, Ints

from ._by_value import ByValue
from ._encoding import Batch, Coder, Codes, Flag, parts_of
from ._steps import Step
from ._tables import Columns, Tables, Told, scores
from ._traces import glances_of, traces_of

#: Most columns whose levels are compared for every pair, and most levels of each.
_COLUMNS, _LEVELS = 64, 256
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
    columns = _columns(rows)
    left_out = np.eye(count, dtype=np.bool_) if allowed is None else ~allowed
    half = len(inputs) // 2
    before, after = inputs[:half], inputs[half:]
    early, late = columns.part(slice(half)), columns.part(slice(half, None))
    first, second = early.tables(before, count), late.tables(after, count)
    pair, clear = _best(first.together(second), claimed, left_out)
    if clear or pair == (0, 1) or left_out[0, 1]:
        return pair
    found, _ = _best(first, claimed, left_out)
    if found == (0, 1) or _exceeds(found, early, before, late, after) < _CLEARLY:
        return 0, 1
    return pair


def _best(tables: Tables, claimed: float, left_out: Bools) -> tuple[tuple[int, int], bool]:
    """The pair that is told apart most, and whether the first two are surely not as clear.

    By how often each input gave each code of a column, and how often it was drawn.
    """
    count, drawn = len(left_out), tables.drawn
    clearest, apart = np.full((count, count), -np.inf), np.zeros((count, count))
    doubts = np.zeros((count, count))
    counts = tables.most_told(_COLUMNS, _LEVELS) + 0.5
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


def _exceeds(
    pair: tuple[int, int], early: Columns, before: Ints, late: Columns, after: Ints
) -> float:
    """By how many standard errors a pair is told apart more than the first two.

    Scores are log ratios in the early reports, summed over columns; what they tell apart is
    counted in the late ones, so neither the choice of the pair nor the scores flatter it.
    """
    gap = variance = 0.0
    for sign, ends in ((1, pair), (-1, (0, 1))):
        learned, judged = ([np.flatnonzero(own == p) for p in ends] for own in (before, after))
        found = scores(early, learned, late, judged)
        for side, own in zip((1, -1), found, strict=True):
            gap += sign * side * float(own.mean())
            variance += float(own.var()) / own.size
    return gap / math.sqrt(variance) if variance else math.copysign(math.inf, gap)


def _columns(rows: Any) -> Columns:
    """All columns, those of traces where reports have few parts, and one of whole reports."""
    parts, batch = list(parts_of(rows)), Batch(rows)
    flags = [part.found for part in parts if isinstance(part.coder, Flag)]
    own = [part for part in parts if part.coder is not None and not isinstance(part.coder, Flag)]
    others = [part.coder(part.found) for part in own if part.coder is not None]
    columns = Columns.of(flags, others)
    whole = columns.whole(_LEVELS)
    more, told = ([] if whole is None else [whole.astype(np.uint16)]), list[Told]()
    if len(parts) > _PARTS:
        more += _read(glances_of(parts[0]), batch)
    else:
        for part in parts:
            few = ByValue.of(part)
            if few is None:
                more += _read(traces_of(part), batch)
                continue
            by = next(place for place, one in enumerate(own) if one is part)
            for codes in _read(traces_of(few.values), Batch(few.values.found)):
                told.append(Told(by, np.append(0, codes).astype(np.uint16)))  # 0 has not come
    return columns.beside(more, told)


def _read(traces: Iterable[tuple[tuple[Step, ...], Coder | None]], batch: Batch) -> Iterator[Codes]:
    for steps, coder in traces:
        found = batch.part(steps)
        codes = found - found.min() if coder is None else coder(found).astype(np.int64)
        yield np.minimum(codes, 2**16 - 1).astype(np.uint16)
