"""One face of two kinds of servers: frequencies of one domain, or of every attribute of records."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from ldpaudit.contracts import Floats, FrequencyOracle, HasVariance, MarginalOracle, Values


def collects(mechanism: Any) -> bool:
    """Whether it has a server of either kind."""
    return isinstance(mechanism, FrequencyOracle | MarginalOracle)


def described(mechanism: Any) -> tuple[str, str]:
    """Columns `domain` and `estimand`: what the inputs are, and what a server estimates."""
    if isinstance(mechanism, MarginalOracle) and not isinstance(mechanism, FrequencyOracle):
        return "records", "marginals"
    return "categories", "frequencies"


@dataclass(frozen=True)
class Server:
    """Estimates, truth and error of a mechanism: one vector, or one for every attribute.

    The error of several attributes is the mean of theirs (MSE_avg of the papers on records).
    """

    mechanism: Any

    @property
    def _sizes(self) -> tuple[int, ...]:
        whole = isinstance(self.mechanism, FrequencyOracle)
        return (self.mechanism.k,) if whole else tuple(self.mechanism.sizes)

    def aggregate(self, reports: Any) -> Any:
        """Summary of a batch."""
        return self.mechanism.aggregate(reports)

    def truth(self, histogram: Values) -> list[Floats]:
        """Frequencies of these users."""
        shares = np.reshape(histogram / histogram.sum(), self._sizes)
        axes = range(shares.ndim)
        return [shares.sum(axis=tuple(a for a in axes if a != axis)) for axis in axes]

    def truth_of(self, values: Values) -> list[Floats]:
        """The same from every user's value, for domains of any size."""
        columns = np.unravel_index(values, self._sizes)
        pairs = zip(columns, self._sizes, strict=True)
        return [np.bincount(column, minlength=size) / values.size for column, size in pairs]

    def estimate(self, counts: Any) -> list[Floats]:
        """What the mechanism makes of the counts, checked."""
        one = isinstance(self.mechanism, FrequencyOracle)
        found = (
            [self.mechanism.estimate(counts)] if one else self.mechanism.estimate_marginals(counts)
        )
        parts = [np.asarray(part) for part in found]
        for part, size in zip(parts, self._sizes, strict=True):
            if part.shape != (size,):
                raise ValueError(f"estimate must return shape ({size},), got {part.shape}.")
            if not np.isfinite(part).all():
                raise ValueError("estimate must return finite numbers, got nan or infinity.")
        return parts

    def mse(self, num_users: int, truth: list[Floats] | None = None) -> float | None:
        """The mechanism's own figure for these frequencies, or for f = 0; None without one."""
        if isinstance(self.mechanism, HasVariance):
            return float(self.mechanism.mse(num_users, None if truth is None else truth[0]))
        if hasattr(self.mechanism, "mse_marginals"):
            return float(np.mean(self.mechanism.mse_marginals(num_users, truth)))
        return None


def squared_error(estimate: list[Floats], truth: list[Floats]) -> float:
    """Mean over the attributes of the mean squared error."""
    parts = zip(estimate, truth, strict=True)
    return float(np.mean([np.mean((found - right) ** 2) for found, right in parts]))
