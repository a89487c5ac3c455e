"""Reports that somebody recorded, as a mechanism."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from ldpaudit import validate
from ldpaudit.adapters.arrays import Raw
from ldpaudit.adapters.recorded_pairs import Recorded, read_log, read_pair
from ldpaudit.arrays import Ints
from ldpaudit.domains import Categories


def from_samples(
    first: Any,
    second: Any = None,
    *,
    epsilon: float,
    delta: float = 0.0,
    name: str | None = None,
    header: bool | None = None,
    columns: Sequence[str] | None = None,
    label: str | None = None,
    inputs: Sequence[Any] | None = None,
    separator: str | None = None,
) -> RecordedMechanism:
    """Make a mechanism of reports that were recorded for two inputs.

    Parameters
    ----------
    first, second : array_like, DataFrame, str or Path
        Reports of the one input and of the other, drawn independently of each other: an
        array, list, or frame whose first axis is the user (also of another library, through the
        Arrow interface), or the path of a file in which a row is a report: ``.csv``, ``.tsv`` or
        ``.txt``, ``.jsonl``, ``.parquet``, a folder of such, ``.feather``, ``.arrow``, ``.npy``;
        text also as ``.gz``, ``.bz2``, ``.xz`` or ``.zst``. With `label`, `first` is one log of
        both and `second` is left out.
    epsilon : float
        Privacy budget that the mechanism claims, in natural-log units, positive and finite.
    delta : float, default 0.0
        Delta that it claims, in [0, 1).
    name : str, optional
        Name in results; None means the names of the files.
    header : bool, optional
        Whether the first line of a text file names the columns; None means that it does where it
        has a word above numbers only, where both files begin with the same words, which
        neither has again, or where `columns` or `label` name one of its words.
    columns : sequence of str, optional
        The columns that make up a report, by name or, counted from 1, by number; None means all
        but the label's.
    label : str, optional
        The column of a log that holds the true input.
    inputs : sequence, optional
        The two inputs of a log that are told apart; needed where it holds more than two.
    separator : str, optional
        What stands between the cells of a text file; None means a comma, a tab or a semicolon,
        whichever cuts all of the first lines alike.

    Returns
    -------
    RecordedMechanism
        With k = 2, ``num_reports``, ``limit``, ``columns`` and a ``privatize`` that hands out
        every recorded report at most once.

    Raises
    ------
    TypeError, ValueError
        If a file cannot be read, holds no report, misses a value (the row is named), or if
        the reports of both inputs differ in form.

    See Also
    --------
    from_callable : for a mechanism that can be called, as often as the audit asks.

    Notes
    -----
    Nothing in a file is executed: text is read as text, ``.npy`` without objects. A column
    of a text file holds numbers if every cell of both files does, else texts; ``0101`` is a
    text, for its leading zero means something. Spaces around a cell are ignored. Only the
    columns and the inputs that are asked for must miss no value. Whole numbers of any size are
    read to the last digit, times and durations as whole numbers of their unit. A column that
    only grows (a row number, a time, a running id) is no part of the reports; whether it alone
    tells the inputs apart, an audit says.

    Examples
    --------
    >>> m = from_samples([0, 0, 1, 0], [1, 1, 0], epsilon=1.0)
    >>> m, m.num_reports, m.limit
    (recorded reports, (4, 3), 3)
    >>> m.privatize([1, 1, 1], rng=np.random.default_rng(0)).sum()
    np.int64(2)
    >>> m.privatize([1], rng=np.random.default_rng(0))
    Traceback (most recent call last):
    ...
    ValueError: recorded reports has 0 of 3 reports of input 1 left, 1 more asked for.

    One log with the true input beside every report:

    >>> import pandas as pd
    >>> log = pd.DataFrame({"true": ["no", "yes", "yes"], "sent": [0, 1, 0]})
    >>> m = from_samples(log, label="true", epsilon=1.0)
    >>> m.num_reports, m.columns, m.domain.text(1)
    ((1, 2), ('sent',), 'yes')
    """
    how = {"header": header, "columns": columns, "separator": separator}
    if label is not None and second is not None:
        raise TypeError("label names the true input in one log; second must then be left out.")
    if label is not None:
        found = read_log(first, label, inputs, **how)  # type: ignore[arg-type]
    elif second is None:
        raise TypeError("second must be reports of the other input, or label its column in first.")
    elif inputs is not None:
        raise TypeError("inputs choose two values of label, got no label.")
    else:
        found = read_pair(first, second, **how)  # type: ignore[arg-type]
    if name is None:
        files = [Path(s).name for s in (first, second) if isinstance(s, str | Path)]
        name = " and ".join(files) or "recorded reports"
    return RecordedMechanism(found, epsilon=epsilon, delta=delta, name=name)


class RecordedMechanism:
    """Recorded reports as a mechanism over two inputs; `from_samples` builds it.

    It is used up by drawing: `fresh` gives it back with no report handed out. The order in
    which reports are handed out is a permutation drawn from the `rng` of the first call, so
    that what is learned on the first of them is no trend of the recording.

    A game that draws its inputs by fair coins needs at most `limit` reports in all to have
    enough of both with certainty.

    Attributes
    ----------
    columns : tuple of str
        The columns that make up a report, where they have names.
    growing : tuple of str
        Columns that only grow, and are left out where others remain.

    Examples
    --------
    >>> m = from_samples(np.zeros(5), np.ones(7), epsilon=1.0)
    >>> taken = m.privatize([0, 1, 1], rng=np.random.default_rng(0))
    >>> m.left, m.fresh().left
    ((4, 5), (5, 7))
    """

    #: The file had another name when its first audits were kept.
    seed_name = "ldpaudit.adapters.RecordedMechanism"

    k = 2
    reproducible = True

    def __init__(self, recorded: Recorded, *, epsilon: float, delta: float, name: str) -> None:
        self.epsilon = validate.check_epsilon(epsilon)
        self.delta = validate.check_delta(delta)
        self.name = name
        self.columns, self.growing = recorded.columns, recorded.growing
        #: Reports recorded of input 0 and of input 1.
        self.num_reports = (recorded.start, len(recorded.reports) - recorded.start)
        if recorded.labels is not None:
            self.domain = Categories(recorded.labels)
        self._recorded, self._reports = recorded, recorded.reports
        self._orders: tuple[Ints, Ints] | None = None
        self._taken = [0, 0]

    def __repr__(self) -> str:
        return self.name

    @property
    def limit(self) -> int:
        """Reports available of either input, the fewer of both."""
        return min(self.num_reports)

    @property
    def left(self) -> tuple[int, int]:
        """Reports not handed out yet, of input 0 and of input 1."""
        first, second = self.num_reports
        return first - self._taken[0], second - self._taken[1]

    def fresh(self) -> RecordedMechanism:
        """The same recording with no report handed out."""
        return self._of(self._recorded)

    def with_growing(self) -> RecordedMechanism | None:
        """The same with the columns that only grow; None where none was left out."""
        whole = self._recorded.whole
        if whole is None:
            return None
        return self._of(self._recorded._replace(reports=whole, whole=None))

    def _of(self, recorded: Recorded) -> RecordedMechanism:
        return RecordedMechanism(recorded, epsilon=self.epsilon, delta=self.delta, name=self.name)

    def in_order(self) -> tuple[Raw, npt.NDArray[np.bool_]]:
        """All reports as recorded, those of input 0 first, and which are of input 0."""
        return self._reports, np.arange(len(self._reports)) < self.num_reports[0]

    def privatize(self, values: npt.ArrayLike, *, rng: np.random.Generator) -> Raw:
        """Hand out one recorded report per value (0 or 1), none of them twice."""
        own = validate.check_values(values, 2)
        validate.check_generator(rng)
        asked = np.bincount(own, minlength=2).tolist()
        for value in (0, 1):
            if asked[value] > self.left[value]:
                raise ValueError(
                    f"{self} has {self.left[value]} of {self.num_reports[value]} reports of "
                    f"input {value} left, {asked[value]} more asked for."
                )
        if self._orders is None:
            start, total = self.num_reports[0], len(self._reports)
            self._orders = (rng.permutation(start), start + rng.permutation(total - start))
        rows = np.empty(own.size, dtype=np.int64)
        for value in (0, 1):
            begin = self._taken[value]
            self._taken[value] = begin + asked[value]
            rows[own == value] = self._orders[value][begin : self._taken[value]]
        return np.asarray(self._reports[rows])
