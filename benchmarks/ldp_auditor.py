"""The tables and the figure of docs/audits.md from a run of the study `ldp-auditor`.

Usage: python benchmarks/ldp_auditor.py DIR [FILE.png]

DIR is what `ldpaudit compare --study ldp-auditor --out DIR` has written. Every cell of the
published event is held against its prediction from the exact success of a single guess.
"""

from __future__ import annotations

import math
import sys
from pathlib import Path

import numpy as np
import pandas as pd

import ldpaudit
from ldpaudit import divergence
from ldpaudit.bounds.planned import LdpAuditor
from ldpaudit.comparing.study import read_study
from ldpaudit.counts import EventCounts

PUBLISHED, OURS = "single-guess/ldp-auditor", "posterior-odds"
AXES = ["protocol", "parameters", "k", "epsilon", "delta"]
TRIALS, ALPHA = read_study("ldp-auditor").trials, read_study("ldp-auditor").alpha


def cells(folder: Path) -> pd.DataFrame:
    """One row per cell: both bounds, what the published one should show, and the exact epsilon."""
    rows = pd.read_csv(folder / "results.csv", keep_default_na=False, na_values=[""])
    rows = rows[rows["metric"] == "epsilon_lower"]
    rows = rows.assign(parameters=rows["parameters"].astype(object).fillna(""))
    values = rows.pivot(index=AXES, columns="attack", values="value")[[PUBLISHED, OURS]]
    table = values.set_axis(["published", "ours"], axis=1).reset_index()
    return table.join(pd.DataFrame([_predicted(cell) for cell in table.itertuples()]))


def _predicted(cell: object) -> dict[str, float]:
    """Limit of the published event, what TRIALS reports show on average, its spread, the truth."""
    k, delta = int(cell.k), float(cell.delta)  # type: ignore[attr-defined]
    options = dict(item.split("=") for item in cell.parameters.split(", ") if item)  # type: ignore[attr-defined]
    extra: dict[str, object] = {
        name: {"True": True, "False": False}.get(text) if name == "optimized" else int(text)
        for name, text in options.items()
    }
    if delta:
        extra["delta"] = delta
    m = ldpaudit.mechanism(cell.protocol, k=k, epsilon=float(cell.epsilon), **extra)  # type: ignore[attr-defined]
    hit = m.vulnerability()
    false_hit = (1 - hit) / (k - 1)
    counts = EventCounts(round(TRIALS * hit), TRIALS, round(TRIALS * false_hit), TRIALS)
    how = {"alpha": ALPHA, "delta": delta, "claimed": m.epsilon}
    spread = (1 - hit) / (TRIALS * hit) + (1 - false_hit) / (TRIALS * false_hit)
    exact = divergence.epsilon_at(m.exact_delta, delta) if delta else m.exact_epsilon()
    return {
        "limit": math.log((hit - delta) / false_hit),
        "expected": LdpAuditor().from_event(counts, **how),
        "spread": math.sqrt(spread),
        "exact": exact,
    }


def check(table: pd.DataFrame) -> None:
    """How far the published event is from its predictions, and our bounds from the truth."""
    off = (table["published"] - table["expected"]) / table["spread"]
    print(f"{len(off)} cells; published event: {(off.abs() > 3).sum()} beyond 3 standard")
    print(f"deviations, largest {off.abs().max():.2f}, mean {off.mean():.3f}, sd {off.std():.3f}")
    for _, cell in table[off.abs() > 3].iterrows():
        print(cell.to_string())
    above = table["ours"] > table["exact"]
    print(f"our bound is above the exact epsilon in {above.sum()} cells (alpha {ALPHA} each)")
    private = table[~table["protocol"].isin(["lho", "gm", "agm"])]
    share = private["ours"] / private["exact"]
    print(f"share of the exact epsilon, ours: least {share.min():.3f}, median {share.median():.3f}")
    for k, rows in private.groupby("k"):
        print(f"  k = {k}: least {(rows['ours'] / rows['exact']).min():.3f}")
    private = private[private["delta"] == 0]
    for name, rows in private.groupby("protocol"):
        both = [rows[column] / rows["exact"] for column in ("published", "ours")]
        print(f"  {name}: published {both[0].min():.2f} to {both[0].max():.2f},", end=" ")
        print(f"ours {both[1].min():.3f} to {both[1].max():.3f}")


def table_of(rows: pd.DataFrame, index: list[str], columns: str) -> str:
    """A Markdown table: published (its limit) · ours."""
    heads = sorted(rows[columns].unique())
    lines = ["| " + " | ".join([*index, *(f"{head:g}" for head in heads)]) + " |"]
    lines.append("|---" * (len(index) + len(heads)) + "|")
    for names, group in rows.groupby(index, sort=False, observed=True):
        found = group.set_index(columns)
        shown = [
            f"{c['published']:.3f} ({c['limit']:.3f}) · {c['ours']:.3f}"
            for c in (found.loc[head] for head in heads)
        ]
        lines.append("| " + " | ".join([*map(str, names), *shown]) + " |")
    return "\n".join(lines)


def experiments(table: pd.DataFrame) -> None:
    """The tables of the page."""
    order = list(dict.fromkeys(_order()))
    table = table.assign(protocol=pd.Categorical(table["protocol"], order))
    table = table.sort_values(["k", "delta", "protocol"], kind="stable")
    pure = (table["delta"] == 0) & ~table["protocol"].isin(["lho", "sticky-ue"])
    noisy = table["protocol"].isin(["gm", "agm"]) & (table["delta"] == 1e-5)
    shown = table["epsilon"].isin([0.25, 0.5, 1, 2, 4, 10])
    for k in (25, 200):
        rows = table[(table["k"] == k) & shown & (pure | noisy)]
        print(f"\n1, k = {k}\n{table_of(rows, ['protocol'], 'epsilon')}")
    loose = table[(table["k"] == 25) & (noisy | (pure & (table["protocol"] == "the")))]
    print(f"\nexact epsilon\n{_exact(loose, 'protocol', 'epsilon')}")
    second = table[(table["delta"] > 0) & (table["epsilon"] == 1)]
    for k in (25, 200):
        rows = second[second["k"] == k]
        print(f"\n2, epsilon 1, k = {k}\n{table_of(rows, ['protocol'], 'delta')}")
    print(f"\nexact epsilon\n{_exact(second[second['k'] == 25], 'protocol', 'delta')}")
    lho = table[table["protocol"] == "lho"]
    lho = lho.assign(buckets=lho["parameters"].str.removeprefix("buckets=").astype(int))
    print(f"\n3\n{table_of(lho, ['k'], 'buckets')}")
    sticky = table[table["protocol"] == "sticky-ue"]
    rows = sticky[sticky["k"].isin([25, 200])]
    print(f"\n6\n{table_of(rows, ['parameters', 'k'], 'epsilon')}")
    print(f"\nexact epsilon\n{_exact(sticky[sticky['k'] == 25], 'parameters', 'epsilon')}")
    for bound in ("published", "ours"):
        caught = sticky[sticky[bound] > sticky["epsilon"]]
        found = caught.groupby(["parameters", "k"])["epsilon"].apply(list)
        print(f"\n{bound} above the claim:\n{found.to_string()}")


def _exact(rows: pd.DataFrame, index: str, columns: str) -> str:
    """Exact epsilons as a table."""
    return rows.pivot(index=index, columns=columns, values="exact").round(4).to_string()


def _order() -> list[str]:
    return [protocol.name for protocol in read_study("ldp-auditor").protocols]


#: Protocol, parameters, delta and title of each panel.
PANELS = (
    *((name, "", 0.0, name.upper()) for name in _order()[:8]),
    ("gm", "", 1e-5, "GM, delta = 1e-5"),
    ("agm", "", 1e-5, "AGM, delta = 1e-5"),
    ("sticky-ue", "optimized=False", 0.0, "SUE of pure-ldp 1.1.2"),
    ("sticky-ue", "optimized=True", 0.0, "OUE of pure-ldp 1.1.2"),
)


def draw(table: pd.DataFrame, path: str) -> None:
    """Share of the exact epsilon that either audit shows, a panel a protocol."""
    import seaborn as sns
    from matplotlib.figure import Figure
    from matplotlib.lines import Line2D
    from matplotlib.ticker import NullLocator

    from ldpaudit.reports._style import theme

    blue, orange, *_ = sns.color_palette("colorblind")
    grey, ticks = "#5f6670", [0.25, 0.5, 1, 2, 4, 10]
    with theme():
        figure = Figure(figsize=(11, 8.6), layout="constrained")
        grid = figure.subplots(3, 4, sharex=True, sharey=True)
        for axes, (protocol, parameters, delta, title) in zip(grid.flat, PANELS, strict=True):
            mine = table[
                (table["protocol"] == protocol)
                & (table["parameters"] == parameters)
                & np.isclose(table["delta"], delta, rtol=1e-6, atol=0)
            ].sort_values("epsilon")
            for k, marker, dashes in ((25, "o", "-"), (200, "^", ":")):
                rows = mine[mine["k"] == k]
                x, unit = rows["epsilon"], rows["exact"]
                axes.plot(x, rows["limit"] / unit, dashes, color=orange, linewidth=1.2)
                for name, colour in (("published", orange), ("ours", blue)):
                    share = rows[name].clip(lower=0) / unit
                    axes.plot(x, share, marker, color=colour, markeredgecolor="white")
            claim = mine[mine["k"] == 25]
            axes.plot(claim["epsilon"], claim["epsilon"] / claim["exact"], "--", color=grey)
            axes.set_title(title)
            sns.despine(ax=axes)
        grid[0, 0].set(xscale="log", ylim=(0, 1.75))
        grid[0, 0].set_xticks(ticks, [f"{tick:g}" for tick in ticks])
        grid[0, 0].xaxis.set_minor_locator(NullLocator())
        for axes in grid[-1]:
            axes.set_xlabel("Claimed epsilon")
        for axes in grid[:, 0]:
            axes.set_ylabel("Shown / exact epsilon")
        marks = [
            ("k = 25", {"marker": "o", "linestyle": "-", "color": grey}),
            ("k = 200", {"marker": "^", "linestyle": ":", "color": grey}),
            ("published event: 1e6 reports per input, and its limit (line)", {"color": orange}),
            ("likelihood ratio: 1e6 reports per input", {"color": blue}),
            ("the claim", {"color": grey, "linestyle": "--"}),
        ]
        keys = [Line2D([], [], label=label, **look) for label, look in marks]  # type: ignore[arg-type]
        for key in keys[2:4]:
            key.set(marker="s", linestyle="")
        figure.legend(handles=keys, loc="outside lower center", ncols=5, frameon=False)
        figure.savefig(path, dpi=150)


def main() -> None:
    """Print, and draw if a file is named."""
    table = cells(Path(sys.argv[1]))
    check(table)
    experiments(table)
    if len(sys.argv) > 2:
        draw(table, sys.argv[2])


if __name__ == "__main__":
    main()
