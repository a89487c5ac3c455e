"""Chains of two rounds against the enumeration of whole histories, and the papers' tables."""

from __future__ import annotations

import itertools
import math
from typing import Any

import numpy as np
import pytest
from scipy.stats import binom

import ldpaudit
from tests.protocols.channels import Table, pack, patterns

from .histories import divergence, history_law, largest_ratio, response, unary, unary_noise

BUDGETS = ((0.4, 1.0), (1.0, 2.0), (1.6, 4.0), (0.1, 0.11))
UNARY = ("l-sue", "l-osue", "l-oue", "l-soue")


def calibrated(name: str, k: int, **given: Any) -> Any:
    """The mechanism, or a skip where the second round's fair coin hides too much."""
    e = math.exp(given["epsilon_inf"])
    p = math.sqrt(e) / (math.sqrt(e) + 1)
    most = {"l-oue": (2 * e + 1) / 3, "l-soue": p * (1 + p) / ((1 - p) * (2 - p))}
    if name in most and given["epsilon"] > math.log(most[name]):
        with pytest.raises(ValueError, match="the second round's fair coin hides as much"):
            ldpaudit.mechanism(name, k=k, **given)
        pytest.skip("not feasible")
    return ldpaudit.mechanism(name, k=k, **given)


def chained(name: str, epsilon: float, epsilon_inf: float) -> tuple[float, float, float, float]:
    """p1, q1, p2, q2 by name alone: a second round found by bisection on its definition."""
    e = math.exp(epsilon_inf)
    p1, q1 = (0.5, 1 / (e + 1)) if name in ("l-oue", "l-osue") else (
        math.sqrt(e) / (math.sqrt(e) + 1), 1 / (math.sqrt(e) + 1)
    )  # fmt: skip
    low, high = 0.0, 0.5  # q2; at 1/2 nothing is told
    for _ in range(200):
        q2 = (low + high) / 2
        p2 = 1 - q2 if name in ("l-sue", "l-osue") else 0.5
        own, other = p1 * p2 + (1 - p1) * q2, q1 * p2 + (1 - q1) * q2
        told = math.log(own * (1 - other) / (other * (1 - own)))
        low, high = (q2, high) if told > epsilon else (low, q2)
    return p1, q1, p2, q2


def laws_of(mechanism: Any, rounds: int, permanent: Table, fresh: Table) -> list[Table]:
    """Law of the history of each constant value."""
    return [history_law(permanent, fresh, [v] * rounds) for v in range(mechanism.k)]


def check_constant(m: Any, rounds: int, laws: list[Table], rate: float = 1.0) -> None:
    """Composed epsilon and delta of the worst pair of constant values."""
    pairs = list(itertools.permutations(laws, 2))
    worst = max(largest_ratio(*pair) for pair in pairs)
    assert m.composed_epsilon(rounds) == pytest.approx(worst, rel=1e-9)
    for epsilon in (0.0, worst / 3, 0.9 * worst, 1.1 * worst):
        delta = rate * max(divergence(*pair, epsilon) for pair in pairs)
        assert m.composed_delta(epsilon, rounds) == pytest.approx(delta, rel=1e-9, abs=1e-13)
    if rounds == 1:
        assert m.exact_epsilon() == pytest.approx(worst, rel=1e-9)
        assert m.exact_delta(worst / 3) == pytest.approx(m.composed_delta(worst / 3, 1), rel=1e-9)


@pytest.mark.parametrize("rounds", [1, 2, 3])
@pytest.mark.parametrize("budgets", BUDGETS)
@pytest.mark.parametrize("k", [2, 3])
@pytest.mark.parametrize("name", UNARY)
def test_unary_histories(name: str, k: int, budgets: tuple[float, float], rounds: int) -> None:
    epsilon, epsilon_inf = budgets
    m = calibrated(name, k, epsilon=epsilon, epsilon_inf=epsilon_inf)
    p1, q1, p2, q2 = chained(name, epsilon, epsilon_inf)
    laws = laws_of(m, rounds, unary(k, p1, q1), unary_noise(k, p2, q2))
    check_constant(m, rounds, laws)
    assert m.exact_epsilon() == pytest.approx(epsilon, abs=1e-9)
    rows = pack(patterns(k))
    history = [rows[column] for column in np.indices((2**k,) * rounds).reshape(rounds, -1)]
    table = np.exp(m.history_log_likelihood(history))
    assert np.allclose(table, np.array([law.ravel() for law in laws]).T, rtol=1e-9, atol=0)
    assert np.allclose(np.exp(m.history_log_likelihood(history, [1])), table[:, 1:2])


@pytest.mark.parametrize("rounds", [1, 2, 3])
@pytest.mark.parametrize(("k", "f", "p", "q"), [(2, 0.5, 0.5, 0.75), (3, 0.3, 0.2, 0.9)])
def test_rappor_histories(k: int, f: float, p: float, q: float, rounds: int) -> None:
    """From the two rounds as RAPPOR puts them: a fair coin with f; then p for 0 and q for 1."""
    m = ldpaudit.mechanism("rappor", k=k, f=f, p=p, q=q)
    laws = laws_of(m, rounds, unary(k, 1 - f / 2, f / 2), unary_noise(k, q, p))
    check_constant(m, rounds, laws)
    assert m.epsilon == pytest.approx(m.composed_epsilon(1))
    assert m.epsilon_inf == pytest.approx(2 * math.log((1 - f / 2) / (f / 2)))


def response_rounds(size: int, epsilon: float, epsilon_inf: float, how: str) -> tuple[Table, Table]:
    """Both rounds of randomized response, the second by bisection on one report's epsilon."""
    first = response(size, math.exp(epsilon_inf) / (math.exp(epsilon_inf) + size - 1))
    if how == "published":
        top, rest = math.exp(epsilon_inf + epsilon) - 1, math.exp(epsilon_inf) - math.exp(epsilon)
        return first, response(size, top / rest / (top / rest + size - 1))
    low, high = 1 / size, 1.0
    for _ in range(200):
        p2 = (low + high) / 2
        both = first @ response(size, p2)
        low, high = (p2, high) if math.log(both[0, 0] / both[1, 0]) < epsilon else (low, p2)
    return first, response(size, p2)


@pytest.mark.parametrize("how", ["exact", "published"])
@pytest.mark.parametrize("rounds", [1, 2, 3])
@pytest.mark.parametrize("budgets", BUDGETS)
@pytest.mark.parametrize("k", [2, 3, 5])
def test_response_histories(k: int, budgets: tuple[float, float], rounds: int, how: str) -> None:
    m = ldpaudit.mechanism(
        "l-grr", k=k, epsilon=budgets[0], epsilon_inf=budgets[1], calibration=how
    )
    laws = laws_of(m, rounds, *response_rounds(k, *budgets, how))
    check_constant(m, rounds, laws)
    history = list(np.indices((k,) * rounds).reshape(rounds, -1))
    table = np.exp(m.history_log_likelihood(history))
    assert np.allclose(table, np.array([law.ravel() for law in laws]).T, rtol=1e-9, atol=0)
    told = m.exact_epsilon()
    assert told == pytest.approx(budgets[0]) if how == "exact" or k == 2 else told < budgets[0]


@pytest.mark.parametrize("how", ["exact", "published"])
@pytest.mark.parametrize("rounds", [1, 2, 3])
@pytest.mark.parametrize("budgets", BUDGETS)
def test_hashed_histories(budgets: tuple[float, float], rounds: int, how: str) -> None:
    """Two values of one bucket are alike; of two, as randomized response over the buckets."""
    m = ldpaudit.mechanism(
        "ololoha", k=4, epsilon=budgets[0], epsilon_inf=budgets[1], calibration=how
    )
    g = m.num_buckets
    permanent, fresh = response_rounds(g, *budgets, how)
    laws = [history_law(permanent, fresh, [bucket] * rounds) for bucket in range(g)]
    check_constant(m, rounds, laws, rate=1 - 1 / g)
    if how == "exact":
        two = ldpaudit.mechanism("biloloha", k=4, epsilon=budgets[0], epsilon_inf=budgets[1])
        halves = response_rounds(2, *budgets, how)
        check_constant(two, rounds, [history_law(*halves, [b] * rounds) for b in (0, 1)], rate=0.5)


@pytest.mark.parametrize("size", [2, 3, 7])
def test_profile_of_many_rounds(size: int) -> None:
    """Against a sum over counts drawn up one by one, and the limit of the epsilon."""
    m = ldpaudit.mechanism("l-grr", k=size, epsilon=0.7, epsilon_inf=1.5)
    rounds, epsilon = 5, 0.4
    counts = [c for c in itertools.product(range(rounds + 1), repeat=size) if sum(c) == rounds]
    total = 0.0
    for c in counts:
        history = np.repeat(np.arange(size), c)[:, None]
        first, second = np.exp(m.history_log_likelihood(list(history), [0, 1]))[0]
        ways = math.factorial(rounds) / math.prod(map(math.factorial, c))
        total += ways * max(0.0, first - math.exp(epsilon) * second)
    assert m.composed_delta(epsilon, rounds) == pytest.approx(total, rel=1e-11)
    assert m.composed_epsilon(200) == pytest.approx(1.5, abs=1e-9)
    assert m.composed_delta(1.5, 12) == 0
    assert math.copysign(1, m.composed_delta(1.5, 12)) == 1


def test_profile_of_very_many_rounds_of_two_symbols() -> None:
    """A mixture of two binomial laws under each symbol."""
    m, rounds = ldpaudit.mechanism("biloloha", k=9, epsilon=0.2, epsilon_inf=1.5), 1500
    permanent, fresh = response_rounds(2, 0.2, 1.5, "exact")
    one, two = (row @ binom.pmf(np.arange(rounds + 1), rounds, fresh[:, :1]) for row in permanent)
    for epsilon in (0.0, 0.5, 1.2):
        delta = 0.5 * divergence(one, two, epsilon)
        assert m.composed_delta(epsilon, rounds) == pytest.approx(delta, rel=1e-8)


def test_too_long_a_sum_is_refused() -> None:
    m = ldpaudit.mechanism("l-grr", k=100, epsilon=0.7, epsilon_inf=1.5)
    with pytest.raises(ValueError, match=r"100 rounds are .* terms, above the limit"):
        m.composed_delta(0.5, 100)


# ------------------------------------------------------------ the papers' tables

#: epsilon_inf, epsilon, then L-GRR (k = 10, published), its true epsilon, L-GRR exact, L-SUE,
#: L-OSUE, L-OUE, L-SOUE, BiLOLOHA, OLOLOHA's g and error: as many digits as printed.
TABLE = """
1 0.4 244.386 0.1773 39.24 24.9168 24.6693 28.1227 26.581 25.6693 2 25.6693
2 0.8 20.2327 0.5260 6.80817 6.16733 5.92707 6.89804 6.16801 6.92707 2 6.92707
2 1.0 9.76774 0.6994 3.63025 3.9177 3.68269 4.4672 3.88877 4.68269 3 4.19943
4 1.6 1.02638 1.5014 0.828916 1.48177 1.26786 1.56208 1.27984 2.26786 5 1.35497
"""


def digits(text: str) -> float:
    """Half a unit of the last digit of a printed number."""
    return 0.51 * 10.0 ** -len(text.partition(".")[2])


@pytest.mark.parametrize("line", TABLE.strip().splitlines())
def test_errors_of_the_papers(line: str) -> None:
    epsilon_inf, epsilon, *printed = line.split()
    given = {"k": 10, "epsilon": float(epsilon), "epsilon_inf": float(epsilon_inf)}
    loose = ldpaudit.mechanism("l-grr", calibration="published", **given)
    best = ldpaudit.mechanism("ololoha", calibration="published", **given)
    found = [loose.mse(1), loose.exact_epsilon(), ldpaudit.mechanism("l-grr", **given).mse(1)]
    rest = ("l-sue", "l-osue", "l-oue", "l-soue", "biloloha")
    found += [ldpaudit.mechanism(name, **given).mse(1) for name in rest]
    found += [best.num_buckets, best.mse(1)]
    for value, text in zip(found, printed, strict=True):
        assert value == pytest.approx(float(text), abs=digits(text))


#: Largest k whose L-GRR has at most the error of L-OSUE: published / exact calibration, for
#: epsilon / epsilon_inf of 0.1, 0.3, 0.5 and 0.6.
SWITCH = {
    0.5: "3/5 3/5 3/5 3/6",
    1.0: "3/5 3/6 4/6 4/7",
    2.0: "4/5 4/7 5/10 6/11",
    3.0: "4/6 6/9 9/15 11/20",
    4.0: "5/6 9/11 15/24 20/35",
    5.0: "6/6 13/15 27/38 39/62",
}


@pytest.mark.parametrize("epsilon_inf", SWITCH)
def test_where_the_response_beats_the_encoding(epsilon_inf: float) -> None:
    for share, cell in zip((0.1, 0.3, 0.5, 0.6), SWITCH[epsilon_inf].split(), strict=True):
        budgets = {"epsilon": share * epsilon_inf, "epsilon_inf": epsilon_inf}
        limit = ldpaudit.mechanism("l-osue", k=2, **budgets).mse(1)
        for how, largest in zip(("published", "exact"), map(int, cell.split("/")), strict=True):
            beats = [
                ldpaudit.mechanism("l-grr", k=k, calibration=how, **budgets).mse(1) <= limit
                for k in range(2, 80)
            ]
            assert sum(beats) == largest - 1  # k = 2..largest
            assert all(beats[: largest - 1])


def test_published_calibration_is_loose() -> None:
    for k, told, error in ((10, 0.699, 9.77), (100, 0.166, 3057.0)):
        m = ldpaudit.mechanism("l-grr", k=k, epsilon=1.0, epsilon_inf=2.0, calibration="published")
        assert m.exact_epsilon() == pytest.approx(told, abs=5e-4)
        assert m.mse(1) == pytest.approx(error, rel=5e-4)
    exact = ldpaudit.mechanism("l-grr", k=100, epsilon=1.0, epsilon_inf=2.0)
    assert exact.mse(1) == pytest.approx(ldpaudit.mechanism("grr", k=100, epsilon=1.0).mse(1))


@pytest.mark.parametrize("name", ["l-sue", "l-osue", "l-grr", "biloloha", "ololoha"])
def test_budgets_far_apart_and_close(name: str) -> None:
    """No probability is lost to rounding, whatever the budgets are."""
    for epsilon, epsilon_inf in ((1e-6, 20.0), (1.0, 1.0 + 1e-9), (20.0, 20.5), (1e-3, 1.1e-3)):
        m: Any = ldpaudit.mechanism(name, k=8, epsilon=epsilon, epsilon_inf=epsilon_inf)
        assert m.exact_epsilon() == pytest.approx(epsilon, rel=1e-7)
        assert m.composed_epsilon(1) == pytest.approx(epsilon, rel=1e-7)
        steps = [m.composed_epsilon(t) for t in (1, 2, 5, 20)]
        assert np.all(np.diff(steps) >= -1e-12)
        assert steps[-1] <= epsilon_inf * (1 + 1e-12)
