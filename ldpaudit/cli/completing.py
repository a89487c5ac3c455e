"""What a shell offers when a name is begun: entry points, studies; nothing is loaded."""

from __future__ import annotations


def protocols(incomplete: str) -> list[str]:
    """Registered protocols that begin so."""
    return _registered("protocols", incomplete)


def attacks(incomplete: str) -> list[str]:
    """Registered attacks that begin so."""
    return _registered("attacks", incomplete)


def bounds(incomplete: str) -> list[str]:
    """Registered bounds that begin so."""
    return _registered("bounds", incomplete)


def studies(incomplete: str) -> list[str]:
    """Ready-made studies that begin so."""
    from importlib.resources import files

    found = (item.name for item in (files("ldpaudit") / "studies").iterdir())
    names = sorted(name.removesuffix(".toml") for name in found if name.endswith(".toml"))
    return [name for name in names if name.startswith(incomplete)]


def kinds(incomplete: str) -> list[str]:
    """What can be listed."""
    return [kind for kind in KINDS if kind.startswith(incomplete)]


#: What can be listed, in this order.
KINDS = ("protocols", "attacks", "bounds", "studies", "data")


def _registered(group: str, incomplete: str) -> list[str]:
    from importlib.metadata import entry_points

    names = {entry.name for entry in entry_points(group=f"ldpaudit.{group}")}
    return sorted(name for name in names if name.startswith(incomplete))
