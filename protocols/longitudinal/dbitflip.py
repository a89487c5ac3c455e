"""dBitFlipPM: a few buckets of one's own for ever, and one memoised bit for each of them."""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from ldpaudit.arrays import Bytes, Floats, Ints, Rows, Words
from ldpaudit.divergence import hockey_stick
from ldpaudit.parameters import budget, domain_size, integer, optional, parameters
from ldpaudit.protocols._kernels._bits import (
    column_counts,
    pack,
    set_own_bits,
    subset_rows,
    take_columns,
    width,
)
from ldpaudit.protocols._kernels._checks import structured_rows
from ldpaudit.protocols._kernels._decodes import Decodes
from ldpaudit.protocols._kernels._hashing import mix
from ldpaudit.protocols._kernels._levels import bit_factors, row_sizes
from ldpaudit.protocols._kernels._pure import SupportCounts
from ldpaudit.validate import (
    check_distribution,
    check_generator,
    check_integer,
    check_listable,
    check_table_size,
    check_values,
)

from ._bucket_influence import BucketInfluence
from ._memoised import Memoised, PermanentBits, checked_history, keyed_rows, uniforms


@dataclass
class BucketMemory(PermanentBits):
    """Beside the key, the memo and its bits, each user's buckets."""

    sampled: Bytes


@dataclass(frozen=True)
@parameters(
    k=domain_size(),
    epsilon=budget(),
    buckets=optional(integer(2, lambda made: made.k)),
    d=integer(1, lambda made: made.num_buckets),
)
class BitFlip(BucketInfluence, Decodes, Memoised):
    """dBitFlipPM: d of the b buckets are the user's, each with a bit that is drawn once.

    The bits tell truly whether the value is in their bucket with e^(epsilon / 2) to 1, and are
    the same as long as the pattern of the d buckets is: there is no noise a round.

    Parameters
    ----------
    k : int
        Number of values, at least 2.
    epsilon : float
        Privacy budget of one pattern in natural-log units, positive; also `epsilon_inf`.
    d : int
        Number of buckets of each user, from 1 to b. With d = 1 half of `epsilon` is spent.
    buckets : int, optional
        Number b of buckets of neighbouring values, from 2 to k, value v in floor(v b / k).
        None means k.

    Raises
    ------
    ValueError, TypeError
        If a parameter is out of range or no number.

    Notes
    -----
    Reports are a structured vector with fields ``sampled`` (the user's buckets) and ``bits``
    (those that are set), packed rows of b bits. Where a bucket holds many values the estimate
    deals its frequency to them alike: it is unbiased for buckets, not for values, and `mse` with
    frequencies counts that. Source: Ding, Kulkarni and Yekhanin, *Collecting telemetry data
    privately*, NeurIPS 2017.

    Examples
    --------
    >>> m = BitFlip(k=10, epsilon=2.0, d=10)
    >>> round(m.mse(1), 4), m.exact_epsilon(), m.worst_spent(100)
    (0.9207, 2.0, 20.0)
    >>> one = BitFlip(k=10, epsilon=2.0, d=1)
    >>> round(one.mse(1), 3), one.exact_epsilon(), one.worst_spent(100)
    (9.207, 1.0, 4.0)
    """

    k: int
    epsilon: float
    d: int
    buckets: int | None = None

    @property
    def num_buckets(self) -> int:
        """Number of buckets, b."""
        return self.k if self.buckets is None else self.buckets

    @property
    def epsilon_inf(self) -> float:  # type: ignore[override]
        """Budget of all reports of one pattern together, `epsilon`."""
        return self.epsilon

    @property
    def p(self) -> float:
        """Probability that the bit of the own bucket is set."""
        return 1 / (1 + math.exp(-self.epsilon / 2))

    @property
    def q(self) -> float:
        """Probability that one given other bit is set, 1 - p."""
        return math.exp(-self.epsilon / 2) * self.p

    @property
    def num_memos(self) -> int:
        """Number of patterns of a user's buckets: one each, and none of them."""
        return min(self.d + 1, self.num_buckets)

    @property
    def bits(self) -> int:
        """Bits per report: d, and which buckets they are of."""
        return self.d + (math.comb(self.num_buckets, self.d) - 1).bit_length()

    @property
    def pairs_alike(self) -> bool:
        """Whether 0 and 1 are of two buckets: no others are told apart better then."""
        return int(self._bucket(np.array([1]))[0]) > 0

    @property
    def _dtype(self) -> np.dtype[np.void]:
        row = ("u1", (width(self.num_buckets),))
        return np.dtype([("sampled", *row), ("bits", *row)])

    def _bucket(self, values: Ints) -> Ints:
        return values * self.num_buckets // self.k

    def start(self, num_users: int, *, rng: np.random.Generator) -> BucketMemory:
        """Draw the keys and the buckets of so many users; they have sent nothing yet."""
        b = self.num_buckets
        memory = self._memory(num_users, rng, b + 1)
        n = memory.num_users
        if self.d < b:
            sampled = subset_rows(np.zeros(n, dtype=np.int64), b, self.d, self.d / b, rng)
        else:
            sampled = pack(np.ones((n, b), dtype=np.uint8))
        return BucketMemory(
            memory.keys, memory.seen, np.full(n, -1), np.zeros_like(sampled), sampled
        )

    def privatize_round(
        self, values: npt.ArrayLike, state: BucketMemory, *, rng: np.random.Generator
    ) -> Rows:
        """One report per user, from the memo of the pattern that the value makes; nothing is drawn.

        The memo's key is the own bucket where it is one of the user's, and b where not.
        """
        bucket = self._bucket(self._values(values, state, rng))
        places = bucket >> 3, (bucket & 7).astype(np.uint8)
        held = state.sampled[np.arange(bucket.size), places[0]] >> places[1] & np.uint8(1)
        memo = np.where(held == 1, bucket, self.num_buckets)

        def drawn(users: Ints, words: Words) -> Bytes:
            fresh = keyed_rows(words, self.num_buckets, self.q)
            set_own_bits(fresh, bucket[users], uniforms(mix(words, -1)) < self.p)
            return fresh & state.sampled[users]

        state.renew(memo, drawn)
        reports = np.empty(bucket.size, dtype=self._dtype)
        reports["sampled"], reports["bits"] = state.sampled, state.permanent
        return reports

    def privatize(self, values: npt.ArrayLike, *, rng: np.random.Generator) -> Rows:
        """Draw one report of a new user a value."""
        own = check_values(values, self.k)
        return self.privatize_round(own, self.start(own.size, rng=check_generator(rng)), rng=rng)

    def _rows(self, reports: Rows) -> tuple[Bytes, Bytes]:
        """Buckets and bits of reports, if every bit is of one of the d buckets."""
        rows = structured_rows(reports, self._dtype)
        sampled, bits = (np.ascontiguousarray(rows[name]) for name in ("sampled", "bits"))
        if (row_sizes(sampled) != self.d).any() or (bits & ~sampled).any():
            raise ValueError(f"reports must have {self.d} buckets and bits of no others.")
        return sampled, bits

    def log_likelihood(self, reports: Rows, values: npt.ArrayLike | None = None) -> Floats:
        """Log P(buckets and bits | value), shape (n, len(values)); None means all k values."""
        sampled, bits = self._rows(reports)
        asked = np.arange(self.k) if values is None else check_values(values, self.k)
        check_table_size(len(sampled), asked.size)
        own = self._bucket(asked)
        telling = self.epsilon / 2
        factors = bit_factors(bits, own, (-telling, telling)) * take_columns(sampled, own)
        set_bits = row_sizes(bits)
        noise = set_bits * math.log(self.q) + (self.d - set_bits) * math.log1p(-self.q)
        return np.asarray(factors + (noise - self._log_choices)[:, None])

    @property
    def _log_choices(self) -> float:
        """Log number of sets of d buckets."""
        from scipy.special import gammaln

        b = self.num_buckets
        return float(gammaln(b + 1) - gammaln(self.d + 1) - gammaln(b - self.d + 1))

    def every_report(self) -> Rows:
        """List all reports; up to 2**20 of them."""
        b, d = self.num_buckets, self.d
        check_listable(math.comb(b, d) << d)
        chosen = np.array(list(itertools.combinations(range(b), d)))
        answers = np.array(list(itertools.product((0, 1), repeat=d)), dtype=np.uint8)
        sampled = np.zeros((len(chosen), len(answers), b), dtype=np.uint8)
        bits = np.zeros_like(sampled)
        np.put_along_axis(sampled, chosen[:, None, :], np.uint8(1), axis=2)
        np.put_along_axis(bits, chosen[:, None, :], answers[None], axis=2)
        reports = np.empty(len(chosen) * len(answers), dtype=self._dtype)
        reports["sampled"], reports["bits"] = (
            pack(rows.reshape(-1, b)) for rows in (sampled, bits)
        )
        return reports

    def aggregate(self, reports: Rows) -> SupportCounts:
        """Count set bits and users of each bucket, supports of shape (2, b)."""
        sampled, bits = self._rows(reports)
        counts = [column_counts(rows, self.num_buckets) for rows in (bits, sampled)]
        return SupportCounts(len(sampled), np.array(counts))

    @property
    def _sizes(self) -> Ints:
        """Number of values of each bucket."""
        return np.bincount(self._bucket(np.arange(self.k)), minlength=self.num_buckets)

    def estimate(self, counts: SupportCounts) -> Floats:
        """Frequencies, shape (k,): each bucket's unbiased one, dealt to its values alike."""
        num_users = check_integer("num_users of counts", counts.num_users, 1)
        set_bits, users = counts.supports
        scale = self.num_buckets / (num_users * self.d * (self.p - self.q))
        of_bucket = (set_bits - self.q * users) * scale / self._sizes
        return np.asarray(of_bucket[self._bucket(np.arange(self.k))])

    def mse(self, num_users: int, frequencies: npt.ArrayLike | None = None) -> float:
        """Mean squared error of `estimate`, averaged over the k values.

        Parameters
        ----------
        num_users : int
            Number of reports, at least 1.
        frequencies : array of shape (k,), optional
            Frequencies of the fixed users, for the exact error, with that of dealing buckets
            out. None leaves both away, as published.

        Returns
        -------
        float
            In squared frequency units.
        """
        n, share = check_integer("num_users", num_users, 1), self.num_buckets / self.d
        noise = share * self.p * self.q / (self.p - self.q) ** 2
        if frequencies is None:
            return float(noise / n * (1 / self._sizes).sum() / self.k)
        true = check_distribution("frequencies", frequencies, self.k)
        bucket = self._bucket(np.arange(self.k))
        totals = np.bincount(bucket, true, self.num_buckets)
        variance = ((noise + totals * (share - 1)) / self._sizes).sum() / n
        apart = (totals / self._sizes)[bucket] - true
        return float((variance + apart @ apart) / self.k)

    def vulnerability(self, prior: npt.ArrayLike | None = None) -> float:
        """Exact success of the best single guess from one report, for users drawn from `prior`.

        Of a bucket only the likeliest value is guessed. Against reports without a value, it
        counts p / q times if its bit is set, q / p times if it is not, and once if it is none of
        the user's. The best is above t unless every bucket with weight above t is the user's
        (what is not is worth no less) and no bit is set where the weight is above t q / p.
        """
        weights = check_distribution("prior", prior, self.k)
        best = np.zeros(self.num_buckets)
        np.maximum.at(best, self._bucket(np.arange(self.k)), weights)
        up = math.exp(self.epsilon / 2)
        floor = best.max() / up  # of the top bucket whatever is reported; others stay below it
        steps = np.unique(np.clip(np.concatenate((best * up, best, [floor])), floor, None))
        falling = np.sort(best)
        loud = best.size - np.searchsorted(falling * up, steps[:-1], side="right")
        plain = best.size - np.searchsorted(falling, steps[:-1], side="right")
        below = self._all_sampled_none_set(plain, loud)
        return float(floor + ((1 - below) * np.diff(steps)).sum())

    def _all_sampled_none_set(self, plain: Ints, loud: Ints) -> Floats:
        """P(the first `plain` buckets are the user's, and none of the first `loud` has its bit)."""
        from scipy.special import gammaln

        b, d = self.num_buckets, self.d
        left, more = d - plain, loud - plain
        with np.errstate(invalid="ignore"):
            first = gammaln(d + 1) - gammaln(left + 1.0) - gammaln(b + 1) + gammaln(b - plain + 1)
            some = np.arange(d + 1)[:, None]  # of the `more` buckets that are the user's too
            ways = _log_choose(more, some) + _log_choose(b - loud, left - some)
            ways -= _log_choose(b - plain, left)
            unset = (plain + some) * math.log1p(-self.q)
            found = np.exp(ways + unset + first).sum(axis=0)
        return np.where(left >= 0, found, 0.0)

    def exact_epsilon(self) -> float:
        """Largest log-likelihood ratio: of two bits, or of one where there is only one."""
        return self.epsilon if self.d > 1 else self.epsilon / 2

    def exact_delta(self, epsilon: float) -> float:
        """Hockey-stick divergence of two values of different buckets.

        The user may have both of their buckets or one of them.
        """
        b, d, p = self.num_buckets, self.d, self.p
        both = d * (d - 1) / (b * (b - 1)) * hockey_stick(p * p, epsilon, self.epsilon)
        one = 2 * d * (b - d) / (b * (b - 1)) * hockey_stick(p, epsilon, self.epsilon / 2)
        return both + one

    def history_log_likelihood(
        self, history: Sequence[Rows], values: npt.ArrayLike | None = None
    ) -> Floats:
        """Log P(all reports | the value and that it never changed), shape (n, len(values)).

        That of one report if all are the same, else -inf: a pattern has one memo.
        """
        checked_history(history)
        sampled, bits = self._rows(history[0])
        table, same = self.log_likelihood(history[0], values), np.ones(len(bits), dtype=np.bool_)
        for reports in history[1:]:
            again, other = self._rows(reports)
            if not np.array_equal(again, sampled):
                raise ValueError("history must hold the same buckets of a user in every round.")
            same &= (other == bits).all(axis=1)
        return np.where(same[:, None], table, -np.inf)

    def memos(self, reports: Rows) -> Ints:
        """Number of the memo that each value makes, shape (n, k): its bucket, if it is sampled."""
        buckets = self._bucket(np.arange(self.k))
        sampled = take_columns(structured_rows(reports, self._dtype)["sampled"], buckets)
        return np.where(sampled, buckets, self.num_buckets)

    def log_public(self, reports: Rows) -> Floats:
        """Log probability of the user's buckets, shape (n,)."""
        return np.full(len(reports), -self._log_choices)

    def composed_epsilon(self, rounds: int) -> float:
        """Epsilon of so many reports together, for two values that never change: that of one."""
        check_integer("rounds", rounds, 1)
        return self.exact_epsilon()

    def composed_delta(self, epsilon: float, rounds: int) -> float:
        """Hockey-stick divergence of so many reports of constant values: that of one."""
        check_integer("rounds", rounds, 1)
        return self.exact_delta(epsilon)


def _log_choose(total: Ints, chosen: Ints) -> Floats:
    """Log of the binomial coefficient, -inf where it is 0."""
    from scipy.special import gammaln

    inside = (chosen >= 0) & (chosen <= total)
    n, m = np.where(inside, total, 0), np.where(inside, chosen, 0)
    logs = gammaln(n + 1) - gammaln(m + 1) - gammaln(n - m + 1)
    return np.where(inside, logs, -np.inf)
