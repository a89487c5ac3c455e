"""What reports of vectors uniform on the sphere give away, by integrals over length and angle.

All that a report says of u lies in its length r and in the angle between the two; the mean
of u given the report lies along it, with the length a(r) = E[cosine | r]. The share R2 is
E a(r)^2, and E a(r) is the expected cosine of the best guess.
"""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np

from ldpaudit.arrays import Floats

#: Gauss-Legendre nodes of a panel.
_NODES = 40


def panels(low: float, high: float, number: int) -> tuple[Floats, Floats]:
    """Nodes and weights of an integral over [low, high], in panels of equal width."""
    x, w = np.polynomial.legendre.leggauss(_NODES)
    ends = np.linspace(low, high, number + 1)
    half = np.diff(ends) / 2
    nodes = (ends[:-1] + half)[:, None] + half[:, None] * x
    return nodes.ravel(), (half[:, None] * w).ravel()


def angles(dimension: int, low: Floats) -> tuple[Floats, Floats]:
    """Angles with a uniform vector that lie above each of `low`: nodes and log weights, by rows.

    Weights hold sin(angle)^(d-2). Angles farther from a right one than 12 / sqrt(d) have less
    than 1e-30 of the sphere.
    """
    reach = 12 / math.sqrt(dimension)
    end = min(math.pi, math.pi / 2 + reach)
    start = np.clip(low, max(0.0, math.pi / 2 - reach), end)
    unit, weights = panels(0.0, 1.0, 4)
    span = end - start
    nodes = start[:, None] + span[:, None] * unit
    with np.errstate(divide="ignore"):
        logs = np.log(span)[:, None] + np.log(weights) + (dimension - 2) * np.log(np.sin(nodes))
    return nodes, logs


def told(
    lengths: tuple[Floats, Floats], log_both: Callable[[Floats], tuple[Floats, Floats]]
) -> tuple[float, float]:
    """R2 and expected cosine, from log E[density | r] and the mean cosine at each length r."""
    nodes, weights = lengths
    log_density, cosine = log_both(nodes)
    mass = weights * np.exp(log_density - log_density.max())
    mass /= mass.sum()
    return float(mass @ cosine**2), float(mass @ cosine)


def of_distance(
    dimension: int, log_law: Callable[[Floats], Floats]
) -> Callable[[Floats], tuple[Floats, Floats]]:
    """The two for a density that depends on the squared distance of report and u alone."""

    def both(lengths: Floats) -> tuple[Floats, Floats]:
        nodes, log_weights = _tilted_angles(dimension, lengths, log_law)
        squares = lengths[:, None] ** 2 + 1 - 2 * lengths[:, None] * np.cos(nodes)
        logs = log_law(squares) + log_weights
        top = logs.max(axis=1, keepdims=True)
        mass = np.exp(logs - top)
        density = np.log(mass.sum(axis=1)) + top[:, 0] + (dimension - 1) * np.log(lengths)
        cosine = (mass * np.cos(nodes)).sum(axis=1) / mass.sum(axis=1)
        return density, cosine

    return both


def _tilted_angles(
    dimension: int, lengths: Floats, log_law: Callable[[Floats], Floats]
) -> tuple[Floats, Floats]:
    """Nodes and log weights of angles for each length, around where the product is largest."""
    coarse = np.linspace(0, math.pi, 1025)[1:-1]
    cosine, sine = np.cos(coarse), (dimension - 2) * np.log(np.sin(coarse))
    low, high = np.empty(lengths.size), np.empty(lengths.size)
    for row, r in enumerate(lengths):
        logs = log_law(r * r + 1 - 2 * r * cosine) + sine
        seen = np.flatnonzero(logs > logs.max() - 60)
        low[row] = coarse[max(seen[0] - 1, 0)] if seen[0] else 0.0
        high[row] = coarse[seen[-1] + 1] if seen[-1] + 1 < coarse.size else math.pi
    unit, weights = panels(0.0, 1.0, 4)
    span = high - low
    nodes = low[:, None] + span[:, None] * unit
    log_weights = np.log(span)[:, None] + np.log(weights) + (dimension - 2) * np.log(np.sin(nodes))
    return nodes, log_weights
