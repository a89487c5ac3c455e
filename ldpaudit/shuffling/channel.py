"""What shuffling needs of a mechanism: its channel, and the laws of its pairs of values."""

from __future__ import annotations

import itertools
import math
from dataclasses import dataclass
from typing import Any

import numpy as np

from ldpaudit.adapters.finite_inputs import on_inputs
from ldpaudit.arrays import Floats
from ldpaudit.contracts import HasExactEpsilon, HasPairClasses, HasReports, checked_mechanism

from .laws import TOLERANCE, RatioLaw, against, clones, rounded

_ENTRIES = 2**24  # of a channel table
_PAIR_ENTRIES = 2**27  # reports x ordered pairs of values
_VALUES = 24  # whose pairs are tried for the lower bound
_TRIED = 6  # distinct laws that are searched for the lower bound


#: By which the exact local budget can be above the stated one.
MARGIN = 4 * TOLERANCE


@dataclass(frozen=True, eq=False)
class PairLaws:
    """The laws of a mechanism's pairs of values, and the budget of one report.

    `blanket` holds them against what every value sends at least, None where that is not known;
    `attacks` against a value that all others hold.
    """

    local_epsilon: float
    blanket: list[RatioLaw] | None
    attacks: list[RatioLaw]

    @property
    def proven(self) -> list[RatioLaw]:
        """Laws whose worst divergence bounds that of any data from above."""
        if self.blanket is not None:
            return self.blanket
        local = self.local_epsilon + MARGIN
        if not local <= 700:
            raise ValueError(f"the budget of one report must be finite, got {local!r}.")
        return [clones(local, math.exp(-local))]


def pair_laws(mechanism: Any) -> PairLaws:
    """What is known of a mechanism: by classes of reports, by a list of them, or its epsilon."""
    view = on_inputs(mechanism)
    if view is not mechanism:  # some inputs of a domain: what they show holds, no more is proven
        table = channel_table(view)
        return _by_epsilon(mechanism, [] if table is None else neighbour_laws(table))
    if isinstance(mechanism, HasPairClasses):
        rows, least = mechanism.pair_classes()
        _check_rows(rows)
        others = {_content(law): law for law in (against(row, rows[0], rows[1]) for row in rows)}
        ratios = rows[:, (least > 0) | rows.any(axis=0)]
        blanket = against(least, rows[0], rows[1])
        return PairLaws(log_ratio(ratios[:2]), [blanket], list(others.values()))
    table = channel_table(mechanism)
    if table is not None:
        return PairLaws(log_ratio(table), blanket_laws(table), neighbour_laws(table))
    return _by_epsilon(mechanism, [])


def _by_epsilon(mechanism: Any, attacks: list[RatioLaw]) -> PairLaws:
    """What the epsilon of one report says, exact or as claimed."""
    if isinstance(mechanism, HasExactEpsilon):
        return PairLaws(float(mechanism.exact_epsilon()), None, attacks)
    if getattr(mechanism, "delta", 0.0):
        raise ValueError("a mechanism with a delta must have reports that can be listed.")
    return PairLaws(float(mechanism.epsilon), None, attacks)


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
    _check_rows(table)
    return np.ascontiguousarray(table)


def _check_rows(table: Floats) -> None:
    off = float(np.abs(table.sum(axis=1) - 1).max())
    if not off <= 1e-8:
        raise ValueError(f"probabilities of all reports must sum to 1, got an error of {off!r}.")


def log_ratio(table: Floats) -> float:
    """Exact local epsilon of a channel: the largest log ratio of two rows in one column."""
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
