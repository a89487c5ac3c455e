"""Figures along epsilon and of bits: the values of the table, and references that are right."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
import pandas as pd
import pytest
from matplotlib.axes import Axes
from matplotlib.patches import Rectangle

import ldpaudit
from ldpaudit.analysis.dominance import standings
from ldpaudit.comparing.results import Results
from ldpaudit.leakage import channels
from ldpaudit.reports import channel, communication, error, posterior, success

Make = Callable[..., Results]


def vertices(axes: Axes) -> np.ndarray:
    found = [np.asarray(line.get_xydata(), dtype=float) for line in axes.lines]
    return np.vstack([xy for xy in found if xy.ndim == 2 and xy.shape[1] == 2])


def drawn(axes: Axes, x: float, y: float) -> bool:
    return bool(np.isclose(vertices(axes), [x, y], rtol=1e-12).all(axis=1).any())


def rows(results: Results, metric: str, attack: str = "") -> pd.DataFrame:
    frame = results.frame
    return frame[(frame["metric"] == metric) & (frame["attack"] == attack)]


def words(axes: Axes) -> list[str]:
    return [" ".join(text.get_text().split()) for text in axes.texts]


@pytest.fixture(scope="module")
def one(make: Make) -> Results:
    return make(data=[("adult-age", 74, 45222)])


def test_success_draws_the_table_and_its_references(one: Results) -> None:
    axes = success(one.frame).axes[0]
    for _, row in rows(one, "attack_success", "bayes").iterrows():
        assert drawn(axes, row["epsilon"], row["exact"])
        assert drawn(axes, row["epsilon"], row["value"])
    dashed = max((line for line in axes.lines), key=lambda line: len(np.asarray(line.get_xdata())))
    x, y = np.asarray(dashed.get_xdata()), np.asarray(dashed.get_ydata())
    np.testing.assert_allclose(y, np.exp(x) / (np.exp(x) + 73), rtol=1e-12)
    assert {"blind 1.35%", "most at this epsilon", "grr", "ss"} <= set(words(axes))
    exact = rows(one, "attack_success", "bayes")
    bound = np.exp(exact["epsilon"]) / (np.exp(exact["epsilon"]) + 73)
    assert (exact["exact"] <= bound * (1 + 1e-12)).all()


def test_grr_reaches_the_bound_under_every_prior_that_is_uniform_on_its_support() -> None:
    """The factor k e / (e + k - 1) is the min-capacity: GRR has it, and no prior gets more."""
    k, epsilon, rng = 5, 1.3, np.random.default_rng(3)
    table = channels.channel(ldpaudit.mechanism("grr", k=k, epsilon=epsilon))
    factor = k * math.exp(epsilon) / (math.exp(epsilon) + k - 1)
    assert channels.bayes_vulnerability(table) * k == pytest.approx(factor, rel=1e-12)
    for prior in rng.dirichlet(np.ones(k), 200):
        assert channels.bayes_vulnerability(table, prior) <= factor * prior.max() * (1 + 1e-12)


def test_with_a_delta_no_bound_is_drawn(one: Results) -> None:
    frame = one.frame.assign(delta=1e-6)
    assert "most at this epsilon" not in words(success(frame).axes[0])
    assert "the limit" not in words(error(frame).axes[1])
    assert any("claims without a delta" in text for text in words(error(frame).axes[1]))


def test_one_with_a_delta_is_named_and_takes_no_limit_from_the_others(one: Results) -> None:
    frame = one.frame.copy()
    frame.loc[frame["protocol"] == "oue", "delta"] = 1e-6
    for axes, limit in (
        (success(frame).axes[0], "most at this epsilon"),
        (error(frame).axes[1], "the limit"),
        (communication(frame).axes[0], "the limit"),
    ):
        assert {limit, "ss"} <= set(words(axes))
        assert ("oue, delta > 0" in words(axes)) == (axes.get_xscale() == "linear")


def test_error_draws_the_table_and_divides_by_the_limit(one: Results) -> None:
    top, bottom = error(one.frame).axes
    for _, row in rows(one, "mse").iterrows():
        least = ldpaudit.frontier(74, row["epsilon"]).mse_at(1.0, target="users") / 45222
        assert drawn(top, row["epsilon"], row["exact"])
        assert drawn(top, row["epsilon"], row["value"])
        assert drawn(top, row["epsilon"], least)
        assert drawn(bottom, row["epsilon"], row["exact"] / least)


def test_communication_draws_the_distances_of_the_standings(one: Results) -> None:
    axes = communication(one.frame).axes[0]
    table = standings(one.frame)
    assert len(table) == 20
    for _, row in table.iterrows():
        assert drawn(axes, row["bits"], row["distance"])


def test_what_the_limit_does_not_speak_of_is_left_out(one: Results) -> None:
    frame = one.frame.copy()
    frame.loc[frame["attack"] == "blind", "exact"] = 0.1
    assert any("No cell" in text for text in words(communication(frame).axes[0]))


def test_posterior_shows_belief_before_and_after() -> None:
    m = ldpaudit.mechanism("grr", k=4, epsilon=1.0)
    prior = np.array([0.7, 0.1, 0.1, 0.1])
    belief = channels.posterior(m.log_likelihood(np.array([1])), prior)
    axes = posterior(belief, prior, value=1).axes[0]
    heights = [bar.get_height() for bar in axes.patches if isinstance(bar, Rectangle)]
    np.testing.assert_allclose(heights, belief[0], rtol=1e-12)
    assert axes.get_title(loc="left").startswith("One report: the best guess is value 0")
    assert "the user's value, 1" in [t.get_text() for t in axes.get_legend().get_texts()]  # type: ignore[union-attr]


def test_posterior_counts_ties_and_takes_many_values() -> None:
    belief = np.full(500, 0.5 / 496)
    belief[[3, 50, 77, 400]] = 0.125
    axes = posterior(belief).axes[0]
    assert axes.get_title(loc="left") == ("One report: 4 values tie as best guess, each with 12.5%")


@pytest.mark.parametrize(
    ("belief", "options", "message"),
    [
        ([[0.5, 0.5], [0.5, 0.5]], {}, r"belief must have shape \(k >= 2,\) or \(1, k\)"),
        ([0.5, 0.6], {}, "belief"),
        ([0.5, 0.5], {"prior": [1.0]}, "prior"),
        ([0.5, 0.5], {"value": 2}, r"value must lie in \[0, 2\), got 2\."),
    ],
)
def test_posterior_refuses(belief: object, options: dict[str, object], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        posterior(belief, **options)  # type: ignore[arg-type]


def test_channel_shows_every_probability() -> None:
    table = channels.channel(ldpaudit.mechanism("ss", k=4, epsilon=1.0))
    axes = channel(table).axes[0]
    shown = np.asarray(axes.collections[0].get_array(), dtype=float).reshape(table.shape)
    np.testing.assert_array_equal(shown, table)
    assert axes.get_ylabel() == "Value"
    assert len(axes.texts) == table.size


def test_channel_refuses_what_nobody_can_read() -> None:
    with pytest.raises(ValueError, match="at most 64 values and 512 reports, got 65 and 65"):
        channel(np.eye(65))
    with pytest.raises(ValueError, match="channel row 0"):
        channel([[0.5, 0.6], [0.5, 0.5]])
