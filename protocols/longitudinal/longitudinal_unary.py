"""Memoised unary encodings: permanent bits for each value, reported through fresh noise."""

from __future__ import annotations

import math
from abc import abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from ldpaudit.arrays import Bytes, Floats, Ints, Words
from ldpaudit.parameters import budget, domain_size, fraction, parameters
from ldpaudit.protocols._kernels._bits import (
    set_own_bits,
    unpack,
    width,
)
from ldpaudit.protocols._kernels._checks import packed_rows
from ldpaudit.protocols._kernels._hashing import mix
from ldpaudit.protocols.categorical.unary_encoding import UnaryEncoding
from ldpaudit.validate import check_table_size, check_values

from ._chains import (
    BitChain,
    memo_budget,
    optimized_then_optimized,
    optimized_then_symmetric,
    symmetric_then_optimized,
    symmetric_then_symmetric,
)
from ._memoised import Memoised, PermanentBits, checked_history, keyed_rows, shown_rows, uniforms


class LongitudinalUnaryEncoding(UnaryEncoding, Memoised):
    """Everything a chain of two unary encodings does, given the chain of one bit."""

    @property
    @abstractmethod
    def _chain(self) -> BitChain:
        """The two rounds of one bit."""

    @property
    def p_star(self) -> float:
        """Probability that the own bit is set in a report."""
        return self._chain.own_set

    @property
    def q_star(self) -> float:
        """Probability that one given other bit is set in a report."""
        return self._chain.other_set

    @property
    def own_missed(self) -> float:
        """Probability that the own bit is not set in a report."""
        return self._chain.own_missed

    @property
    def num_memos(self) -> int:
        """Number of values a user can memoise, k."""
        return self.k

    def start(self, num_users: int, *, rng: np.random.Generator) -> PermanentBits:
        """Draw the keys of so many users; they have sent nothing yet."""
        memory = self._memory(num_users, rng, self.num_memos)
        last = np.full(memory.num_users, -1)
        permanent = np.zeros((memory.num_users, width(self.k)), dtype=np.uint8)
        return PermanentBits(memory.keys, memory.seen, last, permanent)

    def privatize_round(
        self, values: npt.ArrayLike, state: PermanentBits, *, rng: np.random.Generator
    ) -> Bytes:
        """Draw one report per user from the permanent bits: packed, shape (n, ceil(k / 8))."""
        own, chain = self._values(values, state, rng), self._chain

        def drawn(users: Ints, words: Words) -> Bytes:
            packed = keyed_rows(words, self.k, chain.q1)
            set_own_bits(packed, own[users], uniforms(mix(words, -1)) < chain.p1)
            return packed

        state.renew(own, drawn)
        return shown_rows(state.permanent, self.k, chain, rng)

    def history_log_likelihood(
        self, history: Sequence[Bytes], values: npt.ArrayLike | None = None
    ) -> Floats:
        """Log P(all reports | the value and that it never changed), shape (n, len(values))."""
        rounds = checked_history(history)
        check_table_size(len(history[0]), self.k)
        counts = np.zeros((len(history[0]), self.k), dtype=np.int64)
        for reports in history:
            counts += unpack(packed_rows(reports, self.k), self.k)
        own, other = self._chain.log_laws(rounds)
        noise = other.take(counts).sum(axis=1, keepdims=True)
        asked = counts if values is None else counts[:, check_values(values, self.k)]
        return np.asarray(noise + (own - other).take(asked))

    def composed_epsilon(self, rounds: int) -> float:
        """Largest log-likelihood ratio of so many reports, for two values that never change."""
        return self._chain.composed_epsilon(rounds)

    def composed_delta(self, epsilon: float, rounds: int) -> float:
        """Hockey-stick divergence of so many reports, for two values that never change.

        An exact sum over the counts of the two bits, of about rounds**2 terms.
        """
        return self._chain.composed_delta(epsilon, rounds)


@dataclass(frozen=True)
@parameters(epsilon=budget(), epsilon_inf=memo_budget, k=domain_size())
class _TwoBudgets(LongitudinalUnaryEncoding):
    """Parameters of the chains that are calibrated to two budgets."""

    k: int
    epsilon: float
    epsilon_inf: float

    def _check_together(self) -> None:
        self._chain.composed_epsilon(1)  # refuses what cannot be calibrated


@dataclass(frozen=True)
class LongitudinalSymmetricUnaryEncoding(_TwoBudgets):
    """L-SUE: symmetric unary encoding twice, RAPPOR with two budgets for parameters.

    Parameters
    ----------
    k : int
        Number of values, at least 2.
    epsilon : float
        Privacy budget of one report in natural-log units, positive, below `epsilon_inf`.
    epsilon_inf : float
        Privacy budget of all reports of one value together, at most 700.

    Raises
    ------
    ValueError, TypeError
        If a parameter is out of range or no number.

    Notes
    -----
    One report is SUE with `epsilon`, whatever `epsilon_inf` is. Reports have shape
    (n, ceil(k / 8)), dtype uint8, packed as for subset selection. Source: Erlingsson, Pihur and
    Korolova, CCS 2014; Arcolezi et al., Digital Communications and Networks 2022.

    Examples
    --------
    >>> m = LongitudinalSymmetricUnaryEncoding(k=10, epsilon=1.0, epsilon_inf=2.0)
    >>> round(m.mse(1), 4), round(m.exact_epsilon(), 6), round(m.composed_epsilon(5), 4)
    (3.9177, 1.0, 1.9872)
    """

    @property
    def _chain(self) -> BitChain:
        return symmetric_then_symmetric(self.epsilon, self.epsilon_inf)


@dataclass(frozen=True)
class LongitudinalOptimizedSymmetricEncoding(_TwoBudgets):
    """L-OSUE: optimized unary encoding once per value, then symmetric unary encoding per report.

    Parameters
    ----------
    k : int
        Number of values, at least 2.
    epsilon : float
        Privacy budget of one report in natural-log units, positive, below `epsilon_inf`.
    epsilon_inf : float
        Privacy budget of all reports of one value together, at most 700.

    Raises
    ------
    ValueError, TypeError
        If a parameter is out of range or no number.

    Notes
    -----
    One report is OUE with `epsilon`, whatever `epsilon_inf` is. Reports as for
    `LongitudinalSymmetricUnaryEncoding`. Source: Arcolezi, Couchot, Al Bouna and Xiao, Digital
    Communications and Networks 2022.

    Examples
    --------
    >>> m = LongitudinalOptimizedSymmetricEncoding(k=10, epsilon=1.0, epsilon_inf=2.0)
    >>> round(m.mse(1), 5), round(m.exact_epsilon(), 6), round(m.composed_epsilon(5), 4)
    (3.68269, 1.0, 1.9937)
    """

    @property
    def _chain(self) -> BitChain:
        return optimized_then_symmetric(self.epsilon, self.epsilon_inf)


@dataclass(frozen=True)
class LongitudinalOptimizedUnaryEncoding(_TwoBudgets):
    """L-OUE: optimized unary encoding twice.

    Parameters
    ----------
    k : int
        Number of values, at least 2.
    epsilon : float
        Privacy budget of one report in natural-log units, positive, at most
        ln((2 exp(epsilon_inf) + 1) / 3): beyond it the second round's fair coin hides too much.
    epsilon_inf : float
        Privacy budget of all reports of one value together, at most 700.

    Raises
    ------
    ValueError, TypeError
        If a parameter is out of range or no number.

    Notes
    -----
    Reports as for `LongitudinalSymmetricUnaryEncoding`. Source: Arcolezi, Couchot, Al Bouna and
    Xiao, Digital Communications and Networks 2022.

    Examples
    --------
    >>> m = LongitudinalOptimizedUnaryEncoding(k=10, epsilon=1.0, epsilon_inf=2.0)
    >>> round(m.mse(1), 4), round(m.exact_epsilon(), 6), round(m.composed_epsilon(5), 4)
    (4.4672, 1.0, 1.9592)
    """

    @property
    def _chain(self) -> BitChain:
        return optimized_then_optimized(self.epsilon, self.epsilon_inf)


@dataclass(frozen=True)
class LongitudinalSymmetricOptimizedEncoding(_TwoBudgets):
    """L-SOUE: symmetric unary encoding once per value, then optimized unary encoding per report.

    Parameters
    ----------
    k : int
        Number of values, at least 2.
    epsilon : float
        Privacy budget of one report in natural-log units, positive, at most
        ln(p (1 + p) / ((1 - p) (2 - p))) for the first round's p: beyond it the second round's
        fair coin hides too much.
    epsilon_inf : float
        Privacy budget of all reports of one value together, at most 700.

    Raises
    ------
    ValueError, TypeError
        If a parameter is out of range or no number.

    Notes
    -----
    Reports as for `LongitudinalSymmetricUnaryEncoding`. Source: Arcolezi, Couchot, Al Bouna and
    Xiao, Digital Communications and Networks 2022.

    Examples
    --------
    >>> m = LongitudinalSymmetricOptimizedEncoding(k=10, epsilon=1.0, epsilon_inf=2.0)
    >>> round(m.mse(1), 5), round(m.exact_epsilon(), 6), round(m.composed_epsilon(5), 4)
    (3.88877, 1.0, 1.9)
    """

    @property
    def _chain(self) -> BitChain:
        return symmetric_then_optimized(self.epsilon, self.epsilon_inf)


@dataclass(frozen=True)
@parameters(k=domain_size(), f=fraction(), p=fraction(), q=fraction())
class Rappor(LongitudinalUnaryEncoding):
    """Basic RAPPOR in its own parameters: f of the permanent bits, p and q of each report's.

    Parameters
    ----------
    k : int
        Number of values, at least 2.
    f : float
        Probability that a permanent bit is a fair coin and not the truth, in (0, 1).
    p : float, default 0.5
        Probability that a bit is sent as 1 if its permanent bit is 0, in (0, 1).
    q : float, default 0.75
        The same if it is 1, above `p`, below 1.

    Raises
    ------
    ValueError, TypeError
        If a parameter is out of range or no number.

    Notes
    -----
    `epsilon` and `epsilon_inf` follow from the parameters: ln(q* (1 - p*) / (p* (1 - q*))) with
    q* = q - f (q - p) / 2 and p* = p + f (q - p) / 2, and 2 ln((2 - f) / f). There is one hash
    function and no collision: the string is the value's own bit. Reports as for
    `LongitudinalSymmetricUnaryEncoding`. Source: Erlingsson, Pihur and Korolova, *RAPPOR:
    randomized aggregatable privacy-preserving ordinal response*, CCS 2014.

    Examples
    --------
    >>> m = Rappor(k=10, f=0.5)
    >>> round(m.epsilon, 4), round(m.epsilon_inf, 4), round(m.composed_epsilon(100), 4)
    (0.5371, 2.1972, 2.1972)
    """

    k: int
    f: float
    p: float = 0.5
    q: float = 0.75

    def _check_together(self) -> None:
        if self.p >= self.q:
            raise ValueError(f"p must be below q = {self.q!r}, got {self.p!r}.")

    @property
    def _chain(self) -> BitChain:
        return BitChain(1 - self.f / 2, self.f / 2, self.f / 2, self.q, 1 - self.q, self.p)

    @property
    def epsilon(self) -> float:  # type: ignore[override]
        """Privacy budget of one report, exact."""
        return self.exact_epsilon()

    @property
    def epsilon_inf(self) -> float:  # type: ignore[override]
        """Privacy budget of all reports of one value together."""
        return 2 * math.log((2 - self.f) / self.f)
