"""One grammar of messages: the rule, then the value that broke it."""

from __future__ import annotations

import math
import sqlite3
import sys
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from ldpaudit import validate
from ldpaudit.cli import commands

HUGE = 10**400


@pytest.mark.parametrize("value", [1, 0.5, np.float32(0.25), np.int8(3), Fraction(1, 3), 1e308])
def test_positive_numbers_become_floats(value: Any) -> None:
    got = validate.check_positive("x", value)
    assert type(got) is float
    assert got == pytest.approx(float(value))


@pytest.mark.parametrize(
    ("check", "value", "error", "message"),
    [
        (validate.check_positive, 0, ValueError, "x must be positive and finite, got 0."),
        (validate.check_positive, -1.5, ValueError, "x must be positive and finite, got -1.5."),
        (validate.check_positive, math.nan, ValueError, "x must be positive and finite, got nan."),
        (validate.check_positive, math.inf, ValueError, "x must be positive and finite, got inf."),
        (validate.check_positive, "1", TypeError, "x must be a number, got '1'."),
        (validate.check_positive, None, TypeError, "x must be a number, got None."),
        (validate.check_positive, True, TypeError, "x must be a number, got True."),
        (validate.check_positive, [1], TypeError, "x must be a number, got [1]."),
        (validate.check_positive, 1j, TypeError, "x must be a number, got 1j."),
        (validate.check_fraction, 0, ValueError, "x must lie strictly between 0 and 1, got 0."),
        (validate.check_fraction, 1.0, ValueError, "x must lie strictly between 0 and 1, got 1.0."),
        (
            validate.check_fraction,
            math.nan,
            ValueError,
            "x must lie strictly between 0 and 1, got nan.",
        ),
        (validate.check_fraction, b"0.5", TypeError, "x must be a number, got b'0.5'."),
    ],
)
def test_bad_numbers(
    check: Callable[[str, Any], float], value: Any, error: type[Exception], message: str
) -> None:
    with pytest.raises(error) as caught:
        check("x", value)
    assert str(caught.value) == message


def test_a_number_beyond_doubles_is_refused() -> None:
    with pytest.raises(ValueError, match="must be positive and finite"):
        validate.check_positive("x", HUGE)


@pytest.mark.parametrize("value", [0, 0.5, np.float64(0.999)])
def test_delta(value: float) -> None:
    assert validate.check_delta(value) == value


@pytest.mark.parametrize("value", [-1e-9, 1, 2.0, math.nan, math.inf])
def test_bad_delta(value: float) -> None:
    with pytest.raises(ValueError, match=r"delta must lie in \[0, 1\), got "):
        validate.check_delta(value)
    with pytest.raises(TypeError, match="delta must be a number, got 'x'"):
        validate.check_delta("x")  # type: ignore[arg-type]


@pytest.mark.parametrize("value", [5, np.int64(5), np.uint8(5)])
def test_whole_numbers(value: Any) -> None:
    got = validate.check_integer("n", value, 5, 5)
    assert type(got) is int
    assert got == 5


@pytest.mark.parametrize("value", [5.0, "5", None, True, np.True_, np.array([1, 2])])
def test_what_is_no_whole_number(value: Any) -> None:
    with pytest.raises(TypeError, match="n must be a whole number, got"):
        validate.check_integer("n", value, 0)


def test_whole_numbers_keep_to_their_range() -> None:
    with pytest.raises(ValueError, match=r"^n must be at least 2, got 1\.$"):
        validate.check_integer("n", 1, 2)
    with pytest.raises(ValueError, match=r"^n must be at most 9, got 10\.$"):
        validate.check_integer("n", 10, 2, 9)
    assert validate.check_integer("n", HUGE, 2) == HUGE


@pytest.mark.parametrize("dtype", [np.int8, np.uint64, np.int64])
def test_values(dtype: Any) -> None:
    got = validate.check_values(np.array([0, 4, 2], dtype=dtype), 5)
    assert got.dtype == np.int64
    assert got.tolist() == [0, 4, 2]
    assert validate.check_values([], 5).shape == (0,)


@pytest.mark.parametrize(
    ("array", "error", "message"),
    [
        ([0, 5], ValueError, r"values must lie in \[0, 5\), got 5"),
        ([-1, 2], ValueError, r"values must lie in \[0, 5\), got -1"),
        ([0.0, 1.0], TypeError, "values must be integers, got dtype float64"),
        ([True], TypeError, "values must be integers, got dtype bool"),
        (["a"], TypeError, "values must be integers, got dtype"),
        ([[0, 1]], ValueError, r"values must be one-dimensional, got shape \(1, 2\)"),
        (3, ValueError, r"values must be one-dimensional, got shape \(\)"),
        (np.array([2**63], dtype=np.uint64), ValueError, "got 9223372036854775808"),
        ([None], TypeError, "values must be integers, got dtype object"),
    ],
)
def test_bad_values(array: Any, error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=message):
        validate.check_values(array, 5)


def test_distributions() -> None:
    assert validate.check_distribution("prior", None, 4).tolist() == [0.25] * 4
    assert validate.check_distribution("prior", (1, 0), 2).tolist() == [1.0, 0.0]
    assert validate.check_distribution("prior", [0.5, 0.5 + 1e-10], 2).shape == (2,)


@pytest.mark.parametrize(
    ("array", "error", "message"),
    [
        ([1.0], ValueError, r"prior must have shape \(2,\), got \(1,\)"),
        ([[0.5, 0.5]], ValueError, r"prior must have shape \(2,\), got \(1, 2\)"),
        ([0.5, 0.6], ValueError, "prior must sum to 1, got 1.1"),
        ([1.5, -0.5], ValueError, "prior must hold finite probabilities"),
        ([math.nan, 1.0], ValueError, "prior must hold finite probabilities"),
        ([math.inf, 0.0], ValueError, "prior must hold finite probabilities"),
        ("uniform", TypeError, "prior must be numbers, got 'uniform'"),
        ([[1], [2, 3]], TypeError, r"prior must be numbers, got \[\[1\], \[2, 3\]\]"),
        ({"a": 1}, TypeError, "prior must be numbers, got {'a': 1}"),
    ],
)
def test_bad_distributions(array: Any, error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=message):
        validate.check_distribution("prior", array, 2)


def test_generators_only() -> None:
    rng = np.random.default_rng(0)
    assert validate.check_generator(rng) is rng
    for wrong in (0, None, np.random.RandomState(0), np.random):
        with pytest.raises(TypeError, match=r"rng must be a numpy\.random\.Generator, got"):
            validate.check_generator(wrong)  # type: ignore[arg-type]


def test_tables_have_a_limit() -> None:
    validate.check_table_size(2**14, 2**14)
    with pytest.raises(ValueError, match="a table of 16385 reports x 16384 values is above"):
        validate.check_table_size(2**14 + 1, 2**14)


def test_unknown_names_have_neighbours() -> None:
    assert validate.check_known("thing", "alpha", ["beta", "alpha"]) == "alpha"
    with pytest.raises(ValueError, match=r"^unknown thing 'alpa'; did you mean alpha\?$"):
        validate.check_known("thing", "alpa", ["alpha", "zeta"])
    with pytest.raises(ValueError, match=r"^unknown thing 'qqq'; known: alpha, zeta\.$"):
        validate.check_known("thing", "qqq", iter(["zeta", "alpha"]))


# ------------------------------------------------- nonsense on the command line


STUDY = """
name = "small"
protocols = ["grr", "oue"]
epsilons = [1.0, 4.0]
trials = 2000
repetitions = 2
[[data]]
name = "zipf"
k = 6
"""
STRANGERS = """
class Bare:
    k, epsilon = 3, 1.0
    def privatize(self, values, *, rng):
        return rng.integers(0, 3, len(values))
bare, number = Bare(), 5
def make(k, epsilon):
    return Bare()
"""


def prepare(folder: Path) -> None:
    (folder / "file").write_text("mine")
    (folder / "empty.toml").touch()
    (folder / "latin.toml").write_bytes(b'name = "\xfc"')
    (folder / "deep.toml").write_text("x = " + "[" * 50_000)
    (folder / "broken.toml").write_text("name = ")
    (folder / "small.toml").write_text(STUDY)
    (folder / "typo.toml").write_text(STUDY.replace("epsilons", "epsilon"))
    (folder / "negative.toml").write_text(STUDY.replace("4.0", "-4.0"))
    (folder / "folder.toml").mkdir()
    (folder / "gone.py").write_text("import sys\nsys.exit(0)\n")
    (folder / "syntax.py").write_text("def (:\n")
    (folder / "missing.py").write_text("open('not there')\n")
    (folder / "strangers.py").write_text(STRANGERS)
    (folder / "empty.csv").touch()
    (folder / "u.csv").write_text("a,b\n1,\n2,x\n")
    (folder / "foreign").mkdir()
    with sqlite3.connect(folder / "foreign" / "results.sqlite") as other:
        other.execute("CREATE TABLE users (id INTEGER)")
    other.close()
    (folder / "text").mkdir()
    (folder / "text" / "results.sqlite").write_text("protocol,k\n" * 999)


G = "audit grr --k 4 --epsilon 1 "
C = "compare --study small.toml --jobs 1 --out "
HOSTILE = [
    ("nonsense", "No such command 'nonsense'"),
    ("--nonsense", "No such option: --nonsense"),
    ("list nonsense", "unknown list 'nonsense'"),
    ("list protocol", "did you mean protocols?"),
    ("list protocols extra", "extra"),
    ("audit", "Missing argument 'NAME'"),
    ("audit grrr --k 4 --epsilon 1", "unknown protocol 'grrr'; did you mean grr"),
    ("audit grr", "grr needs the parameter"),
    ("audit grr --k 4", "grr needs the parameter 'epsilon'"),
    ("audit grr --epsilon 1", "grr needs the parameter 'k'"),
    ("audit grr --k four --epsilon 1", "Invalid value for '--k'"),
    ("audit grr --k 4.5 --epsilon 1", "Invalid value for '--k'"),
    ("audit grr --k 1 --epsilon 1", "k must be at least 2, got 1"),
    ("audit grr --k -3 --epsilon 1", "k must be at least 2, got -3"),
    ("audit grr --k 4 --epsilon 0", "epsilon must be positive and finite, got 0.0"),
    ("audit grr --k 4 --epsilon -1", "epsilon must be positive and finite, got -1.0"),
    ("audit grr --k 4 --epsilon nan", "epsilon must be positive and finite, got nan"),
    ("audit grr --k 4 --epsilon inf", "epsilon must be positive and finite, got inf"),
    ("audit grr --k 4 --epsilon one", "Invalid value for '--epsilon'"),
    (f"audit grr --k {'9' * 30} --epsilon 1", ""),
    (G + "--delta 0.1", "unknown parameter of grr 'delta'"),
    (G + "--param x=1", "unknown parameter of grr 'x'"),
    (G + "--param x", "--param must be KEY=VALUE, got 'x'"),
    (G + "--param =1", "--param must be KEY=VALUE, got '=1'"),
    (G + "--param k=[4]", "k must be a whole number, got (4,)"),
    (G + "--param epsilon=NaN", "epsilon must be positive and finite, got nan"),
    (G + "--param epsilon=null", "epsilon must be a number, got None"),
    (G + f"--param x={'[' * 9999}", "unknown parameter of grr 'x'"),
    (G + f"--param k={'9' * 9999}", ""),
    ("audit mss --k 9 --epsilon 1 --param moduli=[4,6]", "moduli"),
    ("audit mss --k 9 --epsilon 1 --param moduli=x", "modulus"),
    (G + "--trials 0", "trials must be at least 1, got 0"),
    (G + "--trials 99999999999", "trials must be at most 10000000000"),
    (G + "--trials 1e5", "Invalid value for '--trials'"),
    (G + "--alpha 0", "alpha must lie strictly between 0 and 1, got 0.0"),
    (G + "--alpha 2", "alpha must lie strictly between 0 and 1, got 2.0"),
    (G + "--bound exact", "unknown bound 'exact'"),
    (G + "--bound posterior", "did you mean posterior-odds"),
    (G + "--pair 0 4", "every input of pair must be at most 3, got 4"),
    (G + "--pair 1 1", "pair must name two different inputs"),
    (G + "--pair 1", "--pair"),
    (G + "--seed -1", "seed must be at least 0, got -1"),
    (G + "--what", "No such option: --what"),
    (G + "extra", "extra"),
    ("audit nowhere:x", "nowhere cannot be imported: ModuleNotFoundError"),
    ("audit :x", " cannot be imported"),
    ("audit .a:x", ".a cannot be imported"),
    ("audit ldpaudit:", "unknown object in ldpaudit ''"),
    ("audit nowhere.py:x", "nowhere.py does not exist"),
    ("audit folder.toml:x", "cannot be imported"),
    ("audit gone.py:x", "gone.py cannot be imported: SystemExit: 0"),
    ("audit syntax.py:x", "syntax.py cannot be imported: SyntaxError"),
    ("audit missing.py:x", "missing.py cannot be imported: FileNotFoundError"),
    ("audit strangers.py:bear", "unknown object in strangers.py 'bear'; did you mean bare"),
    (
        "audit strangers.py:number",
        "strangers.py:number must be a mechanism (k, epsilon, privatize), a class or function",
    ),
    ("audit strangers.py:bare --k 3", "is built already and takes no parameters, got {'k': 3}"),
    (
        "audit strangers.py:make",
        "strangers.py:make must accept (value, rng), which draws one report per value",
    ),
    ("check grrr", "unknown protocol 'grrr'"),
    ("check grr --k 4 --epsilon -1", "epsilon must be positive"),
    ("check", "Missing argument 'NAME'"),
    ("frontier", "Missing option '--epsilon'"),
    ("frontier --k 1 --epsilon 1", "k must be at least 2, got 1"),
    ("frontier --k 10 --epsilon -1", "epsilon must be positive and finite, got -1.0"),
    ("frontier --k 100000000000 --epsilon 1", "k must be at most"),
    ("compare --study nope", "unknown study 'nope'"),
    ("compare --study defualt", "did you mean default"),
    ("compare --study none.toml", "study file none.toml cannot be read: No such file"),
    ("compare --study folder.toml", "study file folder.toml cannot be read: Is a directory"),
    ("compare --study empty.toml", "study empty.toml: name is missing."),
    ("compare --study latin.toml", "latin.toml is not valid TOML: 'utf-8' codec"),
    ("compare --study deep.toml", "deep.toml is not valid TOML"),
    ("compare --study broken.toml", "broken.toml is not valid TOML"),
    ("compare --study typo.toml", "unknown field in study typo.toml: 'epsilon'; did you mean eps"),
    ("compare --study negative.toml", "epsilons.1 must be above 0, got -4.0."),
    (C + "o --data nope", "unknown data set 'nope'"),
    (C + "o --data none.csv:a", "cannot read 'none.csv': No such file"),
    (C + "o --data empty.csv:a", "must have a header row, got an empty file"),
    (C + "o --data u.csv:c", "unknown column of 'u.csv', 'c'"),
    (C + "o --data u.csv:b", "must have no missing values, got 1"),
    (C + "o --data zipf", "zipf needs k"),
    (C + "o --data zipf --k 1", "data.0.k must be at least 2"),
    (C + "o --data zipf(-1) --k 9", "s must be positive and finite, got -1.0"),
    (C + "o --prior=", "prior must be uniform, data, a file of weights"),
    (C + "o --prior nope", "uniform, data or a file of weights; nope cannot be read: No such file"),
    (
        C + "o --prior data --prior data",
        "prior must name every attacker once, and has 'data' twice",
    ),
    (C + "o --prior u.csv --prior ./u.csv", "once, and has './u.csv' twice"),
    (C + "o --jobs 0", "jobs must be at least 1, got 0"),
    (C + "o --seed -1", "seed must be at least 0, got -1"),
    (C + "file", "the output folder file cannot be used: File exists"),
    (C + "file/below", "the output folder file/below cannot be used: Not a directory"),
    (C + "foreign", "it holds the tables of another program"),
    (C + "text", "cannot be used as a store (file is not a database)"),
    ("report", "Missing argument 'DIR'"),
    ("report nowhere", "nowhere holds no results.sqlite; run compare --out there"),
    ("report file", "file holds no results.sqlite"),
    ("report foreign", "it holds the tables of another program"),
    ("report text", "file is not a database"),
]


def snapshot(folder: Path) -> dict[str, bytes | None]:
    return {
        str(path.relative_to(folder)): path.read_bytes() if path.is_file() else None
        for path in folder.rglob("*")
        if "__pycache__" not in path.parts
    }


@pytest.mark.parametrize(("line", "message"), HOSTILE, ids=[line[:60] for line, _ in HOSTILE])
def test_nonsense_gets_one_line_and_leaves_nothing(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
    line: str,
    message: str,
) -> None:
    prepare(tmp_path)
    before = snapshot(tmp_path)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "argv", ["ldpaudit", *line.split()])
    with pytest.raises(SystemExit) as left:
        commands.main()
    out, err = capfd.readouterr()
    assert (left.value.code, out) == (2, "")
    assert err.startswith("ldpaudit: ")
    assert err.count("\n") == 1
    assert err.endswith("\n")
    assert message in err
    assert "Traceback" not in err
    assert snapshot(tmp_path) == before


def test_foreign_words_stay_on_one_printable_line() -> None:
    assert validate.one_line("malformed:\n  \x1b[2J \udc80é") == "malformed: \\x1b[2J \\udc80é"
