"""The audit of one pair of inputs: which one, by which witnesses, and whether it can be trusted."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any, NamedTuple

from ldpaudit import validate
from ldpaudit.auditing.levels import Levels
from ldpaudit.auditing.stopping import StopWhen, play_until
from ldpaudit.bounds.named import NamedBound
from ldpaudit.claim import Claim
from ldpaudit.contracts import HasOrder, IsRecorded, Mechanism
from ldpaudit.games.evidence import Evidence, Prepared
from ldpaudit.games.independence import doubt
from ldpaudit.games.kary_game import KaryGame
from ldpaudit.games.pair_game import PairGame
from ldpaudit.games.power import with_power
from ldpaudit.games.preparation import prepare
from ldpaudit.games.together import play_all
from ldpaudit.games.told import GIVES_AWAY, Told, told
from ldpaudit.games.witnesses import best_of, not_looked_at
from ldpaudit.outcomes.parts import EpsilonBound
from ldpaudit.sampling import stream
from ldpaudit.selection.promising import Inputs, alike, ours, stranger_with_likelihood

#: Reports of which a witness says what tells the inputs apart.
_SHOWN = 2**13


class Found(NamedTuple):
    """Both bounds, the pair, of which inputs they speak, and why no verdict can rest on them."""

    lower: EpsilonBound
    verdict: EpsilonBound
    pair: tuple[int, int] | None = None
    scope: str | None = None
    dependence: str | None = None
    grows: bool = False
    unseen: tuple[str, ...] = ()
    #: What each game counted, where the reports were all drawn.
    counted: tuple[Evidence, ...] = ()


def check_pair(pair: tuple[int, int], k: int) -> tuple[int, int]:
    """The pair as two different inputs."""
    if not isinstance(pair, Sequence) or len(pair) != 2:
        raise ValueError(f"pair must name two inputs, got {validate.shown(pair)}.")
    first, second = (validate.check_integer("every input of pair", v, 0, k - 1) for v in pair)
    if first == second:
        raise ValueError(f"pair must name two different inputs, got {pair!r}.")
    return first, second


def games_of(
    mechanism: Mechanism,
    inputs: Inputs,
    bound: NamedBound,
    trials: int,
    *,
    claim: Claim,
    seed: int,
    identity: str,
    witness: str | None = None,
    early: bool = False,
) -> list[Prepared] | str:
    """The games that are played: one, or two where a stranger brings a likelihood.

    What such a likelihood leaves out, only the reports can tell: the learned witness reads
    half of them.
    """
    games = []
    both = witness is None and not early and stranger_with_likelihood(mechanism)
    for name, size in ((witness, trials), ("learned", max(1, trials // 2))):
        ready = prepare(
            mechanism,
            bound,
            inputs.pair,
            size,
            claim=claim,
            seed=seed,
            identity=identity,
            witness=name,
            early=early,
        )
        if isinstance(ready, str):
            return ready
        games.append(ready)
        if not both:
            break
    if inputs.text and scope_of(inputs, games):
        games = [replace(game, searched=f"{inputs.text}; {game.searched}") for game in games]
    return games


def scope_of(inputs: Inputs, games: list[Prepared] | str) -> str | None:
    """Of which inputs the games speak; of all where one game has all, and their pairs are alike."""
    if isinstance(games, str) or not isinstance(games[0].game, KaryGame):
        return inputs.scope
    return None if alike(games[0].game.mechanism) else inputs.scope


def played(
    levels: Levels,
    games: list[Prepared] | str,
    stop: StopWhen,
    jobs: int,
    later: Callable[[], list[Prepared] | str] | None = None,
) -> Found:
    """Both bounds of the games, alpha shared; a violation needs reports that are independent.

    `later` makes one more game, where an audit may end early: it is played, and its witness
    trained, only if the others show no violation.
    """
    if isinstance(games, str):
        return Found(*levels.nothing(games))
    shared = len(games) + (later is not None)
    each = levels.shared(shared)
    if stop.never:
        seen = [(each.both(one), one) for one in play_all(games, jobs=jobs)]
    else:
        games, seen = _until(stop, games, each, jobs, later)
    both = [with_power(found, one, each.both, each.bound, each.claim) for found, one in seen]
    counted = [told(one) for _, one in seen] if stop.never else []
    lower, verdict = (
        best_of(bounds, alpha, shared)
        for bounds, alpha in zip(
            zip(*both, strict=True), (levels.alpha, levels.verdict_alpha), strict=True
        )
    )
    reason = None
    if verdict.epsilon_lower > levels.claim.epsilon:
        place = [bounds[1].epsilon_lower for bounds in both].index(verdict.epsilon_lower)
        reason = None if ours(games[0].game.mechanism) else doubt(games[place])
        told_by = reason_of(games[place], levels.claim)
        if told_by:
            lower, verdict = (
                replace(one, event=f"{one.event}{told_by}") for one in (lower, verdict)
            )
            # Kept with the counts, for a verdict that is taken from them later.
            if counted:
                texts = seen[place][1].game.texts(*seen[place][1].counts)
                told_words = Told((f"{texts[0]}{told_by}", f"{texts[1]}{told_by}"))
                counted[place] = replace(counted[place], game=told_words)
    unseen = not_looked_at([one.game for one in games], ours=ours(games[0].game.mechanism))
    return Found(lower, verdict, dependence=reason, unseen=unseen, counted=tuple(counted))


def _until(
    stop: StopWhen,
    games: list[Prepared],
    each: Levels,
    jobs: int,
    later: Callable[[], list[Prepared] | str] | None,
) -> tuple[list[Prepared], list[tuple[tuple[EpsilonBound, EpsilonBound], Evidence]]]:
    """Games that were played until they may end, with what they counted."""
    seen = [play_until(stop, one, each.both, each.bound, each.claim, jobs) for one in games]
    if later is None or any(both[1].epsilon_lower > each.claim.epsilon for both, _ in seen):
        return games, seen
    more = later()
    if isinstance(more, str):
        return games, seen
    seen += [play_until(stop, one, each.both, each.bound, each.claim, jobs) for one in more]
    return [*games, *more], seen


def reason_of(prepared: Prepared, claim: Claim) -> str | None:
    """Which part of reports tells the inputs apart, where a witness can say it."""
    clearest = getattr(getattr(prepared.game, "distinguisher", None), "clearest", None)
    if clearest is None or not isinstance(prepared.game, PairGame):
        return None
    mechanism: Any = prepared.game.mechanism
    if isinstance(mechanism, HasOrder):  # all that were recorded: none is left to be drawn
        seen = mechanism.in_order()
    elif isinstance(mechanism, IsRecorded):
        return None
    else:
        rng = stream(prepared.seed, *prepared.names, "reason")
        seen = prepared.game.toss(_SHOWN, rng)
    return f"{GIVES_AWAY}{clearest(*seen, claim.epsilon)}"


def verdict_at(levels: Levels, counted: Sequence[Evidence]) -> EpsilonBound:
    """The verdict's bound at its level, of games that were all played before it was known."""
    each = levels.shared(len(counted))

    def at_level(evidence: Evidence) -> tuple[EpsilonBound, ...]:
        return (evidence.lower_bound(each.bound, each.claim, each.verdict_alpha),)

    bounds = [
        with_power(at_level(evidence), evidence, at_level, each.bound, each.claim)[0]
        for evidence in counted
    ]
    return best_of(bounds, levels.verdict_alpha, len(bounds))
