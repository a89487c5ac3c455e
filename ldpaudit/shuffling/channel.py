"""What shuffling needs of a mechanism: its channel as a table, and the laws of its pairs."""

from __future__ import annotations

import itertools
import math
from typing import Any

import numpy as np

from ldpaudit.contracts import Floats, HasReports, checked_mechanism

from .laws import RatioLaw, against, rounded

_ENTRIES = 2**24  # of a channel table
_PAIR_ENTRIES = 2**27  # reports x ordered pairs of values
_VALUES = 24  # whose pairs are tried for the lower bound
_TRIED = 6  # distinct laws that are searched for the lower bound


def channel_table(mechanism: Any) -> Floats | None:
    """P(report | value) as a (k, reports) table, None where reports cannot be listed."""
    if not isinstance(mechanism, HasReports):
        return None
    k: int = checked_mechanism(mechanism).k
    try:
        reports = mechanism.every_report()
    except ValueError:
        return None
    if len(reports) * k > _ENTRIES:
        return None
    table = np.exp(np.asarray(mechanism.log_likelihood(reports), dtype=np.float64)).T
    off = float(np.abs(table.sum(axis=1) - 1).max())
    if not off <= 1e-8:
        raise ValueError(f"probabilities of all reports must sum to 1, got an error of {off!r}.")
    return np.ascontiguousarray(table)


def log_ratio(table: Floats) -> float:
    """Largest log ratio of two values' probabilities of one report."""
    with np.errstate(divide="ignore"):
        ratios = table.max(axis=0) / table.min(axis=0)
    return float(np.log(ratios.max()))


def blanket_laws(table: Floats) -> list[RatioLaw] | None:
    """The distinct laws of all ordered pairs against what every value sends at least.

    None where there are too many pairs.
    """
    k, reports = table.shape
    if k * (k - 1) * reports > _PAIR_ENTRIES:
        return None
    blanket = table.min(axis=0)
    laws: dict[bytes, RatioLaw] = {}
    with np.errstate(divide="ignore", invalid="ignore"):
        ratios = rounded(np.where(blanket > 0, table / blanket, -table))
    shares = rounded(blanket)
    for first, second in itertools.permutations(range(k), 2):
        rows = np.stack([ratios[first], ratios[second], shares])
        key = rows[:, np.lexsort(rows)].tobytes()
        if key not in laws:
            laws[key] = against(blanket, table[first], table[second])
    return list(laws.values())


def neighbour_laws(table: Floats) -> list[RatioLaw]:
    """Laws of user 0 with one of two values while all others hold a third one.

    Those that look worst, at most six: any of them gives a lower bound.
    """
    rows = table[:_VALUES]
    found: dict[float, tuple[float, int, int, int]] = {}
    for first, second in itertools.permutations(range(len(rows)), 2):
        gap = (rows[first] - rows[second]) ** 2
        with np.errstate(divide="ignore", invalid="ignore"):
            spreads = np.where(gap > 0, gap / rows, 0.0).sum(axis=1)
        for other, spread in enumerate(spreads.tolist()):
            # A law and that of the pair the other way round have the same spread.
            key = round(spread, 9 - _magnitude(spread)) * (1 if first < second else -1)
            if key not in found:
                found[key] = (spread, first, second, other)
    worst = sorted(found.values(), key=lambda entry: -entry[0])[: 2 * _TRIED]
    laws = [against(rows[other], rows[a], rows[b]) for _, a, b, other in worst]
    distinct = {_content(law): law for law in reversed(laws)}
    return list(reversed(distinct.values()))[:_TRIED]


def _content(law: RatioLaw) -> bytes:
    figures = np.stack([rounded(law.share), law.first, law.second])
    return figures.tobytes() + law.exposed.tobytes()


def _magnitude(value: float) -> int:
    return 0 if value == 0 or not math.isfinite(value) else math.floor(math.log10(value))
