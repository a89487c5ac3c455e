"""Finished cells on disk: what is kept, and what is refused."""

from __future__ import annotations

import json
import math
import os
import sqlite3
from collections.abc import Callable
from pathlib import Path

import pytest

from ldpaudit.comparing.cell import Cell
from ldpaudit.comparing.store import FILE_NAME, Store, digest
from ldpaudit.outcomes.audit_result import SCHEMA


def cell(key: str = "a", status: str = "ok", seconds: float = 1.0) -> Cell:
    row = {"status": status, "value": 0.1, "lower": None, "reason": "ü € \n 'quoted'"}
    return Cell(key, {"data": "zipf", "epsilon": 1.0}, (row,), seconds)


def test_a_cell_comes_back_as_it_was(tmp_path: Path) -> None:
    store = Store(tmp_path / "new" / "folder")
    assert store.get("a") is None
    store.put(cell())
    store.close()
    again = Store(tmp_path / "new" / "folder", create=False)
    found = again.get("a")
    assert found == cell()
    assert found is not None
    assert found.seconds == 1.0
    assert again.get("b") is None
    again.close()
    assert [path.name for path in (tmp_path / "new" / "folder").iterdir()] == [FILE_NAME]


def test_every_double_comes_back(tmp_path: Path) -> None:
    store = Store(tmp_path)
    numbers = [0.1, 1 / 3, 5e-324, 1.7976931348623157e308, 2.0**53 + 1, -0.0]
    store.put(Cell("a", {}, ({"status": "ok", "numbers": numbers},), 0.0))
    found = store.get("a")
    assert found is not None
    assert [x.hex() for x in found.rows[0]["numbers"]] == [x.hex() for x in numbers]
    store.close()


def test_the_first_success_stays(tmp_path: Path) -> None:
    store = Store(tmp_path)
    store.put(cell(status="failed"))
    store.put(cell(status="failed", seconds=2.0))
    store.put(cell(seconds=3.0))
    store.put(cell(seconds=4.0))
    store.put(cell(status="failed", seconds=5.0))
    found = store.get("a")
    assert found is not None
    assert (found.failed, found.seconds) == (False, 3.0)
    store.close()


def test_meta_values_are_replaced(tmp_path: Path) -> None:
    store = Store(tmp_path)
    assert store.meta("schema") == SCHEMA
    assert store.meta("order") is None
    store.set_meta("order", ["b", "a"])
    store.set_meta("order", ["a"])
    assert store.meta("order") == ["a"]
    with pytest.raises(ValueError, match="not JSON compliant"):
        store.set_meta("order", math.nan)
    with pytest.raises(ValueError, match="not JSON compliant"):
        store.put(Cell("n", {}, ({"status": "ok", "value": math.nan},), 0.0))
    assert store.get("n") is None
    assert store.meta("order") == ["a"]
    store.close()


def test_two_stores_share_a_file(tmp_path: Path) -> None:
    one, two = Store(tmp_path), Store(tmp_path)
    one.put(cell("a"))
    two.put(cell("b"))
    assert one.get("b") == cell("b")
    assert two.get("a") == cell("a")
    one.close()
    two.put(cell("c"))
    two.close()
    assert os.listdir(tmp_path) == [FILE_NAME]


def test_reading_makes_nothing(tmp_path: Path) -> None:
    for folder in (tmp_path, tmp_path / "missing"):
        with pytest.raises(ValueError, match=r"holds no results\.sqlite; run compare --out there"):
            Store(folder, create=False)
    assert list(tmp_path.iterdir()) == []


# ------------------------------------------------------------- bad files

CELLS = 100


def filled(path: Path) -> bytes:
    """A store of many cells, as bytes."""
    model = path.parent.parent / "model"
    store = Store(model)
    for number in range(CELLS):
        store.put(cell(f"{number:064d}"))
    store.close()
    return (model / FILE_NAME).read_bytes()


def foreign(path: Path) -> None:
    with sqlite3.connect(path) as other:
        other.execute("CREATE TABLE meta (name TEXT)")
        other.execute("CREATE TABLE users (id INTEGER)")
    other.close()


def later(path: Path) -> None:
    Store(path.parent).close()
    with sqlite3.connect(path) as other:
        other.execute("UPDATE meta SET value = ? WHERE name = 'schema'", (json.dumps(SCHEMA + 1),))
    other.close()


def alike(path: Path) -> None:
    with sqlite3.connect(path) as other:
        other.execute("CREATE TABLE meta (a INTEGER)")
        other.execute("CREATE TABLE cells (b INTEGER)")
    other.close()


BAD: dict[str, Callable[[Path], object]] = {
    "text": lambda path: path.write_text("protocol,k\n" * 1000),
    "half a file": lambda path: path.write_bytes(filled(path)[: len(filled(path)) // 2]),
    "one page": lambda path: path.write_bytes(filled(path)[:4096]),
    "a header": lambda path: path.write_bytes(filled(path)[:100]),
    "five bytes": lambda path: path.write_bytes(filled(path)[:5]),
    "zeros in front": lambda path: path.write_bytes(b"\0" * 100 + filled(path)[100:]),
    "a folder": lambda path: path.mkdir(),
    "another program's": foreign,
    "another program's, alike": alike,
    "a later version's": later,
}


@pytest.mark.parametrize("kind", BAD)
def test_what_is_no_store_is_refused_and_left_alone(tmp_path: Path, kind: str) -> None:
    path = tmp_path / "out" / FILE_NAME
    path.parent.mkdir()
    BAD[kind](path)
    before = path.read_bytes() if path.is_file() else None
    with pytest.raises(ValueError, match="cannot be used as a store") as caught:
        Store(path.parent)
    assert "\n" not in str(caught.value)
    assert str(path) in str(caught.value)
    assert "choose another folder" in str(caught.value)
    assert (path.read_bytes() if path.is_file() else None) == before


def read_all(folder: Path) -> int:
    """How many of the cells of `filled` can be read."""
    store = Store(folder)
    try:
        return sum(store.get(f"{number:064d}") is not None for number in range(CELLS))
    finally:
        store.close()


def test_a_damaged_page_is_one_sentence(tmp_path: Path) -> None:
    """Each page in turn; where the file still opens, asking for its cells tells."""
    path = tmp_path / "out" / FILE_NAME
    content = filled(path)
    path.parent.mkdir()
    for page in range(1, len(content) // 4096):
        damaged = content[: page * 4096] + b"\xff" * 4096 + content[(page + 1) * 4096 :]
        path.write_bytes(damaged)
        with pytest.raises(ValueError, match="cannot be used as a store"):
            read_all(path.parent)
    path.write_bytes(content)
    assert read_all(path.parent) == CELLS


@pytest.mark.parametrize("text", ["", "{", "[]", '{"axes": {}}', '{"rows": 3}', "null"])
def test_a_damaged_cell_is_one_sentence(tmp_path: Path, text: str) -> None:
    Store(tmp_path).close()
    with sqlite3.connect(tmp_path / FILE_NAME) as other:
        other.execute("INSERT INTO cells VALUES ('a', ?, ?)", (text, digest("a", text)))
    other.close()
    store = Store(tmp_path)
    with pytest.raises(ValueError, match="cannot be used as a store"):
        store.get("a")
    store.close()


def test_an_empty_file_is_an_empty_store(tmp_path: Path) -> None:
    (tmp_path / FILE_NAME).touch()
    store = Store(tmp_path)
    store.put(cell())
    store.close()


@pytest.mark.parametrize("below", ["file", "file/deeper", "file/deeper/still"])
def test_a_folder_that_cannot_be(tmp_path: Path, below: str) -> None:
    (tmp_path / "file").write_text("mine")
    with pytest.raises(ValueError, match=r"the output folder .* cannot be used: ") as caught:
        Store(tmp_path / below)
    assert str(tmp_path / below) in str(caught.value)
    assert (tmp_path / "file").read_text() == "mine"


# ------------------------------------------------------------- starting over


def older(path: Path) -> None:
    """A file as written before stores had a version in their header."""
    with sqlite3.connect(path) as other:
        other.execute("CREATE TABLE meta (name TEXT PRIMARY KEY, value TEXT NOT NULL)")
        other.execute("CREATE TABLE cells (key TEXT PRIMARY KEY, cell TEXT NOT NULL)")
        other.execute("INSERT INTO meta VALUES ('schema', '1')")
    other.close()


def test_an_older_file_says_what_to_do(tmp_path: Path) -> None:
    older(tmp_path / FILE_NAME)
    with pytest.raises(ValueError, match="an older version wrote it, or another program") as caught:
        Store(tmp_path)
    assert "start over with --fresh or choose another folder" in str(caught.value)
    store = Store(tmp_path, fresh=True)
    store.put(cell())
    store.close()


def test_a_store_whose_cells_hold_a_fixed_verdict_is_refused(tmp_path: Path) -> None:
    """Format 2: its verdicts are at the level of the study that ran them."""
    Store(tmp_path).close()
    with sqlite3.connect(tmp_path / FILE_NAME) as other:
        other.execute("PRAGMA user_version = 2")
    other.close()
    with pytest.raises(ValueError, match="an older version wrote it"):
        Store(tmp_path)


@pytest.mark.parametrize(
    "kind", [kind for kind in BAD if kind not in ("a folder", *("another program's",))]
)
def test_fresh_starts_over(tmp_path: Path, kind: str) -> None:
    path = tmp_path / "out" / FILE_NAME
    path.parent.mkdir()
    BAD[kind](path)
    store = Store(path.parent, fresh=True)
    assert store.get("a") is None
    store.put(cell())
    store.close()
    assert [file.name for file in path.parent.iterdir()] == [FILE_NAME]


def test_fresh_forgets_every_cell_beside_another_process(tmp_path: Path) -> None:
    other = Store(tmp_path)
    other.put(cell("a"))
    other.set_meta("order", ["a"])
    store = Store(tmp_path, fresh=True)
    assert store.get("a") is None
    assert store.meta("order") is None
    other.put(cell("b"))
    assert store.get("b") == cell("b")
    for each in (store, other):
        each.close()


def test_fresh_leaves_another_programs_file(tmp_path: Path) -> None:
    path = tmp_path / FILE_NAME
    foreign(path)
    before = path.read_bytes()
    with pytest.raises(ValueError, match="tables of another program"):
        Store(tmp_path, fresh=True)
    assert path.read_bytes() == before


def test_a_changed_digit_is_seen(tmp_path: Path) -> None:
    """SQLite finds no fault with it."""
    store = Store(tmp_path)
    store.put(cell())
    store.close()
    path = tmp_path / FILE_NAME
    content = path.read_bytes()
    assert content.count(b'"value": 0.1') == 1
    path.write_bytes(content.replace(b'"value": 0.1', b'"value": 0.2'))
    store = Store(tmp_path)
    with pytest.raises(ValueError, match="the entry a is damaged"):
        store.get("a")
    store.close()


def test_only_the_tail_of_the_log_is_lost(tmp_path: Path) -> None:
    """A log cut anywhere, as by a crash of the machine: what was written before it stays."""
    store = Store(tmp_path / "a")
    for number in range(20):
        store.put(cell(f"{number}"))
    log = f"{FILE_NAME}-wal"
    whole = (tmp_path / "a" / log).read_bytes()
    lost = []
    for part in range(1, 11):
        folder = tmp_path / f"cut{part}"
        folder.mkdir()
        (folder / FILE_NAME).write_bytes((tmp_path / "a" / FILE_NAME).read_bytes())
        (folder / log).write_bytes(whole[: len(whole) * part // 10])
        again = Store(folder)
        kept = [again.get(f"{number}") is not None for number in range(20)]
        again.close()
        assert kept == sorted(kept, reverse=True)  # the first ones, without a hole
        lost.append(kept.count(False))
    store.close()
    assert lost == sorted(lost, reverse=True)
    assert lost[-1] == 0
    assert len(set(lost)) > 5
