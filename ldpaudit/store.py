"""Finished cells on disk: one SQLite file, one transaction a cell, nothing finished is lost."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from ldpaudit.outcomes import SCHEMA, Cell

FILE_NAME = "results.sqlite"


class Store:
    """Cells of one output folder by key. Opens or creates ``results.sqlite``.

    Raises ``ValueError`` with one sentence if the folder cannot hold a store or
    the file there is not one of this version.
    """

    def __init__(self, directory: str | Path, *, create: bool = True) -> None:
        self.directory = Path(directory)
        self.path = self.directory / FILE_NAME
        if not create and not self.path.is_file():
            raise ValueError(f"{self.directory} holds no {FILE_NAME}; run compare --out there.")
        try:
            if create:
                self.directory.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            reason = error.strerror or error
            raise ValueError(
                f"the output folder {self.directory} cannot be used: {reason}."
            ) from None
        with self._usable():
            self._connection = sqlite3.connect(self.path, timeout=30, isolation_level=None)
            try:
                self._prepare()
            except BaseException:
                self._connection.close()
                raise

    @contextmanager
    def _usable(self) -> Iterator[None]:
        """Whatever is wrong with the file becomes one sentence."""
        try:
            yield
        except (sqlite3.Error, json.JSONDecodeError, KeyError, TypeError) as error:
            raise ValueError(
                f"{self.path} cannot be used as a store ({error}); choose another folder."
            ) from None

    def _prepare(self) -> None:
        listed = self._connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")
        tables = {name for (name,) in listed}
        if not tables:
            self._connection.execute("PRAGMA journal_mode=WAL")
            with self._connection:
                self._connection.execute("BEGIN IMMEDIATE")
                self._connection.execute(
                    "CREATE TABLE IF NOT EXISTS meta (name TEXT PRIMARY KEY, value TEXT NOT NULL)"
                )
                self._connection.execute(
                    "CREATE TABLE IF NOT EXISTS cells (key TEXT PRIMARY KEY, cell TEXT NOT NULL)"
                )
                self._connection.execute(
                    "INSERT OR IGNORE INTO meta VALUES ('schema', ?)", (json.dumps(SCHEMA),)
                )
        elif not {"meta", "cells"} <= tables:
            raise sqlite3.DatabaseError("it holds the tables of another program")
        schema = self.meta("schema")
        if schema != SCHEMA:
            raise sqlite3.DatabaseError(f"schema {schema}, this version writes {SCHEMA}")

    def meta(self, name: str) -> Any:
        """A stored value of the folder (the study, the provenance), None if absent."""
        query = "SELECT value FROM meta WHERE name = ?"
        with self._usable():
            row = self._connection.execute(query, (name,)).fetchone()
            return None if row is None else json.loads(row[0])

    def set_meta(self, name: str, value: Any) -> None:
        """Store a JSON value of the folder."""
        text = json.dumps(value, allow_nan=False)
        with self._usable():
            self._connection.execute("INSERT OR REPLACE INTO meta VALUES (?, ?)", (name, text))

    def get(self, key: str) -> Cell | None:
        """The finished cell of a key, None if it has not finished."""
        query = "SELECT cell FROM cells WHERE key = ?"
        with self._usable():
            row = self._connection.execute(query, (key,)).fetchone()
            if row is None:
                return None
            stored = json.loads(row[0])
            rows, spent = tuple(stored["rows"]), stored["seconds"]
            return Cell(key, stored["axes"], rows, spent, stored["decode_seconds"])

    def put(self, cell: Cell) -> None:
        """Store a finished cell in a transaction of its own; the first that did not fail stays."""
        content = {
            "axes": cell.axes,
            "rows": cell.rows,
            "seconds": cell.seconds,
            "decode_seconds": cell.decode_seconds,
        }
        text = json.dumps(content, allow_nan=False)
        with self._usable(), self._connection:
            self._connection.execute("BEGIN IMMEDIATE")
            stored = self.get(cell.key)
            if stored is None or stored.failed:
                self._connection.execute(
                    "INSERT OR REPLACE INTO cells VALUES (?, ?)", (cell.key, text)
                )

    def close(self) -> None:
        """Close the file."""
        self._connection.close()
