"""What the protocols of a study are, from their own classes: name, one line, source."""

from __future__ import annotations

import re
from collections.abc import Iterable
from contextlib import suppress
from typing import Any

from ldpaudit import registry

_WORDS = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])")


def described(names: Iterable[str]) -> dict[str, dict[str, str]]:
    """By registered name: the name written out, the first line of the docstring, its source."""
    found = {}
    for name in dict.fromkeys(names):
        with suppress(Exception):  # another package's fault, which its cells say
            found[name] = _entry(name, registry.load("protocols", name))
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
