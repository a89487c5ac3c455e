"""opendp: its local mechanisms."""

import math

import numpy as np
from common import Mechanism

PACKAGE = "opendp==0.16.0"
REQUIRES = ["opendp==0.16.0", "numpy==2.2.6"]

K, E = 8, 1.0


def mechanisms():
    import opendp.prelude as dp

    dp.enable_features("contrib")
    bits = dp.m.make_randomized_response_bitvec(
        dp.bitvector_domain(max_weight=1), dp.discrete_distance(), f=2 / (1 + math.exp(E / 2))
    )
    own = np.packbits(np.eye(K, dtype=np.uint8), axis=1)
    fair = dp.m.make_randomized_response_bool(math.exp(E) / (1 + math.exp(E)))
    truth = math.exp(E) / (math.exp(E) + K - 1)
    return [
        Mechanism("randomized response, bool", E, lambda v: int(fair(bool(v))), E, "derived"),
        Mechanism(
            "randomized response",
            E,
            dp.m.make_randomized_response(list(range(K)), truth),
            E,
            "derived",
        ),
        Mechanism(
            "randomized response, bit vector",
            E,
            lambda v: np.unpackbits(np.frombuffer(bits(own[v].tobytes()), dtype=np.uint8), count=K),
            E,
            "derived",
        ),
    ]
