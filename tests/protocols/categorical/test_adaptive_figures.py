"""ass, aue, alh and athe: every published figure, to its printed digits."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from ldpaudit.protocols import (
    OptimizedLocalHashing,
    OptimizedUnaryEncoding,
    SubsetSelection,
    ThresholdingHistogramEncoding,
)

from .adaptive import CLASSES, build, chosen

#: Error at f = 0 and for fixed users, exact success; n = 1, weights 1/2 each.
ORACLE = [
    ("ass", 10, 1.0, 3, 2.83921, 2.91041, 0.179367),
    ("aue", 10, 1.0, 0.505050, 3.68307, 3.77872, 0.180218),
    ("alh", 10, 1.0, 4, 3.69165, 3.81352, 0.183378),
    ("athe", 10, 1.0, 0.616162, 4.80718, 4.82776, 0.158874),
    ("ass", 10, 4.0, 2, 0.158247, 0.152043, 0.465869),
    ("aue", 10, 4.0, 0.5, 0.0760218, 0.176022, 0.503877),
    ("alh", 10, 4.0, 56, 0.0760229, 0.176786, 0.502654),
    ("athe", 10, 4.0, 0.898990, 0.293593, 0.35763, 0.432082),
    ("ass", 100, 1.0, 27, 3.58965, 3.59953, 0.0185683),
    ("aue", 100, 1.0, 0.5, 3.68269, 3.69269, 0.0185914),
    ("alh", 100, 1.0, 4, 3.69165, 3.70384, 0.0190147),
    ("athe", 100, 1.0, 0.616162, 4.80718, 4.80923, 0.0159844),
    ("ass", 100, 4.0, 7, 0.106642, 0.108437, 0.114898),
    ("aue", 100, 4.0, 0.818181, 0.127759, 0.129183, 0.107413),
    ("alh", 100, 4.0, 13, 0.12866, 0.13005, 0.106541),
    ("athe", 100, 4.0, 0.782828, 0.286277, 0.290114, 0.0647181),
]


@pytest.mark.parametrize("row", ORACLE, ids=lambda row: f"{row[0]}-{row[1]}-{row[2]:g}")
def test_oracle_table(row: tuple[str, int, float, float, float, float, float]) -> None:
    name, k, epsilon, parameter, flat, averaged, success = row
    m = build(name, k, epsilon, grid="published")
    assert chosen(name, m) == pytest.approx(parameter, abs=5.1e-7)
    assert m.mse(1) == pytest.approx(flat, rel=5e-6)
    assert m.mse(1, np.full(k, 1 / k)) == pytest.approx(averaged, rel=5e-6)
    assert m.vulnerability() == pytest.approx(success, rel=5e-6)


@pytest.mark.parametrize(
    ("k", "epsilon", "printed"),
    [(10, 1.0, 0.190147), (10, 4.0, 0.498167), (100, 1.0, 0.0190147), (100, 4.0, 0.106576)],
)
def test_oracle_table_of_the_published_success(k: int, epsilon: float, printed: float) -> None:
    m = build("alh", k, epsilon, grid="published")
    assert m.published_success() == pytest.approx(printed, rel=5e-6)


#: Labels at k = 100, epsilon = 4: parameter, success (alh: the approximation), error.
WEIGHTS_FIGURE = [
    ((0.0, 1.0), "1 .36 .05", ".500 .23 .08", "56 .28 .08", ".818 .07 .29"),
    ((0.1, 0.9), "2 .26 .06", ".540 .23 .08", "39 .23 .08", ".813 .07 .29"),
    ((0.5, 0.5), "7 .11 .11", ".818 .11 .13", "13 .11 .13", ".783 .06 .29"),
    ((0.6, 0.4), "9 .09 .13", ".848 .09 .15", "11 .09 .15", ".763 .06 .29"),
    ((0.7, 0.3), "12 .07 .17", ".879 .07 .18", "9 .08 .17", ".727 .06 .29"),
    ((0.8, 0.2), "15 .06 .21", ".904 .06 .22", "7 .06 .21", ".652 .06 .31"),
    ((0.9, 0.1), "22 .04 .32", ".939 .04 .33", "5 .05 .30", ".500 .04 .38"),
    ((1.0, 0.0), "98 .01 50.36", "1.000 .01 19005.48", "2 .02 1.08", ".500 .04 .38"),
]


@pytest.mark.parametrize("row", WEIGHTS_FIGURE, ids=lambda row: str(row[0]))
def test_labels_of_the_weights_figure(row: tuple[tuple[float, float], str, str, str, str]) -> None:
    """Half a unit of the last printed digit."""
    for (name, _), label in zip(CLASSES.items(), row[1:], strict=True):
        m = build(name, 100, 4.0, row[0], grid="published")
        success = m.published_success() if name == "alh" else m.vulnerability()
        for text, value in zip(label.split(), (chosen(name, m), success, m.mse(1)), strict=True):
            digits = len(text.partition(".")[2])
            assert float(text) == pytest.approx(value, abs=0.5001 * 10**-digits)


def test_labels_of_the_objective_figure() -> None:
    k, epsilon = 100, 4.0
    printed = {"ass": 7, "aue": 0.818, "alh": 13, "athe": 0.783}
    for name, parameter in printed.items():
        m = build(name, k, epsilon, grid="published")
        assert chosen(name, m) == pytest.approx(parameter, abs=5.01e-4)
    assert SubsetSelection(k, epsilon).subset_size == 2
    assert OptimizedUnaryEncoding(k, epsilon).p_star == 0.5
    assert OptimizedLocalHashing(k, epsilon).num_buckets == 56
    assert ThresholdingHistogramEncoding(k, epsilon).theta == pytest.approx(0.816, abs=5e-4)


#: Success of the base and of the adaptive protocol, error ratio; epsilon = 10, equal weights.
RATIOS = [
    (25, ".9989 .2499 3145", ".5197 .5197 1.0", ".5 .2399 1102", ".6391 .4987 1.19"),
    (100, ".9955 .1111 1930", ".5039 .5039 1.0", ".5 .11 551", ".5261 .2301 4.07"),
    (1000, ".9566 .03221 654", ".4893 .1122 49.7", ".5 .03295 173", ".1312 .03267 2.93"),
    (10000, ".6878 .01006 151", ".4019 .01123 49.7", ".5 .01005 56", ".0132 .00937 1.17"),
]
BASES: dict[str, Any] = {
    "ass": SubsetSelection,
    "aue": OptimizedUnaryEncoding,
    "alh": OptimizedLocalHashing,
    "athe": ThresholdingHistogramEncoding,
}


@pytest.mark.parametrize("row", RATIOS, ids=lambda row: str(row[0]))
def test_what_the_adaptive_protocols_gain_and_cost(row: tuple[int, str, str, str, str]) -> None:
    """Figures to half a unit of the last printed digit."""
    for (name, base), label in zip(BASES.items(), row[1:], strict=True):
        m, plain = build(name, row[0], 10.0, grid="published"), base(row[0], 10.0)
        figures = [plain.vulnerability(), m.vulnerability(), m.mse(1) / plain.mse(1)]
        if name == "alh":
            figures[:2] = plain.published_success(), m.published_success()
        for text, value in zip(label.split(), figures, strict=True):
            digits = len(text.partition(".")[2])
            assert float(text) == pytest.approx(value, abs=0.501 * 10**-digits)
