"""The form of reports is not decided batch by batch, and what texts write down is read."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import ldpaudit
from ldpaudit.attacks._forms import Form
from ldpaudit.attacks._written import Written, written


def rare(v: int, rng: np.random.Generator) -> bytes:
    """One byte longer once in ten thousand times."""
    return bytes([v, 3] if rng.random() > 1e-4 else [v, 3, 1])


@pytest.mark.parametrize(
    "usual",
    [
        rare,
        lambda v, rng: (v, 3) if rng.random() > 1e-3 else (v,),
        lambda v, rng: v if rng.random() > 1e-3 else "none",
        lambda v, rng: v if rng.random() > 1e-3 else (v, 1),
        lambda v, rng: [float(v), 3.5] if rng.random() > 1e-3 else [v, "x"],
        lambda v, rng: str(v) if rng.random() > 1e-3 else v,
    ],
)
@pytest.mark.parametrize("seed", [1, 2])
def test_a_rare_form_hides_nothing(usual: Callable[..., Any], seed: int) -> None:
    m = ldpaudit.from_callable(usual, k=2, epsilon=1.0)
    result = ldpaudit.audit(m, [], trials=2_000, seed=seed)
    assert result.verdict == "violation"
    assert result.epsilon_lower > 4


def test_a_form_reads_what_can_have_it() -> None:
    pairs = Form.of(np.array([[1, 2], [3, 4]]))
    rows, known = pairs.read(np.array([[1.5, 2.0]]))
    assert (rows.tolist(), known) == ([[1.5, 2.0]], None)
    assert pairs.read(np.arange(3))[1].tolist() == [False] * 3  # type: ignore[union-attr]
    several = Form.of(np.array([b"ab", b"abc"], dtype=object))
    assert several.read(np.array([[97, 98]], dtype=np.uint8))[0].tolist() == [b"ab"]
    tuples = Form.of(np.fromiter([(1,), (1, 2)], dtype=object))
    assert tuples.read(np.array([[1, 2]]))[0].tolist() == [(1, 2)]


@pytest.mark.parametrize(
    ("text", "kind", "value"),
    [
        ("{3,17}", "list", frozenset({3, 17})),
        ("set()", "list", frozenset()),
        ("frozenset({1})", "list", frozenset({1})),
        ("[1, 2.5]", "list", (1, 2.5)),
        ("[1 2]", "list", (1, 2)),
        ("(1, 'a')", "list", (1, "a")),
        ("(1,)", "list", (1,)),
        ('{"a": [1]}', "list", {"a": [1]}),
        ("3f", "hex", 63),
        ("0x10", "hex", 16),
        ("-1.5e3", "number", -1500.0),
        ("-Infinity", "number", -math.inf),
        (str(2**70), "number", 2**70),
    ],
)
def test_what_texts_write_down(text: str, kind: str, value: Any) -> None:
    assert Written(kind)(np.array([text])).tolist() == [value]
    assert written(np.array([text] * 3)) == Written(kind)


@pytest.mark.parametrize("text", ["0101", "yes", "[1", "__import__('os')", "1,5", ""])
def test_what_texts_do_not_write_down(text: str) -> None:
    assert written(np.array([text])) is None


def test_sets_written_as_text_show_what_sets_show() -> None:
    m, rng = ldpaudit.mechanism("ss", k=64, epsilon=2.0), np.random.default_rng(1)
    reports = [m.privatize(np.full(3_000, v), rng=rng) for v in (0, 1)]
    sets = [
        [frozenset(np.flatnonzero(row).tolist()) for row in np.unpackbits(part, axis=1)]
        for part in reports
    ]

    def lower(form: Callable[[Any], Any]) -> float:
        both = [[form(one) for one in part] for part in sets]
        return ldpaudit.audit(ldpaudit.from_samples(*both, epsilon=2.0), []).epsilon_lower

    plain = lower(set)
    assert plain > 1.2
    for form in (
        lambda s: "{" + ",".join(map(str, s)) + "}",
        lambda s: f"{sum(1 << i for i in s):x}",
    ):
        assert lower(form) == pytest.approx(plain, rel=0.02)
