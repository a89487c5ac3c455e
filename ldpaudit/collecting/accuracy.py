"""Accuracy: the error of simulated collections, beside what the mechanism says of itself."""

from __future__ import annotations

import math
import time
from typing import Any

import numpy as np

from ldpaudit.arrays import Floats
from ldpaudit.bounds.errors import measured_error
from ldpaudit.collecting.servers import Server, first
from ldpaudit.contracts import HasCounts, HasVarianceError, Values
from ldpaudit.outcomes.parts import UtilityOutcome
from ldpaudit.sampling import chunks, report_entries

#: Most collections, and most entries of theirs, whose error vectors are compared.
_VECTORS, _ENTRIES = 50, 2**23
#: Most users who send a report each; more are drawn as one aggregate.
MAX_PRIVATIZED = 10**7


def measure_error(
    mechanism: Any,
    histogram: Values,
    data: str,
    repetitions: int,
    alpha: float,
    rng: np.random.Generator,
) -> UtilityOutcome:
    """Measured error over simulated collections of fixed users, beside the mechanism's formula."""
    num_users, server = int(histogram.sum()), Server(mechanism)
    truth = server.truth(histogram)
    sampled = _drawn(mechanism, histogram)
    errors, vectors = np.empty(repetitions), list[Floats]()
    for repetition in range(repetitions):
        counts = collected(mechanism, histogram, rng)
        estimate = server.estimate(counts, truth)
        errors[repetition] = server.error(estimate, truth)
        if repetition < 2 or repetition < min(_VECTORS, _ENTRIES // vectors[0].size):
            vectors.append(server.error_vector(estimate, truth, float(errors[repetition])))
    started = time.perf_counter()  # decoded once already: set-up is not in this figure
    server.estimate(counts, truth)
    decode_seconds = time.perf_counter() - started
    measured = measured_error(np.stack(vectors), alpha, errors)
    lower, upper = measured.interval(alpha)
    exact_error = 0.0
    if isinstance(mechanism, HasVarianceError):
        exact_error = float(mechanism.mse_standard_error(num_users, first(truth)))
    return UtilityOutcome(
        value=float(errors.mean()),
        lower=lower,
        upper=upper,
        exact=server.exact(num_users, truth, histogram),
        approximate=server.approximate(num_users),
        num_users=num_users,
        repetitions=repetitions,
        data=data,
        exact_error=exact_error,
        sampled=sampled,
        standard_error=None if math.isnan(measured.standard_error) else measured.standard_error,
        decode_seconds=decode_seconds,
    )


def _drawn(mechanism: Any, histogram: Values) -> bool:
    """Whether the users' aggregate is drawn from its law, and not report by report."""
    return int(histogram.sum()) > MAX_PRIVATIZED and isinstance(mechanism, HasCounts)


def collected(mechanism: Any, histogram: Values, rng: np.random.Generator) -> Any:
    """The summary of one collection from these users."""
    if _drawn(mechanism, histogram):
        return mechanism.sample_counts(histogram, rng=rng)
    return _collect(mechanism, histogram, rng)


def _collect(mechanism: Any, histogram: Values, rng: np.random.Generator) -> Any:
    """Privatize and aggregate every user, in chunks whose summaries add up."""
    ends, total, start = np.cumsum(histogram), None, 0
    for size in chunks(int(ends[-1]), report_entries(mechanism)):
        reached = np.clip(ends, start, start + size) - start
        own = np.repeat(np.arange(histogram.size), np.diff(reached, prepend=0))
        counts = mechanism.aggregate(mechanism.privatize(own, rng=rng))
        total = counts if total is None else total + counts
        start += size
    return total
