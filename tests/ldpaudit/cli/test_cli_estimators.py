"""The command `check --estimator`."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

Run = Callable[..., tuple[int, str, str]]
CLIPPED = """
from ldpaudit.protocols import GeneralizedRandomizedResponse as Response


class Clipped(Response):
    def estimate(self, counts):
        return super().estimate(counts) * 0.97
"""


def test_an_unbiased_server(run: Run) -> None:
    code, out, err = run("check", "grr", "--k", "4", "--epsilon", "1", "--estimator")
    assert (code, err) == (0, "")
    assert "ok      estimates of frequencies 'uniform': error" in out
    assert "no bias found: at most" in out.splitlines()[-1]
    assert "no bias" not in run("check", "grr", "--k", "4", "--epsilon", "1")[1]


def test_a_biased_one_is_a_violation(run: Run) -> None:
    Path("clipped.py").write_text(CLIPPED)
    code, out, _ = run("check", "clipped.py:Clipped", "--k", "4", "--epsilon", "1", "--estimator")
    assert code == 1
    assert out.startswith("broken: ")
