"""Noise that comes again: what a report tells whose place in an earlier batch is known."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from ldpaudit.arrays import Bools, Floats, Words

from ._encoding import Codes

#: Five standard deviations of a fair coin, by which rarer repetition than expected is none.
_DOUBT = 2.5


@dataclass(frozen=True)
class RepeatedNoise:
    """Two batches of labelled reports, remembered by place.

    A generator that is seeded anew for every batch gives each place the noise that it had
    before: the same input then gives the same report, and another report means the other input.
    """

    memory: tuple[tuple[Words, Bools], tuple[Words, Bools]]
    by_same: float  # how often the report is the same where the input is,
    by_other: float  # and where it is the other one

    @classmethod
    def learn(cls, keys: Words, first: Bools) -> tuple[RepeatedNoise, Floats]:
        """From the two halves of the training reports; the log losses of the second by the first.

        Two rates are all that is learned of so many reports, so the losses need no third batch.
        """
        half = len(first) // 2
        memory = ((keys[:half], first[:half]), (keys[half : 2 * half], first[half : 2 * half]))
        (before, named), (now, truth) = memory
        equal, same = before == now, named == truth
        if same.all() or not same.any():  # the labels are in no random order
            return cls(memory, 0.5, 0.5), np.full(half, math.log(2))
        rates = (
            (np.count_nonzero(equal & rows) + 0.5) / (np.count_nonzero(rows) + 1)
            for rows in (same, ~same)
        )
        repeated, share = cls(memory, *rates), same.mean()
        # Of four kinds of places: other and same reports, of another and of the same input.
        towards = repeated._towards(np.array([[False], [True]]))
        weights = np.array([0.5 / (1 - share), 0.5 / share])
        losses = weights * np.logaddexp(0, towards * [1, -1])
        return repeated, losses[equal.astype(np.int64), same.astype(np.int64)]

    def score(self, keys: Words) -> Floats | None:
        """Scores of a batch, 0 beyond the places that are known; None where nothing comes again.

        A place says its part twice where the two batches had different inputs there.
        """
        (before, named), (_, again) = self.memory
        known = min(len(keys), len(before))
        if not known:
            return None
        asked, expected = keys[:known], (self.by_same + self.by_other) / 2
        doubt = _DOUBT * math.sqrt(1 / known + 1 / len(before))
        if np.mean(before[:known] == asked) < expected - doubt:
            return None
        out = np.zeros(len(keys))
        differ = (named != again)[:known]
        for (remembered, inputs), counts in zip(self.memory, (True, differ), strict=True):
            towards = self._towards(remembered[:known] == asked)
            out[:known] += np.where(inputs[:known], towards, -towards) * counts
        return out

    def _towards(self, equal: Bools) -> Floats:
        """Log ratios of the input that is remembered to the other one."""
        same = math.log(self.by_same / self.by_other)
        return np.where(equal, same, math.log((1 - self.by_same) / (1 - self.by_other)))


def mixed(keys: Words, codes: Codes) -> Words:
    """One number per report, the same for the same codes of all columns so far, from zeros on.

    In place: of many columns half of the time would go into new arrays.
    """
    np.multiply(keys, np.uint64(0x9E3779B97F4A7C15), out=keys)
    return np.add(keys, codes, out=keys)
