"""Claims that grow with the distance of two inputs: metric privacy, geo-indistinguishability.

Such a mechanism claims epsilon times d(x, x') of every pair. Of one pair that is a claim like any
other, so a mechanism held to it is a view of inputs that speaks of this pair alone.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any, ClassVar

import numpy as np
import numpy.typing as npt

from ldpaudit import validate
from ldpaudit.adapters.finite_inputs import FiniteInputs, domain_of, on_inputs
from ldpaudit.arrays import Floats
from ldpaudit.contracts import HasDomain, IsRecorded, Mechanism

__all__ = ["METRICS", "Metric", "MetricClaim", "held_to_metric"]

#: A metric by its name, as a function of two inputs, or as a table of distances by number.
Metric = str | Callable[[Any, Any], float] | npt.ArrayLike

#: Metrics of numbers and vectors that have a name.
METRICS: dict[str, Callable[[Any, Any], float]] = {
    "l1": lambda one, two: float(np.abs(np.subtract(one, two)).sum()),
    "l2": lambda one, two: float(np.linalg.norm(np.atleast_1d(np.subtract(one, two)))),
    "max": lambda one, two: float(np.abs(np.subtract(one, two)).max()),
}


def held_to_metric(
    mechanism: Any,
    metric: Metric,
    pair: tuple[int, int] = (0, 1),
    inputs: npt.ArrayLike | int | None = None,
) -> MetricClaim:
    """Return the mechanism on some inputs, held to epsilon times the distance of two of them.

    Parameters
    ----------
    mechanism : Mechanism or HasDomain
        Its epsilon is per unit of distance, unless it says ``epsilon_per_distance``.
    metric : str, callable or array of shape (k, k)
        ``"l1"``, ``"l2"`` or ``"max"`` of numbers and vectors; ``metric(x, y)`` of two inputs;
        or the distances of all inputs by their numbers.
    pair : tuple of int, default (0, 1)
        Numbers of the two inputs that are told apart.
    inputs : array or int, optional
        Inputs of the domain, as for `on_inputs`.

    Returns
    -------
    MetricClaim
        With ``epsilon`` the claim of the pair, in natural-log units.

    Raises
    ------
    TypeError, ValueError
        If the metric is unknown, the distance is not positive and finite, or the reports are
        recorded (of one pair: its epsilon is then given as it is).

    Examples
    --------
    >>> import ldpaudit
    >>> planar = ldpaudit.mechanism("l2-laplace", dimension=2, epsilon=4.0, radius=2.0)
    >>> planar.epsilon_per_distance
    1.0
    >>> near = held_to_metric(planar, "l2", inputs=[[0.0, 0.0], [0.3, 0.4]])
    >>> near.epsilon, near.relation((0, 1))
    (0.5, 'claimed: 1 x distance 0.5 (l2)')
    """
    if isinstance(mechanism, IsRecorded):
        raise ValueError(
            "reports of two inputs are recorded: give the epsilon of this pair and no metric."
        )
    if not isinstance(mechanism, FiniteInputs | HasDomain):
        mechanism = NumberedInputs(on_inputs(mechanism))
    view = mechanism if isinstance(mechanism, FiniteInputs) else None
    if view is None or inputs is not None:
        view = FiniteInputs(
            view.mechanism if view else mechanism, _chosen(view or mechanism, inputs)
        )
    return MetricClaim(view.mechanism, view.inputs, metric, pair)


def _chosen(mechanism: Any, inputs: npt.ArrayLike | int | None) -> Any:
    """Inputs that were named, or those of the grid."""
    if inputs is None or isinstance(inputs, int | np.integer):
        return domain_of(mechanism).grid(inputs if inputs is None else int(inputs))
    return inputs


class NumberedInputs:
    """A mechanism that has ``k`` alone, as one on a domain: its numbers, or its records."""

    def __init__(self, mechanism: Mechanism) -> None:
        self.mechanism = mechanism
        self.domain = domain_of(mechanism)
        self.k, self.epsilon = mechanism.k, mechanism.epsilon
        self.name = str(getattr(mechanism, "name", type(mechanism).__name__))

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_") or name == "mechanism":
            raise AttributeError(name)
        return getattr(self.mechanism, name)

    def __repr__(self) -> str:
        return repr(self.mechanism)


class MetricClaim(FiniteInputs):
    """A view of a mechanism that claims epsilon times a distance of one pair of its inputs.

    Attributes
    ----------
    epsilon : float
        The claim of the pair.
    per_distance, distance : float
        What it is the product of.
    metric_name : str
        The metric in words.
    """

    one_claim: ClassVar[bool] = False

    def __init__(
        self, mechanism: Any, inputs: npt.ArrayLike, metric: Metric, pair: tuple[int, int]
    ) -> None:
        super().__init__(mechanism, inputs)
        if len(tuple(pair)) != 2:
            raise ValueError(f"pair must be two inputs, got {validate.shown(pair)}.")
        one, two = (validate.check_integer("every input of pair", v, 0, self.k - 1) for v in pair)
        exact = getattr(mechanism, "epsilon_per_distance", None)
        per_distance = float(mechanism.epsilon if exact is None else exact)
        name, distance = _distance(metric, self, (one, two))
        own = self.__dict__
        for ability in ("exact_epsilon", "exact_delta", "vulnerability", "nearby_success"):
            own.pop(ability, None)  # of the whole domain, whose claim is another
        if exact is not None and getattr(mechanism, "distance_metric", None) in METRICS:
            own["exact_epsilon"] = self._of_pair
        own |= {
            "per_distance": per_distance,
            "distance": distance,
            "metric_name": name,
            "claimed_pair": (one, two),
            "epsilon": validate.check_positive("epsilon x distance", per_distance * distance),
            "_metric": metric,
        }

    per_distance: float
    distance: float
    metric_name: str
    claimed_pair: tuple[int, int]
    _metric: Metric

    def are_neighbours(self, pair: tuple[int, int]) -> bool:
        """Whether these are the two inputs whose distance is claimed."""
        return set(pair) == set(self.claimed_pair)

    def relation(self, pair: tuple[int, int]) -> str:
        """The claim of two inputs, in words."""
        _, distance = _distance(self._metric, self, pair)
        return f"claimed: {self.per_distance:.6g} x distance {distance:.6g} ({self.metric_name})"

    def _of_pair(self) -> float:
        """Largest log ratio of the pair by the mechanism's own metric, in which it is exact."""
        one, two = (self.inputs[place] for place in self.claimed_pair)
        return self.per_distance * METRICS[self.mechanism.distance_metric](one, two)

    def __reduce__(self) -> tuple[Any, ...]:
        return MetricClaim, (self.mechanism, self.inputs, self._metric, self.claimed_pair)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, MetricClaim):
            return NotImplemented
        same = (self.epsilon, self.claimed_pair) == (other.epsilon, other.claimed_pair)
        return same and super().__eq__(other)

    __hash__ = FiniteInputs.__hash__


def _number(found: Any) -> float:
    """A distance that a function gave; what is no number is refused."""
    try:
        return float(found)
    except (TypeError, ValueError):
        raise TypeError(f"metric must return a number, got {validate.shown(found)}.") from None


def _distance(metric: Metric, view: FiniteInputs, pair: tuple[int, int]) -> tuple[str, float]:
    """What a metric is called, and the distance of two inputs, positive and finite."""
    one, two = pair
    if isinstance(metric, str):
        validate.check_known("metric", metric, METRICS)
        if view.inputs.dtype.kind not in "iuf":
            raise TypeError(f"metric {metric} is one of numbers, got {view.inputs.dtype}.")
        name, found = metric, METRICS[metric](view.inputs[one], view.inputs[two])
    elif callable(metric):
        name = getattr(metric, "__name__", type(metric).__name__)
        found = _number(metric(view.inputs[one], view.inputs[two]))
    else:
        table: Floats = validate.check_floats("metric", metric)
        if table.shape != (view.k, view.k):
            raise ValueError(f"metric must have shape ({view.k}, {view.k}), got {table.shape}.")
        if not (np.isfinite(table).all() and (table >= 0).all() and (table == table.T).all()):
            raise ValueError("distances must be finite, at least 0, and the same both ways.")
        if table.diagonal().any():
            raise ValueError("the distance of an input to itself must be 0.")
        name, found = "table of distances", float(table[one, two])
    if not (found > 0 and math.isfinite(found)):
        raise ValueError(f"distance of the pair must be positive and finite, got {found!r}.")
    return name, found
