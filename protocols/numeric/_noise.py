"""Mechanisms that add whole noise to the number on a grid.

Inputs are the nodes 0..S, a report is any whole number. The noise z has weight h(|z|), which
never rises and has h(d + S) = b h(d) with b = exp(-epsilon): an input moves a report by at
most S, and so the weight of any report by at most the factor 1 / b. All that reports beyond
S to either side tell is told S nearer, so that the figures here are finite sums.

Noise is drawn in two independent parts, both exact: where P is a period, h(d + P) = c h(d), noise
is some v in [-P, P) of weight h(|v|) and, away from 0, P times a geometric number of ratio c. For
P a power of two the second is put before the first digit of v, as two's complement writes it.
"""

from __future__ import annotations

import math
from abc import abstractmethod
from collections.abc import Iterable
from functools import cached_property
from typing import Any, ClassVar

import numpy as np
import numpy.typing as npt
from numpy.lib.stride_tricks import sliding_window_view

from ldpaudit.arrays import Floats, Ints
from ldpaudit.protocols._kernels._messages import sized
from ldpaudit.validate import check_integer, check_nonnegative

from ._lookup import Halfwords
from ._on_interval import OnInterval, standard_error
from ._periods import Geometric
from ._priors import Points, nearby
from ._summaries import ReportSums, wide_sums

#: Steps of the grid.
STEPS = 2**14
#: Parts of a step in which inputs are told to be rounded.
_PARTS = 2**16
#: Denominator of all rates.
_DENOMINATOR = 2**52
#: A report is a signed number of so many bits.
BITS = 64
#: Reports are below this in size.
_BEYOND = 2**43
#: Least budget: below it the noise is wider than sums of whole numbers can be.
_LEAST = 1e-6


class WholeNoise(OnInterval):
    """Everything such a mechanism does, given h."""

    _chunk: ClassVar[int] = 2**15

    @property
    def _steps(self) -> int:
        return STEPS

    @property
    def _dtype(self) -> type[np.generic]:
        return np.int64

    @property
    def bits(self) -> int:
        """Bits per report, a signed number of fixed length."""
        return BITS

    def _check_together(self) -> None:
        if self.epsilon < _LEAST:
            raise ValueError(f"epsilon must be at least {_LEAST:g} here, got {self.epsilon!r}.")

    @cached_property
    def _rate(self) -> tuple[int, int]:
        """A ratio of whole numbers that is at most epsilon / S, of a known denominator."""
        top, bottom = self.epsilon.as_integer_ratio()
        return _DENOMINATOR // STEPS * top // bottom, _DENOMINATOR

    @property
    @abstractmethod
    def _period(self) -> int:
        """Bits of a period of h."""

    @property
    @abstractmethod
    def _near_words(self) -> int:
        """Words of 16 bits for noise of less than a period."""

    @abstractmethod
    def _near_zero(self, words: Halfwords, rng: np.random.Generator) -> npt.NDArray[Any]:
        """Draw noise of less than a period, from a row of words for each."""

    @cached_property
    def _periods(self) -> Geometric:
        """Whole periods that are added."""
        numerator, denominator = self._rate
        return Geometric((numerator << self._period, denominator), self._period)

    def _noise(self, words: Halfwords, rng: np.random.Generator) -> Ints:
        """Draw exact noise, from a column of words for each."""
        noise = self._periods.draw(words[self._near_words :], rng)
        noise ^= self._near_zero(words[: self._near_words], rng)
        return noise

    @property
    @abstractmethod
    def _noise_variance(self) -> float:
        """Variance of the noise, in squared steps."""

    @abstractmethod
    def _log_weight(self, distance: Ints) -> Floats:
        """Logarithm of h at distances of at least 0."""

    @property
    @abstractmethod
    def _log_total(self) -> float:
        """Logarithm of the sum of h(|z|) over all z."""

    def _drawn_from(self, values: Floats) -> Floats:
        position = values - self.low
        position *= STEPS * _PARTS / (self.high - self.low)
        return position

    def _draw(self, position: Floats, rng: np.random.Generator) -> Ints:
        rows, size = 1 + self._near_words + self._periods.words, position.size
        drawn = rng.integers(0, 2**64, -(-rows * size // 4), dtype=np.uint64).view(np.uint16)
        words = drawn[: rows * size].reshape(rows, size)
        reports = _rounded(position, words[0], rng)
        reports += self._noise(words[1:], rng)
        return reports

    def _checked(self, reports: npt.ArrayLike) -> Ints:
        seen = np.asarray(reports)
        if seen.ndim != 1:
            raise ValueError(f"reports must be one-dimensional, got shape {seen.shape}.")
        if seen.size and not np.issubdtype(seen.dtype, np.integer):
            raise TypeError(f"reports must be integers, got dtype {seen.dtype}.")
        if seen.size and max(-int(seen.min()), int(seen.max())) >= _BEYOND:
            raise ValueError("reports must be below 2**43 in size.")
        return seen.astype(np.int64, copy=False)

    def _log_law(self, reports: Ints, position: Floats) -> Floats:
        node = np.minimum(np.floor(position), STEPS - 1).astype(np.int64)
        up = position - node
        gap = reports[:, None] - node
        with np.errstate(divide="ignore"):
            below = self._log_weight(np.abs(gap)) + np.log1p(-up)
            above = self._log_weight(np.abs(gap - 1)) + np.log(up)
        return np.asarray(np.logaddexp(below, above) - self._log_total)

    @cached_property
    def _kernel(self) -> Floats:
        """Probability of noise 0..2S."""
        return np.asarray(np.exp(self._log_weight(np.arange(2 * STEPS + 1)) - self._log_total))

    def _multiplicity(self, reports: Ints) -> Floats:
        """How much each report of -S..2S stands for: those outside for all beyond them."""
        outside = (reports < 0) | (reports > STEPS)
        return np.where(outside, -1 / math.expm1(-self.exact_epsilon()), 1.0)

    def _mixed(self, weights: Floats) -> Floats:
        kernel, size = np.concatenate((self._kernel[:0:-1], self._kernel)), 8 * STEPS
        product = np.fft.rfft(weights, size) * np.fft.rfft(kernel, size)
        mixed = np.fft.irfft(product, size)[STEPS : 4 * STEPS + 1]  # reports -S..2S
        mixed[np.abs(mixed) < 1e-15 * np.abs(mixed).max()] = 0.0
        return np.asarray(mixed * self._multiplicity(np.arange(-STEPS, 2 * STEPS + 1)))

    def _near_uniform(self, window: float) -> float:
        reports = np.arange(-STEPS, 2 * STEPS + 1)
        # The law is symmetric in the position and has one peak: the best window is centred.
        start = np.clip(reports - window / 2, 0, STEPS - window)
        told = self._covered(reports - start) - self._covered(reports - start - window)
        return float((told * self._multiplicity(reports)).sum() / STEPS)

    def _covered(self, distance: Floats) -> Floats:
        """Integral from 0 to a signed distance of the probability, linear between steps."""
        kernel, size = self._kernel, np.abs(distance)
        below = np.concatenate(([0.0], np.cumsum((kernel[1:] + kernel[:-1]) / 2)))
        node = np.minimum(np.floor(size), 2 * STEPS - 1).astype(np.int64)
        rest = size - node
        slope = kernel[node + 1] - kernel[node]
        return np.copysign(below[node] + rest * (kernel[node] + rest * slope / 2), distance)

    def _near(self, prior: Points, tau: float) -> float:
        many = self._multiplicity(np.arange(-STEPS, 2 * STEPS + 1))
        kernel = np.concatenate((self._kernel[:0:-1], self._kernel))  # noise -2S..2S
        position = self._position(prior.values)
        node = np.minimum(np.floor(position), STEPS - 1).astype(np.int64)
        up = (position - node)[:, None]

        def columns(first: int, size: int) -> Floats:
            pieces = sliding_window_view(kernel, size)
            at = first + STEPS - node  # of noise from the node to the first report
            law = (1 - up) * pieces[at] + up * pieces[at - 1]
            law *= many[first : first + size]
            return np.asarray(law)

        return nearby(prior, tau, columns, many.size)

    def exact_epsilon(self) -> float:
        """Largest log-likelihood ratio over reports and pairs of inputs."""
        top, bottom = self._rate
        return STEPS * top / bottom

    def exact_delta(self, epsilon: float) -> float:
        """Hockey-stick divergence of the two ends, the worst pair: a sum over all reports."""
        claim = check_nonnegative("epsilon", epsilon)
        low, high = self._kernel[: STEPS + 1], self._kernel[STEPS::-1]
        inside = np.maximum(0.0, low - math.exp(min(claim, 700.0)) * high).sum()
        below = -self._below_zero() * math.expm1(min(claim - self.exact_epsilon(), 700.0))
        return float(inside + max(0.0, below))

    def _below_zero(self) -> float:
        """Probability that noise is negative."""
        return float((1 - self._kernel[0]) / 2)

    def report_estimates(self, reports: npt.ArrayLike) -> Floats:
        """Unbiased estimate of its user's number from each report: the report as a number."""
        return np.asarray(self.low + self._unit * self._checked(reports))

    def mean_influence(self) -> float:
        """Most that one report's estimate lies from the middle, in half widths: some 2**30.

        Noise has no end, and so any report could be honest; the least that is not refused,
        1 - 2**43, counts here. A server that cuts reports off nearer has less, and a bias.
        """
        return 2 * (_BEYOND - 1) / STEPS + 1

    @property
    def _ends(self) -> tuple[int, int]:
        return 1 - _BEYOND, _BEYOND - 1

    @property
    def _sent(self) -> tuple[int, int]:
        return 1 - _BEYOND, _BEYOND

    def aggregate(self, reports: npt.ArrayLike) -> ReportSums:
        """Sums of reports and of their squares; summaries of a stream add up."""
        seen = self._checked(reports)
        return ReportSums(seen.size, *wide_sums(seen))

    def estimate(self, counts: ReportSums) -> float:
        """Unbiased mean of the users' numbers, not clipped."""
        num_users = check_integer("num_users of counts", counts.num_users, 1)
        return self.low + self._unit * (counts.first[0] / num_users)

    def standard_error(self, counts: ReportSums) -> float:
        """Standard error of `estimate` from the spread of the reports, for sampled users."""
        num_users = check_integer("num_users of counts", counts.num_users, 1)
        mean, squares = counts.first[0] / num_users, counts.second[0] / num_users
        return self._unit * standard_error(mean, squares, num_users)

    def variance(self, x: npt.ArrayLike) -> Floats:
        """Variance of one report's estimate at each x, exact; in squared units of the input."""
        position, shape = self._inputs(x)
        fraction = position - np.floor(position)
        return (self._unit**2 * (self._noise_variance + fraction * (1 - fraction))).reshape(shape)

    def _uniform_variance(self) -> float:
        return self._unit**2 * (self._noise_variance + 1 / 6)

    def worst_variance(self) -> float:
        """Largest variance of one report's estimate: halfway between two steps."""
        return self._unit**2 * (self._noise_variance + 1 / 4)

    def pack(self, reports: npt.ArrayLike) -> list[bytes]:
        """Reports as 8 bytes each: a signed number, most significant byte first."""
        return [
            number.to_bytes(8, "big", signed=True) for number in self._checked(reports).tolist()
        ]

    def unpack(self, messages: Iterable[bytes]) -> Ints:
        """Reports from the messages that `pack` makes; anything else is refused."""
        numbers = [int.from_bytes(message, "big", signed=True) for _, message in sized(messages, 8)]
        return self._checked(np.array(numbers, dtype=np.int64))


def _rounded(position: Floats, words: Halfwords, rng: np.random.Generator) -> Ints:
    """Positions, in parts of a step, rounded to whole steps at random, which keeps the mean.

    They go up where the parts beyond a step and a uniform word make one; where these fall short
    of it by a single part, what is beyond the last part decides.
    """
    node = position.astype(np.int64)
    node += words
    last = _PARTS - 1
    short = np.flatnonzero((node & last) == last)
    beyond = np.minimum(position[short], STEPS * _PARTS) % 1  # rounding may add to the last step
    node[short] += rng.random(short.size) < beyond
    node >>= last.bit_length()
    return node
