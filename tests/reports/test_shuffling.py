"""The figure of protocols at equal central epsilons."""

from __future__ import annotations

from typing import Any

import pandas as pd
import pytest

from ldpaudit.reports import shuffling


def cell(protocol: str, central: float, local: float, **figures: float) -> list[dict[str, Any]]:
    own = {"protocol": protocol, "k": 4, "epsilon": local, "delta": 0.0, "num_users": 100,
           "data": "toy", "status": "ok"}  # fmt: skip
    success = {"metric": "attack_success", "attack": "bayes", "exact": figures["success"]}
    error = {"metric": "mse", "exact": figures["mse"], "value": figures["mse"] * 1.1}
    target = {"metric": "central_epsilon", "attack": "blanket", "value": central}
    return [own | success, own | error, own | target]


def table() -> pd.DataFrame:
    rows = cell("grr", 0.1, 1.0, success=0.4, mse=1e-3)
    rows += cell("grr", 0.5, 3.0, success=0.7, mse=1e-4)
    rows += cell("oue", 0.1, 1.2, success=0.3, mse=2e-3)
    rows += cell("oue", 0.5, 3.5, success=0.45, mse=3e-4)
    return pd.DataFrame(rows)


def test_lines_run_along_the_central_epsilon() -> None:
    figure = shuffling(table())
    success, error, budget = figure.axes
    for axes, wanted in (
        (success, [[0.4, 0.7], [0.3, 0.45]]),
        (error, [[1e-3, 1e-4], [2e-3, 3e-4]]),
        (budget, [[1.0, 3.0], [1.2, 3.5]]),
    ):
        drawn = [line for line in axes.lines if list(line.get_xdata()) == [0.1, 0.5]]  # type: ignore[arg-type]
        found = [list(line.get_ydata()) for line in drawn if line.get_linestyle() != "None"]  # type: ignore[arg-type]
        assert found == wanted
    assert "Central epsilon" in budget.get_xlabel()
    texts = {text.get_text() for text in success.texts}
    assert texts >= {"grr", "oue"}


def test_cells_without_a_central_epsilon_are_left_out() -> None:
    plain = table()
    plain = plain[plain["metric"] != "central_epsilon"]
    figure = shuffling(plain)
    assert any("No cell has a central epsilon" in t.get_text() for t in figure.axes[0].texts)


@pytest.mark.parametrize("one", [0.1, 0.5])
def test_one_central_epsilon(one: float) -> None:
    frame = pd.DataFrame(cell("grr", one, 1.0, success=0.4, mse=1e-3))
    assert len(shuffling(frame).axes) == 3
