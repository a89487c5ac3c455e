"""What reports say about all pairs of inputs: counted once, and rules fixed on a pilot."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator
from typing import NamedTuple

import numpy as np

from ldpaudit.arrays import Floats
from ldpaudit.claim import Claim
from ldpaudit.contracts import Mechanism, Reports, Values
from ldpaudit.counts import EventCounts, GuessCounts
from ldpaudit.sampling import chunks, pieces, report_entries
from ldpaudit.selection.pairs import Pairs, Table

#: Thresholds tried for each pair.
LEVELS = 16
#: Log-likelihoods this close are the same.
_SAME = 1e-6
#: Least and largest threshold: a ratio of 1 says nothing, an infinite one exceeds them all.
LEAST, MOST = 1e-9, 1e300
#: Entries (values x values x reports) from which the thresholds are taken.
_LOOKED_AT = 2**21
#: Weight, in reports, of the prior opinion that a pair leaks what is claimed.
_STRENGTH = 2.0
#: Standard errors of the audit to come that are taken off what a pilot promises.
_MARGIN = 1.645


class PairCounts(NamedTuple):
    """Reports of u that speak for u, and for w, by more than each of c thresholds.

    `right` and `wrong` have shape (c, values, values), indexed [threshold, u, w]; `drawn`
    holds the reports of each value.
    """

    right: Values
    wrong: Values
    drawn: Values

    def merged(self, other: PairCounts) -> PairCounts:
        """The tally of both."""
        return PairCounts(*(one + two for one, two in zip(self, other, strict=True)))

    def guesses(self, level: int, pairs: Pairs, place: int) -> GuessCounts:
        """One pair's guesses that are decided by a threshold."""
        u, w = pairs.first[place], pairs.second[place]
        correct = int(self.right[level, u, w] + self.right[level, w, u])
        wrong = int(self.wrong[level, u, w] + self.wrong[level, w, u])
        return GuessCounts(2, correct, correct + wrong, int(self.drawn[u] + self.drawn[w]))

    def event(self, level: int, pairs: Pairs, place: int, side: int) -> EventCounts:
        """How often one pair's reports speak for its first input (side 1) or second (-1)."""
        u, w = (int(ends[place]) for ends in (pairs.first, pairs.second)[::side])
        hits, false_hits = int(self.right[level, u, w]), int(self.wrong[level, w, u])
        return EventCounts(hits, int(self.drawn[u]), false_hits, int(self.drawn[w]))


def tally(rows: Iterable[tuple[Floats, Values | None]], levels: Floats) -> PairCounts:
    """Count from rows of a table, value by value; with how often each row was seen."""
    right, wrong = np.zeros((2, *levels.shape), dtype=np.int64)
    drawn = np.zeros(levels.shape[1], dtype=np.int64)
    for u, (table, seen) in enumerate(rows):
        drawn[u] = len(table) if seen is None else seen.sum()
        margin = margins(table, u)
        for level in range(len(levels)):
            above, below = margin > levels[level, u], margin < -levels[level, u]
            right[level, u] = np.count_nonzero(above, axis=0) if seen is None else seen @ above
            wrong[level, u] = np.count_nonzero(below, axis=0) if seen is None else seen @ below
    return PairCounts(right, wrong, drawn)


def margins(table: Floats, place: int) -> Floats:
    """Log likelihood ratio of one input against each other one, per report: shape (reports, k).

    `table` holds log likelihoods, one row per report; all reports are of the input at `place`.
    """
    with np.errstate(invalid="ignore"):
        margin: Floats = table[:, place, None] - table
    margin[:, place] = 0.0
    if np.isnan(margin).any():
        raise ValueError("log-likelihoods of a report that was sent must not be nan or all -inf.")
    return margin


def by_value(
    table: Table, reports: Reports, own: Values, num_values: int
) -> Iterator[list[tuple[Floats, Values | None]]]:
    """Rows of the table, value by value; reports that are few numbers are read once each."""
    for rows, read, which in pieces(reports, num_values):
        scores = np.asarray(table(read), dtype=np.float64)
        if scores.shape != (len(read), num_values):
            raise ValueError(
                f"a report must have one score for each of {num_values} values, "
                f"got shape {scores.shape} for {len(read)} reports."
            )
        mine = own[rows]
        if isinstance(which, slice):
            yield [(scores[mine == u], None) for u in range(num_values)]
        else:
            places = mine * len(read) + which
            seen = np.bincount(places, minlength=num_values * len(read))
            numbers = seen.reshape(num_values, len(read))
            yield [(scores[n > 0], n[n > 0]) for n in numbers]


def watch(
    mechanism: Mechanism,
    table: Table,
    pairs: Pairs,
    owns: Iterable[Values],
    levels: Floats,
    rng: np.random.Generator,
) -> PairCounts:
    """Draw reports of the values `owns` says, batch by batch, and count."""
    size = pairs.values.size
    square = pairs.square(levels)
    total = tally([(np.empty((0, size)), None)] * size, square)
    for own in owns:
        reports = mechanism.privatize(pairs.values[own], rng=rng)
        for rows in by_value(table, reports, own, size):
            total = total.merged(tally(rows, square))
    return total


def uniformly(
    total: int, mechanism: Mechanism, num_values: int, rng: np.random.Generator
) -> Iterator[Values]:
    """Places of values, drawn evenly and independently, batch by batch."""
    for size in chunks(total, report_entries(mechanism)):
        yield rng.integers(0, num_values, size)


def pilot(
    mechanism: Mechanism, table: Table, pairs: Pairs, reports: int, rng: np.random.Generator
) -> tuple[Floats, PairCounts]:
    """Thresholds to try, shape (c, pairs), and the tally of `reports` pilot reports at them."""
    num_values = pairs.values.size
    each = max(1, min(reports // num_values, _LOOKED_AT // num_values**2))
    own = np.tile(np.arange(num_values), each)
    seen, start = [], 0
    for size in chunks(own.size, report_entries(mechanism)):
        sent = mechanism.privatize(pairs.values[own[start : start + size]], rng=rng)
        seen.append(np.asarray(table(sent), dtype=np.float64))
        start += size
    tables = np.concatenate(seen).reshape(each, num_values, num_values).transpose(1, 0, 2)
    first = np.stack([margins(rows, u) for u, rows in enumerate(tables)])
    levels = _levels(
        np.hstack([first[pairs.first, :, pairs.second], first[pairs.second, :, pairs.first]])
    )
    total = tally([(rows, None) for rows in tables], pairs.square(levels))
    rest = uniformly(max(0, reports - own.size), mechanism, num_values, rng)
    return levels, total.merged(watch(mechanism, table, pairs, rest, levels, rng))


def _levels(margin: Floats) -> Floats:
    """Thresholds a pair from margins of shape (pairs, n): each a little below one that was seen."""
    strength = np.sort(np.abs(margin), axis=1)
    speaks = np.count_nonzero(strength > LEAST, axis=1)
    steps = np.linspace(0, 1, LEVELS)[:, None]
    places = strength.shape[1] - speaks + np.round(steps * np.maximum(speaks - 1, 0)).astype(int)
    taken = np.take_along_axis(strength, np.minimum(places.T, strength.shape[1] - 1), axis=1).T
    levels = np.clip(taken * (1 - _SAME), LEAST, MOST)
    levels[0] = LEAST  # takes in what the pilot has not seen below
    return levels


class Rules(NamedTuple):
    """For each pair: when a guess is decided, which event is watched, what both promise."""

    decide: Floats
    event: Floats
    side: Values
    promised: Floats


def fixed(levels: Floats, seen: PairCounts, pairs: Pairs, claim: Claim, *, reports: float) -> Rules:
    """The rules that promise most of an audit with so many reports per pair.

    A promise is the log ratio that a pilot shows, drawn towards the claim by as much as
    two reports would, less the margin of an audit: few reports prove little of a pair,
    and of very many pairs some are lucky.
    """
    u, w = pairs.first, pairs.second
    own, other = seen.drawn[u], seen.drawn[w]
    correct = seen.right[:, u, w] + seen.right[:, w, u]
    mistaken = seen.wrong[:, u, w] + seen.wrong[:, w, u]
    both = own + other
    guess = _promise(correct, mistaken, both, both, 0.0, reports / both, claim)
    first = _promise(
        seen.right[:, u, w], seen.wrong[:, w, u], own, other, 1.0, reports / both, claim
    )
    second = _promise(
        seen.right[:, w, u], seen.wrong[:, u, w], other, own, 1.0, reports / both, claim
    )
    side = np.where(first.max(axis=0) >= second.max(axis=0), 1, -1)
    event = np.where(side > 0, first, second)
    every = np.arange(len(pairs))
    return Rules(
        levels[guess.argmax(axis=0), every],
        levels[event.argmax(axis=0), every],
        side,
        np.maximum(guess.max(axis=0), event.max(axis=0)),
    )


def _promise(
    hits: Values,
    false_hits: Values,
    own: Values,
    other: Values,
    apart: float,
    scale: Floats,
    claim: Claim,
) -> Floats:
    """Log ratio less its margin; `apart` is 1 where both counts have trials of their own."""
    share = 1 / (1 + math.exp(-claim.epsilon))
    excess = np.maximum(hits - claim.delta * own, 0.0)
    ratio = (excess + _STRENGTH * share) / own / (false_hits + _STRENGTH * (1 - share)) * other
    with np.errstate(divide="ignore", invalid="ignore"):
        p = excess / own
        variance = (1 / p - apart) / (scale * own) + (ratio / p - apart) / (scale * other)
        promise = np.log(ratio) - _MARGIN * np.sqrt(variance)
    return np.where(excess > 0, promise, -math.inf)
