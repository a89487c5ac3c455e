"""Compiled templates are kept, and believed only where they are whole and of this text."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Any

import pytest
from jinja2 import DictLoader, Environment

from ldpaudit.reports._templates import Compiled


def rendered(folder: Path, text: str) -> str:
    templates = Environment(
        loader=DictLoader({"page": text}), bytecode_cache=Compiled(folder), autoescape=True
    )
    return templates.get_template("page").render(name="<b>")


@pytest.fixture(autouse=True)
def writing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "dont_write_bytecode", False)


def test_a_template_is_compiled_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = tmp_path / "made" / "here"
    assert rendered(folder, "Hello {{ name }}") == "Hello &lt;b&gt;"
    (file,) = folder.iterdir()
    monkeypatch.setattr(Environment, "_parse", None)
    assert rendered(folder, "Hello {{ name }}") == "Hello &lt;b&gt;"
    assert list(folder.iterdir()) == [file]


def test_another_text_is_compiled_anew(tmp_path: Path) -> None:
    assert rendered(tmp_path, "Hello {{ name }}") == "Hello &lt;b&gt;"
    assert rendered(tmp_path, "Bye {{ name }}") == "Bye &lt;b&gt;"


@pytest.mark.parametrize("damage", ["cut", "changed", "empty", "a folder"])
def test_damage_costs_time_only(tmp_path: Path, damage: str) -> None:
    rendered(tmp_path, "Hello {{ name }}")
    (file,) = tmp_path.iterdir()
    whole = file.read_bytes()
    if damage == "a folder":
        file.unlink()
        file.mkdir()
    else:
        changed = whole[:-1] + bytes([whole[-1] ^ 1])
        file.write_bytes({"cut": whole[:-9], "changed": changed, "empty": b""}[damage])
    assert rendered(tmp_path, "Hello {{ name }}") == "Hello &lt;b&gt;"
    assert list(tmp_path.iterdir()) == [file]
    assert damage == "a folder" or file.read_bytes() == whole


def test_no_folder_and_no_leave_to_write(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "file").touch()
    assert rendered(tmp_path / "file" / "below", "{{ name }}") == "&lt;b&gt;"
    monkeypatch.setattr(sys, "dont_write_bytecode", True)
    assert rendered(tmp_path / "new", "{{ name }}") == "&lt;b&gt;"
    assert not (tmp_path / "new").exists()


@pytest.mark.skipif(os.name != "posix", reason="other systems have no such modes")
def test_a_folder_of_others_is_not_believed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    parsed, parse = [], Environment._parse

    def counted(self: Environment, *given: Any) -> Any:
        parsed.append(given)
        return parse(self, *given)

    monkeypatch.setattr(Environment, "_parse", counted)
    folder = tmp_path / "kept"
    rendered(folder, "Hello {{ name }}")
    for mode, times in ((0o700, 1), (0o777, 2), (0o770, 3), (0o700, 3)):
        folder.chmod(mode)
        assert rendered(folder, "Hello {{ name }}") == "Hello &lt;b&gt;"
        assert len(parsed) == times
