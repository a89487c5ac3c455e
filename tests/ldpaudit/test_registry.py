"""Names to components: the same door for ours and for a stranger's."""

from __future__ import annotations

from collections.abc import Iterable
from importlib.metadata import EntryPoint
from typing import Any

import numpy as np
import pytest

import ldpaudit
from ldpaudit import registry
from ldpaudit.contracts import Distinguisher, Mechanism, Reconstruction


def test_names_are_sorted_and_complete() -> None:
    assert {"grr", "ss", "oue", "olh", "mss"} <= set(registry.names("protocols"))
    assert {"blind", "single-guess", "bayes", "distinguish"} <= set(registry.names("attacks"))
    assert {"posterior-odds", "clopper-pearson"} <= set(registry.names("bounds"))
    for group in registry.GROUPS:
        assert registry.names(group) == sorted(registry.names(group))
    assert registry.names("no-such-group") == []


@pytest.mark.parametrize("group", registry.GROUPS)
def test_everything_that_is_registered_loads(group: str) -> None:
    for name in registry.names(group):
        assert callable(registry.load(group, name))


@pytest.mark.parametrize("name", ["grr", "ss", "oue", "olh", "mss"])
def test_mechanisms_are_frozen_and_print_themselves(name: str) -> None:
    m = ldpaudit.mechanism(name, k=8, epsilon=1.0)
    assert isinstance(m, Mechanism)
    assert m == ldpaudit.mechanism(name, epsilon=1.0, k=8)
    assert repr(m).startswith(f"{type(m).__name__}(k=8, epsilon=1.0")
    with pytest.raises(AttributeError):
        m.k = 9  # type: ignore[misc]


def test_attacks_know_what_they_are() -> None:
    for name in ("blind", "single-guess", "bayes"):
        assert isinstance(registry.create("attacks", name), Reconstruction)
    assert isinstance(registry.create("attacks", "distinguish"), Distinguisher)


@pytest.mark.parametrize(
    ("group", "name", "message"),
    [
        ("protocols", "gr", r"^unknown protocol 'gr'; did you mean .*grr"),
        ("protocols", "GRR", "^unknown protocol 'GRR'"),
        ("protocols", "", "^unknown protocol ''; known: "),
        ("attacks", "bayess", r"^unknown attack 'bayess'; did you mean bayes"),
        ("bounds", "posterior", r"^unknown bound 'posterior'; did you mean posterior-odds"),
        ("reports", "parto", "^unknown report 'parto'; did you mean pareto"),
        ("protocols", "\n", r"^unknown protocol '\\n'"),
    ],
)
def test_unknown_names(group: str, name: str, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        registry.load(group, name)


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        ({"k": 4}, r"^grr needs the parameter 'epsilon'\.$"),
        ({"epsilon": 1.0}, r"^grr needs the parameter 'k'\.$"),
        ({"k": 4, "epsilon": 1.0, "epsilonn": 1}, "unknown parameter of grr 'epsilonn'; did you"),
        ({"k": 4, "epsilon": 1.0, "rng": 1}, "unknown parameter of grr 'rng'"),
        ({"k": 1, "epsilon": 1.0}, r"^k must be at least 2, got 1\.$"),
        ({"k": 4, "epsilon": 0.0}, "^epsilon must be positive and finite, got 0.0"),
        ({"k": 4, "epsilon": float("nan")}, "^epsilon must be positive and finite, got nan"),
        ({"k": 4, "epsilon": -1}, "^epsilon must be positive and finite, got -1"),
    ],
)
def test_parameters_are_refused_by_name(parameters: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        ldpaudit.mechanism("grr", **parameters)


def test_a_stranger_comes_in_by_the_same_door(monkeypatch: pytest.MonkeyPatch) -> None:
    inside = {
        "protocols": EntryPoint("counter", "collections:Counter", "ldpaudit.protocols"),
        "attacks": EntryPoint("gone", "no_such_module:Attack", "ldpaudit.attacks"),
    }

    def entries(*, group: str) -> Iterable[EntryPoint]:
        return [entry for entry in inside.values() if entry.group == group]

    monkeypatch.setattr(registry, "entry_points", entries)
    assert registry.names("protocols") == ["counter"]
    assert registry.create("protocols", "counter", anything=3) == {"anything": 3}
    with pytest.raises(ModuleNotFoundError, match="no_such_module"):
        registry.load("attacks", "gone")


def test_the_face_offers_what_it_lists() -> None:
    assert set(ldpaudit.__all__) <= set(dir(ldpaudit))
    for name in ldpaudit.__all__:
        assert getattr(ldpaudit, name) is not None
    assert ldpaudit.__version__.count(".") == 2
    with pytest.raises(AttributeError, match="has no attribute 'audits'"):
        _ = ldpaudit.audits
    reports = ldpaudit.mechanism("grr", k=4, epsilon=1.0).privatize(
        [0, 1], rng=np.random.default_rng(0)
    )
    assert reports.shape == (2,)
