"""What one false report can do to a mean: every report where they can be listed, else many."""

from __future__ import annotations

import math
import re
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest

import ldpaudit
from ldpaudit.collecting.influence import worst_influence
from ldpaudit.collecting.manipulation import mean_influence_limit
from ldpaudit.contracts import HasInfluence, HasMeanInfluence

Table = npt.NDArray[np.float64]

LISTED = ("duchi", "rounded", "dithered", "pm", "hm", "sw")
ENDLESS = ("laplace", "staircase")
SPHERES = ("privunit", "duchi-l2")
BALLS = ("privunitg", "l2-laplace", "gaussian-vector")
TEXT = (Path(__file__).parents[2] / "docs" / "manipulation.md").read_text()
ROW = re.compile(r"\| `([\w-]+)` \| ([\d.]+) \| ([\d.e+]+) \|\n")


def build(name: str, epsilon: float = 1.0, **given: Any) -> Any:
    if name == "gaussian-vector":
        given["delta"] = 1e-5
    if name in (*SPHERES, *BALLS, "sampled-numbers"):
        given.setdefault("dimension", 10)
    return ldpaudit.mechanism(name, epsilon=epsilon, **given)


def alone(m: Any, report: Any) -> Any:
    """The estimate from this report alone: what it adds to n times the estimate."""
    return m.estimate(m.aggregate(report))


@pytest.mark.parametrize("name", LISTED)
@pytest.mark.parametrize("epsilon", [0.3, 1.0, 4.0])
def test_numbers_by_every_report(name: str, epsilon: float) -> None:
    """The largest distance from the middle over all reports, and the server adds up as much."""
    m = build(name, epsilon, low=10.0, high=14.0)
    first = m._piecewise.outputs if name == "hm" and not m.piecewise_share else 0
    reports = np.arange(first, m._outputs)
    away = np.abs(m.report_estimates(reports) - 12.0) / 2.0
    assert m.mean_influence() == pytest.approx(away.max(), rel=1e-12)
    worst = reports[[np.argmax(away)]]
    assert abs(alone(m, worst) - 12.0) / 2.0 == pytest.approx(m.mean_influence(), rel=1e-12)
    last = 1 + int(reports[-1])
    with pytest.raises(ValueError, match="reports must lie in"):
        m.aggregate([last])


@pytest.mark.parametrize("aim", ["worst", "average"])
@pytest.mark.parametrize("levels", [2, 3, 16])
def test_dithers_by_every_report(aim: str, levels: int) -> None:
    m = build("dithered", 2.0, levels=levels, aim=aim)
    away = np.abs(m.report_estimates(np.arange(m._outputs)))
    assert m.mean_influence() == pytest.approx(away.max(), rel=1e-12)


def test_the_hybrid_refuses_what_it_never_sends() -> None:
    m = build("hm", 0.5)
    assert m.mean_influence() == pytest.approx(mean_influence_limit(0.5), rel=1e-9)
    with pytest.raises(ValueError, match="reports must be at least"):
        m.aggregate([0])


@pytest.mark.parametrize("name", ENDLESS)
def test_noise_ends_where_the_server_ends(name: str) -> None:
    m = build(name, low=-3.0, high=5.0)
    most = np.array([1 - 2**43])
    assert abs(alone(m, most) - 1.0) / 4.0 == pytest.approx(m.mean_influence(), rel=1e-12)
    assert abs(alone(m, -most) - 1.0) / 4.0 < m.mean_influence()
    with pytest.raises(ValueError, match="below 2"):
        m.aggregate(most - 1)


@pytest.mark.parametrize("name", SPHERES)
@pytest.mark.parametrize("d", [2, 10])
def test_reports_of_one_length(name: str, d: int) -> None:
    """No honest report adds more, each as much; what is longer is shortened, not below it."""
    m, rng = build(name, dimension=d, radius=3.0), np.random.default_rng(0)
    honest = m.privatize(3.0 * np.eye(1, d).repeat(20_000, axis=0), rng=rng)
    lengths = np.linalg.norm(m.report_estimates(honest), axis=1) / 3.0
    np.testing.assert_allclose(lengths, m.mean_influence(), rtol=1e-6)
    np.testing.assert_array_equal(m.report_estimates(honest[:50]), honest[:50])
    false = np.zeros((1, d))
    false[0, 0] = 1e4
    assert np.linalg.norm(m.report_estimates(false)) / 3.0 == pytest.approx(m.mean_influence())
    assert np.linalg.norm(alone(m, false)) / 3.0 == pytest.approx(m.mean_influence(), rel=1e-6)
    together = m.estimate(m.aggregate(np.concatenate([honest[:9], false])))
    rest = m.estimate(m.aggregate(honest[:9])) * 0.9
    np.testing.assert_allclose(together - rest, alone(m, false) / 10, atol=1e-6)
    for wrong in (1e9, 1e200, np.inf, np.nan):
        false[0, 1] = wrong
        with pytest.raises(ValueError, match="reports must lie within"):
            m.aggregate(false)


@pytest.mark.parametrize("name", BALLS)
def test_vectors_end_where_the_server_ends(name: str) -> None:
    m, rng = build(name, radius=3.0), np.random.default_rng(1)
    corner = np.full((1, 10), m.mean_influence() * 3.0 / math.sqrt(10))
    corner[0, ::2] *= -1
    inside = corner * (1 - 1e-12)
    assert np.linalg.norm(alone(m, inside)) / 3.0 == pytest.approx(m.mean_influence(), rel=1e-9)
    with pytest.raises(ValueError, match="reports must lie within"):
        m.aggregate(corner * (1 + 1e-9))
    honest = m.privatize(np.zeros((100_000, 10)), rng=rng)
    assert np.linalg.norm(honest, axis=1).max() / 3.0 <= m.mean_influence()


@pytest.mark.parametrize("base", LISTED)
@pytest.mark.parametrize("sample", [1, 3])
def test_sampled_numbers(base: str, sample: int) -> None:
    """1e5 drawn reports never add more to an attribute, and a made up one adds as much."""
    m = build("sampled-numbers", 3.0, dimension=5, radius=2.0, base=base, sample=sample)
    rng = np.random.default_rng(2)
    honest = m.privatize(rng.uniform(-2, 2, (100_000, 5)), rng=rng)
    most = m.mean_influence()
    assert np.abs(m.report_estimates(honest)).max() / 2.0 <= most * (1 + 1e-12)
    one = m.mechanism
    first = one._piecewise.outputs if base == "hm" and not one.piecewise_share else 0
    reports = np.arange(first, one._outputs)
    false = honest[:1].copy()
    false["report"] = reports[np.argmax(one.report_estimates(reports))]
    assert alone(m, false).max() / 2.0 == pytest.approx(most, rel=1e-6)
    if sample > 1:  # one attribute named again and again would add up
        false["attribute"] = false["attribute"][0, 0]
        with pytest.raises(ValueError, match="different attributes"):
            m.aggregate(false)


@pytest.mark.parametrize("epsilon", [0.1, 1.0, 5.0])
def test_nobody_is_below_the_limit(epsilon: float) -> None:
    limit = mean_influence_limit(epsilon)
    assert limit == pytest.approx((math.exp(epsilon) + 1) / math.expm1(epsilon))
    for name in (*LISTED, *ENDLESS, *SPHERES, *BALLS[:2], "sampled-numbers"):
        assert build(name, epsilon).mean_influence() >= limit * (1 - 1e-9)
    assert build("duchi", epsilon).mean_influence() == pytest.approx(limit, rel=1e-9)


def test_figures_of_the_derivation() -> None:
    """C of Duchi, K of PM, the larger for HM."""
    s = math.exp(0.5)
    assert build("pm").mean_influence() == pytest.approx((s + 1) / (s - 1), rel=1e-5)
    assert build("hm").mean_influence() == build("pm").mean_influence()
    assert build("hm", 5.0).mean_influence() == build("pm", 5.0).mean_influence()


def test_means_have_the_row_of_influence_and_distributions_none() -> None:
    m: Any = build("duchi")
    assert [isinstance(m, kind) for kind in (HasMeanInfluence, HasInfluence)] == [True, False]
    found = worst_influence(m)
    assert found is not None
    assert found.worst == m.mean_influence()
    (row,) = found.rows()
    assert row["metric"] == "influence"
    assert row["method"] == "exact, worst report of all"
    assert ldpaudit.audit(m, [], trials=200, seed=1).influence is None  # nothing but the bound
    assert ldpaudit.audit(m, ["blind"], trials=200, seed=1).influence == found
    assert worst_influence(build("sw")) is not None
    assert worst_influence(build("sw", aim="ems")) is None


def test_the_table_was_found() -> None:
    assert len(ROW.findall(TEXT)) == 13


@pytest.mark.parametrize("row", ROW.findall(TEXT), ids=lambda row: row[0])
def test_table_of_the_page(row: tuple[str, ...]) -> None:
    name, error, influence = row
    m = build(name)
    worst = m.worst_variance() if name != "sampled-numbers" else m.variance(np.ones((1, 10)))[0]
    assert f"{worst:.4g}" == error
    assert f"{m.mean_influence():.4g}" == influence
