"""An audit as files that gates read: JSON, a page, JUnit XML and a summary in Markdown."""

from __future__ import annotations

import html
import json
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as Xml

from ldpaudit.outcomes.text import NOTHING, AuditResult, next_step

#: Control characters that XML cannot hold, and what stands for them.
_CONTROL = {code: "\ufffd" for code in range(32) if chr(code) not in "\t\n\r"}


#: Names of the files, in the order in which they are written.
FILES = ("audit.json", "audit.html", "junit.xml", "summary.md")


def save_audit(result: AuditResult, directory: str | Path) -> list[Path]:
    """Write ``audit.json``, ``audit.html``, ``junit.xml`` and ``summary.md``; return their paths.

    Parameters
    ----------
    result : AuditResult
        A finished audit.
    directory : str or Path
        Folder of the files; made if it is not there.

    Returns
    -------
    list of Path
        In the order above.

    Raises
    ------
    OSError
        If a file cannot be written.
    """
    folder = Path(directory)
    folder.mkdir(parents=True, exist_ok=True)
    table = json.dumps(result.to_dict(), indent=2, allow_nan=False) + "\n"
    texts = (table, _page(result), junit(result), markdown(result))
    for name, text in zip(FILES, texts, strict=True):
        (folder / name).write_text(text, encoding="utf-8")
    return [folder / name for name in FILES]


def _page(result: AuditResult) -> str:
    title = html.escape(f"{result.mechanism}: {result.verdict}")
    return (
        '<!doctype html>\n<html lang="en">\n<head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        '<meta name="color-scheme" content="light dark">'
        f"<title>{title}</title></head>\n<body><main>\n{result._repr_html_()}\n"
        "</main></body>\n</html>\n"
    )


def junit(result: AuditResult) -> str:
    """JUnit XML of one test: a violation is its failure, an inconclusive audit its error."""
    verdict, seconds = result.verdict, f"{result.seconds:.3f}"
    counts = {
        "tests": "1",
        "failures": str(int(verdict == "violation")),
        "errors": str(int(verdict == "inconclusive")),
        "time": seconds,
    }
    suites = Xml.Element("testsuites", counts)
    suite = Xml.SubElement(suites, "testsuite", {"name": "ldpaudit", **counts})
    own = {"classname": "ldpaudit.audit", "name": _clean(_title(result)), "time": seconds}
    case = Xml.SubElement(suite, "testcase", own)
    properties = Xml.SubElement(case, "properties")
    for name, value in _figures(result).items():
        Xml.SubElement(properties, "property", {"name": f"ldpaudit.{name}", "value": _clean(value)})
    if verdict != "consistent":
        kind = "failure" if verdict == "violation" else "error"
        told = {"message": _clean(result.reason), "type": verdict}
        Xml.SubElement(case, kind, told).text = _clean(str(result))
    Xml.indent(suites)
    return Xml.tostring(suites, encoding="unicode", xml_declaration=True) + "\n"


def markdown(result: AuditResult) -> str:
    """A summary for the page of a job: the verdict, why, and the figures."""
    lines = [f"### {_cell(_title(result))}: {result.verdict}", "", _cell(result.reason) + ".", ""]
    if step := next_step(result):
        lines += [f"Next: {_cell(step)}.", ""]
    lines += ["| figure | value |", "| --- | --- |"]
    lines += [f"| {name} | {_cell(value)} |" for name, value in _figures(result).items()]
    for outcome in result.attacks:
        if outcome.reason is not None:
            shown = f"skipped: {outcome.reason}"
        elif outcome.trials:
            shown = f"{outcome.success:.4f} [{outcome.lower:.4f}, {outcome.upper:.4f}]"
        else:
            shown = f"{outcome.blind:.4f} (exact)"
        lines.append(f"| success of {_cell(outcome.attack)} | {_cell(shown)} |")
    return "\n".join(lines) + "\n"


def _title(result: AuditResult) -> str:
    names = ", ".join(f"{name} = {value}" for name, value in result.parameters.items())
    return f"{result.mechanism} ({names})"


def _figures(result: AuditResult) -> dict[str, str]:
    lower, exact = result.bound.epsilon_lower, result.exact_epsilon
    figures: dict[str, Any] = {
        "verdict": result.verdict,
        "claimed epsilon": f"{result.claimed_epsilon:g}",
        "claimed delta": f"{result.claimed_delta:g}",
        "exact epsilon": "not available" if exact is None else f"{exact:.6g}",
        "audited epsilon": NOTHING if lower <= 0 else f">= {lower:.4f}",
        "alpha": f"{result.alpha:g}",
        "bound": f"{result.bound.bound} ({result.bound.kind})",
        "event": result.bound.event,
        "reports": f"{result.bound.trials:,}",
        "seed": result.seed,
        "version": result.version,
    }
    return {name: str(value) for name, value in figures.items()}


def _clean(text: str) -> str:
    return text.translate(_CONTROL)


def _cell(text: str) -> str:
    """Text that Markdown shows as it is, in one line."""
    plain = html.escape(" ".join(_clean(text).split()), quote=False)
    for mark in "\\`*_[]|":
        plain = plain.replace(mark, f"\\{mark}")
    return plain
