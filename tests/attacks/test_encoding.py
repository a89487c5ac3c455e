"""Reports of every form become columns of codes: which ones, and what is lost."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
import pytest

from ldpaudit.attacks._encoding import Column, as_array, find_columns
from ldpaudit.attacks._steps import Bit
from ldpaudit.attacks._traces import Digit

N = 3000


def rng(seed: int = 1) -> np.random.Generator:
    return np.random.default_rng(seed)


def table(reports: Any, columns: tuple[Column, ...] | None = None) -> npt.NDArray[np.uint16]:
    rows = as_array(reports)
    found = find_columns(rows) if columns is None else columns
    return np.stack([column(rows) for column in found], axis=1)


def bits() -> npt.NDArray[np.uint8]:
    return rng().integers(0, 2, (N, 11), dtype=np.uint8)


def words() -> list[str]:
    return ["".join(map(str, row)) for row in bits().tolist()]


FORMS: dict[str, Any] = {
    "integers": rng().integers(-5, 40, N),
    "seeds": rng().integers(0, 2**64, N, dtype=np.uint64),
    "floats": rng().laplace(size=(N, 3)),
    "clipped": rng().laplace(size=N).clip(-1, 1),
    "bools": bits().astype(bool),
    "packed": np.packbits(bits(), axis=1, bitorder="little"),
    "unpacked": bits(),
    "bytes": [row.tobytes() for row in np.packbits(bits(), axis=1)],
    "texts": rng().choice(["yes", "no", "perhaps"], N),
    "words": words(),
    "tuples": [(int(i), "ab"[i % 2], i / 7) for i in rng().integers(0, 20, N)],
    "lists": [[int(i)] * 3 for i in rng().integers(0, 20, N)],
    "sets": [frozenset(np.flatnonzero(row).tolist()) for row in bits()],
    "ragged": [np.flatnonzero(row) for row in bits()],
    "records": np.array(
        [(i % 3, row) for i, row in enumerate(bits()[:, :2])],
        dtype=[("block", "<u2"), ("subset", "u1", (2,))],
    ),
    "nothing else": [None if i % 3 else complex(i % 2, 1) for i in range(N)],
}


def test_few_values_have_a_code_each_in_their_order() -> None:
    reports = rng().integers(-5, 40, N)
    np.testing.assert_array_equal(table(reports)[:, 0], reports + 6)
    columns = find_columns(reports)
    assert [column.size for column in columns] == [46]
    assert table(np.array([-6, 40, 1000, 39]), columns)[:, 0].tolist() == [0, 0, 0, 45]


def test_texts_have_a_code_each_and_strange_ones_none() -> None:
    columns = find_columns(np.array(["no", "yes", "a longer one"]))
    assert table(["yes", "never", "no", "a longer one!", 3], columns)[:, 0].tolist() == [
        3, 0, 2, 0, 0,
    ]  # fmt: skip


@pytest.mark.parametrize("form", ["packed", "unpacked", "bools", "sets", "ragged", "words"])
def test_a_subset_is_its_bits_however_it_is_written(form: str) -> None:
    """Equal up to the order of columns, and to which of two codes is the set bit."""
    found = table(FORMS[form])
    wanted = {column.tobytes() for column in bits().T.astype(bool)}
    binary = [found[:, j] == 2 for j in range(found.shape[1]) if set(found[:, j]) == {1, 2}]
    assert {column.tobytes() for column in binary} >= wanted
    assert found.shape[1] == 11 + (form == "words")


def test_the_bits_of_a_packed_row_come_lowest_first() -> None:
    np.testing.assert_array_equal(table(FORMS["packed"]), bits() + 1)


def test_bytes_keep_zeros_at_their_end() -> None:
    found = table([b"\x01\x00", b"\x02\x00", b"\x01\x80", b""])
    assert found.tolist() == [[2, 1, 1], [1, 2, 1], [2, 1, 2], [1, 1, 1]]


def test_records_and_tuples_are_taken_apart() -> None:
    found = table(FORMS["records"])
    np.testing.assert_array_equal(found[:, 0], np.arange(N) % 3 + 1)
    np.testing.assert_array_equal(found[:, 1:], bits()[:, :2] + 1)
    found = table(FORMS["tuples"])
    own = rng().integers(0, 20, N)
    np.testing.assert_array_equal(found, np.stack((own + 1, own % 2 + 1, own + 1), axis=1))


def test_many_integers_are_bins_and_bits() -> None:
    """No two integers below 2^12 share all codes."""
    reports = np.arange(2**12)
    found = table(reports)
    assert found.shape[1] == 13
    assert (np.diff(found[:, 0].astype(int)) >= 0).all()
    np.testing.assert_array_equal(found[:, 1:], (reports[:, None] >> np.arange(12) & 1) + 1)


def test_bins_of_floats_keep_their_order_and_are_finer_in_the_tails() -> None:
    values = np.sort(rng().normal(size=100_000))
    (column,) = find_columns(values)
    codes = column(values).astype(int)
    assert (np.diff(codes) >= 0).all()
    share = np.bincount(codes, minlength=column.size)[1:] / values.size
    assert share.max() <= 0.0401
    np.testing.assert_allclose(share[[0, -1]], 0.001, rtol=0.02)
    odd = column(np.array([-np.inf, np.inf, np.nan, 0.0], dtype=np.float64))
    assert odd.tolist() == [1, column.size - 1, 0, column(np.zeros(1))[0]]


def test_a_value_that_floats_often_take_is_alone_in_its_bin() -> None:
    reports = FORMS["clipped"]
    (column,) = find_columns(reports)
    codes = column(reports)
    for atom in (-1.0, 1.0):
        own = codes == column(np.array([atom]))[0]
        np.testing.assert_array_equal(own, reports == atom)


def test_what_never_changes_is_left_out() -> None:
    assert find_columns(np.zeros((50, 4))) == ()
    assert find_columns(as_array(["same"] * 9)) == ()
    assert len(find_columns(np.column_stack((np.zeros(50), np.arange(50))))) == 1


def test_many_texts_of_several_lengths_keep_the_commonest() -> None:
    common = [f"{i:d}" for i in range(250)] * 3
    rare = [f"rare{i:d}" for i in range(300)]
    columns = find_columns(as_array(common + rare))
    assert [column.size for column in columns] == [257]
    assert (table(common, columns) > 0).all()
    assert np.count_nonzero(table(rare, columns)) == 6


def test_frames_are_read_by_row() -> None:
    frame = pd.DataFrame({"a": [1, 2, 1], "b": ["x", "x", "y"]})
    assert table(frame).tolist() == [[1, 1], [2, 1], [1, 2]]


@pytest.mark.parametrize("form", FORMS)
def test_codes_do_not_depend_on_the_batch(form: str) -> None:
    """One by one, in pieces, as a list or as an array: the same codes, each below its size."""
    reports = FORMS[form]
    columns = find_columns(as_array(reports))
    assert columns
    whole = table(reports, columns)
    assert (whole.max(axis=0) < [column.size for column in columns]).all()
    for i in (0, 1, N - 1):
        np.testing.assert_array_equal(table(reports[i : i + 1], columns)[0], whole[i])
    np.testing.assert_array_equal(table(list(reports)[7:19], columns), whole[7:19])
    again = table(reports, find_columns(as_array(reports)))
    np.testing.assert_array_equal(again, whole)


def test_reports_of_another_form_than_in_training_are_unknown() -> None:
    columns = find_columns(as_array([(1, "a"), (2, "b"), (3, "a")]))
    assert table([(2, "b"), (2,), (), None, "a"], columns).tolist() == [
        [2, 2], [2, 0], [0, 0], [0, 0], [0, 0],
    ]  # fmt: skip
    numbers = find_columns(np.array([1, 2, 3]))
    assert table(["1", "two", "3"], numbers)[:, 0].tolist() == [0, 0, 0]
    held = find_columns(as_array([{1}, {1, 2}, set()]))
    assert table([{3}, None, [2, 1], {2}], held).tolist() == [[1, 1], [1, 1], [2, 2], [1, 2]]


def test_whole_numbers_of_any_size_lose_no_digit() -> None:
    own = rng().integers(0, 2, 600).tolist()
    few = [10**30 + bit for bit in own]
    np.testing.assert_array_equal(table(few)[:, 0], np.array(own) + 1)
    many = [2**70 + 2 * place + bit for place, bit in enumerate(own)]
    codes = table(many)
    # The bits that vary: ten of the place and the lowest; the bins follow the order.
    assert np.all(np.diff(codes[:, 0].astype(int)) >= 0)
    assert any(np.array_equal(column, np.array(own) + 1) for column in codes.T[1:])
    mixed = [None if place % 3 == 0 else x for place, x in enumerate(few)]
    expected = [0 if place % 3 == 0 else bit + 1 for place, bit in enumerate(own)]
    np.testing.assert_array_equal(table(mixed)[:, 0], expected)


def test_what_training_held_no_big_number_of_is_unknown() -> None:
    small = [2**53 - 1, 2**53] * 300
    columns = find_columns(as_array(small))
    assert table([2**53, 2**53 + 1, 10**30], columns)[:, 0].tolist() == [2, 0, 0]
    big = find_columns(as_array([10**30, 10**30 + 1, 7]))
    assert table([7, 8], big)[:, 0].tolist() == [1, 0]
    assert table([2**63, -1, 7], big)[:, 0].tolist() == [0, 0, 1]


def test_digits_of_whole_numbers_past_the_reach_of_doubles() -> None:
    rows = as_array([10**30 + 17, -(10**30) - 1234, 2.5, None, 1e40])
    assert Digit(0)(rows).tolist() == [7, 4, 2, 10, 10]
    assert Digit(-1)(rows).tolist() == [1, 3, 0, 10, 10]


@pytest.mark.parametrize("kind", ["uint8", "int32", "int64", "uint64", "bool", "float64"])
def test_bits_of_whole_numbers_are_bytes_whatever_holds_them(kind: str) -> None:
    """Against Python's own shifts, of negative numbers too; a bit beyond the width is 0."""
    values = [0, 1] if kind == "bool" else [0, 1, 5, 200 if kind[0] == "u" else -3]
    if kind.endswith("64") and kind != "float64":
        values.append(2**62 + 2**40)
    column = np.array(values, dtype=kind)
    for place in (0, 1, 7, 40, 62):
        bit = Bit(place)(column)
        assert bit.dtype == np.uint8
        width = 8 if kind == "bool" else 8 * column.itemsize
        expected = [0 if place >= width else int(value) >> place & 1 for value in column.tolist()]
        assert bit.tolist() == expected
