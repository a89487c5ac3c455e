"""Simulated collections with and without false users, and what filters of reports leave of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

from ldpaudit.collecting.accuracy import collected
from ldpaudit.collecting.defences import ReportFilter
from ldpaudit.collecting.expected import check_targets, false_users
from ldpaudit.collecting.manipulation import (
    CollectionAttack,
    MaximalGain,
    RandomReport,
    RandomValue,
)
from ldpaudit.contracts import HasFalseReports, HasWorstInfluence, Values
from ldpaudit.sampling import report_entries

#: What false users may do to a collection, by name.
ATTACKS: Mapping[str, CollectionAttack] = {
    "random-value": RandomValue(),
    "random-report": RandomReport(),
    "maximal-gain": MaximalGain(),
}
#: Most array entries of all reports of a collection, which a filter sees together.
_TOGETHER = 2**28


@dataclass(frozen=True)
class Siege:
    """Who attacks a collection: kinds of false users, how many there are and what they aim at."""

    attacks: Mapping[str, CollectionAttack]
    targets: tuple[int, ...]
    num_false: int

    @classmethod
    def against(
        cls,
        mechanism: Any,
        users: Values,
        share: float | None,
        targets: npt.ArrayLike | None = None,
    ) -> Siege:
        """Every kind of false user that the mechanism knows.

        They aim at `targets`, else at the value that is worth most to them.
        """
        aimed = () if targets is None else tuple(check_targets(targets, users.size).tolist())
        if share is None:
            return cls({}, aimed or (0,), 0)
        many = int(users.sum())
        false = false_users(share, many)
        if not isinstance(mechanism, HasFalseReports):
            return cls({"random-value": ATTACKS["random-value"]}, aimed or (0,), false)
        if aimed:
            return cls(ATTACKS, aimed, false)
        if isinstance(mechanism, HasWorstInfluence) and not mechanism.worst_influence()[1]:
            return cls(ATTACKS, (users.size // 2,), false)  # all would take too long
        held = users / many  # of what one report adds most to, beside what users hold anyway
        return cls(ATTACKS, (int(np.argmax(mechanism.single_influences() - held)),), false)


@dataclass(frozen=True)
class Collection:
    """Counts of one collection by attack, "" for none, and the shares of reports that were dropped.

    `honest_dropped` and `false_dropped` are by attack too, where a filter looked at reports.
    """

    counts: Mapping[str, Any]
    honest_dropped: Mapping[str, float] = field(default_factory=dict)
    false_dropped: Mapping[str, float] = field(default_factory=dict)


def collect_under_siege(
    mechanism: Any,
    users: Values,
    siege: Siege,
    filters: Sequence[ReportFilter],
    *,
    rng: np.random.Generator,
) -> list[Collection]:
    """The collection as it comes in, and as each filter leaves it: the same reports."""
    own = None
    if filters:
        own = mechanism.privatize(np.repeat(np.arange(users.size), users), rng=rng)
    honest = collected(mechanism, users, rng) if own is None else mechanism.aggregate(own)
    plain, together = {"": honest}, {"": own}
    for name, attack in siege.attacks.items():
        reports = attack.reports(mechanism, siege.targets, siege.num_false, rng=rng)
        plain[name] = honest + mechanism.aggregate(reports)
        together[name] = None if own is None else np.concatenate((own, reports))
    many = int(users.sum())
    return [Collection(plain), *(_filtered(mechanism, keep, together, many) for keep in filters)]


def _filtered(
    mechanism: Any, keep: ReportFilter, together: Mapping[str, Any], many: int
) -> Collection:
    """What a filter leaves of the reports; the first `many` are honest."""
    counts, honest, false = dict[str, Any](), dict[str, float](), dict[str, float]()
    for name, reports in together.items():
        kept = np.asarray(keep(mechanism, reports), dtype=np.bool_)
        counts[name] = mechanism.aggregate(reports[kept])
        honest[name] = 1 - float(kept[:many].mean())
        if name:
            false[name] = 1 - float(kept[many:].mean())
    return Collection(counts, honest, false)


def too_many_to_filter(mechanism: Any, num_users: int) -> str:
    """Why a filter cannot see all reports of a collection together; empty if it can."""
    if num_users * report_entries(mechanism) <= _TOGETHER:
        return ""
    return f"a filter needs all reports at once, and those of {num_users:,} users are too large."
