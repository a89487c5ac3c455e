"""Reports of users who draw a fresh value every time, by one of several habits."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from ldpaudit import validate
from ldpaudit.adapters.histories import _split, _stacked
from ldpaudit.arrays import Floats
from ldpaudit.contracts import HasLikelihood, HasReports, Mechanism, Reports
from ldpaudit.parameters import integer, parameters


def pool_habits(
    popularity: npt.ArrayLike, pools: Sequence[npt.ArrayLike], polarisation: float
) -> Floats:
    """How often users who favour each of several pools of values draw each value.

    Parameters
    ----------
    popularity : array of shape (k,)
        Probability of each value for a user who favours nothing.
    pools : sequence of int arrays
        At least two sets of values, no value in two of them; others belong to none.
    polarisation : float
        Probability, from 0 to 1, that a value of a pool is of the favoured one for sure; else it
        is of any pool.

    Returns
    -------
    array of shape (pools, k)
        A user draws a value of no pool as often as `popularity` says. A value of a pool is
        with probability `polarisation` drawn from the favoured pool, else from all pools, both
        in proportion to `popularity`.

    Raises
    ------
    ValueError, TypeError
        If an argument is out of range, a value is in two pools, or nobody draws one of a pool.

    Notes
    -----
    After Gadotti, Houssiau, Annamalai and de Montjoye, *Pool inference attacks on local
    differential privacy*, USENIX Security 2022: pools are for instance the skin tones of emoji.

    Examples
    --------
    >>> pool_habits([0.4, 0.2, 0.2, 0.2], [[0, 1], [2]], polarisation=0.5).round(3)
    array([[0.467, 0.233, 0.1  , 0.2  ],
           [0.2  , 0.1  , 0.5  , 0.2  ]])
    """
    size = np.asarray(popularity).size
    law = validate.check_distribution("popularity", popularity, size)
    share = validate.check_probability("polarisation", polarisation)
    members = [validate.check_values(np.asarray(pool), size) for pool in pools]
    if len(members) < 2:
        raise ValueError(f"pools must be at least two, got {len(members)}.")
    every = np.concatenate(members)
    if np.unique(every).size < every.size:
        raise ValueError("pools must hold no value twice.")
    table = np.tile(law, (len(members), 1))
    pooled = float(law[every].sum())
    table[:, every] *= 1 - share
    for row, (mine, values) in enumerate(zip(table, members, strict=True)):
        own = float(law[values].sum())
        if not own:
            raise ValueError(f"popularity must let pool {row} be drawn from, got 0 for all of it.")
        mine[values] += share * law[values] * (pooled / own)
    return table


def _with_likelihood(name: str, value: Any, made: Any) -> Any:
    del made
    if not isinstance(value, Mechanism) or not isinstance(value, HasLikelihood):
        raise TypeError(
            f"{name} must have k, privatize and log_likelihood, got {type(value).__name__}."
        )
    return value


def _laws(name: str, value: Any, made: Habits) -> tuple[tuple[float, ...], ...]:
    table = validate.check_floats(name, value)
    k = made.mechanism.k
    if table.ndim != 2 or len(table) < 2 or table.shape[1] != k:
        raise ValueError(f"{name} must have shape (at least 2, {k}), got {table.shape}.")
    rows = (validate.check_distribution(f"each of {name}", row, k) for row in table)
    return tuple(tuple(row.tolist()) for row in rows)


@dataclass(frozen=True)
@parameters(mechanism=_with_likelihood, habits=_laws, rounds=integer(1))
class Habits:
    """All reports of a user who draws a fresh value every time; the inputs are the habits.

    Parameters
    ----------
    mechanism : Mechanism
        What sends each report, with fresh randomness each time, and its likelihood.
    habits : array of shape (number of habits, k)
        Probability of each value for each habit, at least two habits; see `pool_habits`.
    rounds : int
        Number of reports, at least 1.

    Raises
    ------
    ValueError, TypeError
        If there are fewer than two habits, or a parameter is out of range.

    Notes
    -----
    Reports have shape (n, rounds, ...). Given the habit they are independent, so that the
    likelihood is a product of mixtures, and the attack ``bayes`` on it is the best attacker on
    the habit. `epsilon` is that of so many reports together; habits that overlap cost less.
    What memoises sends values that come again in the same words: that is not played here, each
    report is of a new user.

    Examples
    --------
    >>> import ldpaudit
    >>> base = ldpaudit.mechanism("grr", k=4, epsilon=1.0)
    >>> m = Habits(base, pool_habits([0.25] * 4, [[0, 1], [2, 3]], 0.8), rounds=5)
    >>> m.k, m.epsilon, m.privatize([0, 1, 1], rng=np.random.default_rng(0)).shape
    (2, 5.0, (3, 5))
    """

    mechanism: Any
    habits: Any
    rounds: int

    @property
    def k(self) -> int:
        """Number of habits."""
        return len(self.habits)

    @property
    def epsilon(self) -> float:
        """What so many reports are said to cost together."""
        return float(self.rounds * self.mechanism.epsilon)

    @property
    def delta(self) -> float:
        """The same of delta."""
        return min(1 - 2.0**-53, self.rounds * float(getattr(self.mechanism, "delta", 0.0)))

    def relation(self, pair: tuple[int, int]) -> str:
        """What kind of neighbours two inputs are, in words."""
        return f"{self.rounds} values drawn by habits {pair[0]} and {pair[1]}"

    def draw(self, values: npt.ArrayLike, *, rng: np.random.Generator) -> npt.NDArray[np.int64]:
        """One value for each of these habits."""
        own = validate.check_values(values, self.k)
        found = np.empty(own.size, dtype=np.int64)
        for number, law in enumerate(self.habits):
            users = np.flatnonzero(own == number)
            found[users] = rng.choice(len(law), users.size, p=law)
        return found

    def privatize(self, values: npt.ArrayLike, *, rng: np.random.Generator) -> Reports:
        """Draw values and reports of users with these habits: shape (n, rounds, ...)."""
        return _stacked(
            [
                self.mechanism.privatize(self.draw(values, rng=rng), rng=rng)
                for _ in range(self.rounds)
            ]
        )

    def one_round(self, reports: Reports) -> Floats:
        """Log P(one report | habit), shape (n, habits)."""
        laws = np.array(self.habits)
        asked = np.flatnonzero(laws.any(axis=0))
        table = np.asarray(self.mechanism.log_likelihood(reports, asked))
        top = np.maximum(table.max(axis=1, initial=-np.inf), -1e300)[:, None]
        with np.errstate(divide="ignore"):
            return np.asarray(top + np.log(np.exp(table - top) @ laws[:, asked].T))

    def log_likelihood(self, reports: Reports, values: npt.ArrayLike | None = None) -> Floats:
        """Log P(all reports | habit), shape (n, len(values)); None means all habits."""
        table = np.sum([self.one_round(rows) for rows in _split(reports)], axis=0)
        asked = slice(None) if values is None else validate.check_values(values, self.k)
        return np.asarray(table[:, asked])

    def every_report(self) -> Reports:
        """List all rows of reports, where the mechanism lists its own and they are few."""
        if not isinstance(self.mechanism, HasReports):
            raise ValueError("the mechanism must list its reports, and has no every_report.")
        single = self.mechanism.every_report()
        validate.check_listable(len(single) ** self.rounds)
        rows = list(itertools.product(range(len(single)), repeat=self.rounds))
        return np.asarray(single)[np.array(rows)]
