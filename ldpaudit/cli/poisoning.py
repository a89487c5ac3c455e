"""The command `poison`: what false users do to an estimate, and what a server can do about it."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Annotated, Any

import typer

from ldpaudit.cli.completing import protocols as protocols_begun
from ldpaudit.cli.options import AsJson, Delta, Epsilon, K, Parameters, Seed

if TYPE_CHECKING:
    from ldpaudit.collecting.mean_manipulation import MeanPoisoning
    from ldpaudit.collecting.processed import Processed

#: What false users do, in words.
_DONE = {
    "random-value": "claim to hold it, as honest users do",
    "random-report": "send any report at all",
    "maximal-gain": "send the report that adds most",
}


def poison(
    target: Annotated[
        str,
        typer.Argument(
            metavar="NAME",
            help="Registered name, package.module:object or file.py:object.",
            autocompletion=protocols_begun,
        ),
    ],
    k: K = None,
    epsilon: Epsilon = None,
    delta: Delta = None,
    share: Annotated[float, typer.Option("--share", help="False users among all.")] = 0.05,
    targets: Annotated[
        str | None,
        typer.Option("--targets", metavar="V[,V...]", help="Values that they want frequent."),
    ] = None,
    users: Annotated[int, typer.Option("--users", help="Honest users.")] = 10_000,
    data: Annotated[
        str, typer.Option("--data", metavar="NAME|FILE:COLUMN", help="What they hold.")
    ] = "zipf",
    post: Annotated[
        str, typer.Option("--post", metavar="NAME[,NAME...]", help="Post-processings, or none.")
    ] = "norm-sub",
    defences: Annotated[
        str, typer.Option("--defences", metavar="NAME[,NAME...]", help="Defences, or none.")
    ] = "recovery,size-filter",
    repetitions: Annotated[int, typer.Option("--repetitions", help="Collections.")] = 20,
    param: Parameters = None,
    seed: Seed = 0,
    as_json: AsJson = False,
) -> None:
    """Simulate false users: what they gain, by what they send and what the server does."""
    from ldpaudit.cli.targets import build
    from ldpaudit.collecting.estimands import Frequencies, Mean, VectorMean
    from ldpaudit.collecting.expected import is_unbiased
    from ldpaudit.collecting.influence import worst_influence
    from ldpaudit.collecting.manipulation import influence_limit, mean_influence_limit
    from ldpaudit.collecting.servers import estimand_of
    from ldpaudit.validate import check_fraction

    check_fraction("--share", share)
    mechanism = build(target, {"k": k, "epsilon": epsilon, "delta": delta}, param or [])
    estimand = estimand_of(mechanism)
    influence = worst_influence(mechanism)
    out: dict[str, Any] = {
        "mechanism": repr(mechanism),
        "share_asked": share,
        "influence": None if influence is None else influence.to_dict(),
    }
    of_mean, out["unbiased"] = isinstance(estimand, Mean | VectorMean), is_unbiased(mechanism)
    if out["unbiased"] and not getattr(mechanism, "delta", 0.0):  # no other limit is known
        limit = mean_influence_limit if of_mean else influence_limit
        out["least_influence"] = limit(mechanism.epsilon)
    if of_mean:
        if targets is not None:
            raise ValueError(f"--targets are of values, and {target} estimates a mean.")
        out |= _of_mean(mechanism, share, users, repetitions, seed)
    elif isinstance(estimand, Frequencies):
        out |= _of_frequencies(
            mechanism, share, users, data, _names(targets), _names(post), _names(defences),
            repetitions, seed,
        )  # fmt: skip
    else:
        raise ValueError(f"{target} estimates neither frequencies of values nor a mean.")
    if as_json:
        typer.echo(json.dumps(out, indent=2, allow_nan=False))
    else:
        _print(out)


def _names(text: str | None) -> list[str]:
    """Names between commas; none at all for "none"."""
    return [] if text in (None, "none") else [part.strip() for part in str(text).split(",")]


def _of_frequencies(
    mechanism: Any,
    share: float,
    users: int,
    data: str,
    targets: list[str],
    posts: list[str],
    defences: list[str],
    repetitions: int,
    seed: int,
) -> dict[str, Any]:
    """What false users add to the summed estimate of the targets, after all that was asked for."""
    import numpy as np

    from ldpaudit.collecting.defences import DEFENCES
    from ldpaudit.collecting.expected import check_targets
    from ldpaudit.collecting.processed import POSTS, measure_processed
    from ldpaudit.data.sources import load
    from ldpaudit.validate import check_known, check_seed

    for kind, names, known in (("post", posts, POSTS), ("defence", defences, DEFENCES)):
        for name in names:
            check_known(kind, name, known)
    try:
        aimed = [int(value) for value in targets] or None
    except ValueError:
        raise ValueError(
            f"--targets must be whole numbers between commas, got {targets}."
        ) from None
    if aimed is not None:
        check_targets(aimed, mechanism.k, name="--targets")
    held = load(data, k=mechanism.k, num_users=users, seed=check_seed(seed))
    found = measure_processed(
        mechanism, held.histogram, list(dict.fromkeys(("none", *posts))), repetitions, 0.05,
        rng=np.random.default_rng(seed), false_share=share, defences=list(dict.fromkeys(defences)),
        targets=aimed,
    )  # fmt: skip
    many = int(held.histogram.sum())
    return {
        "data": held.name,
        "num_users": many,
        **_real(share, many),
        "targets": list(found[0].targets),
        "target_frequency": float(held.histogram[list(found[0].targets)].sum() / many),
        "server": [_plain(one, many) for one in found],
    }


def _plain(one: Processed, many: int) -> dict[str, Any]:
    """What one way to decode came to, as JSON has it."""
    if one.reason:
        return {"name": one.post, "skipped": one.reason}
    gains = {
        name: {"value": gain, "standard_error": spread, "exact": exact}
        for name, (gain, spread, exact) in one.gains.items()
    }
    honest = one.dropped.get(("honest_dropped", ""))
    false = one.dropped.get(("false_dropped", "maximal-gain"))
    return {
        "name": one.post,
        "n_mse": many * one.error.value,
        "n_mse_standard_error": many * one.error.standard_error,
        "gains": gains,
        "honest_dropped": None if honest is None else honest[0],
        "honest_dropped_standard_error": None if honest is None else honest[1],
        "false_dropped": None if false is None else false[0],
        "false_dropped_standard_error": None if false is None else false[1],
    }


def _of_mean(
    mechanism: Any, share: float, users: int, repetitions: int, seed: int
) -> dict[str, Any]:
    """What false users add to the mean of users who are spread over the domain."""
    import numpy as np

    from ldpaudit.collecting.mean_manipulation import MEAN_ATTACKS, poison_mean
    from ldpaudit.contracts import HasFalseMeanReports
    from ldpaudit.validate import check_integer, check_seed

    grid = np.asarray(mechanism.domain.grid())
    many = check_integer("users", users, 1)
    own = grid[np.arange(many) % len(grid)]
    able = isinstance(mechanism, HasFalseMeanReports)
    rng = np.random.default_rng(check_seed(seed))
    found = {
        name: poison_mean(mechanism, name, own, share, repetitions, rng=rng)
        for name in MEAN_ATTACKS
        if able or name == "random-value"
    }
    gains = {name: _gain(one) for name, one in found.items()}
    server = [{"name": "none", "n_mse": None, "gains": gains}]
    data = f"the {len(grid)} inputs of a grid"
    return {"data": data, "num_users": many, **_real(share, many), "server": server}


def _real(share: float, many: int) -> dict[str, Any]:
    """Whole false users beside the honest ones, and the share that they are."""
    from ldpaudit.collecting.expected import false_users

    false = false_users(share, many)
    return {"num_false": false, "share": false / (false + many)}


def _gain(one: MeanPoisoning) -> dict[str, float | None]:
    return {"value": one.gain, "standard_error": one.gain_standard_error, "exact": one.exact}


def _print(out: dict[str, Any]) -> None:
    """The same for people."""
    influence, server = out["influence"], out["server"]
    typer.echo(f"{out['mechanism']}, {out['num_users']:,} honest users ({out['data']})")
    if influence is not None:
        at_least = "" if influence["exact"] else "at least "
        least = out.get("least_influence")
        limit = "" if least is None else f" (no unbiased estimate has less than {least:.4g})"
        if not out["unbiased"]:
            limit = " (the estimate is not unbiased: no least is known)"
        worst = f"{at_least}{influence['worst']:.4g}"
        typer.echo(f"one false report adds as much as {worst} honest ones, at worst{limit}")
    users = f"{out['num_false']:,} false ones, {out['share']:.4g} of all users,"
    if "targets" in out:
        named = ", ".join(map(str, out["targets"]))
        held = f"held by {out['target_frequency']:.4g} of the honest users"
        typer.echo(f"beside them {users} aim at {named}, {held}")
    else:
        typer.echo(f"beside them {users} want the mean high")
    typer.echo("\nfalse users                               gain         +-      exact")
    for name, gain in server[0]["gains"].items():
        exact = "" if gain["exact"] is None else f"{gain['exact']:.4g}"
        figures = f"{gain['value']:>11.4g} {gain['standard_error']:>9.2g} {exact:>10}"
        typer.echo(f"{_DONE[name]:<36}{figures}".rstrip())
    if "targets" not in out:
        return
    typer.echo(
        "\nthe server         n x MSE        +-       gain        +-"
        "  honest dropped        +-  false dropped        +-"
    )
    for one in server:
        typer.echo(_line(one))
    typer.echo(
        "\nMeasured: means over collections, +- their standard error. The gain is that of reports "
        "that add most to the\nestimate as it is. n x MSE is without false users: what each way "
        "costs, or gains, if nobody lies."
    )


def _line(one: dict[str, Any]) -> str:
    """One way to decode, with its error and what false users still gain."""
    if "skipped" in one:
        return f"{one['name']:<15}  not done: {one['skipped']}"
    gain = one["gains"].get("maximal-gain")
    most = " " * 20 if gain is None else f"{gain['value']:>10.4g} {gain['standard_error']:>9.2g}"
    honest, false = (
        "" if one[name] is None else f"{one[name]:>15.2%} {one[f'{name}_standard_error']:>9.2%}"
        for name in ("honest_dropped", "false_dropped")
    )
    error = f"{one['n_mse']:>10.4g} {one['n_mse_standard_error']:>9.2g}"
    return f"{one['name']:<15} {error} {most} {honest}{false}".rstrip()
