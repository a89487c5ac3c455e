"""A comparison as LaTeX and as plain text: every figure as in the table, every text escaped."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from ldpaudit.analysis import standings
from ldpaudit.comparing import Results, compare
from ldpaudit.comparing.latex import number
from ldpaudit.comparing.tex import escaped

STUDY: dict[str, Any] = {
    "name": "tiny", "protocols": ["grr", "ss"], "epsilons": [0.5, 2.0], "trials": 500,
    "data": ["adult-hours", {"name": "zipf", "k": 4}], "repetitions": 2,
    "prior": ["uniform", "data"],
}  # fmt: skip


@pytest.fixture(scope="module")
def results() -> Results:
    return compare(STUDY)


def rows(text: str) -> list[list[str]]:
    """Cells of the lines with figures."""
    lines = text.split("\\midrule")[1:]
    found = [line for part in lines for line in part.splitlines() if " & " in line]
    return [line.removesuffix(r" \\").split(" & ") for line in found]


def value(cell: str) -> float:
    plain = re.sub(r" \\times 10\^\{(-?\d+)\}", r"e\1", cell.strip("$")).replace("{,}", "")
    return float(plain)


def test_latex_has_the_figures_of_the_standings(results: Results) -> None:
    columns = ["success", "mse", "n_mse", "bits", "influence"]
    found = rows(results.to_latex(columns))
    table = standings(results.frame)
    assert len(found) == len(table) == 16
    for cells, (_, want) in zip(found, table.iterrows(), strict=True):
        assert float(cells[1].strip("$")) == want["epsilon"]
        for cell, name in zip(cells[2:], columns, strict=True):
            assert value(cell) == pytest.approx(want[name], rel=5.1e-3)  # three digits
    assert [cells[0] for cells in found[:4]] == ["grr", "", "ss", ""]


def test_latex_of_one_data_set_and_attacker(results: Results) -> None:
    text = results.to_latex(data="zipf", prior="data")
    assert len(rows(text)) == 4
    assert "adult-hours" not in text
    assert "thinks all values equally likely" not in text
    for wrong, message in (
        ({"data": "nowhere"}, "unknown data 'nowhere'"),
        ({"prior": "nobody"}, "unknown prior 'nobody'"),
        ({"columns": ["mse", "cost"]}, "unknown column 'cost'"),
        ({"columns": []}, "columns must name at least one column, got none."),
        ({"label": "tab:a"}, "needs a caption"),
        ({"caption": "a", "label": "a}b"}, "label must be letters"),
    ):
        with pytest.raises(ValueError, match=message):
            results.to_latex(**wrong)
    with pytest.raises(TypeError, match="columns must be a list of names, got 'mse'"):
        results.to_latex("mse")


def test_measured_figures_come_with_their_interval_and_violations_are_marked() -> None:
    common = {"protocol": "a_b", "k": 4, "epsilon": 1.0, "data": "50%", "num_users": 10,
              "prior": "", "parameters": "", "estimand": "frequencies", "delta": 0.0}  # fmt: skip
    frame = pd.DataFrame(
        [
            common | {"metric": "mse", "value": 0.5, "lower": 0.25, "upper": np.inf,
                      "how": "estimate", "status": "consistent"},
            common | {"metric": "epsilon_verdict", "value": 2.0, "lower": 2.0,
                      "how": "bound", "status": "violation"},
        ]
    )  # fmt: skip
    results = Results(frame, {}, pd.DataFrame())
    text = results.to_latex(["success", "mse"])
    assert r"a\_b\textsuperscript{\textdagger} & $1$ & -- & $0.500$ [$0.250$, $\infty$] \\" in text
    assert r"50\% (k = 4, 10 users)" in text
    assert "found a violation" in text
    assert r"In brackets: 95\% intervals of what was measured" in text
    shown = str(results)
    assert shown.startswith("1 protocol at 1 epsilon on 1 data set, 1 cell: 1 in violation of the")
    assert "a_b (violation)" in shown
    assert "5 (2.5 to inf)" in shown
    assert shown.endswith("(a to b): measured, with the 95% interval")


def test_numbers_and_texts() -> None:
    assert [number(x) for x in (0.0, -2.0, 123456.0, 0.000737, 9.996, 1234.5, np.inf)] == [
        "$0$", "$-2$", "$123{,}456$", r"$7.37 \times 10^{-4}$", "$10.0$",
        r"$1.23 \times 10^{3}$", r"$\infty$",
    ]  # fmt: skip
    assert escaped("a\\b{c}~^\n\x00#") == (
        r"a\textbackslash{}b\{c\}\textasciitilde{}\textasciicircum{} \#"
    )


def test_print_and_repr(results: Results) -> None:
    assert repr(results) == (
        "<Results: 2 protocols at 2 epsilons on 2 data sets, 8 cells: no violation found>"
    )
    text = results.summary()
    assert text == str(results)
    assert text.startswith("tiny\n2 protocols at 2 epsilons on 2 data sets, 8 cells: no violation")
    assert text.count("against an attacker") == 4
    want = standings(results.frame).iloc[0]
    line = next(line for line in text.splitlines() if line.startswith("grr"))
    assert line.split() == [
        "grr", "0.5", f"{want['success']:.3%}", f"{want['n_mse']:,.4g}", f"{want['bits']:g}",
    ]  # fmt: skip


def test_long_sections_are_cut_and_failures_counted() -> None:
    row = {"protocol": "grr", "k": 4, "data": "toy", "num_users": 10, "metric": "bits",
           "parameters": "", "exact": 2.0}  # fmt: skip
    frame = pd.DataFrame(
        [row | {"epsilon": float(e), "status": "failed" if e == 3 else ""} for e in range(1, 31)]
    )
    text = str(Results(frame, {}, pd.DataFrame()))
    assert "30 cells: 1 failed" in text
    assert text.endswith("... and 6 more rows: all are in .frame")


@pytest.mark.slow
@pytest.mark.skipif(shutil.which("pdflatex") is None, reason="no TeX")
def test_tex_takes_it(results: Results, tmp_path: Path) -> None:
    body = results.to_latex(caption="50% of <a>|b & \\c_d", label="tab:a")
    text = "\\documentclass{article}\\usepackage[T1]{fontenc}\\usepackage{booktabs}"
    text += f"\\begin{{document}}{body}\\end{{document}}"
    (tmp_path / "a.tex").write_text(text, encoding="utf-8")
    command = ["pdflatex", "-interaction=nonstopmode", "-halt-on-error", "a.tex"]
    subprocess.run(command, cwd=tmp_path, check=True, capture_output=True)
