"""A lower bound on epsilon that fits on a postcard."""

import math
from dataclasses import dataclass

from ldpaudit.counts import EventCounts


@dataclass(frozen=True)
class Hoeffding:
    """ln((P - delta) / Q), with P and Q from Hoeffding's inequality at alpha / 2 each.

    Valid at every sample size, and loose where the event is rare: its margin for Q is that of
    a coin, however small Q is.
    """

    @property
    def kind(self) -> str:
        """Coverage proved for every sample size."""
        return "exact"

    def from_event(
        self, counts: EventCounts, *, alpha: float, delta: float, claimed: float
    ) -> float:
        """Lower bound on epsilon; minus infinity where the counts show nothing."""
        del claimed  # nothing to choose
        if 0 in (counts.trials, counts.false_trials):
            return -math.inf
        half = math.log(2 / alpha) / 2
        hit = counts.hits / counts.trials - math.sqrt(half / counts.trials)
        false_hit = counts.false_hits / counts.false_trials + math.sqrt(half / counts.false_trials)
        return math.log((hit - delta) / false_hit) if hit > delta else -math.inf
