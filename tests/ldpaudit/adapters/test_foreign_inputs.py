"""A function of names that is handed numbers is warned of; one of numbers is not."""

from __future__ import annotations

import math
import warnings
from typing import Any

import numpy as np
import pytest

import ldpaudit

COUNTRIES = ["DE", "FR", "US", "IN"]


def krr(country: Any, rng: np.random.Generator) -> Any:
    """Randomized response at epsilon 1 over the countries."""
    if rng.random() < math.e / (math.e + 3):
        return country
    return str(rng.choice([other for other in COUNTRIES if other != country]))


def test_a_function_of_names_is_not_handed_numbers_without_a_word() -> None:
    numbered = ldpaudit.from_callable(krr, k=4, epsilon=1.0)
    with pytest.warns(UserWarning, match=r"krr returns whole numbers only .* Give values="):
        assert ldpaudit.audit(numbered, [], trials=500).verdict == "violation"
    named = ldpaudit.from_callable(krr, values=COUNTRIES, epsilon=1.0)
    result = ldpaudit.audit(named, [], trials=2_000)
    assert (result.verdict, set(result.inputs or ()) <= set(COUNTRIES)) == ("consistent", True)


def test_inputs_whose_reports_share_no_type_are_warned_of() -> None:
    m = ldpaudit.from_callable(lambda v, _: "no" if v else 0.5, k=2, epsilon=1.0, name="odd")
    with pytest.warns(UserWarning, match="odd returns numbers and texts for different inputs"):
        ldpaudit.audit(m, [], trials=200)


@pytest.mark.parametrize(
    "fn",
    [
        lambda v, rng: v if rng.random() < 0.7 else 1 - v,
        lambda v, rng: v if rng.random() < 0.9 else "none",
        lambda v, rng: v if rng.random() > 1e-3 else str(v),
        lambda v, rng: str(v) if rng.random() < 0.7 else str(1 - v),
    ],
)
def test_other_functions_are_left_alone(fn: Any) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        ldpaudit.audit(ldpaudit.from_callable(fn, k=2, epsilon=1.0), [], trials=200)
