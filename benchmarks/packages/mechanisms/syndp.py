"""syndp: Laplace noise on a number."""

import math

from common import Mechanism

PACKAGE = "syndp==0.5.2"
REQUIRES = ["numpy==1.26.4", "pandas==2.2.3", "scipy==1.13.1", "scikit-learn==1.5.2",
            "matplotlib==3.9.2", "wheel", "setuptools<81"]  # fmt: skip
ALONE = ["syndp==0.5.2"]  # it asks for "sklearn", a name that installs nothing any more

E = 1.0


def mechanisms():
    from syndp.laplace_mechanism import laplace_mechanism

    return [
        Mechanism(
            "Laplace",
            E,
            lambda v: float(laplace_mechanism(v, 1.0, E)),
            math.inf,
            "derived",
            inputs=(0.0, 1.0),
            note="numpy is seeded alike in every call: all values get the same noise",
        )
    ]
