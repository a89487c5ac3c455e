"""Adaptive MSS: blocks, moduli, subset sizes and scrambling chosen together."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from ldpaudit.parameters import budget, domain_size, integer, optional, parameters
from ldpaudit.protocols._kernels._cache import remembered
from ldpaudit.validate import MAX_DOMAIN

from ._designs import Design
from ._modular import ModularProtocol
from ._residues import choose_moduli

#: Weights are told apart by their ratios; larger ones would overflow.
_MOST_WEIGHT = 1e9
#: Designs whose exact error is computed, after a screening by closed forms.
_FINALISTS = 4


def _weight(name: str, value: Any, made: Any) -> float:
    del made
    if not (isinstance(value, int | float) and 0 <= value <= _MOST_WEIGHT):
        raise ValueError(f"{name} must be at least 0 and at most {_MOST_WEIGHT:g}, got {value!r}.")
    return float(value)


def _last_weight(name: str, value: Any, made: AdaptiveModularSelection) -> float:
    weight = _weight(name, value, made)
    if not (made.success_weight or made.error_weight or weight):
        raise ValueError("one of success_weight, error_weight and bits_weight must be above 0.")
    return weight


@dataclass(frozen=True)
@parameters(
    k=domain_size(MAX_DOMAIN),
    epsilon=budget(),
    success_weight=_weight,
    error_weight=_weight,
    bits_weight=_last_weight,
    max_bits=optional(integer(1)),
)
class AdaptiveModularSelection(ModularProtocol):
    """AMSS: MSS tuned for attack success, mean squared error and bits, by weight or by budget.

    Minimises ``w_s * success + w_e * error + w_b * bits``, each as a multiple of
    subset selection's at the same k and epsilon: success is the Bayes
    vulnerability, error the exact one for uniform users. Searched are plain and
    scrambled designs of several block counts and moduli, with subsets of the
    published size or larger (larger subsets lower attack success at the price of
    error, as adaptive subset selection does).

    Parameters
    ----------
    k : int
        Number of values, at least 2.
    epsilon : float
        Privacy budget in natural-log units, positive and finite.
    success_weight, error_weight, bits_weight : float
        Weights of the objective, at least 0, not all 0.
    max_bits : int, optional
        Largest report in bits.

    Raises
    ------
    ValueError, TypeError
        If a parameter is out of range, or no design fits `max_bits`.

    Notes
    -----
    The choice depends on public parameters only and is kept in the user's cache
    folder. No published protocol chooses these together.

    Examples
    --------
    >>> m = AdaptiveModularSelection(k=64, epsilon=1.0, max_bits=24)
    >>> m.bits <= 24, m.scrambled
    (True, True)
    """

    k: int
    epsilon: float
    success_weight: float = 1.0
    error_weight: float = 1.0
    bits_weight: float = 1.0
    max_bits: int | None = None

    def _check_together(self) -> None:
        _ = self._design  # an impossible budget is refused here, not at the first report

    @property
    def moduli(self) -> tuple[int, ...]:
        """Modulus of each block."""
        return self._design.moduli

    @property
    def scrambled(self) -> bool:
        """Whether blocks see the domain through permutations."""
        return self._design.scrambled

    @cached_property
    def _design(self) -> Design:
        weights = (self.success_weight, self.error_weight, self.bits_weight)

        def check(answer: Any) -> Design:
            moduli, sizes, scrambled = answer
            return Design(self.k, self.epsilon, tuple(moduli), tuple(sizes), bool(scrambled))

        def search() -> tuple[tuple[int, ...], tuple[int, ...], bool]:
            found = _best(self.k, self.epsilon, weights, self.max_bits)
            return found.moduli, found.sizes, found.scrambled

        question = ("amss", self.k, self.epsilon, *weights, self.max_bits)
        found: Design = remembered(question, check, search)
        return found


def _best(
    k: int, epsilon: float, weights: tuple[float, float, float], max_bits: int | None
) -> Design:
    """The design of least objective: all screened by closed forms, the best few exactly."""
    whole = Design(k, epsilon, (k,))
    uniform = np.full(k, 1 / k)
    units = np.array([whole.uniform_success, whole.mse(uniform), whole.bits])

    def objective(design: Design, error: float) -> float:
        return float(np.array([design.uniform_success, error, design.bits]) / units @ weights)

    screened = []
    for design, spread in _candidates(k, epsilon):
        for scale in (1.0, 1.5, 2.0, 3.0, 5.0):
            sized = design.with_sizes(scale)
            if max_bits is None or sized.bits <= max_bits:
                screened.append((objective(sized, spread * _flat_error(sized)), sized))
    if not screened:
        raise ValueError(f"max_bits must allow a decodable design over k = {k}, got {max_bits}.")
    screened.sort(key=lambda entry: entry[0])
    finalists = [design for _, design in screened[:_FINALISTS]]
    if whole not in finalists and (max_bits is None or whole.bits <= max_bits):
        finalists.append(whole)  # so that the choice is never worse than subset selection
    exact = []
    for design in finalists:
        try:
            exact.append((objective(design, design.mse(uniform)), design))
        except ArithmeticError:
            continue
    if not exact:
        raise ValueError(f"no decodable design over k = {k} was found for max_bits = {max_bits}.")
    return min(exact, key=lambda entry: entry[0])[1]


def _candidates(k: int, epsilon: float) -> Iterator[tuple[Design, float]]:
    """Designs with the factor by which decoding multiplies an ideal design's error.

    Plain residues: the trace of the inverse, from one solve. Scrambled: c / (c - 1)
    for c = sum (m - 1) / (k - 1), the limit for random designs (Marchenko and Pastur
    1967): a block determines m - 1 dimensions beside the sum.
    """
    yield Design(k, epsilon, (k,)), 1.0
    for blocks, band in ((4, 0.95), (8, 0.88), (8, 0.8), (8, 0.7), (16, 0.7), (16, 0.55)):
        moduli = choose_moduli(k, epsilon, blocks=blocks, band=band)
        design = Design(k, epsilon, moduli)
        if moduli != (k,):
            mean_variance = sum(b.variance for b in design.blocks) / len(moduli)
            yield design, design.approximate_mse() / mean_variance
    for blocks in (8, 16, 32, 64, 100):
        for ratio in (1.5, 2.0, 3.0, 4.5, 6.0, 9.0):
            modulus = max(2, round(ratio * k / blocks))
            if modulus < k and 1 + blocks * (modulus - 1) >= k:
                held = blocks * (modulus - 1) / (k - 1)
                design = Design(k, epsilon, (modulus,) * blocks, scrambled=True)
                if held > 1.1:
                    yield design, held / (held - 1)


def _flat_error(design: Design) -> float:
    """Per-user error of an ideal design: every block as good as a projection, uniform users."""
    parts = []
    for block in design.blocks:
        isotropic, own = block.second_moment
        scale = (block.p - block.q) ** 2
        parts.append((isotropic + own / block.num_values) / scale)
    return sum(parts) / len(parts) - 1 / design.k
