"""Exact draws: tables against many digits, every word, and what bits leave open."""

from __future__ import annotations

import math
import pickle
from bisect import bisect_right
from decimal import Context, Decimal
from itertools import accumulate
from typing import Any

import numpy as np
import pytest

from ldpaudit.protocols.numeric import Laplace, Staircase
from ldpaudit.protocols.numeric._lookup import Lookup
from ldpaudit.protocols.numeric._noise import _rounded
from ldpaudit.protocols.numeric._periods import Digit, Endless, Geometric, Near
from ldpaudit.protocols.numeric.staircase import Blocks

WORDS = np.arange(2**16).astype(np.uint16)
LAWS = [
    Near((1, 300), 32),
    Near((43, 1000), 1),
    Digit((3, 2**30), 8),
    Digit((1, 700), 1024),
    Endless((1, 100)),
    Endless((37, 5)),
    Endless((700, 1)),
    Blocks((1, 1), 5000),
    Blocks((1, 10**6), 8192),
    Blocks((40, 1), 1),
]


def shares(law: Any, context: Context) -> list[Decimal]:
    """Probabilities times 2^16, of weights from their definition, one by one."""

    def fall(times: int) -> Decimal:
        return context.exp(context.divide(Decimal(-law.rate[0] * times), Decimal(law.rate[1])))

    if isinstance(law, Near):
        weights = [fall(abs(v)) for v in range(-law.reach, law.reach)]
    elif isinstance(law, Digit):
        weights = [fall(y) for y in range(law.size)]
    elif isinstance(law, Endless):
        inside = [fall(y) for y in range(law._beyond)]
        total = context.divide(Decimal(1), context.subtract(Decimal(1), fall(1)))
        for weight in inside:
            total = context.subtract(total, weight)
        weights = [*inside, total]
    else:
        weights = [context.multiply(Decimal(size), fall(low)) for _, size, low in law._parted]
    *_, total = accumulate(weights, context.add)
    return [context.divide(context.multiply(weight, Decimal(2**16)), total) for weight in weights]


@pytest.mark.parametrize("law", LAWS, ids=repr)
def test_cells_and_sums_are_the_whole_parts_of_the_law(law: Lookup) -> None:
    context = Context(prec=900 if law.rate[0] > law.rate[1] else 150)  # type: ignore[attr-defined]
    wanted = shares(law, context)
    left = [context.subtract(share, int(share)) for share in wanted]
    *sums, total = accumulate(left, context.add)
    for bits in (53, 117):
        cells, ends = law.parts(bits)
        assert cells == [int(share) for share in wanted]
        spare = 2**16 - sum(cells)
        assert abs(total - spare) < Decimal(10) ** -100
        assert ends == [
            int(context.divide(context.multiply(part, Decimal(2**bits)), Decimal(spare)))
            for part in sums
        ]


@pytest.mark.parametrize("law", LAWS, ids=repr)
def test_every_word_names_a_cell(law: Lookup) -> None:
    """Each outcome comes from as many of all 2^16 words as it has cells, the rest by its sums."""
    rng, again = np.random.default_rng(3), np.random.default_rng(3)
    cells, ends = law.parts(53)
    drawn = law.draw(WORDS, rng)
    named = drawn[: sum(cells)] - law.first
    assert np.bincount(named, minlength=len(cells)).tolist() == cells
    whole = (again.random(2**16 - sum(cells)) * 2**53).astype(np.int64).tolist()
    wanted = np.array([bisect_right(ends, number) for number in whole]) + law.first
    if not isinstance(law, Endless):  # which goes on beyond its last outcome
        assert drawn[sum(cells) :].tolist() == wanted.tolist()


class Bits:
    """A generator whose doubles are these, and whose whole numbers are all the same."""

    def __init__(self, doubles: Any, more: int = 0) -> None:
        self.doubles, self.more = np.array(doubles), more

    def random(self, size: int) -> Any:
        assert size == self.doubles.size
        return self.doubles.copy()

    def integers(self, low: int, high: int) -> int:
        assert (low, high) == (0, 2**32)
        return self.more


@pytest.mark.parametrize("more", [0, 2**31, 2**32 - 1])
@pytest.mark.parametrize("law", [Near((1, 300), 8), Endless((1, 3)), Blocks((1, 1), 77)], ids=repr)
def test_what_doubles_leave_open_is_settled_by_more_bits(law: Any, more: int) -> None:
    """Uniform numbers next to the sums: as all their 53 + 32 j bits say at 150 digits."""
    _, ends = law.parts(53)
    whole = [end + d for end in ends for d in (-1, 0, 1)]
    rng: Any = Bits([number * 2.0**-53 for number in whole], more)
    context = Context(prec=150)
    left = [context.subtract(share, int(share)) for share in shares(law, context)]
    sums = list(accumulate(left, context.add))
    for number, found in zip(whole, Lookup._rest(law, len(whole), rng), strict=True):
        known, bits = number, 53
        for _ in range(6):
            known, bits = known << 32 | more, bits + 32
        middle = context.divide(Decimal(2 * known + 1), Decimal(2 ** (bits + 1)))
        assert bisect_right(sums, context.multiply(middle, sums[-1])) + law.first == found


@pytest.mark.parametrize("epsilon", [3.0, 0.2, 1e-3, 1e-6, 200.0, 700.0])
def test_noise_near_zero_and_whole_periods_make_the_law(epsilon: float) -> None:
    """P(v) P(j) is the law at z = v + j periods away from zero, to 12 digits, for both."""
    for m in (Laplace(epsilon), Staircase(epsilon)):
        period = 2**m._period
        if isinstance(m, Laplace):
            near = np.arange(-period, period)
            weight = np.array(m._around._weights(Context(prec=40)), dtype=np.float64)
        else:
            blocks = m._around._parted
            near = np.concatenate([np.arange(at, at + size) for at, size, _ in blocks])
            assert near.tolist() == list(range(-period, period))
            assert all(at % size == 0 for at, size, _ in blocks)
            each = np.array(m._around._weights(Context(prec=40)), dtype=np.float64)
            sizes = np.array([size for _, size, _ in blocks])
            weight = np.repeat(each / sizes, sizes)
        rate = m._periods.rate[0] / m._periods.rate[1]
        for j in (0, 1, 7):
            if rate * j > 600:
                continue
            law = weight / weight.sum() * math.exp(-rate * j) * -math.expm1(-rate)
            noise = near ^ (j << m._period)
            wanted = np.exp(m._log_weight(np.abs(noise)) - m._log_total)
            np.testing.assert_allclose(law, wanted, rtol=1e-9, atol=1e-300)


@pytest.mark.parametrize("ratio", [(1, 9), (5, 7), (40, 7), (3, 2**14), (3, 2**33), (3, 2**50)])
def test_geometric_draws(ratio: tuple[int, int]) -> None:
    """Shares below 41 cuts, five standard errors: 6e-7 false alarms each."""
    n, law = 40_000, Geometric(ratio)
    rng = np.random.default_rng(5)
    words = rng.integers(0, 2**16, (law.words, n), dtype=np.uint16)
    drawn, rate = law.draw(words, rng), ratio[0] / ratio[1]
    cuts = np.unique(np.floor(np.linspace(0, 8, 41) / rate))
    below = np.searchsorted(np.sort(drawn), cuts, side="left") / n
    wanted = -np.expm1(-rate * cuts)  # P(Y < cut)
    assert (np.abs(below - wanted) <= 5 * np.sqrt(wanted * (1 - wanted) / n) + 1e-12).all()


def test_digits_are_independent_parts_of_one_number() -> None:
    law = Geometric((3, 2**33))
    places = [below for below, _ in law._digits]
    assert len(places) == 4
    sizes = [digit.size for _, digit in law._digits[:-1] if isinstance(digit, Digit)]
    assert [2**place for place in places[1:]] == list(np.cumprod(sizes))
    assert [below + 5 for below in places] == [
        below for below, _ in Geometric(law.rate, unit=5)._digits
    ]
    assert law._digits[-1][1].rate == (3 << places[-1], 2**33)  # type: ignore[attr-defined]


def test_the_last_digit_goes_on_with_a_fresh_number() -> None:
    law = Endless((1, 100))
    _, ends = law.parts(53)
    last = (ends[-1] + 1) * 2.0**-53

    class Once(Bits):
        def random(self, size: int) -> Any:
            return self.doubles[:size]

        def integers(self, low: int, high: int, size: int, dtype: Any) -> Any:  # type: ignore[override]
            assert (low, high, size) == (0, 2**16, 2)
            return np.array([0, 30_000], dtype=dtype)

    rng: Any = Once([last, last, 0.0])
    fresh = law.draw(np.array([0, 30_000], dtype=np.uint16), rng)
    assert law._rest(2, rng).tolist() == (law._beyond + fresh).tolist()
    assert law._beyond == 1201
    assert law.parts(53)[0][-1] == 0  # no cell is beyond


@pytest.mark.parametrize("x", [0.0, 0.25, 1 / 3, 1 - 2.0**-20, 2.0**-30])
def test_inputs_are_rounded_as_likely_as_they_are_far(x: float) -> None:
    """All words: the share of those that go up, with what is left to the double, is x."""
    position = np.full(2**16, (5 + x) * 2**16)
    asked = []

    class Asked(Bits):
        def random(self, size: int) -> Any:
            asked.append(size)
            return np.full(size, 0.5)

    rng: Any = Asked([])
    node = _rounded(position, WORDS, rng)
    share, rest = divmod(x * 2**16, 1)
    assert asked == [1]
    assert node.sum() - 5 * 2**16 == share + (rest > 0.5)
    last: Any = np.full(2**16, np.nextafter(2.0**30, np.inf))  # rounding beyond the end
    assert (_rounded(last, WORDS, Bits([0.0])) == 2**14).all()  # type: ignore[arg-type]


def test_tables_travel_to_other_processes() -> None:
    for m in (Laplace(1.0), Staircase(1.0)):
        m.privatize([0.3], rng=np.random.default_rng(0))
        again = pickle.loads(pickle.dumps(m))  # noqa: S301
        one, two = (w.privatize(np.zeros(999), rng=np.random.default_rng(1)) for w in (m, again))
        assert np.array_equal(one, two)
