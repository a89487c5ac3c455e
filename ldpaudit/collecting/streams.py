"""Aggregating more reports than fit in memory: chunk by chunk, file by file, on many machines.

A mechanism's ``aggregate`` makes a small summary of any number of reports, and summaries
add up; so a stream costs the memory of one chunk, and files can be read anywhere.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from functools import partial, reduce
from importlib import import_module
from operator import add
from pathlib import Path
from typing import Any

import numpy as np

from ldpaudit import validate
from ldpaudit.adapters.finite_inputs import on_inputs
from ldpaudit.contracts import FrequencyOracle, HasDomain, Reports

#: Reports read from a file at a time.
CHUNK = 2**16


def aggregate(
    mechanism: FrequencyOracle, source: str | Path | Iterable[Reports], *, chunk: int = CHUNK
) -> Any:
    """Aggregate reports from a file or an iterable of batches in bounded memory.

    Parameters
    ----------
    mechanism : FrequencyOracle
        Who reads the reports: its ``aggregate`` is called on every chunk.
    source : str, Path or iterable of arrays
        A ``.npy`` file with one array of reports; a ``.parquet`` or ``.pq`` file with reports
        as one column (numbers, lists of one length, or the bytes of packed reports as fixed-size
        binary) or as several columns of numbers; or batches as ``privatize`` returns them.
    chunk : int, default 65,536
        Reports read from a file at a time; no result depends on it, but for the last digits of
        summaries that are sums of real numbers.

    Returns
    -------
    counts
        The mechanism's summary of all reports, ready for ``estimate``.

    Raises
    ------
    ValueError, TypeError
        If a file cannot be read, holds no reports, or holds some the mechanism cannot have sent.

    Examples
    --------
    >>> import ldpaudit, numpy as np
    >>> m = ldpaudit.mechanism("grr", k=4, epsilon=1.0)
    >>> rng = np.random.default_rng(0)
    >>> batches = (m.privatize(np.full(1000, 2), rng=rng) for _ in range(10))
    >>> counts = aggregate(m, batches)
    >>> int(np.argmax(m.estimate(counts)))
    2
    """
    if not isinstance(mechanism, FrequencyOracle):
        raise TypeError(f"mechanism must aggregate, got {type(mechanism).__name__}.")
    chunk = validate.check_integer("chunk", chunk, 1)
    parts: Iterable[Reports]
    if isinstance(source, str | Path):
        path = Path(source)
        name = path.name.lower()
        if name.endswith(".npy"):
            parts = _npy(path, chunk)
        elif name.endswith((".parquet", ".pq")):
            parts = _parquet(path, chunk, mechanism)
        else:
            raise ValueError(f"reports must be in a .npy, .parquet or .pq file, got {str(path)!r}.")
    else:
        parts = source
    total = None
    for reports in parts:
        if len(reports):
            counts = mechanism.aggregate(reports)
            total = counts if total is None else total + counts
    if total is None:
        raise ValueError("a stream must hold at least one report, got none.")
    return total


def aggregate_files(
    mechanism: FrequencyOracle,
    paths: Sequence[str | Path],
    *,
    client: Any = None,
    chunk: int = CHUNK,
) -> Any:
    """Aggregate the reports of many files, here or on the workers of a Dask client.

    Parameters
    ----------
    mechanism : FrequencyOracle
        Who reads the reports.
    paths : sequence of str or Path
        Files as in `aggregate`; with a `client`, as its workers see them.
    client : distributed.Client, optional
        Whose workers read the files, one each at a time; None reads them here.
    chunk : int, default 65,536
        Reports read at a time.

    Returns
    -------
    counts
        The sum of the summaries, added in the order of `paths`.

    Raises
    ------
    ValueError, TypeError
        As for `aggregate`, or if there are no files.

    Examples
    --------
    >>> import ldpaudit, numpy as np, tempfile
    >>> m = ldpaudit.mechanism("grr", k=4, epsilon=1.0)
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     paths = [f"{folder}/{day}.npy" for day in range(3)]
    ...     for path in paths:
    ...         np.save(path, np.array([0, 1, 1]))
    ...     aggregate_files(m, paths)
    SupportCounts(num_users=9, supports=array([3, 6, 0, 0]))
    """
    if isinstance(paths, str | Path) or not len(paths):
        raise ValueError(f"paths must be a list of at least one file, got {paths!r}.")
    read = partial(aggregate, mechanism, chunk=chunk)
    if client is None:
        return reduce(add, map(read, paths))
    # Gathered in order: sums of real numbers depend on it in their last digits.
    return reduce(add, client.gather(client.map(read, list(map(str, paths)), pure=False)))


def _npy(path: Path, chunk: int) -> Iterator[Reports]:
    start, rows = 0, 1
    while start < rows:
        try:
            # Mapped anew for every chunk: pages that were read would stay in memory.
            mapped = np.load(path, mmap_mode="r", allow_pickle=False)
        except OSError as error:
            raise ValueError(f"cannot read {str(path)!r}: {error.strerror or error}.") from None
        except Exception:  # of a damaged header, whatever Python's own parser raises
            raise ValueError(f"cannot read {str(path)!r}: it must be one whole array.") from None
        if not isinstance(mapped, np.ndarray) or mapped.ndim == 0:
            raise ValueError(f"cannot read {str(path)!r}: it must be one array of reports.")
        rows = len(mapped)
        yield np.array(mapped[start : start + chunk])
        start += chunk


def _parquet(path: Path, chunk: int, mechanism: Any) -> Iterator[Reports]:
    try:
        pa, pq = import_module("pyarrow"), import_module("pyarrow.parquet")
    except ImportError:
        raise ValueError("Parquet needs pyarrow: pip install 'ldpaudit[parquet]'.") from None
    try:
        with pq.ParquetFile(path) as file:
            for batch in file.iter_batches(batch_size=chunk):
                columns = [_column(pa, path, column, mechanism) for column in batch.columns]
                if not columns:
                    raise ValueError(f"{str(path)!r} must have a column of reports, got none.")
                yield columns[0] if len(columns) == 1 else np.stack(columns, axis=1)
    except (OSError, pa.ArrowException) as error:
        said = getattr(error, "strerror", None) or str(error)
        reason = next(iter(said.splitlines()), "not a Parquet file").rstrip(".")
        raise ValueError(f"cannot read {str(path)!r}: {reason}.") from None


def _column(pa: Any, path: Path, column: Any, mechanism: Any) -> Reports:
    """One column of a batch as reports, or as one of their numbers."""
    if column.null_count:
        raise ValueError(f"a report is missing in {str(path)!r}.")
    kind = column.type
    if pa.types.is_fixed_size_binary(kind):
        sender = on_inputs(mechanism) if isinstance(mechanism, HasDomain) else mechanism
        one = sender.privatize(np.zeros(1, dtype=np.int64), rng=np.random.default_rng(0))
        if not isinstance(one, np.ndarray) or one.nbytes != kind.byte_width:
            size = one.nbytes if isinstance(one, np.ndarray) else "no fixed number of"
            raise ValueError(f"packed reports must have {size} bytes, got {kind.byte_width}.")
        raw = b"".join(column.to_pylist())
        return np.frombuffer(raw, dtype=one.dtype).reshape(len(column), *one.shape[1:])
    if pa.types.is_list(kind) or pa.types.is_large_list(kind) or pa.types.is_fixed_size_list(kind):
        flat, lengths = column.flatten(), set(column.value_lengths().to_pylist())
        if flat.null_count or len(lengths) != 1:
            raise ValueError(f"lists of reports in {str(path)!r} must be whole and of one length.")
        return _numbers(pa, path, flat).reshape(len(column), -1)
    return _numbers(pa, path, column)


def _numbers(pa: Any, path: Path, column: Any) -> Reports:
    kind = column.type
    if not (pa.types.is_integer(kind) or pa.types.is_floating(kind) or pa.types.is_boolean(kind)):
        raise ValueError(f"reports in {str(path)!r} must be numbers, got {kind}.")
    return np.asarray(column.to_numpy(zero_copy_only=False))
