"""A comparison on disk: the page, the figures and the tables."""

from __future__ import annotations

import csv
import io
import json
import os
import secrets
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ldpaudit.analysis.metrics import read
from ldpaudit.outcomes.audit_result import SCHEMA
from ldpaudit.outcomes.table import as_json
from ldpaudit.validate import check_known

from ._figures import Drawn
from ._page import render
from ._paper import PAGE, Paper
from ._points import placed, records
from ._style import pdf, png

if TYPE_CHECKING:
    import pandas as pd

    from ldpaudit.comparing.results import Results
    from ldpaudit.figure_style import FigureStyle


def save_comparison(
    results: Results,
    directory: str | Path,
    *,
    formats: Sequence[str] = ("svg",),
    style: FigureStyle | str | None = None,
) -> list[Path]:
    """Write a comparison to a folder: one page, its figures, and the tables behind them.

    ``report.html`` is self-contained and works without a network. Beside it are its figures in
    ``figures/``: ``pareto``, ``success``, ``error``, ``communication``, ``epsilon``, where the
    influence of false reports is known ``three-axes``, and where protocols were followed over
    rounds ``over-time``. The data set, what is estimated and the attacker follow where there are
    several, as in ``pareto-adult-age-uniform``. From nine data sets on (times attackers) the page
    holds ``pareto`` of each and names the files of the others. The tables are ``results.csv``
    (the tidy table; every float is written so that reading it gives the same number),
    ``results.json`` (schema, provenance, rows; a missing number is null, an infinite one
    ``"inf"``), ``timings.csv``, and ``study.toml`` as run. Everything is made before anything is
    written, and each file appears whole or not at all.

    Parameters
    ----------
    results : Results
        A finished comparison.
    directory : str or pathlib.Path
        Folder to write to, made if it does not exist. Files of the same names
        are replaced, others left alone.
    formats : sequence of str, optional
        Of the figures: ``svg``, ``png``, ``pdf``. A figure that an earlier run left in
        another form is drawn in that form too, so that no two of a folder disagree.
    style : FigureStyle or str, optional
        Of the figures beside the page: size, fonts, choice of protocols, as for a paper. Those
        on the page keep their look. It has no limits, which are of one figure alone.

    Returns
    -------
    list of pathlib.Path
        The files written, the page first.

    Raises
    ------
    ValueError
        If a format or a style is unknown, or limits are in it.
    OSError
        If the folder cannot be made or written.

    Examples
    --------
    >>> import tempfile
    >>> import pandas as pd
    >>> from ldpaudit.comparing import Results
    >>> row = {"protocol": "grr", "k": 4, "epsilon": 1.0, "data": "toy", "metric": "bits"}
    >>> results = Results(pd.DataFrame([row | {"exact": 2.0}]), {}, pd.DataFrame())
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     [path.name for path in save_comparison(results, folder)][:2]
    ['report.html', 'results.csv']
    """
    wanted = {check_known("format", form, _DRAWN) for form in formats}
    folder, paper = Path(directory), PAGE if style is None else Paper.of(style)
    if paper.asked.x_limits or paper.asked.y_limits:
        raise ValueError(
            "x_limits and y_limits are of one figure and a folder has several; "
            "draw that figure in Python."
        )
    metrics, rows = read(results.frame), records(results.frame)
    stored = _table_of(results, rows)
    form = next(form for form in _DRAWN if form in wanted) if wanted else "svg"
    text, figures = render(results, metrics, placed(metrics), stored, paper, form)
    content = {
        "report.html": _encoded(text),
        "results.csv": stored,
        "results.json": _json(rows, results.provenance),
        "timings.csv": _csv(_plain_records(results.timings), [str(c) for c in results.timings]),
    }
    for name, drawn in figures.items():
        for form, drawing in _DRAWN.items():
            place = f"figures/{name}.{form}"
            if form in wanted or (folder / place).exists():
                content[place] = drawing(drawn)
    if study := results.provenance.get("study_toml"):
        content["study.toml"] = _encoded(str(study))
    (folder / "figures").mkdir(parents=True, exist_ok=True)
    return [_write(folder / name, data) for name, data in content.items()]


def page(results: Results) -> bytes:
    """The page alone, as ``report.html`` holds it."""
    metrics = read(results.frame)
    return _encoded(render(results, metrics, placed(metrics), table(results))[0])


#: What a figure is in each of `ldpaudit.comparing.results.FORMATS`.
_DRAWN: dict[str, Callable[[Drawn], bytes]] = {
    "svg": lambda drawn: drawn.svg,
    "png": lambda drawn: png(drawn.figure),
    "pdf": lambda drawn: pdf(drawn.figure),
}


def _write(path: Path, data: bytes) -> Path:
    """Replace a file in one step, so that no reader ever sees half of it."""
    temporary = path.with_name(f".{path.name}.{secrets.token_hex(4)}.tmp")
    try:
        temporary.write_bytes(data)
        os.replace(temporary, path)
    finally:
        temporary.unlink(missing_ok=True)
    return path


def table(results: Results) -> bytes:
    """The tidy table as CSV, as ``results.csv`` holds it."""
    return _table_of(results, records(results.frame))


def _table_of(results: Results, rows: list[dict[str, Any]]) -> bytes:
    return _csv(rows, list(rows[0]) if rows else [str(c) for c in results.frame])


def _csv(rows: list[dict[str, Any]], columns: list[str]) -> bytes:
    buffer = io.StringIO(newline="")
    writer = csv.writer(buffer, lineterminator="\n")
    writer.writerow(columns)
    writer.writerows([_text(row[column]) for column in columns] for row in rows)
    return _encoded(buffer.getvalue())


def _text(value: Any) -> str:
    if value is None:
        return ""
    return repr(value) if isinstance(value, float) else str(value)


def _json(rows: list[dict[str, Any]], provenance: dict[str, Any]) -> bytes:
    encode = json.JSONEncoder(ensure_ascii=False, allow_nan=False, default=str).encode
    lines = ",\n".join(encode(_plain(row)) for row in rows)  # a row a line
    head = f'{{"schema": {encode(SCHEMA)}, "provenance": {encode(_plain(provenance))}'
    return _encoded(f'{head}, "rows": [\n{lines}\n]}}\n')


def _plain(value: Any) -> Any:
    """A value as JSON has it, at any depth."""
    if isinstance(value, dict):
        return {str(name): _plain(inner) for name, inner in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(inner) for inner in value]
    return as_json(value.item() if hasattr(value, "item") else value)


def _plain_records(frame: pd.DataFrame) -> list[dict[str, Any]]:
    whole = frame.astype(object).where(frame.notna(), None)
    return [
        {
            str(name): value.item() if hasattr(value, "item") else value
            for name, value in row.items()
        }
        for row in whole.to_dict("records")
    ]


def _encoded(text: str) -> bytes:
    """UTF-8; a lone surrogate, which UTF-8 cannot hold, becomes a visible escape."""
    return text.encode("utf-8", "backslashreplace")
