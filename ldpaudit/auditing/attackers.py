"""Who attacks: what they think of the users before a report comes, and how the users really are."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

from ldpaudit import validate
from ldpaudit.arrays import Floats
from ldpaudit.contracts import Values
from ldpaudit.outcomes.table import GIVEN, UNIFORM

#: Most entries of a table of beliefs that is looked through for the guess of each user.
_ROWS = 2**20


@dataclass(frozen=True, eq=False)
class Attacker:
    """An attacker by what they think of the users, beside the truth.

    Parameters
    ----------
    name : str
        What the results call the prior: ``"uniform"``, ``"data"`` or any other name.
    prior : array of shape (k,) or (n, k), optional
        What the attacker thinks of every user, or of each of n users (their reports come from
        these users in equal shares); None means that all values are equally likely.
    law : array of shape (k,) or (n, k), optional
        How the users' values are drawn; None means as the attacker thinks.

    Examples
    --------
    >>> import ldpaudit
    >>> m = ldpaudit.mechanism("grr", k=3, epsilon=1.0)
    >>> mistaken = Attacker("old census", [0.2, 0.7, 0.1], law=[0.6, 0.3, 0.1])
    >>> result = ldpaudit.audit(m, ["bayes"], trials=2_000, prior=mistaken)
    >>> [(outcome.attack, round(outcome.exact, 4)) for outcome in result.attacks][:2]
    [('blind', 0.3), ('bayes', 0.3)]
    """

    name: str
    prior: npt.ArrayLike | None = field(default=None, repr=False)
    law: npt.ArrayLike | None = field(default=None, repr=False)

    def among(self, k: int) -> Beliefs:
        """What they think and the truth, checked for k values."""
        prior = _check_laws("prior", self.prior, k)
        law = prior if self.law is None else _check_laws("law", self.law, k)
        if law.ndim > 1 and law.shape != prior.shape:
            raise ValueError(
                f"law must have shape ({k},) or that of the prior, {prior.shape}, got {law.shape}."
            )
        return Beliefs(validate.check_text("name", self.name), prior, law)


@dataclass(frozen=True, eq=False)
class Beliefs:
    """A prior, of all users or of each, and the law that their values are drawn from."""

    name: str
    prior: Floats
    law: Floats

    @classmethod
    def of(cls, law: Floats) -> Beliefs:
        """Of an attacker who knows the law."""
        return cls(GIVEN, law, law)

    @property
    def each(self) -> bool:
        """Whether users differ in what is thought of them, or in their law."""
        return self.prior.ndim > 1

    @property
    def right(self) -> bool:
        """Whether the attacker knows the truth."""
        return self.prior is self.law or np.array_equal(self.prior, self.law)

    @property
    def blind(self) -> float:
        """Success of naming the value that is thought likeliest, without a report."""
        prior, law = np.atleast_2d(self.prior), np.atleast_2d(self.law)
        favourite = prior.argmax(axis=1)
        return float(law[np.arange(len(law)) if len(law) > 1 else 0, favourite].mean())

    def draw(self, size: int, rng: np.random.Generator) -> tuple[Values, Values | None]:
        """Values of `size` users, and which users they are where each has a prior."""
        if self.each:
            users = rng.integers(0, len(self.prior), size)
            if self.law.ndim > 1:
                return _drawn(self.law, users, rng), users
            return rng.choice(self.law.size, size, p=self.law), users
        if self.law.min() == self.law.max():
            return rng.integers(0, self.law.size, size), None
        return rng.choice(self.law.size, size, p=self.law), None

    def thought(self, users: Values | None, rows: slice) -> Floats:
        """The prior of these reports: of all, or one row each."""
        return self.prior if users is None else self.prior[users[rows]]


def attackers_of(prior: Any, k: int) -> tuple[Beliefs, ...]:
    """Those that somebody asked for: a prior, an attacker, or several."""
    if isinstance(prior, Attacker):
        asked: Sequence[Attacker] = [prior]
    elif isinstance(prior, Sequence) and prior and all(isinstance(a, Attacker) for a in prior):
        asked = prior
    else:
        asked = [Attacker(UNIFORM if prior is None else GIVEN, prior)]
    found = tuple(attacker.among(k) for attacker in asked)
    if len({beliefs.name for beliefs in found}) < len(found):
        raise ValueError(f"attackers must differ in name, got {[b.name for b in found]}.")
    return found


def _check_laws(name: str, laws: npt.ArrayLike | None, k: int) -> Floats:
    """A law of k values, or one for each user."""
    given = None if laws is None else validate.check_floats(name, laws)
    if given is None or given.ndim != 2:
        return validate.check_distribution(name, given, k)
    if given.shape[1] != k or not len(given):
        raise ValueError(f"{name} must have shape ({k},) or (n >= 1, {k}), got {given.shape}.")
    if not np.isfinite(given).all() or (given < 0).any():
        raise ValueError(f"{name} must hold finite probabilities of at least 0.")
    totals = given.sum(axis=1)
    if (np.abs(totals - 1) > 1e-9).any():
        user = int(np.abs(totals - 1).argmax())
        raise ValueError(
            f"every {name} must sum to 1, got {float(totals[user])!r} for user {user}."
        )
    return given


def _drawn(laws: Floats, users: Values, rng: np.random.Generator) -> Values:
    """One value of each of these users, by the law of the user."""
    own = np.empty(users.size, dtype=np.int64)
    step = max(1, _ROWS // laws.shape[1])
    for start in range(0, users.size, step):
        part = users[start : start + step]
        sums = np.cumsum(laws[part], axis=1)
        # Within the sum, which rounding leaves beside 1: no value of probability 0 is drawn.
        at = rng.random(part.size) * sums[:, -1]
        own[start : start + step] = (sums <= at[:, None]).sum(axis=1)
    return own
