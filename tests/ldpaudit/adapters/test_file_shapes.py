"""One recording in forty shapes of files and frames: the same reports from each of them.

Equal reports have equal bounds, so that reports are compared, not audits.
"""

from __future__ import annotations

import bz2
import gzip
import json
import lzma
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

import ldpaudit

pa = pytest.importorskip("pyarrow")
feather = pytest.importorskip("pyarrow.feather")

N = 40
rng = np.random.default_rng(0)
#: Answers, seeds of 64 bits and true inputs; the first of each input in front, so that ids differ.
ANSWER = rng.integers(0, 5, 2 * N)
SEED = rng.integers(2**63, 2**64, 2 * N, dtype=np.uint64)
TRUE = np.repeat([0, 1], N)
FRAME = pd.DataFrame({"answer": ANSWER, "seed": SEED})
BOTH = FRAME.to_numpy(dtype=object).tolist()


class Arrow:
    """A frame of another library: all that is known of it is Arrow's interface."""

    def __init__(self, frame: pd.DataFrame) -> None:
        self.table = pa.Table.from_pandas(frame, preserve_index=False)

    def __arrow_c_stream__(self, requested_schema: Any = None) -> Any:
        return self.table.__arrow_c_stream__(requested_schema)


def parts() -> list[pd.DataFrame]:
    return [pd.DataFrame(FRAME[v == TRUE]).reset_index(drop=True) for v in (0, 1)]


def written(
    folder: Path,
    ending: str,
    write: Callable[[pd.DataFrame, Path], Any],
    frames: Sequence[pd.DataFrame] = (),
) -> list[Any]:
    paths = [folder / f"{v}{ending}" for v in (0, 1)]
    for part, path in zip(frames or parts(), paths, strict=True):
        write(part, path)
    return list(map(str, paths))


def text(part: pd.DataFrame, separator: str = ",", header: bool = True) -> str:
    return str(part.to_csv(index=False, sep=separator, header=header))


def lines(part: pd.DataFrame) -> str:
    return "\n".join(json.dumps(row) for row in part.to_dict("records"))


def folder_of(part: pd.DataFrame, path: Path) -> None:
    for day in (0, 1):
        inner = path / f"day={day}"
        inner.mkdir(parents=True)
        half = len(part) // 2
        part[day * half : (day + 1) * half].to_parquet(inner / "part-0.parquet")
    (path / "_SUCCESS").touch()


def input_folder(part: pd.DataFrame, path: Path) -> None:
    path.mkdir(parents=True)
    part.to_parquet(path / "part-0.parquet", index=False)


def zstd(part: pd.DataFrame, path: Path) -> None:
    with pa.CompressedOutputStream(str(path), "zstd") as stream:
        stream.write(text(part).encode())


def stream(part: pd.DataFrame, path: Path) -> None:
    table = pa.Table.from_pandas(part)
    with pa.OSFile(str(path), "wb") as file, pa.ipc.new_stream(file, table.schema) as out:
        out.write_table(table)


def indexed(part: pd.DataFrame) -> pd.DataFrame:
    """With an index that differs from that of the other input, and has no name."""
    start = 1000 * part["answer"].iloc[0]
    return part.set_axis(range(start, start + len(part)))


def structured(part: pd.DataFrame) -> np.ndarray:
    return np.array(
        list(part.itertuples(index=False, name=None)), dtype=[("answer", "i8"), ("seed", "u8")]
    )


SHAPES: dict[str, tuple[str, Callable[[pd.DataFrame, Path], Any]]] = {
    "csv": (".csv", lambda f, p: p.write_text(text(f))),
    "no header": (".csv", lambda f, p: p.write_text(text(f, header=False))),
    "byte order mark": (".csv", lambda f, p: p.write_text(text(f), encoding="utf-8-sig")),
    "Windows lines": (".csv", lambda f, p: p.write_bytes(text(f).replace("\n", "\r\n").encode())),
    "blank lines": (".csv", lambda f, p: p.write_text(text(f).replace("\n", "\n\n"))),
    "quoted": (".csv", lambda f, p: f.to_csv(p, index=False, quoting=1)),
    "spaces": (".csv", lambda f, p: p.write_text(text(f).replace(",", " , "))),
    "semicolons": (".csv", lambda f, p: p.write_text(text(f, ";"))),
    "tabs": (".csv", lambda f, p: p.write_text(text(f, "\t"))),
    "tsv": (".tsv", lambda f, p: p.write_text(text(f, "\t"))),
    "txt": (".txt", lambda f, p: p.write_text(text(f))),
    "gzip": (".csv.gz", lambda f, p: p.write_bytes(gzip.compress(text(f).encode()))),
    "bzip2": (".csv.bz2", lambda f, p: p.write_bytes(bz2.compress(text(f).encode()))),
    "xz": (".csv.xz", lambda f, p: p.write_bytes(lzma.compress(text(f).encode()))),
    "zstd": (".csv.zst", zstd),
    "capitals": (".CSV", lambda f, p: p.write_text(text(f))),
    "index of pandas": (".csv", lambda f, p: f.to_csv(p)),
    "JSON lines": (".jsonl", lambda f, p: p.write_text(lines(f))),
    "JSON lines, gzip": (".jsonl.gz", lambda f, p: p.write_bytes(gzip.compress(lines(f).encode()))),
    "JSON records": (".json", lambda f, p: p.write_text(json.dumps(f.to_dict("records")))),
    "JSON lists": (
        ".ndjson",
        lambda f, p: p.write_text("\n".join(map(str, f.astype(object).to_numpy().tolist()))),
    ),
    "parquet": (".parquet", lambda f, p: f.to_parquet(p)),
    "parquet, index": (".parquet", lambda f, p: indexed(f).to_parquet(p, index=True)),
    "parquet, zstd": (".pq", lambda f, p: f.to_parquet(p, compression="zstd")),
    "parquet, one row group a row": (".parquet", lambda f, p: f.to_parquet(p, row_group_size=1)),
    "parquet folder": ("", folder_of),
    "folder of an input": ("input", input_folder),
    "feather": (".feather", lambda f, p: feather.write_feather(f, str(p))),
    "feather, plain": (".feather", lambda f, p: feather.write_feather(f, str(p), "uncompressed")),
    "arrow file": (".arrow", lambda f, p: feather.write_feather(f, str(p), compression="lz4")),
    "arrow stream": (".arrows", stream),
    "npy, fields": (".npy", lambda f, p: np.save(p, structured(f))),
    "log, csv": ("log.csv", lambda f, p: p.write_text(text(f))),
    "log, JSON lines": ("log.jsonl", lambda f, p: p.write_text(lines(f))),
    "log, parquet": ("log.parquet", lambda f, p: f.to_parquet(p)),
    "log, semicolons": ("log.csv", lambda f, p: p.write_text(text(f, ";"))),
}


@pytest.mark.parametrize("shape", SHAPES)
def test_files(tmp_path: Path, shape: str) -> None:
    ending, write = SHAPES[shape]
    if ending.startswith("log"):
        path = tmp_path / ending
        order = np.random.default_rng(1).permutation(2 * N)
        write(FRAME.assign(true=np.array(["no", "yes"])[TRUE]).iloc[order], path)
        m = ldpaudit.from_samples(str(path), label="true", epsilon=1.0)
        assert m.domain.labels == ("no", "yes")
        assert sorted(m.in_order()[0][:N].tolist()) == sorted(BOTH[:N])
        assert sorted(m.in_order()[0][N:].tolist()) == sorted(BOTH[N:])
    else:
        m = ldpaudit.from_samples(*written(tmp_path, ending, write), epsilon=1.0)
        assert m.in_order()[0].tolist() == BOTH
    assert m.in_order()[0].dtype == np.uint64
    assert m.columns in ((), ("answer", "seed"))


FRAMES: dict[str, Callable[[pd.DataFrame], Any]] = {
    "DataFrame": lambda f: f,
    "DataFrame, extension types": lambda f: f.convert_dtypes(),
    "DataFrame, Arrow types": lambda f: f.convert_dtypes(dtype_backend="pyarrow"),
    "DataFrame, objects": lambda f: f.astype(object),
    "DataFrame, categories": lambda f: f.astype("category"),
    "DataFrame, any index": indexed,
    "Arrow interface": Arrow,
    "Arrow table": pa.Table.from_pandas,
    "list of tuples": lambda f: list(f.itertuples(index=False, name=None)),
    "list of dictionaries": lambda f: f.to_dict("records"),
    "structured array": structured,
    "array of objects": lambda f: f.to_numpy(dtype=object),
}


@pytest.mark.parametrize("shape", FRAMES)
def test_frames(shape: str) -> None:
    m = ldpaudit.from_samples(*map(FRAMES[shape], parts()), epsilon=1.0)
    assert m.in_order()[0].tolist() == BOTH
    assert m.in_order()[0].dtype == np.uint64


def test_one_column_keeps_its_type_in_every_container(tmp_path: Path) -> None:
    seeds = np.array([2**63, 2**63 + 1, 5], dtype=np.uint64)
    frame = pd.DataFrame({"y": seeds})
    np.save(tmp_path / "a.npy", seeds)
    frame.to_csv(tmp_path / "a.csv", index=False)
    frame.to_parquet(tmp_path / "a.parquet")
    feather.write_feather(frame, str(tmp_path / "a.feather"))
    (tmp_path / "a.jsonl").write_text("\n".join(map(str, seeds.tolist())))
    sources = [*(tmp_path / f"a.{end}" for end in ("npy", "csv", "parquet", "feather", "jsonl"))]
    for source in (*sources, frame, frame["y"], Arrow(frame), seeds.tolist()):
        reports = ldpaudit.from_samples(source, [1], epsilon=1.0).in_order()[0]
        assert (reports.dtype.str, reports.tolist()) == ("<u8", [*seeds.tolist(), 1])


@pytest.mark.parametrize(
    ("column", "expected"),
    [
        ([[1, 2], [3, 4]], [[1, 2], [3, 4]]),
        ([[1], [3, 4]], [(1,), (3, 4)]),
        ([{"a": 1, "b": "x"}] * 2, [{"a": 1, "b": "x"}] * 2),
        ([b"\x01\x02", b"\x03\x04"], [[1, 2], [3, 4]]),
        ([b"\x01", b"\x03\x04"], [b"\x01", b"\x03\x04"]),
        (["a", "bc"], ["a", "bc"]),
        ([True, False], [True, False]),
        (pd.to_datetime(["1970-01-01T00:00:01"] * 2).astype("datetime64[s]"), None),
    ],
)
def test_columns_of_parquet(tmp_path: Path, column: Any, expected: Any) -> None:
    for name in "ab":
        pd.DataFrame({"y": column}).to_parquet(tmp_path / f"{name}.parquet")
    m = ldpaudit.from_samples(tmp_path / "a.parquet", tmp_path / "b.parquet", epsilon=1.0)
    got = m.in_order()[0]
    assert got.tolist() == 2 * expected if expected else got.dtype == np.int64


def test_string_views_of_arrow() -> None:
    table = pa.table({"y": pa.array(["a", "bc"]).cast(pa.string_view())})
    assert ldpaudit.from_samples(table, ["d"], epsilon=1.0).in_order()[0].tolist() == [
        "a",
        "bc",
        "d",
    ]


# --- columns are chosen, and those that only grow are told ---------------------------------------


def test_columns_are_chosen(tmp_path: Path) -> None:
    paths = written(tmp_path, ".csv", lambda f, p: p.write_text(text(f.assign(id=range(N)))))
    m = ldpaudit.from_samples(*(f"{path}:answer" for path in paths), epsilon=1.0)
    assert (m.columns, m.in_order()[0].tolist()) == (("answer",), ANSWER.tolist())
    m = ldpaudit.from_samples(*paths, columns=["seed", "answer"], epsilon=1.0)
    assert m.in_order()[0].tolist() == [row[::-1] for row in BOTH]
    with pytest.raises(ValueError, match=r"unknown column of .* 'answr'; did you mean answer?"):
        ldpaudit.from_samples(*paths, columns=["answr"], epsilon=1.0)


def test_what_only_grows_is_no_violation() -> None:
    """Noise of its own, and a running id that goes on from the one input to the other."""
    draw = np.random.default_rng(3)
    noise, ids = draw.integers(0, 4, 4_000), np.arange(4_000) + 10**6
    frame = pd.DataFrame({"answer": noise, "id": ids})
    m = ldpaudit.from_samples(frame[:2_000], frame[2_000:], epsilon=1.0)
    assert (m.columns, m.growing) == (("answer",), ("id",))
    result = ldpaudit.audit(m, [])
    assert result.verdict == "inconclusive"
    assert "only column id tells the inputs apart" in (result.dependence or "")
    assert result.parameters["columns"] == "answer"
    alone = ldpaudit.from_samples(ids[:2_000], ids[2_000:], epsilon=1.0)
    assert ldpaudit.audit(alone, []).verdict == "inconclusive"


@pytest.mark.parametrize("kind", ["array", "rows", "texts"])
def test_a_row_number_in_rows_is_one_as_in_a_frame(kind: str) -> None:
    """Answers that say nothing, beside numbers that go on from the one input to the other."""
    draw = np.random.default_rng(5)
    rows = np.column_stack((draw.integers(0, 4, 4_000), np.arange(4_000) + 10**6))
    sources: Any = {"array": rows, "rows": rows.tolist()}.get(kind)
    if sources is None:  # a time written as a text
        sources = [(answer, f"12:{number}") for answer, number in rows.tolist()]
    m = ldpaudit.from_samples(sources[:2_000], sources[2_000:], epsilon=1.0)
    assert m.growing == ("2",)
    assert m.in_order()[0].tolist() == rows[:, 0].tolist()
    result = ldpaudit.audit(m, [])
    assert result.verdict == "inconclusive"
    assert "only column 2 tells the inputs apart" in (result.dependence or "")
    still = ldpaudit.from_samples(
        rows[:2_000, :1] + [[0, 0]], rows[2_000:, :1] + [[0, 0]], epsilon=1
    )
    assert still.growing == ()
    assert still.in_order()[0].shape == (4_000, 2)


def test_a_leak_beside_what_grows_is_found_as_without_it() -> None:
    draw = np.random.default_rng(4)
    answers = [np.where(draw.random(2_000) < 0.9, v, 1 - v) for v in (0, 1)]
    nonces = [2 * draw.integers(0, 2**40, 2_000) + v for v in (0, 1)]
    plain = ldpaudit.audit(ldpaudit.from_samples(*answers, epsilon=1.0), [])
    frames = [pd.DataFrame({"time": np.arange(2_000), "answer": own}) for own in answers]
    beside = ldpaudit.audit(ldpaudit.from_samples(*frames, epsilon=1.0), [])
    assert plain.verdict == beside.verdict == "violation"
    assert plain.epsilon_lower == beside.epsilon_lower
    leaky = [pd.DataFrame({"nonce": n, "answer": 0}) for n in nonces]
    assert ldpaudit.audit(ldpaudit.from_samples(*leaky, epsilon=1.0), []).verdict == "violation"


# --- odd cells -------------------------------------------------------------------------------


def number_files(folder: Path, odd: str, at: int = 6) -> list[Path]:
    draw, paths = np.random.default_rng(0), [folder / "a.csv", folder / "b.csv"]
    for path in paths:
        cells = [repr(float(x)) for x in draw.laplace(size=500)]
        if path.name == "a.csv":
            cells[at] = f'"{odd}"'
        path.write_text("\n".join(cells) + "\n")
    return paths


@pytest.mark.parametrize("odd", ["Inf", "Infinity", "-inf", "+INFINITY"])
def test_infinities_are_numbers(tmp_path: Path, odd: str) -> None:
    reports = ldpaudit.from_samples(*number_files(tmp_path, odd), epsilon=1.0).in_order()[0]
    assert (reports.dtype.kind, np.isinf(reports).sum()) == ("f", 1)


@pytest.mark.parametrize("odd", ["#N/A", "\\N", "NA", "null", "NaN", "n/a", "<NA>", ""])
def test_words_for_what_is_missing_name_the_line(tmp_path: Path, odd: str) -> None:
    with pytest.raises(ValueError, match=r"a value is missing in line 7 of .*a.csv'"):
        ldpaudit.from_samples(*number_files(tmp_path, odd), epsilon=1.0)


@pytest.mark.parametrize("odd", ["?", "-", "1,000.5", "1 000", "~3"])
def test_odd_cells_are_named_and_counted(tmp_path: Path, odd: str) -> None:
    told = r"in line 7 of .*a.csv' is no number, as 1 of 1,000 cells of its column are none"
    with pytest.raises(ValueError, match=told):
        ldpaudit.from_samples(*number_files(tmp_path, odd), epsilon=1.0)


def test_decimal_commas_are_numbers_where_semicolons_stand_between(tmp_path: Path) -> None:
    for name in "ab":
        (tmp_path / f"{name}.csv").write_text("x;y\n0,5;1\n1,25;2\n")
    m = ldpaudit.from_samples(tmp_path / "a.csv", tmp_path / "b.csv", epsilon=1.0)
    assert m.in_order()[0].tolist() == 2 * [[0.5, 1.0], [1.25, 2.0]]


def test_blank_lines_between_reports_are_empty_reports(tmp_path: Path) -> None:
    draw = np.random.default_rng(0)
    for name, share in (("a", 0.5), ("b", 0.1)):
        answers = np.where(draw.random(500) < share, "", "x")
        (tmp_path / f"{name}.csv").write_text("\n".join(answers) + "\n")
    m = ldpaudit.from_samples(tmp_path / "a.csv", tmp_path / "b.csv", epsilon=1.0)
    assert m.num_reports == (500, 500)
    assert 200 < np.count_nonzero(m.in_order()[0][:500] == "") < 300
    (tmp_path / "a.csv").write_text("1.5\n\n2.5\n")
    (tmp_path / "b.csv").write_text("1.5\n")
    with pytest.raises(ValueError, match="a value is missing in line 2"):
        ldpaudit.from_samples(tmp_path / "a.csv", tmp_path / "b.csv", epsilon=1.0)


def test_lists_on_lines_of_a_text_file_are_one_report_each(tmp_path: Path) -> None:
    for name in "ab":
        (tmp_path / f"{name}.csv").write_text("[1, 2]\n[3]\n{4, 5}\n")
    m = ldpaudit.from_samples(tmp_path / "a.csv", tmp_path / "b.csv", epsilon=1.0)
    assert m.in_order()[0].tolist() == 2 * ["[1, 2]", "[3]", "{4, 5}"]


def test_a_log_must_hold_what_is_asked_for() -> None:
    log = pd.DataFrame({"true": ["a", "b", "c"], "answer": [1, 2, 3]})
    for how, message in (
        ({}, r"column 'true' holds 3 inputs, a \(1\), b \(1\), c \(1\): name the two"),
        ({"inputs": ("a", "d")}, "unknown input of column 'true' 'd'"),
        ({"inputs": ("a", "a")}, "inputs must be different"),
        ({"label": "no", "inputs": ("a", "b")}, "unknown column of first 'no'"),
    ):
        with pytest.raises(ValueError, match=message):
            ldpaudit.from_samples(log, epsilon=1.0, **({"label": "true"} | how))
    with pytest.raises(TypeError, match="second must then be left out"):
        ldpaudit.from_samples(log, log, label="true", epsilon=1.0)
    m = ldpaudit.from_samples(log, label="true", inputs=("c", "a"), epsilon=1.0)
    assert m.in_order()[0].tolist() == [3, 1]
