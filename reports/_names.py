"""What panels, lines and axes are called."""

from __future__ import annotations

from collections.abc import Sequence

from ldpaudit.outcomes.table import GIVEN, INFORMED, UNIFORM

from ._points import Panel, series_of
from ._style import caption

#: Of an axis of errors that are not of shares; what is estimated comes after it.
OTHER_LABEL = "Mean squared error of the"
#: Of an axis of what is given away where users hold numbers or vectors.
EXPLAINED_LABEL = "Share of a person's variance\nthat one report explains (R²)"
#: What the limit for means says, wide and narrow.
MEAN_LIMITS = (
    "no unbiased estimate of the mean\ncan be here, at any epsilon",
    "no unbiased\nestimate of\nthe mean can\nbe here",
)


def line_names(found: Sequence[Panel]) -> dict[str, str]:
    """What each series is called; a delta and a bias are said, for limits do not hold them."""
    loose = {point.series for panel in found for point in panel.points if point.delta}
    biased = {point.series for panel in found if panel.biased for point in panel.points}
    return {
        series: caption(series)
        + (", delta > 0" if series in loose else "")
        + (", biased" if series in biased else "")
        for series in series_of(found)
    }


def heading(panel: Panel) -> str:
    """Name the panel: the data set, its number of values, and what its estimates went through."""
    after = f", {panel.processed}" if panel.processed else ""
    whom = f"\n{attacker_title(panel.prior)}" if _named(panel) else ""
    return f"{caption(panel.data) or 'no data set'}, k = {panel.k:,}{after}{whom}"


def attacker_title(prior: str) -> str:
    """Who attacks, in a line above a figure."""
    known = {
        UNIFORM: "attacker: all values equally likely",
        INFORMED: "attacker knows how common the values are",
        GIVEN: "attacker knows the law of the audit",
    }
    return known.get(prior, f"attacker believes {caption(prior)}")


def _named(panel: Panel) -> bool:
    """Whether the attacker must be said: one of several, or none of whom values are alike."""
    return panel.prior != "" and (panel.several or panel.prior != UNIFORM)
