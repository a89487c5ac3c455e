"""A finished comparison: its tidy table, and what can be asked of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    import numpy.typing as npt
    import pandas as pd
    from matplotlib.figure import Figure

    from ldpaudit.analysis.recommendation import Recommendation
    from ldpaudit.figure_style import FigureStyle


#: Forms in which the figures beside a page can be written.
FORMATS = ("svg", "png", "pdf")


@dataclass(frozen=True)
class Results:
    """A finished comparison: the tidy table, and where it came from.

    `frame` has the columns of ``ldpaudit.outcomes.COLUMNS``; `provenance` holds
    the study as run, the seed and the versions; `timings` has one row per cell.

    Examples
    --------
    >>> import ldpaudit
    >>> study = {"name": "tiny", "protocols": ["grr"], "epsilons": [1.0],
    ...          "data": ["adult-hours"], "trials": 1000, "repetitions": 2}
    >>> results = ldpaudit.compare(study)
    >>> list(results.frame["protocol"].unique()), len(results.timings)
    (['grr'], 1)
    """

    frame: pd.DataFrame
    provenance: dict[str, Any]
    timings: pd.DataFrame

    def pareto(self, style: FigureStyle | str | None = None) -> Figure:
        """Attack success against mean squared error, one panel per data set.

        A `style` has size, fonts and choice of lines: ``"one-column"``, ``"two-column"`` or a
        ``ldpaudit.FigureStyle``.
        """
        from ldpaudit.registry import load

        figure: Figure = load("reports", "pareto")(self.frame, style)
        return figure

    def recommend(
        self,
        max_success: float | None = None,
        max_bits: float | None = None,
        max_mse: float | None = None,
        data: str | None = None,
        epsilon: float | None = None,
        *,
        max_influence: float | None = None,
        rule: str | None = None,
        weights: npt.ArrayLike | None = None,
    ) -> Recommendation:
        """Return the best protocol under caps, one choice per data set and attacker; print it.

        Of the protocols that are shown to keep every cap (the whole interval of a
        measured figure does), those with the least error; with `max_mse`, with
        the least attack success; with that too, with the fewest bits (with all
        three caps, the least error again). A protocol that nothing tells from
        the best is listed as tied with it; one found in violation is no candidate.

        With a `rule`, of those that keep the caps the one that it picks by error, attack
        success and influence together (see ``ldpaudit.analysis.pick``), as they stand in
        the table: exact where known, else measured, without their intervals.

        Parameters
        ----------
        max_success : float, optional
            Cap on the success of the best guess from one report, in (0, 1].
        max_bits : float, optional
            Cap on the bits of a report.
        max_mse : float, optional
            Cap on the mean squared error per value, as in the table (shares squared).
        data : str, optional
            One data set of the table instead of all.
        epsilon : float, optional
            One epsilon of the table instead of the best over all.
        max_influence : float, optional
            Cap on what one false report adds to the estimate of the worst value, in reports of
            honest users (an honest one adds 1).
        rule : str, optional
            ``"utopia"``, ``"weighted-sum"``, ``"knee"``, ``"epsilon-constraint"`` (the error is
            lowered), ``"hypervolume"`` or ``"tchebycheff"``.
        weights : array, optional
            Of error, attack success and influence, for a rule; None means all alike. Two of
            them where the table knows no influence.

        Returns
        -------
        Recommendation
            ``.choices``, each with ``.best``, ``.undecided`` and ``.nearest``. All
            its intervals hold together with probability 95%.

        Raises
        ------
        ValueError, TypeError
            If a cap is out of range, or the table has no such data or epsilon.

        Examples
        --------
        >>> import ldpaudit
        >>> study = {"name": "tiny", "protocols": ["grr", "ss"], "epsilons": [1.0, 2.0],
        ...          "data": ["adult-hours"], "trials": 1000, "repetitions": 2}
        >>> results = ldpaudit.compare(study)
        >>> [str(c) for choice in results.recommend(max_success=0.05).choices for c in choice.best]
        ['ss at epsilon 2']
        >>> print(results.recommend(rule="utopia", max_influence=4.0))  # doctest: +ELLIPSIS
        adult-hours (k = 96, 45,222 users), against ...: ss at epsilon 2 is picked by utopia, of ...
        """
        from ldpaudit.analysis.recommendation import recommend_from

        caps = {"success": max_success, "bits": max_bits, "mse": max_mse}
        caps["influence"] = max_influence
        given = {goal: cap for goal, cap in caps.items() if cap is not None}
        return recommend_from(
            self.frame, given, data=data, epsilon=epsilon, rule=rule, weights=weights
        )

    def against(self, before: Results, *, alpha: float = 0.01) -> pd.DataFrame:
        """Return what changed since an earlier run beyond noise, one row per figure.

        `alpha` is the probability that noise makes any unchanged estimate look
        changed; columns and method as in ``ldpaudit.analysis.compare_runs``.

        Examples
        --------
        >>> import ldpaudit
        >>> study = {"name": "tiny", "protocols": ["grr"], "epsilons": [1.0],
        ...          "data": ["adult-hours"], "trials": 1000, "repetitions": 2}
        >>> first, second = ldpaudit.compare(study), ldpaudit.compare(study, seed=1)
        >>> set(second.against(first)["verdict"])
        {'unchanged'}
        """
        from ldpaudit.analysis.changes import compare_runs

        return compare_runs(before.frame, self.frame, alpha=alpha)

    def summary(self) -> str:
        """Return what was run, what audits found and where each protocol stands, as plain text.

        One section for each set of users and attacker, at most 24 rows long: attack success,
        error times the number of users, bits per report; 95% intervals where a figure is
        measured. ``print(results)`` prints it.

        Examples
        --------
        >>> import ldpaudit
        >>> study = {"name": "tiny", "protocols": ["grr", "ss"], "epsilons": [1.0],
        ...          "data": ["adult-hours"], "trials": 1000, "repetitions": 2}
        >>> results = ldpaudit.compare(study)
        >>> results
        <Results: 2 protocols at 1 epsilon on 1 data set, 2 cells: no violation found>
        >>> print(results.summary())
        tiny
        2 protocols at 1 epsilon on 1 data set, 2 cells: no violation found
        <BLANKLINE>
        adult-hours (k = 96, 45,222 users), against an attacker who thinks all values equally likely
        protocol  epsilon  attack success  n x MSE  bits
        grr             1          2.782%    33.33     7
        ss              1          1.932%    3.596    78
        """
        from ldpaudit.comparing.summary import summary

        return summary(self.frame, self.provenance)

    def to_latex(
        self,
        columns: Sequence[str] = ("success", "n_mse", "bits"),
        *,
        data: str | None = None,
        prior: str | None = None,
        caption: str | None = None,
        label: str | None = None,
    ) -> str:
        r"""Return the comparison as a LaTeX table; it needs the package booktabs.

        One row for each protocol and epsilon, below a heading for each set of users and
        attacker. A figure that is not exact has its 95% interval behind it. Names and texts
        are escaped: they print as they are.

        Parameters
        ----------
        columns : list of str
            Of ``"success"`` (best guess from one report), ``"mse"`` (mean squared error),
            ``"n_mse"`` (times the number of users), ``"bits"`` (of a report), ``"influence"``
            (of one false report) and ``"distance"`` (to the limit), in this order or another.
        data, prior : str, optional
            One data set and one attacker, as in these columns of the table, instead of all.
        caption, label : str, optional
            With a caption the table comes in a ``table`` environment, with its label.

        Returns
        -------
        str
            From ``\begin{tabular}``, or ``\begin{table}``, to its end.

        Raises
        ------
        ValueError, TypeError
            If a column, data set or attacker is unknown, or a label has no caption.

        Examples
        --------
        >>> import ldpaudit
        >>> study = {"name": "tiny", "protocols": ["grr", "ss"], "epsilons": [1.0],
        ...          "data": ["adult-hours"], "trials": 1000, "repetitions": 2}
        >>> print(ldpaudit.compare(study).to_latex(["success", "bits"]))  # doctest: +ELLIPSIS
        \begin{tabular}{lrrr}
        \toprule
        Protocol & $\varepsilon$ & Attack success & Bits \\
        \midrule
        \multicolumn{4}{l}{adult-hours (k = 96, 45,222 users)} \\
        ...
        grr & $1$ & $0.0278$ & $7$ \\
        ss & $1$ & $0.0193$ & $78$ \\
        \bottomrule
        \end{tabular}
        <BLANKLINE>
        """
        from ldpaudit.comparing.latex import to_latex

        return to_latex(self.frame, columns, data=data, prior=prior, caption=caption, label=label)

    def __repr__(self) -> str:
        from ldpaudit.comparing.summary import in_one_line

        return f"<Results: {in_one_line(self.frame)}>"

    def __str__(self) -> str:
        return self.summary()

    def save(
        self,
        directory: str | Path,
        *,
        formats: Sequence[str] = ("svg",),
        style: FigureStyle | str | None = None,
    ) -> list[Path]:
        """Write the page, figures and tables to a folder; return the files written.

        Figures beside the page come as `formats`, of svg, png and pdf, and in a `style` of a
        paper where there is one; those on the page stay as they are.
        """
        from ldpaudit.registry import load

        written: list[Path] = load("reports", "comparison")(
            self, Path(directory), formats=formats, style=style
        )
        return written

    def _repr_html_(self) -> str:
        from ldpaudit.registry import load

        html: str = load("reports", "results")(self)
        return html


class Report(Protocol):
    """Writes a comparison to a folder; figures are functions from a table to a Figure."""

    def __call__(
        self,
        results: Results,
        directory: Path,
        *,
        formats: Sequence[str] = ("svg",),
        style: FigureStyle | str | None = None,
    ) -> list[Path]:
        """Return the files written."""
