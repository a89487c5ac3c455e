"""The version in one place, the commit of a checkout, and a digest of what decides figures."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
import tomllib
from functools import partial
from pathlib import Path

import pytest

import ldpaudit
from ldpaudit import release
from ldpaudit.comparing import workers

ROOT = Path(__file__).resolve().parents[2]


def test_the_version_is_the_same_wherever_it_must_be_written() -> None:
    version = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]["version"]
    citation = (ROOT / "CITATION.cff").read_text("utf-8")
    assert re.findall(r"^version: (.*)$", citation, re.MULTILINE) == [version]
    readme = (ROOT / "README.md").read_text("utf-8")
    assert re.findall(r"^  version = \{(.*)\},$", readme, re.MULTILINE) == [version]
    changes = (ROOT / "CHANGELOG.md").read_text("utf-8")
    headings = re.findall(r"^## \[(.*?)\](.*)$", changes, re.MULTILINE)
    assert headings[0] == ("Unreleased", "")
    assert headings[1][0] == version
    assert all(re.fullmatch(r" - \d{4}-\d\d-\d\d", date) for _, date in headings[1:])


def test_a_copy_without_a_repository_has_no_commit(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    package = tmp_path / "ldpaudit"
    package.mkdir()
    monkeypatch.setattr(release, "__file__", str(package / "release.py"))
    assert release.described_version() == ldpaudit.__version__
    (tmp_path / "pyproject.toml").write_text("", "utf-8")
    if not shutil.which("git"):
        return

    def git(*words: str) -> None:
        subprocess.run(["git", "-C", str(tmp_path), *words], check=True, capture_output=True)

    git("init", "-q")
    git("add", ".")
    git("-c", "user.name=a", "-c", "user.email=a@b", "commit", "-q", "-m", "one")
    assert re.fullmatch(r"[0-9a-f]{7,}", release.commit() or "")
    (tmp_path / "pyproject.toml").write_text("[project]", "utf-8")
    assert re.fullmatch(r"[0-9a-f]{7,}, with changes", release.commit() or "")
    assert release.described_version().startswith(f"{ldpaudit.__version__} (commit ")


def test_the_digest_is_of_what_decides_figures(tmp_path: Path) -> None:
    """A page may change and a line may end as on Windows; a protocol or a bound may not."""
    for folder in ("ldpaudit", "attacks", "protocols", "reports"):
        shutil.copytree(
            ROOT / folder,
            tmp_path / ("" if folder == "ldpaudit" else "ldpaudit") / folder,
            ignore=shutil.ignore_patterns(
                "attacks", "protocols", "reports", "__pycache__", "*.csv"
            ),
        )
    script = (
        "import pathlib, sys, ldpaudit.release as release\n"
        "root = pathlib.Path(release.__file__).parent\n"
        "assert str(root).startswith(sys.argv[1])\n"
        "print(release.code_digest())\n"
        "for name in ('reports/pareto.py', 'cli/exits.py', 'protocols/__init__.py',\n"
        "             'bounds/intervals.py'):\n"
        "    path = root / name\n"
        "    path.write_bytes(path.read_bytes() + b'#')\n"
        "    release.code_digest.cache_clear()\n"
        "    print(release.code_digest())\n"
        "path.write_bytes(path.read_bytes().replace(b'\\n', b'\\r\\n'))\n"
        "release.code_digest.cache_clear()\n"
        "print(release.code_digest())\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", script, str(tmp_path)],
        capture_output=True, text=True, check=True, cwd=tmp_path,
        env={"PYTHONPATH": ":".join([str(tmp_path), *sys.path]), "PYTHONDONTWRITEBYTECODE": "1"},
    )  # fmt: skip
    first, page, command, protocol, bound, windows = done.stdout.split()
    assert first == page == command == release.code_digest()
    assert len({first, protocol, bound}) == 3
    assert windows == bound


def test_cells_of_other_code_are_computed_anew(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    study = {
        "name": "tiny", "protocols": ["grr"], "epsilons": [1.0], "attacks": ["blind"],
        "data": [{"name": "uniform", "k": 4, "num_users": 10}], "trials": 100, "repetitions": 2,
    }  # fmt: skip
    kept = []
    for code in ("one", "one", "other", "one"):
        monkeypatch.setattr(workers, "code_digest", partial(str, code))
        calls: list[tuple[int, int]] = []
        ldpaudit.compare(study, out=tmp_path, progress=partial(_note, calls))
        kept.append(calls[0][0])
    assert kept == [0, 1, 0, 1]


def _note(calls: list[tuple[int, int]], done: int, total: int) -> None:
    calls.append((done, total))
