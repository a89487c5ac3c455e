"""Numbers and names as people read them, with the exact value kept beside the text."""

from __future__ import annotations

import math
import unicodedata
from collections.abc import Callable

from markupsafe import Markup, escape

_SUPERSCRIPT = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")
#: Letters of a name that is never broken.
_SHORT = 12
_MISSING = Markup('<span class="missing" title="not available">–</span>')


def significant(value: float, digits: int = 3) -> str:
    """Format to so many significant digits, with a power of ten outside [0.001, 100,000)."""
    if not math.isfinite(value):
        return "infinity" if value > 0 else "minus infinity" if value < 0 else "undefined"
    if value == 0:
        return "0"
    if 1e-3 <= abs(value) < 1e5:
        rounded = float(f"{value:.{digits - 1}e}")
        places = max(0, digits - 1 - math.floor(math.log10(abs(rounded))))
        return f"{rounded:,.{places}f}".replace("-", "−")
    return scientific(value, digits)


def scientific(value: float, digits: int = 3) -> str:
    """Format as a power of ten in plain text: ``2.10×10⁻⁴``."""
    if value == 0 or not math.isfinite(value):
        return significant(value, digits)
    mantissa, exponent = f"{value:.{digits - 1}e}".split("e")
    return f"{mantissa.replace('-', '−')}×{power_of_ten(int(exponent))}"


def power_of_ten(exponent: int) -> str:
    """10 with a raised exponent, as plain text."""
    return f"10{str(exponent).translate(_SUPERSCRIPT)}"


def percent(value: float, digits: int = 3) -> str:
    """Format a probability as a percentage."""
    return f"{significant(100 * value, digits)}%"


def plain(value: float) -> str:
    """Format an axis value such as epsilon without trailing zeros."""
    return f"{value:,.6g}" if math.isfinite(value) else significant(value)


_FORMATS: dict[str, Callable[[float], str]] = {
    "percent": percent,
    "scientific": scientific,
    "significant": significant,
    "plain": plain,
    "cap": lambda value: f"{plain(100 * value)}%",
    "count": lambda value: f"{value:,.0f}",
}


def tagged(value: float | None, form: str = "significant") -> Markup:
    """HTML for a number: readable text, the exact value in the tag; a dash where there is none."""
    if value is None or math.isnan(value):
        return _MISSING
    return _data(value, _FORMATS[form](value))


def interval(
    value: float, lower: float | None, upper: float | None, form: str = "significant"
) -> Markup:
    """HTML for an interval in the unit and with the decimals of the value before it."""
    scale = 100.0 if form == "percent" else 1.0
    exponent = math.floor(math.log10(abs(scale * value))) if value and math.isfinite(value) else 0
    if form == "scientific":
        scale, exponent = 10.0**-exponent, 0
    places = max(0, 2 - exponent)
    ends = [
        _MISSING
        if end is None or not math.isfinite(end)
        else _data(end, f"{scale * end:,.{places}f}".replace("-", "−"))
        for end in (lower, upper)
    ]
    return Markup("[{}, {}]").format(*ends)


def name(text: object, limit: int = 60) -> Markup:
    """HTML for a string from a user: isolated from the text around it, shortened if long.

    Short ones of ASCII need no isolation: they run one way, as the page does.
    """
    full = printable(str(text))
    if len(full) <= _SHORT and full.isascii():
        return escape(full)
    if len(full) <= limit:
        return Markup("<bdi>{}</bdi>").format(full)
    return Markup('<bdi title="{}">{}…</bdi>').format(full, full[: limit - 1])


def _data(value: float, text: str) -> Markup:
    exact = repr(float(value) if isinstance(value, float) else int(value)).removesuffix(".0")
    # Thousands of these are on a page, so they are put together without Markup.format.
    shown = escape(text)
    return Markup(f'<data value="{exact}" title="{exact}">{shown}</data>')  # noqa: S704


def printable(text: str) -> str:
    """Replace control characters and lone surrogates, which no page can show."""
    return "".join(
        "\N{REPLACEMENT CHARACTER}"
        if unicodedata.category(char) in ("Cc", "Cs") and char not in "\n\t"
        else char
        for char in text
    )
