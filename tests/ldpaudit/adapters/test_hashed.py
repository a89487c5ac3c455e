"""Locally hashed reports say nothing to a witness until they are shown as what they support."""

from __future__ import annotations

import hashlib
import math
from typing import Any

import numpy as np
import pytest

import ldpaudit
from ldpaudit.adapters import supported_values

BUCKETS = 4  # e^epsilon + 1 at epsilon = ln 3


def hash_of(value: int, seed: int) -> int:
    return hashlib.blake2b(f"{value} {seed}".encode(), digest_size=1).digest()[0] % BUCKETS


def client(value: int, rng: np.random.Generator) -> tuple[int, int]:
    """The truth with probability 1/2, else one of three other buckets: epsilon = ln 3."""
    seed = int(rng.integers(2**40))
    true = hash_of(value, seed)
    return (true if rng.random() < 0.5 else (true + int(rng.integers(1, 4))) % BUCKETS), seed


def shown(value: int, rng: np.random.Generator) -> Any:
    return supported_values([client(value, rng)], hash_of, range(3))[0]


def test_what_is_supported_is_seen() -> None:
    bare = ldpaudit.from_callable(client, k=3, epsilon=math.log(3))
    assert ldpaudit.audit(bare, [], trials=3_000, pair=(0, 1)).epsilon_lower < 0.3
    seen = ldpaudit.from_callable(shown, k=3, epsilon=math.log(3))
    result = ldpaudit.audit(seen, [], trials=3_000, pair=(0, 1))
    assert result.verdict == "consistent"
    assert 0.9 < result.epsilon_lower < math.log(3)


def test_each_entry_is_what_the_server_computes() -> None:
    rng = np.random.default_rng(0)
    reports = [client(1, rng) for _ in range(50)]
    expected = [[hash_of(v, seed) == bucket for v in range(3)] for bucket, seed in reports]
    assert supported_values(reports, hash_of, range(3)).tolist() == expected
    assert supported_values(np.array(reports), hash_of, range(3)).tolist() == expected


@pytest.mark.parametrize(
    ("reports", "values", "message"),
    [
        ([(1, 2, 3)], range(2), r"must be \(bucket, seed\), got \(1, 2, 3\) in row 1"),
        ([(1, 2), 5], range(2), "got 5 in row 2"),
        (["ab"], range(2), "got 'ab' in row 1"),
        ([(1, 2)], [0], "number of values must be at least 2"),
    ],
)
def test_what_is_no_hashed_report(reports: Any, values: Any, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        supported_values(reports, hash_of, values)
    with pytest.raises(TypeError, match="hash_of must be a function"):
        supported_values([], 3, range(2))  # type: ignore[arg-type]
