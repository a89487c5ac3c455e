"""Options of `ldpaudit audit` that cannot be meant are refused before a report is drawn."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from ldpaudit.cli.targets import inputs_of

Run = Callable[..., tuple[int, str, str]]
GRR = ("audit", "grr", "--k", "4", "--epsilon", "1", "--trials", "2000")


def test_a_folder_that_cannot_be_is_found_before_the_audit(run: Run, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    code, out, err = run(*GRR, "--out", str(tmp_path / "file" / "folder"))
    assert (code, out) == (2, "")
    assert str(tmp_path / "file") in err


def test_a_folder_where_a_file_would_go_is_found_before_the_audit(run: Run, tmp_path: Path) -> None:
    (tmp_path / "junit.xml").mkdir()
    code, out, err = run(*GRR, "--out", str(tmp_path))
    assert (code, out) == (2, "")
    assert "has a folder junit.xml where a file would go" in err
    assert [path.name for path in tmp_path.iterdir()] == ["junit.xml"]


@pytest.mark.parametrize("name", ["foo", "bayes"])  # a name of nothing, and of no witness
def test_a_witness_tells_two_inputs_apart(run: Run, name: str) -> None:
    code, _, err = run(*GRR, "--witness", name)
    assert code == 2
    assert f"unknown witness '{name}'; known: " in err
    assert "learned" in err


def test_a_curve_has_no_use_for_a_search_or_a_folder(run: Run, tmp_path: Path) -> None:
    words = ("--claim", "gdp:1", "--search", "pilot", "--out", str(tmp_path / "new"))
    code, _, err = run(*GRR, *words)
    assert code == 2
    assert "--out, --search cannot go with --claim" in err
    assert not (tmp_path / "new").exists()


def test_inputs_are_numbers_of_the_range_or_how_many(run: Run) -> None:
    assert inputs_of("0,0.5,1") == (0, 0.5, 1)
    assert inputs_of("5") == 5
    with pytest.raises(ValueError, match="--inputs takes numbers"):
        inputs_of("a,b")
    for words in ("true,false", "0.5,null", "true"):
        with pytest.raises(ValueError, match="--inputs takes numbers"):
            inputs_of(words)
    given = ("audit", "pm", "--epsilon", "1", "--trials", "2000", "--inputs=-1,1,0.25")
    code, out, _ = run(*given, "--pair", "0", "2")
    assert "inputs -1.0 and 0.25 only, of 3 pairs" in out
    code, _, err = run(*GRR, "--inputs", "0,1")
    assert code == 2
    assert "has a domain" in err
