"""What `ldpaudit frontier` prints: the limit for frequencies, or that for means."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer

from ldpaudit.cli.options import AsJson, K

#: Shares of a person's variance at which the limit for means is printed.
_SHARES = (0.01, 0.02, 0.05, 0.1, 0.2, 0.3, 0.5, 0.7, 0.9, 0.99)


def frontier(
    epsilon: Annotated[float, typer.Option("--epsilon", "-e", help="Privacy budget.")],
    k: K = None,
    mean: Annotated[bool, typer.Option("--mean", help="Means of numbers of [-1, 1].")] = False,
    as_json: AsJson = False,
    plot: Annotated[
        Path | None, typer.Option("--plot", metavar="FILE", help="Draw it: .png, .svg or .pdf.")
    ] = None,
) -> None:
    """The limit of every unbiased estimate from independent users, for a cap on attack success."""
    if mean and (k is not None or plot is not None):
        raise ValueError("--mean must come without --k and --plot.")
    if mean:
        _show_means(epsilon, as_json)
    elif k is None:
        raise ValueError("--k must be given, or --mean.")
    else:
        _show_frequencies(k, epsilon, as_json, plot)


def _show_frequencies(k: int, epsilon: float, as_json: bool, plot: Path | None) -> None:
    """Print the vertices of the curve of success and error, and draw it if asked to."""
    from ldpaudit.analysis.limits import frontier as limit

    if plot is not None and plot.suffix not in (".png", ".svg", ".pdf"):
        raise ValueError(f"--plot must end in .png, .svg or .pdf, got {str(plot)!r}.")
    curve = limit(k, epsilon)
    if plot is not None:
        from ldpaudit.registry import load

        load("reports", "limit")(curve).savefig(plot)
    points = curve.points
    users = curve.mse_at(points[:, 0], target="users")
    rows = [
        {"success": float(success), "mse_population": float(mse), "mse_users": float(fixed)}
        for (success, mse), fixed in zip(points, users, strict=True)
    ]
    if as_json:
        typer.echo(json.dumps({"k": k, "epsilon": epsilon, "points": rows}, indent=2))
        return
    typer.echo(f"no unbiased estimate from reports of independent users has less, k = {k:,},")
    typer.echo(f"epsilon {epsilon:g}, for uniform users and attackers without prior knowledge:")
    typer.echo("attack success   n x MSE, population   n x MSE, fixed users")
    shown = rows if len(rows) <= 20 else [*rows[:: -(-len(rows) // 20)], rows[-1]]
    for row in shown:
        typer.echo(
            f"{row['success']:14.6g}   {row['mse_population']:19.6g}   {row['mse_users']:20.6g}"
        )


def _show_means(epsilon: float, as_json: bool) -> None:
    """Print the limit for means on [-1, 1]: error for what reports explain, least variances."""
    from ldpaudit.analysis.mean_limit import frontier_mean

    limit = frontier_mean(epsilon)
    rows = [
        {
            "share": share,
            "mse_users": limit.error_at(share),
            "mse_population": limit.error_at(share, target="population"),
        }
        for share in _SHARES
    ]
    worst, average = limit.worst_variance, limit.mean_variance
    if as_json:
        out = {
            "epsilon": limit.epsilon,
            "domain": "[-1, 1]",
            "worst_variance": worst,
            "mean_variance": average,
            "points": rows,
        }
        typer.echo(json.dumps(out, indent=2))
        return
    typer.echo(f"numbers of [-1, 1], epsilon {epsilon:g}: no unbiased estimate has less than")
    typer.echo(f"  worst-case variance {worst:.5g} / n, average variance {average:.5g} / n")
    typer.echo("and, at any epsilon, if they are uniform and reports explain a share of")
    typer.echo("their variance, less than")
    typer.echo("share   n x MSE, population   n x MSE, fixed users")
    for row in rows:
        typer.echo(f"{row['share']:5g}   {row['mse_population']:19.6g}   {row['mse_users']:20.6g}")
