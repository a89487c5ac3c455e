"""Which protocol is made for which data, what a study offers it, and what it is played on."""

from __future__ import annotations

import inspect
import math
from typing import Any

from ldpaudit.adapters.finite_inputs import FiniteInputs, on_inputs
from ldpaudit.comparing.study import ProtocolSpec
from ldpaudit.data.dataset import DataSet
from ldpaudit.registry import create, load


def built(protocol: ProtocolSpec, data: DataSet, epsilon: float) -> Any:
    """A cell's mechanism: it takes what its constructor names of the domain's parameters."""
    given = protocol.parameters
    taken = {} if "sizes" in given else _taken(protocol, data)
    return create("protocols", protocol.name, epsilon=epsilon, **taken, **given)


def fits(protocol: ProtocolSpec, data: DataSet) -> bool:
    """Whether a protocol is made for this kind of input; one that names no kind may be."""
    wanted = named(protocol) & {"k", "sizes", "low", "high", "dimension"}
    if data.inputs is None and wanted & {"k", "sizes"}:
        return bool(math.prod(protocol.parameters.get("sizes", (data.k,))) == data.k)
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
    try:
        return set(inspect.signature(load("protocols", protocol.name)).parameters)
    except (TypeError, ValueError):
        return {"k"}


def _offered(data: DataSet) -> dict[str, Any]:
    """Parameters of a data set's domain; its inputs may also be taken for k categories."""
    return {"k": data.k} | (data.domain.parameters if data.domain else {})


def _taken(protocol: ProtocolSpec, data: DataSet) -> dict[str, Any]:
    """What the constructor names of what is offered, beyond what it is given."""
    offered, names = _offered(data), named(protocol)
    if "sizes" in names & offered.keys():
        del offered["k"]  # records, not one domain
    elif data.inputs is None:
        names = names | {"k"}  # asked for or not
    return {name: offered[name] for name in offered if name in names - protocol.parameters.keys()}
