"""The rooms of the house: no circle, short chains, floors, and a face for every package."""

from __future__ import annotations

import ast
import importlib
import inspect
import re
import tomllib
from functools import cache
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parents[1]
WINGS = ("attacks", "protocols", "reports")
LONGEST = 15
SOURCES = {
    ".".join(
        ("ldpaudit", *path.relative_to(ROOT).with_suffix("").parts)
        if folder != "ldpaudit"
        else path.relative_to(ROOT).with_suffix("").parts
    ).removesuffix(".__init__"): path
    for folder in ("ldpaudit", *WINGS)
    for path in sorted((ROOT / folder).rglob("*.py"))
    if folder != "ldpaudit" or path.relative_to(ROOT / folder).parts[0] not in WINGS
}
FACES = [name for name, path in SOURCES.items() if path.name == "__init__.py"]
Graph = dict[str, set[str]]


def parse(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"), filename=str(path))


def imported(tree: ast.Module, module: str, *, package: bool, known: set[str]) -> set[str]:
    """Files that a module names in an import, wherever that stands."""
    found = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            home = module.split(".")[: None if package else -1]
            base = ".".join((*home[: len(home) + 1 - node.level], *[node.module or ""][:1]))
            base = (base if node.level else node.module or "").rstrip(".")
            for alias in node.names:
                inner = f"{base}.{alias.name}"
                found.add(inner if inner in known else base)
        elif isinstance(node, ast.Call) and ast.unparse(node.func).endswith("import_module"):
            found |= {str(a.value) for a in node.args if isinstance(a, ast.Constant)}
    return (found & known) - {module}


@cache
def graph() -> Graph:
    known = set(SOURCES)
    return {
        module: imported(parse(path), module, package=path.name == "__init__.py", known=known)
        for module, path in SOURCES.items()
    }


def circle(graph: Graph) -> list[str]:
    """The files of one circle, the first again at the end; empty where there is none."""
    done: set[str] = set()

    def walk(module: str, path: list[str]) -> list[str]:
        if module in path:
            return [*path[path.index(module) :], module]
        if module in done:
            return []
        for other in sorted(graph[module]):
            if found := walk(other, [*path, module]):
                return found
        done.add(module)
        return []

    return next((found for module in graph if (found := walk(module, []))), [])


def longest(graph: Graph) -> list[str]:
    """A longest chain of files, each of which imports the next."""

    @cache
    def below(module: str) -> tuple[str, ...]:
        chains: list[tuple[str, ...]] = [below(other) for other in graph[module]]
        return module, *max([(), *chains], key=len)

    chains: list[tuple[str, ...]] = [below(module) for module in graph]
    chain = max(chains, key=len)
    return list(chain)


def test_no_circle_of_files() -> None:
    assert circle(graph()) == []


def test_chains_are_short() -> None:
    chain = longest(graph())
    assert len(chain) <= LONGEST, " > ".join(chain)


def test_circles_and_chains_are_seen() -> None:
    one: Graph = {"a": {"b"}, "b": {"c"}, "c": set(), "d": {"b"}}
    assert circle(one) == []
    assert longest(one) == ["a", "b", "c"]
    assert circle(one | {"c": {"a"}}) == ["a", "b", "c", "a"]
    known = {"x.y", "x.y.z", "x.w", "x"}
    for line in (
        "from x.y import z",
        "from .y import z",
        "def f():\n    import x.y.z",
        "if TYPE_CHECKING:\n    from x.y.z import T",
        "import_module('x.y.z')",
    ):
        assert imported(ast.parse(line), "x.w", package=False, known=known) == {"x.y.z"}, line
    assert imported(ast.parse("from .y import T"), "x", package=True, known=known) == {"x.y"}


# --- floors ----------------------------------------------------------------------------------


def linter() -> list[dict[str, Any]]:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    contracts: list[dict[str, Any]] = project["tool"]["importlinter"]["contracts"]
    return contracts


def core() -> set[str]:
    """Rooms and files of the ground floor, by name."""
    found = {module.split(".")[1] for module in SOURCES if "." in module}
    return found - set(WINGS)


def test_every_room_has_a_floor() -> None:
    (layers,) = [contract for contract in linter() if contract["type"] == "layers"]
    assert layers["containers"] == ["ldpaudit"]
    assert layers["exhaustive"] is True
    assert not layers.get("ignore_imports")
    named = [name for layer in layers["layers"] for name in re.split(r" [|:] ", layer)]
    assert len(named) == len(set(named))
    assert {name for name in named if name[0] != "("} <= core() | set(WINGS)
    assert core() | set(WINGS) <= {name.strip("()") for name in named}
    assert set(re.split(r" \| ", layers["layers"][0])) == set(WINGS)


def test_no_room_may_import_a_wing() -> None:
    contracts = linter()
    (forbidden,) = [c for c in contracts if c["type"] == "forbidden"]
    (independent,) = [c for c in contracts if c["type"] == "independence"]
    wings = {f"ldpaudit.{wing}" for wing in WINGS}
    assert set(forbidden["source_modules"]) == {f"ldpaudit.{name}" for name in core()}
    assert set(forbidden["forbidden_modules"]) == wings
    assert set(independent["modules"]) == wings


# --- faces -----------------------------------------------------------------------------------


@pytest.mark.parametrize("package", FACES)
def test_a_package_says_what_is_public(package: str) -> None:
    face = importlib.import_module(package)
    names = face.__all__
    assert len(names) == len(set(names))
    for name in names:
        thing = getattr(face, name)
        home = getattr(thing, "__module__", package)
        own = home.startswith(f"{package}.") or home in (package, "typing")  # an alias
        assert own or not (inspect.isclass(thing) or inspect.isfunction(thing)), f"{name}: {home}"
    assert face.__doc__
    assert [n for n in names if n not in dir(face)] == []


@pytest.mark.parametrize("package", [face for face in FACES if face.count(".") == 1])
def test_type_checkers_see_the_same_names(package: str) -> None:
    tree = parse(SOURCES[package])
    seen = {
        alias.asname or alias.name
        for node in ast.walk(tree)
        if isinstance(node, ast.ImportFrom)
        and (node.level or (node.module or "").startswith(f"{package}."))
        for alias in node.names
    }
    assert seen == set(importlib.import_module(package).__all__)


#: A figure stands in a file of its name; the face of the reports imports every one at once.
LAZY = [face for face in FACES if face not in ("ldpaudit", "ldpaudit.reports")]


@pytest.mark.parametrize("package", LAZY)
def test_no_file_bears_the_name_of_what_its_package_exports(package: str) -> None:
    files = {module.rpartition(".")[2] for module in SOURCES if module.startswith(f"{package}.")}
    assert files & set(importlib.import_module(package).__all__) == set()


# --- prose -----------------------------------------------------------------------------------

CITED = re.compile(r"(?<![\w/.-])ldpaudit(?:\.[A-Za-z_]\w*)+(?![\w/-])")
#: A property in the XML of a test run, no address.
PROPERTY = "ldpaudit.verdict"
PROSE = [
    *(ROOT / name for name in ("README.md", "CONTRIBUTING.md")),
    *sorted((ROOT / "docs").glob("*.md")),
    *SOURCES.values(),
]


@pytest.mark.parametrize("path", PROSE, ids=lambda path: path.relative_to(ROOT).as_posix())
def test_every_name_in_prose_exists(path: Path) -> None:
    if not path.exists():
        pytest.skip("a source archive carries what building and testing need, not every page")
    lost = []
    for cited in sorted(set(CITED.findall(path.read_text(encoding="utf-8")))):
        if cited == PROPERTY:
            continue
        parts = cited.split(".")
        module, rest = importlib.import_module("ldpaudit"), parts[1:]
        while rest and f"{module.__name__}.{rest[0]}" in SOURCES:
            module, rest = importlib.import_module(f"{module.__name__}.{rest[0]}"), rest[1:]
        thing: Any = module
        for name in rest:
            thing = getattr(thing, name, None)
        if thing is None:
            lost.append(cited)
    assert lost == []
