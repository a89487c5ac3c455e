"""Classes of reports against the list of all reports, and against every ideal hash function."""

from __future__ import annotations

import itertools
from typing import Any

import numpy as np
import pytest

import ldpaudit
from ldpaudit.contracts import HasPairClasses
from ldpaudit.shuffling.channel import blanket_laws, channel_table, pair_laws
from ldpaudit.shuffling.laws import RatioLaw, against


def content(law: RatioLaw) -> np.ndarray:
    """A law as sorted rows, ratios that differ by rounding merged."""
    merged: dict[tuple[str, str], float] = {}
    for first, second, share in zip(law.first, law.second, law.share, strict=True):
        key = f"{first:.8e}", f"{second:.8e}"
        merged[key] = merged.get(key, 0.0) + share
    rows = np.array([(float(a), float(b), w) for (a, b), w in merged.items() if w > 1e-15])
    return rows[np.lexsort((rows[:, 1], rows[:, 0]))]


def same(first: RatioLaw, second: RatioLaw) -> bool:
    one, two = content(first), content(second)
    return one.shape == two.shape and np.allclose(one, two, rtol=1e-9)


LISTED = [
    (name, k, epsilon, more)
    for name, more in (
        ("grr", {}),
        ("ss", {}),
        ("sue", {}),
        ("oue", {}),
        ("ue", {"p": 0.7}),
        ("asue", {"delta": 1e-3}),
        ("l-grr", {"epsilon_inf": 4.0}),
        ("l-osue", {"epsilon_inf": 4.0}),
    )
    for k, epsilon in ((2, 1.0), (3, 0.5), (5, 2.0), (7, 0.3))
]


@pytest.mark.parametrize(("name", "k", "epsilon", "more"), LISTED)
def test_classes_say_what_the_list_says(name: Any, k: Any, epsilon: Any, more: Any) -> None:
    mechanism = ldpaudit.mechanism(name, k=k, epsilon=epsilon, **more)
    assert isinstance(mechanism, HasPairClasses)
    rows, least = mechanism.pair_classes()
    np.testing.assert_allclose(rows.sum(axis=1), 1, rtol=1e-12)
    assert (least <= rows.min(axis=0) * (1 + 1e-12)).all()
    table, known = channel_table(mechanism), pair_laws(mechanism)
    listed = blanket_laws(table)  # type: ignore[arg-type]
    assert known.blanket is not None
    assert listed is not None
    assert all(same(known.blanket[0], law) for law in listed)
    third = min(2, k - 1)
    expected = against(table[third], table[0], table[1])  # type: ignore[index]
    assert any(same(expected, law) for law in known.attacks)


@pytest.mark.parametrize(("name", "epsilon"), [("blh", 1.0), ("olh", 1.0), ("olh", 2.0)])
@pytest.mark.parametrize("k", [2, 3, 4])
def test_local_hashing_against_every_ideal_hash(name: Any, epsilon: Any, k: Any) -> None:
    mechanism = ldpaudit.mechanism(name, k=k, epsilon=epsilon)
    g, p, lie = mechanism.num_buckets, mechanism.p_star, mechanism.own_missed
    lie /= g - 1
    columns = [
        [(p if hashed[value] == bucket else lie) / g**k for value in range(k)]
        for hashed in itertools.product(range(g), repeat=k)
        for bucket in range(g)
    ]
    table = np.array(columns).T
    rows, least = mechanism.pair_classes()
    np.testing.assert_allclose(rows.sum(axis=1), 1, rtol=1e-12)
    third = min(2, k - 1)
    expected = against(table[third], table[0], table[1])
    assert any(same(expected, law) for law in pair_laws(mechanism).attacks)
    # A lie is what all values send at least; where all hash to one bucket, it is more.
    assert 0 <= table.min(axis=0).sum() - least.sum() <= (p - lie) * g ** (1 - k) * (1 + 1e-9)
    known = pair_laws(mechanism).blanket
    assert known is not None
    flat = against(np.full(table.shape[1], lie / g**k), table[0], table[1])
    assert same(known[0], flat)


def test_a_domain_of_a_million_values() -> None:
    found = ldpaudit.shuffle(ldpaudit.mechanism("grr", k=10**6, epsilon=4.0), 10_000, 1e-6)
    assert 0 < found.epsilon_lower < found.epsilon_upper < 1.01 * found.epsilon_lower
