"""Hostile and absurd input: one line, exit code 2, at once; nothing written outside the folder."""

from __future__ import annotations

import contextlib
import gzip
import json
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import ldpaudit
from ldpaudit.cli import commands
from ldpaudit.comparing.grid import compare
from ldpaudit.comparing.study import MAX_CELLS, read_study, resolve, to_toml
from ldpaudit.data.sources import load

Run = Callable[..., tuple[int, str, str]]
AT = ("--k", "8", "--epsilon", "1")
STUDY: dict[str, Any] = {
    "name": "s", "protocols": ["grr"], "epsilons": [1.0], "data": [{"name": "uniform", "k": 4}],
    "trials": 200, "repetitions": 2,
}  # fmt: skip
NUMBERS = ("", "x", "nan", "inf", "-inf", "1e999", "0x10", "1_0_", "９", "None", "[1]", "-1", "--1")
HUGE = ("1" + "0" * 12, "1" + "0" * 18, "1" + "0" * 60, "9" * 5000)
NAMES = (
    "",
    " ",
    "GRR",
    "grr ",
    "gr\0r",
    "../grr",
    "__import__('os')",
    "é" * 300,
    "grr;ls",
    "-",
    "%s",
)
FILES = (
    "missing.py:x", "folder:x", "text.py", "text.py:x", "broken.py:x", "leaves.py:x", "os:nothing",
    "no.such.module:x", ":", "::", "os:", ":system", "a:b:c", "/dev/null:x",
)  # fmt: skip
RECORDED = (
    "empty.csv", "empty.npy", "text.npy", "objects.npy", "header.npy", "archive.npy", "cut.npy",
    "binary.csv", "ragged.csv", "text.parquet", "cut.csv.gz", "folder.csv", "missing.csv",
    "nul.csv",
)  # fmt: skip
TOMLS = (
    "", "x", "name = ", "[", "[[[[", "name = 1", 'name = "s"', "a" * 9999, "\0", "\ufeff=",
    "x = 9" * 9,
)  # fmt: skip


def hostile() -> list[tuple[str, ...]]:
    """Two hundred and more command lines that must be refused."""
    found: list[tuple[str, ...]] = []
    for value in (*NUMBERS, *HUGE):
        found.append(("audit", "grr", f"--k={value}", "--epsilon=1"))
        found.append(("audit", "grr", *AT, f"--trials={value}"))
        found.append(("compare", f"--jobs={value}", "--quick", "--study=ok.toml"))
        found.append(("frontier", f"--k={value}", "--epsilon=1"))
    for value in NUMBERS:
        found.append(("audit", "grr", "--k=8", f"--epsilon={value}"))
        found.append(("audit", "grr", *AT, f"--alpha={value}"))
        found.append(("compare", f"--cell-timeout={value}", "--study=ok.toml"))
        found.append(("check", "grr", "--k=8", f"--epsilon={value}"))
    for name in NAMES:
        found.append(("audit", name, *AT))
        found.append(("audit", "grr", *AT, f"--bound={name}"))
        found.append(("audit", "grr", *AT, f"--attack={name}"))
        found.append(("compare", f"--study={name}"))
        found.append(("compare", "--study=ok.toml", f"--data={name}"))
        found.append(("compare", "--study=ok.toml", f"--backend={name}"))
        found.append(("compare", "--study=ok.toml", f"--export={name}"))
    found += [("audit", target, *AT) for target in FILES]
    found += [("audit", name, "fine.csv", "--epsilon=1") for name in RECORDED]
    found += [("compare", f"--data={name}:a") for name in RECORDED]
    found += [("compare", f"--study=bad{number}.toml") for number in range(len(TOMLS))]
    found += [("compare", f"--study=absurd{number}.toml") for number in range(len(ABSURD))]
    found += [("report", name) for name in ("missing", "text.py", "folder", "")]
    return found


ABSURD: tuple[dict[str, Any], ...] = (
    {"trials": 10**18},
    {"repetitions": 10**9},
    {"data": [{"name": "uniform", "k": 10**12}]},
    {"data": [{"name": "uniform", "k": 4, "num_users": 10**30}]},
    {"protocols": [{"name": "mss", "each": {f"p{n}": list(range(50)) for n in range(12)}}]},
    {"epsilons": [float(n) for n in range(1, MAX_CELLS + 2)]},
    {"epsilons": [0.0]},
    {"epsilons": [1e308]},
    {"alpha": 0.0},
    {"data": ["../../../etc/passwd:root"]},
    {"protocols": [{"name": "grr", "k": 3}]},
    {"protocols": [{"name": "../grr"}]},
    {"seed": -1},
    {"bound": "os.system"},
)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Files that somebody may hand over."""
    at = tmp_path_factory.mktemp("hostile")
    (at / "ok.toml").write_text(to_toml(resolve(STUDY)))
    for number, text in enumerate(TOMLS):
        (at / f"bad{number}.toml").write_text(text)
    for number, fields in enumerate(ABSURD):
        content = STUDY | fields
        lines = [f"{name} = {_toml(value)}" for name, value in content.items()]
        (at / f"absurd{number}.toml").write_text("\n".join(lines))
    (at / "text.py").write_text("x = 5\n")
    (at / "broken.py").write_text("def (\n")
    (at / "leaves.py").write_text("import sys\nsys.exit(0)\n")
    (at / "folder").mkdir()
    (at / "folder.csv").mkdir()
    (at / "fine.csv").write_text("a\n" + "1\n2\n" * 500)
    (at / "empty.csv").write_text("")
    (at / "binary.csv").write_bytes(bytes(range(256)) * 20)
    (at / "ragged.csv").write_text("a\n1\n1,2\n")
    (at / "nul.csv").write_text("a\n1\n\0\n,\n")
    (at / "cut.csv.gz").write_bytes(gzip.compress(b"a\n1\n2\n" * 999)[:-20])
    (at / "text.parquet").write_text("PAR1 nothing PAR1")
    np.save(at / "empty.npy", np.empty(0))
    np.save(at / "objects.npy", np.array([0, "x"], dtype=object))
    np.save(at / "cut.npy", np.arange(1000))
    (at / "cut.npy").write_bytes((at / "cut.npy").read_bytes()[:-700])
    (at / "header.npy").write_bytes(b"\x93NUMPY\x01\x00\x76\x00{'descr': ((((" + b" " * 110)
    np.savez(at / "archive.npz", a=np.arange(3))
    (at / "archive.npz").rename(at / "archive.npy")
    (at / "text.npy").write_text("1\n2\n")
    return at


def _toml(value: Any) -> str:
    if isinstance(value, dict):
        return "{" + ", ".join(f"{n} = {_toml(v)}" for n, v in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(map(_toml, value)) + "]"
    return repr(value) if isinstance(value, float) else json.dumps(value)


def test_two_hundred_hostile_command_lines(
    folder: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(folder)
    before = sorted(folder.rglob("*"))
    lines = hostile()
    assert len(lines) >= 200
    wrong = []
    for arguments in lines:
        monkeypatch.setattr(sys, "argv", ["ldpaudit", *arguments])
        started = time.monotonic()
        left: Any = None
        try:
            commands.main()
        except SystemExit as stop:
            left = stop.code
        except BaseException as error:
            left = repr(error)
        took = time.monotonic() - started
        _, err = capfd.readouterr()
        fine = left == 2 and err.count("\n") == 1 and err.startswith("ldpaudit: ")
        if not fine or "Traceback" in err or took > 30:
            wrong.append((str(arguments)[:120], left, err[:300], round(took, 1)))
    assert not wrong, "\n".join(map(str, wrong))
    made = [path.name for path in sorted(folder.rglob("*")) if path not in before]
    assert set(made) <= {"__pycache__"} | {name for name in made if name.endswith(".pyc")}


@pytest.mark.slow
@pytest.mark.parametrize(
    "arguments",
    [
        ("audit", "grr", "--k=1000000000000", "--epsilon=1"),
        ("audit", "mss", "--k=1000000000", "--epsilon=1"),
        ("audit", "grr", *AT, "--trials=1000000000000000000"),
        ("check", "ss", "--k=1000000000", "--epsilon=1"),
        ("frontier", "--k=1000000000000", "--epsilon=1"),
        ("audit", "header.npy", "fine.csv", "--epsilon=1"),
        ("audit", "broken.py:x", *AT),
        ("compare", "--study=bad3.toml"),
        ("compare", "--study=absurd1.toml"),
        ("compare", "--study=absurd4.toml"),
        ("compare", "--study=ok.toml", "--out=text.py"),
        ("report", "folder"),
    ],
)
def test_as_a_process(folder: Path, arguments: tuple[str, ...]) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "ldpaudit", *arguments],
        cwd=folder, capture_output=True, text=True, check=False, timeout=60,
    )  # fmt: skip
    assert (done.returncode, done.stdout, done.stderr.count("\n")) == (2, "", 1)
    assert done.stderr.startswith("ldpaudit: ")


# ------------------------------------------------------------ the output folder


def test_no_name_in_a_study_leads_out_of_the_folder(tmp_path: Path) -> None:
    """Names with paths in them: of the study, of its title, of a file of users."""
    data = tmp_path / "in"
    data.mkdir()
    (data / "users.csv").write_text("../../a,b\n" + "1,2\n2,1\n" * 20)
    inside = tmp_path / "deep" / "er" / "out"
    plan = STUDY | {
        "name": "../../../escaped", "title": "../../<script>", "attacks": ["blind"],
        "data": [f"{data / 'users.csv'}:../../a", {"name": "uniform", "k": 4}],
    }  # fmt: skip
    before = {path for path in tmp_path.rglob("*") if path.is_file()}
    written = compare(plan, out=inside).save(inside)
    made = {path for path in tmp_path.rglob("*") if path.is_file()} - before
    assert made
    assert all(path.resolve().is_relative_to(inside) for path in {*made, *written})
    assert not (tmp_path.parent / "escaped").exists()


# --------------------------------------------------------------------- fuzzing

fuzzed = settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
junk = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3)
    ),
    max_leaves=6,
)  # fmt: skip


@pytest.mark.fuzz
@fuzzed
@given(field=st.sampled_from(sorted(STUDY)), value=junk)
def test_any_field_of_a_study(field: str, value: Any) -> None:
    """It is refused in one sentence, or it is a study that reads back."""
    try:
        study = resolve(STUDY | {field: value})
    except (ValueError, TypeError) as error:
        said = str(error)
    else:
        said = ""
        assert resolve(study) == study
    assert said.count("\n") == 0 or "\n" in repr(value)


@pytest.mark.fuzz
@fuzzed
@given(content=st.binary(max_size=200))
def test_any_bytes_as_a_study(content: bytes, tmp_path: Path) -> None:
    path = tmp_path / "study.toml"
    path.write_bytes(content)
    with contextlib.suppress(ValueError, TypeError):
        read_study(path)


@pytest.mark.fuzz
@fuzzed
@given(content=st.binary(max_size=200), end=st.sampled_from(["csv", "csv.gz", "parquet"]))
def test_any_bytes_as_data(content: bytes, end: str, tmp_path: Path) -> None:
    path = tmp_path / f"data.{end}"
    path.write_bytes(content)
    with contextlib.suppress(ValueError, TypeError):
        load(f"{path}:a")


@pytest.mark.fuzz
@fuzzed
@given(
    name=st.sampled_from(["grr", "ss", "oue", "olh", "mss", "hr", "pgr"]),
    content=st.binary(max_size=64),
    dtype=st.sampled_from(["u1", "i8", "f8", "u2"]),
    shape=st.sampled_from([(-1,), (-1, 1), (1, -1), (-1, 2)]),
)
def test_any_array_as_reports(
    name: str, content: bytes, dtype: str, shape: tuple[int, ...]
) -> None:
    """It is refused in one sentence, or aggregated to numbers."""
    m = ldpaudit.mechanism(name, k=8, epsilon=1.0)
    whole = np.frombuffer(content[: len(content) // 16 * 16], dtype=dtype).reshape(shape)
    with contextlib.suppress(ValueError, TypeError):
        counts = m.aggregate(whole)
        if len(whole):
            assert np.isfinite(np.asarray(m.estimate(counts))).all()


@pytest.mark.fuzz
@fuzzed
@given(k=junk, epsilon=junk)
def test_any_parameters(k: Any, epsilon: Any) -> None:
    for name in ("grr", "oue", "ss"):
        with contextlib.suppress(ValueError, TypeError):
            ldpaudit.mechanism(name, k=k, epsilon=epsilon)
