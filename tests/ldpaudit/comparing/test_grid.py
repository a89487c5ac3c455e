"""Studies that run: the same bytes whatever the workers, the order and the interruptions."""

from __future__ import annotations

import contextlib
import json
import os
import sqlite3
import subprocess
import sys
import time
from dataclasses import dataclass
from importlib.metadata import EntryPoint, entry_points
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
import pytest

from ldpaudit import registry
from ldpaudit.auditing import harness
from ldpaudit.comparing.grid import compare
from ldpaudit.comparing.kept import stored_results
from ldpaudit.comparing.results import Results
from ldpaudit.comparing.store import FILE_NAME
from ldpaudit.comparing.task import CellTask
from ldpaudit.contracts import Values
from ldpaudit.data.sources import load as load_data
from ldpaudit.outcomes.table import COLUMNS

TINY: dict[str, Any] = {
    "name": "tiny",
    "protocols": ["grr", "oue", {"name": "mss", "moduli": [3, 4, 5]}],
    "epsilons": [1.0, 4.0],
    "data": [{"name": "zipf", "k": 9, "num_users": 50}, {"name": "uniform", "k": 6}],
    "trials": 300,
    "repetitions": 2,
}
CELLS = 12


def text(results: Results) -> str:
    """The table with every digit of every number."""
    return results.frame.to_csv(index=False, float_format=repr)


def cells(frame: pd.DataFrame) -> dict[tuple[Any, ...], list[tuple[Any, ...]]]:
    """Rows of each cell as texts, whatever the order of the cells."""
    axes = ["protocol", "parameters", "epsilon", "data"]
    return {
        key: [tuple(map(str, row)) for row in rows.itertuples(index=False)]
        for key, rows in frame.groupby(axes, sort=False)
    }


@pytest.fixture(scope="module")
def undisturbed() -> Results:
    return compare(TINY)


# ------------------------------------------------------------------ the table


def test_one_row_a_cell_and_metric(undisturbed: Results) -> None:
    frame = undisturbed.frame
    assert tuple(frame.columns) == COLUMNS
    found = cells(frame)
    assert len(found) == CELLS
    assert next(iter(found)) == ("grr", "", 1.0, "zipf")
    assert ("mss", "moduli=[3, 4, 5]", 4.0, "uniform") in found
    assert set(frame["metric"]) == {
        "attack_success",
        "most_success",
        "epsilon_lower",
        "epsilon_verdict",
        "mse",
        "mse_approximate",
        "bits",
        "influence",
        "influence_mean",
    }
    assert set(frame["status"]) <= {"ok", "consistent", "inconclusive"}
    keys = frame.groupby(["protocol", "epsilon", "data", "attack", "metric"]).size()
    assert (keys == 1).all()
    assert len(undisturbed.timings) == CELLS
    assert {"data", "protocol", "epsilon", "seconds"} <= set(undisturbed.timings.columns)


def test_a_cell_is_the_audit_of_its_mechanism(undisturbed: Results) -> None:
    m = registry.mechanism("oue", k=9, epsilon=4.0)
    data = load_data("zipf", k=9, num_users=50)
    alone = harness.audit(
        m,
        trials=300,
        repetitions=2,
        histogram=data.histogram,
        data="zipf",
        verdict_alpha=1e-4 / CELLS,
        name="oue",
    )
    want = [tuple(map(str, row)) for row in alone.to_frame().itertuples(index=False)]
    assert cells(undisturbed.frame)["oue", "", 4.0, "zipf"] == want


def test_the_verdict_is_shared_by_all_audits_of_a_study(undisturbed: Results) -> None:
    verdicts = undisturbed.frame[undisturbed.frame["metric"] == "epsilon_verdict"]
    assert set(verdicts["method"]) == {f"exact lower bound, alpha = {1e-4 / CELLS:.3g}"}


def test_provenance_says_where_it_comes_from(undisturbed: Results) -> None:
    found = undisturbed.provenance
    assert json.loads(json.dumps(found)) == found
    assert {"study", "study_toml", "seed", "alpha", "versions", "created"} <= set(found)
    assert found["created"].endswith("+00:00")
    assert {"ldpaudit", "numpy", "scipy", "python"} <= set(found["versions"])


# --------------------------------------------------------------- same bytes


def test_workers_change_no_byte(undisturbed: Results) -> None:
    assert text(compare(TINY, jobs=2)) == text(undisturbed)


def test_order_changes_no_cell(undisturbed: Results) -> None:
    turned = TINY | {name: TINY[name][::-1] for name in ("protocols", "epsilons", "data")}
    assert cells(compare(turned).frame) == cells(undisturbed.frame)


def test_a_protocol_more_changes_only_the_verdicts_level(undisturbed: Results) -> None:
    larger = compare(TINY | {"protocols": ["ss", *TINY["protocols"]]}).frame
    both = [cells(f[f["metric"] != "epsilon_verdict"]) for f in (larger, undisturbed.frame)]
    assert {key: both[0][key] for key in both[1]} == both[1]
    assert len(both[0]) == CELLS + 4


def test_seeds(undisturbed: Results) -> None:
    assert text(compare(TINY, seed=0)) == text(undisturbed)
    other = compare(TINY, seed=1)
    assert set(other.frame["seed"]) == {1}
    assert other.frame["value"].tolist() != undisturbed.frame["value"].tolist()


def test_quick() -> None:
    plan = TINY | {"quick": {"epsilons": [2.0], "protocols": ["grr"]}}
    assert set(compare(plan, quick=True).frame["epsilon"]) == {2.0}


def test_the_attackers_prior() -> None:
    known = compare(TINY | {"prior": "data", "protocols": ["grr"], "epsilons": [1.0]}).frame
    blind = known[(known["attack"] == "blind") & (known["data"] == "zipf")]
    assert blind["exact"].item() == pytest.approx(18 / 50)  # the share of the commonest value


# ---------------------------------------------------------- stopped and resumed


def count_runs(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    ran: list[str] = []
    original = CellTask.run

    def counted(task: CellTask) -> Any:
        ran.append(task.key)
        return original(task)

    monkeypatch.setattr(CellTask, "run", counted)
    return ran


def test_finished_cells_are_not_run_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, undisturbed: Results
) -> None:
    ran = count_runs(monkeypatch)
    steps: list[tuple[int, int]] = []

    def stop(done: int, total: int) -> None:
        steps.append((done, total))
        if done == 5:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        compare(TINY, out=tmp_path, progress=stop)
    assert (len(ran), steps[-1]) == (5, (5, CELLS))
    with pytest.raises(ValueError, match=r"holds no finished study; run compare --out again"):
        stored_results(tmp_path)
    assert text(compare(TINY, out=tmp_path)) == text(undisturbed)
    assert len(ran) == len(set(ran)) == CELLS
    again = compare(TINY, out=tmp_path, progress=lambda *at: steps.append(at))
    assert len(ran) == CELLS
    assert steps[-1] == (CELLS, CELLS)
    assert text(again) == text(stored_results(tmp_path)) == text(undisturbed)
    compare(TINY | {"trials": 301}, out=tmp_path)
    assert len(ran) == 2 * CELLS


def test_a_protocol_more_runs_no_other_cell(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, undisturbed: Results
) -> None:
    """The level of the verdict is another one, and what was counted is not."""
    larger = TINY | {"protocols": ["ss", *TINY["protocols"]]}
    quiet = text(compare(larger))
    ran = count_runs(monkeypatch)
    compare(TINY, out=tmp_path)
    assert len(ran) == CELLS
    assert text(compare(larger, out=tmp_path)) == quiet == text(stored_results(tmp_path))
    assert len(ran) == len(set(ran)) == CELLS + 4
    assert text(compare(TINY, out=tmp_path)) == text(undisturbed)
    assert len(ran) == CELLS + 4


SLOW_STUDY = TINY | {"epsilons": [1.0, 2.0, 3.0, 4.0], "trials": 60_000, "repetitions": 10}


def stored(folder: Path) -> dict[str, str]:
    """Cells that are safely on disk, read beside the writer."""
    with contextlib.suppress(sqlite3.Error):
        connection = sqlite3.connect(f"file:{folder / FILE_NAME}?mode=ro", uri=True)
        try:
            return dict(connection.execute("SELECT key, cell FROM cells").fetchall())
        finally:
            connection.close()
    return {}


@pytest.mark.parametrize("jobs", [1, 2])
def test_killed_and_resumed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, jobs: int) -> None:
    """kill -9 in the middle: what was finished stays as it is, the table is that of a quiet run."""
    out = tmp_path / "out"
    code = "import json, sys, ldpaudit; ldpaudit.compare(json.loads(sys.argv[1]), "
    code += f"out=sys.argv[2], jobs={jobs})"
    command = [sys.executable, "-c", code, json.dumps(SLOW_STUDY), str(out)]
    run = subprocess.Popen(command, cwd=tmp_path, start_new_session=True)
    deadline = time.monotonic() + 60
    while len(stored(out)) < 3 and run.poll() is None and time.monotonic() < deadline:
        time.sleep(0.005)
    os.killpg(run.pid, 9)
    assert run.wait() == -9
    before = stored(out)
    assert 3 <= len(before) < 2 * CELLS
    ran = count_runs(monkeypatch)
    resumed = compare(SLOW_STUDY, out=out)
    assert len(ran) == 2 * CELLS - len(before)
    assert not set(ran) & set(before)
    after = stored(out)
    assert {key: after[key] for key in before} == before
    monkeypatch.undo()
    assert text(resumed) == text(compare(SLOW_STUDY, jobs=2))


def test_two_runs_in_one_folder(tmp_path: Path, undisturbed: Results) -> None:
    code = "import json, sys, ldpaudit; "
    code += "ldpaudit.compare(json.loads(sys.argv[1]), out=sys.argv[2])"
    command = [sys.executable, "-c", code, json.dumps(TINY), str(tmp_path)]
    both = [subprocess.Popen(command, cwd=tmp_path) for _ in range(2)]
    assert [run.wait() for run in both] == [0, 0]
    assert text(stored_results(tmp_path)) == text(undisturbed)


def test_two_studies_in_one_folder(tmp_path: Path, undisturbed: Results) -> None:
    compare(TINY, out=tmp_path)
    smaller = compare(TINY | {"protocols": ["grr"]}, out=tmp_path)
    assert text(stored_results(tmp_path)) == text(smaller)
    compare(TINY, out=tmp_path)
    assert text(stored_results(tmp_path)) == text(undisturbed)


# -------------------------------------------------------------- failing cells


@dataclass(frozen=True)
class Moody:
    """Fails on six values while `mood` (a file) exists."""

    k: int
    epsilon: float
    mood: str

    def privatize(self, values: npt.ArrayLike, *, rng: np.random.Generator) -> Values:
        if self.k == 6 and Path(self.mood).exists():
            raise ZeroDivisionError("not today, ünlucky")
        return rng.integers(0, self.k, len(np.asarray(values)))


def register_moody(monkeypatch: pytest.MonkeyPatch) -> None:
    class Entry(EntryPoint):
        def load(self) -> Any:
            return Moody

    extra = Entry("moody", "nowhere:Moody", "ldpaudit.protocols")

    def entries(*, group: str) -> list[EntryPoint]:
        return [*entry_points(group=group), *([extra] if group == extra.group else [])]

    monkeypatch.setattr(registry, "entry_points", entries)


def test_a_failing_cell_is_one_row_and_is_tried_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    register_moody(monkeypatch)
    mood = tmp_path / "mood"
    mood.touch()
    plan = TINY | {"protocols": [{"name": "moody", "mood": str(mood)}, "grr"], "attacks": ["blind"]}
    frame = compare(plan, out=tmp_path).frame
    failed = frame[frame["status"] == "failed"]
    assert failed["metric"].tolist() == ["cell", "cell"]
    assert set(failed["reason"]) == {"ZeroDivisionError: not today, ünlucky"}
    assert set(failed["data"]) == {"uniform"}
    assert len(cells(frame)) == 8
    alone = compare(plan | {"protocols": ["grr"]}).frame
    mine = frame[(frame["protocol"] == "grr") & (frame["metric"] != "epsilon_verdict")]
    assert cells(mine) == cells(alone[alone["metric"] != "epsilon_verdict"])
    assert text(stored_results(tmp_path)).count("failed") == 2
    ran = count_runs(monkeypatch)
    compare(plan, out=tmp_path)
    assert len(ran) == 2
    mood.unlink()
    assert "failed" not in set(compare(plan, out=tmp_path).frame["status"])
    assert len(ran) == 4
    assert "failed" not in set(stored_results(tmp_path).frame["status"])
    compare(plan, out=tmp_path)
    assert len(ran) == 4


# ------------------------------------------------------- refused at the start


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"protocols": ["grrr"]}, r"unknown protocol 'grrr'; did you mean grr"),
        ({"protocols": [{"name": "mss", "modul": [3]}]}, "unknown parameter of mss 'modul'; did"),
        ({"protocols": [{"name": "mss", "moduli": [4, 6]}]}, "moduli"),
        ({"attacks": ["bayess"]}, r"unknown attack 'bayess'; did you mean bayes"),
        ({"bound": "posterior"}, "unknown bound 'posterior'"),
        ({"data": ["zipf"]}, "zipf needs k, the number of values, got None"),
        ({"data": ["adult-aeg"]}, r"unknown data set 'adult-aeg'; did you mean adult-age"),
        ({"data": ["missing.csv:age"]}, r"cannot read 'missing\.csv': No such file"),
        ({"data": [{"name": "adult-age", "k": 5}]}, "k must be 74, the number of values"),
        ({"protocols": ["grr", "ss", "grr"]}, "must name every cell once, got one twice"),
        ({"epsilons": [1.0, 1]}, "must name every cell once, got one twice"),
        ({"data": ["adult-age", "adult-age"]}, "data must name every set once, got one twice"),
    ],
)
def test_mistakes_are_found_before_anything_runs(
    tmp_path: Path, fields: dict[str, Any], message: str
) -> None:
    with pytest.raises(ValueError, match=message):
        compare(TINY | fields, out=tmp_path / "out")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"jobs": 0}, "jobs must be at least 1, got 0"),
        ({"jobs": 1.0}, r"jobs must be a whole number, got 1\.0"),
        ({"seed": -1}, "seed must be at least 0, got -1"),
        ({"seed": True}, "seed must be a whole number, got True"),
        ({"out": "/dev/null/below"}, "the output folder /dev/null/below cannot be used"),
    ],
)
def test_bad_options(options: dict[str, Any], message: str) -> None:
    with pytest.raises((ValueError, TypeError), match=message):
        compare(TINY, **options)


def test_a_protocol_with_an_epsilon_of_its_own_has_one_cell() -> None:
    study = {
        "name": "own", "protocols": [{"name": "rappor", "f": 0.5}, "grr"], "epsilons": [1.0, 2.0],
        "data": [{"name": "uniform", "k": 4, "num_users": 50}], "attacks": ["bayes"],
        "trials": 50, "repetitions": 2,
    }  # fmt: skip
    frame = compare(study).frame
    own = registry.mechanism("rappor", k=4, f=0.5).exact_epsilon()
    assert set(frame[frame.protocol == "rappor"].epsilon) == {own}
    assert set(frame[frame.protocol == "grr"].epsilon) == {1.0, 2.0}
    for more in ({"central_delta": 1e-4}, {"protocols": [{"name": "rappor", "epsilons": [1.0]}]}):
        with pytest.raises(ValueError, match="rappor has an epsilon by its other parameters"):
            compare(study | more)
