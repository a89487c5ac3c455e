"""Post-processing, defences and false reports, measured on the estimates of collections."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt

from ldpaudit.arrays import Floats
from ldpaudit.bounds.errors import MeasuredError, measured_error
from ldpaudit.collecting.attacked import Collection, Siege, collect_under_siege, too_many_to_filter
from ldpaudit.collecting.defences import Decode, SizeFilter, named_defence
from ldpaudit.collecting.expected import false_words, gain_of_claims, gain_of_influence
from ldpaudit.contracts import HasFalseReports, HasSupportSizes, Values
from ldpaudit.outcomes.table import ESTIMATE, EXACT, FIGURES, finite, processed_name
from ldpaudit.validate import check_generator, check_histogram, check_integer

#: Names that `decode` of the catalogue knows.
POSTS = ("none", "base-cut", "norm", "norm-sub", "simplex", "power", "em", "mle")
#: How many of the most frequent values a server wants to find.
_TOP = 10

_Spread: TypeAlias = tuple[float, float]


@dataclass(frozen=True)
class Processed:
    """What one post-processing or defence made of some collections: means and standard errors.

    `total_variation` is half the absolute difference to the users' shares, added up;
    `recall` how many of the ten most frequent values are among the ten largest estimates (of
    at least twenty values, else of half of them); `gains` what false users of each kind added
    to the summed estimate of `targets` from the same honest reports, so that a bias of the
    estimate is not theirs, and what they should add where that is known.
    `dropped` are the shares of honest and of false reports that a filter dropped, by (metric,
    attack). `num_false` false users came beside `num_honest` honest ones.
    """

    post: str
    error: MeasuredError
    total_variation: _Spread
    recall: _Spread
    gains: Mapping[str, tuple[float, float, float | None]]
    targets: tuple[int, ...]
    repetitions: int
    reason: str = ""
    dropped: Mapping[tuple[str, str], _Spread] = field(default_factory=dict)
    num_false: int = 0
    num_honest: int = 0

    def rows(self, base: dict[str, Any], alpha: float) -> list[dict[str, Any]]:
        """Rows of the tidy table, like `base`; the estimand says how it was processed."""
        like = base | dict.fromkeys(FIGURES) | {"attack": "", "status": "ok", "reason": ""}
        like |= {"estimand": processed_name(str(base["estimand"]), self.post)}
        if self.reason:
            return [like | {"metric": "mse", "status": "skipped", "reason": self.reason, "how": ""}]
        like |= {"trials": self.repetitions, "how": ESTIMATE}
        rows = []
        if self.post != "none":  # that one is in the table
            lower, upper = self.error.interval(alpha)
            ends = {"lower": finite(lower), "upper": finite(upper), "alpha": alpha}
            words = f"estimate over repetitions, after {self.post}: biased"
            rows.append(like | _mean("mse", (self.error.value, self.error.standard_error)) | ends)
            rows[-1]["method"] = words
        rows.append(like | _mean("total_variation", self.total_variation))
        rows.append(like | _mean("top_recall", self.recall))
        for name, (gain, spread, exact) in self.gains.items():
            row = like | _mean("poisoning_gain", (gain, spread)) | {"attack": name}
            aim = "target" if len(self.targets) == 1 else "targets"
            named = ", ".join(map(str, self.targets))
            many = false_words(self.num_false, self.num_honest)
            row |= {"method": f"estimate over repetitions, {aim} {named}, {many}"}
            rows.append(row | ({} if exact is None else {"exact": exact, "how": EXACT}))
        for (metric, name), share in self.dropped.items():
            rows.append(like | _mean(metric, share) | {"attack": name})
        return rows


def measure_processed(
    mechanism: Any,
    histogram: Values,
    posts: Sequence[str],
    repetitions: int,
    alpha: float,
    *,
    rng: np.random.Generator,
    false_share: float | None = None,
    defences: Sequence[str] = (),
    targets: npt.ArrayLike | None = None,
) -> list[Processed]:
    """Collect again and again, decode every collection in every way, and hold it against the truth.

    Parameters
    ----------
    mechanism : FrequencyOracle
        With ``decode(counts, post=name)``; without it only ``"none"`` can be measured.
    histogram : array of shape (k,)
        Users of each value.
    posts : sequence of str
        Post-processings by name.
    repetitions : int
        Number of collections, at least 2.
    alpha : float
        Error probability at which intervals of the error will be asked for.
    rng : numpy.random.Generator
        Source of randomness.
    false_share : float, optional
        Share of false users among all, for the attacks on the collection; None means none.
    defences : sequence of str, optional
        Defences by name (`ldpaudit.collecting.defences.named_defence`), on the same collections.
    targets : array of int, optional
        Values whose summed estimate they want high; None means the one where one report adds
        most, less its own frequency.

    Returns
    -------
    list of Processed
        One for each name, posts first, in order; one that the mechanism cannot do says why.

    Raises
    ------
    ValueError, TypeError
        If a parameter is out of range.

    Examples
    --------
    >>> import numpy as np, ldpaudit
    >>> m = ldpaudit.mechanism("oue", k=20, epsilon=1.0)
    >>> found = measure_processed(m, np.full(20, 100), ["none", "norm-sub"], 5, 0.05,
    ...                           rng=np.random.default_rng(0), false_share=0.1,
    ...                           defences=["size-filter"])
    >>> found[1].error.value < found[0].error.value
    True
    >>> [one.post for one in found], found[2].dropped["honest_dropped", ""][0] < 0.1
    (['none', 'norm-sub', 'size-filter'], True)
    """
    users = check_histogram(histogram, mechanism.k)
    check_integer("repetitions", repetitions, 2)
    check_generator(rng)
    siege = Siege.against(mechanism, users, false_share, targets)
    ways = [_Way.of(name, mechanism, siege, int(users.sum())) for name in (*posts, *defences)]
    filters = [way.keep for way in ways if way.keep is not None]
    seen = [
        collect_under_siege(mechanism, users, siege, filters, rng=rng) for _ in range(repetitions)
    ]
    truth, exact = users / users.sum(), dict[str, float | None]()
    if siege.attacks:
        real = siege.num_false / (siege.num_false + int(users.sum()))
        exact["random-value"] = gain_of_claims(mechanism, siege.targets, real, truth)
        if isinstance(mechanism, HasFalseReports):
            exact["maximal-gain"] = gain_of_influence(mechanism, siege.targets, real, truth)
    found, filtered = [], 0
    for way in ways:
        filtered += way.keep is not None
        mine = [one[filtered if way.keep is not None else 0] for one in seen]
        known = exact if way.name == "none" else {}
        one = _decoded(mechanism, way, mine, truth, siege, alpha, known)
        found.append(replace(one, num_false=siege.num_false, num_honest=int(users.sum())))
    return found


@dataclass(frozen=True)
class _Way:
    """What a server does with a collection: how it decodes it, and which reports it keeps."""

    name: str
    decode: Decode
    keep: SizeFilter | None = None
    reason: str = ""

    @classmethod
    def of(cls, name: str, mechanism: Any, siege: Siege, many: int) -> _Way:
        if name in POSTS:
            return cls(name, lambda m, counts: _post(m, counts, name))
        if name == "recovery-known" and not siege.attacks:
            return cls(name, _plain, reason="there are no false users whose aim could be known.")
        share = siege.num_false / (siege.num_false + many) if siege.attacks else 0.5
        found = named_defence(name, share, siege.targets)
        if not isinstance(found, SizeFilter):
            pure = hasattr(mechanism, "p_star") and hasattr(mechanism, "q_star")
            return cls(name, found, reason="" if pure else "recovery is for pure protocols.")
        if not isinstance(mechanism, HasSupportSizes):
            return cls(name, _plain, reason="the sizes of its reports tell nothing.")
        if reason := too_many_to_filter(mechanism, many + siege.num_false):
            return cls(name, _plain, reason=reason)
        return cls(name, _plain, found)


def _plain(mechanism: Any, counts: Any) -> Floats:
    return np.asarray(mechanism.estimate(counts))


def _post(mechanism: Any, counts: Any, post: str) -> Floats:
    if post == "none":
        return _plain(mechanism, counts)
    return np.asarray(mechanism.decode(counts, post=post))


def _decoded(
    mechanism: Any,
    way: _Way,
    seen: Sequence[Collection],
    truth: Floats,
    siege: Siege,
    alpha: float,
    exact: Mapping[str, float | None],
) -> Processed:
    """Every collection after one post-processing or defence."""
    repetitions, targets = len(seen), list(siege.targets)
    try:
        if way.reason:
            raise TypeError(way.reason)
        found = {
            name: np.array([way.decode(mechanism, one.counts[name]) for one in seen])
            for name in ("", *siege.attacks)
        }
    except (AttributeError, TypeError, ValueError) as error:
        nothing = (math.nan, math.nan)
        empty = MeasuredError(math.nan, math.nan)
        return Processed(
            way.name, empty, nothing, nothing, {}, siege.targets, repetitions, str(error)
        )
    away = found[""] - truth
    gains = {
        name: (*_spread((found[name] - found[""])[:, targets].sum(axis=1)), exact.get(name))
        for name in siege.attacks
    }
    dropped = {
        (metric, name): _spread(np.array([getattr(one, metric)[name] for one in seen]))
        for metric in ("honest_dropped", "false_dropped")
        for name in getattr(seen[0], metric)
    }
    return Processed(
        way.name,
        measured_error(away / math.sqrt(truth.size), alpha),
        _spread(np.abs(away).sum(axis=1) / 2),
        _spread(np.array([_recall(estimate, truth) for estimate in found[""]])),
        gains,
        siege.targets,
        repetitions,
        dropped=dropped,
    )


def _recall(estimate: Floats, truth: Floats) -> float:
    """Share of the most frequent values among the largest estimates; equal ones all count."""
    top = min(_TOP, max(1, truth.size // 2))
    bar = np.sort(truth)[-top]
    return float((truth[np.argsort(-estimate, kind="stable")[:top]] >= bar).mean())


def _spread(sample: Floats) -> tuple[float, float]:
    """Mean and its standard error."""
    return float(sample.mean()), float(sample.std(ddof=1) / math.sqrt(sample.size))


def _mean(metric: str, figures: tuple[float, float]) -> dict[str, Any]:
    value, spread = figures
    words = "estimate, mean over repetitions"
    return {"metric": metric, "value": value, "standard_error": spread, "method": words}
