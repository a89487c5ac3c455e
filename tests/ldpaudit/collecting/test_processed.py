"""Post-processing and false users of a study, on small collections.

Generators are fixed; means are held to five standard errors (about 6e-7 each).
"""

from __future__ import annotations

from typing import Any, get_args

import numpy as np
import pandas as pd
import pytest

import ldpaudit
from ldpaudit.analysis import standings
from ldpaudit.collecting.attacked import ATTACKS, too_many_to_filter
from ldpaudit.collecting.defences import Recovery, SizeFilter
from ldpaudit.collecting.manipulation import CollectionAttack
from ldpaudit.collecting.processed import POSTS, measure_processed
from ldpaudit.comparing import compare
from ldpaudit.outcomes.table import is_biased, processed_name, unprocessed_name
from ldpaudit.protocols._kernels import _postprocessing

STUDY: dict[str, Any] = {
    "name": "post",
    "protocols": ["grr", {"name": "oue", "post": ["norm-sub"]}],
    "epsilons": [1.0],
    "data": [{"name": "zipf", "k": 20, "num_users": 500}],
    "trials": 200,
    "repetitions": 8,
    "post": ["norm-sub", "mle"],
    "false_share": 0.05,
}


@pytest.fixture(scope="module")
def frame() -> pd.DataFrame:
    return compare(STUDY).frame


def test_names_are_those_of_the_catalogue() -> None:
    assert set(POSTS) == set(_postprocessing._NAMES)
    assert {type(attack) for attack in ATTACKS.values()} == set(get_args(CollectionAttack))


def test_figures_are_those_of_the_decodes() -> None:
    """Total variation, recall and error of each decode, from the counts themselves."""
    m, users = ldpaudit.mechanism("oue", k=6, epsilon=2.0), np.array([50, 40, 30, 20, 10, 0])
    found = measure_processed(m, users, ["none", "norm-sub"], 3, 0.05, rng=np.random.default_rng(0))
    rng, values = np.random.default_rng(0), np.repeat(np.arange(6), users)
    counts = [m.aggregate(m.privatize(values, rng=rng)) for _ in range(3)]
    for one, post in zip(found, ("none", "norm-sub"), strict=True):
        away = np.array([m.decode(c, post=post) - users / 150 for c in counts])
        assert one.error.value == pytest.approx(float((away**2).mean()))
        assert one.total_variation[0] == pytest.approx(float(np.abs(away).sum() / 6))
        hits = [
            len({0, 1, 2} & set(np.argsort(-(row + users / 150))[:3].tolist())) / 3 for row in away
        ]
        assert one.recall[0] == pytest.approx(float(np.mean(hits)))


def test_the_exact_gain_is_met(frame: pd.DataFrame) -> None:
    gains = frame[(frame["metric"] == "poisoning_gain") & frame["exact"].notna()]
    assert gains["attack"].tolist() == ["random-value", "maximal-gain"] * 2
    assert (abs(gains["value"] - gains["exact"]) <= 5 * gains["standard_error"]).all()
    assert set(gains["estimand"]) == {"frequencies"}
    assert gains["method"].str.endswith(", 26 of 526 users false (a share of 0.04943)").all()


def test_what_is_biased_says_so_and_meets_its_like_alone(frame: pd.DataFrame) -> None:
    table = standings(frame)
    assert table["estimand"].tolist() == [
        "frequencies", "frequencies, after norm-sub", "frequencies, after mle",
        "frequencies", "frequencies, after norm-sub",
    ]  # fmt: skip
    biased = table[table["estimand"] != "frequencies"]
    assert not biased["limit_applies"].any()
    assert biased["limit_note"].str.startswith("biased: ").all()
    assert (biased["distance"] > 0).all()
    assert (biased["success"] > 0).all()
    plain = table[table["estimand"] == "frequencies"]
    assert plain["limit_applies"].all()
    for _, row in biased.iterrows():
        unbiased = plain[plain["protocol"] == row["protocol"]].iloc[0]
        assert row["success"] == unbiased["success"]
        assert row["mse"] < unbiased["mse"]


def test_values_that_share_a_bucket_meet_their_like_alone() -> None:
    """Dealt to all values alike, frequencies of uniform users have no error of the dealing."""
    dealt = {"name": "dbitflip", "buckets": 2, "d": 1}
    study = STUDY | {"protocols": ["oue", dealt], "post": ["norm-sub"], "data": [
        {"name": "uniform", "k": 12, "num_users": 500},
    ]}  # fmt: skip
    results = compare(study)
    table = standings(results.frame).set_index(["protocol", "estimand"])
    dealt_out = "frequencies, after dealing buckets out"
    of_buckets: Any = table.loc["dbitflip", dealt_out]
    whole: Any = table.loc["oue", "frequencies"]
    assert of_buckets["mse"] < whole["mse"]
    assert of_buckets["influence"] < whole["influence"]
    assert not of_buckets["limit_applies"]
    assert of_buckets["limit_note"].startswith("biased: ")
    assert whole["dominated_by"] == whole["dominated_with_influence"] == ()
    after: Any = table.loc["dbitflip", "frequencies, after dealing buckets out, after norm-sub"]
    assert after["success"] == of_buckets["success"]
    asked = results.recommend(max_influence=3.0)
    for choice in asked.choices:
        named = [candidate.label for candidate in choice.best]
        assert named == (["dbitflip"] if choice.estimand == dealt_out else [])
    own = compare(study | {"protocols": [dealt | {"buckets": 12}], "post": []}).frame
    assert set(own["estimand"]) == {"frequencies"}


def test_what_a_protocol_cannot_do_is_skipped_with_a_reason() -> None:
    one = STUDY | {"protocols": ["oue"], "post": ["mle"], "false_share": None}
    rows = compare(one).frame
    skipped = rows[rows["status"] == "skipped"]
    assert skipped["estimand"].tolist() == ["frequencies, after mle"]
    assert "randomized response only" in skipped["reason"].iloc[0]
    assert standings(rows)["estimand"].tolist() == ["frequencies"]
    assert "poisoning_gain" not in set(rows["metric"])


def test_unknown_names_are_refused_at_once() -> None:
    with pytest.raises(ValueError, match="unknown post 'normsub'; did you mean norm-sub"):
        compare(STUDY | {"post": ["normsub"]})


def test_names_of_what_is_estimated() -> None:
    assert processed_name("frequencies", "none") == "frequencies"
    after = processed_name("frequencies", "em")
    assert (after, unprocessed_name(after), is_biased(after)) == (
        "frequencies, after em", "frequencies", True,
    )  # fmt: skip
    assert not is_biased("frequencies")
    assert not is_biased("mean (squared input units)")


# --- defences --------------------------------------------------------------------------------


def test_defences_see_the_same_reports() -> None:
    """Each figure from the reports themselves, drawn again with the same generator."""
    m, users = ldpaudit.mechanism("oue", k=6, epsilon=2.0), np.array([500, 400, 300, 200, 100, 50])
    truth, many, false = users / users.sum(), int(users.sum()), 172
    found = measure_processed(
        m, users, ["none"], 3, 0.05, rng=np.random.default_rng(3), false_share=0.1,
        defences=["recovery", "recovery-known", "size-filter"],
    )  # fmt: skip
    assert [one.post for one in found] == ["none", "recovery", "recovery-known", "size-filter"]
    rng, target = np.random.default_rng(3), found[0].targets[0]
    ways = {"recovery": Recovery(), "recovery-known": Recovery(false / many, (target,))}
    calm: dict[str, list[float]] = {name: [] for name in (*ways, "size-filter")}
    gained: dict[str, list[float]] = {name: [] for name in calm}
    dropped: list[tuple[float, float, float]] = []
    for _ in range(3):
        own = m.privatize(np.repeat(np.arange(6), users), rng=rng)
        reports = {"": own}
        for name, attack in ATTACKS.items():
            reports[name] = np.concatenate((own, attack.reports(m, [target], false, rng=rng)))
        kept = {name: SizeFilter()(m, some) for name, some in reports.items()}
        for name in calm:
            estimates = {}
            for attacked in ("", "maximal-gain"):
                some = reports[attacked]
                if name == "size-filter":
                    estimates[attacked] = m.estimate(m.aggregate(some[kept[attacked]]))
                else:
                    estimates[attacked] = ways[name](m, m.aggregate(some))
            calm[name].append(float(np.mean((estimates[""] - truth) ** 2)))
            gained[name].append(float((estimates["maximal-gain"] - estimates[""])[target]))
        under = kept["maximal-gain"]
        dropped.append((1 - kept[""].mean(), 1 - under[:many].mean(), 1 - under[many:].mean()))
    for one in found[1:]:
        assert one.error.value == pytest.approx(np.mean(calm[one.post]))
        assert one.gains["maximal-gain"][0] == pytest.approx(np.mean(gained[one.post]))
    mine = found[3].dropped
    shares = [
        mine["honest_dropped", ""][0],
        mine["honest_dropped", "maximal-gain"][0],
        mine["false_dropped", "maximal-gain"][0],
    ]
    assert shares == pytest.approx(np.mean(dropped, axis=0).tolist())
    assert ("false_dropped", "") not in mine
    assert not found[1].dropped


def test_defences_of_a_study() -> None:
    names = ["recovery", "recovery-known", "size-filter"]
    study = STUDY | {"protocols": ["grr", "oue", "mss"], "post": [], "defences": names}
    frame = compare(study).frame
    ok, skipped = frame[frame["status"] != "skipped"], frame[frame["status"] == "skipped"]
    after = {f"frequencies, after {name}" for name in names}
    seen = {name: set(rows["estimand"]) - {"frequencies"} for name, rows in ok.groupby("protocol")}
    assert seen["oue"] == after
    assert seen["grr"] == after - {"frequencies, after size-filter"}
    assert seen["mss"] == set()
    why = skipped[skipped["protocol"] == "mss"]["reason"].tolist()
    assert len(why) == 3
    assert why[:2] == ["recovery is for pure protocols."] * 2
    assert why[2] == "the sizes of its reports tell nothing."
    honest = ok[ok["metric"] == "honest_dropped"]
    assert honest["attack"].tolist() == ["", *ATTACKS]
    assert honest["value"].between(0, 1).all()
    assert set(ok[ok["metric"] == "false_dropped"]["attack"]) == set(ATTACKS)
    calm = compare(study | {"false_share": None, "protocols": ["oue"]}).frame
    skipped = calm[calm["status"] == "skipped"]
    assert skipped["reason"].tolist() == ["there are no false users whose aim could be known."]
    assert "honest_dropped" in set(calm["metric"])
    assert "false_dropped" not in set(calm["metric"])


def test_the_target_is_worth_most_to_these_users() -> None:
    """Influences of `oue` are alike: of all values the rarest has most to gain."""
    users, rng = np.array([500, 20, 90, 300]), np.random.default_rng(0)
    m = ldpaudit.mechanism("oue", k=4, epsilon=1.0)
    (found,) = measure_processed(m, users, ["none"], 2, 0.05, rng=rng, false_share=0.1)
    assert found.targets == (1,)


def test_reports_too_large_for_a_filter_are_not_drawn() -> None:
    m = ldpaudit.mechanism("oue", k=100_000, epsilon=1.0)
    assert too_many_to_filter(m, 10**8).endswith("those of 100,000,000 users are too large.")
    assert too_many_to_filter(m, 1000) == ""


@pytest.mark.parametrize(
    ("names", "message"),
    [
        (["sizefilter"], "unknown defence 'sizefilter'; did you mean size-filter"),
        (["recovery", "recovery"], "defences must differ"),
    ],
)
def test_unknown_defences_are_refused_at_once(names: list[str], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        compare(STUDY | {"defences": names})


def test_several_targets_count_together() -> None:
    m, users = ldpaudit.mechanism("grr", k=8, epsilon=1.0), np.full(8, 100)
    (one,) = measure_processed(
        m, users, ["none"], 60, 0.05, rng=np.random.default_rng(1), false_share=0.1, targets=[5, 2]
    )
    assert one.targets == (5, 2)
    real = 89 / 889
    wanted = {
        "random-value": real * 0.75, "maximal-gain": real * (m.influence([2, 5]) - 0.25),
    }  # fmt: skip
    for name, right in wanted.items():
        gain, spread, exact = one.gains[name]
        assert exact == pytest.approx(right)
        assert abs(gain - right) <= 5 * spread
    for wrong in ([1, 1], [], [8]):
        with pytest.raises(ValueError, match=r"targets must (be values|lie)"):
            measure_processed(m, users, ["none"], 2, 0.05, rng=np.random.default_rng(1),
                              false_share=0.1, targets=wrong)  # fmt: skip
