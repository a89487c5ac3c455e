"""Where each protocol stands: against the limit, and against the others.

A table that compares protocols only with one another cannot say how good the
best of them is. Here every protocol also has its distance to what any
epsilon-LDP mechanism could do at the same attack success (`ldpaudit.frontier`),
and beats another only where the intervals of both say so: in success and error and,
beside that, in success, error and the influence of a false report.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any, TypeAlias

from ldpaudit import validate
from ldpaudit.analysis.metrics import is_less, read
from ldpaudit.analysis.operating_points import GROUP, OperatingPoint, place

if TYPE_CHECKING:
    import pandas as pd

#: Columns of `standings`, one row per protocol of a group.
STANDING_COLUMNS = (
    *GROUP,
    "protocol",
    "parameters",
    "label",
    "success",
    "success_lower",
    "success_upper",
    "success_how",
    "attack",
    "mse",
    "mse_lower",
    "mse_upper",
    "mse_how",
    "n_mse",
    "bits",
    "limit",
    "distance",
    "distance_lower",
    "distance_upper",
    "limit_applies",
    "limit_note",
    "dominated_by",
    "tied_with",
    "efficient",
    "influence",
    "influence_how",
    "dominated_with_influence",
    "efficient_with_influence",
)


def standings(frame: pd.DataFrame, *, alpha: float = 0.05) -> pd.DataFrame:
    """Place every protocol of a comparison against the limit and against the others.

    Parameters
    ----------
    frame : pandas.DataFrame
        The tidy table (``Results.frame``, ``AuditResult.to_frame()``), columns as
        in ``ldpaudit.outcomes.COLUMNS``.
    alpha : float, default 0.05
        Probability that noise makes any claim of this table wrong: `dominated_by`
        and the interval of `distance`. It is shared by all measured figures.

    Returns
    -------
    pandas.DataFrame
        One row per protocol (with its parameters) at one epsilon on one data set,
        in the order of the table, columns as in `STANDING_COLUMNS`:

        data, k, num_users, epsilon, delta, estimand, prior
            The group: dominance compares only protocols of one group.
        protocol, parameters, label
            `label` is the protocol, with its parameters where the table holds several.
        success, success_lower, success_upper, success_how, attack
            Success of the best guess from one report. ``exact`` (both ends
            equal) where some attack's optimum is known; else ``measured, optimal
            attack``, or ``measured, best of the attacks tried``, which only bounds
            the best attacker from below. Ends as in the table. Where a mean of numbers or
            vectors is estimated and the posterior mean was guessed, it is the share of a
            person's variance that one report explains.
        mse, mse_lower, mse_upper, mse_how, n_mse
            Mean squared error for these users, per value where shares are estimated:
            ``exact``, ``exact, by random probes`` (an interval of two standard errors) or
            ``measured``.
            `n_mse` is `mse` times `num_users`.
        bits
            Bits per report, nan where unknown.
        limit, distance, distance_lower, distance_upper
            ``frontier(k, epsilon).mse_at(success, target="users")``, and `n_mse`
            divided by it: 1 is the best that any epsilon-LDP mechanism can do. Of means
            ``frontier_mean(epsilon).error_at(success, variance)``, which needs no epsilon.
        limit_applies, limit_note
            False, with the reason, where no frequencies are estimated, the attacker's prior is
            not uniform, the claim has a delta or is refuted. Where it applies the note says what to
            keep in mind (users that are not uniform).
        dominated_by, tied_with, efficient
            Tuples of labels. A protocol dominates where its intervals show that
            it is no worse in success and error and better in one; two are tied
            where neither success nor error tells them apart. `efficient` is
            whether nothing dominates, missing where success or error is unknown.
            The order of the table is irrelevant. These three columns look at
            success and error alone.
        influence, influence_how
            Most that one report adds to the estimate of the worst value, in reports of honest
            users; ``exact``, or ``bound``: at least so much. nan where unknown.
        dominated_with_influence, efficient_with_influence
            The same as `dominated_by` and `efficient` with influence as a third axis: to
            dominate here is to be no worse in success, error and influence, and better in one.
            Who is dominated so is dominated in success and error too, or tied there. Missing
            where one of the three is unknown.

    Raises
    ------
    ValueError
        If `alpha` is not between 0 and 1.

    Examples
    --------
    >>> import ldpaudit
    >>> frames = [ldpaudit.audit(ldpaudit.mechanism(name, k=100, epsilon=1.0), ["bayes"],
    ...                          trials=1000, name=name).to_frame() for name in ("grr", "ss")]
    >>> import pandas as pd
    >>> table = standings(pd.concat(frames))
    >>> table[["label", "distance", "dominated_by"]].round(3)
      label  distance dominated_by
    0   grr     9.635        (ss,)
    1    ss     1.000           ()
    """
    import pandas as pd

    alpha = validate.check_fraction("alpha", alpha)
    points = against_others(place(read(frame), alpha))
    rows = [{name: getattr(point, name) for name in STANDING_COLUMNS} for point in points]
    # As objects: text from a file may hold what no string column can (a lone surrogate).
    table = pd.DataFrame(rows, columns=list(STANDING_COLUMNS), dtype=object)
    kinds = dict.fromkeys(("k", "num_users"), "Int64") | dict.fromkeys(_REAL, "float64")
    truths = dict.fromkeys(("efficient", "efficient_with_influence"), "boolean")
    return table.astype(kinds | {"limit_applies": "bool"} | truths)


_REAL = ("epsilon", "delta", "success", "success_lower", "success_upper", "mse", "mse_lower",
         "mse_upper", "n_mse", "bits", "limit", "distance", "distance_lower",
         "distance_upper", "influence")  # fmt: skip


def against_others(points: Sequence[OperatingPoint]) -> list[OperatingPoint]:
    """Points with who dominates whom, and who cannot be told apart, within each group."""
    groups: dict[tuple[Any, ...], list[_Named]] = {}
    boxes = [_box(point) for point in points]
    for point, box in zip(points, boxes, strict=True):
        if box is not None:
            groups.setdefault(point.group, []).append((point.label, box))
    return [
        point if box is None else _compared(point, box, groups[point.group])
        for point, box in zip(points, boxes, strict=True)
    ]


#: Ends of success, of error and, where that is known, of influence.
_Box: TypeAlias = tuple[tuple[float, float], ...]
_Named: TypeAlias = tuple[str, _Box]


def _box(point: OperatingPoint) -> _Box | None:
    """Ends of the figures, None where success or error is not known."""
    if point.success_interval is None or point.mse_interval is None:
        return None
    reach = point.influence_interval
    return point.success_interval, point.mse_interval, *([] if reach is None else [reach])


def _compared(point: OperatingPoint, box: _Box, group: list[_Named]) -> OperatingPoint:
    others = [(label, other) for label, other in group if other is not box]
    dominated_by = _labels(label for label, other in others if _beats(other[:2], box[:2]))
    whole = len(box) == 3
    with_influence = _labels(
        label for label, other in others if whole and len(other) == 3 and _beats(other, box)
    )
    return replace(
        point,
        dominated_by=dominated_by,
        tied_with=_labels(label for label, other in others if _alike(other[:2], box[:2])),
        efficient=not dominated_by,
        dominated_with_influence=with_influence,
        efficient_with_influence=not with_influence if whole else None,
    )


def _labels(found: Iterable[str]) -> tuple[str, ...]:
    return tuple(sorted(found))


def _beats(one: _Box, other: _Box) -> bool:
    """Shown to be no worse in any figure, and better in one."""
    pairs = list(zip(one, other, strict=True))
    no_worse = all(not is_less(theirs[0], mine[1]) for mine, theirs in pairs)
    return no_worse and any(is_less(mine[1], theirs[0]) for mine, theirs in pairs)


def _alike(one: _Box, other: _Box) -> bool:
    """No figure tells the two apart."""
    pairs = zip(one, other, strict=True)
    return not any(is_less(x[1], y[0]) or is_less(y[1], x[0]) for x, y in pairs)
