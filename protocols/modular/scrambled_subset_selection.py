"""Scrambled MSS: every block sees the domain through a public permutation of its own."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

from ldpaudit.parameters import budget, domain_size, integer, parameters
from ldpaudit.validate import MAX_DOMAIN, check_integer

from ._designs import Design
from ._modular import ModularProtocol

#: Default design: many small blocks; sum m / k = 5.4 puts the error near 5.4 / 4.4 of ss.
DEFAULT_BLOCKS = 90
DEFAULT_SHARE = 0.06


def _moduli(name: str, value: Any, made: ScrambledSubsetSelection) -> tuple[int, ...]:
    given = tuple(value or ()) or default_moduli(made.k)
    moduli = tuple(check_integer("every modulus", m, 2, made.k) for m in given)
    if 1 + sum(m - 1 for m in moduli) < made.k:
        raise ValueError(
            f"{name} must satisfy 1 + sum(m - 1) >= k = {made.k}, got {len(moduli)} blocks "
            f"that sum to {sum(moduli)}."
        )
    return moduli


@dataclass(frozen=True)
@parameters(k=domain_size(MAX_DOMAIN), epsilon=budget(), seed=integer(0, 2**63), moduli=_moduli)
class ScrambledSubsetSelection(ModularProtocol):
    """SMSS: MSS on a domain that a public permutation scrambles anew for every block.

    A user draws J, takes r = pi_J(x) mod m_J and runs subset selection on r with
    the whole budget. The permutations are public, so privacy is that of MSS; they
    let the moduli shrink to a twentieth of the domain, where plain residues
    collapse below a half, and a report's bits shrink with them.

    Parameters
    ----------
    k : int
        Number of values, at least 2.
    epsilon : float
        Privacy budget in natural-log units, positive and finite.
    moduli : tuple of int, optional
        One per block, each in [2, k], not necessarily coprime, with 1 + sum(m - 1)
        >= k. None takes 90 blocks of 0.06 k (larger and fewer where k is small).
    seed : int, default 0
        Public key of the permutations.

    Raises
    ------
    ValueError, TypeError
        If a parameter is out of range.

    Notes
    -----
    Reports are those of MSS. `mse` is exact to k = 2048 and an estimate by random
    probes above (`mse_standard_error` says how good). Scrambling is this
    project's extension of arXiv:2511.11569; docs/mss.md has the derivation.

    Examples
    --------
    >>> import numpy as np
    >>> m = ScrambledSubsetSelection(k=1024, epsilon=1.0)
    >>> len(m.moduli), m.moduli[0], m.bits
    (90, 61, 55)
    >>> reports = m.privatize(np.arange(1024), rng=np.random.default_rng(0))
    >>> float(m.estimate(m.aggregate(reports)).sum().round(6))
    1.0
    """

    k: int
    epsilon: float
    moduli: tuple[int, ...] = ()
    seed: int = 0

    @cached_property
    def _design(self) -> Design:
        return Design(self.k, self.epsilon, self.moduli, scrambled=True, seed=self.seed)


def default_moduli(k: int) -> tuple[int, ...]:
    """90 blocks of 0.06 k; below k = 200 blocks of at least 12 values, or half the domain."""
    modulus = max(round(DEFAULT_SHARE * k), min(12, -(-k // 2)), 2)
    blocks = min(DEFAULT_BLOCKS, -(-6 * k // modulus))
    return (modulus,) * blocks
