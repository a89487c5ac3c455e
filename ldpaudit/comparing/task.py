"""One cell of a study: its mechanism is built, audited and followed over rounds."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from ldpaudit import validate
from ldpaudit.adapters.finite_inputs import FiniteInputs
from ldpaudit.auditing import harness
from ldpaudit.auditing.attackers import Attacker
from ldpaudit.collecting.estimands import Frequencies
from ldpaudit.collecting.mean_manipulation import mean_gain_rows
from ldpaudit.collecting.processed import measure_processed
from ldpaudit.collecting.rounds import evolve, follow, round_rows
from ldpaudit.collecting.servers import estimand_of
from ldpaudit.comparing.cell import Cell
from ldpaudit.comparing.fitting import built, played
from ldpaudit.comparing.study import AuditSpec, ProtocolSpec, Study
from ldpaudit.comparing.verdicts import Verdict
from ldpaudit.comparing.workers import died
from ldpaudit.contracts import Longitudinal
from ldpaudit.data.dataset import DataSet
from ldpaudit.leakage.longitudinal import exposure, exposure_rows, out_of_reach, skipped_row
from ldpaudit.outcomes.audit_result import AuditResult, audit_rows, bound_rows
from ldpaudit.outcomes.table import (
    BOUND,
    COLUMNS,
    FIGURES,
    FINITE,
    INFORMED,
    TEXT,
    UNBOUNDED,
    describe,
)
from ldpaudit.sampling import stream
from ldpaudit.shuffling import local_budget, shuffle

_ADDRESS = re.compile(r" at 0x[0-9a-fA-F]+")


@dataclass(frozen=True)
class CellTask:
    """One cell to run, with everything a worker needs."""

    key: str
    axes: dict[str, Any]
    protocol: ProtocolSpec
    epsilon: float
    data: DataSet
    attackers: tuple[Attacker, ...]
    study: Study
    jobs: int = 1

    def run(self) -> Cell:
        """Run the audits of this cell; an error becomes the cell's one row."""
        try:
            mechanism = played(self._mechanism(), self.data)
            first, *others = self.study.each_audit()
            result = self._audit(mechanism, first, self.study.attacks)
            rows, seconds = audit_rows(result, first.label), result.seconds
            verdicts = [Verdict.of(result, rows)]
            like = rows[0] | {"prior": ""}  # what follows is no attacker's
            for spec in others:
                further = self._audit(mechanism, spec, ())
                rows += bound_rows(further, spec.label)
                verdicts.append(Verdict.of(further, rows))
                seconds += further.seconds
            if self.study.rounds is not None and isinstance(mechanism, Longitudinal):
                rows += self._over_rounds(mechanism, like)
            rows += self._processed(mechanism, like)
            if self.study.central_delta is not None:
                rows.append(self._shuffled(mechanism, like))
            _check_rows(rows)
        except (Exception, SystemExit) as error:
            if self.jobs > 1 and died(error):  # one that shared the cell: who runs it goes on
                raise
            return self.failed(_sentence(error))
        users = {"data": self.data.name, "num_users": self.data.num_users}
        decode = None if result.mse is None else result.mse.decode_seconds
        whole, kept = tuple(row | users for row in rows), tuple(v.to_json() for v in verdicts)
        return Cell(self.key, self.axes, whole, seconds, decode, kept)

    def _processed(self, mechanism: Any, like: dict[str, Any]) -> list[dict[str, Any]]:
        """What post-processing, defences and false users make of an estimate."""
        study, posts = self.study, self.study.posts_of(self.protocol)
        rng = stream(
            study.seed, self.protocol.name, _steady(mechanism), self.data.name, "processed"
        )
        if study.false_share is not None and isinstance(mechanism, FiniteInputs):
            return mean_gain_rows(
                mechanism, self.data.histogram, study.false_share, study.repetitions, like, rng=rng
            )
        if not posts or not isinstance(estimand_of(mechanism), Frequencies):
            return []
        found = measure_processed(
            mechanism, self.data.histogram, posts, study.repetitions, study.alpha,
            rng=rng, false_share=study.false_share, defences=study.defences,
        )  # fmt: skip
        return [row for one in found for row in one.rows(like, study.alpha)]

    def _mechanism(self) -> Any:
        """The protocol at the cell's epsilon, or where that is central, at the budget it buys."""
        delta, local = self.study.central_delta, self.epsilon
        if delta is not None:

            def build(epsilon: float) -> Any:
                return built(self.protocol, self.data, epsilon)

            local = local_budget(build, self.data.num_users, self.epsilon, delta)
        return built(self.protocol, self.data, local)

    def _shuffled(self, mechanism: Any, like: dict[str, Any]) -> dict[str, Any]:
        """The row of the central guarantee: its epsilon as asked, and between what it is proven."""
        delta, users = self.study.central_delta or 0.0, self.data.num_users
        found = shuffle(mechanism, users, delta)
        text = f"shuffled reports of {users} users at delta = {delta:g}, both ends proven"
        figures = dict.fromkeys(FIGURES) | {
            "value": self.epsilon,
            "lower": found.epsilon_lower,
            # The budget was chosen so that this epsilon is proven; a search ends beside it.
            "upper": min(found.epsilon_upper, self.epsilon),
        }
        how = {"status": "ok", "reason": "", "how": BOUND, "method": text}
        return like | figures | how | {"metric": "central_epsilon", "attack": found.upper_by}

    def _over_rounds(self, mechanism: Longitudinal, like: dict[str, Any]) -> list[dict[str, Any]]:
        """What a collection from the same users over the study's rounds comes to."""
        study, names = self.study, (self.protocol.name, _steady(mechanism), self.data.name)
        change = 0.25 if study.change is None else study.change
        # The same users for every protocol, and clients of its own for each.
        users = stream(study.seed, self.data.name, "rounds")
        values = evolve(self.data, study.rounds or 1, change, rng=users)
        found = follow(mechanism, values, rng=stream(study.seed, *names, "rounds"))
        rows = round_rows(found, like)
        if reason := out_of_reach(mechanism.k, found.rounds, study.trials):
            return [*rows, skipped_row(reason, like)]
        attacked = stream(study.seed, *names, "exposure")
        first = self.attackers[0]
        law = first.prior if first.law is None else first.law
        prior = validate.check_distribution("prior", law, mechanism.k)
        seen = exposure(mechanism, prior, found.rounds, study.trials, rng=attacked)
        name = first.name if first.law is None else INFORMED
        return rows + [row | {"prior": name} for row in exposure_rows(seen, study.alpha, like)]

    def failed(self, reason: str) -> Cell:
        """The cell as one row that says why there are no others."""
        row = dict.fromkeys(COLUMNS) | dict.fromkeys(TEXT, "") | {
            "protocol": self.protocol.name,
            "parameters": describe(self.protocol.parameters),
            "k": self.data.k,
            "epsilon": self.epsilon,
            "delta": 0.0,
            "num_users": self.data.num_users,
            "data": self.data.name,
            "domain": str(self.data.domain),
            "metric": "cell",
            "seed": self.study.seed,
            "status": "failed",
            "reason": reason,
        }  # fmt: skip
        return Cell(self.key, self.axes, (row,), 0.0)

    def _audit(self, mechanism: Any, spec: AuditSpec, attacks: Sequence[Any]) -> AuditResult:
        study, data = self.study, self.data
        return harness.audit(
            mechanism,
            [one if isinstance(one, str) else one.attack() for one in attacks],
            trials=study.trials,
            alpha=study.alpha,
            seed=study.seed,
            bound=spec.bound or study.bound,
            pair=spec.inputs(data.k),
            prior=self.attackers,
            histogram=data.histogram,
            data=data.name,
            repetitions=study.repetitions,
            witness=spec.witness,
            name=self.protocol.name,
            isolate=True,
            jobs=self.jobs,
        )


def _check_rows(rows: list[dict[str, Any]]) -> None:
    """Refuse figures that no table can hold; a foreign mechanism may claim anything."""
    for row in rows:
        for column, value in row.items():
            if not isinstance(value, int | float | str | None):
                raise TypeError(f"{column} must be a number or a text, got {value!r:.200}.")
            if value == math.inf and column in UNBOUNDED and row["metric"] not in FINITE:
                continue
            if isinstance(value, float) and not math.isfinite(value):
                raise ValueError(f"{column} of {row['metric']} must be finite, got {value!r}.")


def _sentence(error: BaseException) -> str:
    """An error as one line that is the same in every process."""
    try:
        text = f"{type(error).__name__}: {error}"
    except Exception:
        text = type(error).__name__
    return _ADDRESS.sub("", validate.one_line(text))[:500]


def _steady(mechanism: Any) -> str:
    """A mechanism as text, the same in every process."""
    return _ADDRESS.sub("", repr(mechanism))
