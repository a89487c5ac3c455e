"""A keyed 64-bit mixer: the public randomness of hashes and permutations."""

from __future__ import annotations

import numpy as np

from ldpaudit.arrays import Words

_GOLDEN = 0x9E3779B97F4A7C15


def mix(seeds: Words | np.uint64, position: int | Words | np.uint64) -> Words:
    """splitmix64 (Steele, Lea and Flood, OOPSLA 2014): word `position` of the seed's stream."""
    if isinstance(position, int):
        position = np.uint64(position % 2**64)
    mixed = np.atleast_1d(seeds) + (np.atleast_1d(position) + np.uint64(1)) * np.uint64(_GOLDEN)
    _scramble(mixed, np.empty_like(mixed))
    return mixed


def mix_into(words: Words, seeds: Words, position: int, scratch: Words) -> None:
    """Write `mix(seeds, position)` to `words`; all three arrays are of one size."""
    np.add(seeds, np.uint64((position + 1) * _GOLDEN % 2**64), out=words)
    _scramble(words, scratch)


def _scramble(words: Words, scratch: Words) -> None:
    """The output function of splitmix64, in place."""
    _fold(words, 30, scratch)
    np.multiply(words, np.uint64(0xBF58476D1CE4E5B9), out=words)
    _fold(words, 27, scratch)
    np.multiply(words, np.uint64(0x94D049BB133111EB), out=words)
    _fold(words, 31, scratch)


def _fold(words: Words, shift: int, scratch: Words) -> None:
    """XOR the words with themselves, shifted to the right."""
    np.right_shift(words, np.uint64(shift), out=scratch)
    np.bitwise_xor(words, scratch, out=words)
