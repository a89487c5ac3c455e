"""privadjust: Apple's count mean sketch and its Hadamard form."""

import contextlib
import io
import random

import numpy as np
from common import Mechanism

PACKAGE = "privadjust==1.0.13"
REQUIRES = ["privadjust==1.0.13", "numpy==2.2.6", "pandas==2.2.3"]

K, E = 4, 1.0
SCALE = "the client flips with epsilon, the server debiases with epsilon / 2"


def mechanisms():
    from privadjust.count_mean.private_cms_client import privateCMSClient
    from privadjust.hadamard_count_mean.private_hcms_client import privateHCMSClient

    return sketches(privateCMSClient, privateHCMSClient)


def sketches(cms_class, hcms_class):
    """Both sketches of a package that has these classes."""
    import pandas as pd

    random.seed(4)
    values = pd.DataFrame({"value": list(range(1, K + 1))})
    cms, hcms = cms_class(E, 8, 16, values), hcms_class(E, 8, 16, values)

    def server(made):
        def estimate(reports):
            made.M, made.N = np.zeros((8, 16)), len(reports)
            with contextlib.redirect_stdout(io.StringIO()):
                found = made.server_simulator([_as_sent(report) for report in reports])
            found = found[0] if isinstance(found, tuple) else found
            return [found[v] / len(reports) for v in range(1, K + 1)]

        return estimate

    def from_zero(client):
        return lambda v: client(v + 1)

    def flat(v):
        bits, j = cms.client(v + 1)
        cms.client_matrix.clear()
        return [*bits.tolist(), j]

    hashes = "with one draw of the hash functions, whose collisions count as bias"
    return [
        Mechanism("CMS", E, flat, E, "derived", server=server(cms), k=K, note=hashes),
        Mechanism(
            "HCMS", E, from_zero(hcms.client), E, "derived", server=server(hcms), k=K, note=SCALE
        ),
    ]


def _as_sent(report):
    """The client's own form of a report."""
    return (np.array(report[:-1]), report[-1]) if len(report) > 3 else tuple(report)
