"""Records of several attributes: one value of a product domain, one field an attribute.

A record (x_1..x_d) with x_j below sizes[j] is the single value
``numpy.ravel_multi_index(record, sizes)``, so that a protocol for records is a
mechanism like any other.
"""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt

from ldpaudit.arrays import Floats, Ints, Rows
from ldpaudit.protocols._kernels._checks import structured_rows
from ldpaudit.validate import check_distribution, check_integer, check_table_size, check_values

#: Largest product domain.
MAX_RECORDS = 2**62 - 1


@dataclass(frozen=True, eq=False)
class RecordCounts:
    """A summary of `num_users` reports: one part an attribute; summaries add up."""

    num_users: int
    parts: tuple[Any, ...]

    def __add__(self, other: RecordCounts) -> RecordCounts:
        if not isinstance(other, RecordCounts):
            return NotImplemented
        if len(self.parts) != len(other.parts):
            raise ValueError(
                "counts of different mechanisms cannot be added, got "
                f"{len(self.parts)} and {len(other.parts)} attributes."
            )
        parts = tuple(a + b for a, b in zip(self.parts, other.parts, strict=True))
        return RecordCounts(self.num_users + other.num_users, parts)


def record_sizes(name: str, value: Sequence[int], made: Any) -> tuple[int, ...]:
    """Rule of the attributes' numbers of values, each at least 2, their product below 2**62."""
    del made
    if isinstance(value, int | str) or not len(value):
        raise TypeError(f"{name} must be the attributes' numbers of values, got {value!r}.")
    sizes = tuple(check_integer("every size", size, 2) for size in value)
    if math.prod(sizes) > MAX_RECORDS:
        raise ValueError(f"{name} must keep their product below 2**62, got {math.prod(sizes)}.")
    return sizes


class RecordProtocol(ABC):
    """What all protocols for records share, given their reports' fields."""

    sizes: tuple[int, ...]
    epsilon: float

    @property
    def k(self) -> int:
        """Number of records, the product of the sizes."""
        return math.prod(self.sizes)

    @property
    @abstractmethod
    def attributes(self) -> tuple[Any, ...]:
        """The protocol that answers for each attribute."""

    def flatten(self, records: npt.ArrayLike) -> Ints:
        """Values of records, (n, d) integers, as `privatize` takes them."""
        table = np.asarray(records)
        if table.ndim != 2 or table.shape[1] != len(self.sizes):
            raise ValueError(f"records must have shape (n, {len(self.sizes)}), got {table.shape}.")
        columns = [check_values(c, m) for c, m in zip(table.T, self.sizes, strict=True)]
        return np.asarray(np.ravel_multi_index(columns, self.sizes), dtype=np.int64)

    def records(self, values: npt.ArrayLike) -> Ints:
        """Records of values, shape (n, d)."""
        flat = check_values(values, self.k)
        return np.stack(np.unravel_index(flat, self.sizes), axis=1).astype(np.int64)

    def relation(self, pair: tuple[int, int]) -> str:
        """In how many attributes the records of two inputs differ."""
        one, two = self.records(np.asarray(pair))
        return f"records that differ in {int((one != two).sum())} of {len(self.sizes)} attributes"

    @cached_property
    def _fields(self) -> list[Any]:
        nobody, rng = np.empty(0, dtype=np.int64), np.random.default_rng(0)
        empty = [oracle.privatize(nobody, rng=rng) for oracle in self.attributes]
        return [(f"a{j}", reports.dtype, reports.shape[1:]) for j, reports in enumerate(empty)]

    @cached_property
    def _dtype(self) -> np.dtype[np.void]:
        return np.dtype(self._fields)

    def _rows(self, reports: Rows) -> Rows:
        return structured_rows(reports, self._dtype)

    def _columns(self, rows: Rows) -> list[Any]:
        """The reports of each attribute."""
        return [np.ascontiguousarray(rows[f"a{j}"]) for j in range(len(self.sizes))]

    @abstractmethod
    def attribute_influence(self, attribute: int, targets: npt.ArrayLike) -> float:
        """Most that one report adds to the sum of estimates of an attribute's values, times n."""

    def attribute_log_likelihood(self, reports: Rows, attribute: int) -> Floats:
        """Log P(an attribute's report | its value), were it a true one; shape (n, k_j)."""
        column = np.ascontiguousarray(self._rows(reports)[f"a{attribute}"])
        return np.asarray(self.attributes[attribute].log_likelihood(column))

    def _asked(self, rows: Rows, values: npt.ArrayLike | None) -> Ints:
        """Records whose likelihood is asked for, by attribute: shape (d, number of values)."""
        if values is None:
            check_table_size(max(rows.size, 1), self.k)
        flat = np.arange(self.k) if values is None else check_values(values, self.k)
        check_table_size(rows.size, flat.size)
        return self.records(flat).T

    def _marginals(self, marginals: Sequence[npt.ArrayLike] | None) -> list[Floats | None]:
        """Frequencies by attribute, checked; None for all of them where none are given."""
        if marginals is None:
            return [None] * len(self.sizes)
        if len(marginals) != len(self.sizes):
            raise ValueError(
                f"marginals must be {len(self.sizes)} vectors of frequencies, got {len(marginals)}."
            )
        return [
            check_distribution("every marginal", f, m)
            for f, m in zip(marginals, self.sizes, strict=True)
        ]
