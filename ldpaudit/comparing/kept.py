"""A finished study: its table put together from cells, and read again from its folder.

Verdicts follow from the cells at the level of the table. They are kept beside them, so that
nothing that computes them is loaded to show a study again.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from ldpaudit.comparing.cell import Cell, Judgements
from ldpaudit.comparing.results import Results
from ldpaudit.comparing.store import Store, read_row, written_row
from ldpaudit.comparing.workers import versions
from ldpaudit.outcomes.table import to_frame
from ldpaudit.outcomes.upgrade import upgraded


def stored_results(directory: str | Path) -> Results:
    """The results kept in a folder by an earlier `compare`."""
    store = Store(directory, create=False)
    try:
        order, provenance = store.meta("order"), store.meta("provenance")
        if order is None or provenance is None:
            raise ValueError(f"{store.path} holds no finished study; run compare --out again.")
        cells = [cell for key in order if (cell := store.get(key))]
        found = _judgements(store, cells)
    finally:
        store.close()
    return gathered(cells, found, provenance)


def keep(
    store: Store,
    order: Sequence[str],
    found: Judgements,
    provenance: dict[str, Any],
    level: float,
) -> None:
    """Store what is known of a study when its cells are finished."""
    stored = {key: list(map(written_row, columns)) for key, columns in found.items()}
    store.set_meta("provenance", provenance)
    store.set_meta("verdict_alpha", level)
    store.set_meta("order", order)
    store.set_meta("judgements", [versions(), level, stored])


def gathered(cells: Sequence[Cell], found: Judgements, provenance: dict[str, Any]) -> Results:
    """The results of a study from its cells and their verdicts."""
    import pandas as pd

    rows = upgraded(row for cell in cells for row in _judged(cell, found))
    spent = [{"seconds": c.seconds, "decode_seconds": c.decode_seconds} for c in cells]
    timings = pd.DataFrame([c.axes | times for c, times in zip(cells, spent, strict=True)])
    return Results(to_frame(rows), provenance, timings)


def _judgements(store: Store, cells: Sequence[Cell]) -> Judgements:
    """The verdicts as they were kept; found anew where other code or another level kept them."""
    level, kept = float(store.meta("verdict_alpha")), store.meta("judgements")
    if kept is not None and kept[:2] == [versions(), level]:
        return {key: list(map(read_row, columns)) for key, columns in kept[2].items()}
    from ldpaudit.comparing.verdicts import judgements

    return judgements(cells, level)


def _judged(cell: Cell, found: Judgements) -> tuple[dict[str, Any], ...]:
    """The rows of a cell with what was found of every verdict."""
    rows = list(cell.rows)
    for stored, columns in zip(cell.verdicts, found.get(cell.key, ()), strict=True):
        rows[stored["row"]] = rows[stored["row"]] | columns
    return tuple(rows)
