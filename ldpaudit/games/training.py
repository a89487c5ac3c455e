"""A witness is trained: labelled reports are drawn for it alone."""

from __future__ import annotations

import warnings

import numpy as np

from ldpaudit.adapters.arrays import joined
from ldpaudit.contracts.attacks import Distinguisher, TrainableDistinguisher
from ldpaudit.contracts.mechanisms import Mechanism, Reports, Values

#: Fewest and most reports that a witness learns from.
_TRAINING = (4_000, 200_000)
#: Reports of each input that a guess learns from, at least.
_OF_EACH = 200


def training_size(trials: int) -> int:
    """Reports that a witness learns from before an audit of `trials` reports per input."""
    return min(max(trials // 2, _TRAINING[0]), _TRAINING[1])


def learn(
    attack: TrainableDistinguisher,
    mechanism: Mechanism,
    pair: tuple[int, int],
    size: int,
    rng: np.random.Generator,
) -> Distinguisher:
    """Train a witness on reports of both inputs drawn for it alone, in two batches of one size."""
    first = rng.integers(0, 2, size) == 0
    halves = np.array_split(np.where(first, *pair), [size // 2])
    one, two = (mechanism.privatize(values, rng=rng) for values in halves)
    asks = getattr(mechanism, "doubt", None)
    if asks is not None and (reason := asks(halves[0], one)) is not None:
        warnings.warn(reason, stacklevel=2)
    both = isinstance(one, np.ndarray) and isinstance(two, np.ndarray)
    reports = joined((one, two)) if both else [*one, *two]
    return attack.fit(reports, first, rng=rng)


def inputs_to_learn(
    mechanism: Mechanism, size: int, rng: np.random.Generator
) -> tuple[Reports, Values]:
    """Reports of all inputs, drawn for what is learned from them alone, and their inputs."""
    size = min(max(size, _OF_EACH * mechanism.k), _TRAINING[1])
    inputs = rng.integers(0, mechanism.k, size)
    return mechanism.privatize(inputs, rng=rng), inputs
