"""The command line: every verb, its exit code, and what it says to nonsense."""

from __future__ import annotations

import csv
import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import ldpaudit
from ldpaudit import registry
from ldpaudit.release import described_version

BROKEN = Path(__file__).parents[2] / "broken.py"
Run = Callable[..., tuple[int, str, str]]


def process(folder: Path, *arguments: str, **options: Any) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "ldpaudit", *arguments]
    return subprocess.run(
        command, cwd=folder, capture_output=True, text=True, check=False, **options
    )


def test_help_loads_nothing_that_computes() -> None:
    """Each of these costs as much again as all that `--help` needs."""
    code = (
        "import sys; from ldpaudit.cli.commands import app; "
        "app(['--help'], standalone_mode=False); "
        "print([m for m in ('numpy', 'pandas', 'scipy', 'sklearn', 'rich') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.splitlines()[-1] == "[]"


# ----------------------------------------------------------------------- list


def test_list(run: Run) -> None:
    code, out, err = run("list")
    assert (code, err) == (0, "")
    for kind in ("protocols", "attacks", "bounds"):
        assert f"\n{kind}\n" in f"\n{out}"
        for name in registry.names(kind):
            assert re.search(rf"^  {re.escape(name)} +\S.*$", out, re.MULTILINE)
    assert "adult-age" in out
    assert "default" in out


@pytest.mark.parametrize("kind", ["protocols", "attacks", "bounds", "studies", "data"])
def test_list_one_kind(run: Run, kind: str) -> None:
    code, out, _ = run("list", kind, "--json")
    found = json.loads(out)
    assert code == 0
    assert list(found) == [
        kind,
        *(["parameters"] if kind in ("protocols", "attacks", "bounds") else []),
    ]
    assert all(found[kind].values())
    plain = run("list", kind)[1]
    assert re.findall(r"^  (\S+)", plain, re.MULTILINE) == list(found[kind])


def test_list_shows_parameters_and_says_what_e_is(run: Run) -> None:
    out = run("list", "protocols")[1]
    assert re.search(r"^  rappor .*\n +k, f, \[p = 0\.5, q = 0\.75\]$", out, re.MULTILINE)
    assert "e is exp(epsilon), k the number of values." in out
    assert "e is exp(epsilon)" in run("list")[1]
    found = json.loads(run("list", "protocols", "--json")[1])["parameters"]
    assert found["rappor"] == {
        "k": None, "f": None, "p": {"default": 0.5}, "q": {"default": 0.75}
    }  # fmt: skip


def test_a_shell_completes(tmp_path: Path) -> None:
    asked = {"COMP_WORDS": "ldpaudit audit gr", "COMP_CWORD": "2"}
    for words, number, want in (
        ("ldpaudit aud", "1", ["audit"]),
        ("ldpaudit audit gr", "2", ["grr"]),
        ("ldpaudit compare --study lol", "3", ["loloha", "loloha-adult"]),
    ):
        asked = {"COMP_WORDS": words, "COMP_CWORD": number, "_LDPAUDIT_COMPLETE": "complete_bash"}
        code = (
            "import sys; sys.argv = ['ldpaudit']; import ldpaudit.cli.commands as c\n"
            "try: c.main()\n"
            "finally: print([m for m in ('numpy', 'pandas', 'rich') if m in sys.modules])"
        )
        done = subprocess.run(
            [sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True,
            check=False, env=os.environ | asked,
        )  # fmt: skip
        *found, loaded = done.stdout.split("\n")[:-1]
        assert (found, loaded) == (want, "[]"), done.stderr


# ---------------------------------------------------------------------- audit

SMALL = ("--k", "8", "--epsilon", "1", "--trials", "5000")


def test_audit_json(run: Run) -> None:
    code, out, err = run("audit", "mss", *SMALL, "--json", "--seed", "3")
    found = json.loads(out)
    assert (code, err) == (0, "")
    m = ldpaudit.mechanism("mss", k=8, epsilon=1.0)
    want = ldpaudit.audit(m, trials=5000, seed=3, name="mss").to_dict()
    assert {n: v for n, v in found.items() if n != "seconds"} == json.loads(
        json.dumps({n: v for n, v in want.items() if n != "seconds"})
    )
    assert found["mechanism"]["name"] == "mss"
    assert found["verdict"] == "consistent"


def test_audit_text(run: Run) -> None:
    code, out, _ = run("audit", "grr", *SMALL)
    assert code == 0
    assert out.startswith("grr (k = 8, epsilon = 1.0)\nconsistent: nothing found against the claim")
    for part in ("claimed epsilon", "exact epsilon", "bayes", "95% interval", "3 bits per report"):
        assert part in out
    assert "\x1b" not in out


@pytest.mark.parametrize("bound", ["posterior-odds", "clopper-pearson"])
def test_audit_options(run: Run, bound: str) -> None:
    arguments = ("--bound", bound, "--pair", "5", "2", "--alpha", "0.01", "--param", "moduli=[8]")
    code, out, _ = run("audit", "mss", *SMALL, *arguments, "--json")
    found = json.loads(out)
    assert code == 0
    assert found["mechanism"]["parameters"]["moduli"] == [8]
    lower = found["epsilon_lower"]
    assert (lower["bound"], lower["alpha"], lower["trials"]) == (bound, 0.01, 10_000)
    assert re.search(r"\(5, 2\)|reports of 5", lower["event"]) or "of 5" in lower["event"]


def test_parameters_are_json_or_text(run: Run, tmp_path: Path) -> None:
    (tmp_path / "echo.py").write_text(
        "def make(**given):\n    raise KeyError(str(sorted(given.items())))\n"
    )
    items = ["a=1", "b=1.5", "c=[1, 2]", "d=text", "e=", "f=true", "g=x=y", 'h="1"', "i={]"]
    options = [part for item in items for part in ("--param", item)]
    code, _, err = run("audit", "echo.py:make", *options, "--k", "3")
    assert code == 3
    want = (
        "[('a', 1), ('b', 1.5), ('c', (1, 2)), ('d', 'text'), ('e', ''), ('f', True), "
        "('g', 'x=y'), ('h', '1'), ('i', '{]'), ('k', 3)]"
    )
    assert want in err


def test_exit_1_for_a_violation(run: Run) -> None:
    for as_json in ((), ("--json",)):
        code, out, err = run("audit", f"{BROKEN}:StickyBit", *SMALL, *as_json)
        assert (code, err) == (1, "")
        assert "violation" in out
    code, out, _ = run("check", f"{BROKEN}:StickyBit", "--k", "8", "--epsilon", "1")
    assert code == 1
    assert out == "broken: log ratio 1.551445 exceeds epsilon 1.0\n"


STRANGERS = """
import numpy as np
class Bare:
    k, epsilon = 3, 1.0
    def privatize(self, values, *, rng):
        return rng.integers(0, 3, len(values))
class Raises(Bare):
    def log_likelihood(self, reports, values=None):
        return None
    def privatize(self, values, *, rng):
        return {}["missing\\nkey"]
class Unbuildable(Bare):
    def __init__(self, k=2, epsilon=1.0):
        1 / 0
bare, raises, number = Bare(), Raises(), 5
def make(k, epsilon):
    return Bare()
"""


@pytest.fixture
def strangers(tmp_path: Path) -> None:
    (tmp_path / "json.py").write_text(STRANGERS)  # the name of a module that we need


@pytest.mark.usefixtures("strangers")
def test_exit_3_where_nothing_can_be_shown(run: Run) -> None:
    for target in ("json.py:bare", "./json.py:Bare", "json.py:make --k 3 --epsilon 1"):
        code, out, err = run("audit", *target.split(), "--trials", "100")
        assert (code, err) == (3, "")
        assert "inconclusive: nothing could be shown (" in out
    assert run("check", "json.py:bare")[0] == 1  # it takes values that are out of range


@pytest.mark.usefixtures("strangers")
@pytest.mark.parametrize("verb", ["audit", "check"])
def test_exit_3_where_the_mechanism_fails(run: Run, verb: str) -> None:
    code, out, err = run(verb, "json.py:raises")
    assert (code, out, err) == (
        3,
        "",
        "ldpaudit: json.py:raises failed: KeyError: 'missing\\nkey'\n",
    )
    code, _, err = run(verb, "json.py:Unbuildable", "--k", "3")
    assert code == 3
    assert err == "ldpaudit: json.py:Unbuildable failed: ZeroDivisionError: division by zero\n"


def test_a_module_by_its_name(run: Run) -> None:
    target = "ldpaudit.protocols:GeneralizedRandomizedResponse"
    code, out, _ = run("audit", target, *SMALL, "--json")
    assert code == 0
    assert json.loads(out)["mechanism"]["name"] == target


# -------------------------------------------------------------- other verbs


def test_frontier(run: Run) -> None:
    code, out, _ = run("frontier", "--k", "10", "--epsilon", "1", "--json")
    found = json.loads(out)
    assert code == 0
    assert (found["k"], found["epsilon"]) == (10, 1.0)
    curve = ldpaudit.frontier(10, 1.0)
    assert [(p["success"], p["mse_population"]) for p in found["points"]] == [
        tuple(point) for point in curve.points.tolist()
    ]
    for point in found["points"]:
        at = curve.mse_at(point["success"], target="users")
        assert point["mse_users"] == pytest.approx(at, rel=1e-12)
    code, out, _ = run("frontier", "--k", "1000", "--epsilon", "1")
    assert code == 0
    assert 10 < len(out.splitlines()) <= 24


def test_frontier_as_a_figure(run: Run, tmp_path: Path) -> None:
    arguments = ("frontier", "--k", "10", "--epsilon", "1", "--plot")
    for name in ("limit.png", "limit.svg", "limit.pdf"):
        run(*arguments, str(tmp_path / name))
        assert (tmp_path / name).stat().st_size > 1_000
    assert run(*arguments, str(tmp_path / "limit.exe"))[0] == 2
    assert run(*arguments, str(tmp_path / "no" / "limit.png"))[0] == 2


def test_check(run: Run) -> None:
    code, out, err = run("check", "grr", "--k", "5", "--epsilon", "1")
    assert (code, err) == (0, "")
    assert all(line.startswith("ok      ") for line in out.splitlines())
    for what in ("sampler", "likelihood", "exact epsilon", "channel", "estimate", "value"):
        assert f"ok      {what}: " in out


def test_version_and_help(run: Run) -> None:
    assert run("--version") == (0, f"ldpaudit {described_version()}\n", "")
    assert described_version().startswith(ldpaudit.__version__)
    code, out, _ = run()
    assert code == 0
    for verb in ("list", "audit", "compare", "report", "frontier", "check"):
        assert verb in out
        assert run(verb, "--help")[0] == 0
    assert run("--help")[1] == out


STUDY = """
name = "small"
title = "A <b>small</b> study"
protocols = ["grr", "oue"]
epsilons = [1.0, 4.0]
trials = 2000
repetitions = 2
[[data]]
name = "zipf"
k = 6
num_users = 500
"""


def test_compare_and_report(run: Run, tmp_path: Path) -> None:
    (tmp_path / "small.toml").write_text(STUDY)
    code, out, err = run("compare", "--study", "small.toml", "--out", "page", "--jobs", "1")
    assert (code, err) == (0, "")
    assert out == f"{tmp_path / 'page' / 'report.html'}\n"
    names = {str(p.relative_to(tmp_path / "page")) for p in (tmp_path / "page").rglob("*.*")}
    assert {"results.sqlite", "results.csv", "report.html", "timings.csv"} <= names
    assert "figures/pareto.svg" in names
    assert not any(name.endswith((".png", ".pdf")) for name in names)
    page = (tmp_path / "page" / "report.html").read_text(encoding="utf-8")
    assert "A &lt;b&gt;small&lt;/b&gt; study" in page
    table = (tmp_path / "page" / "results.csv").read_bytes()
    rows = list(csv.DictReader(table.decode().splitlines()))
    assert {row["protocol"] for row in rows} == {"grr", "oue"}
    assert "seconds" not in rows[0]
    (tmp_path / "page" / "results.csv").unlink()
    assert run("report", "page") == (0, out, "")
    assert (tmp_path / "page" / "results.csv").read_bytes() == table
    assert run("compare", "--study", "small.toml", "--out", "two", "--jobs", "2")[0] == 0
    assert (tmp_path / "two" / "results.csv").read_bytes() == table


def test_compare_on_a_file(run: Run, tmp_path: Path) -> None:
    (tmp_path / "small.toml").write_text(STUDY)
    (tmp_path / "u.csv").write_text("age,pet\n30,cat\n31,dog\n30,eel\n30,cat\n")
    code, _, err = run("compare", "--study", "small.toml", "--data", "u.csv:pet", "--out", "o")
    assert (code, err) == (0, "")
    rows = list(csv.DictReader((tmp_path / "o" / "results.csv").read_text().splitlines()))
    assert {(row["data"], row["k"], row["num_users"]) for row in rows} == {("u.csv:pet", "3", "4")}


def test_compare_with_a_cell_that_fails(run: Run, tmp_path: Path) -> None:
    """Three moduli that fit one data set and not the other: the rest is still written."""
    text = STUDY.replace('["grr", "oue"]', '["grr", { name = "mss", moduli = [3, 4, 5] }]')
    (tmp_path / "s.toml").write_text(text + '[[data]]\nname = "uniform"\nk = 40\n')
    code, out, err = run("compare", "--study", "s.toml", "--out", "o", "--jobs", "1")
    assert code == 3
    assert out.endswith("report.html\n")
    assert re.fullmatch(r"(a cell failed: ValueError: .*\n)+", err)
    text = (tmp_path / "o" / "results.csv").read_text()
    assert text.count(",failed,") == 2


# ------------------------------------------------------------ real processes


def test_a_process_ends_as_its_code_says(tmp_path: Path) -> None:
    bad = process(tmp_path, "audit", "grr", "--k", "1", "--epsilon", "1")
    assert (bad.returncode, bad.stdout) == (2, "")
    assert bad.stderr == "ldpaudit: k must be at least 2, got 1.\n"
    leak = process(tmp_path, "audit", f"{BROKEN}:StickyBit", *SMALL, "--json")
    assert (leak.returncode, leak.stderr) == (1, "")
    assert json.loads(leak.stdout)["verdict"] == "violation"
    assert shutil.which("ldpaudit", path=str(Path(sys.executable).parent))


def test_colour_is_for_terminals_that_want_it(tmp_path: Path) -> None:
    coloured = os.environ | {"FORCE_COLOR": "1", "TERM": "xterm-256color"}
    coloured.pop("NO_COLOR", None)
    arguments = ("audit", "grr", *SMALL)
    assert "\x1b[32m" in process(tmp_path, *arguments, env=coloured).stdout
    plain = process(tmp_path, *arguments, env=coloured | {"NO_COLOR": "1"}).stdout
    assert not re.search(r"\x1b\[[0-9;]*3\dm", plain)


def test_a_reader_that_leaves_is_no_verdict(tmp_path: Path) -> None:
    """`ldpaudit ... | head` must not end as if a violation had been found."""
    for arguments in (("list",), ("audit", "grr", *SMALL)):
        read, write = os.pipe()
        os.close(read)
        command = [sys.executable, "-m", "ldpaudit", *arguments]
        left = subprocess.run(
            command, cwd=tmp_path, stdout=write, stderr=subprocess.PIPE, text=True, check=False
        )
        os.close(write)
        assert (left.returncode, left.stderr) == (141, "")


def test_starting_is_light(tmp_path: Path) -> None:
    code = "import ldpaudit.cli, sys; print(*sys.modules)"
    command = [sys.executable, "-c", code]
    found = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=True)
    loaded = set(found.stdout.split())
    assert not loaded & {"pandas", "seaborn", "scipy", "matplotlib", "sklearn", "numpy", "pydantic"}
