"""The way LDP-Auditor audits, in the peers' environment: report by report, the published event.

A stand-in, for that tool is in no package index: its public code draws every
report by a call of multi-freq-ldpy's client, lets an attack that numba compiles
(for local hashing, a loop in Python over all values) name one value of the
report's support, and counts how often that is the first input. The same is done
here in our own words, on one process; the tool shares trials among its workers.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from functools import lru_cache
from typing import Any

import numba
import numpy as np
import xxhash
from multi_freq_ldpy.pure_frequency_oracles import GRR, HE, LH, SS, UE

EPSILON = 1.0
THRESHOLD = 0.61855  # of the at epsilon = 1, as ThresholdingHistogramEncoding.theta
Trial = Callable[[int], int]


@numba.njit
def of_set(values: np.ndarray) -> int:
    return np.random.choice(values)  # noqa: NPY002 - numba's own stream


@numba.njit
def of_support(entries: np.ndarray, bar: float) -> int:
    values = np.where(entries > bar)[0]
    if len(values) == 0:
        return np.random.randint(entries.size)  # noqa: NPY002
    return np.random.choice(values)  # noqa: NPY002


@numba.njit
def of_noise(noisy: np.ndarray, epsilon: float) -> int:
    """The value of largest likelihood, found as published: k entries for each of k values."""
    likelihood = np.zeros(noisy.size)
    for value in range(noisy.size):
        one_hot = np.zeros(noisy.size)
        one_hot[value] = 1
        likelihood[value] = np.prod(np.exp(-np.abs(noisy - one_hot) * epsilon / 2))
    posterior = likelihood / np.sum(likelihood)
    return np.random.choice(np.where(posterior == np.max(posterior))[0])  # noqa: NPY002


def of_hash(report: tuple[int, int], k: int, buckets: int) -> int:
    bucket, seed = report
    values = [
        v for v in range(k) if xxhash.xxh32(str(v), seed=seed).intdigest() % buckets == bucket
    ]
    return int(np.random.choice(values)) if values else int(np.random.randint(k))  # noqa: NPY002


def trial_of(protocol: str, k: int) -> Trial | None:
    """From an input to the guess at one report of it."""
    olh = round(np.exp(EPSILON)) + 1
    trials: dict[str, Callable[[int], Any]] = {
        "grr": lambda value: GRR.GRR_Client(value, k, EPSILON),
        "ss": lambda value: of_set(SS.SS_Client(value, k, EPSILON)),
        "sue": lambda value: of_support(UE.UE_Client(value, k, EPSILON, False), 0.5),
        "oue": lambda value: of_support(UE.UE_Client(value, k, EPSILON, True), 0.5),
        "the": lambda value: of_support(HE.HE_Client(value, k, EPSILON), THRESHOLD),
        "she": lambda value: of_noise(HE.HE_Client(value, k, EPSILON), EPSILON),
        "blh": lambda value: of_hash(LH.LH_Client(value, k, EPSILON, False), k, 2),
        "olh": lambda value: of_hash(LH.LH_Client(value, k, EPSILON, True), k, olh),
    }
    return trials.get(protocol)


@lru_cache(maxsize=1)
def warm_trial(protocol: str, k: int) -> Trial | None:
    """A trial after a few, so that what numba compiles is compiled."""
    trial = trial_of(protocol, k)
    for _ in range(20 if trial else 0):
        trial(0)  # type: ignore[misc]
    return trial


def run_audits(package: str, protocol: str, k: int, many: int) -> float | None:
    """Processor seconds of so many trials, half of each of the inputs 0 and k - 1."""
    trial = warm_trial(protocol, k) if package == "multi-freq-ldpy" else None
    if trial is None:
        return None
    start = time.process_time()
    for value in (0, k - 1):
        hits = 0
        for _ in range(many // 2):
            hits += trial(value) == 0
    return time.process_time() - start
