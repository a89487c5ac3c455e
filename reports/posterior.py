"""What the attacker sees: belief about one user, before and after one report."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from ldpaudit.arrays import Floats
from ldpaudit.validate import check_distribution

from ._labels import fix_view
from ._numbers import percent
from ._palette import INK
from ._paper import Paper

if TYPE_CHECKING:
    import numpy.typing as npt
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from ldpaudit.figure_style import FigureStyle

Y_LABEL = "Probability that it is the user's"
_AFTER, _TRUTH = "#0072b2", "#d55e00"
_BARS = 60  # more values than this are steps and not bars


def posterior(
    belief: npt.ArrayLike,
    prior: npt.ArrayLike | None = None,
    value: int | None = None,
    style: FigureStyle | str | None = None,
) -> Figure:
    """Draw what an attacker believes after one report, beside what was believed before.

    Parameters
    ----------
    belief : array of shape (k,) or (1, k)
        Probability of every value after the report: a row of
        ``leakage.posterior(m.log_likelihood(reports), prior)``.
    prior : array of shape (k,), optional
        Probabilities before the report; None means uniform.
    value : int, optional
        The user's value, to be marked.

    style : FigureStyle or str, optional
        Size, fonts and limits; ``"one-column"`` and ``"two-column"`` are those of papers. See
        ``ldpaudit.FigureStyle``.

    Returns
    -------
    matplotlib.figure.Figure
        Not saved and not registered with pyplot. The best guess is named with its
        probability; where several values tie, their number is.

    Raises
    ------
    ValueError
        If `belief` or `prior` is no distribution, or `value` not one of the k values.

    Examples
    --------
    >>> import numpy as np
    >>> import ldpaudit
    >>> from ldpaudit import leakage
    >>> m = ldpaudit.mechanism("grr", k=5, epsilon=1.0)
    >>> belief = leakage.posterior(m.log_likelihood(np.array([2])))
    >>> posterior(belief, value=2).axes[0].get_title(loc="left")
    'One report: the best guess is value 2, with probability 40.5%'
    """
    from ._notebook import ShownFigure

    after = np.asarray(belief, dtype=np.float64)
    after = after[0] if after.ndim == 2 and len(after) == 1 else after
    if after.ndim != 1 or len(after) < 2:
        raise ValueError(f"belief must have shape (k >= 2,) or (1, k), got {after.shape}.")
    k = len(after)
    after = check_distribution("belief", after, k)
    before = check_distribution("prior", prior, k)
    if value is not None and not 0 <= value < k:
        raise ValueError(f"value must lie in [0, {k}), got {value}.")
    paper = Paper.of(style)
    with paper.theme():
        figure = ShownFigure(figsize=paper.size(7.2, 3.6), layout="constrained")
        axes = figure.subplots()
        _draw(axes, after, before, value)
        axes.set_ylabel(paper.folded(Y_LABEL, figure.get_figheight() - 0.8))
        axes.set_title(paper.folded(_title(after), figure.get_figwidth() - 0.8, 11.5))
        figure.views[axes] = (paper.asked.x_limits, paper.asked.y_limits)
        fix_view(axes)
    paper.finished(figure)
    paper.key(axes, columns=3, place="upper right")
    return figure


def _draw(axes: Axes, after: Floats, before: Floats, value: int | None) -> None:
    import seaborn as sns
    from matplotlib.ticker import FuncFormatter, MaxNLocator

    k = len(after)
    edges = np.arange(k + 1) - 0.5
    high = 1.18 * max(after.max(), before.max())
    axes.set(xlim=(-0.5, k - 0.5), ylim=(0, high))
    if k <= _BARS:
        axes.bar(np.arange(k), after, width=0.78, color=_AFTER, label="after one report")
    else:
        axes.stairs(after, edges, fill=True, color=_AFTER, label="after one report")
    axes.stairs(before, edges, color=INK, linewidth=1.2, baseline=None, label="before")
    if value is not None:
        axes.plot(value, after[value] + 0.035 * high, marker="v", color=_TRUTH, markersize=7,
                  linestyle="none", label=f"the user's value, {value}")  # fmt: skip
    axes.xaxis.set_major_locator(MaxNLocator(12, integer=True))
    axes.yaxis.set_major_locator(MaxNLocator(5))
    axes.yaxis.set_major_formatter(FuncFormatter(lambda share, _: f"{100 * share:.6g}%"))
    axes.grid(visible=False, axis="x")
    axes.set_xlabel("Value")
    sns.despine(ax=axes)


def _title(after: Floats) -> str:
    best = after.max()
    ties = np.flatnonzero(after >= best * (1 - 1e-9))
    if len(ties) == 1:
        return f"One report: the best guess is value {ties[0]}, with probability {percent(best)}"
    return f"One report: {len(ties):,} values tie as best guess, each with {percent(best)}"
