"""The templates of pages, compiled once for a machine: reading them costs tenths of a second."""

from __future__ import annotations

import hashlib
import marshal
import os
import sys
import tempfile
from contextlib import suppress
from functools import cache
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING

from jinja2 import BytecodeCache, Environment, PackageLoader, StrictUndefined

if TYPE_CHECKING:
    from jinja2.bccache import Bucket

_SIZE = hashlib.sha256().digest_size


def environment() -> Environment:
    """The templates with autoescape on and undefined names refused."""
    return Environment(
        loader=PackageLoader("ldpaudit.reports"),
        bytecode_cache=Compiled(_folder()),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )


class Compiled(BytecodeCache):
    """Keeps compiled templates in a folder as Python keeps its modules.

    What was compiled from another text or by other versions, what is damaged, what may not be
    read or written and what others may have written only costs time.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def load_bytecode(self, bucket: Bucket) -> None:
        """Take the code of a template, if it is whole and of this text."""
        with suppress(OSError):
            kept = self._file(bucket).read_bytes() if _own(self._folder) else b""
            if kept[:_SIZE] == _seal(bucket, kept[_SIZE:]):
                bucket.code = marshal.loads(kept[_SIZE:])  # noqa: S302 - what we wrote ourselves

    def dump_bytecode(self, bucket: Bucket) -> None:
        """Keep the code of a template, its file replaced as a whole, where Python keeps its own."""
        if sys.dont_write_bytecode:
            return
        code = marshal.dumps(bucket.code)
        with suppress(OSError):
            self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            with tempfile.NamedTemporaryFile(dir=self._folder, delete=False) as file:
                file.write(_seal(bucket, code) + code)
            try:
                os.replace(file.name, self._file(bucket))
            finally:
                Path(file.name).unlink(missing_ok=True)

    def _file(self, bucket: Bucket) -> Path:
        return self._folder / bucket.key


def _own(folder: Path) -> bool:
    """Whether nobody else may write there, as far as the system knows owners."""
    found = folder.stat()
    return os.name != "posix" or (found.st_uid == os.getuid() and not found.st_mode & 0o022)


def _seal(bucket: Bucket, code: bytes) -> bytes:
    """A digest of everything that the code of a template depends on, and of the code."""
    made_by = f"{sys.version} {_jinja()} {bucket.checksum}".encode()
    return hashlib.sha256(made_by + code).digest()


@cache
def _jinja() -> str:
    return version("jinja2")


def _folder() -> Path:
    from platformdirs import user_cache_path

    return user_cache_path("ldpaudit") / "templates"
