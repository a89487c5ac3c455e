"""diffpriv-pure: noise on one number or one count."""

import math

from common import DOUBLES, Mechanism, gaussian

PACKAGE = "diffpriv-pure==0.1.0"
REQUIRES = ["diffpriv-pure==0.1.0", "numpy==2.2.6"]

E, D = 1.0, 1e-3
LOCAL = "a central library: here the data set is one person, whose value ranges over [0, 1]"


def mechanisms():
    import diffpriv_pure as m

    ends = (0.0, 1.0)
    sigma = m.gaussian_sigma(1.0, E, D)
    return [
        Mechanism(
            "private_sum, Laplace",
            E,
            lambda v: m.private_sum([v], (0, 1), E),
            E,
            "real numbers",
            inputs=ends,
            means=LOCAL,
            note=DOUBLES,
        ),
        Mechanism(
            "private_sum, Gaussian",
            E,
            lambda v: m.private_sum([v], (0, 1), E, D),
            gaussian(1 / sigma, D),
            "derived",
            inputs=ends,
            delta=D,
            means=LOCAL,
            note="the classical constant has more noise than its (epsilon, delta) needs",
        ),
        Mechanism(
            "private_count, geometric",
            E,
            lambda v: m.private_count(v, E),
            math.inf,
            "derived",
            means=LOCAL,
            note="the noise is one-sided, 0, 1, 2, ...: a count is never reported too small, "
            "so a report of 0 rules out 1",
        ),
    ]
