"""The command `shuffle`: central epsilons of shuffled reports, and the way back."""

from __future__ import annotations

import itertools
import json
import math
from collections.abc import Callable
from typing import TYPE_CHECKING, Annotated, Any

import typer

from ldpaudit.cli.completing import protocols as protocols_begun
from ldpaudit.cli.options import AsJson, K, Parameters

if TYPE_CHECKING:
    from ldpaudit.shuffling import ShuffleBounds

_HEAD = ("users", "delta", "local epsilon", "central epsilon, proven", "by",
         "any mechanism: clones", "published", "closed form")  # fmt: skip


def shuffle(
    target: Annotated[
        str,
        typer.Argument(
            metavar="NAME",
            help="Registered name, package.module:object or file.py:object.",
            autocompletion=protocols_begun,
        ),
    ],
    k: K = None,
    epsilon: Annotated[
        str | None,
        typer.Option("--epsilon", "-e", metavar="E[,E...]", help="Local privacy budgets."),
    ] = None,
    n: Annotated[str, typer.Option("--n", metavar="N[,N...]", help="Numbers of users.")] = "10000",
    delta: Annotated[
        str, typer.Option("--delta", metavar="D[,D...]", help="Central deltas.")
    ] = "1e-6",
    central: Annotated[
        float | None,
        typer.Option("--target", help="Find the local budget that meets this central epsilon."),
    ] = None,
    param: Parameters = None,
    as_json: AsJson = False,
) -> None:
    """Bound the central epsilon of shuffled reports from both sides."""
    from ldpaudit.cli.targets import build
    from ldpaudit.shuffling import local_budget
    from ldpaudit.shuffling import shuffle as bound

    users = [int(number) for number in _numbers("--n", n, int)]
    deltas = _numbers("--delta", delta, float)
    points = list(itertools.product(users, deltas))

    def built(local: float | None) -> Any:
        return build(target, {"k": k, "epsilon": local}, param or [])

    found: list[ShuffleBounds] = []
    if central is not None:
        if epsilon is not None:
            raise ValueError("--target finds the local budget, which --epsilon gives: take one.")
        for users_, delta_ in points:
            local = local_budget(built, users_, central, delta_)
            found.append(bound(built(local), users_, delta_))
    else:
        budgets = [None] if epsilon is None else _numbers("--epsilon", epsilon, float)
        mechanisms = [built(budget) for budget in budgets]
        found = [bound(m, users_, delta_) for m in mechanisms for users_, delta_ in points]
    if as_json:
        rows = [_plain(bounds) for bounds in found]
        typer.echo(json.dumps({"mechanism": target, "bounds": rows}, indent=2, allow_nan=False))
        return
    lines = [_HEAD, *(_line(bounds) for bounds in found)]
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    for line in lines:
        cells = (cell.rjust(width) for cell, width in zip(line, widths, strict=True))
        typer.echo("  ".join(cells))


def _numbers(option: str, text: str, kind: Callable[[str], float]) -> list[float]:
    """Numbers between commas."""
    try:
        return [kind(part) for part in text.split(",")]
    except ValueError:
        what = "whole numbers" if kind is int else "numbers"
        from ldpaudit import validate

        shown = validate.shown(text)
        raise ValueError(f"{option} must be {what} between commas, got {shown}.") from None


def _plain(bounds: ShuffleBounds) -> dict[str, Any]:
    """The fields as JSON has them."""
    fields = bounds.to_dict()
    return {name: "inf" if value == math.inf else value for name, value in fields.items()}


def _outward(end: float, rounded: Callable[[float], int]) -> str:
    """An end to four significant digits, on the safe side."""
    if end == 0 or not math.isfinite(end):
        return f"{end:g}"
    digits = max(0, 3 - math.floor(math.log10(end)))
    return f"{rounded(end * 10**digits) / 10**digits:.{digits}f}"


def _line(bounds: ShuffleBounds) -> tuple[str, ...]:
    """The cells of one line; ends are rounded outwards."""
    low, high = (
        _outward(bounds.epsilon_lower, math.floor),
        _outward(bounds.epsilon_upper, math.ceil),
    )
    formula = "" if bounds.closed_form is None else f"{bounds.closed_form:.4g}"
    return (
        f"{bounds.num_users:,}",
        f"{bounds.delta:g}",
        f"{bounds.local_epsilon:.4f}",
        f"{low} .. {high}",
        bounds.upper_by,
        f"{bounds.clones:.4g}",
        f"{bounds.published:.4g}",
        formula,
    )
