"""Checks of reports that more than one protocol receives."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from ldpaudit.arrays import Bytes, Ints, Rows
from ldpaudit.validate import check_values

from ._bits import width


def packed_rows(reports: npt.ArrayLike, num_values: int) -> Bytes:
    """Return reports as packed rows of `num_values` bits, or say what they should be."""
    rows = np.asarray(reports)
    if rows.dtype != np.uint8 or rows.ndim != 2 or rows.shape[1] != width(num_values):
        raise ValueError(
            f"reports must be uint8 of shape (n, {width(num_values)}), "
            f"got {rows.dtype} of shape {rows.shape}."
        )
    return rows


def structured_rows(reports: Rows, dtype: np.dtype[np.void]) -> Rows:
    """Return reports as a structured vector of `dtype`, or say what they should be."""
    rows = np.asarray(reports)
    if rows.dtype != dtype or rows.ndim != 1:
        raise ValueError(
            f"reports must be a vector of dtype {dtype}, got {rows.dtype} of shape {rows.shape}."
        )
    return rows


def checked_targets(targets: npt.ArrayLike, k: int) -> Ints:
    """Return values whose estimate somebody wants to raise, or say what they should be."""
    chosen = check_values(targets, k)
    if chosen.size == 0 or np.unique(chosen).size < chosen.size:
        raise ValueError(f"targets must be values, at least one and none twice, got {targets!r}.")
    return chosen
