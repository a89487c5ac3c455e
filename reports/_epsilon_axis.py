"""Lines along epsilon: exact values as lines, measured ones as markers with intervals."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING, TypeAlias

import numpy as np

from ldpaudit.analysis.metrics import Metric

from ._ends import EndLabel, named_end
from ._labels import fix_view
from ._numbers import plain, power_of_ten
from ._palette import ProtocolStyle
from ._points import Panel, Point
from ._style import open_frame
from ._view import log_limits
from ._whiskers import draw_intervals

if TYPE_CHECKING:
    from matplotlib.axes import Axes

#: What is drawn of a point.
Quantity: TypeAlias = Callable[[Point], Metric | None]
#: What it is divided by at an epsilon.
Unit: TypeAlias = Callable[[float], float]

#: Where an axis of probabilities ends: just above 1, so that a marker there is whole.
TOP = 1.06

X_LABEL = "Claimed epsilon (natural logarithm)"


def positive(measure: Metric | None) -> float:
    """The best figure, or nan where a logarithmic axis cannot show it."""
    best = None if measure is None else measure.best
    return best if best is not None and 0 < best < math.inf else math.nan


def draw_lines(
    axes: Axes,
    panel: Panel,
    look: dict[str, ProtocolStyle],
    quantity: Quantity,
    unit: Unit = lambda _: 1.0,
) -> dict[str, tuple[float, float]]:
    """Draw every series of a panel; return where each line ends."""
    ends: dict[str, tuple[float, float]] = {}
    for series, points in panel.lines():
        style = look[series]
        line: dict[float, list[float]] = {}
        for point in points:
            value = positive(quantity(point)) / unit(point.epsilon)
            if math.isfinite(value):
                line.setdefault(point.epsilon, []).append(value)
        if not line:
            continue
        xs, ys = [*line], [float(np.mean(values)) for values in line.values()]
        axes.plot(
            xs, ys, color=style.colour, linestyle=style.linestyle, linewidth=1.4, zorder=3,
            marker=alone(xs), markersize=9,
        )  # fmt: skip
        _draw_measured(axes, points, style, quantity, unit)
        ends[series] = (xs[-1], ys[-1])
    return ends


def alone(line: Sequence[object]) -> str | None:
    """The marker of a line of a single exact point, which nothing else would show: a dash."""
    return "_" if len(line) == 1 else None


def _drawn(panel: Panel, quantity: Quantity, unit: Unit) -> Iterator[float]:
    """Every value and end of an interval that is drawn."""
    for point in panel.points:
        measure, one = quantity(point), unit(point.epsilon)
        yield positive(measure) / one
        if measure is not None and measure.value:
            value, down, up = reach(measure)
            yield from ((value - down) / one, value / one, (value + up) / one)


def _draw_measured(
    axes: Axes, points: Sequence[Point], style: ProtocolStyle, quantity: Quantity, unit: Unit
) -> None:
    found = [(p.epsilon, m) for p in points if (m := quantity(p)) and m.value and m.value > 0]
    bars = [(x, *(part / unit(x) for part in reach(measure))) for x, measure in found]
    if not bars:
        return
    xs, ys, down, up = zip(*bars, strict=True)
    draw_intervals(axes, xs, ys, up=(down, up), colour=style.colour)
    axes.plot(
        xs, ys, marker=style.marker, color=style.colour, linestyle="none", markersize=5,
        markeredgecolor="white", markeredgewidth=0.6, zorder=4,
    )  # fmt: skip


def reach(measure: Metric) -> tuple[float, float, float]:
    """A measured value and how far its interval reaches down and up; the axis has no zero."""
    value = measure.value or 0.0
    low = value if measure.lower is None else min(max(measure.lower, 1e-3 * value), value)
    high = value if measure.upper is None else max(measure.upper, value)
    return value, value - low, high - value


def end_labels(
    ends: dict[str, tuple[float, float]],
    names: dict[str, str],
    look: dict[str, ProtocolStyle],
) -> list[EndLabel]:
    """The name of every line at its end."""
    return [named_end(names[s], *end, look[s]) for s, end in ends.items()]


def frame_along(
    axes: Axes,
    panel: Panel,
    quantity: Quantity,
    unit: Unit = lambda _: 1.0,
    *,
    named: bool = True,
) -> None:
    """Set limits, ticks and label of an axis of epsilon with a logarithmic quantity above it.

    Before anything is drawn: limits come from the table, so one point is no special case.
    """
    values = panel.epsilons
    low, high = values[0], values[-1]
    room = 0.05 * (high - low) if high > (1 + 1e-9) * low else 0.5 * low
    axes.set_yscale("log")
    axes.set(
        xlim=(max(low - room, 0.0), high + room), ylim=log_limits(_drawn(panel, quantity, unit))
    )
    apart, ticks = (high - low + 2 * room) / 11, [values[0]]
    for value in values[1:]:
        if value - ticks[-1] >= apart:
            ticks.append(value)
    axes.set_xticks(ticks, labels=[plain(tick) if named else "" for tick in ticks])
    axes.grid(visible=False, axis="x")
    if named:
        axes.set_xlabel(X_LABEL)
    open_frame(axes)
    fix_view(axes)


def dense(panel: Panel) -> list[float]:
    """Epsilons for a smooth reference curve: those of the panel, and more between them.

    Around a single one they reach to the ends of the axis, or no curve would be seen.
    """
    values = panel.epsilons
    low, high = values[0], values[-1]
    if not high > (1 + 1e-9) * low:
        low, high = 0.5 * low, 1.5 * high
    between = np.linspace(low, high, 60 if panel.k <= 10**5 else 2)
    return sorted({*values, *map(float, between)})


def log_ticks(axes: Axes, form: Callable[[float, int | None], str]) -> None:
    """At most about six numbers up a logarithmic axis, each as `form` writes it."""
    from matplotlib.ticker import FuncFormatter, LogLocator, NullFormatter, NullLocator

    low, high = axes.get_ylim()
    decades = math.log10(high / low)
    steps = ((2.5, (1.0,)), (1.4, (1.0, 3.0)), (0.3, (1.0, 2.0, 5.0)))
    fine = np.arange(1, 10, 0.5 if decades > 0.06 else 0.05)
    subs = next((some for least, some in steps if decades > least), tuple(fine))
    axes.yaxis.set_major_locator(LogLocator(subs=subs, numticks=8))
    axes.yaxis.set_major_formatter(FuncFormatter(form))
    axes.yaxis.set_minor_locator(NullLocator())
    axes.yaxis.set_minor_formatter(NullFormatter())


def power_label(value: float, _: int | None = None) -> str:
    """A power of ten, with its digits where they are not 1."""
    digits, exponent = f"{value:.2e}".split("e")
    mantissa, power = f"{float(digits):g}", power_of_ten(int(exponent))
    return power if mantissa == "1" else f"{mantissa}×{power}"


def share_label(value: float, _: int | None = None) -> str:
    """A probability in percent; none is above 1."""
    return f"{100 * value:.6g}%" if value <= 1 + 1e-9 else ""
