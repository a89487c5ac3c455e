"""A comparison as a table for a paper: LaTeX with booktabs."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from ldpaudit import validate
from ldpaudit.comparing.sections import (
    COLUMNS,
    USUAL,
    Figure,
    checked_columns,
    figure,
    measured,
    sections,
)
from ldpaudit.comparing.tex import escaped

if TYPE_CHECKING:
    import pandas as pd

    from ldpaudit.analysis.operating_points import OperatingPoint

_HEADS = {name: head[:1].upper() + head[1:] for name, head in COLUMNS.items()} | {
    "n_mse": r"$n \times$ MSE"
}
_DAGGER = r"\textsuperscript{\textdagger}"
_DIGITS = 3


def number(value: float) -> str:
    r"""Three significant digits in the mathematics of LaTeX; powers of ten where they are needed.

    Examples
    --------
    >>> print(number(0.000737), number(1024.0))
    $7.37 \times 10^{-4}$ $1{,}024$
    """
    if not math.isfinite(value):
        return r"$\infty$" if value > 0 else r"$-\infty$"
    if value == round(value) and abs(value) < 1e6:
        return f"${value:,.0f}$".replace(",", "{,}")
    digits, power = f"{value:.{_DIGITS - 1}e}".split("e")
    if -3 <= int(power) < _DIGITS:
        return f"${value:.{max(0, _DIGITS - 1 - int(power))}f}$"
    return rf"${digits} \times 10^{{{int(power)}}}$"


def to_latex(
    frame: pd.DataFrame,
    columns: Sequence[str] = USUAL,
    *,
    data: str | None = None,
    prior: str | None = None,
    caption: str | None = None,
    label: str | None = None,
) -> str:
    """See `ldpaudit.comparing.Results.to_latex`."""
    chosen = checked_columns(columns)
    for name, wish in (("data", data), ("prior", prior)):
        if wish is not None:
            known = [one for one in dict.fromkeys(frame[name].dropna()) if one != ""]
            validate.check_known(name, wish, known)
            frame = frame[frame[name].isin((wish, "") if name == "prior" else (wish,))]
    found = sections(frame)
    if not found:
        raise ValueError("the table holds no protocol with an epsilon, so there is none to print.")
    lines = [
        rf"\begin{{tabular}}{{l{'r' * (1 + len(chosen))}}}",
        r"\toprule",
        " & ".join(["Protocol", r"$\varepsilon$", *(_HEADS[name] for name in chosen)]) + r" \\",
    ]
    wide = len(chosen) + 2
    for section in found:
        lines.append(r"\midrule")
        lines += [rf"\multicolumn{{{wide}}}{{l}}{{{escaped(one)}}} \\" for one in section.heading]
        lines += _rows(section.points, chosen)
    lines.append(r"\bottomrule")
    if any(point.refuted for section in found for point in section.points):
        words = f"{_DAGGER} The audit found a violation of the claimed $\\varepsilon$."
        lines.append(rf"\multicolumn{{{wide}}}{{l}}{{{words}}} \\")
    if any(measured(section.points, chosen) for section in found):
        words = r"In brackets: 95\% intervals of what was measured."
        lines.append(rf"\multicolumn{{{wide}}}{{l}}{{{words}}} \\")
    lines.append(r"\end{tabular}")
    return "\n".join(_floating(lines, caption, label)) + "\n"


def _rows(points: Sequence[OperatingPoint], columns: Sequence[str]) -> Iterator[str]:
    """A line for each protocol and epsilon; a name that repeats stands in its first line alone."""
    before = None
    for point in points:
        name = escaped(point.label) + (_DAGGER if point.refuted else "")
        figures = (_cell(figure(point, column)) for column in columns)
        shown = "" if name == before else name
        yield " & ".join([shown, f"${point.epsilon:g}$", *figures]) + r" \\"
        before = name


def _cell(found: Figure) -> str:
    if found is None:
        return "--"
    value, lower, upper = found
    if lower == upper:
        return number(value)
    return f"{number(value)} [{number(lower)}, {number(upper)}]"


def _floating(lines: list[str], caption: str | None, label: str | None) -> list[str]:
    """The table in an environment of its own where it has a caption or a label."""
    if caption is None and label is None:
        return lines
    if label is not None and not re.fullmatch(r"[\w:.+/-]+", label, re.ASCII):
        raise ValueError(f"label must be letters, digits and any of :.+/_-, got {label!r}.")
    if caption is None:
        raise ValueError(f"label {label!r} needs a caption: LaTeX numbers captions.")
    head = [r"\begin{table}", r"\centering", rf"\caption{{{escaped(caption)}}}"]
    head += [] if label is None else [rf"\label{{{label}}}"]
    return [*head, *lines, r"\end{table}"]
