"""What `ldpaudit audit` takes: randomizers and recordings too, its attacks, and when it stops."""

from __future__ import annotations

import importlib.util
import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import ldpaudit

Run = Callable[..., tuple[int, str, str]]
GRR = ("audit", "grr", "--k", "4", "--epsilon", "1", "--trials", "5000", "--json")
RANDOMIZERS = """
def noisy(value, rng):
    return value if rng.random() < 0.5 else int(rng.integers(4))
def one(value):
    return value
def three(a, b, c):
    return a
def five(k, epsilon):
    return 5
def star(k, epsilon):
    return three(*k)
number = 5
class Empty:
    pass
class Own:
    def privatize(self, values):
        return values
class Built(Own):
    k, epsilon = 2, 1.0
built = Built()
class Answer:
    def __init__(self, value, rng):
        pass
"""


@pytest.fixture
def recordings(tmp_path: Path) -> tuple[str, str]:
    """Reports of randomized response at epsilon = 1.5, as two files."""
    m, rng = ldpaudit.mechanism("grr", k=2, epsilon=1.5), np.random.default_rng(0)
    for value in (0, 1):
        reports = m.privatize(np.full(4000, value), rng=rng)
        np.savetxt(tmp_path / f"{value}.csv", reports, fmt="%d")
    return "0.csv", "1.csv"


def test_recorded_reports(run: Run, recordings: tuple[str, str]) -> None:
    code, out, err = run("audit", *recordings, "--epsilon", "1", "--json")
    found = json.loads(out)
    assert (code, err, found["verdict"]) == (1, "", "violation")
    assert found["mechanism"]["name"] == "0.csv and 1.csv"
    assert run("audit", *recordings, "--epsilon", "2")[0] == 0


def test_folders_of_folders(run: Run, tmp_path: Path) -> None:
    for value in (0, 1):
        inside = tmp_path / f"input={value}" / "day=1"
        inside.mkdir(parents=True)
        pd.DataFrame({"y": np.full(200, value)}).to_parquet(inside / "part.parquet")
    code, out, _ = run("audit", "input=0", "input=1", "--epsilon", "1", "--json")
    assert (code, json.loads(out)["verdict"]) == (1, "violation")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ("0.csv --epsilon 1", "recorded reports take two files, of one input each, got 0.csv"),
        ("0.csv 1.doc --epsilon 1", "folder of .parquet files, got '1.doc'"),
        ("grr 1.csv --epsilon 1", "files) come in two files, got 'grr' and '1.csv'"),
        ("grr f.py --epsilon 1", "files) come in two files, got 'grr' and 'f.py'"),
        ("away none --epsilon 1", "folder of .parquet files, got 'none'"),
        ("away 1.csv --epsilon 1", "'away' must hold Parquet files, got none"),
        (
            "head.csv --label y --separator ; --epsilon 1",
            "has no column 'y': its first line is read as 1 cell, 'y,answer'; check the separator",
        ),
        ("head.csv --label y --epsilon 1", "'head.csv' must hold at least one report, got none"),
        ("head.csv --label x --epsilon 1", "read as 2 cells, 'y', 'answer'; check the separator"),
        ("0.csv 1.csv", "need the claim that they are held to: --epsilon"),
        ("0.csv 1.csv --epsilon 1 --k 3", "are of two inputs"),
        ("0.csv 1.csv --epsilon 1 --param p=1", "take --epsilon and --delta only"),
        ("0.csv 2.csv --epsilon 1", "cannot read '2.csv'"),
        ("0.csv 0.csv --epsilon 1", "must be recorded apart"),
        ("grr --k 4 --epsilon 1 --stop-when soon", "violation, width=W or budget, got 'soon'"),
        ("grr --k 4 --epsilon 1 --bound gdp", "(--model-based)"),
        ("grr --k 4 --epsilon 1 --attack psychic", "unknown attack 'psychic'"),
        ("f.py:noisy --epsilon 1", "f.py:noisy is a randomizer and needs --k"),
        ("f.py:noisy --k 4", "f.py:noisy is a randomizer and needs --epsilon"),
        (
            "f.py:noisy --k 4 --values a,b --epsilon 1",
            "low and high, or domain: one, got k, values",
        ),
        ("f.py:noisy --values a,a --epsilon 1", "labels must be different, got 'a' twice"),
        ("grr --values a,b --epsilon 1", "unknown parameter of grr 'values'"),
        ("duchi --range 1 0 --epsilon 1", "low must be below high"),
        ("0.csv 1.csv --epsilon 1 --range 0 1", "take --epsilon and --delta only"),
        ("0.csv 1.csv --epsilon 1 --label y", "--label is the column of one log, got two files"),
        ("grr --k 4 --epsilon 1 --report y", "columns is of recorded reports, got grr alone"),
        ("grr --k 4 --epsilon 1 --batched", "--batched and --own-randomness are of functions"),
        ("pure-ldp/ou --k 4 --epsilon 1", "unknown mechanism of another package 'pure-ldp/ou'"),
        ("pure-ldp/oue --epsilon 1", "pure-ldp/oue takes --k and --epsilon, got epsilon"),
        ("f.py:one --k 4 --epsilon 1", "f.py:one must accept (value, rng), which draws"),
        (
            "f.py:one --k 4 --epsilon 1",
            "got (value). If it draws its own random numbers, say --own",
        ),
        ("f.py:three --k 4 --epsilon 1", "or (k, epsilon) and build a mechanism; got (a, b, c)"),
        (
            "f.py:Empty --k 4 --epsilon 1",
            "f.py:Empty must be built of (k, epsilon), got f.py:Empty()",
        ),
        ("f.py:Own --k 4 --epsilon 1", "f.py:Own takes no parameters, got k, epsilon: it must say"),
        ("f.py:Own", "f.py:Own() must be a mechanism, with k (or domain), epsilon and privatize"),
        ("f.py:five --k 4 --epsilon 1", "f.py:five(k=4, epsilon=1.0) must be a mechanism, with k"),
        ("f.py:star --k 4 --epsilon 1", "f.py:star(k=4, epsilon=1.0) failed: TypeError: "),
        ("f.py:number", "f.py:number must be a mechanism (k, epsilon, privatize), a class or"),
        ("f.py:built", "privatize of f.py:built must accept (values, *, rng), all values at once"),
        ("f.py:one --batched --epsilon 1", "f.py:one is a randomizer and needs --k"),
    ],
)
@pytest.mark.usefixtures("recordings")
def test_what_is_refused(run: Run, tmp_path: Path, arguments: str, message: str) -> None:
    (tmp_path / "f.py").write_text(RANDOMIZERS)
    (tmp_path / "head.csv").write_text("y,answer\n")
    (tmp_path / "away").mkdir()
    code, out, err = run("audit", *arguments.split())
    assert (code, out) == (2, "")
    assert message in err
    assert err.count("\n") == 1


LABELS = """
def country(value, rng):
    return value if rng.random() < 0.75 else str(rng.choice(["DE", "FR", "US"]))

def doubled(value, rng):
    return int(rng.random() < 0.1 + 0.4 * value)
"""


def test_inputs_of_a_function_have_names(run: Run, tmp_path: Path) -> None:
    (tmp_path / "f.py").write_text(LABELS)
    (tmp_path / "countries.txt").write_text("DE\nFR\nUS\n\n")
    options = ("--epsilon", "3", "--trials", "2000", "--json")
    for values in ("DE,FR,US", "countries.txt"):
        code, out, _ = run("audit", "f.py:country", "--values", values, *options)
        found = json.loads(out)
        assert (code, found["inputs"], found["domain"]) == (0, ["DE", "FR"], "3 categories")
        assert "(DE, FR)" in found["epsilon_lower"]["event"]
    code, out, _ = run("audit", "f.py:doubled", "--range", "0", "2", "--values", "1", *options)
    assert code == 2
    for kind in (("--range", "0", "2"), ("--values", "0.0,2")):
        code, out, _ = run("audit", "f.py:doubled", *kind, *options)
        found = json.loads(out)
        assert code == 0
        assert list(map(float, found["inputs"])) == [0.0, 2.0]
        assert found["epsilon_lower"]["value"] > 1.9  # ln 9 = 2.197


def test_numbers_on_the_command_line(run: Run) -> None:
    numbers = ("--range", "0", "50", "--epsilon", "1")
    code, out, _ = run("audit", "duchi", *numbers, "--trials", "500")
    assert code == 0
    assert "inputs (0.0, 50.0)" in " ".join(out.split())
    assert "mean squared error of the mean (squared input units)" in out
    code, out, _ = run("check", "duchi", *numbers)
    assert code == 0
    assert "ok      domain: [0, 50], inputs outside refused" in out


def test_a_randomizer(run: Run, tmp_path: Path) -> None:
    """Half truth, half a uniform value of 4: the odds are 5 to 1."""
    (tmp_path / "f.py").write_text(RANDOMIZERS)
    options = ("--k", "4", "--trials", "5000", "--json")
    code, out, _ = run("audit", "f.py:noisy", "--epsilon", "1.61", *options)
    assert (code, json.loads(out)["mechanism"]["name"]) == (0, "f.py:noisy")
    code, out, _ = run("audit", "f.py:noisy", "--epsilon", "1", *options)
    assert (code, json.loads(out)["verdict"]) == (1, "violation")


def test_attacks_are_chosen(run: Run) -> None:
    found = json.loads(run(*GRR, "--attack", "bayes", "--attack", "distinguish")[1])
    assert [a["attack"] for a in found["attacks"]] == ["blind", "bayes", "distinguish"]


def test_when_to_stop(run: Run) -> None:
    lower = json.loads(run(*GRR, "--stop-when", "width=0.5")[1])["epsilon_lower"]
    assert (lower["kind"], lower["trials"] < 10_000) == ("anytime", True)
    assert "valid at all of them" in lower["searched"]


def test_the_worst_pair_is_searched(run: Run) -> None:
    for search in ("pilot", "bonferroni", "holm", "e-values", "pooled"):
        found = json.loads(run(*GRR, "--search", search)[1])
        assert found["verdict"] == "consistent"
        assert 0.8 < found["epsilon_lower"]["value"] < 1.05
    assert (
        "12 ordered pairs"
        in json.loads(run(*GRR, "--search", "holm")[1])["epsilon_lower"]["searched"]
    )
    code, _, err = run(*GRR, "--search", "pilot", "--stop-when", "violation")
    assert (code, "stop_when must be budget" in err) == (2, True)
    assert run(*GRR, "--search", "psychic")[0] == 2


def test_jobs_change_nothing(run: Run) -> None:
    one, two = (json.loads(run(*GRR, "--jobs", jobs)[1]) for jobs in ("1", "2"))
    assert {**one, "seconds": 0} == {**two, "seconds": 0}


def test_bounds_of_one_kind_of_mechanism(run: Run) -> None:
    options = ("--delta", "1e-5", "--bound", "gdp", "--model-based")
    code, out, _ = run("audit", "agm", "--k", "2", "--epsilon", "1", "--json", *options)
    lower = json.loads(out)["epsilon_lower"]
    assert (code, lower["kind"]) == (0, "model-based")
    assert 0.5 < lower["value"] < 1.05  # any threshold shows the same mu: a pilot's is not the best


def test_how_a_function_is_called(run: Run, tmp_path: Path) -> None:
    (tmp_path / "f.py").write_text(
        "import random\n"
        "def own(value):\n    return value if random.random() < 0.7 else 1 - value\n"
        "def batch(values, rng):\n    return values ^ (rng.random(len(values)) < 0.3)\n"
    )
    options = ("--k", "2", "--epsilon", "1", "--trials", "2000", "--json")
    assert run("audit", "f.py:own", "--own-randomness", *options)[0] == 0
    assert run("audit", "f.py:batch", "--batched", *options)[0] == 0


def test_a_package_that_is_not_installed_says_so(run: Run) -> None:
    if importlib.util.find_spec("pure_ldp") is None:
        code, _, err = run("audit", "pure-ldp/oue", "--k", "4", "--epsilon", "1")
        assert code == 2
        assert "pip install 'ldpaudit[adapters]'" in err


def test_one_log_with_a_label(run: Run, tmp_path: Path) -> None:
    """Truth in 0.8 of all reports about 3 countries: odds of 0.8 to 0.1, epsilon 2.08."""
    rng, names = np.random.default_rng(0), np.array(["DE", "FR", "US"])
    true = rng.integers(3, size=9_000)
    sent = np.where(rng.random(9_000) < 0.7, true, rng.integers(3, size=9_000))
    rows = [f"{i};{names[t]};{names[s]}" for i, (t, s) in enumerate(zip(true, sent, strict=True))]
    (tmp_path / "log.csv").write_text("\n".join(["row;true;answer", *rows]))
    options = ("--epsilon", "1", "--json")
    code, _, err = run("audit", "log.csv", "--label", "true", *options)
    assert (code, "column 'true' holds 3 inputs, DE (" in err) == (2, True)
    for how in (("--report", "answer"), ()):
        log = "log.csv", "--label", "true", "--values", "DE,US", *how
        code, out, _ = run("audit", *log, *options)
        found = json.loads(out)
        assert (code, found["inputs"]) == (1, ["DE", "US"])
        assert 1.6 < found["epsilon_lower"]["value"] < 2.08
        assert found["mechanism"]["parameters"]["columns"] == "answer"
    assert found["mechanism"]["parameters"]["only grows"] == "row"


def test_files_for_gates(run: Run, recordings: tuple[str, str], tmp_path: Path) -> None:
    code, out, err = run("audit", *recordings, "--epsilon", "1", "--out", "gate/files")
    assert (code, err) == (1, "")
    assert out.splitlines()[1].startswith("violation: epsilon >= ")
    folder = tmp_path / "gate" / "files"
    names = ["audit.html", "audit.json", "junit.xml", "summary.md"]
    assert sorted(path.name for path in folder.iterdir()) == names
    summary = (folder / "summary.md").read_text()
    assert "| success of bayes | skipped: the mechanism has no log\\_likelihood" in summary
    assert "| success of blind | 0.5000 (exact) |" in summary
    code, _, _ = run("audit", "grr", "--k", "4", "--epsilon", "1", "--trials", "500", "--out", "g")
    assert "| success of bayes | 0." in (tmp_path / "g" / "summary.md").read_text()


LOUD = """
import sys

def loud(value, rng):
    print("drawing", value)
    return value if rng.random() < 0.5 else int(rng.integers(4))

def leaves(value, rng):
    raise SystemExit(0)

def stops(value, rng):
    raise RuntimeError("enough")

class Leaving:
    k, epsilon = 4, 1.0

    def privatize(self, values, *, rng):
        sys.exit(0)
"""


def test_a_mechanism_that_prints_leaves_the_answer_whole(run: Run, tmp_path: Path) -> None:
    (tmp_path / "loud.py").write_text(LOUD)
    words = ("audit", "loud.py:loud", "--k", "4", "--epsilon", "2", "--trials", "500", "--json")
    _, out, err = run(*words)
    assert json.loads(out)["verdict"] == "consistent"
    assert "drawing" in err


@pytest.mark.parametrize("name", ["leaves", "stops", "Leaving"])
def test_a_mechanism_that_ends_the_process_is_no_pass(run: Run, tmp_path: Path, name: str) -> None:
    (tmp_path / "loud.py").write_text(LOUD)
    words = ("--k", "4", "--epsilon", "1") if name != "Leaving" else ()
    code, out, err = run("audit", f"loud.py:{name}", *words, "--trials", "500")
    assert (code, out) == (3, "")
    assert err.startswith(f"ldpaudit: loud.py:{name} failed")
    assert err.count("failed") == 1


def test_files_of_values_may_have_a_mark_and_have_to_be_there(run: Run, tmp_path: Path) -> None:
    (tmp_path / "country.py").write_text("def first(value, rng):\n    return value == 'DE'\n")
    (tmp_path / "values.txt").write_bytes("\ufeffDE\r\nFR\r\n".encode())
    words = ("audit", "country.py:first", "--epsilon", "1", "--trials", "2000", "--json")
    _, out, _ = run(*words, "--values", "values.txt")
    assert json.loads(out)["verdict"] == "violation"
    for wrong in ("value.txt", "."):
        code, out, err = run(*words, "--values", wrong)
        assert (code, out) == (2, "")
        assert f"--values must be names with commas between, or a file: got '{wrong}'" in err


def test_a_pair_is_named_by_its_labels(run: Run, tmp_path: Path) -> None:
    (tmp_path / "country.py").write_text(
        "def leaks(value, rng):\n"
        "    return value if value == 'IN' or rng.random() < 0.3 else 'DE'\n"
    )
    words = ("audit", "country.py:leaks", "--epsilon", "1", "--trials", "2000", "--json")
    named = (*words, "--values", "DE,FR,US,IN")
    _, labels, _ = run(*named, "--pair", "FR", "IN")
    _, numbers, _ = run(*named, "--pair", "1", "3")
    first, second = ({**json.loads(text), "seconds": 0} for text in (labels, numbers))
    assert first == second
    assert first["verdict"] == "violation"
    code, out, err = run(*named, "--pair", "FR", "XX")
    assert (code, out) == (2, "")
    assert "--pair takes two inputs by labels such as DE, FR, US, or number, got 'FR XX'" in err
    code, _, err = run("audit", "grr", "--k", "4", "--epsilon", "1", "--pair", "a", "b")
    assert code == 2
    assert "--pair takes two inputs by number, got 'a b'" in err


def test_an_attack_of_ones_own(run: Run, tmp_path: Path) -> None:
    (tmp_path / "mine.py").write_text(
        "class First:\n"
        "    def applies(self, mechanism):\n"
        "        return None\n"
        "    def guess(self, reports, mechanism, prior, *, rng):\n"
        "        return reports\n",
        encoding="utf-8",
    )
    code, out, err = run(*GRR, "--attack", "mine.py:First", "--attack", "bayes")
    assert (code, err) == (0, "")
    found = {one["attack"]: one["success"] for one in json.loads(out)["attacks"]}
    assert found["First"] == found["bayes"]
    code, _, err = run(*GRR, "--attack", "mine.py:Second")
    assert (code, err) == (
        2, "ldpaudit: unknown object in mine.py 'Second'; known: First.\n"
    )  # fmt: skip
