"""What the command line audits: a name, an object that somebody asks for by path, or recordings."""

from __future__ import annotations

import importlib
import importlib.util
import inspect
import json
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from ldpaudit import validate

#: Files of recorded reports, by their endings.
RECORDED = (".csv", ".csv.gz", ".parquet", ".pq", ".npy")


def audited(target: str, other: str | None, claim: Mapping[str, Any], extra: Sequence[str]) -> Any:
    """A mechanism that is built, or one of two files of recorded reports."""
    return build(target, claim, extra) if other is None else recorded(target, other, claim, extra)


def build(target: str, claim: Mapping[str, Any], extra: Sequence[str]) -> Any:
    """Build a registered mechanism by name, or an object from a module or a Python file.

    `claim` holds k, epsilon, delta and the kind of input as far as they were given, `extra`
    further parameters as KEY=VALUE. An object is a mechanism that is built already; a class or
    function of these parameters, which builds one; or a randomizer, a function of (value,
    rng) that `from_callable` wraps.
    """
    parameters = _parameters(claim, extra)
    if target.endswith(RECORDED):
        raise ValueError(f"recorded reports take two files, of one input each, got {target} alone.")
    if target.endswith(".py"):
        raise ValueError(f"name the object in {target} too: {target}:OBJECT.")
    if isinstance(parameters.get("k"), int):  # before a protocol searches for its best design
        validate.check_integer("k", parameters["k"], parameters["k"], validate.MAX_DOMAIN)
    if ":" not in target:
        from ldpaudit.registry import create

        return create("protocols", target, **parameters)
    found = imported(target)
    if isinstance(found, type) or (callable(found) and not hasattr(found, "privatize")):
        return _call(found, target, parameters)
    if parameters:
        raise ValueError(f"{target} is built already and takes no parameters, got {parameters}.")
    return found


def kind_of_input(values: str | None, ends: tuple[float, float] | None) -> dict[str, Any]:
    """What ``--values`` and ``--range`` say of the inputs, as parameters."""
    low, high = ends or (None, None)
    if values is None:
        return {"values": None, "low": low, "high": high}
    path = Path(values)
    try:
        words = path.read_text(encoding="utf-8").splitlines() if path.is_file() else None
    except (OSError, UnicodeDecodeError) as error:
        raise ValueError(f"{values} cannot be read: {error}.") from None
    found = [word.strip() for word in (values.split(",") if words is None else words)]
    numbers = [_literal(word) for word in found]
    if all(isinstance(number, int | float) for number in numbers):
        found = numbers
    return {"values": [word for word in found if word != ""], "low": low, "high": high}


def recorded(first: str, second: str, claim: Mapping[str, Any], extra: Sequence[str]) -> Any:
    """Recorded reports of two inputs as a mechanism."""
    endings = f"{', '.join(RECORDED[:-1])} or {RECORDED[-1]}"
    if not first.endswith(RECORDED):
        raise ValueError(
            f"only recorded reports ({endings}) come in two files, got {first!r} and {second!r}."
        )
    if not second.endswith(RECORDED):
        raise ValueError(f"recorded reports must be {endings}, got {second!r}.")
    parameters = _parameters(claim, extra)
    if "epsilon" not in parameters:
        raise ValueError("recorded reports need the claim that they are held to: --epsilon.")
    if parameters.pop("k", 2) != 2 or set(parameters) - {"epsilon", "delta"}:
        raise ValueError("recorded reports are of two inputs and take --epsilon and --delta only.")
    from ldpaudit.adapters.recordings import from_samples

    return from_samples(first, second, **parameters)


def _parameters(claim: Mapping[str, Any], extra: Sequence[str]) -> dict[str, Any]:
    parameters = {name: value for name, value in claim.items() if value is not None}
    for item in extra:
        name, equals, text = item.partition("=")
        if not equals or not name:
            raise ValueError(f"--param must be KEY=VALUE, got {item!r}.")
        parameters[name] = _literal(text)
    return parameters


def _literal(text: str) -> Any:
    """A JSON value, or the text itself."""
    try:
        value = json.loads(text)
    except (json.JSONDecodeError, RecursionError):
        return text
    return tuple(value) if isinstance(value, list) else value


def _call(found: Any, target: str, parameters: dict[str, Any]) -> Any:
    """Build a mechanism from a class or function, or wrap a function of (value, rng)."""
    if _is_randomizer(found, parameters):
        kinds = {"k": "--k", "values": "--values", "low": "--range"}
        missing = [] if "epsilon" in parameters else ["--epsilon"]
        missing += [] if kinds.keys() & set(parameters) else [" or ".join(kinds.values())]
        if missing:
            raise ValueError(f"{target} is a randomizer and needs {' and '.join(missing)}.")
        from ldpaudit.adapters.callables import from_callable

        return from_callable(found, name=target, **parameters)
    return found(**parameters)


def _is_randomizer(found: Any, parameters: dict[str, Any]) -> bool:
    """Whether a function takes a value and a generator instead of these parameters."""
    if isinstance(found, type):
        return False
    try:
        signature = inspect.signature(found)
        signature.bind("value", "rng")
        if not {"k", "epsilon", "delta"}.isdisjoint(signature.parameters):
            return False
    except (TypeError, ValueError):
        return False
    try:
        signature.bind(**parameters)
    except TypeError:
        return True
    return False


def imported(target: str) -> Any:
    """The object that package.module:object or file.py:object names."""
    path, _, name = target.rpartition(":")
    if path.endswith(".py") and not Path(path).is_file():
        raise ValueError(f"{path} does not exist.")
    try:
        if path.endswith(".py"):
            # Under a name of its own: a file may be called json.py.
            spec = importlib.util.spec_from_file_location(f"target_{Path(path).stem}", path)
            if spec is None or spec.loader is None:
                raise ImportError("it is no module")
            module = importlib.util.module_from_spec(spec)
            sys.modules[spec.name] = module
            spec.loader.exec_module(module)
        else:
            module = importlib.import_module(path)
    except (Exception, SystemExit) as error:
        raise ValueError(f"{path} cannot be imported: {type(error).__name__}: {error}.") from None
    if not hasattr(module, name):
        validate.check_known(f"object in {path}", name, [n for n in vars(module) if n[0] != "_"])
    return getattr(module, name)
