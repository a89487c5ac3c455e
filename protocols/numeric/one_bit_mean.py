"""1BitMean: Duchi's bit over time, drawn once for each level to which a user rounds."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt

from ldpaudit.arrays import Floats, Ints
from ldpaudit.parameters import budget, integer, parameters
from ldpaudit.protocols._kernels._bits import width
from ldpaudit.protocols._kernels._levels import row_sizes
from ldpaudit.protocols.longitudinal._chains import BitChain
from ldpaudit.protocols.longitudinal._memoised import Memory, checked_history, uniforms
from ldpaudit.validate import check_generator, check_integer, check_table_size

from ._weights import Weights, weights
from .duchi import Duchi


@dataclass
class RoundingMemory(Memory):
    """Beside the key, the share of a step from which on each user rounds up."""

    offsets: Floats


def _flip(name: str, value: object, made: object) -> float:
    """A probability below 1/2."""
    del made
    if isinstance(value, bool) or not isinstance(value, int | float | np.number):
        raise TypeError(f"{name} must be a number, got {value!r}.")
    if not 0 <= value < 0.5:
        raise ValueError(f"{name} must be at least 0 and below 1/2, got {value!r}.")
    return float(value)


@dataclass(frozen=True)
@parameters(epsilon=budget(), levels=integer(2, 2**16), flip=_flip)
class OneBitMean(Duchi):
    """1BitMean as deployed: rounding that a user draws once, a bit that is memoised for each level.

    A number is rounded to one of evenly spaced levels, up from a place in the step on that the
    user drew once (alpha-point rounding). Each level has one bit of the user's, which is 1 with
    probability 1 / (e + 1) + (x - low) / (high - low) (e - 1) / (e + 1) at the level x, drawn
    once; in every round the bit of the level is sent, flipped with probability `flip`.

    Parameters
    ----------
    epsilon : float
        Privacy budget of one level's bit in natural-log units, positive; also `epsilon_inf`.
    low, high : float, default -1.0 and 1.0
        Ends of the interval of inputs; 0 and m in the paper.
    levels : int, default 2
        Number of levels, from 2 (the two ends) to 65,536.
    flip : float, default 0.0
        Probability that a bit is flipped in a round, in [0, 1/2): output perturbation.

    Raises
    ------
    ValueError, TypeError
        If a parameter is out of range or no number.

    Notes
    -----
    With low = 0, high = m and no flip one report is `Duchi` with `epsilon`, the same law to the
    last digit; with a flip it is `Duchi` with the smaller `exact_epsilon`. Reports are uint32 of
    shape (n,), 0 or 1. All reports of a number that never changes cost no more than `epsilon`,
    those of one that changes `epsilon` for every level that it is rounded to: 2 `epsilon` with
    two levels, if they change at the same times. That a user's bit changes shows that the number
    passed the user's place; a flip hides it in part. Rounds are of the same users and memos, so
    that their errors depend on one another, each being as stated. Source: Ding, Kulkarni and
    Yekhanin, *Collecting telemetry data privately*, NeurIPS 2017, sections 3 and 4.

    Examples
    --------
    >>> import numpy as np
    >>> m = OneBitMean(epsilon=1.0, low=0.0, high=24.0, flip=0.2)
    >>> round(m.exact_epsilon(), 4), round(m.composed_epsilon(10), 4), m.worst_spent(100)
    (0.5694, 1.0, 2.0)
    >>> rng = np.random.default_rng(0)
    >>> state = m.start(4, rng=rng)
    >>> [m.privatize_round([0.0, 3.0, 12.0, 24.0], state, rng=rng).tolist() for _ in range(2)]
    [[0, 0, 1, 0], [0, 1, 1, 0]]
    """

    levels: int = 2
    flip: float = 0.0

    @cached_property
    def _chain(self) -> BitChain:
        """The memoised bit of the upper end (own) and of the lower one, then the flip."""
        set_, unset = 1 / (1 + math.exp(-self.epsilon)), 1 / (1 + math.exp(self.epsilon))
        return BitChain(set_, unset, unset, 1 - self.flip, self.flip, self.flip)

    @cached_property
    def _law(self) -> Weights:
        if not self.flip:
            return weights(self.epsilon, 2, 1)
        chain = self._chain
        return weights(math.log(chain.own_set) - math.log(chain.other_set), 2, 1)

    @property
    def epsilon_inf(self) -> float:
        """Budget of all reports of one level together, `epsilon`."""
        return self.epsilon

    def start(self, num_users: int, *, rng: np.random.Generator) -> RoundingMemory:
        """Draw the keys and the rounding of so many users; they have sent nothing yet."""
        many = check_integer("num_users", num_users, 0)
        keys = check_generator(rng).integers(0, 2**64, many, dtype=np.uint64)
        seen = np.zeros((many, width(self.levels)), dtype=np.uint8)
        return RoundingMemory(keys, seen, rng.random(many))

    def privatize_round(
        self, values: npt.ArrayLike, state: RoundingMemory, *, rng: np.random.Generator
    ) -> npt.NDArray[np.uint32]:
        """One bit per user, from the memo of the level that the number is rounded to."""
        own = self.domain.check(values)
        check_generator(rng)
        if own.size != state.num_users:
            raise ValueError(
                f"values must be one for each of {state.num_users} users, got {own.size}."
            )
        steps = self.levels - 1
        place = self._position(own) * steps
        level = np.minimum(np.floor(place + state.offsets), steps).astype(np.int64)
        bits = uniforms(state.words(level)) < self._memo_set(level)
        if self.flip:
            bits ^= rng.random(own.size) < self.flip
        return bits.astype(np.uint32)

    def _memo_set(self, level: Ints) -> Floats:
        """Probability that the memoised bit of each level is 1."""
        chain = self._chain
        share = level / (self.levels - 1)
        return np.asarray(chain.p1 * share + chain.q1 * (1 - share))

    def history_log_likelihood(
        self, history: Sequence[npt.ArrayLike], values: npt.ArrayLike
    ) -> Floats:
        """Log P(all reports | the number and that it never changed), shape (n, len(values))."""
        from scipy.special import xlogy

        rounds = checked_history(history)
        ones = np.sum([self._checked(reports) for reports in history], axis=0)
        asked = self.domain.check(values)
        check_table_size(ones.size, asked.size)
        # Rounding keeps the mean and the law of a bit is linear in it: P(1) of the memo is too.
        share = self._position(asked)
        memo = self._chain.p1 * share + self._chain.q1 * (1 - share)
        n = np.arange(rounds + 1)[:, None]
        same = xlogy(n, 1 - self.flip) + xlogy(rounds - n, self.flip)
        with np.errstate(divide="ignore"):
            table = np.logaddexp(np.log(memo) + same, np.log1p(-memo) + same[::-1])
        return np.asarray(table[ones])

    def spent(self, state: RoundingMemory) -> Floats:
        """Budget that each user has spent: levels rounded to so far times epsilon, shape (n,)."""
        return np.asarray(row_sizes(state.seen) * self.epsilon)

    def worst_spent(self, rounds: int) -> float:
        """Largest budget that a user can have spent after so many rounds."""
        return min(check_integer("rounds", rounds, 1), self.levels) * self.epsilon

    def composed_epsilon(self, rounds: int) -> float:
        """Exact epsilon of so many reports of numbers that never change: of the two ends."""
        return self._chain.several_epsilon(1, 0, self._told(rounds))

    def composed_delta(self, epsilon: float, rounds: int) -> float:
        """Hockey-stick divergence of so many reports of constant numbers, exact."""
        return self._chain.several_delta(1, 0, self._told(rounds), epsilon)

    def _told(self, rounds: int) -> int:
        """Rounds that say something: without a flip all are alike."""
        many = check_integer("rounds", rounds, 1)
        return many if self.flip else 1
