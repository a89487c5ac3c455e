"""dp-diffractor: words moved along a list in which neighbours are alike."""

import math

import numpy as np
from common import Mechanism

PACKAGE = "dp-diffractor==0.2.1"
REQUIRES = ["dp-diffractor==0.2.1", "numpy==1.26.4", "scipy==1.13.1"]

E = 1.0
WORDS = [f"word{i}" for i in range(12)]
METRIC = "epsilon times the distance of two words in a list, here neighbours"


def mechanisms():
    from diffractor import core

    def draw(method):
        config = core.DiffractorConfig(epsilon=E, method=method, gamma=3, replace_stopwords=True)

        def client(word):
            # What a worker of its pool holds; the lists are of embeddings that it downloads.
            core._RESOURCES = {
                "list": WORDS,
                "mapping": {w: i for i, w in enumerate(WORDS)},
                "config": config,
                "rng": rng,
            }
            return core.apply_privacy_mechanism(word, E)

        return client

    rng = np.random.default_rng(6)
    pair = (WORDS[5], WORDS[6])
    return [
        Mechanism(
            "geometric, one list", E, draw("geometric"), E, "derived", inputs=pair, means=METRIC
        ),
        Mechanism(
            "TEM, one list",
            E,
            draw("TEM"),
            _tem(),
            "enumerated",
            inputs=pair,
            means=METRIC,
            note="scores are scaled by epsilon / 2",
        ),
    ]


def _tem(gamma=3):
    def law(index):
        near = range(max(0, index - gamma), min(len(WORDS), index + gamma + 1))
        weights = {i: math.exp(-E * abs(i - index) / 2) for i in near}
        away = [i for i in range(len(WORDS)) if i not in near]
        weights.update({i: math.exp(-E * gamma / 2) for i in away})
        total = sum(weights.values())
        return [weights[i] / total for i in range(len(WORDS))]

    return max(abs(math.log(a / b)) for a, b in zip(law(5), law(6)))
