"""Comparing without a file, a study file to begin with, and what help says."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pytest
import typer

from ldpaudit.cli.commands import app
from ldpaudit.comparing import Study, read_study

Run = Callable[..., tuple[int, str, str]]
SMALL = ("--protocols", "grr,ss", "--epsilons", "1,2")
COMMANDS = typer.main.get_command(app).commands  # type: ignore[attr-defined]


# ----------------------------------------------------------------------- help


@pytest.mark.parametrize("name", COMMANDS)
def test_short_help(run: Run, name: str) -> None:
    code, out, err = run(name, "-h")
    assert (code, err) == (0, "")
    assert out == run(name, "--help")[1]
    assert re.search("^  -h, --help ", out, re.MULTILINE)
    shorts = {"--out": "-o", "--jobs": "-j", "--k": "-k", "--epsilon": "-e"}
    for option in re.findall(r"^ +(?:-\w, )?(--[\w-]+)", out, re.MULTILINE):
        if option in shorts:
            assert f"  {shorts[option]}, {option} " in out


def test_short_help_of_all(run: Run) -> None:
    assert run("-h") == run("--help")
    assert run("-h")[0] == 0


def test_short_options_mean_the_long_ones(run: Run, tmp_path: Path) -> None:
    long = run("audit", "grr", "--k", "4", "--epsilon", "1", "--trials", "2000", "--out", "a")
    short = run("audit", "grr", "-k", "4", "-e", "1", "--trials", "2000", "-o", "b", "-j", "1")
    assert long[0] == short[0] == 0
    written = sorted(path.name for path in (tmp_path / "a").iterdir())
    assert written == sorted(path.name for path in (tmp_path / "b").iterdir())
    assert run("frontier", "-k", "8", "-e", "1") == run("frontier", "--k", "8", "--epsilon", "1")


@pytest.mark.parametrize("name", ["audit", "compare"])
def test_examples_name_options_that_there_are(run: Run, name: str) -> None:
    out = run(name, "-h")[1]
    examples = [line.split() for line in out.partition("Examples:\n")[2].splitlines()]
    assert len(examples) == 3
    known = {option for p in COMMANDS[name].params for option in p.opts}
    for words in examples:
        assert words[:2] == ["ldpaudit", name]
        assert {word for word in words if word.startswith("-")} <= known


# --------------------------------------------------------- a study without a file


def test_protocols_and_epsilons(run: Run, tmp_path: Path) -> None:
    code, _, err = run("compare", *SMALL, "-k", "5", "--quick", "-j", "1", "-o", "out")
    assert (code, err) == (0, "")
    frame = pd.read_csv(tmp_path / "out" / "results.csv")
    assert set(zip(frame["protocol"], frame["epsilon"], strict=True)) == {
        ("grr", 1.0), ("grr", 2.0), ("ss", 1.0), ("ss", 2.0)
    }  # fmt: skip
    assert set(frame["k"]) == {5}
    plan = read_study(tmp_path / "out" / "study.toml")
    assert [spec.name for spec in plan.protocols] == ["grr", "ss"]
    assert (plan.epsilons, plan.prior) == ((1.0, 2.0), ("uniform",))
    assert plan.title == "grr and ss on uniform users of 5 values"
    again = run("compare", "--study", "out/study.toml", "-j", "1", "-o", "again")
    assert again[0] == 0
    table, repeated = ((tmp_path / d / "results.csv").read_bytes() for d in ("out", "again"))
    assert table == repeated


def test_users_of_protocols(run: Run, tmp_path: Path) -> None:
    code, _, err = run(
        "compare", *SMALL, "--data", "zipf", "-k", "4", "--quick", "-j", "1", "-o", "out"
    )
    assert (code, err) == (0, "")
    plan = read_study(tmp_path / "out" / "study.toml")
    assert [(d.name, d.k) for d in plan.data] == [("zipf", 4)]
    assert plan.prior == ("uniform", "data")
    assert plan.title == "grr and ss on zipf"


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (SMALL, "--k must be given, the number of values, or the users, --data NAME."),
        (("--protocols", "grr", "-k", "4"), "must come together, got no --epsilons."),
        (("--epsilons", "1", "-k", "4"), "must come together, got no --protocols."),
        ((*SMALL, "-k", "4", "--study", "default"), "leave out --study default."),
        ((*SMALL, "-k", "1"), "--k must be "),
        (("--protocols", "gr", "--epsilons", "1", "-k", "4"), "unknown protocol 'gr'"),
        (("--protocols", "grr,", "--epsilons", "1", "-k", "4"), "something between its commas"),
        (("--protocols", "grr,grr", "--epsilons", "1", "-k", "4"), "got grr twice."),
        (("--protocols", "grr", "--epsilons", "x", "-k", "4"), "must be numbers between commas"),
        (("--protocols", "grr", "--epsilons", "-1", "-k", "4"), "--epsilons must be positive"),
        (("--protocols", "grr", "--epsilons", "1,1.0", "-k", "4"), "got one twice."),
        (("-k", "4"), "--k is of --data or --protocols"),
    ],
)
def test_what_is_refused(
    run: Run, tmp_path: Path, arguments: tuple[str, ...], message: str
) -> None:
    code, out, err = run("compare", *arguments, "-o", "out")
    assert (code, out) == (2, "")
    assert message in err
    assert err.count("\n") == 1
    assert not (tmp_path / "out").exists()


# ----------------------------------------------------------------------- init


def test_init_runs_as_it_is(run: Run, tmp_path: Path) -> None:
    code, out, err = run("init")
    assert (code, err) == (0, "")
    assert out == "study.toml: run it with ldpaudit compare --study study.toml --quick\n"
    assert run("compare", "--study", "study.toml", "--quick", "-j", "1", "-o", "out")[0] == 0
    assert (tmp_path / "out" / "report.html").is_file()
    kept = (tmp_path / "study.toml").read_bytes()
    code, out, err = run("init")
    assert (code, out) == (2, "")
    assert "study.toml exists already and stays as it is" in err
    assert (tmp_path / "study.toml").read_bytes() == kept


def test_every_choice_of_the_study_is_one(run: Run, tmp_path: Path) -> None:
    assert run("init", "mine.toml")[0] == 0
    text = (tmp_path / "mine.toml").read_text(encoding="utf-8")
    assert "--study mine.toml" in text
    chosen = re.sub(r"^# (\w+ = |\[\[)", r"\1", text, flags=re.MULTILINE)
    assert chosen.count("\n#") < text.count("\n#")
    plan = Study.model_validate(tomllib.loads(chosen))
    assert (plan.post, plan.false_share, len(plan.data)) == (("norm-sub",), 0.05, 2)


def test_init_wants_toml(run: Run, tmp_path: Path) -> None:
    code, _, err = run("init", "study.txt")
    assert code == 2
    assert "a study file must end in .toml, got 'study.txt'" in err
    assert run("init", "no/folder.toml")[0] == 2
    assert list(tmp_path.iterdir()) == []
