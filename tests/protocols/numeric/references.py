"""Naive references: published densities on fine grids of inputs and reports, x in [-1, 1]."""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]


def midpoints(low: float, high: float, number: int) -> Floats:
    return low + (np.arange(number) + 0.5) * (high - low) / number


def channel(name: str, epsilon: float, x: Floats, levels: int = 0, fine: int = 3000) -> Floats:
    """P(report | x) by the published laws, reports in `fine` cells or one by one."""
    e, s = math.exp(epsilon), math.exp(epsilon / 2)
    if name in ("duchi", "rounded", "dithered"):
        k = 2 if name == "duchi" else levels
        q = 1 / (e + k - 1)
        node = np.linspace(-1, 1, k)[:, None]
        step = 2 / (k - 1)
        if name != "dithered":
            return q + (e - 1) * q * np.maximum(0, 1 - np.abs(x - node) / step)
        dither = midpoints(-step / 2, step / 2, fine)
        nearest = np.clip(np.rint((x + dither[:, None] + 1) / step), 0, k - 1)
        rows = [q + (e - 1) * q * (nearest == level) for level in range(k)]
        return np.concatenate(rows) / fine
    if name == "pm":
        top = (s + 1) / (s - 1)
        y = midpoints(-top, top, fine)[:, None]
        left = ((top + 1) * x - (top - 1)) / 2
        inside = (y >= left) & (y <= left + top - 1)
        rest = 1 / (s + 1) / (top + 1)
        return np.where(inside, e * rest, rest) * (2 * top / fine)
    if name == "sw":
        b = (epsilon * e - e + 1) / (2 * e * (e - 1 - epsilon))
        y = midpoints(-b, 1 + b, fine)[:, None]
        q = 1 / (2 * b * e + 1)
        return np.where(np.abs(y - (x + 1) / 2) <= b, e * q, q) * ((1 + 2 * b) / fine)
    if name == "hm":
        if epsilon <= 0.6094:
            return channel("duchi", epsilon, x)
        parts = channel("pm", epsilon, x, fine=fine), channel("duchi", epsilon, x)
        return np.concatenate([(1 - 1 / s) * parts[0], parts[1] / s])
    reach = 2 + 40 / epsilon
    y = midpoints(-reach, reach, 6 * fine)[:, None]
    if name == "laplace":
        density = epsilon / 4 * np.exp(-epsilon / 2 * np.abs(y - x))
        return density * (2 * reach / (6 * fine))
    b = 1 / e
    root = (b - 2 * b**2 + 2 * b**4 - b**5) ** (1 / 3)
    gamma = -b / (1 - b) + root / (2 ** (1 / 3) * (1 - b) ** 2)
    size = np.abs(y - x) / 2
    falls = np.floor(size) + (size - np.floor(size) >= gamma)
    density = (1 - b) / (4 * (gamma + b * (1 - gamma))) * b**falls
    return density * (2 * reach / (6 * fine))  # type: ignore[no-any-return]


def explained(table: Floats, x: Floats) -> float:
    """R2 of a uniform prior on the inputs of a table."""
    return float(((table @ x) ** 2 / table.sum(axis=1)).sum() / x.size / x.var())


def near(table: Floats, x: Floats, tau: float) -> float:
    """Success within tau, the best window starting at an input."""
    width = round(tau * x.size)  # 2 tau of the length 2
    below = np.concatenate([np.zeros((len(table), 1)), np.cumsum(table, axis=1)], axis=1)
    return float((below[:, width:] - below[:, :-width]).max(axis=1).sum() / x.size)
