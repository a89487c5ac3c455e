"""Kinds of input: their rules, their grids, and their texts."""

from __future__ import annotations

import math
import pickle
from typing import Any

import numpy as np
import pytest

from ldpaudit.domains import Ball, Categories, Domain, Interval, Records

DOMAINS: list[Any] = [
    Categories(4),
    Categories(("DE", "FR", "US")),
    Records((2, 3, 2)),
    Interval(-1, 1),
    Interval(1.7e9, 1.7e9 + 86_400),
    Ball(1),
    Ball(2),
    Ball(3, 2.0, 1),
    Ball(3, 0.5, math.inf),
    Ball(100),
]


@pytest.mark.parametrize("domain", DOMAINS, ids=str)
@pytest.mark.parametrize("size", [None, 2, 3, 7, 40])
def test_a_grid_has_different_inputs_of_the_domain(domain: Any, size: int | None) -> None:
    grid = domain.grid(size)
    assert np.array_equal(domain.check(grid), grid)
    assert len(np.unique(grid, axis=0)) == len(grid) >= 2
    if size is not None and not isinstance(domain, Categories | Records):
        assert len(grid) == size
    assert np.array_equal(grid[:2], domain.grid(2))


@pytest.mark.parametrize("domain", DOMAINS, ids=str)
def test_a_domain_is_a_value_that_travels(domain: Any) -> None:
    assert isinstance(domain, Domain)
    other = pickle.loads(pickle.dumps(domain))  # noqa: S301
    assert other == domain
    assert (hash(other), repr(other)) == (hash(domain), repr(domain))
    assert type(domain)(*arguments(domain)) == domain
    texts = [domain.text(value) for value in domain.grid(9)]
    assert len(set(texts)) == len(texts)


def arguments(domain: Any) -> tuple[Any, ...]:
    """What a constructor takes, read from the parameters a study offers."""
    given = domain.parameters
    match domain:
        case Categories():
            return (given.get("labels", given["k"]),)
        case Records():
            return (given["sizes"],)
    return tuple(given.values())


@pytest.mark.parametrize("domain", [d for d in DOMAINS if isinstance(d, Interval | Ball)], ids=str)
def test_the_first_two_of_a_grid_lie_furthest_apart(domain: Any) -> None:
    grid = domain.grid(12).reshape(12, -1)
    order = getattr(domain, "norm", 1)
    apart = [np.linalg.norm(a - b, ord=order) for a in grid for b in grid]
    assert np.linalg.norm(grid[0] - grid[1], ord=order) == pytest.approx(max(apart))


def test_records_that_differ_everywhere_come_first() -> None:
    first, second = Records((2, 3, 2)).grid(2)
    assert (first != second).all()
    assert len(Records((2, 3, 2)).grid()) == 12


def test_labels_and_numbers_name_the_same_categories() -> None:
    countries = Categories(["DE", "FR", "US"])
    assert countries.check(["US", "DE", "US"]).tolist() == [2, 0, 2]
    assert countries.check([2, 0]).tolist() == [2, 0]
    assert countries.check(np.array(["FR"])).tolist() == [1]
    assert [countries.text(v) for v in countries.grid()] == ["DE", "FR", "US"]
    assert Categories(3).text(2) == "2"


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: Categories(1), "number of categories must be at least 2, got 1."),
        (lambda: Categories(2.5), "number of categories must be a whole number, got 2.5."),
        (lambda: Categories("DE"), "labels must be a sequence of texts, got 'DE'."),
        (lambda: Categories(("DE", "DE")), "labels must be different, got 'DE' twice."),
        (lambda: Categories(("DE", 1)), "every label must be a text, got 1."),
        (lambda: Categories(3).check([3]), "values must lie in [0, 3), got 3."),
        (lambda: Categories(("DE", "FR")).check(["DX"]), "unknown category 'DX'; did you mean DE?"),
        (lambda: Records(()), "sizes must name at least one attribute, got ()."),
        (lambda: Records((2, 1)), "every size must be at least 2, got 1."),
        (
            lambda: Records((2, 3)).check([[0, 3]]),
            "values must be records of 2 x 3 values, each from 0, got (0, 3).",
        ),
        (lambda: Records((2, 3)).check([0, 1]), "values must have shape (n, 2), got (2,)."),
        (
            lambda: Interval(1, 1),
            "low must be below high by 1e-9 of their size, got 1.0 and 1.0.",
        ),
        (
            lambda: Interval(0, math.inf),
            "low and high must be finite and of a finite difference, got 0.0, inf.",
        ),
        (lambda: Interval("a", 1), "low and high must be numbers, got ['a', 1]."),  # type: ignore[arg-type]
        (lambda: Interval(-1, 1).check([0.5, 1.5]), "values must lie in [-1, 1], got 1.5."),
        (lambda: Interval(-1, 1).check([math.nan]), "values must lie in [-1, 1], got nan."),
        (
            lambda: Interval(-1, 1).check([[0.0]]),
            "values must be one-dimensional, got shape (1, 1).",
        ),
        (lambda: Interval(-1, 1).grid(1), "size must be at least 2, got 1."),
        (lambda: Ball(0), "dimension must be at least 1, got 0."),
        (lambda: Ball(2, -1.0), "radius must be positive and finite, got -1.0."),
        (lambda: Ball(2, norm=3), "norm must be 1, 2 or inf, got 3."),
        (lambda: Ball(2).check([[1.0]]), "values must have shape (n, 2), got (1, 1)."),
        (
            lambda: Ball(2).check([[0, 0], [3, 4]]),
            "values must lie in the unit ball in 2 dimensions (l2), got length 5.0.",
        ),
    ],
)
def test_a_wrong_input_is_named_with_its_rule(call: Any, message: str) -> None:
    with pytest.raises((ValueError, TypeError)) as error:
        call()
    assert str(error.value) == message


def test_rounding_does_not_throw_a_unit_vector_out() -> None:
    directions = np.random.default_rng(0).standard_normal((1000, 50))
    units = directions / np.linalg.norm(directions, axis=1, keepdims=True)
    assert (np.linalg.norm(units, axis=1) > 1).any()
    assert np.array_equal(Ball(50).check(units), units)
