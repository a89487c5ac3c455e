"""L-GRR: a memoised randomized response, reported through a fresh one in every round."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from ldpaudit.arrays import Floats, Ints
from ldpaudit.parameters import budget, domain_size, parameters
from ldpaudit.protocols.categorical.generalized_randomized_response import (
    RandomizedResponse,
    displaced,
)
from ldpaudit.validate import check_table_size, check_values

from ._chains import Calibration, ResponseChain, calibration, memo_budget
from ._memoised import Memoised, Memory, checked_history, uniforms


@dataclass(frozen=True)
@parameters(epsilon=budget(), epsilon_inf=memo_budget, k=domain_size(), calibration=calibration)
class LongitudinalRandomizedResponse(RandomizedResponse, Memoised):
    """L-GRR: randomized response with epsilon_inf once per value, then one per report.

    Parameters
    ----------
    k : int
        Number of values, at least 2.
    epsilon : float
        Privacy budget of one report in natural-log units, positive, below `epsilon_inf`.
    epsilon_inf : float
        Privacy budget of all reports of one value together, at most 700.
    calibration : {'exact', 'published'}, default 'exact'
        The fresh round that makes one report cost `epsilon` (exact), or the one of the papers,
        which does so for k = 2 and costs less for more values.

    Raises
    ------
    ValueError, TypeError
        If a parameter is out of range or no number.

    Notes
    -----
    As a one-shot mechanism it is one report: randomized response of the two rounds together.
    With the exact calibration that is GRR with `epsilon`, whatever `epsilon_inf` is. Reports
    have shape (n,), dtype int64, in [0, k). Source: Arcolezi, Couchot, Al Bouna and Xiao,
    *Improving the utility of locally differentially private protocols for longitudinal and
    multidimensional frequency estimates*, Digital Communications and Networks 2022; the exact
    calibration is ours.

    Examples
    --------
    >>> m = LongitudinalRandomizedResponse(k=10, epsilon=1.0, epsilon_inf=2.0)
    >>> round(m.exact_epsilon(), 6), round(m.composed_epsilon(5), 4), round(m.mse(1), 5)
    (1.0, 1.9992, 3.63025)
    >>> loose = LongitudinalRandomizedResponse(10, 1.0, 2.0, calibration="published")
    >>> round(loose.exact_epsilon(), 4), round(loose.mse(1), 5)
    (0.6994, 9.76774)
    >>> rng = np.random.default_rng(0)
    >>> state = m.start(3, rng=rng)
    >>> rounds = [m.privatize_round([0, 5, 9], state, rng=rng) for _ in range(20)]
    >>> m.spent(state), m.worst_spent(20)
    (array([2., 2., 2.]), 20.0)
    """

    k: int
    epsilon: float
    epsilon_inf: float
    calibration: Calibration = "exact"

    def _check_together(self) -> None:
        ResponseChain.calibrated(self.k, self.epsilon, self.epsilon_inf, self.calibration)

    @property
    def _chain(self) -> ResponseChain:
        return ResponseChain.calibrated(self.k, self.epsilon, self.epsilon_inf, self.calibration)

    @property
    def p_star(self) -> float:
        """Probability that a report is the own value."""
        return self._chain.own

    @property
    def q_star(self) -> float:
        """Probability that a report is one given other value."""
        return self._chain.other

    @property
    def num_memos(self) -> int:
        """Number of values a user can memoise, k."""
        return self.k

    def start(self, num_users: int, *, rng: np.random.Generator) -> Memory:
        """Draw the keys of so many users; they have sent nothing yet."""
        return self._memory(num_users, rng, self.num_memos)

    def privatize_round(
        self, values: npt.ArrayLike, state: Memory, *, rng: np.random.Generator
    ) -> Ints:
        """Draw one report per user from the memoised response; reports of shape (n,) in [0, k)."""
        own, chain = self._values(values, state, rng), self._chain
        permanent = displaced(own, self.k, chain.q1, uniforms(state.words(own)))
        return displaced(permanent, self.k, chain.q2, rng.random(own.size))

    def history_log_likelihood(
        self, history: Sequence[npt.ArrayLike], values: npt.ArrayLike | None = None
    ) -> Floats:
        """Log P(all reports | the value and that it never changed), shape (n, len(values))."""
        checked_history(history)
        rounds = [check_values(reports, self.k) for reports in history]
        check_table_size(rounds[0].size, self.k)
        counts = np.zeros((rounds[0].size, self.k), dtype=np.int64)
        for seen in rounds:
            counts[np.arange(seen.size), seen] += 1
        table = self._chain.log_likelihood(counts)
        return table if values is None else table[:, check_values(values, self.k)]

    def composed_epsilon(self, rounds: int) -> float:
        """Largest log-likelihood ratio of so many reports, for two values that never change."""
        return self._chain.composed_epsilon(rounds)

    def composed_delta(self, epsilon: float, rounds: int) -> float:
        """Hockey-stick divergence of so many reports, for two values that never change.

        An exact sum over partitions of the rounds: ValueError above 2**23 terms, which is
        50 rounds for large k.
        """
        return self._chain.composed_delta(epsilon, rounds)
