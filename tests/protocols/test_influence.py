"""What one false report can do, against every report and against many drawn ones."""

from __future__ import annotations

import itertools
import math
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest

import ldpaudit
from ldpaudit.contracts import HasFalseReports, HasInfluence
from ldpaudit.protocols import ModularSubsetSelection
from ldpaudit.protocols._kernels._pure import SupportCounts

from .channels import DESIGNS, hashing_supports

Table = npt.NDArray[np.float64]

EXTRA: dict[str, dict[str, Any]] = {
    "ue": {"p": 0.7},
    "agrr": {"delta": 1e-3},
    "asue": {"delta": 1e-3},
    "ablh": {"delta": 1e-3},
    "aolh": {"delta": 1e-3},
    "dbitflip": {"d": 2},
    "sticky-ue": {"optimized": True},
    "l-grr": {"epsilon_inf": 3.0},
    "l-sue": {"epsilon_inf": 3.0},
    "l-oue": {"epsilon_inf": 3.0},
    "l-osue": {"epsilon_inf": 3.0},
    "l-soue": {"epsilon_inf": 3.0},
    "biloloha": {"epsilon_inf": 3.0},
    "ololoha": {"epsilon_inf": 3.0},
}
LISTED = (
    "grr", "ss", "sue", "oue", "ue", "the", "hr", "pgr", "hpgr", "mss", "smss", "amss", "ass",
    "aue", "athe", "agrr", "asue", "pi-rappor", "dbitflip", "sticky-ue", "l-grr", "l-sue", "l-oue",
    "l-osue", "l-soue",
)  # fmt: skip
HASHED = ("blh", "olh", "alh", "ablh", "aolh", "biloloha", "ololoha")


def build(name: str, k: int, epsilon: float = 1.0) -> Any:
    return ldpaudit.mechanism(name, k=k, epsilon=epsilon, **EXTRA.get(name, {}))


def single_estimates(m: Any, reports: Any) -> Table:
    """The estimate from each report alone, shape (reports, k)."""
    alone = range(len(reports))
    return np.array([m.estimate(m.aggregate(reports[i : i + 1])) for i in alone])


def sets_of_targets(k: int) -> list[tuple[int, ...]]:
    sizes = range(1, k + 1)
    return [s for size in sizes for s in itertools.combinations(range(k), size)]


def check_against(m: Any, estimates: Table) -> None:
    """Influence is the largest entry of the estimator over all reports, and is attained."""
    rng = np.random.default_rng(0)
    for targets in sets_of_targets(m.k):
        chosen = np.array(targets)
        most = float(estimates[:, chosen].sum(axis=1).max())
        assert m.influence(chosen) == pytest.approx(most, rel=1e-7, abs=1e-9)
    np.testing.assert_allclose(m.single_influences(), estimates.max(axis=0), rtol=1e-7)
    for many in (1, m.k // 2 + 1, m.k):
        first = np.arange(many)
        reports = m.false_reports(first, 2, rng=rng)
        added = m.estimate(m.aggregate(reports))[first].sum()
        assert added == pytest.approx(m.influence(first), rel=1e-7, abs=1e-9)


@pytest.mark.parametrize("name", LISTED)
@pytest.mark.parametrize("k", [2, 3, 5, 8])
def test_influence_by_enumeration(name: str, k: int) -> None:
    m = build(name, k)
    able = isinstance(m, HasFalseReports)
    assert able
    check_against(m, single_estimates(m, m.every_report()))


@pytest.mark.parametrize("name", ["grr", "ss", "hr", "pgr", "hpgr", "mss", "smss", "pi-rappor"])
@pytest.mark.parametrize("epsilon", [0.3, 3.0])
def test_influence_by_enumeration_at_other_budgets(name: str, epsilon: float) -> None:
    m = build(name, 6, epsilon)
    check_against(m, single_estimates(m, m.every_report()))


@pytest.mark.parametrize("k", [4, 5, 6, 7, 8])
def test_influence_of_plain_residues(k: int) -> None:
    for moduli in DESIGNS[k]:
        m = ModularSubsetSelection(k=k, epsilon=1.0, moduli=moduli)
        check_against(m, single_estimates(m, m.every_report()))


@pytest.mark.parametrize(
    "blocks",
    [
        ((0,), (1,), (2,)),
        ((0, 1), (0, 2), (1, 2)),
        ((0, 1, 2), (0, 3, 4), (0, 5, 6), (1, 3, 5), (1, 4, 6), (2, 3, 6), (2, 4, 5)),
    ],
)  # fmt: skip
def test_influence_of_designs(blocks: tuple[tuple[int, ...], ...]) -> None:
    k = 1 + max(map(max, blocks))
    m = ldpaudit.mechanism("block-design", k=k, epsilon=1.0, blocks=blocks)
    check_against(m, single_estimates(m, m.every_report()))


def test_influence_of_rappor() -> None:
    m: Any = ldpaudit.mechanism("rappor", k=5, f=0.5, p=0.5, q=0.75)
    check_against(m, single_estimates(m, m.every_report()))


@pytest.mark.parametrize("buckets", [2, 3, 10])
def test_influence_of_buckets(buckets: int) -> None:
    """Values of a bucket share what it gets, so that one value alone has little."""
    m: Any = ldpaudit.mechanism("dbitflip", k=10, epsilon=1.0, d=2, buckets=buckets)
    estimates = single_estimates(m, m.every_report())
    rng = np.random.default_rng(1)
    for size in (1, 3, 10):
        targets = rng.choice(10, size, replace=False)
        most = float(estimates[:, targets].sum(axis=1).max())
        assert m.influence(targets) == pytest.approx(most, rel=1e-9)
    np.testing.assert_allclose(m.single_influences(), estimates.max(axis=0), rtol=1e-9)


@pytest.mark.parametrize("k", [2, 4])
@pytest.mark.parametrize("name", HASHED)
def test_influence_of_hashing_by_every_function(name: str, k: int) -> None:
    m = build(name, k)
    if m.num_buckets**k > 10_000:
        pytest.skip("too many functions")
    _, supports = hashing_supports(m)
    estimates = (supports - m.q_star) / (m.p_star - m.q_star)
    for targets in sets_of_targets(k):
        most = float(estimates[:, list(targets)].sum(axis=1).max())
        assert m.influence(targets) == pytest.approx(most, rel=1e-12)
    reports = m.false_reports(range(k), 2, rng=np.random.default_rng(0))
    added = m.estimate(m.aggregate(reports)).sum()
    assert added == pytest.approx(m.influence(range(k)), rel=1e-9)


def test_a_false_hash_is_looked_for_in_vain() -> None:
    m = build("olh", 100, 4.0)  # 56 buckets: one seed in 56**9 sends ten values to one
    with pytest.raises(ValueError, match="no seed of 4194304 sends all 10 targets to one bucket"):
        m.false_reports(range(10), 1, rng=np.random.default_rng(0))


@pytest.mark.parametrize("name", ["she", "gm", "agm"])
def test_noisy_entries_end_where_the_server_ends(name: str) -> None:
    """The largest entry is added up as it is, the next one on the grid is refused."""
    given: dict[str, Any] = {} if name == "she" else {"delta": 1e-5}
    m: Any = ldpaudit.mechanism(name, k=5, epsilon=1.0, **given)
    most = m.influence([2])
    assert 10 * m.scale < most < 60 * m.scale + 1
    assert m.influence([2, 4]) == 2 * most
    assert m.single_influences().tolist() == [most] * 5
    report = np.full((1, 5), most)
    assert m.estimate(m.aggregate(report)).tolist() == [most] * 5
    report[0, 2] += 1 / m.steps
    with pytest.raises(ValueError, match=r"whole multiples of 1/\d+ from"):
        m.aggregate(report)
    assert isinstance(m, HasInfluence)
    assert not isinstance(m, HasFalseReports)


# --- many drawn reports ----------------------------------------------------------------------


def added_by(m: Any, reports: Any, targets: npt.NDArray[np.int64]) -> Table:
    """What each report adds to the summed estimate of targets: `estimate` is linear in counts."""
    if reports.dtype == np.int64 and not hasattr(m, "num_steps"):
        messages, place = np.unique(reports, return_inverse=True)
        return np.asarray(single_estimates(m, messages)[:, targets].sum(axis=1)[place])
    if reports.dtype == np.int64 or reports.dtype.names == ("seed", "bucket"):
        levels = m.log_likelihood(reports, targets)
        whole = m.log_likelihood(reports[:50])
        supported = levels > (whole.max() + whole.min()) / 2
        coefficient = 1 / (m.p_star - m.q_star)
        return np.asarray((supported.sum(axis=1) - targets.size * m.q_star) * coefficient)
    rows = reports if reports.dtype == np.uint8 else reports["subset"]
    widths = [m.k] if reports.dtype == np.uint8 else list(m.moduli)
    block = np.zeros(len(rows), int) if reports.dtype == np.uint8 else reports["block"]
    total, out = sum(widths), np.empty(len(rows))
    alone = [m.estimate(SupportCounts(1, np.eye(1, total, j, dtype=int)[0])) for j in range(total)]
    nothing = m.estimate(SupportCounts(1, np.zeros(total, dtype=int)))[targets].sum()
    entries = np.array([found[targets].sum() - nothing for found in alone])
    bits = np.unpackbits(rows, axis=1, bitorder="little")
    for index, start in enumerate(np.cumsum([0, *widths[:-1]]).tolist()):
        mine = block == index
        weights = entries[start : start + widths[index]]
        out[mine] = bits[mine, : widths[index]] @ weights + nothing
    return out


@pytest.mark.parametrize(
    "name",
    [
        *("grr", "ss", "oue", "sue", "the", "olh", "blh", "hr", "pgr", "hpgr", "pi-rappor"),
        *("ass", "aue", "alh", "athe", "asue", "aolh", "l-oue", "l-osue", "sticky-ue", "ololoha"),
        pytest.param("mss", marks=pytest.mark.slow),
    ],
)
@pytest.mark.parametrize("k", [100, pytest.param(1024, marks=pytest.mark.slow)])
def test_no_drawn_report_adds_more(name: str, k: int) -> None:
    """1e5 reports, honest and random: none above, and what a false one adds is reached exactly."""
    m, rng = build(name, k), np.random.default_rng(8)
    for targets in (np.array([k // 7]), rng.choice(k, 10, replace=False)):
        limit = m.influence(targets) * (1 + 1e-9)
        honest = m.privatize(rng.integers(0, k, 50_000), rng=rng)
        for reports in (honest, m.random_reports(50_000, rng=rng)):
            assert added_by(m, reports, targets).max() <= limit
        false = m.false_reports(targets, 100, rng=rng)
        np.testing.assert_allclose(added_by(m, false, targets), m.influence(targets), rtol=1e-7)


def test_no_drawn_report_of_scrambled_blocks_adds_more() -> None:
    """The same to 1e-7: its normal equations are solved to a residual of 1e-8."""
    m, rng = build("smss", 40), np.random.default_rng(9)
    for targets in (np.array([5]), rng.choice(40, 10, replace=False)):
        most = m.influence(targets)
        honest = m.privatize(rng.integers(0, 40, 50_000), rng=rng)
        for reports in (honest, m.random_reports(50_000, rng=rng)):
            assert added_by(m, reports, targets).max() <= most * (1 + 1e-7)
        false = m.false_reports(targets, 10, rng=rng)
        np.testing.assert_allclose(added_by(m, false, targets), most, rtol=1e-7)


# --- published and designed figures ----------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "one", "ten"),
    [
        ("grr", 58.6, 53.4), ("ss", 3.13, 31.3), ("oue", 3.16, 31.6), ("sue", 2.54, 25.4),
        ("blh", 2.16, 21.6), ("olh", 3.33, 33.3), ("hr", 3.33, None), ("pgr", 3.91, None),
    ],
)  # fmt: skip
def test_figures_of_the_derivation(name: str, one: float, ten: float | None) -> None:
    """k = 100, epsilon = 1, to the three digits printed there."""
    m = build(name, 100)
    assert m.single_influences().max() == pytest.approx(one, abs=0.0051 if one < 10 else 0.051)
    if ten is not None:
        assert m.influence(range(10)) == pytest.approx(ten, abs=0.051)


def test_figures_of_residues() -> None:
    found = build("mss", 100).single_influences()
    assert found.max() == pytest.approx(8.85, abs=0.0051)
    assert found.mean() == pytest.approx(5.87, abs=0.0051)
    assert found.min() == pytest.approx(3.38, abs=0.0051)


@pytest.mark.parametrize("epsilon", [0.5, 1.0, 3.0])
@pytest.mark.parametrize("r", [1, 10])
def test_published_formulas(epsilon: float, r: int) -> None:
    """Cao, Jia and Gong (USENIX Security 2021), for k = 100 values and r targets."""
    k, e = 100, math.exp(epsilon)
    targets = range(r)
    assert build("grr", k, epsilon).influence(targets) == pytest.approx(1 + (k - r) / (e - 1))
    assert build("oue", k, epsilon).influence(targets) == pytest.approx(2 * r * e / (e - 1))
    # For OLH they take g = e + 1 buckets, which is no whole number.
    m = build("olh", k, epsilon)
    g = m.num_buckets
    exact = r * (1 - 1 / g) / (e / (e + g - 1) - 1 / g)
    assert m.influence(targets) == pytest.approx(exact)
    assert exact == pytest.approx(2 * r * e / (e - 1), rel=0.12)


@pytest.mark.parametrize("targets", [[], [1, 1], [5], [-1], [[0]], [0.5]])
def test_targets_are_checked(targets: Any) -> None:
    for name in ("grr", "hr", "mss", "dbitflip", "she"):
        with pytest.raises((ValueError, TypeError), match=r"targets must be|values must"):
            build(name, 5).influence(targets)


# --- records ---------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["spl", "smp", "rsfd", "rsrfd", "allomfree"])
@pytest.mark.parametrize("variant", ["grr", "oue"])
def test_influence_on_an_attribute(name: str, variant: str) -> None:
    """One false record among many honest ones moves the estimate as far as stated, others less."""
    extra: dict[str, Any] = {"base": variant}
    if name == "rsfd":
        extra = {"variant": "oue-z" if variant == "oue" else "grr"}
    if name == "rsrfd":
        extra = {"variant": "oue-r" if variant == "oue" else "grr"}
        extra["fake"] = ((0.2, 0.3, 0.5), (0.4, 0.3, 0.2, 0.1))
    if name == "allomfree":  # it has a base of its own for each size
        extra = {"epsilon_inf": 3.0 if variant == "grr" else 1.2}
    m: Any = ldpaudit.mechanism(name, sizes=(3, 4), epsilon=1.0, **extra)
    rng, many, d = np.random.default_rng(2), 5_000, 2
    for attribute, targets in ((0, [1]), (1, [0, 2])):
        exact, oracle = m.attribute_influence(attribute, targets), m.attributes[attribute]
        honest = m.privatize(rng.integers(0, m.k, many), rng=rng)
        counts = m.aggregate(honest)
        before = m.estimate_marginals(counts)[attribute][targets].sum()
        moved = []
        for trial in range(200):
            report = honest[:1].copy()
            draw = oracle.random_reports(1, rng=rng)
            if trial == 0:
                draw = oracle.false_reports(targets, 1, rng=rng)
            report[f"a{attribute}"] = draw
            if name in ("smp", "allomfree"):
                report["attribute"] = attribute
            after = m.estimate_marginals(counts + m.aggregate(report))[attribute][targets].sum()
            moved.append(float(after - before))
        if name in ("smp", "allomfree"):  # the estimate divides by those who drew the attribute
            drew = counts.parts[attribute].num_users
            expected = (exact / d - before) / (drew + 1)
        else:
            expected = (exact - before) / (many + 1)
        assert moved[0] == pytest.approx(expected, rel=1e-6)
        assert max(moved) <= moved[0] * (1 + 1e-9)
