"""The influence of every value of plain residues, against one decode for each value."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pytest

from ldpaudit.protocols.modular._designs import Design


def by_decoding(design: Design, values: npt.NDArray[np.int64]) -> npt.NDArray[np.float64]:
    """The largest of what each block can add to each value, from the solved normal equations."""
    functionals = (np.arange(design.k) == values[:, None]).astype(float)
    return np.asarray(design.influences(functionals))


@pytest.mark.parametrize(
    ("k", "moduli"),
    [
        (2, (2,)), (5, (5,)), (7, (4, 5)), (9, (11, 4)), (30, (16, 17, 19)), (31, (40, 13, 7)),
        (60, (53, 47, 59, 61)), (64, (9, 10, 11, 13, 17, 19, 23)),
    ],
)  # fmt: skip
@pytest.mark.parametrize("epsilon", [0.3, 1.0, 4.0])
def test_every_value(k: int, moduli: tuple[int, ...], epsilon: float) -> None:
    design = Design(k, epsilon, moduli)
    exact = by_decoding(design, np.arange(k))
    np.testing.assert_allclose(design.single_influences(), exact, rtol=1e-9)
    worst, whole = design.worst_influence()
    assert whole
    assert worst == pytest.approx(exact.max(), rel=1e-9)


def test_subsets_of_other_sizes() -> None:
    design = Design(40, 1.0, (33, 34, 35), sizes=(1, 20, 7))
    exact = by_decoding(design, np.arange(40))
    np.testing.assert_allclose(design.single_influences(), exact, rtol=1e-9)


def test_steps_do_not_drift() -> None:
    """Some thousand steps after the first column the figures are still those of a decode."""
    design = Design(6_000, 1.0, (5_101, 5_167, 5_273))
    some = np.array([0, 1, 1_499, 2_998, 2_999, 3_000, 5_999])
    found = design.single_influences()
    np.testing.assert_allclose(found[some], by_decoding(design, some), rtol=1e-9)
    np.testing.assert_allclose(found, found[::-1], rtol=0)


def test_too_much_work_is_a_bound(monkeypatch: pytest.MonkeyPatch) -> None:
    design, values = Design(600, 1.0, (501, 507, 523)), np.arange(600)
    exact = by_decoding(design, values)
    monkeypatch.setattr("ldpaudit.protocols.modular._designs._PLAIN", 600 * 1531 - 1)
    worst, whole = design.worst_influence()
    assert not whole
    some = np.linspace(0, 599, 129).round().astype(int)
    assert worst == pytest.approx(exact[some].max(), rel=1e-9)
    monkeypatch.setattr("ldpaudit.protocols.modular._designs._PLAIN", 600 * 1531)
    worst, whole = design.worst_influence()
    assert whole
    assert worst == pytest.approx(exact.max(), rel=1e-9)
