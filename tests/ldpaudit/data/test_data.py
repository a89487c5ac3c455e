"""Histograms: exact totals, honest apportioning, and files that mean no good."""

from __future__ import annotations

import gzip
import hashlib
import pickle
import re
import sys
from collections import Counter
from fractions import Fraction
from importlib import resources
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ldpaudit.data import priors, sources
from ldpaudit.data.dataset import DataSet
from ldpaudit.data.priors import apportion
from ldpaudit.data.sources import load

NEEDED = dict.fromkeys(("zipf", "spike", "uniform", "dirichlet", "beta", "bimodal"), 20)


# ------------------------------------------------------------------ data sets


@pytest.mark.parametrize(
    ("name", "k", "users", "first", "last"),
    [
        ("adult-age", 74, 45_222, "17", "90"),
        ("adult-hours", 96, 45_222, "1", "99"),
        ("us-surnames", 22_000, 10_000, "SMITH", "PENFIELD"),
    ],
)
def test_bundled(name: str, k: int, users: int, first: str, last: str) -> None:
    found = load(name)
    assert (found.name, found.k, found.num_users) == (name, k, users)
    assert found.labels is not None
    assert (found.labels[0], found.labels[-1], len(set(found.labels))) == (first, last, k)
    assert found.notice


def test_bundled_figures_are_the_published_ones() -> None:
    ages = load("adult-age")
    assert ages.labels == tuple(sorted(ages.labels or (), key=int))
    assert ages.users().mean() + 17 == pytest.approx(38.5, abs=0.1)  # near: some ages are missing
    hours = load("adult-hours")
    assert hours.labels is not None
    assert hours.labels[hours.histogram.argmax()] == "40"
    names = load("us-surnames", num_users=7_959_000)  # the shares add up to 79.59 percent
    assert names.histogram[:4].tolist() == [100_600, 81_000, 69_900, 62_100]
    assert (names.histogram == 0).sum() == 3_161
    assert {"NULL", "NA"} <= set(names.labels or ())  # surnames that readers take for gaps


def test_attribution_is_shipped() -> None:
    notices = (resources.files("ldpaudit") / "histograms" / "NOTICES.md").read_text("utf-8")
    for words in ("Becker, B. and Kohavi, R. (1996)", "CC BY 4.0", "Changes:", "public domain"):
        assert words in notices
    assert "CC BY 4.0" in load("adult-hours").notice
    assert load("zipf", k=5).notice == ""


def test_every_name_loads_and_is_described_in_one_line() -> None:
    for name, description in sources.names().items():
        assert load(name, k=NEEDED.get(name)).name.removesuffix(" on [0, 1]") == name
        assert description
        assert "\n" not in description


def test_own_counts_unless_users_are_given() -> None:
    whole, part = load("adult-age"), load("adult-age", k=74, num_users=1_000)
    assert part.num_users == 1_000
    assert part.labels == whole.labels
    assert np.abs(part.histogram - whole.frequencies * 1_000).max() < 1


def test_a_data_set_is_checked_and_cannot_be_changed() -> None:
    counts = np.array([2, 0, 1])
    found = DataSet("mine", counts)
    counts[0] = 9
    assert found.users().tolist() == [0, 0, 2]
    assert found.users().dtype == found.histogram.dtype == np.int64
    assert found.frequencies.tolist() == [2 / 3, 0, 1 / 3]
    with pytest.raises(ValueError, match="read-only"):
        found.histogram[0] = 1
    for bad in ([[1, 2]], [3], [0, 0], [1, -1]):
        with pytest.raises(ValueError, match="histogram must"):
            DataSet("bad", np.array(bad))
    with pytest.raises(TypeError, match="whole numbers, got dtype float64"):
        DataSet("bad", np.array([0.5, 0.5]))
    with pytest.raises(ValueError, match="labels must name 2 values, got 1"):
        DataSet("bad", np.array([1, 1]), labels=("one",))


# ------------------------------------------------------------------ synthetic priors


def test_priors() -> None:
    np.testing.assert_allclose(priors.zipf(4, 2.0), np.array([144, 36, 16, 9]) / 205)
    assert priors.spike(5).tolist() == [1, 0, 0, 0, 0]
    assert priors.uniform(8).tolist() == [1 / 8] * 8
    drawn = priors.dirichlet(6, 0.01, rng=np.random.default_rng(1))
    assert drawn.shape == (6,)
    assert drawn.sum() == pytest.approx(1)
    assert priors.zipf(10, 1e6).tolist() == priors.spike(10).tolist()


def test_parameters_are_part_of_the_name() -> None:
    assert load("zipf(1.5)", k=5).name == "zipf(1.5)"
    assert load("zipf(1)", k=5).name == load("zipf(1.0)", k=5).name == "zipf"
    np.testing.assert_array_equal(
        load("zipf(15e-1)", k=5, num_users=99).histogram, apportion(priors.zipf(5, 1.5), 99)
    )
    assert load("spike", k=3).histogram.tolist() == [10_000, 0, 0]


def test_dirichlet_is_drawn_from_its_own_stream() -> None:
    def draw(spec: str, k: int = 8, seed: int = 0) -> list[int]:
        return list(map(int, load(spec, k=k, seed=seed).histogram))

    assert draw("dirichlet") == draw("dirichlet(1)")
    others = [draw("dirichlet", seed=1), draw("dirichlet(0.5)"), draw("dirichlet", k=9)]
    assert draw("dirichlet") not in others
    # The stream hangs on a digest of names, not on the process or the order of calls.
    digest = hashlib.sha256(b"('data', 'dirichlet(0.5)', 4, 7)").digest()
    rng = np.random.default_rng(np.random.SeedSequence(int.from_bytes(digest)))
    expected = apportion(priors.dirichlet(4, 0.5, rng=rng), 10_000)
    assert draw("dirichlet(0.5)", k=4, seed=7) == expected.tolist()


@pytest.mark.parametrize(
    ("spec", "k", "message"),
    [
        ("zipf", None, "zipf needs k, the number of values, got None"),
        ("zipf", 1, "k must be at least 2, got 1"),
        ("zipf(0)", 5, "s must be positive and finite, got 0.0"),
        ("zipf(-1)", 5, "s must be positive and finite, got -1.0"),
        ("zipf(1e999)", 5, "s must be positive and finite, got inf"),
        ("dirichlet(0)", 5, "concentration must be positive"),
        ("dirichlet(1e308)", 5, "concentration is too extreme"),
        ("spike(2)", 5, "spike takes no parameter, got 2"),
        ("zipf(__import__('os'))", 5, "unknown data set"),
        ("zipf(nan)", 5, "unknown data set"),
        ("zipf(1_0)", 5, "unknown data set"),
        ("zipf(1", 5, "unknown data set"),
        ("Zipf", 5, "unknown data set 'Zipf'; did you mean zipf"),
        ("adult-ages", None, "unknown data set 'adult-ages'; did you mean adult-age"),
        ("", None, "unknown data set"),
        ("table.xlsx:age", None, "must be given as FILE.csv:COLUMN"),
        ("adult-age", 75, "k must be 74, the number of values of 'adult-age', got 75"),
    ],
)
def test_bad_names(spec: str, k: int | None, message: str) -> None:
    with pytest.raises(ValueError, match=re.escape(message)) as caught:
        load(spec, k=k)
    assert "\n" not in str(caught.value)


def test_other_bad_arguments() -> None:
    with pytest.raises(TypeError, match="data must be a name"):
        load(None)  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="num_users must be at least 1, got 0"):
        load("adult-age", num_users=0)
    with pytest.raises(ValueError, match="num_users must be at most 1000000000000"):
        load("zipf", k=3, num_users=10**13)
    with pytest.raises(ValueError, match="seed must be at least 0"):
        load("dirichlet", k=3, seed=-1)
    with pytest.raises(TypeError, match=r"rng must be a numpy\.random\.Generator"):
        priors.dirichlet(3, rng=0)  # type: ignore[arg-type]
    for bad in ([-1.0, 2.0], [np.nan, 1.0], [[1.0]], [0.0, 0.0], []):
        with pytest.raises(ValueError, match="frequencies must"):
            apportion(bad, 10)


# ------------------------------------------------------------------ whole users


def naive(weights: list[int], num_users: int) -> list[int]:
    """The largest-remainder method in exact fractions."""
    quotas = [Fraction(weight * num_users, sum(weights)) for weight in weights]
    out = [int(quota) for quota in quotas]
    order = sorted(range(len(quotas)), key=lambda i: (out[i] - quotas[i], i))
    for i in order[: num_users - sum(out)]:
        out[i] += 1
    return out


WEIGHTS = st.lists(st.integers(0, 1000), min_size=1, max_size=40).filter(any)


@given(WEIGHTS, st.integers(1, 2000))
def test_apportion_is_exact(weights: list[int], num_users: int) -> None:
    # Unequal remainders differ by at least 1 / 40,000: far more than nine decimals.
    assert apportion(weights, num_users).tolist() == naive(weights, num_users)
    frequencies = np.array(weights) / sum(weights)
    assert apportion(frequencies, num_users).tolist() == naive(weights, num_users)


@given(st.lists(st.floats(0, 1e300), min_size=1, max_size=40).filter(any), st.integers(1, 10**12))
def test_apportion_keeps_its_promises(weights: list[float], num_users: int) -> None:
    users = apportion(weights, num_users)
    assert users.sum() == num_users
    assert (users >= 0).all()
    top = max(weights)
    shares = np.array(weights) / top
    quotas = shares / shares.sum() * num_users
    assert (np.abs(users - quotas) <= 1 + 1e-12 * num_users).all()
    np.testing.assert_array_equal(users, apportion(weights, num_users))


@given(WEIGHTS)
def test_apportioning_counts_to_their_own_total_changes_nothing(weights: list[int]) -> None:
    assert apportion(weights, sum(weights)).tolist() == weights


def test_ties_go_to_the_lower_value() -> None:
    assert apportion([1, 1, 1], 2).tolist() == [1, 1, 0]
    assert apportion([0.1] * 10, 3).tolist() == [1] * 3 + [0] * 7


# ------------------------------------------------------------------ files


def table(path: Path, column: str, values: list[object] | npt.NDArray[np.int64]) -> str:
    """Write a column beside another one in the format its name asks for."""
    frame = pd.DataFrame({"other": range(len(values)), column: values})
    if path.suffix in (".parquet", ".pq"):
        frame.to_parquet(path)
    else:
        frame.to_csv(path, index=False)
    return f"{path}:{column}"


SUFFIXES = ["csv", "csv.gz", "parquet", "pq", "CSV"]


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_round_trip(tmp_path: Path, suffix: str) -> None:
    values = np.random.default_rng(3).integers(-5, 120, size=500)
    spec = table(tmp_path / f"a.{suffix}", "age", values)
    found, counts = load(spec), Counter(values.tolist())
    assert found.labels == tuple(str(value) for value in sorted(counts))
    assert found.histogram.tolist() == [counts[value] for value in sorted(counts)]
    assert (found.name, found.num_users, found.notice) == (spec, 500, "")
    assert load(spec, num_users=77).num_users == 77
    with pytest.raises(ValueError, match=f"k must be {found.k}, .* got 3"):
        load(spec, k=3)


@pytest.mark.parametrize("suffix", SUFFIXES)
@pytest.mark.parametrize(
    ("values", "labels"),
    [
        (["10", "9", "-1", "1e1"], ("-1", "9", "10", "1e1")),
        (["10", "9", "x"], ("10", "9", "x")),
        (["ä", "z", "a", "Z"], ("Z", "a", "z", "ä")),
        (["1_0", "9"], ("1_0", "9")),
        ([2.5, 10.0], ("2.5", "10.0")),
        ([True, False], ("False", "True")),
        (["NULL", "NA", "SMITH"], ("NA", "NULL", "SMITH")),
        (["inf", "1"], ("1", "inf")),
    ],
)
def test_order_of_values(
    tmp_path: Path, suffix: str, values: list[object], labels: tuple[str, ...]
) -> None:
    assert load(table(tmp_path / f"a.{suffix}", "x", values)).labels == labels


HOSTILE = ["a:b", "x.csv:y", "a.b", "other.", "__class__", "'; DROP", "naïve", "a b", 'q"q', "n\nn"]


@pytest.mark.parametrize("suffix", ["csv", "parquet"])
@pytest.mark.parametrize("column", HOSTILE)
def test_hostile_column_names(tmp_path: Path, suffix: str, column: str) -> None:
    assert load(table(tmp_path / f"t.{suffix}", column, ["u", "v", "v"])).histogram.tolist() == [
        1,
        2,
    ]


def test_a_column_is_not_confused_with_one_that_extends_its_name(tmp_path: Path) -> None:
    path = tmp_path / "t.parquet"
    pd.DataFrame({"a.b": [1, 1], "a": [2, 3]}).to_parquet(path)
    assert load(f"{path}:a").labels == ("2", "3")


def test_csv_details(tmp_path: Path) -> None:
    path = tmp_path / "t.csv"
    path.write_bytes('\ufeff name , n\r\n"Doe, J", 1\r\n\r\n Roe ,2\r\n'.encode())
    assert load(f"{path}:name").labels == ("Doe, J", "Roe")
    assert load(f"{path}:n").labels == ("1", "2")


def test_categories_in_parquet(tmp_path: Path) -> None:
    path = tmp_path / "t.parquet"
    pd.DataFrame({"c": pd.Categorical(["u", "v", "u"])}).to_parquet(path)
    assert load(f"{path}:c").histogram.tolist() == [2, 1]


@pytest.mark.parametrize("suffix", ["csv", "parquet"])
def test_missing_values_are_refused_and_counted(tmp_path: Path, suffix: str) -> None:
    columns: dict[str, list[object]] = {"a": ["u", None, "v", None], "b": [1.0, 2, np.nan, np.nan]}
    for name, values in columns.items():
        spec = table(tmp_path / f"{name}.{suffix}", "x", values)
        with pytest.raises(ValueError, match=r"must have no missing values, got 2 in .*:x'"):
            load(spec)
    spec = table(tmp_path / f"c.{suffix}", "x", ["1", "NA", "2", "NaN", "null"])
    with pytest.raises(ValueError, match="no missing values, got 3"):
        load(spec)


@pytest.mark.parametrize("suffix", ["csv", "csv.gz", "parquet"])
def test_too_few_values(tmp_path: Path, suffix: str) -> None:
    with pytest.raises(ValueError, match="at least 2 distinct values, got 0"):
        load(table(tmp_path / f"a.{suffix}", "x", []))
    with pytest.raises(ValueError, match="at least 2 distinct values, got 1"):
        load(table(tmp_path / f"b.{suffix}", "x", ["same", "same"]))


@pytest.mark.parametrize("suffix", ["csv", "csv.gz", "parquet"])
def test_unknown_column_names_its_neighbours(tmp_path: Path, suffix: str) -> None:
    spec = table(tmp_path / f"a.{suffix}", "hours", [1, 2])
    with pytest.raises(ValueError, match=r"unknown column of .* 'hour'; did you mean hours"):
        load(spec.removesuffix("s"))
    with pytest.raises(ValueError, match="unknown column"):
        load(spec.removesuffix("hours"))


TRAP = pickle.dumps({"not": "read"})
RAGGED = b"a,b\n1,2\n3\n"


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("a.csv", None, "cannot read .*: No such file"),
        ("a.csv.gz", None, "cannot read .*: No such file"),
        ("a.parquet", None, "cannot read .*: "),
        ("a.csv", b"", "must have a header row"),
        ("a.csv.gz", gzip.compress(b"", mtime=0), "must have a header row"),
        ("a.parquet", b"", "cannot read"),
        ("a.csv", TRAP, "is not UTF-8 text"),
        ("a.parquet", TRAP, "cannot read"),
        ("a.csv", gzip.compress(b"a\n1\n2\n", mtime=0), "is not UTF-8 text"),
        ("a.csv.gz", b"a\n1\n2\n", "cannot read .*: Not a gzipped file"),
        ("a.csv.gz", gzip.compress(b"a\n1\n2\n" * 99, mtime=0)[:-12], "cannot read"),
        ("a.csv.gz", gzip.compress(b"a\n1\n2\n", mtime=0)[:10] + b"\xff" * 9, "cannot read"),
        ("a.csv", RAGGED, "line 3 of .* must have 2 cells, got 1"),
        ("a.csv", b'a\n"1\n', "cannot read .*: unexpected end of data"),
        ("a.csv", b"a\n" + b"x" * 200_000, "cannot read .*: field larger than"),
        ("a.csv", b"a,a\n1,2\n", "column 'a' of .* must be unique"),
    ],
)
def test_bad_files(tmp_path: Path, name: str, content: bytes | None, message: str) -> None:
    path = tmp_path / name
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(ValueError, match=message) as caught:
        load(f"{path}:a")
    assert "\n" not in str(caught.value)
    assert name in str(caught.value)


@pytest.mark.parametrize("suffix", ["csv", "csv.gz", "parquet"])
def test_a_folder_is_not_a_file(tmp_path: Path, suffix: str) -> None:
    (tmp_path / f"d.{suffix}").mkdir()
    with pytest.raises(ValueError, match="cannot read"):
        load(f"{tmp_path}/d.{suffix}:a")


def test_nested_parquet_columns_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "t.parquet"
    pd.DataFrame({"x": [[1, 2], [3]]}).to_parquet(path)
    with pytest.raises(ValueError, match="column 'x' must hold plain values, got list"):
        load(f"{path}:x")


def test_parquet_without_pyarrow(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    with pytest.raises(ValueError, match=r"pip install 'ldpaudit\[parquet\]'"):
        load(f"{tmp_path}/t.parquet:x")
