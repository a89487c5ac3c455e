"""The limit as a figure: the least error at every attack success."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from ._palette import INK, MUTED
from ._style import theme
from ._view import log_limits

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from ldpaudit.analysis.limits import Frontier


def limit(curve: Frontier) -> Figure:
    """Draw the limit of every unbiased estimate by epsilon-LDP: attack success against error.

    Parameters
    ----------
    curve : Frontier
        What ``ldpaudit.frontier(k, epsilon)`` returns.

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

    best = float(curve.points[:, 0].max())
    blind = 1 / curve.k
    success = blind + (best - blind) * np.geomspace(1e-2, 1, 400)
    with theme():
        figure = ShownFigure(figsize=(7, 4.5), layout="constrained")
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
        axes.set_xlabel("Attack success: probability of naming a user's value from one report")
        axes.set_ylabel("Mean squared error per value, times n")
        axes.set_title(f"The limit for k = {curve.k:,}, epsilon = {curve.epsilon:g}")
        axes.legend(frameon=False)
    return figure
