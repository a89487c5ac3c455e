"""What a mechanism is called in results and in the seeds."""

from __future__ import annotations

import dataclasses
import math
import re
from typing import Any

import numpy as np

from ldpaudit.adapters.finite_inputs import FiniteInputs
from ldpaudit.contracts import HasSeedName, IsRecorded, Mechanism
from ldpaudit.registry import GROUPS


def parameters_of(mechanism: Mechanism) -> dict[str, Any]:
    """Constructor parameters as plain JSON values; a foreign object shows what it claims."""
    if isinstance(mechanism, FiniteInputs):
        return parameters_of(mechanism.mechanism)
    if not dataclasses.is_dataclass(mechanism) or isinstance(mechanism, type):
        size = {"k": int(mechanism.k)} if hasattr(mechanism, "k") else {}
        return {**size, "epsilon": float(mechanism.epsilon)}
    fields = [field.name for field in dataclasses.fields(mechanism) if field.init]
    return {name: _plain(getattr(mechanism, name)) for name in fields}


def shown_parameters(mechanism: Any) -> dict[str, Any]:
    """Parameters as results show them: of a recording also the columns that were read."""
    shown = parameters_of(mechanism)
    if isinstance(mechanism, IsRecorded):
        grows = list(getattr(mechanism, "growing", ()))
        columns = [name for name in getattr(mechanism, "columns", ()) if name not in grows]
        shown |= {"columns": " + ".join(columns)} if columns else {}
        shown |= {"only grows": " + ".join(grows)} if any(grows) else {}
    return shown


def _plain(value: Any) -> Any:
    """A value that JSON knows; any other as text, the same in every process."""
    if isinstance(value, np.generic):
        value = value.item()
    if isinstance(value, tuple):
        return [_plain(entry) for entry in value]
    if isinstance(value, bool | int | str | None) or (
        isinstance(value, float) and math.isfinite(value)
    ):
        return value
    return re.sub(r" at 0x[0-9a-fA-F]+", "", repr(value))


def identity_of(mechanism: Mechanism) -> str:
    """Name of the mechanism in the seeds: equal for equal mechanisms, in every process.

    It does not hold the room of a file, so that a mechanism whose file moves to another room of
    the house keeps its seeds and with them every result.
    """
    if isinstance(mechanism, FiniteInputs):
        return f"{identity_of(mechanism.mechanism)} on inputs {mechanism.key}"
    kind = type(mechanism)
    name = f"{_without_rooms(kind.__module__)}.{kind.__qualname__}"
    if isinstance(mechanism, HasSeedName):
        name = mechanism.seed_name
    return f"{name}{sorted(parameters_of(mechanism).items())!r}"


def _without_rooms(module: str) -> str:
    """Package, wing and file of a module of ours; any other module as it is."""
    parts = module.split(".")
    if parts[0] != "ldpaudit" or len(parts) < 3:
        return module
    wing = parts[1:-1][:1] if parts[1] in GROUPS else []
    return ".".join(["ldpaudit", *wing, parts[-1]])
