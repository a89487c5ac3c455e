"""CMS and HCMS: reports one by one for small sketches, published servers, ideal figures."""

from __future__ import annotations

import itertools
import math
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from scipy.linalg import hadamard

from ldpaudit.protocols import CountMeanSketch, HadamardCountMeanSketch
from ldpaudit.testing import check_mechanism

Table = npt.NDArray[np.float64]


def cms_reports(m: CountMeanSketch) -> Any:
    """Every report of a sketch of at most 8 buckets."""
    pairs = list(itertools.product(range(m.num_hashes), range(2**m.num_buckets)))
    rows = np.zeros(len(pairs), dtype=m.privatize([], rng=np.random.default_rng(0)).dtype)
    rows["function"] = [function for function, _ in pairs]
    rows["bits"][:, 0] = [bits for _, bits in pairs]
    return rows


def hcms_reports(m: HadamardCountMeanSketch) -> Any:
    """Every report."""
    parts = list(itertools.product(range(m.num_hashes), range(m.num_buckets), (-1, 1)))
    dtype = m.privatize([], rng=np.random.default_rng(0)).dtype
    return np.array(parts, dtype=dtype)


def cms_table(m: CountMeanSketch) -> Table:
    """P(report | value) from the definition: every bit flipped with 1 / (1 + e^(eps / 2))."""
    flip = 1 / (1 + math.exp(m.epsilon / 2))
    table = []
    for report in cms_reports(m):
        functions = np.array([report["function"]])
        for value in range(m.k):
            bucket = int(m._buckets(functions, value)[0])
            law = 1 / m.num_hashes
            for place in range(m.num_buckets):
                bit = (int(report["bits"][0]) >> place) & 1
                law *= 1 - flip if bit == (place == bucket) else flip
            table.append(law)
    return np.array(table).reshape(-1, m.k)


def hcms_table(m: HadamardCountMeanSketch) -> Table:
    """P(report | value): a uniform coefficient of the bucket's column, flipped at times."""
    truth, matrix = math.exp(m.epsilon) / (math.exp(m.epsilon) + 1), hadamard(m.num_buckets)
    table = []
    for report in hcms_reports(m):
        for value in range(m.k):
            bucket = int(m._buckets(np.array([report["function"]]), value)[0])
            same = matrix[report["coefficient"], bucket] == report["sign"]
            table.append((truth if same else 1 - truth) / m.num_buckets / m.num_hashes)
    return np.array(table).reshape(-1, m.k)


SMALL: list[tuple[Any, Any, Any]] = [
    (CountMeanSketch(5, 1.0, num_buckets=4, num_hashes=6), cms_reports, cms_table),
    (CountMeanSketch(3, 3.0, num_buckets=5, num_hashes=4), cms_reports, cms_table),
    (HadamardCountMeanSketch(5, 1.0, num_buckets=4, num_hashes=6), hcms_reports, hcms_table),
    (HadamardCountMeanSketch(7, 2.5, num_buckets=8, num_hashes=9), hcms_reports, hcms_table),
]


@pytest.mark.parametrize(("m", "reports", "table"), SMALL)
def test_likelihood_and_epsilon_are_those_of_every_report(m: Any, reports: Any, table: Any) -> None:
    rows, law = reports(m), table(m)
    np.testing.assert_allclose(law.sum(axis=0), 1, atol=1e-12)
    np.testing.assert_allclose(np.exp(m.log_likelihood(rows)) / m.num_hashes, law, atol=1e-13)
    assert m.exact_epsilon() == pytest.approx(m.epsilon, rel=1e-12)
    worst = np.log(law.max(axis=1) / law.min(axis=1)).max()
    assert worst == pytest.approx(m.exact_epsilon(), rel=1e-9)


@pytest.mark.parametrize(("m", "reports", "table"), SMALL)
def test_reports_follow_their_law(m: Any, reports: Any, table: Any) -> None:
    """Five standard errors for each of at most 144 reports."""
    rows, n = reports(m), 100_000
    drawn = m.privatize(np.full(n, m.k - 1), rng=np.random.default_rng(5))
    place = {row.tobytes(): i for i, row in enumerate(rows)}
    counts = np.zeros(len(rows))
    for row in drawn:
        counts[place[row.tobytes()]] += 1
    law = table(m)[:, -1]
    assert (np.abs(counts / n - law) <= 5 * np.sqrt(law * (1 - law) / n) + 1e-9).all()


@pytest.mark.parametrize(("m", "reports", "table"), SMALL)
def test_the_server_is_the_published_one(m: Any, reports: Any, table: Any) -> None:
    """Apple's sketch matrix, row by row, against supports over (p* - q*)."""
    del table
    rows = reports(m)[:: max(1, len(reports(m)) // 40)]
    n, width = rows.size, m.num_buckets
    hadamard_form = isinstance(m, HadamardCountMeanSketch)
    half = m.epsilon if hadamard_form else m.epsilon / 2
    scale = (math.exp(half) + 1) / (math.exp(half) - 1)
    sketch = np.zeros((m.num_hashes, width))
    for row in rows:
        if hadamard_form:
            sketch[row["function"], row["coefficient"]] += m.num_hashes * scale * row["sign"]
        else:
            bits = (int(row["bits"][0]) >> np.arange(width)) & 1
            sketch[row["function"]] += m.num_hashes * (scale / 2 * (2 * bits - 1) + 0.5)
    if hadamard_form:
        sketch = sketch @ hadamard(width).T
    functions = np.arange(m.num_hashes)
    published = [
        width / (width - 1) * (sketch[functions, m._buckets(functions, v)].mean() - n / width) / n
        for v in range(m.k)
    ]
    np.testing.assert_allclose(m.estimate(m.aggregate(rows)), published, atol=1e-9)


@pytest.mark.parametrize("kind", [CountMeanSketch, HadamardCountMeanSketch])
def test_ideal_figures_are_means_over_functions(kind: Any) -> None:
    """Every map of 3 values to 4 buckets once: success and delta of the whole family."""
    m = kind(3, 1.5, num_buckets=4)
    small = kind(3, 1.5, num_buckets=4, num_hashes=1)
    rows = (cms_reports if kind is CountMeanSketch else hcms_reports)(small)
    success, delta, prior = [], [], np.array([0.5, 0.3, 0.2])
    current = np.zeros(3, dtype=np.int64)

    class Fixed(kind):  # type: ignore[misc]
        def _buckets(self, functions: Any, values: Any) -> Any:
            return current[np.broadcast_to(values, np.shape(functions))]

    fixed = Fixed(3, 1.5, num_buckets=4, num_hashes=1)
    for chosen in itertools.product(range(4), repeat=3):
        current[:] = chosen
        law = np.exp(fixed.log_likelihood(rows))
        success.append((law * prior).max(axis=1).sum())
        delta.append(np.maximum(law[:, 0] - math.exp(0.7) * law[:, 1], 0).sum())
    assert m.vulnerability(prior) == pytest.approx(np.mean(success), rel=1e-12)
    assert m.exact_delta(0.7) == pytest.approx(np.mean(delta), rel=1e-12)


@pytest.mark.parametrize("kind", [CountMeanSketch, HadamardCountMeanSketch])
def test_estimates_have_the_stated_error(kind: Any) -> None:
    """Unbiased, and squared errors of 300 collections within five standard errors of `mse`."""
    m, rng = kind(6, 2.0, num_buckets=16), np.random.default_rng(8)
    histogram = np.array([600, 400, 300, 200, 400, 100])
    users = np.repeat(np.arange(6), histogram)
    truth = histogram / users.size
    found = np.array([m.estimate(m.aggregate(m.privatize(users, rng=rng))) for _ in range(300)])
    error = found.std(axis=0) / math.sqrt(300)
    assert (np.abs(found.mean(axis=0) - truth) < 5 * error).all()
    squares = ((found - truth) ** 2).mean(axis=1)
    assert abs(squares.mean() - m.mse(users.size, truth)) < 5 * squares.std() / math.sqrt(300)


@pytest.mark.parametrize("kind", [CountMeanSketch, HadamardCountMeanSketch])
def test_false_reports_reach_the_influence(kind: Any) -> None:
    m, targets = kind(9, 1.0, num_buckets=16), [2, 5, 7]
    false = m.false_reports(targets, 20, rng=np.random.default_rng(3))
    for row in range(20):
        raised = m.estimate(m.aggregate(false[row : row + 1]))[targets].sum()
        assert raised == pytest.approx(m.influence(targets), rel=1e-12)
    assert m.random_reports(20, rng=np.random.default_rng(3)).dtype == false.dtype


def test_both_keep_the_contract_and_say_what_they_refuse() -> None:
    check_mechanism(CountMeanSketch(5, 1.0, num_buckets=16))
    check_mechanism(HadamardCountMeanSketch(5, 1.0, num_buckets=16))
    with pytest.raises(ValueError, match="num_buckets must be a power of two, got 12"):
        HadamardCountMeanSketch(5, 1.0, num_buckets=12)
    with pytest.raises(ValueError, match="num_buckets must be"):
        CountMeanSketch(5, 1.0, num_buckets=1)
