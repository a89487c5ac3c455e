"""Rounds as they are sent: memos that stay, their law, budgets spent, estimates of each round."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from scipy.special import ndtri
from scipy.stats import chi2

import ldpaudit
from ldpaudit.protocols import (
    BinaryLongitudinalHashing,
    BitFlip,
    LongitudinalOptimizedSymmetricEncoding,
    LongitudinalRandomizedResponse,
)
from ldpaudit.protocols._kernels._bits import unpack
from ldpaudit.protocols.longitudinal._memoised import keyed_rows
from ldpaudit.testing.components import check_mechanism

BUDGETS = {"epsilon": 0.8, "epsilon_inf": 2.0}
ALL: dict[str, dict[str, Any]] = {
    "l-grr": BUDGETS,
    "l-sue": BUDGETS,
    "l-oue": BUDGETS,
    "l-osue": BUDGETS,
    "l-soue": BUDGETS,
    "rappor": {"f": 0.5},
    "biloloha": BUDGETS,
    "ololoha": BUDGETS,
    "dbitflip": {"epsilon": 1.0, "d": 2},
}
NOISY = ("l-grr", "l-sue", "l-oue", "l-osue", "l-soue", "rappor", "biloloha", "ololoha")


def built(name: str, k: int, **more: Any) -> Any:
    return ldpaudit.mechanism(name, k=k, **(ALL[name] | more))


@pytest.mark.parametrize("k", [pytest.param(2, marks=pytest.mark.slow), 11])
@pytest.mark.parametrize("name", ALL)
def test_the_contract_is_kept(name: str, k: int) -> None:
    """Each statistical check alarms falsely about once in a million."""
    passed = {line.partition(":")[0] for line in check_mechanism(built(name, k))}
    assert {"rounds", "budgets", "composition", "histories", "estimates"} <= passed
    assert {"sampler", "likelihood", "exact epsilon", "exact delta", "vulnerability"} <= passed


@pytest.mark.slow
@pytest.mark.parametrize("k", [3, 40])
@pytest.mark.parametrize("name", ["l-grr", "ololoha"])
def test_the_published_calibration_keeps_it_too(name: str, k: int) -> None:
    check_mechanism(built(name, k, calibration="published"))


def test_fewer_buckets_than_values() -> None:
    """Values of a bucket are not told apart: the estimate says so, and is not called unbiased."""
    passed = check_mechanism(BitFlip(k=8, epsilon=3.0, d=3, buckets=4))
    one, every = [line for line in passed if line.startswith("estimate")]
    assert one.startswith("estimate of frequencies, after dealing buckets out: batches add up")
    assert every.startswith("estimates: judged in every round")
    assert any("unbiased" in line for line in check_mechanism(BitFlip(k=8, epsilon=3.0, d=3)))


# ------------------------------------------------------------ what is no memo is found


@dataclass(frozen=True)
class Redrawn(LongitudinalOptimizedSymmetricEncoding):
    """Draws the permanent bits in every round."""

    def privatize_round(self, values: Any, state: Any, *, rng: np.random.Generator) -> Any:
        state.keys[:] = rng.integers(0, 2**64, len(state.keys), dtype=np.uint64)
        state.last[:] = -1
        return super().privatize_round(values, state, rng=rng)


@dataclass(frozen=True)
class Forgotten(LongitudinalRandomizedResponse):
    """Makes another memo of a value that was left and comes back."""

    def privatize_round(self, values: Any, state: Any, *, rng: np.random.Generator) -> Any:
        reports = super().privatize_round(values, state, rng=rng)
        if hasattr(state, "before"):
            state.keys[values != state.before] += np.uint64(1)
            reports = super().privatize_round(values, state, rng=rng)
        state.before = np.array(values)
        return reports


@dataclass(frozen=True)
class Unnoised(BinaryLongitudinalHashing):
    """Sends the memo as it is."""

    def privatize_round(self, values: Any, state: Any, *, rng: np.random.Generator) -> Any:
        if not hasattr(state, "first"):
            state.first = {}
        reports = super().privatize_round(values, state, rng=rng)
        for user, value in enumerate(np.asarray(values).tolist()):
            reports[user] = state.first.setdefault((user, value), reports[user])
        return reports


@dataclass(frozen=True)
class Wasteful(LongitudinalRandomizedResponse):
    """Counts every report as a memo."""

    def spent(self, state: Any) -> npt.NDArray[np.float64]:
        state.reports = getattr(state, "reports", -1) + 1
        return np.full(state.num_users, state.reports * self.epsilon_inf)


@dataclass(frozen=True)
class Thinned(LongitudinalRandomizedResponse):
    """Says that more rounds tell less."""

    def composed_epsilon(self, rounds: int) -> float:
        return super().composed_epsilon(rounds) / rounds


@dataclass(frozen=True)
class Biased(LongitudinalRandomizedResponse):
    """Sends the first value for all that follow."""

    def privatize_round(self, values: Any, state: Any, *, rng: np.random.Generator) -> Any:
        reports = super().privatize_round(values, state, rng=rng)
        if hasattr(state, "before"):
            return super().privatize_round(state.before, state, rng=rng)
        state.before = np.array(values)
        return reports


BROKEN = {
    Redrawn: r"histories of \d+ and \d+ do not follow",
    Forgotten: r"histories of \d+ and \d+ do not follow",
    Unnoised: r"histories of \d+ and \d+ do not follow",
    Wasteful: "spent must grow by epsilon_inf = 2 a new memo",
    Thinned: "composed_epsilon must rise with the rounds",
    Biased: "the estimate of round 2 is biased",
}


@pytest.mark.parametrize("kind", BROKEN)
def test_what_is_broken_over_time_is_found(kind: Any) -> None:
    with pytest.raises(AssertionError, match=BROKEN[kind]):
        check_mechanism(kind(6, 1.0, 2.0))


# ------------------------------------------------------------ memos are real


def shares(m: Any, values: int, state: Any, rounds: int, rng: np.random.Generator) -> Any:
    """Share of `rounds` reports that hold each bit or are each symbol: noise averaged out."""
    symbols = getattr(m, "num_buckets", m.k)
    total = np.zeros((state.num_users, symbols))
    for _ in range(rounds):
        reports = m.privatize_round(np.full(state.num_users, values), state, rng=rng)
        if reports.dtype.names:
            total[np.arange(len(reports)), reports["bucket"]] += 1
        elif reports.ndim == 1:
            total[np.arange(len(reports)), reports] += 1
        else:
            total += unpack(reports, m.k)
    return total / rounds


@pytest.mark.parametrize("name", NOISY)
def test_averages_converge_to_the_permanent_report(name: str) -> None:
    """Each of 4,000 or more shares is p2 or q2 to five and a half standard errors."""
    m, rng = built(name, 20), np.random.default_rng(11)
    state = m.start(200, rng=rng)
    chain, rounds = m._chain, 1200
    first, other, again = (shares(m, value, state, rounds, rng) for value in (3, 4, 3))
    size = getattr(chain, "size", 2)
    p2 = getattr(chain, "p2", 1 - (size - 1) * chain.q2)
    middle = (p2 + chain.q2) / 2
    slack = 5.6 / math.sqrt(4 * rounds)  # standard error of a share is at most that of a half
    for found in (first, other, again):
        off = np.abs(found - np.where(found > middle, p2, chain.q2))
        assert off.max() < slack < (p2 - chain.q2) / 2
    kept = first > middle
    assert np.array_equal(kept, again > middle)
    assert len(np.unique(kept, axis=0)) > 1
    assert not np.array_equal(kept, other > middle) or name in ("biloloha", "ololoha")
    if hasattr(state, "permanent"):
        assert np.array_equal(kept, unpack(state.permanent, m.k) == 1)
    # Two users of one value agree as often as chance has it.
    if name in ("l-sue", "l-osue", "rappor"):
        p1, q1 = chain.p1, chain.q1
        alike = (kept[::2] == kept[1::2]).mean(axis=0)
        chance = np.where(np.arange(m.k) == 3, p1**2 + (1 - p1) ** 2, q1**2 + (1 - q1) ** 2)
        assert (np.abs(alike - chance) < 5.5 * np.sqrt(chance * (1 - chance) / 100)).all()


@pytest.mark.parametrize("probability", [0.5, 1 / 3, 0.1192, 0.0067, 0.98, 5 / 64])
def test_law_of_keyed_bits(probability: float) -> None:
    """Chi-square of columns, of rows and of neighbouring pairs; each fails once in a million."""
    words = np.random.default_rng(3).integers(0, 2**64, 20_000, dtype=np.uint64)
    k = 71
    bits = unpack(keyed_rows(words, k, probability), k).astype(float)
    spread = probability * (1 - probability)
    for axis, n in ((0, len(bits)), (1, k)):
        sums = bits.sum(axis=axis)
        statistic = ((sums - n * probability) ** 2).sum() / (n * spread)
        limit = -ndtri(1e-6) * math.sqrt(2 * sums.size)
        assert abs(statistic - sums.size) < 1.25 * limit + 15
    both = ((bits[:, 1:] - probability) * (bits[:, :-1] - probability)).mean(axis=0) / spread
    assert (both**2).sum() * len(bits) < chi2.isf(1e-6, k - 1)
    rows = keyed_rows(words, k, probability)
    assert np.array_equal(rows[[5, 17_000]], keyed_rows(words[[5, 17_000]], k, probability))


def test_keyed_bits_are_exact_to_the_last_digit() -> None:
    """The bits that a probability has beyond another's are those between the two."""
    words = np.random.default_rng(4).integers(0, 2**64, 5_000, dtype=np.uint64)
    lower, upper = (unpack(keyed_rows(words, 64, p), 64) for p in (0.25, 0.25 + 2.0**-12))
    assert (upper >= lower).all()  # numbers below the one are below the other
    extra = int((upper - lower).sum())
    assert abs(extra - 320_000 / 4096) < 5 * math.sqrt(320_000 / 4096)
    assert not keyed_rows(words, 64, 0.0).any()
    assert not keyed_rows(words, 64, 1e-300).any()
    assert (unpack(keyed_rows(words, 64, 1 - 2.0**-53), 64) == 1).all()


def test_users_of_a_round_are_those_of_the_state() -> None:
    m, rng = built("l-osue", 9), np.random.default_rng(0)
    state = m.start(3, rng=rng)
    with pytest.raises(ValueError, match="one for each of 3 users, got 2"):
        m.privatize_round([1, 2], state, rng=rng)
    with pytest.raises(ValueError, match="epsilon must be below epsilon_inf"):
        built("l-osue", 9, epsilon=2.0)
    with pytest.raises(ValueError, match="calibration must be"):
        built("l-grr", 9, calibration="loose")
    with pytest.raises(ValueError, match=r"p must be below q = 0\.75"):
        built("rappor", 9, p=0.8)
    with pytest.raises(ValueError, match="the same users in every round"):
        m.history_log_likelihood([m.privatize([1], rng=rng), m.privatize([1, 2], rng=rng)])
    with pytest.raises(ValueError, match="at least one round"):
        m.history_log_likelihood([])


# ------------------------------------------------------------ the data of the paper


def syn(num_users: int, rounds: int, k: int, rng: np.random.Generator) -> npt.NDArray[np.int64]:
    """First values uniform; each later one changes with probability 1/4, to a uniform value."""
    columns = rng.integers(0, k, (rounds, num_users))
    for now, before in zip(columns[1:], columns, strict=False):
        stays = rng.random(num_users) >= 0.25
        now[stays] = before[stays]
    return columns


#: Name, parameters, and the memos that a user makes on average, in 120 rounds.
SYN = [
    ("l-grr", BUDGETS, 29.46),
    ("l-osue", BUDGETS, 29.46),
    ("rappor", {"f": 0.5}, 29.46),
    ("biloloha", BUDGETS, 2.0),
    ("dbitflip", {"epsilon": 2.0, "d": 360}, 29.46),
    ("dbitflip", {"epsilon": 2.0, "d": 1}, 1 + 29.46 / 360),
]


@pytest.mark.parametrize(("name", "given", "memos"), SYN, ids=lambda part: str(part))
def test_the_synthetic_data_of_the_paper(name: str, given: dict[str, Any], memos: float) -> None:
    """10,000 users, k = 360, 120 rounds: budgets, and every estimate within chance of the truth.

    The error of an item has the exact variance of a pure protocol; of 43,200 none is
    beyond what happens once in a million such runs.
    """
    rng = np.random.default_rng(2023)
    columns = syn(10_000, 120, 360, rng)
    m = ldpaudit.mechanism(name, k=360, **given)
    state = m.start(10_000, rng=rng)
    worst, first = 0.0, None
    for values in columns:
        reports = m.privatize_round(values, state, rng=rng)
        first = reports if first is None else first
        true = np.bincount(values, minlength=360) / 10_000
        off = m.estimate(m.aggregate(reports)) - true
        if hasattr(m, "p_star"):
            p, q = m.p_star, m.q_star
            variance = (true * p * (1 - p) + (1 - true) * q * (1 - q)) / (p - q) ** 2 / 10_000
            worst = max(worst, float(np.abs(off / np.sqrt(variance)).max()))
    assert worst < -ndtri(1e-6 / 86_400) + 0.5  # binomials are a little heavier than normal
    spent = m.spent(state)
    slack = {"biloloha": 1e-6, "dbitflip": 0.25 if given.get("d") == 360 else 0.02}.get(name, 0.25)
    assert spent.mean() / m.epsilon_inf == pytest.approx(memos, abs=slack)
    assert spent.max() <= m.worst_spent(120)
    if name in ("l-grr", "l-osue", "rappor"):  # one memo for each distinct value, exactly
        distinct = 1 + (np.diff(np.sort(columns, axis=0), axis=0) > 0).sum(axis=0)
        assert np.allclose(spent, distinct * m.epsilon_inf)
