"""Distinguishing two inputs by what labelled reports teach, and by nothing else."""

from __future__ import annotations

import math
from dataclasses import dataclass, field

import numpy as np

from ldpaudit.arrays import Bools, Floats, Ints, Words
from ldpaudit.contracts import Mechanism, Reports
from ldpaudit.validate import check_generator

from ._contrast import most_different
from ._distances import find_distance
from ._encoding import Batch, Codes, Column, as_array, columns_of, parts_of
from ._forms import Form
from ._models import MODELS, Counts, left_over, one_thread
from ._repeated_noise import RepeatedNoise, mixed
from ._screen import Seen, Traces, find_traces, says_all
from ._steps import Raw, Step
from ._traces import looked_at
from ._training import DISTANCE, Model, Training
from ._words import in_words

#: Training reports in which the columns are looked for.
_LOOKED_AT = 2**16
#: Most codes (training reports x columns) that are learned from.
_TABLE = 2**26
#: Part of the training reports that chooses the model, one in so many.
_HELD_OUT = 4
#: Log loss of any held-out report, and of all on average, below which nothing is left to learn.
_TOLD, _ALL_TOLD = math.log(2) / 2, 1e-3
#: Standard errors by which noise must be seen to come again.
_CLEAR = 3.0
#: Standard errors by which a log ratio must pass the claim.
_DOUBTS = 2.0
#: Reports scored at a time.
_CHUNK = 2**14
#: What no report is looked at for.
NOT_SEEN = (
    "functions that the reports do not show, such as the hash behind a seed",
    "parities of three and more parts of reports that are too many to count",
    "traces that say nothing alone and something together",
    "what only many reports together show, other than noise that comes again",
    "when and by which way a report arrived",
)


@dataclass(frozen=True)
class LearnedScore:
    """What `LearnedDistinguisher.fit` has learned of one pair of inputs: a distinguisher.

    Attributes
    ----------
    model : str
        ``counts``, ``distance``, ``additive``, ``smooth``, ``trees`` or ``repeated``; ``nothing``
        abstains from every report.
    held_out_loss : float
        Mean log loss of the model on training reports kept from it, either
        input weighing one half; ln 2 = 0.693 is a fair coin's.
    looked_at : tuple of str
        The parts of reports that were looked at, in words; `not_looked_at` says what was not.
    """

    model: str
    held_out_loss: float
    _form: Form = field(repr=False)
    _columns: tuple[Column, ...] = field(repr=False)
    _learned: Model | None = field(repr=False)
    _way: tuple[Step, ...] = field(default=(), repr=False)  # to a distance
    _repeated: RepeatedNoise | None = field(default=None, repr=False)
    looked_at: tuple[str, ...] = field(default=(), repr=False)

    @property
    def not_looked_at(self) -> tuple[str, ...]:
        """What no report is looked at for, in words."""
        return NOT_SEEN

    @property
    def noise_repeats(self) -> bool:
        """Whether the score lives on noise that comes again in every batch: that is the leak."""
        return self._repeated is not None

    def clearest(self, reports: Reports, first: Bools, claimed: float) -> str:
        """The part of labelled reports that alone tells most, in words; if any passes the claim.

        By the largest log ratio of any of its codes, less two standard errors.
        """
        if self.noise_repeats:
            return "noise that comes again in every call"
        rows, known = self._form.read(as_array(reports))
        rows, first = (rows, first) if known is None else (rows[known], first[known])
        batch, most, words = Batch(rows), claimed, "several of its parts together"
        if self.model == "distance":
            words = "how near it lies to the mean reports of either input"
        columns = self._columns
        if len(columns) == 1:  # whose traces were not worth learning from
            columns += find_traces(rows, list(parts_of(rows)), first).columns
        # What came before is told last: it may have come in these very reports.
        for column in sorted(columns, key=lambda column: isinstance(column.coder, Seen)):
            if isinstance(column.coder, Seen) and most > claimed:
                break
            codes = column(batch)
            one, two = (np.bincount(codes[s], minlength=column.size) + 0.5 for s in (first, ~first))
            ratio = np.abs(np.log(one / two) - np.log(one.sum() / two.sum()))
            clear = float(np.max(ratio - _DOUBTS * np.sqrt(1 / one + 1 / two)))
            if clear > most:
                most, words = clear, in_words(column)
        return words

    def applies(self, mechanism: Mechanism) -> str | None:  # noqa: ARG002
        """Return None: whatever form reports have, they have been learned from."""
        return None

    def score(
        self,
        reports: Reports,
        mechanism: Mechanism,  # noqa: ARG002
        pair: tuple[int, int],  # noqa: ARG002
        *,
        rng: np.random.Generator,  # noqa: ARG002
    ) -> Floats:
        """Estimated log-likelihood ratio of the pair that was learned from, shape (n,).

        Of a whole batch in its order: noise that comes again does so by place.
        """
        rows, known = self._form.read(as_array(reports))
        scores = self._score(rows)
        return scores if known is None else np.where(known, scores, 0.0)

    def _score(self, rows: Raw) -> Floats:
        """Scores of reports in the form of the training reports."""
        if self._repeated is not None and len(rows):
            keys, whole = np.zeros(len(rows), dtype=np.uint64), Batch(rows)
            for column in self._columns:
                if not isinstance(column.coder, Seen):
                    keys = mixed(keys, column(whole))
            scores = self._repeated.score(keys)
            if scores is not None:
                return scores
        scores = np.zeros(len(rows))
        if self._learned is not None:
            for start in range(0, len(rows), _CHUNK):
                batch = Batch(rows[start : start + _CHUNK])
                codes = {
                    j: batch.part(self._way) if j == DISTANCE else self._columns[j](batch)
                    for j in self._learned.columns
                }
                scores[start : start + _CHUNK] = self._learned.score(codes)
        return scores


@dataclass(frozen=True, kw_only=True)
class LearnedDistinguisher:
    """Learn from labelled reports to tell two inputs apart: the black-box witness.

    It needs no likelihood and reads any form of report (numbers, texts, bits,
    rows, records, tuples, sets). Everything is fixed before the audit's own
    reports are drawn, so a poor model costs power and never validity.

    Notes
    -----
    Reports become columns of small codes. Five models are fitted to three
    quarters of the training reports: smoothed counts of whole reports, a logistic
    regression on how much nearer vectors lie to the mean reports of one input than to
    those of the other, a logistic regression on the codes and pairs of codes that tell the inputs
    apart (an additive model, as the log ratios of most protocols are), one on
    steps of ordered codes (noisy numbers: alone, by a flag such as their sign,
    and two at once), and gradient-boosted trees. The one with the least log loss
    on the last quarter is fitted again to all of them; if none is better than a fair coin, the
    score abstains. If one half of the training reports tells more of the other, place
    by place, the noise comes again in every batch (a generator is seeded inside
    the mechanism), and the score compares with what came at the same place, in
    batches where it does come again. For the posterior as the optimal witness
    see Bichsel, Steffen, Bogunovic and Vechev, *DP-Sniper: black-box discovery
    of differential privacy violations using classifiers*, IEEE S&P 2021.

    What cannot be learned: anything that depends on a function that the reports
    do not show, above all the hash behind a seed in local hashing; parities of
    three and more bits of more reports than can be counted; and what only many
    reports of a batch together show. There the score says little or nothing,
    which is no sign of privacy.

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> first = rng.random(4000) < 0.5
    >>> truth = rng.random(4000) < 0.75
    >>> witness = LearnedDistinguisher().fit(np.where(first == truth, "yes", "no"), first, rng=rng)
    >>> witness.model
    'counts'
    >>> witness.score(["yes", "no", "maybe"], None, (0, 1), rng=rng).round(1)
    array([ 1., -1.,  0.])
    """

    def applies(self, mechanism: Mechanism) -> str | None:  # noqa: ARG002
        """Return None: reports of any form can be learned from."""
        return None

    def fit(self, reports: Reports, labels: Bools, *, rng: np.random.Generator) -> LearnedScore:
        """Learn from reports; `labels` are True for those of the first input. `rng` splits them.

        Two batches of one size, one after the other, also show whether noise comes again.
        """
        rows, first = as_array(reports), np.asarray(labels)
        form = Form.of(rows)
        if first.dtype != np.bool_ or first.shape != (len(rows),):
            raise ValueError(
                f"labels must be one bool a report, got {first.dtype} of shape {first.shape}."
            )
        ones = np.count_nonzero(first)
        if min(ones, len(first) - ones) < _HELD_OUT:
            raise ValueError(
                f"labels must hold at least {_HELD_OUT} of either kind, "
                f"got {ones} of {len(first)} True."
            )
        check_generator(rng)
        looked = rng.permutation(len(rows))[:_LOOKED_AT]
        some, traces = rows[looked], Traces()
        parts = list(parts_of(some))
        if not says_all(parts, len(rows) - len(rows) // _HELD_OUT):
            traces = find_traces(some, parts, first[looked])
        columns, seen = columns_of(parts) + traces.columns, looked_at(parts)
        if not columns:
            return LearnedScore("nothing", math.log(2), form, (), None, looked_at=seen)
        order, held_out = _split(first, max(_HELD_OUT, _TABLE // len(columns)), rng)
        codes, keys = _coded(rows, columns, order, looked[: traces.known])
        counted = sum(not isinstance(column.coder, Seen) for column in columns)
        sizes, distances = [column.size for column in columns], None
        nearer = find_distance(rows[looked], parts, first[looked])
        if nearer is not None:
            distances = Batch(rows).part(nearer.steps)
            distances[looked[: len(nearer.numbers)]] = nearer.numbers
            distances = distances[order]
        training = Training(codes, sizes, first[order], counted, distances)
        with one_thread():
            name, judged, training = _with_what_came_again(training, held_out)
            model = MODELS[name](training) if name in MODELS else None
        loss = float(judged.mean())
        repeated, losses = RepeatedNoise.learn(keys, first)
        way = nearer.steps if nearer is not None else ()
        if losses.mean() + _CLEAR * losses.std() / math.sqrt(len(losses)) < loss:
            name, loss = "repeated", float(losses.mean())
            return LearnedScore(name, loss, form, columns, model, way, repeated, looked_at=seen)
        read = columns[: len(training.sizes)]
        return LearnedScore(name, loss, form, read, model, way, looked_at=seen)

    def most_different(
        self, reports: Reports, inputs: Ints, claimed: float, allowed: Bools | None = None
    ) -> tuple[int, int]:
        """Which two of several inputs the reports tell apart most, by place.

        `inputs[i]` is the place of the input of report i, below the number of inputs; a leak
        beyond the claim is looked for first. `allowed`, shape (places, places), says which pairs
        count. What is chosen needs reports of its own.
        """
        return most_different(as_array(reports), inputs, int(inputs.max()) + 1, claimed, allowed)


def _split(first: Bools, limit: int, rng: np.random.Generator) -> tuple[Ints, int]:
    """At most so many reports, in random order, and how many in front are held out."""
    held, rest = [], []
    for side in (True, False):
        own = np.flatnonzero(first == side)
        own = rng.permutation(own)[: max(_HELD_OUT, limit * len(own) // len(first))]
        cut = len(own) // _HELD_OUT
        held.append(own[:cut])
        rest.append(own[cut:])
    parts = [rng.permutation(np.concatenate(part)) for part in (held, rest)]
    return np.concatenate(parts), len(parts[0])


def _coded(rows: Raw, columns: tuple[Column, ...], order: Ints, known: Ints) -> tuple[Codes, Words]:
    """Codes of reports in an order, and a number for each report as they came, by its codes.

    What came again is told of none whose labels are `known` to the columns that say so.
    """
    last, told = np.ones(len(rows), dtype=np.bool_), np.zeros(len(rows), dtype=np.bool_)
    last[order], told[known] = False, True
    every = np.append(order, np.flatnonzero(last))
    codes = np.empty((len(order), len(columns)), dtype=np.uint16, order="F")
    mixture, batch = np.zeros(len(rows), dtype=np.uint64), Batch(rows[every])
    for place, column in enumerate(columns):
        if isinstance(column.coder, Seen):
            asked = np.flatnonzero(~told[order])
            codes[:, place] = 0
            codes[asked, place] = column(rows[order[asked]])
        else:
            found = column(batch)
            mixture = mixed(mixture, found)
            codes[:, place] = found[: len(order)]
    keys = np.empty_like(mixture)
    keys[every] = mixture
    return codes, keys


def _with_what_came_again(training: Training, held_out: int) -> tuple[str, Floats, Training]:
    """The model, its losses, and the columns: what came again counts where it tells more.

    Such columns know half of the labels. Beside columns that tell all there is they are noise,
    and are not learned from unless one of them tells of what the others leave over.
    """
    if not training.counted:
        name, losses, _ = _choose(training, held_out)
        return name, losses, training
    name, losses, model = _choose(training.alone, held_out)
    left = training.counted < len(training.sizes) and not _all_told(losses)
    if left and _tell_more(training, held_out, model):
        other, more, _ = _choose(training, held_out)
        if _gained(losses - more):
            return other, more, training
    return name, losses, training.alone


def _fullest(losses: dict[str, Floats]) -> str:
    """The model of which trees could find what is left over, by the losses of those before."""
    sums = "smooth" if "smooth" in losses else "additive"
    nearer = np.mean(losses.get("distance", math.inf)) < np.mean(losses.get(sums, math.inf))
    return "distance" if nearer else sums


def _all_told(losses: Floats) -> bool:
    """Whether every held-out report is told by odds that leave nothing to another model."""
    return bool(losses.max() < _TOLD and losses.mean() < _ALL_TOLD)


def _gained(gain: Floats) -> bool:
    """Whether losses became less, by more than a standard error."""
    return bool(gain.mean() > gain.std() / math.sqrt(len(gain)))


def _tell_more(training: Training, held_out: int, model: Model | None) -> bool:
    """Whether a column of what came again tells of held-out reports what a model leaves over.

    One step of Newton's method for a weight of each code, beside the model's own score.
    """
    first = training.first
    odds = np.full(len(first), training.prior_odds)
    if model is not None:
        odds += model.score(training.by_column)
    posterior = 1 / (1 + np.exp(-odds))
    left, variance = first - posterior, posterior * (1 - posterior)
    sign = np.where(first[:held_out], -1.0, 1.0)
    before = np.logaddexp(0, sign * odds[:held_out])
    for place in range(training.counted, len(training.sizes)):
        codes, size = training.codes[:, place], training.sizes[place]
        sums, squares = (
            np.bincount(codes[held_out:], weights=each[held_out:], minlength=size)
            for each in (left, variance)
        )
        after = odds[:held_out] + (sums / (squares + 1))[codes[:held_out]]
        if _gained(before - np.logaddexp(0, sign * after)):
            return True
    return False


def _choose(training: Training, held_out: int) -> tuple[str, Floats, Model | None]:
    """The simplest model within a standard error of the least log loss, its losses, and itself."""
    judged = training[:held_out]
    weights = np.where(judged.first, 0.5 / judged.first.mean(), 0.5 / (1 - judged.first.mean()))
    losses: dict[str, Floats] = {}
    own, models = training[held_out:], dict[str, Model]()
    for name, learn in MODELS.items():
        # Loading and growing trees costs more than all the rest.
        if name == "trees" and not left_over(own, models.get(_fullest(losses))):
            continue
        model = learn(own)
        if model is not None:
            models[name] = model
            scores = model.score(judged.by_column)
            losses[name] = weights * np.logaddexp(0, np.where(judged.first, -scores, scores))
            if _all_told(losses[name]):
                break
        if isinstance(model, Counts) and model.say_all(own):
            break
    least = min(losses.values(), key=np.mean, default=np.full(1, math.inf))
    if least.mean() >= math.log(2):
        return "nothing", np.full(held_out, math.log(2)), None
    if np.mean(losses.get("smooth", math.inf)) < np.mean(losses.get("additive", -math.inf)):
        del losses["additive"]  # the same sum, with less noise
    simplest = next(
        name
        for name, loss in losses.items()
        if np.mean(loss - least) <= np.std(loss - least) / math.sqrt(held_out)
    )
    return simplest, losses[simplest], models[simplest]
