"""A package of somebody else's: installed for real, found by name, and right in itself."""

from __future__ import annotations

import csv
import importlib
import json
import os
import re
import shutil
import subprocess
import sys
import sysconfig
import venv
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import ldpaudit
from ldpaudit.leakage import channels
from ldpaudit.testing.components import check_attack, check_bound, check_mechanism

ROOT = Path(__file__).resolve().parents[1]
EXAMPLE = ROOT / "examples" / "ring"
GUIDE = (ROOT / "docs" / "extend.md").read_text(encoding="utf-8")

#: Commands of the guide, as typed at the project's root.
INSTALL = "pip install ./examples/ring"
LIST = "ldpaudit list"
CHECK = "ldpaudit check ring --k 12 --epsilon 1"
AUDIT = "ldpaudit audit ring --k 12 --epsilon 1 --attack shortlist"
BOUND = "ldpaudit audit ring --k 12 --epsilon 1 --pair 0 6 --bound hoeffding"
COMPARE = "ldpaudit compare --study examples/ring/hours.toml --quick --out hours"


def blocks(language: str) -> list[str]:
    """Fenced blocks of the guide in one language."""
    return re.findall(rf"^```{language}\n(.*?)^```$", GUIDE, re.DOTALL | re.MULTILINE)


# --- installed, and used from the command line ----------------------------------------------


@dataclass(frozen=True)
class Stranger:
    """An environment of its own that holds the example, and a folder to work in."""

    python: str
    folder: Path

    def run(self, *arguments: str, code: int = 0) -> str:
        """Standard output of Python run with these arguments, which must end with `code`."""
        # -P: what is imported is what is installed, whatever the folder. One thread, as the
        # tests beside this one have the other cores, and threads that wait for one would spin.
        done = subprocess.run(
            [self.python, "-P", *arguments],
            cwd=self.folder,
            env=os.environ | {"OMP_NUM_THREADS": "1", "PYTHONUTF8": "1"},
            capture_output=True,
            encoding="utf-8",
            check=False,
        )
        assert done.returncode == code, done.stdout + done.stderr
        assert "Traceback" not in done.stderr
        return done.stdout

    def __call__(self, command: str, *more: str) -> str:
        """Standard output of a command of the guide."""
        words = command.replace("examples/ring", EXAMPLE.as_posix()).split(" ")
        assert words.pop(0) == "ldpaudit"
        return self.run("-m", "ldpaudit", *words, *more)


@pytest.fixture(scope="module")
def stranger(tmp_path_factory: pytest.TempPathFactory) -> Stranger:
    """The example in a fresh environment, beside the ldpaudit that is under test.

    Nothing is downloaded: the environment sees the packages of this one, pip and the
    setuptools that builds the example included.
    """
    pytest.importorskip("pip")
    folder = tmp_path_factory.mktemp("stranger")
    builder = venv.EnvBuilder(symlinks=os.name != "nt")
    place = builder.ensure_directories(folder / "env")
    builder.create(folder / "env")
    at = {"base": place.env_dir, "platbase": place.env_dir}
    packages = Path(sysconfig.get_path("purelib", "venv", at))
    ours = {sysconfig.get_path("purelib"), sysconfig.get_path("platlib")}
    # As a site directory, so that an editable install in there is found as well.
    lines = [f"import site; site.addsitedir({path!r})\n" for path in sorted(ours)]
    (packages / "packages-of-the-tests.pth").write_text("".join(lines), encoding="utf-8")
    clutter = shutil.ignore_patterns("build", "*.egg-info", "__pycache__")
    shutil.copytree(EXAMPLE, folder / "source", ignore=clutter)
    install = [sys.executable, "-m", "pip", "--python", place.env_exe, "install", "--quiet"]
    offline = ["--no-index", "--no-deps", "--no-build-isolation", "--disable-pip-version-check"]
    command = [*install, *offline, str(folder / "source")]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return Stranger(place.env_exe, folder)


def test_it_meets_the_ldpaudit_under_test(stranger: Stranger) -> None:
    where = stranger.run("-c", "import ldpaudit_ring, ldpaudit; print(ldpaudit.__file__)")
    assert Path(where.strip()).samefile(ldpaudit.__file__)


def test_list_shows_every_part(stranger: Stranger) -> None:
    assert re.search(r"^  ring +The report's likelihood falls", stranger(LIST), re.MULTILINE)
    listed = json.loads(stranger(LIST, "--json"))
    assert listed["attacks"]["shortlist"].startswith("Name the commonest value among")
    assert listed["bounds"]["hoeffding"].startswith("ln((P - delta) / Q)")
    assert {"grr", "ring"} <= set(listed["protocols"])


def test_check_holds_the_protocol_to_its_word(stranger: Stranger) -> None:
    lines = stranger(CHECK).splitlines()
    assert all(line.startswith("ok ") for line in lines)
    promises = {line.split()[1].rstrip(":") for line in lines}
    assert {"sampler", "likelihood", "channel", "estimate", "vulnerability"} <= promises


def test_audit_runs_the_attack_on_the_protocol(stranger: Stranger) -> None:
    found = json.loads(stranger(AUDIT, "--json"))
    assert found["mechanism"] == {
        "name": "ring",
        "parameters": {"k": 12, "epsilon": 1.0, "reach": 3},
    }
    assert found["verdict"] == "consistent"
    assert found["exact_epsilon"] == pytest.approx(1.0, abs=1e-9)
    assert [attack["attack"] for attack in found["attacks"]] == ["blind", "shortlist"]
    (shortlist,) = found["attacks"][1:]
    # All values are equally common, so it names the likeliest one. Five standard errors.
    success = 12 / (1 + 2 * np.exp([-1 / 3, -2 / 3]).sum() + 7 * np.exp(-1)) / 12
    error = np.sqrt(success * (1 - success) / shortlist["trials"])
    assert shortlist["success"] == pytest.approx(success, abs=5 * error)
    assert found["mse"]["exact"] == pytest.approx(found["mse"]["approximate"])
    assert "shortlist" in stranger(AUDIT)


def test_audit_uses_the_bound(stranger: Stranger) -> None:
    lower = json.loads(stranger(BOUND, "--json"))["epsilon_lower"]
    assert (lower["bound"], lower["kind"]) == ("hoeffding", "exact")
    # True at 95%; at 100,000 trials the margins of Hoeffding's inequality cost 0.1.
    assert 0.85 < lower["value"] < 1


@pytest.fixture(scope="module")
def hours(stranger: Stranger) -> Path:
    """The folder of the example's study, at its quick size."""
    page = Path(stranger(COMPARE, "--jobs", "1").strip())
    assert page == (stranger.folder / "hours" / "report.html").resolve()
    return page.parent


def test_compare_has_both_in_the_table_and_on_the_page(hours: Path) -> None:
    with (hours / "results.csv").open(encoding="utf-8", newline="") as stream:
        rows = list(csv.DictReader(stream))
    assert {row["status"] for row in rows} == {"ok", "consistent"}
    assert {row["protocol"] for row in rows} == {"grr", "oue", "ring"}
    attacked = [row for row in rows if row["attack"] == "shortlist" and row["trials"] == "2000"]
    assert len(attacked) == 4 * 2
    assert {r["parameters"] for r in attacked if r["protocol"] == "ring"} == {"reach=3", "reach=8"}
    page = (hours / "report.html").read_text(encoding="utf-8")
    for cell in ("ring", "shortlist", "reach=8"):
        assert re.search(rf">\s*{cell}\s*<", page), cell
    drawn = "".join(re.findall(r"<svg.*?</svg>", page, re.DOTALL))
    assert "ring (reach=3)" in drawn


def test_every_block_of_the_guide_is_the_example_or_runs(stranger: Stranger, hours: Path) -> None:
    assert hours.is_dir()  # the guide reads it again
    sources = [path.read_text(encoding="utf-8") for path in sorted(EXAMPLE.rglob("*.py"))]
    examples = [block for block in blocks("python") if block.startswith(">>>")]
    quoted = [block for block in blocks("python") if not block.startswith(">>>")]
    assert len(quoted) == 4
    for block in quoted:
        assert any(block in source for source in sources), block
    for block in blocks("toml"):
        assert block in (EXAMPLE / "pyproject.toml").read_text(encoding="utf-8")
    commands = "".join(blocks("sh")).splitlines()
    assert commands == [INSTALL, LIST, CHECK, AUDIT, BOUND, COMPARE]
    assert len(re.findall("^```.", GUIDE, re.MULTILINE)) == len(quoted) + len(examples) + 2
    (stranger.folder / "guide.txt").write_text("\n".join(examples), encoding="utf-8")
    assert stranger.run("-m", "doctest", "guide.txt") == ""
    assert r"\begin{tabular}" in (hours / "attacks.tex").read_text(encoding="utf-8")


# --- right in itself, by enumeration ---------------------------------------------------------


@pytest.fixture
def part(monkeypatch: pytest.MonkeyPatch) -> Callable[[str, str], Any]:
    """Look up a class of the example, from its sources."""
    monkeypatch.syspath_prepend(str(EXAMPLE))
    return lambda module, name: getattr(importlib.import_module(f"ldpaudit_ring.{module}"), name)


SIZES = [(k, reach) for k in (2, 3, 7, 8) for reach in range(1, k // 2 + 1)]


def channel_of(k: int, epsilon: float, reach: int) -> np.ndarray:
    """P(report | value) entry by entry."""
    table = np.empty((k, k))
    for value in range(k):
        for report in range(k):
            distance = min(abs(report - value), k - abs(report - value))
            table[value, report] = np.exp(-epsilon * min(distance, reach) / reach)
    return np.asarray(table / table.sum(axis=1, keepdims=True))


@pytest.mark.parametrize(("k", "reach"), SIZES)
@pytest.mark.parametrize("epsilon", [0.3, 1.0, 4.0])
def test_ring_is_its_enumerated_channel(
    part: Callable[[str, str], Any], k: int, reach: int, epsilon: float
) -> None:
    m = part("response", "RingResponse")(k=k, epsilon=epsilon, reach=reach)
    table = channel_of(k, epsilon, reach)
    np.testing.assert_allclose(channels.channel(m), table, rtol=1e-12)
    assert m.exact_epsilon() == pytest.approx(epsilon, rel=1e-12)
    rng = np.random.default_rng(0)
    frequencies = rng.dirichlet(np.ones(k))
    summed = sum((frequencies * table[:, report]).max() for report in range(k))
    assert m.vulnerability(frequencies) == pytest.approx(summed, rel=1e-12)
    # What one report adds to the estimate, and how far that is from the user's own indicator.
    inverse, own = np.linalg.inv(table.T), np.eye(k)
    for report in range(k):
        np.testing.assert_allclose(
            m.estimate(own[report]), inverse[:, report], rtol=1e-7, atol=1e-9
        )
    error = sum(
        frequencies[x] * table[x, y] * ((inverse[:, y] - own[x]) ** 2).sum()
        for x in range(k)
        for y in range(k)
    )
    assert m.mse(50, frequencies) == pytest.approx(error / (50 * k), rel=1e-7)


@pytest.mark.parametrize("k", [25, 40])
@pytest.mark.parametrize("epsilon", [0.1, 2.0, 20.0])
def test_ring_can_be_decoded_at_every_reach(
    part: Callable[[str, str], Any], k: int, epsilon: float
) -> None:
    for reach in range(1, k // 2 + 1):
        m = part("response", "RingResponse")(k=k, epsilon=epsilon, reach=reach)
        np.testing.assert_allclose(m.estimate(channels.channel(m)[3]), np.eye(k)[3], atol=1e-6)


def test_ring_of_reach_one_is_randomized_response(part: Callable[[str, str], Any]) -> None:
    m = part("response", "RingResponse")(k=9, epsilon=1.5, reach=1)
    grr, frequencies = ldpaudit.mechanism("grr", k=9, epsilon=1.5), np.arange(9) / 36
    np.testing.assert_allclose(channels.channel(m), channels.channel(grr), rtol=1e-12)
    assert m.vulnerability(frequencies) == pytest.approx(grr.vulnerability(frequencies))
    assert m.mse(100, frequencies) == pytest.approx(grr.mse(100, frequencies))
    assert m.bits == grr.bits


@pytest.mark.parametrize(("k", "reach"), [(2, 1), (13, 6), (40, 3)])
def test_ring_keeps_the_contract(part: Callable[[str, str], Any], k: int, reach: int) -> None:
    kind = part("response", "RingResponse")
    assert len(check_mechanism(kind(k=k, epsilon=1.0, reach=reach))) == 9
    for wrong, rule in ((0, "at least 1"), (k // 2 + 1, f"at most {k // 2}")):
        with pytest.raises(ValueError, match=f"reach must be {rule}, got {wrong}"):
            kind(k=k, epsilon=1.0, reach=wrong)


def named(attack: Any, mechanism: Any, prior: np.ndarray, reports: Any) -> np.ndarray:
    """Guesses of an attack."""
    guesses = attack.guess(reports, mechanism, prior, rng=np.random.default_rng(0))
    assert isinstance(guesses, np.ndarray)
    return guesses


@pytest.mark.parametrize("name", ["grr", "oue", "ss", "ring"])
@pytest.mark.parametrize("share", [0.0, 0.4, 1.0])
def test_shortlist_names_the_commonest_plausible_value(
    part: Callable[[str, str], Any], name: str, share: float
) -> None:
    kind, k, epsilon = part("response", "RingResponse"), 7, 2.0
    m = kind(k, epsilon) if name == "ring" else ldpaudit.mechanism(name, k=k, epsilon=epsilon)
    attack = part("shortlist", "Shortlist")(share=share)
    assert attack.applies(m) is None
    rng = np.random.default_rng(1)
    prior = np.array([2, 5, 1, 9, 5, 3, 0]) / 25
    reports = m.privatize(rng.integers(0, k, 300), rng=rng)
    guesses = named(attack, m, prior, reports)
    for guess, row in zip(guesses, m.log_likelihood(reports).round(9), strict=True):
        plausible = [v for v in range(k) if row[v] >= row.max() - share * epsilon - 1e-8]
        best = max(plausible, key=lambda v: (prior[v], row[v], -v))
        assert guess == best
    if share == 1:
        assert set(guesses) == {3}


def test_shortlist_keeps_the_contract(part: Callable[[str, str], Any]) -> None:
    kind = part("shortlist", "Shortlist")
    for share in (0.0, 0.5, 1.0):
        check_attack(kind(share=share))
    mute = ldpaudit.from_callable(lambda value, rng: value, k=2, epsilon=1.0)  # noqa: ARG005
    assert kind().applies(mute) == "the mechanism has no log_likelihood"
    with pytest.raises(ValueError, match=r"^share must lie in \[0, 1\], got 1.5"):
        kind(share=1.5)


def test_hoeffding_covers(part: Callable[[str, str], Any]) -> None:
    assert len(check_bound(part("hoeffding", "Hoeffding")())) == 12
