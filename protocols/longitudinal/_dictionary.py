"""Frequencies of a dictionary by least squares from the counts of bits of all cohorts."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from ldpaudit.arrays import Bytes, Floats, Ints
from ldpaudit.validate import check_table_size

from ._bloom_filters import BloomFilters

#: Squared singular values below this share of the largest are taken for 0.
_SINGULAR = 1e-10


@dataclass(frozen=True)
class Dictionary:
    """The least squares server, for bits that are set with `own` where the filter has them.

    A report of cohort c says C (bit - other) / (own - other) of each bit of the cohort and 0 of
    all others; its mean is the column of its value in the design, whose rows are the bits of all
    cohorts. Least squares of the mean report are linear in it: unbiased where the columns are
    independent, and there the best linear estimate at f = 0, where all bits have one variance.
    """

    filters: BloomFilters
    own: float
    own_missed: float
    other: float

    @cached_property
    def _solved(self) -> tuple[Floats, bool]:
        """Pseudo-inverse of the design, (k, C m), and whether all its columns are independent."""
        filters = self.filters
        check_table_size(filters.k, filters.num_cohorts * filters.num_bits)
        return _pseudo_inverse(filters.design)

    @property
    def inverse(self) -> Floats:
        """Pseudo-inverse of the design, shape (k, C, m)."""
        filters = self.filters
        return self._solved[0].reshape(-1, filters.num_cohorts, filters.num_bits)

    @property
    def independent(self) -> bool:
        """Whether the estimate is unbiased: no filter is a mixture of the others."""
        filters = self.filters
        return filters.k <= filters.num_cohorts * filters.num_bits and self._solved[1]

    def expected(self, weights: Floats) -> Floats:
        """Mean over a report of each value of a sum of estimates with these weights, (k,)."""
        if self.independent:
            return weights
        return np.asarray(self.filters.design @ (weights @ self._solved[0]))

    def estimate(self, num_users: int, users: Ints, set_bits: Ints) -> Floats:
        """Frequencies from users (C,) and set bits (C, m) of each cohort."""
        centred = set_bits - self.other * users[:, None]
        scale = self.filters.num_cohorts / (num_users * (self.own - self.other))
        return np.asarray(np.tensordot(self.inverse, centred, 2) * scale)

    @cached_property
    def _variances(self) -> tuple[float, Floats]:
        """Summed variances of one report's estimates: at f = 0, and what each value adds."""
        filters, values = self.filters, np.arange(self.filters.k)
        scale = filters.num_cohorts / (self.own - self.other) ** 2
        noise = self.other * (1 - self.other)
        more = self.own * self.own_missed - noise
        # The means of a value are a column of a projection: their squares sum to its own mean.
        total, added = 0.0, -self.filters.design.multiply(self._solved[0]).sum(axis=1)
        for cohort in range(filters.num_cohorts):
            mine = np.ascontiguousarray(self.inverse[:, cohort])
            products = self._padded(self._padded(mine.T @ mine).T)
            places = filters.places(cohort, values)
            squares = np.diagonal(products)
            total += float(squares.sum())
            added += scale * more * squares[places].sum(axis=1)
            means = products[places[:, :, None], places[:, None, :]].sum(axis=(1, 2))
            added += filters.num_cohorts * means
        return scale * noise * total, added

    def error(self, num_users: int, frequencies: Floats | None) -> float:
        """Mean squared error, averaged over the values; None: at f = 0, without any bias."""
        total, added = self._variances
        if frequencies is None:
            return total / num_users / self.filters.k
        variance, mean = total + frequencies @ added, frequencies
        if not self.independent:
            mean = self._solved[0] @ (self.filters.design.T @ frequencies)
        bias = mean - frequencies
        return float((variance / num_users + bias @ bias) / self.filters.k)

    def reach(self, weights: Floats) -> Floats:
        """Most that a report of each cohort adds to a sum with these weights per bit, (C,).

        Weights have shape (..., C, m); the bits of positive weight are set, the others not.
        """
        up, down = np.maximum(weights, 0).sum(axis=-1), np.minimum(weights, 0).sum(axis=-1)
        scale = self.filters.num_cohorts / (self.own - self.other)
        return np.asarray(scale * ((1 - self.other) * up - self.other * down))

    @staticmethod
    def _padded(columns: Floats) -> Floats:
        """One column of zeros more, for bits that are none."""
        return np.concatenate((columns, np.zeros((len(columns), 1))), axis=1)


def _pseudo_inverse(rows: Any) -> tuple[Floats, bool]:
    """Pseudo-inverse of the transpose of sparse `rows`, of their shape; whether they have it all.

    By Cholesky where the smaller of the two Gram matrices can be inverted, else by its
    eigenvectors.
    """
    from scipy.linalg import eigh
    from scipy.linalg.lapack import dpocon, dpotrf, dpotri

    tall = rows.shape[0] > rows.shape[1]
    gram = (rows.T @ rows if tall else rows @ rows.T).toarray()
    upper, failed = dpotrf(gram)
    whole = not failed and dpocon(upper, np.abs(gram).sum(axis=0).max())[0] > _SINGULAR
    if whole:
        half = np.triu(dpotri(upper)[0])
        solved = half + np.triu(half, 1).T
    else:
        sizes, vectors = eigh(gram)
        kept = sizes > _SINGULAR * sizes[-1]
        solved = vectors[:, kept] / sizes[kept] @ vectors[:, kept].T
    return np.asarray(rows @ solved if tall else (rows.T @ solved).T), whole and not tall


def false_bits(weights: Floats, noise: Bytes) -> Bytes:
    """Bits of one cohort, shape (n, m): set where they help, unset where they harm, else noise."""
    return np.where(weights > 0, np.uint8(1), np.where(weights < 0, np.uint8(0), noise))
