"""Mechanisms whose reports say nothing of their input, in every form and every file.

Both inputs have reports of one law: a fair coin beside a seed of 2,000 values, in files an answer
of 5 values beside 64 random bits. The claim is next to the truth, which is 0.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

import ldpaudit
from tests.ldpaudit.adapters.test_file_shapes import FRAMES, SHAPES, written
from tests.ldpaudit.adapters.test_report_forms import FORMS, SEEDS

CLAIM = 0.01
#: A name, and what makes a mechanism of a generator and the number of reports.
Named = tuple[str, Callable[[np.random.Generator, int], Any]]


def forms() -> Iterator[Named]:
    """Lists of reports in each form."""

    def source(form: Callable[[int, int], Any], rng: np.random.Generator, size: int) -> Any:
        both = [
            list(
                map(form, rng.integers(0, 2, size).tolist(), rng.integers(0, SEEDS, size).tolist())
            )
            for _ in range(2)
        ]
        return ldpaudit.from_samples(*both, epsilon=CLAIM)

    for name, form in FORMS.items():
        yield f"form: {name}", partial(source, form)


def frames_of(rng: np.random.Generator, size: int) -> list[pd.DataFrame]:
    """The reports of either input as a frame."""
    return [
        pd.DataFrame(
            {
                "answer": rng.integers(0, 5, size),
                "seed": rng.integers(2**63, 2**64, size, dtype=np.uint64),
            }
        )
        for _ in range(2)
    ]


def files() -> Iterator[Named]:
    """Files and frames of each shape."""

    def from_file(shape: str, rng: np.random.Generator, size: int) -> Any:
        ending, write = SHAPES[shape]
        both = frames_of(rng, size)
        with tempfile.TemporaryDirectory() as name:
            if ending.startswith("log"):
                path = Path(name) / ending
                log = pd.concat(
                    [own.assign(true=word) for own, word in zip(both, ("no", "yes"), strict=True)]
                )
                write(log.iloc[rng.permutation(2 * size)], path)
                return ldpaudit.from_samples(str(path), label="true", epsilon=CLAIM)
            return ldpaudit.from_samples(*written(Path(name), ending, write, both), epsilon=CLAIM)

    def from_frame(made: Callable[[Any], Any], rng: np.random.Generator, size: int) -> Any:
        return ldpaudit.from_samples(*map(made, frames_of(rng, size)), epsilon=CLAIM)

    for shape in SHAPES:
        yield f"file: {shape}", partial(from_file, shape)
    for shape, made in FRAMES.items():
        yield f"frame: {shape}", partial(from_frame, made)


def accused(seeds: range, size: int, sources: list[Named]) -> tuple[int, int, list[str]]:
    """Audits made, those whose bound at alpha = 0.05 passed the claim, and what was a violation."""
    audits, beyond, wrong = 0, 0, []
    for name, source in sources:
        for seed in seeds:
            rng = np.random.default_rng([seed, *name.encode()])
            result = ldpaudit.audit(source(rng, size), [], seed=seed)
            audits += 1
            beyond += result.epsilon_lower > CLAIM
            if result.verdict == "violation":
                wrong.append(f"{name}, seed {seed}: {result.reason}")
    return audits, beyond, wrong
