"""ldp-toolbox: frequency oracles, each with its own estimate."""

import math

from common import DOUBLES, Mechanism, subset, two_level, unary

PACKAGE = "ldp-toolbox==0.1.3"
REQUIRES = [
    "numba==0.61.2", "numpy==2.2.6", "scipy==1.15.3", "joblib==1.5.1", "xxhash==3.5.0",
    "ldp-toolbox==0.1.3",
]  # fmt: skip

K, E = 8, 1.0
CLIPPED = "documented as unbiased; negative estimates are set to 0 and the rest rescaled"


def mechanisms():
    from ldp_toolbox.protocols.frequency.grr import GeneralizedRandomizedResponse
    from ldp_toolbox.protocols.frequency.he import HistogramEncoding
    from ldp_toolbox.protocols.frequency.lh import LocalHashing
    from ldp_toolbox.protocols.frequency.ss import SubsetSelection
    from ldp_toolbox.protocols.frequency.ue import UnaryEncoding
    from xxhash import xxh32

    grr, ss = GeneralizedRandomizedResponse(K, E), SubsetSelection(K, E)
    sue, oue = UnaryEncoding(K, E, optimal=False), UnaryEncoding(K, E, optimal=True)
    she, the = HistogramEncoding(K, E, thresholding=False), HistogramEncoding(K, E)
    found = [
        Mechanism(
            "GRR",
            E,
            lambda v: int(grr.obfuscate(v)),
            two_level(grr.p, grr.q),
            "enumerated",
            server=grr.estimate,
            k=K,
            note=CLIPPED,
        ),
        Mechanism(
            "SS",
            E,
            ss.obfuscate,
            subset(ss.p, ss.omega, K),
            "enumerated",
            server=ss.estimate,
            k=K,
            note=CLIPPED,
        ),
        Mechanism(
            "SUE",
            E,
            sue.obfuscate,
            unary(sue.p, sue.q),
            "enumerated",
            server=sue.estimate,
            k=K,
            note=CLIPPED,
        ),
        Mechanism(
            "OUE",
            E,
            oue.obfuscate,
            unary(oue.p, oue.q),
            "enumerated",
            server=oue.estimate,
            k=K,
            note=CLIPPED,
        ),
        Mechanism(
            "SHE",
            E,
            she.obfuscate,
            E,
            "real numbers",
            means=DOUBLES,
            server=she.estimate,
            k=K,
            note=CLIPPED,
        ),
        Mechanism(
            "THE",
            E,
            the.obfuscate,
            unary(the.p, the.q),
            "enumerated",
            server=the.estimate,
            k=K,
            note=CLIPPED,
        ),
    ]
    for name, optimal in (("BLH", False), ("OLH", True)):
        made = LocalHashing(K, E, optimal=optimal)

        def draw(value, made=made):
            bucket, seed = made.obfuscate(value)
            return [int(xxh32(str(v), seed=seed).intdigest() % made.g == bucket) for v in range(K)]

        found.append(
            Mechanism(name, E, draw, math.log(made.p / ((1 - made.p) / (made.g - 1))), "enumerated")
        )
    return found
