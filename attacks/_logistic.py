"""Logistic regression by Newton's method, on sparse and on dense tables of features."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import numpy.typing as npt

from ldpaudit.arrays import Bools, Floats

#: Steps of a regression at most, and the gain of a step, per report, below which it has ended.
_STEPS, _CONVERGED = 50, 1e-9
#: Share of entries that are not 0 up to which a table is multiplied as a sparse one.
SPARSE = 0.08
#: Reports marked at a time.
_CHUNK = 2**13


def logistic(marks: Any, first: Bools) -> tuple[Floats, float]:
    """Weights and intercept of a logistic regression, half their square added to the loss.

    Newton's method on features, a sparse or a dense table, halving steps that do not help: the
    same fit as scikit-learn's, which takes longer to load than this takes to run.
    """
    n, size = marks.shape
    features = marks
    if not isinstance(marks, np.ndarray):
        features = marks.astype(np.float64)
    weights, truth = np.zeros(size + 1), first.astype(np.float64)
    weights[-1] = math.log(truth.mean() / (1 - truth.mean()))

    def loss(tried: Floats) -> tuple[float, Floats]:
        scores = features @ tried[:-1] + tried[-1]
        value = np.logaddexp(0, scores).sum() - scores @ truth + tried[:-1] @ tried[:-1] / 2
        return float(value), scores

    now, scores = loss(weights)
    for _ in range(_STEPS):
        posterior = 1 / (1 + np.exp(-scores))
        slope = posterior - truth
        gradient = np.append(features.T @ slope + weights[:-1], slope.sum())
        variance = np.maximum(posterior * (1 - posterior), 1e-12)
        curvature = np.empty((size + 1, size + 1))
        curvature[:-1, :-1] = product(features, variance)
        curvature[:-1, :-1][np.diag_indices(size)] += 1
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
        if gain < _CONVERGED * n:
            break
    return weights[:-1], float(weights[-1])


def product(marks: Any, weights: npt.NDArray[Any]) -> Floats:
    """`marks.T @ diag(weights) @ marks` of a sparse table, by dense blocks if it is not so."""
    n, size = marks.shape
    if isinstance(marks, np.ndarray):
        return np.asarray((marks * weights[:, None]).T @ marks)
    if marks.nnz <= SPARSE * n * size:
        weighted = marks.copy()
        weighted.data = weighted.data * np.repeat(weights, np.diff(marks.indptr))
        return np.asarray((marks.T @ weighted).toarray())
    out = np.zeros((size, size))
    for start in range(0, n, _CHUNK):
        rows = slice(start, start + _CHUNK)
        block = marks[rows].toarray()
        out += block.T @ (block * weights[rows, None].astype(block.dtype))
    return out
