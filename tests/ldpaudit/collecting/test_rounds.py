"""Collections over rounds: how values change, what a round errs, what is spent and what is seen."""

from __future__ import annotations

import itertools
import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import ldpaudit
from ldpaudit.collecting.rounds import evolve, follow
from ldpaudit.data.dataset import DataSet
from ldpaudit.data.sources import load

BUDGETS = {"epsilon": 1.0, "epsilon_inf": 2.0}


def rng(seed: int = 0) -> np.random.Generator:
    return np.random.default_rng(seed)


# -------------------------------------------------------------------------- data


def test_users_change_as_often_as_they_should() -> None:
    """Of 20,000 users and 40 changes: a quarter draws anew, one in k the old value; 5 s.e."""
    data = load("uniform", k=10, num_users=20_000)
    rounds = list(evolve(data, 41, 0.25, rng=rng()))
    assert np.array_equal(np.bincount(rounds[0], minlength=10), data.histogram)
    moved = np.mean([np.mean(a != b) for a, b in itertools.pairwise(rounds)])
    rate = 0.25 * 0.9
    assert abs(moved - rate) < 5 * math.sqrt(rate * (1 - rate) / 800_000)


def test_new_values_follow_the_data() -> None:
    data = DataSet("skewed", np.array([8000, 2000]))
    last = list(evolve(data, 30, 0.5, rng=rng()))[-1]
    assert abs(np.mean(last == 0) - 0.8) < 5 * 0.4 / 100


def test_permutations_keep_the_histogram() -> None:
    data = load("adult-hours", num_users=1000)
    one, two = evolve(data, 2, "permute", rng=rng())
    assert not np.array_equal(one, two)
    for values in (one, two):
        assert np.array_equal(np.bincount(values, minlength=96), data.histogram)


# ------------------------------------------------------------------ the published set


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "per_value"),
    [("l-grr", None), ("l-sue", None), ("l-osue", None), ("biloloha", 2.0), ("ololoha", 7.81)],
)
def test_budgets_on_syn(name: str, per_value: float | None) -> None:
    """29.44 to 29.48 values a user, and so many times epsilon_inf; LOLOHA spends g at most."""
    m = ldpaudit.mechanism(name, k=360, epsilon=2.0, epsilon_inf=5.0)
    data = load("uniform", k=360, num_users=10_000)
    found = follow(m, evolve(data, 120, 0.25, rng=rng(1)), rng=rng(2))
    assert abs(found.distinct - 29.48) < 0.25
    wanted = found.distinct if per_value is None else per_value
    assert found.spent[-1] / 5.0 == pytest.approx(wanted, abs=0.02)
    assert found.mse.mean() == pytest.approx(found.mse_exact.mean(), rel=0.05)


def test_bits_that_never_change_tell_all_changes() -> None:
    data = load("uniform", k=40, num_users=500)
    all_bits = follow(
        ldpaudit.mechanism("dbitflip", k=40, epsilon=3.0, d=40),
        evolve(data, 30, 0.25, rng=rng(1)),
        rng=rng(2),
    )
    assert all_bits.revealed > 0.99
    assert all_bits.spent[-1] == pytest.approx(3.0 * all_bits.distinct)
    one_bit = follow(
        ldpaudit.mechanism("dbitflip", k=40, epsilon=3.0, d=1),
        evolve(data, 30, 0.25, rng=rng(1)),
        rng=rng(2),
    )
    assert one_bit.revealed < 0.1
    assert one_bit.spent[-1] <= 6.0


# ------------------------------------------------------------------------ the error


@pytest.mark.parametrize("name", ["l-grr", "l-osue", "biloloha"])
def test_every_round_errs_as_stated(name: str) -> None:
    """200 collections of 3 rounds; each round's error within 5.5 standard errors."""
    m = ldpaudit.mechanism(name, k=6, **BUDGETS)
    data = DataSet("users", np.array([100, 60, 20, 10, 5, 5]))
    runs = [follow(m, evolve(data, 3, 0.3, rng=rng(i)), rng=rng(1000 + i)) for i in range(200)]
    off = np.array([run.mse - run.mse_exact for run in runs])
    assert (np.abs(off.mean(axis=0)) < 5.5 * off.std(axis=0, ddof=1) / math.sqrt(200)).all()


def test_records_are_followed_by_their_marginals() -> None:
    m = ldpaudit.mechanism("allomfree", sizes=(3, 4), **BUDGETS)
    data = load("uniform", k=12, num_users=6000)
    found = follow(m, evolve(data, 4, "permute", rng=rng()), rng=rng(1))
    truth = [np.full(3, 1 / 3), np.full(4, 1 / 4)]
    assert found.mse_exact == pytest.approx(np.mean(m.mse_marginals(6000, truth)))
    assert found.mse == pytest.approx(found.mse_exact, rel=2)
    assert (found.mse_clipped <= found.mse).all()


def test_a_domain_of_any_size_is_followed() -> None:
    """Ten attributes, four thousand million records: what a user had is counted."""
    sizes = (74, 7, 16, 7, 14, 6, 5, 2, 41, 2)
    m = ldpaudit.mechanism("allomfree", sizes=sizes, **BUDGETS)
    people = rng(3).integers(0, math.prod(sizes), 300)
    found = follow(m, (rng(i).permutation(people) for i in range(3)), rng=rng(1))
    rounds = np.stack([rng(i).permutation(people) for i in range(3)])
    assert found.distinct == np.mean([len(set(had)) for had in rounds.T])
    small = ldpaudit.mechanism("l-osue", k=5, **BUDGETS)
    one, two = (follow(small, [people % 5, people % 3], rng=rng(4)) for _ in range(2))
    assert one.distinct == np.mean([len({p % 5, p % 3}) for p in people.tolist()])
    assert (one.mse == two.mse).all()


# ----------------------------------------------------------------------- in a study


def test_a_study_takes_the_sizes_from_the_columns(tmp_path: Path) -> None:
    path = tmp_path / "people.csv"
    path.write_text("a,b,c\n" + "".join(f"{i % 3},{i % 2},{i % 4}\n" for i in range(240)))
    study = {
        "name": "records",
        "protocols": ["smp", "spl", {"name": "allomfree", "epsilon_inf": 2.0}],
        "epsilons": [1.0],
        "data": [f"{path}:a+b+c"],
        "attacks": [],
        "trials": 300,
        "repetitions": 2,
    }
    frame = ldpaudit.compare(study).frame
    assert set(frame["status"]) == {"ok", "consistent"}
    assert set(frame["k"]) == {24}
    assert set(frame["protocol"]) == {"smp", "spl", "allomfree"}


def test_a_study_follows_its_longitudinal_protocols() -> None:
    study = {
        "name": "over-time",
        "protocols": [
            {"name": "l-osue", "epsilon_inf": 2.0, "epsilons": [1.0]},
            {"name": "grr", "epsilons": [1.0]},
        ],
        "epsilons": [1.0],
        "data": [{"name": "uniform", "k": 8, "num_users": 200}],
        "attacks": [],
        "rounds": 5,
        "trials": 500,
        "repetitions": 2,
    }
    frame = ldpaudit.compare(study).frame
    rows = frame[frame["metric"] == "round_mse"]
    assert set(rows["protocol"]) == {"l-osue"}
    assert rows["repetition"].tolist() == [1, 2, 3, 4, 5]
    assert (rows["exact"] > 0).all()
    spent = frame[frame["metric"] == "round_spent"]["value"].tolist()
    assert spent[0] == 2.0
    assert spent == sorted(spent)
    assert frame.equals(ldpaudit.compare(study, jobs=2).frame)


@pytest.mark.parametrize(
    "name",
    [
        *("loloha", "loloha-adult", "allomfree"),
        *("ldp-auditor-longitudinal", "ldp-auditor-multidimensional"),
    ],
)
def test_ready_made_studies_run_at_their_quick_size(name: str) -> None:
    assert "failed" not in set(ldpaudit.compare(name, quick=True).frame["status"])


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda d: list(evolve(d, 0, 0.5, rng=rng())), "rounds must be at least 1"),
        (lambda d: list(evolve(d, 2, 1.5, rng=rng())), "change must be a probability"),
        (lambda d: list(evolve(d, 2, "often", rng=rng())), "change must be a probability"),
        (lambda d: follow(ldpaudit.mechanism("grr", k=3, epsilon=1.0), [d.users()], rng=rng()),
         "does not collect over time"),
        (lambda _: follow(ldpaudit.mechanism("l-grr", k=3, **BUDGETS), [], rng=rng()),
         "at least one round"),
    ],
)  # fmt: skip
def test_nonsense_is_named(call: Any, message: str) -> None:
    with pytest.raises((ValueError, TypeError), match=message):
        call(DataSet("three", np.array([3, 2, 1])))
