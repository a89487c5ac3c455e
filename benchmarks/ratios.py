"""The ratios of RECORD.md: a table at its head, read from its sections, each beside its bar.

Usage: python benchmarks/ratios.py

`record.py` calls it after every run. Seconds are those of one machine and one day; ratios are of
one run, in which both sides took turns.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

RECORD = Path(__file__).parent / "RECORD.md"
HEADING = "## Ratios"
_NUMBER = r"[\d.,]+(?:e[+-]?\d+)?"


class Source(NamedTuple):
    """Where the lines of a script have their ratio: groups `what`, `ratio` and perhaps `bar`."""

    script: str
    #: What is divided by what.
    meaning: str
    line: str
    #: Whether a bar is the most or the least that a ratio may be.
    at_most: bool = False


SOURCES = (
    Source(
        "before.py",
        "CPU of this build / that of 75a4fc6",
        rf"(?P<what>\S.*?) +{_NUMBER} +{_NUMBER} +(?P<ratio>{_NUMBER}) +(?P<bar>{_NUMBER}) ",
        at_most=True,
    ),
    Source(
        "clients.py",
        "Reports a second / those of multi-freq-ldpy or pure-ldp, the faster",
        rf"(?P<what>\d+ +[a-z]+) +{_NUMBER} +\S+ +\S+ +(?P<ratio>{_NUMBER}) +(?P<bar>{_NUMBER}|-)",
    ),
    Source(
        "servers.py",
        "CPU of multi-freq-ldpy / ours",
        rf"(?P<what>[a-z]+) +{_NUMBER} +{_NUMBER} +(?P<ratio>{_NUMBER}) +(?P<bar>{_NUMBER}) ",
    ),
    Source(
        "audit_speed.py",
        "Seconds of LDP-Auditor's way of working / ours",
        rf"(?P<what>[a-z]+) +{_NUMBER} +{_NUMBER} +(?P<ratio>{_NUMBER}) +{_NUMBER} +{_NUMBER} +"
        rf"(?P<bar>{_NUMBER})",
    ),
    Source(
        "mss_decode.py",
        "Seconds of LSMR / the direct decoder",
        rf"(?P<what>\d+ +{_NUMBER} +\d+) +{_NUMBER} +{_NUMBER} +{_NUMBER} +(?P<ratio>{_NUMBER}) ",
    ),
    Source(
        "supports.py",
        "Time of guesses by the table of likelihoods / by bits",
        rf"(?P<what>[a-z]+ +\d+ +{_NUMBER} +\S+ +\S+) +True +{_NUMBER} +{_NUMBER} +"
        rf"(?P<ratio>{_NUMBER})",
    ),
)


def sections(text: str) -> Iterator[tuple[str, str]]:
    """The script of every section and its text."""
    for found in re.finditer(
        r"^## python benchmarks/(\S+).*?\n(.*?)(?=^## |\Z)", text, re.M | re.S
    ):
        yield found[1], found[2]


def tables(text: str) -> str:
    """All ratios of a record, a table a script in Markdown; those that miss their bar are bold."""
    out = []
    for source in SOURCES:
        bodies = (body for script, body in sections(text) if script == source.script)
        rows = [row for body in bodies for row in _rows(source, body)]
        if rows:
            out += [f"{source.meaning} (`{source.script}`)", ""]
            out += ["| | ratio | bar |", "|---|---|---|", *rows, ""]
    return "\n".join(out)


def _rows(source: Source, body: str) -> Iterator[str]:
    for found in re.finditer(rf"^ {{4,}}{source.line}", body, re.M):
        named = found.groupdict()
        ratio, bar = float(named["ratio"].replace(",", "")), named.get("bar")
        bound = float(bar) if bar and bar != "-" else 0.0
        late = bound and (ratio > bound if source.at_most else ratio < bound)
        shown = f"**{named['ratio']}**" if late else named["ratio"]
        words = f"at {'most' if source.at_most else 'least'} {bound:g}" if bound else ""
        yield f"| {' '.join(named['what'].split())} | {shown} | {words} |"


def put_first(record: Path = RECORD) -> None:
    """Write the table at the head of the record, in the place of the one before."""
    text = record.read_text(encoding="utf-8")
    head, _, rest = text.partition("\n## ")
    if f"\n## {rest}".startswith(f"\n{HEADING}\n"):
        rest = rest.partition("\n## ")[2]
    record.write_text(
        f"{head.rstrip()}\n\n{HEADING}\n\n{tables(text)}\n## {rest}", encoding="utf-8"
    )


if __name__ == "__main__":
    put_first()
    sys.exit(0)
