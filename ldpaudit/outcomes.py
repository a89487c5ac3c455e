"""Frozen results, and the tidy table they become.

Everything an audit or a comparison found is one of these small objects. They
hold counts beside rates, say how each number was obtained, and know no
protocol, attack or figure.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ldpaudit._table import audit_rows, finite, to_frame

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.figure import Figure

    from ldpaudit.recommendation import Recommendation

#: Version of the JSON of an audit, of the tidy table and of the store.
SCHEMA = 1

CONSISTENT, VIOLATION, INCONCLUSIVE = "consistent", "violation", "inconclusive"


@dataclass(frozen=True)
class GuessCounts:
    """A guessing game: inputs drawn uniformly from `num_candidates`, some guesses withheld."""

    num_candidates: int
    correct: int
    decided: int
    trials: int

    def __add__(self, other: GuessCounts) -> GuessCounts:
        if self.num_candidates != other.num_candidates:
            raise ValueError(
                "guesses among different numbers of candidates cannot be added, got "
                f"{self.num_candidates} and {other.num_candidates}."
            )
        return GuessCounts(
            self.num_candidates,
            self.correct + other.correct,
            self.decided + other.decided,
            self.trials + other.trials,
        )


@dataclass(frozen=True)
class EventCounts:
    """How often one event happened under the first input (hits) and the second (false_hits)."""

    hits: int
    trials: int
    false_hits: int
    false_trials: int

    def __add__(self, other: EventCounts) -> EventCounts:
        return EventCounts(
            self.hits + other.hits,
            self.trials + other.trials,
            self.false_hits + other.false_hits,
            self.false_trials + other.false_trials,
        )


@dataclass(frozen=True)
class EpsilonBound:
    """A lower confidence bound on a mechanism's true epsilon.

    `kind` is exact (coverage proved for every sample size), approximate,
    anytime or model-based; `event` is what was counted, `searched` what else
    the data could have chosen and at what price. `ceiling` is the most that the
    same bound could have shown from as many reports, had every guess been right
    (None where the claim is well within reach, and after a search for the worst
    pair): an epsilon above it could not be shown.
    """

    epsilon_lower: float
    bound: str
    kind: str
    alpha: float
    trials: int
    event: str
    searched: str
    ceiling: float | None = None

    def to_dict(self) -> dict[str, Any]:
        """The bound as plain JSON values; -inf (nothing shown) becomes null."""
        return {
            "value": finite(self.epsilon_lower),
            "bound": self.bound,
            "kind": self.kind,
            "alpha": self.alpha,
            "trials": self.trials,
            "event": self.event,
            "searched": self.searched,
            "ceiling": finite(self.ceiling),
        }


@dataclass(frozen=True)
class AttackOutcome:
    """Success of one guess from one report: counts, a two-sided interval, the baseline.

    `exact` is the best any attacker can do under the same prior (Bayes
    vulnerability) where `attack` reaches it, else None; `blind` is what guessing
    from the prior alone achieves. A skipped or failed attack has `reason`, no
    trials and None for the ends of an interval.
    """

    attack: str
    successes: int
    trials: int
    lower: float | None
    upper: float | None
    exact: float | None
    blind: float
    reason: str | None = None
    failed: bool = False

    @property
    def success(self) -> float:
        """Measured success rate, nan if nothing was measured."""
        return self.successes / self.trials if self.trials else math.nan

    def to_dict(self) -> dict[str, Any]:
        """The outcome as plain JSON values."""
        return {
            "attack": self.attack,
            "success": finite(self.success),
            "lower": finite(self.lower),
            "upper": finite(self.upper),
            "exact": finite(self.exact),
            "blind": self.blind,
            "trials": self.trials,
            "reason": self.reason,
        }


@dataclass(frozen=True)
class UtilityOutcome:
    """Mean squared error an item of the unbiased, unclipped estimate.

    `value` with [lower, upper] is the mean over `repetitions` simulated
    collections (t interval), `exact` the mechanism's own figure for these
    users (an estimate with `exact_error`, its standard error, where that is
    above 0), `approximate` the f = 0 figure that papers plot. `sampled` says that the
    users' aggregate was drawn from its exact law, not report by report.
    """

    value: float
    lower: float
    upper: float
    exact: float | None
    approximate: float | None
    num_users: int
    repetitions: int
    data: str
    exact_error: float = 0.0
    sampled: bool = False
    decode_seconds: float | None = field(default=None, compare=False)

    def to_dict(self) -> dict[str, Any]:
        """The outcome as plain JSON values."""
        return {
            "exact": finite(self.exact),
            "exact_standard_error": self.exact_error,
            "measured": finite(self.value),
            "lower": finite(self.lower),
            "upper": finite(self.upper),
            "approximate": finite(self.approximate),
            "num_users": self.num_users,
            "repetitions": self.repetitions,
            "data": self.data,
            "sampled": self.sampled,
        }


@dataclass(frozen=True)
class AuditResult:
    """Everything one audit found.

    `verdict` is ``"violation"`` when `verdict_bound` (the same data at the
    much stricter `verdict_alpha`) or the mechanism's own exact epsilon exceeds
    the claim, ``"inconclusive"`` when the trials could show no leakage at all
    (a bound of 0 or less), else ``"consistent"``.

    Examples
    --------
    >>> import ldpaudit
    >>> m = ldpaudit.mechanism("grr", k=4, epsilon=1.0)
    >>> result = ldpaudit.audit(m, [], trials=10_000)
    >>> result.verdict, result.to_dict()["epsilon_lower"]["kind"]
    ('consistent', 'exact')
    """

    mechanism: str
    parameters: dict[str, Any]
    k: int
    claimed_epsilon: float
    claimed_delta: float
    exact_epsilon: float | None
    bound: EpsilonBound
    verdict_bound: EpsilonBound
    attacks: tuple[AttackOutcome, ...]
    published_success: float | None
    mse: UtilityOutcome | None
    bits: int | None
    alpha: float
    seed: int
    version: str
    seconds: float = field(compare=False)

    @property
    def epsilon_lower(self) -> float:
        """Lower bound on the true epsilon, valid with probability at least 1 - alpha."""
        return self.bound.epsilon_lower

    @property
    def verdict(self) -> str:
        """consistent, violation or inconclusive."""
        exact = self.exact_epsilon
        if exact is not None and exact > self.claimed_epsilon + 1e-9 * (1 + self.claimed_epsilon):
            return VIOLATION
        if self.verdict_bound.epsilon_lower > self.claimed_epsilon:
            return VIOLATION
        if self.bound.epsilon_lower <= 0:
            return INCONCLUSIVE
        return CONSISTENT

    def to_dict(self) -> dict[str, Any]:
        """What ``ldpaudit audit --json`` prints: plain values, no nan."""
        return {
            "mechanism": {"name": self.mechanism, "parameters": self.parameters},
            "claimed_epsilon": self.claimed_epsilon,
            "claimed_delta": self.claimed_delta,
            "exact_epsilon": finite(self.exact_epsilon),
            "epsilon_lower": self.bound.to_dict(),
            "verdict_alpha": self.verdict_bound.alpha,
            "verdict": self.verdict,
            "attacks": [outcome.to_dict() for outcome in self.attacks],
            "published_success": self.published_success,
            "mse": None if self.mse is None else self.mse.to_dict(),
            "bits": self.bits,
            "seed": self.seed,
            "version": self.version,
            "schema": SCHEMA,
            "seconds": self.seconds,
        }

    def rows(self) -> list[dict[str, Any]]:
        """The rows of the tidy table, in a fixed order."""
        return audit_rows(self)

    def to_frame(self) -> pd.DataFrame:
        """The tidy table of this audit, columns as in ``ldpaudit.outcomes.COLUMNS``."""
        return to_frame(self.rows())

    def _repr_html_(self) -> str:
        from ldpaudit.registry import load

        html: str = load("reports", "audit")(self)
        return html


@dataclass(frozen=True)
class Cell:
    """One point of a grid: its axis names, its rows, and what it took (kept out of the table)."""

    key: str
    axes: dict[str, Any]
    rows: tuple[dict[str, Any], ...]
    seconds: float = field(compare=False)
    decode_seconds: float | None = field(default=None, compare=False)

    @property
    def failed(self) -> bool:
        """Whether the cell ended in an error instead of numbers."""
        return any(row["status"] == "failed" for row in self.rows)


@dataclass(frozen=True)
class Results:
    """A finished comparison: the tidy table, and where it came from.

    `frame` has the columns of ``ldpaudit.outcomes.COLUMNS``; `provenance` holds
    the study as run, the seed and the versions; `timings` has one row a cell.

    Examples
    --------
    >>> import ldpaudit
    >>> study = {"name": "tiny", "protocols": ["grr"], "epsilons": [1.0],
    ...          "data": ["adult-hours"], "trials": 1000, "repetitions": 2}
    >>> results = ldpaudit.compare(study)
    >>> list(results.frame["protocol"].unique()), len(results.timings)
    (['grr'], 1)
    """

    frame: pd.DataFrame
    provenance: dict[str, Any]
    timings: pd.DataFrame

    def pareto(self) -> Figure:
        """Attack success against mean squared error, one panel a data set."""
        from ldpaudit.registry import load

        figure: Figure = load("reports", "pareto")(self.frame)
        return figure

    def recommend(
        self,
        max_success: float | None = None,
        max_bits: float | None = None,
        max_mse: float | None = None,
        data: str | None = None,
        epsilon: float | None = None,
    ) -> Recommendation:
        """Return the best protocol under caps, one choice a data set; print it to read it.

        Of the protocols that are shown to keep every cap (the whole interval of a
        measured figure does), those with the least error; with `max_mse`, with
        the least attack success; with that too, with the fewest bits (with all
        three caps, the least error again). A protocol that nothing tells from
        the best is listed as tied with it; one found in violation is no candidate.

        Parameters
        ----------
        max_success : float, optional
            Cap on the success of the best guess from one report, in (0, 1].
        max_bits : float, optional
            Cap on the bits of a report.
        max_mse : float, optional
            Cap on the mean squared error a value, as in the table (shares squared).
        data : str, optional
            One data set of the table instead of all.
        epsilon : float, optional
            One epsilon of the table instead of the best over all.

        Returns
        -------
        Recommendation
            ``.choices``, each with ``.best``, ``.undecided`` and ``.nearest``. All
            its intervals hold together with probability 95%.

        Raises
        ------
        ValueError, TypeError
            If a cap is out of range, or the table has no such data or epsilon.

        Examples
        --------
        >>> import ldpaudit
        >>> study = {"name": "tiny", "protocols": ["grr", "ss"], "epsilons": [1.0, 2.0],
        ...          "data": ["adult-hours"], "trials": 1000, "repetitions": 2}
        >>> results = ldpaudit.compare(study)
        >>> [str(c) for choice in results.recommend(max_success=0.05).choices for c in choice.best]
        ['ss at epsilon 2']
        """
        from ldpaudit.recommendation import recommend_from

        caps = {"success": max_success, "bits": max_bits, "mse": max_mse}
        given = {goal: cap for goal, cap in caps.items() if cap is not None}
        return recommend_from(self.frame, given, data=data, epsilon=epsilon)

    def against(self, before: Results, *, alpha: float = 0.01) -> pd.DataFrame:
        """Return what changed since an earlier run beyond noise, one row a figure.

        `alpha` is the probability that noise makes any unchanged estimate look
        changed; columns and method as in ``ldpaudit.changes.compare_runs``.

        Examples
        --------
        >>> import ldpaudit
        >>> study = {"name": "tiny", "protocols": ["grr"], "epsilons": [1.0],
        ...          "data": ["adult-hours"], "trials": 1000, "repetitions": 2}
        >>> first, second = ldpaudit.compare(study), ldpaudit.compare(study, seed=1)
        >>> set(second.against(first)["verdict"])
        {'unchanged'}
        """
        from ldpaudit.changes import compare_runs

        return compare_runs(before.frame, self.frame, alpha=alpha)

    def save(self, directory: str | Path) -> list[Path]:
        """Write the page, figures and tables to a folder; return the files written."""
        from ldpaudit.registry import load

        written: list[Path] = load("reports", "comparison")(self, Path(directory))
        return written

    def _repr_html_(self) -> str:
        from ldpaudit.registry import load

        html: str = load("reports", "results")(self)
        return html
