"""Users who hold numbers: bundled ones, columns, laws on an interval."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from ldpaudit.collecting.estimands import Mean
from ldpaudit.data import DataSet, load
from ldpaudit.domains import Categories, Interval


def test_ages_are_numbers_with_the_ends_of_the_range_first() -> None:
    ages, plain = load("adult-age", low=10, high=120), load("adult-age")
    assert (ages.name, ages.domain, ages.k) == ("adult-age on [10, 120]", Interval(10, 120), 76)
    assert ages.inputs is not None
    assert ages.inputs[:3].tolist() == [10.0, 120.0, 17.0]
    assert ages.histogram[:2].tolist() == [0, 0]
    assert ages.histogram[2:].tolist() == plain.histogram.tolist()
    assert (ages.labels or ())[:3] == ("10.0", "120.0", "17.0")
    assert ages.notice == plain.notice
    assert plain.inputs is None
    assert plain.domain == Categories(plain.labels)
    tight = load("adult-age", low=17, high=90, num_users=100)
    assert (tight.k, tight.num_users) == (74, 100)


@pytest.mark.parametrize("ending", ["csv", "parquet"])
def test_a_numeric_column_is_read_as_numbers(tmp_path: Path, ending: str) -> None:
    import pandas as pd

    path = tmp_path / f"people.{ending}"
    pay = [10.5, -3.0, 10.5, 0.0, 1e3, 2.0]
    frame = pd.DataFrame({"pay": pay, "who": list("aabbcc")})
    frame.to_csv(path, index=False) if ending == "csv" else frame.to_parquet(path)
    data = load(f"{path}:pay", low=-10, high=1000)
    assert data.inputs is not None
    assert data.inputs.tolist() == [-10.0, 1000.0, -3.0, 0.0, 2.0, 10.5]
    assert data.histogram.tolist() == [0, 1, 1, 1, 1, 2]
    assert Mean().truth(data.inputs, data.histogram) == pytest.approx(np.mean(pay))
    for column, low, high, message in (
        ("pay", 0, 1000, r"must lie in \[0, 1000\], got -3.0 and others of 1 users"),
        ("who", 0, 1, "takes a column of numbers, got 'a'"),
        ("pay+who", 0, 1, "takes one column of numbers"),
    ):
        with pytest.raises(ValueError, match=message):
            load(f"{path}:{column}", low=low, high=high)


@pytest.mark.parametrize(
    ("spec", "mean", "variance"),
    [
        ("uniform", 0.5, 1 / 12),
        ("beta", 5 / 7, 10 / 392),
        ("beta(2, 3)", 2 / 5, 6 / 150),
        ("bimodal", 0.5, 0.25**2 + 0.1875 / 33),
        ("spike(0.25)", 0.25, 0.0),
    ],
)
def test_laws_on_an_interval_have_their_moments(spec: str, mean: float, variance: float) -> None:
    data = load(spec, k=401, low=-1, high=3, num_users=10**9)
    assert data.inputs is not None
    unit = (data.inputs + 1) / 4
    found = data.frequencies @ unit
    assert found == pytest.approx(mean, abs=1e-5)
    assert data.frequencies @ (unit - found) ** 2 == pytest.approx(variance, abs=1e-5)
    assert data.inputs[:2].tolist() == [-1.0, 3.0]


@pytest.mark.parametrize(
    ("spec", "kind", "message"),
    [
        ("uniform", {"low": 0}, "a range takes low and high, got 0 and None."),
        ("uniform", {"low": 0, "high": 1}, "needs k, the number of inputs, got None."),
        ("zipf", {"low": 0, "high": 1, "k": 3}, "unknown law 'zipf'"),
        ("beta(1)", {"low": 0, "high": 1, "k": 3}, "beta takes 2 numbers, got 'beta(1)'."),
        ("beta(0, 1)", {"k": 3}, "every parameter of beta must be positive and finite, got 0.0."),
        ("spike(2)", {"low": 0, "high": 1, "k": 3}, "spike must be told a share of the range"),
        ("beta", {"dimension": 2, "k": 3}, "vectors are held by the law uniform or spike"),
        ("adult-age", {"dimension": 2}, "vectors are not read from files"),
        ("adult-age", {"low": 0, "high": 100, "k": 3}, "k must be 76, the numbers of"),
        ("us-surnames", {"low": 0, "high": 1}, "a range takes a column of numbers, got 'SMITH'"),
        ("uniform", {"dimension": 2, "low": 0, "high": 1}, "low and high are of numbers"),
    ],
)
def test_wrong_numbers_are_named(spec: str, kind: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError) as error:  # noqa: PT011 - the message is compared below
        load(spec, **kind)
    assert message in str(error.value)


def test_a_data_set_of_inputs_says_of_what_kind() -> None:
    users = np.array([1, 2, 3])
    data = DataSet("three", users, inputs=np.array([0.0, 1.0, 0.5]), domain=Interval(0, 1))
    assert data.labels == ("0.0", "1.0", "0.5")
    assert dataclasses.replace(data, histogram=users * 2).num_users == 12
    assert dataclasses.replace(load("adult-hours"), name="hours").domain is not None
    with pytest.raises(ValueError, match="must be given together"):
        DataSet("three", users, inputs=np.array([0.0, 1.0, 0.5]))
    with pytest.raises(ValueError, match="must be given together"):
        DataSet("three", users, domain=Interval(0, 1))
    with pytest.raises(ValueError, match=r"inputs must be 3 of \[0, 1\], got 2"):
        DataSet("three", users, inputs=np.array([0.0, 1.0]), domain=Interval(0, 1))
