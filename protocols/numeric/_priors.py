"""Whom the attacker expects: every number of the interval alike, or the numbers of a list."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

from ldpaudit.arrays import Floats
from ldpaudit.domains import Interval
from ldpaudit.validate import check_distribution

#: None (uniform), numbers that are equally likely, or a pair (numbers, probabilities).
PriorLike: TypeAlias = npt.ArrayLike | tuple[npt.ArrayLike, npt.ArrayLike] | None


@dataclass(frozen=True, eq=False)
class Points:
    """Different numbers in order, and their probabilities."""

    values: Floats
    weights: Floats


def points(prior: PriorLike, domain: Interval) -> Points | None:
    """The prior as points, None for the uniform one."""
    if prior is None:
        return None
    if isinstance(prior, tuple):
        if len(prior) != 2:
            raise ValueError(
                f"prior must be numbers or (numbers, weights), got {len(prior)} parts."
            )
        values = domain.check(prior[0])
        weights = check_distribution("weights of prior", prior[1], values.size)
    else:
        values = domain.check(prior)
        if not values.size:
            raise ValueError("prior must hold at least one number.")
        weights = np.full(values.size, 1 / values.size)
    held = weights > 0
    distinct, place = np.unique(values[held], return_inverse=True)
    return Points(distinct, np.bincount(place, weights[held]).astype(np.float64))


@dataclass(frozen=True, eq=False)
class Nodes:
    """A prior on the nodes 0..steps of a grid, to which positions are rounded at random.

    `mass` is the probability of each node and `first` the mean of (position - mean) on
    it; `variance` is that of the position.
    """

    mass: Floats
    first: Floats
    variance: float


def nodes(prior: Points | None, domain: Interval, steps: int) -> Nodes:
    """Law of the rounded position, and what it says of the position."""
    if prior is None:
        mass = np.full(steps + 1, 1 / steps)
        mass[[0, -1]] /= 2
        first = (np.arange(steps + 1) - steps / 2) / steps
        first[[0, -1]] = np.array([-1, 1]) * (steps / 4 - 1 / 6) / steps
        return Nodes(mass, first, steps**2 / 12)
    position = (prior.values - domain.low) * (steps / (domain.high - domain.low))
    position = np.clip(position, 0, steps)
    below = np.minimum(np.floor(position), steps - 1).astype(np.int64)
    up = position - below
    offset = position - prior.weights @ position
    mass, first = np.zeros(steps + 1), np.zeros(steps + 1)
    for node, share in ((below, 1 - up), (below + 1, up)):
        np.add.at(mass, node, prior.weights * share)
        np.add.at(first, node, prior.weights * share * offset)
    return Nodes(mass, first, float(prior.weights @ offset**2))


def explained(prior: Nodes, mixed: Callable[[Floats], Floats]) -> float:
    """R2, where `mixed` turns weights of nodes into weights of reports (a linear map)."""
    if not prior.variance > 0:
        raise ValueError(
            "prior must hold two different numbers, for R2 is a share of its variance."
        )
    mass, first = mixed(prior.mass), mixed(prior.first)
    seen = mass > 0
    return float((first[seen] ** 2 / mass[seen]).sum() / prior.variance)


def nearby(prior: Points, tau: float, law: Callable[[int, int], Floats], reports: int) -> float:
    """Success within tau: sum over reports of the best window's weight.

    `law(first, many)` holds P(report | point) of so many reports, a column for each, times how
    many reports the column stands for. The best window begins at a point.
    """
    reach = prior.values + 2 * tau * (1 + 1e-12)
    after = np.searchsorted(prior.values, reach, side="right")
    step = max(1, 2**15 // prior.values.size)  # scratch stays in a near cache
    total = 0.0
    for first in range(0, reports, step):
        table = law(first, min(step, reports - first))
        table *= prior.weights[:, None]
        below = np.zeros((len(table) + 1, table.shape[1]))
        np.cumsum(table, axis=0, out=below[1:])
        total += float((below[after] - below[:-1]).max(axis=0).sum())
    return min(1.0, total)
