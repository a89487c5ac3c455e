"""Parameters are declared once: rules in order, values kept, subclasses, what is refused."""

from __future__ import annotations

import dataclasses
import pickle
from dataclasses import dataclass, field
from typing import Any, ClassVar

import numpy as np
import pytest

from ldpaudit.parameters import (
    Rule,
    boolean,
    budget,
    domain_size,
    fraction,
    integer,
    nonnegative,
    one_of,
    optional,
    parameters,
    positive,
    probability,
)

CALLS: list[str] = []


def doubled(name: str, value: Any, made: Any) -> int:
    """A rule with a default that depends on what was declared before it."""
    del name
    return int(value or 2 * made.k)


@dataclass(frozen=True)
@parameters(epsilon=budget(), k=domain_size(), size=doubled, part=optional(fraction()))
class Base:
    k: int
    epsilon: float
    size: int = 0
    part: float | None = None

    def _check_together(self) -> None:
        if self.size > 100:
            raise ValueError(f"size must be at most 100, got {self.size}.")


@dataclass(frozen=True)
@parameters(grid=one_of(("exact", "coarse")), k=domain_size(10))
class Derived(Base):
    grid: str = "exact"
    seen: ClassVar[list[int]] = []

    def _check_together(self) -> None:
        super()._check_together()
        self.seen.append(self.k)


@dataclass(frozen=True)
class Undeclared(Base):
    """Adds a check and no rule."""

    def _check_together(self) -> None:
        raise ValueError("never")


def test_what_the_rules_return_is_kept() -> None:
    made = Base(np.int32(8), np.float32(1), part=np.float64(0.5))  # type: ignore[arg-type]
    assert repr(made) == "Base(k=8, epsilon=1.0, size=16, part=0.5)"
    assert [type(x) for x in dataclasses.astuple(made)] == [int, float, int, float]
    assert made == Base(8, 1.0, 16, 0.5)
    assert hash(made) == hash(Base(8, 1.0, 16, 0.5))
    with pytest.raises(dataclasses.FrozenInstanceError):
        made.k = 3  # type: ignore[misc]


def test_rules_run_in_the_order_of_the_declaration() -> None:
    with pytest.raises(ValueError, match="epsilon must be positive"):
        Base(1, 0.0, 1000)
    with pytest.raises(ValueError, match="k must be at least 2"):
        Base(1, 1.0, 1000)
    with pytest.raises(ValueError, match="size must be at most 100"):
        Base(2, 1.0, 1000)


def test_a_subclass_inherits_rules_and_may_sharpen_them() -> None:
    assert list(vars(Derived)["__parameters__"]) == ["epsilon", "k", "size", "part", "grid"]
    Derived.seen.clear()
    assert Derived(10, 1.0) == Derived(10, 1.0, 20, None, "exact")
    assert Derived.seen == [10, 10]  # once per object
    with pytest.raises(ValueError, match="k must be at most 10, got 11"):
        Derived(11, 1.0)
    with pytest.raises(ValueError, match="unknown grid 'exakt'; did you mean exact"):
        Derived(10, 1.0, grid="exakt")
    with pytest.raises(ValueError, match="size must be at most 100"):
        Derived(10, 1.0, 101)
    with pytest.raises(ValueError, match="never"):
        Undeclared(10, 1.0)
    with pytest.raises(ValueError, match="k must be at least 2"):
        Undeclared(1, 1.0)


def test_replacing_checks_again_and_pickling_does_not_change() -> None:
    made = Base(8, 1.0)
    assert pickle.loads(pickle.dumps(made)) == made  # noqa: S301
    assert dataclasses.replace(made, k=9) == Base(9, 1.0, 16)
    with pytest.raises(ValueError, match="k must be at least 2"):
        dataclasses.replace(made, k=1)


def test_slots_and_keywords_are_the_dataclass_decorators_own() -> None:
    @dataclass(frozen=True, slots=True, kw_only=True)
    @parameters(k=domain_size())
    class Slotted:
        k: int
        rest: tuple[int, ...] = field(default=())

    made = Slotted(k=np.int64(3))  # type: ignore[arg-type]
    assert type(made.k) is int
    assert not hasattr(made, "__dict__")


def test_a_rule_of_no_field_is_refused() -> None:
    with pytest.raises(TypeError, match="Lone must have a field of each rule, got 'epsilom'"):

        @parameters(epsilom=budget())
        class Lone:
            epsilon: float


def test_a_post_init_that_would_be_lost_is_refused() -> None:
    class Parent:
        k: int

        def __post_init__(self) -> None:
            CALLS.append("lost")

    for bases in ((Parent,), (Base, Parent)):
        namespace = {"__annotations__": {"k": "int"}}
        child: Any = type("Child", bases, dict(namespace))
        if bases == (Parent,):
            with pytest.raises(TypeError, match=r"_check_together, got a __post_init__ of Parent"):
                parameters(k=domain_size())(child)
        else:  # Python itself would call the first one only
            parameters(k=domain_size())(child)
    assert CALLS == []


@pytest.mark.parametrize(
    ("rule", "good", "kept", "wrong", "message"),
    [
        (integer(1, 3), np.uint8(3), 3, 4, "x must be at most 3, got 4."),
        (integer(1, lambda made: made), 5, 5, 6, "x must be at most 5, got 6."),
        (integer(lambda made: made), 5, 5, 4, "x must be at least 5, got 4."),
        (domain_size(), 2, 2, 1, "x must be at least 2, got 1."),
        (budget(), 1, 1.0, 701, "epsilon must be at most 700, got 701."),
        (positive(), 1, 1.0, 0, "x must be positive and finite, got 0."),
        (nonnegative(), 0, 0.0, -1, "x must be at least 0 and finite, got -1."),
        (fraction(), 0.5, 0.5, 1, "x must lie strictly between 0 and 1, got 1."),
        (probability(), 1, 1.0, 1.5, "x must lie in [0, 1], got 1.5."),
        (boolean(), True, True, 1, "x must be True or False, got 1."),
        (one_of("ab"), "a", "a", "c", "unknown x 'c'; known: a, b."),
        (one_of("ab", "letter"), "a", "a", "c", "unknown letter 'c'; known: a, b."),
        (optional(domain_size()), None, None, 1, "x must be at least 2, got 1."),
    ],
)
def test_rules(rule: Rule, good: Any, kept: Any, wrong: Any, message: str) -> None:
    got = rule("x", good, 5)
    assert got == kept
    assert type(got) is type(kept)
    with pytest.raises((TypeError, ValueError)) as caught:
        rule("x", wrong, 5)
    assert str(caught.value) == message
