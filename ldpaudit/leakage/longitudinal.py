"""What all reports so far give away of a value that stays: attack success round by round."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from ldpaudit import validate
from ldpaudit.arrays import Floats
from ldpaudit.bounds.intervals import success_interval
from ldpaudit.contracts import HasBayesVulnerability, Longitudinal, Values
from ldpaudit.outcomes.table import ESTIMATE, EXACT, FIGURES, confidence

#: Entries of a table of users and values that are looked at together.
_ENTRIES = 2**21
#: Users times values times reports read that are looked at in all: about a minute.
_MOST = 2**34
#: Posteriors this close are equal: a tie, broken at random.
_SAME = 1e-9


@dataclass(frozen=True)
class Exposed:
    """How often the best attacker names what a user keeps, after some rounds of reports.

    That is a value that never changed (`exposure`) or a pool of values (`pool_inference`).

    Attributes
    ----------
    rounds : tuple of int
        After how many rounds the attacker guessed.
    successes : tuple of int
        Right guesses, of `trials` users each; the same users at all times.
    trials : int
        Number of users.
    first : float or None
        The exact success after one report (Bayes vulnerability), where it is known.
    blind : float
        The exact success of guessing from the prior alone.
    """

    rounds: tuple[int, ...]
    successes: tuple[int, ...]
    trials: int
    first: float | None
    blind: float


def exposure(
    mechanism: Longitudinal,
    prior: npt.ArrayLike,
    rounds: int,
    trials: int,
    *,
    rng: np.random.Generator,
) -> Exposed:
    """Play the Bayes attacker against users whose value never changes.

    Parameters
    ----------
    mechanism : Longitudinal
        The protocol.
    prior : array_like, shape (k,)
        Probability of each value: users follow it, and the attacker knows it.
    rounds : int
        Number of rounds, at least 1; guesses are made after 1, 2, 3, 5, 10, 20, 30, 50, ...
        and after the last.
    trials : int
        Number of users, at least 1.
    rng : Generator
        Source of users, clients and ties.

    Returns
    -------
    Exposed

    Raises
    ------
    TypeError, ValueError
        If the mechanism is not longitudinal, an argument is out of range, or all together
        `out_of_reach`.

    Notes
    -----
    The guess maximises prior times P(reports of all rounds so far | value), memoised reports
    included (`Longitudinal.history_log_likelihood`): no attacker who sees the reports and
    knows that the value stays does better.

    Examples
    --------
    >>> import ldpaudit
    >>> m = ldpaudit.mechanism("l-osue", k=4, epsilon=1.0, epsilon_inf=2.0)
    >>> found = exposure(m, np.full(4, 1 / 4), 20, 2000, rng=np.random.default_rng(0))
    >>> found.rounds, [round(s / found.trials, 2) for s in found.successes]
    ((1, 2, 3, 5, 10, 20), [0.38, 0.41, 0.45, 0.47, 0.49, 0.49])
    """
    if not isinstance(mechanism, Longitudinal):
        raise TypeError(f"{type(mechanism).__name__} does not report over time.")
    rounds = validate.check_integer("rounds", rounds, 1)
    trials = validate.check_trials(trials)
    rng = validate.check_generator(rng)
    law = validate.check_distribution("prior", prior, mechanism.k)
    if reason := out_of_reach(mechanism.k, rounds, trials):
        raise ValueError(reason)
    after = moments(rounds)
    right = np.zeros(len(after), dtype=np.int64)
    step = max(1, _ENTRIES // mechanism.k)
    for begin in range(0, trials, step):
        right += _game(mechanism, law, after, min(step, trials - begin), rng)
    first = None
    if isinstance(mechanism, HasBayesVulnerability):
        first = float(mechanism.vulnerability(law))
    return Exposed(after, tuple(right.tolist()), trials, first, float(law.max()))


def out_of_reach(k: int, rounds: int, trials: int) -> str | None:
    """Why so many posteriors would take too long, or None."""
    work = trials * k * sum(moments(rounds))
    if work <= _MOST:
        return None
    return (
        f"{trials:,} posteriors over {k:,} values from up to {rounds:,} reports would take too "
        "long; take fewer trials or rounds."
    )


def exposure_rows(found: Exposed, alpha: float, like: dict[str, Any]) -> list[dict[str, Any]]:
    """Rows of the tidy table, the blind guess and one a moment, for the cell of the row `like`."""
    base = like | dict.fromkeys(FIGURES)
    base |= {"metric": "round_success", "status": "ok", "reason": ""}
    blind = {"attack": "blind", "exact": found.blind, "method": "exact", "how": EXACT}
    rows = [base | blind | {"optimal": False}]
    base |= {"attack": "bayes", "alpha": alpha, "optimal": True}
    base["method"] = (
        "estimate, users whose value never changes, "
        f"Clopper-Pearson interval at {confidence(alpha)}"
    )
    for after, successes in zip(found.rounds, found.successes, strict=True):
        lower, upper = success_interval(successes, found.trials, alpha)
        exact = found.first if after == 1 else None
        row = base | {"repetition": after, "value": successes / found.trials}
        row |= {"lower": lower, "upper": upper, "trials": found.trials}
        rows.append(row | {"exact": exact, "how": ESTIMATE if exact is None else EXACT})
    return rows


def skipped_row(reason: str, like: dict[str, Any]) -> dict[str, Any]:
    """The row that says why no attacker was played."""
    base = like | dict.fromkeys(FIGURES)
    what = {"metric": "round_success", "attack": "bayes", "method": "", "how": "", "optimal": True}
    return base | what | {"status": "skipped", "reason": reason}


def moments(rounds: int) -> tuple[int, ...]:
    """1, 2, 3, 5, 10, 20, ... below the last round, and the last."""
    steps = (lead * 10**power for power in range(len(str(rounds))) for lead in (1, 2, 3, 5))
    return (*(t for t in steps if t < rounds), rounds)


def _game(
    mechanism: Longitudinal,
    law: Floats,
    after: tuple[int, ...],
    users: int,
    rng: np.random.Generator,
) -> Values:
    """Right guesses of so many users after each of the moments."""
    own = rng.choice(law.size, users, p=law)
    state = mechanism.start(users, rng=rng)
    with np.errstate(divide="ignore"):
        believed = np.log(law)
    history: list[Any] = []
    right = np.zeros(len(after), dtype=np.int64)
    for number, moment in enumerate(after):
        while len(history) < moment:
            history.append(mechanism.privatize_round(own, state, rng=rng))
        posterior = np.asarray(mechanism.history_log_likelihood(history)) + believed
        best = posterior >= posterior.max(axis=1, keepdims=True) - _SAME
        # One of the best, each as likely: the own value wins one time in their number.
        hit = best[np.arange(users), own]
        right[number] = np.count_nonzero(hit & (rng.random(users) * best.sum(axis=1) < 1))
    return right
