"""Recorded reports as a mechanism: handed out once, read from files without running anything."""

from __future__ import annotations

import gzip
import pickle
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

import ldpaudit
from ldpaudit.adapters.recordings import from_samples


def rng(seed: int = 0) -> np.random.Generator:
    return np.random.default_rng(seed)


def test_the_public_name_is_the_same() -> None:
    assert ldpaudit.from_samples is from_samples


# --- handing out -----------------------------------------------------------------------------


def test_every_report_is_handed_out_once() -> None:
    m = from_samples(np.arange(100), np.arange(100, 160), epsilon=1.0)
    assert (m.k, m.num_reports, m.limit) == (2, (100, 60), 60)
    values = np.repeat([0, 1, 0], [40, 60, 60])
    taken = [m.privatize(part, rng=rng(s)) for s, part in enumerate(np.split(values, [7, 90]))]
    reports = np.concatenate(taken)
    assert np.array_equal(reports >= 100, values == 1)
    assert sorted(reports.tolist()) == list(range(160))
    assert m.left == (0, 0)
    with pytest.raises(ValueError, match=r"has 0 of 100 reports of input 0 left, 1 more asked"):
        m.privatize([0], rng=rng())


def test_a_request_that_is_too_large_takes_nothing() -> None:
    m = from_samples([1, 2], [3, 4], epsilon=1.0, name="tape")
    with pytest.raises(ValueError, match=r"tape has 2 of 2 reports of input 1 left, 3 more asked"):
        m.privatize([0, 1, 1, 1], rng=rng())
    assert m.left == (2, 2)


def test_the_order_is_a_permutation_by_rng() -> None:
    m = from_samples(np.arange(500), np.arange(500), epsilon=1.0)
    first = m.privatize(np.zeros(500, dtype=int), rng=rng(1))
    again = m.fresh().privatize(np.zeros(500, dtype=int), rng=rng(1))
    other = m.fresh().privatize(np.zeros(500, dtype=int), rng=rng(2))
    assert np.array_equal(first, again)
    assert not np.array_equal(first, other)
    assert not np.array_equal(first, np.arange(500))
    assert m.left == (0, 500)


def test_coins_never_ask_for_more_than_the_limit() -> None:
    m = from_samples(np.zeros(50), np.ones(70), epsilon=1.0)
    for value in (0, 1):
        assert m.fresh().privatize(np.full(m.limit, value), rng=rng()).size == 50


def test_claims_of_samples_are_checked() -> None:
    with pytest.raises(ValueError, match=r"epsilon must be positive"):
        from_samples([0], [1], epsilon=-1.0)
    m = from_samples([0], [1], epsilon=1.0, delta=1e-6)
    assert (m.delta, repr(m)) == (1e-6, "recorded reports")
    with pytest.raises(ValueError, match=r"values must lie in \[0, 2\)"):
        m.privatize([2], rng=rng())


# --- files -----------------------------------------------------------------------------------


def both(folder: Path, first: str, second: str, ending: str = ".csv") -> tuple[Path, Path]:
    paths = folder / f"first{ending}", folder / f"second{ending}"
    for path, text in zip(paths, (first, second), strict=True):
        path.write_bytes(gzip.compress(text.encode()) if ending.endswith(".gz") else text.encode())
    return paths


def everything(first: Any, second: Any, **how: Any) -> tuple[np.ndarray, np.ndarray]:
    """All recorded reports of both inputs, in an order that does not depend on rng."""
    m = from_samples(first, second, epsilon=1.0, **how)
    out = [m.privatize(np.full(n, v), rng=rng()) for v, n in enumerate(m.num_reports)]
    one, two = (np.array(sorted(part.tolist(), key=str), dtype=part.dtype) for part in out)
    return one, two


@pytest.mark.parametrize("ending", [".csv", ".csv.gz"])
@pytest.mark.parametrize(
    ("first", "second", "dtype", "expected"),
    [
        ("1\n0\n", "3\n", np.int64, [[0, 1], [3]]),
        ("1\n0\n", "2.5\n", np.float64, [[0.0, 1.0], [2.5]]),
        ("1\n-inf\n", "1e-3\n", np.float64, [[-np.inf, 1.0], [0.001]]),
        ("bit\n1\n0\n", "bit\n1\n", np.int64, [[0, 1], [1]]),
        ("bit\n1\n0\n", "1\n", np.int64, [[0, 1], [1]]),
        ("a,b\n1,2\n\n3,4\n", "a,b\n5,6\n", np.int64, [[[1, 2], [3, 4]], [[5, 6]]]),
        ("1, 2\n3,4.5\n", "5,6\n", np.float64, [[[1, 2], [3, 4.5]], [[5, 6]]]),
        ("1,x\n2,y\n", "5,z\n", object, [[[1, "x"], [2, "y"]], [[5, "z"]]]),
        ("answer\nyes\nno\n", "answer\nno\n", "<U3", [["no", "yes"], ["no"]]),
        ("yes\nno\nyes\n", "yes\nyes\n", "<U3", [["no", "yes", "yes"], ["yes", "yes"]]),
        ("0101\n1101\n", "1111\n", "<U4", [["0101", "1101"], ["1111"]]),
        ("1\nnone\nyes\n", "2\n", "<U4", [["1", "none", "yes"], ["2"]]),
        ('"a,b"\nc\n', "d\n", "<U3", [["a,b", "c"], ["d"]]),
        (f"{2**63}\n1\n", "2\n", np.uint64, [[1, 2**63], [2]]),
        (f"{2**64}\n1\n", "2\n", "<U20", [["1", str(2**64)], ["2"]]),
    ],
)
def test_csv(
    tmp_path: Path, ending: str, first: str, second: str, dtype: Any, expected: list[Any]
) -> None:
    one, two = everything(*both(tmp_path, first, second, ending))
    assert one.dtype == two.dtype == np.dtype(dtype)
    assert [one.tolist(), two.tolist()] == expected


def test_a_header_can_be_said_to_be_there_or_not(tmp_path: Path) -> None:
    paths = both(tmp_path, "yes\nno\n", "yes\nmaybe\n")
    assert everything(*paths)[0].tolist() == ["no"]
    assert everything(*paths, header=False)[0].tolist() == ["no", "yes"]
    paths = both(tmp_path, "1\n2\n", "1\n3\n")
    assert everything(*paths)[0].tolist() == [1, 2]
    assert everything(*paths, header=True)[0].tolist() == [2]


@pytest.mark.parametrize(
    ("first", "second", "message"),
    [
        ("", "1\n", "first.csv' must hold at least one report, got none."),
        ("bit\n", "bit\n1\n", "first.csv' must hold at least one report, got none."),
        ("1,2\n3\n", "1,2\n", "line 2 of .*first.csv' must have 2 cells, got 1."),
        ("1,2\n", "1\n", "the same form, got 2 columns in one file and 1 in the other."),
        ("1\n", "a\n1\n\nnan\n", "a value is missing in line 3 of .*second.csv'."),
        ("1,2\n3,\n", "1,2\n", "a value is missing in line 2 of .*first.csv'."),
        ("x,y\nu,\n", "a,b\n", "a value is missing in line 2 of .*first.csv'."),
        ("a,b\n1,2\n", "b,a\n2,1\n", r"the same columns, got \['a', 'b'\] and \['b', 'a'\]."),
        ('"1\n', "1\n", "cannot read .*first.csv': unexpected end of data."),
        ("1\n", "\xff", None),
    ],
)
def test_csv_that_is_refused(tmp_path: Path, first: str, second: str, message: str | None) -> None:
    paths = both(tmp_path, first, second)
    if message is None:
        paths[1].write_bytes(b"\xff\xfe1")
        message = "second.csv': it is not UTF-8 text."
    header = True if first == "bit\n" else None
    with pytest.raises(ValueError, match=message):
        from_samples(*paths, epsilon=1.0, header=header)


def test_a_broken_archive_is_refused(tmp_path: Path) -> None:
    paths = both(tmp_path, "1\n", "2\n", ".csv.gz")
    paths[0].write_bytes(paths[0].read_bytes()[:-6])
    with pytest.raises(ValueError, match=r"cannot read .*first.csv.gz'"):
        from_samples(*paths, epsilon=1.0)


def test_parquet(tmp_path: Path) -> None:
    pytest.importorskip("pyarrow")
    paths = tmp_path / "a.parquet", tmp_path / "b.pq"
    pd.DataFrame({"y": [1, 2], "s": ["a", "b"]}).to_parquet(paths[0])
    pd.DataFrame({"y": [3], "s": ["c"]}).to_parquet(paths[1])
    one, two = everything(*paths)
    assert (one.tolist(), two.tolist()) == ([[1, "a"], [2, "b"]], [[3, "c"]])
    for frame, message in (
        (pd.DataFrame({"y": [1.0, np.nan, 2.0], "s": ["c"] * 3}), "missing in row 2 of .*'y'"),
        (pd.DataFrame({"y": [1.0], "s": [None]}).astype({"s": "string"}), "missing in row 1"),
        (
            pd.DataFrame({"y": [[1, None]], "s": ["a"]}),
            "must not be None, got .* in row 1 of .*'y'",
        ),
        (pd.DataFrame({"s": ["a"], "y": [1]}), "must have the same columns"),
        (pd.DataFrame({"y": np.empty(0), "s": np.empty(0)}), "at least one report, got none."),
    ):
        frame.to_parquet(paths[1])
        with pytest.raises(ValueError, match=message):
            from_samples(*paths, epsilon=1.0)
    paths[1].write_bytes(b"nothing of the kind")
    with pytest.raises(ValueError, match=r"cannot read .*b.pq'"):
        from_samples(*paths, epsilon=1.0)


def test_one_column_of_parquet_is_like_a_vector(tmp_path: Path) -> None:
    pytest.importorskip("pyarrow")
    pd.DataFrame({"y": [0.5, 1.5]}).to_parquet(tmp_path / "a.parquet")
    one, two = everything(tmp_path / "a.parquet", pd.DataFrame({"z": [2.5]}))
    assert (one.tolist(), two.tolist()) == ([0.5, 1.5], [2.5])


def test_npy(tmp_path: Path) -> None:
    paths = tmp_path / "a.npy", tmp_path / "b.npy"
    for path, first in zip(paths, (0, 1), strict=True):
        np.save(path, np.full((3, 2), first))
    assert everything(*paths)[1].tolist() == [[1, 1]] * 3
    assert repr(from_samples(*map(str, paths), epsilon=1.0)) == "a.npy and b.npy"


class Bomb:
    def __reduce__(self) -> Any:
        return pytest.fail, ("a file was executed",)


def test_npy_is_never_unpickled(tmp_path: Path) -> None:
    path = tmp_path / "a.npy"
    np.save(path, np.array([Bomb()], dtype=object))
    with pytest.raises(ValueError, match=r"files with Python objects are not opened."):
        from_samples(path, [1], epsilon=1.0)
    path.write_bytes(pickle.dumps(Bomb()))
    with pytest.raises(ValueError, match=r"files with Python objects are not opened."):
        from_samples(path, [1], epsilon=1.0)


def test_npy_that_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "a.npy"
    for content, message in (
        (np.array(3), "must have one report per row, got a single value."),
        (np.empty((0, 2)), "must hold at least one report, got none."),
        (np.array([[1.0, 2.0], [np.nan, 1.0]]), r"got \[nan  1.\] in row 2 of '.*a.npy'."),
        (np.array([1j]), "got dtype complex128"),
    ):
        np.save(path, content)
        with pytest.raises((ValueError, TypeError), match=message):
            from_samples(path, [1], epsilon=1.0)
    with path.open("wb") as file:
        np.savez(file, a=np.zeros(2))
    with pytest.raises(ValueError, match=r"must be one array, got an archive."):
        from_samples(path, [1], epsilon=1.0)
    path.write_bytes(b"")
    with pytest.raises(ValueError, match=r"cannot read .*a.npy'"):
        from_samples(path, [1], epsilon=1.0)


# --- arrays ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("first", "second", "dtype"),
    [
        ([True, False], [True], np.bool_),
        (np.array([1, 2]), np.array([0.5]), np.float64),
        (["a", "bc"], ["d"], "<U2"),
        (pd.Series(["a", "b"]), pd.Series(["c"], dtype="category"), "<U1"),
        ([(1, "a")], [(2, "b")], object),
        ([b"\x00\x01"], [b"\x01\x00"], np.uint8),
        (np.zeros((2, 3, 2)), np.ones((1, 3, 2)), np.float64),
        ([2**63], [1], np.uint64),
    ],
)
def test_arrays(first: Any, second: Any, dtype: Any) -> None:
    m = from_samples(first, second, epsilon=1.0)
    reports = m.privatize([1], rng=rng())
    assert reports.dtype == np.dtype(dtype)
    expected = list(second[0]) if isinstance(second[0], bytes | tuple) else second[0]
    assert np.array_equal(reports[0], np.array(expected, dtype=dtype))


def test_lists_of_several_lengths_in_one_input_alone() -> None:
    m = from_samples([[1, 2], [3]], [[4], [5]], epsilon=1.0)
    assert m.privatize([1, 1], rng=rng()).tolist() in ([(4,), (5,)], [(5,), (4,)])


same = np.arange(3)


@pytest.mark.parametrize(
    ("first", "second", "message"),
    [
        ([], [1], "first must hold at least one report, got none."),
        ([1], np.empty(0), "second must hold at least one report, got none."),
        ([1, None], [1], "a report must not be None, got None in row 2 of first."),
        ([1], [1.0, float("nan")], "must not be nan, got nan in row 2 of second."),
        ([1, 2], ["a"], r"the same form, got int64 of shape \(2,\) and <U1 of shape \(1,\)."),
        (np.zeros((2, 3)), np.zeros((2, 2)), r"float64 of shape \(2, 3\) and float64"),
        (same, same, "must be recorded apart, got the same."),
        ("x.doc", [1], "first must be an array or the path of a .csv, .*, got 'x.doc'."),
        ("no.csv", [1], "cannot read 'no.csv': No such file or directory."),
        (Path("no.npy"), [1], "cannot read 'no.npy': No such file or directory."),
        ([1], 5, "second must be an array or a path, got int."),
        ([1], None, "second must be reports of the other input, or label its column in first."),
        (b"ab", [1], "first must be an array or a path, got bytes."),
    ],
)
def test_what_is_no_recording_is_refused(first: Any, second: Any, message: str) -> None:
    with pytest.raises((TypeError, ValueError), match=message):
        from_samples(first, second, epsilon=1.0)


def test_the_same_file_twice_is_refused(tmp_path: Path) -> None:
    path, _ = both(tmp_path, "1\n", "2\n")
    with pytest.raises(ValueError, match=r"must be recorded apart, got the same."):
        from_samples(path, str(tmp_path / ".." / tmp_path.name / "first.csv"), epsilon=1.0)
