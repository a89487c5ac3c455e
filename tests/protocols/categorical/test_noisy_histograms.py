"""SHE, GM and AGM: noise on every entry of a one-hot vector, against sums over the grid.

The real-valued laws that the noise stands for are integrals of their own; they are met to
three digits and more.
"""

from __future__ import annotations

import itertools
import math
from decimal import Decimal, localcontext
from typing import Any

import numpy as np
import pytest
from scipy import integrate, stats
from scipy.special import ndtr

import ldpaudit
from ldpaudit.protocols._kernels._grid_noise import GridNoise
from ldpaudit.testing.components import check_mechanism

DELTA = 1e-5


def noisy(name: str, k: int, epsilon: float) -> Any:
    given = {} if name == "she" else {"delta": DELTA}
    return ldpaudit.mechanism(name, k=k, epsilon=epsilon, **given)


def noise_law(m: Any) -> Any:
    family = stats.norm if hasattr(m, "delta") else stats.laplace
    return family(scale=m.scale)


def entry_law(m: Any) -> tuple[Any, Any, Any]:
    """The entries that can be sent; their law where they are another value's, and the own."""
    noise = m._noise
    chances = np.array([numerator / 2**144 for numerator in noise.numerators()])
    steps, z = m.steps, np.arange(-noise.reach, noise.reach + 1)
    low, high = steps - noise.reach, noise.reach
    entries = np.arange(low, high + 1)
    laws = [
        np.bincount(np.clip(z + shift, low, high) - low, weights=chances) for shift in (0, steps)
    ]
    return entries / steps, *laws


NAMES = ("she", "gm", "agm")
each = pytest.mark.parametrize("name", NAMES)


# ------------------------------------------------------------- published figures


@pytest.mark.parametrize(
    ("k", "epsilon", "error", "success"),
    [
        (10, 1.0, 8.0, 0.163666),
        (10, 4.0, 0.5, 0.498907),
        (100, 1.0, 8.0, 0.0164872),
        (100, 4.0, 0.5, 0.0738772),
    ],
)
def test_oracle_table(k: int, epsilon: float, error: float, success: float) -> None:
    m = noisy("she", k, epsilon)
    assert m.mse(1) == m.mse(1, np.full(k, 1 / k)) == pytest.approx(error, rel=1e-4)
    assert m.vulnerability() == pytest.approx(success, rel=3e-5)


EPSILONS = (0.25, 1.0, 2.0, 4.0, 6.0, 10.0)
SCALES = {
    "gm": (27.406, 6.8516, 3.4258, 1.7129, 1.1419, 0.6852),
    "agm": (18.789, 5.2759, 2.8197, 1.5290, 1.0799, 0.7069),
}


@pytest.mark.parametrize("name", SCALES)
def test_published_scales_of_gaussian_noise(name: str) -> None:
    for epsilon, printed in zip(EPSILONS, SCALES[name], strict=True):
        assert noisy(name, 5, epsilon).scale == pytest.approx(printed, rel=1e-4)


def test_the_classical_size_is_too_much_noise_and_then_too_little() -> None:
    assert noisy("gm", 5, 1.0).exact_delta(1.0) == pytest.approx(4e-8, rel=0.05)
    assert f"{noisy('gm', 5, 10.0).exact_delta(10.0):.2e}" == "2.27e-05"


# -------------------------------------------------------------------- likelihood


@each
@pytest.mark.parametrize("epsilon", [0.5, 4.0])
def test_likelihood_is_the_law_of_the_entries(name: str, epsilon: float) -> None:
    m, rng = noisy(name, 4, epsilon), np.random.default_rng(0)
    reports = m.privatize([0, 1, 2, 3, 3], rng=rng)
    entries, other, own = entry_law(m)
    places = np.searchsorted(entries, reports)
    np.testing.assert_array_equal(entries[places], reports)
    wanted = [
        [math.log(np.prod(np.where(np.eye(4)[v] == 1, own[row], other[row]))) for v in range(4)]
        for row in places
    ]
    table = m.log_likelihood(reports)
    np.testing.assert_allclose(table, wanted, rtol=1e-12)
    np.testing.assert_allclose(m.log_likelihood(reports, [2, 0]), table[:, [2, 0]], rtol=1e-14)
    density = noise_law(m).logpdf(reports[:, None, :] - np.eye(4)).sum(axis=2)
    np.testing.assert_allclose(table + 4 * math.log(m.steps), density, rtol=1e-3)


@each
@pytest.mark.parametrize("epsilon", [2.0**-10, 0.02, 0.3, 1.0, 5.0, 30.0, 64.0, 300.0])
def test_every_probability_is_what_the_proof_needs(name: str, epsilon: float) -> None:
    """Whole numbers over 2^144, symmetric, within 2^-41 of the law that was asked for."""
    m = noisy(name, 2, epsilon)
    numerators = m._noise.numerators()
    assert sum(numerators) == 2**144
    assert numerators == numerators[::-1]
    assert min(numerators) > 0
    z = np.arange(m._noise.reach + 1)
    if name == "she":
        logs = -z * (1 / m.scale - 2.0**-40) / m.steps
        logs[-1] -= math.log(-math.expm1(-(1 / m.scale - 2.0**-40) / m.steps))
    else:
        logs = -((z / (m.scale * m.steps)) ** 2) / 2
    found = np.array([math.log(n) for n in numerators[len(z) - 1 :]])
    assert np.abs(found - found[0] - (logs - logs[0])).max() < 2e-12 + 2.0**-41


@pytest.mark.parametrize("epsilon", [2.0**-8, 0.1, 1.0, 2.5, 10.0, 64.0, 500.0])
def test_the_claim_is_kept_in_whole_numbers(epsilon: float) -> None:
    """No entry tells more than half of it: (a / b)^2 <= e^epsilon, in 60 digits."""
    m = noisy("she", 2, epsilon)
    numerators, steps = m._noise.numerators(), m.steps
    other = numerators[steps:]
    other[0] += sum(numerators[:steps])
    with localcontext() as context:
        context.prec = 60
        most = max(Decimal(b) / Decimal(a) for a, b in zip(other, other[::-1], strict=True))
        assert most**2 <= (Decimal(min(epsilon, 64.0))).exp()
    assert m.exact_epsilon() == pytest.approx(min(epsilon, 64.0), abs=3e-12)
    assert m.exact_epsilon() <= epsilon


@each
def test_noise_has_its_law_on_every_entry(name: str) -> None:
    """Chi-square of 200,000 entries, and no correlation; alarms once in 1e6 each."""
    m, n = noisy(name, 5, 1.0), 40_000
    noise = m.privatize(np.full(n, 2), rng=np.random.default_rng(1)) - np.eye(5)[2]
    law = m._noise.probabilities
    counts = np.bincount(np.rint(noise * m.steps).astype(int).ravel() + m._noise.reach,
                         minlength=len(law))  # fmt: skip
    common = law * noise.size > 25
    seen = np.append(counts[common], counts[~common].sum())
    wanted = noise.size * np.append(law[common], law[~common].sum())
    assert stats.chisquare(seen, wanted * noise.size / wanted.sum()).pvalue > 1e-6
    for moments in (noise, np.abs(noise)):
        off = np.corrcoef(moments.T)[np.triu_indices(5, 1)]
        assert np.abs(off).max() < 5.4 / math.sqrt(n)


class Told:
    """Random words that are told beforehand."""

    def __init__(self, *words: list[int]) -> None:
        self.words = list(words)

    def integers(self, low: int, high: int, size: int, dtype: Any) -> Any:
        assert (low, high, dtype) == (0, 2**64, np.uint64)
        assert size == len(self.words[0])
        return np.array(self.words.pop(0), dtype=np.uint64)


def test_what_is_drawn_is_what_is_stated() -> None:
    """Every cell of the table; and around every sum of the 128-bit weights, word by word."""
    law = GridNoise.near(np.array([1.0, 1e-30, 3.0, 1e-30, 1.0]))
    outcomes = np.append(np.repeat(np.arange(-2, 3), law.cells), [3] * law.spare)
    np.testing.assert_array_equal(law._table, outcomes)
    weights = [
        (high << 64) + low for high, low in zip(law.high.tolist(), law.low.tolist(), strict=True)
    ]
    assert sum(weights) == 2**128
    for place, total in enumerate(itertools.accumulate(weights[:-1])):
        for asked in (total - 1, total):
            high, low = divmod(asked, 2**64)
            words = [[high], [low]]
            found = law._rarely(1, Told(*words))[0]  # type: ignore[arg-type]
            assert found == place - 2 + (asked == total), (place, asked - total)
    chances = [n / 2**144 for n in law.numerators()]
    assert chances == pytest.approx([0.2, 2e-31, 0.6, 2e-31, 0.2], rel=1e-9)
    np.testing.assert_array_equal(law.probabilities, chances)


# ----------------------------------------------------------------- attack success


@pytest.mark.parametrize("epsilon", [0.1, 1.0, 4.0, 12.0])
@pytest.mark.parametrize("k", [2, 3, 10, 1000])
def test_laplace_success_is_the_integral(k: int, epsilon: float) -> None:
    """Largest entry, noise integrated over: the own one above all others, ties broken evenly."""
    c = math.exp(-epsilon / 2) / 2
    middle = integrate.quad(lambda u: (1 - u) ** (k - 1) / u**2, c, 0.5, epsabs=0, epsrel=1e-12)[0]
    wanted = (1 - (1 - c) ** k) / (2 * k * c) + c / 2 * middle + 2 * c * 2.0**-k / k
    assert noisy("she", k, epsilon).vulnerability() == pytest.approx(wanted, rel=2e-4)


@each
@pytest.mark.parametrize("epsilon", [0.3, 3.0])
@pytest.mark.parametrize("prior", [[0.5, 0.5], [0.8, 0.2], [1.0, 0.0]])
def test_success_is_the_sum_over_all_reports(name: str, epsilon: float, prior: list[float]) -> None:
    m = noisy(name, 2, epsilon)
    _, other, own = entry_law(m)
    wanted = sum(
        np.maximum(prior[0] * a * other, prior[1] * b * own).sum()
        for a, b in zip(own, other, strict=True)
    )
    # Some thousand logarithms of up to 60 are added up, each rounded.
    assert m.vulnerability(prior) == pytest.approx(wanted, rel=1e-10)


@each
def test_success_over_many_values_is_the_distribution_of_the_largest(name: str) -> None:
    """k = 9, all priors different: P(no score above t) at every score."""
    m, prior = noisy(name, 9, 2.0), np.arange(1, 10) / 45
    _, other, own = entry_law(m)
    order = np.argsort(own / other)
    ratios, below = (own / other)[order], np.append(0.0, np.cumsum(other[order]))
    scores = np.sort(np.outer(prior, ratios).ravel())
    chance = np.ones(scores.size)
    for p in prior:
        chance *= below[np.searchsorted(ratios, scores / p * (1 + 1e-9), side="right")]
    wanted = scores @ np.diff(chance, prepend=0.0)
    assert m.vulnerability(prior) == pytest.approx(wanted, rel=1e-8)


@pytest.mark.parametrize("name", ["gm", "agm"])
@pytest.mark.parametrize("epsilon", [0.1, 1.0, 8.0])
@pytest.mark.parametrize("k", [2, 3, 100])
def test_gaussian_success_is_the_integral(name: str, k: int, epsilon: float) -> None:
    m = noisy(name, k, epsilon)

    def own_is_largest(z: float) -> float:
        return float(stats.norm.pdf(z) * ndtr(z + 1 / m.scale) ** (k - 1))

    wanted = integrate.quad(own_is_largest, -12, 12, epsabs=1e-13, limit=400)[0]
    assert m.vulnerability() == pytest.approx(wanted, rel=5e-3)


@each
@pytest.mark.parametrize("prior", [[0.5, 0.3, 0.2], [0.9, 0.05, 0.05], [0.6, 0.4, 0.0]])
def test_success_under_a_prior_is_what_the_best_guess_reaches(
    name: str, prior: list[float]
) -> None:
    """200,000 reports, 5 standard errors: alarms once in 1e6."""
    m, rng, n = noisy(name, 3, 2.0), np.random.default_rng(2), 200_000
    own = rng.choice(3, n, p=prior)
    with np.errstate(divide="ignore"):
        scores = m.log_likelihood(m.privatize(own, rng=rng)) + np.log(prior)
    rate, exact = float(np.mean(scores.argmax(axis=1) == own)), m.vulnerability(prior)
    assert abs(rate - exact) < 5 * math.sqrt(exact * (1 - exact) / n)


# ---------------------------------------------------------------- privacy profile


def laplace_delta(m: Any, epsilon: float) -> float:
    """Hockey-stick divergence by a fine grid of the two entries that differ."""
    nodes, weights = np.polynomial.legendre.leggauss(64)
    cuts = np.linspace(0, 1, 41)
    y = (cuts[:-1, None] + np.diff(cuts)[:, None] * (nodes + 1) / 2).ravel()
    inside = (np.diff(cuts)[:, None] * weights / 2).ravel()
    b, law = m.scale, stats.laplace(scale=m.scale)
    # The log ratio of one entry is constant outside (0, 1), so each side is one atom.
    levels = np.concatenate(([-1 / b], (2 * y - 1) / b, [1 / b]))
    own = np.concatenate(([law.cdf(-1)], law.pdf(y - 1) * inside, [0.5]))
    other = own[::-1]
    loss = levels[:, None] - levels
    excess = np.maximum(0, -np.expm1(epsilon - loss))
    return float(own @ excess @ other)


@each
@pytest.mark.parametrize("epsilon", [0.5, 2.0, 6.0])
def test_the_profile_is_the_sum_over_all_reports(name: str, epsilon: float) -> None:
    m = noisy(name, 3, epsilon)
    _, other, own = entry_law(m)
    for share in (0.0, 0.3, 0.7, 0.95):
        factor = math.exp(share * epsilon)
        wanted = sum(
            np.maximum(a * other - factor * b * own, 0).sum()
            for a, b in zip(own, other, strict=True)
        )
        assert m.exact_delta(share * epsilon) == pytest.approx(wanted, rel=1e-9)
    if name == "she":
        assert m.exact_delta(epsilon) == 0.0
    assert m.exact_delta(1e9) == 0.0


@pytest.mark.parametrize("epsilon", [0.5, 2.0, 6.0])
def test_laplace_profile_is_the_integral(epsilon: float) -> None:
    m = noisy("she", 3, epsilon)
    for share in (0.0, 0.3, 0.7, 0.95):
        assert m.exact_delta(share * epsilon) == pytest.approx(
            laplace_delta(m, share * epsilon), abs=1e-4
        )


@pytest.mark.parametrize("name", ["gm", "agm"])
@pytest.mark.parametrize("epsilon", [0.25, 1.0, 6.0])
def test_gaussian_profile_is_the_integral(name: str, epsilon: float) -> None:
    """Of two normal laws in one dimension, sqrt(2) apart: the only direction that tells."""
    m = noisy(name, 3, epsilon)
    apart = math.sqrt(2) / m.scale
    for at in (0.0, epsilon / 2, epsilon):
        edge = at / apart + apart / 2  # from here on the first law is e^at times the second

        def excess(z: float, at: float = at) -> float:
            return float(stats.norm.pdf(z - apart) - math.exp(at) * stats.norm.pdf(z))

        wanted = integrate.quad(excess, edge, edge + 40, epsabs=1e-15, limit=400)[0]
        assert m.exact_delta(at) == pytest.approx(wanted, rel=0.02)


@pytest.mark.parametrize("delta", [1e-12, 1e-5, 0.1])
@pytest.mark.parametrize("epsilon", [1e-3, 1.0, 30.0])
def test_the_analytic_scale_is_the_least_that_keeps_the_claim(epsilon: float, delta: float) -> None:
    m = ldpaudit.mechanism("agm", k=4, epsilon=epsilon, delta=delta)
    assert delta * (1 - 1e-9) < m.exact_delta(epsilon) <= delta
    assert m.exact_epsilon() > 1.5 * epsilon


# -------------------------------------------------------------------------- server


@each
def test_summaries_do_not_depend_on_order_or_batches(name: str) -> None:
    m, rng = noisy(name, 7, 1.0), np.random.default_rng(3)
    reports = m.privatize(rng.integers(0, 7, 5000), rng=rng)
    whole = m.aggregate(reports)
    parts = m.aggregate(reports[::-1][:1234]) + m.aggregate(reports[::-1][1234:])
    assert np.array_equal(whole.supports, parts.supports)
    assert m.estimate(whole) == pytest.approx(reports.mean(axis=0), abs=1e-6)


@each
def test_sampled_summaries_of_a_billion_users(name: str) -> None:
    """Error within 5 standard errors of the noise; the users' own values add none."""
    m, n = noisy(name, 4, 1.0), 10**9
    users = np.array([4, 3, 2, 1]) * (n // 10)
    counts = m.sample_counts(users, rng=np.random.default_rng(4))
    assert counts.num_users == n
    assert np.abs(m.estimate(counts) - users / n).max() < 5.5 * math.sqrt(m.mse(n))


@each
@pytest.mark.parametrize("epsilon", [0.1, 1.0, 4.0, 8.0])
@pytest.mark.parametrize("k", [2, 5, 17])
def test_contract(name: str, k: int, epsilon: float) -> None:
    assert len(check_mechanism(noisy(name, k, epsilon))) >= 8


@each
@pytest.mark.parametrize(
    "reports",
    [np.zeros((2, 3)), np.zeros(4), np.zeros((2, 4), dtype=np.int64), np.full((1, 4), np.nan),
     np.full((1, 4), 1e9)],
)  # fmt: skip
def test_reports_that_were_never_sent(name: str, reports: Any) -> None:
    m = noisy(name, 4, 1.0)
    for read in (m.aggregate, m.log_likelihood):
        with pytest.raises(ValueError, match="reports must"):
            read(reports)
