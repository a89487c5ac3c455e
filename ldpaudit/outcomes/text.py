"""An audit as lines of text: what `print` and the command line show."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any, TypeAlias

from ldpaudit.outcomes.table import SHARES, confidence
from ldpaudit.outcomes.verdicts import unseen_of

#: An `ldpaudit.outcomes.AuditResult`, which prints itself by this file and so is not loaded here.
AuditResult: TypeAlias = Any

NOTHING = "nothing could be shown"


def audit_lines(result: AuditResult) -> list[str]:
    """Title, verdict and where each number comes from, a line each."""
    names = ", ".join(f"{name} = {value}" for name, value in result.parameters.items())
    lines = [f"{result.mechanism} ({names})", f"{result.verdict}: {result.reason}"]
    lines += filter(None, (result.power, result.two_levels, unseen_of(result)))
    if step := next_step(result):
        lines.append(f"next: {step}")
    lines += ["", *_aligned(_epsilon_rows(result))]
    if result.attacks:
        lines += _aligned(_attack_rows(result), right=(1, 2, 3))
    if result.mse is not None:
        mse = result.mse
        exact = "" if mse.exact is None else f", exact {mse.exact:.4g}"
        of = "per value" if result.estimand in SHARES else f"of the {result.estimand}"
        lines.append(
            f"mean squared error {of}, {mse.num_users:,} users ({mse.data}): measured "
            f"{mse.value:.4g} over {mse.repetitions} collections{exact}"
        )
    if result.bits is not None:
        lines.append(f"communication: {result.bits} bits per report (exact)")
    return lines


def next_step(result: AuditResult) -> str | None:
    """What to try after an audit that showed nothing; None after any other."""
    if result.verdict != "inconclusive":
        return None
    if result.grows:
        return "number and time the reports of both inputs alike, or choose columns without it"
    if result.dependence is not None:
        return "draw every report alone, with randomness of its own, and record them in that order"
    more = f"more reports than {result.bound.trials:,} (--trials, or more that are recorded)"
    if not result.bound.trials:
        return "more recorded reports of either input"
    if result.k > 2:
        return f"{more}, other inputs (--pair A B) or the worst pair (--search pilot)"
    return f"{more}; a mechanism that has log_likelihood is judged by it, which sees most"


def _epsilon_rows(result: AuditResult) -> list[tuple[str, ...]]:
    delta = f"with delta = {result.claimed_delta:g}" if result.claimed_delta else ""
    rows: list[tuple[str, ...]] = [("claimed epsilon", f"{result.claimed_epsilon:g}", delta)]
    if result.exact_epsilon is None:
        what = "exact_delta" if delta else "exact_epsilon"
        rows.append(("exact epsilon", "not available", f"the mechanism has no {what}"))
    else:
        source = f"at {delta[5:]}" if delta else "from the likelihood"
        rows.append(("exact epsilon", f"{result.exact_epsilon:.6g}", source))
    bound = result.bound
    value = NOTHING if bound.epsilon_lower <= 0 else f">= {bound.epsilon_lower:.4f}"
    how = f"{bound.bound}, {bound.kind} bound at alpha = {bound.alpha:g}"
    return [*rows, ("audited epsilon", value, how), ("", "", bound.event)]


def _attack_rows(result: AuditResult) -> list[tuple[str, ...]]:
    interval = f"{confidence(result.alpha)} interval"
    uniform = all(math.isclose(outcome.blind * result.k, 1) for outcome in result.attacks[:1])
    several = len({outcome.prior for outcome in result.attacks}) > 1
    who = "by prior" if several else "uniform prior" if uniform else "prior as given"
    head = f"attack on one report, {who}"
    rows: list[tuple[str, ...]] = [(head, "success", interval, "exact")]
    for outcome in result.attacks:
        exact = "" if outcome.exact is None else f"{outcome.exact:.6g}"
        what = "" if outcome.metric == "attack_success" else outcome.metric.replace("_", " ")
        prior = outcome.prior if several else ""
        attack = ", ".join(filter(None, (outcome.attack, what, outcome.note, prior)))
        if outcome.reason is not None:
            rows.append((attack, "skipped", outcome.reason, ""))
        elif not outcome.trials:
            rows.append((attack, "", "", exact))
        else:
            ends = f"{outcome.lower:.6f} .. {outcome.upper:.6f}"
            rows.append((attack, f"{outcome.success:.6f}", ends, exact))
    if result.published_success is not None:
        rows.append(("published formula", "", "", f"{result.published_success:.6g}"))
    return rows


def _aligned(rows: Sequence[tuple[str, ...]], right: Sequence[int] = ()) -> list[str]:
    """Rows of cells below one another, two spaces between; a last long cell needs no width."""
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return [
        "  ".join(
            cell.rjust(width) if place in right else cell.ljust(width)
            for place, (cell, width) in enumerate(zip(row, widths, strict=True))
        ).rstrip()
        for row in rows
    ]
