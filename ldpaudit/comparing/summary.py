"""A comparison in plain text: what was run, what audits found, where each protocol stands."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from ldpaudit.comparing.sections import COLUMNS, USUAL, Figure, Section, figure, measured, sections

if TYPE_CHECKING:
    import pandas as pd

#: Rows of a section that are shown; the table has all.
_MOST = 24
_CELL = ["protocol", "parameters", "k", "num_users", "data", "epsilon"]


def in_one_line(frame: pd.DataFrame) -> str:
    """How much was compared, and what audits found."""
    size = (
        f"{_some(frame['protocol'].nunique(), 'protocol')} at "
        f"{_some(frame['epsilon'].nunique(), 'epsilon')} on "
        f"{_some(frame['data'].nunique(), 'data set')}"
    )
    cells = frame.groupby(_CELL, dropna=False, sort=False)["status"].agg(set)
    counts = {
        word: sum(word in found for found in cells)
        for word in ("violation", "inconclusive", "failed")
    }
    told = [f"{many} {_ENDS[word]}" for word, many in counts.items() if many]
    return f"{size}, {_some(len(cells), 'cell')}: {', '.join(told) or 'no violation found'}"


_ENDS = {
    "violation": "in violation of the claim",
    "inconclusive": "inconclusive",
    "failed": "failed",
}


def summary(frame: pd.DataFrame, provenance: dict[str, Any]) -> str:
    """See `ldpaudit.comparing.Results.summary`."""
    study = provenance.get("study", {})
    name = study.get("title") or study.get("name")
    first = in_one_line(frame)
    lines = [first] if name is None else [str(name), first]
    found = sections(frame)
    for section in found:
        lines += ["", ", ".join(section.heading), *_table(section)]
    if any(measured(section.points[:_MOST], USUAL) for section in found):
        lines += ["", "(a to b): measured, with the 95% interval"]
    return "\n".join(lines)


def _some(many: int, thing: str) -> str:
    return f"{many:,} {thing}{'' if many == 1 else 's'}"


def _table(section: Section) -> Iterator[str]:
    """Aligned columns; a longer section is cut, and says so."""
    rows = [["protocol", "epsilon", *(COLUMNS[name] for name in USUAL)]]
    for point in section.points[:_MOST]:
        label = f"{point.label} (violation)" if point.refuted else point.label
        figures = [_cell(figure(point, name), name) for name in USUAL]
        rows.append([label, f"{point.epsilon:g}", *figures])
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    for first, *rest in rows:
        cells = [text.rjust(width) for text, width in zip(rest, widths[1:], strict=True)]
        yield "  ".join([first.ljust(widths[0]), *cells])
    if (left := len(section.points) - _MOST) > 0:
        yield f"... and {_some(left, 'more row')}: all are in .frame"


def _cell(found: Figure, name: str) -> str:
    if found is None:
        return "-"
    form = "{:.3%}" if name == "success" else "{:,.4g}" if name != "bits" else "{:,.6g}"
    value, lower, upper = map(form.format, found)
    return value if lower == upper else f"{value} ({lower} to {upper})"
