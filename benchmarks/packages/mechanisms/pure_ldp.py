"""pure-ldp: frequency oracles, each client with its server."""

import math

import numpy as np
from common import DOUBLES, Mechanism, two_level, unary

PACKAGE = "pure-ldp==1.2.0"
REQUIRES = [
    "pure-ldp==1.2.0", "numpy==1.26.4", "scipy==1.13.1", "scikit-learn==1.5.2",
    "bitarray==2.9.2", "xxhash==3.5.0", "statsmodels==0.14.4", "pandas==2.2.3",
]  # fmt: skip

K, E = 8, 1.0


def _server(server):
    """Estimated shares of a collection from a server that is emptied before."""

    def estimate(reports):
        server.reset()
        for report in reports:
            server.aggregate(report)
        return [server.estimate(v, suppress_warnings=True) / len(reports) for v in range(K)]

    return estimate


def mechanisms():
    import pure_ldp.frequency_oracles as fo
    from pure_ldp.frequency_oracles.priv_count_sketch.pcs_client import PCSClient
    from pure_ldp.frequency_oracles.priv_count_sketch.pcs_server import PCSServer
    from xxhash import xxh32_intdigest

    e, s = math.exp(E), math.exp(E / 2)
    p_grr = e / (e + K - 1)
    found = [
        Mechanism(
            "DE",
            E,
            fo.DEClient(E, K, index_mapper=int).privatise,
            two_level(p_grr, (1 - p_grr) / (K - 1)),
            "derived",
            server=_server(fo.DEServer(E, K, index_mapper=int)),
            k=K,
        ),
        Mechanism(
            "SUE",
            E,
            fo.UEClient(E, K, index_mapper=int).privatise,
            unary(s / (s + 1), 1 / (s + 1)),
            "derived",
            server=_server(fo.UEServer(E, K, index_mapper=int)),
            k=K,
        ),
        Mechanism(
            "OUE",
            E,
            fo.UEClient(E, K, use_oue=True, index_mapper=int).privatise,
            unary(0.5, 1 / (e + 1)),
            "derived",
            server=_server(fo.UEServer(E, K, use_oue=True, index_mapper=int)),
            k=K,
        ),
        Mechanism(
            "HE",
            E,
            fo.HEClient(E, K, index_mapper=int).privatise,
            E,
            "real numbers",
            means=DOUBLES,
            server=_server(fo.HEServer(E, K, index_mapper=int)),
            k=K,
        ),
    ]

    def supported(client, buckets):
        def draw(value):
            bucket, seed = client.privatise(value)
            return [int(xxh32_intdigest(str(v), seed) % buckets == bucket) for v in range(K)]

        return draw

    found += [
        Mechanism("BLH", E, supported(fo.LHClient(E, K, index_mapper=int), 2), E, "derived"),
        Mechanism(
            "OLH",
            E,
            supported(fo.LHClient(E, K, use_olh=True, index_mapper=int), round(e) + 1),
            E,
            "derived",
        ),
    ]
    hr_server = fo.HadamardResponseServer(E, K, index_mapper=int)
    hr = fo.HadamardResponseClient(E, K, hash_funcs=hr_server.get_hash_funcs(), index_mapper=int)
    found.append(Mechanism("HR", E, hr.privatise, E, "derived", server=_server(hr_server), k=K))
    hm = fo.HadamardMechClient(E, K, t=1, index_mapper=int)
    found.append(
        Mechanism(
            "HM, t = 1",
            E,
            lambda v: list(hm.privatise(v)),
            E,
            "derived",
            note="the report is a list where it is true and a zip where it is not; listed here",
        )
    )
    for hadamard, name in ((False, "CMS"), (True, "HCMS")):
        np.random.seed(11)
        server = fo.CMSServer(E, 4, 16, is_hadamard=hadamard, index_mapper=int)
        client = fo.CMSClient(E, server.get_hash_funcs(), 16, is_hadamard=hadamard)
        hashes = server.get_hash_funcs()
        differ = any(h("0") != h("1") for h in hashes)

        def draw(value, client=client, hadamard=hadamard):
            report = client.privatise(value)
            return list(map(int, report)) if hadamard else [*map(int, report[0]), int(report[1])]

        found.append(
            Mechanism(f"{name}, 4 hashes, m = 16", E, draw, E if differ else 0.0, "derived")
        )
    server = PCSServer(E, 4, 16)
    pcs = PCSClient(E, 4, 16, server.get_hash_funcs())
    found.append(
        Mechanism(
            "PCS, 4 hashes, w = 16",
            E,
            lambda v: [*map(int, (report := pcs.privatise(v))[0]), int(report[1])],
            E,
            "derived",
        )
    )
    rappor = fo.RAPPORClient(0.5, K, [[int]], num_of_cohorts=1, index_mapper=int)
    rappor.update_params(f=rappor.convert_eps_to_f(E), hash_funcs=[[int]])
    found.append(
        Mechanism(
            "RAPPOR, one hash, one cohort",
            E,
            lambda v: rappor.privatise(v)[0],
            math.inf,
            "derived",
            note="bits are set at random and never unset: the own bit is always 1",
        )
    )
    return found
