"""The command `pools`: which pool of values a user favours, from more and more reports."""

from __future__ import annotations

import json
from typing import Annotated

import typer

from ldpaudit.cli.options import AsJson, Epsilon, K, Parameters, Seed


def pools(
    target: Annotated[
        str,
        typer.Argument(
            metavar="NAME", help="Registered name, package.module:object or file.py:object."
        ),
    ],
    k: K = None,
    epsilon: Epsilon = None,
    number: Annotated[
        int, typer.Option("--pools", help="Pools: value v belongs to pool v modulo this.")
    ] = 2,
    polarisation: Annotated[
        float, typer.Option("--polarisation", help="Share of draws from the favoured pool.")
    ] = 0.9,
    popularity: Annotated[
        str, typer.Option("--popularity", metavar="NAME|FILE:COLUMN", help="Of the values.")
    ] = "zipf",
    rounds: Annotated[int, typer.Option("--rounds", help="Reports per user.")] = 100,
    trials: Annotated[int, typer.Option("--trials", help="Users that are attacked.")] = 2_000,
    alpha: Annotated[float, typer.Option("--alpha", help="Error of each interval.")] = 0.05,
    param: Parameters = None,
    seed: Seed = 0,
    as_json: AsJson = False,
) -> None:
    """Guess which pool of values a user favours, after 1, 2, 3, 5, 10, ... reports."""
    import numpy as np

    from ldpaudit.adapters.habits import pool_habits
    from ldpaudit.bounds.intervals import success_interval
    from ldpaudit.cli.targets import build
    from ldpaudit.contracts import HasLikelihood, Mechanism
    from ldpaudit.data.sources import load
    from ldpaudit.leakage.pools import pool_inference
    from ldpaudit.sampling import stream
    from ldpaudit.validate import check_fraction, check_integer

    check_fraction("--alpha", alpha)
    mechanism = build(target, {"k": k, "epsilon": epsilon}, param or [])
    if not isinstance(mechanism, Mechanism) or not isinstance(mechanism, HasLikelihood):
        raise TypeError(f"pools are of values: {target} must have k and a log_likelihood.")
    values = check_integer("k", mechanism.k, 2)
    check_integer("--pools", number, 2, values)
    law = load(popularity, k=values, num_users=10**9, seed=seed).frequencies
    sets = [np.arange(first, values, number) for first in range(number)]
    habits = pool_habits(law, sets, polarisation)
    rng = stream(seed, "pools", repr(mechanism))
    found = pool_inference(mechanism, habits, rounds, trials, rng=rng)
    cells = [
        (after, successes / found.trials, success_interval(successes, found.trials, alpha))
        for after, successes in zip(found.rounds, found.successes, strict=True)
    ]
    if as_json:
        out = {
            "mechanism": repr(mechanism),
            "pools": number,
            "prior": "uniform over pools",
            "how": "estimate, Clopper-Pearson interval",
            "polarisation": polarisation,
            "popularity": popularity,
            "blind": found.blind,
            "exact_after_one": found.first,
            "trials": found.trials,
            "alpha": alpha,
            "after": [
                {"reports": after, "success": success, "interval": list(interval)}
                for after, success, interval in cells
            ],
        }
        typer.echo(json.dumps(out, indent=2, allow_nan=False))
        return
    typer.echo(
        f"{mechanism!r}\n"
        f"{number} pools, value v in pool v modulo {number}, each as likely: "
        f"blind guess {found.blind:.4f}\n"
        f"of each report's value: with probability {polarisation:g} from the favoured pool, else "
        f"from all, by {popularity} popularity\n"
        "the attacker knows this and names the likeliest pool; reports are drawn afresh each time\n"
        f"right: share of {found.trials:,} users, estimate with its Clopper-Pearson interval"
    )
    typer.echo(f"reports    right  {100 * (1 - alpha):g}% interval")
    for after, success, (low, high) in cells:
        known = f"  exact {found.first:.4f}" if after == 1 and found.first is not None else ""
        typer.echo(f"{after:>7}  {success:>7.4f}  {low:.4f} .. {high:.4f}{known}")
