"""The protocols of arXiv:2503.01482 in its six regimes, by closed forms, against the limit.

Usage: python benchmarks/pareto_regimes.py headline      # what adaptive protocols gain and cost
       python benchmarks/pareto_regimes.py claims        # what the paper says of them, in words
       python benchmarks/pareto_regimes.py dominance     # who dominates whom, in three axes
       python benchmarks/pareto_regimes.py regimes       # distance of each protocol to the limit
       python benchmarks/pareto_regimes.py measured DIR  # a run of the study `pareto` in DIR
       python benchmarks/pareto_regimes.py figure DIR FILE.png

The grid is that of the authors' configuration: k from 25 to 10,000, epsilon from 0.5 to 10 in
steps of a quarter. Everything is for one user (n = 1); "f = 0" is the published approximation of
the error, "exact" that for users spread evenly, which is what the limit speaks of.
"""

from __future__ import annotations

import math
import sys
from collections import Counter
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pandas as pd
from scipy.special import gammaln

import ldpaudit
from ldpaudit.analysis.dominance import standings
from ldpaudit.analysis.volumes import hypervolumes
from ldpaudit.outcomes.table import to_frame
from ldpaudit.registry import load

SIZES = {
    "small": (25, 50, 75, 100),
    "medium": (250, 500, 750, 1000),
    "large": (2500, 5000, 7500, 10_000),
}
BUDGETS = {"high": np.arange(0.5, 2.01, 0.25), "medium to low": np.arange(2.0, 10.01, 0.25)}
PLAIN = ("grr", "ss", "sue", "oue", "she", "the", "blh", "olh", "pgr")
ADAPTIVE = {"ass": "ss", "aue": "oue", "alh": "olh", "athe": "the"}
MODULAR = ("mss", "smss", "amss")
#: The family of modular designs is searched or solved, so it is placed at these points alone.
FEW_SIZES, FEW_BUDGETS = (100, 1000, 10_000), (0.5, 1.0, 2.0, 4.0, 7.0, 10.0)


def rows_of(name: str, k: int, epsilon: float, **parameters: Any) -> Iterator[dict[str, Any]]:
    """The exact figures of one protocol as rows of the tidy table, one user."""
    m = ldpaudit.mechanism(name, k=k, epsilon=epsilon, **parameters)
    grid = parameters.get("grid", "")
    base = {
        "protocol": f"{name}, {grid} grid" if grid else name, "parameters": "", "k": k,
        "epsilon": epsilon, "delta": 0.0, "num_users": 1, "data": "uniform", "status": "ok",
    }  # fmt: skip
    success = {"metric": "attack_success", "attack": "bayes", "exact": m.vulnerability()}
    yield base | {"metric": "attack_success", "attack": "blind", "exact": 1 / k}
    yield base | success
    yield base | {"metric": "mse", "exact": m.mse(1, np.full(k, 1 / k))}
    yield base | {"metric": "mse_approximate", "exact": m.mse(1)}
    yield base | {"metric": "bits", "exact": float(m.bits)}


def headline() -> None:
    """Largest gain in attack success and largest cost in error, over the whole grid."""
    budgets = np.unique(np.concatenate(list(BUDGETS.values())))
    sizes = [k for group in SIZES.values() for k in group]
    pairs: list[tuple[str, str, dict[str, Any], Callable[[Any], float], str]] = []
    pairs += [
        (base, name, {"grid": grid}, lambda m: m.vulnerability(), "exact")
        for name, base in ADAPTIVE.items()
        for grid in ("published", "exact")
    ]
    published = ("olh", "alh", {"grid": "published"}, lambda m: m.published_success(), "published")
    pairs.append(published)
    private = {"grid": "published", "success_weight": 1.0, "error_weight": 0.0}
    pairs += [
        (base, name, private, lambda m: m.vulnerability(), "exact")
        for name, base in ADAPTIVE.items()
    ]
    print("| pair | grid | weights | attack success | largest gain | at k, epsilon |"
          " largest cost at f = 0 | at k, epsilon | largest cost, exact |")  # fmt: skip
    print("|---|---|---|---|---|---|---|---|---|")
    for base, name, parameters, success, kind in pairs:
        gains, costs, exact = [], [], []
        for k in sizes:
            uniform = np.full(k, 1 / k)
            for epsilon in map(float, budgets):
                plain = ldpaudit.mechanism(base, k=k, epsilon=epsilon)
                refined = ldpaudit.mechanism(name, k=k, epsilon=epsilon, **parameters)
                gains.append((success(plain) / success(refined), k, epsilon))
                costs.append((refined.mse(1) / plain.mse(1), k, epsilon))
                exact.append(refined.mse(1, uniform) / plain.mse(1, uniform))
        (gain, k0, e0), (cost, k1, e1) = max(gains), max(costs)
        weights = "1, 0" if parameters is private else "1/2, 1/2"
        print(
            f"| {base.upper()} → {name.upper()} | {parameters['grid']} | {weights} | {kind} "
            f"| {gain:.3g} | {k0:,}, {e0:g} | {cost:.4g} | {k1:,}, {e1:g} | {max(exact):.4g} |",
            flush=True,
        )


def claims() -> None:
    """Sentences of the paper about the adaptive protocols, with the published grids."""
    budgets = np.unique(np.concatenate(list(BUDGETS.values())))
    points = [(k, float(e)) for group in SIZES.values() for k in group for e in budgets]
    for name, base in ADAPTIVE.items():
        highest, higher, closer = (0.0, 0, 0.0), 0, 0
        for k, epsilon in points:
            refined = ldpaudit.mechanism(name, k=k, epsilon=epsilon, grid="published")
            plain = ldpaudit.mechanism(base, k=k, epsilon=epsilon)
            success, before = refined.vulnerability(), plain.vulnerability()
            highest = max(highest, (success, k, epsilon))
            higher += success > before * (1 + 1e-9)
            limit, uniform = ldpaudit.frontier(k, epsilon), np.full(k, 1 / k)
            distances = [
                m.mse(1, uniform) / limit.mse_at(v, target="users")
                for m, v in ((refined, success), (plain, before))
            ]
            closer += distances[0] < distances[1] * (1 - 1e-9)
        most, k, epsilon = highest
        print(
            f"{name}: success at most {most:.4f} (k = {k}, epsilon = {epsilon:g}); "
            f"above that of {base} at {higher} of {len(points)} points; "
            f"nearer to the limit than {base} at {closer}"
        )
    extremes = [0, 0]
    for k, epsilon in points:
        found = {
            name: ldpaudit.mechanism(name, k=k, epsilon=epsilon).vulnerability()
            for name in PLAIN
            if name != "pgr"
        }
        extremes[0] += found["grr"] >= max(found.values()) * (1 - 1e-9)
        extremes[1] += found["blh"] <= min(found.values()) * (1 + 1e-9)
    print(f"grr gives most away at {extremes[0]} points, blh least at {extremes[1]}")
    overflow(2500, 4.0)


def dominance() -> None:
    """At how many points a refined protocol dominates its original, is dominated, or neither.

    Exact figures of the best attacker, of the error of uniform users and of influence.
    """
    budgets = np.unique(np.concatenate(list(BUDGETS.values())))
    points = [(k, float(e)) for group in SIZES.values() for k in group for e in budgets]
    print("| pair | grid | two axes: dominates | is dominated | same | neither |"
          " three axes: dominates | is dominated | same | neither |")  # fmt: skip
    print("|---|---|---|---|---|---|---|---|---|---|")
    for name, base in ADAPTIVE.items():
        for grid in ("published", "exact"):
            seen: Counter[tuple[int, str]] = Counter()
            for k, epsilon in points:
                mine, theirs = (
                    np.array([m.vulnerability(), m.mse(1, np.full(k, 1 / k)), m.influence([0])])
                    for m in (
                        ldpaudit.mechanism(name, k=k, epsilon=epsilon, grid=grid),
                        ldpaudit.mechanism(base, k=k, epsilon=epsilon),
                    )
                )
                better, worse = mine < theirs * (1 - 1e-9), mine > theirs * (1 + 1e-9)
                for axes in (2, 3):
                    found = bool(better[:axes].any()), bool(worse[:axes].any())
                    seen[axes, _WORDS[found]] += 1
            counts = [str(seen[axes, word]) for axes in (2, 3) for word in _WORDS.values()]
            print(
                f"| {base.upper()} → {name.upper()} | {grid} | {' | '.join(counts)} |", flush=True
            )


#: What it means to be better in some axis, and worse in some.
_WORDS = {
    (True, False): "dominates",
    (False, True): "is dominated",
    (False, False): "same",
    (True, True): "neither",
}


def overflow(k: int, epsilon: float) -> None:
    """What a sum over binomial coefficients says if those above the largest float are left out."""
    m = ldpaudit.mechanism("the", k=k, epsilon=epsilon)
    sizes = np.arange(1, k + 1)
    logs = gammaln(k) - gammaln(sizes) - gammaln(k - sizes + 1)
    own = math.log(m.p_star) + (sizes - 1) * math.log(m.q_star)
    terms = np.exp(logs + own + (k - sizes) * math.log1p(-m.q_star)) / sizes
    kept = terms[logs < math.log(sys.float_info.max)].sum()
    print(
        f"the, k = {k}, epsilon = {epsilon:g}: success {m.vulnerability():.3g}, "
        f"{kept:.3g} without the coefficients that overflow, blind guess {1 / k:.3g}"
    )


def analytic() -> pd.DataFrame:
    """Every protocol at every point where it is placed, as one tidy table."""
    rows: list[dict[str, Any]] = []
    for k in (k for group in SIZES.values() for k in group):
        for epsilon in map(float, np.unique(np.concatenate(list(BUDGETS.values())))):
            for name in PLAIN:
                rows += rows_of(name, k, epsilon)
            for name in ADAPTIVE:
                for grid in ("published", "exact"):
                    rows += rows_of(name, k, epsilon, grid=grid)
    for k in FEW_SIZES:
        for epsilon in FEW_BUDGETS:
            for name in MODULAR:
                rows += rows_of(name, k, epsilon)
    return to_frame(rows)


def regimes() -> None:
    """Median and largest distance to the limit, one column a regime."""
    table = standings(analytic())
    names = list(dict.fromkeys(table["protocol"]))
    places = [
        (f"{size} k, {privacy} privacy", table["k"].isin(sizes) & table["epsilon"].isin(budgets))
        for privacy, budgets in BUDGETS.items()
        for size, sizes in SIZES.items()
    ]
    print("| protocol |" + "".join(f" {title} |" for title, _ in places))
    print("|---|" + "---|" * len(places))
    for name in names:
        cells = []
        for _, place in places:
            found = table[place & (table["protocol"] == name)]["distance"]
            cells.append(f"{found.median():.3g} ({found.max():.3g})")
        print(f"| {name.upper() if ',' not in name else name} | " + " | ".join(cells) + " |")
    areas = hypervolumes(table)
    print("| share of the limit's hypervolume | " + " | ".join(
        f"{areas[areas['k'].isin(sizes) & areas['epsilon'].isin(budgets)]['share'].median():.3f}"
        for budgets in BUDGETS.values() for sizes in SIZES.values()) + " |")  # fmt: skip
    print(f"\nleast distance of all: {table['distance'].min():.12f}")
    count = table[table["efficient"]].groupby("protocol", sort=False).size()
    total = table.groupby("protocol", sort=False).size()
    print("not dominated at its (k, epsilon):",
          ", ".join(f"{n} {int(count.get(n, 0))}/{total[n]}" for n in names))  # fmt: skip


def measured(directory: str) -> None:
    """A run of the study: measured against exact, f = 0 against exact, distance to the limit."""
    from ldpaudit.comparing.kept import stored_results

    frame = stored_results(directory).frame
    keys = ["data", "k", "num_users", "protocol", "parameters", "epsilon"]
    error = frame[frame["metric"] == "mse"].set_index(keys)
    flat = frame[frame["metric"] == "mse_approximate"].set_index(keys)["exact"]
    attack = frame[(frame["attack"] == "bayes") & frame["exact"].notna()]
    for name, rows in (("error", error), ("attack success", attack)):
        inside = (rows["lower"] <= rows["exact"]) & (rows["exact"] <= rows["upper"])
        ratio = rows["value"] / rows["exact"]
        print(f"{name}: exact figure inside the interval in {inside.sum()} of {len(rows)} cells, "
              f"measured / exact from {ratio.min():.3f} to {ratio.max():.3f}, "
              f"median {ratio.median():.4f}")  # fmt: skip
    ratio = (error["exact"] / flat).rename("ratio").reset_index()
    print("\nexact error over the f = 0 figure, largest over the data sets")
    shown = ratio.pivot_table(index="protocol", columns="epsilon", values="ratio", aggfunc="max")
    print(shown.round(3).to_string())
    table = standings(frame)
    print("\ndistance to the limit")
    wide = table.pivot_table(
        index="label", columns=["k", "epsilon"], values="distance", aggfunc="max"
    )
    print(wide.round(3).to_string())


def figure(directory: str, path: str) -> None:
    """Attack success of the best attacker against error, k = 100 and k = 2,500, with the limit."""
    from ldpaudit.comparing.kept import stored_results

    frame = stored_results(directory).frame
    kept = (frame["num_users"] == 50_000) | (frame["k"] == 2500)
    shown = frame[kept & (frame["attack"] != "published")]
    load("reports", "pareto")(shown).savefig(path, dpi=110)


if __name__ == "__main__":
    {
        "headline": headline,
        "claims": claims,
        "dominance": dominance,
        "regimes": regimes,
        "measured": measured,
        "figure": figure,
    }[sys.argv[1]](*sys.argv[2:])
