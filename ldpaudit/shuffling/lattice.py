"""The law of a sum of n independent W on a lattice, by one Fourier transform, with its error.

Three devices, none of which costs proof. *Tilting*: W is drawn with weight exp(theta W) instead,
theta such that the sum has mean 0, which is where the bound is decided; the weight is taken out
again afterwards, and figures of 1e-300 keep their digits. *A window*: the transform is circular,
so what falls outside returns inside; how much that is, is bounded by Chernoff's inequality.
*Error analysis*, u = 2**-53: where a step has few atoms its transform is summed directly, each
frequency within a few u; a fast transform of N points errs by at most `_FFT` log2(N) u of its norm
(Higham, *Accuracy and Stability of Numerical Algorithms*, theorem 24.2, which allows less than half
of it for exact twiddle factors); a complex product errs by at most sqrt(5) u.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

from ldpaudit.arrays import Floats
from ldpaudit.contracts import Values

Waves: TypeAlias = npt.NDArray[np.complex128]

ROUNDOFF = 2.0**-53
_FFT = 16.0
#: Atoms up to which a transform is summed directly, and the error in u of a factor in it.
_FEW, _TWIDDLE = 24, 24.0
#: Standard deviations of the sum, and largest steps, that the window holds on each side.
_DEVIATIONS, _STEPS = 9.0, 40.0


@dataclass(frozen=True, eq=False)
class Steps:
    """W on the lattice origin + pitch x integers: what is tilted, and by how much.

    `mass[j]` is the tilted probability of `jump[j]`, of total 1; the untilted one is
    mass exp(log_total - theta pitch jump), up to the relative error `slack`.
    """

    jump: Values
    mass: Floats
    origin: float
    pitch: float
    theta: float
    log_total: float
    slack: float

    @property
    def variance(self) -> float:
        """Variance of one tilted step, in squared lattice units."""
        mean = float(self.mass @ self.jump)
        return max(float(self.mass @ (self.jump - mean) ** 2), 1e-12)


def tilt(values: Floats, masses: Floats) -> float:
    """The theta >= 0 at which the tilted mean is 0; 0 where the mean is positive."""
    if float(masses @ values) >= 0:
        return 0.0
    from scipy.optimize import brentq

    largest = float(values.max())

    def mean(theta: float) -> float:
        return float((masses * np.exp(theta * (values - largest))) @ values)

    high = 1.0 / largest
    while mean(high) <= 0:
        high *= 2
    return float(brentq(mean, 0.0, high, rtol=1e-6))


def pitch_of(values: Floats, masses: Floats, theta: float, users: int, points: float) -> float:
    """A distance of lattice points at which the window has at most so many of them.

    Among distances up to a factor of two below the largest, and those that divide the whole
    range, the one that moves the atoms least.
    """
    weights = masses * np.exp(theta * (values - values.max()))
    weights /= weights.sum()
    mean = float(weights @ values)
    deviation = math.sqrt(users * float(weights @ (values - mean) ** 2))
    span = float(values.max() - values.min())
    width = min(2 * (_DEVIATIONS * deviation + _STEPS * span), 1.01 * users * span)
    finest = max(width / (0.9 * points), span * 1e-9)
    whole = span / max(1, math.floor(span / finest)) if finest < span else finest
    tried = np.concatenate([np.linspace(finest, 2 * finest, 65), [max(whole, finest)]])
    origin = values[np.argmax(weights)]
    places = (values[None] - origin) / tried[:, None]
    part = places - np.floor(places)
    added = (part * (1 - part) * tried[:, None] ** 2) @ weights
    return float(tried[np.argmin(added)])


@dataclass(frozen=True, eq=False)
class LatticeSum:
    """Tilted probabilities of the sum of n steps, and how wrong they can be.

    `probability[i]` belongs to the sum `low + i` in lattice units. Any weighted sum of them is
    off by at most the weights' Euclidean norm times `error`, and `outside` bounds the
    probability that left the window, which is counted somewhere inside it.
    """

    low: int
    probability: Floats
    error: float
    outside: float
    above: float  # exponent per lattice unit at which `beyond` was bounded
    log_beyond: float  # log of E[exp(above x sum)] under the tilted law

    @property
    def high(self) -> int:
        """Largest sum in the window."""
        return self.low + self.probability.size - 1


def lattice_sum(steps: Steps, users: int) -> LatticeSum:
    """The tilted law of the sum of `users` steps."""
    from scipy.fft import irfft, next_fast_len

    jump, mass = steps.jump, steps.mass
    if users == 0:
        return LatticeSum(0, np.ones(1), 0.0, 0.0, 0.0, 0.0)
    least, most = int(jump.min()), int(jump.max())
    reach = _DEVIATIONS * math.sqrt(users * steps.variance) + _STEPS * (most - least)
    centre = users * float(mass @ jump)
    low = max(users * least, math.floor(centre - reach))
    high = min(users * most, math.ceil(centre + reach))
    size = next_fast_len(high - low + 1, real=True)
    wave, off = _transform(jump, mass, size)
    sums = irfft(_power(wave, users), size)
    error = _error(np.abs(wave), off, users, size)
    outside, exponent, log_beyond = 0.0, 0.0, 0.0
    for side in (1, -1):
        edge = high + 1 if side > 0 else low - 1
        if edge in (users * most + 1, users * least - 1):
            continue
        found, rate = _chernoff(side * jump, mass, users, side * edge)
        outside += math.exp(found - rate * side * edge)
        if side > 0:
            exponent, log_beyond = rate, found
    window = np.roll(sums, -(low % size))[: high - low + 1]
    # Sums between high and low + size are not in the window: none, but for what came round.
    return LatticeSum(low, window, error, outside, exponent, log_beyond)


def _transform(jump: Values, mass: Floats, size: int) -> tuple[Waves, float | None]:
    """The transform of one step and the error of each frequency, None where it is a fast one."""
    if jump.size > _FEW:
        from scipy.fft import rfft

        return rfft(np.bincount(jump % size, weights=mass, minlength=size)), None
    turn = np.exp(-2j * np.pi / size * np.arange(size))
    frequencies = np.arange(size // 2 + 1)
    wave = np.zeros(frequencies.size, dtype=np.complex128)
    for step, weight in zip((jump % size).tolist(), mass.tolist(), strict=True):
        wave += weight * turn[frequencies * step % size]
    return wave, ROUNDOFF * (_TWIDDLE + jump.size)


def _error(modulus: Floats, off: float | None, users: int, size: int) -> float:
    """Norm of all errors of the sum's probabilities.

    The n-th power of what is off by d is off by n d times its (n - 1)-th; the products add 4 n u
    of the n-th; the way back divides a norm by sqrt(size), all frequencies but the first twice.
    """
    length = math.log2(size) + 1
    grown = math.exp(users * max(math.log(float(modulus.max())), 0.0))
    if off is None:
        return 1.1 * grown * ROUNDOFF * (_FFT * length * (users + 1) + 4 * users)
    grown *= math.exp(users * off)
    powers = (modulus + off) ** (users - 1)
    norm = math.sqrt(2 * float((powers * powers).sum()) / size)
    return 1.1 * grown * norm * (users * off + ROUNDOFF * (4 * users + _FFT * length))


def _power(wave: Waves, exponent: int) -> Waves:
    """The n-th power by squaring: at most n products behind each entry's error."""
    result, base = None, wave
    while exponent:
        if exponent & 1:
            result = base.copy() if result is None else result * base
        exponent >>= 1
        if exponent:
            base = base * base
    return np.asarray(result)


def _chernoff(jump: Values, mass: Floats, users: int, edge: int) -> tuple[float, float]:
    """(log E[exp(t sum)], t) for a t > 0 that makes P(sum >= edge) small."""
    mean = float(mass @ jump)
    variance = max(float(mass @ (jump - mean) ** 2), 1e-12)
    gap = max(edge - users * mean, 0.0)
    largest = max(float(jump.max() - mean), 1e-12)
    rate = gap / (users * variance + gap * largest / 3)
    shift = float(jump.max())
    log_one = rate * shift + math.log(float(mass @ np.exp(rate * (jump - shift))))
    return users * log_one + users * 16 * ROUNDOFF * (1 + abs(rate * shift)), rate
