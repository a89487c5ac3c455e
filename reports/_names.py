"""What panels, lines and axes are called."""

from __future__ import annotations

from collections.abc import Sequence

from ._points import Panel, series_of
from ._style import caption

#: Of an axis of errors that are not of shares; what is estimated comes after it.
OTHER_LABEL = "Mean squared error of the"


def line_names(found: Sequence[Panel]) -> dict[str, str]:
    """What each series is called; one with a delta says so, for limits do not hold it."""
    loose = {point.series for panel in found for point in panel.points if point.delta}
    return {
        series: caption(series) + (", delta > 0" if series in loose else "")
        for series in series_of(found)
    }


def heading(panel: Panel) -> str:
    """Name the panel: the data set, its number of values, and what its estimates went through."""
    after = f", {panel.processed}" if panel.processed else ""
    return f"{caption(panel.data) or 'no data set'}, k = {panel.k:,}{after}"
