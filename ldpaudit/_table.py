"""The tidy table: what an audit's numbers look like as rows, one a (cell, metric)."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import pandas as pd

    from ldpaudit.outcomes import AuditResult, UtilityOutcome

#: The tidy table: one row a (cell, metric). `method` says how the number was obtained.
COLUMNS = (
    "protocol",
    "parameters",
    "k",
    "epsilon",
    "delta",
    "num_users",
    "data",
    "attack",
    "metric",
    "value",
    "lower",
    "upper",
    "exact",
    "trials",
    "repetition",
    "seed",
    "status",
    "reason",
    "method",
)


def finite(number: float | None) -> float | None:
    """None for a missing, nan or infinite number: JSON knows none of them."""
    return None if number is None or not math.isfinite(number) else float(number)


def percent(share: float) -> str:
    """A share as a percentage, with as many digits as it takes."""
    return f"{100 * share:.10g}%"


def audit_rows(result: AuditResult, label: str | None = None) -> list[dict[str, Any]]:
    """The rows of one audit, in a fixed order; the bound on epsilon goes by `label`."""
    base = _base_row(result)
    interval = f"estimate, Clopper-Pearson interval at {percent(1 - result.alpha)}"
    rows: list[dict[str, Any]] = []
    for outcome in result.attacks:
        ran = outcome.reason is None
        rows.append(
            base
            | {
                "attack": outcome.attack,
                "metric": "attack_success",
                "value": finite(outcome.success),
                "lower": finite(outcome.lower),
                "upper": finite(outcome.upper),
                "exact": finite(outcome.exact),
                "trials": outcome.trials,
                "status": "ok" if ran else ("failed" if outcome.failed else "skipped"),
                "reason": outcome.reason or "",
                "method": interval if outcome.trials else ("exact" if ran else ""),
            }
        )
    if result.published_success is not None:
        rows.append(
            base
            | {
                "attack": "published",
                "metric": "attack_success",
                "exact": result.published_success,
                "method": "published formula",
            }
        )
    rows += bound_rows(result, label or result.bound.bound)
    if result.mse is not None:
        rows.append(
            base
            | {
                "metric": "mse",
                "value": finite(result.mse.value),
                "lower": finite(result.mse.lower),
                "upper": finite(result.mse.upper),
                "exact": finite(result.mse.exact),
                "trials": result.mse.repetitions,
                "method": _utility_method(result.mse, result.alpha),
            }
        )
        if result.mse.approximate is not None:
            rows.append(
                base
                | {
                    "metric": "mse_approximate",
                    "exact": result.mse.approximate,
                    "method": "published approximation (f = 0)",
                }
            )
    if result.bits is not None:
        rows.append(base | {"metric": "bits", "exact": float(result.bits), "method": "exact"})
    return rows


def bound_rows(result: AuditResult, label: str) -> list[dict[str, Any]]:
    """The rows of one audit that bound epsilon, at both levels, under the name of the audit."""
    base, rows = _base_row(result), []
    for metric, bound in (
        ("epsilon_lower", result.bound),
        ("epsilon_verdict", result.verdict_bound),
    ):
        rows.append(
            base
            | {
                "attack": label,
                "metric": metric,
                "value": finite(bound.epsilon_lower),
                "lower": finite(bound.epsilon_lower),
                "exact": finite(result.exact_epsilon),
                "trials": bound.trials,
                "status": "ok" if metric == "epsilon_lower" else result.verdict,
                "reason": bound.event,
                "method": f"{bound.kind} lower bound, alpha = {bound.alpha:.3g}",
            }
        )
    return rows


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
    }


def _utility_method(outcome: UtilityOutcome, alpha: float) -> str:
    """How measured and exact error were obtained; an exact one by probes says how close it is."""
    measured = f"estimate, t interval at {percent(1 - alpha)} over repetitions"
    if outcome.sampled:
        measured += " of aggregates drawn from their exact law"
    if not outcome.exact_error or not outcome.exact:
        return measured
    digits = math.ceil(100 * outcome.exact_error / outcome.exact)
    return f"{measured}; exact column by random probes, standard error below {digits}%"


def to_frame(rows: list[dict[str, Any]]) -> pd.DataFrame:
    """Rows as the tidy table; whole numbers stay whole where some are missing."""
    import pandas as pd

    frame = pd.DataFrame(rows, columns=list(COLUMNS))
    whole = ("k", "num_users", "trials", "repetition", "seed")
    real = ("epsilon", "delta", "value", "lower", "upper", "exact")
    kinds = dict.fromkeys(whole, "Int64") | dict.fromkeys(real, "float64")
    return frame.astype(kinds)


def describe(parameters: dict[str, Any]) -> str:
    """Parameters beyond k, epsilon and delta as one short line, those left unset (None) not."""
    rest = {
        name: value
        for name, value in parameters.items()
        if name not in ("k", "epsilon", "delta") and value is not None
    }
    return ", ".join(f"{name}={_short(value)}" for name, value in rest.items())


def _short(value: Any) -> str:
    """A long list of one value as ``[value] * length``."""
    if isinstance(value, list | tuple) and len(value) > 3 and len(set(map(repr, value))) == 1:
        return f"[{value[0]}] * {len(value)}"
    return str(value)
