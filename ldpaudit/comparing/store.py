"""Finished cells on disk: one SQLite file, one transaction a cell, nothing finished is lost.

A store carries its number in the header and a digest beside every value, so that another
program's file, one of another version and a damaged one are told apart on opening.
"""

from __future__ import annotations

import hashlib
import json
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from ldpaudit.comparing.cell import Cell
from ldpaudit.outcomes.audit_result import SCHEMA
from ldpaudit.outcomes.table import REAL
from ldpaudit.validate import one_line

FILE_NAME = "results.sqlite"
#: "ldpa" in the header of the file, and the version of what its tables hold.
APPLICATION, FORMAT = 0x6C647061, 3
_INFINITE = (float("inf"), float("-inf"))
_TABLES = {"meta": ("name", "value"), "cells": ("key", "cell")}
#: Seconds to wait while another process writes.
_PATIENCE = 30
_OTHER_FOLDER = "choose another folder"
_START_OVER = "start over with --fresh or choose another folder"


class StoreError(ValueError):
    """A file that is no usable store of this version."""


class Store:
    """Cells of one output folder by key. Opens or creates ``results.sqlite``.

    `fresh` empties a store that is there, of whatever version or state. Raises
    ``StoreError`` with one sentence if the folder cannot hold a store or the file there
    is another program's, of another version or damaged.
    """

    def __init__(self, directory: str | Path, *, create: bool = True, fresh: bool = False) -> None:
        self.directory = Path(directory)
        self.path = self.directory / FILE_NAME
        if not create and not self.path.is_file():
            raise StoreError(f"{self.directory} holds no {FILE_NAME}; run compare --out there.")
        try:
            if create:
                self.directory.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            reason = error.strerror or error
            raise StoreError(
                f"the output folder {self.directory} cannot be used: {reason}."
            ) from None
        if fresh:
            self._clear()
        self._connection = self._open()

    def _open(self) -> sqlite3.Connection:
        with self._usable():
            connection = sqlite3.connect(self.path, timeout=_PATIENCE, isolation_level=None)
            try:
                self._prepare(connection)
            except BaseException:
                connection.close()
                raise
            return connection

    def _clear(self) -> None:
        """Empty what is there; another program's file stays."""
        try:
            connection = self._open()
            try:
                with self._usable(), connection:
                    connection.execute("BEGIN IMMEDIATE")
                    for table in _TABLES:  # not the file: another process may be at work in it
                        connection.execute(f"DELETE FROM {table}")  # noqa: S608
                    self._write(connection, "meta", "schema", json.dumps(SCHEMA))
                self._check(connection)
            finally:
                connection.close()
        except StoreError:
            if self.path.is_file() and self._foreign():
                raise
            try:
                for end in ("-wal", "-shm", ""):
                    Path(f"{self.path}{end}").unlink(missing_ok=True)
            except OSError as error:
                raise self._refused(error.strerror or str(error), _OTHER_FOLDER) from None

    def _foreign(self) -> bool:
        """Whether the file is a sound database that is none of ours."""
        try:
            connection = sqlite3.connect(f"{self.path.resolve().as_uri()}?mode=ro", uri=True)
            try:
                tables = _tables_of(connection)
                return bool(tables) and not set(_TABLES) <= tables
            finally:
                connection.close()
        except (sqlite3.Error, UnicodeError):
            return False

    def _refused(self, reason: str, advice: str) -> StoreError:
        return StoreError(f"{self.path} cannot be used as a store ({one_line(reason)}); {advice}.")

    @contextmanager
    def _usable(self) -> Iterator[None]:
        """Whatever is wrong with the file becomes one sentence."""
        try:
            yield
        except (sqlite3.Error, json.JSONDecodeError, KeyError, TypeError, UnicodeError) as error:
            code = getattr(error, "sqlite_errorcode", sqlite3.SQLITE_CORRUPT) & 0xFF
            damaged = code in (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB)
            raise self._refused(str(error), _START_OVER if damaged else _OTHER_FOLDER) from None

    def _prepare(self, connection: sqlite3.Connection) -> None:
        connection.execute("BEGIN")  # one moment, for another process may be creating it
        tables = _tables_of(connection)
        application = _number(connection, "application_id")
        found = _number(connection, "user_version")
        connection.execute("COMMIT")
        if not tables and not application:
            self._create(connection)
            return
        if not set(_TABLES) <= tables:
            raise self._refused("it holds the tables of another program", _OTHER_FOLDER)
        if application != APPLICATION or found != FORMAT:
            age = "an older" if found < FORMAT else "a later"
            raise self._refused(f"{age} version wrote it, or another program", _START_OVER)
        self._check(connection)
        schema = self._read(connection, "meta", "schema")
        if schema != json.dumps(SCHEMA):
            raise self._refused(f"schema {schema}, this version writes {SCHEMA}", _START_OVER)

    def _check(self, connection: sqlite3.Connection) -> None:
        """Refuse a file in which SQLite finds a fault."""
        with self._usable():
            fault = connection.execute("PRAGMA integrity_check(1)").fetchone()[0]
            if fault != "ok":
                raise self._refused(f"it is damaged: {fault}", _START_OVER)

    def _create(self, connection: sqlite3.Connection) -> None:
        connection.execute("PRAGMA journal_mode=WAL")
        with connection:
            connection.execute("BEGIN IMMEDIATE")
            for table, (name, value) in _TABLES.items():
                connection.execute(
                    f"CREATE TABLE IF NOT EXISTS {table} "
                    f"({name} TEXT PRIMARY KEY, {value} TEXT NOT NULL, digest TEXT NOT NULL)"
                )
            connection.execute(f"PRAGMA application_id = {APPLICATION}")
            connection.execute(f"PRAGMA user_version = {FORMAT}")
            if self._read(connection, "meta", "schema") is None:
                self._write(connection, "meta", "schema", json.dumps(SCHEMA))

    def _read(self, connection: sqlite3.Connection, table: str, name: str) -> str | None:
        """The JSON of a value whose digest agrees, None if there is none."""
        key, value = _TABLES[table]
        query = f"SELECT {value}, digest FROM {table} WHERE {key} = ?"  # noqa: S608
        row = connection.execute(query, (name,)).fetchone()
        if row is None:
            return None
        text, stored = row
        if not isinstance(text, str) or stored != digest(name, text):
            raise self._refused(f"the entry {name:.12} is damaged", _START_OVER)
        return text

    @staticmethod
    def _write(connection: sqlite3.Connection, table: str, name: str, text: str) -> None:
        query = f"INSERT OR REPLACE INTO {table} VALUES (?, ?, ?)"  # noqa: S608
        connection.execute(query, (name, text, digest(name, text)))

    def meta(self, name: str) -> Any:
        """A stored value of the folder (the study, the provenance), None if absent."""
        with self._usable():
            text = self._read(self._connection, "meta", name)
            return None if text is None else json.loads(text)

    def set_meta(self, name: str, value: Any) -> None:
        """Store a JSON value of the folder."""
        text = json.dumps(value, allow_nan=False)
        with self._usable():
            self._write(self._connection, "meta", name, text)

    def get(self, key: str) -> Cell | None:
        """The finished cell of a key, None if it has not finished."""
        with self._usable():
            text = self._read(self._connection, "cells", key)
            if text is None:
                return None
            stored = json.loads(text)
            rows, spent = tuple(map(read_row, stored["rows"])), stored["seconds"]
            verdicts = tuple(map(dict, stored["verdicts"]))
            return Cell(key, stored["axes"], rows, spent, stored["decode_seconds"], verdicts)

    def put(self, cell: Cell) -> None:
        """Store a finished cell in a transaction of its own; the first that did not fail stays."""
        content = {
            "axes": cell.axes,
            "rows": list(map(written_row, cell.rows)),
            "seconds": cell.seconds,
            "decode_seconds": cell.decode_seconds,
            "verdicts": cell.verdicts,
        }
        text = json.dumps(content, allow_nan=False)
        with self._usable(), self._connection:
            self._connection.execute("BEGIN IMMEDIATE")
            stored = self.get(cell.key)
            if stored is None or stored.failed:
                self._write(self._connection, "cells", cell.key, text)

    def close(self) -> None:
        """Close the file."""
        self._connection.close()


def written_row(row: dict[str, Any]) -> dict[str, Any]:
    """A row as JSON has it: an infinite number by its name; nan stays, and is refused."""
    return {name: str(v) if v in _INFINITE else v for name, v in row.items()}


def read_row(row: dict[str, Any]) -> dict[str, Any]:
    """A row as it was before it was written."""
    named = {name: float(row[name]) for name in REAL if isinstance(row.get(name), str)}
    return row | named


def _tables_of(connection: sqlite3.Connection) -> set[str]:
    listed = connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")
    return {name for (name,) in listed}


def _number(connection: sqlite3.Connection, pragma: str) -> int:
    return int(connection.execute(f"PRAGMA {pragma}").fetchone()[0])


def digest(name: str, text: str) -> str:
    """What is stored beside a value to tell whether it is as it was written."""
    return hashlib.sha256(f"{name}\0{text}".encode()).hexdigest()
