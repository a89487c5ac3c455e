"""The tidy table: its columns, and the formats of what stands in them."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import pandas as pd

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
