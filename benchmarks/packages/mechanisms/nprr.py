"""nprr: its mechanisms for bounded numbers and categories."""

import importlib.metadata
import math
import sys
import types
import warnings

import numpy as np
from common import DOUBLES, Mechanism

PACKAGE = "nprr==0.1.4"
REQUIRES = ["numpy==1.26.4", "scipy==1.13.1"]
ALONE = ["nprr==0.1.4"]  # its confidence sequences need a compiler, its mechanisms do not


def mechanisms():
    package = types.ModuleType("nprr")
    package.__path__ = [str(importlib.metadata.distribution("nprr").locate_file("nprr"))]
    sys.modules["nprr"] = package
    from nprr import mechanisms as m

    warnings.simplefilter("ignore")
    found = []
    for claim in (1.0, 4.0):
        r, bins = m.r_G_opt_entropy(claim)
        # An end of the grid is drawn with half the chance of the other points.
        real = math.log(1 + 2 * bins * r / (1 - r)) if bins > 1 else math.log(1 + 2 * r / (1 - r))
        found.append(
            Mechanism(
                f"NPRR, {bins + 1} grid points",
                claim,
                lambda values, r=r, bins=bins: m.nprr(np.array(values), r, bins),
                real,
                "enumerated",
                inputs=(0.0, 1.0),
                batch=True,
                note="uniform numbers are rounded to the grid: its ends come half as often"
                if bins > 1
                else "",
            )
        )
    k = 4
    truth = (math.e - 1) / (math.e + k - 1)
    return [
        *found,
        Mechanism(
            "Warner",
            1.0,
            lambda values: m.warner_rr(np.array(values), (math.e - 1) / (math.e + 1)),
            1.0,
            "derived",
            batch=True,
            means="r is given, not epsilon: here that of claim 1",
        ),
        Mechanism(
            "multinomial, 4 values",
            1.0,
            lambda v: int(m.multinomial_rr(np.array([v]), k, truth)[0]),
            math.log(1 + (k + 1) * truth / (1 - truth)),
            "derived",
            means="r is given, not epsilon: here that of k-ary response at claim 1",
            note="the random answer is one of k + 1 values, and one for the whole batch; "
            "each report is a batch of its own here",
        ),
        Mechanism(
            "Laplace",
            1.0,
            lambda values: m.laplace(np.array(values), 1.0),
            1.0,
            "real numbers",
            inputs=(0.0, 1.0),
            batch=True,
            note=DOUBLES,
        ),
    ]
