"""insurance-fairness-ldp: k-ary randomized response on labels."""

import math
import warnings

from common import Mechanism, two_level

PACKAGE = "insurance-fairness-ldp==0.1.1"
REQUIRES = ["insurance-fairness-ldp==0.1.1", "numpy==2.2.6"]

E = 1.0


def mechanisms():
    from insurance_fairness_ldp import KaryRandomisedResponse

    warnings.simplefilter("ignore")
    found = []
    for labels, note in (
        (["a", "b", "c", "d"], ""),
        (
            ["UK", "France", "Portugal"],
            "the reported label is written into an array as wide as the true ones: longer labels "
            "are cut, which tells the length of the truth",
        ),
    ):
        made = KaryRandomisedResponse(epsilon=E, categories=labels)
        real = math.inf if note else two_level(made.pi, made.pi_bar)
        name = "k-RR, labels of several lengths" if note else "k-RR"
        found.append(
            Mechanism(
                name,
                E,
                lambda v, made=made: str(made.privatise([v])[0]),
                real,
                "derived" if note else "enumerated",
                inputs=labels[:2],
                note=note,
            )
        )
    return found
