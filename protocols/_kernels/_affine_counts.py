"""Affine blocks gone through step by step: counts drawn whole, first ranks, largest overlaps.

In the order 0, a, 2 a, ... of the numbers modulo q a block of step a is an interval of
places: the number x has the place x / a, and the block of start b the places from b / a on.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from ldpaudit.arrays import Ints

from ._message_counts import split_evenly
from ._projective import inverses

_CHUNK = 2**18  # cells worked on at a time


def _orders(q: int, num_steps: int) -> Iterator[Ints]:
    """Numbers at the places 0 .. q - 1 for some steps at a time, one row a step."""
    places, rows = np.arange(q), max(1, _CHUNK // q)
    for first in range(1, num_steps + 1, rows):
        yield np.arange(first, min(first + rows, num_steps + 1))[:, None] * places % q


def draw_supports(
    q: int, size: int, num_steps: int, users: Ints, free: int, rng: np.random.Generator
) -> Ints:
    """How many blocks hold each number, drawn whole.

    users[x] of them name a uniform block that holds x, `free` of them any block.
    """
    counts, left, steps_left = np.zeros(q, dtype=np.int64), users.copy(), num_steps
    for orders in _orders(q, num_steps):
        rows = len(orders)
        mine = rng.binomial(left, rows / steps_left)
        freely = int(rng.binomial(free, rows / steps_left))
        left, free, steps_left = left - mine, free - freely, steps_left - rows
        at_step = np.zeros((q, rows), dtype=np.int64)
        at_step[: users.size] = split_evenly(mine[:, None], rows, rng)
        at_place = np.take_along_axis(at_step.T, orders, axis=1)
        begun = _draw_starts(at_place, size, rng)
        begun += split_evenly(np.array([[freely]]), rows * q, rng).reshape(rows, q)
        # A place is held by the blocks that begin at it or up to size - 1 places before.
        sums = np.cumsum(np.concatenate((begun[:, q - size + 1 :], begun), axis=1), axis=1)
        held = sums[:, size - 1 :].copy()
        held[:, 1:] -= sums[:, : q - 1]
        np.add.at(counts, orders, held)
    return counts


def _draw_starts(users: Ints, size: int, rng: np.random.Generator) -> Ints:
    """Let users at each place choose one of the `size` places up to it: counts of the choices.

    The places that are left to a user are halved until there is one; users whose
    choices end at the same place with equally many left are the same from then on.
    """
    undecided, left, windows = users, size, np.zeros_like(users)
    for level in range(size.bit_length() - 1, -1, -1):
        width = 1 << level
        if size & width:  # of the `left` places, the first are one window of this width
            chosen = rng.binomial(undecided, width / left)
            windows = windows + np.roll(chosen, left - size, axis=1)
            undecided, left = undecided - chosen, left - width
        if level:
            near = rng.binomial(windows, 0.5)
            windows = near + np.roll(windows - near, -(width >> 1), axis=1)
    return windows


def first_ranks(q: int, size: int, num_steps: int, ranks: Ints, none: int) -> Ints:
    """How many blocks have each least rank of their members, shape (none + 1,)."""
    found = np.zeros(none + 1, dtype=np.int64)
    for orders in _orders(q, num_steps):
        least = ranks.astype(np.int32)[orders]
        least = np.concatenate((least, least[:, : size - 1]), axis=1)
        width = 1
        while 2 * width <= size:
            least = np.minimum(least[:, :-width], least[:, width:])
            width *= 2
        if width < size:
            least = np.minimum(least[:, : width - size], least[:, size - width :])
        found += np.bincount(least.reshape(-1), minlength=none + 1)
    return found


def largest_overlap(q: int, size: int, num_steps: int, targets: Ints) -> int:
    """Most targets that one block holds."""
    return max(int(held.max()) for _, held in _overlaps(q, size, num_steps, targets))


def blocks_with_most(q: int, size: int, num_steps: int, targets: Ints) -> Ints:
    """Numbers of blocks that hold most targets and begin at one of them."""
    most, found = 0, [np.empty(0, dtype=np.int64)]
    for blocks, held in _overlaps(q, size, num_steps, targets):
        here = int(held.max())
        if here > most:
            most, found = here, []
        if here == most:
            found.append(blocks[held == here])
    return np.concatenate(found)


def _overlaps(q: int, size: int, num_steps: int, targets: Ints) -> Iterator[tuple[Ints, Ints]]:
    """Blocks that begin at each target, for some steps at a time, and how many targets they hold.

    A block with most targets can be moved forward to the first of them that it holds.
    """
    rows = max(1, _CHUNK // targets.size**2)
    for first in range(1, num_steps + 1, rows):
        steps = np.arange(first, min(first + rows, num_steps + 1))
        places = inverses(steps, q)[:, None] * targets % q
        apart = (places[:, None, :] - places[:, :, None]) % q
        yield (steps[:, None] - 1) * q + targets, (apart < size).sum(axis=2)
