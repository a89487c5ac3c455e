"""Study files: every mistake names its field, and what is written reads back the same."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ldpaudit.comparing import study as studies
from ldpaudit.comparing.study import Study, read_study, resolve, to_toml, with_data

GOOD: dict[str, Any] = {
    "name": "good",
    "protocols": ["grr", {"name": "mss", "moduli": [3, 5]}],
    "epsilons": [0.5, 1],
    "data": ["adult-age", {"name": "zipf", "k": 10, "num_users": 100}],
}

PRIOR = "must be uniform, data, a file of weights, weights of the values, or a list of such"


def changed(**fields: Any) -> dict[str, Any]:
    return {name: value for name, value in (GOOD | fields).items() if value is not ...}


# -------------------------------------------------------------------- reading


def test_names_and_tables() -> None:
    plan = resolve(GOOD)
    assert [p.name for p in plan.protocols] == ["grr", "mss"]
    assert plan.protocols[1].parameters == {"moduli": (3, 5)}
    assert plan.epsilons == (0.5, 1.0)
    assert [(d.name, d.k, d.num_users) for d in plan.data] == [
        ("adult-age", None, None),
        ("zipf", 10, 100),
    ]
    assert (plan.trials, plan.repetitions, plan.alpha, plan.seed) == (50_000, 10, 0.05, 0)
    assert plan.attacks == ("single-guess", "bayes")
    assert resolve(plan) is plan
    with pytest.raises(ValueError, match="frozen"):
        plan.seed = 1  # type: ignore[misc]


def test_ready_made_studies_read_and_shrink() -> None:
    titles = studies.study_names()
    assert "default" in titles
    for name in titles:
        plan = read_study(name)
        small = plan.as_quick()
        assert plan.name == name
        assert small.trials <= plan.trials
        assert small.as_quick().trials <= small.trials
        assert resolve(name) == plan


def test_a_file_by_its_path(tmp_path: Path) -> None:
    path = tmp_path / "mine.toml"
    path.write_text(to_toml(resolve(GOOD)), encoding="utf-8")
    assert read_study(path) == read_study(str(path)) == resolve(GOOD)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (None, r"study file .*a\.toml cannot be read: No such file or directory\.$"),
        (b"name = ", r"study .*a\.toml is not valid TOML: Invalid value"),
        (b"name = 'x'\nname = 'y'\n", "is not valid TOML: Cannot overwrite a value"),
        (b"\xff\xfe\x00", "is not valid TOML: 'utf-8' codec can't decode"),
        ('name = "ü"\n'.encode("latin-1"), "is not valid TOML: 'utf-8' codec can't decode"),
        (b"\x00", "is not valid TOML"),
        (b"PK\x03\x04", "is not valid TOML"),
        (b"x = " + b"[" * 100_000, "is not valid TOML: .*recursion"),
        (b"", r"study .*a\.toml: name is missing\.$"),
        (b"[[[", "is not valid TOML"),
    ],
)
def test_files_that_are_no_study(tmp_path: Path, content: bytes | None, message: str) -> None:
    path = tmp_path / "a.toml"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(ValueError, match=message) as caught:
        read_study(path)
    assert "\n" not in str(caught.value)


def test_a_folder_is_no_study(tmp_path: Path) -> None:
    (tmp_path / "a.toml").mkdir()
    with pytest.raises(ValueError, match=r"study file .*a\.toml cannot be read: Is a directory"):
        read_study(tmp_path / "a.toml")


def test_unknown_names_say_what_is_near() -> None:
    with pytest.raises(
        ValueError, match=r"unknown study 'defualt'; did you mean default, deployments\?"
    ):
        read_study("defualt")
    with pytest.raises(ValueError, match=r"unknown study 'study\.txt'"):
        read_study("study.txt")


@pytest.mark.parametrize(
    ("fields", "field"),
    [
        ({"name": ...}, "name is missing."),
        ({"name": 5}, "name must be a text, got 5."),
        ({"protocols": ...}, "protocols is missing."),
        ({"protocols": []}, "protocols must not be empty, got []."),
        ({"protocols": "grr"}, "protocols must be a list, got 'grr'."),
        ({"protocols": [1]}, "protocols.0 must be a name or a table, got 1."),
        ({"protocols": ["grr", {"moduli": [2]}]}, "protocols.1.name is missing."),
        ({"protocols": [{"name": "grr", "k": 4}]}, "protocols.0: k comes from the field 'data'"),
        ({"protocols": [{"name": "grr", "epsilon": 1}]}, "protocols.0: epsilon comes from the"),
        (
            {"protocols": [{"name": "grr", "epsilons": [0]}]},
            "protocols.0.epsilons.0 must be above 0",
        ),
        ({"protocols": [{"name": "grr", "epsilons": []}]}, "protocols.0.epsilons must not be"),
        ({"protocols": [{"name": "ue", "each": {"p": []}}]}, "protocols.0.each.p must not be"),
        ({"protocols": [{"name": "ue", "each": {"p": 0.5}}]}, "protocols.0.each.p must be a list"),
        ({"protocols": [{"name": "ue", "each": {"k": [3]}}]}, "protocols.0: k comes from the"),
        (
            {"protocols": [{"name": "ue", "p": 0.5, "each": {"p": [0.6]}}]},
            "protocols.0: p is set beside 'each' already",
        ),
        (
            {"protocols": [{"name": "ue", "each": {"epsilons": [1.0]}}]},
            "protocols.0: epsilons is set beside 'each' already",
        ),
        ({"audits": [{}, {}]}, "audits must differ in witness or bound, got ['posterior-odds',"),
        (
            {"audits": [{"bound": "katz"}, {"bound": "katz", "pair": [0, -1]}]},
            "audits must differ in witness or bound, got ['katz', 'katz']",
        ),
        ({"audits": [{"bond": "katz"}]}, "unknown field in study: audits: 'bond'; did you mean"),
        ({"audits": [{"pair": [0]}]}, "audits.0.pair.1 is missing."),
        ({"audits": [{"pair": [0, "1"]}]}, "audits.0.pair.1 must be a number"),
        ({"epsilons": []}, "epsilons must not be empty"),
        ({"epsilons": 1.0}, "epsilons must be a list, got 1.0"),
        ({"epsilons": [1.0, -1.0]}, "epsilons.1 must be above 0, got -1.0"),
        ({"epsilons": [0]}, "epsilons.0 must be above 0, got 0"),
        ({"epsilons": [float("inf")]}, "epsilons.0 must be finite, got inf"),
        ({"epsilons": [float("nan")]}, "epsilons.0 must be above 0, got nan."),
        ({"epsilons": ["1.0"]}, "epsilons.0 must be a number, got '1.0'"),
        ({"epsilons": [True]}, "epsilons.0 must be a number, got True"),
        ({"data": []}, "data must not be empty"),
        ({"data": [{"k": 3}]}, "data.0.name is missing."),
        ({"data": [{"name": "zipf", "k": 1}]}, "data.0.k must be at least 2"),
        ({"data": [{"name": "zipf", "k": 2.5}]}, "data.0.k must be a whole number, got 2.5."),
        (
            {"data": [{"name": "zipf", "users": 9}]},
            "unknown field in study: data: 'users'; did you",
        ),
        ({"data": [{"name": "zipf", "num_users": 0}]}, "data.0.num_users must be at least 1"),
        ({"attacks": "bayes"}, "attacks must be a list, got 'bayes'."),
        ({"attacks": [1]}, "attacks.0 must be a name, file.py:OBJECT or an attack, got 1."),
        ({"prior": 3}, f"prior {PRIOR}, got 3."),
        ({"prior": True}, f"prior {PRIOR}, got True."),
        ({"prior": {"a": 1}}, f"prior {PRIOR}, got {{'a': 1}}."),
        ({"prior": []}, f"prior {PRIOR}, got []."),
        ({"prior": ""}, f"prior {PRIOR}, got ''."),
        ({"prior": [["a"]]}, f"prior {PRIOR}, got [['a']]."),
        ({"prior": [0.5, "a"]}, f"prior {PRIOR}, got [0.5, 'a']."),
        ({"prior": ["data", []]}, f"prior {PRIOR}, got ['data', []]."),
        ({"prior": ["data", "data"]}, "prior must name every attacker once, and has 'data' twice"),
        ({"prior": ["a/b", "./a/b"]}, "prior must name every attacker once, and has './a/b' twice"),
        ({"prior": [[1, 2], [1.0, 2.0]]}, "every attacker once, and has [1.0, 2.0] twice"),
        ({"audits": 1000}, "audits must be a list, got 1000."),
        ({"audits": ["katz"]}, "audits.0 must be a table, got 'katz'."),
        ({"audits": [{"pair": [0, 1, 2]}]}, "audits.0.pair must have at most 2 of them"),
        (
            {"defences": ["recovery"] * 2},
            "study: defences must differ, got ['recovery', 'recovery'].",
        ),
        ({"change": 2}, "change must be permute or a number from 0 to 1, got 2."),
        ({"change": "never"}, "change must be permute or a number from 0 to 1, got 'never'."),
        (
            {"data": [{"name": "a", "bins": 2.5}]},
            "data.0.bins must be a whole number or quantiles:N",
        ),
        ({"trials": 0}, "trials must be at least 1, got 0"),
        ({"trials": 10**11}, "trials must be at most 10,000,000,000"),
        ({"trials": "many"}, "trials must be a number, got 'many'"),
        ({"trials": 1.5}, "trials must be a whole number, got 1.5"),
        ({"repetitions": 1}, "repetitions must be at least 2"),
        ({"alpha": 1}, "alpha must be below 1, got 1"),
        ({"seed": -1}, "seed must be at least 0, got -1"),
        ({"seed": True}, "seed must be a number, got True"),
        ({"quick": 5}, "quick must be a table, got 5"),
        ({"epsilon": [1], "epsilons": ...}, "unknown field in study: 'epsilon'; did you mean eps"),
        ({"epsilon": [1.0]}, "unknown field in study: 'epsilon'; did you mean epsilons"),
        ({"trial": 5}, "unknown field in study: 'trial'; did you mean trials"),
        ({"qwxz": 5}, "unknown field in study: 'qwxz'; known: alpha, attacks"),
    ],
)
def test_every_mistake_names_its_field(fields: dict[str, Any], field: str) -> None:
    with pytest.raises(ValueError, match=r"^(study|unknown field)") as caught:
        resolve(changed(**fields))
    assert field in str(caught.value)
    assert not re.search("[Ii]nput|[Tt]uple|Field|valid", str(caught.value))
    assert "\n" not in str(caught.value)
    assert len(str(caught.value)) < 300


def test_the_quick_size_is_held_to_the_same_rules() -> None:
    plan = resolve(changed(quick={"trials": 10, "epsilons": [2.0]}))
    assert (plan.as_quick().trials, plan.as_quick().epsilons) == (10, (2.0,))
    for quick in ({"trials": 0}, {"trails": 5}):
        with pytest.raises(ValueError, match="quick size of study good"):
            resolve(changed(quick=quick)).as_quick()


# -------------------------------------------------------------------- writing


def test_what_is_written_reads_back() -> None:
    plan = resolve(GOOD)
    assert resolve(tomllib.loads(to_toml(plan))) == plan


NASTY = "\"quotes\" 'single' \\ \t \n ü € 𝄞 \x7f \x00 \x1b ]]] # {{ \u2028"


def test_nasty_texts_survive() -> None:
    plan = resolve(changed(name=NASTY, title=NASTY, data=[{"name": f"{NASTY}.csv:{NASTY}"}]))
    text = to_toml(plan)
    assert resolve(tomllib.loads(text)) == plan
    text.encode("utf-8")


TEXT = st.text(st.characters(exclude_categories=["Cs"]))
VALUES = st.recursive(
    st.booleans() | st.integers(-(2**63), 2**63 - 1) | st.floats(allow_nan=False) | TEXT,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXT, inner, max_size=3),
    max_leaves=6,
)


RESERVED = ("name", "k", "epsilon", "epsilons", "each")


@given(
    TEXT,
    st.lists(st.floats(1e-300, 1e300), min_size=1, max_size=4),
    st.integers(0, 2**62),
    st.dictionaries(TEXT.filter(lambda n: n not in RESERVED), VALUES, max_size=3),
)
def test_any_study_survives(
    title: str, epsilons: list[float], seed: int, parameters: dict[str, Any]
) -> None:
    protocols = [{"name": "grr"} | parameters]
    plan = resolve(changed(title=title, epsilons=epsilons, seed=seed, protocols=protocols))
    assert resolve(tomllib.loads(to_toml(plan))) == plan


def test_other_users() -> None:
    plan = resolve(changed(seed=3, trials=77))
    other = with_data(plan, ["zipf", "uniform"], 12)
    assert [(d.name, d.k) for d in other.data] == [("zipf", 12), ("uniform", 12)]
    assert (other.seed, other.trials, other.protocols) == (3, 77, plan.protocols)
    assert with_data(plan, ["a.csv:b"]).data[0].k is None
    assert with_data(read_study("default"), ["in/a.csv:b"]).title == (
        "grr, ss, oue, olh and mss on a.csv:b"
    )
    assert with_data(read_study("pareto"), ["zipf"], 9).title.endswith(" protocols on zipf")
    with pytest.raises(ValueError, match=r"study good: data\.0\.k must be at least 2"):
        with_data(plan, ["zipf"], 1)


def test_users_are_loaded_by_the_seed() -> None:
    spec = resolve(changed(data=[{"name": "dirichlet", "k": 5}])).data[0]
    one, two = spec.load(1), spec.load(2)
    assert one.histogram.tolist() == spec.load(1).histogram.tolist() != two.histogram.tolist()


def test_the_constructor_takes_what_a_file_takes() -> None:
    plan = Study(name="one", protocols=["grr"], epsilons=[1.0], data=["zipf"])
    assert plan == resolve({"name": "one", "protocols": ["grr"], "epsilons": [1], "data": ["zipf"]})


# ----------------------------------------------------------- axes and audits


def test_every_combination_at_its_own_epsilons() -> None:
    """A protocol's own axes replace the study's; a list that is one value stays a list."""
    plan = resolve(
        changed(
            protocols=[
                "grr",
                {"name": "agrr", "each": {"delta": [1e-5, 1e-6]}, "epsilons": [2]},
                {"name": "mss", "each": {"moduli": [[3, 5], [7]], "grid": ["a", "b"]}},
            ]
        )
    )
    found = [(p.name, p.parameters, epsilons) for p, epsilons in plan.each_protocol()]
    assert found[:3] == [
        ("grr", {}, (0.5, 1.0)),
        ("agrr", {"delta": 1e-5}, (2.0,)),
        ("agrr", {"delta": 1e-6}, (2.0,)),
    ]
    assert [(p["moduli"], p["grid"]) for _, p, _ in found[3:]] == [
        ((3, 5), "a"),
        ((3, 5), "b"),
        ((7,), "a"),
        ((7,), "b"),
    ]
    assert resolve(tomllib.loads(to_toml(plan))) == plan


def test_the_audits_of_a_cell() -> None:
    plan = resolve(
        changed(
            bound="katz",
            audits=[{"witness": "single-guess", "bound": "clopper-pearson", "pair": [0, -1]}, {}],
        )
    )
    assert [audit.label for audit in plan.each_audit()] == ["single-guess/clopper-pearson", "katz"]
    assert [audit.inputs(25) for audit in plan.audits] == [(0, 24), (0, 1)]
    assert [audit.label for audit in resolve(GOOD).each_audit()] == ["posterior-odds"]
    assert resolve(tomllib.loads(to_toml(plan))) == plan


@pytest.mark.parametrize("pair", [(0, 5), (-6, 0), (2, 2), (4, -1)])
def test_a_pair_that_is_none(pair: tuple[int, int]) -> None:
    with pytest.raises(ValueError, match="audits: pair must name two of 5 values, got"):
        studies.AuditSpec(pair=pair).inputs(5)
