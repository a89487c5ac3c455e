"""Frozen results of an audit, and the rows of the tidy table they become.

They hold counts beside rates, say how each number was obtained, and know no protocol, attack
or figure.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from ldpaudit.outcomes.influence import InfluenceOutcome
from ldpaudit.outcomes.parts import AttackOutcome, EpsilonBound, UtilityOutcome
from ldpaudit.outcomes.table import (
    BOUND,
    COLUMNS,
    ESTIMATE,
    EXACT,
    MOST,
    PROBES,
    PUBLISHED,
    UNIFORM,
    as_json,
    confidence,
    describe,
    finite,
    known,
    shown_bound,
    to_frame,
)
from ldpaudit.outcomes.verdicts import CONSISTENT as CONSISTENT
from ldpaudit.outcomes.verdicts import INCONCLUSIVE as INCONCLUSIVE
from ldpaudit.outcomes.verdicts import VIOLATION as VIOLATION
from ldpaudit.outcomes.verdicts import power_of, reason_of, two_levels_of, verdict_of

if TYPE_CHECKING:
    from pathlib import Path

    import pandas as pd

#: Version of the JSON of an audit, of the tidy table and of the store.
SCHEMA = 1


@dataclass(frozen=True)
class AuditResult:
    """Everything one audit found.

    `verdict` is ``"violation"`` when `verdict_bound` (the same data at the much stricter
    `verdict_alpha`) or the mechanism's own exact epsilon exceeds the claim. It is
    ``"inconclusive"`` when the trials could show no leakage at all (a bound of 0 or less);
    when an epsilon within min(claim, 1) above the claim would not have been detected with
    probability 0.9, unless the exact epsilon is `proven` (by the tests of the catalogue);
    when the bound passes the claim and reports are no independent draws (`dependence` says
    why, `grows` whether only columns show it that do nothing but grow); and when the claim does
    not speak of the inputs (`outside`). Else it is ``"consistent"``.
    `scope` says of which inputs, None where of all; `unseen` what a learned witness does not look
    at; `counted` is what its games counted.

    `exact_epsilon` is infinite where some report rules an input out, and None where nothing
    exact is known. `inputs` are the labels of the `pair` that was told apart, `k` the number
    of inputs that were played of `domain`, `estimand` what the server estimates. `influence` is
    what one false report can do to that, None where the mechanism does not say. `most` is, by
    attacker, the most that naming a value succeeds at under any mechanism of the claim.

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
    domain: str = "categories"
    estimand: str = "frequencies"
    pair: tuple[int, int] | None = None
    inputs: tuple[str, ...] | None = None
    dependence: str | None = None
    grows: bool = False
    influence: InfluenceOutcome | None = None
    scope: str | None = None
    outside: str | None = None
    proven: bool = False
    unseen: tuple[str, ...] = ()
    counted: tuple[Any, ...] = field(default=(), compare=False, repr=False)
    most: tuple[tuple[str, float], ...] = ()

    @property
    def epsilon_lower(self) -> float:
        """Lower bound on the true epsilon, valid with probability at least 1 - alpha."""
        return self.bound.epsilon_lower

    @property
    def verdict(self) -> str:
        """consistent, violation or inconclusive."""
        return verdict_of(self)

    @property
    def reason(self) -> str:
        """Why the verdict is what it is, and of which inputs, in words."""
        return reason_of(self)

    @property
    def power(self) -> str:
        """What would have been called a violation, in words."""
        return power_of(self)

    @property
    def two_levels(self) -> str | None:
        """Why a bound that passes the claim is no violation, in words; None where none does."""
        return two_levels_of(self)

    def to_dict(self) -> dict[str, Any]:
        """What ``ldpaudit audit --json`` prints: plain values, null for what is not known.

        An infinite figure is the text ``"inf"``; a lower bound that shows nothing is null.
        """
        return {
            "mechanism": {"name": self.mechanism, "parameters": self.parameters},
            "claimed_epsilon": self.claimed_epsilon,
            "claimed_delta": self.claimed_delta,
            "exact_epsilon": as_json(self.exact_epsilon),
            "epsilon_lower": self.bound.to_dict(),
            "verdict_alpha": self.verdict_bound.alpha,
            "verdict": self.verdict,
            "dependence": self.dependence,
            "reason": self.reason,
            "scope": self.scope,
            "power": self.power,
            "detectable": as_json(self.verdict_bound.detectable),
            "rarest_trace": self.verdict_bound.rarest,
            "not_looked_at": list(self.unseen),
            "domain": self.domain,
            "estimand": self.estimand,
            "pair": None if self.pair is None else list(self.pair),
            "inputs": None if self.inputs is None else list(self.inputs),
            "attacks": [outcome.to_dict() for outcome in self.attacks],
            "published_success": self.published_success,
            "most_success": dict(self.most),
            "mse": None if self.mse is None else self.mse.to_dict(),
            "bits": self.bits,
            "influence": None if self.influence is None else self.influence.to_dict(),
            "seed": self.seed,
            "version": self.version,
            "schema": SCHEMA,
            "seconds": self.seconds,
        }

    def __str__(self) -> str:
        from ldpaudit.outcomes.text import audit_lines

        return "\n".join(audit_lines(self))

    def save(self, directory: str | Path) -> list[Path]:
        """Write the audit as JSON, page, JUnit XML and Markdown; return the paths."""
        from ldpaudit.outcomes.files import save_audit

        return save_audit(self, directory)

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


def audit_rows(result: AuditResult, label: str | None = None) -> list[dict[str, Any]]:
    """The rows of one audit, in a fixed order; the bound on epsilon goes by `label`."""
    base = _base_row(result)
    rows = [base | _attack_row(outcome, result.alpha) for outcome in result.attacks]
    if result.published_success is not None:
        what = {"attack": "published", "metric": "attack_success", "optimal": False}
        words = {"method": "published formula", "how": PUBLISHED, "prior": UNIFORM}
        rows.append(base | what | words | {"exact": result.published_success})
    for name, most in result.most:
        what = {"attack": "any", "metric": MOST, "prior": name}
        rows.append(base | what | {"method": "exact", "how": EXACT, "exact": most})
    rows += bound_rows(result, label or result.bound.bound)
    if result.mse is not None:
        rows.append(base | _error_row(result.mse, result.alpha))
        if result.mse.approximate is not None:
            words = {"method": "published approximation (f = 0)", "how": PUBLISHED}
            rows.append(
                base | {"metric": "mse_approximate", "exact": result.mse.approximate} | words
            )
    if result.bits is not None:
        words = {"method": "exact", "how": EXACT}
        rows.append(base | {"metric": "bits", "exact": float(result.bits)} | words)
    if result.influence is not None:
        rows += [base | row for row in result.influence.rows()]
    return rows


def bound_rows(result: AuditResult, label: str) -> list[dict[str, Any]]:
    """The rows of one audit that bound epsilon, at both levels, under the name of the audit."""
    base, about = _base_row(result), result.outside or result.scope
    what = {"attack": label, "exact": known(result.exact_epsilon)}
    return [
        base | what | {"metric": metric} | bound_columns(bound, status, about)
        for metric, bound, status in (
            ("epsilon_lower", result.bound, "ok"),
            ("epsilon_verdict", result.verdict_bound, result.verdict),
        )
    ]


def bound_columns(bound: EpsilonBound, status: str, about: str | None) -> dict[str, Any]:
    """The columns of a row that depend on the level of a bound."""
    return {
        "value": shown_bound(bound.epsilon_lower),
        "lower": shown_bound(bound.epsilon_lower),
        "trials": bound.trials,
        "status": status,
        "reason": "; ".join(filter(None, (bound.event, about))),
        "method": f"{bound.kind} lower bound, alpha = {bound.alpha:.3g}",
        "alpha": bound.alpha,
        "how": BOUND,
    }


def _base_row(result: AuditResult) -> dict[str, Any]:
    """What all rows of one audit have in common."""
    return dict.fromkeys(COLUMNS) | {
        "protocol": result.mechanism,
        "parameters": describe(result.parameters),
        "k": result.k,
        "epsilon": result.claimed_epsilon,
        "delta": result.claimed_delta,
        "seed": result.seed,
        "status": "ok",
        "reason": "",
        "attack": "",
        "data": "" if result.mse is None else result.mse.data,
        "num_users": None if result.mse is None else result.mse.num_users,
        "domain": result.domain,
        "estimand": result.estimand,
        "prior": "",
    }


def _attack_row(outcome: AttackOutcome, alpha: float) -> dict[str, Any]:
    """One attack: its success with its interval, beside the exact figure."""
    ran = outcome.reason is None
    how = (EXACT if outcome.exact is not None or not outcome.trials else ESTIMATE) if ran else ""
    kind = "Clopper-Pearson" if outcome.average is None else "normal"
    interval = f"estimate, {kind} interval at {confidence(alpha)}"
    return {
        "attack": outcome.attack,
        "metric": outcome.metric,
        "value": known(outcome.success),
        "lower": finite(outcome.lower),
        "upper": finite(outcome.upper),
        "exact": known(outcome.exact),
        "trials": outcome.trials,
        "status": "ok" if ran else ("failed" if outcome.failed else "skipped"),
        "reason": outcome.reason or outcome.note,
        "standard_error": outcome.standard_error,
        "method": interval if outcome.trials else how,
        "alpha": alpha if outcome.trials else None,
        "how": how,
        "optimal": outcome.optimal,
        "prior": outcome.prior,
    }


def _error_row(outcome: UtilityOutcome, alpha: float) -> dict[str, Any]:
    """The error: measured with its interval, beside the exact figure."""
    probed = bool(outcome.exact_error and outcome.exact) and finite(outcome.exact) is not None
    how = PROBES if probed else ESTIMATE if known(outcome.exact) is None else EXACT
    row = {
        "metric": "mse",
        "value": known(outcome.value),
        "lower": finite(outcome.lower),
        "upper": finite(outcome.upper),
        "exact": known(outcome.exact),
        "trials": outcome.repetitions,
        "alpha": alpha if finite(outcome.upper) is not None else None,
        "how": how,
        "standard_error": outcome.exact_error if probed else outcome.standard_error,
    }
    return row | {"method": _utility_method(row, alpha, outcome.sampled)}


def _utility_method(row: dict[str, Any], alpha: float, sampled: bool) -> str:
    """How measured and exact error were obtained; an exact one by probes says how close it is."""
    measured = f"estimate, chi-square interval at {confidence(alpha)} over repetitions"
    if sampled:
        measured += " of aggregates drawn from their exact law"
    if row["how"] != PROBES:
        return measured
    digits = math.ceil(100 * row["standard_error"] / row["exact"])
    return f"{measured}; exact column by random probes, standard error below {digits}%"
