"""One audit in a notebook."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from ._page import environment

if TYPE_CHECKING:
    from ldpaudit.outcomes.audit_result import AuditResult


def audit_html(result: AuditResult) -> str:
    """Return one audit as an HTML fragment: verdict, epsilon, attacks and error.

    Parameters
    ----------
    result : AuditResult
        A finished audit. Every string in it is escaped.

    Returns
    -------
    str
        A ``<div>`` with its own style and no script; it follows the colours of
        the page around it, light or dark.

    Examples
    --------
    >>> import math
    >>> from ldpaudit.outcomes import AuditResult, EpsilonBound
    >>> bound = EpsilonBound(0.97, "posterior-odds", "exact", 0.05, 1000, "y = 0", "nothing")
    >>> result = AuditResult(
    ...     mechanism="grr", parameters={}, k=4, claimed_epsilon=1.0, claimed_delta=0.0,
    ...     exact_epsilon=1.0, bound=bound, verdict_bound=bound, attacks=(),
    ...     published_success=None, mse=None, bits=2, alpha=0.05, seed=0,
    ...     version="0.1.0", seconds=0.1,
    ... )
    >>> "consistent" in audit_html(result)
    True
    """
    from ldpaudit.outcomes.table import SHARES, describe

    lower = result.epsilon_lower
    return (
        environment()
        .get_template("audit.html.j2")
        .render(
            result=result,
            parameters=describe(result.parameters),
            domain="" if result.domain.endswith("categories") else result.domain,
            of_shares=result.estimand in SHARES,
            lower=None if lower == -math.inf else lower,
        )
    )
