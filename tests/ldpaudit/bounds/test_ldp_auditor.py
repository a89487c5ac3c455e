"""The study `ldp-auditor`: its quick size against what theory says of the published event."""

from __future__ import annotations

import math
import re
from typing import Any

import pandas as pd
import pytest
from scipy import stats

import ldpaudit
from ldpaudit.bounds.planned import LdpAuditor
from ldpaudit.comparing.grid import compare
from ldpaudit.comparing.study import read_study
from ldpaudit.counts import EventCounts

PUBLISHED, OURS = "single-guess/ldp-auditor", "posterior-odds"
PLAN = read_study("ldp-auditor")


def rates(m: Any) -> tuple[float, float]:
    """Probability that a single guess names the own value, and that it names one given other."""
    own = m.vulnerability()
    return own, (1 - own) / (m.k - 1)


def predicted(m: Any, delta: float) -> tuple[float, float]:
    """What the published audit shows with expected counts of 1e6 trials, and in the limit."""
    own, other = rates(m)
    n = PLAN.trials
    counts = EventCounts(round(n * own), n, round(n * other), n)
    finite = LdpAuditor().from_event(counts, alpha=PLAN.alpha, delta=delta, claimed=m.epsilon)
    return finite, math.log((own - delta) / other)


@pytest.mark.parametrize(
    ("name", "k", "epsilon", "extra", "finite", "limit"),
    [
        ("grr", 25, 1.0, {}, 0.977, 1.000),
        ("grr", 200, 10.0, {}, 9.597, 10.000),
        ("ss", 25, 2.0, {}, 1.552, 1.573),
        ("ss", 200, 4.0, {}, 3.358, 3.408),
        ("sue", 25, 0.25, {}, 0.104, 0.131),
        ("oue", 25, 10.0, {}, 3.235, 3.257),
        ("oue", 200, 4.0, {}, 3.390, 3.439),
        ("the", 25, 6.0, {}, 2.928, 2.950),
        ("she", 25, 4.0, {}, 2.172, 2.193),
        ("she", 200, 10.0, {}, 5.183, 5.241),
        ("blh", 25, 4.0, {}, 0.692, 0.716),
        ("olh", 200, 2.0, {}, 1.369, 1.429),
        ("agrr", 200, 0.25, {"delta": 1e-5}, 0.175, 0.250),
        ("asue", 200, 1.0, {"delta": 1e-5}, 0.431, 0.502),
        ("ablh", 25, 0.25, {"delta": 1e-5}, 0.095, 0.122),
        ("aolh", 200, 0.5, {"delta": 1e-5}, 0.231, 0.305),
        ("gm", 25, 10.0, {"delta": 1e-5}, 2.467, 2.488),
        ("agm", 200, 1.0, {"delta": 1e-5}, 0.437, 0.508),
        ("lho", 25, 1.0, {"buckets": 2}, 0.712, 0.736),
        ("lho", 150, 1.0, {"buckets": 7}, 1.939, 1.987),
        ("sticky-ue", 25, 0.75, {"optimized": True}, 0.744, 0.767),
        ("sticky-ue", 25, 0.75, {"optimized": False}, 0.634, 0.658),
        ("sticky-ue", 200, 4.0, {"optimized": True}, 3.410, 3.460),
    ],
)
def test_predictions(
    name: str, k: int, epsilon: float, extra: dict[str, Any], finite: float, limit: float
) -> None:
    """Beside figures worked out elsewhere, from closed forms of the success, to three digits."""
    m = ldpaudit.mechanism(name, k=k, epsilon=epsilon, **extra)
    found = predicted(m, extra.get("delta", 0.0))
    assert found == pytest.approx((finite, limit), abs=6e-4)


@pytest.fixture(scope="module")
def rows() -> pd.DataFrame:
    return compare("ldp-auditor", quick=True).frame


def mechanism_of(row: pd.Series) -> Any:
    extra: dict[str, Any] = {"delta": row["delta"]} if row["delta"] else {}
    name, _, text = row["parameters"].partition("=")
    if name:
        extra[name] = int(text) if name == "buckets" else text == "True"
    return ldpaudit.mechanism(row["protocol"], k=int(row["k"]), epsilon=row["epsilon"], **extra)


def test_nothing_fails(rows: pd.DataFrame) -> None:
    assert not (rows["status"] == "failed").any()
    cells = sum(len(epsilons) for _, epsilons in PLAN.as_quick().each_protocol())
    assert (rows["metric"] == "epsilon_lower").sum() == 2 * cells
    assert set(rows["attack"]) >= {PUBLISHED, OURS}


def test_the_published_event_is_the_one_that_theory_speaks_of(rows: pd.DataFrame) -> None:
    """Binomial counts under both inputs: outside with probability 1e-6 each, 72 counts in all."""
    mine = rows[(rows["metric"] == "epsilon_lower") & (rows["attack"] == PUBLISHED)]
    assert len(mine) == 36
    for _, row in mine.iterrows():
        m = mechanism_of(row)
        said = re.findall(r"(\d[\d,]*) of (\d[\d,]*)", row["reason"])
        (hits, n), (false_hits, false_n) = ([int(s.replace(",", "")) for s in two] for two in said)
        assert n + false_n == row["trials"] == 40_000
        for count, trials, chance in zip((hits, false_hits), (n, false_n), rates(m), strict=True):
            low, high = stats.binom(trials, chance).ppf([5e-7, 1 - 5e-7])
            assert low <= count <= high, row["reason"]
        counts = EventCounts(hits, n, false_hits, false_n)
        how = {"alpha": PLAN.alpha, "delta": row["delta"], "claimed": m.epsilon}
        shown = LdpAuditor().from_event(counts, **how)
        assert row["value"] == shown or (shown <= 0 and math.isnan(row["value"]))


def test_the_likelihood_ratio_shows_what_the_mechanism_has(rows: pd.DataFrame) -> None:
    """Never more than there is (wrong once in 700,000 a cell); of pure protocols most of it."""
    verdicts = rows[(rows["metric"] == "epsilon_verdict") & (rows["attack"] == OURS)]
    for _, row in verdicts.iterrows():
        if row["protocol"] != "lho":
            assert not row["value"] > row["exact"]  # nan where nothing is shown
    found = rows[(rows["metric"] == "epsilon_lower") & (rows["attack"] == OURS)]
    pure = found[(found["delta"] == 0) & (found["protocol"] != "lho")]
    assert len(pure) == 20
    assert ((pure["value"] / pure["exact"]) > 0.8).all()
    alone = found[found["protocol"] == "lho"]
    assert (alone["value"] > 8).all()


def test_who_is_accused(rows: pd.DataFrame) -> None:
    """Only the controls are, by ours; at epsilon 2 the published event misses the sticky bit."""
    values = rows[rows["metric"] == "epsilon_verdict"].pivot(
        index=["protocol", "parameters", "epsilon", "delta"], columns="attack", values="value"
    )
    above = values[values[OURS] > values.index.get_level_values("epsilon")]
    assert set(above.index.get_level_values("protocol")) == {"lho", "sticky-ue"}
    assert len(above) == 6
    theirs = values.xs("sticky-ue").xs(2.0, level="epsilon")[PUBLISHED]
    assert (theirs < 2).all()
