"""Counting arithmetic progressions modulo a prime: how many of them hold each number.

A progression is start, start + step, ..., start + (length - 1) step modulo q. Added up
one number after the other, n of them take n * length additions. Two identities save most
of these.

*Short steps.* For a bound D some 0 < d <= D has c = d * step modulo q or its negative at
most q / D (Dirichlet). Every d-th number of the progression then advances by c alone, in d
runs that pass the whole of [0, q) rarely. On the line a run of step c is a difference: +1
where it begins, -1 one step past its end. One table row for each c collects these, and a
running sum with stride c turns it into counts. That costs about D + length / D marks per
progression and q**2 / D for the rows, instead of `length`.

*All of one step at once.* In the order 0, step, 2 step, ... a progression is an interval,
so that they need one running sum of q numbers, however many they are.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from ldpaudit.arrays import Ints

#: Costs in additions of one number: of a mark, of a cell of a row or of an order (measured).
_MARK, _CELL = 5.0, 1.5
#: Cells of the tables worked on at a time.
_CHUNK = 2**17


def count_progressions(q: int, starts: Ints, steps: Ints, length: int) -> Ints:
    """How many progressions hold each of 0 .. q - 1; starts in [0, q), steps in [1, q).

    By whichever way costs least: additions, short steps, or all of one step at once.
    """
    num_steps = min(starts.size, q - 1)
    bound = best_bound(q, starts.size, length)
    costs = {
        _one_by_one: starts.size * length,
        _by_short_steps: _short_cost(q, starts.size, length, bound),
        _by_step: _CELL * num_steps * q + _MARK * starts.size,
    }
    way = min(costs, key=lambda name: costs[name])
    return way(q, starts, steps, length)


def best_bound(q: int, num_progressions: int, length: int) -> int:
    """The bound D of least cost."""
    n = max(1, num_progressions)
    square = (_CELL * q * q + 0.42 * _MARK * n * length) / (0.94 * _MARK * n)
    return max(1, min(round(math.sqrt(square)), length, q - 1))


def _short_cost(q: int, num_progressions: int, length: int, bound: int) -> float:
    """Here d is 0.47 D on average, and c is 0.42 q / D."""
    marks = num_progressions * (0.94 * bound + 0.42 * length / bound)
    return _MARK * marks + _CELL * q * q / bound


def _one_by_one(q: int, starts: Ints, steps: Ints, length: int) -> Ints:
    """All progressions advance together."""
    counts = np.zeros(q, dtype=np.int64)
    for first in range(0, starts.size, _CHUNK):
        here, step = starts[first : first + _CHUNK].copy(), steps[first : first + _CHUNK]
        for _ in range(length):
            counts += np.bincount(here, minlength=q)
            here += step
            here -= q * (here >= q)
    return counts


def _by_step(q: int, starts: Ints, steps: Ints, length: int) -> Ints:
    """One running sum for all progressions of a step."""
    by_step = np.argsort(steps, kind="stable")
    starts, steps = starts[by_step], steps[by_step]
    counts, places = np.zeros(q, dtype=np.int64), np.arange(q)
    firsts = np.flatnonzero(np.diff(steps, prepend=0))
    for first, last in pairwise([*firsts.tolist(), steps.size]):
        order = places * steps[first] % q
        begun = np.bincount(starts[first:last], minlength=q)[order]
        sums = np.cumsum(np.concatenate(([0], begun[q - length + 1 :], begun)))
        counts[order] += sums[length:] - sums[:q]
    return counts


def short_steps(q: int, steps: Ints, bound: int) -> tuple[Ints, Ints]:
    """Numbers d <= bound, and d * step modulo q as a signed number of least size among such d.

    Euclid's algorithm: the remainders of (q, step) belong to multiples d that grow.
    """
    before, here = np.full(steps.size, q), steps.copy()
    d_before, d_here = np.zeros(steps.size, dtype=np.int64), np.ones(steps.size, dtype=np.int64)
    sign = np.ones(steps.size, dtype=np.int64)
    active = np.arange(steps.size)
    while active.size:
        quotient = before[active] // here[active]
        following = d_before[active] + quotient * d_here[active]
        active, quotient, following = (
            array[keep]
            for keep in [(following <= bound) & (here[active] > 1)]
            for array in (active, quotient, following)
        )
        rest = before[active] - quotient * here[active]
        before[active], here[active] = here[active], rest
        d_before[active], d_here[active] = d_here[active], following
        sign[active] = -sign[active]
    return d_here, sign * here


def _by_short_steps(
    q: int, starts: Ints, steps: Ints, length: int, bound: int | None = None
) -> Ints:
    """Marks in a row for each stride, then running sums of the rows."""
    bound = best_bound(q, starts.size, length) if bound is None else bound
    multiples, signed = short_steps(q, steps, min(bound, length))
    # Seen from its other end a progression has the negative step: all d-fold steps go upwards.
    down = signed < 0
    starts = np.where(down, (starts + (length - 1) * steps) % q, starts)
    steps, strides = np.where(down, q - steps, steps), np.abs(signed)
    order = np.argsort(strides, kind="stable")
    starts, steps, multiples, strides = (
        array[order] for array in (starts, steps, multiples, strides)
    )
    counts = np.zeros(q, dtype=np.int64)
    rows, first = max(1, _CHUNK // q), 0
    while first < starts.size:
        low = int(strides[first])
        last = int(np.searchsorted(strides, low + rows))
        here = slice(first, last)
        runs = _Runs.of(q, starts[here], steps[here], length, multiples[here], strides[here])
        marks = runs.marks(q, low, rows)
        for stride in sorted(set(strides[here].tolist())):
            padded = np.zeros((-(-q // stride), stride), dtype=np.int64)
            padded.reshape(-1)[:q] = marks[stride - low]
            np.cumsum(padded, axis=0, out=padded)
            counts += padded.reshape(-1)[:q]
        first = last
    return counts


@dataclass(frozen=True)
class _Runs:
    """Progressions on the line with steps upwards: where each begins and ends, and its stride."""

    begin: Ints
    past: Ints  # one stride past the end
    stride: Ints

    @classmethod
    def of(
        cls, q: int, starts: Ints, steps: Ints, length: int, multiples: Ints, strides: Ints
    ) -> _Runs:
        """The runs of progressions: for each, every d-th number from the first d on."""
        owner = np.repeat(np.arange(starts.size), multiples)
        offset = np.arange(owner.size) - (np.cumsum(multiples) - multiples)[owner]
        whole, rest = length // multiples, length % multiples
        begin = np.remainder(starts[owner] + offset * steps[owner], q)
        stride = strides[owner]
        return cls(begin, begin + stride * (whole[owner] + (offset < rest[owner])), stride)

    def marks(self, q: int, low: int, rows: int) -> Ints:
        """+1 where a run begins in [0, q), also after each wrap, and -1 where it has ended."""
        row = (self.stride - low) * q
        wraps = (self.past - self.stride) // q
        begun = [row + self.begin]
        if wrapped := int(wraps.sum()):
            owner = np.repeat(np.arange(row.size), wraps)
            turn = (np.arange(wrapped) - (np.cumsum(wraps) - wraps)[owner] + 1) * q
            begin, stride = self.begin[owner], self.stride[owner]
            # Quotients of whole numbers below 2**53: none is rounded across a whole number.
            taken = np.ceil((turn - begin) / stride).astype(np.int64)
            begun.append(row[owner] + begin + stride * taken - turn)
        marks = np.bincount(np.concatenate(begun), minlength=rows * q)
        end = self.past - wraps * q
        marks -= np.bincount((row + end)[end < q], minlength=rows * q)
        return marks.reshape(rows, q)
