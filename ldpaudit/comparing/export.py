"""The tidy table in other forms than CSV: Parquet and JSON."""

from __future__ import annotations

import json
from collections.abc import Callable
from importlib import import_module
from pathlib import Path

from ldpaudit import validate
from ldpaudit.comparing.results import Results
from ldpaudit.outcomes.audit_result import SCHEMA
from ldpaudit.outcomes.table import as_json

Writer = Callable[[Results, Path], Path]


def writer(kind: str) -> Writer:
    """What writes results as ``results.<kind>`` to a folder; refused before anything runs."""
    validate.check_known("export", kind, _WRITERS)
    if kind == "parquet":
        try:
            import_module("pyarrow")
        except ImportError:
            raise ValueError("Parquet needs pyarrow: pip install 'ldpaudit[parquet]'.") from None
    return _WRITERS[kind]


def _parquet(results: Results, directory: Path) -> Path:
    path = directory / "results.parquet"
    results.frame.to_parquet(path, engine="pyarrow", index=False)
    return path


def _json(results: Results, directory: Path) -> Path:
    """One object: schema, provenance, and the rows: null is missing, "inf" is infinite."""
    path = directory / "results.json"
    frame = results.frame.astype(object)
    rows = frame.where(frame.notna(), None).to_dict("records")
    rows = [{name: as_json(value) for name, value in row.items()} for row in rows]
    content = {"schema": SCHEMA, "provenance": results.provenance, "rows": rows}
    text = json.dumps(content, indent=1, allow_nan=False)
    path.write_text(text + "\n", encoding="utf-8", newline="\n")
    return path


_WRITERS: dict[str, Writer] = {"parquet": _parquet, "json": _json}
