"""Who holds what: a histogram of users over values."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any, cast

import numpy as np

from ldpaudit import validate
from ldpaudit.domains import Categories, Records
from ldpaudit.parameters import parameters

if TYPE_CHECKING:
    from ldpaudit.arrays import Floats
from ldpaudit.contracts import Domain, Inputs, Values


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


def _labels(name: str, value: Any, made: Any) -> tuple[str, ...] | None:
    if value is not None and len(value) != made.k:
        raise ValueError(f"{name} must name {made.k} values, got {len(value)}.")
    if value is None and made.inputs is not None and made.domain is not None:
        return tuple(map(made.domain.text, made.domain.check(made.inputs)))
    return cast("tuple[str, ...] | None", value)


def _sizes(name: str, value: Any, made: Any) -> tuple[int, ...] | None:
    del name
    if value is None:
        return None
    sizes = tuple(validate.check_integer("every size", m, 2, made.k) for m in value)
    if math.prod(sizes) != made.k:
        raise ValueError(f"sizes must have the product {made.k}, got {sizes}.")
    return sizes


def _domain(name: str, value: Any, made: Any) -> Domain:
    """The kind of input that is given; without one categories or records."""
    del name
    numbered = value is None or value.parameters.get("k") == made.k
    if (made.inputs is None) != numbered:
        raise ValueError("inputs and their domain must be given together.")
    if made.inputs is not None:
        return cast("Domain", value)
    if made.sizes is not None:
        return Records(made.sizes)
    try:
        return Categories(made.k if made.labels is None else made.labels)
    except (TypeError, ValueError):  # labels that are no names, or not of one value each
        return Categories(made.k)


def _inputs(name: str, value: Any, made: Any) -> Inputs | None:
    if value is None:
        return None
    inputs = np.array(made.domain.check(value))
    if len(inputs) != made.k:
        raise ValueError(f"{name} must be {made.k} of {made.domain}, got {len(inputs)}.")
    inputs.flags.writeable = False
    return inputs


@dataclass(frozen=True, eq=False)
@parameters(histogram=_users, labels=_labels, sizes=_sizes, domain=_domain, inputs=_inputs)
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
    inputs : ndarray or None
        What the k values are where they are not 0 to k - 1: different inputs of `domain`, in
        the order of the histogram; read-only.
    domain : Domain
        Kind of input; without `inputs` categories by their labels, or records by their sizes.

    Raises
    ------
    TypeError, ValueError
        If the histogram is not at least two whole numbers of at least 0 with
        a positive sum, or there is not one label per value.

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
    inputs: Inputs | None = None
    domain: Domain | None = None

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
        """Return one value per user in ascending order, shape (num_users,), int64."""
        return np.repeat(np.arange(self.k, dtype=np.int64), self.histogram)
