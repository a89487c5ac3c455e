"""What influence residues can have at what error: the best linear decoders of MSS, by target.

Usage: python benchmarks/mss_influence.py [k epsilon [targets]]
       python benchmarks/mss_influence.py designs [k epsilon]  # scrambled blocks

For one target t, every unbiased decoder of a modular design is a vector d with a number for each
residue of each block: a report of block j with the residues Z adds (sum over Z of d less q_j times
the sum over the block) / (p_j - q_j), and unbiased means that the mean over the blocks of
d_j(x mod m_j) is 1 at t and 0 elsewhere. The error of uniform users is quadratic in d and the
influence, the largest over blocks of the sum of the w_j largest entries, is convex. So the least of
error + weight * influence traces all that linear decoders can do with these reports; at weight 0 it
is least squares. Least influence at any error is a linear program.

Printed: error over subset selection's and influence, mean over all targets and worst. Sums of the
largest entries and maxima are smoothed (below 0.02 of influence) for L-BFGS.
"""

from __future__ import annotations

import sys
import time
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt
from scipy.linalg import lstsq, null_space
from scipy.optimize import linprog, minimize
from scipy.sparse import bmat, csr_matrix, eye
from scipy.special import expit, logsumexp

import ldpaudit
from ldpaudit.arrays import Floats
from ldpaudit.protocols import choose_moduli
from ldpaudit.protocols.modular._designs import Design

WEIGHTS = (0.0, 0.05, 0.15, 0.4)
#: Scale over which sums of largest entries, and the maximum over blocks, are smoothed.
ENTRY, BLOCK = 0.006, 0.01


@dataclass(frozen=True)
class Program:
    """The decoders of one design as vectors over all residues of all blocks."""

    design: Design

    @cached_property
    def owner(self) -> npt.NDArray[np.int64]:
        """Block of each entry."""
        blocks = self.design.blocks
        return np.repeat(np.arange(len(blocks)), [block.num_values for block in blocks])

    @cached_property
    def mean(self) -> Floats:
        """From entries to what they make of each value on average, shape (k, entries)."""
        k, blocks = self.design.k, self.design.blocks
        parts = [np.eye(b.num_values)[np.arange(k) % b.num_values] for b in blocks]
        return np.hstack(parts) / len(blocks)

    @cached_property
    def free(self) -> Floats:
        """Directions that keep a decoder unbiased."""
        return np.asarray(null_space(self.mean))

    def column(self, name: str) -> Floats:
        """A number of each block."""
        return np.array([getattr(block, name) for block in self.design.blocks], dtype=np.float64)

    def error(self, entries: Floats) -> tuple[float, Floats]:
        """Variance of one uniform user's contribution, and its gradient."""
        k, total, slope = self.design.k, 0.0, np.empty_like(entries)
        for index, block in enumerate(self.design.blocks):
            mine = self.owner == index
            level, m = entries[mine].mean(), block.num_values
            apart = entries[mine] - level
            held = np.bincount(np.arange(k) % m, minlength=m) / k
            isotropic, own = block.second_moment
            scale = (block.p - block.q) ** 2
            spread = (isotropic * apart + own * held * apart) / scale
            total += spread @ apart + 2 * level * (held @ apart) + level**2
            towards = 2 * spread + 2 * level * held
            slope[mine] = towards - towards.mean() + (2 * (held @ apart) + 2 * level) / m
        many = len(self.design.blocks)
        return total / many - 1 / k, slope / many

    def influence(self, entries: Floats) -> float:
        """Largest contribution of one report."""
        found = []
        for index, block in enumerate(self.design.blocks):
            mine = np.sort(entries[self.owner == index])
            most = mine[-block.size :].sum() - block.q * mine.sum()
            found.append(most / (block.p - block.q))
        return float(max(found))

    def best(self, target: int, weights: tuple[float, ...]) -> list[tuple[float, float]]:
        """Error and influence of the decoder of least error + weight * influence."""
        many, owner = len(self.design.blocks), self.owner
        start = lstsq(self.mean, np.eye(self.design.k)[target])[0]
        sizes, q = self.column("size"), self.column("q")
        gap = self.column("p") - q

        def objective(point: Floats, weight: float) -> tuple[float, Floats]:
            entries, bars = start + self.free @ point[:-many], point[-many:]
            error, slope = self.error(entries)
            above = (entries - bars[owner]) / ENTRY
            share = expit(above)
            most = np.bincount(owner, ENTRY * np.logaddexp(0, above), many) + sizes * bars
            reach = (most - q * np.bincount(owner, entries, many)) / gap
            top = float(logsumexp(reach / BLOCK))
            worst = np.exp(reach / BLOCK - top) * weight / gap
            slope = slope + worst[owner] * (share - q[owner])
            of_bars = worst * (sizes - np.bincount(owner, share, many))
            return error + weight * BLOCK * top, np.append(self.free.T @ slope, of_bars)

        point, found = np.zeros(self.free.shape[1] + many), []
        for weight in weights:
            point = minimize(
                objective, point, (weight,), jac=True, method="L-BFGS-B",
                options={"maxiter": 600, "maxfun": 800},
            ).x  # fmt: skip
            entries = start + self.free @ point[:-many]
            found.append((self.error(entries)[0], self.influence(entries)))
        return found

    def least(self, target: int) -> tuple[float, float]:
        """Error and influence of a decoder of least influence, whatever its error."""
        entries, many = self.owner.size, len(self.design.blocks)
        q, gap = self.column("q"), self.column("p") - self.column("q")
        member = csr_matrix((np.ones(entries), (self.owner, np.arange(entries))))
        above = [eye(entries), -member.T, -eye(entries), csr_matrix((entries, 1))]
        reach = [
            -member.multiply((q / gap)[:, None]),
            csr_matrix(np.diag(self.column("size") / gap)),
            member.multiply((1 / gap)[:, None]),
            csr_matrix(-np.ones((many, 1))),
        ]
        cost = np.zeros(2 * entries + many + 1)
        cost[-1] = 1
        unbiased = np.hstack((self.mean, np.zeros((self.design.k, entries + many + 1))))
        bounds = [(None, None)] * (entries + many) + [(0, None)] * entries + [(None, None)]
        found = linprog(
            cost, bmat([above, reach]), np.zeros(entries + many), unbiased,
            np.eye(self.design.k)[target], bounds,
        )  # fmt: skip
        decoder = np.asarray(found.x)[:entries]
        return self.error(decoder)[0], self.influence(decoder)


def main(k: int, epsilon: float, num_targets: int) -> None:
    whole = ldpaudit.mechanism("ss", k=k, epsilon=epsilon)
    unit = whole.mse(1, np.full(k, 1 / k))
    design = Design(k, epsilon, choose_moduli(k, epsilon))
    program = Program(design)
    # Read backwards the domain has the same classes: one half of the targets stands for both.
    targets = np.unique(np.linspace(0, (k - 1) // 2, num_targets).round().astype(int))
    print(f"k = {k}, epsilon = {epsilon:g}, moduli {design.moduli}, {targets.size} targets")
    print(f"subset selection: error 1, influence {whole.influence([0]):.2f}")
    table = np.array([program.best(int(t), WEIGHTS) for t in targets])
    print(" weight  error (mean)  error (worst)  influence (mean)  influence (worst)")
    for weight, rows in zip(WEIGHTS, table.transpose(1, 0, 2), strict=True):
        error, influence = rows[:, 0] / unit, rows[:, 1]
        print(
            f"{weight:>7g} {error.mean():>13.3f} {error.max():>14.3f} "
            f"{influence.mean():>17.2f} {influence.max():>18.2f}"
        )
    worst = int(targets[np.argmax(table[:, 0, 1])])
    error, influence = program.least(worst)
    print(f"target {worst}, whatever the error: influence {influence:.2f} at {error / unit:.1f}")


def designs(k: int, epsilon: float) -> None:
    """Scrambled blocks of several sizes and numbers beside plain residues; least squares."""
    uniform, whole = np.full(k, 1 / k), ldpaudit.mechanism("ss", k=k, epsilon=epsilon)
    shapes = [(share, blocks) for share in (0.06, 0.12, 0.25, 0.5, 0.9) for blocks in (128, 256)]
    few = np.eye(k)[:: max(1, k // 128)]
    found = [("plain, as chosen", Design(k, epsilon, choose_moduli(k, epsilon)))]
    found += [
        (f"{blocks} of {round(share * k)}", Design(k, epsilon, (round(share * k),) * blocks,
                                                   scrambled=True))
        for share, blocks in shapes
        if 1 + blocks * (round(share * k) - 1) >= k
    ]  # fmt: skip
    print(
        "| blocks | error / SS | bits / SS | success / SS | influence, worst | mean | decode, ms |"
    )
    print("|---|---|---|---|---|---|---|")
    rng = np.random.default_rng(0)
    for name, design in found:
        reach = design.influences(few)
        residues = [rng.normal(size=block.num_values) for block in design.blocks]
        started = time.perf_counter()
        design.decoder.decode(residues)
        spent = 1e3 * (time.perf_counter() - started)
        print(
            f"| {name} | {design.mse(uniform) / whole.mse(1, uniform):.3f} "
            f"| {design.bits / whole.bits:.3f} "
            f"| {design.uniform_success / whole.vulnerability():.3f} "
            f"| {reach.max():.2f} | {reach.mean():.2f} | {spent:.3g} |",
            flush=True,
        )


if __name__ == "__main__":
    given = sys.argv[1:]
    if given[:1] == ["designs"]:
        designs(int(given[1]) if given[1:] else 100, float(given[2]) if given[2:] else 1.0)
        sys.exit()
    main(
        int(given[0]) if given else 100,
        float(given[1]) if len(given) > 1 else 1.0,
        int(given[2]) if len(given) > 2 else 50,
    )
