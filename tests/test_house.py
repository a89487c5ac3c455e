"""The house stays in order: packaging, links, the law of imports, rules that a parser sees."""

from __future__ import annotations

import ast
import importlib
import inspect
import os
import re
import shutil
import subprocess
import tomllib
from collections.abc import Iterator
from fnmatch import fnmatchcase
from functools import cache
from importlib.metadata import EntryPoint
from pathlib import Path, PurePosixPath
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parents[1]
WINGS = ("attacks", "protocols", "reports")
FOLDERS = ("ldpaudit", *WINGS)
PACKAGES = {"ldpaudit": "ldpaudit"} | {f"ldpaudit.{wing}": wing for wing in WINGS}
KEPT = (
    "CHANGELOG.md",
    "CITATION.cff",
    "CONTRIBUTING.md",
    "LICENSE",
    "Makefile",
    "README.md",
    "SECURITY.md",
    "constraints.txt",
    ".ci/run",
    "docs/decisions/001-layout.md",
)
MAX_LINES = 400
IGNORED = {".git", ".hypothesis", "build", "dist", "report", "__pycache__"}


@cache
def project() -> dict[str, Any]:
    return tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))


def files_of(folder: str) -> list[Path]:
    """Every file of one of the four folders, without caches and without the linked wings."""
    found = []
    for path in sorted((ROOT / folder).rglob("*")):
        inside = path.relative_to(ROOT / folder)
        linked = folder == "ldpaudit" and inside.parts[0] in WINGS
        if path.is_file() and "__pycache__" not in inside.parts and not linked:
            found.append(path)
    return found


def modules_of(folder: str) -> list[Path]:
    return [path for path in files_of(folder) if path.suffix == ".py"]


SOURCES = [path for folder in FOLDERS for path in modules_of(folder)]
CORE = {path.relative_to(ROOT).with_suffix("").parts[1] for path in modules_of("ldpaudit")}
CORE -= {"__init__"}
source_file = pytest.mark.parametrize(
    "path", SOURCES, ids=lambda path: path.relative_to(ROOT).as_posix()
)


def parse(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"), filename=str(path))


def house_files() -> list[Path]:
    """Files that git tracks or would track; without git, all that is not a by-product."""
    git = shutil.which("git")
    if git and (ROOT / ".git").exists():
        command = [git, "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
        listed = subprocess.run(command, cwd=ROOT, capture_output=True, check=False)
        if listed.returncode == 0:
            return [ROOT / name for name in listed.stdout.decode().split("\0") if name]
    found = []
    for path in ROOT.rglob("*"):
        parts = path.relative_to(ROOT).parts
        if not any(p in IGNORED or p.startswith(".venv") or p.endswith("_cache") for p in parts):
            found.append(path)
    return found


# --- packaging -------------------------------------------------------------------------------


def test_packages_are_the_folders_that_hold_python() -> None:
    found = set()
    for package, folder in PACKAGES.items():
        for path in modules_of(folder):
            nested = path.parent.relative_to(ROOT / folder).parts
            found.add(".".join((package, *nested)))
    listed = project()["tool"]["setuptools"]["packages"]
    assert len(listed) == len(set(listed))
    assert set(listed) == found


def test_each_package_is_mapped_to_its_folder() -> None:
    mapping = project()["tool"]["setuptools"]["package-dir"]
    assert {name: mapping.get(name) for name in PACKAGES} == PACKAGES
    for folder in PACKAGES.values():
        assert (ROOT / folder / "__init__.py").is_file()


@pytest.mark.parametrize("wing", WINGS)
def test_link_leads_to_the_wing(wing: str) -> None:
    link, target = ROOT / "ldpaudit" / wing, f"../{wing}"
    if link.is_symlink():
        assert os.readlink(link).replace(os.sep, "/") == target
        assert link.resolve() == ROOT / wing
    elif link.is_file():  # what git leaves where it may not make links
        assert link.read_text(encoding="utf-8").strip() == target
    elif link.exists():
        pytest.fail(f"ldpaudit/{wing} must be a link to {target}, found a folder.")
    elif (ROOT / ".git").exists():
        pytest.fail(f"ldpaudit/{wing} must be a link to {target}, found nothing.")
    else:
        pytest.skip("a source archive carries the wings without the links")


def test_every_data_file_is_package_data() -> None:
    patterns = project()["tool"]["setuptools"]["package-data"]
    left_out = []
    for package, folder in PACKAGES.items():
        for path in files_of(folder):
            name = PurePosixPath(path.relative_to(ROOT / folder).as_posix())
            if path.suffix != ".py" and not any(
                covers(pattern, name) for pattern in patterns.get(package, [])
            ):
                left_out.append(f"{package}: {name}")
    assert left_out == []


def covers(pattern: str, name: PurePosixPath) -> bool:
    wanted = PurePosixPath(pattern).parts
    return len(wanted) == len(name.parts) and all(map(fnmatchcase, name.parts, wanted))


def test_studies_and_notices_are_there_to_ship() -> None:
    assert list((ROOT / "ldpaudit" / "studies").glob("*.toml"))
    assert [p for p in (ROOT / "ldpaudit" / "histograms").iterdir() if "notice" in p.name.lower()]
    assert (ROOT / "ldpaudit" / "py.typed").is_file()


def entry_points() -> list[EntryPoint]:
    metadata = project()["project"]
    groups = metadata["entry-points"] | {"console_scripts": metadata["scripts"]}
    groups.pop("pytest11")  # a module, which pytest loads: tests/ldpaudit/test_plugin.py
    return [
        EntryPoint(name, value, group)
        for group, entries in groups.items()
        for name, value in entries.items()
    ]


@pytest.mark.parametrize("entry", entry_points(), ids=lambda e: f"{e.group}:{e.name}")
def test_entry_point_loads(entry: EntryPoint) -> None:
    assert callable(entry.load())


def unless_archive() -> None:
    if (ROOT / "PKG-INFO").exists():
        pytest.skip("a source archive carries what building and testing need, not every page")


@pytest.mark.parametrize("name", KEPT)
def test_kept_file_exists(name: str) -> None:
    unless_archive()
    assert (ROOT / name).read_text(encoding="utf-8").strip()


def test_version_is_the_same_everywhere() -> None:
    unless_archive()
    version = project()["project"]["version"]
    citation = (ROOT / "CITATION.cff").read_text(encoding="utf-8")
    assert f"\nversion: {version}\n" in citation
    assert f"## [{version}]" in (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")


# --- the law ---------------------------------------------------------------------------------


def breaches(tree: ast.Module, folder: str, siblings: set[str], core: set[str]) -> Iterator[str]:
    """Yield each import that the law forbids to a module of `folder`, type-only ones included."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            for alias in node.names:
                yield from judge(alias.name, folder, core, node.lineno)
        elif isinstance(node, ast.ImportFrom) and node.level == 0:
            module = node.module or ""
            if module == "ldpaudit":
                for alias in node.names:
                    yield from judge(f"ldpaudit.{alias.name}", folder, core, node.lineno)
            else:
                yield from judge(module, folder, core, node.lineno)
        elif isinstance(node, ast.ImportFrom):
            named = [node.module] if node.module else [alias.name for alias in node.names]
            for name in named:
                if node.level > 1 or name.split(".")[0] not in siblings:
                    yield f"line {node.lineno}: {'.' * node.level}{name} is no sibling"
        elif isinstance(node, ast.Call) and name_of(node.func).split(".")[-1] in (
            "import_module",
            "__import__",
        ):
            for argument in node.args:
                if isinstance(argument, ast.Constant) and isinstance(argument.value, str):
                    yield from judge(argument.value, folder, core, node.lineno)


def judge(module: str, folder: str, core: set[str], line: int) -> Iterator[str]:
    head, _, rest = module.partition(".")
    if head in WINGS:
        yield f"line {line}: {module} is a folder, not a package"
    if head != "ldpaudit":
        return
    first = rest.split(".")[0]
    if folder == "ldpaudit":
        if first in WINGS:
            yield f"line {line}: the ground floor imports {module}"
    elif first not in core and (first != folder or "." not in rest):
        yield f"line {line}: {folder} imports {module}, which is no core module"


def name_of(node: ast.expr) -> str:
    """Dotted name of an expression such as np.random.seed, else an empty string."""
    if isinstance(node, ast.Name):
        return node.id
    if isinstance(node, ast.Attribute):
        owner = name_of(node.value)
        return f"{owner}.{node.attr}" if owner else ""
    return ""


@source_file
def test_module_keeps_the_law(path: Path) -> None:
    folder = path.relative_to(ROOT).parts[0]
    siblings = {p.stem for p in path.parent.glob("*.py")} - {"__init__"}
    siblings |= {p.parent.name for p in path.parent.glob("*/__init__.py")}
    assert list(breaches(parse(path), folder, siblings, CORE)) == []


@pytest.mark.parametrize(
    ("folder", "line"),
    [
        ("attacks", "import ldpaudit"),
        ("attacks", "import ldpaudit.protocols"),
        ("attacks", "from ldpaudit import mechanism"),
        ("attacks", "from ldpaudit.reports import pareto"),
        ("attacks", "from ldpaudit import attacks"),
        ("protocols", "from ldpaudit.attacks.guessing import BlindGuess"),
        ("attacks", "from ..protocols import grr"),
        ("attacks", "from . import stranger"),
        ("protocols", "from .stranger import decode"),
        ("reports", "import attacks"),
        ("reports", "def draw():\n    from ldpaudit.attacks import BlindGuess"),
        ("reports", "import importlib\nimportlib.import_module('ldpaudit.attacks')"),
        ("ldpaudit", "from ldpaudit import protocols"),
        ("ldpaudit", "from ldpaudit.attacks.guessing import BlindGuess"),
        ("ldpaudit", "from . import reports"),
        ("ldpaudit", "from .protocols import grr"),
        ("ldpaudit", "if TYPE_CHECKING:\n    import ldpaudit.reports.pareto"),
    ],
)
def test_breach_of_the_law_is_seen(folder: str, line: str) -> None:
    assert list(breaches(ast.parse(line), folder, {"friend"}, {"bounds", "contracts"}))


@pytest.mark.parametrize(
    ("folder", "line"),
    [
        ("attacks", "import numpy as np"),
        ("attacks", "from ldpaudit.contracts import Mechanism"),
        ("attacks", "from ldpaudit import bounds"),
        ("protocols", "from .friend import decode"),
        ("protocols", "from ldpaudit.protocols._kernels._bits import pack"),
        ("protocols", "from . import friend"),
        ("ldpaudit", "from ldpaudit.registry import load\nload('protocols', 'grr')"),
        ("ldpaudit", "from . import friend"),
    ],
)
def test_lawful_import_passes(folder: str, line: str) -> None:
    assert not list(breaches(ast.parse(line), folder, {"friend"}, {"bounds", "contracts"}))


def test_ruff_bans_the_wings() -> None:
    lint = project()["tool"]["ruff"]["lint"]
    assert set(lint["flake8-tidy-imports"]["banned-api"]) >= {f"ldpaudit.{wing}" for wing in WINGS}
    assert "TID" in lint["select"]


# --- house rules -----------------------------------------------------------------------------


def test_no_file_is_too_long() -> None:
    python = [path for path in house_files() if path.suffix == ".py" and path.is_file()]
    lengths = {
        path.relative_to(ROOT).as_posix(): len(path.read_text(encoding="utf-8").splitlines())
        for path in {*python, *SOURCES}
    }
    assert {name: lines for name, lines in lengths.items() if lines > MAX_LINES} == {}


def test_no_module_is_called_utils() -> None:
    assert [path for path in SOURCES if path.stem.strip("_") in ("util", "utils")] == []


def dangers(tree: ast.Module) -> Iterator[str]:
    """Yield global seeding, code run from text, and loaders that run what they load."""
    runners = {"eval", "exec", "builtins.eval", "builtins.exec"}
    loaders = {"yaml.load", "yaml.unsafe_load", "yaml.full_load", "joblib.load", "pd.read_pickle"}
    seeding = re.compile(r"(.*\.)?random\.(seed|set_state)")
    for node in ast.walk(tree):
        if isinstance(node, ast.Call):
            name = name_of(node.func)
            if name in runners | loaders or seeding.fullmatch(name):
                yield f"line {node.lineno}: {name}"
            for keyword in node.keywords:
                allowed = isinstance(keyword.value, ast.Constant) and keyword.value.value is False
                if keyword.arg == "allow_pickle" and not allowed:
                    yield f"line {node.lineno}: allow_pickle"
        elif isinstance(node, ast.Import | ast.ImportFrom):
            origin = node.module or "" if isinstance(node, ast.ImportFrom) else ""
            for alias in node.names:
                name = f"{origin}.{alias.name}".lstrip(".")
                if name.split(".")[0] in ("pickle", "marshal", "shelve", "dill", "cloudpickle"):
                    yield f"line {node.lineno}: {name}"
                if origin and (name in loaders or seeding.fullmatch(name)):
                    yield f"line {node.lineno}: {name}"


#: They read what they wrote: a mechanism, back at once; templates, in the user's own folder.
OWN = {"mechanism_checks.py": ["pickle"], "_templates.py": ["marshal"]}


@source_file
def test_module_runs_no_input_and_seeds_nothing(path: Path) -> None:
    found = [danger.split(": ")[1] for danger in dangers(parse(path))]
    assert found == OWN.get(path.name, [])


@pytest.mark.parametrize(
    "line",
    [
        "np.random.seed(0)",
        "import random\nrandom.seed(0)",
        "from numpy.random import seed",
        "from random import seed",
        "eval('1')",
        "exec('1')",
        "import pickle",
        "from pickle import loads",
        "yaml.load(text)",
        "from yaml import load",
        "np.load(path, allow_pickle=True)",
    ],
)
def test_danger_is_seen(line: str) -> None:
    assert list(dangers(ast.parse(line)))


def test_frozen_objects_are_written_to_in_one_place() -> None:
    writers = [path.name for path in SOURCES if "object.__setattr__" in path.read_text("utf-8")]
    assert writers == ["parameters.py"]


def public(module: str) -> list[tuple[str, Any]]:
    package = importlib.import_module(module)
    return [(name, getattr(package, name)) for name in package.__all__]


def test_no_core_module_bears_the_name_of_a_public_function() -> None:
    functions = {name for name, thing in public("ldpaudit") if callable(thing)}
    assert functions & CORE == set()


@pytest.mark.parametrize("module", PACKAGES)
def test_public_names_are_documented_with_an_example(module: str) -> None:
    lacking = []
    for name, thing in public(module):
        wanted = inspect.isclass(thing) or (module == "ldpaudit" and inspect.isfunction(thing))
        if wanted and ">>>" not in (thing.__doc__ or ""):
            lacking.append(name)
    assert lacking == []


def test_no_file_names_a_package_registry() -> None:
    addresses = ["pypi" + ".org", "files." + "pythonhosted", "registry." + "npmjs"]
    found = []
    for path in house_files():
        if not path.is_file() or path.is_symlink():
            continue
        content = path.read_bytes()
        found += [f"{path}: {a}" for a in addresses if a.encode() in content.lower()]
    assert found == []
