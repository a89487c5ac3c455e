"""What false users gain on average, exactly, where the mean of the estimate is known."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from ldpaudit.arrays import Floats
from ldpaudit.contracts import HasExpectedSums, Values
from ldpaudit.validate import check_distribution, check_fraction, check_values


def false_users(share: float, honest: int) -> int:
    """Whole false users beside so many honest ones, for a share of all: at least one."""
    return max(1, round(check_fraction("share", share) / (1 - share) * honest))


def false_words(false: int, honest: int) -> str:
    """How many users are false, of all, and the share that they are."""
    share = false / (false + honest)
    return f"{false:,} of {false + honest:,} users false (a share of {share:.4g})"


def check_targets(targets: npt.ArrayLike, k: int, *, name: str = "targets") -> Values:
    """Return values whose estimate somebody wants to raise, or say what they should be."""
    given = np.asarray(targets)
    if given.ndim != 1 or given.size == 0 or np.unique(given).size < given.size:
        raise ValueError(
            f"{name} must be values, at least one and none twice, got {given.tolist()!r}."
        )
    try:
        return check_values(given, k)
    except (TypeError, ValueError) as error:
        raise type(error)(str(error).replace("values must", f"{name} must", 1)) from None


def is_unbiased(mechanism: Any) -> bool:
    """Whether the estimate is right on average whatever the users hold, as limits suppose."""
    return not isinstance(mechanism, HasExpectedSums) or bool(mechanism.unbiased)


def expected_sums(mechanism: Any, targets: npt.ArrayLike) -> Floats | None:
    """Mean of the summed estimate of the targets over a report of each value, shape (k,).

    Of an unbiased estimate 1 for the targets and 0 for others; None where it is not known.
    """
    chosen = check_targets(targets, mechanism.k)
    if not is_unbiased(mechanism):
        found = mechanism.expected_sums(chosen)
        return None if found is None else np.asarray(found)
    sums = np.zeros(mechanism.k)
    sums[chosen] = 1
    return sums


def gain_of_claims(
    mechanism: Any, targets: npt.ArrayLike, share: float, frequencies: npt.ArrayLike
) -> float | None:
    """Expected gain where false users claim a random target and follow the protocol."""
    sums = expected_sums(mechanism, targets)
    if sums is None:
        return None
    own = check_distribution("frequencies", frequencies, mechanism.k) @ sums
    return float(check_fraction("share", share) * (sums[np.asarray(targets)].mean() - own))


def gain_of_influence(
    mechanism: Any, targets: npt.ArrayLike, share: float, frequencies: npt.ArrayLike
) -> float | None:
    """Expected gain where every false report adds `influence(targets)`."""
    beta, sums = check_fraction("share", share), expected_sums(mechanism, targets)
    own = check_distribution("frequencies", frequencies, mechanism.k)
    return None if sums is None else float(beta * (mechanism.influence(targets) - own @ sums))
