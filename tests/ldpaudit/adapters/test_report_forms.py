"""Some fifty forms of one report: each shows what its plain form shows, and nothing else.

The report is randomized response on one bit beside a seed of its own that says nothing.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

import ldpaudit

pa: Any = pytest.importorskip("pyarrow")
parquet: Any = pytest.importorskip("pyarrow.parquet")

N, SEEDS = 4_000, 2_000


def recorded(seed: int, *, told: bool = True) -> list[list[tuple[int, int]]]:
    """The bit is the truth in 0.8 of all reports, epsilon 1.386, or a fair coin."""
    rng = np.random.default_rng(seed)
    bits = [np.where(rng.random(N) < 0.8, v, 1 - v) if told else rng.integers(0, 2, N)
            for v in (0, 1)]  # fmt: skip
    return [
        list(zip(own.tolist(), rng.integers(0, SEEDS, N).tolist(), strict=True)) for own in bits
    ]


FORMS: dict[str, Callable[[int, int], Any]] = {
    "tuple": lambda b, s: (b, s),
    "list": lambda b, s: [b, s],
    "array": lambda b, s: np.array([b, s]),
    "array of int16": lambda b, s: np.array([b, s], dtype=np.int16),
    "array of floats": lambda b, s: np.array([b, s], dtype=float),
    "column of an array": lambda b, s: np.array([[b], [s]]),
    "Series": lambda b, s: pd.Series([b, s]),
    "numpy scalars": lambda b, s: (np.int64(b), np.uint16(s)),
    "boolean and number": lambda b, s: (bool(b), s),
    "float and number": lambda b, s: (float(b), s),
    "word and number": lambda b, s: (("no", "yes")[b], s),
    "word and text": lambda b, s: (("no", "yes")[b], f"{s:04d}"),
    "number and text": lambda b, s: (b, f"{s:04d}"),
    "number and unpadded text": lambda b, s: (b, str(s)),
    "number and hexadecimal text": lambda b, s: (b, f"{s:016x}"),
    "number and unpadded hexadecimal": lambda b, s: (b, f"{s:x}"),
    "number and bytes": lambda b, s: bytes([b]) + s.to_bytes(2, "little"),
    "nested tuple": lambda b, s: ((b,), (s,)),
    "nested list": lambda b, s: [b, [s]],
    "nested array": lambda b, s: (b, np.array([s])),
    "dictionary": lambda b, s: {"bit": b, "seed": s},
    "dictionary of texts": lambda b, s: {"bit": ("no", "yes")[b], "seed": str(s)},
    "dictionary of lists": lambda b, s: {"bit": [b], "seed": [s]},
    "nested dictionary": lambda b, s: {"report": {"bit": b}, "seed": s},
    "dictionary with a key more": lambda b, s: {"bit": b} | ({"seed": s} if s % 2 else {}),
    "JSON object": lambda b, s: json.dumps({"bit": b, "seed": s}),
    "JSON list": lambda b, s: json.dumps([b, s]),
    "Python tuple as text": lambda b, s: str((b, s)),
    "numpy array as text": lambda b, s: str(np.array([b, s])),
    "list of several lengths": lambda b, s: [b] * (1 + s % 3),
    "set": lambda b, s: {b, 10 + s},
    "set of texts": lambda b, s: {str(b), f"x{s}"},
    "set as text": lambda b, s: f"{{{b},{10 + s}}}",
    "one number": lambda b, s: b * 4096 + s,
    "one number as text": lambda b, s: str((b + 1) * 4096 + s),
    "one number in hexadecimal": lambda b, s: f"{(b + 1) * 4096 + s:x}",
    "one number of 80 bits": lambda b, s: (b << 79) + s,
    "one number of 80 bits, told by its last": lambda b, s: 2**80 + 2 * s + b,
    "number beyond 64 bits": lambda b, s: 10**30 + b,  # noqa: ARG005
    "number beyond 64 bits, negative": lambda b, s: -(10**30) - 2 * s - b,
    "number beyond 64 bits as text": lambda b, s: str(10**30 + 2 * s + b),
    "numbers beyond 64 bits in a tuple": lambda b, s: (s, 10**30 + b),
    "numbers beyond 64 bits in a list": lambda b, s: [10**30 + 2 * s + b, s % 7],
    "numbers beyond 64 bits in an array": lambda b, s: np.array([10**30 + b, s], dtype=object),
    "numbers beyond 64 bits in a dictionary": lambda b, s: (
        {"seed": 10**30 + 2 * s + b} if s % 2 else {"bit": b}
    ),
    "numbers beyond 64 bits in JSON": lambda b, s: json.dumps([10**30 + b, s]),
    "64 bits beside a fraction": lambda b, s: (s / 7, 2**60 + b),
    "packed bits": lambda b, s: (b * 32768 + s).to_bytes(2, "big"),
    "text with a separator": lambda b, s: f"{b}:{s:04d}",
    "bytes as text": lambda b, s: f"{b}{s:04d}".encode(),
    "bit alone": lambda b, s: b,  # noqa: ARG005
    "word alone": lambda b, s: ("no", "yes")[b],  # noqa: ARG005
}


def bound(form: Callable[[int, int], Any], rows: list[list[tuple[int, int]]]) -> Any:
    reports = [[form(*row) for row in own] for own in rows]
    return ldpaudit.audit(ldpaudit.from_samples(*reports, epsilon=0.5), [])


@pytest.fixture(scope="module")
def plain() -> float:
    result = bound(FORMS["bit alone"], recorded(0))
    assert result.verdict == "violation"
    return float(result.epsilon_lower)


@pytest.mark.parametrize("form", FORMS)
def test_a_form_shows_what_the_plain_form_shows(form: str, plain: float) -> None:
    assert bound(FORMS[form], recorded(0)).epsilon_lower == pytest.approx(plain, rel=0.02)


def test_big_numbers_show_the_same_from_every_container(tmp_path: Path, plain: float) -> None:
    big = [[10**30 + 2 * s + b for b, s in own] for own in recorded(0)]
    ends = [".txt", ".csv", ".jsonl", ".parquet"]
    for place, own in enumerate(big):
        lines = "\n".join(map(str, own))
        for ending, text in ((".txt", lines), (".csv", f"y\n{lines}"), (".jsonl", lines)):
            (tmp_path / f"{place}{ending}").write_text(text)
        table = pa.table({"y": pa.array(map(Decimal, own), pa.decimal128(38, 0))})
        parquet.write_table(table, tmp_path / f"{place}.parquet")
    pairs: list[list[Any]] = [[tmp_path / f"{place}{end}" for place in (0, 1)] for end in ends]
    pairs += [big, [np.array(own, dtype=object) for own in big], [pd.Series(own) for own in big]]
    for pair in pairs:
        result = ldpaudit.audit(ldpaudit.from_samples(*pair, epsilon=0.5), [])
        assert result.epsilon_lower == pytest.approx(plain, rel=0.02), pair[0]


@pytest.mark.slow
def test_no_form_shows_what_is_not_there() -> None:
    """Each form at the verdict's level of 1e-4: a violation in one of 190 such tests."""
    for place, form in enumerate(FORMS.values()):
        assert bound(form, recorded(100 * place, told=False)).verdict != "violation"
