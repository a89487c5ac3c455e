"""What an attacker thinks of the users beforehand, in words."""

from __future__ import annotations

from ldpaudit.outcomes.table import GIVEN, INFORMED, UNIFORM


def attacker_words(prior: str) -> str:
    """Who attacks, by the name of the prior; empty where none is named.

    Examples
    --------
    >>> attacker_words("data")
    'an attacker who knows how common the values are'
    """
    match prior:
        case "":
            return ""
        case _ if prior == UNIFORM:
            return "an attacker who thinks all values equally likely"
        case _ if prior == INFORMED:
            return "an attacker who knows how common the values are"
        case _ if prior == GIVEN:
            return "an attacker who knows the law that the audit was given"
        case _:
            return f"an attacker who believes {prior}"
