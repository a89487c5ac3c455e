"""One bad mechanism or attack spoils its own cell and no other, in this process and in others."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from ldpaudit.comparing.grid import compare
from ldpaudit.comparing.running import DIED
from ldpaudit.comparing.study import resolve, to_toml
from ldpaudit.comparing.task import CellTask

from . import hostile

Run = Callable[..., tuple[int, str, str]]
LIMIT = 10.0
LATE = f"it ran longer than the limit of {LIMIT:g} seconds"
#: What each way to misbehave without ending the process says.
SAID = {
    "raises": "ZeroDivisionError: no <object object> today",
    "unprintable": "Unprintable",
    "leaves": "SystemExit: 0",
    "exhausts": "ValueError: array is too big",
    "deep": "RecursionError: maximum recursion depth exceeded",
    "short": "ValueError: LikelihoodRatio",
    "nan": "ValueError: estimate must return finite numbers, got nan or infinity.",
    "shape": "ValueError: estimate must return shape (6,), got (5,).",
    "nan mse": "ValueError: exact of mse_approximate must be finite, got nan.",
}


@pytest.fixture(autouse=True)
def installed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    hostile.on_path(hostile.install(tmp_path / "parts"), monkeypatch)


def study(*modes: str, attacks: tuple[str, ...] = ("blind",), **parameters: str) -> dict[str, Any]:
    """Every mode on the data where it strikes and on data where it does not, beside grr."""
    return {
        "name": "faults",
        "protocols": [*({"name": "hostile", "mode": m, **parameters} for m in modes), "grr"],
        "epsilons": [1.0],
        "data": [{"name": "uniform", "k": 6}, {"name": "zipf", "k": 9, "num_users": 50}],
        "trials": 300,
        "repetitions": 2,
        "attacks": list(attacks),
    }


def failures(frame: pd.DataFrame) -> dict[str, str]:
    """Reason of every failed cell by its parameters; all of them are on the first data."""
    failed = frame[frame["metric"] == "cell"]
    assert set(failed["status"]) <= {"failed"}
    assert set(failed["k"]) <= {6}
    return dict(zip(failed["parameters"], failed["reason"], strict=True))


def others(frame: pd.DataFrame) -> list[tuple[str, ...]]:
    """Rows of the cells that did not fail, but for the level that all cells share."""
    kept = frame[(frame["metric"] != "cell") & (frame["metric"] != "epsilon_verdict")]
    return [tuple(map(str, row)) for row in kept.itertuples(index=False)]


def text(frame: pd.DataFrame) -> str:
    return frame.to_csv(index=False, float_format=repr)


def test_what_is_raised_or_nonsense_is_a_row_that_says_why() -> None:
    alone = compare(study(*SAID)).frame
    found = failures(alone)
    assert set(found) == {f"mode={mode}" for mode in SAID}
    for mode, said in SAID.items():
        assert found[f"mode={mode}"].startswith(said)
    assert {row[0] for row in others(alone)} == {"hostile", "grr"}
    assert text(compare(study(*SAID), jobs=2).frame) == text(alone)


def test_a_bad_attack_spoils_its_own_row() -> None:
    bad = {"raises": "KeyError: 'lost'", "nan": "must be integers", "range": "got 6",
           "short": "one guess per report"}  # fmt: skip
    frame = compare(study("well", attacks=(*bad, "blind"))).frame
    assert failures(frame) == {}
    failed = frame[frame["status"] == "failed"]
    assert set(failed["k"]) == {6}
    assert set(failed["metric"]) == {"attack_success"}
    assert failed["attack"].tolist() == 2 * list(bad)
    for name, said in bad.items():
        assert failed.loc[failed["attack"] == name, "reason"].str.contains(said).all()


@pytest.mark.slow
def test_a_worker_that_dies_spoils_one_cell() -> None:
    """An exit, a kill as by the system that runs out of memory, a crash in C."""
    modes = ("exits", "killed", "crashes")
    frame = compare(study(*modes), jobs=2).frame
    assert failures(frame) == {f"mode={mode}": DIED for mode in modes}
    good = compare(study("well")).frame
    grr = frame[frame["protocol"] == "grr"]
    assert others(grr) == others(good[good["protocol"] == "grr"])
    spared = frame[(frame["k"] == 9) & (frame["protocol"] == "hostile")]
    whole = good.loc[(good["k"] == 9) & (good["protocol"] == "hostile"), "metric"].tolist()
    assert spared["metric"].tolist() == len(modes) * whole
    assert text(compare(study(*modes), jobs=3).frame) == text(frame)


@pytest.mark.slow
def test_a_cell_that_hangs_is_ended() -> None:
    """One that sleeps, and one that holds the lock of the interpreter in C."""
    frame = compare(study("hangs", "holds"), jobs=2, cell_timeout=LIMIT).frame
    assert failures(frame) == {"mode=hangs": LATE, "mode=holds": LATE}
    assert set(frame.loc[frame["protocol"] == "grr", "status"]) <= {"ok", "consistent"}


def test_an_attack_that_ends_the_process_costs_its_cells() -> None:
    frame = compare(study("well", attacks=("exits",)), jobs=2).frame
    assert failures(frame) == {"mode=well": DIED, "": DIED}
    assert len(frame[frame["k"] == 9]) > 5


def test_a_worker_killed_from_outside_changes_no_byte(tmp_path: Path) -> None:
    at = tmp_path / "struck"
    frame = compare(study("once", at=str(at)), jobs=2).frame
    assert at.exists()
    assert failures(frame) == {}
    assert text(frame) == text(compare(study("once", at=str(at))).frame)


def test_failed_cells_are_exit_3_and_a_line_each(run: Run) -> None:
    Path("bad.toml").write_text(to_toml(resolve(study("raises", "nan"))))
    code, _, err = run("compare", "--study", "bad.toml", "--out", "out", "--jobs", "1")
    assert code == 3
    assert err == f"a cell failed: {SAID['raises']}\na cell failed: {SAID['nan']}\n"


def test_another_release_of_a_part_is_computed_anew(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What the old release computed stays in the store, under its own key."""
    ran = []
    original = CellTask.run

    def counted(task: CellTask) -> Any:
        ran.append(task.axes["protocol"])
        return original(task)

    monkeypatch.setattr(CellTask, "run", counted)
    plan = study("well")
    for release, wanted in (("1.0", 4), ("1.0", 0), ("1.1", 2), ("1.0", 0)):
        hostile.on_path(hostile.install(tmp_path / release, release), monkeypatch)
        ran.clear()
        compare(plan, out=tmp_path / "out")
        assert len(ran) == wanted
        assert set(ran) <= {"hostile", "grr"}
        assert wanted != 2 or set(ran) == {"hostile"}


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"cell_timeout": 0}, r"cell_timeout must be positive and finite, got 0\."),
        ({"cell_timeout": "1"}, "cell_timeout must be a number, got '1'"),
        ({"backend": "threads"}, "unknown backend 'threads'"),
        ({"scheduler": "tcp://x"}, r"a scheduler needs backend 'dask', got 'loky'\."),
    ],
)
def test_bad_options(options: dict[str, Any], message: str) -> None:
    with pytest.raises((ValueError, TypeError), match=message):
        compare(study("well"), **options)
