"""Defences of an estimate against false reports, to be measured with `manipulation.poison`.

A defence of the estimate is a function of (mechanism, counts) to frequencies, one of the
reports a function of (mechanism, reports) to those that are kept. What either costs when
nobody lies is measured in the same way, with ``attack=None``. Norm constraints are the
post-processings of the mechanisms, ``mechanism.decode(counts, post="norm-sub")``.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt

from ldpaudit.arrays import Bools, Floats
from ldpaudit.contracts import Counts, HasSupportSizes, Reports
from ldpaudit.validate import check_fraction, check_known, check_positive

#: Frequencies from a mechanism's counts.
Decode: TypeAlias = Callable[[Any, Counts], Floats]
#: Reports that are kept, of a mechanism: shape (n,).
ReportFilter: TypeAlias = Callable[[Any, Reports], Bools]
#: Names of defences that a study can measure.
DEFENCES = ("recovery", "recovery-known", "size-filter")


def named_defence(name: str, share: float, targets: tuple[int, ...]) -> Recovery | SizeFilter:
    """A defence by name.

    Parameters
    ----------
    name : str
        ``"recovery"``: `Recovery` as it is; ``"recovery-known"``: `Recovery` that knows the
        share of false users and what they aim at; ``"size-filter"``: `SizeFilter`.
    share : float
        Share of false users among all, strictly between 0 and 1, for who knows it.
    targets : tuple of int
        The values that they aim at, for who knows them.

    Returns
    -------
    Recovery or SizeFilter
        What takes counts, or reports.

    Raises
    ------
    ValueError, TypeError
        If there is no defence of that name or the share is out of range.

    Examples
    --------
    >>> named_defence("recovery-known", 0.2, (3,))
    Recovery(ratio=0.25, targets=(3,))
    """
    check_known("defence", name, DEFENCES)
    if name == "size-filter":
        return SizeFilter()
    if name == "recovery":
        return Recovery()
    return Recovery(check_fraction("share", share) / (1 - share), targets)


def nearest_distribution(frequencies: npt.ArrayLike) -> Floats:
    """The nearest distribution to a vector (Duchi et al., ICML 2008).

    Parameters
    ----------
    frequencies : array of shape (k,)
        Any numbers.

    Returns
    -------
    array of shape (k,)
        At least 0, with sum 1.

    Examples
    --------
    >>> nearest_distribution([0.5, 0.9, -0.2])
    array([0.3, 0.7, 0. ])
    """
    free = np.asarray(frequencies, dtype=np.float64)
    ranked = np.sort(free)[::-1]
    excess = (np.cumsum(ranked) - 1) / np.arange(1, free.size + 1)
    kept = int(np.count_nonzero(ranked > excess))
    return np.asarray(np.maximum(free - excess[kept - 1], 0.0))


@dataclass(frozen=True)
class Recovery:
    """Take away what false reports are supposed to have added, then the nearest distribution.

    The poisoned estimate is (honest + ratio * false) / (1 + ratio), so that the honest one is
    (1 + ratio) * poisoned - ratio * false. False reports are supposed to support one value
    each, drawn evenly from the values with a positive estimate, or from `targets`, where the
    server knows them: a share s of them makes an estimate of (s - q*) / (p* - q*).

    Parameters
    ----------
    ratio : float, default 0.2
        False users for each honest one, as supposed by the server.
    targets : tuple of int, optional
        Values that the server knows to be attacked.

    Raises
    ------
    ValueError, TypeError
        If the ratio is not positive and finite.

    Notes
    -----
    For pure protocols. The supposition is ours, in the manner of Sun, Ye, Hu, Duan, Wo, Xu
    and Yang, *LDPRecover: recovering frequencies from poisoning attacks against local
    differential privacy*, ICDE 2024, arXiv:2403.09351. A report that supports many values
    is outside its model.

    Examples
    --------
    >>> import numpy as np, ldpaudit
    >>> m = ldpaudit.mechanism("grr", k=10, epsilon=1.0)
    >>> counts = m.sample_counts(np.full(10, 1000), rng=np.random.default_rng(0))
    >>> round(float(Recovery()(m, counts).sum()), 9)
    1.0
    """

    ratio: float = 0.2
    targets: tuple[int, ...] = ()

    def __post_init__(self) -> None:
        check_positive("ratio", self.ratio)

    def __call__(self, mechanism: Any, counts: Counts) -> Floats:
        """Frequencies from the counts of a pure protocol, shape (k,)."""
        if not (hasattr(mechanism, "p_star") and hasattr(mechanism, "q_star")):
            raise TypeError(
                f"mechanism must be a pure protocol, with p_star and q_star, got {mechanism!r}."
            )
        poisoned = np.asarray(mechanism.estimate(counts))
        attacked = poisoned > 0
        if self.targets:
            attacked = np.isin(np.arange(mechanism.k), self.targets)
        supported = attacked / max(1, int(attacked.sum()))
        p, q = mechanism.p_star, mechanism.q_star
        false = (supported - q) / (p - q)
        return nearest_distribution((1 + self.ratio) * poisoned - self.ratio * false)


@dataclass(frozen=True)
class SizeFilter:
    """Drop reports of a size that too many reports have.

    An honest report supports its own value with p* and each of the others with q*, on its
    own, so that the number of values it supports has a known law whatever users hold.
    Sizes that are more frequent than the law allows at level `alpha` (over all of them
    together) are thinned out to what the law expects: evenly, for within a size nothing
    tells reports apart.

    Parameters
    ----------
    alpha : float, default 1e-6
        Chance that any honest report is dropped where all are honest, about.

    Raises
    ------
    ValueError, TypeError
        If alpha is not strictly between 0 and 1.

    Notes
    -----
    For protocols with independent supports (unary encoding and local hashing). Subsets of
    a fixed size, blocks and single values have one size, which tells nothing: they cannot
    be defended like this. After the differential statistics of Li, Li, Wang and Sun,
    *Mitigating data poisoning attacks to local differential privacy*, CCS 2025,
    arXiv:2506.02156.

    Examples
    --------
    >>> import numpy as np, ldpaudit
    >>> m, rng = ldpaudit.mechanism("oue", k=50, epsilon=1.0), np.random.default_rng(0)
    >>> honest = m.privatize(np.arange(5000) % 50, rng=rng)
    >>> bool(SizeFilter()(m, honest).all())
    True
    >>> false = m.false_reports(range(25), 500, rng=rng)
    >>> kept = SizeFilter()(m, np.concatenate((honest, false)))
    >>> bool(kept[:5000].mean() > 0.9), bool(kept[5000:].mean() < 0.7)
    (True, True)
    """

    alpha: float = 1e-6

    def __post_init__(self) -> None:
        check_fraction("alpha", self.alpha)

    def __call__(self, mechanism: Any, reports: Reports) -> Bools:
        """Which reports are kept, shape (n,)."""
        from scipy.stats import binom

        if not isinstance(mechanism, HasSupportSizes):
            raise TypeError(
                f"mechanism must have support_sizes, got {type(mechanism).__name__}: "
                "its reports are of one size."
            )
        sizes = mechanism.support_sizes(reports)
        law = size_law(mechanism)
        seen = np.bincount(sizes, minlength=law.size)
        most = binom.isf(self.alpha / law.size, sizes.size, law)
        keep = np.ones(sizes.size, dtype=np.bool_)
        for size in np.flatnonzero(seen > most).tolist():
            here = np.flatnonzero(sizes == size)
            expected = round(sizes.size * float(law[size]))
            keep[here] = False
            keep[here[np.arange(expected) * here.size // max(1, expected)]] = True
        return keep


def size_law(mechanism: Any) -> Floats:
    """Probability that an honest report supports each number of values, shape (k + 1,)."""
    from scipy.stats import binom

    others = binom.pmf(np.arange(mechanism.k), mechanism.k - 1, mechanism.q_star)
    law = np.zeros(mechanism.k + 1)
    law[1:] = mechanism.p_star * others
    law[:-1] += (1 - mechanism.p_star) * others
    return law
