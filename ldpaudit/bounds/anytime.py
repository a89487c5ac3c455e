"""Bounds that hold at every look: audits that stop when they have seen enough.

An e-process is money that a gambler makes against a claim, fairly: were the claim
true, the expected money would never exceed what was staked, however often one looks.
By Ville's inequality it then ever reaches 1 / alpha with probability at most alpha.
The least epsilon against which the gambler has not got so rich is therefore a lower
bound at all sample sizes at once, and its largest value so far is one too.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from ldpaudit import validate
from ldpaudit.arrays import Floats
from ldpaudit.contracts import Values
from ldpaudit.counts import EventCounts, GuessCounts

#: Weight, in guesses, of the prior opinion that the mechanism leaks what it claims.
_STRENGTH = 100.0
#: Log-odds between which that opinion lies; further out it would rule out everything else.
_PRIOR_RANGE = 20.0
#: Stakes of the mixtures, in parts of the largest that is safe at the claim.
_STAKES: Floats = np.exp2(-np.arange(1.0, 17.0))
#: Guesses at the event's probability under the first input, in parts of 1 - delta.
_CENTRES: Floats = np.array([0.0, 1 / 3, 2 / 3])
#: Thresholds between which the two-stream bets choose.
_LEVELS = 32
#: Below this a tail of the prior is too near the smallest double to divide by.
_TINY = 1e-290
#: Widest search for a bound, in units of epsilon.
_WIDEST = 2.0**11


@dataclass(frozen=True)
class Anytime:
    """Lower bound on epsilon that holds at every look, for guesses and for one event.

    Look as often as you like and stop when you like: the probability that the
    bound is ever above the true epsilon is at most alpha. It is 1.9 to 2.5 times as far
    from the truth as posterior odds at a sample size fixed beforehand (1e4 to 1e6 reports
    an input), and shows a violation with fewer reports, because it need not plan them.

    Notes
    -----
    Guesses, delta = 0: every decided guess is right with probability at most
    theta = e^epsilon / (e^epsilon + c - 1), given the past. The likelihood ratio against
    theta, averaged over a Beta law cut to precisions above theta, is an e-process
    (Robbins 1970; Howard, Ramdas, McAuliffe and Sekhon 2021). That law has its mean at
    the claim and the weight of 100 guesses, so that bounds near the claim are sharpest.

    Guesses, delta > 0: the gambler wins or loses 1{correct} - r 1{wrong} - delta with
    r = e^epsilon / (c - 1), which is at most 0 on average, at 16 stakes mixed evenly.

    One event: every report of the first input pays 1{event} - delta - m, every report of
    the second m - e^epsilon 1{event}. The average over the two inputs is at most 0 for
    any m; 16 stakes and three m are mixed evenly. Valid where a fair coin draws each
    input, and where reports come in pairs, one of each input.

    Stakes are fixed by the claimed epsilon, money depends on counts alone, and falls
    with epsilon until it is gone (for the Beta law: as long as theta is below the share
    of correct guesses, and it is at most 1 beyond), so the least epsilon is a root.

    Examples
    --------
    >>> counts = GuessCounts(num_candidates=2, correct=7311, decided=10_000, trials=10_000)
    >>> round(Anytime().from_guesses(counts, alpha=0.05, delta=0.0, claimed=1.0), 4)
    0.9303
    """

    @property
    def kind(self) -> str:
        """Coverage proved at all looks together."""
        return "anytime"

    def from_guesses(
        self, counts: GuessCounts, *, alpha: float, delta: float, claimed: float
    ) -> float:
        """Lower bound on epsilon; -inf where the counts show nothing."""
        validate.check_fraction("alpha", alpha)

        def money(epsilon: float) -> float:
            return float(guess_evidence(counts, epsilon=epsilon, delta=delta, claimed=claimed))

        return least_kept(money, alpha, claimed)

    def from_event(
        self, counts: EventCounts, *, alpha: float, delta: float, claimed: float
    ) -> float:
        """Lower bound on epsilon; -inf where the counts show nothing."""
        validate.check_fraction("alpha", alpha)

        def money(epsilon: float) -> float:
            return float(event_evidence(counts, epsilon=epsilon, delta=delta, claimed=claimed))

        return least_kept(money, alpha, claimed)


class TwoStreamBetting:
    """Lower bound on epsilon from paired scores, learned and tested on the same stream.

    Fed batches of scores of reports of the first input and as many of the second, it
    bets that the event score >= t is more than e^epsilon times likelier under the first.
    What it bets on a batch, threshold and stake, depends on earlier batches alone, so no
    report is set aside to choose them, and scores may come from a witness that is trained
    on the earlier batches. The first batch is only looked at.

    Parameters
    ----------
    delta : float, default 0.0
        In [0, 1).

    Raises
    ------
    ValueError, TypeError
        If delta is out of range.

    Notes
    -----
    With Z = 1{first in event} - e^epsilon 1{second in event} for each pair, money is
    multiplied by 1 + stake (Z - delta), at most 1 on average: a predictable plug-in
    (Waudby-Smith and Ramdas 2024). The stake is the mean of Z over its mean square, by
    earlier batches, at an epsilon one standard error below their estimate; against larger
    epsilon the stake on Z is cut to e^-epsilon / 2, so that money is never lost at once.
    Money falls with epsilon, and the bound is its root, as for :class:`Anytime`.

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> betting = TwoStreamBetting()
    >>> for _ in range(50):  # randomized response at epsilon = 1, scored by its bit
    ...     betting.update(rng.random(1000) < 0.7311, rng.random(1000) < 0.2689)
    >>> round(betting.epsilon_lower(alpha=0.05), 4)
    0.9822
    """

    def __init__(self, delta: float = 0.0) -> None:
        self.delta = validate.check_delta(delta)
        self._levels: Floats = np.empty(0)
        self._hits = np.zeros((2, 0), dtype=np.int64)
        self._pairs = 0
        self._bets: list[tuple[float, ...]] = []

    def update(self, first: npt.ArrayLike, second: npt.ArrayLike) -> None:
        """Bet on a batch of paired scores, then learn from it.

        Raises
        ------
        ValueError
            If the scores are not two vectors of one length, or hold a nan.
        """
        one, two = np.asarray(first, dtype=np.float64), np.asarray(second, dtype=np.float64)
        if one.ndim != 1 or one.shape != two.shape or np.isnan([one, two]).any():
            raise ValueError(
                "scores must be two vectors of one length without nan, "
                f"got shapes {one.shape} and {two.shape}."
            )
        if not one.size:
            return
        if self._pairs:
            self._bets.append(self._bet(one, two))
        else:
            seen = np.sort(np.concatenate([one, two]))
            self._levels = np.unique(seen[np.linspace(0, seen.size - 1, _LEVELS).astype(int)])
            self._hits = np.zeros((2, self._levels.size), dtype=np.int64)
        for row, scores in enumerate((one, two)):
            reached = np.searchsorted(self._levels, scores, side="right")
            self._hits[row] += (
                scores.size - np.bincount(reached, minlength=self._levels.size + 1).cumsum()[:-1]
            )
        self._pairs += one.size

    def _bet(self, one: Floats, two: Floats) -> tuple[float, ...]:
        """Stake, chosen by the past; pairs with both in the event, the first, the second, none."""
        p, q = (self._hits + 0.5) / (self._pairs + 1)
        gain = p - self.delta
        with np.errstate(divide="ignore", invalid="ignore"):
            error = np.sqrt((p * (1 - p) / gain**2 + (1 - q) / q) / self._pairs)
            promise = np.where(gain > 0, np.log(gain / q) - error, -math.inf)
        best = int(promise.argmax())
        stake = 0.0
        if promise[best] > 0:
            end = self._pairs + one.size
            stake = self._stake(p[best], q[best], error[best] * math.sqrt(self._pairs / end))
        hit, false_hit = one >= self._levels[best], two >= self._levels[best]
        both = int(np.count_nonzero(hit & false_hit))
        alone, other = int(np.count_nonzero(hit)) - both, int(np.count_nonzero(false_hit)) - both
        return stake, both, alone, other, one.size - both - alone - other

    def _stake(self, p: float, q: float, error: float) -> float:
        """Best stake against an epsilon that is one standard error below the estimate."""
        gain = p - self.delta
        odds = gain / q * math.exp(-error)
        mean = gain - odds * q
        return min(0.5, mean / (p * (1 - p) + odds**2 * q * (1 - q) + mean**2))

    def log_wealth(self, epsilon: float) -> float:
        """Log of the money made so far against epsilon; valid at every look."""
        stake, both, alone, other, neither = np.array(self._bets).reshape(-1, 5).T
        odds = _exp(epsilon)
        cut, price = np.minimum(stake, 0.5 * _exp(-epsilon)), stake * self.delta
        money = (
            both * np.log1p(cut * (1 - odds) - price)
            + alone * np.log1p(cut - price)
            + other * np.log1p(-cut * odds - price)
            + neither * np.log1p(-price)
        )
        return float(money.sum())

    def epsilon_lower(self, alpha: float) -> float:
        """Lower bound on epsilon at level 1 - alpha; -inf where nothing is shown so far."""
        return least_kept(self.log_wealth, validate.check_fraction("alpha", alpha), 0.0)


def guess_evidence(counts: GuessCounts, *, epsilon: float, delta: float, claimed: float) -> Floats:
    """Log of an e-process against epsilon in a guessing game; -inf where all is lost.

    Examples
    --------
    >>> counts = GuessCounts(num_candidates=2, correct=800, decided=1000, trials=1000)
    >>> against = guess_evidence(counts, epsilon=1.0, delta=0.0, claimed=1.0)
    >>> round(float(against), 2)  # beyond ln(1 / alpha) the claim is rejected at alpha
    11.17
    """
    others = math.log(counts.num_candidates - 1)
    correct, decided = np.asarray(counts.correct), np.asarray(counts.decided)
    if delta == 0:
        return _beta_mixture(correct, decided - correct, epsilon - others, claimed - others)
    stakes = _STAKES / (_exp(claimed - others) + delta)
    safe = _logs(correct, stakes * (1 - delta)) + _logs(counts.trials - decided, -stakes * delta)
    return _mixed(safe, decided - correct, stakes * (_exp(epsilon - others) + delta))


def event_evidence(counts: EventCounts, *, epsilon: float, delta: float, claimed: float) -> Floats:
    """Log of an e-process against epsilon from one event under two inputs.

    Examples
    --------
    >>> counts = EventCounts(hits=800, trials=1000, false_hits=200, false_trials=1000)
    >>> against = event_evidence(counts, epsilon=1.0, delta=0.0, claimed=1.0)
    >>> round(float(against), 2)
    15.52
    """
    centre = (1 - delta) * _CENTRES[:, None]
    stakes = _STAKES / _exp(max(claimed, 0.0))
    hits, false_hits = np.asarray(counts.hits), np.asarray(counts.false_hits)
    safe = (
        _logs(hits, (stakes * (1 - delta - centre)).ravel())
        + _logs(counts.trials - hits, (-stakes * (delta + centre)).ravel())
        + _logs(counts.false_trials - false_hits, (stakes * centre).ravel())
    )
    return _mixed(safe, false_hits, (stakes * (_exp(epsilon) - centre)).ravel())


def _beta_mixture(correct: Values, wrong: Values, log_odds: float, prior_log_odds: float) -> Floats:
    """Log of the mean likelihood ratio against a precision, over precisions above it."""
    from scipy.special import expit

    centre = min(max(prior_log_odds, -_PRIOR_RANGE), _PRIOR_RANGE)
    right, left = _STRENGTH * expit(np.array([centre, -centre]))
    prior = float(_log_tail(right, left, log_odds))
    posterior = _log_tail(right + correct, left + wrong, log_odds)
    # An epsilon beyond the prior's reach is never rejected.
    return np.asarray(posterior - prior if prior > -math.inf else np.full(wrong.shape, prior))


def _log_tail(right: Floats, left: Floats, log_odds: float) -> Floats:
    """Log of the integral of a Beta kernel over log-odds above one, in parts of its value there."""
    from scipy.special import betainc, betaln, expit, log_expit

    tail = np.asarray(betainc(left, right, expit(-log_odds)))
    with np.errstate(divide="ignore"):
        log_tail = np.where(tail > _TINY, np.log(tail), -math.inf)
    kernel = right * log_expit(log_odds) + left * log_expit(-log_odds)
    return np.asarray(betaln(right, left) + log_tail - kernel)


def _logs(number: Values, payoff: Floats) -> Floats:
    """Log of (1 + payoff) ** number, a column a stake."""
    return np.asarray(number[..., None] * np.log1p(payoff))


def _mixed(safe: Floats, number: Values, loss: Floats) -> Floats:
    """Log of the mean over the stakes of exp(safe) * (1 - loss) ** number.

    Where a loss could exceed the stake nothing may be staked, and nothing is left.
    """
    bearable = loss < 1
    total = safe + _logs(number, -np.where(bearable, loss, 0.0))
    total[..., ~bearable] = -math.inf
    top = np.maximum(total.max(axis=-1), -1e300)
    with np.errstate(divide="ignore"):
        return np.asarray(top + np.log(np.exp(total - top[..., None]).mean(axis=-1)))


def _exp(value: float) -> float:
    return math.exp(min(value, validate.MAX_EPSILON))


def least_kept(log_money: Callable[[float], float], alpha: float, start: float) -> float:
    """Least epsilon against which the money, falling with epsilon, stays below 1 / alpha."""
    from scipy.optimize import brentq

    def excess(epsilon: float) -> float:
        return max(log_money(epsilon) + math.log(alpha), -1e3)

    step = 1.0
    while excess(high := start + step) >= 0:
        step *= 2
    step = 1.0
    while excess(low := start - step) < 0:
        step *= 2
        if step > _WIDEST:
            return -math.inf
    return float(brentq(excess, low, high, xtol=1e-12))
