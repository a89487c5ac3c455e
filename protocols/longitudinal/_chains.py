"""Two rounds of noise: a permanent report under a memo, and a fresh report of it every time.

A chain knows the law of one user's reports while the value does not change, and what
they leak. p1, q1 belong to the permanent round and p2, q2 to the fresh one; the larger
of two probabilities that add up to 1 is never had by subtraction from it.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np

from ldpaudit.arrays import Floats, Ints
from ldpaudit.validate import MAX_EPSILON, check_epsilon, check_integer, check_nonnegative

from ._partitions import MAX_TERMS, excess, response_profile, several

Calibration = Literal["exact", "published"]


def memo_budget(name: str, value: Any, made: Any) -> float:
    """Rule of epsilon_inf, the budget of one memo: above epsilon, that of one report."""
    del name
    last = check_epsilon(value)
    if made.epsilon >= last:
        raise ValueError(f"epsilon must be below epsilon_inf = {last!r}, got {made.epsilon!r}.")
    return last


def calibration(name: str, value: Any, made: Any) -> Any:
    """Rule of a calibration: one of two words."""
    del made
    if value not in ("exact", "published"):
        raise ValueError(f"{name} must be 'exact' or 'published', got {value!r}.")
    return value


@dataclass(frozen=True)
class BitChain:
    """A bit that is set with p1 (own) or q1, and shown set with p2 if it is and q2 if not."""

    p1: float
    missed1: float
    q1: float
    p2: float
    missed2: float
    q2: float

    @property
    def own_set(self) -> float:
        """Probability that the own bit is shown set."""
        return self.p1 * self.p2 + self.missed1 * self.q2

    @property
    def own_missed(self) -> float:
        """Probability that the own bit is shown unset."""
        return self.p1 * self.missed2 + self.missed1 * (1 - self.q2)

    @property
    def other_set(self) -> float:
        """Probability that another bit is shown set."""
        return self.q1 * self.p2 + (1 - self.q1) * self.q2

    def log_laws(self, rounds: int) -> tuple[Floats, Floats]:
        """Log probability of a given sequence with n set bits, n = 0..rounds: own bit, other."""
        from scipy.special import xlogy

        n = np.arange(rounds + 1)
        with np.errstate(divide="ignore"):
            on = xlogy(n, self.p2) + xlogy(rounds - n, self.missed2)
            off = xlogy(n, self.q2) + (rounds - n) * np.log1p(-self.q2)
            own = np.logaddexp(math.log(self.p1) + on, math.log(self.missed1) + off)
            other = np.logaddexp(math.log(self.q1) + on, math.log1p(-self.q1) + off)
        return own, other

    def composed_epsilon(self, rounds: int) -> float:
        """Own bit always set and the other's never, against the reverse."""
        own, other = self.log_laws(check_integer("rounds", rounds, 1))
        return float(own[-1] - other[-1] + other[0] - own[0])

    def composed_delta(self, epsilon: float, rounds: int) -> float:
        """Sum over the counts of the two bits; the others tell nothing."""
        from scipy.special import gammaln

        own, other = self.log_laws(check_integer("rounds", rounds, 1))
        n = np.arange(rounds + 1)
        ways = gammaln(rounds + 1) - gammaln(n + 1) - gammaln(rounds - n + 1)
        first = ways[:, None] + ways + own[:, None] + other
        gained = first - (ways[:, None] + ways + other[:, None] + own)
        return excess(first, gained, check_nonnegative("epsilon", epsilon))

    def several_epsilon(self, more: int, less: int, rounds: int) -> float:
        """Largest log ratio of two rows where the first has `more` own bits and lacks `less`."""
        own, other = self.log_laws(check_integer("rounds", rounds, 1))
        return float(more * (own[-1] - other[-1]) + less * (other[0] - own[0]))

    def several_delta(self, more: int, less: int, rounds: int, epsilon: float) -> float:
        """Their hockey-stick divergence, a sum over the multisets of the counts of the bits."""
        from scipy.special import gammaln

        own, other = self.log_laws(check_integer("rounds", rounds, 1))
        terms = math.comb(rounds + more, more) * math.comb(rounds + less, less)
        if terms > MAX_TERMS:
            raise ValueError(f"a sum of {terms} terms is above the limit of {MAX_TERMS}.")
        n = np.arange(rounds + 1)
        ways = gammaln(rounds + 1) - gammaln(n + 1) - gammaln(rounds - n + 1)
        set_law, set_loss = several(ways + own, own - other, more)
        unset_law, unset_loss = several(ways + other, other - own, less)
        law, loss = set_law[:, None] + unset_law, set_loss[:, None] + unset_loss
        return excess(law, loss, check_nonnegative("epsilon", epsilon))


def symmetric_then_symmetric(epsilon: float, epsilon_inf: float) -> BitChain:
    """L-SUE: both rounds flip a bit either way with one probability each."""
    a, b = epsilon / 4, epsilon_inf / 4
    # q2 = (1 - tanh(a) / tanh(b)) / 2, where 1 - 2 q2 is the share of the signal that is kept.
    flip = _sinh_ratio(b - a, b) / (2 * math.cosh(a))
    q1 = 1 / (1 + math.exp(epsilon_inf / 2))
    return BitChain(1 - q1, q1, q1, 1 - flip, flip, flip)


def optimized_then_symmetric(epsilon: float, epsilon_inf: float) -> BitChain:
    """L-OSUE: a fair coin for the own bit, then bits are flipped either way."""
    flip = math.expm1(epsilon - epsilon_inf) / math.expm1(-epsilon_inf)
    flip /= 1 + math.exp(epsilon)
    q1 = 1 / (1 + math.exp(epsilon_inf))
    return BitChain(0.5, 0.5, q1, 1 - flip, flip, flip)


def optimized_then_optimized(epsilon: float, epsilon_inf: float) -> BitChain:
    """L-OUE: each round has a fair coin for the bit that is set."""
    q1 = 1 / (1 + math.exp(epsilon_inf))
    return _then_coin(0.5, 0.5, q1, epsilon)


def symmetric_then_optimized(epsilon: float, epsilon_inf: float) -> BitChain:
    """L-SOUE: bits are flipped either way, then a fair coin for each that is set."""
    q1 = 1 / (1 + math.exp(epsilon_inf / 2))
    return _then_coin(1 - q1, q1, q1, epsilon)


def _then_coin(p1: float, missed1: float, q1: float, epsilon: float) -> BitChain:
    """Fresh round with p2 = 1/2 and the q2 that gives one report its epsilon.

    With p_s = p1 / 2 + missed1 x and q_s = q1 / 2 + (1 - q1) x the calibration is
    p_s (1 - q_s) = e^epsilon q_s (1 - p_s), a quadratic in x = q2 that is at least 0 at
    x = 0 (where it can be met at all) and below 0 at 1/2.
    """
    most = math.log(p1 / q1) + math.log((2 - q1) / (2 - p1))
    if epsilon > most:
        raise ValueError(
            f"epsilon must be at most {most!r} at this epsilon_inf: the second round's fair "
            f"coin hides as much, got {epsilon!r}."
        )
    inverse, rest = math.exp(-epsilon), -math.expm1(-epsilon)
    own, other = p1 / 2, q1 / 2
    square = rest * missed1 * (1 - q1)
    linear = missed1 * inverse - (1 - q1) + rest * (own * (1 - q1) + missed1 * other)
    constant = max(0.0, own * inverse - other + rest * own * other)
    q2 = 2 * constant / (-linear + math.sqrt(linear**2 - 4 * square * constant))
    return BitChain(p1, missed1, q1, 0.5, 0.5, q2)


def _sinh_ratio(small: float, large: float) -> float:
    """sinh(small) / sinh(large) for positive arguments of any size."""
    return math.exp(small - large) * math.expm1(-2 * small) / math.expm1(-2 * large)


@dataclass(frozen=True)
class ResponseChain:
    """Randomized response twice over `size` symbols; `log_ratio` is ln(p2 / q2)."""

    size: int
    epsilon_inf: float
    log_ratio: float

    @classmethod
    def calibrated(
        cls, size: int, epsilon: float, epsilon_inf: float, how: Calibration
    ) -> ResponseChain:
        """The fresh round that gives one report its epsilon.

        p2 / q2 - 1 = (e^epsilon - 1) (1 + (m - 1) e^-epsilon_inf) / (1 - e^(epsilon - epsilon_inf))
        for m symbols; the published calibration has m = 2 whatever the number of symbols.
        """
        factor = 1 + ((size if how == "exact" else 2) - 1) * math.exp(-epsilon_inf)
        above = math.expm1(epsilon) * factor / -math.expm1(epsilon - epsilon_inf)
        log_ratio = math.log1p(above)
        if log_ratio > MAX_EPSILON:
            raise ValueError(
                f"epsilon must be further below epsilon_inf = {epsilon_inf!r}, got {epsilon!r}."
            )
        return cls(size, epsilon_inf, log_ratio)

    @property
    def q1(self) -> float:
        """Probability of each false permanent symbol."""
        return math.exp(-self.epsilon_inf) / self._total(self.epsilon_inf)

    @property
    def p1(self) -> float:
        """Probability of the true permanent symbol."""
        return 1 / self._total(self.epsilon_inf)

    @property
    def q2(self) -> float:
        """Probability of each false fresh symbol."""
        return math.exp(-self.log_ratio) / self._total(self.log_ratio)

    @property
    def own(self) -> float:
        """Probability that one report is the true symbol."""
        return (1 + (self.size - 1) * self._faint) / self._normal

    @property
    def other(self) -> float:
        """Probability that one report is one given false symbol."""
        both = math.exp(-self.epsilon_inf) + math.exp(-self.log_ratio)
        return (both + (self.size - 2) * self._faint) / self._normal

    @property
    def _faint(self) -> float:
        return math.exp(-self.epsilon_inf - self.log_ratio)

    @property
    def _normal(self) -> float:
        return self._total(self.epsilon_inf) * self._total(self.log_ratio)

    def _total(self, epsilon: float) -> float:
        return 1 + (self.size - 1) * math.exp(-epsilon)

    def composed_epsilon(self, rounds: int) -> float:
        """All reports the one symbol, against the other."""
        strength = check_integer("rounds", rounds, 1) * self.log_ratio
        apart = math.log((self.size - 1) * self.q1), math.log(self.q1)
        rest = math.log(self.p1 + (self.size - 2) * self.q1)
        own = np.logaddexp(math.log(self.p1) + strength, apart[0])
        return float(own - np.logaddexp(apart[1] + strength, rest))

    @property
    def log_gap(self) -> float:
        """Logarithm of p1 - q1."""
        return math.log(self.q1) + math.log(math.expm1(self.epsilon_inf))

    def log_likelihood(self, counts: Ints) -> Floats:
        """Log probability of sequences with these counts (n, size), for each true symbol."""
        scaled = counts * self.log_ratio
        largest = scaled.max(axis=1, keepdims=True)
        total = largest + np.log(np.exp(scaled - largest).sum(axis=1, keepdims=True))
        likely = np.logaddexp(math.log(self.q1) + total, self.log_gap + scaled)
        return np.asarray(likely + counts.sum(axis=1, keepdims=True) * math.log(self.q2))

    def composed_delta(self, epsilon: float, rounds: int) -> float:
        """Sum over the counts of all symbols."""
        rounds, epsilon = check_integer("rounds", rounds, 1), check_nonnegative("epsilon", epsilon)
        weights = math.log(self.q1), self.log_gap, math.log(self.q2)
        return response_profile(self.size, rounds, self.log_ratio, weights, epsilon)
