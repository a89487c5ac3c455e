"""A channel as a heat map: the probability of every report under every value."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from ldpaudit.arrays import Floats
from ldpaudit.leakage.channels import check_channel

from ._numbers import significant
from ._palette import INK, PAPER
from ._paper import Paper
from ._style import SMALL

if TYPE_CHECKING:
    import numpy.typing as npt
    from matplotlib.figure import Figure

    from ldpaudit.figure_style import FigureStyle

#: Most values and reports that a reader can tell apart.
MAX_VALUES, MAX_REPORTS = 64, 512
_WRITTEN = 160  # cells that have room for their number


def channel(table: npt.ArrayLike, style: FigureStyle | str | None = None) -> Figure:
    """Draw a channel, one row per value and one column per report; darker is likelier.

    Parameters
    ----------
    table : array of shape (k, reports)
        P(report | value), rows sum to 1: what ``leakage.channel(mechanism)``
        returns. At most 64 values and 512 reports.

    style : FigureStyle or str, optional
        Size, fonts and limits; ``"one-column"`` and ``"two-column"`` are those of papers. See
        ``ldpaudit.FigureStyle``.

    Returns
    -------
    matplotlib.figure.Figure
        Not saved and not registered with pyplot. Shades run from white for 0 to
        the largest probability; small tables have their numbers written in.

    Raises
    ------
    ValueError
        If `table` is no channel or too large to be read.

    Examples
    --------
    >>> import ldpaudit
    >>> from ldpaudit import leakage
    >>> figure = channel(leakage.channel(ldpaudit.mechanism("grr", k=3, epsilon=1.0)))
    >>> figure.axes[0].get_xlabel()
    'Report'
    """
    import seaborn as sns
    from matplotlib.ticker import MaxNLocator

    from ._notebook import ShownFigure

    shares = check_channel(table)
    k, reports = shares.shape
    if k > MAX_VALUES or reports > MAX_REPORTS:
        raise ValueError(
            f"a channel is drawn for at most {MAX_VALUES} values and {MAX_REPORTS} reports, "
            f"got {k} and {reports}."
        )
    written = shares.size <= _WRITTEN and reports <= 16
    across = float(np.clip((0.56 if written else 0.32) * reports, 3.2, 9.0))
    down = float(np.clip(0.36 * k, 1.8, 7.0))
    paper = Paper.of(style)
    with paper.theme():
        shade = sns.light_palette("#0b3c66", as_cmap=True).with_extremes(under=PAPER)
        figure = ShownFigure(figsize=paper.size(across + 2.1, down + 1.2), layout="constrained")
        axes = figure.subplots()
        sns.heatmap(
            shares,
            vmin=np.nextafter(0, 1),
            vmax=float(shares.max()),
            cmap=shade,
            annot=_numbers(shares) if written else False,
            fmt="",
            annot_kws={"fontsize": SMALL},
            linewidths=0.6 if shares.size <= 1000 else 0,
            linecolor=PAPER,
            cbar_kws={"label": "P(report | value)"},
            xticklabels=False,
            yticklabels=False,
            ax=axes,
        )
        for axis, count in ((axes.xaxis, reports), (axes.yaxis, k)):
            ticks = [int(t) for t in MaxNLocator(12, integer=True).tick_values(0, count - 1)]
            ticks = [tick for tick in ticks if 0 <= tick < count]
            axis.set_ticks([tick + 0.5 for tick in ticks], labels=[str(tick) for tick in ticks])
        axes.tick_params(axis="both", rotation=0, length=0)
        axes.set_xlabel("Report")
        axes.set_ylabel("Value")
        title = f"The channel: {k} values, {reports} reports"
        axes.set_title(paper.folded(title, figure.get_figwidth() - 1.2, 11.5), color=INK)
    return paper.finished(figure)


def _numbers(shares: Floats) -> npt.NDArray[np.str_]:
    written = [[significant(share, 2) if share else "0" for share in row] for row in shares]
    return np.array(written, dtype=np.str_)
