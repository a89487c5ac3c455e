"""Several witnesses of one audit: the better of their bounds, and what none of them looks at."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Any

from ldpaudit.games.kary_game import KaryGame
from ldpaudit.games.pair_game import LIKELIHOOD
from ldpaudit.outcomes.parts import EpsilonBound

#: What nobody looks at where a stranger's likelihood is the only witness.
BEYOND = "what reports say beyond the likelihood that the mechanism states"


def best_of(bounds: Sequence[EpsilonBound], alpha: float, shared: int) -> EpsilonBound:
    """The largest bound of witnesses that share alpha in so many parts, whether asked or not."""
    bound = max(bounds, key=lambda b: b.epsilon_lower)
    if shared > 1:
        which = "better" if len(bounds) == shared else "first"
        text = f"{bound.searched}; the {which} of {shared} witnesses at alpha / {shared} each"
        power = min((b.detectable for b in bounds if b.detectable is not None), default=None)
        bound = replace(bound, alpha=alpha, searched=text, detectable=power)
    return bound


def not_looked_at(games: Iterable[Any], *, ours: bool) -> tuple[str, ...]:
    """What no witness of these games looks at, in words; `ours` are likelihoods that are proven."""
    games = list(games)
    unseen: set[str] = set()
    for game in games:
        unseen.update(getattr(getattr(game, "distinguisher", None), "not_looked_at", ()))
    by_likelihood = all(
        isinstance(game, KaryGame) or getattr(game, "witness", None) == LIKELIHOOD for game in games
    )
    if by_likelihood and not ours:
        unseen.add(BEYOND)
    return tuple(sorted(unseen))
