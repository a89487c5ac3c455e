"""What changed between two runs: exact figures exactly, estimates beyond noise."""

from __future__ import annotations

import itertools
import math
from typing import Any

import numpy as np
import pandas as pd
import pytest
from scipy import stats

import ldpaudit
from ldpaudit.analysis.changes import CHANGE_COLUMNS, changes_text, compare_runs
from ldpaudit.bounds import intervals, planned
from ldpaudit.counts import GuessCounts

from .tables import Row, cell, error_ends, table

STUDY: dict[str, Any] = {
    "name": "tiny",
    "protocols": ["grr", "oue"],
    "epsilons": [1.0, 2.0],
    "data": ["adult-hours"],
    "trials": 2000,
    "repetitions": 3,
}


def verdicts(before: pd.DataFrame, after: pd.DataFrame, **options: Any) -> dict[Any, str]:
    """Verdict by (protocol, metric, attack, figure)."""
    found = compare_runs(before, after, **options)
    columns = ["protocol", "metric", "attack", "figure"]
    return dict(zip(found[columns].itertuples(index=False, name=None), found["verdict"]))  # noqa: B905


def test_a_run_against_itself_and_against_other_coins() -> None:
    first, second = ldpaudit.compare(STUDY), ldpaudit.compare(STUDY, seed=1)
    for run in (first, second):
        found = run.against(first)
        assert tuple(found.columns) == CHANGE_COLUMNS
        assert set(found["verdict"]) == {"unchanged"}
        assert {"exact", "estimate", "status"} == set(found["figure"])
    # Every number of the table is one figure: no row is lost.
    frame = first.frame[first.frame["metric"] != "epsilon_verdict"]
    assert len(found) == frame["value"].notna().sum() + frame["exact"].notna().sum() + 4
    assert str(found["before"].dtype) == "float64"


def test_a_real_change_is_seen() -> None:
    """A broken protocol in the place of the right one: every kind of figure moves."""
    study = STUDY | {"protocols": ["grr"], "epsilons": [1.0], "trials": 20_000}
    before = ldpaudit.compare(study).frame
    after = ldpaudit.compare(study | {"epsilons": [2.0]}).frame.assign(epsilon=1.0)
    after.loc[after["metric"] == "epsilon_verdict", "status"] = "violation"
    found = verdicts(before, after)
    assert found["grr", "attack_success", "bayes", "exact"] == "changed"
    assert found["grr", "attack_success", "bayes", "estimate"] == "changed"
    assert found["grr", "epsilon_lower", "posterior-odds", "exact"] == "changed"
    assert found["grr", "epsilon_lower", "posterior-odds", "estimate"] == "changed"
    assert found["grr", "epsilon_verdict", "posterior-odds", "status"] == "changed"
    assert found["grr", "mse", "", "exact"] == "changed"
    assert found["grr", "attack_success", "blind", "exact"] == "unchanged"
    assert found["grr", "bits", "", "exact"] == "unchanged"
    text = changes_text(compare_runs(before, after))
    assert "grr at epsilon 1 on adult-hours, k = 96, bits" not in text
    assert "posterior-odds, status: consistent -> violation" in text
    assert "with probability at most 0.01" in text


def test_exact_figures_compare_to_a_billionth() -> None:
    before = table(cell("a", success=0.3, mse=1e-3), cell("b", success=0.3, mse=1e-3))
    after = table(
        cell("a", success=0.3 * (1 + 5e-10), mse=1e-3), cell("b", success=0.3 * (1 + 2e-9), mse=0.0)
    )
    found = verdicts(before, after)
    assert found["a", "attack_success", "bayes", "exact"] == "unchanged"
    assert found["b", "attack_success", "bayes", "exact"] == "changed"
    assert found["b", "mse", "", "exact"] == "changed"


def test_figures_by_random_probes_compare_within_their_error() -> None:
    def probed(mse: float) -> pd.DataFrame:
        rows = cell("a", success=0.3, mse=mse)
        rows[2] |= {"how": "probes", "standard_error": 0.01 * mse}
        return table(rows)

    for mse, verdict in ((1.02e-3, "unchanged"), (1.2e-3, "changed")):
        assert verdicts(probed(1e-3), probed(mse))["a", "mse", "", "exact"] == verdict


def test_an_infinite_exact_figure_is_no_missing_one() -> None:
    def leaky(exact: float | None) -> pd.DataFrame:
        rows = cell("a", success=0.3)
        return table([*rows, rows[-1] | {"metric": "epsilon_lower", "exact": exact}])

    key = ("a", "epsilon_lower", "posterior-odds", "exact")
    assert verdicts(leaky(math.inf), leaky(math.inf))[key] == "unchanged"
    assert verdicts(leaky(1.0), leaky(math.inf))[key] == "changed"
    assert verdicts(leaky(None), leaky(math.inf))[key] == "new"


def test_new_and_gone() -> None:
    before = table(cell("a", success=0.3, mse=(1e-3, 1e-4, 5)), cell("old", success=0.3))
    after = table(cell("new", success=0.3, bits=7), cell("a", success=0.3, mse=1e-3))
    found = compare_runs(before, after)
    assert found["protocol"].drop_duplicates().tolist() == ["new", "a", "old"]
    assert set(found[found["protocol"] == "new"]["verdict"]) == {"new"}
    assert set(found[found["protocol"] == "old"]["verdict"]) == {"gone"}
    mine = found[(found["protocol"] == "a") & (found["metric"] == "mse")]
    assert dict(zip(mine["figure"], mine["verdict"], strict=True)) == {
        "exact": "new",
        "estimate": "gone",
    }
    text = changes_text(found)
    assert "new: new at epsilon 1 on uniform, k = 4, 4 figures" in text
    assert "gone: old at epsilon 1 on uniform, k = 4, 3 figures" in text


def test_a_status_is_a_figure() -> None:
    before, after = cell("a", success=(300, 1000)), cell("a", success=(300, 1000))
    after[1] |= {"status": "skipped", "value": None}
    found = verdicts(table(before), table(after))
    assert found["a", "attack_success", "bayes", "status"] == "new"
    assert found["a", "attack_success", "bayes", "estimate"] == "gone"


def test_the_level_is_shared_by_all_estimates() -> None:
    """Ends of every interval from the textbook: two tables of 3 estimates, alpha / 6 each."""
    before = table(cell("a", success=(300, 1000), mse=(1e-3, 1e-4, 5)), cell("b", success=(1, 2)))
    after = table(cell("a", success=(400, 1000), mse=(2e-3, 1e-4, 5)), cell("b", success=(2, 2)))
    found = compare_runs(before, after, alpha=0.06)
    # The lower bounds of epsilon in these tables are at one level only and do not count.
    rows = found[found["figure"] == "estimate"].set_index(["protocol", "metric"])
    alpha = 0.06 / 6
    row: Any = rows.loc["a", "attack_success"]
    assert row["before_lower"] == pytest.approx(stats.beta.ppf(alpha / 2, 300, 701), rel=1e-9)
    assert row["after_upper"] == pytest.approx(stats.beta.ppf(1 - alpha / 2, 401, 600), rel=1e-9)
    assert row["verdict"] == "changed"
    row = rows.loc["a", "mse"]
    assert row["before_upper"] == pytest.approx(error_ends(1e-3, 1.1e-3, alpha)[1], rel=1e-6)
    assert row["verdict"] == "changed"
    last: Any = rows.loc["b", "attack_success"]
    assert last["verdict"] == "unchanged"
    with pytest.raises(ValueError, match="alpha must lie strictly between 0 and 1"):
        compare_runs(before, after, alpha=0.0)


def test_repeated_rows_are_compared_in_their_order() -> None:
    twice = table(cell("a", success=0.3), cell("a", success=0.4))
    found = compare_runs(twice, twice)
    assert found["verdict"].eq("unchanged").all()
    swapped = table(cell("a", success=0.4), cell("a", success=0.3))
    assert found["verdict"].size == compare_runs(twice, swapped)["verdict"].size
    assert (compare_runs(twice, swapped)["verdict"] == "changed").sum() == 2


def bound_rows(correct: int, decided: int, levels: tuple[float, float], **axes: Any) -> list[Row]:
    """Both rows of the bound as an audit writes them."""
    counts = GuessCounts(2, correct, decided, decided)
    (row,) = [r for r in cell("a", **axes) if r["metric"] == "epsilon_verdict"]
    rows = []
    for metric, alpha in zip(("epsilon_lower", "epsilon_verdict"), levels, strict=True):
        found = planned.PosteriorOdds().from_guesses(counts, alpha=alpha, delta=0.0, claimed=1.0)
        value = found if math.isfinite(found) else None
        rows.append(row | {"metric": metric, "value": value, "alpha": alpha, "status": "ok"})
    return rows


@pytest.mark.parametrize("epsilon", [0.5, 2.0, 4.0])
@pytest.mark.parametrize("decided", [500, 20_000])
def test_lower_bounds_are_compared_by_their_spread(epsilon: float, decided: int) -> None:
    """Estimates at a joint rate of 0.99 make less than one false alarm in the mean.

    More than 9 have probability 1e-7. A budget larger by 1 is seen in 20,000 guesses.
    """
    rng = np.random.default_rng(7)
    levels = (0.05, 1e-4 / 280)

    def run(epsilon: float) -> pd.DataFrame:
        right = math.exp(epsilon) / (1 + math.exp(epsilon))
        correct = rng.binomial(decided, right, size=150)
        return table(*(bound_rows(int(c), decided, levels, k=4 + i) for i, c in enumerate(correct)))

    found = compare_runs(run(epsilon), run(epsilon), alpha=0.99)
    assert len(found) == 300
    assert (found["verdict"] == "changed").sum() <= 9
    found = compare_runs(run(epsilon), run(epsilon + 1.0), alpha=0.99)
    changed = found[found["figure"] == "estimate"]["verdict"] == "changed"
    assert changed.all() or decided < 20_000


def test_the_estimate_behind_two_lower_bounds() -> None:
    """It is the maximum-likelihood estimate, within a tenth of its standard error."""
    correct, decided = 15_000, 20_000
    found = compare_runs(*itertools.repeat(table(bound_rows(correct, decided, (0.05, 1e-6))), 2))
    (row,) = found[found["figure"] == "estimate"].to_dict("records")
    middle = (row["before_lower"] + row["before_upper"]) / 2
    share = correct / decided
    error = 1 / math.sqrt(decided * share * (1 - share))
    assert middle == pytest.approx(math.log(share / (1 - share)), abs=0.1 * error)
    half = -stats.norm.ppf(0.01 / 4) * error
    assert row["before_upper"] - middle == pytest.approx(half, rel=0.02)


def test_false_alarms_of_all_estimates_together() -> None:
    """60 pairs of runs with 40 estimates each at joint error 0.05.

    More than 14 runs with an alarm have probability 2e-7 at the stated rate.
    """
    rng = np.random.default_rng(11)

    def run() -> pd.DataFrame:
        cells = []
        for number in range(20):
            hits = int(rng.binomial(400, 0.02 + 0.04 * number))
            errors = rng.chisquare(50, size=5) * 1e-5
            low, high = intervals.mean_interval(errors, 0.05)
            mse = (float(errors.mean()), (high - low) / 2, 5)
            cells.append(cell(f"p{number}", success=(hits, 400), mse=mse))
        return table(*cells)

    alarms = sum("changed" in verdicts(run(), run(), alpha=0.05).values() for _ in range(60))
    assert alarms <= 14
