"""A long audit says what it is at; a short one says nothing."""

from __future__ import annotations

import time

import pytest

import ldpaudit
from ldpaudit.cli.progress import audit_steps


def test_the_steps_of_an_audit() -> None:
    told: list[tuple[str, int, int]] = []
    m = ldpaudit.mechanism("grr", k=4, epsilon=1.0)
    ldpaudit.audit(m, trials=500, progress=lambda *step: told.append(step))
    assert told == [
        ("bound on epsilon", 0, 4),
        ("attack single-guess", 1, 4),
        ("attack bayes", 2, 4),
        ("error of the estimate", 3, 4),
    ]


def test_lines_in_a_log(capfd: pytest.CaptureFixture[str]) -> None:
    with audit_steps("grr", every=0.05) as told:
        told("bound on epsilon", 0, 2)
        time.sleep(0.3)
        told("attack bayes", 1, 2)
    out, err = capfd.readouterr()
    assert out == ""
    lines = err.splitlines()
    assert len(lines) >= 2
    assert lines[0] == "ldpaudit: step 1 of 2: bound on epsilon, 0 s so far"
    assert any(line.startswith("ldpaudit: step 2 of 2: attack bayes") for line in lines)


def test_nothing_of_a_short_audit(capfd: pytest.CaptureFixture[str]) -> None:
    with audit_steps("grr") as told:
        told("bound on epsilon", 0, 2)
    assert capfd.readouterr() == ("", "")
