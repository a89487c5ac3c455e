"""Bounds by the names that they are registered under."""

from __future__ import annotations

from ldpaudit.bounds.named import NamedBound
from ldpaudit.registry import create_bound


def registered_bound(name: str) -> NamedBound:
    """Build the bound that is registered as `name`.

    Parameters
    ----------
    name : str
        Registry name, as ``ldpaudit list bounds`` prints it.

    Returns
    -------
    NamedBound

    Raises
    ------
    ValueError
        If there is no such bound.

    Examples
    --------
    >>> from ldpaudit.claim import Claim
    >>> from ldpaudit.counts import GuessCounts
    >>> bound = registered_bound("posterior-odds")
    >>> round(bound.from_guesses(GuessCounts(2, 7311, 10_000, 10_000), Claim(1.0), 0.05), 4)
    0.9629
    """
    return NamedBound(name, create_bound(name))
