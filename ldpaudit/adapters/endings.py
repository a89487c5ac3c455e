"""Which files hold recorded reports, by their endings."""

from __future__ import annotations

from pathlib import Path

TEXT = (".csv", ".tsv", ".tab", ".txt")
JSON = (".jsonl", ".ndjson", ".json")
PARQUET, FEATHER = (".parquet", ".pq"), (".feather", ".arrow", ".ipc", ".arrows")
#: Of compressed text.
COMPRESSED = (".gz", ".bz2", ".xz", ".zst")
#: Endings of files of recorded reports; text may be compressed.
RECORDED = (*TEXT, *JSON, *PARQUET, *FEATHER, ".npy")
KNOWN = (
    "a .csv, .tsv, .txt or .jsonl file (also .gz, .bz2, .xz, .zst), .parquet, .feather, .arrow or "
    ".npy file, or a folder of .parquet files"
)


def is_recording(text: str) -> bool:
    """Whether a text names a file of recorded reports, by its ending, or a folder that exists.

    >>> [is_recording(name) for name in ("a.csv", "a.csv.gz", "b.PQ", "grr", "m.py:fn")]
    [True, True, True, False, False]
    """
    return ending_of(text) is not None or ("/" in text and Path(text).is_dir())


def split_columns(text: str) -> tuple[str, list[str] | None]:
    """A file and the columns that are named behind it, FILE:COLUMN+COLUMN.

    >>> split_columns("log.csv:answer+seed"), split_columns("log.csv")
    (('log.csv', ['answer', 'seed']), ('log.csv', None))
    """
    file, colon, columns = text.rpartition(":")
    if colon and is_recording(file):
        return file, columns.split("+")
    return text, None


def ending_of(name: str) -> str | None:
    """The known ending of a file, without that of its compression."""
    name = name.lower()
    plain = next((name.removesuffix(end) for end in COMPRESSED if name.endswith(end)), name)
    found = next((end for end in RECORDED if plain.endswith(end)), None)
    return found if plain == name or found in (*TEXT, *JSON) else None
