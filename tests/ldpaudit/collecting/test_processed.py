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
from ldpaudit.collecting.attacked import ATTACKS
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
    assert len(gains) == 2
    assert (abs(gains["value"] - gains["exact"]) <= 5 * gains["standard_error"]).all()
    assert set(gains["estimand"]) == {"frequencies"}


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
