"""A comparison made of formulas: real shapes and sizes without a run."""

from __future__ import annotations

import math
import os
import shutil
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import pytest

from ldpaudit.comparing.results import Results
from ldpaudit.outcomes.audit_result import AuditResult
from ldpaudit.outcomes.influence import InfluenceOutcome
from ldpaudit.outcomes.parts import AttackOutcome, EpsilonBound, UtilityOutcome
from ldpaudit.outcomes.table import COLUMNS
from ldpaudit.reports import save_comparison
from ldpaudit.reports.comparison import page

if TYPE_CHECKING:
    from playwright.sync_api import Browser

EPSILONS = (0.5, 1.0, 2.0, 4.0)
PROTOCOLS = ("grr", "ss", "oue", "olh", "mss")
ADULT, ZIPF = ("adult-age", 74, 45222), ("zipf(1)", 1024, 10000)
TRIALS, ALPHA, VERDICT_ALPHA = 100_000, 0.05, 1e-4 / 60


def formulas(protocol: str, k: int, epsilon: float, n: int) -> tuple[float, float, float, int]:
    """Attack success, exact MSE, f = 0 MSE and bits."""
    e = math.exp(epsilon)
    if protocol == "grr":
        flat = (e + k - 2) / (n * (e - 1) ** 2)
        return e / (e + k - 1), flat + (k - 2) / (n * k * (e - 1)), flat, math.ceil(math.log2(k))
    if protocol in ("oue", "olh"):
        q = 1 / (e + 1)
        success = 0.5 * (1 - (1 - q) ** k) / (k * q) + 0.5 * (1 - q) ** (k - 1) / k
        flat = 4 * e / (n * (e - 1) ** 2)
        return success, flat + 1 / (n * k), flat, k if protocol == "oue" else 37
    w = max(1, round(k / (e + 1)))
    total = w * e + k - w
    p, q = w * e / total, (w * e * (w - 1) + (k - w) * w) / ((k - 1) * total)
    flat = q * (1 - q) / (n * (p - q) ** 2)
    exact = flat + (1 - p - q) / (n * k * (p - q))
    bits = math.ceil(math.log2(math.comb(k, w)))
    if protocol == "ss":
        return e / total, exact, flat, bits
    return 0.99 * e / total, 1.06 * exact, 1.06 * flat, math.ceil(0.6 * bits)


def reach(protocol: str, k: int, epsilon: float) -> InfluenceOutcome:
    """Influence of the worst value; of mss about what it is beside ss."""
    e = math.exp(epsilon)
    if protocol == "grr":
        return InfluenceOutcome(1 + (k - 1) / (e - 1), 1 + (k - 1) / (e - 1))
    if protocol in ("oue", "olh"):
        return InfluenceOutcome(2 * e / (e - 1), 2 * e / (e - 1))
    w = max(1, round(k / (e + 1)))
    total = w * e + k - w
    p, q = w * e / total, (w * e * (w - 1) + (k - w) * w) / ((k - 1) * total)
    worst = (1 - q) / (p - q)
    return (
        InfluenceOutcome(worst, worst)
        if protocol == "ss"
        else InfluenceOutcome(2.8 * worst, 1.9 * worst)
    )


def audited(
    protocol: str, epsilon: float, data: tuple[str, int, int] = ADULT, seed: int = 0
) -> AuditResult:
    """What an audit of this cell would look like."""
    name, k, n = data
    rng = np.random.default_rng([seed, k, n, round(100 * epsilon), *protocol.encode()])
    success, mse, flat, bits = formulas(protocol, k, epsilon, n)

    def attack(label: str, truth: float, exact: float | None) -> AttackOutcome:
        hits = int(rng.binomial(TRIALS, truth))
        half = 1.96 * math.sqrt(max(hits, 4)) / TRIALS
        rate = hits / TRIALS
        ends = (rate - half, rate + half)
        best = label == "bayes"
        return AttackOutcome(label, hits, TRIALS, *ends, exact, 1 / k, optimal=best)

    def bound(alpha: float, gap: float) -> EpsilonBound:
        value = epsilon * (1 - gap * math.sqrt(-math.log(alpha)) * rng.uniform(0.8, 1.2))
        event = f"input 0 supported, input 1 not ({protocol})"
        return EpsilonBound(value, "posterior-odds", "exact", alpha, 2 * TRIALS, event, "nothing")

    noise = rng.normal(1, 0.03)
    gap = 0.02 if protocol == "grr" else 0.006
    return AuditResult(
        mechanism=protocol,
        parameters={"k": k, "epsilon": epsilon},
        k=k,
        claimed_epsilon=epsilon,
        claimed_delta=0.0,
        exact_epsilon=epsilon,
        bound=bound(ALPHA, gap),
        verdict_bound=bound(VERDICT_ALPHA, gap),
        attacks=(
            AttackOutcome("blind", 0, 0, None, None, 1 / k, 1 / k, optimal=False),
            attack("single-guess", 0.9 * success, None),
            attack("bayes", success, success),
        ),
        published_success=0.7 * success if protocol == "mss" else None,
        mse=UtilityOutcome(
            mse * noise, mse * (noise - 0.08), mse * (noise + 0.08), mse, flat, n, 5, name
        ),
        bits=bits,
        influence=reach(protocol, k, epsilon),
        alpha=ALPHA,
        seed=seed,
        version="0.1.0",
        seconds=0.5,
    )


def comparison(
    protocols: Sequence[str] = PROTOCOLS,
    epsilons: Sequence[float] = EPSILONS,
    data: Sequence[tuple[str, int, int]] = (ADULT, ZIPF),
) -> Results:
    """A comparison of every protocol at every epsilon on every data set."""
    rows = [
        row
        for where in data
        for protocol in protocols
        for epsilon in epsilons
        for row in audited(protocol, epsilon, where).rows()
    ]
    provenance: dict[str, Any] = {
        "study": {"name": "default", "trials": TRIALS},
        "study_toml": 'name = "default"\ntrials = 100000\n',
        "seed": 0,
        "versions": {"ldpaudit": "0.1.0", "numpy": "2.4.6", "platform": "Linux x86_64"},
        "notices": ["Adult: Becker & Kohavi (1996), UCI Machine Learning Repository, CC BY 4.0."],
        "alpha": ALPHA,
        "created": "2025-11-24T02:00:00+00:00",
        "command": "ldpaudit compare --study default --out report",
    }
    timings = pd.DataFrame({"cell": ["a", "b"], "seconds": [0.25, 1.5]})
    return Results(pd.DataFrame(rows, columns=list(COLUMNS)), provenance, timings)


@pytest.fixture(scope="session")
def make() -> Callable[..., Results]:
    """Build a comparison: make(protocols=..., epsilons=..., data=...)."""
    return comparison


@pytest.fixture(scope="session")
def audit_of() -> Callable[..., AuditResult]:
    """Build one audit: audit_of(protocol, epsilon)."""
    return audited


@pytest.fixture(scope="session")
def default() -> Results:
    """The default comparison: five protocols, four epsilons, two data sets."""
    return comparison()


@pytest.fixture(scope="session")
def written(default: Results, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The page of the default comparison as a file."""
    path = tmp_path_factory.mktemp("written") / "report.html"
    path.write_bytes(page(default))
    return path


@pytest.fixture(scope="session")
def small() -> Results:
    """Two protocols at two epsilons on one data set."""
    return comparison(("ss", "mss"), (1.0, 2.0), (ADULT,))


@pytest.fixture(scope="session")
def saved(small: Results, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder, made on the way, with everything that the small comparison leaves on disk."""
    folder = tmp_path_factory.mktemp("saved") / "new" / "report"
    save_comparison(small, folder)
    return folder


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """Headless Chromium of the system; without one the tests skip, or fail where it is a must."""
    names = ("chromium", "chromium-browser", "google-chrome", "chrome")
    found = os.environ.get("LDPAUDIT_CHROMIUM") or next(
        filter(None, map(shutil.which, names)), None
    )
    if found is None:
        message = "no Chromium here: install one, or name it in LDPAUDIT_CHROMIUM"
        if os.environ.get("LDPAUDIT_BROWSER") == "required":
            pytest.fail(message)
        pytest.skip(message)
    from playwright.sync_api import sync_playwright

    # As root in a container there is no sandbox; nothing here may reach a network.
    quiet = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run"]
    quiet += [f"--disable-{part}" for part in ("background-networking", "component-update", "sync")]
    with sync_playwright() as driver:
        running = driver.chromium.launch(executable_path=found, args=quiet)
        yield running
        running.close()
