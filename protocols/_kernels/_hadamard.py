"""Parities of bit strings: supports of the Hadamard code, counted and drawn block by block."""

from __future__ import annotations

import numpy as np

from ldpaudit.arrays import Bools, Ints

from ._message_counts import solutions, split_evenly


def even(words: Ints, ids: Ints) -> Bools:
    """Whether words and ids share an even number of ones."""
    shared: Bools = np.bitwise_count(words & ids) & 1 == 0
    return shared


def walsh_hadamard(rows: Ints) -> Ints:
    """Sum over words of (-1)^(ones shared with an id) times rows[:, word], for every id.

    Rows of shape (batch, 2**m), in place: one sum and one difference a bit.
    """
    size, half = rows.shape[1], 1
    while half < size:
        pairs = rows.reshape(-1, 2, half)
        first = pairs[:, 0].copy()
        pairs[:, 0] += pairs[:, 1]
        np.subtract(first, pairs[:, 1], out=pairs[:, 1])
        half *= 2
    return rows


def even_words(users: Ints, rng: np.random.Generator) -> Ints:
    """Let users draw a uniform word that shares an even number of ones with their id.

    `users` counts them by batch and id, shape (batch, 2**m), the result by batch
    and word. All bits of a word are free but the one at the lowest one of the id;
    id 0 leaves all of them free.
    """
    batch, size = users.shape
    words, low = users[:, :1], size // 2
    while low:
        parity = np.zeros((batch, 2, size // (2 * low)), dtype=np.int64)
        parity[:, 0] = users[:, low :: 2 * low]  # ids whose lowest one is here, by the bits above
        words = split_evenly(words, 2, rng) + solutions(2, parity, rng)
        low //= 2
    return words
