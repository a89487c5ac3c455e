"""Old addresses: what has moved is found where it was, with a warning that says where it is.

A package that is still there asks `forward` for names that it no longer has. Modules that are
gone are known to the finder that ``ldpaudit/__init__.py`` puts at the end of ``sys.meta_path``,
where it is asked when nothing else knows a module.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable
from importlib import import_module
from importlib.machinery import ModuleSpec
from types import ModuleType
from typing import Any

#: First release that may lack the old addresses.
UNTIL = "0.4.0"
#: A module that was -> the modules that hold what it held.
MODULES = {
    "accuracy": ("collecting.accuracy",),
    "anytime": ("bounds.anytime",),
    "capacity": ("leakage.capacity",),
    "changes": ("analysis.changes",),
    "curves": ("leakage.profile",),
    "estimates": ("leakage.estimates",),
    "evidence": ("games.evidence", "games.training", "games.preparation"),
    "export": ("comparing.export",),
    "exposure": ("leakage.longitudinal",),
    "gain": ("leakage.gain",),
    "grid": ("comparing.grid", "comparing.kept"),
    "harness": ("auditing.defaults", "auditing.harness"),
    "histories": ("adapters.histories",),
    "limits": ("analysis.limits",),
    "linking": ("leakage.linking",),
    "model_based": ("bounds.model_based",),
    "packages": ("adapters.packages",),
    "power": ("testing.power",),
    "protocols.projective_geometry": ("protocols.categorical.projective_geometry",),
    "recommendation": ("analysis.recommendation",),
    "rounds": ("collecting.rounds",),
    "running": ("comparing.workers", "comparing.running"),
    "servers": ("collecting.servers",),
    "standing": ("analysis.dominance", "analysis.volumes"),
    "stopping": ("auditing.stopping",),
    "store": ("comparing.store",),
    "streams": ("collecting.streams",),
    "study": ("comparing.study",),
    "targets": ("cli.targets", "adapters.endings"),
    "verdicts": ("auditing.levels", "auditing.bound_choice"),
    "witness": (
        "games.thresholds",
        "games.pair_game",
        "games.kary_game",
        "games.evidence",
        "games.preparation",
    ),
}
#: A package that is still there, or a module -> the modules that hold names it no longer has.
NAMES = {
    "cli": ("cli.commands", "cli.options", "cli.audits", "cli.comparisons", "cli.listing"),
    "contracts": ("comparing.results",),
    "games": ("sampling", "auditing.attack_success"),
    "leakage": ("divergence",),
    "outcomes": ("counts", "comparing.cell", "comparing.results"),
}


def forward(old: str) -> Callable[..., Any]:
    """``__getattr__`` of an old address, which finds a name where it is now."""
    place = old.partition(".")[2]
    homes = NAMES.get(place) or MODULES.get(place, ())

    def attribute(name: str, stacklevel: int = 2) -> Any:
        for home in homes if not name.startswith("_") else ():
            found = vars(import_module(f"ldpaudit.{home}"))
            if name in found:
                warnings.warn(
                    f"{old}.{name} is {_shown(home, name)} now; {UNTIL} may lack the old name.",
                    DeprecationWarning,
                    stacklevel=stacklevel,
                )
                return found[name]
        raise AttributeError(f"module {old!r} has no attribute {name!r}", name=name)

    return attribute


def _shown(home: str, name: str) -> str:
    """The public address of a name: its package, where that exports it."""
    package = f"ldpaudit.{home}".rpartition(".")[0]
    exported = package != "ldpaudit" and name in import_module(package).__all__
    return f"{package}.{name}" if exported else f"ldpaudit.{home}.{name}"


def spec_of(name: str) -> ModuleSpec | None:
    """How to import a module that is gone; None for one that never was."""
    return ModuleSpec(name, _Loader()) if name.partition(".")[2] in MODULES else None  # type: ignore[arg-type]


class _Loader:
    """Makes modules that have nothing of their own."""

    @staticmethod
    def create_module(spec: ModuleSpec) -> ModuleType:
        homes = MODULES[spec.name.partition(".")[2]]
        module = ModuleType(spec.name, f"Has moved to {', '.join(homes)}.")
        module.__getattr__ = forward(spec.name)  # type: ignore[method-assign]
        return module

    @staticmethod
    def exec_module(module: ModuleType) -> None:
        """All of it is elsewhere."""
