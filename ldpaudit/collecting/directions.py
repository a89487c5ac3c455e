"""Directions in which somebody wants a mean to lie."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import numpy.typing as npt

from ldpaudit.arrays import Floats
from ldpaudit.domains import Ball, Interval
from ldpaudit.validate import check_floats, shown

__all__ = ["check_direction", "farthest_along"]


def check_direction(towards: npt.ArrayLike, dimension: int) -> Floats:
    """Return a direction, so many finite numbers of which not all are 0, as float64.

    Examples
    --------
    >>> check_direction([0, 2], 2)
    array([0., 2.])
    """
    aim = check_floats("towards", towards)
    if aim.shape != (dimension,) or not aim.any() or not np.isfinite(aim).all():
        raise ValueError(
            f"towards must be {dimension} finite numbers, not all 0, got {shown(towards)}."
        )
    return aim


def farthest_along(domain: Any, towards: npt.ArrayLike | None) -> tuple[Floats, Floats]:
    """Return a direction as one of length 1, and the input that lies farthest along it.

    Parameters
    ----------
    domain : Interval or Ball
        Where the inputs are.
    towards : float or array of shape (dimension,), optional
        For an interval a number, of which the sign counts; None means up, or along the first
        coordinate.

    Returns
    -------
    tuple of array
        Both of shape () for an interval, (dimension,) for a ball.

    Raises
    ------
    TypeError, ValueError
        If the domain is another one, or the direction is none.

    Examples
    --------
    >>> farthest_along(Interval(0.0, 3.0), -1)
    (array(-1.), array(0.))
    >>> farthest_along(Ball(2, 5.0), [3, 4])
    (array([0.6, 0.8]), array([3., 4.]))
    """
    if isinstance(domain, Interval):
        up = np.sign(check_direction(np.ravel(1.0 if towards is None else towards), 1)[0])
        return np.asarray(up), np.asarray(domain.high if up > 0 else domain.low)
    if not isinstance(domain, Ball):
        raise TypeError(f"domain must be an interval or a ball, got {domain}.")
    along = np.eye(1, domain.dimension)[0] if towards is None else towards
    aim = check_direction(along, domain.dimension)
    aim = aim / np.linalg.norm(aim)
    if domain.norm == math.inf:
        return aim, domain.radius * np.sign(aim)
    if domain.norm == 1:
        corner = np.arange(aim.size) == np.abs(aim).argmax()
        return aim, domain.radius * np.sign(aim) * corner
    return aim, domain.radius * aim
