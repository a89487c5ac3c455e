"""Parameters declared once: the class says what each may be, and making an object checks it.

`parameters` stands under ``@dataclass(frozen=True)`` and gives each field a rule. What an
object keeps is what the rules return, so a numpy integer becomes an int and a default that
depends on other parameters its value. What holds between parameters goes into a method
``_check_together(self)``, which is called once after all rules; a subclass that adds to it
calls ``super()._check_together()``, and needs no rules of its own.

A rule is a function ``(name, value, made) -> value to keep``. `made` is the object, on which
the parameters that were declared before are checked already. The rules below build on
:mod:`ldpaudit.validate`, and so do their messages.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterable
from types import MappingProxyType
from typing import Any, TypeAlias, TypeVar

from ldpaudit import validate

__all__ = [
    "Rule",
    "boolean",
    "budget",
    "domain_size",
    "fraction",
    "integer",
    "nonnegative",
    "one_of",
    "optional",
    "parameters",
    "positive",
    "probability",
]

Rule: TypeAlias = Callable[[str, Any, Any], Any]
_Limit: TypeAlias = int | Callable[[Any], int]
_T = TypeVar("_T")


def parameters(**rules: Rule) -> Callable[[type[_T]], type[_T]]:
    """Check the fields of a frozen dataclass, in the order in which the rules are given.

    Parameters
    ----------
    **rules : Rule
        One per field that is checked; fields without a rule are kept as they are given.

    Returns
    -------
    callable
        A decorator of the class, to stand below ``@dataclass(frozen=True)``. A subclass inherits
        the rules; those that it declares itself come after them, or in the place of one of the
        same name. The table is found as ``__parameters__`` on the class.

    Raises
    ------
    TypeError
        If a rule names no field, or the class has a ``__post_init__`` that would be lost.

    Examples
    --------
    >>> from dataclasses import dataclass
    >>> import numpy as np
    >>> @dataclass(frozen=True)
    ... @parameters(k=domain_size(), epsilon=budget(), size=integer(1, lambda made: made.k))
    ... class Subsets:
    ...     k: int
    ...     epsilon: float
    ...     size: int = 1
    ...
    ...     def _check_together(self) -> None:
    ...         if self.size > 1 and self.epsilon > 30:
    ...             raise ValueError(f"size must be 1 above epsilon = 30, got {self.size}.")
    >>> Subsets(np.int64(8), 1)
    Subsets(k=8, epsilon=1.0, size=1)
    >>> Subsets(8, 1.0, 9)
    Traceback (most recent call last):
    ValueError: size must be at most 8, got 9.
    """

    def declare(cls: type[_T]) -> type[_T]:
        ancestry = cls.__mro__
        fields = {name for base in ancestry for name in inspect.get_annotations(base)}
        for name in rules:
            if name not in fields:
                raise TypeError(f"{cls.__name__} must have a field of each rule, got {name!r}.")
        for base in ancestry:
            if "__post_init__" in vars(base):
                if "__parameters__" not in vars(base):
                    raise TypeError(
                        f"{cls.__name__} must check parameters in _check_together, "
                        f"got a __post_init__ of {base.__name__}."
                    )
                break
        table: dict[str, Rule] = {}
        for base in reversed(ancestry):
            table |= vars(base).get("__parameters__", {})
        table |= rules
        setattr(cls, "__parameters__", MappingProxyType(table))  # noqa: B010
        setattr(cls, "__post_init__", _checked(tuple(table.items())))  # noqa: B010
        return cls

    return declare


def _checked(table: tuple[tuple[str, Rule], ...]) -> Callable[[Any], None]:
    def __post_init__(self: Any) -> None:  # noqa: N807
        for name, rule in table:
            given = getattr(self, name)
            kept = rule(name, given, self)
            if kept is not given:
                object.__setattr__(self, name, kept)
        together = getattr(self, "_check_together", None)
        if together is not None:
            together()

    return __post_init__


def integer(minimum: _Limit, maximum: _Limit | None = None) -> Rule:
    """A whole number in [minimum, maximum]; a limit may be a function of the object.

    Examples
    --------
    >>> integer(2)("rounds", 1, None)
    Traceback (most recent call last):
    ValueError: rounds must be at least 2, got 1.
    """
    if not (callable(minimum) or callable(maximum)):
        return lambda name, value, _: validate.check_integer(name, value, minimum, maximum)

    def rule(name: str, value: Any, made: Any) -> int:
        low = minimum(made) if callable(minimum) else minimum
        high = maximum(made) if callable(maximum) else maximum
        return validate.check_integer(name, value, low, high)

    return rule


def domain_size(maximum: int | None = None) -> Rule:
    """The number of values: a whole number of at least 2."""
    return integer(2, maximum)


def budget() -> Rule:
    """A privacy budget: positive, in natural-log units, of a size that exp(-epsilon) can tell."""
    return _alone(lambda _, value: validate.check_epsilon(value))


def positive() -> Rule:
    """A finite number above zero."""
    return _alone(validate.check_positive)


def nonnegative() -> Rule:
    """A finite number of at least zero."""
    return _alone(validate.check_nonnegative)


def fraction() -> Rule:
    """A number strictly between 0 and 1."""
    return _alone(validate.check_fraction)


def probability() -> Rule:
    """A number in [0, 1]."""
    return _alone(validate.check_probability)


def boolean() -> Rule:
    """True or False, and nothing that passes for it."""

    def check(name: str, value: Any) -> bool:
        if not isinstance(value, bool):
            raise TypeError(f"{name} must be True or False, got {validate.shown(value)}.")
        return value

    return _alone(check)


def one_of(options: Iterable[str], kind: str | None = None) -> Rule:
    """One of some words; `kind` is what a message calls them, the parameter's name by default.

    Examples
    --------
    >>> one_of(["grr", "sue"])("base", "gr", None)
    Traceback (most recent call last):
    ValueError: unknown base 'gr'; did you mean grr?
    """
    known = tuple(options)
    return lambda name, value, _: validate.check_known(kind or name, value, known)


def optional(rule: Rule) -> Rule:
    """None, or what `rule` allows."""
    return lambda name, value, made: None if value is None else rule(name, value, made)


def _alone(check: Callable[[str, Any], Any]) -> Rule:
    return lambda name, value, _: check(name, value)
