"""How a study grows: in users, values, cells and workers. `python benchmarks/scale.py`."""

from __future__ import annotations

import os
import time
from typing import Any

from ldpaudit.comparing.grid import compare

BASE: dict[str, Any] = {
    "name": "scale",
    "protocols": ["grr", "ss", "oue", "mss"],
    "epsilons": [1.0],
    "data": [{"name": "zipf", "k": 100, "num_users": 10_000}],
    "attacks": ["bayes"],
    "trials": 20_000,
    "repetitions": 3,
}
EPSILONS = [0.25 * step for step in range(1, 25)]


def timed(study: dict[str, Any], **options: Any) -> float:
    started = time.perf_counter()
    results = compare(study, **options)
    took = time.perf_counter() - started
    if "failed" in set(results.frame["status"]):
        raise RuntimeError(f"a cell failed with {options}")
    return took


def main() -> None:
    print(f"{os.cpu_count()} cores, load {os.getloadavg()[0]:.1f} before the start")
    timed(BASE)  # imports
    for users in (10**4, 10**5, 10**6, 10**8, 10**9):
        data = [{"name": "zipf", "k": 100, "num_users": users}]
        print(f"users {users:>13,}: {timed(BASE | {'data': data}):7.2f} s for 4 cells", flush=True)
    for k in (10, 100, 1000, 10_000):
        data = [{"name": "zipf", "k": k, "num_users": 10_000}]
        print(f"k {k:>17,}: {timed(BASE | {'data': data}):7.2f} s for 4 cells", flush=True)
    for count in (6, 12, 24):
        took = timed(BASE | {"epsilons": EPSILONS[:count]})
        print(f"cells {4 * count:>13,}: {took:7.2f} s", flush=True)
    equal = BASE | {"protocols": ["oue"], "epsilons": EPSILONS, "trials": 4_000_000}
    for backend in ("loky", "dask"):
        one, two = (timed(equal, jobs=jobs, backend=backend) for jobs in (1, 2))
        print(f"24 equal cells, {backend}: {one:6.2f} s by one worker, {two:6.2f} s by two: "
              f"{one / two:.2f} times", flush=True)  # fmt: skip
    big = equal | {"epsilons": [1.0], "trials": 60_000_000}
    for backend in ("loky", "dask"):
        one, two = (timed(big, jobs=jobs, backend=backend) for jobs in (1, 2))
        print(f"one cell of 1.2e8 reports, {backend}: {one:6.2f} s by one worker, {two:6.2f} s "
              f"by two: {one / two:.2f} times", flush=True)  # fmt: skip


if __name__ == "__main__":
    main()
