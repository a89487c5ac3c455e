"""Ways to search for the worst pair, each with how the search is paid for."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias

from ldpaudit import validate
from ldpaudit.parameters import fraction, parameters


@dataclass(frozen=True)
@parameters(fraction=fraction())
class PilotSplit:
    """A pilot chooses the pair; all other reports then go to that pair, at full alpha.

    Valid because the pilot's reports are never counted again: given what it chose, the
    audit is one of a pair that was fixed beforehand. It costs the pilot's reports and no
    confidence. A pilot that chooses badly loses power alone.

    Parameters
    ----------
    fraction : float, default 0.2
        Part of all reports that the pilot takes, strictly between 0 and 1.
    """

    fraction: float = 0.2


@dataclass(frozen=True)
class Bonferroni:
    """Every one of m pairs is bounded at alpha / m; the largest bound is reported.

    Inputs are drawn evenly and independently, and every report is read for all pairs of
    its input. Given which reports are of x or of x', a fair coin chose between the two for
    each, independently: the pair's own game, so its bound is above its own epsilon with
    probability at most alpha / m. By the union bound, which allows for any dependence (the
    pairs share reports), that happens anywhere with probability at most alpha; and where it
    does not, the largest bound is below the largest epsilon of a pair, the mechanism's.
    """


@dataclass(frozen=True)
class Holm:
    """As `Bonferroni`, and more pairs are named in violation at the same family-wise level.

    Whoever exceeds the claim at alpha / m is named; what remains, r pairs, is judged at
    alpha / r, until no more are named. Suppose t pairs keep the claim. With probability at
    least 1 - alpha none of them exceeds it at alpha / t, by the union bound, and then none
    is ever named: as long as none was, r >= t, and a bound grows with its alpha.
    Where nothing is named in the first round nothing is at all, so the bound on the
    mechanism's epsilon is Bonferroni's.
    """


@dataclass(frozen=True)
class EValues:
    """The money made against every pair is averaged: valid however the pairs depend.

    Were epsilon true, the expected money of an e-process against it would be at most 1 for
    each pair, so for their average too, and that reaches 1 / alpha with probability at most
    alpha (Ville): the least epsilon it does not refute is the bound, at any number of
    reports. It costs ln m of the best pair's log money, less where several pairs leak.
    A pair is named in violation if every average that it belongs to reaches 1 / alpha
    against the claim (closed testing; Vovk and Wang, Annals of Statistics 49, 2021).
    The bound is always ``anytime``.
    """


@dataclass(frozen=True)
class Pooled:
    """All k inputs in one game, the k-ary one: no selection, so nothing to correct.

    Sharpest where all pairs leak alike. It measures an average over pairs and names none:
    what one pair alone leaks is lost in it. Needs ``log_likelihood``.
    """


Selection: TypeAlias = PilotSplit | Bonferroni | Holm | EValues | Pooled


_NAMES: dict[str, type[Selection]] = {
    "pilot": PilotSplit,
    "bonferroni": Bonferroni,
    "holm": Holm,
    "e-values": EValues,
    "pooled": Pooled,
}


def selection(name: str) -> Selection:
    """The selection of that name: pilot, bonferroni, holm, e-values or pooled.

    Parameters
    ----------
    name : str
        As on the command line.

    Returns
    -------
    Selection
        With its default parameters.

    Raises
    ------
    ValueError
        If there is none of that name.

    Examples
    --------
    >>> selection("pilot")
    PilotSplit(fraction=0.2)
    """
    return _NAMES[validate.check_known("selection", name, _NAMES)]()
