"""Lies that stay near the truth: randomized response on a ring of values."""

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from ldpaudit.arrays import Floats, Ints
from ldpaudit.parameters import budget, domain_size, integer, parameters
from ldpaudit.validate import check_values


@dataclass(frozen=True)
@parameters(k=domain_size(), epsilon=budget(), reach=integer(1, lambda ring: ring.k // 2))
class RingResponse:
    """The report's likelihood falls with its distance from the value, up to `reach` places away.

    At reach 1 every lie is as likely as any other: generalized randomized response. With a
    longer reach the value itself is hidden better, and its neighbourhood worse.
    """

    k: int
    epsilon: float
    reach: int = 3

    def _log_law(self) -> Floats:
        """Log P(shift) for each shift in [0, k)."""
        places = np.arange(self.k)
        distance = np.minimum(places, self.k - places)
        log_weights = -self.epsilon * np.minimum(distance, self.reach) / self.reach
        return np.asarray(log_weights - math.log(np.exp(log_weights).sum()))

    def privatize(self, values: npt.ArrayLike, *, rng: np.random.Generator) -> Ints:
        """One report per value: the value shifted around the ring."""
        own = check_values(values, self.k)
        shifts = rng.choice(self.k, size=own.size, p=np.exp(self._log_law()))
        return (own + shifts) % self.k

    def log_likelihood(self, reports: npt.ArrayLike, values: npt.ArrayLike | None = None) -> Floats:
        """Log P(report | value), shape (n, len(values))."""
        asked = np.arange(self.k) if values is None else np.asarray(values)
        shifts = (np.asarray(reports)[:, None] - asked) % self.k
        return np.asarray(self._log_law()[shifts])

    def every_report(self) -> Ints:
        """All k reports."""
        return np.arange(self.k)

    def exact_epsilon(self) -> float:
        """Largest log-likelihood ratio: a report at the value against one out of reach."""
        return float(np.ptp(self._log_law()))

    def vulnerability(self, prior: npt.ArrayLike | None = None) -> float:
        """Success of the best guess: the sum over reports of max_x prior_x P(report | x)."""
        weights = np.full(self.k, 1 / self.k) if prior is None else np.asarray(prior)
        law = np.exp(self._log_law())
        best = np.full(self.k, weights.max() * law.min())
        for shift in range(1 - self.reach, self.reach):
            np.maximum(best, np.roll(weights, shift) * law[shift], out=best)
        return float(best.sum())

    def _spectrum(self) -> Floats:
        """Fourier transform of the law: real, as it is even, and positive, as it is convex."""
        return np.asarray(np.fft.fft(np.exp(self._log_law())).real)

    def aggregate(self, reports: npt.ArrayLike) -> Ints:
        """How often each value was reported."""
        return np.bincount(np.asarray(reports), minlength=self.k)

    def estimate(self, counts: Ints) -> Floats:
        """Unbiased frequencies: the reports' frequencies are the users' convolved with the law."""
        return np.fft.ifft(np.fft.fft(counts / counts.sum()) / self._spectrum()).real

    def mse(self, num_users: int, frequencies: npt.ArrayLike | None = None) -> float:
        """Exact, and the same whatever the frequencies: every value is shifted by one law.

        With h the inverse of the law, a user's part of the estimate has mean 1 at the own
        value, else 0, and second moments that sum to sum(h^2), which is mean(1 / spectrum^2).
        """
        del frequencies
        return float(np.mean(self._spectrum() ** -2.0) - 1) / (num_users * self.k)

    @property
    def bits(self) -> int:
        """A report is one of k values."""
        return (self.k - 1).bit_length()
