"""Logistic regression by Newton's method, on sparse and on dense tables of features."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import numpy.typing as npt

from ldpaudit.arrays import Bools, Floats

#: Steps of a regression at most, and the gain of a step, per report, below which it has ended.
_STEPS, _CONVERGED = 50, 1e-9
#: Part of the rows that a fit starts from, one in so many, fewest rows for each feature there,
#: and the gain below which such a start is near enough.
_START, _ROWS, _NEAR = 8, 10, 1e-4
#: Share of entries that are not 0 up to which a table is multiplied as a sparse one.
SPARSE = 0.08
#: Reports marked at a time.
_CHUNK = 2**13


def logistic(marks: Any, first: Bools) -> tuple[Floats, float]:
    """Weights and intercept of a logistic regression, half their square added to the loss.

    Newton's method on features, a sparse or a dense table, halving steps that do not help: the
    same fit as scikit-learn's, which takes longer to load than this takes to run. Large tables
    start where their first rows lead.
    """
    n, size = marks.shape
    features = marks if isinstance(marks, np.ndarray) else marks.astype(np.float64)
    truth, times = first.astype(np.float64), np.ones(n)
    weights = _flat(truth.mean(), size)
    few = n // _START
    if few > _ROWS * size:
        some = features[:few], truth[:few], times[:few]
        weights = _newton(some, weights, few / n, _NEAR)
    weights = _newton((features, truth, times), weights, 1.0, _CONVERGED)
    return weights[:-1], float(weights[-1])


def logistic_of_few(rows: Floats, ones: Floats, times: Floats) -> tuple[Floats, float]:
    """The same of rows that came several times each, so often from the first input.

    >>> rows = np.array([[0.0], [1.0]])
    >>> weights, base = logistic_of_few(rows, np.array([1.0, 3.0]), np.array([4.0, 4.0]))
    >>> again = logistic(np.repeat(rows, 4, axis=0), np.array([1, 0, 0, 0, 1, 1, 1, 0]) > 0)
    >>> bool(np.allclose(weights, again[0]) and np.isclose(base, again[1]))
    True
    """
    weights = _flat(float(ones.sum() / times.sum()), rows.shape[1])
    weights = _newton((rows, ones, times), weights, 1.0, _CONVERGED)
    return weights[:-1], float(weights[-1])


def _flat(share: float, size: int) -> Floats:
    """Weights by which no feature tells anything."""
    return np.append(np.zeros(size), math.log(share / (1 - share)))


def _newton(
    table: tuple[Any, Floats, Floats], weights: Floats, penalty: float, converged: float
) -> Floats:
    """Weights, the intercept last, from where a step gains less than so much per report.

    Of features, how often each row was of the first input, and how often it came.
    """
    features, truth, times = table
    n, size = float(times.sum()), features.shape[1]

    def loss(tried: Floats) -> tuple[float, Floats]:
        scores = features @ tried[:-1] + tried[-1]
        # Log and exp of arrays are faster than logaddexp, and as good to some 1e-16 per report.
        value = times @ (np.log(1 + np.exp(-np.abs(scores))) + np.maximum(scores, 0))
        value -= scores @ truth
        return float(value + penalty * (tried[:-1] @ tried[:-1]) / 2), scores

    now, scores = loss(weights)
    for _ in range(_STEPS):
        posterior = 1 / (1 + np.exp(-scores))
        slope = times * posterior - truth
        gradient = np.append(features.T @ slope + penalty * weights[:-1], slope.sum())
        variance = times * np.maximum(posterior * (1 - posterior), 1e-12)
        curvature = np.empty((size + 1, size + 1))
        curvature[:-1, :-1] = product(features, variance)
        curvature[:-1, :-1][np.diag_indices(size)] += penalty
        curvature[-1, :-1] = curvature[:-1, -1] = features.T @ variance
        curvature[-1, -1] = variance.sum()
        step = np.linalg.solve(curvature, gradient)
        gain, share = float(gradient @ step), 1.0
        while True:
            after, tried = loss(weights - share * step)
            if after <= now - share * gain / 4 or share < 1e-3:
                break
            share /= 2
        weights, now, scores = weights - share * step, after, tried
        if gain < converged * n:
            break
    return weights


def product(marks: Any, weights: npt.NDArray[Any] | None = None) -> Floats:
    """`marks.T @ diag(weights) @ marks` of a sparse table, by dense blocks if it is not so."""
    n, size = marks.shape
    if isinstance(marks, np.ndarray):
        return _weighted(marks, weights)
    if marks.nnz <= SPARSE * n * size:
        weighted = marks.copy()
        if weights is not None:
            weighted.data = weighted.data * np.repeat(weights, np.diff(marks.indptr))
        return np.asarray((marks.T @ weighted).toarray())
    out = np.zeros((size, size))
    for start in range(0, n, _CHUNK):
        rows = slice(start, start + _CHUNK)
        out += _weighted(marks[rows].toarray(), None if weights is None else weights[rows])
    return out


def _weighted(block: npt.NDArray[Any], weights: npt.NDArray[Any] | None) -> Floats:
    """The same of a dense table: a square, which is half the work, if the weights have one sign."""
    if weights is None:
        return np.asarray(block.T @ block)
    low, high = weights.min(initial=0), weights.max(initial=0)
    if low < 0 < high:
        return np.asarray(block.T @ (block * weights[:, None].astype(block.dtype)))
    root = block * np.sqrt(np.abs(weights))[:, None].astype(block.dtype)
    return np.asarray(root.T @ root) * (1 if low >= 0 else -1)
