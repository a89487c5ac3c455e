"""What runs in the peers' environment: reads a task a line, answers its processor seconds.

Clients are called one user at a time, as their own examples do; the numbers
that come before a client is warm (numba compiles some) are not in the figure.
"""

from __future__ import annotations

import json
import random
import sys
import time
import warnings
from collections.abc import Callable
from functools import lru_cache
from typing import Any

warnings.simplefilter("ignore")

import numpy as np  # noqa: E402
from multi_freq_ldpy.pure_frequency_oracles import GRR, HE, LH, SS, UE  # noqa: E402
from peer_events import run_audits  # noqa: E402
from pure_ldp import frequency_oracles as pure  # noqa: E402

EPSILON = 1.0
Client = Callable[[int], Any]
Server = Callable[[list[Any]], Any]


def multi_freq_client(protocol: str, k: int) -> Client | None:
    clients: dict[str, Client] = {
        "grr": lambda value: GRR.GRR_Client(value, k, EPSILON),
        "sue": lambda value: UE.UE_Client(value, k, EPSILON, False),
        "oue": lambda value: UE.UE_Client(value, k, EPSILON, True),
        "blh": lambda value: LH.LH_Client(value, k, EPSILON, False),
        "olh": lambda value: LH.LH_Client(value, k, EPSILON, True),
        # One client for both: the server compares the noisy vector with the threshold.
        "she": lambda value: HE.HE_Client(value, k, EPSILON),
        "the": lambda value: HE.HE_Client(value, k, EPSILON),
        "ss": lambda value: SS.SS_Client(value, k, EPSILON),
    }
    return clients.get(protocol)


def multi_freq_server(protocol: str, k: int) -> Server | None:
    servers: dict[str, Server] = {
        "grr": lambda reports: GRR.GRR_Aggregator_MI(reports, k, EPSILON),
        "oue": lambda reports: UE.UE_Aggregator_MI(reports, EPSILON, True),
        "olh": lambda reports: LH.LH_Aggregator_MI(reports, k, EPSILON, True),
        "ss": lambda reports: SS.SS_Aggregator_MI(reports, k, EPSILON),
    }
    return servers.get(protocol)


def pure_client(protocol: str, k: int) -> Client | None:
    def itself(value: int) -> int:
        return value

    makers: dict[str, Callable[[], Any]] = {
        "grr": lambda: pure.DEClient(EPSILON, k, index_mapper=itself),
        "sue": lambda: pure.UEClient(EPSILON, k, index_mapper=itself),
        "oue": lambda: pure.UEClient(EPSILON, k, use_oue=True, index_mapper=itself),
        "blh": lambda: pure.LHClient(EPSILON, k, g=2, index_mapper=itself),
        "olh": lambda: pure.LHClient(EPSILON, k, use_olh=True, index_mapper=itself),
        "she": lambda: pure.HEClient(EPSILON, k, index_mapper=itself),
        "the": lambda: pure.HEClient(EPSILON, k, index_mapper=itself),
    }
    if protocol not in makers:
        return None
    client: Client = makers[protocol]().privatise
    return client


CLIENTS = {"multi-freq-ldpy": multi_freq_client, "pure-ldp": pure_client}


@lru_cache(maxsize=1)
def warm_client(package: str, protocol: str, k: int) -> Client | None:
    """The client after a few reports: what numba compiles, it has."""
    client = CLIENTS[package](protocol, k)
    for value in range(min(k, 20) if client else 0):
        client(value)  # type: ignore[misc]
    return client


def users(k: int, many: int) -> list[int]:
    values: list[int] = np.random.default_rng(1).integers(0, k, many).tolist()
    return values


@lru_cache(maxsize=1)
def reports_of(protocol: str, k: int, many: int) -> list[Any]:
    """Reports of multi-freq-ldpy's clients."""
    client = multi_freq_client(protocol, k)
    if client is None:
        raise ValueError(f"multi-freq-ldpy has no {protocol}.")
    return [client(value) for value in users(k, many)]


def run_clients(package: str, protocol: str, k: int, many: int) -> float | None:
    client = warm_client(package, protocol, k)
    if client is None:
        return None
    values = users(k, many)
    start = time.process_time()
    for value in values:
        client(value)
    return time.process_time() - start


def run_servers(package: str, protocol: str, k: int, many: int) -> float | None:
    server = multi_freq_server(protocol, k) if package == "multi-freq-ldpy" else None
    if server is None:
        return None
    reports = reports_of(protocol, k, many)
    server(reports[:20])
    start = time.process_time()
    server(reports)
    return time.process_time() - start


WORK = {"clients": run_clients, "servers": run_servers, "audits": run_audits}

if __name__ == "__main__":
    random.seed(2)
    np.random.seed(2)  # noqa: NPY002 - the peers draw from it
    for line in sys.stdin:
        task = json.loads(line)
        run = WORK[task["work"]]
        spent = run(task["package"], task["protocol"], task["k"], task["reports"])
        print(json.dumps(spent), flush=True)
