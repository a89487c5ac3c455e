"""Audits of estimators: whether a server returns, on average, what its clients hold."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from ldpaudit import validate
from ldpaudit.arrays import Floats
from ldpaudit.bounds.intervals import mean_interval
from ldpaudit.contracts import FrequencyOracle, HasVariance, Reports, Values
from ldpaudit.data.priors import apportion
from ldpaudit.sampling import chunks, stream

#: Single reports whose estimates show how much one report can move a figure.
_PROBES = 64
_SHARES = {"value": 0.5, "total": 0.25, "scale": 0.25}


@dataclass(frozen=True)
class Bias:
    """The bias of one figure under one set of frequencies, with its simultaneous interval.

    `what` is "value v", "total" (the sum of all estimates, less 1) or "scale" (by how much the
    estimates stretch the differences of the frequencies from uniform, less 1).
    """

    what: str
    bias: float
    lower: float
    upper: float

    @property
    def found(self) -> bool:
        """Whether the interval leaves 0 out."""
        return not self.lower <= 0 <= self.upper


@dataclass(frozen=True)
class Collected:
    """What a server made of collections of one set of frequencies.

    `worst` is the figure whose bias is largest against its margin; `others` counts further
    figures with a bias. `mse` is the measured error per value with its t interval (each at the
    audit's alpha), `stated` the mechanism's own figure.
    """

    frequencies: str
    worst: Bias
    others: int
    mse: float
    mse_lower: float
    mse_upper: float
    stated: float | None

    @property
    def error_as_stated(self) -> bool | None:
        """Whether the stated error is in the interval of the measured one; None without one."""
        return None if self.stated is None else self.mse_lower <= self.stated <= self.mse_upper


@dataclass(frozen=True)
class EstimatorAudit:
    """What an audit of an estimator found.

    Parameters
    ----------
    verdict : {'unbiased', 'biased'}
        "biased" where an interval leaves 0 out; "unbiased" says that nothing was found.
    alpha : float
        Probability of calling an unbiased server biased.
    num_users, collections : int
        Users of one collection, collections of every set of frequencies.
    collected : tuple of Collected
        One a set of frequencies.
    seed : int
        Root of the random streams.
    """

    verdict: str
    alpha: float
    num_users: int
    collections: int
    collected: tuple[Collected, ...]
    seed: int

    @property
    def worst(self) -> Collected:
        """The set of frequencies with the largest bias against its margin."""
        return max(self.collected, key=lambda found: _strength(found.worst))

    def to_dict(self) -> dict[str, Any]:
        """All fields as plain numbers, texts and lists."""
        return asdict(self)

    def __str__(self) -> str:
        found, bias = self.worst, self.worst.worst
        where = f"{bias.what} under frequencies {found.frequencies!r}"
        interval = f"{bias.bias:+.3g} ({bias.lower:+.3g} to {bias.upper:+.3g})"
        users = (
            f"{self.collections} collections of {self.num_users:,} users, alpha = {self.alpha:g}"
        )
        if self.verdict == "biased":
            return f"biased: {where} is off by {interval}; {users}"
        return f"no bias found: at most {interval}, {where}; {users}"


def audit_estimator(
    client: Any,
    server: Any = None,
    *,
    k: int | None = None,
    frequencies: Mapping[str, npt.ArrayLike] | npt.ArrayLike | None = None,
    num_users: int = 20_000,
    collections: int = 100,
    alpha: float = 1e-3,
    seed: int = 0,
) -> EstimatorAudit:
    """Audit a server: whether its frequencies are those that were collected, within their noise.

    Parameters
    ----------
    client : Mechanism or callable
        ``privatize(values, *, rng)``, or a mechanism that has it.
    server : object or callable, optional
        ``aggregate`` and ``estimate``, or a function from the reports of a collection to an
        array of k frequencies. None means the client's own.
    k : int, optional
        Number of values; None means ``client.k``.
    frequencies : mapping of name to array, or array, optional
        What the users hold, each of shape (k,). None means four sets: uniform, all at value 0,
        all at the last value, and falling as 1 / (v + 1).
    num_users : int, default 20_000
        Users of one collection, at least 1.
    collections : int, default 100
        Simulated collections of every set, at least 10.
    alpha : float, default 1e-3
        Probability of calling an unbiased server biased, over all figures together.
    seed : int, default 0
        The same seed gives the same result.

    Returns
    -------
    EstimatorAudit
        ``.verdict``, ``.worst``, ``.collected``; as text, one sentence.

    Raises
    ------
    ValueError, TypeError
        If an argument is out of range, there is no server, or its estimates are no k finite
        numbers.

    Notes
    -----
    Users are fixed: apportioned to the frequencies, which are then exact. For every set, the k
    estimates, their sum and their scale along the true differences are tested at once, alpha
    shared by Bonferroni's inequality. A margin is a t quantile times the standard error over
    collections, which is approximate as a mean of many reports is nearly normal, plus
    ln(1 / level) g / N for rare reports, N in all, one of which moves an estimate by g
    (Bernstein's second term): an estimate that never varied is not called biased for that.
    Clipped or renormalised estimates are biased, and are found.

    Examples
    --------
    >>> import ldpaudit
    >>> m = ldpaudit.mechanism("grr", k=4, epsilon=1.0)
    >>> audit_estimator(m, num_users=2_000, collections=20).verdict
    'unbiased'
    >>> clipped = lambda reports: m.estimate(m.aggregate(reports)).clip(0)
    >>> print(audit_estimator(m, clipped, num_users=2_000))  # doctest: +ELLIPSIS
    biased: total under frequencies ... is off by +0.0...
    """
    privatize = getattr(client, "privatize", client)
    if not callable(privatize):
        raise TypeError(f"client must have privatize, got {type(client).__name__}.")
    if k is None:
        k = getattr(client, "k", 0)
    size = validate.check_integer("k", k, 2)
    users = validate.check_integer("num_users", num_users, 1)
    rounds = validate.check_integer("collections", collections, 10)
    level = validate.check_fraction("alpha", alpha)
    root = validate.check_seed(seed)
    chosen = _chosen(frequencies, size)
    receiver = _Receiver(client if server is None else server, size)
    singles = receiver.singles(privatize, stream(root, "audit_estimator", "singles"))
    found = []
    for name, wanted in chosen.items():
        histogram = apportion(wanted, users)
        rng = stream(root, "audit_estimator", "collections", name)
        estimates = np.stack([receiver.collect(privatize, histogram, rng) for _ in range(rounds)])
        stated = receiver.stated(users, histogram / users)
        level_each = level / len(chosen)
        found.append(_judged(name, histogram, estimates, singles, level_each, stated))
    biased = any(collected.worst.found for collected in found)
    return EstimatorAudit(
        "biased" if biased else "unbiased", level, users, rounds, tuple(found), root
    )


def check_estimator(client: Any, server: Any = None, *, seed: int = 0) -> list[str]:
    """Hold a server to being unbiased: `audit_estimator`, and an error where it is not.

    Parameters
    ----------
    client, server, seed
        As for `audit_estimator`.

    Returns
    -------
    list of str
        A line for every set of frequencies, and one for the whole.

    Raises
    ------
    AssertionError
        If a bias was found, with its size.
    ValueError, TypeError
        As for `audit_estimator`.

    Examples
    --------
    >>> import ldpaudit
    >>> print(check_estimator(ldpaudit.mechanism("ss", k=4, epsilon=1.0))[-1])  # doctest: +ELLIPSIS
    no bias found: at most ...
    """
    found = audit_estimator(client, server, seed=seed)
    if found.verdict == "biased":
        raise AssertionError(str(found))
    lines = []
    for part in found.collected:
        stated = "" if part.stated is None else f", stated {part.stated:.4g}"
        lines.append(f"estimates of frequencies {part.frequencies!r}: error {part.mse:.4g}{stated}")
    return [*lines, str(found)]


@dataclass(frozen=True)
class _Receiver:
    """A server of either form."""

    server: Any
    k: int

    def __post_init__(self) -> None:
        if not (isinstance(self.server, FrequencyOracle) or callable(self.server)):
            raise TypeError(
                "server must have aggregate and estimate, or be a function of reports, "
                f"got {type(self.server).__name__}."
            )

    def collect(
        self, privatize: Callable[..., Reports], histogram: Values, rng: np.random.Generator
    ) -> Floats:
        """The estimates of one collection."""
        own = np.repeat(np.arange(self.k), histogram)
        rng.shuffle(own)
        if not isinstance(self.server, FrequencyOracle):
            return self._checked(self.server(privatize(own, rng=rng)))
        total, start = None, 0
        for step in chunks(own.size, 16 + self.k // 16):
            counts = self.server.aggregate(privatize(own[start : start + step], rng=rng))
            total, start = counts if total is None else total + counts, start + step
        return self._checked(self.server.estimate(total))

    def singles(self, privatize: Callable[..., Reports], rng: np.random.Generator) -> Floats:
        """The estimates that some single reports give, shape (reports, k); none where it fails."""
        reports = privatize(rng.integers(0, self.k, _PROBES), rng=rng)
        try:
            return np.stack([self._of(reports[i : i + 1]) for i in range(_PROBES)])
        except Exception:  # a server that wants more than one report
            return np.zeros((1, self.k))

    def _of(self, reports: Reports) -> Floats:
        if isinstance(self.server, FrequencyOracle):
            return self._checked(self.server.estimate(self.server.aggregate(reports)))
        return self._checked(self.server(reports))

    def _checked(self, estimate: Any) -> Floats:
        found: Floats = validate.check_floats("estimate", estimate)
        if found.shape != (self.k,):
            raise ValueError(f"estimate must return shape ({self.k},), got {found.shape}.")
        if not np.isfinite(found).all():
            raise ValueError("estimate must return finite numbers, got nan or infinity.")
        return found

    def stated(self, num_users: int, frequencies: Floats) -> float | None:
        """The server's own figure of its error."""
        if not isinstance(self.server, HasVariance):
            return None
        return float(self.server.mse(num_users, frequencies))


def _judged(
    name: str,
    histogram: Values,
    estimates: Floats,
    singles: Floats,
    alpha: float,
    stated: float | None,
) -> Collected:
    """Every figure of one set of frequencies against its margin."""
    truth = histogram / histogram.sum()
    errors, reports = estimates - truth, int(histogram.sum()) * len(estimates)

    def rare(figures: Floats) -> float:
        """By how much one report moves the mean of a figure over all collections."""
        return max(1.0, float(np.ptp(figures, axis=0).max())) / reports

    level, moved = alpha * _SHARES["value"] / truth.size, rare(singles)
    biases = [_bias(f"value {v}", errors[:, v], moved, level) for v in range(truth.size)]
    weights = {"total": np.ones(truth.size)}
    tilt = truth - 1 / truth.size
    if tilt.any():
        weights["scale"] = tilt / (tilt @ tilt)
    for what, weight in weights.items():
        share = alpha * _SHARES[what]
        biases.append(_bias(what, errors @ weight, rare(singles @ weight), share))
    worst = max(biases, key=_strength)
    others = sum(bias.found for bias in biases) - worst.found
    squares = (errors**2).mean(axis=1)
    lower, upper = mean_interval(squares, alpha)
    return Collected(name, worst, others, float(squares.mean()), lower, upper, stated)


def _bias(what: str, samples: Floats, jump: float, level: float) -> Bias:
    """The mean of a figure's errors with its interval."""
    lower, upper = mean_interval(samples, level)
    more = math.log(1 / level) * jump
    return Bias(what, float(samples.mean()), lower - more, upper + more)


def _strength(bias: Bias) -> float:
    """A bias in units of its margin."""
    margin = (bias.upper - bias.lower) / 2
    return abs(bias.bias) / margin if margin > 0 else 0.0


def _chosen(given: Any, k: int) -> dict[str, Floats]:
    """Named frequencies, each of k."""
    if given is None:
        steps = 1 / np.arange(1, k + 1)
        first, last = np.zeros(k), np.zeros(k)
        first[0] = last[-1] = 1.0
        return {
            "uniform": np.full(k, 1 / k),
            "all at 0": first,
            f"all at {k - 1}": last,
            "falling": steps / steps.sum(),
        }
    named = dict(given) if isinstance(given, Mapping) else {"given": given}
    if not named:
        raise ValueError("frequencies must name at least one set, got none.")
    return {
        str(name): validate.check_distribution(f"frequencies {name}", array, k)
        for name, array in named.items()
    }
