"""Memoised reports that are not stored: each is a function of the user's key and the memo.

A user draws one random word. The permanent report of a memo comes from words that
splitmix64 makes of the two, so that it is the same in every round, and independent
between users and memos as far as that mixer goes. It is a tool of simulation: who
deploys a protocol takes a cryptographic one.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from ldpaudit.arrays import Bytes, Floats, Ints, Words
from ldpaudit.protocols._kernels._bits import bernoulli_rows, row_chunks, set_own_bits, width
from ldpaudit.protocols._kernels._hashing import mix
from ldpaudit.protocols._kernels._levels import row_sizes
from ldpaudit.validate import check_generator, check_integer, check_values

from ._chains import BitChain


@dataclass
class Memory:
    """What the clients of `len(keys)` users keep: a key each, and which memos they have made."""

    keys: Words
    seen: Bytes

    @property
    def num_users(self) -> int:
        """Number of users."""
        return len(self.keys)

    def words(self, memos: Ints, users: Ints | slice = slice(None)) -> Words:
        """Note that the users make these memos; return a word that belongs to both."""
        rows = self.seen[users]
        set_own_bits(rows, memos, np.ones(memos.size, dtype=np.bool_))
        self.seen[users] = rows
        return mix(self.keys[users], memos.view(np.uint64))


@dataclass
class PermanentBits(Memory):
    """Beside the key, each user's memo in use (-1: none) and its permanent bits."""

    last: Ints
    permanent: Bytes

    def renew(self, memos: Ints, drawn: Callable[[Ints, Words], Bytes]) -> None:
        """Take the bits that are drawn for users and their words where a memo is a new one."""
        changed = np.flatnonzero(memos != self.last)
        for rows in row_chunks(changed.size, self.permanent.shape[1]):
            users = changed[rows]
            self.permanent[users] = drawn(users, self.words(memos[users], users))
        self.last[changed] = memos[changed]


class Memoised(ABC):
    """Budgets of a mechanism whose loss is bounded by epsilon_inf for each memo a user makes."""

    k: int
    epsilon_inf: float

    @property
    @abstractmethod
    def num_memos(self) -> int:
        """Number of different memos that a user can make."""

    def spent(self, state: Memory) -> Floats:
        """Budget that each user has spent: memos made so far times epsilon_inf, shape (n,).

        The loss is at most this between histories that change at the same times, as memos of
        one then answer to those of the other. When a user changed is not covered.
        """
        return np.asarray(row_sizes(state.seen) * self.epsilon_inf)

    def worst_spent(self, rounds: int) -> float:
        """Largest budget that a user can have spent after so many rounds."""
        return min(check_integer("rounds", rounds, 1), self.num_memos) * self.epsilon_inf

    def memos(self, reports: Any) -> Ints:
        """Number of the memo that each value makes, shape (n, k): here values are memos."""
        return np.broadcast_to(np.arange(self.k), (len(reports), self.k))

    def log_public(self, reports: Any) -> Floats:
        """Log probability of what a user drew once and shows, shape (n,): here nothing."""
        return np.zeros(len(reports))

    def _memory(self, num_users: int, rng: np.random.Generator, num_keys: int) -> Memory:
        num_users = check_integer("num_users", num_users, 0)
        keys = check_generator(rng).integers(0, 2**64, num_users, dtype=np.uint64)
        return Memory(keys, np.zeros((num_users, width(num_keys)), dtype=np.uint8))

    def _values(self, values: npt.ArrayLike, state: Memory, rng: np.random.Generator) -> Ints:
        check_generator(rng)
        own = check_values(values, self.k)
        if own.size != state.num_users:
            raise ValueError(
                f"values must be one for each of {state.num_users} users, got {own.size}."
            )
        return own


def checked_history(history: Sequence[Any]) -> int:
    """Number of rounds, if there is one and all are of the same users."""
    if not len(history):
        raise ValueError("history must hold the reports of at least one round, got none.")
    sizes = {len(reports) for reports in history}
    if len(sizes) > 1:
        raise ValueError(f"history must hold the same users in every round, got {sorted(sizes)}.")
    return len(history)


def uniforms(words: Words) -> Floats:
    """Words as numbers in [0, 1), multiples of 2**-53."""
    return np.asarray((words >> np.uint64(11)) * 2.0**-53)


def keyed_rows(words: Words, num_values: int, probability: float) -> Bytes:
    """A packed row of bits for each word, each bit 1 with `probability` to its last digit."""
    packed = np.empty((words.size, width(num_values)), dtype=np.uint8)
    for rows in row_chunks(words.size, packed.shape[1]):
        lanes = _keyed_lanes(words[rows], -(-num_values // 64), probability)
        packed[rows] = lanes.view(np.uint8)[:, : packed.shape[1]]
    if num_values % 8:
        packed[:, -1] &= np.uint8(2 ** (num_values % 8) - 1)
    return packed


def shown_rows(kept: Bytes, num_bits: int, chain: BitChain, rng: np.random.Generator) -> Bytes:
    """What is sent of permanent rows of so many bits in one round, each through fresh noise."""
    reports = np.empty_like(kept)
    for rows in row_chunks(len(kept), kept.shape[1]):
        held = kept[rows]
        fresh = bernoulli_rows(len(held), num_bits, chain.q2, rng)
        if chain.q2 == chain.missed2:  # a flip either way
            np.bitwise_xor(held, fresh, out=reports[rows])
        else:
            shown = bernoulli_rows(len(held), num_bits, chain.p2, rng)
            np.bitwise_xor(fresh, held & (shown ^ fresh), out=reports[rows])
    return reports


def _keyed_lanes(words: Words, row_words: int, probability: float) -> Words:
    """Compare the binary digits of a number for each bit with those of the probability.

    A bit is 1 if its number is below the probability. The first digit that differs
    decides, for 64 bits at a time; words that are decided leave, most of them at digit 8.
    """
    lanes = np.zeros((words.size, row_words), dtype="<u8")
    flat, active = lanes.reshape(-1), np.arange(lanes.size)
    seeds = np.repeat(words, row_words)
    place = np.tile(np.arange(row_words, dtype=np.uint64), words.size)
    below = np.zeros(lanes.size, dtype=np.uint64)
    open_ = np.full(lanes.size, 2**64 - 1, dtype=np.uint64)
    digit = 0
    while probability and active.size:
        probability *= 2
        one, probability = probability >= 1, probability % 1
        fresh = mix(seeds, place)
        place += np.uint64(row_words)
        if one:  # a 0 is below it, a 1 is still open
            below |= open_ & ~fresh
            open_ &= fresh
        else:
            open_ &= ~fresh
        digit += 1
        if digit > 5:
            left = np.flatnonzero(open_)
            if 2 * left.size < active.size or not left.size:
                flat[active] = below
                active, seeds, place = active[left], seeds[left], place[left]
                below, open_ = below[left], open_[left]
    flat[active] = below
    return lanes
