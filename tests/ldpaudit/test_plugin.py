"""The pytest plugin, in suites of its own: alpha, seeds, what is listed and what JUnit gets."""

from __future__ import annotations

import re
import sys
from typing import Any
from xml.etree import ElementTree as ET

import pytest

import ldpaudit
from ldpaudit.testing.gate import check_ldp

pytest_plugins = ["pytester"]

# By its module, whether or not the plugin is also installed under its name; without another
# one, which takes a second to sum up that it has nothing to say.
PLUGINS = ("no:ldpaudit", "ldpaudit.pytest_plugin", "no:cacheprovider", "no:hypothesispytest")
OPTIONS = tuple(option for plugin in PLUGINS for option in ("-p", plugin))

HEAD = """
    import pytest
    import ldpaudit

    SOUND = ldpaudit.mechanism("grr", k=4, epsilon=1.0)
    LOUD = ldpaudit.mechanism("grr", k=4, epsilon=2.0)
    SMALL = {"trials": 5_000}
"""
MIXED = """
    def test_sound(assert_ldp):
        assert_ldp(SOUND, epsilon=1.0, **SMALL)

    def test_loud(assert_ldp):
        assert_ldp(LOUD, epsilon=1.0, **SMALL)

    @pytest.mark.ldp(audits=2)
    def test_both(assert_ldp):
        assert_ldp(SOUND, 1.0, **SMALL)
        with pytest.raises(AssertionError, match="not 1.5-LDP: epsilon >= 1"):
            assert_ldp(LOUD, 1.5, **SMALL)

    def test_without():
        pass
"""


@pytest.fixture(scope="module", autouse=True)
def loaded() -> None:
    """Load here what an audit loads, or every inner run would do so again."""
    check_ldp(ldpaudit.mechanism("grr", k=4, epsilon=1.0), 1.0, trials=100)


@pytest.fixture
def suite(pytester: pytest.Pytester) -> Any:
    """Write a test module; run it with options and return the run with its JUnit tests."""

    def run(body: str, *options: str) -> tuple[pytest.RunResult, dict[str, dict[str, str]]]:
        pytester.makepyfile(test_suite=HEAD + body)
        result = pytester.runpytest_inprocess(*OPTIONS, "--junitxml=unit.xml", *options)
        tests = {}
        for case in ET.parse(pytester.path / "unit.xml").iter("testcase"):  # noqa: S314 - ours
            found = {p.attrib["name"]: p.attrib["value"] for p in case.iter("property")}
            for failure in case.iter("failure"):
                found["failure"] = failure.attrib["message"]
            tests[case.attrib["name"]] = found
        return result, tests

    return run


# ------------------------------------------------------------- verdict and alpha


def test_a_leak_fails_and_everything_is_recorded(suite: Any) -> None:
    """Four audits share 1e-6; a test without one has no part of it."""
    result, tests = suite(MIXED)
    result.assert_outcomes(passed=3, failed=1)
    assert tests["test_without"] == {}
    sound = tests["test_sound"]
    assert (sound["ldpaudit.verdict"], sound["ldpaudit.trials"]) == ("consistent", "10000")
    assert float(sound["ldpaudit.alpha"]) == pytest.approx(1e-6 / 4, rel=1e-12)
    assert 0.5 < float(sound["ldpaudit.epsilon_lower"]) < 1.0 < float(sound["ldpaudit.detectable"])
    assert sound["ldpaudit.power"].startswith("would have detected epsilon >= 1.")
    assert sound["ldpaudit.guarantee"] == "1.0-LDP"
    loud = tests["test_loud"]
    assert loud["ldpaudit.verdict"] == "violation"
    assert float(loud["ldpaudit.epsilon_lower"]) > 1.5
    first, *rest = loud["failure"].split("\n")
    assert first.startswith("AssertionError: not 1.0-LDP: epsilon >= 1.")
    assert "(alpha = 2.5e-07); witness: 4-ary game" in first
    assert all(line.startswith("    ") for line in rest)
    assert loud["failure"].isascii()
    both = tests["test_both"]
    assert (both["ldpaudit.verdict"], both["ldpaudit.2.verdict"]) == ("consistent", "violation")
    assert both["ldpaudit.2.guarantee"] == "1.5-LDP"


def test_what_is_listed_at_the_end(suite: Any) -> None:
    """Quiet: what failed a test. With -v: every audit, by test."""
    line = re.compile(r"^test_suite\.py::(\w+): (\w+) with .*-LDP, epsilon >= [\d.]+ \(alpha = ")
    power = re.compile(r"^    would have detected epsilon >= [\d.]+ with probability 0\.9, if it")

    def listed(*options: str) -> list[tuple[str, str]]:
        result, _ = suite(MIXED, *options)
        lines: list[str] = result.outlines
        start = next(n for n, text in enumerate(lines) if "LDP audits (alpha = 1e-06 in" in text)
        found = [(match[1], match[2]) for match in map(line.match, lines[start:]) if match]
        assert sum(bool(power.match(text)) for text in lines[start:]) == len(found)
        return found

    assert listed() == [("test_loud", "violation")]
    assert listed("-v") == [
        ("test_both", "consistent"),
        ("test_both", "violation"),
        ("test_loud", "violation"),
        ("test_sound", "consistent"),
    ]


def test_nothing_is_listed_without_audits(suite: Any) -> None:
    result, _ = suite("    def test_without():\n        pass\n", "-v")
    result.assert_outcomes(passed=1)
    assert "LDP audits" not in result.stdout.str()


def test_an_audit_without_power_is_always_listed(suite: Any) -> None:
    result, tests = suite(
        "    def test_blunt(assert_ldp):\n        assert_ldp(SOUND, 9.0, trials=100)\n"
    )
    result.assert_outcomes(passed=1)
    result.stdout.fnmatch_lines(
        ["test_suite.py::test_blunt: inconclusive with 9.0-LDP*", "    could not have detected*"]
    )
    assert tests["test_blunt"]["ldpaudit.detectable"] == "none"


WEAK = """
    class Weak:
        k, epsilon = 10, 1.0

        def privatize(self, values, *, rng):
            import numpy as np
            own = np.asarray(values)
            lies = rng.integers(0, 10, own.size)
            kept = rng.random(own.size) < 0.15
            return np.where(own == 7, 7, np.where(kept, own, lies))
"""


def test_strict_fails_what_could_not_have_been_found(suite: Any) -> None:
    body = "    def test_blunt(assert_ldp):\n        assert_ldp(SOUND, 9.0, trials=100)\n"
    result, tests = suite(body, "--ldp-strict")
    result.assert_outcomes(failed=1)
    assert tests["test_blunt"]["ldpaudit.verdict"] == "inconclusive"
    assert "ldp_strict: what shows nothing fails as well" in tests["test_blunt"]["failure"]
    assert "test_blunt: inconclusive with" in result.stdout.str()
    sharp = "    def test_sharp(assert_ldp):\n        assert_ldp(SOUND, 1.0, trials=5_000)\n"
    suite(sharp, "--ldp-strict")[0].assert_outcomes(passed=1)


def test_the_inputs_are_recorded_and_named_by_call_or_marker(suite: Any) -> None:
    body = (
        WEAK
        + """
    @pytest.mark.ldp(pair=(0, 1))
    def test_marked(assert_ldp):
        assert_ldp(Weak(), 1.0, trials=5_000)

    @pytest.mark.ldp(pair=(0, 1))
    def test_call_goes_first(assert_ldp):
        assert_ldp(Weak(), 1.0, trials=5_000, pair=(7, 1))

    @pytest.mark.ldp(search="pilot")
    def test_searched(assert_ldp):
        assert_ldp(Weak(), 1.0, trials=5_000)

    def test_alike(assert_ldp):
        assert_ldp(SOUND, 1.0, trials=5_000)
"""
    )
    result, tests = suite(body)
    result.assert_outcomes(passed=2, failed=2)
    assert tests["test_marked"]["ldpaudit.inputs"] == "inputs 0 and 1 only, of 45 pairs"
    assert tests["test_marked"]["ldpaudit.power"].endswith("of inputs 0 and 1 only, of 45 pairs")
    assert tests["test_call_goes_first"]["ldpaudit.inputs"].startswith("inputs 7 and 1 only")
    assert tests["test_searched"]["ldpaudit.verdict"] == "violation"
    assert tests["test_alike"]["ldpaudit.inputs"] == "all"


def shares(tests: dict[str, dict[str, str]]) -> list[float]:
    return [float(found["ldpaudit.alpha"]) for found in tests.values()]


@pytest.mark.parametrize(
    ("options", "alpha"), [((), 0.02), (("--ldp-alpha=0.05",), 0.05)], ids=["ini", "command line"]
)
def test_alpha_of_the_suite(
    pytester: pytest.Pytester, suite: Any, options: tuple[str, ...], alpha: float
) -> None:
    """Cases of one test count each; deselected ones do not."""
    pytester.makeini("[pytest]\nldp_alpha = 0.02\n")
    body = """
    @pytest.mark.parametrize("case", range(3))
    def test_case(case, assert_ldp):
        assert_ldp(SOUND, 1.0, **SMALL)

    @pytest.mark.ldp(audits=7)
    def test_marked(assert_ldp):
        assert_ldp(SOUND, 1.0, **SMALL)
    """
    tests = suite(body, *options)[1]
    assert shares(tests) == pytest.approx([alpha / 10] * 4, rel=1e-12)
    tests = suite(body, "-k", "case", *options)[1]
    assert shares(tests) == pytest.approx([alpha / 3] * 3, rel=1e-12)


@pytest.mark.parametrize("text", ["0", "1", "-1", "nan", "many"])
def test_an_alpha_that_is_none_is_refused(pytester: pytest.Pytester, text: str) -> None:
    pytester.makeini(f"[pytest]\nldp_alpha = {text}\n")
    result = pytester.runpytest_inprocess(*OPTIONS)
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines([f"ERROR: ldp_alpha must lie strictly *, got {text}."])


# ------------------------------------------------------------------ declaration


@pytest.mark.parametrize(
    ("body", "number", "declared"),
    [
        (
            """
    def test_it(assert_ldp):
        assert_ldp(SOUND, 1.0, **SMALL)
        with pytest.raises(AssertionError):
            assert_ldp(SOUND, 1.0, **SMALL)
    """,
            2,
            1,
        ),
        (
            """
    def test_it(request):
        request.getfixturevalue("assert_ldp")(SOUND, 1.0, **SMALL)
    """,
            1,
            0,
        ),
        *(
            (
                f"""
    @pytest.mark.ldp({bad})
    def test_it(assert_ldp):
        assert_ldp(SOUND, 1.0, **SMALL)
    """,
                1,
                0,
            )
            for bad in ("audits=0", "audits=1.5", "audits=True", "2", "trials=2")
        ),
    ],
)
def test_an_audit_that_was_not_declared_fails(
    suite: Any, body: str, number: int, declared: int
) -> None:
    """And nothing in the test can catch that."""
    result, tests = suite(body)
    result.assert_outcomes(failed=1)
    assert tests["test_it"]["failure"].startswith(
        f"Failed: audit {number} of a test that declares {declared}: alpha is divided before "
        f"anything runs; mark the test @pytest.mark.ldp(audits={number})"
    )


@pytest.mark.parametrize("where", ["marker", "fixture"])
def test_audits_through_another_fixture_are_counted(suite: Any, where: str) -> None:
    asked = {
        "marker": "request.getfixturevalue('assert_ldp')",
        "fixture": "assert_ldp",
    }[where]
    argument = {"marker": "request", "fixture": "assert_ldp"}[where]
    result, tests = suite(
        f"""
    @pytest.fixture
    def gate({argument}):
        return {asked}

    @pytest.mark.ldp
    def test_first(gate):
        gate(SOUND, 1.0, **SMALL)

    @pytest.mark.ldp(audits=4)
    def test_second(gate):
        gate(SOUND, 1.0, **SMALL)
    """
    )
    result.assert_outcomes(passed=2)
    assert shares(tests) == pytest.approx([2e-7] * 2, rel=1e-12)


def test_the_marker_is_known_under_strict_markers(suite: Any) -> None:
    result, _ = suite("    @pytest.mark.ldp(audits=1)\n    def test_it(): pass", "--strict-markers")
    result.assert_outcomes(passed=1)


# ------------------------------------------------------------------------ seeds


def test_seeds_come_from_the_name_alone(suite: Any) -> None:
    """The same counts whatever runs beside it; others in the next test and the next call."""
    alone = suite(MIXED, "-k", "sound", "--ldp-alpha=0.001")[1]["test_sound"]
    beside = suite(MIXED, "-k", "sound or both", "--ldp-alpha=0.003")[1]
    assert alone == beside["test_sound"]
    lowers = {found[name] for found in beside.values() for name in found if "epsilon_lower" in name}
    assert len(lowers) == 3


def test_the_seed_in_the_message_repeats_the_audit(suite: Any) -> None:
    message = suite(MIXED, "-k", "loud")[1]["test_loud"]["failure"]
    seed = int(message.rpartition("seed: ")[2])
    m = ldpaudit.mechanism("grr", k=4, epsilon=2.0)
    again = check_ldp(m, 1.0, trials=5_000, alpha=1e-6, seed=seed)
    assert message == f"AssertionError: {again}"


def test_a_seed_may_be_given(suite: Any) -> None:
    body = "    def test_it(assert_ldp):\n        assert_ldp(LOUD, 1.0, trials=5_000, seed=7)\n"
    assert suite(body)[1]["test_it"]["failure"].endswith("seed: 7")


def test_workers_change_nothing(suite: Any) -> None:
    """Not even where they add the name of a group to a test's own."""
    pytest.importorskip("xdist")
    body = f"""{MIXED}
    @pytest.mark.xdist_group("pair")
    def test_grouped(assert_ldp):
        assert_ldp(SOUND, 1.0, **SMALL)
    """
    runs = suite(body, "-v"), suite(body, "-v", "-n", "2", "--dist", "loadgroup")
    tests, listed = [], []
    for result, found in runs:
        result.assert_outcomes(passed=4, failed=1)
        tests.append({name.partition("@")[0]: values for name, values in found.items()})
        lines = [text.replace("@pair", "") for text in result.outlines]
        listed.append([text for text in lines if re.match(r"test_suite\.py::\w+: \w+ with", text)])
    assert tests[0] == tests[1]
    assert listed[0] == listed[1]
    assert len(listed[0]) == 5


# ------------------------------------------------------------------- light, loud


def test_loading_the_plugin_loads_nothing_else(pytester: pytest.Pytester) -> None:
    """In a fresh interpreter: a suite without audits does not pay for numpy."""
    pytester.makepyfile(
        test_light="""
        import sys

        def test_light():
            assert "ldpaudit.pytest_plugin" in sys.modules
            heavy = ("numpy", "scipy", "pandas", "sklearn", "matplotlib", "ldpaudit.testing")
            assert [name for name in heavy if name in sys.modules] == []
        """
    )
    result = pytester.run(sys.executable, "-m", "pytest", *OPTIONS, "-W", "error")
    result.assert_outcomes(passed=1)


def test_errors_of_use_are_errors(suite: Any) -> None:
    result, tests = suite(
        """
    def test_it(assert_ldp):
        assert_ldp(SOUND, epsilon=-1.0)
    """
    )
    result.assert_outcomes(failed=1)
    assert tests["test_it"]["failure"] == (
        "ValueError: epsilon must be positive and finite, got -1.0."
    )
