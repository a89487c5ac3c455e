"""The limit as a figure: the least error at every attack success."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from ._epsilon_axis import log_ticks, power_label
from ._labels import fix_view
from ._palette import INK, MUTED
from ._paper import Paper
from ._view import log_limits

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from ldpaudit.analysis.limits import Frontier
    from ldpaudit.figure_style import FigureStyle


X_LABEL = "Attack success: probability of naming a user's value from one report"
Y_LABEL = "Mean squared error per value, times n"


def limit(curve: Frontier, style: FigureStyle | str | None = None) -> Figure:
    """Draw the limit of every unbiased estimate by epsilon-LDP: attack success against error.

    Parameters
    ----------
    curve : Frontier
        What ``ldpaudit.frontier(k, epsilon)`` returns.

    style : FigureStyle or str, optional
        Size, fonts and limits; ``"one-column"`` and ``"two-column"`` are those of papers. See
        ``ldpaudit.FigureStyle``.

    Returns
    -------
    matplotlib.figure.Figure
        Two curves on logarithmic axes, per-user mean squared error (n = 1) for
        the population and for fixed users, from just above blind guessing.

    Examples
    --------
    >>> import ldpaudit
    >>> limit(ldpaudit.frontier(10, 1.0)).axes[0].get_xscale()
    'log'
    """
    from matplotlib.ticker import FuncFormatter, MaxNLocator, NullLocator

    from ._notebook import ShownFigure

    paper = Paper.of(style)
    best = float(curve.points[:, 0].max())
    blind = 1 / curve.k
    success = blind + (best - blind) * np.geomspace(1e-2, 1, 400)
    with paper.theme():
        figure = ShownFigure(figsize=paper.size(7.0, 4.5), layout="constrained")
        axes = figure.subplots()
        axes.set(xscale="log", yscale="log")
        errors = {
            target: curve.mse_at(success, target=target) for target in ("population", "users")
        }
        axes.set_xlim(log_limits([blind, *success]))
        axes.set_ylim(log_limits(np.concatenate([*errors.values()])))
        for target, style in (("population", "-"), ("users", "--")):
            words = f"error against the {'population' if target == 'population' else 'fixed users'}"
            axes.plot(success, errors[target], color=INK, linestyle=style, label=words)
        axes.axvline(blind, color=MUTED, linewidth=1, label="blind guess")
        axes.xaxis.set_major_locator(MaxNLocator(7, steps=[1, 2, 5, 10]))
        axes.xaxis.set_major_formatter(FuncFormatter(lambda x, _: f"{100 * x:.3g}%"))
        axes.xaxis.set_minor_locator(NullLocator())
        high = axes.get_ylim()[1]
        log_ticks(axes, power_label if high > 1e5 else lambda x, _: f"{x:,.6g}")
        axes.set_xlabel(paper.folded(X_LABEL, figure.get_figwidth() - 0.8))
        axes.set_ylabel(paper.folded(Y_LABEL, figure.get_figheight() - 0.8))
        axes.set_title(f"The limit for k = {curve.k:,}, ε = {curve.epsilon:g}")
        figure.views[axes] = (paper.asked.x_limits, paper.asked.y_limits)
        fix_view(axes)
    paper.finished(figure)
    paper.key(axes, columns=1, place="best")
    return figure
