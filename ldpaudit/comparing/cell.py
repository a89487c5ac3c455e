"""One finished point of a study."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeAlias

#: Columns of verdicts by the key of their cell.
Judgements: TypeAlias = Mapping[str, Sequence[dict[str, Any]]]


@dataclass(frozen=True)
class Cell:
    """One point of a grid: its axis names, its rows, and what it took (kept out of the table)."""

    key: str
    axes: dict[str, Any]
    rows: tuple[dict[str, Any], ...]
    seconds: float = field(compare=False)
    decode_seconds: float | None = field(default=None, compare=False)
    #: What each verdict rests on (`comparing.verdicts`), for its level is that of a whole table.
    verdicts: tuple[dict[str, Any], ...] = ()

    @property
    def failed(self) -> bool:
        """Whether the cell ended in an error instead of numbers."""
        return any(row["status"] == "failed" for row in self.rows)
