"""The central epsilon of n shuffled reports, from both sides, and the way back."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from ldpaudit import validate

from .channel import MARGIN, pair_laws
from .divergence_bounds import COARSE, delta_lower, delta_upper
from .formula import closed_form
from .inversion import epsilon_lower, epsilon_upper
from .laws import clones

#: Most reports that are shuffled: windows of such sums still fit a laptop.
MAX_USERS = 10**9
_WIDTH = 1e-4  # relative, of a local budget that is searched
_THREE = 2**15  # lattice points for clones, whose three atoms are nearly on a lattice


@dataclass(frozen=True)
class ShuffleBounds:
    """What is known of the central epsilon of shuffled reports at one delta.

    Parameters
    ----------
    num_users : int
        Reports that are shuffled, one per user.
    delta : float
        Delta of the central guarantee.
    local_epsilon : float
        Budget of one report: the channel's largest log ratio where that is known, else the
        mechanism's exact epsilon, else its claim.
    epsilon_lower : float
        Proven: below it, a pair of neighbouring data sets breaks (epsilon, delta). 0 where the
        channel is not known.
    epsilon_upper : float
        Proven: the reports are (epsilon_upper, delta)-differentially private for any data.
    upper_by : str
        What proves `epsilon_upper`: "blanket", "clones", "closed form" or "one report".
    clones : float
        Upper end for any mechanism of this local epsilon, a clone sent with probability
        exp(-local_epsilon) (2021), evaluated numerically.
    published : float
        The same with probability 2 / (exp(local_epsilon) + 1), as published in 2023. It is
        below the truth for no mechanism that we tried, and we could not prove it; no part
        of `epsilon_upper`.
    closed_form : float or None
        The formula of 2021, None where it is not proved.

    Examples
    --------
    >>> from ldpaudit.registry import mechanism
    >>> found = shuffle(mechanism("grr", k=1_000_000, epsilon=4.0), num_users=10_000)
    >>> found.upper_by, found.epsilon_upper < found.published < found.clones
    ('blanket', True)
    """

    num_users: int
    delta: float
    local_epsilon: float
    epsilon_lower: float
    epsilon_upper: float
    upper_by: str
    clones: float
    published: float
    closed_form: float | None

    def to_dict(self) -> dict[str, Any]:
        """The fields by name, as `ldpaudit shuffle --json` prints them."""
        return asdict(self)


def shuffle(mechanism: Any, num_users: int = 10_000, delta: float = 1e-6) -> ShuffleBounds:
    """Bound the central epsilon of n shuffled reports from both sides.

    Parameters
    ----------
    mechanism : Mechanism or HasDomain
        Local randomizer. With `pair_classes`, or with `every_report` and `log_likelihood` (few
        enough reports to list), both ends use its channel; without, the upper end is the one of
        any mechanism of its epsilon and the lower end is 0. Of one with a ``domain`` the upper
        end is that too, and the lower end is that of the inputs of its grid.
    num_users : int, default 10_000
        Reports that are shuffled, one per user, up to 10**9.
    delta : float, default 1e-6
        Delta of the central guarantee, strictly between 0 and 1.

    Returns
    -------
    ShuffleBounds
        `epsilon_lower` and `epsilon_upper`, both proven, beside what is published.

    Raises
    ------
    ValueError, TypeError
        If a parameter is out of range, or the mechanism has neither a channel that can be
        listed nor a pure epsilon.

    Notes
    -----
    Neighbouring data sets differ in one user's value. Upper end: the privacy blanket (Balle,
    Bell, Gascon and Nissim, CRYPTO 2019) of the channel itself, for every pair of values, and
    the clones of Feldman, McMillan and Talwar (FOCS 2021). Lower end: the likelihood-ratio
    test between two values of one user while all others hold a third. Rounding is part of
    either bound; it takes the mechanism's own probabilities to be right to eleven digits.

    Examples
    --------
    >>> from ldpaudit.registry import mechanism
    >>> found = shuffle(mechanism("grr", k=10, epsilon=2.0), num_users=10_000, delta=1e-6)
    >>> round(found.epsilon_lower, 4), round(found.epsilon_upper, 4), found.upper_by
    (0.0798, 0.0798, 'blanket')
    >>> round(found.published, 4), round(found.closed_form, 3)
    (0.1144, 0.501)
    """
    n, miss = _checked(num_users, delta)
    known = pair_laws(mechanism)
    local = known.local_epsilon
    safe = local + MARGIN
    limit = min(safe, validate.MAX_EPSILON)
    lower = epsilon_lower(known.attacks, n, miss, limit)
    ends = {"one report": safe}
    cloned = published = safe
    if safe <= validate.MAX_EPSILON:
        cloned = epsilon_upper([clones(safe, math.exp(-safe))], n, miss, safe, _THREE)
        share = 2 * math.exp(-safe) / (1 + math.exp(-safe))
        published = epsilon_upper([clones(safe, share)], n, miss, safe, _THREE)
        ends["clones"] = cloned
    if known.blanket is not None:
        ends["blanket"] = epsilon_upper(known.blanket, n, miss, limit)
    formula = closed_form(safe, n, miss) if safe <= validate.MAX_EPSILON else None
    if formula is not None:
        ends["closed form"] = formula
    by = min(ends, key=lambda name: ends[name])
    return ShuffleBounds(n, miss, local, lower, ends[by], by, cloned, published, formula)


def central_delta(mechanism: Any, num_users: int, epsilon: float) -> tuple[float, float]:
    """Bounds of the least delta at a central epsilon.

    Parameters
    ----------
    mechanism : Mechanism
        Local randomizer, as for `shuffle`.
    num_users : int
        Reports that are shuffled, up to 10**9.
    epsilon : float
        Central epsilon, at least 0.

    Returns
    -------
    lower, upper : float
        Both proven: a pair of neighbouring data sets reaches `lower`, none passes `upper`.

    Raises
    ------
    ValueError, TypeError
        As for `shuffle`.

    Examples
    --------
    >>> from ldpaudit.registry import mechanism
    >>> low, high = central_delta(mechanism("grr", k=3, epsilon=1.0), 1000, 0.1)
    >>> 0 < low < high < 2 * low
    True
    """
    n = validate.check_integer("num_users", num_users, 1, MAX_USERS)
    at = validate.check_nonnegative("epsilon", epsilon)
    known = pair_laws(mechanism)
    low = max((delta_lower(law, n, at) for law in known.attacks), default=0.0)
    return low, max(delta_upper(law, n, at) for law in known.proven)


def local_budget(
    build: Callable[[float], Any],
    num_users: int,
    central_epsilon: float,
    delta: float = 1e-6,
) -> float:
    """The largest local epsilon whose shuffled reports are proven to meet a central target.

    Parameters
    ----------
    build : callable
        From a local epsilon to the mechanism, for example
        ``lambda epsilon: ldpaudit.mechanism("grr", k=10, epsilon=epsilon)``.
    num_users : int
        Reports that are shuffled, up to 10**9.
    central_epsilon : float
        Epsilon of the central guarantee, positive.
    delta : float, default 1e-6
        Delta of the central guarantee.

    Returns
    -------
    float
        A local epsilon, at least `central_epsilon`, to four digits on the safe side.

    Raises
    ------
    ValueError, TypeError
        If a parameter is out of range, or as `build` raises.

    Notes
    -----
    Protocols with whole-numbered parameters (a subset size, a number of buckets) change at
    single epsilons, so their bound may rise and fall; what is returned meets the target
    and some local epsilon within a tenth of a thousandth above it does not.

    Examples
    --------
    >>> from ldpaudit.registry import mechanism
    >>> build = lambda epsilon: mechanism("grr", k=10, epsilon=epsilon)
    >>> round(local_budget(build, 10_000, 0.08), 2)
    2.0
    """
    n, miss = _checked(num_users, delta)
    target = validate.check_epsilon(central_epsilon)

    def met(local: float) -> bool:
        laws = sorted(pair_laws(build(local)).proven, key=lambda law: -law.spread)
        return all(
            delta_upper(law, n, target, COARSE) <= miss or delta_upper(law, n, target) <= miss
            for law in laws
        )

    low, high = target, 2 * target
    while high <= validate.MAX_EPSILON and met(high):
        low, high = high, 2 * high
    while high - low > _WIDTH * low:
        middle = (low + high) / 2
        low, high = (middle, high) if met(middle) else (low, middle)
    return low


def curve(
    build: Callable[[float], Any],
    *,
    epsilons: Sequence[float],
    num_users: Sequence[int] = (10_000,),
    deltas: Sequence[float] = (1e-6,),
) -> list[ShuffleBounds]:
    """Bounds at every combination of local epsilon, number of users and delta, in that order.

    Parameters
    ----------
    build : callable
        From a local epsilon to the mechanism, as for `local_budget`.
    epsilons : sequence of float
        Local budgets.
    num_users : sequence of int
        Numbers of reports that are shuffled.
    deltas : sequence of float
        Deltas of the central guarantee.

    Returns
    -------
    list of ShuffleBounds

    Raises
    ------
    ValueError, TypeError
        As for `shuffle`.

    Examples
    --------
    >>> from ldpaudit.registry import mechanism
    >>> build = lambda epsilon: mechanism("grr", k=4, epsilon=epsilon)
    >>> found = curve(build, epsilons=[1.0], num_users=[100, 10_000])
    >>> [round(bounds.epsilon_upper, 2) for bounds in found]
    [0.4, 0.03]
    """
    built = [build(epsilon) for epsilon in epsilons]
    return [shuffle(m, n, delta) for m in built for n in num_users for delta in deltas]


def _checked(num_users: int, delta: float) -> tuple[int, float]:
    n = validate.check_integer("num_users", num_users, 1, MAX_USERS)
    return n, validate.check_fraction("delta", delta)
