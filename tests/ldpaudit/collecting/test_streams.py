"""Reports in chunks from anywhere: the same counts as all at once, in bounded memory."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from scipy import stats

import ldpaudit
from ldpaudit.collecting.streams import aggregate, aggregate_files

pa: Any = pytest.importorskip("pyarrow")
pq: Any = pytest.importorskip("pyarrow.parquet")
N = 1000
KINDS: dict[str, dict[str, Any]] = {
    "grr": {"k": 9},
    "oue": {"k": 20},
    "mss": {"k": 9, "moduli": (3, 4, 5)},
    "ss": {"k": 9},
    "olh": {"k": 9},
    "she": {"k": 4},
}


def drawn(name: str) -> tuple[Any, Any]:
    m = ldpaudit.mechanism(name, epsilon=1.0, **KINDS[name])
    rng = np.random.default_rng(1)
    return m, m.privatize(rng.integers(0, m.k, N), rng=rng)


def as_parquet(path: Path, reports: Any) -> Path:
    """Numbers as a column, rows of numbers as lists, anything else as its bytes."""
    if reports.dtype.names:
        raw = [row.tobytes() for row in reports]
        column: Any = pa.array(raw, pa.binary(reports.dtype.itemsize))
    elif reports.ndim == 2:
        column = pa.FixedSizeListArray.from_arrays(pa.array(reports.ravel()), reports.shape[1])
    else:
        column = pa.array(reports)
    pq.write_table(pa.table({"report": column}), path, row_group_size=300)
    return path


@pytest.mark.parametrize("chunk", [1, 7, N, 10 * N])
@pytest.mark.parametrize("name", [name for name in KINDS if name != "she"])
def test_every_source_gives_the_counts_of_all_at_once(
    tmp_path: Path, name: str, chunk: int
) -> None:
    m, reports = drawn(name)
    whole = np.asarray(m.estimate(m.aggregate(reports)))
    np.save(tmp_path / "a.npy", reports)
    batches = (reports[start : start + chunk] for start in range(0, N, chunk))
    parquet = as_parquet(tmp_path / "a.parquet", reports)
    for source in (batches, tmp_path / "a.npy", str(parquet)):
        found = np.asarray(m.estimate(aggregate(m, source, chunk=chunk)))
        np.testing.assert_array_equal(found, whole)


def test_sums_of_real_numbers(tmp_path: Path) -> None:
    m, reports = drawn("she")
    np.save(tmp_path / "a.npy", reports)
    found = m.estimate(aggregate(m, tmp_path / "a.npy", chunk=10))
    np.testing.assert_allclose(found, m.estimate(m.aggregate(reports)), rtol=1e-12)


def test_bytes_of_packed_reports_and_columns(tmp_path: Path) -> None:
    m, reports = drawn("oue")
    whole = m.estimate(m.aggregate(reports))
    raw = pa.array([row.tobytes() for row in reports], pa.binary(reports.shape[1]))
    pq.write_table(pa.table({"report": raw}), tmp_path / "raw.parquet")
    wide = {f"b{at}": reports[:, at] for at in range(reports.shape[1])}
    pq.write_table(pa.table(wide), tmp_path / "wide.parquet")
    for name in ("raw", "wide"):
        found = m.estimate(aggregate(m, tmp_path / f"{name}.parquet"))
        np.testing.assert_array_equal(found, whole)


def test_many_files_here_and_on_dask(tmp_path: Path) -> None:
    m, reports = drawn("mss")
    paths = []
    for number, part in enumerate(np.array_split(reports, 5)):
        paths.append(tmp_path / f"{number}.npy")
        np.save(paths[-1], part)
    whole = m.estimate(m.aggregate(reports))
    np.testing.assert_array_equal(m.estimate(aggregate_files(m, paths)), whole)
    distributed = pytest.importorskip("distributed")
    with (
        distributed.LocalCluster(
            n_workers=1, threads_per_worker=2, processes=False, dashboard_address=None
        ) as cluster,
        distributed.Client(cluster) as client,
    ):
        found = aggregate_files(m, paths, client=client)
        (tmp_path / "0.npy").write_bytes(b"nothing")
        with pytest.raises(ValueError, match="it must be one whole array"):
            aggregate_files(m, paths, client=client)
    np.testing.assert_array_equal(m.estimate(found), whole)


#: The peak of this process in MB; what getrusage says may be that of the process that started it.
PEAK = """
def peak():
    with open("/proc/self/status") as lines:
        return next(int(line.split()[1]) for line in lines if line.startswith("VmHWM")) // 1024
"""
BOUNDED = (
    PEAK
    + """
import numpy as np, ldpaudit
from ldpaudit.collecting import aggregate
m = ldpaudit.mechanism("oue", k=1000, epsilon=1.0)
def batches(total, size=20_000):
    for seed in range(total // size):
        rng = np.random.default_rng([7, seed])
        yield m.privatize(rng.integers(0, m.k, size), rng=rng)
first = aggregate(m, batches(40_000)); before = peak()
counts = aggregate(m, batches(400_000))
print(counts.num_users, peak() - before)
"""
)


LINUX = pytest.mark.skipif(not Path("/proc").is_dir(), reason="the peak is read in /proc")


@LINUX
def test_memory_does_not_grow_with_the_reports() -> None:
    """50 MB of packed reports after 5 MB: the peak stays within 10 MB."""
    done = subprocess.run(
        [sys.executable, "-c", BOUNDED], capture_output=True, text=True, check=True
    )
    reports, grown = map(int, done.stdout.split())
    assert reports == 400_000
    assert grown < 10


MANY = (
    PEAK
    + """
import sys, numpy as np, ldpaudit
from ldpaudit.collecting import aggregate
m = ldpaudit.mechanism(sys.argv[1], k=int(sys.argv[2]), epsilon=1.0)
law = 1 / np.arange(1, m.k + 1)
law /= law.sum()
total = int(sys.argv[3])
def batches(size=100_000):
    for seed in range(total // size):
        rng = np.random.default_rng([11, seed])
        yield m.privatize(rng.choice(m.k, size, p=law), rng=rng)
counts = aggregate(m, batches())
error = np.mean((m.estimate(counts) - law) ** 2)
expected = m.mse(total, law) + np.mean(law * (1 - law)) / total
print(counts.num_users, peak(), error / expected)
"""
)


@pytest.mark.slow
@LINUX
@pytest.mark.parametrize(
    ("name", "k", "total"), [("grr", 100, 10**8), ("oue", 100, 10**8), ("mss", 1024, 2 * 10**7)]
)
def test_millions_of_reports_in_bounded_memory(name: str, k: int, total: int) -> None:
    """Below 1 GB, nothing kept. The error as expected: a false alarm in a million, even if only
    half of the k errors were independent. (benchmarks/streaming.py has 1e8 of mss.)"""
    done = subprocess.run(
        [sys.executable, "-c", MANY, name, str(k), str(total)],
        capture_output=True,
        text=True,
        check=True,
    )
    reports, peak, ratio = map(float, done.stdout.split())
    assert reports == total
    assert peak < 1000
    low, high = (stats.chi2.ppf(tail, k // 2) / (k // 2) for tail in (5e-7, 1 - 5e-7))
    assert low < ratio < high


# ------------------------------------------------------------------- refused


def npy(path: Path, array: Any) -> Path:
    np.save(path, array)
    return path


def table(path: Path, column: Any) -> Path:
    pq.write_table(pa.table({"report": column}), path)
    return path


def cut(path: Path) -> Path:
    path.write_bytes(path.read_bytes()[:-50])
    return path


REFUSED: dict[str, Any] = {
    "missing.npy": (lambda path: path, "No such file"),
    "missing.parquet": (lambda path: path, "cannot read"),
    "other.csv": (lambda path: path, r"must be in a \.npy, \.parquet or \.pq file"),
    "empty.npy": (lambda path: npy(path, np.empty(0, dtype=np.int64)), "at least one report"),
    "single.npy": (lambda path: npy(path, np.int64(3)), "one array of reports"),
    "range.npy": (lambda path: npy(path, np.array([0, 9])), r"\[0, 9\)"),
    "cut.npy": (lambda path: cut(npy(path, np.arange(100))), "it must be one whole array"),
    "objects.npy": (
        lambda path: npy(path, np.array([0, "x"], dtype=object)),
        "it must be one whole array",
    ),
    "text.npy": (lambda path: path.write_text("x") and path, "it must be one whole array"),
    "cut.parquet": (lambda path: cut(table(path, pa.array([1, 2]))), "cannot read"),
    "null.parquet": (lambda path: table(path, pa.array([1, None])), "a report is missing"),
    "text.parquet": (lambda path: table(path, pa.array(["1"])), "must be numbers, got string"),
    "ragged.parquet": (lambda path: table(path, pa.array([[1], [1, 2]])), "of one length"),
    "bytes.parquet": (
        lambda path: table(path, pa.array([b"abc"], pa.binary(3))),
        "packed reports must have 8 bytes, got 3",
    ),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_holds_no_reports_is_one_sentence(tmp_path: Path, name: str) -> None:
    make, message = REFUSED[name]
    m = ldpaudit.mechanism("grr", k=9, epsilon=1.0)
    with pytest.raises((ValueError, TypeError), match=message) as caught:
        aggregate(m, make(tmp_path / name))
    assert "\n" not in str(caught.value)


def test_bad_arguments() -> None:
    m = ldpaudit.mechanism("grr", k=9, epsilon=1.0)
    with pytest.raises(ValueError, match="chunk must be at least 1, got 0"):
        aggregate(m, [np.array([1])], chunk=0)
    with pytest.raises(ValueError, match="at least one report, got none"):
        aggregate(m, [])
    nothing: list[Path] = []
    for paths in (nothing, "a.npy"):
        with pytest.raises(ValueError, match="paths must be a list of at least one file"):
            aggregate_files(m, paths)


def test_damaged_files_never_get_past(tmp_path: Path) -> None:
    """A file with some bytes changed gives reports or one sentence, never another error."""
    m, reports = drawn("mss")
    rng = np.random.default_rng(4)
    np.save(tmp_path / "a.npy", reports)
    as_parquet(tmp_path / "a.parquet", reports)
    for name in ("a.npy", "a.parquet"):
        content = (tmp_path / name).read_bytes()
        for number in range(100):
            broken = bytearray(
                content[: int(rng.integers(1, len(content)))] if number % 2 else content
            )
            for place in rng.integers(0, min(len(broken), 400), 3):
                broken[place] ^= int(rng.integers(1, 256))
            path = tmp_path / f"broken-{name}"
            path.write_bytes(broken)
            try:
                aggregate(m, path)
            except (ValueError, TypeError) as error:
                said = str(error)
            else:
                said = ""
            assert "\n" not in said
