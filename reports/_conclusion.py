"""What somebody who decides wants to know first: what to take, before whom, and at what price."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from ldpaudit.analysis.recommendation import Candidate, choose
from ldpaudit.outcomes.table import MEANS

from ._advice import Options
from ._numbers import plain, significant
from ._points import Panel
from ._summary import Summary, summary
from ._tables import Section

#: Caps on attack success that a conclusion takes, and how far above a blind guess it looks.
_CAPS, _ABOVE_BLIND = (0.05, 0.1, 0.2, 0.5, 0.75, 0.9), 1.5
_MOST_PEOPLE = 10**9


@dataclass(frozen=True)
class Conclusion:
    """One data set: what attackers come to at one epsilon, and what is best under a cap.

    `panel` is that of the attacker who succeeds most without a report: who knows most of the
    users; of numbers, where nothing is explained without, the one to whom reports explain most.
    `cap` and `best` are None where nothing is to be recommended.
    """

    panel: Panel
    summaries: tuple[Summary, ...]
    cap: float | None
    best: tuple[Candidate, ...]

    @property
    def first(self) -> Candidate | None:
        """What is recommended."""
        return self.best[0] if self.best else None

    @property
    def off(self) -> float | None:
        """How far the estimate typically is from the truth, in shares or units of the input."""
        whole = self.panel.of_shares or self.panel.estimand in MEANS
        return math.sqrt(self.best[0].mse) if self.best and whole else None

    @property
    def off_users(self) -> float | None:
        """The same in users, where shares of them are estimated."""
        if self.off is None or not self.panel.of_shares or self.panel.num_users is None:
            return None
        return self.off * self.panel.num_users

    @property
    def without_report(self) -> str:
        """How many people are named without any report, and how many with what is recommended."""
        return people(self.panel.blind)

    @property
    def informed(self) -> bool:
        """Whether anybody was tried who does not think all values alike."""
        return any(not words.panel.uniform for words in self.summaries)


def conclusions(sections: Sequence[Section], choices: Sequence[Options]) -> list[Conclusion]:
    """One for every data set of which some attack success is known."""
    groups: dict[tuple[str, int, int | None, str], list[tuple[Section, Summary]]] = {}
    for section in sections:
        words = summary(section)
        if words is not None:
            groups.setdefault(section.panel.users, []).append((section, words))
    return [_concluded(found, choices) for found in groups.values()]


def people(share: float) -> str:
    """A probability as a number of people out of a round number of them.

    >>> people(0.0284), people(0.000213), people(0.5)
    ('28 of 1,000', '2 of 10,000', '500 of 1,000')
    """
    many = 1_000
    while share * many < 1.5 and many < _MOST_PEOPLE and share > 0:
        many *= 10
    return f"{round(share * many):,} of {many:,}"


def cap_words(cap: float) -> str:
    """A cap in percent."""
    return f"{plain(100 * cap)}%"


def odds(epsilon: float) -> str:
    """By what factor one report can change the odds between two values."""
    return significant(math.exp(min(epsilon, 700.0)))


def _exposing(one: tuple[Section, Summary]) -> tuple[float, float]:
    """How much an attacker succeeds without a report; of numbers, where that is nothing, with."""
    panel, words = one[0].panel, one[1]
    top = words.exposed[-1].point.success
    with_report = top.best if top is not None and panel.explains else None
    return panel.blind, 0.0 if with_report is None else with_report


def _concluded(found: list[tuple[Section, Summary]], choices: Sequence[Options]) -> Conclusion:
    section, _ = max(found, key=_exposing)
    panel, words = section.panel, tuple(words for _, words in found)
    candidates = next((c.candidates for c in choices if c.section is section), ())
    key = (panel.data, panel.k, panel.num_users, 0.0, panel.estimand, panel.prior)
    for cap in _CAPS:
        if cap < _ABOVE_BLIND * panel.blind:
            continue
        best = choose(key, [*candidates], "mse", {"success": cap}).best
        if best:
            return Conclusion(panel, words, cap, best)
    return Conclusion(panel, words, None, ())
