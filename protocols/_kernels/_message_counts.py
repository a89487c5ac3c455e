"""Counts of messages that many users draw, whole at once: the joint law, not user by user.

Users who must do the same from here on are counted together. What they choose
next splits their count by binomials, so that the cost depends on how many
choices there are and never on how many users make them.
"""

from __future__ import annotations

import numpy as np

from ldpaudit.arrays import Ints

from ._counts import multinomial
from ._projective import ProjectiveSpace, inverses

_CHUNK = 2**16  # counts split at a time


def split_evenly(counts: Ints, parts: int, rng: np.random.Generator) -> Ints:
    """Deal each count of a row to as many equally likely parts, one after the other."""
    cells = counts.reshape(-1)
    return multinomial(cells, np.ones((cells.size, parts)), rng).reshape(len(counts), -1)


def solutions(q: int, users: Ints, rng: np.random.Generator) -> Ints:
    """Let users draw a uniform solution of s + w_1 b_1 + ... + w_m b_m + b = 0 modulo q.

    `users` has shape (batch, q, q**m) and counts them by s and by (w_1..w_m);
    the result, of shape (batch, q**(m + 1)), by their solution (b_1..b_m, b).
    The b_i are free; who has drawn b_1 needs s + w_1 b_1 and the other w alone.
    """
    batch, _, cells = users.shape
    layer = users
    while cells > 1:
        cells //= q
        layer = _draw_digit(q, layer.reshape(-1, q, q, cells), rng)
    by_last = layer.reshape(-1, q)[:, -np.arange(q) % q]
    return by_last.reshape(batch, -1)


def _draw_digit(q: int, layer: Ints, rng: np.random.Generator) -> Ints:
    """From users by (digits drawn, s, w, other w) to (digits drawn and b, s + w b, other w)."""
    out = np.zeros_like(layer)
    flat, given, others = out.reshape(-1), layer.reshape(-1), layer.shape[3]
    occupied = np.flatnonzero(given)
    for start in range(0, occupied.size, _CHUNK):
        cells = occupied[start : start + _CHUNK]
        left = given[cells]
        drawn, total, weight, other = np.unravel_index(cells, layer.shape)
        place = drawn * (q * q * others) + other
        for digit in range(q):
            chosen = rng.binomial(left, 1 / (q - digit))
            left -= chosen
            np.add.at(flat, place + total * others, chosen)
            place += q * others
            total = (total + weight) % q
    return out


def orthogonal_messages(
    space: ProjectiveSpace, users: Ints, free: Ints, rng: np.random.Generator
) -> Ints:
    """Let users draw a uniform point that is orthogonal to their own, free users any point.

    `users` counts them by batch and point, shape (batch, num_points) for the
    first points of the space, `free` by batch; the result counts messages,
    shape (batch, size). A message leads at a coordinate with a probability
    proportional to how many orthogonal points do. An own point whose last
    nonzero coordinate, scaled to 1, comes before that leaves all that follows
    free; one with it behind leaves all but the coordinate at that place free.
    """
    q, t, batch = space.q, space.t, len(users)
    widths = space.powers[::-1]  # points that lead at each coordinate
    pools = multinomial(free, np.tile(widths.astype(float), (batch, 1)), rng)
    solved: dict[tuple[int, int], Ints] = {}
    for end, heads in enumerate(_by_last_place(space, users)):
        left, ways = heads, int(space.starts[-1])
        for lead in range(end):
            count = int(widths[lead + 1])
            chosen = rng.binomial(left, count / ways)
            solved[lead, end] = solutions(q, chosen.reshape(batch, q, -1), rng)
            left, ways = (left - chosen).reshape(batch, q, -1).sum(axis=1), ways - count
        if end < t - 1:
            later = np.tile(widths[end + 1 :].astype(float), (batch, 1))
            pools[:, end + 1 :] += multinomial(left[:, 0], later, rng)
    out = np.empty((batch, space.size), dtype=np.int64)
    for lead in range(t):
        counts = pools[:, lead : lead + 1]
        for end in range(lead + 1, t):
            counts = split_evenly(counts, q, rng) + solved[lead, end]
        start = int(space.starts[t - 1 - lead])
        out[:, start : start + counts.shape[1]] = counts
    return out


def _by_last_place(space: ProjectiveSpace, users: Ints) -> list[Ints]:
    """Users by the coordinates before the last nonzero one, scaled to 1; an array a place."""
    heads = [np.zeros((len(users), int(width)), dtype=np.int64) for width in space.powers]
    for start in range(0, users.shape[1], _CHUNK):
        here = users[:, start : start + _CHUNK]
        vectors = space.coordinates(np.arange(start, start + here.shape[1]))
        for end in range(space.t - 1, -1, -1):
            last = vectors[end] != 0
            scale = inverses(vectors[end, last], space.q)
            scaled = vectors[:end, last] * scale % space.q
            heads[end][:, space.powers[:end][::-1] @ scaled] = here[:, last]
            here, vectors = here[:, ~last], vectors[:, ~last]
    return heads
