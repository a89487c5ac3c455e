"""Rows of tables written before the columns that carry numbers, with those columns filled.

A row that holds a figure and does not say `how` it was obtained comes from such a table, from
another program or from a hand. What the older columns hold decides all but three figures, which
older tables had in the sentence of `method` alone: the level of an interval, the level of a bound
and the relative standard error of an exact figure by random probes. This is the one place where
those sentences are read. What cannot be read stays empty: the figure then has no interval.
"""

from __future__ import annotations

import math
import warnings
from collections.abc import Iterable
from typing import Any

from ldpaudit import registry
from ldpaudit.outcomes.table import (
    BOUND,
    ESTIMATE,
    EXACT,
    INFORMED,
    MOST,
    PROBES,
    PUBLISHED,
    UNIFORM,
)

_BOUNDS = ("epsilon_lower", "epsilon_verdict")
_SUCCESS = ("attack_success", "round_success")
_NO_GUESS = ("blind", "published")
_ATTACKS = (*_SUCCESS, MOST, "nearby_success", "variance_explained", "cosine", "prior_variance")


def upgraded(rows: Iterable[dict[Any, Any]]) -> list[dict[Any, Any]]:
    """The rows, those of an older table with the columns that it did not have."""
    out, unknown = [], dict[str, None]()
    for row in rows:
        if row.get("how") or not _speaks(row):
            out.append(row)
            continue
        filled = row | _derived(row)
        if _undecided(filled):
            unknown[str(row.get("attack"))] = None
        out.append(filled)
    if unknown:
        warnings.warn(
            "the table does not say whether these attacks name a value and none does better, and "
            f"they are not installed here: {', '.join(unknown)}. Their success is left out.",
            stacklevel=3,
        )
    return _with_priors(out)


def _with_priors(rows: list[dict[Any, Any]]) -> list[dict[Any, Any]]:
    """Attacks with the prior by name: older tables knew two, which the blind guess tells apart."""
    blind = {
        _users(row): row.get("exact")
        for row in rows
        if row.get("attack") == "blind" and row.get("metric") == "attack_success"
    }
    return [
        row | {"prior": UNIFORM if _even(row, blind.get(_users(row))) else INFORMED}
        if row.get("metric") in _ATTACKS and not row.get("prior")
        else row
        for row in rows
    ]


def _users(row: dict[Any, Any]) -> tuple[Any, ...]:
    return row.get("data") or "", row.get("k"), row.get("num_users")


def _even(row: dict[Any, Any], blind: Any) -> bool:
    """Whether all values are alike to the attacker; a published formula takes them so."""
    if row.get("attack") == "published" or blind is None or not row.get("k"):
        return True
    return math.isclose(float(blind) * float(row["k"]), 1.0, rel_tol=1e-9)


def _speaks(row: dict[Any, Any]) -> bool:
    """Whether the row holds a figure, or bounds epsilon without success."""
    return (
        row.get("metric") in _BOUNDS or row.get("value") is not None or row.get("exact") is not None
    )


def _derived(row: dict[Any, Any]) -> dict[str, Any]:
    metric, method = row.get("metric"), str(row.get("method") or "")
    exact = row.get("exact")
    if metric in _BOUNDS:
        return {"how": BOUND, "alpha": _after(method, "alpha = ")}
    found: dict[str, Any] = {"how": ESTIMATE if exact is None else EXACT}
    if row.get("attack") == "published" or metric == "mse_approximate":
        found["how"] = PUBLISHED
    level = _after(method, "interval at ", "%")
    if level is not None and 0 < level < 100:
        found["alpha"] = round(1 - level / 100, 15)
    share = _after(method, "standard error below ", "%")
    if share is not None and exact is not None:
        found |= {"how": PROBES, "standard_error": share / 100 * abs(float(exact))}
    if metric in _SUCCESS:
        found["optimal"] = _optimal(str(row.get("attack") or ""))
    return found


def _after(text: str, words: str, end: str = " ") -> float | None:
    """The number that follows some words of a sentence."""
    _, found, rest = text.partition(words)
    try:
        number = float(rest.partition(end)[0]) if found else math.nan
    except ValueError:
        return None
    return number if math.isfinite(number) else None


def _optimal(name: str) -> bool | None:
    """What an installed attack says of itself; None where it plays another game or is not here."""
    if name in _NO_GUESS:
        return False
    if name not in registry.names("attacks"):
        return None
    try:
        attack = registry.load("attacks", name)
    except Exception:  # another package's fault
        return None
    return bool(getattr(attack, "optimal", False)) if hasattr(attack, "guess") else None


def _undecided(row: dict[Any, Any]) -> bool:
    """Whether a success was measured that nothing says how to take."""
    return (
        row.get("metric") == "attack_success"
        and row.get("optimal") is None
        and row.get("exact") is None
        and str(row.get("attack") or "") not in registry.names("attacks")
    )
