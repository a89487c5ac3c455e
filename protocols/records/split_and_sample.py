"""SPL and SMP: a record's attributes share the budget, or one of them has all of it."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt

from ldpaudit.arrays import Floats, Rows
from ldpaudit.parameters import budget, one_of, parameters
from ldpaudit.protocols.categorical.generalized_randomized_response import (
    GeneralizedRandomizedResponse,
)
from ldpaudit.protocols.categorical.hadamard_response import HadamardResponse
from ldpaudit.protocols.categorical.local_hashing import BinaryLocalHashing, OptimizedLocalHashing
from ldpaudit.protocols.categorical.subset_selection import SubsetSelection
from ldpaudit.protocols.categorical.unary_encoding import (
    OptimizedUnaryEncoding,
    SymmetricUnaryEncoding,
)
from ldpaudit.validate import (
    check_generator,
    check_integer,
    check_values,
)

from ._records import RecordCounts, RecordProtocol, record_sizes


def adaptive(k: int, epsilon: float) -> Any:
    """GRR or OUE, whichever has the smaller variance at f = 0 (k up to about 3 e + 2 takes GRR)."""
    both = GeneralizedRandomizedResponse(k, epsilon), OptimizedUnaryEncoding(k, epsilon)
    return min(both, key=lambda oracle: oracle.mse(1))


#: Protocols for one attribute, by name.
BASES: dict[str, Callable[[int, float], Any]] = {
    "adp": adaptive,
    "blh": BinaryLocalHashing,
    "grr": GeneralizedRandomizedResponse,
    "hr": HadamardResponse,
    "olh": OptimizedLocalHashing,
    "oue": OptimizedUnaryEncoding,
    "ss": SubsetSelection,
    "sue": SymmetricUnaryEncoding,
}


@dataclass(frozen=True)
@parameters(sizes=record_sizes, epsilon=budget(), base=one_of(BASES))
class _Divided(RecordProtocol):
    """The parameters of SPL and SMP, checked."""

    sizes: tuple[int, ...]
    epsilon: float
    base: str = "adp"


@dataclass(frozen=True)
class BudgetSplitting(_Divided):
    """SPL: every attribute is reported, each with epsilon / d.

    Parameters
    ----------
    sizes : sequence of int
        Numbers of values of the d attributes, each at least 2, their product below 2**62.
    epsilon : float
        Privacy budget of a whole record in natural-log units, positive and finite.
    base : str, default "adp"
        Protocol of every attribute: "grr", "ss", "sue", "oue", "blh", "olh", "hr", or "adp",
        which is GRR or OUE by their variance.

    Raises
    ------
    ValueError, TypeError
        If a parameter is out of range or no number.

    Notes
    -----
    Values are records as numbers, ``flatten`` and ``records`` convert. Reports are a structured
    vector with a field ``a0``, ``a1``, ... an attribute. The guarantee is for records that
    differ in any number of attributes. Source: Arcolezi et al., CIKM 2021 (SPL).

    Examples
    --------
    >>> m = BudgetSplitting(sizes=(3, 4), epsilon=1.0, base="grr")
    >>> m.k, m.flatten([[2, 3]]), round(m.epsilon_between(1), 6), round(m.exact_epsilon(), 6)
    (12, array([11]), 0.5, 1.0)
    """

    @cached_property
    def attributes(self) -> tuple[Any, ...]:
        """The protocol of each attribute."""
        share = self.epsilon / len(self.sizes)
        return tuple(BASES[self.base](size, share) for size in self.sizes)

    @property
    def bits(self) -> int:
        """Bits per report, summed over the attributes."""
        return sum(oracle.bits for oracle in self.attributes)

    def privatize(self, values: npt.ArrayLike, *, rng: np.random.Generator) -> Rows:
        """Draw one report per value: a structured vector with a field per attribute."""
        columns = self.records(values).T
        check_generator(rng)
        reports = np.empty(columns.shape[1], dtype=self._dtype)
        for j, (oracle, own) in enumerate(zip(self.attributes, columns, strict=True)):
            reports[f"a{j}"] = oracle.privatize(own, rng=rng)
        return reports

    def log_likelihood(self, reports: Rows, values: npt.ArrayLike | None = None) -> Floats:
        """Log P(report | value), shape (n, len(values)); None means all k values."""
        rows = self._rows(reports)
        asked = self._asked(rows, values)
        table = np.zeros((rows.size, asked.shape[1]))
        for oracle, column, own in zip(self.attributes, self._columns(rows), asked, strict=True):
            table += oracle.log_likelihood(column)[:, own]
        return table

    def aggregate(self, reports: Rows) -> RecordCounts:
        """Summarise the reports of each attribute; summaries of a stream add up."""
        rows = self._rows(reports)
        pairs = zip(self.attributes, self._columns(rows), strict=True)
        return RecordCounts(rows.size, tuple(o.aggregate(column) for o, column in pairs))

    def estimate_marginals(self, counts: RecordCounts) -> tuple[Floats, ...]:
        """Unbiased, unclipped frequencies of each attribute."""
        pairs = zip(self.attributes, counts.parts, strict=True)
        return tuple(oracle.estimate(part) for oracle, part in pairs)

    def attribute_influence(self, attribute: int, targets: npt.ArrayLike) -> float:
        """Most that one report adds to the sum of estimates of an attribute's values, times n.

        That of the attribute's own protocol with its share of the budget.
        """
        number = check_integer("attribute", attribute, 0, len(self.sizes) - 1)
        return float(self.attributes[number].influence(targets))

    def mse_marginals(
        self, num_users: int, marginals: Sequence[npt.ArrayLike] | None = None
    ) -> tuple[float, ...]:
        """Mean squared error of each attribute's frequencies: exact for fixed users, else f = 0."""
        n = check_integer("num_users", num_users, 1)
        pairs = zip(self.attributes, self._marginals(marginals), strict=True)
        return tuple(oracle.mse(n, f) for oracle, f in pairs)

    def epsilon_between(self, differing: int) -> float:
        """Largest log-likelihood ratio of records that differ in this many attributes."""
        m = check_integer("differing", differing, 1, len(self.sizes))
        shares = sorted((oracle.exact_epsilon() for oracle in self.attributes), reverse=True)
        return math.fsum(shares[:m])

    def exact_epsilon(self) -> float:
        """Largest log-likelihood ratio over reports and pairs of records."""
        return self.epsilon_between(len(self.sizes))


class SampledAttribute(RecordProtocol):
    """Everything a protocol does that draws one attribute a report, discloses it and reports it."""

    @cached_property
    def _dtype(self) -> np.dtype[np.void]:
        return np.dtype([("attribute", "<u2"), *self._fields])

    @property
    def bits(self) -> int:
        """Bits of the largest report: the attribute, ceil(log2 d), and its report."""
        largest: int = max(oracle.bits for oracle in self.attributes)
        return (len(self.sizes) - 1).bit_length() + largest

    def privatize(self, values: npt.ArrayLike, *, rng: np.random.Generator) -> Rows:
        """Draw one report per value: a structured vector, ``attribute`` says which field counts."""
        records = self.records(check_values(values, self.k))
        reports = np.zeros(len(records), dtype=self._dtype)
        reports["attribute"] = check_generator(rng).integers(0, len(self.sizes), len(records))
        for j, oracle in enumerate(self.attributes):
            users = np.flatnonzero(reports["attribute"] == j)
            reports[f"a{j}"][users] = oracle.privatize(records[users, j], rng=rng)
        return reports

    def _rows(self, reports: Rows) -> Rows:
        rows = super()._rows(reports)
        if rows.size and rows["attribute"].max() >= len(self.sizes):
            raise ValueError(
                f"reports must name an attribute in [0, {len(self.sizes)}), "
                f"got {rows['attribute'].max()}."
            )
        return rows

    def log_likelihood(self, reports: Rows, values: npt.ArrayLike | None = None) -> Floats:
        """Log P(report | value), shape (n, len(values)); None means all k values."""
        rows = self._rows(reports)
        asked = self._asked(rows, values)
        table = np.full((rows.size, asked.shape[1]), -math.log(len(self.sizes)))
        for j, oracle in enumerate(self.attributes):
            users = np.flatnonzero(rows["attribute"] == j)
            table[users] += oracle.log_likelihood(rows[f"a{j}"][users])[:, asked[j]]
        return table

    def attribute_log_likelihood(self, reports: Rows, attribute: int) -> Floats:
        """Log P(an attribute's report | its value), 0 where it was not drawn; shape (n, k_j)."""
        drawn = self._rows(reports)["attribute"] == attribute
        return np.asarray(super().attribute_log_likelihood(reports, attribute) * drawn[:, None])

    def aggregate(self, reports: Rows) -> RecordCounts:
        """Summarise the reports of each attribute; summaries of a stream add up."""
        rows = self._rows(reports)
        parts = [
            oracle.aggregate(rows[f"a{j}"][rows["attribute"] == j])
            for j, oracle in enumerate(self.attributes)
        ]
        return RecordCounts(rows.size, tuple(parts))

    def estimate_marginals(self, counts: RecordCounts) -> tuple[Floats, ...]:
        """Unbiased, unclipped frequencies of each attribute, from the users who drew it."""
        pairs = zip(self.attributes, counts.parts, strict=True)
        return tuple(oracle.estimate(part) for oracle, part in pairs)

    def attribute_influence(self, attribute: int, targets: npt.ArrayLike) -> float:
        """Most that one report adds to the sum of estimates of an attribute's values, times n.

        d times that of the attribute's own protocol: a false report names the attribute, and
        only one in d honest users did. A small share beta of false reports moves the sum s by
        beta (influence - d s), for the estimate divides by those who named the attribute.
        """
        number = check_integer("attribute", attribute, 0, len(self.sizes) - 1)
        return len(self.sizes) * float(self.attributes[number].influence(targets))

    def mse_marginals(
        self, num_users: int, marginals: Sequence[npt.ArrayLike] | None = None
    ) -> tuple[float, ...]:
        """Mean squared error of each attribute's frequencies, given that someone drew it.

        Parameters
        ----------
        num_users : int
            Number of users of all attributes, at least 1.
        marginals : sequence of arrays of shape (k_j,), optional
            Frequencies of the fixed users. None leaves out their own values (f = 0).

        Returns
        -------
        tuple of float
            In squared frequency units. With frequencies exact: the error of n_j reports, and
            that of a sample of n_j users without replacement, averaged over the law of n_j.
        """
        n, d = check_integer("num_users", num_users, 1), len(self.sizes)
        inverse = _mean_inverse(n, 1 / d)
        errors = []
        for oracle, f in zip(self.attributes, self._marginals(marginals), strict=True):
            error = oracle.mse(1, f) * inverse
            if f is not None and n > 1:
                error += float(np.mean(f * (1 - f))) * (n * inverse - 1) / (n - 1)
            errors.append(error)
        return tuple(errors)

    def epsilon_between(self, differing: int) -> float:
        """Largest log-likelihood ratio of records that differ in this many attributes."""
        check_integer("differing", differing, 1, len(self.sizes))
        return float(max(oracle.exact_epsilon() for oracle in self.attributes))

    def exact_epsilon(self) -> float:
        """Largest log-likelihood ratio over reports and pairs of records."""
        return self.epsilon_between(1)


@dataclass(frozen=True)
class AttributeSampling(_Divided, SampledAttribute):
    """SMP: one attribute of d, drawn and disclosed, is reported with the whole budget.

    Parameters
    ----------
    sizes : sequence of int
        Numbers of values of the d attributes, each at least 2, their product below 2**62.
    epsilon : float
        Privacy budget of a record in natural-log units, positive and finite.
    base : str, default "adp"
        Protocol of every attribute: "grr", "ss", "sue", "oue", "blh", "olh", "hr", or "adp",
        which is GRR or OUE by their variance.

    Raises
    ------
    ValueError, TypeError
        If a parameter is out of range or no number.

    Notes
    -----
    Values are records as numbers, ``flatten`` and ``records`` convert. Reports are a structured
    vector: ``attribute`` (the one drawn) and a field ``a0``, ``a1``, ... an attribute, all but
    that one's zero. The guarantee is for records that differ in any number of attributes.
    Somebody who reports again must keep the attribute, or budgets add up over all of them.
    Source: Arcolezi et al., CIKM 2021 (SMP).

    Examples
    --------
    >>> m = AttributeSampling(sizes=(3, 4), epsilon=1.0, base="grr")
    >>> m.bits, round(m.exact_epsilon(), 6), [round(e, 3) for e in m.mse_marginals(1000)]
    (3, 1.0, [0.003, 0.003])
    """

    @cached_property
    def attributes(self) -> tuple[Any, ...]:
        """The protocol of each attribute."""
        return tuple(BASES[self.base](size, self.epsilon) for size in self.sizes)


def _mean_inverse(trials: int, probability: float) -> float:
    """Mean of 1 / N for N binomial, given that N is not 0."""
    from scipy.special import gammaln

    if probability == 1:
        return 1 / trials
    # Beyond 12 standard deviations is less than 1e-30 of the law.
    mean = trials * probability
    reach = 12 * math.sqrt(mean * (1 - probability)) + 50
    low, high = max(1, math.floor(mean - reach)), min(trials, math.ceil(mean + reach))
    count = np.arange(low, high + 1, dtype=np.float64)
    logs = (
        gammaln(trials + 1) - gammaln(count + 1) - gammaln(trials - count + 1)
        + count * math.log(probability) + (trials - count) * math.log1p(-probability)
    )  # fmt: skip
    law = np.exp(logs)
    return float((law / count).sum() / law.sum())
