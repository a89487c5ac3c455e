"""eeprivacy: noise on one meter's reading, and a clamped sum of one."""

from common import DOUBLES, Mechanism, gaussian

PACKAGE = "eeprivacy==0.0.5"
REQUIRES = ["eeprivacy==0.0.5", "numpy==1.26.4", "scipy==1.13.1", "pandas==2.2.3"]

E, D = 1.0, 1e-3
LOCAL = "a central library: here the data set is one person, whose value ranges over [0, 1]"
NOISY = "the classical constant has more noise than its (epsilon, delta) needs"


def mechanisms():
    from eeprivacy.mechanisms import GaussianMechanism, LaplaceMechanism
    from eeprivacy.operations import PrivateClampedSum

    one = {"epsilon": E, "sensitivity": 1.0}
    scale = GaussianMechanism.scale(delta=D, **one)
    total = PrivateClampedSum(lower_bound=0.0, upper_bound=1.0)
    ends = (0.0, 1.0)
    return [
        Mechanism(
            "Laplace",
            E,
            lambda v: LaplaceMechanism.execute(value=v, **one),
            E,
            "real numbers",
            inputs=ends,
            means=LOCAL,
            note=DOUBLES,
        ),
        Mechanism(
            "Gaussian",
            E,
            lambda v: GaussianMechanism.execute(value=v, delta=D, **one),
            gaussian(1 / scale, D),
            "derived",
            inputs=ends,
            delta=D,
            means=LOCAL,
            note=NOISY,
        ),
        Mechanism(
            "clamped sum",
            E,
            lambda v: total.execute(values=[v], epsilon=E),
            E,
            "real numbers",
            inputs=ends,
            means=LOCAL,
            note=DOUBLES,
        ),
    ]
