"""Protocols and attacks of one's own in studies: by path and as objects, kept by content."""

from __future__ import annotations

import linecache
import pickle
import re
import sys
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest

import ldpaudit
from ldpaudit.comparing.own_code import OwnCode
from ldpaudit.comparing.results import Results

FILE = """\
import numpy as np


class Keep:
    def __init__(self, k, epsilon, noise=0.0):
        self.k, self.epsilon, self.noise = k, epsilon, noise

    def privatize(self, values, *, rng):
        e = np.exp(self.epsilon)
        keep = rng.random(len(values)) < (e - 1) / (e + self.k - 1)
        return np.where(keep, values, rng.integers(0, self.k, len(values)))


class First:
    def applies(self, mechanism):
        return None

    def guess(self, reports, mechanism, prior, *, rng):
        return np.asarray(reports)


built = Keep(8, 0.5)


def randomize(value, rng):
    return value if rng.random() < 0.1 else int(rng.integers(0, 8))
"""


@dataclass(frozen=True)
class Response:
    """Randomized response."""

    k: int
    epsilon: float
    shift: int = 0

    def privatize(self, values: Any, *, rng: np.random.Generator) -> Any:
        e = np.exp(self.epsilon)
        keep = rng.random(len(values)) < (e - 1) / (e + self.k - 1)
        return (np.where(keep, values, rng.integers(0, self.k, len(values))) + self.shift) % self.k


class Stranger:
    """No dataclass: its repr is where it is in memory."""

    def __init__(self, k: int, epsilon: float) -> None:
        self.k, self.epsilon = k, epsilon

    def privatize(self, values: Any, *, rng: np.random.Generator) -> Any:
        return Response(self.k, self.epsilon).privatize(values, rng=rng)


class Echo:
    """Guesses what the report says."""

    def applies(self, mechanism: Any) -> None:  # noqa: ARG002 - the contract's
        return None

    def guess(self, reports: Any, *_: Any, **__: Any) -> Any:
        return np.asarray(reports)


SMALL = {
    "name": "own",
    "epsilons": [1.0],
    "data": [{"name": "uniform", "k": 8, "num_users": 100}],
    "trials": 500,
    "repetitions": 2,
}


def run(out: Path | None = None, jobs: int = 1, **fields: Any) -> tuple[Results, int]:
    """A comparison, and how many of its cells were there already."""
    done: list[int] = []
    study = SMALL | {"attacks": ["blind"]} | fields
    results = ldpaudit.compare(
        study, out=out, jobs=jobs, progress=lambda before, _: done.append(before)
    )
    assert set(results.frame["status"]) <= {"ok", "skipped", "consistent", "inconclusive"}
    return results, done[0]


@pytest.mark.slow
def test_code_in_a_study_file_is_resumed_and_recomputed_when_edited(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("mine.py").write_text(FILE, "utf-8")
    protocols = [
        "grr", "mine.py:Keep", "mine.py:built", "mine.py:randomize",
        {"name": "wide", "code": "mine.py:Keep", "noise": 1.5},
    ]  # fmt: skip
    fields: dict[str, Any] = {"protocols": protocols, "attacks": ["mine.py:First"]}
    alone, _ = run(tmp_path / "alone", **fields)
    assert list(dict.fromkeys(alone.frame["protocol"])) == [
        "grr", "Keep", "built", "randomize", "wide"
    ]  # fmt: skip
    assert set(alone.frame.loc[alone.frame["protocol"] == "built", "epsilon"]) == {0.5}
    assert "First" in set(alone.frame["attack"])
    again, before = run(tmp_path / "alone", **fields)
    assert before == 5
    assert again.frame.to_csv() == alone.frame.to_csv()
    some = fields | {"protocols": protocols[2:4]}
    shared, before = run(tmp_path / "shared", jobs=2, **some)
    assert before == 0
    assert shared.frame.to_csv() == run(tmp_path / "alone", **some)[0].frame.to_csv()
    study = ldpaudit.Study.model_validate(SMALL | fields)
    from ldpaudit.comparing.study import read_study, to_toml

    Path("study.toml").write_text(to_toml(study), "utf-8")
    assert to_toml(read_study("study.toml", ["./mine.py"])) == to_toml(study)
    Path("mine.py").write_text(FILE.replace("< 0.1", "< 0.2"), "utf-8")
    edited, before = run(tmp_path / "alone", **some)
    assert before == 0
    assert edited.frame.to_csv() != shared.frame.to_csv()
    Path("mine.py").write_text(FILE, "utf-8")
    assert run(tmp_path / "alone", **fields)[1] == 5


def test_only_cells_of_what_was_edited_are_computed_anew(tmp_path: Path) -> None:
    mine = tmp_path / "mine.py"
    mine.write_text(FILE, "utf-8")
    fields: dict[str, Any] = {"protocols": ["grr", f"{mine}:Keep"]}
    run(tmp_path / "out", **fields)
    mine.write_text(FILE + "\n", "utf-8")
    assert run(tmp_path / "out", **fields)[1] == 1


def test_objects_from_python(tmp_path: Path) -> None:
    protocols = [
        Response,
        Stranger,
        {"name": "shifted", "code": partial(Response, shift=2)},
        {"name": "ready", "code": Response(8, 2.0)},
    ]
    first, _ = run(tmp_path, protocols=protocols, attacks=[Echo(), "blind"])
    assert list(dict.fromkeys(first.frame["protocol"])) == [
        "Response", "Stranger", "shifted", "ready"
    ]  # fmt: skip
    assert run(tmp_path, protocols=protocols, attacks=[Echo(), "blind"])[1] == 4
    other = [*protocols[:3], {"name": "ready", "code": Response(8, 2.0, shift=1)}]
    assert run(tmp_path, protocols=other, attacks=[Echo(), "blind"])[1] == 3


def test_objects_reach_workers_that_cannot_import_them(monkeypatch: pytest.MonkeyPatch) -> None:
    things = [Stranger, Response(8, 2.0, shift=1), partial(Response, shift=2), Echo()]
    packed = [pickle.dumps(OwnCode(thing)) for thing in things]
    monkeypatch.setitem(sys.modules, __name__, ModuleType(__name__))  # as a worker has it
    kind, ready, part, echo = [pickle.loads(one).found for one in packed]  # noqa: S301
    assert kind(4, 1.0).k == 4
    assert (ready.shift, part(k=4, epsilon=1.0).shift) == (1, 2)
    assert echo.guess(np.array([3])) == [3]


def test_a_class_typed_into_a_notebook_is_known_by_its_source(tmp_path: Path) -> None:
    """Cells of a notebook are in no file, but their lines can be read."""

    def typed(text: str, cell: str, *, readable: bool = True) -> Any:
        space: dict[str, Any] = {"__name__": "nowhere", "Response": Response}
        if readable:
            linecache.cache[cell] = (len(text), None, text.splitlines(keepends=True), cell)
        exec(compile(text, cell, "exec"), space)  # noqa: S102 - what a notebook does
        return space["Mine"]

    text = (
        "class Mine(Response.__mro__[1]):\n"
        "    def __init__(self, k, epsilon):\n"
        "        self.k, self.epsilon = k, epsilon\n"
        "    def privatize(self, values, *, rng):\n"
        "        return Response(self.k, self.epsilon).privatize(values, rng=rng)\n"
    )
    run(tmp_path, protocols=[typed(text, "/cells/1.py")])
    assert run(tmp_path, protocols=[typed(text, "/cells/2.py")])[1] == 1
    assert run(tmp_path, protocols=[typed(text + "    more = 1\n", "/cells/3.py")])[1] == 0
    unread = typed(text, "/cells/4.py", readable=False)
    run(protocols=[unread])
    with pytest.raises(ValueError, match="cells of Mine cannot be kept, for its source cannot be"):
        run(tmp_path, protocols=[unread])


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"protocols": ["nowhere.py:Keep"]}, r"nowhere\.py does not exist"),
        ({"protocols": ["mine.py:Kep"]}, r"unknown object in mine\.py 'Kep'; did you mean Keep"),
        ({"protocols": ["mine.py:np"]}, "must be a mechanism .* or a randomizer .* got module"),
        ({"protocols": ["bad.py:Keep"]}, "bad.py cannot be imported: ZeroDivisionError"),
        ({"protocols": [{"name": "grr", "code": "mine.py:Keep"}]}, "name of a registered protocol"),
        ({"protocols": [{"code": 3}]}, r"protocols.0.*name"),
        ({"protocols": [{"name": "x", "code": 3}]}, r"code must be file\.py:OBJECT"),
        ({"protocols": [3]}, "protocols.0 must be a name or a table, got 3"),
        ({"protocols": ["mine.py:built"], "data": ["adult-hours"]}, "built already with k = 8"),
        ({"protocols": ["grr"], "attacks": [3]}, "attacks.0 must be a name, file.py:OBJECT or an"),
        (
            {"protocols": ["grr"], "attacks": ["mine.py:Keep"]},
            r"mine.py:Keep\(\) failed: TypeError",
        ),
        ({"protocols": ["grr"], "attacks": ["mine.py:built"]}, "must be an attack, with applies"),
    ],
)
def test_messages(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, fields: dict[str, Any], message: str
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("mine.py").write_text(FILE, "utf-8")
    Path("bad.py").write_text("1 / 0\n", "utf-8")
    with pytest.raises((TypeError, ValueError), match=message) as caught:
        run(**fields)
    assert not re.search("pydantic|validation error|input_type", str(caught.value))


def test_a_study_file_runs_only_what_the_user_names(tmp_path: Path) -> None:
    """A file may come from anywhere: what it names is not even imported."""
    mine, study = tmp_path / "mine.py", tmp_path / "study.toml"
    ran = tmp_path / "ran"
    mine.write_text(f"import pathlib\npathlib.Path({str(ran)!r}).touch()\n" + FILE, "utf-8")
    for line in (
        f'protocols = ["{mine}:Keep"]',
        f'protocols = ["grr"]\nquick = {{ protocols = ["{mine}:Keep"] }}',
        f'protocols = ["grr"]\nattacks = ["{mine}:First"]',
    ):
        study.write_text(
            'name = "s"\nepsilons = [1.0]\ntrials = 100\nrepetitions = 2\n' + line
            + '\n[[data]]\nname = "uniform"\nk = 8\nnum_users = 10\n', "utf-8",
        )  # fmt: skip
        with pytest.raises(ValueError, match=r"study .* runs the code of .*mine\.py: .* --code"):
            ldpaudit.compare(study, out=tmp_path / "out")
        assert not ran.exists()
    assert len(ldpaudit.compare(study, code=[str(mine)]).frame)
    assert ran.exists()


def test_attacks_as_objects_in_an_audit() -> None:
    m = ldpaudit.mechanism("grr", k=4, epsilon=1.0)
    found = ldpaudit.audit(m, [Echo(), "bayes"], trials=2000).attacks
    names = [outcome.attack for outcome in found]
    assert {"Echo", "bayes"} <= set(names)
    with pytest.raises(ValueError, match="got Echo twice"):
        ldpaudit.audit(m, [Echo(), Echo()], trials=100)
