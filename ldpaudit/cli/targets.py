"""What the command line audits: a name, an object that somebody asks for by path, or recordings."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from ldpaudit import validate
from ldpaudit.adapters.endings import KNOWN, is_recording, split_columns
from ldpaudit.adapters.objects import mechanism_at
from ldpaudit.domains import Categories

#: How a function is called, unless the command line says otherwise.
_USUAL = {"batched": False, "reproducible": True}


def audited(
    target: str,
    other: str | None,
    claim: Mapping[str, Any],
    extra: Sequence[str],
    how: Mapping[str, bool] | None = None,
    log: Mapping[str, str | None] | None = None,
) -> Any:
    """A mechanism that is built, or one of recorded reports."""
    log = log or {}
    if other is not None or log.get("label"):
        return recorded(target, other, claim, extra, log)
    if given := [name for name, value in log.items() if value is not None]:
        raise ValueError(f"{given[0]} is of recorded reports, got {target} alone.")
    return build(target, claim, extra, how)


def build(
    target: str,
    claim: Mapping[str, Any],
    extra: Sequence[str],
    how: Mapping[str, bool] | None = None,
) -> Any:
    """Build a registered mechanism by name, or an object from a module or a Python file.

    `claim` holds k, epsilon, delta and the kind of input as far as they were given, `extra`
    further parameters as KEY=VALUE. An object is a mechanism that is built already; a class or
    function of these parameters, which builds one; or a randomizer, a function of (value,
    rng) that `from_callable` wraps, called as `how` says.
    """
    parameters, how = _parameters(claim, extra), {**_USUAL, **(how or {})}
    if is_recording(split_columns(target)[0]):
        raise ValueError(
            f"recorded reports take two files, of one input each, got {target} alone; or one log "
            "with the true inputs in a column, --label COLUMN."
        )
    if target.endswith(".py"):
        raise ValueError(f"name the object in {target} too: {target}:OBJECT.")
    if isinstance(parameters.get("k"), int):  # before a protocol searches for its best design
        validate.check_integer("k", parameters["k"], parameters["k"], validate.MAX_DOMAIN)
    if ":" in target:
        return mechanism_at(target, parameters, how)
    if how != _USUAL:
        raise ValueError(f"--batched and --own-randomness are of functions, got {target}.")
    if "/" in target:
        return _of_package(target, parameters)
    from ldpaudit.registry import create

    return create("protocols", target, **parameters)


def _of_package(target: str, parameters: dict[str, Any]) -> Any:
    """A mechanism of another package, which is loaded when its first report is drawn."""
    from ldpaudit.adapters.packages import PackageMechanism, names

    validate.check_known("mechanism of another package", target, names())
    if set(parameters) != {"k", "epsilon"}:
        told = ", ".join(parameters) or "none"
        raise ValueError(f"{target} takes --k and --epsilon, got {told}.")
    return PackageMechanism(target, **parameters)


def kind_of_input(values: str | None, ends: tuple[float, float] | None) -> dict[str, Any]:
    """What ``--values`` and ``--range`` say of the inputs, as parameters."""
    low, high = ends or (None, None)
    if values is None:
        return {"values": None, "low": low, "high": high}
    path = Path(values)
    try:
        words = path.read_text(encoding="utf-8-sig").splitlines() if path.is_file() else None
    except (OSError, UnicodeDecodeError) as error:
        raise ValueError(f"{values} cannot be read: {error}.") from None
    found = [word.strip() for word in (values.split(",") if words is None else words)]
    numbers = [_literal(word) for word in found]
    if all(isinstance(number, int | float) for number in numbers):
        found = numbers
    if words is None and len(found) < 2:
        raise ValueError(f"--values must be names with commas between, or a file: got {values!r}.")
    return {"values": [word for word in found if word != ""], "low": low, "high": high}


def inputs_of(words: str) -> tuple[Any, ...] | int:
    """What ``--inputs`` says: numbers or vectors of a domain, or how many of its grid."""
    found = _literal(words if words.strip().isdecimal() else f"[{words}]")
    if isinstance(found, bool) or not isinstance(found, tuple | int) or not _numbers(found):
        raise ValueError(f"--inputs takes numbers with commas between, or how many: got {words!r}.")
    return found


def _numbers(found: Any) -> bool:
    """Whether these are numbers, or lists of them, at any depth; text may be labels."""
    if isinstance(found, tuple | list):
        return all(map(_numbers, found))
    return isinstance(found, int | float | str) and not isinstance(found, bool)


def pair_of(mechanism: Any, words: tuple[str, str] | None) -> tuple[int, int] | None:
    """The two inputs that ``--pair`` names: by labels where there are some, else by number."""
    if words is None:
        return None
    domain = getattr(mechanism, "domain", None)
    own = domain if isinstance(domain, Categories) else None
    labelled = own is not None and own.text(own.k - 1) != str(own.k - 1)
    known = {own.text(place): place for place in range(own.k)} if own and labelled else {}
    try:
        first, second = (known[word] if word in known else int(word) for word in words)
    except ValueError:
        some = f"labels such as {', '.join(list(known)[:3])}, or " if known else ""
        raise ValueError(
            f"--pair takes two inputs by {some}number, got {' '.join(words)!r}."
        ) from None
    return first, second


def recorded(
    first: str,
    second: str | None,
    claim: Mapping[str, Any],
    extra: Sequence[str],
    log: Mapping[str, str | None] | None = None,
) -> Any:
    """Recorded reports of two inputs as a mechanism."""
    how: dict[str, Any] = {name: v for name, v in (log or {}).items() if v is not None}
    if second is not None and not _is_recording(first):
        raise ValueError(
            f"only recorded reports ({KNOWN}) come in two files, got {first!r} and {second!r}."
        )
    for file in (first, second):
        if file is not None and not _is_recording(file):
            raise ValueError(f"recorded reports must be {KNOWN}, got {file!r}.")
    parameters = _parameters(claim, extra)
    if "epsilon" not in parameters:
        raise ValueError("recorded reports need the claim that they are held to: --epsilon.")
    inputs = parameters.pop("values", None) if "label" in how else None
    if parameters.pop("k", 2) != 2 or set(parameters) - {"epsilon", "delta"}:
        raise ValueError(
            "recorded reports are of two inputs and take --epsilon and --delta only, a log also "
            "--values A,B."
        )
    if "label" in how and second is not None:
        raise ValueError("--label is the column of one log, got two files.")
    from ldpaudit.adapters.recordings import from_samples

    columns = how.pop("columns", None)
    return from_samples(
        first,
        second,
        columns=None if columns is None else columns.split("+"),
        inputs=inputs,
        **how,
        **parameters,
    )


def _is_recording(text: str) -> bool:
    """Whether it can be one, where nothing else can be meant: a folder needs no slash."""
    return is_recording(split_columns(text)[0]) or Path(text).is_dir()


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
