"""Whether reports say more than the likelihood that a mechanism states."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from ldpaudit.domains import input_text
from ldpaudit.games.training import learn
from ldpaudit.registry import create_attack
from ldpaudit.sampling import chunks, report_entries
from ldpaudit.selection.promising import chosen_inputs
from ldpaudit.testing.judging import FALSE_ALARM, require

#: Reports per input that choose the pair twice over, that are learned from, and that judge.
_CHOOSING, _LEARNING, _JUDGING = 20_000, 20_000, 40_000


def check_beyond_likelihood(mechanism: Any, rng: np.random.Generator) -> str:
    """Learn from reports what tells two inputs apart, and compare with what is stated.

    A fair coin draws the input. If the stated likelihood is right, the posterior probability q
    of the first input is what remains of the coin given the report: (coin - q) g(report) has
    mean 0 for every g. Here g is what a learned witness, fixed before, would add to q; where
    reports say more, the mean is the mean square of that. Its tail is Bernstein's, with the
    known variance q (1 - q) g^2.
    """
    from scipy.special import expit

    seed = int(rng.integers(0, 2**32))
    two = chosen_inputs(mechanism, None, _CHOOSING, seed=seed, identity="beyond the likelihood")
    attack: Any = create_attack("learned")
    witness = learn(attack, mechanism, two.pair, 2 * _LEARNING, rng)
    total = variance = largest = 0.0
    for size in chunks(2 * _JUDGING, report_entries(mechanism)):
        first = rng.integers(0, 2, size) == 0
        reports = mechanism.privatize(np.where(first, *two.pair), rng=rng)
        table = np.asarray(mechanism.log_likelihood(reports, np.array(two.pair)))
        with np.errstate(invalid="ignore"):
            stated = expit(table[:, 0] - table[:, 1])
        added = expit(witness.score(reports, mechanism, two.pair, rng=rng)) - stated
        total += float(np.sum((first - stated) * added))
        variance += float(np.sum(stated * (1 - stated) * added**2))
        largest = max(largest, float(np.max(np.abs(added))))
    names = " and ".join(input_text(mechanism, value) for value in two.pair)
    # Bernstein: P(total > t) <= exp(-t^2 / (2 variance + 2 largest t / 3)).
    log_term = -math.log(FALSE_ALARM)
    limit = largest * log_term / 3
    limit += math.sqrt(limit**2 + 2 * variance * log_term)
    require(
        total <= limit,
        f"reports of {names} say more than the likelihood states: a learned witness adds "
        f"{total / (2 * _JUDGING):.4f} to its squared error, where {limit / (2 * _JUDGING):.4f} "
        "is chance",
    )
    return f"beyond the likelihood: a learned witness finds nothing more in reports of {names}"
