"""What all noisy histograms share: a one-hot vector with independent noise on every entry.

Entries are whole multiples of 1/steps, and so is the noise: its low bits say nothing that
its law does not say. They end at `low` and `high`, to which what lies beyond is moved.

Take noise alone, of law f on each entry, as the reference law. The report of value x has
that law times r(y_x), where r(y) = P(y | own) / P(y | other): one entry tells all that a
report says of x. The likelihood, the best guess and the privacy profile follow from r.
By symmetry P(y | own) = P(1 - y | other), so that log r is odd around 1/2.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from functools import cached_property
from typing import ClassVar

import numpy as np
import numpy.typing as npt

from ldpaudit.arrays import Floats, Ints
from ldpaudit.validate import (
    check_distribution,
    check_generator,
    check_histogram,
    check_integer,
    check_nonnegative,
    check_table_size,
    check_values,
)

from ._bits import row_chunks
from ._checks import checked_targets
from ._compiled import Loops, compiled
from ._decodes import Decodes
from ._grid_noise import GridNoise
from ._pure import SupportCounts

#: Weight of an entry in chunks of rows: 2**16 entries at a time.
_ENTRY = 2
#: Passes of numpy over an entry to find its place.
_PASSES = 4
#: Losses this close are one: they differ by the rounding of weights only.
_SAME = 12
#: Atoms (priors x losses) that are sorted at a time.
_ATOMS = 2**22


class NoisyHistogram(Decodes, ABC):
    """Everything a noisy histogram does, given the law of the noise.

    Reports are float64 of shape (n, k). Summaries hold the sums of the reports
    in units of 1/steps.
    """

    k: int
    epsilon: float
    #: No two values are told apart better than the first two.
    pairs_alike: ClassVar[bool] = True

    @property
    @abstractmethod
    def scale(self) -> float:
        """Scale of the noise on each entry."""

    @property
    @abstractmethod
    def steps(self) -> int:
        """Steps of the grid from 0 to 1, a power of two."""

    @property
    @abstractmethod
    def _noise(self) -> GridNoise:
        """The law of the noise, in steps."""

    @abstractmethod
    def _noise_sums(self, num_users: int, rng: np.random.Generator) -> Ints:
        """Sum of num_users noises in steps on each entry, shape (k,)."""

    @property
    def _low(self) -> int:
        """Least entry, in steps; the largest is steps - _low."""
        return self.steps - self._noise.reach

    @property
    def _high(self) -> float:
        """Largest entry."""
        return (self.steps - self._low) / self.steps

    @cached_property
    def _law(self) -> tuple[Floats, Floats]:
        """Probability of each entry from the least on, where it is another's and the own one."""
        noise, steps = self._noise.probabilities, self.steps
        # What lies beyond the ends is moved there.
        other = noise[steps:].copy()
        other[0] += noise[:steps].sum()
        return other, other[::-1]

    @cached_property
    def _logs(self) -> tuple[Floats, Floats]:
        """Log P(entry | other) and log r of each entry, from the least on."""
        other, own = map(np.log, self._law)
        return other, own - other

    @property
    def noise_variance(self) -> float:
        """Variance of the noise on each entry."""
        other, _ = self._law
        entries = np.arange(len(other)) + float(self._low)
        return float(other @ entries**2) / self.steps**2

    @property
    def bits(self) -> int:
        """Bits per report: k whole numbers, each as long as the largest needs."""
        return self.k * (len(self._law[0]) - 1).bit_length()

    def privatize(self, values: npt.ArrayLike, *, rng: np.random.Generator) -> Floats:
        """Draw one report per value: float64 of shape (n, k)."""
        own = check_values(values, self.k)
        check_generator(rng)
        reports = np.empty((own.size, self.k))
        noise, low, step = self._noise, self._low, 1 / self.steps
        for rows in row_chunks(own.size, _ENTRY * self.k):
            block = noise.draw(reports[rows].shape, rng)
            block[np.arange(len(block)), own[rows]] += self.steps
            np.clip(block, low, self.steps - low, out=block)
            np.multiply(block, step, out=reports[rows])
        return reports

    def log_likelihood(self, reports: Floats, values: npt.ArrayLike | None = None) -> Floats:
        """Log P(report | value), shape (n, len(values)); None means all k values."""
        rows = self._checked(reports)
        asked = np.arange(self.k) if values is None else check_values(values, self.k)
        check_table_size(len(rows), asked.size)
        # Values that are named are compared with one another, column by column.
        table = np.empty((len(rows), asked.size), order="C" if values is None else "F")
        log_noise, log_ratio = self._logs
        loops = compiled(_PASSES * rows.size)
        for chunk in row_chunks(len(rows), _ENTRY * max(self.k, asked.size)):
            places = self._places(rows[chunk], loops)
            alone = log_noise[places].sum(axis=1)
            own = places if values is None else places.take(asked, axis=1)
            np.add(log_ratio[own], alone[:, None], out=table[chunk])
        return table

    def aggregate(self, reports: Floats) -> SupportCounts:
        """Add the reports up; summaries of a stream add up."""
        rows = self._checked(reports)
        sums, loops = np.zeros(self.k, dtype=np.int64), compiled(_PASSES * rows.size)
        for chunk in row_chunks(len(rows), 8 * self.k):
            places = self._places(rows[chunk], loops)
            sums += places.sum(axis=0) + len(places) * self._low
        return SupportCounts(len(rows), sums)

    def sample_counts(self, histogram: npt.ArrayLike, *, rng: np.random.Generator) -> SupportCounts:
        """Draw the summary of histogram[v] users of each value v, at a cost of k draws.

        Ends are left out of account: a report in 2^90 is moved there.
        """
        users = check_histogram(histogram, self.k)
        num_users = int(users.sum())
        if not num_users * (self.steps - self._low) < 2**62:
            raise ValueError(
                f"histogram must keep sums below 2**62 units of {1 / self.steps:.3g}, "
                f"got {num_users} users."
            )
        noise = self._noise_sums(num_users, check_generator(rng))
        return SupportCounts(num_users, users * self.steps + noise)

    def estimate(self, counts: SupportCounts) -> Floats:
        """Unbiased, unclipped frequencies, shape (k,): the mean report."""
        num_users = check_integer("num_users of counts", counts.num_users, 1)
        return np.asarray(counts.supports / self.steps / num_users)

    def influence(self, targets: npt.ArrayLike) -> float:
        """The largest entry for each target, some 50 noise scales of SHE and 10 of a Gaussian.

        Any report on the grid can be sent, and nothing outside it is added up.
        """
        return checked_targets(targets, self.k).size * self._high

    def single_influences(self) -> Floats:
        """The largest entry, for each value, shape (k,)."""
        return np.full(self.k, self._high)

    def mse(self, num_users: int, frequencies: npt.ArrayLike | None = None) -> float:
        """Variance of the noise over num_users: exact, for the users' values add nothing."""
        n = check_integer("num_users", num_users, 1)
        if frequencies is not None:
            check_distribution("frequencies", frequencies, self.k)
        return self.noise_variance / n

    def vulnerability(self, prior: npt.ArrayLike | None = None) -> float:
        """Exact success of the best single guess from one report, for users drawn from `prior`."""
        weights = check_distribution("prior", prior, self.k)
        levels, copies = np.unique(weights[weights > 0], return_counts=True)
        return min(1.0, self._success(levels[::-1], copies[::-1]))

    def exact_epsilon(self) -> float:
        """Largest log ratio of two values: twice that of an entry."""
        return 2 * float(self._logs[1].max())

    def exact_delta(self, epsilon: float) -> float:
        """Least delta such that the mechanism is (epsilon, delta)-LDP.

        Two entries tell two values apart; the first has the law of an own one, the second
        that of another's, and the other way round.
        """
        asked = check_nonnegative("epsilon", epsilon)
        losses, own, other = self._atoms
        if asked >= losses[-1] - losses[0]:
            return 0.0
        # Of the first entry's loss, those of the second that leave more than epsilon.
        below = np.searchsorted(losses, losses - asked)
        first, second = (np.append(0.0, np.cumsum(law))[below] for law in (other, own))
        parts = own * first - np.exp(asked) * other * second
        return float(max(0.0, parts.sum()))

    @cached_property
    def _atoms(self) -> tuple[Floats, Floats, Floats]:
        """The log ratios of an entry, increasing, and their law where it is the own and another."""
        losses, places = np.unique(np.round(self._logs[1], _SAME), return_inverse=True)
        other, own = self._law
        sums = [np.bincount(places, weights=law).astype(np.float64) for law in (own, other)]
        return losses, sums[0], sums[1]

    def _success(self, levels: Floats, copies: Ints) -> float:
        """Mean, over noise alone, of the largest prior x r; copies[i] values have levels[i].

        The score log prior + log r of a value takes few levels t. P(no score above t) is a
        product over values, whose logarithm grows by one term at each score of one of them.
        """
        losses, _, other = self._atoms
        below = np.minimum(np.cumsum(other), 1.0)
        below[-1] = 1.0
        rises = np.diff(np.log(below))
        shifts = np.log(levels)
        # No score is below the least of the likeliest value: there all logarithms start.
        start = shifts[0] + losses[0]
        edges = np.linspace(start, shifts[0] + losses[-1], 2 + levels.size * losses.size // _ATOMS)
        edges[-1] += 1  # rounding must not leave the largest out
        reached = np.maximum(np.searchsorted(losses, start - shifts, side="right") - 1, 0)
        log_product = float(copies @ np.log(below[reached]))
        total, product = float(np.exp(start + log_product)), np.exp(log_product)
        for end in edges[1:]:
            upto = np.maximum(np.searchsorted(losses, end - shifts, side="right") - 1, reached)
            counts = upto - reached
            which = np.repeat(np.arange(levels.size), counts)
            atoms = np.arange(counts.sum()) - np.repeat(
                np.cumsum(counts) - counts - reached, counts
            )
            scores = shifts[which] + losses[atoms + 1]
            order = np.argsort(scores, kind="stable")
            logs = log_product + np.cumsum((copies[which] * rises[atoms])[order])
            products = np.exp(np.minimum(logs, 0.0))
            total += float(np.exp(scores[order]) @ np.diff(products, prepend=product))
            if logs.size:
                log_product, product = float(logs[-1]), float(products[-1])
            reached = upto
        return total

    def _checked(self, reports: Floats) -> Floats:
        """Return reports as rows of k floats."""
        rows = np.asarray(reports)
        if rows.dtype != np.float64 or rows.ndim != 2 or rows.shape[1] != self.k:
            raise ValueError(
                f"reports must be float64 of shape (n, {self.k}), "
                f"got {rows.dtype} of shape {rows.shape}."
            )
        return rows

    def _places(self, block: Floats, loops: Loops | None) -> Ints:
        """Places of entries on the grid, 0 of the least, of rows that can have been sent."""
        places, last = np.empty(block.shape, dtype=np.int64), len(self._law[0]) - 1
        if loops:
            sent = loops.find_places(block, self.steps, self._low, last, places)
        else:
            entries = block * float(self.steps)
            entries -= self._low
            with np.errstate(invalid="ignore"):
                places[:] = entries
            sent = bool((places == entries).all())
            sent = sent and (not places.size or bool(places.min() >= 0 and places.max() <= last))
        if not sent:
            raise ValueError(self._not_sent(block))
        return places

    def _not_sent(self, block: Floats) -> str:
        """What is wrong with rows of which an entry cannot have been sent."""
        end = (self.steps - self._low) / self.steps
        entries = block * float(self.steps) - self._low
        with np.errstate(invalid="ignore"):
            sent = (entries % 1 == 0) & (entries >= 0) & (entries < len(self._law[0]))
        return (
            f"reports must be whole multiples of 1/{self.steps} from {1 - end:g} to {end:g}, "
            f"got an entry of {block[~sent][0]}."
        )
