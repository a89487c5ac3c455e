"""Tables of many columns, counted together, are those of each column counted by itself."""

from __future__ import annotations

from typing import Any

import numpy as np

from ldpaudit.attacks import _contrast
from ldpaudit.attacks._by_value import ByValue
from ldpaudit.attacks._encoding import Batch, parts_of
from ldpaudit.attacks._tables import scores
from ldpaudit.attacks._traces import traces_of


def each_code(rows: Any) -> list[Any]:
    """Codes of all columns and of traces, report by report."""
    found = []
    for part in parts_of(rows):
        if part.coder is not None:
            found.append(part.coder(part.found))
        if len(list(parts_of(rows))) <= 16:
            for steps, coder in traces_of(part):
                own = Batch(rows).part(steps)
                found.append(own if coder is None else coder(own))
    return found


def signature(table: Any) -> tuple[Any, ...]:
    """Columns of a table in an order of their own, those that never came left out."""
    return tuple(sorted(map(tuple, table.T[table.any(axis=0)].tolist())))


def cases() -> list[Any]:
    rng = np.random.default_rng(3)
    return [
        rng.integers(0, 40, 3_000),
        rng.integers(0, 2**12, 3_000).astype(np.uint32),
        rng.integers(0, 256, (3_000, 3)).astype(np.uint8),
        rng.integers(0, 5, 3_000).astype(str),
    ]


def test_all_columns_are_counted_as_each_by_itself() -> None:
    rng = np.random.default_rng(4)
    for rows in cases():
        inputs, columns = rng.integers(0, 6, len(rows)), _contrast._columns(rows)
        found = columns.part(slice(500, None)).tables(inputs[500:], 6)
        flags = np.stack([found.drawn[:, None] - found.flags, found.flags], axis=1)
        tables = [*np.moveaxis(flags, 2, 0), *found.others]
        wanted = []
        for codes in each_code(rows):
            _, places = np.unique(codes, return_inverse=True)
            table = np.zeros((6, places.max() + 1))
            np.add.at(table, (inputs[500:], places[500:]), 1)
            wanted.append(table)
        own = {signature(table) for table in tables}
        assert {signature(table) for table in wanted if table.shape[1] > 1} <= own


def test_scores_are_sums_of_log_ratios_of_each_column() -> None:
    rng = np.random.default_rng(5)
    for rows in cases():
        columns = _contrast._columns(rows)
        early, late = columns.part(slice(1_000)), columns.part(slice(1_000, None))
        learned, judged = (np.split(rng.permutation(1_000), [300, 700])[:2] for _ in range(2))
        naive = [np.zeros(len(own)) for own in judged]
        every = [(byte >> place & 1) for byte in columns.packed for place in range(8)]
        told = [one.codes[columns.others[one.by]] for one in columns.told]
        for codes in (*every[: columns.flags], *columns.others, *told):
            size = int(codes.max()) + 1
            one, two = (
                np.log((np.bincount(codes[:1_000][own], minlength=size) + 0.5) / (len(own) + 1))
                for own in learned
            )
            for score, own in zip(naive, judged, strict=True):
                score += (one - two)[codes[1_000:][own]]
        for score, wanted in zip(scores(early, learned, late, judged), naive, strict=True):
            assert np.allclose(score, wanted)


def test_what_values_tell_is_counted_by_value() -> None:
    """Of few values nothing but the values is counted report by report."""
    (part,) = parts_of(cases()[0])
    assert ByValue.of(part) is not None
    columns = _contrast._columns(cases()[0])
    assert len(columns.others) == 1
    assert len(columns.told) > 5
