"""The protocols of a tidy table, one dict each, against the limit and with joint intervals."""

from __future__ import annotations

import math
from collections import Counter
from typing import TYPE_CHECKING, Any

import numpy as np

from ldpaudit._readings import (
    EXACT,
    TRIED,
    Reading,
    attack_kind,
    best_success,
    how,
    read_cells,
    shown,
)
from ldpaudit.limits import MAX_K, frontier

if TYPE_CHECKING:
    import pandas as pd

    from ldpaudit.limits import Frontier

#: Columns that make a group: only protocols of one group are compared.
GROUP = ("data", "k", "num_users", "epsilon", "delta")
_CELL = (*GROUP, "protocol", "parameters")


def place(frame: pd.DataFrame, alpha: float) -> list[dict[str, Any]]:
    """One row a protocol of a group, in the order of the table.

    Beside the columns of `standings` that need no other protocol: `box`, the ends
    of success and error, of which all hold together with probability 1 - alpha;
    `refuted`, whether the audit found a violation.
    """
    cells = read_cells(frame, _CELL)
    kinds = {name: attack_kind(name) for name in {r.attack for c in cells.values() for r in c}}
    rows = [
        _row(dict(zip(_CELL, key, strict=True)), found, kinds)
        for key, found in cells.items()
        if key[1] and key[3]  # a row without k or epsilon is no protocol
    ]
    _label(rows)
    sources = [row[column] for row in rows for column in ("success_how", "mse_how")]
    measured = sum(source not in ("", EXACT) for source in sources)
    limits: dict[tuple[int, float], Frontier] = {}
    for row in rows:
        row["box"] = _box(row, alpha / max(measured, 1))
        row |= _distance(row, limits)
    return rows


def _row(axes: dict[str, Any], found: list[Reading], kinds: dict[str, str]) -> dict[str, Any]:
    """Everything about one protocol that needs no other one."""
    usable = [reading for reading in found if reading.status not in ("failed", "skipped")]
    success, success_how = best_success(usable, kinds)
    mse = next((r for r in usable if r.metric == "mse" and r.known), None)
    row = axes | {
        "success_how": success_how,
        "attack": "" if success is None else success.attack,
        "mse_how": "" if mse is None else how(mse),
        "bits": next((r.exact for r in usable if r.metric == "bits"), None),
        "readings": (success, mse),
    }
    for name, reading in (("success", success), ("mse", mse)):
        value, lower, upper = shown(reading)
        row |= {name: value, f"{name}_lower": lower, f"{name}_upper": upper}
    users = axes["num_users"]
    row["n_mse"] = math.nan if users is None else row["mse"] * users
    blind = next((r.exact for r in usable if r.attack == "blind"), None)
    row["refuted"] = any(r.status == "violation" for r in usable)
    row["limit_applies"], row["limit_note"] = _applies(axes, blind, row["refuted"])
    return row


def _applies(axes: dict[str, Any], blind: float | None, refuted: bool) -> tuple[bool, str]:
    """Whether the limit speaks of this row, and what to keep in mind."""
    if axes["delta"]:
        return False, "the limit is for delta = 0"
    if axes["k"] > MAX_K:
        return False, f"the limit is computed for at most {MAX_K:,} values"
    if blind is None or not math.isclose(blind * axes["k"], 1.0, rel_tol=1e-9):
        return False, "the limit is for an attacker with a uniform prior"
    if refuted:
        return False, "the limit is for mechanisms that keep their epsilon"
    if axes["data"] != "uniform":
        return True, (
            "the limit is for uniform users; for others it holds on average over "
            "relabelings of the values, hence for protocols that treat all values alike"
        )
    return True, ""


def _box(row: dict[str, Any], alpha: float) -> tuple[float, float, float, float]:
    """Ends of success and of error, each figure outside with probability at most alpha."""
    success, mse = row["readings"]
    ends: list[float] = []
    for reading in (success, mse):
        if reading is None:
            ends += [math.nan, math.nan]
        elif reading.exact is not None:
            ends += reading.exact_interval(alpha)
        else:
            ends += reading.measured_interval(alpha)
    if row["success_how"] == TRIED:
        ends[1] = 1.0  # an attack that nobody tried may do better
    return ends[0], ends[1], ends[2], ends[3]


def _distance(row: dict[str, Any], limits: dict[tuple[int, float], Frontier]) -> dict[str, float]:
    """The limit at the own success, the error as a multiple of it, and the ends of that."""
    keys = ("limit", "distance", "distance_lower", "distance_upper")
    k, epsilon, n_mse, users = (row[c] for c in ("k", "epsilon", "n_mse", "num_users"))
    if math.isnan(row["success"]) or k > MAX_K:
        return dict.fromkeys(keys, math.nan)
    curve = limits.setdefault((k, epsilon), frontier(k, epsilon))
    low, high, least, most = row["box"]
    points = np.clip([row["success"], low, high], np.finfo(float).tiny, 1.0)
    limit, above, below = (float(v) for v in curve.mse_at(points, target="users"))
    if math.isnan(n_mse):
        return dict.fromkeys(keys, math.nan) | {"limit": limit}
    # The limit falls with success, so the least distance is at the least success and error.
    ratios = [
        _ratio(n_mse, limit), _ratio(max(least, 0.0) * users, above), _ratio(most * users, below)
    ]  # fmt: skip
    return dict(zip(keys, [limit, *ratios], strict=True))


def _ratio(error: float, limit: float) -> float:
    if math.isinf(limit):
        return math.nan if math.isinf(error) else 0.0
    return error / limit if limit > 0 else math.inf if error > 0 else 1.0


def _label(rows: list[dict[str, Any]]) -> None:
    """Name each row: the protocol, with its parameters only where one group has several."""
    seen = Counter((*(row[column] for column in GROUP), row["protocol"]) for row in rows)
    several = {key[-1] for key, count in seen.items() if count > 1}
    for row in rows:
        extra = row["protocol"] in several and row["parameters"]
        row["label"] = f"{row['protocol']} ({row['parameters']})" if extra else row["protocol"]
