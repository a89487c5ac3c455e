"""What the script of a package says of its mechanisms; runs on Python 3.8 and any numpy."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

#: Of additive noise in doubles; `known` is then "real numbers".
DOUBLES = (
    "epsilon of the law in real numbers: in doubles 1 + noise has fewer digits than 0 + noise, "
    "which may tell inputs apart (Mironov 2012)"
)


@dataclass
class Mechanism:
    """One mechanism of a package: what it claims, what it sends, what follows from its source.

    Parameters
    ----------
    name : str
        Name in the table.
    claim : float or None
        Epsilon that the package claims for this pair of inputs; None where it claims none.
    client : callable
        ``client(value)`` is one report; with `batch`, ``client(values)`` is a list of them.
    realised : float
        Epsilon of the pair, or of the worst pair where `inputs` is one; infinity allowed.
    known : {"derived", "real numbers", "enumerated"}
        "derived" from the source's law, "real numbers" where doubles may add to it; "enumerated"
        by summing over reports or from probabilities that the package's object holds.
    inputs : sequence of two
        What is recorded.
    delta : float
        Claimed delta; `realised` is then the epsilon at this delta.
    server : callable, optional
        ``server(reports)`` estimates the shares of k values, in a report's own form.
    k : int
        Number of values of the server.
    means : str
        What the package's epsilon is a budget of, where it is not one report of one value.
    note : str
        One sentence on what differs from the claim.
    batch : bool
        Whether the client takes all values at once.
    """

    name: str
    claim: float | None
    client: Callable[[Any], Any]
    realised: float
    known: str
    inputs: Sequence[Any] = (0, 1)
    delta: float = 0.0
    server: Callable[[Any], Any] | None = None
    k: int = 0
    means: str = ""
    note: str = ""
    batch: bool = False


def two_level(p: float, q: float) -> float:
    """Epsilon of one answer that is right with probability p and each wrong one with q."""
    return math.log(p / q)


def unary(p: float, q: float) -> float:
    """Epsilon of one bit per value, 1 with probability p at the own value and q elsewhere."""
    return math.log(p * (1 - q) / (q * (1 - p)))


def subset(p: float, size: int, k: int) -> float:
    """Epsilon of a subset of this size that holds the own value with probability p."""
    return math.log(p * (k - size) / ((1 - p) * size))


def gaussian(shift: float, delta: float) -> float:
    """Epsilon at delta of a Gaussian moved by `shift` standard deviations (Balle, Wang 2018)."""

    def above(epsilon: float) -> float:
        def cdf(x: float) -> float:
            return 0.5 * math.erfc(-x / math.sqrt(2))

        return cdf(shift / 2 - epsilon / shift) - math.exp(epsilon) * cdf(
            -shift / 2 - epsilon / shift
        )

    low, high = 0.0, 60.0
    for _ in range(200):
        middle = (low + high) / 2
        low, high = (middle, high) if above(middle) > delta else (low, middle)
    return high
