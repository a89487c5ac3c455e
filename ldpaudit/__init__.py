"""ldpaudit: privacy attacks and audits for local differential privacy.

Three questions, three calls::

    import ldpaudit

    m = ldpaudit.mechanism("mss", k=1024, epsilon=1.0)
    ldpaudit.audit(m)                    # does it keep its epsilon, what does one report reveal?
    ldpaudit.compare("default").save("report")   # what does the protection cost in accuracy?

`mechanism` builds a registered protocol; anything else with ``k``, ``epsilon`` and
``privatize(values, *, rng)`` is audited alike (:mod:`ldpaudit.contracts`), and so are a
function (`from_callable`) and reports that somebody recorded (`from_samples`). `frontier`
is the limit that no unbiased estimate from epsilon-LDP reports can pass. The command
line does the same: ``ldpaudit audit mss --k 1024 --epsilon 1``.
"""

from __future__ import annotations

import sys
from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from ldpaudit import testing as testing
    from ldpaudit.adapters.callables import from_callable as from_callable
    from ldpaudit.adapters.recordings import from_samples as from_samples
    from ldpaudit.analysis.limits import frontier as frontier
    from ldpaudit.analysis.mean_limit import frontier_mean as frontier_mean
    from ldpaudit.auditing.harness import audit as audit
    from ldpaudit.comparing.grid import compare as compare
    from ldpaudit.comparing.results import Results as Results
    from ldpaudit.comparing.study import Study as Study
    from ldpaudit.figure_style import FigureStyle as FigureStyle
    from ldpaudit.outcomes.audit_result import AuditResult as AuditResult
    from ldpaudit.registry import mechanism as mechanism
    from ldpaudit.shuffling import shuffle as shuffle

#: Public name -> module that defines it; imported at first use, so that starting is quick.
_HOME = {
    "AuditResult": "outcomes.audit_result",
    "FigureStyle": "figure_style",
    "Results": "comparing.results",
    "Study": "comparing.study",
    "audit": "auditing.harness",
    "compare": "comparing.grid",
    "from_callable": "adapters.callables",
    "from_samples": "adapters.recordings",
    "frontier": "analysis.limits",
    "frontier_mean": "analysis.mean_limit",
    "mechanism": "registry",
    "shuffle": "shuffling",
}

__all__ = [
    "AuditResult",
    "FigureStyle",
    "Results",
    "Study",
    "audit",
    "compare",
    "from_callable",
    "from_samples",
    "frontier",
    "frontier_mean",
    "mechanism",
    "shuffle",
    "testing",
]


class _OldModules:
    """Finds the modules that have moved: one that exists is never asked of it."""

    @staticmethod
    def find_spec(name: str, path: Any = None, target: Any = None) -> Any:  # noqa: ARG004
        if not name.startswith("ldpaudit."):
            return None
        from ldpaudit._moved import spec_of

        return spec_of(name)


sys.meta_path.append(_OldModules())


def __getattr__(name: str) -> Any:
    if name == "__version__":
        from importlib.metadata import version

        return version("ldpaudit")
    if name == "testing":
        return import_module("ldpaudit.testing")
    if name in _HOME:
        return getattr(import_module(f"ldpaudit.{_HOME[name]}"), name)
    raise AttributeError(f"module 'ldpaudit' has no attribute {name!r}")


def __dir__() -> list[str]:
    return [*__all__, "__version__"]
