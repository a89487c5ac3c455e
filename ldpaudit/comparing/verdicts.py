"""Verdicts of a study: their level is shared by all its audits, so it is known when all are.

A cell keeps what its games counted, and its verdicts are taken when the table is put together.
So the cells of a study do not depend on how many others there are.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

from ldpaudit.auditing.levels import Levels
from ldpaudit.auditing.one_pair import verdict_at
from ldpaudit.bounds.registered import registered_bound
from ldpaudit.claim import Claim
from ldpaudit.comparing.cell import Cell, Judgements
from ldpaudit.games.told import GIVES_AWAY, from_json, to_json
from ldpaudit.outcomes.audit_result import AuditResult, bound_columns
from ldpaudit.outcomes.parts import EpsilonBound
from ldpaudit.outcomes.verdicts import verdict_of


@dataclass(frozen=True)
class Verdict:
    """What one verdict rests on, all but its level.

    `row` is the place of its row in the cell; `nothing` why no game could be played; the others
    are those of the audit's result.
    """

    row: int
    bound: str
    claim: tuple[float, float]
    epsilon_lower: float
    exact_epsilon: float | None
    outside: str | None
    scope: str | None
    dependence: str | None
    proven: bool
    nothing: str
    counted: tuple[dict[str, Any], ...]

    @classmethod
    def of(cls, result: AuditResult, rows: Sequence[dict[str, Any]]) -> Verdict:
        """The verdict of an audit whose row is the last of its kind."""
        places = [place for place, row in enumerate(rows) if row["metric"] == "epsilon_verdict"]
        return cls(
            places[-1],
            result.verdict_bound.bound,
            (result.claimed_epsilon, result.claimed_delta),
            result.epsilon_lower,
            result.exact_epsilon,
            result.outside,
            result.scope,
            result.dependence,
            result.proven,
            result.verdict_bound.event,
            tuple(map(to_json, result.counted)),
        )

    def to_json(self) -> dict[str, Any]:
        """Plain values, infinity by its name."""
        stored = asdict(self)
        for name in ("epsilon_lower", "exact_epsilon"):
            if stored[name] is not None and math.isinf(stored[name]):
                stored[name] = str(stored[name])
        return stored

    @classmethod
    def from_json(cls, stored: dict[str, Any]) -> Verdict:
        """What `to_json` wrote."""
        exact, claim = stored["exact_epsilon"], stored["claim"]
        return cls(**stored | {
            "claim": (float(claim[0]), float(claim[1])),
            "epsilon_lower": float(stored["epsilon_lower"]),
            "exact_epsilon": None if exact is None else float(exact),
            "counted": tuple(stored["counted"]),
        })  # fmt: skip

    def columns(self, alpha: float) -> dict[str, Any]:
        """The columns of its row at a level."""
        claim = Claim(*self.claim)
        levels = Levels(registered_bound(self.bound), alpha, alpha, claim)
        counted = tuple(map(from_json, self.counted))
        bound = verdict_at(levels, counted) if counted else levels.nothing(self.nothing)[1]
        verdict = verdict_of(_Found(self, bound))
        if verdict != "violation":
            bound = replace(bound, event=bound.event.partition(GIVES_AWAY)[0])
        return bound_columns(bound, verdict, self.outside or self.scope)


class _Found:
    """A result as far as the verdict asks."""

    def __init__(self, rests_on: Verdict, bound: EpsilonBound) -> None:
        self.claimed_epsilon = rests_on.claim[0]
        self.exact_epsilon, self.outside = rests_on.exact_epsilon, rests_on.outside
        self.dependence, self.proven = rests_on.dependence, rests_on.proven
        self.bound, self.verdict_bound = rests_on, bound


def judgements(cells: Iterable[Cell], alpha: float) -> Judgements:
    """The columns of every verdict at the level of the table, by the key of its cell."""
    return {
        cell.key: [Verdict.from_json(stored).columns(alpha) for stored in cell.verdicts]
        for cell in cells
        if cell.verdicts
    }
