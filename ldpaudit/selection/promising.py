"""The pair of inputs to audit, chosen on reports of its own unless all pairs are alike."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from ldpaudit.contracts import FindsPairs, HasAlikePairs, IsRecorded, Mechanism, Values
from ldpaudit.domains import input_text
from ldpaudit.registry import create_attack
from ldpaudit.sampling import stream

#: Most inputs that are looked at, and fewest reports of each.
_INPUTS, _FEWEST = 100, 100
#: The catalogue: every pair of small domains is enumerated in its tests.
_OURS = "ldpaudit.protocols."


class Inputs(NamedTuple):
    """Two inputs, how they were chosen in words, and the reports that took."""

    pair: tuple[int, int]
    text: str
    reports: int = 0


def ours(mechanism: Any) -> bool:
    """Whether it is of our catalogue, whose channels are proven by enumeration."""
    # Reports of many rounds, a view on some inputs or a claim to hold is what it is of; only
    # our own wrappers are looked through, for a stranger's may do anything with what it holds.
    while not (module := type(mechanism).__module__).startswith(_OURS):
        inner = getattr(mechanism, "single", getattr(mechanism, "mechanism", None))
        if inner is None or not module.startswith("ldpaudit."):
            return False
        mechanism = inner
    return True


def one_pair_speaks(mechanism: Mechanism) -> bool:
    """Whether an audit of one pair of inputs is one of the mechanism."""
    if mechanism.k == 2 or isinstance(mechanism, IsRecorded) or ours(mechanism):
        return True
    return isinstance(mechanism, HasAlikePairs) and bool(mechanism.pairs_alike)


def promising_pair(mechanism: Mechanism, trials: int, *, seed: int, identity: str) -> Inputs:
    """The pair that is told apart most in half as many reports as one input is going to send.

    First, second, last, neighbours in the middle, then others at random: all inputs if there
    are few enough. What chooses is never counted again, so it costs no confidence.
    """
    k = mechanism.k
    rng = stream(seed, identity, "epsilon", "inputs")
    chosen = some_inputs(k, max(3, min(_INPUTS, trials // 2 // _FEWEST)), rng)
    each = max(_FEWEST, trials // 2 // chosen.size)
    places = rng.permutation(np.repeat(np.arange(chosen.size), each))
    reports = mechanism.privatize(chosen[places], rng=rng)
    if len(reports) != places.size:
        raise ValueError(
            f"privatize must return one report per value, got {len(reports)} of {places.size}."
        )
    attack: Any = create_attack("learned")
    if not isinstance(attack, FindsPairs):
        raise TypeError("the learned witness must have most_different.")
    one, two = attack.most_different(reports, places, mechanism.epsilon)
    pair = int(chosen[one]), int(chosen[two])
    looked = f"all {k:,}" if chosen.size == k else f"{chosen.size:,} of {k:,}"
    text = f"chosen on {places.size:,} reports of {looked} inputs of their own"
    return Inputs(pair, f"{only(pair, mechanism)}; {text} at no cost in alpha", places.size)


def only(pair: tuple[int, int], mechanism: Mechanism) -> str:
    """Of which inputs a bound speaks."""
    k, (one, two) = mechanism.k, (input_text(mechanism, value) for value in pair)
    return f"inputs {one} and {two} only, of {k * (k - 1) // 2:,} pairs"


def some_inputs(k: int, most: int, rng: np.random.Generator) -> Values:
    """All inputs where they are few; else the ends, two neighbours, and others at random."""
    if k <= most:
        return np.arange(k)
    first = [0, 1, k - 1, k // 2, k // 2 + 1, k - 2]
    fixed = list(dict.fromkeys(value for value in first if value < k))[:most]
    others = rng.choice(k, min(k, 2 * most), replace=False)
    fresh = others[~np.isin(others, fixed)][: most - len(fixed)]
    return np.sort(np.append(np.array(fixed, dtype=np.int64), fresh))
