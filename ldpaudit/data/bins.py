"""Numbers in bins: a column of salaries as a few categories, which frequency protocols take."""

from __future__ import annotations

import re
from itertools import pairwise
from typing import Any

import numpy as np

from ldpaudit import validate
from ldpaudit.arrays import Floats
from ldpaudit.data.dataset import DataSet
from ldpaudit.data.numbers import as_numbers
from ldpaudit.domains import Interval

#: Different numbers of a column from which on nobody means each as a category.
MOST_NUMBERS = 256
_BINS = re.compile(r"(?:(equal|quantiles):)?([0-9]+)")


def check_bins(bins: Any) -> tuple[str, int]:
    """How bins are cut, and how many: a number, ``equal:N`` or ``quantiles:N``.

    >>> check_bins(20), check_bins("quantiles:4")
    (('equal', 20), ('quantiles', 4))
    """
    match = _BINS.fullmatch(str(bins))
    if match is None or isinstance(bins, bool):
        raise ValueError(
            f"bins must be a number, equal:N or quantiles:N, got {validate.shown(bins)}."
        )
    number = validate.check_integer("number of bins", int(match[2]), 2, validate.MAX_DOMAIN)
    return match[1] or "equal", number


def binned(data: DataSet, domain: Interval, bins: Any) -> DataSet:
    """Users of a numeric column as categories, each an interval of the public range.

    Parameters
    ----------
    data : DataSet
        A column whose labels are numbers of the range.
    domain : Interval
        The public range.
    bins : int or str
        ``N`` or ``equal:N`` for N bins of equal width, ``quantiles:N`` for N bins that hold
        about equally many users. Edges by quantiles are taken from the users themselves, so that
        they are public only if the column is.

    Returns
    -------
    DataSet
        With a label such as ``[0, 500)`` for each bin; the last one holds its upper end.

    Raises
    ------
    ValueError
        If a number lies outside the range, bins are no bins, or fewer than two are left.
    """
    kind, number = check_bins(bins)
    inputs, users = as_numbers(data.name, data.labels, data.histogram, domain)
    held = np.asarray(inputs, dtype=np.float64)
    edges = np.linspace(domain.low, domain.high, number + 1)
    if kind == "quantiles":
        edges = _by_quantiles(held, users, number, domain)
    place = np.clip(np.searchsorted(edges, held, side="right") - 1, 0, edges.size - 2)
    histogram = np.bincount(place, users, edges.size - 1).astype(np.int64)
    if histogram.size < 2:
        raise ValueError(f"bins of {data.name!r} must be at least 2, got {histogram.size}.")
    texts = [_text(edge) for edge in edges]
    labels = [f"[{a}, {b})" for a, b in pairwise(texts)]
    labels[-1] = f"[{texts[-2]}, {texts[-1]}]"
    return DataSet(f"{data.name} in {histogram.size} bins", histogram, tuple(labels), data.notice)


def _by_quantiles(held: Floats, users: Any, number: int, domain: Interval) -> Floats:
    """Edges between which about equally many users lie; equal ones are one."""
    order = np.argsort(held, kind="stable")
    total = np.cumsum(users[order])
    wanted = total[-1] * np.arange(1, number) / number
    inner = held[order][np.searchsorted(total, wanted, side="right").clip(max=held.size - 1)]
    edges = np.concatenate(([domain.low], inner, [domain.high]))
    return np.asarray(np.unique(edges), dtype=np.float64)


def _text(edge: float) -> str:
    return str(int(edge)) if edge == int(edge) else f"{edge:.6g}"


def check_categories(source: str, labels: tuple[str, ...] | None) -> None:
    """Refuse a column of very many decimals as categories: say how many, and what to do."""
    if labels is None or len(labels) <= MOST_NUMBERS:
        return
    try:
        numbers = np.array(labels, dtype=np.float64)
    except ValueError:
        return
    if np.all(numbers == np.floor(numbers)):
        return
    raise ValueError(
        f"the column of {source!r} holds {len(labels):,} different numbers with decimals, too many "
        "for categories: name their public range (low and high, --range LOW HIGH) for protocols "
        "of numbers, and bins of it too (bins=20, --bins 20) for protocols of categories."
    )
