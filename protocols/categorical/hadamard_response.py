"""Hadamard response (HR): a block and a word, more often a word that the own value's id fits."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from ldpaudit.arrays import Bools, Ints
from ldpaudit.parameters import budget, domain_size, parameters
from ldpaudit.protocols._kernels._blocks import BlockResponse
from ldpaudit.protocols._kernels._hadamard import even, even_words, walsh_hadamard


@dataclass(frozen=True)
@parameters(k=domain_size(), epsilon=budget())
class HadamardResponse(BlockResponse):
    """HR: a message of B blocks of b words, e times as likely if it supports the own value.

    Each block holds up to b - 1 values, numbered from id 1, one block filled
    after the other. A word of the block supports the value if it shares an even
    number of ones with its id, as half the words do. B is the largest power of
    two below min(e, 2k) and b the smallest one above ceil(k / B).

    Parameters
    ----------
    k : int
        Number of values, at least 2.
    epsilon : float
        Privacy budget in natural-log units, positive and finite.

    Raises
    ------
    ValueError, TypeError
        If a parameter is out of range or no number.

    Notes
    -----
    Reports have shape (n,), dtype int64, in [0, B b): block times b plus word.
    For epsilon up to ln 2 there is one block. `aggregate` counts supports
    exactly, by one Walsh-Hadamard transform a block. Where users hold values
    of an item's block they add more to its error than others; ``mse`` without
    frequencies leaves that out (unless all values share a block), and the
    exact error is often near twice as large. Source: Acharya, Sun and Zhang,
    *Hadamard response: estimating distributions privately, efficiently, and
    with little communication*, AISTATS 2019, arXiv:1802.04705, section 5.

    Examples
    --------
    >>> import numpy as np
    >>> m = HadamardResponse(k=100, epsilon=4.0)
    >>> m.num_blocks, m.block_size, m.bits, round(m.vulnerability(), 6)
    (32, 8, 8, 0.139896)
    >>> round(m.mse(1), 7), round(m.mse(1, np.full(100, 0.01)), 6)
    (0.0818711, 0.223262)
    >>> m.privatize([7, 8], rng=np.random.default_rng(0)).shape
    (2,)
    """

    k: int
    epsilon: float

    @cached_property
    def num_blocks(self) -> int:
        """Number B of blocks, a power of two."""
        blocks, limit = 1, min(math.exp(self.epsilon), 2 * self.k)
        while 2 * blocks < limit:
            blocks *= 2
        return blocks

    @cached_property
    def block_size(self) -> int:
        """Number b of words in a block, a power of two."""
        return 1 << (-(-self.k // self.num_blocks)).bit_length()

    @property
    def values_per_block(self) -> int:
        """Number of values that a block has room for, b - 1."""
        return self.block_size - 1

    @property
    def support_size(self) -> int:
        """Number of messages that support a value, b / 2."""
        return self.block_size // 2

    @property
    def shared_size(self) -> float:
        """Number of messages that support both of two values of one block, b / 4."""
        return self.block_size / 4

    @property
    def _neighbours(self) -> float:
        return float(self.used_blocks == 1)

    def _supports(self, messages: Ints, places: Ints) -> Bools:
        return even(messages, places + 1)

    def _draw(self, places: Ints, rng: np.random.Generator) -> Ints:
        """Uniform words; one of odd parity has the bit at the id's lowest one flipped."""
        words, ids = rng.integers(0, self.block_size, places.size), places + 1
        words ^= np.where(even(words, ids), 0, ids & -ids)
        return words

    def _count(self, tallies: Ints) -> Ints:
        signed = walsh_hadamard(tallies.copy())
        counts: Ints = (signed[:, 1:] + signed[:, :1]) // 2
        return counts

    def _draw_counts(self, users: Ints, free: Ints, rng: np.random.Generator) -> Ints:
        """As the words of ids; free users, whom every word suits, have id 0."""
        return even_words(np.concatenate((free[:, None], users), axis=1), rng)
