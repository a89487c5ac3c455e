"""ModularSubsetSelection (MSS): subset selection on one residue of the value."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt

from ldpaudit._validate import distribution, generator, integer, positive, table_size
from ldpaudit._validate import values as checked_values

from ._bits import column_counts, take_columns, width
from ._checks import structured_rows
from ._decoder import ResidueDecoder
from ._pure import SupportCounts
from ._residues import build, check_moduli, choose_moduli, user_moments
from ._subsets import SubsetRandomizer


@dataclass(frozen=True)
class ModularSubsetSelection:
    """MSS: subset selection on the residue modulo one of several coprime moduli.

    Every user draws J uniformly from l pairwise coprime moduli, takes r = x mod
    m_J and runs subset selection on r over [m_J] with the whole budget. The
    server fits the frequencies to the residue counts by weighted least squares
    under the sum constraint, directly by FFTs (see ``_decoder``).

    Parameters
    ----------
    k : int
        Number of values, at least 2.
    epsilon : float
        Privacy budget in natural-log units, positive and finite.
    moduli : tuple of int, optional
        Pairwise coprime, each in [2, k], with 1 + sum(m - 1) >= k. None chooses
        eight below 0.92 k with the least exact error (fewer where k is small;
        the single modulus k, which is subset selection, for k = 2 and 3).

    Raises
    ------
    ValueError, TypeError
        If a parameter is out of range, or the moduli cannot be decoded.

    Notes
    -----
    Reports are a structured vector: ``block`` (uint16) and ``subset`` (packed
    bits of the residues, uint8). Source: Arcolezi, *Private Frequency Estimation
    Via Residue Number Systems*, AAAI 2026, arXiv:2511.11569. The linear form of
    the residue estimate, (l / n)(C - q n_j) / (p - q), replaces the paper's
    division by n_j, so that the estimate is unbiased for every number of users.

    Examples
    --------
    >>> import numpy as np
    >>> m = ModularSubsetSelection(k=8, epsilon=4.0, moduli=(5, 7))
    >>> m.subset_sizes, round(m.mse(1), 4), round(m.mse(1, np.full(8, 1 / 8)), 3)
    ((1, 1), 0.0305, 0.188)
    >>> reports = m.privatize(np.arange(8), rng=np.random.default_rng(0))
    >>> float(m.estimate(m.aggregate(reports)).sum().round(9))
    1.0
    """

    k: int
    epsilon: float
    moduli: tuple[int, ...] | None = None

    def __post_init__(self) -> None:
        object.__setattr__(self, "k", integer("k", self.k, 2))
        object.__setattr__(self, "epsilon", positive("epsilon", self.epsilon))
        if self.moduli is None:
            object.__setattr__(self, "moduli", choose_moduli(self.k, self.epsilon))
        else:
            object.__setattr__(self, "moduli", check_moduli(self.k, self.moduli))

    @cached_property
    def _blocks(self) -> tuple[SubsetRandomizer, ...]:
        return tuple(SubsetRandomizer(m, self.epsilon) for m in self._moduli)

    @property
    def _moduli(self) -> tuple[int, ...]:
        assert self.moduli is not None  # noqa: S101 - set in __post_init__
        return self.moduli

    @cached_property
    def _dtype(self) -> np.dtype[np.void]:
        return np.dtype([("block", "<u2"), ("subset", "u1", (width(max(self._moduli)),))])

    @cached_property
    def decoder(self) -> ResidueDecoder:
        """The solver from residue frequencies to frequencies, set up at first use."""
        return build(self.k, self.epsilon, self._moduli)

    @property
    def subset_sizes(self) -> tuple[int, ...]:
        """Number of residues in a report of each block."""
        return tuple(block.size for block in self._blocks)

    @property
    def bits(self) -> int:
        """Bits of the largest report: the block, ceil(log2 l), and its subset."""
        return self._block_bits + max(block.bits for block in self._blocks)

    @property
    def mean_bits(self) -> float:
        """Bits of a report, averaged over the blocks."""
        return self._block_bits + sum(block.bits for block in self._blocks) / len(self._blocks)

    @property
    def _block_bits(self) -> int:
        return (len(self._blocks) - 1).bit_length()

    def privatize(self, values: npt.ArrayLike, *, rng: np.random.Generator) -> npt.NDArray[np.void]:
        """Draw one report a value: a structured vector with fields block and subset."""
        own = checked_values(values, self.k)
        reports = np.zeros(own.size, dtype=self._dtype)
        reports["block"] = generator(rng).integers(0, len(self._blocks), own.size)
        for index, block in enumerate(self._blocks):
            users = np.flatnonzero(reports["block"] == index)
            packed = block.privatize(own[users] % block.num_values, rng)
            reports["subset"][users, : packed.shape[1]] = packed
        return reports

    def log_likelihood(
        self, reports: npt.NDArray[np.void], values: npt.ArrayLike | None = None
    ) -> npt.NDArray[np.float64]:
        """Log P(report | value), shape (n, len(values)); None means all k values."""
        rows = structured_rows(reports, self._dtype)
        asked = np.arange(self.k) if values is None else checked_values(values, self.k)
        table_size(rows.size, asked.size)
        table = np.empty((rows.size, asked.size))
        for index, block in enumerate(self._blocks):
            users = np.flatnonzero(rows["block"] == index)
            held = take_columns(rows["subset"][users], asked % block.num_values)
            high, low = block.log_levels
            table[users] = np.where(held, high, low)
        return table - math.log(len(self._blocks))

    def aggregate(self, reports: npt.NDArray[np.void]) -> SupportCounts:
        """Count the reports of each block that hold each residue; summaries add up."""
        rows = structured_rows(reports, self._dtype)
        supports = [
            column_counts(rows["subset"][rows["block"] == index], block.num_values)
            for index, block in enumerate(self._blocks)
        ]
        return SupportCounts(rows.size, np.concatenate(supports))

    def estimate(self, counts: SupportCounts) -> npt.NDArray[np.float64]:
        """Unbiased, unclipped frequencies that sum to 1, shape (k,)."""
        num_users = integer("num_users of counts", counts.num_users, 1)
        parts = np.split(counts.supports, np.cumsum(self._moduli)[:-1])
        scale = len(self._blocks) / num_users
        residues = []
        for block, held in zip(self._blocks, parts, strict=True):
            block_users = held.sum() / block.size  # every subset has the same size
            residues.append(scale * (held - block.q * block_users) / (block.p - block.q))
        return self.decoder.decode(residues)

    def mse(self, num_users: int, frequencies: npt.ArrayLike | None = None) -> float:
        """Mean squared error of `estimate`, averaged over the k values.

        Parameters
        ----------
        num_users : int
            Number of reports, at least 1.
        frequencies : array of shape (k,), optional
            Frequencies of the fixed users, for the exact error. None gives the
            f = 0 approximation, the constrained trace of the inverse normal matrix.

        Returns
        -------
        float
            In squared frequency units.
        """
        n = integer("num_users", num_users, 1)
        if frequencies is None:
            return self.decoder.approximate_mse() / n
        shares = distribution("frequencies", frequencies, self.k)
        return self.decoder.exact_mse(user_moments(self.epsilon, self._moduli), shares) / n

    def vulnerability(self, prior: npt.ArrayLike | None = None) -> float:
        """Exact success of the best single guess from one report, for users drawn from `prior`.

        Inside a residue class only the best prior counts, so each block is a
        subset randomizer over those. Uniform prior: mean of (m_j / k)(p_j / w_j).
        """
        weights = distribution("prior", prior, self.k)
        total = 0.0
        for block in self._blocks:
            m = block.num_values
            padded = np.zeros(-(-self.k // m) * m)
            padded[: self.k] = weights
            total += block.vulnerability(padded.reshape(-1, m).max(axis=0))
        return total / len(self._blocks)

    def published_success(self) -> float:
        """The paper's reconstruction figure, mean of p_j / (w_j ceil(k / m_j)).

        It counts every residue class as full and so understates the attack: a
        uniform guess among the preimages of the subset reaches `vulnerability`.
        """
        parts = [b.p / (b.size * -(-self.k // b.num_values)) for b in self._blocks]
        return sum(parts) / len(parts)

    def exact_epsilon(self) -> float:
        """Largest log-likelihood ratio over reports and pairs of values."""
        return max(block.exact_epsilon() for block in self._blocks)
