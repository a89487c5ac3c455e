"""Tables become figures and pages; nothing here knows a protocol or an attack.

Each figure takes the tidy table of ``ldpaudit.outcomes`` and returns a
matplotlib Figure; saving is the caller's verb. `save_comparison` writes the
page with everything beside it, `audit_html` is one audit in a notebook.
"""

from __future__ import annotations

from .audit_page import audit_html
from .comparison import save_comparison
from .epsilon import epsilon
from .limit import limit
from .pareto import pareto

__all__ = ["audit_html", "epsilon", "limit", "pareto", "save_comparison"]
