"""The closed forms at published sizes: an oracle table, and figures that do not depend on it.

The table holds independently computed figures to six significant digits, for
one user: the error without the users' own values, the error averaged over the
items, the exact success of the best single guess under a uniform prior, and for
local hashing the published approximation of that success.
"""

from __future__ import annotations

import math

import numpy as np
import pytest

import ldpaudit
from ldpaudit.contracts import HasPublishedSuccess

#: protocol, k, epsilon, MSE at f = 0, MSE averaged, success, published success.
TABLE: list[tuple[str, int, float, float, float, float, float | None]] = [
    ("grr", 10, 1.0, 3.63025, 4.09583, 0.231969, None),
    ("ss", 10, 1.0, 2.83921, 2.91041, 0.179367, None),
    ("oue", 10, 1.0, 3.68269, 3.78269, 0.18079, None),
    ("olh", 10, 1.0, 3.69165, 3.81352, 0.183378, 0.190147),
    ("grr", 10, 4.0, 0.0217902, 0.0367161, 0.858486, None),
    ("ss", 10, 4.0, 0.0217902, 0.0367161, 0.858486, None),
    ("oue", 10, 4.0, 0.0760218, 0.176022, 0.503877, None),
    ("olh", 10, 4.0, 0.0760229, 0.176786, 0.502654, 0.498167),
    ("grr", 100, 1.0, 34.113, 34.6833, 0.0267236, None),
    ("ss", 100, 1.0, 3.58965, 3.59953, 0.0185683, None),
    ("oue", 100, 1.0, 3.68269, 3.69269, 0.0185914, None),
    ("olh", 100, 1.0, 3.69165, 3.70384, 0.0190147, 0.0190147),
    ("grr", 100, 4.0, 0.053119, 0.0714032, 0.355461, None),
    ("ss", 100, 4.0, 0.0558823, 0.0648272, 0.263509, None),
    ("oue", 100, 4.0, 0.0760218, 0.0860218, 0.233552, None),
    ("olh", 100, 4.0, 0.0760229, 0.0860992, 0.233788, 0.278973),
]

#: Name of a parameter and its value in the same table.
PARAMETERS: list[tuple[str, int, float, str, float]] = [
    ("grr", 10, 1.0, "p_star", 0.231969),
    ("ss", 10, 1.0, "subset_size", 3),
    ("oue", 10, 1.0, "q_star", 0.268941),
    ("olh", 10, 1.0, "num_buckets", 4),
    ("grr", 10, 4.0, "p_star", 0.858486),
    ("ss", 10, 4.0, "subset_size", 1),
    ("oue", 10, 4.0, "q_star", 0.0179862),
    ("olh", 10, 4.0, "num_buckets", 56),
    ("grr", 100, 1.0, "p_star", 0.0267236),
    ("ss", 100, 1.0, "subset_size", 27),
    ("grr", 100, 4.0, "p_star", 0.355461),
    ("ss", 100, 4.0, "subset_size", 2),
]


def to_printed_digits(value: float, printed: float) -> bool:
    """Whether `value` rounds to the six significant digits that are printed."""
    return abs(value - printed) <= 0.5000001 * 10.0 ** (math.floor(math.log10(printed)) - 5)


@pytest.mark.parametrize("row", TABLE, ids=lambda row: f"{row[0]}-{row[1]}-{row[2]:g}")
def test_oracle_table(row: tuple[str, int, float, float, float, float, float | None]) -> None:
    name, k, epsilon, flat, averaged, success, published = row
    mechanism = ldpaudit.mechanism(name, k=k, epsilon=epsilon)
    assert to_printed_digits(mechanism.mse(1), flat)
    assert to_printed_digits(mechanism.mse(1, np.full(k, 1 / k)), averaged)
    assert to_printed_digits(mechanism.vulnerability(), success)
    assert isinstance(mechanism, HasPublishedSuccess) == (published is not None)
    if published is not None:
        assert to_printed_digits(mechanism.published_success(), published)


@pytest.mark.parametrize(("name", "k", "epsilon", "parameter", "value"), PARAMETERS)
def test_parameters_of_the_oracle_table(
    name: str, k: int, epsilon: float, parameter: str, value: float
) -> None:
    mechanism = ldpaudit.mechanism(name, k=k, epsilon=epsilon)
    assert to_printed_digits(getattr(mechanism, parameter), value)


@pytest.mark.parametrize("epsilon", [0.5, 1.0, 3.0, 5.0])
@pytest.mark.parametrize("k", [2, 10, 1024])
def test_published_variances(k: int, epsilon: float) -> None:
    """f = 0: GRR (e + k - 2) / (e - 1)^2, OUE 4 e / (e - 1)^2, OLH (e - 1 + g)^2 / ...."""
    e, g = math.exp(epsilon), round(math.exp(epsilon)) + 1
    flat = {
        "grr": (e + k - 2) / (e - 1) ** 2,
        "oue": 4 * e / (e - 1) ** 2,
        "olh": (e - 1 + g) ** 2 / ((e - 1) ** 2 * (g - 1)),
    }
    for name, expected in flat.items():
        mechanism = ldpaudit.mechanism(name, k=k, epsilon=epsilon)
        assert mechanism.mse(1) == pytest.approx(expected, rel=1e-12)
        assert mechanism.mse(7) == pytest.approx(expected / 7, rel=1e-12)
    # The own value's term of OUE is +f_i / n exactly.
    oue = ldpaudit.mechanism("oue", k=k, epsilon=epsilon)
    assert oue.mse(7, np.full(k, 1 / k)) - oue.mse(7) == pytest.approx(1 / (7 * k), rel=1e-10)


@pytest.mark.parametrize("epsilon", [0.5, 1.0, 3.0, 5.0])
@pytest.mark.parametrize("k", [2, 10, 1024])
def test_published_success_formulas(k: int, epsilon: float) -> None:
    """Uniform prior: e / (e + k - 1), p / w, and the two-term form of independent supports."""
    e, g = math.exp(epsilon), round(math.exp(epsilon)) + 1
    size = max(1, round(k / (e + 1)))

    def independent(own: float, other: float) -> float:
        return own * (1 - (1 - other) ** k) / (k * other) + (1 - own) * (1 - other) ** (k - 1) / k

    success = {
        "grr": e / (e + k - 1),
        "ss": e / (size * e + k - size),
        "oue": independent(0.5, 1 / (e + 1)),
        "olh": independent(e / (e + g - 1), 1 / g),
    }
    for name, expected in success.items():
        mechanism = ldpaudit.mechanism(name, k=k, epsilon=epsilon)
        assert mechanism.vulnerability() == pytest.approx(expected, rel=1e-11)


@pytest.mark.parametrize("k", [2, 74, 1024, 22_000])
@pytest.mark.parametrize("epsilon", [0.5, 4.0])
def test_bits_at_published_sizes(k: int, epsilon: float) -> None:
    size = max(1, round(k / (math.exp(epsilon) + 1)))
    g = round(math.exp(epsilon)) + 1
    bits = {
        "grr": math.ceil(math.log2(k)),
        "ss": math.ceil(math.log2(math.comb(k, size))),
        "oue": k,
        "olh": math.ceil(math.log2(g)) + 64,
    }
    for name, expected in bits.items():
        assert ldpaudit.mechanism(name, k=k, epsilon=epsilon).bits == expected


@pytest.mark.parametrize("name", ["grr", "ss", "oue", "olh", "mss"])
@pytest.mark.parametrize("epsilon", [0.5, 4.0])
def test_vulnerability_stays_between_blind_guessing_and_the_privacy_limit(
    name: str, epsilon: float
) -> None:
    """max prior <= success <= sum over reports of the epsilon-constrained posterior."""
    k, rng = 300, np.random.default_rng(3)
    mechanism = ldpaudit.mechanism(name, k=k, epsilon=epsilon)
    e = math.exp(epsilon)
    for prior in (np.full(k, 1 / k), rng.dirichlet(np.full(k, 0.1)), np.eye(k)[7]):
        top = prior.max()
        success = mechanism.vulnerability(prior)
        assert top * (1 - 1e-12) <= success <= min(1.0, e * top) * (1 + 1e-12)
    assert mechanism.vulnerability() <= e / (e + k - 1) * (1 + 1e-12)
