"""How figures look, in one value that every function which draws takes: size, fonts, choice."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field, fields, replace
from pathlib import Path
from typing import Any

from ldpaudit import validate
from ldpaudit.parameters import boolean, one_of, optional, parameters, positive

#: Where the names of lines stand: beside their ends, in a legend below, nowhere, or what fits.
LEGENDS = ("auto", "ends", "below", "none")
Limits = tuple[float, float]


def _limits(name: str, pair: Any, _: Any) -> Limits:
    try:
        low, high = (float(end) for end in pair)
    except (TypeError, ValueError):
        raise TypeError(f"{name} must be two numbers, got {pair!r}.") from None
    if not float("-inf") < low < high < float("inf"):
        raise ValueError(f"{name} must rise and be finite, got {low:g} to {high:g}.")
    return low, high


def _words(name: str, mapping: Any, _: Any) -> dict[str, str]:
    given = isinstance(mapping, Mapping)
    if not given or not all(isinstance(one, str) for pair in mapping.items() for one in pair):
        raise TypeError(f"{name} must map names to texts, got {mapping!r}.")
    return dict(mapping)


def _names(name: str, names: Any, _: Any) -> tuple[str, ...]:
    given = isinstance(names, tuple | list)
    if not given or not all(isinstance(one, str) for one in names):
        raise TypeError(f"{name} must be a list of names, got {names!r}.")
    return tuple(names)


def _text(name: str, text: Any, _: Any) -> str:
    return validate.check_text(name, text)


@dataclass(frozen=True, kw_only=True)
@parameters(
    width=optional(positive()),
    height=optional(positive()),
    font_size=optional(positive()),
    font=optional(_text),
    colours=_words,
    protocols=_names,
    labels=_words,
    legend=one_of(LEGENDS),
    x_limits=optional(_limits),
    y_limits=optional(_limits),
    titles=boolean(),
    notes=boolean(),
    usetex=boolean(),
)
class FigureStyle:
    """How a figure looks. Every field has a default; ``dataclasses.replace`` changes some.

    What is left out is as on a page of ``ldpaudit compare``. What you have changed of
    matplotlib's settings (a style sheet, a ``matplotlibrc``, ``rcParams``) counts before our
    look, and the fields before both: fonts, frame, grid and ticks, the width of
    ``figure.figsize`` as the width, ``font.size`` as the size of all text. The paper stays
    white, for which the colours are made. Pages alone keep their look, whoever's settings
    they are drawn with.

    Parameters
    ----------
    width : float, optional
        Of the whole figure, in inches. Panels stand side by side where there is room.
    height : float, optional
        Of each plot, in inches, without what is written around it.
    font_size : float, optional
        Of the names of axes, in points; markers, lines and all other text follow. The
        smallest text is 0.85 times as large.
    font : str, optional
        ``"serif"`` (STIX, which looks like Times and comes with matplotlib), ``"sans-serif"``,
        or the name of an installed font.
    colours : mapping of str to str
        Colours of protocols, as matplotlib knows them.
    protocols : tuple of str
        Which protocols are drawn, and in which order; empty means all. A line whose parameters
        are part of its name can be chosen by that name too: ``"ss (l=8)"``.
    labels : mapping of str to str
        What protocols are called instead: ``{"ss": "subset selection"}``.
    legend : str
        Where names stand: ``"ends"`` of the lines, ``"below"`` the figure, ``"none"``, or
        ``"auto"``, which is at their ends where there is room for it.
    x_limits, y_limits : tuple of two floats, optional
        Of the first plot of each panel, in the units of its axes (0.05 is what 5% stands at).
        Plots below it that share its horizontal axis follow.
    titles, notes : bool
        Whether the data set stands above a panel, and how to read the figure below; a paper has
        its caption for that (``figure.note`` is the text).
    usetex : bool
        Whether TeX sets the text; it must be installed.

    Raises
    ------
    ValueError, TypeError
        If a size is not positive, or limits do not rise.

    Examples
    --------
    >>> from dataclasses import replace
    >>> replace(FigureStyle.of("one-column"), font="serif", protocols=("grr", "ss")).width
    3.3
    >>> FigureStyle(width=0)
    Traceback (most recent call last):
    ValueError: width must be positive and finite, got 0.
    """

    width: float | None = None
    height: float | None = None
    font_size: float | None = None
    font: str | None = None
    colours: Mapping[str, str] = field(default_factory=dict)
    protocols: tuple[str, ...] = ()
    labels: Mapping[str, str] = field(default_factory=dict)
    legend: str = "auto"
    x_limits: Limits | None = None
    y_limits: Limits | None = None
    titles: bool = True
    notes: bool = True
    usetex: bool = False

    @classmethod
    def of(cls, style: FigureStyle | str | None) -> FigureStyle:
        """Return a style from a preset's name, a TOML file, or itself; None means the defaults.

        The presets are ``"one-column"`` (3.3 in wide, 8 pt) and ``"two-column"`` (7 in). A file
        has the fields, and may begin from a ``preset``.

        Raises
        ------
        ValueError, TypeError
            If there is no such preset or file, or a field is unknown or wrong.

        Examples
        --------
        >>> FigureStyle.of("two-column").width
        7.0
        """
        if style is None:
            return cls()
        if isinstance(style, FigureStyle):
            return style
        if str(style).endswith(".toml"):
            return _read(Path(style))
        return PRESETS[validate.check_known("figure style", style, PRESETS)]


def _read(path: Path) -> FigureStyle:
    """The style of a TOML file."""
    try:
        content = tomllib.loads(path.read_bytes().decode())
    except OSError as error:
        raise ValueError(f"figure style {path} cannot be read: {error.strerror}.") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError, RecursionError) as error:
        raise ValueError(f"figure style {path} is not valid TOML: {error}.") from None
    start = FigureStyle.of(content.pop("preset", None))
    known = [one.name for one in fields(FigureStyle)]
    for name in content:
        validate.check_known(f"field of figure style {path}:", name, known)
    try:
        return replace(start, **content)
    except (TypeError, ValueError) as error:
        raise type(error)(f"figure style {path}: {error}") from None


#: Widths of a column and of a page of the usual two-column layouts.
PRESETS = {
    "one-column": FigureStyle(width=3.3, font_size=8.0, notes=False),
    "two-column": FigureStyle(width=7.0, font_size=8.0, notes=False),
}
