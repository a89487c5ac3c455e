"""Controls: mechanisms that do not keep what they claim, which an audit has to find.

Hashing alone and the sticky bit are case studies of LDP-Auditor (Arcolezi and Gambs, *Revealing
the true cost of locally differentially private protocols: an auditing perspective*, PoPETs
2024); textbook noise is the attack of Mironov, CCS 2012.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import numpy.typing as npt

from ldpaudit.arrays import Floats
from ldpaudit.parameters import budget, domain_size, integer, parameters, positive
from ldpaudit.validate import check_generator, check_values

from .local_hashing import LocalHashing
from .unary_encoding import OptimizedUnaryEncoding, SymmetricUnaryEncoding, UnaryEncoding


@dataclass(frozen=True)
@parameters(k=domain_size(), epsilon=budget(), buckets=integer(2, 2**31 - 1))
class LocalHashingOnly(LocalHashing):
    """LHO, a control without privacy: local hashing that reports the bucket as it is.

    The paper's third case study asks what hashing alone is worth. Of the k / g values that
    share the bucket a guess finds the user's with probability (g / k)(1 - (1 - 1 / g)^k), so
    the published event shows about ln g. Yet for any two values the hash tells them apart
    with probability 1 - 1 / g, and then one of them is impossible: no epsilon holds.

    Parameters
    ----------
    k : int
        Number of values, at least 2.
    epsilon : float
        The claim that an audit holds against it, positive and finite; reports do not
        depend on it.
    buckets : int
        Size g of the hash range, at least 2, below 2**31.

    Raises
    ------
    ValueError, TypeError
        If a parameter is out of range or no number.

    Notes
    -----
    Reports are a structured vector with fields ``seed`` (uint64) and ``bucket``
    (uint32), as for optimized local hashing.

    Examples
    --------
    >>> m = LocalHashingOnly(k=25, epsilon=1.0, buckets=2)
    >>> round(m.vulnerability(), 4), m.exact_epsilon(), m.exact_delta(1.0)
    (0.08, inf, 0.5)
    """

    k: int
    epsilon: float
    buckets: int

    p_star: ClassVar[float] = 1.0
    _lie: ClassVar[float] = 0.0
    _log_lie: ClassVar[float] = -math.inf

    @property
    def num_buckets(self) -> int:
        """Size of the hash range."""
        return self.buckets


@dataclass(frozen=True)
@parameters(k=domain_size(), epsilon=budget(), scale=positive())
class TextbookHistogramEncoding:
    """A control: Laplace noise on a one-hot vector, from an ordinary floating-point sampler.

    In real numbers a scale of 2 / epsilon keeps the claim. In doubles the sum 1 + noise that
    falls near 0 is a multiple of 2**-53, where noise alone has finer steps: of reports whose
    entry is below 1/4 in size, nearly half are possible for one value only. No epsilon holds,
    whatever the scale; an audit that looks at the lowest bits finds it in some hundred reports.
    `SummationHistogramEncoding` is the sound form.

    Parameters
    ----------
    k : int
        Number of values, at least 2.
    epsilon : float
        The claim that an audit holds against it, positive and finite.
    scale : float
        Scale of the noise on every entry, positive and finite.

    Raises
    ------
    ValueError, TypeError
        If a parameter is out of range or no number.

    Notes
    -----
    Reports have shape (n, k), dtype float64. There is no likelihood: that of real numbers is
    not the law of doubles. Source: Mironov, *On significance of the least significant bits for
    differential privacy*, CCS 2012.

    Examples
    --------
    >>> m = TextbookHistogramEncoding(k=10, epsilon=1.0, scale=2.0)
    >>> m.privatize([7, 8], rng=np.random.default_rng(0)).shape, m.exact_epsilon()
    ((2, 10), inf)
    """

    k: int
    epsilon: float
    scale: float
    #: No two values are told apart better than the first two.
    pairs_alike: ClassVar[bool] = True

    def privatize(self, values: npt.ArrayLike, *, rng: np.random.Generator) -> Floats:
        """Draw one report per value: float64 of shape (n, k)."""
        own = check_values(values, self.k)
        reports = check_generator(rng).laplace(scale=self.scale, size=(own.size, self.k))
        reports[np.arange(own.size), own] += 1
        return reports

    @property
    def bits(self) -> int:
        """Bits per report, k floats of 64."""
        return 64 * self.k

    def exact_epsilon(self) -> float:
        """Infinite: some doubles are sent for one value only."""
        return math.inf


@dataclass(frozen=True)
@parameters(k=domain_size(), epsilon=budget())
class StickyUnaryEncoding(UnaryEncoding):
    """A control: unary encoding whose own bit is set by its coin, but never cleared by it.

    Noise is drawn for all k bits, then the own bit is switched on with the protocol's p.
    So it is on with p + (1 - p) q, and epsilon grows by ln(1 + p / (q (1 - p))) - epsilon: to
    ln(1 + e^(epsilon / 2) + e) for symmetric encoding, to ln(e + 2) for optimized. It does
    not vanish with the claim: what is left is ln 3.

    Parameters
    ----------
    k : int
        Number of values, at least 2.
    epsilon : float
        Privacy budget in natural-log units that is claimed, positive and finite.
    optimized : bool
        Which protocol it means to be: optimized (OUE) or symmetric (SUE) unary encoding.

    Raises
    ------
    ValueError, TypeError
        If a parameter is out of range or no number.

    Notes
    -----
    Reports as for `OptimizedUnaryEncoding`. This is `UEClient` of pure-ldp up to version
    1.1.2, found by LDP-Auditor and repaired in 1.2.0. The server here knows how often the
    own bit is on, that of the package did not, and multiplied frequencies by
    p (1 - q) / (p - q).

    Examples
    --------
    >>> m = StickyUnaryEncoding(k=25, epsilon=1.0, optimized=True)
    >>> round(m.exact_epsilon(), 4), round(math.log(math.e + 2), 4)
    (1.5514, 1.5514)
    """

    k: int
    epsilon: float
    optimized: bool

    def _check_together(self) -> None:
        if not isinstance(self.optimized, bool):
            raise TypeError(f"optimized must be True or False, got {self.optimized!r}.")

    @property
    def _meant(self) -> UnaryEncoding:
        kind = OptimizedUnaryEncoding if self.optimized else SymmetricUnaryEncoding
        return kind(self.k, self.epsilon)

    @property
    def q_star(self) -> float:
        """Probability that one given other bit is set, as it should be."""
        return self._meant.q_star

    @property
    def p_star(self) -> float:
        """Probability that the own bit is set, p + (1 - p) q."""
        meant = self._meant
        return meant.p_star + meant.own_missed * meant.q_star

    @property
    def own_missed(self) -> float:
        """Probability that the own bit is not set, (1 - p)(1 - q)."""
        meant = self._meant
        return meant.own_missed * (1 - meant.q_star)
