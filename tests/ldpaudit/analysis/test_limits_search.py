"""A search for a mechanism below the limit: descent over whole channels, not over a derivation.

Every step of the search is an epsilon-LDP channel. Its error is the trace of the
inverse of the full Fisher information, its success the sum of largest entries; the
limit enters only as the target that each step tries to get below.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pytest

from ldpaudit.analysis.limits import Frontier, frontier, mse_without_epsilon

Floats = npt.NDArray[np.float64]
RATES = (0.9, 0.99)  # Adam's memories of the slope and of its square


@dataclass
class Channels:
    """Batches of channels by free parameters; every value of them is an epsilon-LDP channel.

    Columns A have entries within a factor of exp(epsilon). Scaled by at most
    (e - 1) / (e max R - min R), R their row sums, what is missing to 1 is one more such
    column; and every channel is of this form (take its last column as the missing one).
    """

    epsilon: float
    shape: Floats  # (n, m, k): how far each entry is from the least of its column, as logits
    weight: Floats  # (n, m): log weights of the columns
    share: Floats  # (n,): share of the largest scale, as logits

    def parameters(self) -> tuple[Floats, Floats, Floats]:
        return self.shape, self.weight, self.share

    def build(self) -> Floats:
        """Channels of shape (n, m + 1, k), the missing column last."""
        e = math.exp(self.epsilon)
        self._place = 1 / (1 + np.exp(-self.shape))
        self._columns = np.exp(self.weight[..., None] + self.epsilon * self._place)
        self._rows = self._columns.sum(axis=1)
        self._top, self._low = self._rows.argmax(axis=1), self._rows.argmin(axis=1)
        self._room = e * self._rows.max(axis=1) - self._rows.min(axis=1)
        self._part = 1 / (1 + np.exp(-self.share))
        self._scale = self._part * (e - 1) / self._room
        missing = 1 - self._scale[:, None] * self._rows
        return np.concatenate((self._scale[:, None, None] * self._columns, missing[:, None]), 1)

    def pull_back(self, slope: Floats) -> tuple[Floats, Floats, Floats]:
        """Slopes of the parameters from the slopes of the entries."""
        inner, last = slope[:, :-1], slope[:, -1]
        by_scale = (inner * self._columns).sum(axis=(1, 2)) - (last * self._rows).sum(axis=1)
        room = np.zeros_like(self._rows)
        index = np.arange(len(room))
        room[index, self._top] += math.exp(self.epsilon)
        room[index, self._low] -= 1
        by_column = self._scale[:, None, None] * (inner - last[:, None])
        by_column -= (by_scale * self._scale / self._room)[:, None, None] * room[:, None]
        by_log = by_column * self._columns
        shape = by_log * self.epsilon * self._place * (1 - self._place)
        return shape, by_log.sum(axis=2), by_scale * self._scale * (1 - self._part)


def figures(channels: Floats) -> tuple[Floats, Floats, Floats]:
    """Success, error of one user, and the inverse information (zero along the ones)."""
    k = channels.shape[2]
    centred = channels - channels.mean(axis=2, keepdims=True)
    information = np.einsum("nyi,nyj->nij", centred / channels.mean(axis=2)[..., None], centred)
    inverse = np.linalg.inv(information + 1 / k) - 1 / k
    error = np.trace(inverse, axis1=1, axis2=2) / k
    return channels.max(axis=2).sum(axis=1) / k, error, inverse


def slopes(channels: Floats, limit: Frontier) -> tuple[Floats, Floats, Floats]:
    """Success, log of error over limit, and the slope of that by every entry."""
    k = channels.shape[2]
    success, error, inverse = figures(channels)
    mean = channels.mean(axis=2)[..., None]
    centred = channels - mean
    pulled = np.einsum("nyi,nij->nyj", centred, inverse @ inverse)
    by_entry = -2 * pulled / mean + (pulled * centred).sum(axis=2)[..., None] / (k * mean**2)
    by_entry /= k * error[:, None, None]
    step = 1e-7
    ends = np.minimum(success + step, 1.0), np.maximum(success - step, 1 / k + 1e-12)
    high, low = (np.log(limit.mse_at(end)) for end in ends)
    largest = np.zeros_like(channels)
    np.put_along_axis(largest, channels.argmax(axis=2)[..., None], 1.0, axis=2)
    by_success = (high - low) / (ends[0] - ends[1])
    slope = by_entry - by_success[:, None, None] * largest / k
    return success, np.log(error / limit.mse_at(success)), slope


def descend(
    limit: Frontier, epsilon: float, count: int, steps: int, rng: np.random.Generator
) -> tuple[Floats, Floats]:
    """Success and error over limit of `count` channels after `steps` steps of Adam."""
    k, columns = limit.k, 2**limit.k - 2
    spread = rng.choice([0.5, 2.0, 6.0], size=(count, 1, 1))
    found = Channels(
        epsilon,
        spread * rng.standard_normal((count, columns, k)),
        rng.choice([0.1, 1.0, 3.0], size=(count, 1)) * rng.standard_normal((count, columns)),
        rng.normal(2.0, 2.0, size=count),
    )
    memory = [(np.zeros_like(p), np.zeros_like(p)) for p in found.parameters()]
    for step in range(1, steps + 1):
        _, _, slope = slopes(found.build(), limit)
        for parameter, (first, second), by in zip(
            found.parameters(), memory, found.pull_back(slope), strict=True
        ):
            first += (1 - RATES[0]) * (by - first)
            second += (1 - RATES[1]) * (by**2 - second)
            unbiased = [m / (1 - r**step) for m, r in zip((first, second), RATES, strict=True)]
            rate = 0.3 * min(1.0, 4 * (1 - step / steps))
            parameter -= rate * unbiased[0] / (np.sqrt(unbiased[1]) + 1e-9)
            np.clip(parameter, -40, 40, out=parameter)
    channels = found.build()
    np.testing.assert_allclose(channels.sum(axis=1), 1.0, atol=1e-12)
    assert (channels.max(axis=2) <= math.exp(epsilon) * channels.min(axis=2) * (1 + 1e-9)).all()
    success, error, _ = figures(channels)
    return success, error / limit.mse_at(np.minimum(success, 1.0))


def test_the_slopes_are_those_of_the_search() -> None:
    """Against differences of the objective itself, over every kind of parameter."""
    rng = np.random.default_rng(1)
    found = Channels(1.0, rng.normal(size=(3, 6, 3)), rng.normal(size=(3, 6)), rng.normal(size=3))
    limit = frontier(3, 1.0)
    by = found.pull_back(slopes(found.build(), limit)[2])
    for parameter, slope in zip(found.parameters(), by, strict=True):
        flat = parameter.reshape(3, -1)
        for index in range(flat.shape[1]):
            value, ends = flat[:, index].copy(), []
            for step in (1e-6, -1e-6):
                flat[:, index] = value + step
                ends.append(slopes(found.build(), limit)[1])
            flat[:, index] = value
            wanted = (ends[0] - ends[1]) / 2e-6
            np.testing.assert_allclose(slope.reshape(3, -1)[:, index], wanted, atol=2e-6)


def search(k: int, epsilon: float, claimed: float, count: int) -> tuple[Floats, Floats]:
    """Descend in batches that fit the cache; the limit is that of the claimed epsilon."""
    limit, rng = frontier(k, claimed), np.random.default_rng(503)
    parts = [descend(limit, epsilon, min(count, 1400), 60, rng) for _ in range(-(-count // 1400))]
    success, ratio = (np.concatenate(part) for part in zip(*parts, strict=True))
    return success, ratio


def check_search(k: int, epsilon: float, count: int) -> None:
    """Nothing is below the curve, the search nears it, and a larger epsilon does get below."""
    success, ratio = search(k, epsilon, epsilon, count)
    # Both sides are inverses of small matrices: 1e-9 is what rounding leaves.
    assert ratio.min() > 1 - 1e-9
    assert ratio.min() < {2: 1.001, 3: 1.01, 4: 1.03}[k]
    for vertex in frontier(k, epsilon).points[:, 0]:  # and nears it everywhere
        assert ratio[abs(success - vertex) < 0.05 * vertex].min() < 1.1
    assert search(k, 1.1 * epsilon, epsilon, 300)[1].min() < 0.97


@pytest.mark.parametrize("k", [2, 3, 4])
def test_a_short_search_finds_nothing_below_the_limit(k: int) -> None:
    check_search(k, 1.0, 300)


@pytest.mark.slow
@pytest.mark.parametrize("epsilon", [0.5, 1.0, 2.0])
@pytest.mark.parametrize("k", [2, 3, 4])
def test_100_800_optimised_channels_and_none_below_the_limit(k: int, epsilon: float) -> None:
    check_search(k, epsilon, 11_200)


def random_channels(k: int, epsilon: float, count: int, rng: np.random.Generator) -> Floats:
    return Channels(
        epsilon,
        rng.choice([0.5, 3.0], size=(count, 1, 1)) * rng.normal(size=(count, 2 * k, k)),
        rng.normal(size=(count, 2 * k)),
        rng.normal(1.0, 1.0, size=count),
    ).build()


@pytest.mark.parametrize("k", [2, 3, 4])
@pytest.mark.parametrize("epsilon", [0.5, 2.0])
def test_fixed_users_against_estimates_from_the_channel(k: int, epsilon: float) -> None:
    """The error of the best linear unbiased estimate, over reports one by one.

    Its weights a(y) have E[a(y) | x] = the unit vector of x (up to what all vectors
    of shares have in common, their sum). Against the population at uniform truth the
    variance is that of a(y); against fixed users, evenly spread, the mean over x of
    the variance of a(y) given x.
    """
    limit = frontier(k, epsilon)
    centre = np.eye(k) - 1 / k
    for channel in random_channels(k, epsilon, 300, np.random.default_rng(4)):
        mean = channel.mean(axis=1)
        centred = channel @ centre
        information = centred.T @ (centred / mean[:, None])
        weights = centred / mean[:, None] @ np.linalg.pinv(information)  # (y, k)
        np.testing.assert_allclose(channel.T @ weights, centre, atol=1e-9)
        population = float((mean[:, None] * weights**2).sum() / k)
        given = np.einsum("yx,yj->xj", channel, weights**2) - (channel.T @ weights) ** 2
        users = float(given.sum() / k**2)
        success = min(float(channel.max(axis=1).sum() / k), 1.0)
        assert population >= limit.mse_at(success) * (1 - 1e-9)
        assert users >= limit.mse_at(success, target="users") * (1 - 1e-9)
        assert population - users == pytest.approx((1 - 1 / k) / k, rel=1e-6)


@pytest.mark.parametrize("k", [2, 3, 4])
def test_without_epsilon_no_channel_is_below_the_free_curve(k: int) -> None:
    """Columns of any ratio, sparse ones and permutations too."""
    rng = np.random.default_rng(9)
    tight = 0
    for concentration in (0.05, 0.3, 1.0, 5.0):
        channels = rng.dirichlet(np.full(2 * k, concentration), size=(2000, k)).swapaxes(1, 2)
        channels = np.maximum(channels, 1e-12)
        channels /= channels.sum(axis=1, keepdims=True)
        success, error, _ = figures(channels)
        seen = np.isfinite(error) & (error < 1e6) & (error > 0)
        ratio = error[seen] / mse_without_epsilon(k, np.minimum(success[seen], 1.0))
        assert ratio.min() > 1 - 1e-7
        tight += (ratio < 1.01).sum()
    assert tight > 0
