"""The door for any mechanism: a function, or reports that somebody recorded.

`from_callable` makes a mechanism of a function that randomizes one value (or a batch),
`from_samples` of two files of reports, one per input. Neither knows a likelihood, so what
they leak is learned from reports.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from ldpaudit import validate
from ldpaudit.adapters.arrays import Raw, checked, stack
from ldpaudit.adapters.foreign_inputs import foreign_inputs
from ldpaudit.contracts import Domain
from ldpaudit.domains import Categories, Interval


def from_callable(
    fn: Callable[..., Any],
    *,
    epsilon: float,
    k: int | None = None,
    values: Sequence[Any] | None = None,
    low: float | None = None,
    high: float | None = None,
    domain: Domain | None = None,
    delta: float = 0.0,
    name: str | None = None,
    batched: bool = False,
    reproducible: bool = True,
) -> CallableMechanism:
    """Make a mechanism of a function that randomizes a value.

    Parameters
    ----------
    fn : callable
        ``fn(value, rng)`` gets one value and a `numpy.random.Generator`, and returns one report.
    epsilon : float
        Privacy budget that `fn` claims, in natural-log units, positive and finite.
    k : int, optional
        `fn` takes the ints in [0, k); k is at least 2. This or one of the next four is needed.
    values : sequence, optional
        `fn` takes these values, all different; results name them as they print.
    low, high : float, optional
        `fn` takes the numbers from `low` to `high`.
    domain : Domain, optional
        `fn` takes inputs of this kind (see :mod:`ldpaudit.domains`), a vector as an array.
    delta : float, default 0.0
        Delta that `fn` claims, in [0, 1).
    name : str, optional
        Name in results; None means the function's own.
    batched : bool, default False
        `fn` gets all values of a batch, int64 of shape (n,), and returns n reports.
    reproducible : bool, default True
        False for a function that draws from a source of its own: it is called without
        `rng`, and what it did cannot be replayed from a seed.

    Returns
    -------
    CallableMechanism
        With ``k`` (or, for numbers and vectors, ``domain``), ``epsilon``, ``delta`` and
        ``privatize(values, *, rng)``. It can be pickled if `fn` can.

    Raises
    ------
    TypeError, ValueError
        If `fn` cannot be called as described, or a parameter is out of range.

    See Also
    --------
    from_samples : for a mechanism that cannot be called.

    Notes
    -----
    A report is a number, text, bytes, or a tuple, list, set or array of numbers and texts;
    its fields may be arrays themselves. Reports of one shape are stacked to one array of
    shape (n, ...), bytes as rows of uint8, and mixtures of numbers and texts as objects.
    Reports of several lengths become tuples in an array of objects, sets frozensets, and a
    `decimal.Decimal` the text that it prints. None, nan and any other object are refused with
    the value that they were drawn for.

    Examples
    --------
    >>> def noisy(value, rng):
    ...     return value if rng.random() < 0.75 else int(rng.integers(4))
    >>> m = from_callable(noisy, k=4, epsilon=2.57)
    >>> m, m.privatize([0, 1, 2, 3], rng=np.random.default_rng(1))
    (noisy, array([0, 0, 0, 3]))

    Values have names; numbers lie in a range:

    >>> def country(value, rng):
    ...     return value if rng.random() < 0.75 else str(rng.choice(["DE", "FR", "US"]))
    >>> m = from_callable(country, values=["DE", "FR", "US"], epsilon=2.4)
    >>> m.k, m.domain.text(1), m.privatize([1, 1, 0], rng=np.random.default_rng(1))
    (3, 'FR', array(['FR', 'DE', 'DE'], dtype='<U2'))
    >>> def rounded(value, rng):
    ...     return int(rng.random() < (1 + value) / 4)
    >>> str(from_callable(rounded, low=0, high=1, epsilon=0.7).domain)
    '[0, 1]'

    The same for all values at once, and with a source of randomness of its own:

    >>> def batch(values, rng):
    ...     return np.where(rng.random(values.size) < 0.75, values, rng.integers(4))
    >>> from_callable(batch, k=4, epsilon=2.57, batched=True).k
    4
    >>> import secrets
    >>> coin = from_callable(secrets.randbelow, k=2, epsilon=1.0, reproducible=False)
    """
    inputs, named = _inputs(k, values, low, high, domain)
    return CallableMechanism(
        fn,
        inputs=inputs,
        named=named,
        epsilon=epsilon,
        delta=delta,
        name=name,
        batched=batched,
        reproducible=reproducible,
    )


def _inputs(
    k: int | None,
    values: Sequence[Any] | None,
    low: float | None,
    high: float | None,
    domain: Domain | None,
) -> tuple[Domain, tuple[Any, ...] | None]:
    """What a function takes, and the values themselves where they were named."""
    ends = {} if low is None and high is None else {"low": low, "high": high}
    given = {"k": k, "values": values, "low and high": ends or None, "domain": domain}
    names = [name for name, value in given.items() if value is not None]
    if len(names) != 1 or None in ends.values():
        told = ", ".join(names) or "none"
        raise TypeError(f"fn takes inputs of k, values, low and high, or domain: one, got {told}.")
    if k is not None:
        return Categories(validate.check_integer("k", k, 2)), None
    if values is not None:
        if isinstance(values, str) or not hasattr(values, "__len__"):
            raise TypeError(f"values must be a sequence, got {validate.shown(values)}.")
        own = tuple(values.tolist() if isinstance(values, np.ndarray) else values)
        return Categories(tuple(map(str, own))), own
    return Interval(**ends) if domain is None else domain, None  # type: ignore[arg-type]


class CallableMechanism:
    """A function as a mechanism; `from_callable` builds it.

    Examples
    --------
    >>> m = from_callable(lambda value, rng: "yes", k=2, epsilon=1.0, name="mute")
    >>> m.name, m.k, m.epsilon, m.delta, m.reproducible
    ('mute', 2, 1.0, 0.0, True)
    """

    #: The file had another name when its first audits were kept.
    seed_name = "ldpaudit.adapters.CallableMechanism"

    def __init__(
        self,
        fn: Callable[..., Any],
        *,
        inputs: Domain,
        named: tuple[Any, ...] | None,
        epsilon: float,
        delta: float,
        name: str | None,
        batched: bool,
        reproducible: bool,
    ) -> None:
        if not callable(fn):
            raise TypeError(f"fn must be a function, got {type(fn).__name__}.")
        own_name = name or str(getattr(fn, "__name__", type(fn).__name__))
        if inspect.iscoroutinefunction(fn) or inspect.iscoroutinefunction(type(fn).__call__):
            raise _asynchronous(own_name)
        self.fn = fn
        self._inputs, self._named = inputs, named
        if isinstance(inputs, Categories):
            self.k = inputs.k
        if not isinstance(inputs, Categories) or inputs.labels is not None:
            self.domain = inputs
        self.epsilon = validate.check_epsilon(epsilon)
        self.delta = validate.check_delta(delta)
        self.name = own_name
        self.batched, self.reproducible = bool(batched), bool(reproducible)
        _check_signature(self)

    def __repr__(self) -> str:
        return self.name

    def privatize(self, values: npt.ArrayLike, *, rng: np.random.Generator) -> Raw:
        """Draw one report per value; an array whose first axis is the user."""
        own = self._inputs.check(values)
        drawn_from = (validate.check_generator(rng),) if self.reproducible else ()
        if len(own) == 0:
            return np.empty(0)
        if self.batched:
            reports = self._call(None, self._taken(own), *drawn_from)
            if not hasattr(reports, "__len__") or len(reports) != len(own):
                got = len(reports) if hasattr(reports, "__len__") else type(reports).__name__
                raise ValueError(
                    f"{self} must return one report per value, got {got} for {len(own)} values."
                )
            if hasattr(reports, "__array__"):
                reports = np.asarray(reports)
        else:
            reports = [
                self._call(v, taken, *drawn_from)
                for v, taken in zip(own, self._each(own), strict=True)
            ]

        def where(place: int) -> str:
            return f"from {self} for the value {self._text(own[place])}"

        if isinstance(reports, np.ndarray) and reports.dtype.kind != "O":
            return checked(reports, where)
        return stack(list(reports), where)

    def doubt(self, values: Raw, reports: Any) -> str | None:
        """Why the function may take other inputs than the numbers that it was given; or None."""
        if self._named is not None or not hasattr(self, "k"):
            return None
        return foreign_inputs(str(self), values, reports)

    def _text(self, value: Any) -> str:
        return self._inputs.text(value)

    def _each(self, own: Raw) -> list[Any]:
        """What the function is given, value by value."""
        if self._named is not None:
            return [self._named[value] for value in own.tolist()]
        return own.tolist() if own.ndim == 1 else list(own.copy())

    def _taken(self, own: Raw) -> Raw:
        """What the function is given of all values at once."""
        if self._named is None:
            return own.copy()
        every = np.array(self._named)
        if every.shape != (len(self._named),):  # values that are sequences themselves
            every = np.empty(len(self._named), dtype=object)
            every[:] = self._named
        return np.asarray(every[own])

    def _call(self, value: Any, *arguments: Any) -> Any:
        """What the function makes of its arguments; an error names the value, or how many."""
        try:
            made = self.fn(*arguments)
        except (Exception, SystemExit) as error:
            one = value is not None
            what = f"the value {self._text(value)}" if one else f"{len(arguments[0])} values"
            raise RuntimeError(
                f"{self} failed on {what}: {type(error).__name__}: {error}"
            ) from error
        if inspect.iscoroutine(made):
            made.close()
            raise _asynchronous(str(self))
        return made


def _asynchronous(name: str) -> TypeError:
    return TypeError(
        f"fn must return a report, got the async function {name}: call it by asyncio.run in a "
        "function of your own."
    )


def _check_signature(mechanism: CallableMechanism) -> None:
    """Refuse a function that cannot be called, before anything is drawn."""
    try:
        signature = inspect.signature(mechanism.fn)
    except (TypeError, ValueError):  # some built-in functions show none
        return
    first = "values" if mechanism.batched else "value"
    wanted = (first, "rng") if mechanism.reproducible else (first,)
    try:
        signature.bind(*wanted)
    except TypeError:
        hint = "; reproducible=False means fn without rng" if mechanism.reproducible else ""
        raise TypeError(
            f"fn must accept ({', '.join(wanted)}), got {mechanism}{signature}{hint}."
        ) from None
