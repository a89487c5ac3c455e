"""Sums over all sequences of symbols, by how often each symbol comes: one term a partition."""

from __future__ import annotations

import math

import numpy as np

from ldpaudit.arrays import Floats

#: Most terms of one sum: 52 rounds over any number of symbols, more over few.
MAX_TERMS = 2**23


def excess(first: Floats, gained: Floats, epsilon: float) -> float:
    """Sum of P - exp(epsilon) P' where it is positive, from log P and log P / P'."""
    above = gained > epsilon
    return float((np.exp(first[above]) * -np.expm1(epsilon - gained[above])).sum())


def several(law: Floats, losses: Floats, number: int) -> tuple[Floats, Floats]:
    """Sums of so many independent losses, one term a multiset: log probabilities and losses."""
    last, run = np.zeros(1, dtype=np.int64), np.zeros(1, dtype=np.int64)
    weights, sums = np.zeros(1), np.zeros(1)
    for drawn in range(1, number + 1):
        before = np.repeat(np.arange(last.size), law.size - last)
        ends = np.cumsum(law.size - last)
        place = np.arange(before.size) - np.repeat(ends - law.size, law.size - last)
        run = np.where(place == last[before], run[before], 0) + 1
        weights = weights[before] + law[place] + np.log(drawn / run)
        sums, last = sums[before] + losses[place], place
    return weights, sums


def response_profile(
    size: int, rounds: int, log_ratio: float, weights: tuple[float, float, float], epsilon: float
) -> float:
    """Hockey-stick divergence of two symbols after `rounds` of a chain of randomized responses.

    A sequence with x times the one symbol, y times the other and n_z times each other one has
    probability q2^rounds (q1 (a^x + a^y + sum of a^n_z) + (p1 - q1) a^x), a = p2 / q2;
    `weights` are the logarithms of q1, p1 - q1 and q2. The n_z count as a partition of
    rounds - x - y, however many symbols there are.
    """
    from scipy.special import gammaln

    _terms(size, rounds)
    q1, gap, q2 = weights
    total = 0.0
    for rest, (ways, others) in enumerate(_sums(rounds, size - 2, log_ratio)):
        split = rounds - rest
        for x in range(split // 2 + 1, split + 1):  # with y >= x nothing is gained
            own, other = x * log_ratio, (split - x) * log_ratio
            arranged = gammaln(rounds + 1) - gammaln(x + 1) - gammaln(split - x + 1)
            blind = q1 + np.logaddexp(others, np.logaddexp(own, other))
            first, second = (np.logaddexp(blind, gap + seen) for seen in (own, other))
            likely = first + (ways + arranged + rounds * q2)
            total += excess(likely, first - second, epsilon)
    return total


def _sums(most: int, symbols: int, log_ratio: float) -> list[tuple[Floats, Floats]]:
    """For each total up to `most`: log ways to deal it to the symbols, log of sum of a^n_z."""
    from scipy.special import gammaln

    if not symbols:
        return [(np.zeros(1), np.full(1, -np.inf))]
    # Partitions of each total by falling parts: log ways, log sum, number of parts.
    found = [(np.empty(0), np.empty(0), np.empty(0, dtype=np.int64)) for _ in range(most + 1)]
    found[0] = (np.zeros(1), np.full(1, -np.inf), np.zeros(1, dtype=np.int64))
    for part in range(most, 0, -1):
        grown = [[entry] for entry in found]
        for total, (ways, sums, parts) in enumerate(found):
            for many in range(1, min((most - total) // part, symbols) + 1):
                fits = parts + many <= symbols
                dealt = ways[fits] - many * gammaln(part + 1) - gammaln(many + 1)
                added = np.logaddexp(sums[fits], math.log(many) + part * log_ratio)
                grown[total + many * part].append((dealt, added, parts[fits] + many))
        found = [
            tuple(np.concatenate(columns) for columns in zip(*entries, strict=True))  # type: ignore[misc]
            for entries in grown
        ]
    finished = []
    for ways, sums, parts in found:
        absent = symbols - parts
        with np.errstate(divide="ignore"):
            whole = np.logaddexp(sums, np.log(absent))
        finished.append((ways + gammaln(symbols + 1) - gammaln(absent + 1), whole))
    return finished


def _terms(size: int, rounds: int) -> int:
    """Number of terms, or say that it is too large."""
    # Partitions into at most so many parts are those into parts of at most that size.
    many = [1.0] + [0.0] * rounds
    for part in range(1, min(size - 2, rounds) + 1):
        for total in range(part, rounds + 1):
            many[total] += many[total - part]
    terms = sum(count * ((rounds - rest) // 2 + 1) for rest, count in enumerate(many))
    if terms > MAX_TERMS:
        raise ValueError(
            f"rounds must be fewer for an exact sum over {size} symbols: {rounds} rounds are "
            f"{terms:.3g} terms, above the limit of {MAX_TERMS}."
        )
    return int(terms)
