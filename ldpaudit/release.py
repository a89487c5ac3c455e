"""Which ldpaudit this is: its version, the commit of a checkout, and what decides its figures."""

from __future__ import annotations

import hashlib
import os
import subprocess
from functools import lru_cache
from importlib.metadata import version as installed
from importlib.util import find_spec
from pathlib import Path

#: What no figure of a table depends on: how results are asked for, shown and tested.
_APART = ("cli", "testing", "pytest_plugin.py", "recorder.py", "figure_style.py", "release.py")
_SHOWING = (
    *("asked.py", "described.py", "export.py", "latex.py", "mistakes.py", "results.py"),
    *("sections.py", "summary.py", "tex.py"),
)
#: The wings that figures come from; reports only show them.
_WINGS = ("attacks", "protocols")


def version() -> str:
    """The version, as ``pyproject.toml`` has it: its only place."""
    return installed("ldpaudit")


def described_version() -> str:
    """The version, and of a checkout the commit: ``0.2.0 (commit 8fab402, with changes)``."""
    found = commit()
    return version() if found is None else f"{version()} (commit {found})"


def commit() -> str | None:
    """The commit of a checkout that this is, and whether it was changed since; None elsewhere."""
    root = Path(__file__).resolve().parents[1]
    if not (root / ".git").exists() or not (root / "pyproject.toml").is_file():
        return None
    command = ["git", "-C", str(root), "describe", "--always", "--exclude=*", "--dirty"]
    # A hook of another repository sets where git looks.
    elsewhere = {name: value for name, value in os.environ.items() if name[:4] != "GIT_"}
    try:
        done = subprocess.run(  # noqa: S603 - nothing in it is anybody's input
            command, capture_output=True, text=True, timeout=10, check=True, env=elsewhere
        )
    except (OSError, subprocess.SubprocessError):
        return None
    return done.stdout.strip().replace("-dirty", ", with changes") or None


@lru_cache(maxsize=1)
def code_digest() -> str:
    """Digest of the files that figures depend on, the same for a checkout and a wheel.

    Finished cells are known by it: they are computed anew where the code is other, also within
    one version, and kept where only pages, commands or documents are.
    """
    core = Path(__file__).resolve().parent
    files = {
        f"{folder.relative_to(core).as_posix()}/{path.name}": path
        for folder in _rooms(core)
        for path in folder.glob("*.py")
        if path.name not in _APART and (folder.name != "comparing" or path.name not in _SHOWING)
    }
    for wing in _WINGS:
        spec = find_spec(f"ldpaudit.{wing}")
        for place in (spec.submodule_search_locations or ()) if spec else ():
            root = Path(place)
            files |= {f"{wing}/{p.relative_to(root).as_posix()}": p for p in root.rglob("*.py")}
    found = hashlib.sha256()
    for name, path in sorted(files.items()):
        found.update(name.encode() + b"\0" + path.read_bytes().replace(b"\r\n", b"\n") + b"\0")
    return found.hexdigest()[:16]


def _rooms(core: Path) -> list[Path]:
    """The core and its rooms, without the wings, which a checkout links inside."""
    rooms = (room for room in core.iterdir() if room.is_dir() and not room.is_symlink())
    return [core, *(r for r in rooms if r.name not in (*_APART, *_WINGS, "reports"))]
