"""LPDT: both estimators of a locally private tree, for one person and a tree of some leaves."""

import numpy as np
from common import Mechanism

PACKAGE = "lpdt==0.0.2"
REQUIRES = ["numpy==1.26.4", "scipy==1.13.1", "scikit-learn==1.5.2", "numba==0.60.0"]
ALONE = ["lpdt==0.0.2"]

E = 1.0
RECORD = "a record (x, y): a leaf of the public tree, and y in [0, 1] with the range 1"


class _Kept:
    """Draws Laplace noise and keeps it: what a person sends is a local variable of the package."""

    def __init__(self):
        from scipy.stats import laplace

        self.law, self.drawn = laplace, []

    def rvs(self, *, size, scale):
        found = self.law.rvs(size=size, scale=scale)
        self.drawn.append(float(found[0]))
        return found


def mechanisms():
    from LPDT import _estimator as m

    kept = _Kept()
    m.laplace = kept
    arguments = (None, E, 1.0, 0.0, 0.5, 0.0)

    def noisy(record):
        """Z and W of both leaves, as the estimator adds its noise."""
        leaf, y = record
        sent = []
        for place in range(2):
            kept.drawn.clear()
            inside = np.array([float(place == leaf)])
            m.RegressionLaplaceEstimator(*arguments).get_data(np.array([y]), inside)
            sent += [y * inside[0] + kept.drawn[0], inside[0] + kept.drawn[1]]
        return sent

    def flipped(record, leaves):
        """U and V of every leaf, which the estimator keeps."""
        leaf, y = record
        sent = []
        for place in range(leaves):
            made = m.RegressionRandomPermutationEstimator(*arguments)
            made.get_data(np.array([y]), np.array([float(place == leaf)]))
            sent += [float(made.U_sum), float(made.V_sum)]
        return sent

    again = "y gets fresh noise for every leaf, so its half of epsilon is spent once per leaf"
    return [
        Mechanism(
            "tree, Laplace",
            E,
            noisy,
            1.5 * E,
            "real numbers",
            inputs=((0, 1.0), (1, 1.0)),
            means=RECORD,
            note="a person in another leaf changes two cells: Z takes epsilon where y is not "
            "centred, and W another half",
        ),
        Mechanism(
            "tree, random permutation, 2 leaves",
            E,
            lambda r: flipped(r, 2),
            1.5 * E,
            "real numbers",
            inputs=((0, 0.0), (1, 1.0)),
            means=RECORD,
            note=again,
        ),
        Mechanism(
            "tree, random permutation, 8 leaves",
            E,
            lambda r: flipped(r, 8),
            4.5 * E,
            "real numbers",
            inputs=((0, 0.0), (1, 1.0)),
            means=RECORD,
            note=again,
        ),
    ]
