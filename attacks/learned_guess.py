"""Reconstruction without a likelihood: what labelled reports teach of every input."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from ldpaudit.arrays import Floats, Ints
from ldpaudit.contracts import Mechanism, Reports, Values

from ._encoding import Batch, Codes, Column, as_array, columns_of, parts_of
from ._forms import Form
from ._lookup import numbered
from ._steps import Raw

#: Most inputs that are told apart, and reports in which the columns are looked for.
_INPUTS, _LOOKED_AT = 1024, 2**15
#: Part of the training reports that chooses between the two models, one in so many.
_HELD_OUT = 4
#: Standard errors by which a column must differ between inputs to be read.
_CLEAR = 4.0
#: Reports guessed at a time.
_CHUNK = 2**13


@dataclass(frozen=True)
class LearnedGuesser:
    """What `LearnedGuess.learn` has learned of a mechanism's inputs: a reconstruction.

    Attributes
    ----------
    model : str
        ``reports`` (counts of whole reports), ``columns`` (each part of a report by itself), or
        ``nothing``, which guesses by the prior.
    """

    model: str
    _form: Form
    _columns: tuple[Column, ...]
    _tables: tuple[Floats, ...]
    _whole: tuple[Ints, ...] = ()

    #: Says how often *this* attack is right, which is no upper limit.
    optimal: ClassVar[bool] = False

    def applies(self, mechanism: Mechanism) -> str | None:  # noqa: ARG002
        """Return None: it has been learned from this mechanism's reports."""
        return None

    def guess(
        self,
        reports: Reports,
        mechanism: Mechanism,  # noqa: ARG002
        prior: Floats,
        *,
        rng: np.random.Generator,  # noqa: ARG002
    ) -> Values:
        """One guess per report, shape (n,): the largest learned posterior.

        `prior` has shape (k,), or (n, k): one per report.
        """
        rows, known = self._form.read(as_array(reports))
        with np.errstate(divide="ignore"):
            weight = np.broadcast_to(np.log(prior), (len(rows), prior.shape[-1]))
        blind: Values = weight.argmax(axis=1).astype(np.int64)
        guesses = blind.copy()
        for start in range(0, len(rows) if self._columns else 0, _CHUNK):
            part = slice(start, start + _CHUNK)
            scores = self._scores(_codes(self._columns, rows[part]), weight.shape[1])
            guesses[part] = (scores + weight[part]).argmax(axis=1)
        if known is not None:
            guesses[~known] = blind[~known]
        return guesses

    def _scores(self, codes: list[Codes], k: int) -> Floats:
        """Log likelihood of each input, shape (n, k), up to a constant per report."""
        if self.model == "reports":
            return self._tables[0][_cells(codes, self._columns, self._whole)]
        out = np.zeros((len(codes[0]) if codes else 0, k))
        for column, table in zip(codes, self._tables, strict=True):
            out += table[column]
        return out


@dataclass(frozen=True, kw_only=True)
class LearnedGuess:
    """Name the value of a report by what reports of known values teach: no likelihood is needed.

    Notes
    -----
    Two models are fitted to three quarters of the training reports: counts of whole reports, and
    counts of each part of a report by itself, multiplied as if parts were independent given the
    input (naive Bayes). The one that is right more often on the last quarter, from equal
    priors, is fitted again to all of them. With enough reports the first is the optimal guess
    where reports are few, the second where parts are independent, as bits of unary encodings
    are. It is one attack: its success is a lower limit of what an attacker can do.

    Examples
    --------
    >>> import ldpaudit
    >>> def noisy(value, rng):
    ...     return value if rng.random() < 0.75 else int(rng.integers(4))
    >>> m = ldpaudit.from_callable(noisy, k=4, epsilon=2.6)
    >>> result = ldpaudit.audit(m, ["learned-guess"], trials=4_000)
    >>> 0.78 < result.attacks[1].success < 0.84  # 0.8125 is what any attack reaches
    True
    """

    optimal: ClassVar[bool] = False

    def applies(self, mechanism: Mechanism) -> str | None:
        """Return None unless there are more inputs than reports can teach."""
        if mechanism.k > _INPUTS:
            return f"it tells at most {_INPUTS:,} inputs apart, of {mechanism.k:,}"
        return None

    def learn(
        self, reports: Reports, inputs: Ints, k: int, *, rng: np.random.Generator
    ) -> LearnedGuesser:
        """Learn from reports of `inputs`, integers in [0, k), one per report."""
        rows, own = as_array(reports), np.asarray(inputs)
        form, looked = Form.of(rows), rng.permutation(len(rows))[:_LOOKED_AT]
        columns = columns_of(parts_of(rows[looked]))
        codes = _codes(columns, rows)
        kept = [j for j, (c, column) in enumerate(zip(codes, columns, strict=True))
                if _tells(c, column.size, own, k)]  # fmt: skip
        columns, codes = tuple(columns[j] for j in kept), [codes[j] for j in kept]
        if not columns:
            return LearnedGuesser("nothing", form, (), ())
        order = rng.permutation(len(rows))
        held, rest = np.split(order, [len(order) // _HELD_OUT])
        rates = {}
        for model in ("reports", "columns"):
            guesser = _fitted(model, form, columns, [c[rest] for c in codes], own[rest], k)
            if guesser is not None:
                said = guesser._scores([c[held] for c in codes], k).argmax(axis=1)
                rates[model] = float(np.mean(said == own[held]))
        best = max(rates, key=lambda model: rates[model])
        found = _fitted(best, form, columns, codes, own, k)
        return found or LearnedGuesser("nothing", form, (), ())


def _fitted(
    model: str, form: Form, columns: tuple[Column, ...], codes: list[Codes], own: Ints, k: int
) -> LearnedGuesser | None:
    if model == "columns":
        tables = tuple(
            _log_table(c.astype(np.int64), column.size, own, k)
            for c, column in zip(codes, columns, strict=True)
        )
        return LearnedGuesser(model, form, columns, tables)
    splits, cells = [], np.zeros(len(own), dtype=np.int64)
    for column, own_codes in zip(columns, codes, strict=True):
        known, cells = numbered(cells * column.size + own_codes)
        if 2 * len(known) > len(cells):
            return None  # most reports came but once
        splits.append(known)
    size = len(splits[-1])
    table = _log_table(cells, size + 1, own, k)
    table[size] = 0  # never seen
    return LearnedGuesser(model, form, columns, (table,), tuple(splits))


def _codes(columns: tuple[Column, ...], rows: Raw) -> list[Codes]:
    batch = Batch(rows)
    return [column(batch) for column in columns]


def _cells(codes: list[Codes], columns: tuple[Column, ...], splits: tuple[Ints, ...]) -> Ints:
    """The number of each whole report among those that were seen; one more for any other."""
    cells = np.zeros(len(codes[0]), dtype=np.int64)
    lost = np.zeros(len(cells), dtype=np.bool_)
    for own, column, known in zip(codes, columns, splits, strict=True):
        asked = cells * column.size + own
        cells = np.searchsorted(known, asked).clip(max=len(known) - 1)
        lost |= known[cells] != asked
    return np.where(lost, len(splits[-1]), cells)


def _counts(codes: Ints, size: int, own: Ints, k: int) -> Floats:
    return np.bincount(codes * k + own, minlength=size * k).reshape(size, k).astype(np.float64)


def _log_table(codes: Ints, size: int, own: Ints, k: int) -> Floats:
    """Log shares of the codes given each input, shape (size, k), 1/2 added to every count."""
    counts = _counts(codes, size, own, k)
    table = np.log(counts + 0.5) - np.log(counts.sum(axis=0) + 0.5 * size)
    table[counts.sum(axis=1) == 0] = 0  # what came from no input says nothing
    return np.asarray(table)


def _tells(codes: Codes, size: int, own: Ints, k: int) -> bool:
    """Whether a column differs between inputs, by its chi-square statistic or its clearest code."""
    counts = _counts(codes.astype(np.int64), size, own, k)
    counts = counts[counts.sum(axis=1) > 0]
    expected = np.outer(counts.sum(axis=1), counts.sum(axis=0)) / counts.sum()
    off = (counts - expected) ** 2 / np.maximum(expected, 1.0)
    free = (counts.shape[0] - 1) * (k - 1)
    clearest = math.sqrt(2 * math.log(max(counts.size, 2))) + _CLEAR
    whole = float(off.sum()) > free + _CLEAR * math.sqrt(2 * max(free, 1))
    return bool(whole or off.max() > clearest**2)
