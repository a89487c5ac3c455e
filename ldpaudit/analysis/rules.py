"""Six rules that pick one of several points of several costs, none of which is best in all.

Costs are taken in decades and brought to one scale: 0 is the least that any point has and 1
the most that a point has which no other dominates, so that no unit matters. What is dominated
is never picked. The rules are textbook ones (Miettinen, *Nonlinear multiobjective
optimization*, 1999); Arcolezi and Gambs (arXiv:2503.01482, from its third version on) list
them for attack success, error and poisoning gain. Scales and constants are ours.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

from ldpaudit.arrays import Bools, Floats
from ldpaudit.validate import check_floats, check_known, shown

#: Relative difference below which two figures are the same: rounding.
SAME = 1e-9
#: Steps of an axis of the lattice of weights over which a knee is looked for.
_STEPS = 60
#: The worst corner of the hypervolume lies this far beyond what is not dominated.
_BEYOND = 1.1
#: Share of the sum beside the largest cost of augmented Tchebycheff.
_AUGMENT = 0.01
#: Costs but the first are held below this by the epsilon-constraint.
_HALF = 0.5


@dataclass(frozen=True)
class Scaled:
    """Costs of the points that nothing dominates, shape (n, d), between 0 and 1; and weights."""

    costs: Floats
    weights: Floats


def efficient(costs: npt.ArrayLike) -> Bools:
    """Which points no other point dominates: none is as good in all costs and better in one.

    Parameters
    ----------
    costs : array of shape (n, d)
        Lower is better. Differences by rounding count for nothing.

    Returns
    -------
    array of shape (n,)
        True or false.

    Examples
    --------
    >>> efficient([[1.0, 3.0, 2.0], [2.0, 1.0, 2.0], [2.0, 3.0, 2.0]]).tolist()
    [True, True, False]
    """
    table = np.asarray(costs, dtype=np.float64)
    kept = np.ones(len(table), dtype=np.bool_)
    for index, point in enumerate(table):
        room = SAME * np.maximum(np.abs(table), np.abs(point))
        no_worse = (table <= point + room).all(axis=1)
        better = (table < point - room).any(axis=1)
        kept[index] = not (no_worse & better).any()
    return kept


def pick(costs: npt.ArrayLike, rule: str, weights: npt.ArrayLike | None = None) -> int:
    """Return which of several points a rule picks.

    Parameters
    ----------
    costs : array of shape (n, d)
        Of n points, each cost at least 0 and lower better: say attack success, error and
        influence.
    rule : str
        ``"utopia"``: nearest to the point that has the least of every cost.
        ``"weighted-sum"``: the least sum of weighted costs.
        ``"knee"``: dearest to do without. If nobody knows the weights of the costs and all are
        equally likely, the point that loses most on average where it is taken away (Branke,
        Deb, Dierolf and Osswald, PPSN 2004); not one that has the least of some cost, which
        always loses much, where there are others.
        ``"epsilon-constraint"``: the least of the first cost, the others at most half way from
        the least to the most; where no point is, the one that comes nearest to it.
        ``"hypervolume"``: the largest volume that one point alone dominates, up to a corner 10%
        beyond the worst.
        ``"tchebycheff"``: the least of the largest weighted cost, plus a hundredth of their sum
        (augmented).
    weights : array of shape (d,), optional
        How much each cost counts for weighted-sum and tchebycheff, and the exponents of the sides
        for hypervolume; None means all alike.

    Returns
    -------
    int
        Its number; the first one of equals.

    Raises
    ------
    ValueError, TypeError
        If the rule is unknown, there are no points, or costs or weights are out of range.

    Examples
    --------
    >>> costs = [[1.0, 100.0], [2.0, 30.0], [4.0, 9.0], [30.0, 2.0], [100.0, 1.0]]
    >>> {rule: pick(costs, rule) for rule in ("weighted-sum", "epsilon-constraint", "knee")}
    {'weighted-sum': 2, 'epsilon-constraint': 2, 'knee': 2}
    """
    chosen = RULES[check_known("rule", rule, RULES)]
    table = check_floats("costs", costs)
    if table.ndim != 2 or not table.size or not (np.isfinite(table) & (table >= 0)).all():
        raise ValueError(f"costs must be n x d finite numbers, at least 0, got {shown(costs)}.")
    kept = np.flatnonzero(efficient(table))
    found = chosen(Scaled(_scaled(table[kept]), _weights(weights, table.shape[1])))
    # Equal up to rounding is equal, so that the first one does not depend on the machine.
    return int(kept[np.flatnonzero(found <= found.min() + SAME)[0]])


def _scaled(costs: Floats) -> Floats:
    """Decades above the least, as shares of the range."""
    logs = np.log10(np.maximum(costs, np.finfo(np.float64).tiny))
    above = logs - logs.min(axis=0)
    reach = above.max(axis=0)
    return np.asarray(above / np.where(reach > SAME, reach, np.inf))


def _weights(weights: npt.ArrayLike | None, size: int) -> Floats:
    if weights is None:
        return np.full(size, 1 / size)
    found = check_floats("weights", weights)
    if found.shape != (size,) or not (found > 0).all() or not np.isfinite(found).all():
        raise ValueError(f"weights must be {size} positive numbers, got {shown(weights)}.")
    return np.asarray(found / found.sum())


def _utopia(points: Scaled) -> Floats:
    return np.asarray(np.sqrt((points.costs**2).sum(axis=1)))


def _weighted_sum(points: Scaled) -> Floats:
    return np.asarray(points.costs @ points.weights)


def _knee(points: Scaled) -> Floats:
    """Less the mean loss without the point, over a lattice of weights."""
    size = points.costs.shape[1]
    cuts = itertools.combinations(range(_STEPS + size - 1), size - 1)
    bars = np.array([(-1, *cut, _STEPS + size - 1) for cut in cuts])
    sums = points.costs @ ((np.diff(bars, axis=1) - 1) / _STEPS).T
    lost = np.zeros(len(points.costs))
    if len(lost) > 1:
        two = np.partition(sums, 1, axis=0)
        np.add.at(lost, sums.argmin(axis=0), two[1] - two[0])
    inner = (points.costs > 0).all(axis=1)
    if inner.any():
        lost[~inner] = -math.inf
    return np.asarray(-lost / sums.shape[1])


def _constrained(points: Scaled) -> Floats:
    over = np.maximum(points.costs[:, 1:] - _HALF, 0.0).max(axis=1, initial=0.0)
    least = over.min()
    found = points.costs[:, 0] + SAME * points.costs.sum(axis=1)
    return np.where(over <= least + SAME, found, math.inf)


def _hypervolume(points: Scaled) -> Floats:
    sides = np.log(_BEYOND - points.costs)
    return np.asarray(-np.exp(len(points.weights) * (sides @ points.weights)))


def _tchebycheff(points: Scaled) -> Floats:
    weighed = points.costs * points.weights
    return np.asarray(weighed.max(axis=1) + _AUGMENT * weighed.sum(axis=1))


_Rule: TypeAlias = Callable[[Scaled], Floats]
#: Rules by name: from points to a figure of which the least is picked.
RULES: Mapping[str, _Rule] = {
    "utopia": _utopia,
    "weighted-sum": _weighted_sum,
    "knee": _knee,
    "epsilon-constraint": _constrained,
    "hypervolume": _hypervolume,
    "tchebycheff": _tchebycheff,
}
