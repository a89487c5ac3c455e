"""Whole trade-off curves as claims, and an e-process against one: valid at every look.

A claim of f-DP (Dong, Roth and Su, JRSS B 84, 2022) says of all tests of two inputs at once how
well they do. It is the same as a profile: (epsilon, delta(epsilon))-DP for every epsilon, each
the line of slope -e^epsilon that supports the curve (their Proposition 2.12).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple, Protocol

import numpy as np

from ldpaudit import validate
from ldpaudit.arrays import Floats
from ldpaudit.bounds.anytime import event_evidence
from ldpaudit.counts import EventCounts

#: Widest mu that is looked for.
_WIDEST = 64.0
#: Slopes among which a pilot chooses, as epsilon.
_SLOPES: Floats = np.linspace(0.0, 12.0, 97)


class Curve(Protocol):
    """A claimed trade-off curve, by its privacy profile."""

    def delta_at(self, epsilon: float) -> float:
        """Least delta that is claimed together with epsilon, at least 0."""
        ...


@dataclass(frozen=True)
class GaussianCurve:
    """mu-GDP: no test tells two inputs apart better than N(0, 1) from N(mu, 1).

    Parameters
    ----------
    mu : float
        Positive.

    Notes
    -----
    delta = Phi(mu / 2 - epsilon / mu) - e^epsilon Phi(-mu / 2 - epsilon / mu), Corollary 2.13
    of Dong, Roth and Su.

    Examples
    --------
    >>> GaussianCurve(1.0), round(GaussianCurve(1.0).delta_at(1.0), 6)
    (gdp:1.0, 0.126937)
    """

    mu: float

    def __post_init__(self) -> None:
        validate.check_positive("mu", self.mu)

    def __repr__(self) -> str:
        return f"gdp:{self.mu}"

    def delta_at(self, epsilon: float) -> float:
        """Least delta at epsilon, at least 0."""
        from scipy.special import log_ndtr

        mu = self.mu
        beyond = epsilon + float(log_ndtr(-epsilon / mu - mu / 2))
        return max(0.0, math.exp(float(log_ndtr(mu / 2 - epsilon / mu))) - math.exp(beyond))


@dataclass(frozen=True)
class PointsCurve:
    """What several pairs (epsilon, delta) claim together.

    Parameters
    ----------
    points : sequence of (float, float)
        Pairs that all hold: epsilon at least 0, delta in [0, 1).

    Notes
    -----
    (e, d)-DP gives (epsilon, d) from e on, and below it d + (1 - d)(e^e - e^epsilon) / (1 + e^e):
    what a mechanism has that reveals its input with probability d and else answers at random.

    Examples
    --------
    >>> curve = PointsCurve([(1.0, 0.0)])
    >>> curve, round(curve.delta_at(0.0), 4), curve.delta_at(1.5)
    (curve:1.0=0.0, 0.4621, 0.0)
    """

    points: Sequence[tuple[float, float]]

    def __post_init__(self) -> None:
        if not len(self.points):
            raise ValueError("a curve must have at least one point (epsilon, delta).")
        for epsilon, delta in self.points:
            if not 0 <= epsilon < math.inf:
                raise ValueError(f"epsilon of a point must be at least 0, got {epsilon!r}.")
            validate.check_delta(delta)

    def __repr__(self) -> str:
        return "curve:" + ",".join(f"{epsilon}={delta}" for epsilon, delta in self.points)

    def delta_at(self, epsilon: float) -> float:
        """Least delta at epsilon, at least 0."""
        return min(_implied(e, d, epsilon) for e, d in self.points)


def _implied(known: float, delta: float, epsilon: float) -> float:
    if epsilon >= known:
        return delta
    lost = -math.expm1(epsilon - known) / (1 + math.exp(-known))
    return delta + (1 - delta) * lost


def parse_curve(text: str) -> GaussianCurve | PointsCurve:
    """The curve that ``gdp:MU`` or ``curve:EPSILON=DELTA,...`` names.

    Examples
    --------
    >>> parse_curve("gdp:0.5"), parse_curve("curve:0.5=0.1,1=1e-3")
    (gdp:0.5, curve:0.5=0.1,1.0=0.001)
    """
    kind, _, rest = validate.check_text("claim", text).partition(":")
    try:
        if kind == "gdp":
            return GaussianCurve(float(rest))
        if kind == "curve":
            parts = [part.partition("=") for part in rest.split(",")]
            return PointsCurve([(float(epsilon), float(delta)) for epsilon, _, delta in parts])
    except ValueError as error:
        raise ValueError(f"claim {text!r} is no curve: {error}") from None
    raise ValueError(f"claim must be gdp:MU or curve:EPSILON=DELTA,..., got {text!r}.")


class Bet(NamedTuple):
    """An event, side * score >= level, and the epsilon at which the curve is tested there."""

    side: int
    level: float
    epsilon: float


def best_slope(seen: EventCounts, curve: Curve) -> tuple[float, float]:
    """Epsilon at which pilot counts exceed a curve most, in standard errors, and how many."""
    p = (seen.hits + 0.5) / (seen.trials + 1)
    q = (seen.false_hits + 0.5) / (seen.false_trials + 1)
    odds, deltas = np.exp(_SLOPES), np.array([curve.delta_at(float(e)) for e in _SLOPES])
    excess = p - odds * q - deltas
    clear = excess / np.sqrt(p * (1 - p) + odds**2 * q * (1 - q))
    clear[deltas >= 1] = -math.inf
    place = int(np.argmax(clear))
    return float(_SLOPES[place]), float(clear[place])


def curve_evidence(counts: Sequence[EventCounts], bets: Sequence[Bet], curve: Curve) -> float:
    """Log of an e-process against a curve, from what each bet's event counted so far.

    Notes
    -----
    A curve that holds gives (epsilon, delta(epsilon))-DP at the epsilon of each bet. Against
    that, `ldpaudit.bounds.anytime.event_evidence` is an e-process: of every report of the first
    input a bet is paid 1{event} - delta - m, of every report of the second
    m - e^epsilon 1{event}, and where a fair coin draws the input the sum has mean
    (P(event | first) - e^epsilon P(event | second) - delta) / 2, at most 0, whatever m. The mean
    of several e-processes on the same reports is one, however they depend: expectations add up.
    By Ville's inequality it ever reaches 1 / alpha with probability at most alpha, provided
    that bets were fixed before the reports were drawn. It falls with every delta.

    Examples
    --------
    >>> seen, bets = [EventCounts(800, 1000, 200, 1000)], [Bet(1, 0.0, 0.0)]
    >>> round(curve_evidence(seen, bets, GaussianCurve(1.0)), 1)
    53.8
    """
    logs = [
        float(
            event_evidence(
                seen, epsilon=bet.epsilon, delta=curve.delta_at(bet.epsilon), claimed=bet.epsilon
            )
        )
        for seen, bet in zip(counts, bets, strict=True)
    ]
    return float(np.logaddexp.reduce(logs)) - math.log(len(logs))


def mu_lower(counts: Sequence[EventCounts], bets: Sequence[Bet], alpha: float) -> float:
    """Lower bound on mu at level 1 - alpha, at every look; 0 where nothing is shown.

    The least mu whose curve is not refuted: the evidence falls with delta, which grows with mu.

    Examples
    --------
    >>> seen, bets = [EventCounts(800, 1000, 200, 1000)], [Bet(1, 0.0, 0.0)]
    >>> round(mu_lower(seen, bets, 0.05), 2)
    1.46
    """
    from scipy.optimize import brentq

    validate.check_fraction("alpha", alpha)

    def excess(mu: float) -> float:
        return max(curve_evidence(counts, bets, GaussianCurve(mu)) + math.log(alpha), -1e3)

    low, high = 1e-6, 1.0
    if excess(low) < 0:
        return 0.0
    while excess(high) >= 0:
        high *= 2
        if high > _WIDEST:
            return math.inf
    return float(brentq(excess, low, high, xtol=1e-9))
