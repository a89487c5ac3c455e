"""ALLOMFREE: records over time, one attribute a user, by L-GRR or L-OSUE, whichever errs less."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt

from ldpaudit.arrays import Floats, Ints, Rows
from ldpaudit.parameters import budget, parameters
from ldpaudit.protocols.longitudinal._chains import Calibration, calibration, memo_budget
from ldpaudit.protocols.longitudinal._memoised import Memory, checked_history
from ldpaudit.protocols.longitudinal.longitudinal_response import LongitudinalRandomizedResponse
from ldpaudit.protocols.longitudinal.longitudinal_unary import (
    LongitudinalOptimizedSymmetricEncoding,
)
from ldpaudit.validate import check_generator, check_integer, check_table_size

from ._records import record_sizes
from .split_and_sample import SampledAttribute


@dataclass
class RecordMemory:
    """The attribute that each user has drawn for ever, and what is memoised for each of them."""

    attribute: Ints
    memories: list[Memory]

    def users(self, attribute: int) -> Ints:
        """Who has drawn an attribute."""
        return np.flatnonzero(self.attribute == attribute)


@dataclass(frozen=True)
@parameters(epsilon=budget(), epsilon_inf=memo_budget, sizes=record_sizes, calibration=calibration)
class Allomfree(SampledAttribute):
    """ALLOMFREE: SMP with a fixed attribute a user, each by L-GRR or L-OSUE.

    For every attribute that of the two is taken whose variance V* (f = 0) is smaller; L-GRR
    for few values. As a one-shot mechanism it is one report of a new user.

    Parameters
    ----------
    sizes : sequence of int
        Numbers of values of the d attributes, each at least 2, their product below 2**62.
    epsilon : float
        Privacy budget of one report in natural-log units, positive, below `epsilon_inf`.
    epsilon_inf : float
        Privacy budget of all reports of one record together, at most 700.
    calibration : {'exact', 'published'}, default 'exact'
        Of L-GRR; the published one is loose for more than two values, and L-OSUE is then
        taken more often.

    Raises
    ------
    ValueError, TypeError
        If a parameter is out of range or no number.

    Notes
    -----
    Reports as for `AttributeSampling`; a user's attribute is the same in every round, or
    budgets would add up over all of them. Source: Arcolezi, Couchot, Al Bouna and Xiao,
    *Improving the utility of locally differentially private protocols for longitudinal and
    multidimensional frequency estimates*, Digital Communications and Networks 2022.

    Examples
    --------
    >>> m = Allomfree(sizes=(3, 40), epsilon=1.0, epsilon_inf=2.0)
    >>> [type(oracle).__name__[:18] for oracle in m.attributes]
    ['LongitudinalRandom', 'LongitudinalOptimi']
    >>> rng = np.random.default_rng(0)
    >>> state = m.start(4, rng=rng)
    >>> one, two = (m.privatize_round([5, 17, 99, 0], state, rng=rng) for _ in range(2))
    >>> bool((one["attribute"] == two["attribute"]).all()), m.spent(state)
    (True, array([2., 2., 2., 2.]))
    """

    sizes: tuple[int, ...]
    epsilon: float
    epsilon_inf: float
    calibration: Calibration = "exact"

    @cached_property
    def attributes(self) -> tuple[Any, ...]:
        """The protocol of each attribute."""
        return tuple(self._better(size) for size in self.sizes)

    def _better(self, size: int) -> Any:
        both = (
            LongitudinalRandomizedResponse(
                size, self.epsilon, self.epsilon_inf, calibration=self.calibration
            ),
            LongitudinalOptimizedSymmetricEncoding(size, self.epsilon, self.epsilon_inf),
        )
        return min(both, key=lambda oracle: oracle.mse(1))

    def start(self, num_users: int, *, rng: np.random.Generator) -> RecordMemory:
        """Let so many users draw their attribute, and the keys for what they will memoise."""
        n = check_integer("num_users", num_users, 0)
        drawn = check_generator(rng).integers(0, len(self.sizes), n)
        numbers = np.bincount(drawn, minlength=len(self.sizes))
        pairs = zip(self.attributes, numbers, strict=True)
        return RecordMemory(drawn, [oracle.start(int(m), rng=rng) for oracle, m in pairs])

    def privatize_round(
        self, values: npt.ArrayLike, state: RecordMemory, *, rng: np.random.Generator
    ) -> Rows:
        """Draw one report per user: a structured vector, ``attribute`` says which field counts."""
        records = self.records(values)
        if len(records) != state.attribute.size:
            raise ValueError(
                f"values must be one for each of {state.attribute.size} users, got {len(records)}."
            )
        reports = np.zeros(len(records), dtype=self._dtype)
        reports["attribute"] = state.attribute
        for j, (oracle, memory) in enumerate(zip(self.attributes, state.memories, strict=True)):
            users = state.users(j)
            reports[f"a{j}"][users] = oracle.privatize_round(records[users, j], memory, rng=rng)
        return reports

    def spent(self, state: RecordMemory) -> Floats:
        """Budget each user has spent: values of the attribute so far times epsilon_inf."""
        out = np.zeros(state.attribute.size)
        for j, (oracle, memory) in enumerate(zip(self.attributes, state.memories, strict=True)):
            out[state.users(j)] = oracle.spent(memory)
        return out

    def worst_spent(self, rounds: int) -> float:
        """Largest budget that a user can have spent after so many rounds."""
        return float(max(oracle.worst_spent(rounds) for oracle in self.attributes))

    def history_log_likelihood(
        self, history: Sequence[Rows], values: npt.ArrayLike | None = None
    ) -> Floats:
        """Log P(all reports | the record and that it never changed), (n, len(values))."""
        checked_history(history)
        rounds = [self._rows(reports) for reports in history]
        asked = self._asked(rounds[0], values)
        drawn = rounds[0]["attribute"]
        if any(not np.array_equal(rows["attribute"], drawn) for rows in rounds):
            raise ValueError(
                "history must hold one attribute a user, got another in a later round."
            )
        table = np.full((drawn.size, asked.shape[1]), -math.log(len(self.sizes)))
        for j, oracle in enumerate(self.attributes):
            users = np.flatnonzero(drawn == j)
            if users.size:
                own = [np.ascontiguousarray(rows[f"a{j}"][users]) for rows in rounds]
                table[users] += oracle.history_log_likelihood(own)[:, asked[j]]
        return table

    def composed_epsilon(self, rounds: int) -> float:
        """Largest log-likelihood ratio of so many reports, for two records that never change."""
        return float(max(oracle.composed_epsilon(rounds) for oracle in self.attributes))

    def composed_delta(self, epsilon: float, rounds: int) -> float:
        """Hockey-stick divergence of so many reports of records that differ everywhere.

        The attribute is drawn alike for both and disclosed, so it is the mean over attributes.
        """
        parts = [oracle.composed_delta(epsilon, rounds) for oracle in self.attributes]
        return math.fsum(parts) / len(parts)

    def memos(self, reports: Rows) -> Ints:
        """Number of the memo that each record makes, (n, k): its value of the user's attribute."""
        drawn = self._rows(reports)["attribute"]
        check_table_size(max(drawn.size, 1), self.k)
        return np.asarray(self.records(np.arange(self.k)).T[drawn])

    def log_public(self, reports: Rows) -> Floats:
        """Log probability of the user's attribute, shape (n,)."""
        return np.full(len(reports), -math.log(len(self.sizes)))
