"""Users who hold numbers or vectors: numeric columns on a public range, laws on an interval."""

from __future__ import annotations

import re
from typing import Any

import numpy as np

from ldpaudit import validate
from ldpaudit.arrays import Floats
from ldpaudit.contracts import Domain, Inputs, Values
from ldpaudit.data.columns import NUMBER
from ldpaudit.domains import Ball, Interval

_SPEC = re.compile(r"([a-z]+)(?:\(([^()]*)\))?")

#: Laws on the unit interval: what they are, how many parameters they have, and the usual ones.
LAWS: dict[str, tuple[str, tuple[float, ...]]] = {
    "uniform": ("every number of the range equally likely", ()),
    "beta": ("a skewed law on a range; beta(5, 2) sets its parameters", (5.0, 2.0)),
    "bimodal": ("two humps on a range, about a quarter and three quarters of the way up", ()),
    "spike": ("all users hold one number of a range; spike(0.5) says how far up", (0.5,)),
}


def domain_from(
    low: float | None, high: float | None, dimension: int | None
) -> Interval | Ball | None:
    """The kind of input that is asked for; None where it is categories."""
    if dimension is not None:
        if low is not None or high is not None:
            raise ValueError("low and high are of numbers, dimension of vectors, got both.")
        return Ball(dimension)
    if low is None and high is None:
        return None
    if low is None or high is None:
        raise ValueError(f"a range takes low and high, got {low!r} and {high!r}.")
    return Interval(low, high)


def law(spec: str, domain: Interval | Ball, k: int) -> tuple[str, Inputs, Floats]:
    """Its name, k inputs of the domain's grid, and the share of the users who hold each."""
    match = _SPEC.fullmatch(spec)
    family = match[1] if match else spec
    validate.check_known("law", family, LAWS)
    usual = LAWS[family][1]
    given = usual if not (match and match[2]) else _parameters(spec, match[2], len(usual))
    k = validate.check_integer("k", k, 2, validate.MAX_DOMAIN)
    inputs = domain.grid(k)
    name = family if given == usual else f"{family}({', '.join(f'{p:g}' for p in given)})"
    if isinstance(domain, Ball):
        return name, inputs, _on_vectors(family, k)
    # Each number of the grid stands for what is nearest to it.
    order = np.argsort(inputs)
    shares = np.empty(k)
    shares[order] = _shares(family, given, k)
    return name, inputs, shares


def _parameters(spec: str, text: str, number: int) -> tuple[float, ...]:
    words = [word.strip() for word in text.split(",")]
    if len(words) != number or not all(NUMBER.fullmatch(word) for word in words):
        raise ValueError(f"{spec.partition('(')[0]} takes {number} numbers, got {spec!r}.")
    return tuple(map(float, words))


def _shares(family: str, given: tuple[float, ...], k: int) -> Floats:
    if family == "spike":
        if not 0 <= given[0] <= 1:
            raise ValueError(f"spike must be told a share of the range, got {given[0]!r}.")
        return np.asarray((np.arange(k) == round(given[0] * (k - 1))) * 1.0)
    from scipy.special import betainc

    for parameter in given:
        validate.check_positive(f"every parameter of {family}", parameter)
    edges = np.concatenate(([0.0], (np.arange(k - 1) + 0.5) / (k - 1), [1.0]))
    below = edges
    if family == "beta":
        below = betainc(given[0], given[1], edges)
    elif family == "bimodal":
        below = (betainc(8, 24, edges) + betainc(24, 8, edges)) / 2
    return np.diff(below)


def _on_vectors(family: str, k: int) -> Floats:
    """All vectors of the grid alike, or everybody the same one."""
    if family not in ("uniform", "spike"):
        raise ValueError(f"vectors are held by the law uniform or spike, got {family!r}.")
    return np.full(k, 1 / k) if family == "uniform" else np.asarray((np.arange(k) == 0) * 1.0)


def as_numbers(
    source: str, labels: tuple[str, ...] | None, histogram: Values, domain: Domain
) -> tuple[Inputs, Values]:
    """Labels that are numbers as inputs of an interval, its ends first, and who holds each."""
    if not isinstance(domain, Interval):
        raise ValueError(f"vectors are not read from files, got {source!r}.")
    if labels is None:
        raise ValueError(f"a range takes one column of numbers, got the records of {source!r}.")
    words = [text for text in labels if not NUMBER.fullmatch(text)]
    if words:
        raise ValueError(f"a range takes a column of numbers, got {words[0]!r} in {source!r}.")
    numbers = np.array(labels, dtype=np.float64)
    outside = (numbers < domain.low) | (numbers > domain.high)
    if outside.any():
        users = int(histogram[outside].sum())
        raise ValueError(
            f"numbers of {source!r} must lie in {domain}, got {float(numbers[outside][0])!r} and "
            f"others of {users:,} users; clip them or widen the range."
        )
    ends: Any = [domain.low, domain.high]
    held, place = np.unique(np.concatenate((ends, numbers)), return_inverse=True)
    counts = np.bincount(place[2:], histogram, held.size).astype(np.int64)
    order = np.concatenate(([0, held.size - 1], np.arange(1, held.size - 1)))
    return held[order], counts[order]
