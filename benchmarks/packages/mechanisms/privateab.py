"""privateAB: the privatizers of its two-sample tests."""

import math

from common import DOUBLES, Mechanism

PACKAGE = "privateAB==0.0.2"
REQUIRES = ["torch==2.13.0+cpu", "numpy==2.2.6", "scipy==1.15.3", "pandas==2.2.3"]
ALONE = ["privateAB==0.0.2"]

K, E = 4, 1.0


def mechanisms():
    import torch
    from privateAB.client import client

    torch.set_num_threads(1)
    torch.manual_seed(3)
    made = client()

    def draw(name, k=K):
        return lambda values: made.release_private(name, torch.tensor(values), k, E, "cpu").tolist()

    standing = [
        Mechanism(
            name,
            E,
            draw(name),
            E,
            "real numbers" if name == "lapu" else "derived",
            batch=True,
            note=DOUBLES if name == "lapu" else "",
        )
        for name in ("lapu", "disclapu", "genrr", "bitflip")
    ]
    of_ten = Mechanism(
        "disclapu, 10 values",
        E,
        draw("disclapu", 10),
        math.inf,
        "derived",
        batch=True,
        note="the own entry is sqrt(k) and a whole number, all others are whole: unless k is a "
        "square, what follows the point names the value",
    )
    return [*standing, of_ten]
