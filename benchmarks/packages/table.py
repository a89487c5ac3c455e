"""The table of docs/packages.md, from the results that run.py keeps."""

from __future__ import annotations

from pathlib import Path
from typing import Any

START, END = "<!-- table: begin -->", "<!-- table: end -->"
DIGITS = "violation in last digits"
HEAD = (
    "package", "mechanism", "claim", "realised (known how)", "found black box", "verdict",
    "estimates",
)  # fmt: skip


def write(results: dict[str, Any], page: Path) -> None:
    """Put the table of these results where the page has its marks."""
    text = page.read_text(encoding="utf-8")
    before, _, rest = text.partition(START)
    after = rest.partition(END)[2]
    page.write_text(f"{before}{START}\n{table(results)}\n{END}{after}", encoding="utf-8")


def table(results: dict[str, Any]) -> str:
    """Totals, one line per mechanism, and the notes below."""
    lines = [line for part in results.values() for line in part["lines"]]
    found = [line for line in lines if verdict(line) == "violation"]
    digits = [line for line in lines if verdict(line) == DIGITS]
    biased = [line for line in lines if (line["estimator"] or {}).get("verdict") == "biased"]
    checked = [line for line in lines if line["estimator"]]
    notes: list[str] = []
    rows = ["| " + " | ".join(HEAD) + " |", "|" + "---|" * len(HEAD)]
    for part in results.values():
        for line in part["lines"]:
            row = " | ".join(cells(part["package"], line, notes))
            rows.append(f"| {row} |")
    totals = (
        f"{len(results)} packages, {len(lines)} mechanisms: {len(found)} violations of the claim, "
        f"{len(digits)} more in the last digits of doubles alone; "
        f"{len(biased)} biased estimates of {len(checked)} that were checked."
    )
    numbered = [f"{number}. {note[0].upper()}{note[1:]}." for number, note in enumerate(notes, 1)]
    return "\n".join([totals, "", *rows, "", "Notes", "", *numbered])


def cells(package: str, line: dict[str, Any], notes: list[str]) -> list[str]:
    """The cells of one mechanism; its notes are added to those of the table."""
    marks = []
    for note in (line["means"], line["note"]):
        if note:
            if note not in notes:
                notes.append(note)
            marks.append(str(notes.index(note) + 1))
    name, version = package.split("==")
    claim = "none" if line["claim"] is None else f"{line['claim']:.4g}"
    if line["claim"] is not None and line["delta"]:
        claim += f", delta {line['delta']:g}"
    realised = {"inf": "infinite", None: "unknown"}.get(line["realised"])
    if realised is None:
        realised = f"{line['realised']:.3f}"
    # What last digits add to a law in real numbers is no part of it.
    realised += f" ({'real numbers' if told_by_digits(line) else line['known']})"
    label = line["mechanism"] + (f" [{', '.join(marks)}]" if marks else "")
    return [
        f"{name} {version}", label, claim, realised, bound(line), verdict(line),
        estimates(line["estimator"]),
    ]  # fmt: skip


def bound(line: dict[str, Any]) -> str:
    """Epsilon found, and that of rounded reports where both were audited."""
    rounded = line.get("rounded") or {"bound": line["bound"]}
    more = f"; rounded {rounded['bound']:.3f}" if told_by_digits(line) else ""
    return f"{line['bound']:.3f}{more}"


def told_by_digits(line: dict[str, Any]) -> bool:
    """Whether the audit finds less in rounded reports."""
    rounded = line.get("rounded")
    return rounded is not None and rounded["bound"] < line["bound"]


def verdict(line: dict[str, Any]) -> str:
    """The verdict; whether it is gone once reports are rounded."""
    rounded = line.get("rounded")
    if line["verdict"] == "violation" and rounded and rounded["verdict"] != "violation":
        return DIGITS
    return str(line["verdict"])


def estimates(found: dict[str, Any] | None) -> str:
    """What the audit of the server says, in a cell."""
    if found is None:
        return ""
    if found["verdict"] == "unbiased":
        return "no bias found"
    return f"biased: {found['what']} {found['bias']:+.3f} ({found['under']})"
