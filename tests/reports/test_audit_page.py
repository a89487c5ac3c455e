"""One audit as a fragment for notebooks."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import replace

import pytest

from ldpaudit.outcomes.audit_result import AuditResult
from ldpaudit.outcomes.parts import AttackOutcome
from ldpaudit.reports import audit_html

AuditOf = Callable[..., AuditResult]


def test_shows_what_the_audit_found(audit_of: AuditOf) -> None:
    result = audit_of("mss", 1.0)
    text = audit_html(result)
    assert text.startswith("<div")
    assert text.rstrip().endswith("</div>")
    assert "consistent" in text
    for number in (
        result.epsilon_lower,
        result.claimed_epsilon,
        result.exact_epsilon,
        result.published_success,
        *(n for a in result.attacks for n in (a.success, a.lower, a.upper, a.exact, a.blind)),
        *(() if result.mse is None else (result.mse.value, result.mse.exact, result.mse.lower)),
    ):
        if number is not None and not math.isnan(number):
            shown = repr(number).removesuffix(".0")
            assert f'value="{shown}" title="{shown}"' in text  # notebooks have no script
    assert result.bound.event in text
    assert "<script" not in text


def test_says_violation_and_inconclusive(audit_of: AuditOf) -> None:
    result = audit_of("ss", 1.0)
    high = replace(result.verdict_bound, epsilon_lower=2.0)
    assert "shows more than the claimed" in audit_html(replace(result, verdict_bound=high))
    nothing = replace(result.bound, epsilon_lower=-math.inf)
    text = audit_html(replace(result, bound=nothing, verdict_bound=nothing))
    assert "could not tell" in text
    assert "inf" not in text.replace("information", "")


def test_works_with_the_least_there_can_be(audit_of: AuditOf) -> None:
    result = replace(
        audit_of("ss", 1.0),
        attacks=(),
        published_success=None,
        mse=None,
        bits=None,
        exact_epsilon=None,
    )
    text = audit_html(result)
    assert "None" not in text
    assert "nan" not in text
    assert "bits" not in text


def test_a_skipped_attack_says_why(audit_of: AuditOf) -> None:
    reason = "needs a likelihood & a <prior>"
    skipped = AttackOutcome("bayes", 0, 0, None, None, None, 0.1, reason)
    text = audit_html(replace(audit_of("ss", 1.0), attacks=(skipped,)))
    assert "needs a likelihood &amp; a &lt;prior&gt;" in text


@pytest.mark.parametrize("text", ["<script>alert(1)</script>", "\"'>", "\u202ex", "w" * 10_000])
def test_hostile_names_are_text(audit_of: AuditOf, text: str) -> None:
    result = audit_of("ss", 1.0)
    hostile = replace(
        result,
        mechanism=text,
        parameters={text: text},
        bound=replace(result.bound, event=text, bound=text, searched=text, kind=text),
        version=text,
    )
    out = audit_html(hostile)
    assert "<script>" not in out
    assert "\"'>" not in out.split("</style>")[1].replace('="', "")


def test_a_notebook_shows_it(audit_of: AuditOf) -> None:
    result = audit_of("grr", 1.0)
    assert result._repr_html_() == audit_html(result)
