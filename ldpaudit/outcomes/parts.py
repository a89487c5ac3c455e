"""What one audit consists of: bounds on epsilon, attacks and errors."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import Any

from ldpaudit.outcomes.table import as_json, finite, shown_bound


@dataclass(frozen=True)
class EpsilonBound:
    """A lower confidence bound on a mechanism's true epsilon.

    `kind` is exact (coverage proved for every sample size), approximate, anytime or
    model-based; `event` is what was counted, `searched` what else the data could have chosen and
    at what price. `ceiling` is the most that as many reports could have shown (None where the
    claim is well within reach, and after a search). `detectable` is the epsilon that exceeds the
    claim by this bound with probability 0.9 (inf where none does, None where that is not known),
    `rarest` the least share of reports in which a sure trace does (`ldpaudit.games.power`).
    `counted` is the event as data: its counts, the threshold of the score, and for which side it
    speaks.
    """

    epsilon_lower: float
    bound: str
    kind: str
    alpha: float
    trials: int
    event: str
    searched: str
    ceiling: float | None = None
    counted: dict[str, Any] | None = field(default=None, compare=False)
    detectable: float | None = None
    rarest: float | None = None

    def to_dict(self) -> dict[str, Any]:
        """The bound as plain JSON values: null where nothing is shown, infinity as ``"inf"``."""
        return {
            "value": as_json(shown_bound(self.epsilon_lower)),
            "bound": self.bound,
            "kind": self.kind,
            "alpha": self.alpha,
            "trials": self.trials,
            "event": self.event,
            "searched": self.searched,
            "ceiling": as_json(self.ceiling),
            "counted": self.counted,
            "detectable": as_json(self.detectable),
        }


@dataclass(frozen=True)
class AttackOutcome:
    """Success of one guess from one report: counts, a two-sided interval, the baseline.

    `metric` is what success is: the name of the value (``"attack_success"``), a guess within a
    distance (``"nearby_success"``; `note` says which), or, with the figure in `average` and its
    `standard_error`, the share of the variance that a guess takes away
    (``"variance_explained"``) or its cosine with the truth (``"cosine"``).
    `exact` is what `attack` comes to by formula: the best any attacker can do where they know
    how values are drawn (Bayes vulnerability), else None where no formula is known; `blind` is
    what guessing from the prior alone achieves. A skipped or failed attack has `reason`, no
    trials and None for the ends of an interval. `optimal` says whether no attack
    on one report names the value more often; None for one that plays another game. `prior` is
    what the attacker thinks of the users, by name.
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
    optimal: bool | None = None
    metric: str = "attack_success"
    average: float | None = None
    standard_error: float | None = None
    note: str = ""
    prior: str = ""

    @property
    def success(self) -> float:
        """Measured success rate, or the figure that it is, nan if nothing was measured."""
        if self.average is not None:
            return self.average
        return self.successes / self.trials if self.trials else math.nan

    def to_dict(self) -> dict[str, Any]:
        """The outcome as plain JSON values."""
        return {
            "attack": self.attack,
            "metric": self.metric,
            "success": finite(self.success),
            "lower": finite(self.lower),
            "upper": finite(self.upper),
            "exact": as_json(self.exact),
            "blind": self.blind,
            "trials": self.trials,
            "reason": self.reason,
            "note": self.note,
            "prior": self.prior,
        }


@dataclass(frozen=True)
class UtilityOutcome:
    """Mean squared error per item of the unbiased, unclipped estimate.

    `value` with [lower, upper] is the mean over `repetitions` simulated collections
    (chi-square interval with matched degrees of freedom; `standard_error` is ``value * sqrt(2 /
    degrees)``), `exact` the mechanism's own figure for these users (an estimate with
    `exact_error`, its standard error, where that is above 0), `approximate` the f = 0 figure that
    papers plot. `sampled` says that the aggregate was drawn from its exact law.
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
    standard_error: float | None = None
    decode_seconds: float | None = field(default=None, compare=False)

    def to_dict(self) -> dict[str, Any]:
        """The outcome as plain JSON values."""
        return {
            "exact": as_json(self.exact),
            "exact_standard_error": self.exact_error,
            "measured": as_json(self.value),
            "lower": finite(self.lower),
            "upper": finite(self.upper),
            "approximate": as_json(self.approximate),
            "num_users": self.num_users,
            "repetitions": self.repetitions,
            "data": self.data,
            "sampled": self.sampled,
        }
