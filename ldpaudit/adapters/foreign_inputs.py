"""A function of names that is handed numbers: its reports give it away."""

from __future__ import annotations

from typing import Any

import numpy as np

from ldpaudit.adapters.arrays import Raw, rows_of

#: Reports that are looked at.
_LOOKED_AT = 1_000
#: Share of reports that must be of either kind: what is rarer is a mechanism's exception.
_OFTEN = 0.02


def foreign_inputs(name: str, values: Raw, reports: Any) -> str | None:
    """A sentence that asks for `values`, where reports share no type or echo the input alone.

    A k-ary randomized response over names hands an unknown input through, and any name else.

    Examples
    --------
    >>> foreign_inputs("krr", np.array([0, 1, 1, 0]), [0, 1, "DE", "FR"])[:52]
    'krr returns whole numbers only where they are its in'
    >>> foreign_inputs("grr", np.array([0, 1, 1]), [0, 0, 1]) is None
    True
    """
    rows = rows_of(reports[:_LOOKED_AT]) if isinstance(reports, np.ndarray) else list(reports)
    pairs = list(zip(np.asarray(values).tolist(), rows, strict=False))
    kinds: dict[Any, set[str]] = {}
    for value, row in pairs:
        kinds.setdefault(value, set()).add(_kind(row))
    ask = (
        "; does it take named values? Give values=[...] (--values A,B,C or a file) in place of k, "
        "else an audit tells the numbers apart."
    )
    types = list(kinds.values())
    if len(types) > 1 and not set.intersection(*types):
        told = " and ".join(sorted({"/".join(sorted(own)) for own in types}))
        return f"{name} returns {told} for different inputs, no type in common{ask}"
    echoed = [row for value, row in pairs if _kind(row) == "numbers" and row == value]
    others = [repr(row) for _, row in pairs if _kind(row) != "numbers"]
    several = len(set(echoed)) > 1 and len(set(others)) > 1
    often = min(len(echoed), len(others)) > _OFTEN * len(pairs)
    if several and often and len(echoed) + len(others) == len(pairs):
        return f"{name} returns whole numbers only where they are its input{ask}"
    return None


def _kind(row: Any) -> str:
    if isinstance(row, bool | int | float):
        return "numbers"
    return {str: "texts"}.get(type(row), f"{type(row).__name__}s")
