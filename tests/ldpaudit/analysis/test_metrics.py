"""Rows of the table as values: what they carry, and the faults that numbers in columns end."""

from __future__ import annotations

import dataclasses
import io
import json
import math
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pandas as pd
import pytest
from scipy import stats

import ldpaudit
from ldpaudit import registry
from ldpaudit.analysis.dominance import standings
from ldpaudit.analysis.metrics import Metric, read
from ldpaudit.analysis.operating_points import operating_points
from ldpaudit.comparing.cell import Cell
from ldpaudit.comparing.export import writer
from ldpaudit.comparing.results import Results
from ldpaudit.comparing.store import Store
from ldpaudit.comparing.task import _check_rows
from ldpaudit.outcomes.table import COLUMNS
from ldpaudit.reports import audit_html
from ldpaudit.reports.comparison import page, save_comparison

from .tables import cell, table


def test_a_metric_has_every_column_and_no_other() -> None:
    assert tuple(field.name for field in dataclasses.fields(Metric)) == COLUMNS


def test_a_metric_reads_back_from_every_form() -> None:
    m = ldpaudit.mechanism("grr", k=4, epsilon=1.0)
    frame = ldpaudit.audit(m, ["bayes", "distinguish"], trials=200).to_frame()
    for again in (
        pd.read_csv(io.StringIO(frame.to_csv(index=False))),
        pd.read_csv(io.StringIO(frame.to_csv(index=False)), dtype=str),
        frame.astype(object),
    ):
        assert read(again) == read(frame)


@pytest.mark.parametrize("alpha", [1e-12, 1e-18])
def test_an_interval_at_a_tiny_alpha_is_no_point(alpha: float) -> None:
    """The sentence used to round to 100%, and the interval read back from it to a point."""
    m = ldpaudit.mechanism("grr", k=4, epsilon=1.0)
    frame = ldpaudit.audit(m, ["bayes"], trials=500, repetitions=8, alpha=alpha).to_frame()
    assert not frame["method"].str.contains("100%").any()
    row = next(metric for metric in read(frame) if metric.metric == "mse")
    assert row.alpha == alpha
    assert row.value is not None
    assert row.upper is not None
    low, high = row.measured_interval(alpha)
    assert (low, high) == pytest.approx((row.lower, row.upper), rel=1e-9)
    assert high > row.value > low
    # At 5% it is the interval of the standard error that the table states.
    law = stats.chi2(2 * (row.value / (row.standard_error or 0.0)) ** 2)
    upper = row.value * float(law.mean()) / float(law.ppf(0.02))
    assert row.measured_interval(0.05)[1] == pytest.approx(upper, rel=1e-6)


@pytest.mark.parametrize("optimal", [True, False])
def test_success_is_known_without_the_attack_that_measured_it(optimal: bool) -> None:
    rows = cell("a", success=(300, 1000), mse=1e-3, attack="of-another-package")
    assert "of-another-package" not in registry.names("attacks")
    rows[1] |= {"optimal": optimal}
    (got,) = standings(table(rows)).to_dict("records")
    words = "measured, optimal attack" if optimal else "measured, best of the attacks tried"
    assert (got["success"], got["success_how"]) == (0.3, words)


def test_optimal_is_what_the_attack_says() -> None:
    m = ldpaudit.mechanism("grr", k=4, epsilon=1.0)
    frame = ldpaudit.audit(m, ["bayes", "single-guess", "distinguish"], trials=100).to_frame()
    rows = frame[frame["metric"] == "attack_success"].set_index("attack")["optimal"]
    assert [None if pd.isna(x) else bool(x) for x in rows] == [False, True, False, None]


@dataclass(frozen=True)
class Leaky:
    """Randomized response that never names value 1 unless it is held: the exact epsilon is inf."""

    k: int = 3
    epsilon: float = 1.0

    def privatize(
        self, values: npt.ArrayLike, *, rng: np.random.Generator
    ) -> npt.NDArray[np.int64]:
        own = np.asarray(values)
        if own.ndim != 1 or not np.isin(own, np.arange(self.k)).all():
            raise ValueError("values must be whole numbers in [0, 3).")
        lie = rng.choice([0, 2], size=own.size)
        return np.where(rng.random(own.size) < 0.5, own, lie).astype(np.int64)

    def exact_epsilon(self) -> float:
        return math.inf


def test_an_infinite_exact_epsilon_is_told_from_an_unknown_one(tmp_path: Path) -> None:
    leaky = ldpaudit.audit(Leaky(), [], trials=300)
    assert leaky.exact_epsilon == math.inf
    assert leaky.verdict == "violation"
    assert json.loads(json.dumps(leaky.to_dict(), allow_nan=False))["exact_epsilon"] == "inf"
    assert "infinity</data>" in audit_html(leaky)
    frame = leaky.to_frame()
    frame = frame.assign(data="toy", num_users=100)
    unknown = frame.assign(protocol="silent", exact=math.nan)
    results = Results(pd.concat([frame, unknown]), {}, pd.DataFrame())
    text = page(results).decode()
    assert '<data value="inf">infinity</data>' in text
    save_comparison(results, tmp_path)
    again = pd.read_csv(tmp_path / "results.csv")
    assert again.groupby("protocol")["exact"].max().to_dict() == {
        leaky.mechanism: math.inf,
        "silent": pytest.approx(math.nan, nan_ok=True),
    }
    for path in (tmp_path / "results.json", writer("json")(results, tmp_path)):
        rows = json.loads(path.read_text(encoding="utf-8"))["rows"]
        assert [row["exact"] for row in rows] == ["inf", "inf", None, None]


def test_an_infinite_figure_comes_back_from_a_store(tmp_path: Path) -> None:
    rows = tuple(ldpaudit.audit(Leaky(), [], trials=200).rows())
    assert {row["exact"] for row in rows} == {math.inf}
    store = Store(tmp_path)
    store.put(Cell("a", {}, (*rows, rows[0] | {"exact": None, "reason": "inf"}), 0.0))
    store.close()
    again = Store(tmp_path, create=False)
    found = again.get("a")
    again.close()
    assert found is not None
    assert found.rows[:-1] == rows
    assert (found.rows[-1]["exact"], found.rows[-1]["reason"]) == (None, "inf")


def test_nonsense_is_refused_infinite_or_not() -> None:
    good = cell("a", success=0.3, mse=math.inf)
    _check_rows(good)
    for row in (
        good[1] | {"exact": math.inf},
        good[2] | {"exact": math.nan},
        good[2] | {"exact": -math.inf},
        good[2] | {"upper": math.inf},
    ):
        with pytest.raises(ValueError, match=r"must be finite, got"):
            _check_rows([row])


def test_operating_points_hold_every_row_of_their_protocol() -> None:
    frame = table(cell("a", success=0.3), cell("b", success=0.4, epsilon=2.0), cell("a", mse=1.0))
    points = operating_points(read(frame))
    assert [(p.protocol, p.epsilon, len(p.metrics)) for p in points] == [
        ("a", 1.0, 6),
        ("b", 2.0, 3),
    ]
    # A row that says no estimand goes with the first one of its users.
    rows = [replace(row, estimand=row.estimand or "frequencies") for row in read(frame)]
    assert sorted(map(repr, rows)) == sorted(repr(m) for p in points for m in p.metrics)
