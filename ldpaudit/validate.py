"""One grammar for messages: the rule, then the value that broke it.

Each check returns what it was given as it is kept, or raises: TypeError for what is no number, text
or generator at all, ValueError for one out of range. :mod:`ldpaudit.parameters` builds on these.
"""

from __future__ import annotations

import difflib
import math
import operator
from collections.abc import Iterable
from typing import Any

import numpy as np
import numpy.typing as npt

__all__ = [
    "MAX_DOMAIN",
    "MAX_EPSILON",
    "MAX_JOBS",
    "MAX_LISTED_REPORTS",
    "MAX_SEED",
    "MAX_TABLE_ENTRIES",
    "MAX_TRIALS",
    "MIN_EPSILON",
    "check_delta",
    "check_distribution",
    "check_epsilon",
    "check_floats",
    "check_fraction",
    "check_generator",
    "check_histogram",
    "check_integer",
    "check_known",
    "check_listable",
    "check_nonnegative",
    "check_positive",
    "check_probability",
    "check_seed",
    "check_table_size",
    "check_text",
    "check_trials",
    "check_values",
    "one_line",
    "shown",
]

#: Largest privacy budget: exp(-epsilon) is still a full-precision number.
MAX_EPSILON = 700.0
#: Least privacy budget: below it the probabilities of a report differ by rounding alone.
MIN_EPSILON = 1e-12
#: Largest domain that is audited: tables of one entry per value still fit, and passes end.
MAX_DOMAIN = 10**7
#: Most reports an audit draws per input; more would not end in a day.
MAX_TRIALS = 10**10
#: Largest seed that a table of whole numbers holds.
MAX_SEED = 2**63 - 1
#: Most worker processes of one machine.
MAX_JOBS = 1024
#: Largest dense (reports x values) table that is built without being asked twice, in entries.
MAX_TABLE_ENTRIES = 2**28
#: Most reports a mechanism lists one by one.
MAX_LISTED_REPORTS = 2**20


def one_line(text: str) -> str:
    """Text of any origin as one line that a terminal shows; what is not printable is escaped."""
    line = " ".join(text.split())
    return "".join(char if char.isprintable() else ascii(char)[1:-1] for char in line)


def shown(value: object) -> str:
    """A wrong value on one line, cut where it is long."""
    text = one_line(repr(value))
    return text if len(text) <= 80 else f"{text[:77]}..."


def check_trials(value: int, minimum: int = 1) -> int:
    """Return `value` as a number of reports that can be drawn in a day."""
    return check_integer("trials", value, minimum, MAX_TRIALS)


def check_seed(value: int) -> int:
    """Return `value` as a seed."""
    return check_integer("seed", value, 0, MAX_SEED)


def check_text(name: str, value: str) -> str:
    """Return `value` if it is a text."""
    if not isinstance(value, str):
        raise TypeError(f"{name} must be a text, got {shown(value)}.")
    return value


def check_floats(name: str, array: npt.ArrayLike, *, copy: bool = True) -> npt.NDArray[np.float64]:
    """Return real numbers as float64, of their shape; without `copy` perhaps the array itself.

    Examples
    --------
    >>> check_floats("scores", [1, 2])
    array([1., 2.])
    """
    try:
        given = np.asarray(array)
        if given.dtype.kind not in "biufO":
            raise TypeError
        return given.astype(np.float64, copy=copy)
    except (TypeError, ValueError):
        raise TypeError(f"{name} must be numbers, got {shown(array)}.") from None


def check_epsilon(value: float) -> float:
    """Return `value` as a privacy budget: positive, and of a size that exp(-epsilon) can tell.

    In natural-log units, from `MIN_EPSILON` to `MAX_EPSILON`.

    Examples
    --------
    >>> check_epsilon(1)
    1.0
    >>> check_epsilon(-1.0)
    Traceback (most recent call last):
    ValueError: epsilon must be positive and finite, got -1.0.
    """
    budget = check_positive("epsilon", value)
    if budget < MIN_EPSILON:
        raise ValueError(f"epsilon must be at least {MIN_EPSILON:g}, got {value!r}.")
    if budget > MAX_EPSILON:
        raise ValueError(f"epsilon must be at most {MAX_EPSILON:g}, got {shown(value)}.")
    return budget


def check_positive(name: str, value: float) -> float:
    """Return `value` as a float if it is a finite number above zero.

    Examples
    --------
    >>> check_positive("scale", 2)
    2.0
    """
    number = _number(name, value)
    if not (math.isfinite(number) and number > 0):
        raise ValueError(f"{name} must be positive and finite, got {shown(value)}.")
    return number


def check_nonnegative(name: str, value: float) -> float:
    """Return `value` as a float if it is a finite number of at least zero.

    Examples
    --------
    >>> check_nonnegative("weight", 0)
    0.0
    """
    number = _number(name, value)
    if not (math.isfinite(number) and number >= 0):
        raise ValueError(f"{name} must be at least 0 and finite, got {shown(value)}.")
    return number


def check_fraction(name: str, value: float) -> float:
    """Return `value` as a float if it lies strictly between 0 and 1.

    Examples
    --------
    >>> check_fraction("p", 0.5)
    0.5
    """
    number = _number(name, value)
    if not 0 < number < 1:
        raise ValueError(f"{name} must lie strictly between 0 and 1, got {shown(value)}.")
    return number


def check_probability(name: str, value: float) -> float:
    """Return `value` as a float if it lies in [0, 1].

    Examples
    --------
    >>> check_probability("share", 1)
    1.0
    """
    number = _number(name, value)
    if not 0 <= number <= 1:
        raise ValueError(f"{name} must lie in [0, 1], got {shown(value)}.")
    return number


def check_delta(value: float) -> float:
    """Return `value`, the delta of (epsilon, delta)-LDP, as a float if it lies in [0, 1).

    Examples
    --------
    >>> check_delta(1e-6)
    1e-06
    """
    number = _number("delta", value)
    if not 0 <= number < 1:
        raise ValueError(f"delta must lie in [0, 1), got {shown(value)}.")
    return number


def check_integer(name: str, value: int, minimum: int, maximum: int | None = None) -> int:
    """Return `value` as an int if it is a whole number in [minimum, maximum].

    Parameters
    ----------
    name : str
        What the message calls it.
    value : int
        An int or a numpy integer; a bool and 3.0 are refused.
    minimum, maximum : int
        Limits, both allowed; no maximum where that is None.

    Examples
    --------
    >>> check_integer("k", np.int64(4), 2)
    4
    >>> check_integer("k", 1, 2)
    Traceback (most recent call last):
    ValueError: k must be at least 2, got 1.
    """
    if isinstance(value, bool | np.bool_):
        raise TypeError(f"{name} must be a whole number, got {shown(value)}.")
    try:
        number = operator.index(value)
    except TypeError:
        raise TypeError(f"{name} must be a whole number, got {shown(value)}.") from None
    if number < minimum:
        raise ValueError(f"{name} must be at least {minimum}, got {number}.")
    if maximum is not None and number > maximum:
        raise ValueError(f"{name} must be at most {maximum}, got {number}.")
    return number


def check_values(array: npt.ArrayLike, k: int) -> npt.NDArray[np.int64]:
    """Return user values as an int64 vector in [0, k).

    Parameters
    ----------
    array : array_like of int, shape (n,)
        One value per user; may be empty.
    k : int
        Number of values.

    Returns
    -------
    ndarray of int64, shape (n,)
        The array itself where it has this type already.

    Raises
    ------
    TypeError, ValueError
        If the array holds no integers, is not one-dimensional or leaves the range.

    Examples
    --------
    >>> check_values([0, 2], 3)
    array([0, 2])
    >>> check_values([0, 3], 3)
    Traceback (most recent call last):
    ValueError: values must lie in [0, 3), got 3.
    """
    out = np.asarray(array)
    if out.ndim != 1:
        raise ValueError(f"values must be one-dimensional, got shape {out.shape}.")
    if out.size == 0:
        return np.empty(0, dtype=np.int64)
    if not np.issubdtype(out.dtype, np.integer):
        raise TypeError(f"values must be integers, got dtype {out.dtype}.")
    low, high = int(out.min()), int(out.max())
    if low < 0 or high >= k:
        raise ValueError(f"values must lie in [0, {k}), got {low if low < 0 else high}.")
    return out.astype(np.int64, copy=False)


def check_histogram(array: npt.ArrayLike, k: int, max_users: int = 2**62) -> npt.NDArray[np.int64]:
    """Return users per value as an int64 vector of length k, of 1 to `max_users` users.

    Parameters
    ----------
    array : array_like of int, shape (k,)
        Number of users of each value, at least 0.
    k : int
        Number of values.
    max_users : int
        Most users in all.

    Returns
    -------
    ndarray of int64, shape (k,)
        A copy.

    Examples
    --------
    >>> check_histogram([3, 0], 2)
    array([3, 0])
    """
    users = np.asarray(array)
    if users.shape != (k,) or not np.issubdtype(users.dtype, np.integer):
        raise ValueError(
            f"histogram must be {k} whole numbers, got {users.dtype} of shape {users.shape}."
        )
    if (users < 0).any() or not users.any():
        raise ValueError("histogram must hold counts of at least 0 and at least one user.")
    total = float(users.sum(dtype=np.float64))  # a sum of integers could wrap round
    if total > max_users:
        raise ValueError(f"histogram must hold at most {max_users} users, got {int(total)}.")
    return users.astype(np.int64)


def check_listable(total: int) -> None:
    """Refuse to list more reports, one by one, than `MAX_LISTED_REPORTS`."""
    if total > MAX_LISTED_REPORTS:
        shown = f"{total}" if total < 2**63 else f"about 2**{total.bit_length() - 1}"
        raise ValueError(f"a list of {shown} reports is above the limit of {MAX_LISTED_REPORTS}.")


def check_distribution(name: str, array: npt.ArrayLike | None, k: int) -> npt.NDArray[np.float64]:
    """Return a probability vector of length k; None means uniform.

    Parameters
    ----------
    name : str
        What the message calls it, such as "prior".
    array : array_like of float, shape (k,), or None
        Probabilities that sum to 1 within 1e-9.
    k : int
        Number of values.

    Examples
    --------
    >>> check_distribution("prior", None, 2)
    array([0.5, 0.5])
    """
    if array is None:
        return np.full(k, 1.0 / k)
    out = check_floats(name, array)
    if out.shape != (k,):
        raise ValueError(f"{name} must have shape ({k},), got {out.shape}.")
    if not np.isfinite(out).all() or (out < 0).any():
        raise ValueError(f"{name} must hold finite probabilities of at least 0.")
    total = float(out.sum())
    if abs(total - 1.0) > 1e-9:
        raise ValueError(f"{name} must sum to 1, got {total!r}.")
    return out


def check_generator(rng: np.random.Generator) -> np.random.Generator:
    """Return `rng` if it is a numpy Generator.

    A seed or a RandomState is refused.

    Examples
    --------
    >>> check_generator(0)
    Traceback (most recent call last):
    TypeError: rng must be a numpy.random.Generator, got int.
    """
    if not isinstance(rng, np.random.Generator):
        raise TypeError(f"rng must be a numpy.random.Generator, got {type(rng).__name__}.")
    return rng


def check_table_size(rows: int, columns: int) -> None:
    """Refuse a dense table of reports by values of more than `MAX_TABLE_ENTRIES` entries."""
    if rows * columns > (most := MAX_TABLE_ENTRIES):
        table = f"a table of {rows} reports x {columns} values is above the limit of {most} entries"
        raise ValueError(f"{table}; pass fewer reports at a time or name the values.")


def check_known(kind: str, name: str, options: Iterable[str]) -> str:
    """Return `name` if it is among `options`, else say which ones are near.

    `kind` is what the message calls such a thing.

    Examples
    --------
    >>> check_known("grid", "exakt", ["exact", "published"])
    Traceback (most recent call last):
    ValueError: unknown grid 'exakt'; did you mean exact?
    """
    choices = sorted(options)
    if check_text(kind, name) in choices:
        return name
    near = difflib.get_close_matches(name, choices, n=3, cutoff=0.4)
    hint = f"did you mean {', '.join(near)}?" if near else f"known: {', '.join(choices)}."
    raise ValueError(f"unknown {kind} {name!r}; {hint}")


def _number(name: str, value: Any) -> float:
    if isinstance(value, bool | np.bool_ | str | bytes):
        raise TypeError(f"{name} must be a number, got {shown(value)}.")
    try:
        return float(value)
    except (TypeError, ValueError):
        raise TypeError(f"{name} must be a number, got {shown(value)}.") from None
    except OverflowError:
        raise ValueError(f"{name} must be positive and finite, got {shown(value)}.") from None
