"""RAPPOR with Bloom filters and cohorts, and a server that knows a dictionary of values."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt

from ldpaudit.arrays import Bytes, Floats, Ints, Rows, Words
from ldpaudit.parameters import domain_size, fraction, integer, parameters
from ldpaudit.protocols._kernels._bits import (
    bernoulli_rows,
    row_chunks,
    set_own_bits,
    unpack,
    width,
)
from ldpaudit.protocols._kernels._decodes import Decodes
from ldpaudit.protocols._kernels._hashing import mix
from ldpaudit.protocols._kernels._messages import packed, unpacked
from ldpaudit.validate import (
    MAX_TABLE_ENTRIES,
    check_generator,
    check_listable,
    check_table_size,
    check_values,
)

from ._bloom_filters import BloomFilters
from ._chains import BitChain
from ._dictionary_server import DictionaryServer, by_cohort
from ._memoised import Memoised, PermanentBits, checked_history, keyed_rows, shown_rows, uniforms


@dataclass
class CohortMemory(PermanentBits):
    """Beside the key, the last value and its permanent bits, each user's cohort."""

    cohorts: Ints


@dataclass(frozen=True)
@parameters(
    k=domain_size(),
    f=fraction(),
    p=fraction(),
    q=fraction(),
    num_bits=integer(2, 2**16),
    num_hashes=integer(1, lambda made: min(64, made.num_bits)),
    num_cohorts=integer(1, 2**16),
)
class BloomRappor(DictionaryServer, Decodes, Memoised):
    """RAPPOR as deployed: h bits of a Bloom filter, in the user's cohort, under noise twice.

    A user belongs to one of the cohorts for ever, and the report says to which. The value's
    filter has the bits that the h hash functions of the cohort name; it is kept under permanent
    noise f, once for each value, and sent through fresh noise p, q every time.

    Parameters
    ----------
    k : int
        Number of values of the dictionary, at least 2; times C m at most 2**28, for the server.
    f : float
        Probability that a permanent bit is a fair coin and not the truth, in (0, 1).
    p : float, default 0.5
        Probability that a bit is sent as 1 if its permanent bit is 0, in (0, 1).
    q : float, default 0.75
        The same if it is 1, above `p`, below 1.
    num_bits : int, default 32
        Width m of the filter, from 2 to 65,536.
    num_hashes : int, default 2
        Hash functions h of each cohort, from 1 to 64 and at most m.
    num_cohorts : int, default 128
        Number of cohorts C.

    Raises
    ------
    ValueError, TypeError
        If a parameter is out of range or no number.

    Notes
    -----
    Reports are a structured vector with fields ``cohort`` (uint32) and ``bits`` (m of them, packed
    as for subset selection). With q* = q - f (q - p) / 2 and p* = p + f (q - p) / 2, `epsilon` is
    h ln(q* (1 - p*) / (p* (1 - q*))) and `epsilon_inf` is 2 h ln((2 - f) / f): what two values
    that have h bits each and share none cost, whatever the hash functions. `exact_epsilon`,
    `exact_delta`, `composed_epsilon` and `composed_delta` are of the worst two of these k values
    in these cohorts; `pair_epsilons` says what two given values cost in each cohort, which is
    less where their bits meet.

    The server is least squares over the dictionary's filters, with every report weighed by the
    number of cohorts and not by the size of its own: linear in the reports, unbiased, and of the
    stated error for any fixed users. Where filters of the k values depend on one another (more
    values than C m bits, or too few cohorts) what cannot be told apart is dealt out alike: the
    estimate is biased, `unbiased` says so, and `mse` with frequencies counts it. Source:
    Erlingsson, Pihur and Korolova, *RAPPOR: randomized aggregatable privacy-preserving ordinal
    response*, CCS 2014, where a lasso chooses candidates before least squares.

    Examples
    --------
    >>> m = BloomRappor(k=100, f=0.5, p=0.25)  # Chromium's normal noise
    >>> m.bits, round(m.epsilon, 4), round(m.epsilon_inf, 4), m.unbiased
    (39, 2.0433, 4.3944, True)
    >>> round(m.exact_epsilon(), 4), round(m.composed_epsilon(100), 4), round(m.mse(1), 3)
    (2.0433, 4.3944, 2.062)
    >>> m.privatize([7, 8], rng=np.random.default_rng(0)).dtype.names
    ('cohort', 'bits')
    """

    k: int
    f: float
    p: float = 0.5
    q: float = 0.75
    num_bits: int = 32
    num_hashes: int = 2
    num_cohorts: int = 128

    def _check_together(self) -> None:
        if self.p >= self.q:
            raise ValueError(f"p must be below q = {self.q!r}, got {self.p!r}.")
        bits = self.num_cohorts * self.num_bits
        if self.k * bits > MAX_TABLE_ENTRIES:
            most = MAX_TABLE_ENTRIES // bits
            raise ValueError(
                f"k must be at most {most} for {bits} bits of all cohorts, got {self.k}."
            )

    @property
    def _chain(self) -> BitChain:
        return BitChain(1 - self.f / 2, self.f / 2, self.f / 2, self.q, 1 - self.q, self.p)

    @cached_property
    def _filters(self) -> BloomFilters:
        return BloomFilters(self.k, self.num_bits, self.num_hashes, self.num_cohorts)

    @cached_property
    def _dtype(self) -> np.dtype[np.void]:
        return np.dtype([("cohort", "<u4"), ("bits", "u1", (width(self.num_bits),))])

    @property
    def epsilon(self) -> float:
        """Budget of one report: of h bits each way."""
        return self._chain.several_epsilon(self.num_hashes, self.num_hashes, 1)

    @property
    def epsilon_inf(self) -> float:  # type: ignore[override]
        """Budget of all reports of one value together: of 2 h permanent bits."""
        return 2 * self.num_hashes * math.log((2 - self.f) / self.f)

    @property
    def num_memos(self) -> int:
        """Number of values a user can memoise, k."""
        return self.k

    @property
    def bits(self) -> int:
        """Bits per report: the filter and the number of the cohort."""
        return self.num_bits + (self.num_cohorts - 1).bit_length()

    @property
    def pairs_alike(self) -> bool:
        """Whether 0 and 1 have all their bits apart in every cohort: no others differ more."""
        return bool((self._filters.differing((0, 1)) == self.num_hashes).all())

    def start(self, num_users: int, *, rng: np.random.Generator) -> CohortMemory:
        """Draw the keys and the cohorts of so many users; they have sent nothing yet."""
        memory = self._memory(num_users, rng, self.k)
        cohorts = rng.integers(0, self.num_cohorts, memory.num_users)
        bits = np.zeros((memory.num_users, width(self.num_bits)), dtype=np.uint8)
        return CohortMemory(memory.keys, memory.seen, np.full(memory.num_users, -1), bits, cohorts)

    def privatize_round(
        self, values: npt.ArrayLike, state: CohortMemory, *, rng: np.random.Generator
    ) -> Rows:
        """Draw one report per user from the permanent bits of the value."""
        own, chain = self._values(values, state, rng), self._chain

        def drawn(users: Ints, words: Words) -> Bytes:
            fresh = keyed_rows(words, self.num_bits, chain.q1)
            for j, bit in enumerate(self._filters.hashed(state.cohorts[users], own[users]).T):
                set_own_bits(fresh, bit, uniforms(mix(words, -1 - j)) < chain.p1)
            return fresh

        state.renew(own, drawn)
        reports = np.empty(own.size, dtype=self._dtype)
        reports["cohort"] = state.cohorts
        reports["bits"] = shown_rows(state.permanent, self.num_bits, chain, rng)
        return reports

    def privatize(self, values: npt.ArrayLike, *, rng: np.random.Generator) -> Rows:
        """Draw one report of a new user per value."""
        own, chain = check_values(values, self.k), self._chain
        reports = np.empty(own.size, dtype=self._dtype)
        reports["cohort"] = check_generator(rng).integers(0, self.num_cohorts, own.size)
        for rows in row_chunks(own.size, width(self.num_bits)):
            mine, part = own[rows], reports[rows]
            sent = bernoulli_rows(mine.size, self.num_bits, chain.other_set, rng)
            for bit in self._filters.hashed(part["cohort"], mine).T:
                set_own_bits(sent, bit, rng.random(mine.size) < chain.own_set)
            part["bits"] = sent
        return reports

    def log_likelihood(self, reports: Rows, values: npt.ArrayLike | None = None) -> Floats:
        """Log P(cohort and bits | value), shape (n, len(values)); None means all k values."""
        return self.history_log_likelihood([reports], values)

    def history_log_likelihood(
        self, history: Sequence[Rows], values: npt.ArrayLike | None = None
    ) -> Floats:
        """Log P(cohort and all bits | the value and that it never changed), (n, len(values))."""
        rounds = checked_history(history)
        asked = np.arange(self.k) if values is None else check_values(values, self.k)
        cohorts, bits = self._rows(history[0])
        check_table_size(cohorts.size, max(asked.size, self.num_bits))
        counts = unpack(bits, self.num_bits).astype(np.int64)
        for reports in history[1:]:
            again, bits = self._rows(reports)
            if not np.array_equal(again, cohorts):
                raise ValueError("history must hold the same cohort of a user in every round.")
            counts += unpack(bits, self.num_bits)
        own, other = self._chain.log_laws(rounds)
        gains = np.zeros((cohorts.size, self.num_bits + 1))
        gains[:, :-1] = (own - other).take(counts)
        table = np.empty((cohorts.size, asked.size))
        table[:] = (other.take(counts).sum(axis=1) - math.log(self.num_cohorts))[:, None]
        for cohort, users in by_cohort(cohorts):
            mine = gains[users]
            told = sum(mine[:, places] for places in self._filters.places(cohort, asked).T)
            table[users] += told
        return table

    def memos(self, reports: Rows) -> Ints:
        """Number of the memo that each value makes, shape (n, k): a value's is its own."""
        return np.broadcast_to(np.arange(self.k), (len(reports), self.k))

    def log_public(self, reports: Rows) -> Floats:
        """Log probability of the user's cohort, shape (n,)."""
        return np.full(len(reports), -math.log(self.num_cohorts))

    def every_report(self) -> Rows:
        """List all reports; up to 2**20 of them."""
        total = 2**self.num_bits
        check_listable(self.num_cohorts * total)
        numbers = np.arange(total, dtype="<u4").view(np.uint8).reshape(-1, 4)
        reports = np.empty(self.num_cohorts * total, dtype=self._dtype)
        reports["cohort"] = np.repeat(np.arange(self.num_cohorts), total)
        reports["bits"] = np.tile(numbers[:, : width(self.num_bits)], (self.num_cohorts, 1))
        return reports

    def pack(self, reports: Rows) -> list[bytes]:
        """Messages of `bits` bits, filled up with zeros to whole bytes: cohort, then filter."""
        cohorts, bits = self._rows(reports)
        numbers = (
            cohort << self.num_bits | int.from_bytes(row.tobytes(), "little")
            for cohort, row in zip(cohorts.tolist(), bits, strict=True)
        )
        return packed(numbers, self.bits)

    def unpack(self, messages: Iterable[bytes]) -> Rows:
        """Reports from the messages that `pack` makes.

        Raises
        ------
        TypeError, ValueError
            If a message is no bytes object, has a wrong length or padding, or names no cohort.
        """
        found = []
        for _, number in unpacked(messages, self.bits):
            cohort, bits = divmod(number, 1 << self.num_bits)
            found.append((cohort, list(bits.to_bytes(width(self.num_bits), "little"))))
        reports = np.array(found, dtype=self._dtype)
        self._rows(reports)
        return reports

    def pair_epsilons(self, pair: tuple[int, int], rounds: int = 1) -> Floats:
        """Epsilon of so many reports of two values that never change, in each cohort, (C,)."""
        one, two = check_values(pair, self.k).tolist()
        found = np.empty(self.num_cohorts)
        for cohort, (more, less) in enumerate(self._filters.differing((one, two)).tolist()):
            ways = ((more, less), (less, more))
            found[cohort] = max(self._chain.several_epsilon(*w, rounds) for w in ways)
        return found

    def exact_epsilon(self) -> float:
        """Largest log-likelihood ratio of one report, over cohorts and pairs of the k values."""
        return self.composed_epsilon(1)

    def exact_delta(self, epsilon: float) -> float:
        """Hockey-stick divergence of the worst two of the k values, the cohort being shown."""
        return self.composed_delta(epsilon, 1)

    def composed_epsilon(self, rounds: int) -> float:
        """Largest log-likelihood ratio of so many reports, for two values that never change."""
        ways = np.argwhere(self._filters.differences).tolist()
        return max(self._chain.several_epsilon(more, less, rounds) for more, less in ways)

    def composed_delta(self, epsilon: float, rounds: int) -> float:
        """Hockey-stick divergence of so many reports, for the worst two that never change.

        Exact; ValueError where k**2 C is above 2**30 or a pair's sum has more than 2**23 terms.
        """
        ways = range(self.num_hashes + 1)
        table = np.array(
            [
                [self._chain.several_delta(more, less, rounds, epsilon) for less in ways]
                for more in ways
            ]
        )
        return self._filters.largest_mean(table)
