"""mldp-text: words replaced by words, in an embedding of four words at the corners of a square."""

import math

import numpy as np
from common import Mechanism

PACKAGE = "mldp-text==0.1.2"
REQUIRES = ["mldp-text==0.1.2", "numpy==1.26.4", "scipy==1.12.0"]

E = 1.0
WORDS = ["ash", "elm", "fir", "oak"]
CORNERS = np.array([[0.0, 0.0], [1.0, 0.0], [0.0, 1.0], [1.0, 1.0]])
METRIC = "epsilon times the distance of two words in the embedding, here 1"


def mechanisms():
    import nltk
    from gensim.models import KeyedVectors

    nltk.download = lambda *_, **__: False  # importing the package would fetch WordNet
    from mldp_text import mechanisms as m

    def embedding(points, words):
        made = KeyedVectors(2)
        made.add_vectors(words, points.astype(np.float32))
        return made

    square = embedding(CORNERS, WORDS)
    wide = embedding(np.vstack([CORNERS, [[100.0, 100.0]]]), [*WORDS, "yew"])
    common = {"embedding_matrix": square, "dim": 2, "use_faiss": False, "vocab": set(WORDS)}
    scale = math.sqrt(0.2 * 4 / 3 + 0.8)  # of this square: covariance over variance is 4 / 3
    tem = {**common, "embedding_matrix": wide, "vocab": {*WORDS, "yew"}}
    pair = ("ash", "elm")
    return [
        Mechanism(
            "MultivariateCalibrated",
            E,
            m.MultivariateCalibrated(E, **common).replace_word,
            _nearest(E),
            "enumerated",
            inputs=pair,
            means=METRIC,
            note="the nearest word of a noisy vector tells less than the vector",
        ),
        Mechanism(
            "Mahalanobis",
            E / scale,
            m.Mahalanobis(E, **common).replace_word,
            _nearest(E / scale),
            "enumerated",
            inputs=pair,
            means="epsilon times a regularized Mahalanobis distance of two words",
            note="the nearest word of a noisy vector tells less than the vector",
        ),
        Mechanism(
            "Vickrey",
            E,
            m.VickreyMechanism(E, **common).replace_word,
            _vickrey(E),
            "enumerated",
            inputs=pair,
            means=METRIC,
            note="the own word is left out where it is nearest, a choice made with the truth",
        ),
        Mechanism(
            "Vickrey, epsilon 4",
            4 * E,
            m.VickreyMechanism(4 * E, **common).replace_word,
            _vickrey(4 * E),
            "enumerated",
            inputs=pair,
            means=METRIC,
            note="the own word is left out where it is nearest, a choice made with the truth",
        ),
        Mechanism(
            "TruncatedGumbel",
            E,
            m.TruncatedGumbel(
                E, max_inter_dist=math.sqrt(2), min_inter_dist=1.0, **common
            ).replace_word,
            math.inf,
            "derived",
            inputs=pair,
            means=METRIC,
            note="the own word counts as one of at most |V| - 1 neighbours, so the farthest "
            "word is never reported; and no epsilon is refused as too small for the proof",
        ),
        Mechanism(
            "TEM",
            E,
            m.TEM(E, **tem).replace_word,
            E / 2,
            "derived",
            inputs=pair,
            means=METRIC,
            note="scores are scaled by epsilon / 2, and the normalizing sums are equal here",
        ),
    ]


def _rays():
    """Points of planar noise of epsilon 1, equally likely: radius quantiles, then directions."""
    from scipy.stats import gamma

    radii = gamma.ppf((np.arange(2_000) + 0.5) / 2_000, 2)
    angles = 2 * np.pi * (np.arange(720) + 0.5) / 720
    return (radii[:, None, None] * np.stack([np.cos(angles), np.sin(angles)], -1)).reshape(-1, 2)


def _laws(epsilon, choose):
    """Laws of the reports of the first two words."""
    rays = _rays() / epsilon
    return [
        choose(np.linalg.norm(CORNERS[v] + rays[:, None] - CORNERS, axis=-1), v) for v in (0, 1)
    ]


def _nearest(epsilon):
    def choose(distances, own):
        del own
        return np.bincount(distances.argmin(axis=1), minlength=4) / len(distances)

    first, second = _laws(epsilon, choose)
    return float(np.max(np.abs(np.log(first / second))))


def _vickrey(epsilon):
    def choose(distances, own):
        order = np.argsort(distances, axis=1)
        start = (order[:, 0] == own).astype(int)
        rows = np.arange(len(order))
        one, two = order[rows, start], order[rows, start + 1]
        weight = np.exp(-distances[rows, one])  # t = [1, 0]
        share = weight / (weight + 1)
        return (np.bincount(one, share, 4) + np.bincount(two, 1 - share, 4)) / len(order)

    first, second = _laws(epsilon, choose)
    return float(np.max(np.abs(np.log(first / second))))
