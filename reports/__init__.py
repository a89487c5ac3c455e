"""Tables become figures and pages; nothing here knows a protocol or an attack.

Each figure takes a table and returns a matplotlib Figure; saving is the caller's
verb. `pareto`, `three_axes`, `success`, `error`, `communication` and `epsilon` take the tidy
table of ``ldpaudit.outcomes``, `posterior` what an attacker believes after one report,
`channel` the probabilities of a small mechanism, `limit` a frontier.
`save_comparison` writes the page with everything beside it; `audit_html` and
`results_html` are what a notebook shows.
"""

from __future__ import annotations

from .audit_page import audit_html
from .channel import channel
from .communication import communication
from .comparison import save_comparison
from .epsilon import epsilon
from .error import error
from .limit import limit
from .over_time import over_time
from .pareto import pareto
from .posterior import posterior
from .results_page import results_html
from .success import success
from .three_axes import three_axes

__all__ = [
    "audit_html",
    "channel",
    "communication",
    "epsilon",
    "error",
    "limit",
    "over_time",
    "pareto",
    "posterior",
    "results_html",
    "save_comparison",
    "success",
    "three_axes",
]
