"""The studies of numbers and vectors, in a size that ends at once."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import ldpaudit
from ldpaudit.analysis import standings
from ldpaudit.comparing.study import resolve


def small(name: str, **changes: Any) -> Any:
    plan = resolve(name).as_quick()
    fields = plan.model_dump(mode="json") | {"trials": 500, "repetitions": 3} | changes
    return ldpaudit.compare(fields)


def test_numbers_have_shares_limits_and_distributions() -> None:
    ages = {"name": "adult-age", "low": 0, "high": 100, "num_users": 500}
    frame = small("numeric", epsilons=[2.0], data=[ages]).frame
    assert set(frame["status"]) <= {"ok", "consistent", "inconclusive"}
    table = standings(frame)
    means = table[table["estimand"] == "mean (squared input units)"]
    assert set(means["label"]) == {
        *("laplace", "staircase", "duchi", "pm", "hm", "rounded", "sw (aim=mean)"),
        *("dithered (aim=worst)", "dithered (aim=average)"),
    }
    assert means["limit_applies"].all()
    assert (means["distance"] >= 1 - 1e-9).all()
    shapes = table[table["estimand"] == "distribution (squared Wasserstein distance)"]
    assert set(shapes["label"]) == {"sw (aim=ems)", "sw (aim=em)"}
    assert not shapes["limit_applies"].any()
    assert (shapes["mse_how"] == "measured").all()


def test_vectors_have_shares_and_cosines() -> None:
    corners = {"name": "uniform", "dimension": 2, "k": 4, "num_users": 400}
    frame = small("vectors", epsilons=[2.0], data=[corners]).frame
    assert set(frame["status"]) <= {"ok", "consistent", "inconclusive", "skipped"}
    cosines = frame[frame["metric"] == "cosine"].set_index("protocol")["value"]
    assert len(cosines) == 6
    table = standings(frame)
    assert table["limit_applies"].all()
    assert (table["distance_upper"] >= 1).all()  # none is left of the limit beyond its interval


@pytest.mark.parametrize("name", ["numeric", "vectors"])
def test_every_law_of_the_full_study_is_there(name: str) -> None:
    plan = resolve(name)
    loaded = [spec.load(plan.seed) for spec in plan.data]
    assert all(data.inputs is not None for data in loaded)
    assert len({data.name for data in loaded}) == len(loaded)
    if name == "numeric":
        assert min(plan.epsilons) == 0.25
        assert max(plan.epsilons) == 8.0
        spike = loaded[-1]
        assert spike.inputs is not None
        assert spike.inputs[np.argmax(spike.histogram)] == 0.0
