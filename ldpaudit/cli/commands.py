"""The command line: audit, compare, report, frontier, check, list, shuffle.

Exit codes: 0 consistent, 1 violation found, 2 usage or input error (one line on
stderr), 3 inconclusive (a cell failed, or an audit had no power).
"""

from __future__ import annotations

import json
import os
import sys
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, NoReturn

import typer

from ldpaudit.cli.options import (
    AsJson,
    Delta,
    Epsilon,
    Estimator,
    Jobs,
    K,
    Parameters,
    Range,
    Seed,
    Values,
)
from ldpaudit.cli.shuffling import shuffle

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ldpaudit.comparing.results import Results

EXIT_CONSISTENT, EXIT_VIOLATION, EXIT_USAGE, EXIT_INCONCLUSIVE = range(4)
# Some versions of Typer carry a click of their own: take the base class from what it raises.
_InputError: type[Exception] = next(
    base for base in typer.BadParameter.__mro__ if base.__name__ == "ClickException"
)
_EXIT = {"consistent": EXIT_CONSISTENT, "violation": EXIT_VIOLATION,
         "inconclusive": EXIT_INCONCLUSIVE}  # fmt: skip

app = typer.Typer(
    add_completion=False,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    help="Privacy attacks and audits for local differential privacy.",
)


def main() -> None:
    """Run the command line; every input error is one line on stderr and exit code 2."""
    try:
        code = app(standalone_mode=False)
        if code == 130:  # how Typer hands on Ctrl-C
            raise KeyboardInterrupt
    except (typer.Abort, KeyboardInterrupt):
        _fail("stopped; finished cells are kept, the same command goes on from there.", 130)
    except _InputError as error:
        _fail(error.format_message() if hasattr(error, "format_message") else str(error))
    except (BrokenPipeError, SystemExit) as stop:
        # Typer and rich leave with 1 when the reader has gone, which here is a verdict.
        if isinstance(stop, SystemExit) and not isinstance(stop.__context__, BrokenPipeError):
            raise
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        code = 141
    except (ValueError, TypeError) as error:
        _fail(str(error))
    except MemoryError as error:
        _fail(f"not enough memory: {error}")
    except OSError as error:
        _fail(f"{error.filename}: {error.strerror}." if error.filename else str(error))
    sys.exit(code if isinstance(code, int) else EXIT_CONSISTENT)


@app.callback(invoke_without_command=True)
def _root(
    context: typer.Context,
    version: Annotated[bool, typer.Option("--version", help="Print the version.")] = False,
) -> None:
    if version:
        from importlib.metadata import version as installed

        typer.echo(f"ldpaudit {installed('ldpaudit')}")
    elif context.invoked_subcommand is None:
        typer.echo(context.get_help())


@app.command("list")
def list_components(
    what: Annotated[
        str | None, typer.Argument(help="protocols, attacks, bounds, studies or data.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Registered protocols, attacks and bounds, ready-made studies and data sets."""
    from ldpaudit import validate

    kinds = ("protocols", "attacks", "bounds", "studies", "data")
    chosen = kinds if what is None else (validate.check_known("list", what, kinds),)
    found = {kind: _listing(kind) for kind in chosen}
    if as_json:
        typer.echo(json.dumps(found, indent=2))
        return
    width = max(len(name) for entries in found.values() for name in entries)
    for number, (kind, entries) in enumerate(found.items()):
        if what is None:
            typer.echo(("" if number == 0 else "\n") + kind)
        for name, summary in entries.items():
            typer.echo(f"  {name:<{width}}  {summary}")


def _listing(kind: str) -> dict[str, str]:
    from ldpaudit import registry

    if kind == "studies":
        from ldpaudit.comparing.study import study_names

        return study_names()
    if kind == "data":
        from ldpaudit.data.sources import names

        return names()
    return {name: _summary(kind, name) for name in registry.names(kind)}


def _summary(kind: str, name: str) -> str:
    """First line of a component's docstring; another package's fault is said, not raised."""
    from ldpaudit import registry

    try:
        component = registry.load(kind, name)
    except Exception as error:
        return f"cannot be loaded ({type(error).__name__}: {error})"
    return (component.__doc__ or "").strip().partition("\n")[0]


@app.command()
def audit(
    target: Annotated[
        str,
        typer.Argument(
            metavar="NAME",
            help="Registered name, package.module:object, file.py:object, or recorded reports "
            "of one input (.csv, .csv.gz, .parquet, .npy).",
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
    attack: Annotated[
        list[str] | None,
        typer.Option("--attack", help="Instead of the usual attacks; may be repeated."),
    ] = None,
    trials: Annotated[int, typer.Option("--trials", help="Reports per input.")] = 100_000,
    alpha: Annotated[float, typer.Option("--alpha", help="Error probability.")] = 0.05,
    bound: Annotated[
        str | None,
        typer.Option("--bound", help="How epsilon is bounded (default: posterior-odds)."),
    ] = None,
    model_based: Annotated[
        bool, typer.Option("--model-based", help="Allow bounds for mechanisms of one kind only.")
    ] = False,
    stop_when: Annotated[
        str, typer.Option("--stop-when", help="violation, width=W or budget.")
    ] = "budget",
    pair: Annotated[
        tuple[int, int] | None,
        typer.Option("--pair", help="The two inputs (default: chosen, 0 and 1 if all are alike)."),
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
    seed: Seed = 0,
    jobs: Annotated[int, typer.Option("--jobs", help="Processes for a large bound.")] = 1,
    as_json: AsJson = False,
) -> int:
    """Audit one mechanism: does it keep its epsilon, what does a report reveal, at what cost."""
    from ldpaudit.auditing.harness import audit as run
    from ldpaudit.cli.targets import audited, kind_of_input

    with _nonsense_is_inconclusive(target):
        claim = {"k": k, "epsilon": epsilon, "delta": delta, **kind_of_input(values, ends)}
        mechanism = audited(target, other, claim, param or [])
        result = run(
            mechanism,
            attack,
            trials=trials,
            alpha=alpha,
            bound=bound,
            pair=pair,
            witness=witness,
            search=search,
            seed=seed,
            stop_when=stop_when,
            model_based=model_based,
            name=target if other is None else None,
            jobs=jobs,
        )
    if as_json:
        typer.echo(json.dumps(result.to_dict(), indent=2, allow_nan=False))
    else:
        from ldpaudit.cli.terminal import show_audit

        show_audit(result)
    return _EXIT[result.verdict]


@app.command()
def compare(
    study: Annotated[
        str, typer.Option("--study", metavar="NAME|FILE.toml", help="What to compare.")
    ] = "default",
    data: Annotated[
        list[str] | None,
        typer.Option(
            "--data", metavar="NAME|FILE.csv:COLUMN", help="Users, instead of the study's."
        ),
    ] = None,
    k: K = None,
    ends: Range = None,
    out: Annotated[Path, typer.Option("--out", metavar="DIR", help="Output folder.")] = Path(
        "report"
    ),
    jobs: Jobs = None,
    seed: Annotated[int | None, typer.Option("--seed", help="Replaces the study's seed.")] = None,
    quick: Annotated[
        bool, typer.Option("--quick", help="The study's size that ends in seconds.")
    ] = False,
    fresh: Annotated[bool, typer.Option("--fresh", help="Forget the cells in DIR.")] = False,
    cell_timeout: Annotated[
        float | None, typer.Option("--cell-timeout", metavar="SECONDS", help="Most for one cell.")
    ] = None,
    backend: Annotated[str, typer.Option("--backend", help="loky (processes) or dask.")] = "loky",
    scheduler: Annotated[
        str | None, typer.Option("--scheduler", metavar="ADDRESS", help="Dask's (default: own).")
    ] = None,
    export: Annotated[
        list[str] | None,
        typer.Option("--export", metavar="parquet|json", help="The table in this form too."),
    ] = None,
) -> int:
    """Compare protocols on data and write the Pareto report; goes on where it stopped."""
    from ldpaudit.cli.terminal import progress_bar
    from ldpaudit.comparing.export import writer
    from ldpaudit.comparing.grid import compare as run
    from ldpaudit.comparing.study import read_study, with_data

    plan = read_study(study)
    plan = plan.as_quick() if quick else plan
    if data:
        plan = with_data(plan, data, k, ends)
    elif ends is not None:
        raise ValueError("--range is of the users' numbers: name them too, --data NAME.")
    workers = jobs if jobs is not None else os.cpu_count() or 1
    exports = [writer(kind) for kind in export or ()]
    with progress_bar(plan.name) as progress:
        results = run(
            plan, jobs=workers, out=out, seed=seed, fresh=fresh, cell_timeout=cell_timeout,
            backend=backend, scheduler=scheduler, progress=progress,
        )  # fmt: skip
    for write in exports:
        write(results, out)
    return _write(results, out)


@app.command()
def report(
    directory: Annotated[Path, typer.Argument(metavar="DIR", help="Folder of a comparison.")],
    against: Annotated[
        Path | None,
        typer.Option("--against", metavar="DIR", help="An earlier run: say what changed since."),
    ] = None,
    max_success: Annotated[
        float | None, typer.Option("--max-success", help="Best protocol below this attack success.")
    ] = None,
    max_bits: Annotated[
        float | None, typer.Option("--max-bits", help="Best protocol with reports of these bits.")
    ] = None,
    max_mse: Annotated[
        float | None, typer.Option("--max-mse", help="Best protocol below this mean squared error.")
    ] = None,
) -> int:
    """Write the page of a comparison again, name the best protocol under caps, show changes."""
    from ldpaudit.comparing.grid import stored_results

    results, lines = stored_results(directory), []
    if not max_success is max_bits is max_mse is None:
        lines.append(str(results.recommend(max_success, max_bits, max_mse)))
    changed = None if against is None else results.against(stored_results(against))
    code = _write(results, directory)
    if changed is not None:
        from ldpaudit.analysis.changes import changes_text

        changed.to_csv(directory / "changes.csv", index=False)
        lines.append(changes_text(changed))
    for line in lines:
        typer.echo(line)
    return code


@app.command()
def frontier(
    epsilon: Annotated[float, typer.Option("--epsilon", help="Privacy budget.")],
    k: K = None,
    mean: Annotated[bool, typer.Option("--mean", help="Means of numbers of [-1, 1].")] = False,
    as_json: AsJson = False,
    plot: Annotated[
        Path | None, typer.Option("--plot", metavar="FILE", help="Draw it: .png, .svg or .pdf.")
    ] = None,
) -> None:
    """The limit of every epsilon-LDP mechanism: least error for a cap on attack success."""
    from ldpaudit.cli.frontiers import show_frequencies, show_means

    if mean and (k is not None or plot is not None):
        raise ValueError("--mean must come without --k and --plot.")
    if mean:
        show_means(epsilon, as_json)
    elif k is None:
        raise ValueError("--k must be given, or --mean.")
    else:
        show_frequencies(k, epsilon, as_json, plot)


@app.command()
def check(
    target: Annotated[
        str,
        typer.Argument(
            metavar="NAME", help="Registered name, package.module:object or file.py:object."
        ),
    ],
    k: K = None,
    epsilon: Epsilon = None,
    delta: Delta = None,
    param: Parameters = None,
    values: Values = None,
    ends: Range = None,
    estimator: Estimator = False,
) -> int:
    """Hold a mechanism against the contract: law, likelihood, estimate, variance."""
    from ldpaudit.cli.targets import build, kind_of_input
    from ldpaudit.testing import check_estimator, check_mechanism

    with _nonsense_is_inconclusive(target):
        claim = {"k": k, "epsilon": epsilon, "delta": delta, **kind_of_input(values, ends)}
        mechanism = build(target, claim, param or [])
        try:
            passed = check_mechanism(mechanism)
            passed += check_estimator(mechanism) if estimator else []
        except AssertionError as error:
            typer.echo(f"broken: {error}")
            return EXIT_VIOLATION
    for line in passed:
        typer.echo(f"ok      {line}")
    return EXIT_CONSISTENT


app.command()(shuffle)


@contextmanager
def _nonsense_is_inconclusive(target: str) -> Iterator[None]:
    """Errors of our own rules pass; anything else a foreign mechanism raises is its failure."""
    try:
        yield
    except (ValueError, TypeError, OSError, MemoryError):
        raise
    except Exception as error:
        _fail(f"{target} failed: {type(error).__name__}: {error}", EXIT_INCONCLUSIVE)


def _write(results: Results, directory: Path) -> int:
    """Write every file of a comparison, print where the page is, return the exit code."""
    written = results.save(directory)
    pages = [path for path in written if path.suffix == ".html"]
    typer.echo("\n".join(str(path.resolve()) for path in pages))
    status = set(results.frame["status"])
    if "violation" in status:
        return EXIT_VIOLATION
    if "failed" in status or "inconclusive" in status:
        failed = results.frame[results.frame["status"] == "failed"]
        for reason in dict.fromkeys(failed["reason"]):
            typer.echo(f"a cell failed: {reason}", err=True)
        return EXIT_INCONCLUSIVE
    return EXIT_CONSISTENT


def _fail(message: str, code: int = EXIT_USAGE) -> NoReturn:
    line = " ".join(message.split())
    typer.echo(f"ldpaudit: {line}", err=True)
    sys.exit(code)
