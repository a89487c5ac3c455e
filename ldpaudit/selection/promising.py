"""The pair of inputs to audit, chosen on reports of its own unless one pair speaks for all."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from ldpaudit.adapters.finite_inputs import FiniteInputs
from ldpaudit.contracts import (
    FindsPairs,
    HasAlikePairs,
    HasLikelihood,
    HasNeighbours,
    HasRelation,
    IsRecorded,
    Mechanism,
)
from ldpaudit.domains import Categories, Records, input_text
from ldpaudit.registry import create_attack
from ldpaudit.sampling import stream
from ldpaudit.selection.neighbours import neighbouring, some_inputs

#: Most inputs that are looked at, and fewest reports of each.
_INPUTS, _FEWEST = 100, 100
#: The catalogue: every pair of small domains is enumerated in its tests.
_OURS = "ldpaudit.protocols."


class Inputs(NamedTuple):
    """Two inputs, how they were chosen in words, of which a bound speaks, and the reports."""

    pair: tuple[int, int]
    text: str
    scope: str | None = None
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


def stranger_with_likelihood(mechanism: Any) -> bool:
    """Whether a likelihood is stated that may leave a leak out: reports are asked as well."""
    return isinstance(mechanism, HasLikelihood) and not ours(mechanism)


def alike(mechanism: Any) -> bool:
    """Whether the mechanism declares that no two inputs are told apart better than 0 and 1."""
    if isinstance(mechanism, FiniteInputs):
        if not mechanism.one_claim:
            return False
        # The two that lie furthest apart are what a domain's own mechanism speaks of.
        furthest = np.asarray(mechanism.mechanism.domain.grid(2))
        first = np.asarray(mechanism.inputs[:2])
        return alike(mechanism.mechanism) and np.array_equal(first, furthest)
    if not (isinstance(mechanism, HasAlikePairs) and bool(mechanism.pairs_alike)):
        return False
    kind = type(mechanism)
    said = next((base for base in kind.__mro__ if "pairs_alike" in vars(base)), kind)
    # What a class of another package says, it says of what its own code sends.
    return _package(said) == _package(kind)


def _package(kind: type) -> str:
    return kind.__module__.partition(".")[0]


def one_pair_speaks(mechanism: Mechanism) -> bool:
    """Whether an audit of inputs 0 and 1 is one of the mechanism."""
    return mechanism.k == 2 or isinstance(mechanism, IsRecorded) or alike(mechanism)


def no_neighbours(mechanism: Any, pair: tuple[int, int]) -> str | None:
    """Why the claim does not speak of two inputs; None where it does."""
    if not isinstance(mechanism, HasNeighbours) or mechanism.are_neighbours(pair):
        return None
    if isinstance(mechanism, HasRelation):
        what = mechanism.relation(pair)
    else:
        what = f"inputs {' and '.join(input_text(mechanism, value) for value in pair)}"
    return f"{what} are no neighbours, of whom alone the claim speaks"


def chosen_inputs(
    mechanism: Mechanism, pair: tuple[int, int] | None, trials: int, *, seed: int, identity: str
) -> Inputs:
    """The pair that was named, 0 and 1 where one pair speaks for all, else one that promises."""
    if one_pair_speaks(mechanism) and (pair is None or mechanism.k == 2 or set(pair) == {0, 1}):
        return Inputs(pair or (0, 1), "")
    if pair is not None:
        scope = only(pair, mechanism)
        return Inputs(pair, scope, scope)
    return promising_pair(mechanism, trials, seed=seed, identity=identity)


def promising_pair(mechanism: Mechanism, trials: int, *, seed: int, identity: str) -> Inputs:
    """The pair that is told apart most in half as many reports as one input is going to send.

    First, second, last, neighbours in the middle, then others at random: all inputs if there
    are few enough. What chooses is never counted again, so it costs no confidence.
    """
    k = mechanism.k
    rng = stream(seed, identity, "epsilon", "inputs")
    chosen = some_inputs(mechanism, max(3, min(_INPUTS, trials // 2 // _FEWEST)), rng)
    allowed = neighbouring(mechanism, chosen)
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
    one, two = attack.most_different(reports, places, mechanism.epsilon, allowed)
    pair = int(chosen[one]), int(chosen[two])
    looked = f"all {k:,}" if chosen.size == k else f"{chosen.size:,} of {k:,}"
    if allowed is not None:
        looked += " neighbouring"
    text = f"chosen on {places.size:,} reports of {looked} inputs of their own"
    scope = only(pair, mechanism)
    return Inputs(pair, f"{scope}; {text} at no cost in alpha", scope, places.size)


def only(pair: tuple[int, int], mechanism: Mechanism) -> str:
    """Of which inputs a bound speaks."""
    k, (one, two) = mechanism.k, (input_text(mechanism, value) for value in pair)
    text = f"inputs {one} and {two} only, of {k * (k - 1) // 2:,} pairs"
    domain = mechanism.mechanism.domain if isinstance(mechanism, FiniteInputs) else None
    if domain is None or isinstance(domain, Categories | Records):
        return text
    return f"{text} of {k:,} inputs of {domain}"  # what lies between them is an input as well
