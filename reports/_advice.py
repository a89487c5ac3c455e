"""The best protocol under caps: a table for round caps, and what a reader's own caps need."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass

from ldpaudit.analysis.limits import mse_without_epsilon
from ldpaudit.analysis.operating_points import OperatingPoint
from ldpaudit.analysis.recommendation import Candidate, candidate_of, choose

from ._points import Panel
from ._tables import Section

_ROUND = (*(digit * 10.0**power for power in range(-7, 0) for digit in (1, 2, 5)), 1.0)


@dataclass(frozen=True)
class Advice:
    """For one cap on attack success: who has the least error, and the least there could be."""

    cap: float
    best: tuple[Candidate, ...]
    least: float | None

    @property
    def bits(self) -> float | None:
        """Size of a report of the best, if known."""
        bits = self.best[0].bits
        return None if math.isnan(bits) else bits


@dataclass(frozen=True)
class Options:
    """One data set, attacker and delta: who may be chosen, and what is best under round caps."""

    section: Section
    delta: float
    candidates: tuple[Candidate, ...]

    @property
    def advice(self) -> list[Advice]:
        """Round caps that change the answer, from the first that something keeps."""
        panel = self.section.panel
        key = (panel.data, panel.k, panel.num_users, self.delta, panel.estimand, panel.prior)
        found = [c.success for c in self.candidates if not math.isnan(c.success)]
        out: list[Advice] = []
        for cap in (cap for cap in _ROUND if found and cap >= min(found)):
            best = choose(key, [*self.candidates], "mse", {"success": cap}).best
            if best and (not out or out[-1].best != best):
                out.append(Advice(cap, best, _least(panel, cap)))
            if cap >= max(found):
                break
        return out

    @property
    def numbers(self) -> list[list[float | str]]:
        """Label, epsilon, then success, error, bits and influence, with the ends of intervals."""
        return [
            [
                c.label,
                c.epsilon,
                *map(_told, (c.success, *c.success_interval, c.mse, *c.mse_interval, c.bits)),
                *map(_told, (c.influence, *c.influence_interval)),
            ]
            for c in self.candidates
        ]


def options(points: Iterable[OperatingPoint], sections: list[Section]) -> list[Options]:
    """What can be chosen from, by data set and delta: protocols without a violation."""
    groups: dict[tuple[str, int, int | None, str, str, float], list[Candidate]] = {}
    for point in points:
        if not point.refuted:
            users = (point.data, point.k, point.num_users, point.estimand)
            key = (*users, point.prior, point.delta or 0.0)
            groups.setdefault(key, []).append(candidate_of(point))
    return [
        Options(section, key[5], tuple(found))
        for section in sections
        for key, found in groups.items()
        if key[:5] == section.panel.key
        if any(not math.isnan(c.success) and not math.isnan(c.mse) for c in found)
    ]


def _told(value: float) -> float | str:
    """JSON knows no infinity: such a number is told by its name."""
    if math.isnan(value):
        return "NaN"
    return float(value) if math.isfinite(value) else ("Infinity" if value > 0 else "-Infinity")


def _least(panel: Panel, cap: float) -> float | None:
    """The least error of an unbiased estimate at this cap, if the limit speaks of the panel."""
    if panel.num_users and panel.mean_limit is not None:
        return panel.mean_limit(cap) / panel.num_users
    if not panel.of_shares or not panel.uniform or not panel.num_users:
        return None
    least = mse_without_epsilon(panel.k, cap, target="users") / panel.num_users
    return least if math.isfinite(least) else None
