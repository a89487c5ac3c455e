"""Laws of counts: what the server's sums over n reports are, drawn without any report.

Every draw is binomial, so that the cost does not grow with the number of users.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import pairwise

import numpy as np
import numpy.typing as npt

from ldpaudit.arrays import Floats, Ints
from ldpaudit.validate import check_histogram

#: Most users whose counts are drawn. numpy's binomial compares logarithms that are off by
#: users * 2**-53: nothing here, but at 2**53 users and mean 90 its variance is 6% short.
MAX_USERS = 2**40
#: Cells worked on at a time. A constant: counts must not depend on the machine.
_CHUNK = 2**16
#: Leaves of the trees that stand side by side. A constant for the same reason.
_NODES = 2**15


def users_per_value(histogram: npt.ArrayLike, k: int) -> Ints:
    """Return a histogram of users as an int64 vector, or say what it should be."""
    return check_histogram(histogram, k, MAX_USERS)


def independent_supports(
    users: Ints, own_missed: float, q: float, rng: np.random.Generator
) -> Ints:
    """Supports where no value's is tied to another's, q for others and 1 - own_missed for own."""
    missed = rng.binomial(users, own_missed)
    return np.asarray(users - missed + rng.binomial(users.sum() - users, q))


def multinomial(users: Ints, weights: Floats, rng: np.random.Generator) -> Ints:
    """Deal the users of each row to cells, with probabilities proportional to its weights.

    The users of a row are split between the halves of its cells, those of a half
    between its halves, and so on. A share is a sum of weights over a larger sum:
    nothing is subtracted from 1, so that nothing cancels where cells are unlikely.
    """
    levels = [weights]
    while levels[-1].shape[1] > 1:
        if levels[-1].shape[1] % 2:  # np.pad takes longer than all that follows
            levels[-1] = np.hstack((levels[-1], np.zeros((users.size, 1))))
        levels.append(levels[-1][:, ::2] + levels[-1][:, 1::2])
    dealt = users[:, None]
    for sums, halves in pairwise(reversed(levels)):
        pairs = halves.shape[1] // 2  # without the padding of `sums`
        whole, first = sums[:, :pairs], halves[:, ::2]
        share = np.divide(first, whole, out=np.zeros_like(first), where=whole > 0)
        held, dealt = dealt[:, :pairs], np.empty(halves.shape, dtype=np.int64)
        dealt[:, ::2] = rng.binomial(held, share)
        dealt[:, 1::2] = held - dealt[:, ::2]
    return dealt[:, : weights.shape[1]]


def subset_supports(
    users: Sequence[Ints], size: Ints, own_missed: Floats, rng: np.random.Generator
) -> list[Ints]:
    """How many subsets hold each value, in several blocks of values that do not touch.

    In block b, users[b][v] users of v draw subsets of size[b], which miss v with own_missed[b].
    Blocks are drawn side by side, as many at a time as _NODES leaves hold.

    A binary tree over the values. Users have no names in it: a node holds how many
    users have each number of members of their subset there. Upwards go the users
    whose own value is in the node: one with r members there has its other
    size - r uniform outside, hence a hypergeometric number in the sibling, and is
    then a user of the parent like all others. Downwards go the members of guests,
    the users from elsewhere: they are uniform in the node, hence a hypergeometric
    number is in its first half. Given their sizes, parts of a subset in disjoint
    nodes are independent, so that the joint law is exact.
    """
    depth = max((row.size - 1).bit_length() for row in users)
    step, out = max(1, _NODES >> depth), []
    for start in range(0, len(users), step):
        some = slice(start, start + step)
        out += _side_by_side(users[some], size[some], own_missed[some], rng)
    return out


def _side_by_side(
    users: Sequence[Ints], size: Ints, own_missed: Floats, rng: np.random.Generator
) -> list[Ints]:
    widths = np.array([row.size for row in users])
    depth = max((row.size - 1).bit_length() for row in users)
    leaves = np.arange(2**depth) < widths[:, None]
    sizes = [leaves.reshape(-1, 2**level).sum(axis=1) for level in range(depth + 1)]
    guests = [
        np.zeros((len(row), min(int(row.max()), int(size.max())) + 1), dtype=np.int64)
        for row in sizes
    ]
    own = np.zeros(leaves.shape, dtype=np.int64)
    own[leaves] = np.concatenate(users)
    missed = rng.binomial(own, own_missed[:, None])
    hosts = np.stack([missed, own - missed], axis=-1).reshape(-1, 2)
    for level in range(depth):
        node, members = np.nonzero(hosts)
        block = node >> (depth - level)
        many, sibling = hosts[node, members], sizes[level][node ^ 1]
        outside = widths[block] - sizes[level][node] - sibling
        hosts, drawing = np.zeros_like(guests[level + 1]), size[block] - members
        for row, drawn, share in _hypergeometric(many, sibling, outside, drawing, rng):
            np.add.at(guests[level], (node[row] ^ 1, drawn), share)
            np.add.at(hosts, (node[row] >> 1, members[row] + drawn), share)

    for level in range(depth, 0, -1):
        node, members = np.nonzero(guests[level][:, 1:])
        members += 1
        many = guests[level][node, members]
        first, second = sizes[level - 1].reshape(-1, 2)[node].T
        for row, drawn, share in _hypergeometric(many, first, second, members, rng):
            np.add.at(guests[level - 1], (2 * node[row], drawn), share)
            np.add.at(guests[level - 1], (2 * node[row] + 1, members[row] - drawn), share)
    supports = own - missed + guests[0][:, 1].reshape(leaves.shape)
    return [row[:many] for row, many in zip(supports, widths.tolist(), strict=True)]


def _hypergeometric(
    users: Ints, good: Ints, bad: Ints, sample: Ints, rng: np.random.Generator
) -> Iterator[tuple[Ints, Ints, Ints]]:
    """How many users of each row draw each number of good ones: (row, number, users) vectors.

    A hypergeometric number is a sum of independent bits, so that by Bernstein's
    inequality it is `reach` from its mean with probability below 2 exp(-rarity).
    Beyond that is no user of a row, but for a chance of 1e-19, and no cell.
    """
    total = np.maximum(good + bad, 1)
    mean = sample * (good / total)
    variance = mean * (bad / total) * ((total - sample) / np.maximum(total - 1, 1))
    rarity = 45 + np.log(users)
    reach = rarity / 3 + np.sqrt(rarity**2 / 9 + 2 * rarity * variance)
    low = np.maximum(np.maximum(sample - bad, 0), np.floor(mean - reach).astype(np.int64))
    high = np.minimum(np.minimum(sample, good), np.ceil(mean + reach).astype(np.int64))
    step = max(1, _CHUNK // int((high - low + 1).max(initial=1)))
    for start in range(0, users.size, step):
        rows = slice(start, start + step)
        g, b, n, least, most = (a[rows, None] for a in (good, bad, sample, low, high))
        x = least + np.arange((high - low)[rows].max())
        # Weights by their ratios, P(x + 1) / P(x), in logarithms: they span more than a double.
        ratio = (x < most) * (g - x) * (n - x) / ((x + 1) * (b - n + x + 1))
        logs = np.zeros((len(x), x.shape[1] + 1))
        with np.errstate(divide="ignore"):
            np.cumsum(np.log(ratio), axis=1, out=logs[:, 1:])
        weights = np.exp(logs - logs.max(axis=1, keepdims=True))
        dealt = multinomial(users[rows], weights, rng)
        row, column = np.nonzero(dealt)
        yield row + start, low[row + start] + column, dealt[row, column]
