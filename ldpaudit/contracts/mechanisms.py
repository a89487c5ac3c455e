"""What a mechanism must have, and what its inputs are."""

from __future__ import annotations

import inspect
from typing import TYPE_CHECKING, Any, Protocol, TypeAlias, runtime_checkable

import numpy as np
import numpy.typing as npt

from ldpaudit.arrays import Bools, Floats, Ints

Values: TypeAlias = Ints
Inputs: TypeAlias = npt.NDArray[Any]
Reports: TypeAlias = Any
Counts: TypeAlias = Any


@runtime_checkable
class Mechanism(Protocol):
    """A local randomizer over k values that claims epsilon-LDP (or (epsilon, delta))."""

    @property
    def k(self) -> int:
        """Number of values."""

    @property
    def epsilon(self) -> float:
        """Claimed privacy budget."""

    def privatize(self, values: npt.ArrayLike, *, rng: np.random.Generator) -> Reports:
        """Draw one report per value, the whole batch at once."""


@runtime_checkable
class HasDelta(Mechanism, Protocol):
    """A mechanism whose claim is (epsilon, delta); one without claims delta = 0."""

    @property
    def delta(self) -> float:
        """Claimed delta, in [0, 1)."""


@runtime_checkable
class Domain(Protocol):
    """What inputs there are; those of `ldpaudit.domains` also print as a short text."""

    @property
    def parameters(self) -> dict[str, Any]:
        """What a study offers to a constructor, which takes what it names."""

    def check(self, values: npt.ArrayLike) -> Inputs:
        """The inputs as an array whose first axis is the user; an error names the wrong one."""

    def grid(self, size: int | None = None) -> Inputs:
        """Different inputs, at most `size` of them, the two that lie furthest apart first."""

    def text(self, value: Any) -> str:
        """One input as a short text."""


@runtime_checkable
class HasDomain(Protocol):
    """A local randomizer over inputs of any kind: numbers, vectors, records, names.

    It is played on finitely many (`ldpaudit.adapters.on_inputs`). Its other methods take inputs
    where those of a mechanism over k values take numbers; ``log_likelihood`` is never without.
    """

    @property
    def domain(self) -> Domain:
        """What inputs there are."""

    @property
    def epsilon(self) -> float:
        """Claimed privacy budget, for any two inputs of the domain."""

    def privatize(self, values: npt.ArrayLike, *, rng: np.random.Generator) -> Reports:
        """Draw one report per input, the whole batch at once."""


@runtime_checkable
class IsRecorded(Mechanism, Protocol):
    """Reports that exist already: each is handed out at most once."""

    @property
    def limit(self) -> int:
        """Reports that can be drawn in all, whatever inputs a coin asks for."""

    def fresh(self) -> IsRecorded:
        """The same recording with no report handed out."""


@runtime_checkable
class HasOrder(IsRecorded, Protocol):
    """Recorded reports that are still known in the order in which they came."""

    def in_order(self) -> tuple[Reports, Bools]:
        """All reports as recorded, first those of one file, and which are of the first input."""


def checked_mechanism(mechanism: Any) -> Mechanism:
    """Return it if it is a mechanism."""
    if not isinstance(mechanism, Mechanism):
        raise TypeError(
            f"mechanism must have k, epsilon and privatize, got {type(mechanism).__name__}."
        )
    returning_reports(mechanism)
    return mechanism


def returning_reports(mechanism: Any) -> Any:
    """Return it if its privatize is no async function, whose reports nobody would wait for."""
    if inspect.iscoroutinefunction(mechanism.privatize):
        raise TypeError(
            "privatize must return reports, got an async function: call it by asyncio.run in a "
            "privatize of your own."
        )
    return mechanism


@runtime_checkable
class HasSeedName(Protocol):
    """A mechanism whose class was renamed or moved, and which keeps the seeds that it had."""

    @property
    def seed_name(self) -> str:
        """Module and class as they were, dotted."""


class Registered(Mechanism, Protocol):
    """What ``ldpaudit.mechanism`` returns, as an editor completes it.

    The members that protocols share as a rule; an ability that one of them lacks is missing
    at run time, and what it has beyond these is found as well.
    """

    @property
    def bits(self) -> int:
        """Communication in bits per report, the largest fixed-length size."""

    def log_likelihood(self, reports: Reports, values: npt.ArrayLike | None = None) -> Floats:
        """Log P(report | value), shape (n, len(values)); None means all k values."""

    def aggregate(self, reports: Reports) -> Counts:
        """Summary of a batch; two summaries add up to that of both."""

    def estimate(self, counts: Counts) -> Any:
        """What the server makes of a summary: frequencies of shape (k,) as a rule."""

    def sample_counts(self, histogram: npt.ArrayLike, *, rng: np.random.Generator) -> Counts:
        """The summary of histogram[v] users of each value v, from its exact law."""

    def mse(self, num_users: int, frequencies: npt.ArrayLike | None = None) -> float:
        """Mean squared error per item: exact with frequencies, the f = 0 figure without."""

    def vulnerability(self, prior: npt.ArrayLike | None = None) -> float:
        """Success of the best single guess from one report (None: uniform prior)."""

    def exact_epsilon(self) -> float:
        """The largest log-likelihood ratio over reports and pairs of values."""

    def exact_delta(self, epsilon: float) -> float:
        """Least delta such that the mechanism is (epsilon, delta)-LDP."""


if TYPE_CHECKING:

    class AnyRegistered(Registered, Any):  # type: ignore[misc]
        """The same, with whatever else one protocol has."""
