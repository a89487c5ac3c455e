"""The command `poison`: what it prints, and what it says to nonsense."""

from __future__ import annotations

import json
from collections.abc import Callable

import numpy as np
import pytest

import ldpaudit
from ldpaudit.collecting.processed import measure_processed
from ldpaudit.data import load

Run = Callable[..., tuple[int, str, str]]
OUE = ("poison", "oue", "--k", "20", "--epsilon", "1", "--users", "2000", "--repetitions", "6")


def test_json_holds_what_the_function_returns(run: Run) -> None:
    code, out, err = run(
        *OUE, "--share", "0.1", "--targets", "3,5", "--post", "em", "--defences",
        "recovery-known,size-filter", "--seed", "4", "--json",
    )  # fmt: skip
    assert (code, err) == (0, "")
    found, m = json.loads(out), ldpaudit.mechanism("oue", k=20, epsilon=1.0)
    users = load("zipf", k=20, num_users=2000, seed=4).histogram
    expected = measure_processed(
        m, users, ["none", "em"], 6, 0.05, rng=np.random.default_rng(4), false_share=0.1,
        defences=["recovery-known", "size-filter"], targets=[3, 5],
    )  # fmt: skip
    assert found["targets"] == [3, 5]
    assert found["influence"]["worst"] == pytest.approx(m.influence([3]))
    assert found["least_influence"] == pytest.approx(1.5820, abs=5e-5)
    assert [one["name"] for one in found["server"]] == [one.post for one in expected]
    for one, right in zip(found["server"], expected, strict=True):
        assert one["n_mse"] == pytest.approx(2000 * right.error.value)
        spread = 2000 * right.error.standard_error
        assert one["n_mse_standard_error"] == pytest.approx(spread)
        for name, gain in one["gains"].items():
            assert (gain["value"], gain["standard_error"], gain["exact"]) == right.gains[name]
    assert found["server"][3]["false_dropped"] == pytest.approx(
        expected[3].dropped["false_dropped", "maximal-gain"][0]
    )


def test_the_share_is_the_one_simulated(run: Run) -> None:
    given = ("poison", "grr", "--k", "5", "--epsilon", "1", "--share", "0.0001", "--users", "500",
             "--repetitions", "2")  # fmt: skip
    found = json.loads(run(*given, "--json")[1])
    assert (found["num_users"], found["num_false"], found["share_asked"]) == (500, 1, 0.0001)
    assert found["share"] == pytest.approx(1 / 501)
    assert "beside them 1 false ones, 0.001996 of all users, aim at" in run(*given)[1]


def test_people_read_the_same(run: Run) -> None:
    code, out, _ = run(*OUE)
    assert code == 0
    assert "one false report adds as much as 3.164 honest ones" in out
    assert "(no unbiased estimate has less than 1.582)" in out
    assert "beside them 105 false ones, 0.04988 of all users, aim at 19, held by" in out
    lines = out.splitlines()
    names = [line.split()[0] for line in lines if line]
    assert names[-6:-2] == ["none", "norm-sub", "recovery", "size-filter"]
    assert lines[-4].endswith("%")
    assert "gain at most" not in out
    assert "\nMeasured: means over collections, +- their standard error." in out


@pytest.mark.parametrize(
    "args",
    [
        ("dbitflip", "--k", "12", "--param", "buckets=2", "--param", "d=1"),
        ("cms", "--k", "3", "--param", "num_hashes=1", "--param", "num_buckets=2"),
    ],
)
def test_no_limit_is_named_where_the_estimate_is_biased(run: Run, args: tuple[str, ...]) -> None:
    given = ("poison", *args, "--epsilon", "1", "--users", "300", "--repetitions", "20")
    code, out, _ = run(*given)
    assert code == 0
    assert "no unbiased estimate has less" not in out
    assert "at worst (the estimate is not unbiased: no least is known)" in out
    found = json.loads(run(*given, "--json")[1])
    assert not found["unbiased"]
    assert "least_influence" not in found
    gain = found["server"][0]["gains"]["maximal-gain"]
    assert abs(gain["value"] - gain["exact"]) <= 5 * gain["standard_error"]


def test_what_cannot_be_done_says_why(run: Run) -> None:
    code, out, _ = run("poison", "mss", "--k", "12", "--epsilon", "1", "--users", "100",
                       "--post", "none", "--repetitions", "2")  # fmt: skip
    assert code == 0
    assert "recovery         not done: recovery is for pure protocols." in out
    assert "size-filter      not done: the sizes of its reports tell nothing." in out


@pytest.mark.parametrize("name", ["pm", "privunit"])
def test_means(run: Run, name: str) -> None:
    extra = ["--param", "dimension=5"] if name == "privunit" else []
    args = ["poison", name, "--epsilon", "1", "--users", "500", "--repetitions", "10", *extra]
    code, out, _ = run(*args, "--json")
    assert code == 0
    found = json.loads(out)
    gain = found["server"][0]["gains"]["maximal-gain"]
    assert abs(gain["value"] - gain["exact"]) <= 5 * gain["standard_error"]
    assert found["least_influence"] == pytest.approx(2.1640, abs=5e-5)
    code, out, _ = run(*args)
    assert "want the mean high" in out


@pytest.mark.parametrize(
    ("args", "message"),
    [
        ((*OUE, "--targets", "20"), "--targets must lie in [0, 20), got 20."),
        ((*OUE, "--targets", "3,3"), "--targets must be values, at least one and none twice"),
        (("poison", "pm", "--epsilon", "1", "--share", "0"), "--share must lie strictly"),
        ((*OUE, "--targets", "a"), "--targets must be whole numbers between commas"),
        ((*OUE, "--post", "normsub"), "unknown post 'normsub'; did you mean norm-sub"),
        ((*OUE, "--defences", "filter"), "unknown defence 'filter'"),
        ((*OUE, "--share", "1"), "--share must lie strictly between 0 and 1"),
        (("poison", "pm", "--epsilon", "1", "--targets", "1"), "--targets are of values"),
        (("poison", "smp", "--epsilon", "1", "--param", "sizes=[2,3]"),
         "smp estimates neither frequencies of values nor a mean."),
    ],
)  # fmt: skip
def test_nonsense_is_one_line(run: Run, args: tuple[str, ...], message: str) -> None:
    code, out, err = run(*args)
    assert (code, out) == (2, "")
    assert message in err
    assert err.count("\n") == 1
