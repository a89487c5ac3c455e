"""Locally hashed reports of one's own: shown as the values that they support."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from ldpaudit import validate


def supported_values(
    reports: Iterable[Sequence[Any]],
    hash_of: Callable[[Any, Any], Any],
    values: Sequence[Any],
) -> npt.NDArray[np.bool_]:
    """Return which values each locally hashed report (bucket, seed) supports.

    How a seed maps values to buckets is not in a report, so that no witness can learn it from
    reports; a server computes it, and so must an audit. The map takes nothing away: what a
    server learns of the inputs from a report is which values hash to its bucket.

    Parameters
    ----------
    reports : iterable of (bucket, seed)
        What was sent.
    hash_of : callable
        ``hash_of(value, seed)`` is the bucket of a value, as the server computes it.
    values : sequence
        The values of the mechanism, at least 2.

    Returns
    -------
    ndarray of bool, shape (n, k)
        True where ``hash_of(value, seed) == bucket``.

    Raises
    ------
    TypeError, ValueError
        If a report is no pair, `hash_of` cannot be called, or there are fewer than 2 values.

    Examples
    --------
    >>> def hash_of(value, seed):
    ...     return (value * seed + seed // 7) % 2
    >>> supported_values([(0, 3), (1, 7)], hash_of, range(3))
    array([[ True, False,  True],
           [ True, False,  True]])

    As a mechanism, whose reports a witness can read:

    >>> import ldpaudit
    >>> def client(value, rng):
    ...     seed, true = int(rng.integers(2**31)), rng.random() < 0.731
    ...     return (hash_of(value, seed) if true else 1 - hash_of(value, seed)), seed
    >>> shown = lambda value, rng: supported_values([client(value, rng)], hash_of, range(3))[0]
    >>> ldpaudit.from_callable(shown, k=3, epsilon=1.0, name="mine").k
    3
    """
    if not callable(hash_of):
        raise TypeError(f"hash_of must be a function of (value, seed), got {hash_of!r}.")
    own = list(values)
    validate.check_integer("number of values", len(own), 2, validate.MAX_DOMAIN)
    rows = []
    for place, report in enumerate(reports):
        pair = np.ravel(report).tolist() if isinstance(report, np.ndarray) else report
        if isinstance(pair, str | bytes) or not hasattr(pair, "__len__") or len(pair) != 2:
            raise ValueError(
                f"a locally hashed report must be (bucket, seed), got {validate.shown(report)} in "
                f"row {place + 1}."
            )
        bucket, seed = pair
        rows.append([bool(hash_of(value, seed) == bucket) for value in own])
    return np.array(rows, dtype=np.bool_).reshape(len(rows), len(own))
