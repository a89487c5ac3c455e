"""Fields of a study that may be given in more than one form, and what is refused of them."""

from __future__ import annotations

import os
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field

from ldpaudit.outcomes.table import INFORMED, UNIFORM

_PRIOR = "must be uniform, data, a file of weights, weights of the values, or a list of such"


def _number(value: Any) -> Any:
    if isinstance(value, bool | str):
        raise ValueError("must be a number")
    return value


Real = Annotated[float, BeforeValidator(_number)]
Whole = Annotated[int, BeforeValidator(_number)]
Positive = Annotated[Real, Field(gt=0, allow_inf_nan=False)]


def _change(value: Any) -> Any:
    number = isinstance(value, int | float) and not isinstance(value, bool)
    if value is None or value == "permute" or (number and 0 <= value <= 1):
        return value
    raise ValueError("must be permute or a number from 0 to 1")


def _bins(value: Any) -> Any:
    if value is None or (isinstance(value, int | str) and not isinstance(value, bool)):
        return value
    raise ValueError("must be a whole number or quantiles:N")


Change = Annotated[float | Literal["permute"] | None, BeforeValidator(_change)]
Bins = Annotated[int | str | None, BeforeValidator(_bins)]


def named(value: Any) -> Any:
    """A name alone as a table that holds it."""
    return {"name": value} if isinstance(value, str) else value


def several_priors(value: Any) -> Any:
    """One prior, a name or a row of weights, as a list of one; none twice."""
    several = isinstance(value, list | tuple)
    if not several or (value and not isinstance(value[0], str | list | tuple)):
        value = (value,)
    if not value or not all(_is_prior(one) for one in value):
        raise ValueError(_PRIOR)
    found = set()
    for prior in value:
        same = _same(prior)
        if same in found:
            raise ValueError(f"must name every attacker once, and has {prior!r:.80} twice")
        found.add(same)
    return value


def _is_prior(value: Any) -> bool:
    if isinstance(value, str):
        return bool(value.strip())
    if not isinstance(value, list | tuple) or not value:
        return False
    return all(isinstance(one, int | float) and not isinstance(one, bool) for one in value)


def _same(prior: Any) -> Any:
    """What two forms of one attacker share: a word, the place of a file, or weights."""
    if not isinstance(prior, str):
        return tuple(prior)
    return (prior,) if prior in (UNIFORM, INFORMED) else os.path.abspath(prior)
