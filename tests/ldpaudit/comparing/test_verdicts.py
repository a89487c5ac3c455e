"""A verdict that is taken later is the verdict of an audit at that level."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from pandas.testing import assert_frame_equal

import ldpaudit
from ldpaudit.comparing import kept as kept_study
from ldpaudit.comparing.grid import compare
from ldpaudit.comparing.kept import stored_results
from ldpaudit.comparing.store import Store
from ldpaudit.comparing.verdicts import Verdict
from ldpaudit.outcomes.audit_result import bound_rows
from tests.trusted import RIGHT, WRONG

CASES: dict[str, tuple[Any, dict[str, Any]]] = {
    "k-ary game": (ldpaudit.mechanism("grr", k=4, epsilon=1.0), {}),
    "delta": (ldpaudit.mechanism("agm", k=3, epsilon=2.0, delta=1e-3), {}),
    "exact epsilon beyond the claim": (ldpaudit.mechanism("lho", k=5, epsilon=1.0, buckets=2), {}),
    "two intervals": (ldpaudit.mechanism("oue", k=4, epsilon=1.0), {"bound": "clopper-pearson"}),
    "two witnesses": (WRONG["nonce beside a likelihood"], {}),
    "samples alone": (WRONG["a half in clear"], {}),
    "nothing is found": (RIGHT["stamp"], {"trials": 300}),
    "out of reach": (ldpaudit.mechanism("grr", k=4, epsilon=12.0), {}),
    "records": (
        ldpaudit.mechanism("rsfd", epsilon=1.0, sizes=[2, 2]),
        {"pair": (0, 3)},
    ),
    "no witness": (ldpaudit.mechanism("grr", k=4, epsilon=1.0), {"witness": "joint"}),
}


@pytest.mark.parametrize("case", CASES)
@pytest.mark.parametrize("alpha", [1e-4, 3e-7])
def test_later_is_the_same(case: str, alpha: float) -> None:
    mechanism, given = CASES[case]
    how = {"trials": 3_000, "repetitions": 0} | given
    early = ldpaudit.audit(mechanism, [], **how)
    rows = bound_rows(early, "it")
    kept = json.loads(json.dumps(Verdict.of(early, rows).to_json(), allow_nan=False))
    verdict = Verdict.from_json(kept)
    want = bound_rows(ldpaudit.audit(mechanism, [], verdict_alpha=alpha, **how), "it")
    assert rows[verdict.row] | verdict.columns(alpha) == want[verdict.row]


def test_kept_verdicts_are_of_this_code(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What is kept is shown as it is; where anything that decides bytes is other, it is not."""
    study = {"name": "two", "protocols": ["grr", "oue"], "epsilons": [1.0], "trials": 300,
             "repetitions": 2, "data": [{"name": "uniform", "k": 6}]}  # fmt: skip
    fresh = compare(study, out=tmp_path).frame
    store = Store(tmp_path)
    made_by, level, kept = store.meta("judgements")
    for columns in kept.values():
        columns[0]["reason"] = "kept"
    store.set_meta("judgements", [made_by, level, kept])
    store.close()
    shown = stored_results(tmp_path).frame
    ours = shown["metric"] == "epsilon_verdict"
    assert set(shown.loc[ours, "reason"]) == {"kept"}
    assert_frame_equal(shown[~ours], fresh[~ours])
    monkeypatch.setattr(kept_study, "versions", lambda: made_by | {"code": "other"})
    assert_frame_equal(stored_results(tmp_path).frame, fresh)
