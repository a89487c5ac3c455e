"""Least variance of a number's estimate at a given epsilon: linear programs with certificates.

Inputs are finitely many numbers. A mechanism is a sum of columns: an estimate a, and weights
c_i of the inputs whose ratio is at most exp(epsilon). Columns are generated: the one that
breaks the dual most is found exactly, for every real a, and joins. The dual of every step,
lowered by what it is broken by, is a proven lower bound of the whole program.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from ldpaudit.arrays import Floats

#: Most rounds of columns.
_ROUNDS = 300
#: Columns that stay from one round to the next, the cheapest ones.
_KEPT = 300


@dataclass(frozen=True, eq=False)
class Dual:
    """Prices: `scale` of the inputs' sums, `mean` of their means, `spread` of their variances."""

    scale: Floats
    mean: Floats
    spread: Floats


@dataclass(frozen=True, eq=False)
class Bound:
    """Least variance: proven `lower`, and `upper`, reached on the inputs of the program."""

    lower: float
    upper: float


def least_variance(
    x: Floats, epsilon: float, weights: Floats | None = None, tolerance: float = 5e-4
) -> Bound:
    """Least worst-case variance on inputs that mirror each other around 0.

    With weights, which also mirror each other and sum to 1, the least weighted average.
    """
    e, half = math.exp(epsilon), x.size // 2
    estimates, columns = _first_columns(x, epsilon)
    best = np.empty(0)
    lower = -math.inf
    for _ in range(_ROUNDS):
        gap = estimates[:, None] - x
        blocks = (columns, columns * gap, columns * gap**2)
        # A column and its mirror image together: rows of the upper half are enough.
        ones, means, squares = (
            (block[:, half:] + sign * block[:, ::-1][:, half:]).T / 2
            for block, sign in zip(blocks, (1, -1, 1), strict=True)
        )
        equal = np.vstack([ones, means])
        upper, prices, spread = _solved(equal, squares, weights, x)
        here = np.concatenate([prices, spread])
        # Also halfway to the best dual so far: its columns settle the dual in fewer rounds.
        found = []
        for point in (here,) if not best.size else (here, (best + here) / 2):
            dual = _unfolded(x, *np.split(point, 3))
            value, *new = broken(x, e, dual)
            found.append(new)
            bound = (dual.scale.sum() + min(value, 0.0)) / dual.spread.sum()
            if bound > lower:
                lower, best = float(bound), point
        if upper - lower <= tolerance * upper:
            return Bound(lower, upper)
        cost = spread @ squares - prices @ equal
        kept = np.argsort(cost, kind="stable")[:_KEPT]
        estimates = np.concatenate([estimates[kept], *(new[0] for new in found)])
        columns = np.concatenate([columns[kept], *(new[1] for new in found)])
    raise RuntimeError(f"the linear program did not settle in {_ROUNDS} rounds.")


def _solved(
    equal: Floats, squares: Floats, weights: Floats | None, x: Floats
) -> tuple[float, Floats, Floats]:
    """Least variance with these columns, prices of sums and means, and those of variances."""
    from scipy.optimize import linprog

    target = np.repeat([1.0, 0.0], len(squares))
    if weights is None:
        found = linprog(
            np.append(np.zeros(squares.shape[1]), 1.0),
            A_ub=np.column_stack([squares, -np.ones(len(squares))]),
            b_ub=np.zeros(len(squares)),
            A_eq=np.column_stack([equal, np.zeros(len(equal))]),
            b_eq=target,
            method="highs",
        )
    else:
        upper_half = x[x.size // 2 :]
        spread = weights[x.size // 2 :] * np.where(upper_half == 0, 1, 2)
        found = linprog(spread @ squares, A_eq=equal, b_eq=target, method="highs")
    if found.status != 0 or found.fun is None:
        raise RuntimeError(f"the linear program did not end: {found.message}")
    if weights is None:
        spread = np.maximum(-found.ineqlin.marginals, 0)
    return float(found.fun), np.asarray(found.eqlin.marginals), np.asarray(spread)


def _first_columns(x: Floats, epsilon: float) -> tuple[Floats, Floats]:
    """Steps at every input with some estimates: Duchi's mechanism is a sum of them."""
    top = 1 / math.tanh(epsilon / 2)
    steps = np.where(np.arange(x.size) >= np.arange(x.size)[:, None], math.exp(epsilon), 1.0)
    estimates = top * np.array([0.3, 0.6, 0.8, 1.0, 1.2])
    return np.repeat(estimates, x.size), np.tile(steps, (estimates.size, 1))


def _unfolded(x: Floats, scale: Floats, mean: Floats, spread: Floats) -> Dual:
    """Prices of all inputs from those of the upper half, where 0 is its own mirror image."""
    share = np.where(x[x.size // 2 :] == 0, 1.0, 0.5)
    odd = x.size % 2
    parts = []
    for prices, sign in ((scale, 1.0), (mean, -1.0), (spread, 1.0)):
        own = prices * share
        parts.append(np.concatenate([sign * own[::-1][: own.size - odd], own]))
    if odd:
        parts[1][x.size // 2] = 0.0  # no price: the mean at 0 is 0 by symmetry
    return Dual(*parts)


def broken(x: Floats, e: float, dual: Dual) -> tuple[float, Floats, Floats]:
    """By how much a dual is broken at most, over all real estimates, and the worst columns.

    A column with weights between 1 and e pays the sum of c_i f_i(a), f_i(a) = spread_i
    (a - x_i)^2 - mean_i (a - x_i) - scale_i; least with e where f_i < 0 and 1 elsewhere.
    Between two zeros of the f_i that is one quadratic of a, whose minimum is known.
    """
    square, line = dual.spread, -2 * dual.spread * x - dual.mean
    fixed = dual.spread * x**2 + dual.mean * x - dual.scale
    root = np.sqrt(np.maximum(line**2 - 4 * square * fixed, 0))
    with np.errstate(divide="ignore", invalid="ignore"):
        # The root that does not cancel, and the other one from the product of both.
        stable = -(line + np.copysign(root, line)) / 2
        zeros = np.concatenate([stable / square, fixed / stable])
    zeros = np.unique(zeros[np.isfinite(zeros)])
    ends = np.concatenate([[-np.inf], zeros, [np.inf]])
    middle = np.concatenate([[zeros[0] - 1], (zeros[1:] + zeros[:-1]) / 2, [zeros[-1] + 1]])
    pays = (square * middle[:, None] + line) * middle[:, None] + fixed
    columns = np.where(pays < 0, e, 1.0)
    two, one, zero = columns @ square, columns @ line, columns @ fixed
    estimates = np.clip(-one / (2 * two), ends[:-1], ends[1:])
    values = (two * estimates + one) * estimates + zero
    worst = float(values.min())
    chosen = np.flatnonzero(values < min(0.02 * worst, -1e-14))
    return worst, estimates[chosen], columns[chosen]


def mirrored(number: int) -> Floats:
    """So many inputs from -1 to 1, evenly, which mirror each other exactly."""
    steps = np.arange(number) - (number - 1) / 2
    return np.asarray(steps / steps[-1])


def cells(number: int) -> tuple[Floats, Floats]:
    """Centres and widths of cells of [-1, 1]; the last ones at both ends are halved again."""
    width = 2 / number
    ends = width * np.array([1 / 2, 1 / 4, 1 / 8, 1 / 16, 1 / 16])
    widths = np.concatenate([ends[::-1], np.full(number - 2, width), ends])
    centres = np.cumsum(widths) - widths / 2 - 1
    return (centres - centres[::-1]) / 2, widths
