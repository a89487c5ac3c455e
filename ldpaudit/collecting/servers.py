"""One face of all servers: what a mechanism estimates, asked of it and held against the truth."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from ldpaudit.adapters.finite_inputs import domain_of
from ldpaudit.arrays import Floats
from ldpaudit.collecting.estimands import Estimand, Frequencies, HasEstimand, Marginals
from ldpaudit.contracts import FrequencyOracle, HasVariance, MarginalOracle, Values


def estimand_of(mechanism: Any) -> Any:
    """What its server estimates: what it says, else frequencies or marginals; None without one."""
    if isinstance(mechanism, HasEstimand):
        found: Any = mechanism.estimand
        if not isinstance(found, Estimand):
            raise TypeError(f"estimand must have name, unit, truth and error, got {found!r}.")
        served = hasattr(mechanism, "aggregate") and hasattr(mechanism, _estimator(found))
        return found if served else None
    if isinstance(mechanism, FrequencyOracle) and hasattr(mechanism, "k"):
        return Frequencies(mechanism.k)
    return Marginals(tuple(mechanism.sizes)) if isinstance(mechanism, MarginalOracle) else None


def collects(mechanism: Any) -> bool:
    """Whether it has a server."""
    return estimand_of(mechanism) is not None


def _estimator(estimand: Any) -> str:
    """Name of the method that is asked for the estimate."""
    return str(getattr(estimand, "estimator", "estimate"))


def described(mechanism: Any) -> tuple[str, str]:
    """Columns `domain` and `estimand`: what the inputs are, and what a server estimates."""
    domain, estimand = domain_of(mechanism), estimand_of(mechanism)
    unsaid = Frequencies.name if "k" in domain.parameters else ""
    return str(domain), unsaid if estimand is None else str(estimand)


@dataclass(frozen=True)
class Server:
    """Estimate, truth and error of a mechanism: one array, or a list with one a part."""

    mechanism: Any

    @cached_property
    def estimand(self) -> Any:
        """What is estimated."""
        return estimand_of(self.mechanism)

    def aggregate(self, reports: Any) -> Any:
        """Summary of a batch."""
        return self.mechanism.aggregate(reports)

    def truth(self, histogram: Values) -> Any:
        """What these users come to."""
        inputs = getattr(self.mechanism, "inputs", None)
        known = np.arange(histogram.size) if inputs is None else inputs
        return self.estimand.truth(known, histogram)

    def estimate(self, counts: Any, like: Any) -> Any:
        """What the mechanism makes of the counts, checked to have the form of a truth."""
        found = getattr(self.mechanism, _estimator(self.estimand))(counts)
        if not isinstance(like, list):
            return _checked(found, like)
        return [_checked(part, right) for part, right in zip(found, like, strict=True)]

    def error(self, estimate: Any, truth: Any) -> float:
        """Squared error of an estimate."""
        return float(self.estimand.error(estimate, truth))

    def error_vector(self, estimate: Any, truth: Any, error: float) -> Floats:
        """Errors whose squares add up to `error`, its root alone where the estimand has none."""
        known = getattr(self.estimand, "errors", None)
        return np.array([math.sqrt(error)]) if known is None else known(estimate, truth)

    def exact(self, num_users: int, truth: Any, histogram: Values | None = None) -> float | None:
        """The mechanism's own mean squared error for these users; None without one."""
        if isinstance(self.estimand, Frequencies | Marginals):
            return self._stated(num_users, truth)
        known = getattr(self.estimand, "exact", None)
        return None if known is None else known(self.mechanism, histogram)

    def approximate(self, num_users: int) -> float | None:
        """The figure for f = 0 that papers plot; None without one."""
        known = isinstance(self.estimand, Frequencies | Marginals)
        return self._stated(num_users, None) if known else None

    def _stated(self, num_users: int, truth: Any) -> float | None:
        if isinstance(self.mechanism, HasVariance):
            return float(self.mechanism.mse(num_users, first(truth)))
        if hasattr(self.mechanism, "mse_marginals"):
            return float(np.mean(self.mechanism.mse_marginals(num_users, truth)))
        return None


def squared_error(estimate: list[Floats], truth: list[Floats]) -> float:
    """Mean over several parts of the mean squared error."""
    return Marginals(tuple(part.size for part in truth)).error(estimate, truth)


def first(truth: Any) -> Any:
    """The first part of a truth, or all of it."""
    return truth[0] if isinstance(truth, list) else truth


def _checked(found: Any, like: Any) -> Any:
    part = np.asarray(found)
    if part.shape != like.shape:
        raise ValueError(f"estimate must return shape {like.shape}, got {part.shape}.")
    if not np.isfinite(part).all():
        raise ValueError("estimate must return finite numbers, got nan or infinity.")
    return part
