"""Workers are started where they are worth it, and the table does not depend on them."""

from __future__ import annotations

import os
from typing import Any

import pandas as pd
import pytest

from ldpaudit.comparing import grid, running
from ldpaudit.comparing.grid import compare
from ldpaudit.comparing.loky_workers import LokyWorkers

STUDY: dict[str, Any] = {
    "name": "small", "protocols": ["grr", "oue", "duchi"], "epsilons": [1.0, 2.0],
    "data": [{"name": "uniform", "k": 6, "low": -1, "high": 1}], "trials": 300, "repetitions": 2,
}  # fmt: skip


@pytest.fixture
def started(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """How many workers were asked for, each time."""
    asked, real = list[int](), LokyWorkers

    def counted(jobs: int, module: str) -> Any:
        asked.append(jobs)
        return real(jobs, module)

    monkeypatch.setattr(running, "LokyWorkers", counted)
    monkeypatch.setattr(os, "cpu_count", lambda: 2)
    return asked


def table(jobs: int | None, study: dict[str, Any] = STUDY) -> pd.DataFrame:
    return compare(study, jobs=jobs).frame


def test_a_study_of_seconds_starts_no_worker(started: list[int]) -> None:
    pd.testing.assert_frame_equal(table(None), table(1))
    assert not started


def test_more_work_starts_some_and_changes_nothing(
    started: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(running, "_TRIED", 0.0)
    monkeypatch.setattr(running, "_WORTH", 1e-6)
    pd.testing.assert_frame_equal(table(None), table(1))
    assert started == [2]


def test_whoever_asks_for_workers_has_them(started: list[int]) -> None:
    table(2)
    assert started == [2]


def test_what_is_not_ours_runs_elsewhere(
    started: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    """It may end its process."""
    origin = grid._origin
    monkeypatch.setattr(grid, "_origin", lambda *part: f"{origin(*part)} of a stranger")
    table(None)
    assert started == [2]


def test_no_more_cells_than_workers_run_side_by_side(started: list[int]) -> None:
    table(None, STUDY | {"protocols": ["grr"]})
    assert started == [2]
