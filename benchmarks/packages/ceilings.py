"""What could be shown at best of the reports of docs/packages.md that tell least.

    python benchmarks/packages/ceilings.py

Audits of the laws of the source, ten each: by the likelihood, which a black box has not, and from
recordings by the learned witness. The claim is the realised epsilon, so that nothing stops there.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy.stats import laplace

import ldpaudit
from ldpaudit.adapters import from_samples

#: Reports per input, and audits.
REPORTS, AUDITS = 20_000, 10


@dataclass(frozen=True)
class Tree:
    """LPDT's random permutation for records (0, 0.0) and (1, 1.0), in real numbers, epsilon 1."""

    leaves: int
    k = 2

    @property
    def epsilon(self) -> float:
        """A quarter for each of the two indicators, and a half of y for every leaf."""
        return 0.5 + 0.5 * self.leaves

    def privatize(self, values: Any, *, rng: np.random.Generator) -> Any:
        """U and V of every leaf."""
        own, keep = np.asarray(values), 1 / (1 + math.exp(-0.25))
        parts = []
        for leaf in range(self.leaves):
            inside = (own == leaf) ^ (rng.random(own.size) > keep)
            scale = (inside + keep - 1) / (2 * keep - 1)
            parts += [scale, (own + rng.laplace(0, 2, own.size)) * scale]
        return np.stack(parts, axis=1)

    def log_likelihood(self, reports: Any, values: Any = None) -> Any:
        """Log density, but for what all inputs share."""
        table = np.zeros((len(reports), 2))
        for x in range(2):
            for leaf in range(self.leaves):
                mark, sent = reports[:, 2 * leaf], reports[:, 2 * leaf + 1]
                table[:, x] += np.where((mark > 0) == (x == leaf), 0.25, 0.0)
                table[:, x] += laplace.logpdf(sent / mark, x, 2)
        return table if values is None else table[:, np.asarray(values)]


@dataclass(frozen=True)
class SetBits:
    """The number of set bits of ornl-presto's RAPPOR, of a filter with one bit and with two."""

    epsilon: float = 1.0
    k = 2

    def _law(self, size: int) -> Any:
        truth, total = 1 / (1 + math.exp(-self.epsilon)), np.ones(1)
        for place in range(16):
            rate = truth if place < size else 1 - truth
            total = np.convolve(total, [1 - rate, rate])
        return total / total.sum()

    def privatize(self, values: Any, *, rng: np.random.Generator) -> Any:
        """One number from 0 to 16."""
        own = np.asarray(values)
        drawn = [rng.choice(17, own.size, p=self._law(size)) for size in (1, 2)]
        return np.where(own == 0, *drawn)

    def log_likelihood(self, reports: Any, values: Any = None) -> Any:
        """Log P(number | input)."""
        table = np.log(np.stack([self._law(1), self._law(2)], axis=1))[np.asarray(reports)]
        return table if values is None else table[:, np.asarray(values)]


def main() -> None:
    """Print a line for each."""
    for name, m in (("2 leaves", Tree(2)), ("8 leaves", Tree(8)), ("set bits", SetBits())):
        shown: dict[str, list[float]] = {"likelihood": [], "black box": []}
        for seed in range(AUDITS):
            rng = np.random.default_rng(seed)
            drawn = [m.privatize(np.full(REPORTS, x), rng=rng) for x in range(2)]
            recorded = from_samples(*drawn, epsilon=m.epsilon, name="recorded")
            for how, mechanism in (("likelihood", m), ("black box", recorded)):
                found = ldpaudit.audit(mechanism, [], trials=REPORTS, seed=seed, pair=(0, 1))
                shown[how].append(found.epsilon_lower / m.epsilon)
        for how, parts in shown.items():
            least, mean, most = min(parts), float(np.mean(parts)), max(parts)
            print(f"{name} {how:10} {mean:.2f} ({least:.2f} to {most:.2f}) of {m.epsilon}")


if __name__ == "__main__":
    main()
