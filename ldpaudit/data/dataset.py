"""Who holds what: a histogram of users over values."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

from ldpaudit import validate
from ldpaudit.parameters import parameters

if TYPE_CHECKING:
    from ldpaudit.contracts import Floats, Values


def _users(name: str, value: Any, made: Any) -> Values:
    del made
    given = np.asarray(value)
    if given.dtype.kind not in "iu":
        raise TypeError(f"{name} must be whole numbers, got dtype {given.dtype}.")
    if given.ndim != 1 or given.size < 2:
        raise ValueError(f"{name} must have shape (k,) with k >= 2, got {given.shape}.")
    if given.min() < 0 or given.max() == 0:
        raise ValueError(f"{name} must hold counts of at least 0 and at least one user.")
    histogram = given.astype(np.int64)
    histogram.flags.writeable = False
    return histogram


@dataclass(frozen=True, eq=False)
@parameters(histogram=_users)
class DataSet:
    """How many users hold each of k values.

    Attributes
    ----------
    name : str
        What it is called in tables.
    histogram : ndarray of int64, shape (k,)
        Users holding each value; read-only.
    labels : tuple of str or None
        What the k values mean, if they mean anything.
    notice : str
        Attribution to print beside results, empty for synthetic data and the user's own.
    sizes : tuple of int or None
        Numbers of values of the attributes if the k values are records of several: k is their
        product, and records are numbered with the last attribute running fastest.

    Raises
    ------
    TypeError, ValueError
        If the histogram is not at least two whole numbers of at least 0 with
        a positive sum, or there is not one label a value.

    Examples
    --------
    >>> data = DataSet("coins", np.array([3, 1]), labels=("heads", "tails"))
    >>> data.k, data.num_users, data.frequencies
    (2, 4, array([0.75, 0.25]))
    >>> data.users()
    array([0, 0, 0, 1])
    """

    name: str
    histogram: Values
    labels: tuple[str, ...] | None = None
    notice: str = ""
    sizes: tuple[int, ...] | None = None

    def _check_together(self) -> None:
        if self.labels is not None and len(self.labels) != self.k:
            raise ValueError(f"labels must name {self.k} values, got {len(self.labels)}.")
        if self.sizes is not None:
            sizes = tuple(validate.check_integer("every size", m, 2, self.k) for m in self.sizes)
            if math.prod(sizes) != self.k:
                raise ValueError(f"sizes must have the product {self.k}, got {sizes}.")

    @property
    def k(self) -> int:
        """Number of values."""
        return self.histogram.size

    @cached_property
    def num_users(self) -> int:
        """Number of users."""
        return int(self.histogram.sum())

    @property
    def frequencies(self) -> Floats:
        """Share of the users holding each value, shape (k,)."""
        return self.histogram / self.num_users

    def users(self) -> Values:
        """Return one value a user in ascending order, shape (num_users,), int64."""
        return np.repeat(np.arange(self.k, dtype=np.int64), self.histogram)
