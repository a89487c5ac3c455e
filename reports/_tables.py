"""What the page says in words and tables, taken from the points; no markup here."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Any

from ldpaudit.analysis.metrics import Metric
from ldpaudit.analysis.operating_points import OperatingPoint

from ._points import Panel, Point

VERDICTS = ("violation", "inconclusive", "consistent")
_IN_RESULTS = ("bayes", "published")
#: What false users do, in the order of columns.
_FALSE = ("random-value", "random-report", "maximal-gain")
#: Metrics that the page has a place for; a table may hold others.
_SHOWN = (
    "attack_success",
    "mse",
    "mse_approximate",
    "epsilon_lower",
    "epsilon_verdict",
    "bits",
    "influence",
)


@dataclass(frozen=True)
class Row:
    """One point with the address of its audit on the page."""

    point: Point
    anchor: str

    @property
    def place(self) -> OperatingPoint | None:
        """Where the point stands, if both its attack success and its error are known."""
        found = self.point.place
        return None if found.efficient is None else found

    @property
    def bounds(self) -> list[Metric]:
        """Lower bounds at the reporting level."""
        return self.point.all("epsilon_lower")

    @property
    def bound(self) -> Metric | None:
        """The first lower bound, or the row that says there is none."""
        return self.bounds[0] if self.bounds else None

    @property
    def verdict_bounds(self) -> list[Metric]:
        """Lower bounds at the stricter level that decides the verdict."""
        return self.point.all("epsilon_verdict")

    @property
    def verdict(self) -> str:
        """The gravest verdict of the cell's audits, empty if there was none."""
        found = {measure.status for measure in self.verdict_bounds}
        return next((verdict for verdict in VERDICTS if verdict in found), "")

    @property
    def attacks(self) -> dict[str, Metric]:
        """Figures of the attacks that the results table does not show."""
        point = self.point
        found = {m.attack: m for m in point.all("attack_success") if m.attack not in _IN_RESULTS}
        if point.place.explains:
            known = {m.attack: m for m in point.all("attack_success") if m.attack != "published"}
            near = {f"{m.attack}, {m.reason}": m for m in point.all("nearby_success")}
            return known | near | {m.metric: m for m in point.all("cosine")}
        return found

    @property
    def bits(self) -> float | None:
        """Communication a report."""
        return _best(self.point.find("bits"))

    @property
    def mean_influence(self) -> float | None:
        """Influence averaged over the values; where all are alike, that of each."""
        mean = _best(self.point.find("influence_mean"))
        exact = self.point.place.influence if self.point.place.influence_how == "exact" else None
        return exact if mean is None else mean

    @property
    def collected(self) -> list[Metric | None]:
        """Total variation, recall, and what false users of each kind gained, where measured."""
        gains = [self.point.find("poisoning_gain", name) for name in _FALSE]
        return [self.point.find("total_variation"), self.point.find("top_recall"), *gains]

    @property
    def dropped(self) -> list[Metric | None]:
        """Shares that a filter dropped of honest reports, and of false ones under an attack."""
        honest = self.point.find("honest_dropped", "")
        return [honest, self.point.find("false_dropped", "maximal-gain")]

    @property
    def approximate(self) -> float | None:
        """The f = 0 figure of the mean squared error."""
        return _best(self.point.find("mse_approximate"))


@dataclass(frozen=True)
class Section:
    """One data set before one attacker: its rows grouped by claimed epsilon."""

    panel: Panel
    number: int
    groups: tuple[tuple[float, tuple[Row, ...]], ...]

    @property
    def rows(self) -> list[Row]:
        """All rows, by rising epsilon."""
        return [row for _, rows in self.groups for row in rows]

    @property
    def series(self) -> list[str]:
        """Names of the lines in order of first appearance."""
        return list(dict.fromkeys(point.series for point in self.panel.points))

    @property
    def matrix(self) -> list[tuple[str, list[list[Row]]]]:
        """For the verdict table: per series, the audited rows at each claimed epsilon."""
        return [
            (
                series,
                [
                    [row for row in rows if row.point.series == series and row.verdict]
                    for _, rows in self.groups
                ],
            )
            for series in self.series
        ]

    @property
    def attacks(self) -> list[str]:
        """Attacks beyond those in the results table."""
        return list(dict.fromkeys(attack for row in self.rows for attack in row.attacks))

    @property
    def placed(self) -> bool:
        """Whether any cell has a place: an attack success beside an error."""
        return any(row.place for row in self.rows)

    @property
    def reaching(self) -> list[Row]:
        """Rows that know what a false report can do."""
        return [row for row in self.rows if row.point.place.influence is not None]

    @property
    def collected(self) -> list[Row]:
        """Rows of which collections were measured beyond their error."""
        return [row for row in self.rows if any(row.collected)]

    @property
    def filtered(self) -> bool:
        """Whether reports were dropped before anything was estimated."""
        return any(any(row.dropped) for row in self.rows)

    @property
    def estimated(self) -> bool:
        """Whether any place is known with an interval only."""
        return any(row.place and row.place.estimated for row in self.rows)

    @property
    def limit_notes(self) -> list[str]:
        """What to keep in mind about the limit, or why it does not speak of a row."""
        found = (row.place.limit_note for row in self.rows if row.place)
        return [note for note in dict.fromkeys(found) if note]

    @property
    def audited(self) -> bool:
        """Whether any cell has a bound on epsilon."""
        return any(row.bounds or row.verdict_bounds for row in self.rows)

    @property
    def repeated(self) -> bool:
        """Whether cells differ by repetition."""
        return len({row.point.repetition for row in self.rows}) > 1

    @property
    def parameters(self) -> bool:
        """Whether rows need their parameters to be told apart."""
        return any(row.point.series != row.point.protocol for row in self.rows)

    @property
    def settings(self) -> list[tuple[str, str, list[float]]]:
        """Protocol, parameters and, where they change along it, the claimed epsilons."""
        found: dict[tuple[str, str], list[float]] = {}
        for row in self.rows:
            key = (row.point.protocol, row.point.parameters)
            found.setdefault(key, []).append(row.point.epsilon)
        times = Counter(protocol for protocol, _ in found)
        return [
            (protocol, words, list(dict.fromkeys(epsilons)) if times[protocol] > 1 else [])
            for (protocol, words), epsilons in found.items()
            if words and not self.parameters
        ]

    def methods(self, metric: str) -> list[str]:
        """How what was measured of a metric was obtained, as the table says."""
        found = [m for p in self.panel.points for m in p.all(metric) if m.method]
        return list(dict.fromkeys(m.method for m in found if m.measured))

    @property
    def bound_names(self) -> list[str]:
        """Names of the bounds on epsilon."""
        found = (m.attack for p in self.panel.points for m in p.all("epsilon_lower"))
        return list(dict.fromkeys(found))

    @property
    def uniform(self) -> bool:
        """Whether all bounds of a level were obtained in one way, so that a caption can say it."""
        ways = (
            {(m.attack, m.method) for p in self.panel.points for m in p.all(metric)}
            for metric in ("epsilon_lower", "epsilon_verdict")
        )
        return all(len(found) <= 1 for found in ways)

    @property
    def trials(self) -> tuple[int, int] | None:
        """Fewest and most reports behind a measured attack success."""
        measured = ("attack_success", "variance_explained")
        return _range([m for p in self.panel.points for name in measured for m in p.all(name)])

    @property
    def repetitions(self) -> tuple[int, int] | None:
        """Fewest and most simulated collections behind a measured error."""
        return _range([m for p in self.panel.points for m in p.all("mse")])


def sections(found: list[Panel]) -> list[Section]:
    """Data sets that have at least one number, numbered from 1."""
    kept = [replace(panel, points=tuple(filter(_measured, panel.points))) for panel in found]
    out: list[Section] = []
    first: dict[tuple[str, int, int | None, str], int] = {}  # what attackers share is told once
    for number, panel in enumerate((panel for panel in kept if panel.points), 1):
        groups: list[tuple[float, tuple[Row, ...]]] = []
        index, place = 0, first.setdefault(panel.users, number)
        for epsilon in panel.epsilons:
            here = [p for p in panel.points if p.epsilon == epsilon]
            rows = [Row(point, f"audit-{place}-{index + i}") for i, point in enumerate(here, 1)]
            index += len(here)
            if rows:
                groups.append((epsilon, tuple(rows)))
        out.append(Section(panel, number, tuple(groups)))
    return out


def published_rows(section: Section) -> list[Row]:
    """Cells with both a published attack success and a Bayes-optimal one, by protocol.

    After a post-processing reports give away what they did before: nothing is said again.
    """
    if section.panel.repeats:
        return []
    found = [row for row in section.rows if published_ratio(row.point) is not None]
    return sorted(found, key=lambda row: section.series.index(row.point.series))


def published_ratio(point: Point) -> float | None:
    """Bayes-optimal success divided by the published figure."""
    published, success = _best(point.published), _best(point.success)
    return success / published if published and success else None


def verdicts(found: list[Section]) -> dict[str, Any]:
    """How many audits ended how, and what share of the claim the bounds reached."""
    rows = [row for section in found for row in section.rows]
    counts = Counter(row.verdict for row in rows if row.verdict)
    ratios = [
        measure.value / row.point.epsilon
        for row in rows
        for measure in row.bounds
        if measure.value is not None
    ]
    levels = [measure.alpha or 0.0 for row in rows for measure in row.bounds]
    return {
        "total": sum(counts.values()),
        "protocols": len({row.point.series for row in rows if row.verdict}),
        "bounds": len(levels),
        "by_chance": sum(levels),
        "counts": {verdict: counts[verdict] for verdict in VERDICTS if counts[verdict]},
        "violations": [row for row in rows if row.verdict == VERDICTS[0]],
        "reach": (max(min(ratios), 0.0), max(*ratios, 0.0)) if ratios else None,
    }


def passing(found: list[Section]) -> tuple[int, int]:
    """How many lower bounds are above the claim that their audit does not refute, of how many."""
    bounds = [(row, m.value) for section in found for row in section.rows for m in row.bounds]
    kept = [(row, value) for row, value in bounds if row.verdict != VERDICTS[0]]
    above = [row for row, value in kept if value is not None and value > row.point.epsilon]
    return len(above), len(bounds)


def problems(metrics: Iterable[Metric]) -> list[Metric]:
    """Rows of the table that were skipped or failed."""
    return [metric for metric in metrics if not metric.usable]


def _measured(point: Point) -> bool:
    return any(point.all(metric) for metric in _SHOWN)


def _best(measure: Metric | None) -> float | None:
    return None if measure is None else measure.best


def _range(measures: list[Metric]) -> tuple[int, int] | None:
    trials = [m.trials for m in measures if m.trials and m.value is not None]
    return (min(trials), max(trials)) if trials else None
