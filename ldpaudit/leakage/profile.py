"""Delta as a function of epsilon: exact where it can be, else bounded from fresh reports.

A mechanism is (epsilon, delta)-LDP for delta(epsilon), the largest value of
P(A | x) - e^epsilon P(A | x') over events A and pairs of inputs: its privacy
profile. Any one event under any one pair bounds it from below, for every epsilon
at once.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from ldpaudit import validate
from ldpaudit.arrays import Floats
from ldpaudit.contracts import HasExactDelta, HasLikelihood, HasReports, Mechanism, Values
from ldpaudit.leakage import channels
from ldpaudit.sampling import chunks, report_entries, stream

if TYPE_CHECKING:
    import pandas as pd

#: Most events that share alpha.
_EVENTS = 16
#: Boxes that cover the confidence set of one event's two probabilities.
_BOXES = 16
#: The pilot that chooses the events draws one report for so many of the bound's, or so many.
_PILOT_SHARE, _LEAST_PILOT = 10, 100
#: Decimals of a score: what is beyond is the arithmetic's, not the mechanism's.
_DECIMALS = 9


@dataclass(frozen=True, eq=False)
class PrivacyProfile:
    """The exact delta of a mechanism at some epsilons.

    Attributes
    ----------
    epsilons, deltas : array of shape (m,)
        The least delta at each epsilon.
    how : str
        ``"closed form"`` (the mechanism's own formula) or ``"channel"`` (a sum
        over all reports).

    Examples
    --------
    >>> PrivacyProfile(np.array([0.0, 1.0]), np.array([0.3, 0.1]), "channel").to_frame()
       epsilon  delta
    0      0.0    0.3
    1      1.0    0.1
    """

    epsilons: Floats
    deltas: Floats
    how: str

    def to_frame(self) -> pd.DataFrame:
        """Return one row an epsilon: epsilon, delta."""
        import pandas as pd

        return pd.DataFrame({"epsilon": self.epsilons, "delta": self.deltas})


def privacy_profile(mechanism: Mechanism, epsilons: npt.ArrayLike) -> PrivacyProfile:
    """Return the exact delta of a mechanism at each epsilon.

    Parameters
    ----------
    mechanism : Mechanism
        With ``exact_delta``, or with ``every_report`` and ``log_likelihood``.
    epsilons : array of shape (m,)
        In natural-log units, at least 0.

    Returns
    -------
    PrivacyProfile
        ``.epsilons``, ``.deltas``, ``.how``, ``.to_frame()``.

    Raises
    ------
    ValueError, TypeError
        If an epsilon is negative or no finite number, the mechanism has
        neither, or its reports are too many to list.

    Notes
    -----
    Source: Barthe and Olmedo, ICALP 2013; Balle, Barthe and Gaboardi, NeurIPS 2018.

    Examples
    --------
    >>> import ldpaudit
    >>> m = ldpaudit.mechanism("grr", k=4, epsilon=1.0)
    >>> privacy_profile(m, [0.0, 0.5, 1.0]).deltas.round(4)
    array([0.3005, 0.187 , 0.    ])
    """
    grid = _check_epsilons(epsilons)
    if isinstance(mechanism, HasExactDelta):
        deltas = [float(mechanism.exact_delta(epsilon)) for epsilon in grid.tolist()]
        return PrivacyProfile(grid, np.array(deltas), "closed form")
    if isinstance(mechanism, HasReports):
        table = channels.channel(mechanism)
        deltas = [channels.exact_delta(table, epsilon) for epsilon in grid.tolist()]
        return PrivacyProfile(grid, np.array(deltas), "channel")
    raise TypeError(
        f"mechanism must have exact_delta or every_report, got {type(mechanism).__name__}."
    )


@dataclass(frozen=True, eq=False)
class EmpiricalProfile:
    """A lower bound on delta that holds at every epsilon at once; `empirical_profile` builds it.

    Attributes
    ----------
    epsilons : array of shape (m,)
        Where the bound was asked for; `delta_lower` answers for any other too.
    pair : tuple of int
        The two inputs x and x'.
    trials : int
        Reports drawn of each input.
    alpha : float
        Probability that the bound is above the true delta anywhere.
    thresholds : array of shape (events,)
        The events are {ln P(y | x) - ln P(y | x') > threshold}.
    hits, false_hits : array of int, shape (events,)
        Reports of x and of x', out of `trials` each, in each event.

    Examples
    --------
    >>> empty = np.array([0])
    >>> silent = EmpiricalProfile(np.zeros(1), (0, 1), 9, 0.05, np.zeros(1), empty, empty)
    >>> silent.delta_lower(0.0), silent.epsilon_lower(0.0)
    (array([0.]), -inf)
    """

    epsilons: Floats
    pair: tuple[int, int]
    trials: int
    alpha: float
    thresholds: Floats
    hits: Values
    false_hits: Values

    def delta_lower(self, epsilons: npt.ArrayLike) -> Floats:
        """Lower bound on delta at each epsilon, shape (m,); 0 where nothing is shown."""
        hit, false_hit = self._boxes
        with np.errstate(over="ignore"):
            factors = np.exp(_check_epsilons(epsilons))[:, None, None]
            excess = hit - factors * false_hit
        return np.asarray(np.maximum(excess.min(axis=2).max(axis=1), 0.0))

    def epsilon_lower(self, delta: float) -> float:
        """Lower bound on the epsilon that is true with `delta`; -inf where nothing is shown.

        It holds for all deltas, and beside `delta_lower`, under the same alpha.
        """
        hit, false_hit = self._boxes
        excess = np.maximum(hit - validate.check_delta(delta), 0.0)
        with np.errstate(divide="ignore"):
            return float((np.log(excess) - np.log(false_hit)).min(axis=1).max())

    def to_frame(self) -> pd.DataFrame:
        """Return one row an epsilon: epsilon, delta_lower."""
        import pandas as pd

        columns = {"epsilon": self.epsilons, "delta_lower": self.delta_lower(self.epsilons)}
        return pd.DataFrame(columns)

    @cached_property
    def _boxes(self) -> tuple[Floats, Floats]:
        """Least P(event | x) and largest P(event | x') of each box, shape (events, boxes) both."""
        from scipy.special import betainccinv, betaincinv

        n, (hit_level, false_level) = self.trials, _levels(self.alpha / self.hits.size)
        x, y = self.hits[:, None], self.false_hits[:, None]
        hit = np.where(x > 0, betaincinv(np.maximum(x, 1), n - x + 1, hit_level), 0.0)
        missed = np.maximum(n - y, 1)
        return hit, np.where(y < n, betainccinv(y + 1, missed, false_level), 1.0)


def empirical_profile(
    mechanism: Mechanism,
    epsilons: npt.ArrayLike,
    *,
    pair: tuple[int, int] = (0, 1),
    trials: int = 100_000,
    alpha: float = 0.05,
    seed: int = 0,
) -> EmpiricalProfile:
    """Bound a mechanism's delta from below at every epsilon at once, from fresh reports.

    Parameters
    ----------
    mechanism : Mechanism
        With ``log_likelihood``.
    epsilons : array of shape (m,)
        Where the bound should be tight, in natural-log units, at least 0.
    pair : tuple of int, default (0, 1)
        The two inputs x and x'; the bound is on P(A | x) - e^epsilon P(A | x').
    trials : int, default 100_000
        Reports drawn of each input, beside a tenth for a pilot.
    alpha : float, default 0.05
        Probability that the bound is above the true delta anywhere.
    seed : int, default 0
        The same arguments and seed give the same result.

    Returns
    -------
    EmpiricalProfile
        ``.delta_lower(epsilons)``, ``.epsilon_lower(delta)``, ``.to_frame()``.

    Raises
    ------
    ValueError, TypeError
        If an argument is out of range, the mechanism has no likelihood, or a
        report is impossible under both inputs.

    Notes
    -----
    *Events.* By Neyman and Pearson delta(epsilon) is the excess of the event that
    the log-likelihood ratio is above epsilon. So each epsilon asked for names an
    event; a pilot drops those that it cannot tell from another or that show
    nothing, and at most 16 are left to share alpha equally. The likelihood names
    events and nothing else: the bound counts reports, and holds whatever the
    likelihood says. Ratios count to nine decimals: what floating-point noise
    gives away in its last bits is not looked for.

    *One event.* The reports of x and x' are independent, so the two one-sided
    p-values U, U' of (P(A | x), P(A | x')) are independent too, and at least
    uniform. Both are turned into normal scores; the confidence set keeps the
    quarter disc of scores above 0 and all below, covered by 16 boxes whose union
    misses with probability alpha / events exactly. Each box is a pair of
    Clopper-Pearson bounds p, q, and delta(epsilon) is at least the least
    p - e^epsilon q of the boxes, at every epsilon. Where both margins are alike
    this is about a quarter tighter than one pair at half the error each.

    Bands of Dvoretzky, Kiefer and Wolfowitz would need no choice of events:
    Massart's one-sided margin is sqrt(ln(2 / alpha) / (2 n)) for each of the two
    samples, and both count, (1 + e^epsilon) margins in all. They are wider as a
    rule, and hopeless at large epsilon, because their width is that of a fair
    coin where the event is rare.

    Examples
    --------
    >>> import ldpaudit
    >>> m = ldpaudit.mechanism("grr", k=4, epsilon=1.0)
    >>> found = empirical_profile(m, [0.0, 0.5, 1.0])
    >>> exact = privacy_profile(m, [0.0, 0.5, 1.0])
    >>> bool((found.delta_lower([0.0, 0.5]) <= exact.deltas[:2]).all())
    True
    >>> 0.9 < found.epsilon_lower(0.0) <= 1.0
    True
    """
    if not isinstance(mechanism, HasLikelihood):
        raise TypeError(f"mechanism must have log_likelihood, got {type(mechanism).__name__}.")
    grid = _check_epsilons(epsilons)
    last = validate.check_integer("k", mechanism.k, 2) - 1
    first, second = (validate.check_integer("every input of pair", v, 0, last) for v in pair)
    if first == second:
        raise ValueError(f"pair must name two different inputs, got {pair!r}.")
    trials = validate.check_trials(trials)
    alpha = validate.check_fraction("alpha", alpha)
    seed = validate.check_seed(seed)

    inputs = np.array([first, second])
    candidates = np.unique(grid)
    pilot_trials = max(_LEAST_PILOT, trials // _PILOT_SHARE)
    rng = stream(seed, "profile", "pilot")
    pilot = _count(mechanism, inputs, candidates, pilot_trials, rng)
    thresholds = _choose(candidates, pilot, pilot_trials, trials)
    rng = stream(seed, "profile", "bound")
    hits, false_hits = _count(mechanism, inputs, thresholds, trials, rng)
    return EmpiricalProfile(grid, (first, second), trials, alpha, thresholds, hits, false_hits)


def _check_epsilons(epsilons: npt.ArrayLike) -> Floats:
    grid = np.atleast_1d(validate.check_floats("epsilons", epsilons))
    if grid.ndim != 1 or not grid.size:
        raise ValueError(f"epsilons must have shape (m >= 1,), got {grid.shape}.")
    if not np.isfinite(grid).all() or (grid < 0).any():
        raise ValueError("epsilons must be finite numbers of at least 0.")
    return grid


def _count(
    mechanism: Any, inputs: Values, thresholds: Floats, trials: int, rng: np.random.Generator
) -> Values:
    """Reports of each input whose log-likelihood ratio is above each threshold (rising)."""
    above = np.zeros((2, thresholds.size), dtype=np.int64)
    for own, row in zip(inputs, above, strict=True):
        for size in chunks(trials, report_entries(mechanism)):
            reports = mechanism.privatize(np.full(size, own), rng=rng)
            likelihood = mechanism.log_likelihood(reports, inputs)
            with np.errstate(invalid="ignore"):
                scores = np.round(likelihood[:, 0] - likelihood[:, 1], _DECIMALS)
            if np.isnan(scores).any():
                raise ValueError(f"each report must be possible under one of {inputs.tolist()}.")
            passed = np.bincount(np.searchsorted(thresholds, scores), minlength=thresholds.size + 1)
            row += size - np.cumsum(passed[:-1])
    return above


def _choose(candidates: Floats, pilot: Values, pilot_trials: int, trials: int) -> Floats:
    """Thresholds whose events differ in the pilot and may show something at the least epsilon."""
    hit, false_hit = (pilot + 0.5) / (pilot_trials + 1)
    factor = math.exp(min(float(candidates[0]), validate.MAX_EPSILON / 2))
    noise = hit * (1 - hit) + factor**2 * false_hit * (1 - false_hit)
    shows = hit - factor * false_hit > 2 * np.sqrt(noise / trials)
    differs = np.append(True, np.diff(pilot, axis=1).any(axis=0))
    chosen = candidates[shows & differs]
    if not chosen.size:
        return np.zeros(1)
    # Thinned evenly: neighbours serve one another's epsilons.
    places = np.unique(np.linspace(0, chosen.size - 1, _EVENTS).round().astype(np.int64))
    return np.asarray(chosen[places])


def _levels(alpha: float) -> tuple[Floats, Floats]:
    """Tail levels of boxes, whose union misses two independent p-values with probability alpha.

    Box j holds U >= a_j and U' >= b_j; the a_j rise and the b_j fall. Their normal
    scores step around a quarter circle, whose radius makes the probability right.
    """
    from scipy.optimize import brentq
    from scipy.special import ndtr

    angles = np.linspace(0, math.pi / 2, _BOXES + 1)

    def around(radius: float) -> tuple[Floats, Floats]:
        return ndtr(-radius * np.cos(angles[:-1])), ndtr(-radius * np.sin(angles[1:]))

    def excess(radius: float) -> float:
        a, b = around(radius)
        # Missed are U < a_1, and U' < b_j for the last box j with U >= a_j.
        return float(a[0] + b @ np.diff(a, append=1.0) - alpha)

    # At radius 0 all boxes are U, U' >= 1/2.
    return around(brentq(excess, 0.0, 40.0) if alpha < 0.75 else 0.0)
