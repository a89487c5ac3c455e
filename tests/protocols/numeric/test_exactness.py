"""Privacy of the mechanisms for one number, by enumeration of their reports and weights."""

from __future__ import annotations

import math
from fractions import Fraction
from typing import Any

import numpy as np
import pytest

from ldpaudit.protocols.numeric import (
    Dithered,
    Duchi,
    Hybrid,
    Laplace,
    Piecewise,
    Rounded,
    SquareWave,
    Staircase,
)
from ldpaudit.protocols.numeric._weights import TOTAL, below, weights, whole_gap

INPUTS = np.array([-1.0, 1.0, -0.999999, -0.3, 0.0, 0.123456789, 0.5, 0.99])
EPSILONS = [0.05, 0.7, 1.0, 2.3, 4.0, 7.5]
FINITE = [Duchi, Rounded, Dithered, Piecewise, Hybrid, SquareWave]
NOISES = [Laplace, Staircase]


def law(m: Any) -> np.ndarray[Any, Any]:
    """Log P(report | input) of all reports that have any probability to speak of."""
    if isinstance(m, Laplace | Staircase):
        far = round((1.5 + 25 / m.epsilon) * m._steps)
        return np.asarray(m.log_likelihood(np.arange(-far, far + 1), INPUTS[[0, 1, 3, 5]]))
    return np.asarray(m.log_likelihood(np.arange(m._outputs), INPUTS))


@pytest.mark.parametrize("maker", [*FINITE, *NOISES])
@pytest.mark.parametrize("epsilon", EPSILONS)
def test_likelihoods_sum_to_one_and_differ_by_epsilon(maker: Any, epsilon: float) -> None:
    if maker in NOISES and epsilon < 0.5:
        pytest.skip("its reports are too many to list")
    m = maker(epsilon)
    table = law(m)
    table = table[table[:, 0] > -math.inf]
    np.testing.assert_allclose(np.exp(table).sum(axis=0), 1, atol=1e-9)
    widest = float((table.max(axis=1) - table.min(axis=1)).max())
    assert m.exact_epsilon() == pytest.approx(epsilon, abs=1e-9)
    assert m.exact_epsilon() <= epsilon + 1e-13  # what is printed is rounded; the weights are not
    assert widest == pytest.approx(m.exact_epsilon(), abs=1e-11)
    assert float((table[:, 0] - table[:, 1]).max()) == pytest.approx(widest, abs=1e-11)


@pytest.mark.parametrize("maker", [*FINITE, *NOISES])
@pytest.mark.parametrize("epsilon", [0.7, 3.0])
def test_delta_is_the_hockey_stick_of_the_ends(maker: Any, epsilon: float) -> None:
    m = maker(epsilon)
    table = np.exp(law(m)[:, :4])
    for claim in (0.0, 0.4 * epsilon, epsilon):
        deltas = np.maximum(0, table[:, None, :] - math.exp(claim) * table[:, :, None]).sum(axis=0)
        assert m.exact_delta(claim) == pytest.approx(deltas[1, 0], abs=1e-9)
        assert m.exact_delta(claim) >= deltas.max() - 1e-12
    assert m.exact_delta(m.exact_epsilon() + 0.1) == 0
    with pytest.raises(ValueError, match="epsilon must be at least 0 and finite"):
        m.exact_delta(-1)


@pytest.mark.parametrize("epsilon", [1e-12, 1e-3, 0.3, 1.0, 5.0, 20.0, 36.0, 80.0, 700.0])
@pytest.mark.parametrize(("outputs", "width"), [(2, 1), (9, 1), (400_000, 150_000), (70_000, 1)])
def test_ratio_of_whole_weights_is_at_most_exp_epsilon(
    epsilon: float, outputs: int, width: int
) -> None:
    w = weights(epsilon, outputs, width)
    assert w.blind >= 1
    assert w.extra >= 0
    assert w.total <= TOTAL
    # exp(epsilon) is at least its Taylor sum, in rationals.
    if epsilon <= 36:
        x, term, total = Fraction(epsilon), Fraction(1), Fraction(1)
        for i in range(1, 200):
            term = term * x / i
            total += term
        assert Fraction(w.blind + w.extra, w.blind) <= total
    assert w.log_ratio <= epsilon * (1 + 1e-15)


def test_whole_gap_is_the_floor() -> None:
    assert whole_gap(math.log(3), 10) in (19, 20)  # the double is below or above ln 3
    assert whole_gap(1.0, 10**15) == 1718281828459045
    assert whole_gap(1e-12, 10) == 0


class Places:
    """A generator whose doubles are these whole numbers of 2**-52."""

    def __init__(self, places: list[int]) -> None:
        self.places = np.array(places) / TOTAL

    def random(self, size: int) -> np.ndarray[Any, Any]:
        assert size == self.places.size
        return self.places.copy()


def test_numbers_below_a_total_are_all_equally_likely() -> None:
    rng = np.random.default_rng(3)
    assert np.array_equal(rng.random(1000) * 2.0**53 % 1, np.zeros(1000))  # whole multiples
    drawn = below(5, 40_000, rng, 8)  # three of eight are drawn again
    counts = np.bincount(drawn.astype(int), minlength=8)
    assert counts[5:].sum() == 0
    assert (np.abs(counts[:5] - 8000) < 5 * math.sqrt(8000 * 0.8)).all()  # false alarm 6e-7
    assert below(7, 0, rng).size == 0


@pytest.mark.parametrize("m", [Rounded(1.2, levels=4), Duchi(0.7)], ids=repr)
def test_one_number_decides_a_rounded_report_as_weighed(m: Any) -> None:
    """Every threshold of the draw, by feeding it all places around them."""
    w = m._law
    for position in (0.0, 0.25, 0.5, 1.0 * m._steps):
        below = min(int(position), m._steps - 1)
        up = (position - below) * w.extra
        edges = {0, math.floor(up) - 1, math.floor(up), math.ceil(up), w.extra - 1, w.extra}
        edges |= {w.extra + j * w.blind + d for j in range(m._steps + 1) for d in (-1, 0, 1)}
        places = sorted(p for p in edges if 0 <= p < w.total)
        drawn = m._draw(np.full(len(places), position), Places(places))
        if isinstance(m, Duchi):  # one threshold alone
            edge = w.blind + position * w.extra
            assert drawn.tolist() == [int(p < edge) for p in places]
            continue
        wanted = [below + (p < up) if p < w.extra else (p - w.extra) // w.blind for p in places]
        assert drawn.tolist() == wanted


@pytest.mark.parametrize("m", [Piecewise(1.3), SquareWave(0.8), Dithered(2.1)], ids=repr)
def test_a_window_is_drawn_as_weighed(m: Any) -> None:
    w = m._law
    if isinstance(m, Dithered):
        size, levels = m.dithers, m.levels or 0
        assert size * (levels * w.blind + w.extra) == w.total
        edges = {0, 1, w.extra // 2, w.extra - 1}
        edges |= {w.extra + j * w.blind + d for j in range(levels) for d in (0, 1, w.blind - 1)}
        for position, dither in ((0.0, 0), (1.75, 7), (float(m._steps), size - 1), (70_000.4, 99)):
            places = [p * size + dither for p in sorted(edges)]
            drawn = m._draw(np.full(len(places), position), Places(places))  # type: ignore[arg-type]
            wanted = [
                math.floor((position + dither + p / w.extra) / size)
                if p < w.extra
                else (p - w.extra) // w.blind
                for p in sorted(edges)
            ]
            assert drawn.tolist() == [j * size + size - 1 - dither for j in wanted]
        return
    for position in (0.0, 777.25, float(m._steps)):
        offsets = (0, 1, m._width // 2, m._width - 1)
        steps = (0, 1, w.extra // 4, w.extra * 3 // 4 + (w.extra >> 20), w.extra - 1)
        edges = {o * w.extra + d for o in offsets for d in steps}
        cells = (0, 1, w.outputs // 3, w.outputs - 1)
        edges |= {w.told + c * w.blind + d for c in cells for d in (0, 1, w.blind - 1)}
        places = sorted(edges)
        drawn = m._draw(np.full(len(places), position), Places(places))
        # What is left over of the place rounds the position.
        nodes = [math.floor(Fraction(position) + Fraction(p % w.extra, w.extra)) for p in places]
        wanted = [
            node + p // w.extra if p < w.told else (p - w.told) // w.blind
            for p, node in zip(places, nodes, strict=True)
        ]
        assert drawn.tolist() == wanted


@pytest.mark.parametrize("maker", NOISES)
def test_noise_has_a_floor_on_epsilon(maker: Any) -> None:
    with pytest.raises(ValueError, match="epsilon must be at least 1e-06 here, got 1e-07"):
        maker(1e-7)
    assert maker(1e-6).exact_epsilon() == pytest.approx(1e-6, abs=1e-9)


def test_a_tilted_threshold_is_drawn_as_weighed() -> None:
    """Truth with weight extra, split by the place of the number in its cell; lies with blind."""
    m: Any = Dithered(1.1)
    tilt, w, cells = m._tilt, m._tilt.law, m.dithers
    assert cells * (2 * w.blind + w.extra) == w.total
    near = w.extra >> 20  # a place counts to 30 bits
    edges = [0, 1, w.extra // 4 - near, w.extra // 4 + near, w.extra // 2]
    edges += [w.extra - 1, *(w.extra + j * w.blind + d for j in (0, 1) for d in (0, w.blind - 1))]
    for cell in (0, 7, cells - 1):
        low, high = tilt.ends[cell : cell + 2]
        for own in (low, low + (high - low) / 4, high, -(2.0**18), 2.0**18):
            places = [p * cells + cell for p in edges]
            drawn = tilt.draw(np.full(len(places), own), Places(places))
            up = (own - low) / (high - low) * w.extra
            wanted = [p < up if p < w.extra else p >= w.extra + w.blind for p in edges]
            assert drawn.tolist() == [level * cells + cell for level in wanted]
