"""Published figures, direct sums, exact rational arithmetic, and the ends of the parameters."""

from __future__ import annotations

import math
from fractions import Fraction
from typing import Any

import numpy as np
import pytest
from scipy import stats

import ldpaudit
from ldpaudit.shuffling import central_delta, closed_form, curve, local_budget, shuffle
from ldpaudit.shuffling.channel import blanket_laws, channel_table
from ldpaudit.shuffling.divergence_bounds import COARSE, FINE, delta_lower, delta_upper
from ldpaudit.shuffling.lattice import Steps, lattice_sum
from ldpaudit.shuffling.laws import RatioLaw, against, clones

from .enumeration import histogram_laws


class OnlyClaims:
    """Says (epsilon, delta) and nothing of its channel."""

    k, epsilon, delta = 2, 1.0, 1e-5

    def privatize(self, values: Any, *, rng: Any) -> None:
        raise NotImplementedError


def grr(k: int, epsilon: float) -> Any:
    return ldpaudit.mechanism("grr", k=k, epsilon=epsilon)


def test_ten_thousand_users_of_randomized_response() -> None:
    found = shuffle(grr(10, 2.0), 10_000, 1e-6)
    assert 0.0798 <= found.epsilon_upper <= 0.0800
    assert found.epsilon_lower <= found.epsilon_upper <= found.epsilon_lower * 1.001
    assert found.upper_by == "blanket"
    assert found.published == pytest.approx(0.1144, abs=5e-5)
    assert found.clones == pytest.approx(0.1551, abs=1e-4)
    assert found.closed_form == pytest.approx(0.501, abs=5e-4)


def test_a_million_users() -> None:
    found = shuffle(grr(10, 4.0), 1_000_000, 1e-6)
    assert found.closed_form == pytest.approx(0.201, abs=5e-4)
    assert found.clones == pytest.approx(0.0493, abs=5e-5)
    assert found.published == pytest.approx(0.0343, abs=5e-5)
    assert 0.0318 < found.epsilon_lower < found.epsilon_upper < 0.0319


def direct_clones(epsilon: float, share: float, num_users: int, central: float) -> float:
    """The hockey stick of (A + D, C - A + 1 - D) by the double sum over C and A."""
    truth = math.exp(epsilon) / (math.exp(epsilon) + 1)
    total = []
    for clone_count in range(num_users):
        a = np.arange(clone_count + 2)
        law = stats.binom.pmf(a, clone_count, 0.5)
        moved = stats.binom.pmf(a - 1, clone_count, 0.5)
        first, second = truth * moved + (1 - truth) * law, (1 - truth) * moved + truth * law
        excess = np.maximum(first - math.exp(central) * second, 0).sum()
        total.append(stats.binom.pmf(clone_count, num_users - 1, share) * excess)
    return math.fsum(total)


@pytest.mark.parametrize("share", [math.exp(-1.5), 2 / (math.exp(1.5) + 1)])
def test_clones_against_the_double_sum(share: Any) -> None:
    for num_users, central in ((2, 0.7), (40, 0.5), (300, 0.3)):
        exact = direct_clones(1.5, share, num_users, central)
        found = delta_upper(clones(1.5, share), num_users, central)
        assert exact * (1 - 1e-12) <= found <= exact * (1 + 2e-3)


def direct_blanket(k: int, epsilon: float, num_users: int, central: float) -> float:
    """The blanket of randomized response by the sum over uniform reports and two counts."""
    e, factor = math.exp(epsilon), math.exp(central)
    total = []
    for uniform in range(num_users):
        size = uniform + 1  # the set holds user 0's report; weigh it as uniform, then correct
        h0 = np.arange(size + 1)[:, None]
        h1 = np.arange(size + 1)[None]
        law = stats.binom.pmf(h0, size, 1 / k) * stats.binom.pmf(
            h1, np.maximum(size - h0, 0), 1 / (k - 1)
        )
        likely, other = size + (e - 1) * h0, size + (e - 1) * h1
        inside = h0 + h1 <= size
        excess = np.where(inside, law * np.maximum(likely - factor * other, 0), 0.0).sum()
        excess *= k / (size * (e + k - 1))
        total.append(stats.binom.pmf(uniform, num_users - 1, k / (e + k - 1)) * excess)
    return math.fsum(total)


def test_the_blanket_of_randomized_response_against_the_triple_sum() -> None:
    laws = blanket_laws(channel_table(grr(5, 2.0)))  # type: ignore[arg-type]
    assert laws is not None
    assert len(laws) == 1  # all pairs look alike
    for num_users, central in ((3, 1.0), (30, 0.8), (150, 0.6)):
        exact = direct_blanket(5, 2.0, num_users, central)
        found = delta_upper(laws[0], num_users, central)
        assert exact * (1 - 1e-12) <= found <= exact * (1 + 2e-3)


def test_a_finer_lattice_brings_the_bounds_together() -> None:
    table = channel_table(grr(6, 1.0))
    law = against(table[2], table[0], table[1])  # type: ignore[index]
    for num_users in (50, 5_000):
        wide, near = (
            (delta_lower(law, num_users, 0.1, points), delta_upper(law, num_users, 0.1, points))
            for points in (COARSE, FINE)
        )
        assert wide[0] <= near[0] <= near[1] <= wide[1]
        assert near[1] - near[0] < 5e-3 * near[1]


def test_figures_far_below_the_smallest_probabilities_of_a_plain_transform() -> None:
    # 1e-30 is fourteen orders below the rounding of a transform of probabilities.
    found = shuffle(grr(4, 1.0), 2_000, 1e-30)
    assert 0.9 * found.epsilon_upper < found.epsilon_lower < found.epsilon_upper < 1.0


def test_the_error_of_a_lattice_sum_is_within_its_bound() -> None:
    # A sum of n fair steps of 0 and 1, tilted: a binomial law.
    for users in (10, 1_000, 100_000):
        steps = Steps(np.array([0, 1]), np.array([0.7, 0.3]), 0.0, 1.0, 0.0, 0.0, 0.0)
        found = lattice_sum(steps, users)
        exact = stats.binom.pmf(found.low + np.arange(found.probability.size), users, 0.3)
        off = float(np.linalg.norm(found.probability - exact))
        # The reference itself is good to about 1e-12 of each probability for so many users.
        assert off <= found.error + found.outside + 1e-11 * float(np.linalg.norm(exact))
        assert found.error < 1e-6
        assert found.outside < 1e-12


def rational_laws(others: tuple[int, ...]) -> list[tuple[Fraction, Fraction]]:
    """Randomized response, k = 4 and e = 7: user 0 holds 0 or 1, the others these values."""
    e = Fraction(7)
    table = [[(e if x == y else Fraction(1)) / (e + 3) for y in range(4)] for x in range(4)]
    laws = dict(histogram_laws(np.array(table, dtype=object), len(others) + 1, others))[others]
    found = list(zip(laws[0].ravel().tolist(), laws[1].ravel().tolist(), strict=True))
    assert [sum(column) for column in zip(*found, strict=True)] == [1, 1]
    return found


def test_published_as_exact_and_below_the_truth() -> None:
    """n = 6 at delta = 0.02, in rational arithmetic: published 1.533531, exact 1.7596."""
    # exp(1.533531) from above, so that the divergence is from below.
    claimed, delta = Fraction(46345125, 10**7), Fraction(2, 100)
    assert math.exp(1.533531) < claimed < math.exp(1.533532)
    for others, at_claim, low, high, epsilon in (
        ((2,) * 5, 0.0247644, Fraction(48489, 10**4), Fraction(48490, 10**4), 1.5788),
        ((0,) * 5, 0.0397567, Fraction(58100, 10**4), Fraction(58101, 10**4), 1.7596),
    ):
        laws = rational_laws(others)
        low_delta, high_delta, claimed_delta = (
            sum(max(a - factor * b, Fraction(0)) for a, b in laws)
            for factor in (low, high, claimed)
        )
        assert float(claimed_delta) == pytest.approx(at_claim, abs=1e-7)
        assert claimed_delta > low_delta > delta > high_delta
        assert round(math.log(low), 4) == round(math.log(high), 4) == epsilon
    found = shuffle(grr(4, math.log(7)), 6, 0.02)
    assert 1.7594 < found.epsilon_lower < math.log(5.8101)
    assert math.log(5.81) < found.epsilon_upper < 1.7598


@pytest.mark.parametrize(
    ("num_users", "k", "delta", "published"),
    [(20, 4, 1e-4, 1.6282), (200, 10, 1e-6, 0.62765)],
)
def test_more_figures_that_are_below_the_truth(
    num_users: Any, k: Any, delta: Any, published: Any
) -> None:
    low, high = central_delta(grr(k, 2.0), num_users, published)
    assert delta < low < high
    assert shuffle(grr(k, 2.0), num_users, delta).epsilon_lower > published


def test_a_delta_of_its_own_is_counted() -> None:
    # The truth with probability delta, whose ratio is a little above exp(epsilon).
    plain, leaky = (
        ldpaudit.mechanism(name, k=4, epsilon=1.0, **more)
        for name, more in (("grr", {}), ("agrr", {"delta": 1e-3}))
    )
    quiet, loud = (central_delta(m, 3, 1.0) for m in (plain, leaky))
    assert quiet[1] < 1e-9
    assert loud[0] > 1e-5


def test_reports_outside_the_blanket_are_exposed() -> None:
    law = RatioLaw(np.array([0.5]), np.array([1.0]), np.array([1.0]), np.array([[0.5, 0.0]]))
    assert delta_upper(law, 100, 1.0) == pytest.approx(0.5, abs=1e-10)
    assert delta_lower(law, 100, 1.0) == pytest.approx(0.5, abs=1e-10)


def test_without_a_channel_the_clones_decide() -> None:
    found = shuffle(ldpaudit.mechanism("she", k=10, epsilon=1.0), 5_000, 1e-6)
    assert (found.upper_by, found.epsilon_lower) == ("clones", 0.0)
    assert found.epsilon_upper == found.clones < found.closed_form  # type: ignore[operator]


def test_few_users_gain_nothing() -> None:
    found = shuffle(grr(4, 0.5), 1, 1e-6)
    assert found.upper_by in {"one report", "blanket", "clones"}
    assert 0.499 < found.epsilon_lower <= found.epsilon_upper <= 0.5 + 1e-9
    assert found.closed_form is None


def test_the_order_of_what_is_bounded() -> None:
    build = lambda epsilon: grr(4, epsilon)  # noqa: E731
    found = curve(build, epsilons=[0.5, 1.0], num_users=[50, 500], deltas=[1e-6])
    few, many, few_more, many_more = found
    assert [bounds.num_users for bounds in found] == [50, 500, 50, 500]
    assert many.epsilon_upper < few.epsilon_lower < few_more.epsilon_lower
    assert many.epsilon_upper < many_more.epsilon_lower < few_more.epsilon_lower
    assert shuffle(build(1.0), 500, 1e-3).epsilon_upper < many_more.epsilon_lower  # type: ignore[no-untyped-call]


@pytest.mark.parametrize("name", ["grr", "she"])
def test_the_local_budget_meets_the_target_and_hardly_more_does(name: Any) -> None:
    build = lambda epsilon: ldpaudit.mechanism(name, k=6, epsilon=epsilon)  # noqa: E731
    local = local_budget(build, 20_000, 0.25, 1e-6)
    assert shuffle(build(local), 20_000, 1e-6).epsilon_upper <= 0.25 * (1 + 1e-4)  # type: ignore[no-untyped-call]
    assert shuffle(build(local * 1.001), 20_000, 1e-6).epsilon_upper > 0.25  # type: ignore[no-untyped-call]


@pytest.mark.parametrize(
    ("num_users", "delta", "message"),
    [
        (0, 1e-6, "num_users must be at least 1, got 0"),
        (10**10, 1e-6, "num_users must be at most 1000000000"),
        (100, 0.0, "delta must lie strictly between 0 and 1, got 0.0"),
    ],
)
def test_parameters_out_of_range(num_users: Any, delta: Any, message: Any) -> None:
    with pytest.raises(ValueError, match=message):
        shuffle(grr(4, 1.0), num_users, delta)


def test_what_is_no_mechanism_is_refused() -> None:
    with pytest.raises(TypeError, match="mechanism must have k, epsilon and privatize"):
        shuffle("grr")
    with pytest.raises(ValueError, match="reports that can be listed"):
        shuffle(OnlyClaims())


def test_the_formula_of_2021() -> None:
    assert closed_form(4.0, 1_000_000, 1e-6) == pytest.approx(0.201, abs=5e-4)
    assert closed_form(8.0, 10_000, 1e-6) is None


def test_numbers_are_shuffled_by_their_epsilon_and_their_ends() -> None:
    """The ends of the interval are randomized response on two values, where nothing is lost."""
    duchi = ldpaudit.mechanism("duchi", epsilon=1.0)
    grr = ldpaudit.mechanism("grr", k=2, epsilon=1.0)
    found, two = (shuffle(m, 10_000, 1e-6) for m in (duchi, grr))
    assert two.epsilon_lower * 0.99 <= found.epsilon_lower <= found.epsilon_upper
    assert found.epsilon_upper == pytest.approx(found.clones)
    assert found.local_epsilon == pytest.approx(1.0)
