"""Collected round after round: values that change, the error of every round, what users spent."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from ldpaudit import validate
from ldpaudit.arrays import Floats
from ldpaudit.collecting.servers import Server
from ldpaudit.contracts import Longitudinal, Values
from ldpaudit.data.dataset import DataSet
from ldpaudit.outcomes.table import ESTIMATE, EXACT, FIGURES, known

#: Reports whose number of different ones a user is counted; above, it is left out.
_COUNTED = 2**24
#: Values above which a user's are remembered round by round, and not as a row of k.
_FEW = 2**12


@dataclass(frozen=True)
class Followed:
    """What a collection over many rounds came to.

    Attributes
    ----------
    mse, mse_exact : array of shape (rounds,)
        Mean squared error of each round's raw estimate against that round's own users, and
        the mechanism's formula for them (nan without one).
    mse_clipped : array of shape (rounds,)
        The same of the estimate clipped at 0 and scaled to sum to 1, as papers do: biased. nan
        for what is no frequencies.
    spent : array of shape (rounds,)
        Budget that users have spent so far, on average over them.
    worst : float
        The most that a user can have spent after the last round.
    distinct : float
        Different values a user has had, on average.
    revealed : float
        Share of users who sent as many different reports as they had different values: where
        reports have no noise of their own, all their changes are seen. nan where not counted.
    """

    mse: Floats
    mse_exact: Floats
    mse_clipped: Floats
    spent: Floats
    worst: float
    distinct: float
    revealed: float

    @property
    def rounds(self) -> int:
        """Number of rounds."""
        return self.mse.size


def evolve(
    data: DataSet, rounds: int, change: float | str, *, rng: np.random.Generator
) -> Iterator[Values]:
    """Values of all users, round by round.

    Parameters
    ----------
    data : DataSet
        Users and their values in the first round.
    rounds : int
        Number of rounds, at least 1.
    change : float or "permute"
        Probability that a user draws a new value from the data's frequencies before the next
        round; or every round deals the users' values anew, so that frequencies stay.
    rng : Generator
        Source of the changes.

    Yields
    ------
    array of int64, shape (num_users,)

    Raises
    ------
    ValueError, TypeError
        If an argument is out of range.

    Notes
    -----
    ``evolve(uniform users, 120, 0.25)`` is the data set Syn of Arcolezi, Pinzon, Palamidessi
    and Gambs (EDBT 2023), for which a new value may be the old one; its Adult permutes.

    Examples
    --------
    >>> data = DataSet("four", np.array([2, 1, 1]))
    >>> [v.tolist() for v in evolve(data, 3, "permute", rng=np.random.default_rng(0))]
    [[1, 0, 0, 2], [2, 0, 0, 1], [0, 1, 2, 0]]
    """
    rounds, rng = validate.check_integer("rounds", rounds, 1), validate.check_generator(rng)
    if not isinstance(data, DataSet):
        raise TypeError(f"data must be a DataSet, got {validate.shown(data)}.")
    if change != "permute" and (
        isinstance(change, str) or not 0 <= validate.check_nonnegative("change", change) <= 1
    ):
        raise ValueError(
            f"change must be a probability or 'permute', got {validate.shown(change)}."
        )
    values = rng.permutation(data.users())
    cumulative = np.cumsum(data.histogram)
    for number in range(rounds):
        if number and change == "permute":
            values = rng.permutation(values)
        elif number:
            moved = np.flatnonzero(rng.random(values.size) < float(change))
            drawn = rng.integers(0, cumulative[-1], moved.size)
            values = values.copy()
            values[moved] = np.searchsorted(cumulative, drawn, side="right")
        yield values


def follow(
    mechanism: Longitudinal, values: Iterable[Values], *, rng: np.random.Generator
) -> Followed:
    """Collect from the same users in every round, and hold each round against its own truth.

    Parameters
    ----------
    mechanism : Longitudinal
        With a server: of one domain, of records, or of inputs of any kind (a view, `on_inputs`).
    values : iterable of int arrays, shape (num_users,)
        All users' values, one array a round; see `evolve`.
    rng : Generator
        Source of the clients' randomness.

    Returns
    -------
    Followed

    Raises
    ------
    TypeError, ValueError
        If the mechanism cannot collect over time, or there is no round.

    Examples
    --------
    >>> import ldpaudit
    >>> m = ldpaudit.mechanism("biloloha", k=8, epsilon=1.0, epsilon_inf=2.0)
    >>> rng = np.random.default_rng(0)
    >>> data = DataSet("users", np.full(8, 100))
    >>> found = follow(m, evolve(data, 20, 0.25, rng=rng), rng=rng)
    >>> found.rounds, found.spent[0], found.spent[-1] > 3.5, found.distinct > 4
    (20, np.float64(2.0), np.True_, True)
    """
    server = Server(mechanism)
    if not isinstance(mechanism, Longitudinal) or server.estimand is None:
        raise TypeError(f"{type(mechanism).__name__} does not collect over time.")
    k = mechanism.k
    rows: list[tuple[float, float, float, float]] = []
    state: Any = None
    seen: Any = None
    had: list[Values] = []
    names: list[Any] = []
    for given in values:
        own = validate.check_values(given, k)
        if not own.size:
            raise ValueError("values must hold at least one user.")
        if state is None:
            state = mechanism.start(own.size, rng=rng)
            seen = np.zeros((own.size, k if k <= _FEW else 0), dtype=np.bool_)
        reports = mechanism.privatize_round(own, state, rng=rng)
        if k <= _FEW:
            seen[np.arange(own.size), own] = True
        else:
            had.append(own)
        truth, histogram = _truth(server, own, k)
        estimate = server.estimate(server.aggregate(reports), truth)
        raw, cut = server.error(estimate, truth), np.nan
        if histogram is None:
            cut = server.error(_clipped(estimate), truth)
        exact = server.exact(own.size, truth, histogram)
        spent = float(np.mean(mechanism.spent(state)))
        rows.append((raw, cut, np.nan if exact is None else exact, spent))
        if (len(names) + 1) * own.size <= _COUNTED:
            names.append(_names(reports))
    if not rows:
        raise ValueError("values must hold at least one round.")
    mse, clipped_mse, exact_mse, spent = np.array(rows).T
    distinct = _different(had) if had else seen.sum(axis=1)
    revealed = np.nan
    if len(names) == len(rows):
        revealed = float(np.mean(_different(names) == distinct))
    worst = float(mechanism.worst_spent(len(rows)))
    return Followed(mse, exact_mse, clipped_mse, spent, worst, float(distinct.mean()), revealed)


def round_rows(found: Followed, like: dict[str, Any]) -> list[dict[str, Any]]:
    """Rows of the tidy table for the cell of the row `like`, two or three per round."""
    base = like | dict.fromkeys(FIGURES) | {"attack": "", "status": "ok", "reason": ""}
    base |= {"method": "estimate, one collection", "how": ESTIMATE}
    rows = []
    for t in range(found.rounds):
        here = base | {"repetition": t + 1}
        exact = known(found.mse_exact[t])
        error = {"value": float(found.mse[t]), "exact": exact}
        rows.append(
            here | {"metric": "round_mse", "how": ESTIMATE if exact is None else EXACT} | error
        )
        if not np.isnan(found.mse_clipped[t]):
            clipped = {"metric": "round_mse_clipped", "value": float(found.mse_clipped[t])}
            rows.append(here | clipped)
        spent = {"value": float(found.spent[t]), "method": "average over the users, counted"}
        rows.append(here | {"metric": "round_spent"} | spent)
    worst = {"exact": found.worst, "method": "exact", "how": EXACT}
    rows.append(base | {"metric": "worst_spent"} | worst)
    for metric, value in (("distinct_values", found.distinct), ("revealed", found.revealed)):
        rows.append(base | {"metric": metric, "value": known(value), "method": "counted"})
    return rows


def _different(rounds: list[Values]) -> Values:
    """How many different numbers each user has, one per round."""
    ordered = np.sort(np.stack(rounds, axis=1), axis=1)
    return np.asarray(1 + (ordered[:, 1:] != ordered[:, :-1]).sum(axis=1))


def _truth(server: Server, values: Values, k: int) -> tuple[Any, Values | None]:
    """What these users come to; and for what is no frequency, how many hold each input."""
    if hasattr(server.estimand, "truth_of"):
        return server.estimand.truth_of(values), None
    histogram = np.bincount(values, minlength=k)
    return server.truth(histogram), histogram


def _clipped(estimate: Any) -> Any:
    """Estimates without negative entries, scaled to sum to 1."""
    if isinstance(estimate, list):
        return [_clipped(part) for part in estimate]
    positive = np.maximum(estimate, 0)
    return positive / (positive.sum() or 1.0)


def _names(reports: Any) -> Values:
    """A number for each report, the same for equal ones: two differ but for a chance of 2**-64."""
    rows = np.ascontiguousarray(reports)
    table = rows.view(np.uint8).reshape(len(rows), -1).astype(np.uint64)
    weights = np.random.default_rng(0).integers(1, 2**63, table.shape[1], dtype=np.uint64)
    hashed: Values = ((table + np.uint64(1)) @ (weights | np.uint64(1))).view(np.int64)
    return hashed
