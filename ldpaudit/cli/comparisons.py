"""Many protocols: compared, and the report of a comparison written again."""

from __future__ import annotations

import shlex
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ldpaudit.cli.completing import studies as studies_begun
from ldpaudit.cli.exits import EXIT_CONSISTENT, EXIT_INCONCLUSIVE, EXIT_VIOLATION
from ldpaudit.cli.options import Figures, Formats, Jobs, K, Range

if TYPE_CHECKING:
    from ldpaudit.comparing.results import Results
    from ldpaudit.figure_style import FigureStyle


def compare(
    study: Annotated[
        str | None,
        typer.Option(
            "--study",
            metavar="NAME|FILE.toml",
            help="What to compare (default: default).",
            autocompletion=studies_begun,
        ),
    ] = None,
    protocols: Annotated[
        str | None,
        typer.Option(
            "--protocols",
            metavar="NAME[,NAME...]",
            help="These, without a study; or file.py:object.",
        ),
    ] = None,
    epsilons: Annotated[
        str | None,
        typer.Option("--epsilons", metavar="E[,E...]", help="Privacy budgets of --protocols."),
    ] = None,
    data: Annotated[
        list[str] | None,
        typer.Option(
            "--data",
            metavar="NAME|FILE.csv:COLUMN",
            help="Users, instead of the study's (of --protocols: uniform over --k values).",
        ),
    ] = None,
    k: K = None,
    ends: Range = None,
    bins: Annotated[
        str | None,
        typer.Option(
            "--bins", metavar="N|quantiles:N", help="Numbers of --range as so many categories."
        ),
    ] = None,
    prior: Annotated[
        list[str] | None,
        typer.Option(
            "--prior", metavar="uniform|data|FILE", help="What attackers think of the users."
        ),
    ] = None,
    code: Annotated[
        list[str] | None,
        typer.Option("--code", metavar="FILE.py", help="Code that the study file may run."),
    ] = None,
    out: Annotated[Path, typer.Option("--out", "-o", metavar="DIR", help="Output folder.")] = Path(
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
    formats: Formats = "svg",
    figures: Figures = None,
) -> int:
    """Compare protocols on data and write the Pareto report; goes on where it stopped."""
    from ldpaudit.cli.terminal import progress_bar
    from ldpaudit.comparing.asked import asked_study
    from ldpaudit.comparing.export import writer
    from ldpaudit.comparing.grid import compare as run
    from ldpaudit.comparing.study import read_study, with_data, with_prior

    if protocols is None and epsilons is None:
        plan = read_study("default" if study is None else study, code or ())
    else:
        plan = asked_study(protocols, epsilons, study=study, data=data, k=k)
    plan = plan.as_quick() if quick else plan
    if data:
        plan = with_data(plan, data, k, ends, bins)
    elif bins is not None:
        raise ValueError("--bins are of the users' numbers: name them too, --data FILE:COLUMN.")
    elif ends is not None:
        raise ValueError("--range is of the users' numbers: name them too, --data NAME.")
    elif k is not None and protocols is None:
        raise ValueError("--k is of --data or --protocols: name them too, --data zipf.")
    plan = with_prior(plan, prior) if prior else plan
    exports, forms = [writer(kind) for kind in export or ()], _forms(formats)
    style = _style(figures)
    with progress_bar(plan.name) as progress:
        results = run(
            plan, jobs=jobs, out=out, seed=seed, fresh=fresh, cell_timeout=cell_timeout,
            backend=backend, scheduler=scheduler, progress=progress,
            command=shlex.join(["ldpaudit", *sys.argv[1:]]),
        )  # fmt: skip
    for write in exports:
        write(results, out)
    return _write(results, out, forms, style)


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
    max_influence: Annotated[
        float | None,
        typer.Option("--max-influence", help="Best protocol where one lie adds at most so much."),
    ] = None,
    rule: Annotated[
        str | None,
        typer.Option("--rule", help="Weigh error, success and influence: utopia, knee, ..."),
    ] = None,
    formats: Formats = "svg",
    figures: Figures = None,
) -> int:
    """Write the page of a comparison again, name the best protocol under caps, show changes."""
    from ldpaudit.comparing.kept import stored_results

    forms, style = _forms(formats), _style(figures)
    results, lines = stored_results(directory), []
    if any(wish is not None for wish in (max_success, max_bits, max_mse, max_influence, rule)):
        choice = results.recommend(
            max_success, max_bits, max_mse, max_influence=max_influence, rule=rule
        )
        lines.append(str(choice))
    changed = None if against is None else results.against(stored_results(against))
    code = _write(results, directory, forms, style)
    if changed is not None:
        from ldpaudit.analysis.changes import changes_text

        changed.to_csv(directory / "changes.csv", index=False)
        lines.append(changes_text(changed))
    for line in lines:
        typer.echo(line)
    return code


def _forms(formats: str) -> list[str]:
    """The forms of figures between commas."""
    from ldpaudit.comparing.results import FORMATS
    from ldpaudit.validate import check_known

    return [check_known("format", form.strip(), FORMATS) for form in formats.split(",")]


def _style(figures: str | None) -> FigureStyle | None:
    """The look of figures beside the page; None is the page's."""
    if figures is None:
        return None
    from ldpaudit.figure_style import FigureStyle

    return FigureStyle.of(figures)


def _write(results: Results, directory: Path, forms: list[str], style: FigureStyle | None) -> int:
    """Write every file of a comparison, print where the page is, return the exit code."""
    written = results.save(directory, formats=forms, style=style)
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
