"""Inputs of any kind, numbered: a mechanism on any domain, looked at on finitely many inputs.

So looked at it is a mechanism whose k is the number of inputs, and every game, bound and attack
takes it as it is. No validity is lost: a lower bound on the epsilon of any two inputs is one on
that of the whole domain.
"""

from __future__ import annotations

import dataclasses
import hashlib
import math
from collections.abc import Sequence
from typing import Any, ClassVar, NoReturn

import numpy as np
import numpy.typing as npt

from ldpaudit import validate
from ldpaudit.arrays import Floats
from ldpaudit.contracts import (
    Domain,
    HasDomain,
    HasNeighbours,
    Inputs,
    MarginalOracle,
    Mechanism,
    Reports,
    checked_mechanism,
)
from ldpaudit.contracts.mechanisms import returning_reports
from ldpaudit.domains import Categories, Records

__all__ = ["FiniteInputs", "domain_of", "on_inputs"]

#: What holds for the whole domain, or takes reports and summaries alone.
_KEPT = (
    "delta",
    "bits",
    "mean_bits",
    "reproducible",
    "exact_epsilon",
    "exact_delta",
    "every_report",
)
#: The server's part, of a mechanism that says what it estimates.
_SERVED = (
    "estimand",
    "aggregate",
    "estimate",
    "estimate_marginals",
    "estimate_distribution",
    "mean_influence",
)
#: What one over time says of itself and of its clients, whatever the inputs.
_OVER_TIME = ("epsilon_inf", "start", "spent", "worst_spent", "composed_epsilon", "composed_delta")
#: Inputs that a view names in its repr.
_NAMED = 3


def on_inputs(mechanism: Any, inputs: npt.ArrayLike | int | None = None) -> Mechanism:
    """Return a mechanism with ``k``: as it is, or a view of one with a domain on some inputs.

    Parameters
    ----------
    mechanism : Mechanism or HasDomain
        With ``k``, or with a ``domain``.
    inputs : array_like or int, optional
        Inputs of the domain, at least 2 and all different, whose first axis is the input; they
        are numbered in this order, by which a pair is named. A number means
        ``domain.grid(number)``, None ``domain.grid()``: 17 numbers or vectors, all categories
        or records.

    Returns
    -------
    Mechanism
        The mechanism itself where it has ``k`` and no inputs are named, else a `FiniteInputs`.

    Raises
    ------
    TypeError, ValueError
        If it is no mechanism, has no domain to choose inputs of, or an input is not of the
        domain or occurs twice.

    Examples
    --------
    >>> from ldpaudit.domains import Interval
    >>> class Sign:
    ...     domain, epsilon = Interval(-1, 1), 1.0
    ...     def privatize(self, values, *, rng):
    ...         above = 1 / 2 + np.asarray(values) * np.tanh(self.epsilon / 2) / 2
    ...         return rng.random(len(values)) < above
    >>> view = on_inputs(Sign(), [-1.0, 1.0, 0.0])
    >>> view.k, view.epsilon, view.input_text(0)
    (3, 1.0, '-1.0')
    >>> view.privatize([0, 1, 1, 2], rng=np.random.default_rng(0))
    array([False,  True,  True,  True])
    >>> on_inputs(view) is view, on_inputs(Sign()).k
    (True, 17)
    """
    if isinstance(mechanism, FiniteInputs):
        return mechanism if inputs is None else on_inputs(mechanism.mechanism, inputs)
    if inputs is None and _numbered(mechanism):
        return checked_mechanism(mechanism)
    if not isinstance(mechanism, HasDomain):
        checked_mechanism(mechanism)
        raise ValueError(
            "inputs are chosen for a mechanism that has a domain; one that has k alone plays all "
            "of its values, of which pair names two."
        )
    grid = inputs is None or isinstance(inputs, int | np.integer)
    chosen: Any = mechanism.domain.grid(inputs) if grid else inputs  # type: ignore[arg-type]
    return FiniteInputs(returning_reports(mechanism), chosen)


def _numbered(mechanism: Any) -> bool:
    """Whether its inputs are numbers in [0, k) already; k may also be something else's name."""
    if not isinstance(mechanism, HasDomain):
        return True
    return isinstance(mechanism, Mechanism) and mechanism.domain.parameters.get("k") == mechanism.k


def domain_of(mechanism: Any) -> Domain:
    """The domain of a mechanism: its own, else k categories, or the records of its sizes."""
    if isinstance(mechanism, FiniteInputs):
        return domain_of(mechanism.mechanism)
    if isinstance(mechanism, HasDomain):
        return mechanism.domain
    if isinstance(mechanism, MarginalOracle):
        return Records(tuple(mechanism.sizes))
    return Categories(mechanism.k)


class FiniteInputs:
    """A mechanism on finitely many inputs of its domain, frozen; `on_inputs` builds it.

    It has what the mechanism has of this: ``delta``, ``bits``, ``exact_epsilon`` and
    ``exact_delta`` (of the whole domain), ``every_report``, ``log_likelihood``, ``variance``,
    ``sample_counts``, and its server if that says what it estimates. On numbers it has
    ``posterior_mean_share``, ``nearby_success`` and ``vulnerability`` too, for any law of the
    inputs, where the mechanism has the first two. One that reports over time does so here.

    Attributes
    ----------
    mechanism : HasDomain
        What is looked at.
    inputs : ndarray
        The inputs in the order of their numbers; read-only.
    k : int
        Number of inputs.
    """

    k: int
    epsilon: float
    name: str
    mechanism: Any
    inputs: Inputs
    #: Whether the same is claimed of all pairs.
    one_claim: ClassVar[bool] = True

    def __init__(self, mechanism: Any, inputs: npt.ArrayLike) -> None:
        own = np.array(mechanism.domain.check(inputs))
        own.flags.writeable = False
        k = validate.check_integer("number of inputs", len(own), 2, validate.MAX_DOMAIN)
        served = _SERVED if getattr(mechanism, "estimand", None) is not None else ()
        kept = {name: getattr(mechanism, name, None) for name in (*_KEPT, *served)}
        has = {name: ability for name, ability in kept.items() if ability is not None}
        for name in ("log_likelihood", "variance", "sample_counts"):
            if getattr(mechanism, name, None) is not None:  # None takes an ability away
                has[name] = getattr(self, f"_{name}")
        if own.ndim == 1 and own.dtype.kind == "f":  # numbers, any law of which is a prior
            if getattr(mechanism, "posterior_mean_share", None) is not None:
                has["posterior_mean_share"] = self._posterior_mean_share
            if getattr(mechanism, "nearby_success", None) is not None:
                has |= {
                    "nearby_success": self._nearby_success,
                    "vulnerability": self._vulnerability,
                }
        if getattr(mechanism, "privatize_round", None) is not None:
            has |= {name: getattr(mechanism, name) for name in _OVER_TIME}
            has["privatize_round"] = self._privatize_round
            has["history_log_likelihood"] = self._history_log_likelihood
        if isinstance(mechanism, HasNeighbours):
            has["are_neighbours"] = self._are_neighbours
        has |= {"mechanism": mechanism, "inputs": own, "k": k, "epsilon": mechanism.epsilon}
        has["name"] = str(getattr(mechanism, "name", type(mechanism).__name__))
        # Attributes of its own: from Python 3.12 on, isinstance overlooks __getattr__.
        self.__dict__.update(has)
        if len(np.unique(_rows(own), axis=0)) < k:
            raise ValueError(f"inputs must all be different, got {self._twice()} twice.")

    def privatize(self, values: npt.ArrayLike, *, rng: np.random.Generator) -> Reports:
        """Draw one report for each number of an input."""
        return self.mechanism.privatize(self.inputs[validate.check_values(values, self.k)], rng=rng)

    def input_text(self, value: int) -> str:
        """The input of this number as text."""
        return str(self.mechanism.domain.text(self.inputs[value]))

    @property
    def width(self) -> int:
        """Numbers that make up one input."""
        return math.prod(self.inputs.shape[1:])

    @property
    def key(self) -> str:
        """Name of the inputs in seeds: equal for equal inputs, in every process."""
        rows = _rows(self.inputs)
        content = f"{rows.dtype.str} {rows.shape} ".encode() + rows.tobytes()
        return hashlib.sha256(content).hexdigest()[:16]

    def _log_likelihood(self, reports: Reports, values: npt.ArrayLike | None = None) -> Floats:
        asked = slice(None) if values is None else validate.check_values(values, self.k)
        return np.asarray(self.mechanism.log_likelihood(reports, self.inputs[asked]))

    def _privatize_round(
        self, values: npt.ArrayLike, state: Any, *, rng: np.random.Generator
    ) -> Reports:
        own = self.inputs[validate.check_values(values, self.k)]
        return self.mechanism.privatize_round(own, state, rng=rng)

    def _history_log_likelihood(
        self, history: Sequence[Reports], values: npt.ArrayLike | None = None
    ) -> Floats:
        asked = slice(None) if values is None else validate.check_values(values, self.k)
        return np.asarray(self.mechanism.history_log_likelihood(history, self.inputs[asked]))

    def _variance(self, values: npt.ArrayLike) -> Floats:
        return np.asarray(
            self.mechanism.variance(self.inputs[validate.check_values(values, self.k)])
        )

    def _posterior_mean_share(self, prior: npt.ArrayLike | None = None) -> float:
        law = validate.check_distribution("prior", prior, self.k)
        return float(self.mechanism.posterior_mean_share((self.inputs, law)))

    def _nearby_success(self, tau: float, prior: npt.ArrayLike | None = None) -> float:
        law = validate.check_distribution("prior", prior, self.k)
        return float(self.mechanism.nearby_success(tau, (self.inputs, law)))

    def _vulnerability(self, prior: npt.ArrayLike | None = None) -> float:
        """Naming an input is being nearer to it than to any other."""
        return self._nearby_success(float(np.diff(np.sort(self.inputs)).min()) / 4, prior)

    def _sample_counts(self, histogram: npt.ArrayLike, *, rng: np.random.Generator) -> Any:
        users = validate.check_histogram(histogram, self.k)
        return self.mechanism.sample_counts(self.inputs, users, rng=rng)

    def _are_neighbours(self, pair: tuple[int, int]) -> bool:
        return bool(self.mechanism.are_neighbours(tuple(self.inputs[list(pair)])))

    def _twice(self) -> str:
        texts = [self.input_text(number) for number in range(self.k)]
        return next(text for text in texts if texts.count(text) > 1)

    def __repr__(self) -> str:
        named = ", ".join(map(self.input_text, range(min(self.k, _NAMED))))
        more = f", ... of {self.k}" if self.k > _NAMED else ""
        return f"{self.mechanism!r} on inputs {named}{more} (key {self.key})"

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, FiniteInputs):
            return NotImplemented
        same = bool(self.mechanism == other.mechanism)
        return same and self.inputs.shape == other.inputs.shape and self.key == other.key

    def __hash__(self) -> int:
        return hash((FiniteInputs, self.k, self.key))

    def __reduce__(self) -> tuple[Any, ...]:
        return FiniteInputs, (self.mechanism, self.inputs)

    def __setattr__(self, name: str, value: object) -> NoReturn:
        raise dataclasses.FrozenInstanceError(f"cannot assign to {name!r} of a view.")


def _rows(inputs: Inputs) -> Inputs:
    """Inputs as an array that is compared and hashed by content: objects by their text."""
    if inputs.dtype.hasobject:
        return np.array([repr(row) for row in inputs.tolist()])
    return np.ascontiguousarray(inputs + 0.0 if inputs.dtype.kind == "f" else inputs)
