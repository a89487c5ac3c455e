"""ornl-presto: its noise generators, on one number or one category."""

import importlib.metadata
import math
import sys
import types

import numpy as np
from common import DOUBLES, Mechanism, gaussian

PACKAGE = "ornl-presto==0.1.29"
REQUIRES = ["torch==2.13.0+cpu", "numpy==2.2.6", "scipy==1.15.3"]
ALONE = ["ornl-presto==0.1.29"]  # the mechanisms need none of its plots and optimizers

E, D = 1.0, 1e-5
K = 8


def mechanisms():
    package = types.ModuleType("ornl_presto")
    package.__path__ = [
        str(importlib.metadata.distribution("ornl-presto").locate_file("ornl_presto"))
    ]
    sys.modules["ornl_presto"] = package
    import torch
    from ornl_presto import privacy_mechanisms as m

    torch.set_num_threads(1)
    torch.manual_seed(5)

    def noisy(function):
        return lambda values: function(np.array(values, dtype=float), epsilon=E).tolist()

    def one(function, *rest):
        """The first of a batch with the values of `rest`, one call per report."""
        return lambda v: function(torch.tensor([v, *rest]), E)[0].item()

    sigma = math.sqrt(math.log(1.25 / D)) / E
    everyone = list(range(K))
    ends = (0.0, 1.0)
    return [
        Mechanism(
            "Laplace",
            E,
            noisy(m.applyDPLaplace),
            E,
            "real numbers",
            inputs=ends,
            batch=True,
            note=DOUBLES,
        ),
        Mechanism(
            "exponential",
            E,
            noisy(m.applyDPExponential),
            E,
            "real numbers",
            inputs=ends,
            batch=True,
            means=DOUBLES,
            note="Laplace noise by another name",
        ),
        Mechanism(
            "Gaussian",
            E,
            noisy(m.applyDPGaussian),
            gaussian(1 / sigma, D),
            "derived",
            inputs=ends,
            delta=D,
            batch=True,
            note="the constant lacks the 2 of the classical one; its slack covers most of it",
        ),
        Mechanism(
            "Hadamard, one number",
            E,
            one(m.hadamard_mechanism),
            E,
            "real numbers",
            inputs=ends,
            note=DOUBLES,
        ),
        Mechanism(
            "Hadamard response",
            E,
            one(m.hadamard_response, *everyone),
            math.log(1 + K * math.exp(E)),
            "derived",
            note='"local DP via randomized response": '
            "a category is kept with the probability of a binary answer and else drawn from "
            "all k, so epsilon is ln(1 + k exp(epsilon))",
            means="the domain is what the batch spans: a batch here holds every value",
        ),
        Mechanism(
            "RAPPOR",
            E,
            one(m.rappor),
            _set_bits(E),
            "enumerated",
            note="what is returned is the number of set bits: it depends on how many of the "
            "two hashes collide, and on nothing else of the value",
            inputs=_collide(),
        ),
        Mechanism(
            "SVT, above threshold",
            E,
            lambda v: float(
                m.applySVTAboveThreshold_full(np.array([v, *everyone], dtype=float), epsilon=E)[0]
            ),
            _svt(E),
            "enumerated",
            inputs=(0.0, 7.0),
            means="the domain is what the batch spans: a batch here holds every value",
            note="a value above a noisy mean is released as it is",
        ),
    ]


def _positions(value, m=16):
    from hashlib import sha256

    return {int(sha256(f"{value}_{j}".encode()).hexdigest(), 16) % m for j in range(2)}


def _collide():
    """A value with one set bit and one with two."""
    return [next(v for v in range(2_000) if len(_positions(v)) == size) for size in (1, 2)]


def _set_bits(epsilon, m=16):
    """Largest log ratio of the numbers of set bits of filters with one bit and with two."""
    p = math.exp(epsilon) / (math.exp(epsilon) + 1)

    def law(size):
        total = np.ones(1)
        for place in range(m):
            one = p if place < size else 1 - p
            total = np.convolve(total, [1 - one, one])
        return total

    return float(np.max(np.abs(np.log(law(1) / law(2)))))


def _svt(epsilon):
    """Inputs 0 and 7 in a batch with 0 to 7; the threshold is the mean of the batch."""
    from scipy.integrate import quad

    def stays(value):
        mean = (value + 28) / 9

        def exceeds(noise):  # the own noise is above what is left
            gap = mean + noise - value
            tail = 0.5 * math.exp(-abs(gap) * epsilon / 4)
            density = epsilon / 4 * math.exp(-abs(noise) * epsilon / 2)
            return density * (tail if gap > 0 else 1 - tail)

        return sum(
            quad(exceeds, a, b)[0] for a, b in ((-60, value - mean), (value - mean, 0), (0, 60))
        )

    def law(value, report):
        keep = stays(value)
        times = [value, *range(K)].count(report)
        return keep * (value == report) + (1 - keep) * times / (K + 1)

    return max(abs(math.log(law(0, y) / law(7, y))) for y in range(K))
