"""Bloom-filter RAPPOR: every exact figure against all reports of all cohorts, one by one."""

from __future__ import annotations

import itertools
import math
from typing import Any

import numpy as np
import pytest

from ldpaudit.protocols import BloomRappor, Rappor
from ldpaudit.testing import check_mechanism
from tests.protocols.channels import Table

from .histories import divergence, history_law, unary_noise

#: Values that share no bit in a cohort, all filters full or in part; p + q = 1 and not.
SMALL = (
    BloomRappor(5, 0.5, 0.25, 0.75, num_bits=4, num_hashes=2, num_cohorts=3),
    BloomRappor(4, 0.3, 0.2, 0.9, num_bits=5, num_hashes=2, num_cohorts=2),
    BloomRappor(4, 0.6, 0.5, 0.75, num_bits=3, num_hashes=3, num_cohorts=2),
    BloomRappor(3, 0.4, 0.3, 0.6, num_bits=4, num_hashes=1, num_cohorts=1),
)
small = pytest.mark.parametrize("m", SMALL, ids=repr)


def filters(m: BloomRappor, cohort: int) -> list[set[int]]:
    """Bits of each value, by its hash functions."""
    values = np.arange(m.k)
    return [set(row) for row in m._filters.hashed(np.full(m.k, cohort), values).tolist()]


def laws(m: BloomRappor, rounds: int) -> list[list[Table]]:
    """P(rows of all rounds | value) in each cohort, by permanent rows and then fresh noise.

    Rows are in the order of `itertools.product`: the first bit is the slowest.
    """
    fresh, found = unary_noise(m.num_bits, m.q, m.p), []
    rows = list(itertools.product((0, 1), repeat=m.num_bits))
    for cohort in range(m.num_cohorts):
        permanent = np.ones((m.k, len(rows)))
        for value, bits in enumerate(filters(m, cohort)):
            for (y, row), bit in itertools.product(enumerate(rows), range(m.num_bits)):
                truth = (bit in bits) == row[bit]
                permanent[value, y] *= 1 - m.f / 2 if truth else m.f / 2
        found.append([history_law(permanent, fresh, [v] * rounds) for v in range(m.k)])
    return found


def listed(m: BloomRappor) -> Any:
    """All reports, cohort by cohort in the order of `laws`."""
    rows = np.array(list(itertools.product((0, 1), repeat=m.num_bits)))
    order = rows @ 2 ** np.arange(m.num_bits)
    reports = m.every_report()
    starts = np.arange(m.num_cohorts)[:, None] * 2**m.num_bits
    return reports[(starts + order).ravel()]


@small
def test_one_report_by_enumeration(m: BloomRappor) -> None:
    by_cohort = laws(m, 1)
    table = np.concatenate([np.stack(law, axis=1) for law in by_cohort]) / m.num_cohorts
    np.testing.assert_allclose(np.exp(m.log_likelihood(listed(m))), table, rtol=1e-11)
    np.testing.assert_allclose(np.exp(m.log_likelihood(listed(m), [2])), table[:, 2:3], rtol=1e-11)
    pairs = list(itertools.permutations(range(m.k), 2))
    ratios = {(i, j): np.log(table[:, i] / table[:, j]).max() for i, j in pairs}
    assert m.exact_epsilon() == pytest.approx(max(ratios.values()), rel=1e-12)
    assert m.exact_epsilon() <= m.epsilon + 1e-12
    for i, j in pairs:
        apart = [np.abs(np.log(law[i] / law[j])).max() for law in by_cohort]
        np.testing.assert_allclose(m.pair_epsilons((i, j)), apart, atol=1e-12)
    for budget in (0.0, m.exact_epsilon() / 3, 0.9 * m.exact_epsilon()):
        worst = max(divergence(table[:, i], table[:, j], budget) for i, j in pairs)
        assert m.exact_delta(budget) == pytest.approx(worst, abs=1e-13)


@small
def test_two_reports_by_enumeration(m: BloomRappor) -> None:
    by_cohort = laws(m, 2)
    pairs = list(itertools.permutations(range(m.k), 2))
    worst = max(np.log(law[i] / law[j]).max() for law in by_cohort for i, j in pairs)
    assert m.composed_epsilon(2) == pytest.approx(worst, rel=1e-12)
    for budget in (0.0, worst / 2):
        told = max(
            np.mean([divergence(law[i], law[j], budget) for law in by_cohort]) for i, j in pairs
        )
        assert m.composed_delta(budget, 2) == pytest.approx(told, abs=1e-13)
    rows, every = 2**m.num_bits, listed(m)
    for cohort, law in enumerate(by_cohort):
        mine = every[cohort * rows : (cohort + 1) * rows]
        found = m.history_log_likelihood([np.repeat(mine, rows), np.tile(mine, rows)])
        given = np.stack([part.ravel() for part in law], axis=1) / m.num_cohorts
        np.testing.assert_allclose(np.exp(found), given, rtol=1e-11)


def test_the_formula_is_that_of_values_that_share_no_bit() -> None:
    """Of three bits one value can have two and the other the third, but none two others."""
    m = BloomRappor(4, 0.5, num_bits=3, num_hashes=2, num_cohorts=40)
    up, down = math.log(0.6875 / 0.5625), math.log(0.4375 / 0.3125)
    assert m.exact_epsilon() == pytest.approx(up + 2 * down)
    assert m.epsilon == pytest.approx(2 * up + 2 * down)
    many = BloomRappor(50, 0.5, num_bits=32, num_cohorts=4)
    own, other = 0.75 - 0.5 * 0.25 / 2, 0.5 + 0.5 * 0.25 / 2
    formula = 2 * math.log(own * (1 - other) / (other * (1 - own)))
    assert many.epsilon == pytest.approx(formula)
    assert many.exact_epsilon() == pytest.approx(formula)
    assert many.composed_epsilon(10_000) == pytest.approx(4 * math.log(3))
    alone = Rappor(50, 0.5)
    single = BloomRappor(50, 0.5, num_bits=4, num_hashes=1)
    assert single.exact_epsilon() == pytest.approx(alone.exact_epsilon())
    assert single.composed_delta(0.3, 7) < alone.composed_delta(0.3, 7)  # some cohorts collide


@pytest.mark.parametrize(
    "m",
    [
        *SMALL[:2],
        BloomRappor(6, 0.5, num_bits=3, num_hashes=2, num_cohorts=1),  # more values than bits
        BloomRappor(5, 0.5, num_bits=4, num_hashes=1, num_cohorts=2),
    ],
    ids=repr,
)
def test_the_server_by_enumeration(m: BloomRappor) -> None:
    """Means, errors and influences of the estimate from one report, over all reports."""
    reports = m.every_report()
    table = np.exp(m.log_likelihood(reports)).T
    alone = np.array([m.estimate(m.aggregate(reports[[i]])) for i in range(len(reports))])
    design = np.zeros((m.num_cohorts * m.num_bits, m.k))
    for cohort in range(m.num_cohorts):
        for value, bits in enumerate(filters(m, cohort)):
            design[[cohort * m.num_bits + bit for bit in bits], value] = 1
    hat = np.linalg.pinv(design) @ design
    assert m.unbiased == (np.linalg.matrix_rank(design) == m.k)
    np.testing.assert_allclose(table @ alone, hat.T, atol=1e-9)
    np.testing.assert_allclose(m.expected_sums([0, 2]), hat[[0, 2]].sum(axis=0), atol=1e-9)
    for frequencies in (np.eye(m.k)[1], np.arange(1, m.k + 1) / np.arange(1, m.k + 1).sum()):
        mean = frequencies @ table @ alone
        spread = sum(
            share * (law @ ((alone - law @ alone) ** 2).sum(axis=1))
            for share, law in zip(frequencies, table, strict=True)
        )
        for n in (1, 50):
            error = (spread / n + ((mean - frequencies) ** 2).sum()) / m.k
            assert m.mse(n, frequencies) == pytest.approx(error, rel=1e-9)
    np.testing.assert_allclose(m.single_influences(), alone.max(axis=0), rtol=1e-9)
    for targets in ([0], [1, 2]):
        best = alone[:, targets].sum(axis=1).max()
        assert m.influence(targets) == pytest.approx(best, rel=1e-9)
        false = m.false_reports(targets, 5, rng=np.random.default_rng(1))
        for row in range(5):
            raised = m.estimate(m.aggregate(false[[row]]))[targets].sum()
            assert raised == pytest.approx(best, rel=1e-9)


def test_the_contract_is_kept() -> None:
    """About once in a million each."""
    passed = check_mechanism(BloomRappor(6, 0.4, 0.3, num_bits=5, num_cohorts=3))
    kinds = {line.partition(":")[0] for line in passed}
    assert {"rounds", "budgets", "composition", "histories", "estimates", "channel"} <= kinds
    assert "estimate: unbiased, batches add up, error as stated by mse" in passed


@pytest.mark.slow
def test_it_is_kept_where_filters_depend_on_one_another() -> None:
    passed = check_mechanism(BloomRappor(6, 0.4, num_bits=4, num_cohorts=1))
    assert any(line.startswith("estimate of frequencies, after dealing") for line in passed)


def test_messages_come_back() -> None:
    m = BloomRappor(20, 0.5, num_bits=13, num_cohorts=5)
    reports = m.random_reports(40, rng=np.random.default_rng(2))
    messages = m.pack(reports)
    assert {len(message) for message in messages} == {2}
    assert np.array_equal(m.unpack(messages), reports)
    for wrong, why in (
        (b"\x00", "must have 2 bytes, got 1"),
        (b"\xff\xff", "must be of cohorts below 5, got 7"),
    ):
        with pytest.raises(ValueError, match=why):
            m.unpack([wrong])
    with pytest.raises(ValueError, match="padded with zeros"):
        BloomRappor(20, 0.5, num_bits=12, num_cohorts=5).unpack([b"\x00\x01"])
    with pytest.raises(TypeError, match="must be bytes, got str"):
        m.unpack(["ab"])  # type: ignore[list-item]


def test_what_is_refused() -> None:
    for given, why in (
        ({"f": 0.0}, "f must lie strictly between 0 and 1"),
        ({"p": 0.8}, r"p must be below q = 0\.75, got 0\.8"),
        ({"num_bits": 2, "num_hashes": 3}, "num_hashes must be at most 2"),
        ({"k": 10**5}, "k must be at most 65536 for 4096 bits of all cohorts, got 100000"),
    ):
        with pytest.raises(ValueError, match=why):
            BloomRappor(**({"k": 4, "f": 0.5} | given))
    m = BloomRappor(4, 0.5, num_cohorts=3)
    state = m.start(6, rng=np.random.default_rng(0))
    one = m.privatize_round([0] * 6, state, rng=np.random.default_rng(1))
    other = one.copy()
    other["cohort"] = (one["cohort"] + 1) % 3
    with pytest.raises(ValueError, match="the same cohort of a user in every round"):
        m.history_log_likelihood([one, other])
    other["cohort"] = 3
    with pytest.raises(ValueError, match="cohorts below 3, got 3"):
        m.aggregate(other)
    with pytest.raises(ValueError, match="too many to compare"):
        BloomRappor(10_000, 0.5).exact_delta(1.0)
    with pytest.raises(ValueError, match="above the limit"):
        BloomRappor(10, 0.5, num_hashes=4).composed_delta(1.0, 500)
