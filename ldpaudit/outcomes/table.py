"""The tidy table: its columns, and the formats of what stands in them."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import pandas as pd

#: The tidy table: one row a (cell, metric). The columns from `alpha` on carry as numbers what
#: `method` says as a sentence; docs/numbers.md says what each means.
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
    "alpha",
    "how",
    "standard_error",
    "optimal",
    "domain",
    "estimand",
    "prior",
)
#: What stands in the columns: whole numbers, real numbers, texts; `optimal` is true or false.
WHOLE = ("k", "num_users", "trials", "repetition", "seed")
REAL = ("epsilon", "delta", "value", "lower", "upper", "exact", "alpha", "standard_error")
TEXT = tuple(name for name in COLUMNS if name not in (*WHOLE, *REAL, "optimal"))
#: Columns that hold a row's own figure, and not where it belongs.
FIGURES = (
    *("value", "lower", "upper", "exact", "trials", "repetition"),
    *("alpha", "standard_error", "optimal"),
)
#: Columns of figures that may be infinite.
UNBOUNDED = ("value", "lower", "exact")
#: Estimands whose error is of shares of the users, per value: the limit speaks of these.
SHARES = ("frequencies", "marginals")
#: What stands between an estimand of shares and the post-processing that makes it biased.
_AFTER = ", after "
#: Metrics that never are.
FINITE = ("attack_success", "most_success", "nearby_success", "variance_explained", "cosine",
          "round_success", "revealed", "bits")  # fmt: skip
#: Metric of the share of a person's variance that one report explains.
EXPLAINED = "variance_explained"
#: Estimands that are means: the limit of what reports explain speaks of these.
MEANS = ("mean (squared input units)", "mean vector (squared input units)")
#: Estimands whose estimates are biased: no limit of unbiased ones speaks of them.
BIASED = ("distribution (squared Wasserstein distance)",)
#: What attackers think of the users beforehand (column `prior`): all values alike, how common they
#: are among the users, or a law that an audit was given; studies name further ones themselves.
UNIFORM, INFORMED, GIVEN = "uniform", "data", "given"
#: Metric of the most that any mechanism of the claimed epsilon gives away under such a law.
MOST = "most_success"
#: How a row's figure was obtained (column `how`): the exact one where there is one, estimated by
#: random probes or not, else the measured one; or a lower bound, or a formula of a paper.
EXACT, PROBES, ESTIMATE, BOUND, PUBLISHED = "exact", "probes", "estimate", "bound", "published"


def processed_name(estimand: str, post: str) -> str:
    """The estimand after a post-processing, which is another one: it is biased."""
    return estimand if post == "none" else f"{estimand}{_AFTER}{post}"


def unprocessed_name(estimand: str) -> str:
    """The estimand before a post-processing; itself where there was none."""
    return estimand.partition(_AFTER)[0]


def less_processed_name(estimand: str) -> str:
    """The estimand before its last post-processing; itself where there was none."""
    return estimand.rpartition(_AFTER)[0] or estimand


def is_biased(estimand: str) -> bool:
    """Whether shares were estimated and then post-processed, or dealt to values alike."""
    return _AFTER in estimand and unprocessed_name(estimand) in SHARES


def finite(number: float | None) -> float | None:
    """None for a missing, nan or infinite number: an end that says nothing."""
    return None if number is None or not math.isfinite(number) else float(number)


def known(number: float | None) -> float | None:
    """None for a missing number or nan; an infinite one is a figure and stays."""
    return None if number is None or math.isnan(number) else float(number)


def shown_bound(number: float | None) -> float | None:
    """A lower bound; None where it shows nothing, as any below 0 does."""
    return None if number is not None and number < 0 else known(number)


def as_json(value: Any) -> Any:
    """A number as JSON has it, others unchanged: null for nan, and infinity by its name."""
    if not isinstance(value, float) or math.isfinite(value):
        return value
    return None if math.isnan(value) else str(value)


def confidence(alpha: float) -> str:
    """The level 1 - alpha: a percentage, or the difference where that would round to 100%."""
    return f"{100 * (1 - alpha):.10g}%" if alpha >= 1e-9 else f"1 - {alpha:.3g}"


def to_frame(rows: list[dict[str, Any]]) -> pd.DataFrame:
    """Rows as the tidy table; whole numbers stay whole where some are missing."""
    import pandas as pd

    frame = pd.DataFrame(rows, columns=list(COLUMNS))
    kinds = dict.fromkeys(WHOLE, "Int64") | dict.fromkeys(REAL, "float64")
    return frame.astype(kinds | {"optimal": "boolean"})


def describe(parameters: dict[str, Any]) -> str:
    """Parameters beyond k, epsilon and delta as one short line, those left unset (None) not."""
    rest = {
        name: value
        for name, value in parameters.items()
        if name not in ("k", "epsilon", "delta") and value is not None
    }
    return ", ".join(f"{name}={_short(value)}" for name, value in rest.items())


def described_without(text: str, name: str) -> str:
    """What `describe` wrote, without one parameter whose value is a plain number."""
    parts = text.split(", ")
    return ", ".join(part for part in parts if not part.startswith(f"{name}="))


def _short(value: Any) -> str:
    """A long list of one value as ``[value] * length``."""
    if isinstance(value, list | tuple) and len(value) > 3 and len(set(map(repr, value))) == 1:
        return f"[{value[0]}] * {len(value)}"
    return str(value)
