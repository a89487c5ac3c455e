"""Protocols whose messages come in blocks: Hadamard response, hybrid projective geometry.

Values fill equal blocks of messages one after the other. A value is supported by
`support_size` messages of its own block, which a user sends e times as likely as
any other message, and shares `shared_size` of them with each other value there.
With one block this is a pure protocol; with more, a value of another block is
supported less often than one of the same, so that the server also counts blocks.
"""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from collections.abc import Iterator
from typing import ClassVar

import numpy as np
import numpy.typing as npt

from ldpaudit.arrays import Bools, Floats, Ints
from ldpaudit.divergence import hockey_stick
from ldpaudit.validate import (
    check_distribution,
    check_generator,
    check_integer,
    check_listable,
    check_table_size,
    check_values,
)

from ._checks import checked_targets
from ._counts import users_per_value
from ._decodes import Decodes
from ._message_counts import split_evenly
from ._postprocessing import Linear
from ._pure import SupportCounts
from ._tried_supports import TriedSupports

_CHUNK = 2**14  # users a pass: their numbers stay in cache
_TABLE_CHUNK = 2**18  # likelihood entries, or messages, a pass


class BlockResponse(Decodes, ABC):
    """Everything such a protocol does, given its blocks and the supports within one."""

    k: int
    epsilon: float
    #: No two values are told apart better than the first two.
    pairs_alike: ClassVar[bool] = True

    @property
    @abstractmethod
    def num_blocks(self) -> int:
        """Number of blocks of messages."""

    @property
    @abstractmethod
    def block_size(self) -> int:
        """Number of messages in a block."""

    @property
    @abstractmethod
    def values_per_block(self) -> int:
        """Number of values that a block has room for."""

    @property
    @abstractmethod
    def support_size(self) -> int:
        """Number of messages that support a value."""

    @property
    @abstractmethod
    def shared_size(self) -> float:
        """Number of messages that support both of two values of one block."""

    @property
    @abstractmethod
    def _neighbours(self) -> float:
        """Share of the users in the block of an item that the f = 0 error supposes."""

    @abstractmethod
    def _supports(self, messages: Ints, places: Ints) -> Bools:
        """Whether messages of a block support the values at these places of it."""

    @abstractmethod
    def _draw(self, places: Ints, rng: np.random.Generator) -> Ints:
        """Draw a uniform supporting message of the block for each place."""

    @abstractmethod
    def _count(self, tallies: Ints) -> Ints:
        """Supports of each place from how often each message came, one row per block."""

    @abstractmethod
    def _draw_counts(self, users: Ints, free: Ints, rng: np.random.Generator) -> Ints:
        """Let users, counted by block and place, draw as `_draw` does and free ones anything.

        The result counts messages, one row per block.
        """

    @property
    def universe_size(self) -> int:
        """Number of messages."""
        return self.num_blocks * self.block_size

    @property
    def used_blocks(self) -> int:
        """Number of blocks that hold values."""
        return -(-self.k // self.values_per_block)

    @property
    def bits(self) -> int:
        """Bits per report, ceil(log2) of the number of messages."""
        return (self.universe_size - 1).bit_length()

    # A user sends a uniform message with probability `_free`, else a uniform supporting
    # one: z on every message and (e - 1) z more on those that support the value.

    @property
    def _low(self) -> float:
        """Probability z of one message that does not support the value."""
        return 1 / (math.expm1(self.epsilon) * self.support_size + self.universe_size)

    @property
    def _high(self) -> float:
        """Probability of one message that supports the value."""
        return self._low + math.expm1(self.epsilon) * self._low

    @property
    def _free(self) -> float:
        """Probability of sending a message without regard to the value."""
        return self.universe_size * self._low

    @property
    def p_star(self) -> float:
        """Probability that a report supports the own value."""
        return self.support_size * self._high

    def privatize(self, values: npt.ArrayLike, *, rng: np.random.Generator) -> Ints:
        """Draw one report per value: messages of shape (n,), numbered block by block."""
        own, source = check_values(values, self.k), check_generator(rng)
        reports = np.empty(own.size, dtype=np.int64)
        for start in range(0, own.size, _CHUNK):
            mine = own[start : start + _CHUNK]
            drawn = source.integers(0, self.universe_size, mine.size)
            kept = np.flatnonzero(source.random(mine.size) >= self._free)
            blocks, places = self._places(mine[kept])
            drawn[kept] = blocks * self.block_size + self._draw(places, source)
            reports[start : start + _CHUNK] = drawn
        return reports

    def log_likelihood(self, reports: npt.ArrayLike, values: npt.ArrayLike | None = None) -> Floats:
        """Log P(report | value), shape (n, len(values)); None means all k values."""
        seen = check_values(reports, self.universe_size)
        asked = np.arange(self.k) if values is None else check_values(values, self.k)
        check_table_size(seen.size, asked.size)
        out = np.empty((seen.size, asked.size))
        high, low = math.log(self._high), math.log(self._low)
        blocks, places = self._places(asked)
        step = max(1, _TABLE_CHUNK // max(1, asked.size))
        for start in range(0, seen.size, step):
            block, message = np.divmod(seen[start : start + step, None], self.block_size)
            supported = (block == blocks) & self._supports(message, places[None, :])
            out[start : start + step] = np.where(supported, high, low)
        return out

    @property
    def support_gain(self) -> float:
        """Log-likelihood ratio of a value that the message supports and another one."""
        return self.epsilon

    def supports(self, reports: npt.ArrayLike) -> TriedSupports:
        """The values that each message supports, all of its block."""
        blocks, messages = np.divmod(check_values(reports, self.universe_size), self.block_size)
        starts = blocks * self.values_per_block

        def meet(rows: Ints, places: Ints) -> Bools:
            return self._supports(messages[rows, None], np.atleast_2d(places))

        counts = np.clip(self.k - starts, 0, self.values_per_block)
        return TriedSupports(messages.size, self.k, meet, starts, counts)

    def every_report(self) -> Ints:
        """All messages."""
        check_listable(self.universe_size)
        return np.arange(self.universe_size)

    def aggregate(self, reports: npt.ArrayLike) -> SupportCounts:
        """Count the reports that support each value, then those in each block that holds values."""
        seen = check_values(reports, self.universe_size)
        size = self.used_blocks * self.block_size
        inside = seen if size == self.universe_size else seen[seen < size]
        tallies = np.bincount(inside, minlength=size).reshape(-1, self.block_size)
        counted = [self._summary(tallies[rows]) for rows in self._row_chunks()]
        return self._joined(seen.size, counted)

    def sample_counts(self, histogram: npt.ArrayLike, *, rng: np.random.Generator) -> SupportCounts:
        """Draw the summary of histogram[v] users of each value v from its exact joint law.

        The cost does not depend on the number of users.
        """
        own, source = users_per_value(histogram, self.k), check_generator(rng)
        free = source.binomial(own, self._free)
        # Free messages of blocks that hold no value leave no trace in the summary.
        inside = source.binomial(free.sum(), self.used_blocks / self.num_blocks)
        free_by_block = split_evenly(np.array([[inside]]), self.used_blocks, source)[0]
        kept = np.zeros((self.used_blocks, self.values_per_block), dtype=np.int64)
        kept.reshape(-1)[: self.k] = own - free
        counted = [
            self._summary(self._draw_counts(kept[rows], free_by_block[rows], source))
            for rows in self._row_chunks()
        ]
        return self._joined(int(own.sum()), counted)

    def _summary(self, tallies: Ints) -> tuple[Ints, Ints]:
        """Supports of the places of some blocks, one block after the other, and of the blocks."""
        return self._count(tallies).reshape(-1), tallies.sum(axis=1)

    def _joined(self, num_users: int, counted: list[tuple[Ints, Ints]]) -> SupportCounts:
        places, blocks = (np.concatenate(parts) for parts in zip(*counted, strict=True))
        return SupportCounts(num_users, np.concatenate((places[: self.k], blocks)))

    def estimate(self, counts: SupportCounts) -> Floats:
        """Unbiased, unclipped frequencies, shape (k,), from a value's counts and its block's."""
        num_users = check_integer("num_users of counts", counts.num_users, 1)
        own, block, rest = self._weights
        blocks, _ = self._places(np.arange(self.k))
        supports = own * counts.supports[: self.k] + block * counts.supports[self.k :][blocks]
        return np.asarray(supports / num_users + rest)

    def mean_counts(self) -> tuple[Linear, Linear]:
        """Mean of the summary over n for given frequencies, and the transpose of its slope."""
        low, extra = self._low, math.expm1(self.epsilon) * self._low
        support, shared, size = self.support_size, self.shared_size, self.block_size
        blocks, k, many = self._places(np.arange(self.k))[0], self.k, self.used_blocks

        def forward(frequencies: Floats) -> Floats:
            held, total = np.bincount(blocks, frequencies, many), frequencies.sum()
            values = (support - shared) * frequencies + shared * held[blocks]
            rest = np.repeat((low * support * total, low * size * total), (k, many))
            return np.asarray(np.concatenate((values, support * held)) * extra + rest)

        def back(weights: Floats) -> Floats:
            of_values, of_blocks = weights[:k], weights[k:]
            inside = shared * np.bincount(blocks, of_values, many) + support * of_blocks
            return np.asarray(extra * ((support - shared) * of_values + inside[blocks]))

        return forward, back

    @property
    def _weights(self) -> tuple[float, float, float]:
        """What a report adds to an estimate: if it supports the value, is in its block, always.

        A value of the same block gives it no expected weight if the second is
        -shared / support of the first, one of another block if the third makes up.
        """
        part = self.shared_size / self.support_size
        extra = math.expm1(self.epsilon) * self._low
        own = 1 / (extra * (self.support_size - self.shared_size))
        rest = own * self._low * (part * self.block_size - self.support_size)
        return own, -part * own, rest

    @property
    def _variances(self) -> tuple[float, float, float]:
        """Variance that a user adds to an item: the own one, one of the same block, of another."""
        own, block, rest = self._weights
        scores = np.array([own + block + rest, block + rest, rest])
        high, low, shared = self._high, self._low, self.shared_size
        alone, away = self.support_size - shared, (self.num_blocks - 1) * self.block_size
        bare = self.block_size - self.support_size
        laws = (  # the message supports the item, is in its block otherwise, elsewhere
            (self.support_size * high, bare * low, away * low),
            (shared * high + alone * low, alone * high + (bare - alone) * low, away * low),
            (self.support_size * low, bare * low, 1 - self.block_size * low),
        )
        of_own, of_same, of_other = (
            float(np.array(law) @ (scores - mean) ** 2)
            for law, mean in zip(laws, (1, 0, 0), strict=True)
        )
        return of_own, of_same, of_other

    def mse(self, num_users: int, frequencies: npt.ArrayLike | None = None) -> float:
        """Mean squared error of `estimate`, averaged over the k values.

        Parameters
        ----------
        num_users : int
            Number of reports, at least 1.
        frequencies : array of shape (k,), optional
            Frequencies of the fixed users, for the exact error. None gives the
            error of an item that nobody holds (f = 0), see the notes of the class.

        Returns
        -------
        float
            In squared frequency units.
        """
        n = check_integer("num_users", num_users, 1)
        own, same, other = self._variances
        if frequencies is None:
            return float(self._neighbours * same + (1 - self._neighbours) * other) / n
        held = check_distribution("frequencies", frequencies, self.k)
        per_block = self.values_per_block
        last = self.k - (self.used_blocks - 1) * per_block  # the last block may have few values
        in_last = float(held[self.k - last :].sum())
        near = in_last * (last - 1) + (1 - in_last) * (per_block - 1)
        return float(own + near * same + (self.k - 1 - near) * other) / (n * self.k)

    def vulnerability(self, prior: npt.ArrayLike | None = None) -> float:
        """Exact success of the best single guess from one report, for users drawn from `prior`.

        In every block the best value takes the messages that support it, the
        next best those that are left, and so on while a supported guess beats
        the best value overall; what is left shrinks geometrically.
        """
        weights = check_distribution("prior", prior, self.k)
        floor = self._low * float(weights.max())
        table = np.full((self.used_blocks, self.values_per_block), -1.0)
        table.reshape(-1)[: self.k] = weights
        unused = (self.num_blocks - self.used_blocks) * self.block_size
        taken = sum(self._taken(table[rows], floor) for rows in self._row_chunks())
        return float(taken + unused * floor)

    def _taken(self, weights: Floats, floor: float) -> float:
        """Sum over the messages of some blocks of the best supported worth, at least `floor`."""
        ranked = np.argsort(-weights, axis=1, kind="stable")
        worth = np.maximum(self._high * np.take_along_axis(weights, ranked, axis=1), floor)
        rows = np.repeat(np.arange(len(weights)), self.block_size)
        messages = np.tile(np.arange(self.block_size), len(weights))
        total = 0.0
        for rank in range(self.values_per_block):
            open_ = worth[rows, rank] > floor
            total += floor * np.count_nonzero(~open_)
            rows, messages = rows[open_], messages[open_]
            supported = self._supports(messages, ranked[rows, rank])
            total += float(worth[rows[supported], rank].sum())
            rows, messages = rows[~supported], messages[~supported]
            if rows.size == 0:
                break
        return total + floor * rows.size

    def influence(self, targets: npt.ArrayLike) -> float:
        """Most that one report adds to the summed estimate of `targets`, times the users.

        The best message supports many targets of its block, and all of a block count a little
        against it; to targets of other blocks every message adds the same.
        """
        chosen = checked_targets(targets, self.k)
        rest = self._weights[2]
        best = max(worth for worth, _ in self._worths(chosen))
        return best + rest * chosen.size

    def single_influences(self) -> Floats:
        """`influence` of each value alone, shape (k,): here all are alike."""
        return np.full(self.k, self.influence([0]))

    def _worths(self, targets: Ints) -> Iterator[tuple[float, Ints]]:
        """For each block with targets: the most that a message adds beyond the rest, and which."""
        own, block, _ = self._weights
        blocks, places = self._places(targets)
        words = np.arange(self.block_size)
        for number in np.unique(blocks).tolist():
            here = places[blocks == number]
            held = np.zeros(self.block_size, dtype=np.int64)
            for place in here:
                held += self._supports(words, np.broadcast_to(place, words.shape))
            best = np.flatnonzero(held == held.max())
            yield own * int(held.max()) + block * here.size, number * self.block_size + best

    def false_reports(
        self, targets: npt.ArrayLike, num_reports: int, *, rng: np.random.Generator
    ) -> Ints:
        """Reports of largest `influence` among those of blocks with targets, uniform."""
        found = list(self._worths(checked_targets(targets, self.k)))
        best = max(worth for worth, _ in found)
        messages = np.concatenate([m for worth, m in found if worth >= best - 1e-9 * abs(best)])
        return check_generator(rng).choice(messages, num_reports)

    def random_reports(self, num_reports: int, *, rng: np.random.Generator) -> Ints:
        """Uniform messages."""
        return check_generator(rng).integers(0, self.universe_size, num_reports)

    def exact_epsilon(self) -> float:
        """Largest log-likelihood ratio over reports and pairs of values."""
        return math.log(self._high) - math.log(self._low)

    def exact_delta(self, epsilon: float) -> float:
        """Hockey-stick divergence of the worst pair: of a message that supports the first alone."""
        apart = self.support_size - (self.shared_size if self.used_blocks == 1 else 0)
        return hockey_stick(apart * self._high, epsilon, self.exact_epsilon())

    def _places(self, values: Ints) -> tuple[Ints, Ints]:
        """Block of each value and its place there."""
        blocks = values // self.values_per_block
        return blocks, values - blocks * self.values_per_block

    def _row_chunks(self) -> Iterator[slice]:
        """Slices of the used blocks, of bounded size."""
        step = max(1, _TABLE_CHUNK // self.block_size)
        for start in range(0, self.used_blocks, step):
            yield slice(start, min(start + step, self.used_blocks))
