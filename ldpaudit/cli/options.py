"""Options that several commands share."""

from __future__ import annotations

from typing import Annotated

import typer

K = Annotated[int | None, typer.Option("--k", help="Number of values.")]
Epsilon = Annotated[float | None, typer.Option("--epsilon", help="Privacy budget (natural log).")]
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
Estimator = Annotated[bool, typer.Option("--estimator", help="Is its server unbiased, too?")]
Seed = Annotated[int, typer.Option("--seed", help="Root of every random stream.")]
AsJson = Annotated[bool, typer.Option("--json", help="One JSON object on stdout.")]
Formats = Annotated[
    str, typer.Option("--formats", metavar="svg,png,pdf", help="Of the figures beside the page.")
]
Jobs = Annotated[int | None, typer.Option("--jobs", help="Worker processes (default: all cores).")]
