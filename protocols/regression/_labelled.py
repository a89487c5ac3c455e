"""Labelled points: what a person holds, and the regression that fits many of them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
import numpy.typing as npt

from ldpaudit.arrays import Floats
from ldpaudit.contracts import Values
from ldpaudit.validate import check_floats, check_integer


@dataclass(frozen=True)
class LabelledPoints:
    """Points x of `dimension` real numbers with a real label y, in rows (x, y).

    `extremes` are the two that a mechanism tells apart best; they come first in every grid.
    """

    dimension: int
    extremes: tuple[tuple[float, ...], tuple[float, ...]]

    def __str__(self) -> str:
        return f"points of {self.dimension} numbers with a label"

    @property
    def parameters(self) -> dict[str, Any]:
        """``dimension``, that of x."""
        return {"dimension": self.dimension}

    def check(self, values: npt.ArrayLike) -> Floats:
        """Rows (x, y) of finite numbers, shape (n, dimension + 1)."""
        given = check_floats("values", values)
        if given.ndim != 2 or given.shape[1] != self.dimension + 1:
            raise ValueError(
                f"values must have shape (n, {self.dimension + 1}), got {given.shape}."
            )
        if not np.isfinite(given).all():
            raise ValueError("values must be finite, got nan or infinity.")
        return given

    def grid(self, size: int | None = None) -> Floats:
        """The two extremes, then axes with labels 1 and -1 in turn and growing lengths."""
        size = check_integer("size", 17 if size is None else size, 2)
        place = np.arange(size - 2)
        rows = np.zeros((size, self.dimension + 1))
        rows[:2] = self.extremes
        rows[2 + place, place % self.dimension] = 1.0 + place // self.dimension
        rows[2:, -1] = np.where(place % 2, -1.0, 1.0)
        return rows

    def text(self, value: Any) -> str:
        """The label and up to three numbers of the point."""
        *point, label = self.check([value])[0].tolist()
        more = ", ..." if len(point) > 3 else ""
        return f"({', '.join(f'{number:.6g}' for number in point[:3])}{more}; {label:.6g})"


@dataclass(frozen=True)
class Coefficients:
    """The coefficients of the users' own least-squares regression, without an intercept.

    The error is the squared distance. Estimates of it are fitted to noise, and biased.

    Examples
    --------
    >>> people = np.array([[1.0, 0.0, 2.0], [0.0, 1.0, -1.0]])
    >>> Coefficients().truth(people, np.array([3, 1])).round(12)
    array([ 2., -1.])
    """

    name: ClassVar[str] = "regression"
    unit: ClassVar[str] = "squared distance of coefficients"
    unbiased: ClassVar[bool] = False

    def __str__(self) -> str:
        return f"{self.name} ({self.unit})"

    def truth(self, inputs: Any, histogram: Values) -> Floats:
        """Least-squares coefficients of histogram[i] users who hold inputs[i], shape (d,)."""
        root = np.sqrt(histogram)[:, None]
        points, labels = inputs[:, :-1] * root, inputs[:, -1] * root[:, 0]
        return np.asarray(np.linalg.lstsq(points, labels, rcond=None)[0])

    def error(self, estimate: Floats, truth: Floats) -> float:
        """Squared distance."""
        return float(((estimate - truth) ** 2).sum())


def clipped_length(points: Floats, radius: float) -> Floats:
    """Points shortened to at most a radius."""
    lengths = np.linalg.norm(points, axis=1, keepdims=True)
    return np.asarray(points * np.minimum(1.0, radius / np.maximum(lengths, 1e-300)))
