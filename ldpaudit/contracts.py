"""The whole vocabulary: what a mechanism, an attack, a bound and a report are.

Nothing here runs. A component satisfies a contract by having the members that
are named; it needs no base class and no import of this package. Optional
abilities are small contracts of their own, asked with ``isinstance``: a
mechanism that has ``log_likelihood`` can be attacked optimally, one that has
``mse`` can be plotted against its accuracy, and so on.

Arrays: ``values`` has shape (n,), integers in [0, k); of a mechanism that has a
``domain`` instead of ``k``, whatever the domain's ``check`` returns. ``reports`` is
any array or sequence whose first axis is the user. ``prior`` and ``frequencies`` have
shape (k,) and sum to 1. Natural logarithms throughout.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Protocol, TypeAlias, runtime_checkable

import numpy as np
import numpy.typing as npt

from ldpaudit.arrays import Bools, Ints
from ldpaudit.arrays import Floats as Floats

if TYPE_CHECKING:
    from ldpaudit.counts import EventCounts, GuessCounts
else:
    from ldpaudit._moved import forward

    __getattr__ = forward(__name__)

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
        """Draw one report a value, the whole batch at once."""


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
        """Draw one report an input, the whole batch at once."""


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


@runtime_checkable
class HasLikelihood(Protocol):
    """The hinge of every optimal attack."""

    def log_likelihood(self, reports: Reports, values: npt.ArrayLike | None = None) -> Floats:
        """Log P(report | value), shape (n, len(values)); None means all k values."""


@runtime_checkable
class FrequencyOracle(Protocol):
    """The server: reports to a small mergeable summary (``a + b``) to frequencies."""

    def aggregate(self, reports: Reports) -> Counts:
        """Summary of a batch; two summaries add up to that of both."""

    def estimate(self, counts: Counts) -> Floats:
        """Unbiased, unclipped frequencies, shape (k,)."""


@runtime_checkable
class MarginalOracle(Mechanism, Protocol):
    """The server of records with several attributes, whose values are numbered as one domain."""

    @property
    def sizes(self) -> tuple[int, ...]:
        """Numbers of values of the attributes; `k` is their product."""

    def aggregate(self, reports: Reports) -> Counts:
        """Summary of a batch; two summaries add up to that of both."""

    def estimate_marginals(self, counts: Counts) -> tuple[Floats, ...]:
        """Unbiased, unclipped frequencies of each attribute."""

    def attribute_log_likelihood(self, reports: Reports, attribute: int) -> Floats:
        """Log P(an attribute's report | its value), were it a true one; shape (n, k_j)."""


@runtime_checkable
class HasRelation(Protocol):
    """A mechanism whose guarantee depends on what two inputs have in common."""

    def relation(self, pair: tuple[int, int]) -> str:
        """What kind of neighbours two inputs are, in words."""


@runtime_checkable
class HasAlikePairs(Protocol):
    """A mechanism that says whether any two inputs are told apart as well as any other two."""

    @property
    def pairs_alike(self) -> bool:
        """If True, an audit of one pair speaks for all, and none is searched for."""


@runtime_checkable
class HasVariance(Protocol):
    """Mean squared error an item: exact with frequencies, the published f = 0 figure without."""

    def mse(self, num_users: int, frequencies: npt.ArrayLike | None = None) -> float:
        """In squared frequency units, averaged over the k values."""


@runtime_checkable
class HasVarianceError(HasVariance, Protocol):
    """Where `mse` with frequencies is itself an estimate: how good it is."""

    def mse_standard_error(self, num_users: int, frequencies: npt.ArrayLike) -> float:
        """Standard error of `mse(num_users, frequencies)`, 0 where that is exact."""


@runtime_checkable
class HasInputVariance(Protocol):
    """The exact error that one user's report adds to an unbiased estimate that is a mean."""

    def variance(self, values: npt.ArrayLike) -> Floats:
        """In squared units of the input (a vector's summed over its coordinates), shape (n,)."""


@runtime_checkable
class HasBits(Protocol):
    """Communication in bits a report, the largest fixed-length size."""

    @property
    def bits(self) -> int:
        """Whole bits."""


@runtime_checkable
class HasExactEpsilon(Protocol):
    """The largest log-likelihood ratio over reports and pairs of values."""

    def exact_epsilon(self) -> float:
        """In natural-log units."""


@runtime_checkable
class HasExactDelta(Protocol):
    """The privacy profile: the hockey-stick divergence of the worst pair of values."""

    def exact_delta(self, epsilon: float) -> float:
        """Least delta such that the mechanism is (epsilon, delta)-LDP, epsilon at least 0."""


@runtime_checkable
class HasDeltaUpper(Protocol):
    """A proven bound on the privacy profile, where no exact figure of it exists."""

    def delta_upper(self, epsilon: float) -> float:
        """A delta at which the guarantee holds with this epsilon, at least 0, for any inputs."""


@runtime_checkable
class HasCounts(FrequencyOracle, Protocol):
    """Draws the summary of n users from its exact law, at a cost that does not grow with n.

    One with a ``domain`` takes its inputs before the histogram: histogram[i] users of inputs[i].
    """

    def sample_counts(self, histogram: npt.ArrayLike, *, rng: np.random.Generator) -> Counts:
        """As `aggregate(privatize(...))` of histogram[v] users of each value v."""


@runtime_checkable
class HasInfluence(Protocol):
    """How far one false report can move an estimate that adds reports up."""

    def influence(self, targets: npt.ArrayLike) -> float:
        """Most that one report adds to the summed estimate of these values, times the users.

        Infinite where reports are unbounded.
        """

    def single_influences(self) -> Floats:
        """The same of each value alone, shape (k,): its largest is the worst case."""


@runtime_checkable
class HasFalseReports(HasInfluence, Protocol):
    """A mechanism whose reports can be made up: what a dishonest user would send."""

    def false_reports(
        self, targets: npt.ArrayLike, num_reports: int, *, rng: np.random.Generator
    ) -> Reports:
        """Reports that each add `influence(targets)`, otherwise as random as that allows."""

    def random_reports(self, num_reports: int, *, rng: np.random.Generator) -> Reports:
        """Reports drawn uniformly from all that can be sent."""


@runtime_checkable
class HasSupportSizes(Protocol):
    """A pure protocol whose reports support independent values: how many shows who made it."""

    @property
    def p_star(self) -> float:
        """Probability that an honest report supports the own value."""

    @property
    def q_star(self) -> float:
        """Probability that an honest report supports one given other value."""

    def support_sizes(self, reports: Reports) -> Values:
        """Number of values that each report supports, shape (n,)."""


@runtime_checkable
class HasReports(HasLikelihood, Protocol):
    """A mechanism with few enough reports to list: its channel can be written down."""

    def every_report(self) -> Reports:
        """All reports that can be sent, each once; ValueError where there are too many."""


@runtime_checkable
class HasPairClasses(Protocol):
    """A mechanism whose values all look alike: what a report tells of three, in few classes.

    Within a class all reports have the same likelihood ratios between the three values and to
    the least likely value.
    """

    def pair_classes(self) -> tuple[Floats, Floats]:
        """Probabilities of the classes under three values, and under what all send at least.

        Shapes (3, classes) and (classes,): P(class | x) for any x, x' and x'' that differ
        (x'' = x' where k = 2), and the sum over the class of min over all values of P(y | x).
        """


@runtime_checkable
class HasBayesVulnerability(Protocol):
    """Success of the best single guess from one report, for a prior (None: uniform)."""

    def vulnerability(self, prior: npt.ArrayLike | None = None) -> float:
        """Probability that the guess is right."""


def checked_mechanism(mechanism: Any) -> Mechanism:
    """Return it if it is a mechanism."""
    if not isinstance(mechanism, Mechanism):
        raise TypeError(
            f"mechanism must have k, epsilon and privatize, got {type(mechanism).__name__}."
        )
    return mechanism


@runtime_checkable
class HasPublishedSuccess(Protocol):
    """The source paper's attack-success figure, where it differs from the exact one."""

    def published_success(self) -> float:
        """Probability, by the published formula under a uniform prior."""


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
        """One report a user, values[i] of user i; memos are made once and kept in the state."""

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
        """Communication in bits a report, the largest fixed-length size."""

    def log_likelihood(self, reports: Reports, values: npt.ArrayLike | None = None) -> Floats:
        """Log P(report | value), shape (n, len(values)); None means all k values."""

    def aggregate(self, reports: Reports) -> Counts:
        """Summary of a batch; two summaries add up to that of both."""

    def estimate(self, counts: Counts) -> Any:
        """What the server makes of a summary: frequencies of shape (k,) as a rule."""

    def sample_counts(self, histogram: npt.ArrayLike, *, rng: np.random.Generator) -> Counts:
        """The summary of histogram[v] users of each value v, from its exact law."""

    def mse(self, num_users: int, frequencies: npt.ArrayLike | None = None) -> float:
        """Mean squared error an item: exact with frequencies, the f = 0 figure without."""

    def vulnerability(self, prior: npt.ArrayLike | None = None) -> float:
        """Success of the best single guess from one report (None: uniform prior)."""

    def exact_epsilon(self) -> float:
        """The largest log-likelihood ratio over reports and pairs of values."""

    def exact_delta(self, epsilon: float) -> float:
        """Least delta such that the mechanism is (epsilon, delta)-LDP."""

    def __getattr__(self, name: str) -> Any:
        """What only some protocols have."""


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
        """One guess a report, shape (n,), integers in [0, k)."""


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
        """One score a report, shape (n,), no nan."""


@runtime_checkable
class TrainableDistinguisher(Attack, Protocol):
    """Learns what to look for from labelled reports that the harness draws for it alone."""

    def fit(self, reports: Reports, labels: Bools, *, rng: np.random.Generator) -> Distinguisher:
        """A distinguisher fixed from now on; `labels` are True for reports of the first input."""


@runtime_checkable
class FindsPairs(Attack, Protocol):
    """Says which of many inputs are worth an audit, from reports drawn for it alone."""

    def most_different(self, reports: Reports, inputs: Ints, claimed: float) -> tuple[int, int]:
        """Places of the two inputs told apart most; `inputs` are places, one a report."""


@runtime_checkable
class GuessBound(Protocol):
    """A lower confidence bound on epsilon from a guessing game."""

    @property
    def kind(self) -> str:
        """Exact | approximate | anytime | model-based."""

    def from_guesses(
        self, counts: GuessCounts, *, alpha: float, delta: float, claimed: float
    ) -> float:
        """Lower bound at level 1 - alpha, -inf where the counts show nothing.

        `claimed` may fix choices made before the data.
        """


@runtime_checkable
class EventBound(Protocol):
    """A lower confidence bound on epsilon from one event under two inputs."""

    @property
    def kind(self) -> str:
        """Exact | approximate | anytime | model-based."""

    def from_event(
        self, counts: EventCounts, *, alpha: float, delta: float, claimed: float
    ) -> float:
        """Lower bound at level 1 - alpha, -inf where the counts show nothing.

        `claimed` may fix choices made before the data.
        """
