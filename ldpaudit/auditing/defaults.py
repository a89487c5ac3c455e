"""What an audit does unless it is told otherwise, and how much at most."""

from __future__ import annotations

DEFAULT_ATTACKS = ("single-guess", "bayes")
#: Level at which a claim is called violated, shared by all audits of a study.
VERDICT_ALPHA = 1e-4
#: Largest number of simulated collections, for the same reason.
MAX_REPETITIONS = 100_000
