"""Tidy tables written by hand, for tests that read one."""

from __future__ import annotations

from typing import Any

import pandas as pd

from ldpaudit._table import COLUMNS, to_frame

Row = dict[str, Any]
CLOPPER_PEARSON = "estimate, Clopper-Pearson interval at 95%"
STUDENT = "estimate, t interval at 95% over repetitions"


def cell(
    protocol: str,
    *,
    success: float | tuple[int, int] | None = None,
    mse: float | tuple[float, float, int] | None = None,
    bits: float | None = None,
    attack: str = "bayes",
    status: str = "consistent",
    **axes: Any,
) -> list[Row]:
    """One cell: an exact figure is a number, a measured one (successes, trials) or
    (value, half-width of its 95% interval, repetitions)."""
    base: dict[str, Any] = dict.fromkeys(COLUMNS) | {
        "protocol": protocol, "parameters": "", "k": 4, "epsilon": 1.0, "delta": 0.0,
        "num_users": 1000, "data": "uniform", "status": "ok", "attack": "",
    } | axes  # fmt: skip
    blind = {"metric": "attack_success", "attack": "blind", "exact": 1 / base["k"]}
    rows = [base | blind | {"method": "exact"}]
    if success is not None:
        row = base | {"metric": "attack_success", "attack": attack, "method": CLOPPER_PEARSON}
        if isinstance(success, tuple):
            share = success[0] / success[1]
            row |= {"value": share, "lower": share, "upper": share, "trials": success[1]}
        else:
            row |= {"exact": success}
        rows.append(row)
    if mse is not None:
        row = base | {"metric": "mse", "method": STUDENT}
        if isinstance(mse, tuple):
            value, half, repetitions = mse
            row |= {"value": value, "lower": value - half, "upper": value + half}
            row |= {"trials": repetitions}
        else:
            row |= {"exact": mse}
        rows.append(row)
    verdict = {"metric": "epsilon_verdict", "attack": "posterior-odds", "status": status}
    rows.append(base | verdict | {"value": 0.5, "method": "exact lower bound, alpha = 0.0001"})
    if bits is not None:
        rows.append(base | {"metric": "bits", "exact": bits})
    return rows


def table(*cells: list[Row]) -> pd.DataFrame:
    """Cells as one table."""
    return to_frame([row for rows in cells for row in rows])
