"""The priors of a study: by name, as weights and from a file, one or several."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from ldpaudit import compare
from ldpaudit.auditing.attackers import Attacker
from ldpaudit.comparing.beliefs import attackers, content
from ldpaudit.comparing.study import read_study, resolve, to_toml, with_prior
from ldpaudit.data.dataset import DataSet
from ldpaudit.leakage.beliefs import success_by_belief

COINS = DataSet("coins", np.array([5, 3, 2]), labels=("a", "b", "c"))
STUDY = {
    "name": "tiny", "protocols": ["grr"], "epsilons": [1.0], "data": ["adult-hours"],
    "trials": 500, "repetitions": 2,
}  # fmt: skip


def only(*priors: str | tuple[float, ...]) -> Attacker:
    (found,) = attackers(priors, COINS)
    return found


def test_names_weights_and_files(tmp_path: Path) -> None:
    assert only("uniform").prior is None
    assert np.asarray(only("data").prior).tolist() == [0.5, 0.3, 0.2]
    weighted = only((1.0, 1.0, 2.0))
    assert weighted.name == "weights"
    assert np.asarray(weighted.prior).tolist() == [0.25, 0.25, 0.5]
    assert np.asarray(weighted.law).tolist() == [0.5, 0.3, 0.2]
    plain, named = tmp_path / "plain.csv", tmp_path / "named.csv"
    plain.write_text("# last year\n1\n1\n2\n")
    named.write_text("c,2\na,1\nb,1\n")
    for path in (plain, named):
        found = only(str(path))
        assert found.name == path.name
        assert np.asarray(found.prior).tolist() == [0.25, 0.25, 0.5]


def test_every_attacker_is_known_by_the_weights() -> None:
    """Users alike, names alike: other weights are another cell."""
    one, two = (Attacker("data", np.array(law)) for law in ([0.5, 0.3, 0.2], [0.2, 0.3, 0.5]))
    assert content([one]) != content([two])
    assert content([one]) == content([Attacker("data", [0.5, 0.3, 0.2])])
    assert content([Attacker("uniform")]) != content([Attacker("uniform", [0.2, 0.3, 0.5])])


def test_a_file_is_not_taken_for_the_word_that_names_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    for word in ("data", "uniform", "given", "weights"):
        (tmp_path / word).write_text("1\n1\n2\n")
        found = only(f"./{word}" if word in ("data", "uniform") else word)
        assert found.name == f"./{word}"
        assert np.asarray(found.prior).tolist() == [0.25, 0.25, 0.5]
        assert only(str(tmp_path / word)).name == str(tmp_path / word)
    assert [a.name for a in attackers(("data", "./data", (1.0, 1.0, 2.0), "weights"), COINS)] == [
        "data", "./data", "weights", "./weights"
    ]  # fmt: skip


def test_files_of_one_name_go_by_their_paths(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    for place, text in (("d1/w.csv", "1\n1\n2\n"), ("d2/w.csv", "2\n1\n1\n"), ("v.csv", "1\n1\n1")):
        (tmp_path / place).parent.mkdir(exist_ok=True)
        (tmp_path / place).write_text(text)
    found = attackers(("d1/w.csv", "d2/w.csv", "v.csv"), COINS)
    assert [one.name for one in found] == ["d1/w.csv", "d2/w.csv", "v.csv"]
    assert [np.asarray(one.prior)[0] for one in found[:2]] == [0.25, 0.5]


def test_a_file_called_data_is_another_attacker_and_may_change(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    k = resolve(STUDY).data[0].load(0).k

    def exact(prior: str) -> tuple[str, float]:
        frame = compare(STUDY | {"prior": prior, "attacks": ["bayes"]}, out="E").frame
        row = frame[frame["attack"] == "bayes"].iloc[0]
        return str(row["prior"]), float(row["exact"])

    Path("data").write_text("\n".join(str(1 + v % 7) for v in range(k)))
    knows, believes = exact("data"), exact("./data")
    Path("data").write_text("\n".join(str(1 + v % 5) for v in range(k)))
    edited = exact("./data")
    assert [name for name, _ in (knows, believes, edited)] == ["data", "./data", "./data"]
    assert len({knows[1], believes[1], edited[1]}) == 3


def test_of_two_who_think_the_same_one_is_left() -> None:
    even = DataSet("even", np.array([2, 2]))
    assert [a.name for a in attackers(("uniform", "data"), even)] == ["uniform"]
    assert [a.name for a in attackers(("data",), even)] == ["data"]
    assert [a.name for a in attackers(("uniform", "data"), COINS)] == ["uniform", "data"]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("1\n2\n", "must hold a weight for each of the 3 values of coins, got 2"),
        ("1\n2\nx\n", "must hold numbers as weights, got 'x'"),
        ("a,1\nb,1\nd,1\n", "unknown value in .* 'd'"),
        ("a,1\nb,1\nb,1\n", "must name each of 3 values once, got 3 lines"),
        ("1\n-1\n2\n", "finite weights of at least 0"),
        ("0\n0\n0\n", "not all of them 0"),
        ("a,1,1\n", "a weight, or a value and a weight, in every line"),
    ],
)
def test_a_file_that_holds_no_prior(tmp_path: Path, text: str, message: str) -> None:
    path = tmp_path / "prior.csv"
    path.write_text(text)
    with pytest.raises(ValueError, match=message):
        attackers((str(path),), COINS)


def test_a_prior_that_is_nothing_known_says_what_there_is() -> None:
    with pytest.raises(ValueError, match="prior must be uniform, data or a file of weights; dta"):
        attackers(("dta",), COINS)


def test_a_study_keeps_its_priors(tmp_path: Path) -> None:
    for prior in ("uniform", "data", ["uniform", "data"], [[0.5, 0.5]], [0.5, 0.5]):
        study = resolve(STUDY | {"prior": prior})
        path = tmp_path / "study.toml"
        path.write_text(to_toml(study))
        assert read_study(path) == study
    assert resolve(STUDY | {"prior": [0.5, 0.5]}).prior == ((0.5, 0.5),)
    assert with_prior(resolve(STUDY), ["data"]).prior == ("data",)


def test_a_comparison_has_a_row_for_every_attacker(tmp_path: Path) -> None:
    hours = resolve(STUDY).data[0].load(0)
    path = tmp_path / "hours.txt"
    path.write_text("\n".join(str(1 + v % 7) for v in range(hours.k)))
    study = STUDY | {"prior": ["uniform", "data", str(path)], "attacks": ["bayes"]}
    results = compare(study, out=tmp_path / "out")
    rows = results.frame[results.frame["attack"] == "bayes"].set_index("prior")
    assert list(rows.index) == ["uniform", "data", "hours.txt"]
    (attacker,) = attackers((str(path),), hours)
    from ldpaudit.registry import create

    m = create("protocols", "grr", k=hours.k, epsilon=1.0)
    assert attacker.prior is not None
    assert rows.loc["hours.txt", "exact"] == pytest.approx(
        success_by_belief(m, attacker.prior, hours.frequencies)
    )
    path.write_text("\n".join(str(1 + v % 5) for v in range(hours.k)))  # another file, other cells
    again = compare(study, out=tmp_path / "out").frame
    assert again[again["prior"] == "hours.txt"]["exact"].tolist() != (
        results.frame[results.frame["prior"] == "hours.txt"]["exact"].tolist()
    )
