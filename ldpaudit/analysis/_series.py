"""Names of the lines of a table: a protocol, with those parameters that tell it from others."""

from __future__ import annotations

import itertools
import re
from collections.abc import Hashable, Iterable, Iterator

#: Between two parameters of a line; a value may hold a comma of its own.
_BETWEEN = re.compile(r", (?=\w+=)")


def labels(cells: Iterable[tuple[Hashable, str, str]]) -> list[str]:
    """A label per cell of (group, protocol, parameters), the same in all groups.

    A protocol that no group holds twice is called by its name. Others take the fewest
    parameters that tell their variants apart in every group, or all of them.
    """
    found = list(cells)
    variants: dict[str, dict[Hashable, list[str]]] = {}
    for group, protocol, text in found:
        variants.setdefault(protocol, {}).setdefault(group, []).append(text)
    chosen = {protocol: _telling(list(groups.values())) for protocol, groups in variants.items()}
    out = []
    for _, protocol, text in found:
        names = chosen[protocol]
        words = text if names is None else _of(text, names)
        out.append(f"{protocol} ({words})" if words else protocol)
    return out


def _telling(groups: list[list[str]]) -> tuple[str, ...] | None:
    """The fewest names of parameters that tell the texts of every group apart; None means all."""
    if all(len(texts) == 1 for texts in groups):
        return ()
    names = list(dict.fromkeys(name for text in itertools.chain(*groups) for name in _names(text)))
    for size in (1, 2):
        for some in itertools.combinations(names, size):
            if all(len({_of(text, some) for text in texts}) == len(texts) for texts in groups):
                return some
    return None


def _names(text: str) -> Iterator[str]:
    return (part.partition("=")[0] for part in _BETWEEN.split(text))


def _of(text: str, names: tuple[str, ...]) -> str:
    """The parameters of these names alone."""
    parts = _BETWEEN.split(text)
    return ", ".join(part for part in parts if part.partition("=")[0] in names)
