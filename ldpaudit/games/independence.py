"""Whether reports are independent draws: what every bound assumes, and what sources may break.

Four ways of a source to be none, each looked for in the order in which reports came: what is
said of one report tells of later ones; blocks or halves of reports differ; reports come again
at one distance; and too many come again equally often. Every test is a tail bound at its own
share of alpha, so independent reports are called dependent with probability alpha at most
(centres and variances are estimated, from all reports). What passes is no proof: reports that
are shuffled after they were drawn hide all but the last.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from ldpaudit.arrays import Bools, Floats, Ints, Words
from ldpaudit.contracts import HasOrder
from ldpaudit.games.evidence import Prepared
from ldpaudit.games.pair_game import PairGame
from ldpaudit.sampling import stream

#: Error probability at which independent reports are called dependent.
LEVEL = 1e-3
#: Tests of a sequence, each with a share of the level.
_TESTS = 4
#: Calls of a mechanism whose reports are looked at, and most reports of each.
_CALLS, _CALL = 64, 512
#: Most pairs of equal reports whose distances are counted.
_PAIRS = 2**21
#: Largest share of reports that come c times among those that come c - 1 to c + 1 times.
_ALIKE = math.sqrt(1.5) / (2 + math.sqrt(1.5))


@dataclass(frozen=True)
class OrderedReports:
    """Reports in the order in which they came.

    Attributes
    ----------
    said : array of shape (n,)
        What a witness that was fixed before says of each report; any numbers.
    first : array of bool, shape (n,)
        Which are of the first of two inputs.
    batch : array of int, shape (n,), optional
        The call or file that each came from, in order; tests then do not reach across.
    keys : array of uint64, shape (n,), optional
        A number for each different report.
    """

    said: Floats
    first: Bools
    batch: Ints | None = None
    keys: Words | None = None


def dependence(ordered: OrderedReports, alpha: float = LEVEL) -> str | None:
    """Why reports are no independent draws, at error probability `alpha`; None if nothing says so.

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> first = rng.random(4000) < 0.5
    >>> dependence(OrderedReports(first + rng.normal(size=4000), first)) is None
    True
    >>> dependence(OrderedReports(first + np.repeat(rng.normal(size=2000), 2), first))
    'what is said of a report tells of the next one'
    """
    share = alpha / (_TESTS * 2)
    for series in _series(ordered):
        for test in (_next, _far, _blocks, _halves):
            reason = test(series, ordered, share / 2)
            if reason is not None:
                return reason
    if ordered.keys is not None:
        return _distances(ordered.keys, alpha / 4) or _repeats(ordered.keys, alpha / 4)
    return None


def _series(ordered: OrderedReports) -> Iterator[Floats]:
    """What is said, each input's share of lower ranks less its mean; and towards the input."""
    said = np.zeros(len(ordered.said))
    for side in (ordered.first, ~ordered.first):
        own = ordered.said[side]
        if not own.size:
            continue
        _, places, counts = np.unique(own, return_inverse=True, return_counts=True)
        ranks = (np.cumsum(counts) - counts / 2) / own.size
        said[side] = ranks[places] - 0.5
    yield said
    yield np.where(ordered.first, said, -said)


def _tail(total: float, variance: float, largest: float, tests: int = 1) -> float:
    """Two-sided Freedman bound of a sum of centred terms, for the largest of so many sums."""
    size = abs(total)
    if not size:
        return 1.0
    return min(1.0, 2 * tests * math.exp(-(size**2) / (2 * variance + 2 * largest * size / 3)))


def _next(series: Floats, ordered: OrderedReports, alpha: float) -> str | None:
    """Products of neighbours."""
    inside = np.ones(len(series) - 1, dtype=np.bool_)
    if ordered.batch is not None:
        inside = ordered.batch[1:] == ordered.batch[:-1]
    products = (series[1:] * series[:-1])[inside]
    variance = float(np.mean(series**2)) ** 2 * products.size
    if _tail(float(products.sum()), variance, 0.25) < alpha:
        return "what is said of a report tells of the next one"
    return None


def _far(series: Floats, ordered: OrderedReports, alpha: float) -> str | None:  # noqa: ARG001
    """Products of reports at every distance up to half of all."""
    n = len(series)
    spectrum = np.fft.rfft(series, 2 ** math.ceil(math.log2(2 * n)))
    sums = np.fft.irfft(np.abs(spectrum) ** 2)[1 : n // 2 + 1]
    if not sums.size:
        return None
    lag = int(np.argmax(np.abs(sums)))
    variance = float(np.mean(series**2)) ** 2 * (n - 1 - lag)
    if _tail(float(sums[lag]), variance, 0.25, sums.size) < alpha:
        return f"what is said of a report tells of the one {lag + 1:,} later"
    return None


def _blocks(series: Floats, ordered: OrderedReports, alpha: float) -> str | None:
    """Sums over calls and files, or over blocks of a power of two."""
    variance, n = float(np.mean(series**2)), len(series)
    numberings = [np.arange(n) // 2**power for power in range(4, max(5, n.bit_length() - 1), 3)]
    if ordered.batch is not None:
        numberings.append(np.unique(ordered.batch, return_inverse=True)[1])
    for numbering in numberings:
        sums, sizes = np.bincount(numbering, weights=series), np.bincount(numbering)
        sizes = np.maximum(sizes, 1)
        worst = int(np.argmax(sums**2 / sizes))
        tests = len(sums) * len(numberings)
        if _tail(float(sums[worst]), variance * sizes[worst], 0.5, tests) < alpha:
            return "reports of one block differ from all others"
    return None


def _halves(series: Floats, ordered: OrderedReports, alpha: float) -> str | None:
    """A trend: reports of either input weighed by how late they came."""
    late = np.zeros(len(series))
    for side in (ordered.first, ~ordered.first):
        count = int(side.sum())
        late[side] = (np.arange(count) + 0.5) / max(count, 1) - 0.5
    for weight in (late, np.where(ordered.first, late, 0), np.where(ordered.first, 0, late)):
        variance = float(np.mean(series**2) * (weight**2).sum())
        if _tail(float(series @ weight), variance, 0.25, 3) < alpha:
            return "the first half of the reports differs from the second"
    return None


def _distances(keys: Words, alpha: float) -> str | None:
    """Equal reports lie anywhere, if they are draws: at no distance too many pairs of them."""
    from scipy.special import pdtrc

    n = len(keys)
    order = np.argsort(keys, kind="stable")
    _, starts, counts = np.unique(keys[order], return_index=True, return_counts=True)
    again = counts > 1
    pairs = np.cumsum(np.sort(counts[again] - 1))
    if not pairs.size:
        return None
    # Reports that come again but a few times say most; of others there are too many pairs.
    few = np.sort(counts[again])[np.searchsorted(pairs, _PAIRS).clip(max=pairs.size - 1)]
    chosen = again & (counts <= max(few, 2))
    following = np.repeat(chosen, counts)
    following[starts] = False
    gaps = order[following] - order[np.flatnonzero(following) - 1]
    seen = np.bincount(gaps)
    # Of m + 1 equal reports the next one is a given step away with probability m / n at most.
    expected = float(np.sum((counts[chosen] - 1.0) ** 2)) / n * 2
    if n * float(pdtrc(seen.max() - 1, max(expected, 1e-9))) < alpha:
        return f"equal reports come {int(seen.argmax()):,} apart too often"
    return None


def _repeats(keys: Words, alpha: float) -> str | None:
    """How often reports come again mixes Poisson laws, if they are draws.

    Then c! N_c is log-convex in c, so that of the reports that come c - 1, c or c + 1 times,
    c from 2 on, those that come c times are no more than a share of 0.38 in expectation.
    """
    from scipy.special import bdtrc

    _, counts = np.unique(keys, return_counts=True)
    times = np.append(np.bincount(counts), [0, 0])
    tests: int = max(1, int(np.count_nonzero(times[2:])))
    for c in np.flatnonzero(times[2:-1]) + 2:
        total = int(times[c - 1 : c + 2].sum())
        if tests * float(bdtrc(int(times[c]) - 1, total, _ALIKE)) < alpha:
            return f"too many reports come exactly {c} times"
    return None


def doubt(prepared: Prepared) -> str | None:
    """Why a bound of this game may be luck; None where nothing says so.

    Noise that comes again in every call is a leak of its own, and no excuse for one.
    """
    game, ordered = prepared.game, in_order(prepared)
    if isinstance(game, PairGame) and getattr(game.distinguisher, "noise_repeats", False):
        # Then calls are alike, as they are not where each has a draw of its own.
        return _calls_differ(ordered)
    return dependence(ordered)


def _calls_differ(ordered: OrderedReports) -> str | None:
    """Whether right answers are spread unevenly over calls."""
    if ordered.batch is None:
        return None
    right = (ordered.said != 0) & ((ordered.said > 0) == ordered.first)
    sizes, hits = np.bincount(ordered.batch), np.bincount(ordered.batch, weights=right)
    if not np.median(hits):
        return "noise comes again in some calls only"
    spread = max(float(right.mean() * (1 - right.mean())), 1e-9) * sizes
    worst = int(np.argmax((hits - right.mean() * sizes) ** 2 / spread))
    total = float(hits[worst] - right.mean() * sizes[worst])
    if _tail(total, float(spread[worst]), 1.0, sizes.size) < LEVEL:
        return "reports of one call differ from all others"
    return None


def in_order(prepared: Prepared) -> OrderedReports:
    """What the witness of a game says of reports in the order in which they came.

    Of all that were recorded; else of fresh ones, in as many calls as show what a call shares.
    """
    game = prepared.game
    mechanism: Any = game.mechanism
    rng = stream(prepared.seed, *prepared.names, "independence")
    if isinstance(mechanism, HasOrder) and isinstance(game, PairGame):
        reports, first = mechanism.in_order()
        said = game.distinguisher.score(reports, mechanism, game.pair, rng=rng)
        return OrderedReports(np.asarray(said), first, first.astype(np.int64), report_keys(reports))
    size = max(2, min(_CALL, prepared.reports // _CALLS))
    seen = [game.draw(size, rng) for _ in range(_CALLS)]
    said, right = (np.concatenate(parts) for parts in zip(*seen, strict=True))
    batch = np.repeat(np.arange(_CALLS), size)
    if isinstance(game, PairGame):
        return OrderedReports(said, right, batch)
    return OrderedReports(np.where(right, said, -said), np.ones(right.size, dtype=np.bool_), batch)


def report_keys(reports: Any) -> Words:
    """A number for each different report."""
    rows = np.asarray(reports)
    if rows.dtype.hasobject:
        rows = np.array([repr(row) for row in rows.tolist()])
    flat: Any = np.ascontiguousarray(rows).reshape(len(rows), -1)
    whole = flat.view([("", flat.dtype)] * flat.shape[1]).ravel()
    return np.unique(whole, return_inverse=True)[1].astype(np.uint64)
