"""From results to the text of the page; the words live in the templates."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from functools import cache
from typing import TYPE_CHECKING, Any

from markupsafe import Markup

from . import _numbers, _tables
from ._points import panels, records
from ._style import inline_svg

if TYPE_CHECKING:
    from jinja2 import Environment
    from matplotlib.figure import Figure

    from ldpaudit.outcomes import Results

_OPTIONAL = ("created", "command", "seed", "alpha", "notices", "versions")


@cache
def environment() -> Environment:
    """The templates with autoescape on and undefined names refused."""
    from jinja2 import Environment, PackageLoader, StrictUndefined

    found = Environment(
        loader=PackageLoader("ldpaudit.reports"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    found.filters |= {"number": _numbers.tagged, "name": _numbers.name, "plain": _numbers.plain}
    found.filters |= {"printable": _numbers.printable, "moment": _moment}
    found.globals["interval"] = _numbers.interval
    found.globals["published_ratio"] = _tables.published_ratio
    return found


def render(results: Results, pareto: Figure, epsilon: Figure) -> str:
    """The whole page: one self-contained HTML document."""
    found = _tables.sections(panels(results.frame))
    provenance = dict.fromkeys(_OPTIONAL) | results.provenance
    return (
        environment()
        .get_template("page.html.j2")
        .render(
            title=_title(provenance),
            summaries=[words for words in map(_tables.summary, found) if words],
            verdicts=_tables.verdicts(found),
            sections=found,
            published=[(s, rows) for s in found if (rows := _tables.published_rows(s))],
            relative=[(s, beside) for s in found if (beside := _tables.relative_rows(s))],
            problems=_tables.problems(records(results.frame)),
            pareto=Markup(inline_svg(pareto, "pareto")),  # noqa: S704 - drawn and escaped by matplotlib
            epsilon=Markup(inline_svg(epsilon, "epsilon")),  # noqa: S704 - likewise
            provenance=provenance,
            versions=_pairs(provenance.get("versions")),
            study=_study(provenance),
            alpha=provenance.get("alpha"),
            columns=[str(name) for name in results.frame.columns],
        )
    )


def _title(provenance: dict[str, Any]) -> str:
    study = provenance.get("study")
    named = study if isinstance(study, dict) else {}
    return str(named.get("title") or named.get("name") or "Comparison of mechanisms")


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


def _pairs(versions: Any) -> list[tuple[str, str]]:
    if not isinstance(versions, dict):
        return [("versions", str(versions))] if versions else []
    return [(str(name), str(value)) for name, value in versions.items()]
