"""Many reports of one user as one report: what is collected over time, held to one claim.

A user's reports of all rounds together are the output of a mechanism on the user's values of
all rounds. Written as one, everything that holds for mechanisms holds for them: the exact
Bayes attacker, the likelihood ratio, the bounds, the delta curve. Reports have the rounds on
their second axis.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt

from ldpaudit import validate
from ldpaudit.arrays import Floats
from ldpaudit.contracts import HasExactEpsilon, HasLikelihood, HasMemos, Longitudinal, Reports
from ldpaudit.parameters import parameters
from ldpaudit.registry import create


def _stacked(rounds: list[Any]) -> Reports:
    """Reports of all rounds, users first."""
    return np.stack([np.asarray(reports) for reports in rounds], axis=1)


def _split(reports: Reports) -> list[Any]:
    """Reports by round, as the mechanism drew them."""
    rows = np.asarray(reports)
    return [np.ascontiguousarray(rows[:, t]) for t in range(rows.shape[1])]


@dataclass(frozen=True)
class Repeated:
    """The same value sent again and again by a one-shot protocol, without memoisation.

    Parameters
    ----------
    k : int
        Number of values, at least 2.
    epsilon : float
        Budget of all reports together in natural-log units; each has epsilon / rounds.
    base : str
        Registered one-shot protocol with a likelihood.
    rounds : int
        Number of reports, at least 1.
    delta : float, default 0.0
        Delta of all reports together, for protocols that have one; each has delta / rounds.

    Raises
    ------
    ValueError, TypeError
        If a parameter is out of range, or the protocol unknown or without a likelihood.

    Notes
    -----
    Reports have shape (n, rounds, ...). The claim, epsilon, is sequential composition, and
    exact: the ratio of `rounds` equal reports is the product of theirs. Source of the
    experiment: Arcolezi and Gambs, PoPETs 2024, the longitudinal case study.

    Examples
    --------
    >>> m = Repeated(k=4, epsilon=5.0, base="grr", rounds=5)
    >>> round(m.single.epsilon, 6), round(m.exact_epsilon(), 6)
    (1.0, 5.0)
    >>> m.privatize([0, 3], rng=np.random.default_rng(0)).shape
    (2, 5)
    """

    k: int
    epsilon: float
    base: str
    rounds: int
    delta: float = 0.0

    def __post_init__(self) -> None:
        validate.check_integer("rounds", self.rounds, 1)
        validate.check_epsilon(self.epsilon)
        validate.check_delta(self.delta)
        if not isinstance(self.single, HasLikelihood):
            raise ValueError(f"base must be a protocol with a likelihood, got {self.base!r}.")

    @cached_property
    def single(self) -> Any:
        """The mechanism of one report."""
        budget: dict[str, Any] = {"k": self.k, "epsilon": self.epsilon / self.rounds}
        if self.delta:
            budget["delta"] = self.delta / self.rounds
        return create("protocols", self.base, **budget)

    @property
    def pairs_alike(self) -> bool:
        """As of one report: all are of one value."""
        return bool(getattr(self.single, "pairs_alike", False))

    def privatize(self, values: npt.ArrayLike, *, rng: np.random.Generator) -> Reports:
        """Draw `rounds` independent reports per value: shape (n, rounds, ...)."""
        return _stacked([self.single.privatize(values, rng=rng) for _ in range(self.rounds)])

    def log_likelihood(self, reports: Reports, values: npt.ArrayLike | None = None) -> Floats:
        """Log P(all reports | value), shape (n, len(values)); None means all k values."""
        parts = [self.single.log_likelihood(rows, values) for rows in _split(reports)]
        return np.asarray(np.sum(parts, axis=0))

    def exact_epsilon(self) -> float:
        """Largest log ratio of all reports together: rounds times that of one."""
        one = self.single
        return (
            self.rounds * float(one.exact_epsilon())
            if isinstance(one, HasExactEpsilon)
            else math.inf
        )


@dataclass(frozen=True)
class ConstantHistory:
    """All reports of a user whose value never changes, by a protocol that memoises.

    Parameters
    ----------
    k : int
        Number of values, at least 2.
    epsilon : float
        Budget of all reports of one value together, epsilon_inf, in natural-log units.
    one_report : float
        Budget of one report, below `epsilon`.
    base : str
        Registered longitudinal protocol of the two budgets.
    rounds : int
        Number of reports, at least 1.

    Raises
    ------
    ValueError, TypeError
        If a parameter is out of range, or the protocol unknown or not longitudinal.

    Notes
    -----
    Reports have shape (n, rounds, ...). ``exact_epsilon`` is the protocol's
    ``composed_epsilon(rounds)``: it grows with the rounds and never reaches epsilon_inf.

    Examples
    --------
    >>> m = ConstantHistory(k=10, epsilon=2.0, one_report=1.0, base="l-osue", rounds=5)
    >>> round(m.single.exact_epsilon(), 4), 1.9 < m.exact_epsilon() < 2.0
    (1.0, True)
    """

    k: int
    epsilon: float
    one_report: float
    base: str
    rounds: int

    def __post_init__(self) -> None:
        validate.check_integer("rounds", self.rounds, 1)
        validate.check_epsilon(self.epsilon)
        if not isinstance(self.single, Longitudinal):
            raise ValueError(f"base must be a longitudinal protocol, got {self.base!r}.")

    @cached_property
    def single(self) -> Any:
        """The mechanism of one report, and of all of them."""
        return create(
            "protocols", self.base, k=self.k, epsilon=self.one_report, epsilon_inf=self.epsilon
        )

    @property
    def pairs_alike(self) -> bool:
        """As of one report: all are of one value."""
        return bool(getattr(self.single, "pairs_alike", False))

    def privatize(self, values: npt.ArrayLike, *, rng: np.random.Generator) -> Reports:
        """Draw the reports of new users in all rounds: shape (n, rounds, ...)."""
        own = validate.check_values(values, self.k)
        state = self.single.start(own.size, rng=rng)
        rounds = range(self.rounds)
        return _stacked([self.single.privatize_round(own, state, rng=rng) for _ in rounds])

    def log_likelihood(self, reports: Reports, values: npt.ArrayLike | None = None) -> Floats:
        """Log P(all reports | value), shape (n, len(values)); None means all k values."""
        return np.asarray(self.single.history_log_likelihood(_split(reports), values))

    def exact_epsilon(self) -> float:
        """Largest log ratio of all reports together, of two values that never change."""
        return float(self.single.composed_epsilon(self.rounds))

    def relation(self, pair: tuple[int, int]) -> str:
        """What kind of neighbours two inputs are, in words."""
        del pair
        return f"histories of one value in all {self.rounds} rounds"


def _with_memos(name: str, value: Any, made: Any) -> Any:
    del made
    if not isinstance(value, HasMemos):
        raise TypeError(f"{name} must have memos, got {type(value).__name__}.")
    return value


def _value_paths(name: str, value: Any, made: Histories) -> tuple[tuple[int, ...], ...]:
    table = np.asarray(value)
    if table.ndim != 2 or len(table) < 2 or not table.shape[1]:
        raise ValueError(f"{name} must have shape (at least 2, rounds), got {table.shape}.")
    validate.check_values(table.ravel(), made.mechanism.k)
    return tuple(tuple(int(v) for v in row) for row in table)


@dataclass(frozen=True)
@parameters(mechanism=_with_memos, histories=_value_paths)
class Histories:
    """All reports of a user who goes through one of several histories; its inputs are those.

    Parameters
    ----------
    mechanism : Longitudinal
        The protocol.
    histories : array of shape (number of histories, rounds)
        Values of each history, at least two histories.

    Raises
    ------
    ValueError, TypeError
        If there are fewer than two histories, or a value is out of range.

    Notes
    -----
    `epsilon` is what memoisation is said to promise: epsilon_inf for every memo of the history
    that makes most of them. It holds between histories that change at the same times. Between
    others it may not: that a memo comes again is seen. The likelihood is exact: memos are
    independent, so that the rounds of one memo are a constant history and memos multiply.

    Examples
    --------
    >>> import ldpaudit
    >>> base = ldpaudit.mechanism("l-grr", k=3, epsilon=0.4, epsilon_inf=0.5)
    >>> m = Histories(base, [[0, 0, 0], [1, 2, 1]])
    >>> m.k, m.epsilon, m.relation((0, 1))
    (2, 1.0, 'histories (0, 0, 0) and (1, 2, 1), which change at different times')
    """

    mechanism: Longitudinal
    histories: Any

    @property
    def k(self) -> int:
        """Number of histories."""
        return len(self.histories)

    @property
    def epsilon(self) -> float:
        """What is claimed: epsilon_inf for each value of the history that has most of them."""
        most = max(len(set(history)) for history in self.histories)
        return float(self.mechanism.worst_spent(most))

    def relation(self, pair: tuple[int, int]) -> str:
        """Whether two histories change at the same times."""
        one, two = (self.histories[i] for i in pair)
        same = _pattern(one) == _pattern(two)
        when = "the same times" if same else "different times"
        return f"histories {one} and {two}, which change at {when}"

    def privatize(self, values: npt.ArrayLike, *, rng: np.random.Generator) -> Reports:
        """Draw the reports of new users who go through these histories: (n, rounds, ...)."""
        followed = np.array(self.histories)[validate.check_values(values, self.k)]
        state = self.mechanism.start(len(followed), rng=rng)
        return _stacked([self.mechanism.privatize_round(own, state, rng=rng) for own in followed.T])

    def log_likelihood(self, reports: Reports, values: npt.ArrayLike | None = None) -> Floats:
        """Log P(all reports | history), shape (n, len(values)); None means all histories."""
        asked = np.arange(self.k) if values is None else validate.check_values(values, self.k)
        rounds = _split(reports)
        public = np.asarray(self.mechanism.log_public(rounds[0]))  # type: ignore[attr-defined]
        table = np.repeat(public[:, None], asked.size, axis=1)
        for column, index in enumerate(asked):
            history = np.array(self.histories[index])
            memos = self.mechanism.memos(rounds[0])[:, history]  # type: ignore[attr-defined]
            # Users whose memos coincide in the same rounds are done together.
            first = np.argmax(memos[:, :, None] == memos[:, None, :], axis=2)
            patterns, group = np.unique(first, axis=0, return_inverse=True)
            for number, pattern in enumerate(patterns):
                users = np.flatnonzero(group.ravel() == number)
                for start in np.unique(pattern):
                    own = [rounds[t][users] for t in np.flatnonzero(pattern == start)]
                    part = self.mechanism.history_log_likelihood(own, history[[start]])
                    table[users, column] += np.asarray(part)[:, 0] - public[users]
        return table


def _pattern(history: tuple[int, ...]) -> tuple[int, ...]:
    """For each round the first with the same value."""
    return tuple(history.index(value) for value in history)


@dataclass(frozen=True)
class Change:
    """Did a user's value change? Input 0 is a history that does not, input 1 one that does.

    Parameters
    ----------
    mechanism : Longitudinal
        The protocol.
    rounds : int
        Number of reports, at least 2.
    change_at : int
        Round, counted from 0, from which on the value of input 1 is another one.

    Raises
    ------
    ValueError, TypeError
        If `change_at` is not a round after the first, or the mechanism tells no memos.

    Notes
    -----
    The value is uniform, and so is the one it changes to among the others; the attacker knows
    the time, not the values. Told apart by the likelihood ratio, the share of right answers is
    (1 + advantage) / 2, and no attacker has a larger advantage. `epsilon` is that of two memos;
    no guarantee speaks of whether a value changed.

    Examples
    --------
    >>> import ldpaudit
    >>> m = Change(ldpaudit.mechanism("l-grr", k=3, epsilon=0.9, epsilon_inf=1.0), 6, 3)
    >>> m.privatize([0, 1], rng=np.random.default_rng(0)).shape
    (2, 6)
    """

    mechanism: Longitudinal
    rounds: int
    change_at: int

    k = 2

    def __post_init__(self) -> None:
        validate.check_integer("rounds", self.rounds, 2)
        validate.check_integer("change_at", self.change_at, 1, self.rounds - 1)
        _with_memos("mechanism", self.mechanism, self)

    @property
    def epsilon(self) -> float:
        """What two memos are said to cost."""
        return float(self.mechanism.worst_spent(2))

    def relation(self, pair: tuple[int, int]) -> str:
        """What the inputs are, in words."""
        del pair
        return f"0: the value stays, 1: it changes in round {self.change_at + 1} of {self.rounds}"

    def privatize(self, values: npt.ArrayLike, *, rng: np.random.Generator) -> Reports:
        """Draw users and their reports in all rounds: shape (n, rounds, ...)."""
        changes = validate.check_values(values, 2)
        k = self.mechanism.k
        before = rng.integers(0, k, changes.size)
        after = (before + rng.integers(1, k, changes.size) * changes) % k
        state = self.mechanism.start(changes.size, rng=rng)
        own = [before] * self.change_at + [after] * (self.rounds - self.change_at)
        return _stacked([self.mechanism.privatize_round(v, state, rng=rng) for v in own])

    def log_likelihood(self, reports: Reports, values: npt.ArrayLike | None = None) -> Floats:
        """Log P(all reports | the value stayed, or changed), shape (n, len(values))."""
        asked = np.arange(2) if values is None else validate.check_values(values, 2)
        rounds, k = _split(reports), self.mechanism.k
        validate.check_table_size(len(rounds[0]), k)
        whole = np.asarray(self.mechanism.history_log_likelihood(rounds))
        one = np.asarray(self.mechanism.history_log_likelihood(rounds[: self.change_at]))
        two = np.asarray(self.mechanism.history_log_likelihood(rounds[self.change_at :]))
        memos = np.asarray(self.mechanism.memos(rounds[0]))  # type: ignore[attr-defined]
        stayed = _log_mean(whole)
        # Pairs of different values: of different memos they multiply, of one memo nothing changed.
        top = [np.maximum(table.max(axis=1), -1e300) for table in (whole, one, two)]
        likely = [np.exp(t - m[:, None]) for t, m in zip((whole, one, two), top, strict=True)]
        same_memo, within = np.zeros(len(whole)), np.zeros(len(whole))
        for memo in range(int(memos.max()) + 1):
            here = memos == memo
            parts = [np.where(here, table, 0.0).sum(axis=1) for table in likely]
            same_memo += parts[1] * parts[2]
            # A memo of m values has m - 1 partners for each of them, all of one likelihood.
            within += np.maximum(here.sum(axis=1) - 1, 0) * parts[0]
        apart = np.maximum(likely[1].sum(axis=1) * likely[2].sum(axis=1) - same_memo, 0.0)
        public = np.asarray(self.mechanism.log_public(rounds[0]))  # type: ignore[attr-defined]
        with np.errstate(divide="ignore"):
            changed = np.logaddexp(
                np.log(apart) + top[1] + top[2] - public, np.log(within) + top[0]
            ) - math.log(k * (k - 1))
        return np.stack((stayed, changed), axis=1)[:, asked]


def _log_mean(table: Floats) -> Floats:
    """Log of the mean of exp, along rows."""
    top = np.maximum(table.max(axis=1), -1e300)
    with np.errstate(divide="ignore"):
        return np.asarray(top + np.log(np.exp(table - top[:, None]).mean(axis=1)))
