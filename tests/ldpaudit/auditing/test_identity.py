"""Seeds name a mechanism the same wherever its file stands: results kept years ago come again."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest

import ldpaudit
from ldpaudit import registry
from ldpaudit.adapters.histories import Histories
from ldpaudit.adapters.packages import PackageMechanism
from ldpaudit.auditing.identity import _without_rooms, identity_of


@dataclass(frozen=True)
class Stranger:
    k: int
    epsilon: float

    def privatize(self, values: npt.ArrayLike, *, rng: np.random.Generator) -> Any:
        return rng.permutation(values)


class Renamed(Stranger):
    seed_name = "old.place.Stranger"


def coin(value: int, rng: np.random.Generator) -> int:
    return int(rng.integers(2)) ^ value


#: As they were in 0.1.0, before the core and the protocols had rooms.
IDENTITIES = {
    "grr": "ldpaudit.protocols.generalized_randomized_response.GeneralizedRandomizedResponse",
    "oue": "ldpaudit.protocols.unary_encoding.OptimizedUnaryEncoding",
    "mss": "ldpaudit.protocols.modular_subset_selection.ModularSubsetSelection",
    "dbitflip": "ldpaudit.protocols.dbitflip.BitFlip",
    "spl": "ldpaudit.protocols.split_and_sample.BudgetSplitting",
    "repeated": "ldpaudit.histories.Repeated",
}


@pytest.mark.parametrize(("name", "identity"), IDENTITIES.items())
def test_names_in_the_seeds_are_what_they_were(name: str, identity: str) -> None:
    kind = registry.load("protocols", name)
    assert f"{_without_rooms(kind.__module__)}.{kind.__qualname__}" == identity


def test_adapters_are_what_they_were() -> None:
    called = ldpaudit.from_callable(coin, k=2, epsilon=1.0)
    given = ldpaudit.from_samples(np.zeros(9, int), np.ones(9, int), epsilon=1.0)
    assert identity_of(called).startswith("ldpaudit.adapters.CallableMechanism[")
    assert identity_of(given).startswith("ldpaudit.adapters.RecordedMechanism[")
    assert _without_rooms(PackageMechanism.__module__) == "ldpaudit.packages"
    assert _without_rooms(Histories.__module__) == "ldpaudit.histories"


def test_parameters_are_part_of_it() -> None:
    found = identity_of(ldpaudit.mechanism("grr", k=4, epsilon=1.0))
    assert found == IDENTITIES["grr"] + "[('epsilon', 1.0), ('k', 4)]"


def test_no_protocol_of_ours_has_a_room_in_its_seeds() -> None:
    for name in registry.names("protocols"):
        module = registry.load("protocols", name).__module__
        if module.startswith("ldpaudit.protocols."):
            assert _without_rooms(module) == f"ldpaudit.protocols.{module.rpartition('.')[2]}"


def test_a_stranger_keeps_every_part_of_its_name() -> None:
    assert identity_of(Stranger(2, 1.0)).startswith(f"{__name__}.Stranger[")
    assert _without_rooms("their.package.of.things") == "their.package.of.things"
    assert _without_rooms("__main__") == "__main__"
    assert identity_of(Renamed(2, 1.0)) == "old.place.Stranger[('epsilon', 1.0), ('k', 2)]"
