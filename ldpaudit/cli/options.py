"""Options that several commands share."""

from __future__ import annotations

from typing import Annotated

import typer

K = Annotated[int | None, typer.Option("--k", "-k", help="Number of values.")]
Epsilon = Annotated[
    float | None, typer.Option("--epsilon", "-e", help="Privacy budget (natural log).")
]
Delta = Annotated[float | None, typer.Option("--delta", help="Delta of (epsilon, delta)-LDP.")]
Parameters = Annotated[
    list[str] | None, typer.Option("--param", metavar="KEY=VALUE", help="A further parameter.")
]
Values = Annotated[
    str | None,
    typer.Option("--values", metavar="A,B,C|FILE", help="Values of a function, or one per line."),
]
Range = Annotated[
    tuple[float, float] | None,
    typer.Option("--range", metavar="LOW HIGH", help="Inputs are the numbers of this range."),
]
Batched = Annotated[
    bool, typer.Option("--batched", help="The function takes all values at once, as an array.")
]
OwnRandomness = Annotated[
    bool,
    typer.Option("--own-randomness", help="The function draws from a source of its own: no rng."),
]
Label = Annotated[
    str | None,
    typer.Option("--label", metavar="COLUMN", help="Where one log holds the true input."),
]
Report = Annotated[
    str | None,
    typer.Option("--report", metavar="COLUMN+COLUMN", help="What a recorded report is made of."),
]
Separator = Annotated[
    str | None,
    typer.Option("--separator", help="Between the cells of recorded reports (default: found)."),
]
Estimator = Annotated[bool, typer.Option("--estimator", help="Is its server unbiased, too?")]
Seed = Annotated[int, typer.Option("--seed", help="Root of every random stream.")]
AsJson = Annotated[bool, typer.Option("--json", help="One JSON object on stdout.")]
Formats = Annotated[
    str, typer.Option("--formats", metavar="svg,png,pdf", help="Of the figures beside the page.")
]
Figures = Annotated[
    str | None,
    typer.Option(
        "--figures",
        metavar="one-column|two-column|FILE.toml",
        help="Figures beside the page as a paper wants them.",
    ),
]
Jobs = Annotated[
    int | None, typer.Option("--jobs", "-j", help="Worker processes (default: up to all cores).")
]
