"""Whole counts of projective geometry response: the joint law of messages and of supports.

The reference goes through every combination of the users' messages. Statistical
tests fix their generator and raise a false alarm with probability 1e-6 or less.
"""

from __future__ import annotations

import itertools

import numpy as np
import pytest

from ldpaudit.contracts import HasCounts, HasReports
from ldpaudit.protocols._kernels import _message_counts
from ldpaudit.protocols._kernels._message_counts import orthogonal_messages, solutions, split_evenly
from ldpaudit.protocols._kernels._projective import ProjectiveSpace
from ldpaudit.protocols.categorical import projective_geometry
from ldpaudit.protocols.categorical.projective_geometry import ProjectiveGeometryResponse
from ldpaudit.testing.components import check_mechanism

from .blocks import Ints, Table, assert_evenly_spread, assert_follows, assert_mean, sum_law


def points(q: int, t: int) -> Ints:
    """Every point, one row each: first nonzero coordinate 1, in lexicographic order."""
    vectors = itertools.product(range(q), repeat=t)
    return np.array([v for v in vectors if next((c for c in v if c), 0) == 1])


def message_law(q: int, t: int, own: int | None) -> Table:
    """Uniform over the points orthogonal to the own one; over all for a free user."""
    listed = points(q, t)
    fit = np.ones(len(listed)) if own is None else listed @ listed[own] % q == 0
    return np.asarray(fit / fit.sum())


# --- messages --------------------------------------------------------------------------------


@pytest.mark.parametrize("parts", [1, 2, 3, 7, 12])
def test_even_split(parts: int) -> None:
    counts = np.array([[0, 10**6], [3, 10**12]])
    dealt = split_evenly(counts, parts, np.random.default_rng(parts)).reshape(2, 2, parts)
    np.testing.assert_array_equal(dealt.sum(axis=2), counts)
    if parts > 1:
        assert_evenly_spread(dealt[0, 1])
        assert_evenly_spread(dealt[1, 1])


@pytest.mark.parametrize(("q", "m"), [(2, 0), (2, 3), (3, 0), (3, 1), (3, 2), (5, 1)])
def test_solutions_of_each_equation_are_uniform(q: int, m: int) -> None:
    for index, (s, *w) in enumerate(itertools.product(range(q), repeat=m + 1)):
        users = np.zeros((1, q, q**m), dtype=np.int64)
        users.reshape(-1)[index] = 10**9
        drawn = solutions(q, users, np.random.default_rng(index))[0]
        listed = np.array(list(itertools.product(range(q), repeat=m + 1)))
        fit = (s + listed @ np.array([*w, 1])) % q == 0
        assert drawn[~fit].sum() == 0
        assert drawn.sum() == 10**9
        if m:
            assert_evenly_spread(drawn[fit])


@pytest.mark.parametrize(
    ("q", "t", "owns"),
    [
        (3, 2, [0, None, None]),
        (3, 2, [2, 3, None]),
        (3, 3, [0, 0]),
        (3, 3, [1, 7, 12]),
        (3, 3, [4, 4, None]),
        (3, 3, [2, None]),
        (3, 4, [25, 39]),
        (3, 4, [4, 13]),
        (5, 2, [1, 5, None]),
        (5, 3, [6, 30]),
        (5, 3, [11, 11]),
    ],
)
def test_joint_law_of_drawn_messages(q: int, t: int, owns: list[int | None]) -> None:
    """50,000 draws of all users at once against every combination of their messages."""
    space = ProjectiveSpace(q, t)
    users, free = np.zeros((50_000, space.size), dtype=np.int64), np.zeros(50_000, dtype=np.int64)
    for own in owns:
        if own is None:
            free += 1
        else:
            users[:, own] += 1
    drawn = orthogonal_messages(space, users, free, np.random.default_rng(3))
    laws = [message_law(q, t, own) for own in owns]
    assert_follows(drawn, sum_law(laws, np.eye(space.size, dtype=np.int64)))


@pytest.mark.parametrize(("q", "t"), [(3, 4), (5, 3), (7, 3), (11, 2)])
def test_many_drawn_messages_are_multinomial(
    q: int, t: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(_message_counts, "_CHUNK", 10)
    space, listed = ProjectiveSpace(q, t), points(q, t)
    for own in range(0, space.size, 3):
        users = np.zeros((1, own + 1), dtype=np.int64)  # the first points of the space
        users[0, own] = 10**9
        drawn = orthogonal_messages(space, users, np.array([0]), np.random.default_rng(own))[0]
        fit = listed @ listed[own] % q == 0
        assert drawn[~fit].sum() == 0
        assert drawn.sum() == 10**9
        if t > 2:
            assert_evenly_spread(drawn[fit])
    free = orthogonal_messages(
        space, np.zeros((1, 1), dtype=np.int64), np.array([10**9]), np.random.default_rng(0)
    )
    assert_evenly_spread(free[0])


# --- supports --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("k", "epsilon", "users"),
    [
        (4, 0.5, [1, 0, 2, 1]),
        (3, 0.1, [2, 1, 0]),
        (3, 1.0, [1, 1, 1]),
        (5, 0.5, [1, 0, 0, 1, 1]),
        (13, 0.5, [1] + [0] * 11 + [1]),
        (7, 1.0, [0, 1, 0, 0, 0, 0, 1]),
    ],
)
def test_joint_law_of_sampled_counts(k: int, epsilon: float, users: list[int]) -> None:
    """1500 summaries against every combination of the users' messages."""
    m, rng = ProjectiveGeometryResponse(k, epsilon), np.random.default_rng(7)
    listed = points(m.field_order, m.dimension)
    rows = (listed @ listed[:k].T % m.field_order == 0).astype(np.int64)
    shares = np.where(rows, np.exp(epsilon), 1.0)
    table = shares / shares.sum(axis=0)
    laws = [table[:, v] for v, many in enumerate(users) for _ in range(many)]
    drawn = np.array([m.sample_counts(users, rng=rng).supports for _ in range(1500)])
    assert_follows(drawn, sum_law(laws, rows))


@pytest.mark.parametrize(
    ("k", "epsilon"), [(1000, 0.5), (300, 1.0), (1000, 2.0), (600, 4.0), (200, 8.0)]
)
@pytest.mark.parametrize("num_users", [2**20, 2**40])
def test_error_of_sampled_counts_of_many_users(k: int, epsilon: float, num_users: int) -> None:
    m, rng = ProjectiveGeometryResponse(k, epsilon), np.random.default_rng(5)
    users = rng.multinomial(num_users, rng.dirichlet(np.full(k, 0.3)))
    counts = [m.sample_counts(users, rng=rng) for _ in range(20)]
    assert {c.num_users for c in counts} == {num_users}
    errors = [float(((m.estimate(c) - users / num_users) ** 2).mean()) for c in counts]
    assert_mean(np.array(errors), m.mse(num_users, users / num_users))


@pytest.mark.parametrize("epsilon", [12.0, 21.0])
def test_universe_of_one_value_a_message_needs_no_list(epsilon: float) -> None:
    m, rng = ProjectiveGeometryResponse(k=20, epsilon=epsilon), np.random.default_rng(2)
    assert m.dimension == 2
    counts = m.sample_counts(np.arange(1, 21) * 10**6, rng=rng)
    assert counts.supports.shape == (20,)
    error = float(((m.estimate(counts) - np.arange(1, 21) / 210) ** 2).mean())
    assert error <= 10 * m.mse(210 * 10**6, np.arange(1, 21) / 210)


def test_weights_of_messages_count_like_their_repetition() -> None:
    rng = np.random.default_rng(0)
    for q, t, k in ((3, 5, 121), (5, 4, 100), (11, 3, 133), (59, 2, 60), (23, 3, 300)):
        space = ProjectiveSpace(q, t)
        messages = rng.choice(space.size, min(space.size, 50), replace=False)
        times = rng.integers(0, 9, messages.size)
        repeated = space.count_orthogonal(np.repeat(messages, times), k)
        np.testing.assert_array_equal(space.count_orthogonal(messages, k, times), repeated)
        huge = space.count_orthogonal(messages, k, times * 2**40)
        np.testing.assert_array_equal(huge, repeated * 2**40)


# --- contracts and refusals ------------------------------------------------------------------


@pytest.mark.parametrize(("k", "epsilon"), [(40, 0.5), (13, 2.0)])
def test_contracts(k: int, epsilon: float) -> None:
    m = ProjectiveGeometryResponse(k, epsilon)
    assert isinstance(m, HasCounts)
    assert isinstance(m, HasReports)
    np.testing.assert_array_equal(m.every_report(), np.arange(m.universe_size))
    check_mechanism(m)


def test_refusals(monkeypatch: pytest.MonkeyPatch) -> None:
    m, rng = ProjectiveGeometryResponse(k=10, epsilon=1.0), np.random.default_rng(0)
    with pytest.raises(ValueError, match="histogram must be 10 whole numbers"):
        m.sample_counts(np.ones(9, dtype=np.int64), rng=rng)
    with pytest.raises(TypeError, match="Generator"):
        m.sample_counts([1] * 10, rng=np.random)  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="list of 8997001 reports"):
        ProjectiveGeometryResponse(k=22_000, epsilon=8.0).every_report()
    monkeypatch.setattr(projective_geometry, "MAX_LISTED_MESSAGES", 30)
    with pytest.raises(ValueError, match="at most 30 messages, got 31"):
        m.sample_counts([1] * 10, rng=rng)
