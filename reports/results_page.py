"""A comparison in a notebook."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ldpaudit.analysis.metrics import read

from . import _tables
from ._advice import options
from ._conclusion import conclusions
from ._page import environment, protocols_of, title
from ._points import panels, placed

if TYPE_CHECKING:
    from ldpaudit.comparing.results import Results

_MOST = 24  # rows per data set that a notebook shows


def results_html(results: Results) -> str:
    """Return a comparison as an HTML fragment: the summary, and where each protocol stands.

    Parameters
    ----------
    results : Results
        A finished comparison. Every string in it is escaped.

    Returns
    -------
    str
        A ``<div>`` with its own style, no script and no figure; it follows the
        colours of the page around it. Long tables are cut, and say so.

    Examples
    --------
    >>> import pandas as pd
    >>> from ldpaudit.comparing import Results
    >>> row = {"protocol": "grr", "k": 4, "epsilon": 1.0, "data": "toy", "metric": "bits"}
    >>> results = Results(pd.DataFrame([row | {"exact": 2.0}]), {}, pd.DataFrame())
    >>> "Comparison of mechanisms" in results_html(results)
    True
    """
    points = placed(read(results.frame))
    found = _tables.sections(panels(points))
    whole = [section for section in found if not section.panel.further]
    return (
        environment()
        .get_template("notebook.html.j2")
        .render(
            title=title(results.provenance),
            linked=False,
            protocols=protocols_of(results.provenance),
            sections=found,
            conclusions=conclusions(found, options(points, found)),
            verdicts=_tables.verdicts(whole),
            cells=sum(len(section.rows) for section in whole),
            most=_MOST,
            problems=[],
        )
    )
