"""Old addresses keep working, with a warning that names the new one."""

from __future__ import annotations

import importlib
import json
import subprocess
import sys
import warnings
from pathlib import Path

import pytest

from ldpaudit import _moved

#: Public names of the modules of 0.1.0 and shortly after, but for four that no page ever named and
#: that are values of another kind now: check_bound, Certified, Promise and Seen.
OLD = json.loads(Path(__file__).with_name("old_names.json").read_text(encoding="utf-8"))
NAMES = [(module, name) for module, names in OLD.items() for name in names]


@pytest.mark.parametrize(("module", "name"), NAMES, ids=lambda part: part)
def test_an_old_name_is_found(module: str, name: str) -> None:
    old = importlib.import_module(f"ldpaudit.{module}")
    with warnings.catch_warnings(record=True) as seen:
        warnings.simplefilter("always")
        found = getattr(old, name)
    if not seen:  # the package of the same name exports it
        assert module not in _moved.MODULES
        return
    (warning,) = seen
    assert warning.category is DeprecationWarning
    assert warning.filename == __file__
    message = str(warning.message)
    assert message.startswith(f"ldpaudit.{module}.{name} is ldpaudit.")
    assert message.endswith(f"; {_moved.UNTIL} may lack the old name.")
    home, _, new = message.split(" is ")[1].split(" now; ")[0].rpartition(".")
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert getattr(importlib.import_module(home), new) is found


def test_every_entry_is_an_old_address_that_leads_somewhere() -> None:
    shown = set(OLD) | {"protocols.projective_geometry"}
    assert set(_moved.MODULES) | set(_moved.NAMES) <= shown
    for homes in (*_moved.MODULES.values(), *_moved.NAMES.values()):
        for home in homes:
            assert importlib.util.find_spec(f"ldpaudit.{home}") is not None
    for module in _moved.MODULES:
        spec = importlib.util.find_spec(f"ldpaudit.{module}")
        assert spec is not None
        assert spec.origin is None, "a file of this name exists: the entry is never asked"


def test_what_never_was_is_not_found() -> None:
    with pytest.raises(AttributeError, match="has no attribute 'nothing'"):
        importlib.import_module("ldpaudit.histories").nothing  # noqa: B018
    with pytest.raises(ImportError):
        from ldpaudit.bounds import nothing  # noqa: F401
    with pytest.raises(ModuleNotFoundError):
        importlib.import_module("ldpaudit.nothing")


@pytest.mark.parametrize(
    "line",
    [
        "from ldpaudit.histories import Repeated",
        "import ldpaudit.standing as s; s.standings",
        "from ldpaudit.outcomes import Results",
        "from ldpaudit.contracts import Report",
        "from ldpaudit.protocols.projective_geometry import ProjectiveGeometryResponse",
    ],
)
def test_old_imports_warn_and_work(line: str) -> None:
    def run(action: str) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-W", f"{action}::DeprecationWarning:__main__", "-c", line]
        return subprocess.run(command, capture_output=True, text=True, check=False)

    shown = run("default")
    assert shown.returncode == 0, shown.stderr
    assert "may lack the old name" in shown.stderr
    assert run("ignore").stderr == ""
