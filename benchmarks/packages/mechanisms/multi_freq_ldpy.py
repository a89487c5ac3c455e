"""multi-freq-ldpy: one report of one value, of a record, and of two chained rounds."""

import math

import numpy as np
from common import DOUBLES, Mechanism, subset, two_level, unary

PACKAGE = "multi-freq-ldpy==0.2.5"
REQUIRES = [
    "wheel",
    "setuptools<81",
    "numpy==1.26.4",
    "numba==0.60.0",
    "scipy==1.13.1",
    "xxhash==3.5.0",
]
ALONE = ["multi-freq-ldpy==0.2.5"]  # its metadata need wheel, which builds in isolation lack

K, E = 8, 1.0
LISTS = [4, 3]
CLIPPED = "negative estimates are set to 0 and the rest rescaled to sum to 1, which its text says"

FAKE = "records that differ in one attribute: 1.044 at these sizes with GRR"


def _supported(draw, buckets):
    from xxhash import xxh32

    def client(value):
        bucket, seed = draw(value)
        return [int(xxh32(str(v), seed=seed).intdigest() % buckets == bucket) for v in range(K)]

    return client


def mechanisms():
    from multi_freq_ldpy.long_freq_est.dBitFlipPM import (
        dBitFlipPM_Aggregator_MI,
        dBitFlipPM_Client,
    )
    from multi_freq_ldpy.long_freq_est.L_GRR import L_GRR_Aggregator_MI, L_GRR_Client
    from multi_freq_ldpy.long_freq_est.L_OSUE import L_OSUE_Aggregator_MI, L_OSUE_Client
    from multi_freq_ldpy.long_freq_est.L_OUE import L_OUE_Aggregator_MI, L_OUE_Client
    from multi_freq_ldpy.long_freq_est.L_SOUE import L_SOUE_Aggregator_MI, L_SOUE_Client
    from multi_freq_ldpy.long_freq_est.L_SUE import L_SUE_Aggregator_MI, L_SUE_Client
    from multi_freq_ldpy.mdim_freq_est import RSpFD_solution as rsfd
    from multi_freq_ldpy.mdim_freq_est import SMP_solution as smp
    from multi_freq_ldpy.mdim_freq_est import SPL_solution as spl
    from multi_freq_ldpy.pure_frequency_oracles.ADP import ADP_Aggregator_MI, ADP_Client
    from multi_freq_ldpy.pure_frequency_oracles.GRR import GRR_Aggregator_MI, GRR_Client
    from multi_freq_ldpy.pure_frequency_oracles.HE import HE_Aggregator_MI, HE_Client
    from multi_freq_ldpy.pure_frequency_oracles.LH import LH_Client
    from multi_freq_ldpy.pure_frequency_oracles.SS import SS_Aggregator_MI, SS_Client
    from multi_freq_ldpy.pure_frequency_oracles.UE import UE_Aggregator_MI, UE_Client

    e = math.exp(E)
    s = math.exp(E / 2)
    p_grr = e / (e + K - 1)
    omega = max(1, round(K / (e + 1)))
    p_ss = omega * e / (omega * e + K - omega)
    found = [
        Mechanism(
            "GRR",
            E,
            lambda v: GRR_Client(v, K, E),
            two_level(p_grr, (1 - p_grr) / (K - 1)),
            "derived",
            server=lambda r: GRR_Aggregator_MI(r, K, E),
            k=K,
            note=CLIPPED,
        ),
        Mechanism(
            "SUE",
            E,
            lambda v: UE_Client(v, K, E, False),
            unary(s / (s + 1), 1 / (s + 1)),
            "derived",
            server=lambda r: UE_Aggregator_MI(r, E, False),
            k=K,
            note=CLIPPED,
        ),
        Mechanism(
            "OUE",
            E,
            lambda v: UE_Client(v, K, E, True),
            unary(0.5, 1 / (e + 1)),
            "derived",
            server=lambda r: UE_Aggregator_MI(r, E, True),
            k=K,
            note=CLIPPED,
        ),
        Mechanism(
            "SS",
            E,
            lambda v: SS_Client(v, K, E),
            math.inf,
            "derived",
            server=lambda r: SS_Aggregator_MI(r, K, E),
            k=K,
            note="the own value, where it is in the subset, is written first; " + CLIPPED,
        ),
        Mechanism(
            "SS, reports sorted",
            E,
            lambda v: sorted(SS_Client(v, K, E)),
            subset(p_ss, omega, K),
            "derived",
        ),
        Mechanism(
            "HE",
            E,
            lambda v: HE_Client(v, K, E),
            E,
            "real numbers",
            means=DOUBLES,
            server=lambda r: HE_Aggregator_MI(np.array(r), K, E, False),
            k=K,
            note=CLIPPED,
        ),
        Mechanism("BLH", E, _supported(lambda v: LH_Client(v, K, E, False), 2), E, "derived"),
        Mechanism(
            "OLH", E, _supported(lambda v: LH_Client(v, K, E, True), round(e) + 1), E, "derived"
        ),
        Mechanism(
            "ADP",
            E,
            lambda v: ADP_Client(v, K, E),
            E,
            "derived",
            server=lambda r: ADP_Aggregator_MI(r, K, E),
            k=K,
            note=CLIPPED,
        ),
    ]
    chains = "one report of a fresh first round, claimed epsilon_1; epsilon_perm is 2"
    for name, draw, estimate in (
        ("L-GRR", L_GRR_Client, lambda r: L_GRR_Aggregator_MI(r, K, 2.0, E)),
        ("L-SUE", L_SUE_Client, lambda r: L_SUE_Aggregator_MI(r, 2.0, E)),
        ("L-OUE", L_OUE_Client, lambda r: L_OUE_Aggregator_MI(r, 2.0, E)),
        ("L-OSUE", L_OSUE_Client, lambda r: L_OSUE_Aggregator_MI(r, 2.0, E)),
        ("L-SOUE", L_SOUE_Client, lambda r: L_SOUE_Aggregator_MI(r, 2.0, E)),
    ):
        real, known = (_two_rounds(2.0, E), "enumerated") if name == "L-GRR" else (E, "derived")
        found.append(
            Mechanism(
                name,
                E,
                lambda v, draw=draw: draw(v, K, 2.0, E),
                real,
                known,
                server=estimate,
                k=K,
                means=chains,
                note=CLIPPED,
            )
        )
    found.append(
        Mechanism(
            "dBitFlipPM, d = 2",
            E,
            lambda v: dBitFlipPM_Client(v, K, K, 2, E),
            E,
            "derived",
            server=lambda r: dBitFlipPM_Aggregator_MI(r, K, 2, E),
            k=K,
            note=CLIPPED,
        )
    )
    record = "a record of two attributes, both changed"
    ends = ((0, 0), (1, 1))
    amplified = math.log(2 * (e - 1) + 1)
    # Both attributes change: one is sampled, the other faked; enumerate the reports of a user.
    p1 = [math.exp(amplified) / (math.exp(amplified) + k - 1) for k in LISTS]
    q1 = [(1 - p) / (k - 1) for p, k in zip(p1, LISTS)]

    def law(record_, y):
        one = (p1[0] if y[0] == record_[0] else q1[0]) / LISTS[1]
        two = (p1[1] if y[1] == record_[1] else q1[1]) / LISTS[0]
        return (one + two) / 2

    reports = [(a, b) for a in range(LISTS[0]) for b in range(LISTS[1])]
    rs_fd = max(math.log(law(ends[0], y) / law(ends[1], y)) for y in reports)
    found += [
        Mechanism(
            "SPL[GRR]",
            E,
            lambda v: spl.SPL_GRR_Client(v, LISTS, 2, E),
            E,
            "derived",
            inputs=ends,
            means=record,
        ),
        Mechanism(
            "SPL[OUE]",
            E,
            lambda v: np.concatenate(spl.SPL_UE_Client(v, LISTS, 2, E)),
            E,
            "derived",
            inputs=ends,
            means=record,
        ),
        Mechanism(
            "SMP[GRR]",
            E,
            lambda v: smp.SMP_GRR_Client(v, LISTS, 2, E),
            E,
            "derived",
            inputs=ends,
            means=record,
        ),
        Mechanism(
            "RS+FD[GRR]",
            E,
            lambda v: rsfd.RSpFD_GRR_Client(v, LISTS, 2, E),
            rs_fd,
            "enumerated",
            inputs=ends,
            means=record,
            note=FAKE,
        ),
        Mechanism(
            "RS+FD[OUE-z]",
            E,
            lambda v: np.concatenate(rsfd.RSpFD_UE_zero_Client(v, LISTS, 2, E)),
            _zeros(amplified),
            "enumerated",
            inputs=ends,
            means=record,
            note=FAKE,
        ),
    ]
    return found


def _two_rounds(forever, once):
    """Both rounds of L-GRR with its own second round, which has more noise than it needs."""
    e = math.exp(once)
    p1 = math.exp(forever) / (math.exp(forever) + K - 1)
    q1 = (1 - p1) / (K - 1)
    p2 = (q1 - e * p1) / (-p1 * e + K * q1 * e - q1 * e - p1 * (K - 1) + q1)
    q2 = (1 - p2) / (K - 1)
    own, other = p1 * p2 + (K - 1) * q1 * q2, p1 * q2 + q1 * p2 + (K - 2) * q1 * q2
    return math.log(own / other)


def _zeros(amplified):
    """RS+FD with bits of which all are 0 for the attributes that are not sampled."""
    p, q = 0.5, 1 / (math.exp(amplified) + 1)

    def law(record, bits):
        total, start = 0.0, 0
        for k, value in zip(LISTS, record):
            probability = 1.0
            for place, bit in enumerate(bits):
                one = p if place == start + value else q
                probability *= one if bit else 1 - one
            total += probability / len(LISTS)
            start += k
        return total

    size = sum(LISTS)
    every = [[(code >> place) & 1 for place in range(size)] for code in range(2**size)]
    return max(math.log(law((0, 0), bits) / law((1, 1), bits)) for bits in every)
