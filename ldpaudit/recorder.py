"""Records what a function reports of some inputs, into files that `ldpaudit audit` reads.

This one file runs alone, on Python 3.8 or later and any numpy: copy it beside a mechanism whose
package cannot share an environment with this project, and say
``python recorder.py package.module:function --inputs 0 1 --n 20000 --out folder``.
"""

from __future__ import annotations

import argparse
import contextlib
import csv
import importlib
import inspect
import json
import os
import platform
import random
import sys
from typing import Any, Callable, Dict, Iterator, List, Sequence  # noqa: UP035 - Python 3.8

import numpy as np

__all__ = ["record"]


def record(
    fn: Callable[..., Any],
    inputs: Sequence[Any],
    n: int,
    path: Any,
    *,
    batch: bool = False,
    seed: Any = None,
) -> List[str]:  # noqa: UP006
    """Record n reports of every input, a file each.

    Parameters
    ----------
    fn : callable
        ``fn(value)`` returns one report; one that takes ``rng`` gets a numpy Generator by that
        name. With `batch`, ``fn(values)`` returns one report per value of a list of n equal ones.
    inputs : sequence
        At least two values, handed to `fn` as they are.
    n : int
        Reports per input, at least 1.
    path : str or Path
        Folder for the files, made where it is missing.
    batch : bool, default False
        Hand over all n copies of an input in one call, where a report does not depend on what else
        is in a batch: nothing here can see whether it does.
    seed : int, optional
        Seed of the generator and of the global states of `random` and numpy while `fn` is
        called; these are put back afterwards.

    Returns
    -------
    list of str
        The files: ``input-0.npy``, ``input-1.npy``, ... where all reports are arrays of numbers
        or texts of one form; ``.csv`` where they are rows of numbers and texts; else ``.jsonl``,
        one report per line. Beside them ``recording.json`` says what was recorded, and how.

    Raises
    ------
    ValueError, TypeError
        If an argument is out of range, or a report is nothing that a file can hold.

    Examples
    --------
    >>> import tempfile
    >>> flip = lambda value, rng: value ^ int(rng.random() < 0.25)
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     files = record(flip, [0, 1], 100, folder, seed=1)
    ...     [os.path.basename(file) for file in files], np.load(files[0]).shape
    (['input-0.npy', 'input-1.npy'], (100,))
    """
    if not callable(fn):
        raise TypeError(f"fn must be callable, got {type(fn).__name__}.")
    if isinstance(inputs, (str, bytes)) or len(inputs) < 2:
        raise ValueError(f"inputs must be at least two values, got {inputs!r}.")
    if isinstance(n, bool) or not isinstance(n, int) or n < 1:
        raise ValueError(f"n must be a whole number from 1 on, got {n!r}.")
    folder = os.fspath(path)
    os.makedirs(folder, exist_ok=True)
    call = _seeded(fn, seed)
    with _states(seed):
        recorded = [_reports(call, value, n, batch) for value in inputs]
    ending = _ending(recorded)
    files = [os.path.join(folder, f"input-{i}{ending}") for i in range(len(recorded))]
    for file, reports in zip(files, recorded):  # noqa: B905 - Python 3.8
        _WRITERS[ending](file, reports)
    about = {
        "function": _name(fn),
        "inputs": [repr(value) for value in inputs],
        "files": [os.path.basename(file) for file in files],
        "reports": n,
        "batch": batch,
        "seed": seed,
        "python": platform.python_version(),
        "numpy": np.__version__,
    }
    with open(os.path.join(folder, "recording.json"), "w", encoding="utf-8") as text:
        json.dump(about, text, indent=2)
        text.write("\n")
    return files


def _reports(call: Callable[[Any], Any], value: Any, n: int, batch: bool) -> List[Any]:  # noqa: UP006
    """N reports of one input, as a file holds them."""
    reports = list(call([value] * n)) if batch else [call(value) for _ in range(n)]
    if len(reports) != n:
        raise ValueError(f"fn must return {n} reports for {n} values, got {len(reports)}.")
    return [_plain(report) for report in reports]


@contextlib.contextmanager
def _states(seed: Any) -> Iterator[None]:
    """Global states that follow from the seed, for the package that draws from them; put back."""
    if seed is None:
        yield
        return
    legacy = np.random.mtrand._rand  # lent and put back, as for the packages that adapters wrap
    kept = random.getstate(), legacy.get_state()
    random.setstate(random.Random(seed).getstate())  # noqa: S311 - no secret is drawn
    legacy.set_state(np.random.RandomState(seed % 2**32).get_state())
    try:
        yield
    finally:
        random.setstate(kept[0])
        legacy.set_state(kept[1])


def _seeded(fn: Callable[..., Any], seed: Any) -> Callable[[Any], Any]:
    """`fn` of one argument, its generator bound where it takes one."""
    try:
        takes = "rng" in inspect.signature(fn).parameters
    except (TypeError, ValueError):  # of a compiled function
        takes = False
    if not takes:
        return fn
    rng = np.random.default_rng(seed)
    return lambda value: fn(value, rng=rng)


def _name(fn: Any) -> str:
    return f"{getattr(fn, '__module__', '?')}:{getattr(fn, '__qualname__', repr(fn))}"


def _plain(report: Any) -> Any:
    """A report as numbers, texts and lists of them."""
    if hasattr(report, "tolist"):
        report = report.tolist()
    if isinstance(report, (set, frozenset)):
        return sorted(_plain(part) for part in report)
    if isinstance(report, (list, tuple)) or (hasattr(report, "__next__")):
        return [_plain(part) for part in report]
    if isinstance(report, (bool, int, float, str)):
        return report
    raise TypeError(
        "a report must be a number, a text, or a list or array of them, "
        f"got {type(report).__name__}."
    )


def _ending(recorded: List[List[Any]]) -> str:  # noqa: UP006
    """The plainest format that holds all of these reports."""
    reports = [report for part in recorded for report in part]
    kinds = {_kind(report) for report in reports}
    if len(kinds) > 1 or None in kinds:
        return ".jsonl"
    (kind,) = kinds
    shape, leaves = kind
    if leaves in ("number", "text"):
        return ".npy"
    return ".csv" if len(shape) == 1 else ".jsonl"


def _kind(report: Any) -> Any:
    """Shape and kind of the leaves; None where parts differ in shape."""
    if not isinstance(report, list):
        return (), "text" if isinstance(report, str) else "number"
    parts = [_kind(part) for part in report]
    if None in parts or len({part[0] for part in parts}) > 1:
        return None
    kinds = sorted({part[1] for part in parts})
    shape = parts[0][0] if parts else ()
    return (len(report), *shape), "mixed" if len(kinds) > 1 else (kinds or ["number"])[0]


def _write_npy(file: str, reports: List[Any]) -> None:  # noqa: UP006
    array = np.array(reports)
    if array.dtype.kind == "O":  # whole numbers beyond 64 bits
        array = np.array(reports, dtype=str)
    np.save(file, array, allow_pickle=False)


def _write_csv(file: str, reports: List[Any]) -> None:  # noqa: UP006
    with open(file, "w", encoding="utf-8", newline="") as text:
        csv.writer(text).writerows(reports)


def _write_lines(file: str, reports: List[Any]) -> None:  # noqa: UP006
    with open(file, "w", encoding="utf-8") as text:
        for report in reports:
            text.write(json.dumps(report) + "\n")


_WRITERS: Dict[str, Callable[[str, List[Any]], None]] = {  # noqa: UP006
    ".npy": _write_npy,
    ".csv": _write_csv,
    ".jsonl": _write_lines,
}


def _found(target: str) -> Any:
    """The object that package.module:object names; the current folder is looked in first."""
    module, colon, name = target.partition(":")
    if not colon or not name:
        raise ValueError(f"name a function as package.module:function, got {target!r}.")
    sys.path.insert(0, os.getcwd())
    found = importlib.import_module(module[:-3] if module.endswith(".py") else module)
    for part in name.split("."):
        found = getattr(found, part)
    return found


def _literal(text: str) -> Any:
    """A JSON value, or the text itself."""
    try:
        return json.loads(text)
    except ValueError:
        return text


def main(arguments: Any = None) -> int:
    """Record from the command line; exit code 2 for an error in the arguments."""
    parser = argparse.ArgumentParser(prog="recorder.py", description=(__doc__ or "").split("\n")[0])
    parser.add_argument("target", metavar="package.module:function")
    parser.add_argument("--inputs", nargs="+", required=True, help="JSON values, or texts")
    parser.add_argument("--n", type=int, default=20_000, help="reports per input")
    parser.add_argument("-o", "--out", required=True, help="folder of the recordings")
    parser.add_argument("--batch", action="store_true", help="all copies of an input in one call")
    parser.add_argument("--seed", type=int, default=None)
    given = parser.parse_args(arguments)
    try:
        fn, inputs = _found(given.target), [_literal(text) for text in given.inputs]
        files = record(fn, inputs, given.n, given.out, batch=given.batch, seed=given.seed)
    except (ValueError, TypeError, ImportError, AttributeError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    print("\n".join(files))
    return 0


if __name__ == "__main__":
    sys.exit(main())
