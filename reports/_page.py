"""From results to the text of the page; the words live in the templates."""

from __future__ import annotations

import base64
import gzip
import hashlib
import json
import re
from datetime import UTC, datetime
from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING, Any

from markupsafe import Markup

from . import _numbers, _tables, _templates
from ._advice import options
from ._collections import mean, watches
from ._conclusion import cap_words, conclusions, odds, people
from ._figures import Drawn, Figures
from ._paper import PAGE, Paper
from ._points import panels

if TYPE_CHECKING:
    from collections.abc import Sequence

    from jinja2 import Environment

    from ldpaudit.analysis.metrics import Metric
    from ldpaudit.analysis.operating_points import OperatingPoint
    from ldpaudit.comparing.results import Results

_OPTIONAL = (
    *("created", "command", "seed", "alpha", "verdict_alpha", "notices"),
    *("versions", "platform"),
)
#: White space between cells and rows, which says nothing.
_BETWEEN = re.compile(r"(</t[dhr]>|<tr[^<>]*>)\s+(?=<)")
#: What the script of a page says of numbers when they are pointed at; notebooks have no script.
_SAID = re.compile(r'(<data value="[^"]*"|<span class="missing") title="[^"]*"')
#: Bytes of a table that a page holds as they are.
_LARGE = 2**18
_POLICY = (
    "default-src 'none'; script-src {script}; style-src {style}; img-src data:; "
    "base-uri 'none'; form-action 'none'; require-trusted-types-for 'script'"
)


@cache
def environment() -> Environment:
    """The templates, with the words and numbers that they ask for."""
    found = _templates.environment()
    found.filters |= {"number": _numbers.tagged, "name": _numbers.name, "plain": _numbers.plain}
    found.filters |= {"printable": _numbers.printable, "moment": _moment, "json": _json}
    found.filters["average"] = mean
    found.filters["sentence"] = lambda text: text[:1].upper() + text[1:]
    found.filters |= {"people": people, "odds": odds, "cap": cap_words}
    found.globals["interval"] = _numbers.interval
    found.globals["error_form"] = lambda panel: "scientific" if panel.of_shares else "significant"
    found.globals["published_ratio"] = _tables.published_ratio
    return found


def render(
    results: Results,
    metrics: Sequence[Metric],
    points: Sequence[OperatingPoint],
    table: bytes,
    paper: Paper = PAGE,
    form: str = "svg",
) -> tuple[str, dict[str, Drawn]]:
    """The whole page, one self-contained HTML document, and its figures by their names as files.

    `metrics` are the rows of the results, `points` the operating points in their places, and
    `table` is the CSV that the page offers; the figures as files are on `paper`, and the page
    names those that it does not hold in this `form`.
    """
    found = _tables.sections(panels(points))
    whole = [section for section in found if not section.panel.further]
    provenance = dict.fromkeys(_OPTIONAL) | results.provenance
    choices = options(points, found)
    script = _part("page.js")
    followed = watches(metrics)
    figures = Figures(found, followed, paper)
    rounds = [figures.over_time(watch) for watch in followed]
    drawn = {section.number: figures.of(section) for section in found}
    style = _part("page.css") + figures.css
    text = (
        environment()
        .get_template("page.html.j2")
        .render(
            title=title(provenance),
            linked=True,
            policy=_POLICY.format(script=_digest(script), style=_digest(style)),
            style=Markup(style),  # noqa: S704 - our own file, and colours of figures
            script=Markup(script),  # noqa: S704 - our own file
            conclusions=conclusions(found, choices),
            verdicts=_tables.verdicts(whole),
            passing=_tables.passing(whole),
            sections=found,
            whole=whole,
            protocols=protocols_of(provenance),
            reaching=any(section.reaching for section in found),
            collected=any(section.collected for section in found),
            figures=drawn,
            beside={
                kind: [(f"figures/{name}.{form}", words) for name, words in named]
                for kind, named in figures.beside.items()
            },
            watches=followed,
            rounds=rounds,
            options=choices,
            candidates=[choice.numbers for choice in choices],
            published=[(s, rows) for s in found if (rows := _tables.published_rows(s))],
            problems=_tables.problems(metrics),
            download=_download(table),
            kilobytes=-(-len(table) // 1000),
            provenance=provenance,
            versions=_pairs(provenance.get("versions")),
            study=_study(provenance),
            alpha=provenance.get("alpha"),
        )
    )
    return _SAID.sub(r"\1", _BETWEEN.sub(r"\1", text)), figures.files


def _download(table: bytes) -> dict[str, str]:
    """The table as a link that holds it, packed where it is large, and what the file is called."""
    packed = len(table) > _LARGE
    content = gzip.compress(table, mtime=0) if packed else table
    kind = "application/gzip" if packed else "text/csv;charset=utf-8"
    return {
        "link": f"data:{kind};base64,{base64.b64encode(content).decode()}",
        "name": "results.csv.gz" if packed else "results.csv",
    }


def title(provenance: dict[str, Any]) -> str:
    """What the study calls itself."""
    study = provenance.get("study")
    named = study if isinstance(study, dict) else {}
    return str(named.get("title") or named.get("name") or "Comparison of mechanisms")


def _part(name: str) -> str:
    return (files("ldpaudit.reports") / "templates" / name).read_text(encoding="utf-8")


def _digest(text: str) -> str:
    """The source expression by which a policy allows exactly this text."""
    return f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"


def _json(value: Any) -> Markup:
    """JSON for a data block of a page: nothing in it can end the block."""
    text = json.dumps(value, ensure_ascii=True, allow_nan=False, separators=(",", ":"))
    for char in "<>&":
        text = text.replace(char, f"\\u{ord(char):04x}")
    return Markup(text)  # noqa: S704 - every character that HTML knows is an escape of JSON


def _study(provenance: dict[str, Any]) -> str:
    """The study as text: the TOML as run, else its values as JSON."""
    if text := provenance.get("study_toml"):
        return str(text).strip()
    study = provenance.get("study")
    return json.dumps(study, indent=2, ensure_ascii=False, default=str) if study else ""


def _moment(created: object) -> Markup:
    """A moment in UTC as people write it; anything else as it is."""
    try:
        moment = datetime.fromisoformat(str(created)).astimezone(UTC)
    except ValueError:
        return _numbers.name(created)
    words = f"{moment:%Y-%m-%d %H:%M} UTC"
    return Markup('<time datetime="{}">{}</time>').format(str(created), words)


def protocols_of(provenance: dict[str, Any]) -> list[dict[str, str]]:
    """What each protocol is, as the study told it: every entry has all four texts."""
    known = provenance.get("protocols")
    if not isinstance(known, dict):
        return []
    texts = ("name", "summary", "source")
    return [
        {"label": str(label)} | {text: str(entry.get(text) or "") for text in texts}
        for label, entry in known.items()
        if isinstance(entry, dict)
    ]


def _pairs(versions: Any) -> list[tuple[str, str]]:
    if not isinstance(versions, dict):
        return [("versions", str(versions))] if versions else []
    return [(str(name), str(value)) for name, value in versions.items()]
