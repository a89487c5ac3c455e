"""Tidy tables written by hand, for tests that read one."""

from __future__ import annotations

from typing import Any

import pandas as pd
from scipy import optimize, special

from ldpaudit.outcomes.table import COLUMNS, to_frame

Row = dict[str, Any]
_OPTIMAL = {"bayes": True, "single-guess": False}  # others play another game


def error_ends(value: float, upper: float, alpha: float) -> tuple[float, float]:
    """Ends at `alpha` of the chi-square interval that ends at `upper` at 5%."""

    def ends(degrees: float, alpha: float) -> tuple[float, float]:
        most, least = special.chdtri(degrees, [0.4 * alpha, 1 - 0.4 * alpha])
        return value * degrees / float(most), value * degrees / float(least)

    degrees = optimize.brentq(lambda d: ends(d, 0.05)[1] / upper - 1, 1, 1e9, rtol=1e-13)
    return ends(float(degrees), alpha)


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
    (value, how far the upper end of its 95% interval is, repetitions)."""
    base: dict[str, Any] = dict.fromkeys(COLUMNS) | {
        "protocol": protocol, "parameters": "", "k": 4, "epsilon": 1.0, "delta": 0.0,
        "num_users": 1000, "data": "uniform", "status": "ok", "attack": "",
    } | axes  # fmt: skip
    blind = {"metric": "attack_success", "attack": "blind", "exact": 1 / base["k"]}
    rows = [base | blind | {"how": "exact", "optimal": False}]
    if success is not None:
        row = base | {"metric": "attack_success", "attack": attack, "alpha": 0.05}
        row |= {"optimal": _OPTIMAL.get(attack)}
        if isinstance(success, tuple):
            share = success[0] / success[1]
            row |= {"value": share, "lower": share, "upper": share, "trials": success[1]}
            row |= {"how": "estimate"}
        else:
            row |= {"exact": success, "how": "exact"}
        rows.append(row)
    if mse is not None:
        row = base | {"metric": "mse", "alpha": 0.05}
        if isinstance(mse, tuple):
            value, half, repetitions = mse
            row |= {"value": value, "lower": error_ends(value, value + half, 0.05)[0]}
            row |= {"upper": value + half}
            row |= {"trials": repetitions, "how": "estimate"}
        else:
            row |= {"exact": mse, "how": "exact"}
        rows.append(row)
    verdict = {"metric": "epsilon_verdict", "attack": "posterior-odds", "status": status}
    rows.append(base | verdict | {"value": 0.5, "alpha": 1e-4, "how": "bound"})
    if bits is not None:
        rows.append(base | {"metric": "bits", "exact": bits, "how": "exact"})
    return rows


def table(*cells: list[Row]) -> pd.DataFrame:
    """Cells as one table."""
    return to_frame([row for rows in cells for row in rows])
