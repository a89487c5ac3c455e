"""Objects that somebody asks for by path, as mechanisms; an error names what an object lacks."""

from __future__ import annotations

import importlib
import importlib.util
import inspect
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ldpaudit import validate

#: Inputs of a randomizer, by parameter and by option.
_KINDS = {"k": "--k", "values": "--values", "low": "--range"}
_RANDOMIZER = "(value, rng), which draws one report per value"
#: What an attack does: see `ldpaudit.contracts`.
_DOES = ("guess", "score", "fit", "learn", "locate")
_FLAGS = {"batched": "--batched", "reproducible": "--own-randomness"}


def mechanism_at(target: str, parameters: dict[str, Any], how: Mapping[str, bool]) -> Any:
    """A mechanism that is built, one that a class or function builds, or a wrapped randomizer.

    Raises
    ------
    ValueError
        If the object is none of these, with what it must accept and what works instead.
    """
    return mechanism_of(import_object(target), target, parameters, how)


def is_built(found: Any) -> bool:
    """Whether an object is a mechanism as it is."""
    return hasattr(found, "privatize") and not isinstance(found, type)


def mechanism_of(
    found: Any, target: str, parameters: dict[str, Any], how: Mapping[str, bool]
) -> Any:
    """The same of an object that is there already; `target` is what messages call it."""
    flags = [_FLAGS[name] for name, value in how.items() if value != (name == "reproducible")]
    if is_built(found):
        if parameters or flags:
            told = validate.shown(parameters) if parameters else " and ".join(flags)
            raise ValueError(f"{target} is built already and takes no parameters, got {told}.")
        return _checked(found, target, target)
    if not callable(found):
        raise ValueError(
            f"{target} must be a mechanism (k, epsilon, privatize), a class or function that "
            f"builds one, or a randomizer {_RANDOMIZER}; got {type(found).__name__}."
        )
    if flags or _is_randomizer(found, parameters):
        return _wrapped(found, target, parameters, how)
    return _built(found, target, parameters)


def attack_of(found: Any, target: str) -> Any:
    """An attack, or what a class of one builds without parameters; any other is refused."""
    made = found
    if isinstance(found, type):
        try:
            made = found()
        except TypeError as error:
            raise ValueError(f"{target}() failed: TypeError: {error}.") from error
    if not hasattr(made, "applies") or not any(hasattr(made, name) for name in _DOES):
        raise ValueError(
            f"{target} must be an attack, with applies(mechanism) and one of {', '.join(_DOES)}; "
            f"got {type(made).__name__}."
        )
    return made


def named_attack(name: str) -> Any:
    """The name of a registered attack as it is, or the attack that file.py:object names."""
    return attack_of(import_object(name), name) if ":" in name else name


def _wrapped(found: Any, target: str, parameters: dict[str, Any], how: Mapping[str, bool]) -> Any:
    missing = [] if "epsilon" in parameters else ["--epsilon"]
    missing += [] if _KINDS.keys() & set(parameters) else [" or ".join(_KINDS.values())]
    if missing:
        raise ValueError(f"{target} is a randomizer and needs {' and '.join(missing)}.")
    from ldpaudit.adapters.callables import from_callable

    options: dict[str, Any] = {**parameters, **how}
    return from_callable(found, name=target, **options)


def _built(found: Any, target: str, parameters: dict[str, Any]) -> Any:
    """What a class or function of these parameters builds."""
    try:
        signature = inspect.signature(found)
    except (TypeError, ValueError):
        signature = None
    if signature is not None:
        try:
            signature.bind(**parameters)
        except TypeError:
            raise ValueError(_cannot_take(found, target, signature, parameters)) from None
    told = f"{target}({', '.join(f'{name}={value!r}' for name, value in parameters.items())})"
    try:
        made = found(**parameters)
    except TypeError as error:
        raise ValueError(f"{told} failed: TypeError: {error}.") from error
    return _checked(made, told, target)


def _cannot_take(
    found: Any, target: str, signature: inspect.Signature, parameters: dict[str, Any]
) -> str:
    """Why an object cannot be called, and what comes nearest to what it is."""
    given = ", ".join(parameters) or "nothing"
    if isinstance(found, type):
        if not signature.parameters and hasattr(found, "privatize"):
            return (
                f"{target} takes no parameters, got {given}: it must say its k and epsilon itself; "
                "leave the options out."
            )
        more = "" if hasattr(found, "privatize") else ", and needs privatize(values, *, rng)"
        return f"{target} must be built of ({given}), got {target}{signature}{more}."
    text = (
        f"{target} must accept {_RANDOMIZER}, or ({given}) and build a mechanism; got {signature}"
    )
    free = [
        p
        for p in signature.parameters.values()
        if p.default is p.empty and p.kind not in (p.VAR_KEYWORD, p.VAR_POSITIONAL)
    ]
    if len(free) == 1 and not {"k", "epsilon"} & set(signature.parameters):
        return (
            f"{text}. If it draws its own random numbers, say --own-randomness (in Python "
            "from_callable(..., reproducible=False)); add --batched if it takes an array of values."
        )
    return f"{text}. In Python, from_callable(lambda value, rng: ...) adapts any function."


def _checked(made: Any, told: str, target: str) -> Any:
    """The mechanism, if it has what one has."""
    lacks = [name for name in ("epsilon", "privatize") if not hasattr(made, name)]
    lacks += [] if hasattr(made, "k") or hasattr(made, "domain") else ["k"]
    if lacks:
        raise ValueError(
            f"{told} must be a mechanism, with k (or domain), epsilon and privatize(values, *, "
            f"rng); got {type(made).__name__} without {', '.join(lacks)}. A function of "
            f"(value, rng) becomes one by --k and --epsilon, or by from_callable."
        )
    try:
        signature = inspect.signature(made.privatize)
    except (TypeError, ValueError):
        return made
    try:
        signature.bind("values", rng="rng")
    except TypeError:
        raise ValueError(
            f"privatize of {target} must accept (values, *, rng), all values at once, got "
            f"{signature}; from_callable(..., batched=True, reproducible=False) wraps one that "
            "draws its own random numbers."
        ) from None
    return made


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


def import_object(target: str) -> Any:
    """The object at package.module:object or file.py:object."""
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
