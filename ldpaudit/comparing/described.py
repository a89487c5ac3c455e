"""What the protocols of a study are, from their own classes: name, one line, source."""

from __future__ import annotations

import re
from collections.abc import Iterable
from contextlib import suppress
from typing import Any

from ldpaudit import registry
from ldpaudit.comparing.study import ProtocolSpec

_WORDS = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])")


def described(protocols: Iterable[ProtocolSpec]) -> dict[str, dict[str, str]]:
    """By name: the name written out, the first line of the docstring, its source."""
    found: dict[str, dict[str, str]] = {}
    for spec in protocols:
        name, code = spec.name, spec.code
        if name not in found:
            with suppress(Exception):  # another package's fault, which its cells say
                component = registry.load("protocols", name) if code is None else code.found
                found[name] = _entry(name, component)
    return found


def _entry(name: str, component: Any) -> dict[str, str]:
    """Name, summary and source of one class."""
    text = component.__doc__ or ""
    return {
        "name": _written_out(getattr(component, "__name__", name)),
        "summary": text.strip().partition("\n")[0],
        "source": _source(text),
    }


def _written_out(name: str) -> str:
    """The name of a class as words: only capitals of an abbreviation stay."""
    first, *rest = _WORDS.split(name)
    return " ".join([first, *(word if word.isupper() else word.lower() for word in rest)])


def _source(text: str) -> str:
    """What follows "Source:" in a docstring, to the end of the paragraph; empty without one."""
    _, found, rest = text.partition("Source: ")
    if not found:
        return ""
    paragraph = " ".join(re.split(r"\n\s*\n", rest)[0].split())
    first = re.split(r"(?<=[a-z0-9)`*])(?<!Trans)(?<!Inf)(?<!al)[.;] (?=[A-Z`])", paragraph)[0]
    return re.sub(r"[*`]", "", first).rstrip(".") + "."
