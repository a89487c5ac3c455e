"""Names to components, through entry points: the only door between the wings.

A package registers a protocol, an attack, a bound or a report under the groups
``ldpaudit.protocols``, ``ldpaudit.attacks``, ``ldpaudit.bounds`` and
``ldpaudit.reports``; ours use the same door.
"""

from __future__ import annotations

import inspect
import sys
from collections.abc import Callable, Iterable
from functools import lru_cache
from importlib.metadata import EntryPoint, entry_points
from typing import TYPE_CHECKING, Any, TypeAlias

from ldpaudit.contracts.attacks import (
    Distinguisher,
    Reconstruction,
    TrainableDistinguisher,
    TrainableReconstruction,
)
from ldpaudit.contracts.bounds import EventBound, GuessBound
from ldpaudit.validate import check_known, check_text

if TYPE_CHECKING:
    from ldpaudit.contracts.mechanisms import AnyRegistered

#: What may be registered as an attack.
AnyAttack: TypeAlias = (
    Reconstruction | Distinguisher | TrainableDistinguisher | TrainableReconstruction
)

GROUPS = ("protocols", "attacks", "bounds", "reports")


def names(group: str) -> list[str]:
    """Sorted names registered in a group."""
    return sorted(_entries(group))


def load(group: str, name: str) -> Any:
    """Return the component registered as `name`, or say which names are near."""
    entries = _entries(check_text("group", group))
    check_known(group.removesuffix("s"), name, entries)
    return entries[name].load()


def origin(group: str, name: str) -> str:
    """Name and version of the distribution that registered `name`, empty if there is none."""
    distribution = _entries(group)[name].dist
    return "" if distribution is None else f"{distribution.name} {distribution.version}"


def create(group: str, name: str, /, **parameters: Any) -> Any:
    """Build the component `name` with keyword parameters, refusing unknown ones by name."""
    component = load(group, name)
    accepted = inspect.signature(component).parameters
    flexible = any(p.kind is p.VAR_KEYWORD for p in accepted.values())
    for parameter in parameters:
        if not flexible:
            check_known(f"parameter of {name}", parameter, accepted)
    for required in accepted.values():
        if required.default is required.empty and required.name not in parameters:
            if required.kind in (required.VAR_KEYWORD, required.VAR_POSITIONAL):
                continue
            raise ValueError(f"{name} needs the parameter {required.name!r}.")
    return component(**parameters)


def create_bound(name: str) -> GuessBound | EventBound:
    """Build a registered bound."""
    bound: GuessBound | EventBound = create("bounds", name)
    return bound


def create_attack(name: str) -> AnyAttack:
    """Build a registered attack."""
    attack: AnyAttack = create("attacks", name)
    return attack


def create_witness(name: str) -> Any:
    """Build a registered attack that tells two inputs apart; another name is refused.

    >>> create_witness("bayes")  # doctest: +ELLIPSIS
    Traceback (most recent call last):
    ...
    ValueError: unknown witness 'bayes'; known: ...distinguish...
    """
    found = _witness(name) if check_text("witness", name) in _entries("attacks") else None
    if found is None:
        known = [other for other in names("attacks") if _witness(other) is not None]
        raise ValueError(f"unknown witness {name!r}; known: {', '.join(known)}.")
    return found


def _witness(name: str) -> Any:
    """An attack that tells two inputs apart; None of any other."""
    try:
        attack = create_attack(name)
    except (ImportError, TypeError, ValueError):
        return None  # of a package that is not whole
    return attack if isinstance(attack, Distinguisher | TrainableDistinguisher) else None


def mechanism(name: str, **parameters: Any) -> AnyRegistered:
    """Build a registered mechanism.

    Parameters
    ----------
    name : str
        Registry name, for example ``"grr"`` or ``"mss"``; see ``ldpaudit list protocols``.
    **parameters
        The mechanism's own parameters; every one has ``k`` (number of values)
        and ``epsilon`` (privacy budget, natural-log units).

    Returns
    -------
    Mechanism
        A frozen, picklable object; see :mod:`ldpaudit.contracts`.

    Raises
    ------
    ValueError
        If the name or a parameter is unknown (the message says what is near),
        or a parameter is out of range.

    Examples
    --------
    >>> mechanism("grr", k=4, epsilon=1.0)
    GeneralizedRandomizedResponse(k=4, epsilon=1.0)
    >>> mechanism("gr", k=4, epsilon=1.0)  # doctest: +ELLIPSIS
    Traceback (most recent call last):
    ...
    ValueError: unknown protocol 'gr'; did you mean ...grr...
    """
    built: AnyRegistered = create("protocols", name, **parameters)
    return built


def _entries(group: str) -> dict[str, EntryPoint]:
    return _found(entry_points, group, tuple(sys.path))


@lru_cache(maxsize=32)
def _found(
    find: Callable[..., Iterable[EntryPoint]], group: str, path: tuple[str, ...]
) -> dict[str, EntryPoint]:
    """Components of a group on a path: reading what is installed takes milliseconds."""
    del path  # what is found depends on it
    return {entry.name: entry for entry in find(group=f"ldpaudit.{group}")}
