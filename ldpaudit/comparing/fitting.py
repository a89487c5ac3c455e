"""Which protocol is made for which data, what a study offers it, and what it is played on."""

from __future__ import annotations

import inspect
import math
from typing import Any

from ldpaudit.adapters.finite_inputs import FiniteInputs, on_inputs
from ldpaudit.comparing.study import ProtocolSpec
from ldpaudit.data.dataset import DataSet
from ldpaudit.registry import create, load

#: What is said of the inputs of a function of (value, rng).
_OF_RANDOMIZERS = ("k", "low", "high")


def built(protocol: ProtocolSpec, data: DataSet, epsilon: float) -> Any:
    """A cell's mechanism: it takes what its constructor names of the domain's parameters.

    One whose epsilon follows from its own parameters takes no other.
    """
    given, code = protocol.parameters, protocol.code
    if code is not None and code.built:
        return _as_it_is(protocol, epsilon)
    taken = {} if "sizes" in given else _taken(protocol, data)
    if code is not None:
        return code.mechanism({**taken, "epsilon": epsilon, **given})
    if takes_epsilon(protocol):
        taken["epsilon"] = epsilon
    return create("protocols", protocol.name, **taken, **given)


def takes_epsilon(protocol: ProtocolSpec) -> bool:
    """Whether a constructor has a budget for a parameter, or hides what it has."""
    if protocol.code is not None:
        return True
    try:
        shown = inspect.signature(load("protocols", protocol.name)).parameters
    except (TypeError, ValueError):
        return True
    return "epsilon" in shown or any(p.kind == p.VAR_KEYWORD for p in shown.values())


def _as_it_is(protocol: ProtocolSpec, epsilon: float) -> Any:
    """A mechanism that is built already; its epsilon is its own."""
    made = protocol.code.mechanism(protocol.parameters)
    if float(made.epsilon) != epsilon:
        raise ValueError(
            f"{protocol.name} is built already with epsilon = {float(made.epsilon):g}, "
            f"got {epsilon:g}; name a class or function that builds it."
        )
    return made


def fits(protocol: ProtocolSpec, data: DataSet) -> bool:
    """Whether a protocol is made for this kind of input; one that names no kind may be."""
    if protocol.code is not None and protocol.code.built:
        return getattr(protocol.code.found, "k", data.k) == data.k
    given = protocol.parameters
    wanted = named(protocol) & {"k", "sizes", "low", "high", "dimension"}
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


def named(protocol: ProtocolSpec) -> set[str]:
    """Names of a constructor's parameters, as far as it shows them."""
    if protocol.code is not None:
        shown: set[str] | None = protocol.code.takes()
        return set(_OF_RANDOMIZERS) if shown is None else shown
    try:
        return set(inspect.signature(load("protocols", protocol.name)).parameters)
    except (TypeError, ValueError):
        return {"k"}


def _offered(data: DataSet) -> dict[str, Any]:
    """Parameters of a data set's domain; its inputs may also be taken for k categories."""
    return {"k": data.k} | (data.domain.parameters if data.domain else {})


def _taken(protocol: ProtocolSpec, data: DataSet) -> dict[str, Any]:
    """What the constructor names of what is offered, beyond what it is given."""
    offered, names, given = _offered(data), named(protocol), protocol.parameters
    if names == set(_OF_RANDOMIZERS) and data.inputs is not None:
        del offered["k"]  # numbers, not their places
    if "sizes" in names & offered.keys():
        del offered["k"]  # records, not one domain
    elif data.inputs is None:
        names = names | {"k"}  # asked for or not
    return {n: value for n, value in offered.items() if n in names - given.keys()}
