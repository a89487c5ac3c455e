"""What there is: protocols, attacks, bounds, studies, data."""

from __future__ import annotations

import inspect
import json
from typing import Annotated, Any

import typer

from ldpaudit.cli.completing import KINDS
from ldpaudit.cli.completing import kinds as kinds_begun
from ldpaudit.cli.options import AsJson

#: What is built of parameters.
_BUILT = ("protocols", "attacks", "bounds")


def list_components(
    what: Annotated[
        str | None,
        typer.Argument(
            help="protocols, attacks, bounds, studies or data.", autocompletion=kinds_begun
        ),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Registered protocols, attacks and bounds, ready-made studies and data sets."""
    from ldpaudit import validate

    kinds = KINDS
    chosen = kinds if what is None else (validate.check_known("list", what, kinds),)
    found = {kind: _listing(kind) for kind in chosen}
    shown = {} if what is None else {name: _parameters(what, name) for name in found[what]}
    if as_json:
        more = {"parameters": shown} if what in _BUILT else {}
        typer.echo(json.dumps(found | more, indent=2))
        return
    width = max(len(name) for entries in found.values() for name in entries)
    for number, (kind, entries) in enumerate(found.items()):
        if what is None:
            typer.echo(("" if number == 0 else "\n") + kind)
        for name, summary in entries.items():
            typer.echo(f"  {name:<{width}}  {summary}")
            if words := _words(shown.get(name)):
                typer.echo(f"  {'':<{width}}    {words}")
    if what in (None, "protocols"):
        typer.echo("\ne is exp(epsilon), k the number of values.")
    if what in _BUILT:
        typer.echo("In brackets: parameters that may be left out (--param NAME=VALUE).")


def _parameters(kind: str, name: str) -> dict[str, Any] | None:
    """What a component is built of: parameters with their defaults, null for one that has none."""
    from ldpaudit import registry

    if kind not in _BUILT:
        return None
    try:
        signature = inspect.signature(registry.load(kind, name))
    except Exception:  # another package's fault, which its line says
        return None
    return {
        one.name: None if one.default is one.empty else {"default": _plain(one.default)}
        for one in signature.parameters.values()
    }


def _plain(value: Any) -> Any:
    return value if isinstance(value, bool | int | float | str | None) else repr(value)


def _words(parameters: dict[str, Any] | None) -> str:
    """Parameters as a line: ``k, epsilon, [grid = exact]``."""
    given = parameters or {}
    needed = [name for name, default in given.items() if default is None]
    free = [
        name if default["default"] in (None, "()") else f"{name} = {default['default']}"
        for name, default in given.items()
        if default is not None
    ]
    return ", ".join([*needed, *([f"[{', '.join(free)}]"] if free else [])])


def _listing(kind: str) -> dict[str, str]:
    from ldpaudit import registry

    if kind == "studies":
        from ldpaudit.comparing.study import study_names

        return study_names()
    if kind == "data":
        from ldpaudit.data.sources import names

        return names()
    return {name: _summary(kind, name) for name in registry.names(kind)}


def _summary(kind: str, name: str) -> str:
    """First line of a component's docstring; another package's fault is said, not raised."""
    from ldpaudit import registry

    try:
        component = registry.load(kind, name)
    except Exception as error:
        return f"cannot be loaded ({type(error).__name__}: {error})"
    return (component.__doc__ or "").strip().partition("\n")[0]
