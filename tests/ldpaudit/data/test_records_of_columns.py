"""Records of several columns of a file as one domain."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from ldpaudit.data.dataset import DataSet
from ldpaudit.data.sources import load

PEOPLE = "age,sex,a+b\n30,f,x\n4,m,y\n30,f,x\n30,m,x\n"


def test_records_of_several_columns(tmp_path: Path) -> None:
    """Numbered with the last column running fastest, each column in its own order."""
    path = tmp_path / "people.csv"
    path.write_text(PEOPLE)
    data = load(f"{path}:age+sex")
    assert data.sizes == (2, 2)
    assert data.histogram.tolist() == [0, 1, 2, 1]  # (4, f), (4, m), (30, f), (30, m)
    assert (data.k, data.num_users, data.labels) == (4, 4, None)
    assert load(f"{path}:sex+age").histogram.tolist() == [0, 2, 1, 1]
    assert load(f"{path}:a+b").labels == ("x", "y")  # a column of that name
    assert load(f"{path}:age+sex", num_users=8).sizes == (2, 2)


def test_records_of_a_parquet_file(tmp_path: Path) -> None:
    pytest.importorskip("pyarrow")
    path = tmp_path / "people.csv"
    path.write_text(PEOPLE)
    frame = pd.read_csv(path)
    frame.to_parquet(tmp_path / "people.parquet")
    one, two = (load(f"{tmp_path / name}:age+sex") for name in ("people.csv", "people.parquet"))
    assert (one.histogram == two.histogram).all()
    assert one.sizes == two.sizes


@pytest.mark.parametrize(
    ("text", "columns", "message"),
    [
        (PEOPLE, "age+name", "unknown column"),
        ("a,b\n1,\n2,3\n2,4\n", "a+b", "no missing values, got 1 in '.*people.csv:b'"),
        ("a,b\n1,1\n2,1\n", "a+b", "at least 2 distinct values, got 1 in '.*people.csv:b'"),
        ("a,b\n" + "".join(f"{i},{i}\n" for i in range(4000)), "a+b", "4000 x 4000 values; take"),
    ],
)
def test_bad_records_are_named(tmp_path: Path, text: str, columns: str, message: str) -> None:
    path = tmp_path / "people.csv"
    path.write_text(text)
    with pytest.raises(ValueError, match=message):
        load(f"{path}:{columns}")


def test_sizes_must_fit() -> None:
    with pytest.raises(ValueError, match="sizes must have the product 3"):
        DataSet("three", np.array([1, 1, 1]), sizes=(2, 2))
