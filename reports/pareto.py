"""Attack success against mean squared error: what the protection costs."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from ldpaudit.analysis.limits import frontier, mse_without_epsilon
from ldpaudit.analysis.metrics import Metric
from ldpaudit.outcomes.table import SHARES

from ._ends import EndLabel, named_end
from ._epsilon_axis import TOP, alone, power_label, reach, share_label
from ._inline import Mark
from ._labels import (
    Layout,
    empty,
    extent,
    fix_view,
    height_for,
    label_ends,
    margin_for,
    place_if_free,
)
from ._names import EXPLAINED_LABEL, MEAN_LIMITS, OTHER_LABEL, heading, line_names
from ._numbers import percent, plain, printable, scientific, significant
from ._palette import IMPOSSIBLE, INK, MUTED, ProtocolStyle
from ._paper import PAGE, Paper
from ._points import Panel, Point, panels_of, series_of
from ._style import SMALL, open_frame
from ._view import log_limits
from ._whiskers import draw_intervals

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure
    from matplotlib.text import Text

    from ldpaudit.figure_style import FigureStyle

X_LABEL = "Attack success: probability of naming\na user's value from one report"
Y_LABEL = "Mean squared error per value\n(fraction of users squared)"
#: What the error is of follows in a line of its own.
_GUIDE_KEY = "Grey curves: the limit at one epsilon. "
_KEY = (
    "Markers: measured, with intervals on both axes. Lines: exact, along epsilon. "
    f"{_GUIDE_KEY}"
    "Hollow: attack success by the protocol's published formula, where more than 5% away."
)
LIMIT = "no unbiased estimate can be here\n(independent users, uniform truth and prior)"
_GUIDE = "#b3bac2"
_NARROW_LIMIT = "no unbiased\nestimate can be\nhere (independent\nusers, uniform\ntruth and prior)"


def pareto(frame: pd.DataFrame, style: FigureStyle | str | None = None) -> Figure:
    """Draw attack success against mean squared error, one panel per data set.

    Each line is one protocol along epsilon. Markers are measured, with
    intervals on both axes; lines run through the exact values where the table
    has them. Hollow markers show the attack success that a protocol's own paper
    publishes, where it is more than 5% away. The vertical line is blind guessing, the
    shaded region is below the limit of every unbiased estimate,
    ``mse_without_epsilon(k, success, target="users") / num_users``, and each grey
    curve is the limit at one epsilon of the table, ``frontier(k, epsilon)``, down to
    the least error of all. They are left out where the attacker's prior is not
    uniform, which the limit does not cover.

    Parameters
    ----------
    frame : pandas.DataFrame
        The tidy table, columns as in ``ldpaudit.outcomes.COLUMNS``. Success is a
        probability (attack ``bayes``), error the mean over the k values of the
        squared difference of two fractions of users. Both axes are logarithmic.
    style : FigureStyle or str, optional
        Size, fonts, colours, choice of protocols; ``"one-column"`` and ``"two-column"`` are those
        of papers. See ``ldpaudit.FigureStyle``.

    Returns
    -------
    matplotlib.figure.Figure
        Not saved and not registered with pyplot.

    Examples
    --------
    >>> import pandas as pd
    >>> cell = {"protocol": "grr", "k": 4, "epsilon": 1.0, "num_users": 1000, "data": "toy"}
    >>> success = {"attack": "bayes", "metric": "attack_success", "exact": 0.4754}
    >>> error = {"metric": "mse", "exact": 0.00175}
    >>> figure = pareto(pd.DataFrame([cell | success, cell | error]))
    >>> [axes.get_title(loc="left") for axes in figure.axes]
    ['toy, k = 4']
    """
    paper = Paper.of(style)
    found = paper.chosen(panels_of(frame))
    return draw_pareto(found, paper.styles(found), paper)


def draw_pareto(
    found: list[Panel],
    look: dict[str, ProtocolStyle],
    paper: Paper = PAGE,
    beside: Sequence[Panel] = (),
) -> Figure:
    """The figure of these panels, in the given look, as wide as those that stand `beside` it."""
    shown = [panel for panel in found if any(map(drawable, panel.points))]
    look = {series: look[series] for series in series_of(found)}
    names = paper.renamed(line_names(found), series_of(found))
    wider = [*found, *beside]
    everywhere = paper.renamed(line_names(wider), series_of(wider))
    published = dict.fromkeys(_published([*shown, *beside]))
    longest = [f"{everywhere[s]}, published formula" for s in published] + [*everywhere.values()]
    layout = Layout(
        width=4.2,
        left=0.95,
        heights=(height_for(len(longest), 4.6),),
        right=margin_for(longest),
        top=0.75,
    )
    with paper.theme():
        figure, stacks = layout.build(max(1, len(shown)), _key(shown), paper.room)
        if not shown:
            empty(stacks[0][0], "No cell has both the success of the bayes attack and an error.")
        for panel, (axes,) in zip(shown, stacks, strict=False):
            _draw(axes, panel, look, names)
    return paper.finished(figure)


def pareto_marks(figure: Figure, panel: Panel) -> list[Mark]:
    """What the points of a figure of this one panel say when they are pointed at."""
    return [
        Mark(figure.axes[0], *_at(point), point_words(point))
        for point in panel.points
        if drawable(point)
    ]


def point_words(point: Point) -> str:
    """One point in words, a line per figure."""
    success, mse, found = point.success, point.mse, point.place
    lines = [f"{printable(point.series)}, ε = {plain(point.epsilon)}"]
    if success is not None:
        name = "one report explains" if found.explains else "attack success"
        lines.append(f"{name} {_both(success, percent)}")
    if mse is not None:
        form = scientific if found.estimand in SHARES else significant
        lines.append(f"error {_both(mse, form)}")
    gap = f"{significant(found.gap)} times the limit" if found.gap is not None else ""
    lines.append(", ".join(filter(None, (gap, f"{found.bits:,.0f} bits" if found.bits else ""))))
    return "\n".join(filter(None, lines))


def _both(measure: Metric, form: Callable[[float], str]) -> str:
    if measure.exact is None or measure.value is None:
        return f"{form(measure.best or 0.0)} {measure.kind}"
    return f"{form(measure.exact)} (measured {form(measure.value)})"


def _draw(axes: Axes, panel: Panel, look: dict[str, ProtocolStyle], names: dict[str, str]) -> None:
    labels: list[EndLabel] = []
    _frame(axes, panel)
    _draw_lines(axes, panel, look)
    for series, points in panel.lines():
        drawn = [point for point in points if drawable(point)]
        if drawn:
            _draw_measured(axes, drawn, look[series])
            labels.append(named_end(names[series], *_at(drawn[-1]), look[series]))
            labels.extend(_draw_published(axes, drawn, look[series], names[series]))
    _draw_limit(axes, panel)
    texts = _draw_words(axes, panel)
    _draw_epsilons(axes, panel, texts)
    label_ends(axes, labels)


def _draw_lines(axes: Axes, panel: Panel, look: dict[str, ProtocolStyle]) -> None:
    """Lines along epsilon through the exact values, or the measured ones where none is exact."""
    for series, points in panel.lines():
        line = []
        for epsilon in dict.fromkeys(p.epsilon for p in points if drawable(p)):
            here = [_at(p) for p in points if p.epsilon == epsilon and drawable(p)]
            line.append(np.mean(here, axis=0))
        if line:
            style = look[series]
            axes.plot(
                *np.transpose(line), color=style.colour, linestyle=style.linestyle,
                linewidth=1.4, zorder=3, marker=alone(line), markersize=9,
            )  # fmt: skip


def _draw_measured(axes: Axes, points: list[Point], style: ProtocolStyle) -> None:
    pairs = [pair for pair in map(_both_measured, points) if pair is not None]
    xs, ys = (np.array([reach(pair[side]) for pair in pairs]).reshape(-1, 3).T for side in (0, 1))
    if not xs.size:
        return
    draw_intervals(axes, xs[0], ys[0], across=xs[1:], up=ys[1:], colour=style.colour)
    axes.plot(
        xs[0], ys[0], marker=style.marker, color=style.colour, linestyle="none", markersize=5.5,
        markeredgecolor="white", markeredgewidth=0.6, zorder=4,
    )  # fmt: skip


def _draw_published(
    axes: Axes, points: list[Point], style: ProtocolStyle, name: str
) -> list[EndLabel]:
    ends: list[tuple[float, float]] = []
    for point in points:
        published = point.published
        if published is None or not published.best or not point.published_differs:
            continue
        x, y = _at(point)
        axes.plot([published.best, x], [y, y], color=style.colour, linewidth=0.7, alpha=0.5)
        ends.append((published.best, y))
    if not ends:
        return []
    axes.plot(
        *zip(*ends, strict=True),
        linestyle="none",
        marker=style.marker,
        markersize=6.5,
        markerfacecolor="white",
        markeredgecolor=style.colour,
        markeredgewidth=1.2,
        zorder=5,
    )
    label = named_end(f"{name}, published formula", *ends[-1], style, joined=False)
    return [replace(label, hollow=True)]


def _frame(axes: Axes, panel: Panel) -> None:
    """Limits with room for the words, ticks in percent and powers of ten, labels with units."""
    from matplotlib.ticker import FuncFormatter, LogLocator, NullLocator

    points = [point for point in panel.points if drawable(point)]
    xs = [_at(p)[0] for p in points] + ([panel.blind] if panel.blind else [])
    xs += [_best(p.published) for p in points if p.published_differs]
    ys = [_at(p)[1] for p in points]
    left, right = log_limits([*xs, min(8 * min(xs), 1.0)], margin=0.0)
    low, high = min(ys), max(ys)
    middle, rise = math.sqrt(low * high), max(high / low, 30.0)
    low, high = middle / math.sqrt(rise), middle * math.sqrt(rise)
    axes.set(xscale="log", yscale="log")
    axes.set_xlim(left / (right / left) ** 0.07, min(right * (right / left) ** 0.06, TOP))
    axes.set_ylim(low / rise**0.2, high * rise**0.1)
    axes.xaxis.set_major_locator(LogLocator(subs=_subdivisions(*axes.get_xlim()), numticks=12))
    axes.xaxis.set_major_formatter(FuncFormatter(share_label))
    axes.xaxis.set_minor_locator(NullLocator())
    wide = math.log10(axes.get_ylim()[1] / axes.get_ylim()[0]) > 1.5
    axes.yaxis.set_major_locator(LogLocator(subs=(1.0,) if wide else (1.0, 2.0, 5.0), numticks=12))
    axes.yaxis.set_major_formatter(FuncFormatter(power_label))
    axes.yaxis.set_minor_locator(NullLocator())
    open_frame(axes)
    users = "" if panel.num_users is None else f", n = {panel.num_users:,} users"
    error = Y_LABEL if panel.of_shares else f"{OTHER_LABEL}\n{panel.estimand}"
    axes.set(xlabel=EXPLAINED_LABEL if panel.explains else X_LABEL, ylabel=error + users)
    axes.set_title(heading(panel), pad=20)
    fix_view(axes)


def _draw_limit(axes: Axes, panel: Panel) -> None:
    """Shade what lies below the limit of every unbiased estimate at what is given away."""
    if not panel.limited:
        return
    left, right = axes.get_xlim()
    low, high = axes.get_ylim()
    success = np.geomspace(max(left, 0 if panel.explains else 1 / panel.k), min(right, 1.0), 120)
    limit = np.array([_limit(panel, x) for x in success])
    shown = np.clip(limit, low, high)
    corners = [*zip(success, shown, strict=True), (success[-1], low), (success[0], low)]
    axes.fill(*zip(*corners, strict=True), color=IMPOSSIBLE, linewidth=0, zorder=0.5)
    inside = (limit >= low) & (limit <= high)
    axes.plot(success[inside], limit[inside], color=MUTED, linewidth=1.0, dashes=(4, 2), zorder=2)
    for epsilon in _thinned(panel.epsilons) if panel.guided else []:
        curve = frontier(panel.k, epsilon)
        at = np.append(success[success < curve.points[-1, 0]], curve.points[-1, 0])
        error = curve.mse_at(at, target="users") / (panel.num_users or 1)
        axes.plot(at, error, color=_GUIDE, linewidth=0.8, zorder=1.5)
    axes.set(xlim=(left, right), ylim=(low, high))


def _draw_words(axes: Axes, panel: Panel) -> list[Text]:
    """Blind guessing and the limit, named where no line runs."""
    small: dict[str, Any] = {
        "xycoords": ("data", "axes fraction"),
        "textcoords": "offset points",
        "va": "bottom",
        "fontsize": SMALL,
        "color": MUTED,
        "annotation_clip": False,
    }
    texts: list[Text] = []
    corner = (max(panel.blind, 1 / panel.k), 0.0)
    if panel.explains:  # a blind guess explains nothing, which no logarithmic axis shows
        corner = (axes.get_xlim()[0], 0.0)
    else:
        axes.axvline(panel.blind, color=MUTED, linewidth=1.0, zorder=1)
        blind = f"blind guess {percent(panel.blind)}"
        texts = [axes.annotate(blind, xy=(panel.blind, 1.0), xytext=(0, 3), **small)]
    if not panel.limited:
        return texts
    for words in MEAN_LIMITS if panel.explains else (LIMIT, _NARROW_LIMIT):
        text = axes.annotate(words, xy=corner, xytext=(7, 7), linespacing=1.35, **small)
        box = extent(text).transformed(axes.transData.inverted())
        if _limit(panel, min(box.x1, 1.0)) > box.y1:
            return [*texts, text]
        text.remove()
    return texts


def _draw_epsilons(axes: Axes, panel: Panel, texts: list[Text]) -> None:
    """Write epsilon along the line that has nothing above it."""
    lines = [[p for p in points if drawable(p)] for _, points in panel.lines()]
    lines = [points for points in lines if points]
    longest = max(len(points) for points in lines)
    top = max(
        (points for points in lines if len(points) == longest),
        key=lambda points: sum(math.log(x) + math.log(y) for x, y in map(_at, points)),
    )
    taken = [extent(text) for text in texts]
    for index, point in enumerate(top):
        label = f"ε = {plain(point.epsilon)}" if index == 0 else plain(point.epsilon)
        place_if_free(
            axes,
            taken,
            text=label,
            xy=_at(point),
            xytext=(5, 5) if index == 0 else (0, 7),
            textcoords="offset points",
            ha="left",
            va="bottom",
            color=INK,
        )


def _thinned(values: list[float]) -> list[float]:
    return values[:: math.ceil(len(values) / 8)]


def _limit(panel: Panel, success: float) -> float:
    if panel.mean_limit is not None:
        return panel.mean_limit(success) / (panel.num_users or 1)
    return mse_without_epsilon(panel.k, success, target="users") / (panel.num_users or 1)


def drawable(point: Point) -> bool:
    """Whether a point has both coordinates."""
    x, y = _at(point)
    return 0 < x < math.inf and 0 < y < math.inf


def _at(point: Point) -> tuple[float, float]:
    """Success and error, exact where known; nan where missing."""
    return _best(point.success), _best(point.mse)


def _best(measure: Metric | None) -> float:
    return math.nan if measure is None or measure.best is None else measure.best


def _both_measured(point: Point) -> tuple[Metric, Metric] | None:
    """Success and error of a point, if both were measured and can be drawn."""
    success, mse = point.success, point.mse
    if success is None or mse is None or min(success.value or 0.0, mse.value or 0.0) <= 0:
        return None
    return success, mse


def _key(shown: list[Panel]) -> str:
    """How to read what these panels hold."""
    words = _KEY if _published(shown) else _KEY.partition(" Hollow")[0]
    limited = any(panel.guided for panel in shown)
    return words if limited else words.replace(_GUIDE_KEY.strip(), "").strip()


def _published(found: list[Panel]) -> list[str]:
    return [p.series for panel in found for p in panel.points if p.published_differs]


def _subdivisions(low: float, high: float) -> tuple[float, ...]:
    decades = math.log10(high / low)
    if decades < 0.5:
        return tuple(float(digit) for digit in range(1, 10))
    return (1.0, 2.0, 5.0) if decades < 2.6 else (1.0, 3.0) if decades < 3.5 else (1.0,)
