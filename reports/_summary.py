"""The page in plain words: which figures the sentences at its top need; the words are templates."""

from __future__ import annotations

import itertools
import math
from dataclasses import dataclass

from ._numbers import percent
from ._points import Panel
from ._tables import Row, Section

#: Distances that go by one name in a sentence: within 5% of the limit, within 25%, within twice.
_BANDS = (1.0 + 1e-6, 1.05, 1.25)
_ROUNDING = 1e-9


@dataclass(frozen=True)
class Summary:
    """One data set at the claimed epsilon nearest to 1."""

    panel: Panel
    epsilon: float
    exposed: tuple[Row, ...]
    costly: tuple[Row, ...]

    @property
    def ties(self) -> list[list[Row]]:
        """Rows by attack success; neighbours whose success reads the same, together."""
        out: list[list[Row]] = []
        shown: tuple[str, str] | None = None
        for row in self.exposed:
            success = row.point.success
            key = ("", "") if success is None else (percent(success.best or 0.0), success.kind)
            if key == shown:
                out[-1].append(row)
            else:
                out.append([row])
            shown = key
        return out

    @property
    def misled(self) -> list[Row]:
        """Rows that explain less than nothing, beyond chance: to an attacker who is mistaken."""
        ends = ((row, row.point.place.success_interval) for row in self.exposed)
        return [row for row, end in ends if self.panel.explains and end is not None and end[1] < 0]

    @property
    def published(self) -> list[Row]:
        """Rows whose published attack success is something else, the furthest first."""
        found = [row for row in self.exposed if row.point.published_differs]
        return sorted(found, key=_apart, reverse=True)

    @property
    def on_limit(self) -> list[Row]:
        """Rows that no mechanism with an unbiased estimate can improve."""
        return [row for row in self._by_distance if _most(row) <= _BANDS[0]]

    @property
    def near(self) -> list[tuple[int, list[Row]]]:
        """Rows close to the limit by how close: (percent above it, rows)."""
        found = []
        for low, high in itertools.pairwise(_BANDS):
            rows = [row for row in self._by_distance if low < _most(row) <= high]
            if rows:
                share = math.ceil(100 * (max(map(_most, rows)) - 1) - _ROUNDING)
                found.append((share, rows))
        return found

    @property
    def far(self) -> list[Row]:
        """The other rows that the limit speaks of, nearest first."""
        return [row for row in self._by_distance if _most(row) > _BANDS[-1]]

    @property
    def reaching(self) -> list[Row]:
        """Rows whose influence is known, from the least to the most."""
        found = [row for row in self.exposed if row.point.place.influence is not None]
        return sorted(found, key=lambda row: (_reach(row), row.point.series))

    @property
    def undominated(self) -> list[Row]:
        """Rows that nothing dominates in attack success, error and influence together."""
        return [row for row in self.reaching if row.point.place.efficient_with_influence]

    @property
    def least_influence(self) -> float | None:
        """The least that any mechanism with this epsilon can have."""
        known = (row.point.least_influence for row in self.reaching)
        return next((least for least in known if least is not None), None)

    @property
    def _by_distance(self) -> list[Row]:
        found = [row for row in self.exposed if row.place and row.place.gap is not None]
        return sorted(found, key=lambda row: (_most(row), row.point.series))


def summary(section: Section) -> Summary | None:
    """The figures of one data set, if any attack success is known.

    After a post-processing reports give away what they did before: nothing is said again.
    """
    if section.panel.repeats:
        return None
    usable = [row for row in section.rows if row.point.success is not None]
    if not usable:
        return None
    epsilon = min((row.point.epsilon for row in usable), key=lambda e: (abs(math.log(e)), e))
    rows = {row.point.series: row for row in usable if row.point.epsilon == epsilon}
    costly = [row for row in rows.values() if row.point.mse is not None]
    return Summary(
        section.panel,
        epsilon,
        tuple(sorted(rows.values(), key=lambda row: (_success(row), row.point.series))),
        tuple(sorted(costly, key=lambda row: (_error(row), row.point.series))),
    )


def _most(row: Row) -> float:
    """The distance to the limit, its upper end where it is an estimate."""
    place = row.place
    if place is None or place.gap is None:
        return math.inf
    upper = place.distance_upper
    return place.gap if upper is None or math.isinf(upper) else max(place.gap, upper)


def _reach(row: Row) -> float:
    return row.point.place.influence or 0.0


def _success(row: Row) -> float:
    return 0.0 if row.point.success is None else row.point.success.best or 0.0


def _error(row: Row) -> float:
    return 0.0 if row.point.mse is None else row.point.mse.best or 0.0


def _apart(row: Row) -> float:
    published = row.point.published
    return abs(math.log(_success(row) / (published.best or 1.0))) if published else 0.0
