"""What an attack is: it guesses or scores, and is judged elsewhere."""

from __future__ import annotations

from typing import Protocol, runtime_checkable

import numpy as np

from ldpaudit.arrays import Bools, Floats, Ints
from ldpaudit.contracts.mechanisms import Mechanism, Reports, Values


class Attack(Protocol):
    """What every attack shares. Hyper-parameters live in the object, the problem in the call."""

    def applies(self, mechanism: Mechanism) -> str | None:
        """Return None if the attack can run, else one sentence that says why not."""


@runtime_checkable
class Reconstruction(Attack, Protocol):
    """Guesses each user's value. The harness draws the values and judges the guesses."""

    def guess(
        self, reports: Reports, mechanism: Mechanism, prior: Floats, *, rng: np.random.Generator
    ) -> Values:
        """One guess per report, shape (n,), integers in [0, k).

        `prior` has shape (k,), or (n, k) where users differ: one row per report.
        """


@runtime_checkable
class ReadsLikelihood(Reconstruction, Protocol):
    """Guesses by the likelihoods of all values alone: they are read once for all such attacks."""

    def choose(
        self, likelihood: Floats, which: slice | Ints, prior: Floats, *, rng: np.random.Generator
    ) -> Values:
        """One guess per report, shape (n,), as `guess` says: `which` rows of the table they have.

        `likelihood` is log P(report | value) of different reports, shape (m, k); `prior` has
        shape (k,). Other attacks read both too: they cannot be written into.
        """


@runtime_checkable
class Distinguisher(Attack, Protocol):
    """Scores each report: positive speaks for pair[0], negative for pair[1], 0 abstains."""

    def score(
        self,
        reports: Reports,
        mechanism: Mechanism,
        pair: tuple[int, int],
        *,
        rng: np.random.Generator,
    ) -> Floats:
        """One score per report, shape (n,), no nan."""


@runtime_checkable
class TrainableDistinguisher(Attack, Protocol):
    """Learns what to look for from labelled reports that the harness draws for it alone."""

    def fit(self, reports: Reports, labels: Bools, *, rng: np.random.Generator) -> Distinguisher:
        """A distinguisher fixed from now on; `labels` are True for reports of the first input."""


@runtime_checkable
class TrainableReconstruction(Attack, Protocol):
    """Learns to guess values from reports of known ones, drawn for it alone."""

    def learn(
        self, reports: Reports, inputs: Ints, k: int, *, rng: np.random.Generator
    ) -> Reconstruction:
        """A reconstruction fixed from now on; `inputs` has the value of each report, below k."""


@runtime_checkable
class FindsPairs(Attack, Protocol):
    """Says which of many inputs are worth an audit, from reports drawn for it alone."""

    def most_different(
        self, reports: Reports, inputs: Ints, claimed: float, allowed: Bools | None = None
    ) -> tuple[int, int]:
        """Places of the two inputs told apart most; `inputs` are places, one per report.

        `allowed`, of shape (places, places), says which pairs count; None means all.
        """


@runtime_checkable
class Location(Attack, Protocol):
    """Says where each user's number or vector lies. The harness judges by squared distance."""

    def locate(
        self, reports: Reports, mechanism: Mechanism, prior: Floats, *, rng: np.random.Generator
    ) -> Floats:
        """One point per report in units of the inputs, shape (n,) or (n, dimension)."""


@runtime_checkable
class NearbyLocation(Location, Protocol):
    """A location that is right or wrong: right within a distance of the truth."""

    def reach(self, mechanism: Mechanism) -> float:
        """That distance, in units of the inputs."""
