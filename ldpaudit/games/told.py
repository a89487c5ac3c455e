"""A game after it was played: what its counts are called is all that is left of it."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any, NoReturn

from ldpaudit.counts import EventCounts, GuessCounts
from ldpaudit.games.evidence import Counts, Evidence

#: What begins the part of a violation's words that says which part of a report tells.
GIVES_AWAY = "; a report gives it away by "


@dataclass(frozen=True)
class Told:
    """The words for guesses and for what was watched beside them; no reports can be drawn."""

    words: tuple[str, str]

    def texts(self, guesses: GuessCounts, beside: Any) -> tuple[str, str]:  # noqa: ARG002
        """What was counted, in words."""
        return self.words

    @property
    def mechanism(self) -> NoReturn:
        """Nobody's: it was played."""
        raise AttributeError("a game that was played has no mechanism.")

    def draw(self, size: int, rng: Any) -> NoReturn:  # noqa: ARG002
        """Refuse to."""
        raise TypeError("a game that was played draws no reports.")

    played = draw


def told(evidence: Evidence) -> Evidence:
    """The same counts without the mechanism: what crosses processes, and is kept."""
    return Evidence(Told(evidence.game.texts(*evidence.counts)), evidence.counts, evidence.searched)


def to_json(evidence: Evidence) -> dict[str, Any]:
    """Evidence as plain values; `from_json` reads them.

    Examples
    --------
    >>> counts = Counts(GuessCounts(2, 7, 9, 10), EventCounts(3, 5, 1, 5))
    >>> evidence = Evidence(Told(("7 of 9", "3 of 5")), counts, "nothing")
    >>> from_json(to_json(evidence)) == evidence
    True
    """
    guesses, beside = evidence.counts
    return {
        "words": list(evidence.game.texts(guesses, beside)),
        "guesses": asdict(guesses),
        "beside": asdict(beside),
        "searched": evidence.searched,
    }


def from_json(stored: dict[str, Any]) -> Evidence:
    """What `to_json` wrote."""
    beside: dict[str, int] = stored["beside"]
    one, two = stored["words"]
    counts = Counts(
        GuessCounts(**stored["guesses"]),
        EventCounts(**beside) if "hits" in beside else GuessCounts(**beside),
    )
    return Evidence(Told((one, two)), counts, stored["searched"])
