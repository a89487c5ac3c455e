"""The door for any mechanism: a function, or reports that somebody recorded.

`from_callable` makes a mechanism of a function that randomizes one value (or a batch),
`from_samples` of two files of reports, one an input. Neither knows a likelihood, so what
they leak is learned from reports.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt

from ldpaudit import validate
from ldpaudit.adapters.arrays import Raw, checked, stack


def from_callable(
    fn: Callable[..., Any],
    *,
    k: int,
    epsilon: float,
    delta: float = 0.0,
    name: str | None = None,
    batched: bool = False,
    reproducible: bool = True,
) -> CallableMechanism:
    """Make a mechanism of a function that randomizes a value.

    Parameters
    ----------
    fn : callable
        ``fn(value, rng)`` gets one value, an int in [0, k), and a
        `numpy.random.Generator`, and returns one report.
    k : int
        Number of values, at least 2.
    epsilon : float
        Privacy budget that `fn` claims, in natural-log units, positive and finite.
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
        With ``k``, ``epsilon``, ``delta`` and ``privatize(values, *, rng)``. It can be
        pickled if `fn` can.

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
    Reports of several lengths become tuples in an array of objects, sets frozensets. None,
    nan and any other object are refused with the value that they were drawn for.

    Examples
    --------
    >>> def noisy(value, rng):
    ...     return value if rng.random() < 0.75 else int(rng.integers(4))
    >>> m = from_callable(noisy, k=4, epsilon=2.57)
    >>> m, m.privatize([0, 1, 2, 3], rng=np.random.default_rng(1))
    (noisy, array([0, 0, 0, 3]))

    The same for all values at once, and with a source of randomness of its own:

    >>> def batch(values, rng):
    ...     return np.where(rng.random(values.size) < 0.75, values, rng.integers(4))
    >>> from_callable(batch, k=4, epsilon=2.57, batched=True).k
    4
    >>> import secrets
    >>> coin = from_callable(secrets.randbelow, k=2, epsilon=1.0, reproducible=False)
    """
    return CallableMechanism(
        fn,
        k=k,
        epsilon=epsilon,
        delta=delta,
        name=name,
        batched=batched,
        reproducible=reproducible,
    )


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
        k: int,
        epsilon: float,
        delta: float,
        name: str | None,
        batched: bool,
        reproducible: bool,
    ) -> None:
        if not callable(fn):
            raise TypeError(f"fn must be a function, got {type(fn).__name__}.")
        self.fn = fn
        self.k = validate.check_integer("k", k, 2)
        self.epsilon = validate.check_epsilon(epsilon)
        self.delta = validate.check_delta(delta)
        self.name = name or str(getattr(fn, "__name__", type(fn).__name__))
        self.batched, self.reproducible = bool(batched), bool(reproducible)
        _check_signature(self)

    def __repr__(self) -> str:
        return self.name

    def privatize(self, values: npt.ArrayLike, *, rng: np.random.Generator) -> Raw:
        """Draw one report a value; an array whose first axis is the user."""
        own = validate.check_values(values, self.k)
        drawn_from = (validate.check_generator(rng),) if self.reproducible else ()
        if own.size == 0:
            return np.empty(0)
        if self.batched:
            what = f"{own.size} values"
            reports = self._call(what, own.copy(), *drawn_from)
            if not hasattr(reports, "__len__") or len(reports) != own.size:
                got = len(reports) if hasattr(reports, "__len__") else type(reports).__name__
                raise ValueError(f"{self} must return one report a value, got {got} for {what}.")
            if hasattr(reports, "__array__"):
                reports = np.asarray(reports)
        else:
            reports = [self._call(f"the value {v}", v, *drawn_from) for v in own.tolist()]

        def where(place: int) -> str:
            return f"from {self} for the value {own[place]}"

        if isinstance(reports, np.ndarray) and reports.dtype.kind != "O":
            return checked(reports, where)
        return stack(list(reports), where)

    def _call(self, what: str, *arguments: Any) -> Any:
        try:
            return self.fn(*arguments)
        except Exception as error:
            raise RuntimeError(
                f"{self} failed on {what}: {type(error).__name__}: {error}"
            ) from error


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
