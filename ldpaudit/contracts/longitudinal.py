"""Mechanisms over many rounds."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Protocol, runtime_checkable

import numpy as np
import numpy.typing as npt

from ldpaudit.arrays import Floats
from ldpaudit.contracts.mechanisms import Mechanism, Reports, Values


@runtime_checkable
class Longitudinal(Mechanism, Protocol):
    """Reports of the same users in many rounds; `privatize` is one report of a new user.

    A round's reports have the form of one-shot reports: what a mechanism says of one report
    (`log_likelihood`, `aggregate`, `estimate`, `mse`) holds for each round. The state is the
    clients' and changes with every round; attacks never see it.
    """

    @property
    def epsilon_inf(self) -> float:
        """Claimed budget of all reports together while a user's value does not change."""

    def start(self, num_users: int, *, rng: np.random.Generator) -> Any:
        """State of new users, made once."""

    def privatize_round(
        self, values: npt.ArrayLike, state: Any, *, rng: np.random.Generator
    ) -> Reports:
        """One report per user, values[i] of user i; memos are made once and kept in the state."""

    def spent(self, state: Any) -> Floats:
        """Budget each user has spent, shape (n,): memos made so far times epsilon_inf."""

    def worst_spent(self, rounds: int) -> float:
        """Largest budget that a user can have spent after so many rounds.

        It bounds the loss between histories whose memos change at the same times, and no others.
        """

    def history_log_likelihood(
        self, history: Sequence[Reports], values: npt.ArrayLike | None = None
    ) -> Floats:
        """Log P(one report from each round | the value, and that it never changed).

        Shape (n, len(values)); None means all k values.
        """

    def composed_epsilon(self, rounds: int) -> float:
        """Exact epsilon of so many reports together, for two values that never change."""

    def composed_delta(self, epsilon: float, rounds: int) -> float:
        """Hockey-stick divergence of the same at `epsilon`, exact; ValueError if out of reach."""


@runtime_checkable
class HasMemos(Protocol):
    """A longitudinal mechanism that says which values of a user share a memoised report."""

    def memos(self, reports: Reports) -> Values:
        """Number of the memo of each value, shape (n, k), from one round's reports of n users."""

    def log_public(self, reports: Reports) -> Floats:
        """Log probability of what a user drew once, for all memos, and shows; shape (n,)."""


@runtime_checkable
class HasRounds(Protocol):
    """All reports of a user as one: their rounds are the second axis of the reports."""

    @property
    def rounds(self) -> int:
        """Number of rounds."""

    @property
    def single(self) -> Any:
        """The mechanism of one round's report."""
