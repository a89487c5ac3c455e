"""What there is: protocols, attacks, bounds, studies, data."""

from __future__ import annotations

import json
from typing import Annotated

import typer

from ldpaudit.cli.options import AsJson


def list_components(
    what: Annotated[
        str | None, typer.Argument(help="protocols, attacks, bounds, studies or data.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Registered protocols, attacks and bounds, ready-made studies and data sets."""
    from ldpaudit import validate

    kinds = ("protocols", "attacks", "bounds", "studies", "data")
    chosen = kinds if what is None else (validate.check_known("list", what, kinds),)
    found = {kind: _listing(kind) for kind in chosen}
    if as_json:
        typer.echo(json.dumps(found, indent=2))
        return
    width = max(len(name) for entries in found.values() for name in entries)
    for number, (kind, entries) in enumerate(found.items()):
        if what is None:
            typer.echo(("" if number == 0 else "\n") + kind)
        for name, summary in entries.items():
            typer.echo(f"  {name:<{width}}  {summary}")


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
