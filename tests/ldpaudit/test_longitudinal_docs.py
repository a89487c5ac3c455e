"""Exact figures of the guides on time and on records are what the code says today."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import ldpaudit
from ldpaudit.adapters.histories import Histories

DOCS = Path(__file__).parents[2] / "docs"
COMPOSED = ("L-GRR", "L-SUE", "L-OSUE", "L-OUE", "L-SOUE", "BiLOLOHA")


def rows(name: str, columns: int) -> list[list[str]]:
    """Table rows of a guide with so many columns."""
    lines = (DOCS / name).read_text().splitlines()
    cells = [[c.strip() for c in line.strip("|").split("|")] for line in lines if line[:1] == "|"]
    return [row for row in cells if len(row) == columns and set(row[0]) != {"-"}]


def test_the_table_of_variances() -> None:
    found = rows("longitudinal.md", 12)[1:]
    assert len(found) == 4
    for whole, one, loose, true, *printed in found:
        b: dict[str, Any] = {"epsilon": float(one), "epsilon_inf": float(whole)}
        published = ldpaudit.mechanism("l-grr", k=10, calibration="published", **b)
        assert true == f"{published.exact_epsilon():.4f}"
        assert float(loose) == float(f"{published.mse(1):.5g}")
        ten = ("l-grr", "l-sue", "l-osue", "l-oue", "l-soue")
        wanted = [ldpaudit.mechanism(n, k=10, **b).mse(1) for n in ten]
        wanted.append(ldpaudit.mechanism("biloloha", k=360, **b).mse(1))
        pair = ("published", "exact")
        wanted += [ldpaudit.mechanism("ololoha", k=360, calibration=c, **b).mse(1) for c in pair]
        # Four or five significant digits are printed.
        assert [float(value) for value in printed] == pytest.approx(wanted, rel=1e-4)


def test_exact_success_after_one_report() -> None:
    found = [row for row in rows("longitudinal.md", 7) if row[2].endswith("%")]
    assert len(found) == 8
    for name, whole, first, *_ in found:
        inf = float(whole)
        m = ldpaudit.mechanism(name.lower(), k=360, epsilon=0.4 * inf, epsilon_inf=inf)
        assert float(first[:-1]) == float(f"{100 * m.vulnerability():.2g}")


def test_composed_budgets() -> None:
    found = [row for row in rows("longitudinal.md", 6) if row[0] in COMPOSED and row[1] == "1"]
    assert [row[0] for row in found] == list(COMPOSED)
    for name, _, *printed in found:
        m = ldpaudit.mechanism(name.lower(), k=10, epsilon=1.0, epsilon_inf=2.0)
        assert printed == [f"{m.composed_epsilon(t):.4f}" for t in (2, 3, 5, 10)]


def reports_of(name: str, k: int, rounds: int) -> Any:
    """Every report of so many rounds: numbers, or rows of k bits."""
    if name == "l-grr":
        return np.indices((k,) * rounds).reshape(rounds, -1).T
    single = ldpaudit.mechanism(name, k=k, epsilon=1.0, epsilon_inf=2.0).every_report()
    places = np.indices((len(single),) * rounds).reshape(rounds, -1).T
    return single[places]


def test_histories_of_different_times() -> None:
    seven = rows("longitudinal.md", 7)
    found = [row for row in seven if row[0] in ("L-GRR", "L-SUE") and row[2].isdigit()]
    assert len(found) == 5
    for name, k, rounds, budgets, claim, same, across in found:
        every = np.indices((int(k),) * int(rounds)).reshape(int(rounds), -1).T
        kinds = [tuple(h.index(v) for v in h) for h in every.tolist()]
        alike = np.array([[a == b for b in kinds] for a in kinds])
        one, whole = map(float, budgets.split(","))
        base = ldpaudit.mechanism(name.lower(), k=int(k), epsilon=one, epsilon_inf=whole)
        m = Histories(base, every)
        table = m.log_likelihood(reports_of(name.lower(), int(k), int(rounds)))
        assert np.exp(table).sum(axis=0) == pytest.approx(1.0, abs=1e-9)
        ratios = (table[:, :, None] - table[:, None, :]).max(axis=0)
        assert float(claim) == pytest.approx(m.epsilon)
        assert float(same) == pytest.approx(ratios[alike].max(), abs=6e-5)
        assert float(across) == pytest.approx(ratios.max(), abs=6e-5)


def test_what_the_published_calibration_of_fakes_keeps() -> None:
    found = [row for row in rows("multidimensional.md", 7) if re.search(r"\d, \d", row[0])]
    assert len(found) == 5
    for domain, *printed, everywhere in found:
        sizes = tuple(map(int, re.findall(r"\d+", domain)))
        made = [
            ldpaudit.mechanism("rsfd", sizes=sizes, epsilon=1.0, variant=v, calibration="published")
            for v in ("grr", "sue-z", "sue-r", "oue-z", "oue-r")
        ]
        exact = [m.exact_epsilon() for m in made]
        assert [float(value) for value in printed] == pytest.approx(exact, abs=6e-5)
        assert float(everywhere) == pytest.approx(made[0].epsilon_between(len(sizes)), abs=6e-5)


def test_figures_in_the_text() -> None:
    for k, switch in (("published", 5), ("exact", 10)):
        b: dict[str, Any] = {"epsilon": 1.0, "epsilon_inf": 2.0}
        for size, better in ((switch, True), (switch + 1, False)):
            grr = ldpaudit.mechanism("l-grr", k=size, calibration=k, **b).mse(1)
            osue = ldpaudit.mechanism("l-osue", k=size, **b).mse(1)
            assert (grr <= osue) == better
    one_bit = ldpaudit.mechanism("dbitflip", k=10, epsilon=1.0, d=1)
    assert one_bit.exact_epsilon() == pytest.approx(0.5)
    nursery, uniform = (
        (3, 5, 4, 4, 3, 2, 3, 3),
        [np.full(s, 1 / s) for s in (3, 5, 4, 4, 3, 2, 3, 3)],
    )
    fixed = ldpaudit.mechanism("allomfree", sizes=nursery, epsilon=1.0, epsilon_inf=2.0)
    split = ldpaudit.mechanism("spl", sizes=nursery, epsilon=1.0)
    errors = [float(np.mean(m.mse_marginals(12_960, uniform))) for m in (fixed, split)]
    assert errors == pytest.approx([0.0011, 0.0111], rel=0.01)
    for sizes, cost in ((nursery, 1.14), ((3, 8, 12, 3, 37, 11), 1.63)):
        exact, loose = (
            np.mean(
                ldpaudit.mechanism("rsfd", sizes=sizes, epsilon=1.0, calibration=c).mse_marginals(1)
            )
            for c in ("exact", "published")
        )
        assert exact / loose == pytest.approx(cost, abs=0.006)
