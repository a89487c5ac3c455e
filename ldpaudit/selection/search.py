"""The worst pair of inputs, found so that the search itself cannot fake a leak.

The largest of six hundred lower bounds is no lower bound: each may err with probability
alpha, and the largest is where it did. A `Selection` is a way to search that keeps the
promise P(bound > true epsilon) <= alpha; each proves it where it is defined.
"""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, NamedTuple, cast

import numpy as np
import numpy.typing as npt

from ldpaudit import validate
from ldpaudit.adapters.finite_inputs import on_inputs
from ldpaudit.bounds.named import NamedBound
from ldpaudit.bounds.registered import registered_bound
from ldpaudit.claim import Claim
from ldpaudit.contracts import HasDomain, HasLikelihood, HasNeighbours, IsRecorded, Mechanism
from ldpaudit.domains import input_text
from ldpaudit.games.evidence import Evidence, Prepared
from ldpaudit.games.independence import doubt
from ldpaudit.games.kary_game import KaryGame
from ldpaudit.games.pair_game import PairGame
from ldpaudit.games.power import detectable
from ldpaudit.games.preparation import pilot_of, prepare
from ldpaudit.games.thresholds import ExpectedBound
from ldpaudit.games.witnesses import BEYOND, best_of, not_looked_at
from ldpaudit.outcomes.parts import EpsilonBound
from ldpaudit.sampling import stream
from ldpaudit.selection import multiple_testing, pair_counts
from ldpaudit.selection.methods import Bonferroni, EValues, Holm, PilotSplit, Pooled, Selection
from ldpaudit.selection.pairs import VALUES, Pairs, Reader, pairs_and_reader
from ldpaudit.selection.promising import no_neighbours, ours, stranger_with_likelihood

#: Fewest and most pilot reports per input that fix the rules.
_PILOT = (1_000, 10_000)


@dataclass(frozen=True)
class WorstPair:
    """What a search found.

    Attributes
    ----------
    pair : tuple of int or None
        The pair behind `bound`, in the order of its event; None for `Pooled`.
    bound : EpsilonBound
        Lower bound on the mechanism's epsilon, valid after the search at level 1 - alpha.
    verdict_bound : EpsilonBound
        The same data at the much stricter verdict level.
    violations : tuple of pairs
        Pairs that leak more than the claim. The probability that any pair is named that
        keeps the claim (in both orders) is at most `verdict_bound.alpha`.
    inputs : tuple of str or None
        Labels of the pair.
    scope : str or None
        Of which pairs the search speaks; None where of all.
    dependence : str or None
        Why a violation may be luck, for its reports are no independent draws: then there are
        no `violations`. Asked of mechanisms that are not of the catalogue.
    unseen : tuple of str
        What no witness looks at.
    """

    pair: tuple[int, int] | None
    bound: EpsilonBound
    verdict_bound: EpsilonBound
    violations: tuple[tuple[int, int], ...]
    inputs: tuple[str, ...] | None = None
    scope: str | None = None
    dependence: str | None = None
    unseen: tuple[str, ...] = ()


class _Search(NamedTuple):
    """What every way of searching is asked."""

    mechanism: Any
    bound: NamedBound
    claim: Claim
    trials: int
    levels: tuple[float, float]
    seed: int
    name: str

    def rng(self, *names: str) -> np.random.Generator:
        return stream(self.seed, self.name, *names)


def worst_pair(
    mechanism: Mechanism | HasDomain,
    selection: Selection | None = None,
    *,
    inputs: npt.ArrayLike | int | None = None,
    pairs: Sequence[tuple[int, int]] | None = None,
    trials: int = 100_000,
    alpha: float = 0.05,
    verdict_alpha: float = 1e-4,
    seed: int = 0,
    witness: str | None = None,
    bound: str = "posterior-odds",
) -> WorstPair:
    """Search pairs of inputs and events for the largest leak, with a bound that stays valid.

    Parameters
    ----------
    mechanism : Mechanism or HasDomain
        Anything with ``k`` (or a ``domain``), ``epsilon`` and ``privatize``.
    selection : Selection, optional
        `PilotSplit`, `Bonferroni`, `Holm`, `EValues` or `Pooled`; None means ``PilotSplit()``.
    inputs : array or int, optional
        Inputs of a mechanism that has a ``domain``, as for `ldpaudit.audit`.
    pairs : sequence of (int, int), optional
        The pairs to search, of at most 100 inputs; every pair is searched in both orders.
        None means all pairs of at most 25 inputs (600 ordered pairs): all inputs where k is
        that small, else 0, 1, k - 1 and 22 others drawn from `seed`; neighbours alone where
        the mechanism says which inputs are (``are_neighbours``). A named pair of others may
        be behind the bound, and is no violation.
    trials : int, default 100_000
        Reports an input, at least 2: as many times the number of inputs are drawn, shared by
        all pairs. What fixes rules or trains witnesses is drawn beside them, as ``searched``
        says.
    alpha : float, default 0.05
        Probability that ``.bound`` is above the true epsilon.
    verdict_alpha : float, default 1e-4
        The same for ``.verdict_bound`` and ``.violations``.
    seed : int, default 0
        The same arguments and seed give the same result.
    witness : str, optional
        Registered distinguisher, ``distinguish`` or one that learns; None means the
        likelihood ratio, or the learned witness where there is no likelihood; beside a
        likelihood that is not of the catalogue both, at half of alpha each, the learned one
        on half as many reports of its own (`Pooled` asks the likelihood alone). One that
        learns is trained once per input, not once per pair: each tells its input from a
        uniform draw of all, and the scores of two inputs are subtracted.
    bound : str, default "posterior-odds"
        Registered bound. `EValues` has its own.

    Returns
    -------
    WorstPair
        ``.pair``, ``.bound``, ``.verdict_bound``, ``.violations``.

    Raises
    ------
    ValueError, TypeError
        If an argument is out of range or a name unknown; if the reports are recorded (they
        are of one pair of inputs); if the witness cannot read reports for many pairs.

    Notes
    -----
    For every pair {x, x'} two things are watched in the same reports: guesses of x or x',
    and one event that speaks for one of them, which may show a leak in one direction. Their
    thresholds, and the direction, are fixed on pilot reports; a registered bound gives 0.9
    of the pair's alpha to the guesses and 0.1 to the event.

    Examples
    --------
    >>> import ldpaudit
    >>> m = ldpaudit.mechanism("grr", k=5, epsilon=1.0)
    >>> found = worst_pair(m, Holm(), trials=10_000)
    >>> found.bound.alpha, 0.9 < found.bound.epsilon_lower < 1, found.violations
    (0.05, True, ())
    """
    mechanism = on_inputs(mechanism, inputs)
    chosen: Selection = PilotSplit() if selection is None else selection
    if not isinstance(chosen, Selection):
        raise TypeError(f"selection must be a Selection, got {validate.shown(selection)}.")
    if isinstance(mechanism, IsRecorded):
        raise ValueError("recorded reports are of one pair of inputs: there is nothing to search.")
    if isinstance(chosen, EValues) and bound not in ("posterior-odds", "anytime"):
        raise ValueError(f"e-values have a bound of their own, anytime, got {bound!r}.")
    validate.check_integer("k", mechanism.k, 2)
    search = _Search(
        mechanism,
        registered_bound(bound),
        Claim.of(mechanism),
        validate.check_trials(trials, 2),
        (
            validate.check_fraction("alpha", alpha),
            validate.check_fraction("verdict_alpha", verdict_alpha),
        ),
        validate.check_seed(seed),
        "worst pair of " + re.sub(r" at 0x[0-9a-fA-F]+", "", repr(mechanism)),
    )
    if isinstance(chosen, Pooled):
        if pairs is not None or witness not in (None, "distinguish"):
            raise ValueError("the pooled game has no pairs, and the likelihood for a witness.")
        return _pooled(search)
    both = witness is None and stranger_with_likelihood(mechanism)
    shares = [(None, trials), ("learned", max(2, trials // 2))] if both else [(witness, trials)]
    levels = (search.levels[0] / len(shares), search.levels[1] / len(shares))
    found = _better(
        [
            _searched(search._replace(trials=size, levels=levels), chosen, pairs, name)
            for name, size in shares
        ],
        search,
    )
    kept = tuple(pair for pair in found.violations if no_neighbours(mechanism, pair) is None)
    labels = tuple(input_text(mechanism, v) for v in found.pair or ())
    return replace(found, inputs=labels, violations=kept)


def _searched(
    search: _Search,
    chosen: PilotSplit | Bonferroni | Holm | EValues,
    pairs: Sequence[tuple[int, int]] | None,
    witness: str | None,
) -> WorstPair:
    """What one witness finds."""
    over, reader = pairs_and_reader(
        search.mechanism, pairs, witness, search.trials, search.rng("pairs")
    )
    if isinstance(chosen, PilotSplit):
        found = _split(search, over, reader, chosen.fraction)
    else:
        found = _all(search, over, reader, chosen)
    return replace(found, scope=over.scope)


def _better(found: Sequence[WorstPair], search: _Search) -> WorstPair:
    """The larger bounds of witnesses that share alpha, and all pairs that either names."""
    one, two = (
        best_of(bounds, alpha, len(found))
        for bounds, alpha in zip(
            zip(*((each.bound, each.verdict_bound) for each in found), strict=True),
            search.levels,
            strict=True,
        )
    )
    stern = max(found, key=lambda each: each.verdict_bound.epsilon_lower)
    best = max(found, key=lambda each: each.bound.epsilon_lower)
    # The violation's own pair, where there is one.
    behind = stern if two.epsilon_lower > search.claim.epsilon else best
    named = sorted({pair for each in found for pair in each.violations})
    unseen = {text for each in found for text in each.unseen if len(found) == 1 or text != BEYOND}
    return replace(
        behind,
        bound=one,
        verdict_bound=two,
        violations=() if stern.dependence else tuple(named),
        dependence=stern.dependence,
        unseen=tuple(sorted(unseen)),
    )


def _doubt(search: _Search, prepared: Prepared, verdict: EpsilonBound) -> str | None:
    """Why a bound beyond the claim may be luck; nobody asks that of the catalogue."""
    if verdict.epsilon_lower <= search.claim.epsilon or ours(search.mechanism):
        return None
    return doubt(prepared)


def _pooled(search: _Search) -> WorstPair:
    """The k-ary game on as many reports as a search of pairs would draw."""
    if not isinstance(search.mechanism, HasLikelihood):
        raise ValueError("the pooled game needs log_likelihood, which the mechanism lacks.")
    if isinstance(search.mechanism, HasNeighbours):
        raise ValueError("the pooled game is of all pairs, and the claim of neighbours alone.")
    if not search.bound.of_guesses:
        raise ValueError(f"the pooled game needs a bound of guesses, got {search.bound.name!r}.")
    everyone: Any = search.mechanism
    reports = min(everyone.k, VALUES) * search.trials
    size = min(max(reports // 10, 2 * _PILOT[0]), 2 * _PILOT[1])
    game = KaryGame(everyone)
    expected = ExpectedBound(search.bound, search.claim)
    game, _ = game.fixed(pilot_of(game, size, search.rng("pooled", "pilot")), reports, expected)
    searched = f"no pair, one game of all {everyone.k:,} inputs; rules fixed on {size:,} reports"
    searched += " of their own at no cost in alpha"
    names = (search.name, "pooled")
    prepared = Prepared(game, searched, reports, search.seed, names)
    one, two = _powers(prepared.play(reports), search)
    reason, unseen = _doubt(search, prepared, two), not_looked_at([game], ours=ours(everyone))
    return WorstPair(None, one, two, (), dependence=reason, unseen=unseen)


def _split(search: _Search, over: Pairs, reader: Reader, fraction: float) -> WorstPair:
    """The pair that promises most on the pilot, audited on fresh reports as any one pair is."""
    num_values = over.values.size
    each = min(max(1, round(fraction * search.trials)), search.trials - 1)
    rest = num_values * (search.trials - each) // 2
    rng = search.rng(reader.name, "pilot")
    levels, seen = pair_counts.pilot(search.mechanism, reader.table, over, num_values * each, rng)
    rules = pair_counts.fixed(levels, seen, over, search.claim, reports=2 * rest)
    prepared = prepare(
        search.mechanism,
        search.bound,
        over[int(rules.promised.argmax())],
        rest,
        claim=search.claim,
        seed=search.seed,
        identity=search.name,
        witness=reader.name,
    )
    if isinstance(prepared, str):
        raise ValueError(f"{reader.name} reads no report: {prepared}.")
    text = f"the most promising of {over} at {pair_counts.LEVELS} thresholds each, chosen "
    text += f"{reader.spent(int(seen.drawn.sum()))}; {prepared.searched}"
    played = replace(prepared.play(prepared.reports), searched=text)
    one, two = _powers(played, search)
    pair = _ordered(played)
    return WorstPair(
        pair,
        one,
        two,
        (pair,) * (two.epsilon_lower > search.claim.epsilon),
        dependence=_doubt(search, prepared, two),
        unseen=not_looked_at([prepared.game], ours=ours(search.mechanism)),
    )


def _powers(played: Evidence, search: _Search) -> tuple[EpsilonBound, EpsilonBound]:
    """The bounds of one game at both levels, and what they would have detected."""
    one, two = (
        replace(
            played.lower_bound(search.bound, search.claim, alpha),
            detectable=detectable(played, search.bound, search.claim, alpha),
        )
        for alpha in search.levels
    )
    return one, two


def _all(
    search: _Search, over: Pairs, reader: Reader, chosen: Bonferroni | Holm | EValues
) -> WorstPair:
    """Every pair's game on reports that the pairs share, judged together."""
    mechanism, table, m = search.mechanism, reader.table, len(over)
    num_values = over.values.size
    size = num_values * min(max(search.trials // 10, _PILOT[0]), _PILOT[1])
    levels, seen = pair_counts.pilot(mechanism, table, over, size, search.rng(reader.name, "rules"))
    rules = pair_counts.fixed(levels, seen, over, search.claim, reports=2 * search.trials)
    rng = search.rng(reader.name, "games")
    owns = pair_counts.uniformly(num_values * search.trials, mechanism, num_values, rng)
    both = np.stack([rules.decide, rules.event])
    total = pair_counts.watch(mechanism, table, over, owns, both, rng)
    played = multiple_testing.games(
        mechanism, over, reader, rules, total, f"rules fixed {reader.spent(size)}"
    )
    match chosen:
        case EValues():
            found = multiple_testing.average(played, search.claim, search.levels)
            cost = f"averaged at a cost of at most {math.log(m):.1f} in log evidence"
        case Bonferroni() | Holm():
            found = multiple_testing.largest(
                played, search.bound, search.claim, search.levels, stepwise=chosen == Holm()
            )
            cost = f"at alpha / {m:,} each"
            least = [
                replace(b, detectable=detectable(played[i], search.bound, search.claim, b.alpha))
                for i, b in zip(found.places, found.bounds, strict=True)
            ]
            found = found._replace(bounds=(least[0], least[1]))
    one, two = (
        replace(b, alpha=alpha, searched=f"{over} in {m:,} games, {cost}; {b.searched}")
        for b, alpha in zip(found.bounds, search.levels, strict=True)
    )
    place = found.places[int(two.epsilon_lower > search.claim.epsilon)]
    game = replace(cast(PairGame, played[place].game), distinguisher=reader.of(over, place))
    names = (search.name, reader.name, *map(str, game.pair))
    prepared = Prepared(game, reader.text, 2 * search.trials, search.seed, names)
    return WorstPair(
        _ordered(played[place]),
        one,
        two,
        tuple(over[i] for i in found.beyond),
        dependence=_doubt(search, prepared, two),
        unseen=not_looked_at([game], ours=ours(mechanism)),
    )


def _ordered(played: Evidence) -> tuple[int, int]:
    """The pair of a game, first the input that its event speaks for."""
    game = cast(PairGame, played.game)
    one, two = game.pair[:: game.side]
    return one, two
