"""GeoPrivacy: planar Laplace noise."""

from common import Mechanism

PACKAGE = "geoprivacy==0.0.4"
REQUIRES = ["geoprivacy==0.0.4", "numpy==1.26.4", "scipy==1.13.1"]

E = 1.0


def mechanisms():
    from GeoPrivacy.mechanism import random_laplace_noise

    def moved(value):
        east, north = random_laplace_noise(E)
        return [value + east, north]

    return [
        Mechanism(
            "planar Laplace",
            E,
            moved,
            E,
            "real numbers",
            inputs=(0.0, 1.0),
            means="epsilon times the distance of two positions, here of distance 1",
        )
    ]
