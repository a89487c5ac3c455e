"""Which protocol is made for which data, what a study offers it, and what it is played on."""

from __future__ import annotations

import inspect
import math
from collections.abc import Mapping
from typing import Any, TypeAlias

from ldpaudit.adapters.finite_inputs import FiniteInputs, on_inputs
from ldpaudit.data.dataset import DataSet
from ldpaudit.registry import create, load

#: Parameters that a study gives to a protocol itself.
Parameters: TypeAlias = Mapping[str, Any]


def built(name: str, given: Parameters, data: DataSet, epsilon: float) -> Any:
    """A cell's mechanism: it takes what its constructor names of the domain's parameters.

    One whose epsilon follows from its own parameters takes no other.
    """
    taken = {} if "sizes" in given else _taken(name, given, data)
    if takes_epsilon(name):
        taken["epsilon"] = epsilon
    return create("protocols", name, **taken, **given)


def takes_epsilon(name: str) -> bool:
    """Whether a constructor has a budget for a parameter, or hides what it has."""
    try:
        shown = inspect.signature(load("protocols", name)).parameters
    except (TypeError, ValueError):
        return True
    return "epsilon" in shown or any(p.kind == p.VAR_KEYWORD for p in shown.values())


def fits(name: str, given: Parameters, data: DataSet) -> bool:
    """Whether a protocol is made for this kind of input; one that names no kind may be."""
    wanted = named(name) & {"k", "sizes", "low", "high", "dimension"}
    if data.inputs is None and wanted & {"k", "sizes"}:
        return bool(math.prod(given.get("sizes", (data.k,))) == data.k)
    return not wanted or bool(wanted & _offered(data).keys())


def played(mechanism: Any, data: DataSet) -> Any:
    """The mechanism on what the users hold."""
    found = on_inputs(mechanism)
    if not isinstance(found, FiniteInputs):
        return found
    if data.inputs is not None:
        return on_inputs(mechanism, data.inputs)
    if mechanism.domain.parameters.get("k") != data.k:
        raise ValueError(f"the inputs must be of {mechanism.domain}, the data are {data.domain}.")
    return found


def named(name: str) -> set[str]:
    """Names of a constructor's parameters, as far as it shows them."""
    try:
        return set(inspect.signature(load("protocols", name)).parameters)
    except (TypeError, ValueError):
        return {"k"}


def _offered(data: DataSet) -> dict[str, Any]:
    """Parameters of a data set's domain; its inputs may also be taken for k categories."""
    return {"k": data.k} | (data.domain.parameters if data.domain else {})


def _taken(name: str, given: Parameters, data: DataSet) -> dict[str, Any]:
    """What the constructor names of what is offered, beyond what it is given."""
    offered, names = _offered(data), named(name)
    if "sizes" in names & offered.keys():
        del offered["k"]  # records, not one domain
    elif data.inputs is None:
        names = names | {"k"}  # asked for or not
    return {n: value for n, value in offered.items() if n in names - given.keys()}
