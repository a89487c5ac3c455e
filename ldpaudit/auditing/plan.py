"""An audit that is planned: everything checked once, then played part by part."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property, partial
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from ldpaudit import validate
from ldpaudit.auditing.attack_success import (
    blind_outcome,
    failed_outcome,
    is_optimal,
    measure_distinguisher,
    measure_guesses,
    most_success,
    no_outcome,
)
from ldpaudit.auditing.attackers import Beliefs
from ldpaudit.auditing.defaults import DEFAULT_ATTACKS
from ldpaudit.auditing.guesses import AttackError
from ldpaudit.auditing.identity import identity_of
from ldpaudit.auditing.levels import Levels
from ldpaudit.auditing.locating import measure_location, users_outcome
from ldpaudit.auditing.one_pair import Found, games_of, played, scope_of
from ldpaudit.auditing.stopping import StopWhen
from ldpaudit.claim import Claim
from ldpaudit.collecting.accuracy import measure_error
from ldpaudit.collecting.servers import collects
from ldpaudit.contracts import (
    Distinguisher,
    HasNeighbours,
    IsRecorded,
    Location,
    Mechanism,
    Reconstruction,
    TrainableDistinguisher,
    TrainableReconstruction,
    Values,
)
from ldpaudit.outcomes.parts import AttackOutcome, UtilityOutcome
from ldpaudit.outcomes.table import UNIFORM
from ldpaudit.registry import AnyAttack, create_attack, names
from ldpaudit.sampling import blocks, stream
from ldpaudit.selection.promising import Inputs, chosen_inputs, stranger_with_likelihood

if TYPE_CHECKING:
    from ldpaudit.selection.methods import Selection


@dataclass(frozen=True, kw_only=True)
class AuditPlan:
    """What an audit is going to do, checked; each part draws from streams of its own."""

    mechanism: Mechanism
    claim: Claim
    attacks: Mapping[str, Any]
    trials: int
    seed: int
    levels: Levels
    pair: tuple[int, int] | None
    attackers: tuple[Beliefs, ...]
    users: Values
    data: str
    repetitions: int
    witness: str | None
    search: Selection | str | None
    stop: StopWhen
    isolate: bool
    jobs: int
    progress: Callable[[str, int, int], None] | None = None

    def begin(self, step: str, done: int) -> None:
        """Tell whoever asked which step begins: the bound, each attack, the error."""
        if self.progress is not None:
            self.progress(step, done, 2 + len(self.attacks))

    @property
    def even(self) -> bool:
        """Whether one of the attackers is that of published formulas: all values alike."""
        return any(beliefs.name == UNIFORM for beliefs in self.attackers)

    @cached_property
    def identity(self) -> str:
        """Name of the mechanism in the streams."""
        return identity_of(self.mechanism)

    @cached_property
    def told_apart(self) -> Inputs:
        """The pair for what takes one: as named, else 0 and 1 or one that promises most."""
        if self.search is not None:
            return Inputs(self.pair or (0, 1), "")
        return chosen_inputs(
            self._undrawn(), self.pair, self.trials, seed=self.seed, identity=self.identity
        )

    def bounds(self) -> Found:
        """Lower bounds on epsilon at both levels, of one pair or after a search."""
        mechanism = self._undrawn()
        if self.search is not None:
            return self._searched(mechanism, self.search)
        early = not self.stop.never
        asked = partial(
            games_of,
            mechanism,
            self.told_apart,
            self.levels.bound,
            claim=self.claim,
            seed=self.seed,
            identity=self.identity,
            early=early,
        )
        games, later = asked(self.trials, witness=self.witness), None
        if early and self.witness is None and stranger_with_likelihood(mechanism):
            later = partial(asked, max(1, self.trials // 2), witness="learned")
        found = played(self.levels, games, self.stop, self.jobs, later)
        pair = self.told_apart.pair
        return found._replace(pair=pair, scope=scope_of(self.told_apart, games))

    def _searched(self, mechanism: Mechanism, search: Selection | str) -> Found:
        """Both bounds of the worst pair, which survive the search for it."""
        from ldpaudit.selection.methods import selection
        from ldpaudit.selection.search import worst_pair

        found = worst_pair(
            mechanism,
            selection(search) if isinstance(search, str) else search,
            trials=self.trials,
            alpha=self.levels.alpha,
            verdict_alpha=self.levels.verdict_alpha,
            seed=self.seed,
            witness=self.witness,
            bound=self.levels.bound.name,
        )
        return Found(
            found.bound,
            found.verdict_bound,
            found.pair,
            found.scope,
            found.dependence,
            unseen=found.unseen,
        )

    def attack_outcomes(self) -> Iterator[AttackOutcome]:
        """The blind guess, and each attack; so for every attacker.

        Those that name a value guess from the same reports, all others have reports of their
        own. Attacks that tell two inputs apart have no use for a prior: they are played once.
        """
        for place, beliefs in enumerate(self.attackers):
            yield from self._outcomes_of(beliefs, further=place > 0)

    def _outcomes_of(self, beliefs: Beliefs, *, further: bool) -> Iterator[AttackOutcome]:
        if self.attacks:
            yield blind_outcome(beliefs)
        if any(isinstance(attack, Location) for attack in self.attacks.values()):
            yield from users_outcome(self.mechanism, beliefs, self.users)
        named = self._named(beliefs)
        for place, (name, attack) in enumerate(self.attacks.items()):
            if further and not _guesses(attack):
                continue
            if name not in named:
                self.begin(f"attack {name}", 1 + place)
            try:
                yield from self._outcome(name, attack, named.get(name), beliefs)
            except AttackError as error:
                if not self.isolate:
                    raise
                yield failed_outcome(name, attack, beliefs, error)

    def _named(self, beliefs: Beliefs) -> dict[str, AttackOutcome | AttackError]:
        """What the attacks that name a value come to, all on the same reports."""
        played = {
            name: attack
            for name, attack in self.attacks.items()
            if isinstance(attack, Reconstruction | TrainableReconstruction)
            and _applies(name, attack, self.mechanism, beliefs)
        }
        if not played:
            return {}
        for place, name in enumerate(self.attacks):
            if name in played:
                self.begin(f"attack {name}", 1 + place)
        sources = {name: [rng for _, rng in self._blocks(name)] for name in played}
        drawn = self._blocks()
        return measure_guesses(
            played, self._undrawn(), beliefs, drawn, sources, self.levels.alpha, self.jobs
        )

    def _outcome(
        self, name: str, attack: Any, named: AttackOutcome | AttackError | None, beliefs: Beliefs
    ) -> Iterator[AttackOutcome]:
        """The figures of one attack; of one that names values they are known already."""
        if isinstance(named, AttackError):
            raise named
        alpha, jobs = self.levels.alpha, self.jobs
        mechanism = self._undrawn()
        if isinstance(attack, Location):
            yield from measure_location(
                name, attack, mechanism, beliefs, self._blocks(name), alpha, jobs
            )
        elif (left_out := no_outcome(name, attack, mechanism, beliefs)) is not None:
            yield left_out
        elif named is not None:
            yield named
        elif isinstance(attack, Distinguisher | TrainableDistinguisher):
            pair, drawn = self.told_apart.pair, self._blocks(name)
            yield measure_distinguisher(name, attack, pair, mechanism, beliefs, drawn, alpha, jobs)
        else:
            raise TypeError(f"attack {name!r} must have guess(...) or score(...).")

    def most(self) -> tuple[tuple[str, float], ...]:
        """The most that any mechanism of the claim gives away, by attacker.

        Nothing where no value is named, or where the claim has a delta or is not of all values.
        """
        names = any(is_optimal(attack) is not None for attack in self.attacks.values())
        if not names or self.claim.delta or isinstance(self.mechanism, HasNeighbours):
            return ()
        epsilon = self.claim.epsilon
        return tuple((one.name, most_success(one, epsilon)) for one in self.attackers)

    def utility(self) -> UtilityOutcome | None:
        """The error of simulated collections; None where there is no server, or none is asked."""
        if not (self.repetitions and collects(self.mechanism)):
            return None
        self.begin("error of the estimate", 1 + len(self.attacks))
        rng = stream(self.seed, self.identity, self.data, "utility")
        return measure_error(
            self.mechanism, self.users, self.data, self.repetitions, self.levels.alpha, rng
        )

    def _undrawn(self) -> Mechanism:
        """The mechanism; of a recording one that has handed out nothing."""
        return self.mechanism.fresh() if isinstance(self.mechanism, IsRecorded) else self.mechanism

    def _blocks(self, attack: str = "") -> list[tuple[int, np.random.Generator]]:
        """Reports of each block and a stream for them: of one attack, or of all that name values.

        The first block goes on with the stream that the attack may have learned from.
        """
        names = (self.identity, self.data, *(("attack", attack) if attack else ("reports",)))
        return [
            (size, stream(self.seed, *names, *((block,) if block != "0" else ())))
            for size, block in blocks(self.trials)
        ]


def _applies(name: str, attack: Any, mechanism: Mechanism, beliefs: Beliefs) -> bool:
    """Whether an attack is played; what raises is asked again where its failure is recorded."""
    try:
        return no_outcome(name, attack, mechanism, beliefs) is None
    except AttackError:
        return False


def _guesses(attack: Any) -> bool:
    """Whether it says something of each user, which what it thinks of them may decide."""
    return isinstance(attack, Location) or is_optimal(attack) is not None


def chosen_attacks(attacks: Sequence[str | AnyAttack] | None) -> dict[str, Any]:
    """Attacks by name, of one's own by that of their class; None means the usual ones."""
    if isinstance(attacks, str) or not (attacks is None or isinstance(attacks, Sequence)):
        raise TypeError(f"attacks must be a sequence of names, got {validate.shown(attacks)}.")
    found: dict[str, Any] = {}
    for attack in DEFAULT_ATTACKS if attacks is None else attacks:
        if isinstance(attack, type) or not hasattr(attack, "applies"):
            found[str(attack)] = create_attack(attack)
            continue
        name = str(getattr(attack, "name", type(attack).__name__))
        if name in found or name in names("attacks"):
            raise ValueError(f"attacks must have names of their own, got {name} twice.")
        found[name] = attack
    return found


def check_users(histogram: npt.ArrayLike | None, k: int) -> Values:
    """Users holding each value; None means 10,000, spread evenly."""
    if histogram is None:
        base, rest = divmod(10_000, k)
        return np.full(k, base, dtype=np.int64) + (np.arange(k) < rest)
    return validate.check_histogram(histogram, k)
