"""What gates read of an audit: the event as data, JUnit XML, Markdown, a page, and the text."""

from __future__ import annotations

import json
from pathlib import Path
from xml.etree import ElementTree as Xml

import numpy as np
import pytest

import ldpaudit
from ldpaudit.outcomes.audit_result import AuditResult
from ldpaudit.outcomes.files import junit, markdown


def audited(claim: float, answers: tuple[float, float], **how: object) -> AuditResult:
    """Recorded bits whose share of ones is known for either input."""
    n, rng = 4000, np.random.default_rng(0)
    reports = [rng.permutation(n) < n * share for share in answers]
    m = ldpaudit.from_samples(*reports, epsilon=claim, **how)  # type: ignore[arg-type]
    return ldpaudit.audit(m, [])


CASES = {
    "consistent": (3.0, (0.75, 0.25), 0, 0),
    "violation": (0.1, (0.95, 0.05), 1, 0),
    "inconclusive": (1.0, (0.5, 0.5), 0, 1),
}


@pytest.mark.parametrize("verdict", CASES)
def test_every_file_tells_the_verdict(tmp_path: Path, verdict: str) -> None:
    claim, answers, failures, errors = CASES[verdict]
    result = audited(claim, answers, name="a|b <c> _d_\x01")
    assert result.verdict == verdict
    paths = result.save(tmp_path / "out")
    assert [p.name for p in paths] == ["audit.json", "audit.html", "junit.xml", "summary.md"]
    assert json.loads(paths[0].read_text())["verdict"] == verdict
    page = paths[1].read_text()
    assert page.startswith("<!doctype html>")
    assert verdict in page
    assert "<c>" not in page
    suite = Xml.fromstring(junit(result))[0]  # noqa: S314 - our own text
    assert (suite.get("failures"), suite.get("errors")) == (str(failures), str(errors))
    properties = {p.get("name"): p.get("value") for p in suite.iter("property")}
    assert properties["ldpaudit.verdict"] == verdict
    lines = markdown(result).splitlines()
    assert lines[0].endswith(f": {verdict}")
    assert r"a\|b &lt;c&gt; \_d\_" in lines[0]
    assert all(line.count("|") - line.count("\\|") == 3 for line in lines if line[:1] == "|")


def test_the_event_is_data() -> None:
    found = audited(3.0, (0.75, 0.25)).to_dict()["epsilon_lower"]["counted"]
    assert found["game"] == "PairGame"
    assert found["pair"] == [0, 1]
    assert found["what"] in ("guesses", "event")
    assert found["threshold"] >= 0
    if found["what"] == "guesses":
        assert found["correct"] <= found["decided"] <= found["trials"]


def test_nothing_shown_is_said_and_no_epsilon_below_0_is() -> None:
    result = audited(1.0, (0.5, 0.5))
    for text in (str(result), markdown(result), junit(result), json.dumps(result.to_dict())):
        assert ">= -" not in text
        assert '"value": -' not in text
    assert "nothing could be shown" in str(result)
    assert "next: more reports than" in str(result)
    assert result.to_dict()["epsilon_lower"]["value"] is None


def test_print_reads_as_the_command_line_does(capfd: pytest.CaptureFixture[str]) -> None:
    from ldpaudit.cli.terminal import show_audit

    result = ldpaudit.audit(ldpaudit.mechanism("grr", k=4, epsilon=1.0), trials=1_000)
    show_audit(result)
    assert capfd.readouterr().out.strip() == str(result).strip()
    first, second, *_ = str(result).splitlines()
    assert first == "GeneralizedRandomizedResponse (k = 4, epsilon = 1.0)"
    assert second.startswith("consistent: nothing found against the claim epsilon = 1")
