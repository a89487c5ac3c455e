"""Every name that prose cites exists: `ldpaudit.a.b` in docstrings, comments, guides and pages."""

from __future__ import annotations

import re
import warnings
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
#: Not names of objects: files, and a property of the JUnit report.
ELSEWHERE = re.compile(r"ldpaudit\.(toml|csv|yaml|sqlite|egg-info|py|verdict)\b")
CITED = re.compile(r"(?<![\w./-])ldpaudit(?:\.[A-Za-z_]\w*)+(?![\w/-])")
GROUPS = {"ldpaudit.protocols", "ldpaudit.attacks", "ldpaudit.bounds", "ldpaudit.reports"}
FOLDERS = ("ldpaudit", "attacks", "protocols", "reports", "benchmarks", "examples", "docs")


def sources() -> list[Path]:
    found = [ROOT / "README.md", ROOT / "CONTRIBUTING.md"]
    for folder in FOLDERS:
        for path in sorted((ROOT / folder).rglob("*")):
            inside = path.relative_to(ROOT)
            linked = inside.parts[0] == "ldpaudit" and inside.parts[1] in FOLDERS
            if path.suffix in (".py", ".md", ".html", ".ipynb") and not linked:
                found.append(path)
    # Records are not rewritten; the site is made from what is read here already.
    others = {"decisions", "reference", "_build"}
    return [path for path in found if others.isdisjoint(path.parts) and path.is_file()]


def resolve(name: str) -> object:
    """The object behind a dotted name: the longest module, then its attributes."""
    parts = name.split(".")
    for end in range(len(parts), 0, -1):
        module = ".".join(parts[:end])
        try:
            if find_spec(module) is None:
                continue
        except ModuleNotFoundError:
            continue
        found: object = import_module(module)
        for part in parts[end:]:
            found = getattr(found, part)
        return found
    raise ModuleNotFoundError(name)


def cited() -> list[tuple[str, str]]:
    """(name, first file that cites it), each name once."""
    names: dict[str, str] = {}
    for path in sources():
        for match in CITED.finditer(path.read_text(encoding="utf-8")):
            name = match[0].rstrip(".")
            if name not in GROUPS and not ELSEWHERE.match(name):
                names.setdefault(name, path.relative_to(ROOT).as_posix())
    return sorted(names.items())


@pytest.mark.parametrize(("name", "where"), cited(), ids=lambda value: str(value))
def test_cited_name_exists(name: str, where: str) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error", DeprecationWarning)  # nor may prose cite an old name
        try:
            resolve(name)
        except (AttributeError, ImportError) as error:
            pytest.fail(f"{where} cites {name}, which does not exist: {error}")


def test_a_name_that_does_not_exist_is_found() -> None:
    with pytest.raises(AttributeError):
        resolve("ldpaudit.registry.no_such_name")
