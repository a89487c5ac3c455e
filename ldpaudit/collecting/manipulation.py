"""Manipulation: what users who do not follow the protocol can do to an estimate.

An unbiased estimate of frequencies adds up what each report says: it is the mean of
c_y over the reports y. So one false report moves the sum over some targets T by
(I(T) - f_T) / n at most, I(T) = max_y sum_T c_y(t), the *influence* of a report, and a
share beta of false users moves it by beta (I(T) - f_T) (the expected poisoning gain of
the attack of most gain). Mechanisms say I(T) themselves (`contracts.HasInfluence`);
here are its limit, the attacks on a collection, and their measured gain.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt

from ldpaudit.collecting.defences import Decode, ReportFilter
from ldpaudit.collecting.expected import check_targets, false_users, gain_of_influence
from ldpaudit.contracts import (
    FrequencyOracle,
    HasFalseReports,
    HasInfluence,
    Mechanism,
    Reports,
)
from ldpaudit.validate import (
    check_epsilon,
    check_generator,
    check_histogram,
    check_integer,
)


def influence_limit(epsilon: float) -> float:
    """Least influence of one report on one target that any mechanism can have, e / (e - 1).

    Parameters
    ----------
    epsilon : float
        Privacy budget in natural-log units, positive and finite.

    Returns
    -------
    float
        In units of 1 / n.

    Notes
    -----
    For every epsilon-LDP mechanism and every estimate that is the mean of c_y over the
    reports y and unbiased for every data set. Proof: let b be the largest c_y(t) of a
    target t. Unbiased means E c_y(t) = 1 over the reports of t and 0 over those of any
    other value x. Then b - c_y(t) is at least 0, and so

        b = E_x[b - c] <= e E_t[b - c] = e (b - 1),

    for epsilon-LDP holds for the mean of every non-negative function of the report.
    Hence b >= e / (e - 1), with equality only where every report with c below b is e times
    as likely from x as from t. Binary response over two values reaches it, and so does
    subset selection with subsets of k - 1 values, at a large error: larger subsets have
    less influence, see docs/manipulation.md.

    For r targets the same proof, with the sum of their c and b the largest sum, gives
    b >= e / (e - 1) as well where r < k; for r = k a mechanism can have b = 1.

    Examples
    --------
    >>> round(influence_limit(1.0), 4), round(influence_limit(5.0), 4)
    (1.582, 1.0068)
    """
    return -1 / math.expm1(-check_epsilon(epsilon))


def mean_influence_limit(epsilon: float) -> float:
    """Least influence of one report on a mean that any mechanism can have, (e + 1) / (e - 1).

    Parameters
    ----------
    epsilon : float
        Privacy budget in natural-log units, positive and finite.

    Returns
    -------
    float
        In half widths of the interval, or radii of the ball, over n.

    Notes
    -----
    For every epsilon-LDP mechanism and every estimate that is the mean of a(y) over the
    reports y and unbiased for every data set. Proof: let inputs lie in [-1, 1] and |a(y)|
    never be above b. Then b - a is at least 0, with mean b + 1 over the reports of -1 and
    b - 1 over those of 1, and as for frequencies b + 1 <= e (b - 1). Duchi's bit reaches it.
    For vectors, the coordinate along a unit vector is such an estimate, and no longer than a.

    Examples
    --------
    >>> import ldpaudit
    >>> round(mean_influence_limit(1.0), 4)
    2.164
    >>> round(ldpaudit.mechanism("duchi", epsilon=1.0).mean_influence(), 4)
    2.164
    """
    return 1 / math.tanh(check_epsilon(epsilon) / 2)


def poisoning_gain(
    mechanism: HasInfluence, targets: npt.ArrayLike, share: float, frequencies: npt.ArrayLike
) -> float | None:
    """Exact expected gain of the attack of most gain, beta (I(T) - f_T) if nothing is biased.

    Parameters
    ----------
    mechanism : HasInfluence
        Of k values.
    targets : array of shape (r,)
        Values whose frequencies the false users want to raise, together, none twice.
    share : float
        Share beta of false users among all, strictly between 0 and 1.
    frequencies : array of shape (k,)
        True frequencies of the honest users.

    Returns
    -------
    float or None
        How much higher the summed estimate of the targets is expected to be than from the same
        honest reports alone. None where the estimate is biased and its mean is not known.

    Raises
    ------
    ValueError, TypeError
        If the share, the targets or the frequencies are out of range.

    Notes
    -----
    Where the estimate is not unbiased (`ldpaudit.contracts.HasExpectedSums`), f_T is the mean of
    the honest users' summed estimate. Source: Cao, Jia and Gong, *Data poisoning attacks to
    local differential privacy protocols*, USENIX Security 2021, there for GRR, OUE and OLH.

    Examples
    --------
    >>> import numpy as np, ldpaudit
    >>> m = ldpaudit.mechanism("oue", k=100, epsilon=1.0)
    >>> round(poisoning_gain(m, [3], 0.05, np.full(100, 0.01)), 4)
    0.1577
    """
    return gain_of_influence(mechanism, targets, share, frequencies)


@dataclass(frozen=True)
class RandomValue:
    """Input manipulation: false users claim a random target and follow the protocol.

    Whatever the protocol, if it is unbiased each adds 1 to the sum over the targets on average,
    so that the gain is beta (1 - f_T): no defence can tell it from honest users who hold them.

    Examples
    --------
    >>> import numpy as np, ldpaudit
    >>> m = ldpaudit.mechanism("grr", k=10, epsilon=1.0)
    >>> RandomValue().reports(m, [3], 4, rng=np.random.default_rng(0)).shape
    (4,)
    """

    def reports(
        self, mechanism: Any, targets: npt.ArrayLike, num_reports: int, *, rng: np.random.Generator
    ) -> Reports:
        """Reports of so many false users."""
        values = check_generator(rng).choice(check_targets(targets, mechanism.k), num_reports)
        return mechanism.privatize(values, rng=rng)


@dataclass(frozen=True)
class RandomReport:
    """Output manipulation without a plan: any report, drawn uniformly.

    Examples
    --------
    >>> import numpy as np, ldpaudit
    >>> m = ldpaudit.mechanism("ss", k=10, epsilon=1.0)
    >>> RandomReport().reports(m, [3], 4, rng=np.random.default_rng(0)).shape
    (4, 2)
    """

    def reports(
        self,
        mechanism: Any,
        targets: npt.ArrayLike,  # noqa: ARG002
        num_reports: int,
        *,
        rng: np.random.Generator,
    ) -> Reports:
        """Reports of so many false users."""
        return mechanism.random_reports(num_reports, rng=rng)


@dataclass(frozen=True)
class MaximalGain:
    """Output manipulation of most gain: every false report adds `influence(targets)`.

    Examples
    --------
    >>> import numpy as np, ldpaudit
    >>> m = ldpaudit.mechanism("grr", k=10, epsilon=1.0)
    >>> MaximalGain().reports(m, [3], 4, rng=np.random.default_rng(0))
    array([3, 3, 3, 3])
    """

    def reports(
        self,
        mechanism: Any,
        targets: npt.ArrayLike,
        num_reports: int,
        *,
        rng: np.random.Generator,
    ) -> Reports:
        """Reports of so many false users."""
        return mechanism.false_reports(targets, num_reports, rng=rng)


CollectionAttack: TypeAlias = RandomValue | RandomReport | MaximalGain


@dataclass(frozen=True)
class Poisoning:
    """What false users did to collections: means over repetitions and their standard errors."""

    #: Summed estimate of the targets, less that from the same honest reports alone: a bias of
    #: the estimate, as of a post-processing, is not the false users'. 0 without an attack.
    gain: float
    gain_standard_error: float
    #: Mean squared error of the k frequencies, against the honest users'.
    error: float
    error_standard_error: float
    #: Share of honest and of false reports that a filter removed.
    honest_removed: float
    false_removed: float


def poison(
    mechanism: Any,
    attack: CollectionAttack | None,
    users: npt.ArrayLike,
    targets: npt.ArrayLike,
    share: float,
    repetitions: int,
    *,
    rng: np.random.Generator,
    decode: Decode | None = None,
    keep: ReportFilter | None = None,
) -> Poisoning:
    """Simulate collections in which a share of the users is false, and judge the estimate.

    The attack makes its users' reports; what they gained is judged here.

    Parameters
    ----------
    mechanism : FrequencyOracle
        Of k values, with `false_reports` for the attacks on reports.
    attack : RandomValue, RandomReport, MaximalGain or None
        What the false users do. None: there are none, to see what a defence costs.
    users : array of shape (k,)
        Honest users of each value, whole numbers.
    targets : array of shape (r,)
        Values whose frequencies the false users want to raise.
    share : float
        Share of false users among all, strictly between 0 and 1, rounded to whole users.
    repetitions : int
        Number of collections, at least 2.
    rng : numpy.random.Generator
        Source of randomness.
    decode : callable, optional
        From the mechanism and its counts to frequencies, for a defence of the estimate;
        None means ``mechanism.estimate``.
    keep : callable, optional
        From the mechanism and reports to those that are kept, for a defence of the reports.

    Returns
    -------
    Poisoning
        Means over the repetitions.

    Raises
    ------
    ValueError, TypeError
        If a parameter is out of range or the mechanism has no server.

    Examples
    --------
    >>> import numpy as np, ldpaudit
    >>> m = ldpaudit.mechanism("oue", k=20, epsilon=1.0)
    >>> found = poison(m, MaximalGain(), np.full(20, 500), [3], 0.05, 20,
    ...                rng=np.random.default_rng(0))
    >>> exact = poisoning_gain(m, [3], 0.05, np.full(20, 0.05))
    >>> abs(found.gain - exact) < 5 * found.gain_standard_error
    True
    """
    if not (isinstance(mechanism, Mechanism) and isinstance(mechanism, FrequencyOracle)):
        raise TypeError(
            "mechanism must privatize, aggregate and estimate frequencies, "
            f"got {type(mechanism).__name__}."
        )
    able: Any = mechanism
    if isinstance(attack, RandomReport | MaximalGain) and not isinstance(able, HasFalseReports):
        raise TypeError(
            f"mechanism must make false_reports and random_reports, got {type(able).__name__}."
        )
    honest = check_histogram(users, able.k)
    check_integer("repetitions", repetitions, 2)
    many = int(honest.sum())
    false = false_users(share, many)
    if attack is None:
        false = 0
    values, truth = np.repeat(np.arange(able.k), honest), honest / many
    aimed = check_targets(targets, able.k)
    to_frequencies = (lambda m, counts: m.estimate(counts)) if decode is None else decode
    seen = np.empty((repetitions, 4))
    for row in seen:
        batches = [able.privatize(values, rng=rng)]
        if attack is not None:
            batches.append(attack.reports(able, aimed, false, rng=rng))
        together = batches[0] if attack is None else np.concatenate(batches)
        kept = np.ones(len(together), dtype=np.bool_)
        if keep is not None:
            kept = np.asarray(keep(able, together), dtype=np.bool_)
        counts = able.aggregate(together[kept])
        estimate = to_frequencies(able, counts)
        alone = estimate
        if attack is not None:
            kept_alone = batches[0] if keep is None else batches[0][keep(able, batches[0])]
            alone = to_frequencies(able, able.aggregate(kept_alone))
        row[:2] = (estimate - alone)[aimed].sum(), np.mean((estimate - truth) ** 2)
        row[2] = 1 - kept[:many].mean()
        row[3] = 1 - kept[many:].mean() if false else 0.0
    means, errors = seen.mean(axis=0), seen.std(axis=0, ddof=1) / math.sqrt(repetitions)
    return Poisoning(
        float(means[0]), float(errors[0]), float(means[1]), float(errors[1]), *means[2:].tolist()
    )
