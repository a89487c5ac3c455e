"""RS+FD and RS+RFD: one attribute of a record is reported truly, hidden among fake reports."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt

from ldpaudit.arrays import Floats, Rows
from ldpaudit.parameters import budget, one_of, parameters
from ldpaudit.protocols._kernels._checks import checked_targets
from ldpaudit.protocols._kernels._pure import SupportCounts
from ldpaudit.validate import (
    MAX_EPSILON,
    check_distribution,
    check_generator,
    check_integer,
)

from ._faked import VARIANTS, FakedAttribute, largest_ratio, variance
from ._records import RecordCounts, RecordProtocol, record_sizes


@dataclass(frozen=True)
@parameters(
    sizes=record_sizes,
    epsilon=budget(),
    variant=one_of([*VARIANTS, "adp"]),
    neighbours=one_of(("attribute", "record")),
    calibration=one_of(("exact", "published")),
)
class RandomSamplingFakeData(RecordProtocol):
    """RS+FD: one attribute, drawn and hidden, is reported with a larger budget; the rest is fake.

    Parameters
    ----------
    sizes : sequence of int
        Numbers of values of the d attributes, each at least 2, their product below 2**62.
    epsilon : float
        Privacy budget in natural-log units, positive and finite.
    variant : str, default "grr"
        Protocol of the attributes, and what is fake: "grr" a uniform value; "sue-z" and "oue-z"
        unary encoding of no value; "sue-r" and "oue-r" unary encoding of a uniform value; "adp"
        GRR or OUE-z for each attribute, by their variance.
    neighbours : str, default "attribute"
        Whom epsilon protects: records that differ in one "attribute", or any "record".
    calibration : str, default "exact"
        Budget epsilon' of the attribute that is drawn: "exact" spends all of epsilon on the worst
        pair of neighbours; "published" is ln(d (e - 1) + 1), whatever the neighbours.

    Raises
    ------
    ValueError, TypeError
        If a parameter is out of range or no number.

    Notes
    -----
    Values are records as numbers, ``flatten`` and ``records`` convert. Reports are a structured
    vector with a field ``a0``, ``a1``, ... an attribute.

    Let A_j = P(y_j | x_j) / F(y_j) where y_j does not support x_j; supported it is e' A_j. Of
    records that differ in the attributes D, a report has the ratio

        (e' sum_D A_j + sum_rest A_j) / (sum_D A_j + sum_rest A_j),

    largest where D has the largest A_j and the rest the smallest. If all A_j are equal and D is
    one attribute this is (e' + d - 1) / d, which the published epsilon' makes e. They are equal
    for sue-z and oue-z, and for grr with attributes of one size. Else the published guarantee
    does not hold: for sizes (2, 100) and epsilon = 1 grr has 1.25. And of records that differ
    everywhere the ratio is e': sampling hides nothing.

    Source: Arcolezi, Couchot, Al Bouna and Xiao, *Random sampling plus fake data*, CIKM 2021,
    arXiv:2109.07269.

    Examples
    --------
    >>> m = RandomSamplingFakeData(sizes=(2, 2), epsilon=1.0)
    >>> round(m.exact_epsilon(), 6), round(m.epsilon_between(2), 6)
    (1.0, 1.48988)
    >>> m = RandomSamplingFakeData(sizes=(2, 100), epsilon=1.0, calibration="published")
    >>> round(m.exact_epsilon(), 4)
    1.2497
    """

    sizes: tuple[int, ...]
    epsilon: float
    variant: str = "grr"
    neighbours: str = "attribute"
    calibration: str = "exact"

    @cached_property
    def priors(self) -> tuple[Floats, ...]:
        """Law of the fake values of each attribute, uniform."""
        return tuple(check_distribution("prior", None, size) for size in self.sizes)

    @cached_property
    def epsilon_drawn(self) -> float:
        """Budget epsilon' of the attribute that is drawn."""
        published = math.log1p(len(self.sizes) * math.expm1(min(self.epsilon, 600.0)))
        published = max(published, self.epsilon)
        if self.calibration == "published":
            return published
        if self.neighbours == "record" or len(self.sizes) == 1:
            return self.epsilon
        from scipy.optimize import brentq

        def excess(budget: float) -> float:
            return largest_ratio(self._faked(budget), 1, budget) - self.epsilon

        high = published
        while excess(high) < 0 and high < MAX_EPSILON:
            high = min(high + 1, MAX_EPSILON)
        low = self.epsilon * (1 - 1e-12)
        if excess(high) <= 0:
            return high
        return float(brentq(excess, low, high, xtol=1e-13, rtol=1e-14))

    def _faked(self, budget: float) -> tuple[FakedAttribute, ...]:
        found = []
        for size, prior in zip(self.sizes, self.priors, strict=True):
            names = ("grr", "oue-z") if self.variant == "adp" else (self.variant,)
            choices = [
                FakedAttribute(kind(size, budget), prior, empty)
                for kind, empty in (VARIANTS[name] for name in names)
            ]
            found.append(min(choices, key=lambda a: variance(a, len(self.sizes), None)))
        return tuple(found)

    @cached_property
    def _attributes(self) -> tuple[FakedAttribute, ...]:
        return self._faked(self.epsilon_drawn)

    @property
    def attributes(self) -> tuple[Any, ...]:
        """The protocol of each attribute."""
        return tuple(attribute.oracle for attribute in self._attributes)

    @property
    def bits(self) -> int:
        """Bits per report, summed over the attributes."""
        return sum(oracle.bits for oracle in self.attributes)

    def privatize(self, values: npt.ArrayLike, *, rng: np.random.Generator) -> Rows:
        """Draw one report per value: a structured vector with a field per attribute."""
        records = self.records(values)
        drawn = check_generator(rng).integers(0, len(self.sizes), len(records))
        reports = np.empty(len(records), dtype=self._dtype)
        for j, attribute in enumerate(self._attributes):
            true = np.flatnonzero(drawn == j)
            reports[f"a{j}"] = attribute.fakes(len(records), rng)
            reports[f"a{j}"][true] = attribute.oracle.privatize(records[true, j], rng=rng)
        return reports

    def log_likelihood(self, reports: Rows, values: npt.ArrayLike | None = None) -> Floats:
        """Log P(report | value), shape (n, len(values)); None means all k values."""
        rows = self._rows(reports)
        asked = self._asked(rows, values)
        fake, ratio = np.zeros(rows.size), np.zeros((rows.size, asked.shape[1]))
        columns = zip(self._attributes, self._columns(rows), asked, strict=True)
        for attribute, column, own in columns:
            law = attribute.log_fake(column)
            fake += law
            ratio += np.exp(attribute.oracle.log_likelihood(column) - law[:, None])[:, own]
        return np.asarray(np.log(ratio) + (fake - math.log(len(self.sizes)))[:, None])

    def attribute_posterior(
        self, reports: Rows, marginals: Sequence[npt.ArrayLike] | None = None
    ) -> Floats:
        """Probability that each attribute is the one reported truly, shape (n, d).

        Parameters
        ----------
        reports : structured vector
            Of n users.
        marginals : sequence of arrays of shape (k_j,), optional
            What the attacker knows of the users' values, attribute by attribute; None means
            uniform. Only these matter, however attributes depend on each other.

        Notes
        -----
        P(attribute j, y) is the fake law of the whole report times the mean of
        P(y_j | x_j) / F(y_j) over the values x_j, divided by d.
        """
        rows = self._rows(reports)
        odds = np.empty((rows.size, len(self.sizes)))
        laws = self._marginals(marginals)
        for j, (attribute, law) in enumerate(zip(self._attributes, laws, strict=True)):
            column = np.ascontiguousarray(rows[f"a{j}"])
            ratio = attribute.oracle.log_likelihood(column) - attribute.log_fake(column)[:, None]
            weights = np.full(self.sizes[j], 1 / self.sizes[j]) if law is None else law
            odds[:, j] = np.exp(ratio) @ weights
        return np.asarray(odds / odds.sum(axis=1, keepdims=True))

    def aggregate(self, reports: Rows) -> RecordCounts:
        """Count the supports of each attribute's values; summaries of a stream add up."""
        rows = self._rows(reports)
        pairs = zip(self.attributes, self._columns(rows), strict=True)
        return RecordCounts(rows.size, tuple(o.aggregate(column) for o, column in pairs))

    def estimate_marginals(self, counts: RecordCounts) -> tuple[Floats, ...]:
        """Unbiased, unclipped frequencies of each attribute."""
        n, d = check_integer("num_users of counts", counts.num_users, 1), len(self.sizes)
        found = []
        for attribute, part in zip(self._attributes, counts.parts, strict=True):
            p, q = attribute.oracle.p_star, attribute.oracle.q_star
            supports: SupportCounts = part
            noise = q + (d - 1) * attribute.fake_support
            found.append(np.asarray((d * supports.supports / n - noise) / (p - q)))
        return tuple(found)

    def attribute_influence(self, attribute: int, targets: npt.ArrayLike) -> float:
        """Most that one report adds to the sum of estimates of an attribute's values, times n.

        The server takes every report for fake with probability (d - 1) / d and multiplies what
        is left by d, and so it does with what a false report supports.
        """
        number = check_integer("attribute", attribute, 0, len(self.sizes) - 1)
        faked, d = self._attributes[number], len(self.sizes)
        chosen = checked_targets(targets, self.sizes[number])
        p, q = faked.oracle.p_star, faked.oracle.q_star
        noise = chosen.size * q + (d - 1) * float(faked.fake_support[chosen].sum())
        return float((d * faked.oracle.largest_support(chosen) - noise) / (p - q))

    def mse_marginals(
        self, num_users: int, marginals: Sequence[npt.ArrayLike] | None = None
    ) -> tuple[float, ...]:
        """Mean squared error of each attribute's frequencies: exact for fixed users, else f = 0."""
        n, d = check_integer("num_users", num_users, 1), len(self.sizes)
        pairs = zip(self._attributes, self._marginals(marginals), strict=True)
        return tuple(variance(attribute, d, f) / n for attribute, f in pairs)

    def are_neighbours(self, pair: tuple[int, int]) -> bool:
        """Whether epsilon is claimed of two records: of one attribute's difference, or any."""
        one, two = self.records(np.asarray(pair))
        return self.neighbours == "record" or int((one != two).sum()) == 1

    def epsilon_between(self, differing: int) -> float:
        """Largest log-likelihood ratio of records that differ in this many attributes."""
        m = check_integer("differing", differing, 1, len(self.sizes))
        return largest_ratio(self._attributes, m, self.epsilon_drawn)

    def exact_epsilon(self) -> float:
        """Largest log-likelihood ratio over reports and pairs of neighbours."""
        return self.epsilon_between(1 if self.neighbours == "attribute" else len(self.sizes))


def _laws(name: str, value: Any, made: RandomSamplingFakeData) -> tuple[tuple[float, ...], ...]:
    if len(value) != len(made.sizes):
        raise ValueError(f"{name} must be {len(made.sizes)} laws of fake values, got {len(value)}.")
    return tuple(tuple(map(float, law)) for law in value)


@dataclass(frozen=True)
@parameters(fake=_laws)
class RandomSamplingRealisticFakeData(RandomSamplingFakeData):
    """RS+RFD: RS+FD whose fake values follow public priors instead of the uniform law.

    Parameters
    ----------
    sizes, epsilon, variant, neighbours, calibration
        As for `RandomSamplingFakeData`; in "sue-z" and "oue-z" no value is faked.
    fake : sequence of sequences of float
        Law of the fake values of each attribute: positive everywhere, or a report could not
        have been fake.

    Raises
    ------
    ValueError, TypeError
        If a parameter is out of range or no number.

    Notes
    -----
    The rarer a value is among the fakes, the more a report of it tells: with the published
    calibration exact_epsilon is above epsilon unless the priors are uniform. Source: Arcolezi,
    Gambs, Couchot and Palamidessi, *On the risks of collecting multidimensional data under
    local differential privacy*, PVLDB 16(5), 2023.

    Examples
    --------
    >>> skewed = ((0.9, 0.1), (0.5, 0.5))
    >>> m = RandomSamplingRealisticFakeData((2, 2), 1.0, calibration="published", fake=skewed)
    >>> round(m.exact_epsilon(), 4)
    1.3517
    """

    fake: tuple[tuple[float, ...], ...] = ()

    def _check_together(self) -> None:
        if any(law.min() <= 0 for law in self.priors):
            raise ValueError("fake must hold probabilities above 0.")

    @cached_property
    def priors(self) -> tuple[Floats, ...]:
        """Law of the fake values of each attribute."""
        pairs = zip(self.fake, self.sizes, strict=True)
        return tuple(check_distribution("every law of fake", law, size) for law, size in pairs)
