"""Where each protocol stands: against the limit, and against the others.

A table that compares protocols only with one another cannot say how good the
best of them is. Here every protocol also has its distance to what any
epsilon-LDP mechanism could do at the same attack success (`ldpaudit.frontier`),
and beats another only where the intervals of both say so.
"""

from __future__ import annotations

import math
from collections import Counter
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from ldpaudit import _validate
from ldpaudit._readings import (
    EXACT,
    TRIED,
    Reading,
    attack_kind,
    best_success,
    how,
    is_less,
    read_cells,
    shown,
)
from ldpaudit.limits import MAX_K, frontier, non_dominated

if TYPE_CHECKING:
    import pandas as pd

    from ldpaudit.limits import Frontier

#: Columns that make a group: only protocols of one group are compared.
GROUP = ("data", "k", "num_users", "epsilon", "delta")
#: Columns of `standings`, one row a protocol of a group.
STANDING_COLUMNS = (
    *GROUP,
    "protocol",
    "parameters",
    "label",
    "success",
    "success_lower",
    "success_upper",
    "success_how",
    "attack",
    "mse",
    "mse_lower",
    "mse_upper",
    "mse_how",
    "n_mse",
    "bits",
    "limit",
    "distance",
    "distance_lower",
    "distance_upper",
    "limit_applies",
    "limit_note",
    "dominated_by",
    "tied_with",
    "efficient",
)
_CELL = (*GROUP, "protocol", "parameters")


def standings(frame: pd.DataFrame, *, alpha: float = 0.05) -> pd.DataFrame:
    """Place every protocol of a comparison against the limit and against the others.

    Parameters
    ----------
    frame : pandas.DataFrame
        The tidy table (``Results.frame``, ``AuditResult.to_frame()``), columns as
        in ``ldpaudit.outcomes.COLUMNS``.
    alpha : float, default 0.05
        Probability that noise makes any claim of this table wrong: `dominated_by`
        and the interval of `distance`. It is shared by all measured figures.

    Returns
    -------
    pandas.DataFrame
        One row a protocol (with its parameters) at one epsilon on one data set,
        in the order of the table, columns as in `STANDING_COLUMNS`:

        data, k, num_users, epsilon, delta
            The group: dominance compares only protocols of one group.
        protocol, parameters, label
            `label` is the protocol, with its parameters where the table holds several.
        success, success_lower, success_upper, success_how, attack
            Success of the best guess from one report. ``exact`` (both ends
            equal) where some attack's optimum is known; else ``measured, optimal
            attack``, or ``measured, best of the attacks tried``, which only bounds
            the best attacker from below. Ends as in the table.
        mse, mse_lower, mse_upper, mse_how, n_mse
            Mean squared error a value for these users: ``exact``, ``exact, by
            random probes`` (an interval of two standard errors) or ``measured``.
            `n_mse` is `mse` times `num_users`.
        bits
            Bits a report, nan where unknown.
        limit, distance, distance_lower, distance_upper
            ``frontier(k, epsilon).mse_at(success, target="users")``, and `n_mse`
            divided by it: 1 is the best that any epsilon-LDP mechanism can do.
        limit_applies, limit_note
            False, with the reason, where the attacker's prior is not uniform, the
            claim has a delta or is refuted. Where it applies the note says what to
            keep in mind (users that are not uniform).
        dominated_by, tied_with, efficient
            Tuples of labels. A protocol dominates where its intervals show that
            it is no worse in success and error and better in one; two are tied
            where neither success nor error tells them apart. `efficient` is
            whether nothing dominates, missing where success or error is unknown.
            The order of the table is irrelevant.

    Raises
    ------
    ValueError
        If `alpha` is not between 0 and 1.

    Examples
    --------
    >>> import ldpaudit
    >>> frames = [ldpaudit.audit(ldpaudit.mechanism(name, k=100, epsilon=1.0), ["bayes"],
    ...                          trials=1000, name=name).to_frame() for name in ("grr", "ss")]
    >>> import pandas as pd
    >>> table = standings(pd.concat(frames))
    >>> table[["label", "distance", "dominated_by"]].round(3)
      label  distance dominated_by
    0   grr     9.635        (ss,)
    1    ss     1.000           ()
    """
    import pandas as pd

    alpha = _validate.fraction("alpha", alpha)
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
    groups: dict[tuple[Any, ...], list[dict[str, Any]]] = {}
    for row in rows:
        row["box"] = _box(row, alpha / max(measured, 1))
        row |= _distance(row, limits)
        groups.setdefault(tuple(row[column] for column in GROUP), []).append(row)
    for group in groups.values():
        _compare(group)
    table = pd.DataFrame(rows, columns=list(STANDING_COLUMNS))
    kinds_of = dict.fromkeys(("k", "num_users"), "Int64") | dict.fromkeys(_REAL, "float64")
    return table.astype(kinds_of | {"limit_applies": "bool", "efficient": "boolean"})


_REAL = ("epsilon", "delta", "success", "success_lower", "success_upper", "mse", "mse_lower",
         "mse_upper", "n_mse", "bits", "limit", "distance", "distance_lower",
         "distance_upper")  # fmt: skip


def _row(axes: dict[str, Any], found: list[Reading], kinds: dict[str, str]) -> dict[str, Any]:
    """Everything about one protocol that needs no other one."""
    usable = [reading for reading in found if reading.status not in ("failed", "skipped")]
    success, success_how = best_success(usable, kinds)
    mse = next((r for r in usable if r.metric == "mse"), None)
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
    row["limit_applies"], row["limit_note"] = _applies(
        axes, blind, any(r.status == "violation" for r in usable)
    )
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


def _compare(group: list[dict[str, Any]]) -> None:
    """Who dominates whom, and who cannot be told apart, within one group."""
    known = [row for row in group if not any(map(math.isnan, row["box"]))]
    for row in group:
        placed = not any(map(math.isnan, row["box"]))
        others = [other for other in known if other is not row] if placed else []
        row["dominated_by"] = tuple(sorted(o["label"] for o in others if _beats(o, row)))
        row["tied_with"] = tuple(sorted(o["label"] for o in others if _alike(o, row)))
        row["efficient"] = not row["dominated_by"] if placed else None


def _beats(one: dict[str, Any], other: dict[str, Any]) -> bool:
    """Shown to be no worse in success and error, and better in one."""
    (_, s, _, m), (t, _, n, _) = one["box"], other["box"]
    return not is_less(t, s) and not is_less(n, m) and (is_less(s, t) or is_less(m, n))


def _alike(one: dict[str, Any], other: dict[str, Any]) -> bool:
    """Neither success nor error tells the two apart."""
    a, b = one["box"], other["box"]
    return not any(is_less(x[i + 1], y[i]) for x, y in ((a, b), (b, a)) for i in (0, 2))


def hypervolume(
    success: npt.ArrayLike, mse: npt.ArrayLike, reference: tuple[float, float]
) -> float:
    """Return the area between a set of points and a reference that is worse in both costs.

    That is the area of the union of the rectangles from each point to the
    reference: what the set dominates. It grows with every point that nothing
    dominates, and an equal or dominated point adds nothing. Computed exactly, by
    one sweep over the staircase of the points that no other beats.

    Parameters
    ----------
    success, mse : array_like, shape (n,)
        Any two costs, lower being better; their logarithms give an area in decades.
    reference : tuple of two floats
        The worst success and error that count. A point that is not better than
        it in both adds nothing.

    Returns
    -------
    float
        In units of `success` times units of `mse`; 0 for no points.

    Raises
    ------
    ValueError, TypeError
        If the shapes differ, a value is nan, or the reference is not finite.

    Examples
    --------
    >>> hypervolume([0.25, 0.5], [2.0, 1.0], reference=(1.0, 4.0))  # 0.25 * 2 + 0.5 * 3
    2.0
    """
    kept = non_dominated(success, mse)
    x, y = np.asarray(success, dtype=float)[kept], np.asarray(mse, dtype=float)[kept]
    right, top = (float(end) for end in reference)
    if not (math.isfinite(right) and math.isfinite(top)):
        raise ValueError(f"reference must be two finite numbers, got {reference!r}.")
    inside = (x < right) & (y < top)
    x, y = x[inside], y[inside]
    if not np.isfinite(x).all() or not np.isfinite(y).all():
        return math.inf
    order = np.argsort(x)
    x, y = x[order], y[order]
    widths = np.append(x[1:], right) - x
    return float(widths @ (top - y))


#: Reference of `hypervolumes`: this many times the least error of any epsilon-LDP mechanism.
_WORST = 100.0


def hypervolumes(table: pd.DataFrame) -> pd.DataFrame:
    """Return how much of what is possible each group's protocols reach together.

    Success and error are taken in decades (log10), as the figures show them. The
    reference is success 1 and an error 100 times the least of any epsilon-LDP
    mechanism, so it depends on k and epsilon and on no protocol.

    Parameters
    ----------
    table : pandas.DataFrame
        What `standings` returned. Figures count without their intervals.

    Returns
    -------
    pandas.DataFrame
        One row a group where the limit applies to some protocol: the columns of
        `GROUP`; reference_success, reference_n_mse; `hypervolume` of its protocols,
        exact, in decades squared; `limit`, that of the limit itself (trapezoids,
        to about 1e-6); `share`, the ratio of the two, at most 1 where nothing is
        below the limit.

    Examples
    --------
    >>> import ldpaudit
    >>> m = ldpaudit.mechanism("ss", k=100, epsilon=1.0)
    >>> frame = ldpaudit.audit(m, ["bayes"], trials=1000).to_frame()
    >>> hypervolumes(standings(frame))[["hypervolume", "limit", "share"]].round(3)
       hypervolume  limit  share
    0        3.462  3.914  0.885
    """
    import pandas as pd

    rows = []
    usable = table[table["limit_applies"] & table["success"].gt(0) & table["n_mse"].gt(0)]
    for _, group in usable.groupby(list(GROUP), sort=False, dropna=False):
        axes = group.iloc[0][list(GROUP)].to_dict()
        curve = frontier(axes["k"], axes["epsilon"])
        worst = _WORST * curve.mse_at(1.0, target="users")
        if not worst > 0:
            continue  # below the smallest number: no decades to count
        grid = np.geomspace(1 / axes["k"], 1.0, 20_001)
        below = np.maximum(math.log10(worst) - np.log10(curve.mse_at(grid, target="users")), 0.0)
        limit = float(np.trapezoid(below, np.log10(grid)))
        area = hypervolume(
            np.log10(group["success"]), np.log10(group["n_mse"]), (0.0, math.log10(worst))
        )
        rows.append(
            axes
            | {"reference_success": 1.0, "reference_n_mse": worst}
            | {"hypervolume": area, "limit": limit, "share": area / limit}
        )
    added = ("reference_success", "reference_n_mse", "hypervolume", "limit", "share")
    return pd.DataFrame(rows, columns=[*GROUP, *added])
