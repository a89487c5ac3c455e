"""False users who want a mean of numbers or vectors high: what they send, and what they gain."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from ldpaudit.arrays import Floats
from ldpaudit.collecting.accuracy import collected
from ldpaudit.collecting.directions import farthest_along
from ldpaudit.collecting.estimands import Mean, VectorMean
from ldpaudit.collecting.expected import false_users, false_words
from ldpaudit.collecting.servers import estimand_of
from ldpaudit.contracts import HasDomain, HasFalseMeanReports, Reports, Values
from ldpaudit.outcomes.table import ESTIMATE, EXACT, FIGURES
from ldpaudit.validate import (
    check_fraction,
    check_generator,
    check_integer,
    check_known,
)

#: What false users may do: claim the farthest input, send any report, or the one that adds most.
MEAN_ATTACKS = ("random-value", "random-report", "maximal-gain")


@dataclass(frozen=True)
class MeanPoisoning:
    """What false users did to an estimated mean, over repeated collections.

    `gain` is how much farther the estimate lies along their direction than that from the same
    honest reports alone, in units of the input, with its standard error; `exact` what it is on
    average, None for random reports. `error` is the squared distance to the honest users' mean.
    """

    gain: float
    gain_standard_error: float
    exact: float | None
    error: float
    error_standard_error: float


def poison_mean(
    mechanism: Any,
    attack: str,
    users: npt.ArrayLike,
    share: float,
    repetitions: int,
    *,
    rng: np.random.Generator,
    towards: npt.ArrayLike | None = None,
) -> MeanPoisoning:
    """Simulate collections in which a share of the users is false, and judge the mean.

    Parameters
    ----------
    mechanism : object
        Of numbers of an interval or of vectors, with `false_mean_reports` for the attacks on
        reports (`ldpaudit.contracts.HasFalseMeanReports`).
    attack : {"random-value", "random-report", "maximal-gain"}
        What false users do: claim the input that lies farthest along the direction and follow
        the protocol, send any report at all, or the one that moves the estimate farthest.
    users : array of shape (n,) or (n, dimension)
        The honest users' inputs.
    share : float
        Share of false users among all, strictly between 0 and 1, rounded to whole users.
    repetitions : int
        Number of collections, at least 2.
    rng : numpy.random.Generator
        Source of randomness.
    towards : float or array of shape (dimension,), optional
        Where they want the mean: up for a number above 0, down below; for vectors a direction.
        None means up, or along the first coordinate.

    Returns
    -------
    MeanPoisoning
        Means over the repetitions.

    Raises
    ------
    ValueError, TypeError
        If a parameter is out of range, or the mechanism estimates no mean.

    Notes
    -----
    With the mean m of the honest users along the direction, false reports that each add a give
    a gain of share (a - m): a is the middle of the domain plus `mean_influence` half widths for
    reports of most gain, and the end of the domain for who claims an input.

    Examples
    --------
    >>> import numpy as np, ldpaudit
    >>> m = ldpaudit.mechanism("duchi", epsilon=1.0)
    >>> found = poison_mean(m, "maximal-gain", np.zeros(9500), 0.05, 20,
    ...                     rng=np.random.default_rng(0))
    >>> round(found.exact, 4), round(0.05 * m.mean_influence(), 4)
    (0.1082, 0.1082)
    >>> abs(found.gain - found.exact) < 5 * found.gain_standard_error
    True
    """
    check_known("attack", attack, MEAN_ATTACKS)
    if not isinstance(mechanism, HasDomain) or not isinstance(
        estimand_of(mechanism), Mean | VectorMean
    ):
        raise TypeError(
            f"mechanism must estimate a mean of its domain, got {type(mechanism).__name__}."
        )
    if attack != "random-value" and not isinstance(mechanism, HasFalseMeanReports):
        raise TypeError(
            "mechanism must make false_mean_reports and random_reports, "
            f"got {type(mechanism).__name__}."
        )
    able: Any = mechanism
    own = np.asarray(able.domain.check(users))
    check_fraction("share", share)
    check_integer("repetitions", repetitions, 2)
    check_generator(rng)
    honest = _Honest(
        lambda: able.aggregate(able.privatize(own, rng=rng)), own.mean(axis=0), len(own)
    )
    return _poisoned(able, attack, honest, share, repetitions, towards, rng)


@dataclass(frozen=True)
class _Honest:
    """Counts of the honest users drawn anew, their mean, and how many they are."""

    collect: Callable[[], Any]
    mean: Floats
    many: int


def _poisoned(
    able: Any,
    attack: str,
    honest: _Honest,
    share: float,
    repetitions: int,
    towards: npt.ArrayLike | None,
    rng: np.random.Generator,
) -> MeanPoisoning:
    """Collect again and again, with this attack."""
    aim, farthest = farthest_along(able.domain, towards)
    false = false_users(share, honest.many)
    seen = np.empty((repetitions, 2))
    for row in seen:
        counts = honest.collect()
        reports = _false(able, attack, aim, farthest, false, rng)
        estimate = np.asarray(able.estimate(counts + able.aggregate(reports)))
        added = estimate - np.asarray(able.estimate(counts))
        row[:] = np.sum(added * aim), np.sum((estimate - honest.mean) ** 2)
    exact = None
    if attack != "random-report":
        one = farthest
        if attack == "maximal-gain":
            one = able.report_estimates(_false(able, attack, aim, farthest, 1, rng))[0]
        exact = false / (false + honest.many) * float(np.sum((one - honest.mean) * aim))
    means, errors = seen.mean(axis=0), seen.std(axis=0, ddof=1) / math.sqrt(repetitions)
    return MeanPoisoning(
        float(means[0]), float(errors[0]), exact, float(means[1]), float(errors[1])
    )


def mean_gain_rows(
    view: Any,
    histogram: Values,
    share: float,
    repetitions: int,
    like: dict[str, Any],
    *,
    rng: np.random.Generator,
) -> list[dict[str, Any]]:
    """Rows of the tidy table, like `like`: what false users add to the mean of a view's inputs.

    They want it high, or far along the first coordinate. Empty where no mean is estimated.
    """
    if not isinstance(estimand_of(view), Mean | VectorMean):
        return []
    honest = _Honest(
        lambda: collected(view, histogram, rng),
        estimand_of(view).truth(view.inputs, histogram),
        int(histogram.sum()),
    )
    many = false_words(false_users(share, honest.many), honest.many)
    rows = []
    for attack in MEAN_ATTACKS:
        if attack != "random-value" and not isinstance(view.mechanism, HasFalseMeanReports):
            continue
        found = _poisoned(view.mechanism, attack, honest, share, repetitions, None, rng)
        how = ESTIMATE if found.exact is None else EXACT
        rows.append(
            like
            | dict.fromkeys(FIGURES)
            | {"attack": attack, "status": "ok", "reason": "", "metric": "poisoning_gain"}
            | {"value": found.gain, "standard_error": found.gain_standard_error}
            | {"exact": found.exact, "how": how, "trials": repetitions}
            | {"method": f"estimate over repetitions, towards the upper end, {many}"}
        )
    return rows


def _false(
    able: Any, attack: str, aim: Floats, farthest: Floats, many: int, rng: np.random.Generator
) -> Reports:
    """What so many false users send."""
    if attack == "random-value":
        return able.privatize(np.repeat(farthest[None], many, axis=0), rng=rng)
    if attack == "random-report":
        return able.random_reports(many, rng=rng)
    return able.false_mean_reports(many, rng=rng, towards=aim)
