"""What one false report can do to an estimate: the figure of an audit, and its rows."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from ldpaudit.outcomes.table import BOUND, EXACT, as_json


@dataclass(frozen=True)
class InfluenceOutcome:
    """Most that one report adds to the estimate of one value, in honest users' reports.

    An honest report adds 1 to its own value on average, so that one false report can count
    for `worst` of them. `worst` is that of the worst value, `mean` the mean over the values
    (None where it was not computed). Where not `exact`, only some values were looked at, and
    `worst` is a lower bound.

    Of an estimated mean, `worst` is what the worst report adds from the middle of the domain,
    in half widths of it: an honest one adds at most 1 on average. There is no `mean` then.
    """

    worst: float
    mean: float | None = None
    exact: bool = True

    def to_dict(self) -> dict[str, Any]:
        """The outcome as plain JSON values."""
        mean = as_json(self.mean)
        return {"worst": as_json(self.worst), "mean": mean, "exact": self.exact}

    def rows(self) -> list[dict[str, Any]]:
        """What the tidy table says of it: the worst value, and the mean where they differ."""
        if not self.exact:
            figures = {"value": self.worst, "lower": self.worst, "how": BOUND}
            words = "lower bound, worst of the values that were looked at"
            return [{"metric": "influence", "method": words} | figures]
        of_all = "report" if self.mean is None else "value"
        words = f"exact, worst {of_all} of all"
        found = [{"metric": "influence", "exact": self.worst, "method": words}]
        if self.mean is not None and self.mean < self.worst * (1 - 1e-9):
            words = "exact, mean over the values"
            found.append({"metric": "influence_mean", "exact": self.mean, "method": words})
        return [row | {"how": EXACT} for row in found]
