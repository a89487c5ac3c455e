"""Laws of whole histories by going through everything: the naive reference over time.

P(y_1..y_t | v_1..v_t) is a sum over the permanent reports of the distinct values; those of
different values are drawn independently. Rounds of a memo share one permanent report.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence

import numpy as np

from tests.protocols.channels import Table


def response(size: int, p: float) -> Table:
    """P(report | symbol) of randomized response that tells the truth with p, shape (x, y)."""
    q = (1 - p) / (size - 1)
    return np.where(np.eye(size) == 1, p, q)


def bit_channel(set_if_set: float, set_if_unset: float) -> Table:
    """P(bit sent | bit), shape (bit, sent)."""
    return np.array([[1 - set_if_unset, set_if_unset], [1 - set_if_set, set_if_set]])


def unary(k: int, p: float, q: float) -> Table:
    """P(row of bits | value): each bit on its own, rows in the order of itertools.product."""
    rows = list(itertools.product((0, 1), repeat=k))
    table = np.ones((k, len(rows)))
    for x, (y, row) in itertools.product(range(k), enumerate(rows)):
        for place, bit in enumerate(row):
            rate = p if place == x else q
            table[x, y] *= rate if bit else 1 - rate
    return table


def unary_noise(k: int, p: float, q: float) -> Table:
    """P(row sent | permanent row): a 1 stays 1 with p, a 0 becomes 1 with q."""
    table: Table = np.ones((1, 1))
    for _ in range(k):
        table = np.asarray(np.kron(table, bit_channel(p, q)), dtype=np.float64)
    return table


def history_law(permanent: Table, fresh: Table, values: Sequence[int]) -> Table:
    """P(y_1..y_t) for a user whose memo keys over time are `values`, shape (reports,) * t."""
    rounds, num_reports = len(values), fresh.shape[1]
    law = np.ones((num_reports,) * rounds)
    for key in dict.fromkeys(values):
        held = [t for t, v in enumerate(values) if v == key]
        block = np.zeros((num_reports,) * len(held))
        for z, weight in enumerate(permanent[key]):
            part = np.array(weight)
            for _ in held:
                part = np.multiply.outer(part, fresh[z])
            block += part
        shape = [num_reports if t in held else 1 for t in range(rounds)]
        law = law * block.reshape(shape)
    return law


def largest_ratio(first: Table, second: Table) -> float:
    """Largest log ratio of two laws."""
    return float(np.log(first / second).max())


def divergence(first: Table, second: Table, epsilon: float) -> float:
    """Hockey-stick divergence of two laws."""
    return float(np.maximum(0, first - math.exp(epsilon) * second).sum())
