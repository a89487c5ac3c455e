"""Small random channels with zeros, for tests of leakage."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from hypothesis import strategies as st

Floats = npt.NDArray[np.float64]


def channels() -> st.SearchStrategy[tuple[Floats, Floats]]:
    """A channel of 2-5 values and 1-6 reports, zeros included, and a prior."""

    def build(shape: tuple[int, int], seed: int) -> tuple[Floats, Floats]:
        rng = np.random.default_rng(seed)
        table = rng.dirichlet(np.ones(shape[1]), shape[0])
        table[rng.random(shape) < 0.2] = 0
        table[table.sum(axis=1) == 0] = 1
        return table / table.sum(axis=1, keepdims=True), rng.dirichlet(np.ones(shape[0]))

    shapes = st.tuples(st.integers(2, 5), st.integers(1, 6))
    return st.builds(build, shapes, st.integers(0, 2**32))


def gains(k: int, seed: int) -> Floats:
    """A gain function of 1-6 guesses, some entries 0, not all."""
    rng = np.random.default_rng(seed)
    table = rng.exponential(size=(int(rng.integers(1, 7)), k))
    table[rng.random(table.shape) < 0.3] = 0
    table[0, 0] += 0.1
    return table
