"""Laws of counts in real mechanisms' games, and how often a bound is above the truth under them."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy import stats

import ldpaudit
from ldpaudit.counts import EventCounts, GuessCounts

ALPHA = 0.05
EPSILONS = (0.5, 1.0, 2.0, 4.0)
SIZES = (300, 1_000, 10_000)
#: Sums of doubles, and binomial tails beyond 7 standard deviations.
ROUNDING = 1e-9

Ints = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Law:
    """P(guess is right), P(guess is wrong) of one report; the rest abstain."""

    name: str
    epsilon: float
    correct: float
    wrong: float
    candidates: int = 2
    delta: float = 0.0


def grr(k: int, epsilon: float) -> tuple[float, float]:
    e = math.exp(epsilon)
    return e / (e + k - 1), 1 / (e + k - 1)


def ss(k: int, epsilon: float) -> tuple[float, float]:
    e = math.exp(epsilon)
    w = max(1, round(k / (e + 1)))
    p = w * e / (w * e + k - w)
    choose = math.comb
    return (
        p * choose(k - 2, w - 1) / choose(k - 1, w - 1),
        (1 - p) * choose(k - 2, w - 1) / choose(k - 1, w),
    )


def unary(p: float, q: float) -> tuple[float, float]:
    return p * (1 - q), q * (1 - p)


def oue(k: int, epsilon: float) -> tuple[float, float]:
    del k
    return unary(0.5, 1 / (math.exp(epsilon) + 1))


def sue(k: int, epsilon: float) -> tuple[float, float]:
    del k
    keep = 1 / (1 + math.exp(-epsilon / 2))
    return unary(keep, 1 - keep)


def the(k: int, epsilon: float) -> tuple[float, float]:
    theta = ldpaudit.mechanism("the", k=k, epsilon=epsilon).theta
    return unary(
        1 - 0.5 * math.exp(epsilon * (theta - 1) / 2), 0.5 * math.exp(-epsilon * theta / 2)
    )


def hashing(g: int, epsilon: float) -> tuple[float, float]:
    e = math.exp(epsilon)
    return (1 - 1 / g) * e / (e + g - 1), (1 - 1 / g) / (e + g - 1)


def blh(k: int, epsilon: float) -> tuple[float, float]:
    del k
    return hashing(2, epsilon)


def olh(k: int, epsilon: float) -> tuple[float, float]:
    del k
    return hashing(round(math.exp(epsilon)) + 1, epsilon)


PAIRS: dict[str, Callable[[int, float], tuple[float, float]]] = {
    "grr": grr,
    "ss": ss,
    "sue": sue,
    "oue": oue,
    "the": the,
    "blh": blh,
    "olh": olh,
}


def pair_laws(epsilon: float) -> Iterator[Law]:
    """The pair game under the likelihood-ratio witness; `the` leaks less than it claims."""
    for name, k in [("grr", 2), *((name, 25) for name in PAIRS)]:
        correct, wrong = PAIRS[name](k, epsilon)
        yield Law(f"{name} {k}", math.log(correct / wrong), correct, wrong)


def laws(epsilon: float) -> Iterator[Law]:
    """Every guessing game: the pairs, and 25 candidates."""
    yield from pair_laws(epsilon)
    correct = grr(25, epsilon)[0]
    yield Law("grr 25, all values", epsilon, correct, 1 - correct, 25)


def spent_delta(epsilon: float) -> Iterator[Law]:
    """Games on the edge of (epsilon, delta): with and without abstentions, 2 and 5 candidates."""
    for delta, c, wrong in [(0.05, 2, 0.02), (0.001, 2, 0.004), (0.02, 5, 0.01)]:
        ratio = math.exp(epsilon) / (c - 1)
        yield Law(f"{c} at {delta}", epsilon, ratio * wrong / 2 + delta, wrong / 2, c, delta)
        precision = (ratio + delta) / (1 + ratio)
        yield Law(f"{c} at {delta}, all decided", epsilon, precision, 1 - precision, c, delta)


def middle(trials: int, rate: float) -> Ints:
    """Counts within 7 standard deviations of the mean."""
    reach = 7 * math.sqrt(trials * rate * (1 - rate)) + 7
    low, high = max(0, math.floor(trials * rate - reach)), math.ceil(trials * rate + reach)
    return np.arange(low, min(trials, high) + 1)


def guesses_missed(
    bound: Any, law: Law, claimed: float, trials: int, alpha: float = ALPHA
) -> float:
    """P(bound > epsilon): over the decided, the tail from the least damning number correct."""
    decides = min(1.0, law.correct + law.wrong)
    number = middle(trials, decides)
    least, needed = np.empty_like(number), 0
    for place, decided in enumerate(number.tolist()):
        # More decided guesses with as many correct show no more, so `needed` never falls.
        while needed <= decided and not exceeds_by_guesses(
            bound, law, claimed, GuessCounts(law.candidates, needed, decided, trials), alpha
        ):
            needed += 1
        least[place] = needed
    tails = stats.binom.sf(least - 1, number, law.correct / decides)
    return float(stats.binom.pmf(number, trials, decides) @ tails)


def exceeds_by_guesses(
    bound: Any, law: Law, claimed: float, counts: GuessCounts, alpha: float
) -> bool:
    found = bound.from_guesses(counts, alpha=alpha, delta=law.delta, claimed=claimed)
    return bool(found > law.epsilon + ROUNDING)


def event_missed(
    bound: Any,
    p: float,
    q: float,
    trials: int,
    epsilon: float,
    claimed: float,
    *,
    delta: float = 0.0,
    fewest: int = 0,
    alpha: float = ALPHA,
    others: int | None = None,
) -> float:
    """P(bound > epsilon): over the hits, the tail up to the most false hits that allow it.

    A bound that says nothing below `fewest` false hits is not above epsilon there. There are
    `others` trials of the second input, None for as many as of the first.
    """
    against = trials if others is None else others
    number = middle(trials, p)
    most, allowed = np.empty_like(number), fewest - 1
    for place, hits in enumerate(number.tolist()):

        def exceeds(false_hits: int, hits: int = hits) -> bool:
            counts = EventCounts(hits, trials, false_hits, against)
            found = bound.from_event(counts, alpha=alpha, delta=delta, claimed=claimed)
            return bool(found > epsilon + ROUNDING)

        while allowed < against and exceeds(allowed + 1):
            allowed += 1
        most[place] = allowed
    tails = stats.binom.cdf(most, against, q) - stats.binom.cdf(fewest - 1, against, q)
    return float(stats.binom.pmf(number, trials, p) @ tails)
