"""ldp-hierarchical-mechanism: one report per level of a tree of intervals."""

import math

import numpy as np
from common import Mechanism

PACKAGE = "ldp-hierarchical-mechanism==0.1.3"
REQUIRES = ["numpy==1.26.4", "scipy==1.13.1", "scikit-learn==1.6.1", "statsmodels==0.14.4",
            "pandas==2.2.3",
            "pure-ldp==1.2.0", "tqdm==4.67.1", "bitarray==2.9.2", "xxhash==3.5.0"]  # fmt: skip
ALONE = ["ldp-hierarchical-mechanism==0.1.3"]

E = 0.5
LEVELS = "epsilon is of one level; its get_privacy() gives the sum of the levels, the claim here"
FIRST = (
    "intervals are numbered from 0 and the clients count from 1: the first one of a level is sent "
    "as -1, which nobody in another interval ever sends"
)


class _Collector:
    """A server that keeps what it is sent."""

    def __init__(self):
        self.sent = []

    def aggregate(self, report):
        self.sent.append(report)


def mechanisms():
    from hierarchical_mechanism_LDP.mechanism import Private_TreeBary
    from xxhash import xxh32_intdigest

    def draw(protocol):
        tree = Private_TreeBary(16, 4, E, protocol=protocol)
        clients, sizes = tree.clients, [4**level for level in range(1, tree.depth)]
        buckets = round(np.exp(E)) + 1

        def client(value):
            tree.clients, tree.servers = clients, [_Collector() for _ in clients]
            tree.update_tree(np.array([value]))
            report = []
            for server, size in zip(tree.servers, sizes):
                (sent,) = server.sent
                if protocol == "local_hashing":
                    sent = [
                        int(xxh32_intdigest(str(v), sent[1]) % buckets == sent[0])
                        for v in range(-1, size)
                    ]
                report += list(np.ravel(sent).tolist())
            return report

        return client, tree.get_privacy()

    found = []
    for protocol in ("unary_encoding", "direct_encoding", "local_hashing"):
        client, claim = draw(protocol)
        direct = protocol == "direct_encoding"
        found.append(
            Mechanism(
                f"tree of 16 leaves, {protocol}",
                claim,
                client,
                math.inf if direct else claim,
                "derived",
                inputs=(0, 15),
                means=LEVELS,
                note=FIRST if direct else "",
            )
        )
    return found
