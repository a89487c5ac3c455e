"""Leakage of a mechanism under any prior: exact where it can be, else from fresh reports.

A channel of many reports cannot be listed, but one report's posterior can be
computed. Averaging what the posterior says of itself needs no guess to come true:
given the report Y, the best guess is right with probability T(Y), its posterior
mass. So T and the indicator H of a hit have the same mean V = E[E[H | Y]], and by
the law of total variance

    var H = V (1 - V) = var T + E[T (1 - T)] >= var T.

T also stays within a factor e = exp(epsilon) of the success without a report, for
a posterior is within that factor of the prior. An interval for the mean of a
bounded variable uses both.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from ldpaudit import validate
from ldpaudit.adapters.finite_inputs import on_inputs
from ldpaudit.arrays import Floats
from ldpaudit.contracts import (
    HasBayesVulnerability,
    HasDomain,
    HasExactEpsilon,
    HasLikelihood,
    HasReports,
    Mechanism,
)
from ldpaudit.data.dataset import DataSet
from ldpaudit.leakage import capacity, channels
from ldpaudit.leakage.gain import check_gain, g_vulnerability, prior_g_vulnerability
from ldpaudit.sampling import chunks, stream

#: Largest channel that is written down instead of sampled, in entries.
_LISTED = 2**22
#: Share of alpha spent on the standard deviation; the rest goes to the mean.
_RARE = 0.1


@dataclass(frozen=True)
class Estimate:
    """A figure, and how it was obtained.

    Attributes
    ----------
    value, lower, upper : float
        The figure and its two-sided interval; all the same where it is exact.
    how : str
        ``"closed form"`` (the mechanism's own formula), ``"channel"`` (a sum over
        all reports) or ``"posterior"`` (the mean over `trials` fresh reports).
    trials : int
        Reports drawn, 0 where the figure is exact.
    alpha : float
        Error probability of the interval.

    Examples
    --------
    >>> Estimate(0.3, 0.3, 0.3, "channel", 0, 0.05).exact
    True
    """

    value: float
    lower: float
    upper: float
    how: str
    trials: int
    alpha: float

    @property
    def exact(self) -> bool:
        """Whether nothing was sampled."""
        return not self.trials


def prior_of(users: DataSet | npt.ArrayLike) -> Floats:
    """Prior of an attacker who knows how many users hold each value.

    Parameters
    ----------
    users : DataSet or array of int, shape (k,)
        A data set, or users holding each value.

    Returns
    -------
    array of shape (k,)
        Share of the users holding each value.

    Raises
    ------
    ValueError
        If it is not whole numbers of at least 0 with at least one user.

    Examples
    --------
    >>> from ldpaudit.data import load
    >>> prior_of([3, 1]), prior_of(load("adult-hours")).max().round(4)
    (array([0.75, 0.25]), np.float64(0.4723))
    """
    if isinstance(users, DataSet):
        return users.frequencies
    counts = np.asarray(users)
    histogram = validate.check_histogram(counts, counts.size)
    return np.asarray(histogram / histogram.sum())


def estimate_vulnerability(
    mechanism: Mechanism | HasDomain,
    prior: npt.ArrayLike | None = None,
    *,
    t: int = 1,
    gain: npt.ArrayLike | None = None,
    inputs: npt.ArrayLike | int | None = None,
    trials: int = 100_000,
    alpha: float = 0.05,
    seed: int = 0,
) -> Estimate:
    """Success of the best guess, list of guesses or gain from one report of a mechanism.

    Exact by the mechanism's own formula (single guess) or by a sum over its
    reports where they are few; else the mean of the best posterior gain over
    fresh reports.

    Parameters
    ----------
    mechanism : Mechanism or HasDomain
        With ``log_likelihood`` or, for a single guess, ``vulnerability``.
    prior : array of shape (k,), optional
        Probabilities of the values, `prior_of` a data set for instance; None
        means uniform.
    t : int, default 1
        Values that may be named, from 1 to k.
    gain : array of shape (guesses, k), optional
        Worth of each guess for each value, at least 0, instead of `t` guesses.
    inputs : array or int, optional
        Inputs of a mechanism that has a ``domain``, as for `ldpaudit.audit`; k is their number.
    trials : int, default 100_000
        Reports drawn where the figure is not exact, at least 2.
    alpha : float, default 0.05
        Error probability of the interval.
    seed : int, default 0
        The same arguments and seed give the same result.

    Returns
    -------
    Estimate
        ``.value`` in [``.lower``, ``.upper``], and ``.how``.

    Raises
    ------
    ValueError, TypeError
        If an argument is out of range, the mechanism has not what is needed, or
        a posterior leaves the range that its ``exact_epsilon`` allows.

    Notes
    -----
    The figure follows the mechanism's likelihood; whether its reports do too is
    what an audit's hit rates show. With v the success without a report, every
    posterior success lies in [v / e, v e], e = exp(epsilon), and so does their
    mean, which is at least v. The interval is Bernstein's for the mean, with the
    standard deviation bounded from the sample by theorem 10 of Maurer and Pontil
    (*Empirical Bernstein bounds and sample variance penalization*, COLT 2009) on
    a tenth of alpha; it covers at every number of trials.

    Examples
    --------
    >>> import ldpaudit
    >>> m = ldpaudit.mechanism("oue", k=100, epsilon=4.0)
    >>> estimate_vulnerability(m).how, round(estimate_vulnerability(m).value, 4)
    ('closed form', 0.2336)
    >>> top = estimate_vulnerability(m, t=5, trials=20_000)
    >>> top.how, top.lower < top.value < top.upper, round(top.value, 2)
    ('posterior', True, 0.51)
    """
    mechanism = on_inputs(mechanism, inputs)
    k = validate.check_integer("k", mechanism.k, 2)
    law = validate.check_distribution("prior", prior, k)
    t = validate.check_integer("t", t, 1, k)
    if gain is not None and t != 1:
        raise ValueError(f"t must be left at 1 beside a gain, got {t}.")
    worth = None if gain is None else check_gain(gain, k)
    trials, alpha, seed = _sampling(trials, alpha, seed)
    if worth is None and t == 1 and isinstance(mechanism, HasBayesVulnerability):
        return _exact(float(mechanism.vulnerability(law)), "closed form", alpha)
    table = _small_channel(mechanism)
    if table is not None:
        value = (
            channels.top_vulnerability(table, t, law)
            if worth is None
            else g_vulnerability(table, worth, law)
        )
        return _exact(value, "channel", alpha)

    if worth is None:
        rest, blind, most = k - t, float(np.sort(law)[k - t :].sum()), 1.0

        def score(posterior: Floats) -> Floats:
            return np.asarray(np.partition(posterior, rest, axis=1)[:, rest:].sum(axis=1))
    else:
        gains, blind, most = worth, prior_g_vulnerability(worth, law), float(worth.max())
        if blind == 0:
            raise ValueError("gain must be positive for some guess at a value of positive prior.")

        def score(posterior: Floats) -> Floats:
            return np.asarray((posterior @ gains.T).max(axis=1))

    epsilon = _exact_epsilon(mechanism)
    least = math.exp(math.log(blind) - epsilon)
    most = math.exp(min(math.log(most), math.log(blind) + epsilon))
    entries = max(k, 1 if worth is None else len(worth))
    rng = stream(seed, "leakage", "vulnerability")
    moments = _moments(mechanism, law, score, (least, most), trials, entries, rng)
    return _interval(moments, most - least, (blind, most), trials, alpha)


def estimate_mutual_information(
    mechanism: Mechanism | HasDomain,
    prior: npt.ArrayLike | None = None,
    *,
    inputs: npt.ArrayLike | int | None = None,
    trials: int = 100_000,
    alpha: float = 0.05,
    seed: int = 0,
) -> Estimate:
    """Mutual information of a user's value and one report of a mechanism, in nats.

    Exact by a sum over its reports where they are few; else the mean over fresh
    reports of the divergence of posterior from prior.

    Parameters
    ----------
    mechanism : Mechanism or HasDomain
        With ``log_likelihood``.
    prior : array of shape (k,), optional
        Probabilities of the values; None means uniform.
    inputs : array or int, optional
        Inputs of a mechanism that has a ``domain``, as for `ldpaudit.audit`; k is their number.
    trials : int, default 100_000
        Reports drawn where the figure is not exact, at least 2.
    alpha : float, default 0.05
        Error probability of the interval.
    seed : int, default 0
        The same arguments and seed give the same result.

    Returns
    -------
    Estimate
        ``.value`` in [``.lower``, ``.upper``], and ``.how``.

    Raises
    ------
    ValueError, TypeError
        If an argument is out of range, the mechanism has no likelihood, or a
        posterior leaves the range that its ``exact_epsilon`` allows.

    Notes
    -----
    The divergence lies in [0, min(epsilon, epsilon^2 / 8, -ln least prior)]: see
    `ldpaudit.leakage.mutual_information`. Its mean given nothing is the mutual
    information. Interval as for `estimate_vulnerability`.

    Examples
    --------
    >>> import ldpaudit
    >>> m = ldpaudit.mechanism("ss", k=100, epsilon=1.0)
    >>> found = estimate_mutual_information(m, trials=1000)
    >>> found.how, round(found.value, 4), found.value < 1 / 8
    ('posterior', 0.1202, True)
    """
    mechanism = on_inputs(mechanism, inputs)
    k = validate.check_integer("k", mechanism.k, 2)
    law = validate.check_distribution("prior", prior, k)
    trials, alpha, seed = _sampling(trials, alpha, seed)
    table = _small_channel(mechanism)
    if table is not None:
        return _exact(capacity.mutual_information(table, law), "channel", alpha)
    from scipy.special import rel_entr

    epsilon = _exact_epsilon(mechanism)
    most = min(epsilon, epsilon * epsilon / 8, -math.log(law[law > 0].min()))
    rng = stream(seed, "leakage", "mutual information")

    def score(posterior: Floats) -> Floats:
        return np.asarray(np.maximum(rel_entr(posterior, law).sum(axis=1), 0.0))

    moments = _moments(mechanism, law, score, (0.0, most), trials, k, rng)
    return _interval(moments, most, (0.0, most), trials, alpha)


def _sampling(trials: int, alpha: float, seed: int) -> tuple[int, float, int]:
    return (
        validate.check_trials(trials, 2),
        validate.check_fraction("alpha", alpha),
        validate.check_seed(seed),
    )


def _exact(value: float, how: str, alpha: float) -> Estimate:
    return Estimate(value, value, value, how, 0, alpha)


def _exact_epsilon(mechanism: Mechanism) -> float:
    """Largest log ratio if it is known; a claim proves nothing."""
    return mechanism.exact_epsilon() if isinstance(mechanism, HasExactEpsilon) else math.inf


def _small_channel(mechanism: Mechanism) -> Floats | None:
    """The whole channel of a mechanism that lists its reports and has few of them."""
    if not isinstance(mechanism, HasReports):
        return None
    try:
        size = len(mechanism.every_report()) * mechanism.k
    except ValueError:  # too many to list
        return None
    return channels.channel(mechanism) if size <= _LISTED else None


def _moments(
    mechanism: Mechanism,
    law: Floats,
    score: Callable[[Floats], Floats],
    allowed: tuple[float, float],
    trials: int,
    entries: int,
    rng: np.random.Generator,
) -> tuple[float, float]:
    """Mean and sample variance of the score of fresh reports' posteriors."""
    if not isinstance(mechanism, HasLikelihood):
        raise TypeError(f"mechanism must have log_likelihood, got {type(mechanism).__name__}.")
    seen, mean, squares = 0, 0.0, 0.0
    for size in chunks(trials, entries):
        reports = mechanism.privatize(rng.choice(law.size, size, p=law), rng=rng)
        scores = score(channels.posterior(mechanism.log_likelihood(reports), law))
        slack = 1e-9 * allowed[1] + 1e-12
        if scores.min() < allowed[0] - slack or scores.max() > allowed[1] + slack:
            raise ValueError(
                "posteriors must keep within exact_epsilon of the prior, got a score in "
                f"[{scores.min():.6g}, {scores.max():.6g}], allowed is "
                f"[{allowed[0]:.6g}, {allowed[1]:.6g}]."
            )
        # Means and sums of squares of two batches combine without cancellation.
        shift = float(scores.mean()) - mean
        squares += float(((scores - scores.mean()) ** 2).sum())
        squares += shift**2 * seen * size / (seen + size)
        mean += shift * size / (seen + size)
        seen += size
    return mean, squares / (seen - 1)


def _interval(
    moments: tuple[float, float],
    spread: float,
    certain: tuple[float, float],
    trials: int,
    alpha: float,
) -> Estimate:
    """Empirical Bernstein interval of the mean of scores that differ by at most `spread`."""
    mean, variance = moments
    rare, tail = -math.log(_RARE * alpha), -math.log((1 - _RARE) * alpha / 2)
    deviation = math.sqrt(variance) + spread * math.sqrt(2 * rare / (trials - 1))
    margin = deviation * math.sqrt(2 * tail / trials) + spread * tail / (3 * trials)
    # The figure is certainly within these two, so nothing is lost by ending there.
    value, lower, upper = np.clip((mean, mean - margin, mean + margin), *certain).tolist()
    return Estimate(value, lower, upper, "posterior", trials, alpha)
