"""What `ldpaudit audit` takes: randomizers and recordings too, its attacks, and when it stops."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

import ldpaudit

Run = Callable[..., tuple[int, str, str]]
GRR = ("audit", "grr", "--k", "4", "--epsilon", "1", "--trials", "5000", "--json")
RANDOMIZERS = """
def noisy(value, rng):
    return value if rng.random() < 0.5 else int(rng.integers(4))
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


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ("0.csv --epsilon 1", "recorded reports take two files, of one input each, got 0.csv"),
        ("0.csv 1.txt --epsilon 1", "or .npy, got '1.txt'"),
        ("grr 1.csv --epsilon 1", "or .npy) come in two files, got 'grr' and '1.csv'"),
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
    ],
)
@pytest.mark.usefixtures("recordings")
def test_what_is_refused(run: Run, tmp_path: Path, arguments: str, message: str) -> None:
    (tmp_path / "f.py").write_text(RANDOMIZERS)
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
