"""What a column of reports is, in words."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ._encoding import Column
from ._screen import Seen, Whole
from ._steps import (
    Alone,
    Bag,
    Bit,
    Clock,
    Entry,
    Field,
    Key,
    Layout,
    Letters,
    Number,
    Step,
    Text,
    Times,
    Tokens,
)
from ._traces import (
    Comes,
    Decimals,
    Descents,
    Digit,
    Form,
    Grid,
    Low,
    Residue,
    Size,
    Special,
    Sum,
    Zeros,
)
from ._written import Written

_CLOCK = {"D": "its day of the week", "h": "its hour", "m": "its minute", "s": "its second"}
_WORDS: dict[type, Callable[[Any], str]] = {
    Field: lambda step: f"field {step.name!r}",
    Key: lambda step: f"key {step.key!r}",
    Entry: lambda step: f"entry {step.place}",
    Bit: lambda step: f"bit {step.place}",
    Letters: lambda _: "its characters",
    Alone: lambda _: "what is no list",
    Tokens: lambda _: "its words",
    Number: lambda _: "the number that it writes",
    Written: lambda step: f"the {step.kind} that it writes",
    Form: lambda _: "its type",
    Size: lambda _: "its length",
    Descents: lambda _: "its order",
    Sum: lambda _: "how many entries are not 0",
    Residue: lambda step: (
        f"its residue modulo {step.modulus}{' without the point' * bool(step.decimals)}"
    ),
    Clock: lambda step: _CLOCK[step.unit],
    Text: lambda _: "what it is written as",
    Layout: lambda _: "which keys it has, in which order",
    Digit: lambda step: (
        f"decimal {step.place}" if step.place > 0 else f"the digit of 10^{-step.place}"
    ),
    Decimals: lambda _: "how many decimals it has",
    Low: lambda step: f"the lowest bits of the double ({step.first} to {_last(step)})",
    Zeros: lambda _: "how many of the lowest bits of the double are 0",
    Grid: lambda _: "the grid of the double, the power of two that divides it",
    Special: lambda _: "whether it is 0.0, -0.0, infinite or nan",
    Comes: lambda step: f"how often {step.number:g} comes",
    Whole: lambda _: "the whole report",
}


def in_words(column: Column) -> str:
    """Which part of a report a column is.

    >>> import numpy as np
    >>> from ldpaudit.attacks._encoding import Values
    >>> in_words(Column((Entry(1), Grid()), Values(np.arange(3))))
    'entry 1: the grid of the double, the power of two that divides it'
    """
    parts = [text for place in range(len(column.steps)) if (text := _step(column.steps, place))]
    found = ": ".join(parts) or "its value"
    return f"{found}, the same as of one input before" if isinstance(column.coder, Seen) else found


def _step(steps: tuple[Step, ...], place: int) -> str:
    step: Any = steps[place]
    if isinstance(step, Times):
        items = next((one.items for one in steps[:place] if isinstance(one, Bag)), {})
        item = next((item for item, at in items.items() if at == step.place), "an item")
        return f"how often it holds {item!r}"
    return _WORDS.get(type(step), lambda _: "")(step)


def _last(step: Low) -> int:
    return step.first + step.width - 1
