"""Draw the figures of docs/longitudinal.md from the study `loloha`.

ldpaudit compare --study loloha --out loloha
python benchmarks/over_time.py loloha/results.csv docs
"""

from __future__ import annotations

import sys
from pathlib import Path

import pandas as pd

from ldpaudit.reports.over_time import over_time


def main(table: str, folder: str) -> None:
    frame = pd.read_csv(table)
    # The published L-GRR errs so much at k = 360 that it would hide everything else.
    shown = frame[~frame["parameters"].fillna("").str.contains("calibration=published")]
    figure = over_time(shown, memo=2.0)
    figure.savefig(Path(folder) / "over-time.png", dpi=110)


if __name__ == "__main__":
    main(*sys.argv[1:])
