"""diffprivlib: its mechanisms, with one user's value as the data and its range as sensitivity."""

import math

import numpy as np
from common import Mechanism

PACKAGE = "diffprivlib==0.6.6"
REQUIRES = ["diffprivlib==0.6.6", "numpy==2.2.6", "scipy==1.15.3", "scikit-learn==1.6.1"]

E = 1.0
LOCAL = "a central library: here the data set is one person, whose value ranges over [0, 1]"

HALF = (
    "utilities are 1 for the own value, 0 for others; the general constant allows for twice as much"
)


def mechanisms():
    from diffprivlib import mechanisms as m

    state = np.random.RandomState(7)
    one = {"epsilon": E, "sensitivity": 1.0, "random_state": state}
    ends = {"lower": 0.0, "upper": 1.0}
    whole = {"epsilon": E, "sensitivity": 1, "random_state": state}
    bits = {"lower": 0, "upper": 1}
    delta = 1e-3
    approximate = {**one, "delta": delta}
    folded = _reflected(E)
    real = (0.0, 1.0)
    utilities = [["a", "b", 1.0], ["a", "c", 1.0], ["b", "c", 1.0]]
    categories = m.ExponentialCategorical(epsilon=E, utility_list=utilities, random_state=state)
    hierarchy = m.ExponentialHierarchical(
        epsilon=E, hierarchy=[["a", "b"], ["c", "d"]], random_state=state
    )
    analytic = m.GaussianAnalytic(**approximate)
    classic = m.Gaussian(**approximate)
    from common import gaussian

    return [
        Mechanism(
            "Binary",
            E,
            m.Binary(epsilon=E, value0="0", value1="1", random_state=state).randomise,
            E,
            "derived",
            inputs=("0", "1"),
        ),
        Mechanism("Geometric", E, m.Geometric(**whole).randomise, E, "derived", means=LOCAL),
        Mechanism(
            "GeometricTruncated",
            E,
            m.GeometricTruncated(**whole, **bits).randomise,
            E,
            "derived",
            means=LOCAL,
        ),
        Mechanism(
            "GeometricFolded",
            E,
            m.GeometricFolded(**whole, **bits).randomise,
            folded,
            "derived",
            means=LOCAL,
        ),
        Mechanism("Laplace", E, m.Laplace(**one).randomise, E, "derived", inputs=real, means=LOCAL),
        Mechanism(
            "LaplaceTruncated",
            E,
            m.LaplaceTruncated(**one, **ends).randomise,
            E,
            "derived",
            inputs=real,
            means=LOCAL,
        ),
        Mechanism(
            "LaplaceFolded",
            E,
            m.LaplaceFolded(**one, **ends).randomise,
            _laplace_folded(E),
            "derived",
            inputs=real,
            means=LOCAL,
            note="folding mixes both directions, which loses some of the difference",
        ),
        Mechanism(
            "LaplaceBoundedDomain",
            E,
            m.LaplaceBoundedDomain(**one, **ends).randomise,
            1 / m.LaplaceBoundedDomain(**one, **ends)._find_scale(),
            "enumerated",
            inputs=real,
            means=LOCAL,
        ),
        Mechanism(
            "LaplaceBoundedNoise",
            E,
            m.LaplaceBoundedNoise(**{**approximate, "delta": 0.05}).randomise,
            E,
            "derived",
            inputs=real,
            delta=0.05,
            means=LOCAL,
        ),
        Mechanism(
            "Staircase", E, m.Staircase(**one).randomise, E, "derived", inputs=real, means=LOCAL
        ),
        Mechanism(
            "Snapping",
            E,
            m.Snapping(**one, **ends).randomise,
            E,
            "derived",
            inputs=real,
            means=LOCAL,
        ),
        Mechanism(
            "Gaussian",
            E,
            classic.randomise,
            gaussian(1 / classic._scale, delta),
            "derived",
            inputs=real,
            delta=delta,
            means=LOCAL,
            note="the classical constant has more noise than its (epsilon, delta) needs",
        ),
        Mechanism(
            "GaussianAnalytic",
            E,
            analytic.randomise,
            gaussian(1 / analytic._scale, delta),
            "derived",
            inputs=real,
            delta=delta,
            means=LOCAL,
        ),
        Mechanism(
            "Exponential, 3 values",
            E,
            lambda v: m.Exponential(
                epsilon=E,
                sensitivity=1.0,
                utility=[float(v == w) for w in range(3)],
                random_state=state,
            ).randomise(),
            E / 2,
            "derived",
            means=LOCAL,
            note=HALF,
        ),
        Mechanism(
            "PermuteAndFlip, 3 values",
            E,
            lambda v: m.PermuteAndFlip(
                epsilon=E,
                sensitivity=1.0,
                utility=[float(v == w) for w in range(3)],
                random_state=state,
            ).randomise(),
            _permute_and_flip(E, 3),
            "enumerated",
            means=LOCAL,
            note=HALF,
        ),
        Mechanism(
            "ExponentialCategorical",
            E,
            categories.randomise,
            _categorical(categories, "abc"),
            "enumerated",
            inputs=("a", "b"),
        ),
        Mechanism(
            "ExponentialHierarchical",
            E,
            hierarchy.randomise,
            _categorical(hierarchy, "abcd"),
            "enumerated",
            inputs=("a", "c"),
        ),
    ]


def _reflected(epsilon):
    """Law of 0 or 1 plus geometric noise, reflected at 0 and 1 until it is inside."""
    ratio = math.exp(-epsilon)

    def share(start, end):
        total = 0.0
        for noise in range(-400, 401):
            value = start + noise
            while value < 0 or value > 1:
                value = -value if value < 0 else 2 - value
            total += (1 - ratio) / (1 + ratio) * ratio ** abs(noise) * (value == end)
        return total

    return math.log(share(0, 0) / share(1, 0))


def _laplace_folded(epsilon):
    """Largest log ratio of 0 and 1 plus Laplace noise reflected into [0, 1]: at the ends."""

    def density(start, end):
        images = [end + 2 * j for j in range(-60, 61)] + [-end + 2 * j for j in range(-60, 61)]
        return sum(math.exp(-epsilon * abs(image - start)) for image in images)

    return max(math.log(density(0, y / 50) / density(1, y / 50)) for y in range(51))


def _permute_and_flip(epsilon, k):
    """Report of the exponential mechanism without replacement; utilities are 1 and 0."""
    import itertools

    def law(own, value):
        total = 0.0
        orders = list(itertools.permutations(range(k)))
        for order in orders:
            survive = 1.0
            for item in order:
                take = 1.0 if item == own else math.exp(-epsilon / 2)
                if item == value:
                    total += survive * take / len(orders)
                    break
                survive *= 1 - take
        return total

    return max(math.log(law(0, y) / law(1, y)) for y in range(k))


def _categorical(made, values):
    """Largest log ratio over all pairs, from the probabilities that the object holds."""

    def law(a, b):
        return made._get_prob(a, b) / sum(made._get_prob(a, c) for c in values)

    return max(math.log(law(a, c) / law(b, c)) for a in values for b in values for c in values)
