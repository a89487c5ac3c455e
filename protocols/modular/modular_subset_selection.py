"""ModularSubsetSelection (MSS): subset selection on one residue of the value."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

from ldpaudit.parameters import budget, domain_size, parameters
from ldpaudit.validate import MAX_DOMAIN

from ._designs import Design
from ._modular import ModularProtocol
from ._residues import check_moduli, choose_moduli


def _moduli(name: str, value: Any, made: ModularSubsetSelection) -> tuple[int, ...]:
    del name
    return check_moduli(made.k, value) if value else choose_moduli(made.k, made.epsilon)


@dataclass(frozen=True)
@parameters(k=domain_size(MAX_DOMAIN), epsilon=budget(), moduli=_moduli)
class ModularSubsetSelection(ModularProtocol):
    """MSS: subset selection on the residue modulo one of several coprime moduli.

    Every user draws J uniformly from l pairwise coprime moduli, takes r = x mod
    m_J and runs subset selection on r over [m_J] with the whole budget. The
    server fits the frequencies to the residue counts by weighted least squares
    under the sum constraint, directly by FFTs.

    Parameters
    ----------
    k : int
        Number of values, at least 2.
    epsilon : float
        Privacy budget in natural-log units, positive and finite.
    moduli : tuple of int, optional
        Pairwise coprime, each in [2, k], with 1 + sum(m - 1) >= k. None chooses
        eight below 0.88 k with the least exact error (fewer where k is small;
        the single modulus k, which is subset selection, for k = 2 and 3).

    Raises
    ------
    ValueError, TypeError
        If a parameter is out of range, or the moduli cannot be decoded.

    Notes
    -----
    Reports are a structured vector: ``block`` (uint16) and ``subset`` (packed
    bits of the residues, uint8). Source: Arcolezi, *Private Frequency Estimation
    Via Residue Number Systems*, AAAI 2026, arXiv:2511.11569.

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
    moduli: tuple[int, ...] = ()

    @cached_property
    def _design(self) -> Design:
        return Design(self.k, self.epsilon, self.moduli)

    def published_success(self) -> float:
        """The paper's reconstruction figure, mean of p_j / (w_j ceil(k / m_j)).

        It counts every residue class as full and so understates the attack: a
        uniform guess among the preimages of the subset reaches `vulnerability`.
        """
        blocks = self._design.blocks
        parts = [b.p / (b.size * -(-self.k // b.num_values)) for b in blocks]
        return sum(parts) / len(parts)
