"""The pytest plugin: `assert_ldp` as a fixture, and one alpha for a whole suite.

Every audit may fail a sound mechanism with some small probability. The plugin fixes the
probability that any of a suite does (``ldp_alpha`` in the configuration, or
``--ldp-alpha``; 1e-6 unless set) and divides it evenly over all audits that were collected,
before any of them runs. A test that uses the fixture is one audit; one that calls it m
times says so with ``@pytest.mark.ldp(audits=m)``. The marker also names a pair or a search
for the calls that name none: ``@pytest.mark.ldp(search="pilot")``. With ``--ldp-strict`` (or
``ldp_strict``) an audit that could not have found anything near its claim fails as well.

pytest loads this module wherever ldpaudit is installed, so nothing heavy is imported
before an audit runs.
"""

from __future__ import annotations

import hashlib
import math
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from ldpaudit.testing.power import LdpCheck

#: What is recorded of an audit in the JUnit XML: ldpaudit.verdict, and so on; of a second
#: audit ldpaudit.2.verdict.
_FIELDS = (
    "guarantee", "verdict", "epsilon_lower", "alpha", "trials", "inputs", "detectable", "power"
)  # fmt: skip
_PREFIX = "ldpaudit."


class Budget:
    """The alpha of one audit, and how many audits each test has declared."""

    def __init__(self, alpha: float, items: list[pytest.Item]) -> None:
        self.declared = {_name(item): _audits(item) for item in items}
        self.share = alpha / max(1, sum(self.declared.values()))


_BUDGET = pytest.StashKey[Budget]()


class AssertLdp:
    """`ldpaudit.testing.assert_ldp` at this audit's share of the suite's alpha.

    What the fixture ``assert_ldp`` hands to a test; its seeds come from the test's name.
    """

    def __init__(self, item: pytest.Item, budget: Budget) -> None:
        self._item, self._share = item, budget.share
        self._allowed, self._done = budget.declared.get(_name(item), 0), 0
        marker = item.get_closest_marker("ldp")
        self._named = {} if marker is None else marker.kwargs
        self._strict = _strict(item.config)

    def __call__(
        self,
        mechanism: Any,
        epsilon: float,
        delta: float = 0.0,
        *,
        trials: int = 100_000,
        seed: int | None = None,
        pair: tuple[int, int] | None = None,
        search: Any = None,
    ) -> None:
        """Fail if the mechanism provably leaks more than (epsilon, delta)-LDP allows."""
        __tracebackhide__ = True
        self._done += 1
        if self._done > self._allowed:
            pytest.fail(
                f"audit {self._done} of a test that declares {self._allowed}: alpha is divided "
                f"before anything runs; mark the test @pytest.mark.ldp(audits={self._done}), a "
                "whole number of at least 1.",
                pytrace=False,
            )
        from ldpaudit.outcomes.verdicts import CONSISTENT, VIOLATION
        from ldpaudit.testing.gate import check_ldp

        own = _seed(_name(self._item), self._done) if seed is None else seed
        found = check_ldp(
            mechanism,
            epsilon,
            delta,
            trials=trials,
            alpha=self._share,
            seed=own,
            pair=self._named.get("pair") if pair is None and search is None else pair,
            search=self._named.get("search") if pair is None and search is None else search,
        )
        self._item.user_properties += _properties(found, self._done)
        if found.verdict == VIOLATION:
            raise AssertionError(str(found))
        if found.dependence is not None:
            raise ValueError(f"nothing can be tested: {found.dependent}.")
        if self._strict and found.verdict != CONSISTENT:
            raise AssertionError(f"{found}\n    ldp_strict: what shows nothing fails as well")


@pytest.fixture
def assert_ldp(request: pytest.FixtureRequest) -> AssertLdp:
    """Hold a mechanism to (epsilon, delta)-LDP; all audits of the suite share ldp_alpha."""
    return AssertLdp(request.node, request.config.stash[_BUDGET])


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the suite's alpha, on the command line and in the configuration."""
    text = "probability that any LDP audit of the suite fails a sound mechanism"
    parser.addini("ldp_alpha", f"{text} (default: 1e-6)", default="1e-6")
    group = parser.getgroup("ldpaudit", "local differential privacy")
    group.addoption("--ldp-alpha", metavar="ALPHA", help=f"{text}; overrides ldp_alpha.")
    text = "fail LDP audits that could not have found anything near their claim"
    parser.addini("ldp_strict", f"{text} (default: false)", type="bool", default=False)
    group.addoption("--ldp-strict", action="store_true", help=f"{text}; as ldp_strict.")


def pytest_configure(config: pytest.Config) -> None:
    """Register the marker; refuse an alpha that is none before anything is collected."""
    config.addinivalue_line(
        "markers",
        "ldp(audits=1, pair=None, search=None): how many times the test calls the fixture "
        "assert_ldp, and which inputs are told apart where a call does not say",
    )
    _alpha(config)


def pytest_collection_finish(session: pytest.Session) -> None:
    """Divide alpha over what is left to run, the same in every xdist worker."""
    session.config.stash[_BUDGET] = Budget(_alpha(session.config), session.items)


def pytest_terminal_summary(
    terminalreporter: pytest.TerminalReporter, config: pytest.Config
) -> None:
    """List the audits: all with -v, else those that failed or could not have failed."""
    found = set()
    for report in (entry for kind in terminalreporter.stats.values() for entry in kind):
        if getattr(report, "when", None) == "call":
            for audit in _recorded(report.user_properties):
                violation = report.failed and audit["verdict"] == "violation"
                notable = violation or audit["verdict"] == "inconclusive"
                if notable or config.getoption("verbose") > 0:
                    found.add((report.nodeid, *audit.values()))
    if not found:
        return
    terminalreporter.section(f"LDP audits (alpha = {_alpha(config):g} in all)")
    for node, guarantee, verdict, lower, alpha, *_, power in sorted(found):
        terminalreporter.write_line(
            f"{node}: {verdict} with {guarantee}, epsilon >= {lower:.4f} (alpha = {alpha:.4g})"
        )
        terminalreporter.write_line(f"    {power}")


def _alpha(config: pytest.Config) -> float:
    """The suite's alpha."""
    text = config.getoption("ldp_alpha") or config.getini("ldp_alpha")
    try:
        alpha = float(text)
    except ValueError:
        alpha = math.nan
    if not 0 < alpha < 1:
        raise pytest.UsageError(f"ldp_alpha must lie strictly between 0 and 1, got {text}.")
    return alpha


def _strict(config: pytest.Config) -> bool:
    """Whether what shows nothing fails."""
    return bool(config.getoption("ldp_strict") or config.getini("ldp_strict"))


def _audits(item: pytest.Item) -> int:
    """Audits that a test declares: by its marker, else one if it uses the fixture."""
    marker = item.get_closest_marker("ldp")
    if marker is None:
        return int("assert_ldp" in getattr(item, "fixturenames", ()))
    audits = marker.kwargs.get("audits", 1)
    known = not marker.args and set(marker.kwargs) <= {"audits", "pair", "search"}
    return audits if known and type(audits) is int and audits > 0 else 0


def _name(item: pytest.Item) -> str:
    """The node id, without what xdist may add to it in its workers."""
    return item.name if item.parent is None else f"{item.parent.nodeid}::{item.name}"


def _seed(name: str, number: int) -> int:
    """Seed of one audit: by the test's name, whatever else runs."""
    return int.from_bytes(hashlib.sha256(f"{name} {number}".encode()).digest()[:4], "little")


def _properties(found: LdpCheck, number: int) -> list[tuple[str, object]]:
    """An audit as properties of its test, plain enough for JUnit and for xdist."""
    prefix = _PREFIX if number == 1 else f"{_PREFIX}{number}."
    values = (
        found.guarantee,
        found.verdict,
        max(0.0, found.bound.epsilon_lower),
        found.bound.alpha,
        found.bound.trials,
        found.inputs or "all",
        found.detectable if found.detectable < math.inf else "none",
        found.power,
    )
    return [(prefix + name, value) for name, value in zip(_FIELDS, values, strict=True)]


def _recorded(properties: list[tuple[str, Any]]) -> list[dict[str, Any]]:
    """The audits among a test's properties."""
    own = [value for name, value in properties if name.startswith(_PREFIX)]
    size = len(_FIELDS)
    return [
        dict(zip(_FIELDS, own[start : start + size], strict=True))
        for start in range(0, len(own), size)
    ]
