"""trasgodp: columns of a table, perturbed a batch at a time."""

import math

import numpy as np
from common import DOUBLES, Mechanism, gaussian

PACKAGE = "trasgodp==2.1.0"
REQUIRES = ["trasgodp==2.1.0"]  # its own choice of numpy and pandas

E, D = 1.0, 1e-3
BATCH = "the domain is what occurs in the batch: each report is of a batch of one person per value"


def mechanisms():
    from trasgodp import categorical, numerical

    labels = ["a", "b", "c", "d"]

    def among(function, others):
        """The first of a batch in which every label occurs."""
        return lambda value: str(function([value, *others], E)[0])

    step = 1000.0

    from trasgodp.geoindis._geo_metric_privacy import _geo_indistinguishability

    def moved(value):
        """Kilometres north and east of one person, without the seed of metric_privacy."""
        north, east, _ = _geo_indistinguishability(value / 111_194.92664, 0.0, E / step)
        return [north * 111.19492664, east * 111.19492664]

    def clipped(function, *more):
        return lambda values: function(np.array(values, dtype=float), E, 0.0, 1.0, *more)

    metric = "per metre: the claim is epsilon times the distance of two positions, here 1 km apart"
    return [
        Mechanism(
            "randomized response, binary",
            E,
            among(categorical.dp_randomized_response_binary_array, ["a", "b"]),
            E,
            "derived",
            inputs=("a", "b"),
            means=BATCH,
        ),
        Mechanism(
            "randomized response, k-ary",
            E,
            among(categorical.dp_randomized_response_kary_array, labels),
            E,
            "derived",
            inputs=("a", "b"),
            means=BATCH,
        ),
        Mechanism(
            "exponential",
            E,
            among(categorical.dp_exponential_array, labels),
            E / 2,
            "derived",
            inputs=("a", "b"),
            means=BATCH,
            note="weights are exp(epsilon / 2) and 1, and the domain is fixed in the batch",
        ),
        Mechanism(
            "Laplace, clipped",
            E,
            clipped(numerical.dp_clip_laplace_array),
            E,
            "real numbers",
            inputs=(0.0, 1.0),
            batch=True,
            note=DOUBLES,
        ),
        Mechanism(
            "Gaussian, clipped",
            E,
            clipped(numerical.dp_clip_gaussian_array, D),
            _clipped_gaussian(E, D),
            "derived",
            inputs=(0.0, 1.0),
            delta=D,
            batch=True,
            note="the classical constant has more noise than its (epsilon, delta) needs",
        ),
        Mechanism(
            "geo-indistinguishability, one draw",
            E,
            moved,
            E,
            "real numbers",
            inputs=(0.0, step),
            means=metric,
            note="its public function restarts from seed 42 in every call, so that all positions "
            "move by the same offset; here the draw itself",
        ),
    ]


def _clipped_gaussian(epsilon, delta):
    """Clipping to [0, 1] keeps the tails, where the ratio is largest; between them epsilon holds.

    The event of the hockey stick is a half-line, and those that end inside [0, 1] survive
    clipping; the half-line of epsilon at this delta ends above 1, so the mass at 1 is what is left.
    """
    sigma = math.sqrt(2 * math.log(1.25 / delta)) / epsilon
    whole = gaussian(1 / sigma, delta)

    def above(e):
        def tail(x):
            return 0.5 * math.erfc(x / math.sqrt(2))

        # Densities inside favour input 1 by (2 y - 1) / (2 sigma^2); the atom at 1 is the most.
        cut = sigma**2 * e + 0.5
        start = min(cut, 1.0)
        return tail((start - 1) / sigma) - math.exp(e) * tail(start / sigma)

    low, high = 0.0, whole
    for _ in range(200):
        middle = (low + high) / 2
        low, high = (middle, high) if above(middle) > delta else (low, middle)
    return high
