"""Text as TeX prints it."""

from __future__ import annotations

import re

#: Characters that mean something to LaTeX, and how they are printed.
_SPECIAL = {
    "\\": r"\textbackslash{}",
    "~": r"\textasciitilde{}",
    "^": r"\textasciicircum{}",
    "<": r"\textless{}",
    ">": r"\textgreater{}",
    "|": r"\textbar{}",
    '"': r"\textquotedbl{}",
} | {sign: f"\\{sign}" for sign in "&%$#_{}"}


def escaped(text: str) -> str:
    r"""Text as LaTeX prints it, on one line; control characters are left out.

    Examples
    --------
    >>> print(escaped("50% of a_b"))
    50\% of a\_b
    """
    line = re.sub(r"\s+", " ", text)
    return "".join(_SPECIAL.get(sign, sign) for sign in line if sign.isprintable())
