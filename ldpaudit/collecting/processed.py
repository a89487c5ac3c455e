"""Post-processing and false reports, measured on the estimates of simulated collections."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from ldpaudit.arrays import Floats
from ldpaudit.bounds.errors import MeasuredError, measured_error
from ldpaudit.collecting.accuracy import collected
from ldpaudit.collecting.manipulation import (
    CollectionAttack,
    MaximalGain,
    RandomReport,
    RandomValue,
    poisoning_gain,
)
from ldpaudit.contracts import HasFalseReports, Values
from ldpaudit.outcomes.table import ESTIMATE, EXACT, FIGURES, finite, processed_name
from ldpaudit.validate import check_fraction, check_generator, check_histogram, check_integer

#: Names that `decode` of the catalogue knows.
POSTS = ("none", "base-cut", "norm", "norm-sub", "simplex", "power", "em", "mle")
#: What false users may do to a collection, by name.
ATTACKS: Mapping[str, CollectionAttack] = {
    "random-value": RandomValue(),
    "random-report": RandomReport(),
    "maximal-gain": MaximalGain(),
}
#: How many of the most frequent values a server wants to find.
_TOP = 10
#: Largest domain whose values are all asked for the worst one to attack.
_ASKED = 2048


@dataclass(frozen=True)
class Processed:
    """What one post-processing made of some collections, as means and their standard errors.

    `total_variation` is half the absolute difference to the users' shares, added up;
    `recall` how many of the ten most frequent values are among the ten largest estimates (of
    at least twenty values, else of half of them); `gains` what false users of each kind added
    to the estimate of `target`, and what they should add where that is known.
    """

    post: str
    error: MeasuredError
    total_variation: tuple[float, float]
    recall: tuple[float, float]
    gains: Mapping[str, tuple[float, float, float | None]]
    target: int
    repetitions: int
    reason: str = ""

    def rows(self, base: dict[str, Any], alpha: float) -> list[dict[str, Any]]:
        """Rows of the tidy table, like `base`; the estimand says how it was processed."""
        like = base | dict.fromkeys(FIGURES) | {"attack": "", "status": "ok", "reason": ""}
        like |= {"estimand": processed_name(str(base["estimand"]), self.post)}
        if self.reason:
            return [like | {"metric": "mse", "status": "skipped", "reason": self.reason, "how": ""}]
        like |= {"trials": self.repetitions, "how": ESTIMATE}
        rows = []
        if self.post != "none":  # that one is in the table
            lower, upper = self.error.interval(alpha)
            ends = {"lower": finite(lower), "upper": finite(upper), "alpha": alpha}
            words = f"estimate over repetitions, after {self.post}: biased"
            rows.append(like | _mean("mse", (self.error.value, self.error.standard_error)) | ends)
            rows[-1]["method"] = words
        rows.append(like | _mean("total_variation", self.total_variation))
        rows.append(like | _mean("top_recall", self.recall))
        for name, (gain, spread, exact) in self.gains.items():
            row = like | _mean("poisoning_gain", (gain, spread)) | {"attack": name}
            row |= {"method": f"estimate over repetitions, target {self.target}"}
            rows.append(row | ({} if exact is None else {"exact": exact, "how": EXACT}))
        return rows


def measure_processed(
    mechanism: Any,
    histogram: Values,
    posts: Sequence[str],
    repetitions: int,
    alpha: float,
    *,
    rng: np.random.Generator,
    false_share: float | None = None,
) -> list[Processed]:
    """Collect again and again, decode every collection in every way, and hold it against the truth.

    Parameters
    ----------
    mechanism : FrequencyOracle
        With ``decode(counts, post=name)``; without it only ``"none"`` can be measured.
    histogram : array of shape (k,)
        Users of each value.
    posts : sequence of str
        Post-processings by name.
    repetitions : int
        Number of collections, at least 2.
    alpha : float
        Error probability at which intervals of the error will be asked for.
    rng : numpy.random.Generator
        Source of randomness.
    false_share : float, optional
        Share of false users among all, for the attacks on the collection; None means none.
        They aim at the value where one report adds most.

    Returns
    -------
    list of Processed
        One for each name, in order; one that the mechanism cannot do says why.

    Raises
    ------
    ValueError, TypeError
        If a parameter is out of range.

    Examples
    --------
    >>> import numpy as np, ldpaudit
    >>> m = ldpaudit.mechanism("oue", k=20, epsilon=1.0)
    >>> found = measure_processed(m, np.full(20, 100), ["none", "norm-sub"], 5, 0.05,
    ...                           rng=np.random.default_rng(0))
    >>> found[1].error.value < found[0].error.value
    True
    """
    users = check_histogram(histogram, mechanism.k)
    check_integer("repetitions", repetitions, 2)
    check_generator(rng)
    truth = users / users.sum()
    attacks, target, many = _attacks(mechanism, users, false_share)
    sums = [_collection(mechanism, users, attacks, target, many, rng) for _ in range(repetitions)]
    exact = None
    if attacks and isinstance(mechanism, HasFalseReports):
        real = many / (many + int(users.sum()))
        exact = poisoning_gain(mechanism, [target], real, truth)
    return [
        _decoded(mechanism, post, sums, truth, target, alpha, exact if post == "none" else None)
        for post in posts
    ]


def _attacks(
    mechanism: Any, users: Values, share: float | None
) -> tuple[Mapping[str, CollectionAttack], int, int]:
    """What the mechanism's false users can do, the value they aim at, and how many they are."""
    if share is None:
        return {}, 0, 0
    many = int(users.sum())
    false = max(1, round(check_fraction("false_share", share) / (1 - share) * many))
    if not isinstance(mechanism, HasFalseReports):
        return {"random-value": ATTACKS["random-value"]}, 0, false
    target = users.size // 2
    if users.size <= _ASKED:
        target = int(np.argmax(mechanism.single_influences()))
    return ATTACKS, target, false


def _collection(
    mechanism: Any,
    users: Values,
    attacks: Mapping[str, CollectionAttack],
    target: int,
    many: int,
    rng: np.random.Generator,
) -> dict[str, Any]:
    """Counts of the honest users alone (""), and together with those of each attack."""
    honest = collected(mechanism, users, rng)
    found = {"": honest}
    for name, attack in attacks.items():
        reports = attack.reports(mechanism, [target], many, rng=rng)
        found[name] = honest + mechanism.aggregate(reports)
    return found


def _decoded(
    mechanism: Any,
    post: str,
    sums: Sequence[dict[str, Any]],
    truth: Floats,
    target: int,
    alpha: float,
    exact: float | None,
) -> Processed:
    """Every collection after one post-processing."""
    repetitions, names = len(sums), [name for name in sums[0] if name]
    try:
        found = {
            name: np.array([_estimate(mechanism, counts[name], post) for counts in sums])
            for name in sums[0]
        }
    except (AttributeError, TypeError, ValueError) as error:
        nothing = (math.nan, math.nan)
        empty = MeasuredError(math.nan, math.nan)
        return Processed(post, empty, nothing, nothing, {}, target, repetitions, str(error))
    away = found[""] - truth
    gains = {
        name: (
            *_spread(found[name][:, target] - truth[target]),
            exact if name == "maximal-gain" else None,
        )
        for name in names
    }
    return Processed(
        post,
        measured_error(away / math.sqrt(truth.size), alpha),
        _spread(np.abs(away).sum(axis=1) / 2),
        _spread(np.array([_recall(estimate, truth) for estimate in found[""]])),
        gains,
        target,
        repetitions,
    )


def _estimate(mechanism: Any, counts: Any, post: str) -> Floats:
    if post == "none":
        return np.asarray(mechanism.estimate(counts))
    return np.asarray(mechanism.decode(counts, post=post))


def _recall(estimate: Floats, truth: Floats) -> float:
    """Share of the most frequent values among the largest estimates; equal ones all count."""
    top = min(_TOP, max(1, truth.size // 2))
    bar = np.sort(truth)[-top]
    return float((truth[np.argsort(-estimate, kind="stable")[:top]] >= bar).mean())


def _spread(sample: Floats) -> tuple[float, float]:
    """Mean and its standard error."""
    return float(sample.mean()), float(sample.std(ddof=1) / math.sqrt(sample.size))


def _mean(metric: str, figures: tuple[float, float]) -> dict[str, Any]:
    value, spread = figures
    words = "estimate, mean over repetitions"
    return {"metric": metric, "value": value, "standard_error": spread, "method": words}
