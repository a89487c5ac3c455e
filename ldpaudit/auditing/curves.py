"""A mechanism held to a whole trade-off curve, at every look."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from ldpaudit import validate
from ldpaudit.adapters.finite_inputs import on_inputs
from ldpaudit.auditing.bound_choice import choose_bound
from ldpaudit.auditing.defaults import VERDICT_ALPHA
from ldpaudit.auditing.identity import identity_of
from ldpaudit.auditing.one_pair import check_pair, games_of
from ldpaudit.auditing.stopping import StopWhen, looks
from ldpaudit.bounds.trade_off import (
    Bet,
    Curve,
    GaussianCurve,
    best_slope,
    curve_evidence,
    mu_lower,
    parse_curve,
)
from ldpaudit.claim import Claim
from ldpaudit.contracts import HasDomain, IsRecorded, Mechanism
from ldpaudit.counts import EventCounts
from ldpaudit.games.evidence import Prepared
from ldpaudit.games.independence import doubt
from ldpaudit.games.pair_game import PairGame
from ldpaudit.games.preparation import pilot_of
from ldpaudit.games.scores import ScoredReports
from ldpaudit.games.thresholds import steps
from ldpaudit.games.witnesses import not_looked_at
from ldpaudit.outcomes.table import as_json
from ldpaudit.outcomes.verdicts import CONSISTENT, INCONCLUSIVE, VIOLATION
from ldpaudit.sampling import chunks, report_entries, stream
from ldpaudit.selection.promising import chosen_inputs, no_neighbours, ours

#: Bets that are made, the most promising of a pilot; and most reports of that.
_BETS, _PILOT = 8, 20_000


@dataclass(frozen=True)
class CurveAudit:
    """What an audit of a trade-off curve found.

    `log_evidence` is the log of the largest e-value so far against the curve: a claim that
    holds ever reaches 1 / alpha with probability at most alpha. `mu_lower` is the lower bound on
    mu of the last look, valid whenever that was (of Gaussian claims, else None).

    The verdict is ``"violation"`` where `log_evidence` reaches ln(1 / verdict_alpha), unless
    reports are no independent draws (`dependence`) or the claim does not speak of the inputs
    (`outside`); ``"inconclusive"`` then, and where as many reports that name the input could
    not have reached it; else ``"consistent"``: nothing was found.
    """

    mechanism: str
    k: int
    claim: str
    log_evidence: float
    possible: float
    mu_lower: float | None
    alpha: float
    verdict_alpha: float
    reports: int
    budget: int
    event: str
    seed: int
    scope: str | None = None
    dependence: str | None = None
    outside: str | None = None
    unseen: tuple[str, ...] = ()

    @property
    def verdict(self) -> str:
        """consistent, violation or inconclusive."""
        if self.outside is not None:
            return INCONCLUSIVE
        needed = -math.log(self.verdict_alpha)
        if self.log_evidence >= needed:
            return VIOLATION if self.dependence is None else INCONCLUSIVE
        return CONSISTENT if self.possible >= needed else INCONCLUSIVE

    @property
    def reason(self) -> str:
        """Why, and of which inputs, in one sentence."""
        scope = "" if self.scope is None else f" ({self.scope})"
        if self.outside is not None:
            return self.outside
        seen = f"log evidence {self.log_evidence:.2f} of {-math.log(self.verdict_alpha):.2f}"
        if self.verdict == VIOLATION:
            return f"{seen} against {self.claim} after {self.reports:,} reports{scope}"
        if self.dependence is not None:
            return f"reports are not independent draws ({self.dependence}); {seen}"
        if self.verdict == INCONCLUSIVE:
            return f"so few reports could not refute {self.claim}{scope}"
        return f"nothing found against {self.claim}: {seen}{scope}"

    def to_dict(self) -> dict[str, Any]:
        """What ``ldpaudit audit --claim ... --json`` prints: plain values."""
        fields = ("mechanism", "k", "claim", "verdict", "reason", "scope", "alpha",
                  "verdict_alpha", "reports", "budget", "event", "dependence", "outside",
                  "seed")  # fmt: skip
        figures = ("log_evidence", "possible", "mu_lower")
        plain = {name: getattr(self, name) for name in fields}
        plain["not_looked_at"] = list(self.unseen)
        return plain | {name: as_json(getattr(self, name)) for name in figures}


class _Played(NamedTuple):
    """One witness's game: its bets, and how often each event was seen."""

    prepared: Prepared
    bets: list[Bet]

    def drawn(self, size: int, look: int, seed: int) -> list[EventCounts]:
        """Fresh reports, counted for every bet."""
        game = self.prepared.game
        rng = stream(seed, *self.prepared.names, "curve", str(look))
        total = [EventCounts(0, 0, 0, 0)] * len(self.bets)
        for part in chunks(size, report_entries(game.mechanism)):
            seen = game.draw(part, rng)
            total = [old + new for old, new in zip(total, map(_counter(seen), self.bets),
                                                   strict=True)]  # fmt: skip
        return total


def audit_curve(
    mechanism: Mechanism | HasDomain,
    claim: str | Curve,
    *,
    trials: int = 100_000,
    alpha: float = 0.05,
    verdict_alpha: float = VERDICT_ALPHA,
    seed: int = 0,
    pair: tuple[int, int] | None = None,
    inputs: npt.ArrayLike | int | None = None,
    witness: str | None = None,
    name: str | None = None,
) -> CurveAudit:
    """Hold a mechanism to a trade-off curve, and stop as soon as it is refuted.

    Parameters
    ----------
    mechanism : Mechanism or HasDomain
        As for `ldpaudit.audit`; its own epsilon only fixes where a pilot looks.
    claim : str or Curve
        ``"gdp:MU"``, ``"curve:EPSILON=DELTA,..."``, or anything with ``delta_at(epsilon)``.
    trials : int, default 100_000
        Reports per input at most.
    alpha : float, default 0.05
        Error probability of `mu_lower`, at all looks together.
    verdict_alpha : float, default 1e-4
        Probability of calling a claim that holds a violation.
    seed, pair, inputs, witness, name
        As for `ldpaudit.audit`.

    Returns
    -------
    CurveAudit

    Raises
    ------
    ValueError, TypeError
        If an argument is out of range, the claim names no curve, or no witness applies.

    Notes
    -----
    A pilot chooses eight bets, each an event and the slope of the curve at which it is tested;
    none of its reports is counted again. What is shared between bets and between two witnesses
    is averaged: see `ldpaudit.bounds.trade_off.curve_evidence` for the proof.

    Examples
    --------
    >>> import ldpaudit
    >>> m = ldpaudit.mechanism("grr", k=4, epsilon=1.0)
    >>> audit_curve(m, "curve:1=0", trials=10_000).verdict
    'consistent'
    >>> audit_curve(m, "gdp:0.5", trials=10_000).verdict
    'violation'
    """
    mechanism = on_inputs(mechanism, inputs)
    if isinstance(mechanism, IsRecorded):
        mechanism = mechanism.fresh()
    validate.check_integer("k", mechanism.k, 2, validate.MAX_DOMAIN)
    curve = parse_curve(claim) if isinstance(claim, str) else claim
    seed, trials = validate.check_seed(seed), validate.check_trials(trials)
    validate.check_fraction("alpha", alpha)
    validate.check_fraction("verdict_alpha", verdict_alpha)
    identity = identity_of(mechanism)
    named = None if pair is None else check_pair(pair, mechanism.k)
    two = chosen_inputs(mechanism, named, trials, seed=seed, identity=identity)
    games = _games(mechanism, two, trials, seed, identity, witness)
    played = [_with_bets(game, curve, seed) for game in games]
    budget = min(game.reports for game in games)
    if isinstance(mechanism, IsRecorded):
        budget -= min(_PILOT, budget // 4)  # the second pilot's
    run = _run(played, curve, budget, -math.log(verdict_alpha), seed)
    mu = None
    if isinstance(curve, GaussianCurve):
        bounds = zip(run.counts, played, strict=True)
        mu = max(mu_lower(c, one.bets, alpha / len(played)) for c, one in bounds)
    refuted = run.best >= -math.log(verdict_alpha) and not ours(mechanism)
    return CurveAudit(
        mechanism=str(name or getattr(mechanism, "name", type(mechanism).__name__)),
        k=mechanism.k,
        claim=repr(curve),
        log_evidence=run.best,
        possible=_possible(played, curve, budget),
        mu_lower=mu,
        alpha=alpha,
        verdict_alpha=verdict_alpha,
        reports=run.reports * len(played),
        budget=budget * len(played),
        event=_text(played, run.counts, curve),
        seed=seed,
        scope=two.scope,
        dependence=doubt(_clearest(run.counts, played, curve).prepared) if refuted else None,
        outside=no_neighbours(mechanism, two.pair),
        unseen=not_looked_at([one.prepared.game for one in played], ours=ours(mechanism)),
    )


class _Run(NamedTuple):
    """What was counted, reports of each game, and the largest log evidence of any look."""

    counts: list[list[EventCounts]]
    reports: int
    best: float


def _run(played: list[_Played], curve: Curve, budget: int, needed: float, seed: int) -> _Run:
    """Look at growing numbers of reports until there is enough evidence."""
    counts = [[EventCounts(0, 0, 0, 0)] * len(one.bets) for one in played]
    best, done = -math.inf, 0
    for look, size in enumerate(looks(budget), 1):
        fresh = [one.drawn(size, look, seed) for one in played]
        counts = [
            [old + new for old, new in zip(*both, strict=True)]
            for both in zip(counts, fresh, strict=True)
        ]
        done += size
        now = [curve_evidence(c, one.bets, curve) for c, one in zip(counts, played, strict=True)]
        best = max(best, _mean(now))
        if best >= needed:
            break
    return _Run(counts, done, best)


def _games(
    mechanism: Mechanism, two: Any, trials: int, seed: int, identity: str, witness: str | None
) -> list[Prepared]:
    """Pair games of the witnesses that `ldpaudit.audit` would ask."""
    bound = choose_bound("anytime", StopWhen("violation"), model_based=False)
    names = [witness or _usual(mechanism)]
    if names == ["distinguish"] and witness is None and not ours(mechanism):
        names.append("learned")
    out = []
    for one in names:
        found = games_of(
            mechanism,
            two,
            bound,
            trials,
            claim=Claim.of(mechanism),
            seed=seed,
            identity=f"curve {identity}",
            witness=one,
        )
        if isinstance(found, str):
            raise ValueError(f"nothing can be tested: {found}.")
        out += found
    return out


def _usual(mechanism: Any) -> str:
    return "distinguish" if hasattr(mechanism, "log_likelihood") else "learned"


def _with_bets(prepared: Prepared, curve: Curve, seed: int) -> _Played:
    """The most promising events of a pilot, each with the slope that it exceeds most."""
    game = prepared.game
    rng = stream(seed, *prepared.names, "curve", "pilot")
    pilot = pilot_of(game, min(_PILOT, max(1, prepared.reports // 4)), rng)
    found = []
    for side in (1, -1):
        for level in dict.fromkeys(steps(side * pilot.score) or [0.0]):
            seen = _counter(pilot)(Bet(side, level, 0.0))
            slope, clear = best_slope(seen, curve)
            found.append((clear, Bet(side, level, slope)))
    found.sort(key=lambda entry: -entry[0])
    return _Played(prepared, [bet for _, bet in found[:_BETS]])


def _counter(seen: ScoredReports) -> Callable[[Bet], EventCounts]:
    """Counts of an event among scored reports, of the input it speaks for first."""

    def count(bet: Bet) -> EventCounts:
        happened = bet.side * seen.score >= max(bet.level, 5e-324)
        own = seen.right if bet.side > 0 else ~seen.right
        hits, total = int(np.count_nonzero(happened & own)), int(np.count_nonzero(own))
        both = int(np.count_nonzero(happened))
        return EventCounts(hits, total, both - hits, own.size - total)

    return count


def _clearest(counts: list[list[EventCounts]], played: list[_Played], curve: Curve) -> _Played:
    """The game with the most evidence."""
    evidence = [curve_evidence(c, one.bets, curve) for c, one in zip(counts, played, strict=True)]
    return played[evidence.index(max(evidence))]


def _mean(logs: Iterable[float]) -> float:
    """Log of the mean of several e-values."""
    values = list(logs)
    return float(np.logaddexp.reduce(values)) - math.log(len(values))


def _possible(played: list[_Played], curve: Curve, budget: int) -> float:
    """Log evidence of reports all of which name their input."""
    half = budget // 2
    flawless = EventCounts(half, half, 0, budget - half)
    return _mean(curve_evidence([flawless] * len(one.bets), one.bets, curve) for one in played)


def _text(played: list[_Played], counts: list[list[EventCounts]], curve: Curve) -> str:
    """The event that made most, in words."""
    entries = [
        (curve_evidence([seen], [bet], curve), one, bet, seen)
        for one, row in zip(played, counts, strict=True)
        for bet, seen in zip(one.bets, row, strict=True)
    ]
    _, one, bet, seen = max(entries, key=lambda entry: entry[0])
    game: Any = one.prepared.game
    shown = PairGame(game.mechanism, game.distinguisher, game.witness, game.pair,
                     event=bet.level, side=bet.side)  # fmt: skip
    none = ScoredReports(np.zeros(0), np.zeros(0, dtype=np.bool_))
    words = shown.texts(game.count(none)[0], seen)[1]
    delta = curve.delta_at(bet.epsilon)
    return f"{words}, against epsilon = {bet.epsilon:g}, delta = {delta:.4g}"
