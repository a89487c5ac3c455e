"""Caps of the unit sphere: how much of it they hold, and where their points are.

For u fixed and v uniform on the sphere of d dimensions, t = <u, v> has the density
c (1 - t^2)^((d-3)/2), and (1 - t) / 2 the law Beta(a, a), a = (d-1)/2. A cap is
{v : t >= g}, given by its angle, g = cos(angle): nothing cancels where it is small.
"""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt

from ldpaudit.arrays import Bools, Floats


def log_constant(dimension: int) -> float:
    """Logarithm of c = Gamma(d/2) / (sqrt(pi) Gamma((d-1)/2))."""
    gap = math.lgamma(dimension / 2) - math.lgamma((dimension - 1) / 2)
    return gap - math.log(math.pi) / 2


def cap_share(dimension: int, angle: npt.ArrayLike) -> Floats:
    """Share q of the sphere that lies in a cap, for angles from 0 to pi."""
    from scipy.special import betainc

    half = (dimension - 1) / 2
    return np.asarray(betainc(half, half, np.sin(np.asarray(angle) / 2) ** 2))


def cap_moment(dimension: int, angle: npt.ArrayLike) -> Floats:
    """Integral of t over a cap, c sin(angle)^(d-1) / (d-1)."""
    with np.errstate(divide="ignore"):
        power = (dimension - 1) * np.log(np.sin(np.asarray(angle)))
    return np.asarray(np.exp(log_constant(dimension) + power) / (dimension - 1))


def best_angle(dimension: int, epsilon: float) -> float:
    """The cap of least error: g (1 / (e-1) + q(g)) is the integral of t over it."""
    from scipy.optimize import brentq

    rest = math.exp(-epsilon) / -math.expm1(-epsilon)

    def excess(angle: float) -> float:
        # Its derivative in g = cos(angle) is -rest - q: it has one zero.
        g = math.cos(angle)
        held = float(cap_moment(dimension, angle)) - g * float(cap_share(dimension, angle))
        return held - g * rest

    # In the logarithm of the angle: caps of large budgets are tiny.
    found = brentq(lambda z: excess(math.exp(z)), -700.0, math.log(math.pi / 2), xtol=1e-15)
    return math.exp(float(found))


def place_in_cap(dimension: int, share: float, inside: Bools, part: Floats) -> Floats:
    """(1 - t) / 2 of points of a cap of this share, or of points outside it, by quantiles."""
    from scipy.special import betaincinv

    half = (dimension - 1) / 2
    tail = np.where(inside, share * part, share + (1 - share) * part)
    return np.asarray(betaincinv(half, half, tail))
