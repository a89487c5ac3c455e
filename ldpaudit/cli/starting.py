"""The command `init`: a study file to begin with, every field explained where it stands."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

_STUDY = """\
# A study of ldpaudit. Run it with: ldpaudit compare --study {file}
# (--quick first, which takes seconds). Lines behind "#" are choices: take the sign away.

# The name is for you, the title heads the page.
name = "my-study"
title = "Two protocols on working hours"

# What is compared: `ldpaudit list protocols` names them.
protocols = ["grr", "ss"]

# Privacy budgets, in natural-log units: at 1, one report makes any value at most e = 2.72
# times as likely, against any other, as it was.
epsilons = [0.5, 1.0, 2.0, 4.0]

# What attackers think of the users: all values alike, or how common each is. Also a file.
prior = ["uniform", "data"]

# What attackers do: `ldpaudit list attacks` names them.
# attacks = ["single-guess", "bayes"]

# How much is simulated: reports an attack is tried on, and collections for the error.
trials = 20_000
repetitions = 5

# How the server corrects its estimates; measured beside the plain ones.
# post = ["norm-sub"]

# False users among all, for what they can gain.
# false_share = 0.05

# Every random number follows from this one.
seed = 0

# Who the users are: `ldpaudit list data` names some; "people.csv:city" is a column of yours.
[[data]]
name = "adult-hours"

# Several are compared side by side. A law needs its number of values.
# [[data]]
# name = "zipf"
# k = 100
# num_users = 10_000

# What --quick replaces.
[quick]
epsilons = [1.0]
trials = 1_000
repetitions = 2
"""


def init(
    file: Annotated[
        Path, typer.Argument(metavar="FILE", help="Where the study goes; ends in .toml.")
    ] = Path("study.toml"),
) -> None:
    """Write a commented study file to begin with; it runs as it is."""
    if file.suffix != ".toml":
        raise ValueError(f"a study file must end in .toml, got {str(file)!r}.")
    try:
        with file.open("x", encoding="utf-8", newline="\n") as target:
            target.write(_STUDY.replace("{file}", file.name))
    except FileExistsError:
        raise ValueError(f"{file} exists already and stays as it is: name another file.") from None
    typer.echo(f"{file}: run it with ldpaudit compare --study {file} --quick")
