"""What a set of points dominates, as one number."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from ldpaudit import validate
from ldpaudit.analysis.limits import frontier, non_dominated
from ldpaudit.analysis.operating_points import GROUP

if TYPE_CHECKING:
    import pandas as pd


def hypervolume(
    success: npt.ArrayLike, mse: npt.ArrayLike, reference: tuple[float, float]
) -> float:
    """Return the area between a set of points and a reference that is worse in both costs.

    That is the area of the union of the rectangles from each point to the
    reference: what the set dominates. It grows with every point that nothing
    dominates, and an equal or dominated point adds nothing. Computed exactly, by
    one sweep over the staircase of the points that no other beats.

    Parameters
    ----------
    success, mse : array_like, shape (n,)
        Any two costs, lower being better; their logarithms give an area in decades.
    reference : tuple of two floats
        The worst success and error that count. A point that is not better than
        it in both adds nothing.

    Returns
    -------
    float
        In units of `success` times units of `mse`; 0 for no points.

    Raises
    ------
    ValueError, TypeError
        If the shapes differ, a value is nan, or the reference is not finite.

    Examples
    --------
    >>> hypervolume([0.25, 0.5], [2.0, 1.0], reference=(1.0, 4.0))  # 0.25 * 2 + 0.5 * 3
    2.0
    """
    kept = non_dominated(success, mse)
    x, y = np.asarray(success, dtype=float)[kept], np.asarray(mse, dtype=float)[kept]
    ends = validate.check_floats("reference", reference)
    if ends.shape != (2,) or not np.isfinite(ends).all():
        raise ValueError(f"reference must be two finite numbers, got {validate.shown(reference)}.")
    right, top = map(float, ends)
    inside = (x < right) & (y < top)
    x, y = x[inside], y[inside]
    if not np.isfinite(x).all() or not np.isfinite(y).all():
        return math.inf
    order = np.argsort(x)
    x, y = x[order], y[order]
    widths = np.append(x[1:], right) - x
    with np.errstate(over="ignore"):
        return float(widths @ (top - y))


#: Reference of `hypervolumes`: this many times the least error against the population.
_WORST = 100.0


def hypervolumes(table: pd.DataFrame) -> pd.DataFrame:
    """Return how much of what is possible each group's protocols reach together.

    Success and error are taken in decades (log10), as the figures show them. The
    reference is success 1 and 100 times the least error of any unbiased
    estimate by epsilon-LDP against the population (that against fixed users may be next to
    nothing), so it depends on k and epsilon and on no protocol.

    Parameters
    ----------
    table : pandas.DataFrame
        What `standings` returned. Figures count without their intervals.

    Returns
    -------
    pandas.DataFrame
        One row a group where the limit applies to some protocol: the columns of
        `GROUP`; reference_success, reference_n_mse; `hypervolume` of its protocols,
        exact, in decades squared; `limit`, that of the limit itself (trapezoids,
        to about 1e-6); `share`, the ratio of the two, at most 1 where nothing is
        below the limit.

    Examples
    --------
    >>> import ldpaudit
    >>> m = ldpaudit.mechanism("ss", k=100, epsilon=1.0)
    >>> frame = ldpaudit.audit(m, ["bayes"], trials=1000).to_frame()
    >>> from ldpaudit.analysis import standings
    >>> hypervolumes(standings(frame))[["hypervolume", "limit", "share"]].round(3)
       hypervolume  limit  share
    0        3.465  3.916  0.885
    """
    import pandas as pd

    rows = []
    usable = table[table["limit_applies"] & table["success"].gt(0) & table["n_mse"].gt(0)]
    for _, group in usable.groupby(list(GROUP), sort=False, dropna=False):
        axes = group.iloc[0][list(GROUP)].to_dict()
        curve = frontier(axes["k"], axes["epsilon"])
        worst = _WORST * curve.mse_at(1.0)
        grid = np.geomspace(1 / axes["k"], 1.0, 20_001)
        least = np.maximum(curve.mse_at(grid, target="users"), np.finfo(np.float64).tiny)
        below = np.maximum(math.log10(worst) - np.log10(least), 0.0)
        limit = float(np.trapezoid(below, np.log10(grid)))
        area = hypervolume(
            np.log10(group["success"]), np.log10(group["n_mse"]), (0.0, math.log10(worst))
        )
        rows.append(
            axes
            | {"reference_success": 1.0, "reference_n_mse": worst}
            | {"hypervolume": area, "limit": limit, "share": area / limit}
        )
    added = ("reference_success", "reference_n_mse", "hypervolume", "limit", "share")
    return pd.DataFrame(rows, columns=[*GROUP, *added])
