"""The face of a package: public names, each imported from its module at first use."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from importlib import import_module
from typing import Any


def face(
    package: str, homes: Mapping[str, str]
) -> tuple[Callable[[str], Any], Callable[[], list[str]]]:
    """``__getattr__`` and ``__dir__`` of a package whose names have these modules as homes."""

    def attribute(name: str) -> Any:
        if name in homes:
            return getattr(import_module(f"{package}.{homes[name]}"), name)
        from ldpaudit._moved import forward

        return forward(package)(name, stacklevel=3)

    def names() -> list[str]:
        return sorted(homes)

    return attribute, names
