"""hll-py: a sketch of one randomised hash."""

import math

from common import Mechanism

PACKAGE = "hll-py==0.1.13"
REQUIRES = ["hll-py==0.1.13", "numpy==2.2.6"]

E = 1.0


def mechanisms():
    from hll_py import SketchConfig
    from hll_py.Hasher import str_to_u64
    from hll_py.HyperLogLogLDP import HyperLogLogLDP

    def sketch(text):
        made = HyperLogLogLDP(SketchConfig(epsilon=E))
        made.insert_segments([text])
        return made.sketch_map

    # The bits below the register's number do not matter: two texts of registers 1 to 15.
    texts = [t for t in (f"word{i}" for i in range(60)) if str_to_u64(t) >> 60 > 0]
    first = texts[0]
    second = next(t for t in texts if str_to_u64(t) >> 60 != str_to_u64(first) >> 60)
    truth = math.exp(E) / (math.exp(E) + 1)
    return [
        Mechanism(
            "HyperLogLogLDP, sketch",
            E,
            lambda t: str(next(iter(sketch(t)))),
            math.inf,
            "derived",
            inputs=(first, second),
            note="the sketch is filed under the true text",
        ),
        Mechanism(
            "HyperLogLogLDP, registers alone",
            E,
            lambda t: next(iter(sketch(t).values())).registers,
            math.log(1 + 16 * truth / (1 - truth)),
            "derived",
            inputs=(first, second),
            note="the hash is kept with the probability of a binary answer and else drawn "
            "from all 64 bits, of which 16 registers are seen",
        ),
    ]
