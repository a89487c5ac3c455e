"""One mechanism: audited, or held against the contract."""

from __future__ import annotations

import json
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ldpaudit.cli.completing import attacks as attacks_begun
from ldpaudit.cli.completing import bounds as bounds_begun
from ldpaudit.cli.completing import protocols as protocols_begun
from ldpaudit.cli.exits import (
    EXIT,
    EXIT_CONSISTENT,
    EXIT_VIOLATION,
    nonsense_is_inconclusive,
    words_of_a_mechanism_aside,
)
from ldpaudit.cli.options import (
    AsJson,
    Batched,
    Delta,
    Epsilon,
    Estimator,
    K,
    Label,
    OwnRandomness,
    Parameters,
    Range,
    Report,
    Seed,
    Separator,
    Values,
)

if TYPE_CHECKING:
    from ldpaudit.auditing.curves import CurveAudit


def audit(
    target: Annotated[
        str,
        typer.Argument(
            metavar="NAME",
            autocompletion=protocols_begun,
            help="Registered name, package.module:object, file.py:object, another package's "
            "mechanism (pure-ldp/oue), or recorded reports: of one input, or a log of both "
            "(--label). FILE:COLUMN+COLUMN chooses columns.",
        ),
    ],
    other: Annotated[
        str | None, typer.Argument(metavar="[FILE]", help="Recorded reports of the other input.")
    ] = None,
    k: K = None,
    epsilon: Epsilon = None,
    delta: Delta = None,
    param: Parameters = None,
    values: Values = None,
    ends: Range = None,
    batched: Batched = False,
    own_randomness: OwnRandomness = False,
    label: Label = None,
    report: Report = None,
    separator: Separator = None,
    attack: Annotated[
        list[str] | None,
        typer.Option(
            "--attack",
            help="Instead of the usual attacks, by name or file.py:object; may be repeated.",
            autocompletion=attacks_begun,
        ),
    ] = None,
    trials: Annotated[int, typer.Option("--trials", help="Reports per input.")] = 100_000,
    alpha: Annotated[float, typer.Option("--alpha", help="Error probability.")] = 0.05,
    bound: Annotated[
        str | None,
        typer.Option(
            "--bound",
            help="How epsilon is bounded (default: posterior-odds).",
            autocompletion=bounds_begun,
        ),
    ] = None,
    model_based: Annotated[
        bool, typer.Option("--model-based", help="Allow bounds for mechanisms of one kind only.")
    ] = False,
    stop_when: Annotated[
        str, typer.Option("--stop-when", help="violation, width=W or budget.")
    ] = "budget",
    pair: Annotated[
        tuple[str, str] | None,
        typer.Option(
            "--pair",
            metavar="ONE OTHER",
            help="The two inputs, by label or number (default: chosen, 0 and 1 if all are alike).",
        ),
    ] = None,
    some: Annotated[
        str | None,
        typer.Option(
            "--inputs",
            metavar="A,B,C|N",
            help="Numbers of the range that are played, or how many (default: 17).",
        ),
    ] = None,
    witness: Annotated[
        str | None, typer.Option("--witness", help="What tells them apart: distinguish, learned.")
    ] = None,
    search: Annotated[
        str | None,
        typer.Option(
            "--search", help="The worst pair instead: pilot, bonferroni, holm, e-values or pooled."
        ),
    ] = None,
    metric: Annotated[
        str | None,
        typer.Option(
            "--metric",
            help="Hold it to epsilon times the distance of the pair: l1, l2 or max.",
        ),
    ] = None,
    curve: Annotated[
        str | None,
        typer.Option(
            "--claim", help="A whole trade-off curve instead: gdp:MU or curve:EPSILON=DELTA,..."
        ),
    ] = None,
    seed: Seed = 0,
    jobs: Annotated[int, typer.Option("--jobs", "-j", help="Processes for a large bound.")] = 1,
    as_json: AsJson = False,
    out: Annotated[
        Path | None,
        typer.Option(
            "--out", "-o", metavar="DIR", help="Also as JSON, page, JUnit XML and Markdown in DIR."
        ),
    ] = None,
) -> int:
    """Audit one mechanism: does it keep its epsilon, what does a report reveal, at what cost."""
    from ldpaudit.adapters.finite_inputs import on_inputs
    from ldpaudit.adapters.objects import named_attack
    from ldpaudit.auditing.harness import audit as run
    from ldpaudit.cli.progress import audit_steps
    from ldpaudit.cli.targets import audited, inputs_of, kind_of_input, pair_of

    with nonsense_is_inconclusive(target), audit_steps(target) as progress:
        claim = {"k": k, "epsilon": epsilon, "delta": delta, **kind_of_input(values, ends)}
        how = {"batched": batched, "reproducible": not own_randomness}
        log = {"label": label, "columns": report, "separator": separator}
        mechanism = audited(target, other, claim, param or [], how, log)
        if some is not None:
            mechanism = on_inputs(mechanism, inputs_of(some))
        if some is not None:
            mechanism = on_inputs(mechanism, inputs_of(some))
        shown, two = target if other is None else None, pair_of(mechanism, pair)
        if curve is not None and metric is not None:
            raise ValueError("--metric is of a claim of epsilon, and --claim names another one.")
        if curve is not None:
            from ldpaudit.auditing.curves import audit_curve

            _not_of_curves(
                attack=attack, bound=bound, model_based=model_based or None, out=out,
                search=search, stop_when=None if stop_when == "budget" else stop_when,
            )  # fmt: skip

            with words_of_a_mechanism_aside():
                found = audit_curve(
                    mechanism,
                    curve,
                    trials=trials,
                    alpha=alpha,
                    pair=two,
                    witness=witness,
                    seed=seed,
                    name=shown,
                )
            return _show_curve(found, as_json=as_json)
        if out is not None:
            _folder_for(out)
        with words_of_a_mechanism_aside():
            result = run(
                mechanism,
                None if attack is None else [named_attack(one) for one in attack],
                trials=trials,
                alpha=alpha,
                bound=bound,
                pair=two,
                witness=witness,
                search=search,
                metric=metric,
                seed=seed,
                stop_when=stop_when,
                model_based=model_based,
                name=shown,
                jobs=jobs,
                progress=progress,
            )
    if as_json:
        typer.echo(json.dumps(result.to_dict(), indent=2, allow_nan=False))
    else:
        from ldpaudit.cli.terminal import show_audit

        show_audit(result)
    if out is not None:
        result.save(out)
    return EXIT[result.verdict]


def _folder_for(out: Path) -> None:
    """Make the folder of the results and write in it, before any report is drawn."""
    from ldpaudit.outcomes.files import FILES

    out.mkdir(parents=True, exist_ok=True)
    for name in FILES:
        if (out / name).is_dir():
            raise ValueError(f"--out {out} has a folder {name} where a file would go.")
    with tempfile.TemporaryFile(dir=out):
        pass


def _not_of_curves(**given: object) -> None:
    """Refuse options that an audit of a whole curve has no use for."""
    told = [f"--{name.replace('_', '-')}" for name, value in given.items() if value is not None]
    if told:
        raise ValueError(
            f"{', '.join(told)} cannot go with --claim, which has one test of its own."
        )


def _show_curve(found: CurveAudit, *, as_json: bool) -> int:
    """Print an audit of a trade-off curve."""
    from ldpaudit.outcomes.verdicts import unseen_of

    if as_json:
        typer.echo(json.dumps(found.to_dict(), indent=2, allow_nan=False))
    else:
        typer.echo(f"{found.mechanism} held to {found.claim}\n{found.verdict}: {found.reason}")
        if found.mu_lower is not None:
            typer.echo(f"mu >= {found.mu_lower:.4f} at alpha = {found.alpha:g}, at every look")
        typer.echo(f"witness: {found.event}")
        if (unseen := unseen_of(found)) is not None:
            typer.echo(unseen)
    return EXIT[found.verdict]


def check(
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
    param: Parameters = None,
    values: Values = None,
    ends: Range = None,
    batched: Batched = False,
    own_randomness: OwnRandomness = False,
    estimator: Estimator = False,
) -> int:
    """Hold a mechanism against the contract: law, likelihood, estimate, variance."""
    from ldpaudit.cli.targets import build, kind_of_input
    from ldpaudit.testing import check_estimator, check_mechanism

    with nonsense_is_inconclusive(target):
        claim = {"k": k, "epsilon": epsilon, "delta": delta, **kind_of_input(values, ends)}
        how = {"batched": batched, "reproducible": not own_randomness}
        mechanism = build(target, claim, param or [], how)
        try:
            passed = check_mechanism(mechanism)
            passed += check_estimator(mechanism) if estimator else []
        except AssertionError as error:
            typer.echo(f"broken: {error}")
            return EXIT_VIOLATION
    for line in passed:
        typer.echo(f"ok      {line}")
    return EXIT_CONSISTENT
