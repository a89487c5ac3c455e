"""Choosing designs: moduli by exact error, joint choices under a budget, and the cache."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest

import ldpaudit
from ldpaudit.protocols._kernels import _cache
from ldpaudit.protocols.modular._designs import Design
from ldpaudit.protocols.modular._residues import check_moduli, choose_moduli, rank_deficit


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(_cache, "_folder", lambda: tmp_path / "designs")
    return tmp_path / "designs"


@pytest.mark.parametrize("k", [2, 3, 4, 5, 6, 7, 8, 11, 30, 100, 1024])
def test_choice_is_decodable_and_deterministic(k: int, folder: Path) -> None:
    found = choose_moduli(k, 1.0)
    assert check_moduli(k, found) == found
    assert found == choose_moduli(k, 1.0)
    for file in folder.iterdir():
        file.unlink()
    assert found == choose_moduli(k, 1.0)
    assert (len(found) == 1) == (k < 4)


def test_small_k_falls_back_to_subset_selection() -> None:
    for k in (2, 3):
        m = ldpaudit.mechanism("mss", k=k, epsilon=1.0)
        whole = ldpaudit.mechanism("ss", k=k, epsilon=1.0)
        assert m.moduli == (k,)
        uniform = np.full(k, 1 / k)
        assert m.mse(1, uniform) == pytest.approx(whole.mse(1, uniform))
        assert m.vulnerability() == pytest.approx(whole.vulnerability())


def test_choice_is_better_than_the_median_draw() -> None:
    k, epsilon = 200, 1.0
    uniform = np.full(k, 1 / k)
    best = Design(k, epsilon, choose_moduli(k, epsilon)).mse(uniform)
    rng = np.random.default_rng(0)
    drawn: list[float] = []
    while len(drawn) < 15:
        moduli = sorted(rng.choice(np.arange(140, 185), 8, replace=False).tolist())
        try:
            drawn.append(Design(k, epsilon, check_moduli(k, moduli)).mse(uniform))
        except ValueError:
            continue
    assert best <= np.median(drawn)


@pytest.mark.parametrize("bits", [700, 600, 520])
def test_bit_budget_is_kept_and_used(bits: int) -> None:
    k, epsilon = 1024, 1.0
    design = Design(k, epsilon, choose_moduli(k, epsilon, bits=bits))
    assert 0.9 * bits <= design.bits <= bits


def test_impossible_budget_is_refused() -> None:
    with pytest.raises(ValueError, match="bits must allow a decodable design"):
        choose_moduli(1024, 1.0, bits=100)


def test_rank_deficit_is_the_rank_of_the_dense_design() -> None:
    for k, moduli in ((20, (5, 7, 9)), (20, (5, 7)), (12, (5, 8)), (30, (4, 7, 9, 11))):
        rows = [(np.arange(k) % m == r).astype(float) for m in moduli for r in range(m)]
        assert rank_deficit(k, moduli) == k - np.linalg.matrix_rank(np.array(rows))


def test_cache_is_read_and_survives_damage(folder: Path) -> None:
    calls = []

    def search() -> list[int]:
        calls.append(1)
        return [1, 2]

    def ask() -> list[int]:
        answer: list[int] = _cache.remembered(("test", 1), list, search)
        return answer

    assert ask() == ask() == [1, 2]
    assert len(calls) == 1
    (file,) = folder.iterdir()
    for damage in ("", "{", '{"question": "other", "answer": [9]}', "[]", "\x00"):
        file.write_text(damage)
        assert ask() == [1, 2]
    stored = json.loads(file.read_text())
    assert stored["answer"] == [1, 2]


def test_cache_that_cannot_be_written_only_costs_time(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    blocker = tmp_path / "file"
    blocker.write_text("")
    monkeypatch.setattr(_cache, "_folder", lambda: blocker / "designs")
    assert _cache.remembered(("test", 2), list, lambda: [3]) == [3]


def test_writers_at_the_same_time_do_no_harm(folder: Path) -> None:
    with ThreadPoolExecutor(8) as pool:
        answers = list(
            pool.map(lambda _: _cache.remembered(("test", 3), list, lambda: [4, 5]), range(64))
        )
    assert answers == [[4, 5]] * 64
    assert len(list(folder.iterdir())) == 1


@pytest.mark.parametrize("epsilon", [0.5, 4.0])
@pytest.mark.parametrize("k", [2, 5, 74])
def test_adaptive_is_never_worse_than_subset_selection(k: int, epsilon: float) -> None:
    uniform = np.full(k, 1 / k)
    whole = ldpaudit.mechanism("ss", k=k, epsilon=epsilon)
    for weights in ((1.0, 1.0, 1.0), (1.0, 0.0, 0.0), (0.0, 1.0, 0.0), (0.0, 0.0, 1.0)):
        names = ("success_weight", "error_weight", "bits_weight")
        m = ldpaudit.mechanism(
            "amss", k=k, epsilon=epsilon, **dict(zip(names, weights, strict=True))
        )
        figures = [
            m.vulnerability() / whole.vulnerability(),
            m.mse(1, uniform) / whole.mse(1, uniform),
            m.bits / whole.bits,
        ]
        assert np.dot(weights, figures) <= sum(weights) * (1 + 1e-9)


def test_adaptive_keeps_a_bit_budget_and_answers_to_weights() -> None:
    k, epsilon = 100, 1.0
    cheap = ldpaudit.mechanism("amss", k=k, epsilon=epsilon, max_bits=20)
    assert cheap.bits <= 20
    private = ldpaudit.mechanism("amss", k=k, epsilon=epsilon, success_weight=20.0)
    accurate = ldpaudit.mechanism("amss", k=k, epsilon=epsilon, error_weight=20.0)
    assert private.vulnerability() < accurate.vulnerability()
    uniform = np.full(k, 1 / k)
    assert accurate.mse(1, uniform) < private.mse(1, uniform)
    with pytest.raises(ValueError, match="max_bits must allow"):
        ldpaudit.mechanism("amss", k=k, epsilon=epsilon, max_bits=2)


@pytest.mark.parametrize(
    "parameters",
    [{"success_weight": -1.0}, {"bits_weight": float("nan")},
     {"success_weight": 0, "error_weight": 0, "bits_weight": 0}, {"max_bits": 0}],
)  # fmt: skip
def test_adaptive_refuses_bad_weights(parameters: dict[str, float]) -> None:
    with pytest.raises(ValueError, match="must be"):
        ldpaudit.mechanism("amss", k=10, epsilon=1.0, **parameters)


@pytest.mark.parametrize("k", [8, 100, 1024])
def test_chosen_designs_are_well_conditioned(k: int) -> None:
    """The paper asks for a condition of at most 10 of the design, 100 of its normal matrix."""
    assert ldpaudit.mechanism("mss", k=k, epsilon=1.0).decoder.condition <= 100


@pytest.mark.slow
def test_choice_at_a_million_values() -> None:
    moduli = choose_moduli(10**6, 1.0)
    assert check_moduli(10**6, moduli) == moduli
    assert len(moduli) == 8
    assert max(moduli) <= 0.88 * 10**6
