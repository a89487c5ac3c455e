"""One point, one protocol, one epsilon, equal values, no spread: figures and pages all the same."""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from dataclasses import replace
from importlib.metadata import entry_points
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

import ldpaudit
from ldpaudit import leakage
from ldpaudit.comparing import Results
from ldpaudit.outcomes import AuditResult
from ldpaudit.registry import load
from ldpaudit.reports import (
    audit_html,
    channel,
    communication,
    epsilon,
    error,
    limit,
    over_time,
    pareto,
    posterior,
    results_html,
    save_comparison,
    success,
    three_axes,
)
from ldpaudit.reports._style import png
from ldpaudit.reports.comparison import page

Make = Callable[..., Results]
#: A number that is none, as a cell or in a sentence.
NO_NUMBER = re.compile(r"[>(\s](nan|inf)[<),\s]")
Change = Callable[[pd.DataFrame], pd.DataFrame]

SIZES: dict[str, dict[str, object]] = {
    "one protocol at one epsilon": {"protocols": ["grr"], "epsilons": [1.0]},
    "one protocol": {"protocols": ["mss"], "epsilons": [0.5, 1.0, 2.0]},
    "one epsilon": {"protocols": ["grr", "ss", "mss"], "epsilons": [1.0]},
    "two epsilons as good as equal": {"protocols": ["ss"], "epsilons": [1.0, 1.0 + 1e-12]},
}


def _equal(frame: pd.DataFrame) -> pd.DataFrame:
    """Every protocol and every epsilon has the figures of the first."""
    first = frame.groupby(["data", "attack", "metric"], dropna=False, sort=False)
    numbers = ["value", "lower", "upper", "exact"]
    return frame.assign(**{name: first[name].transform("first") for name in numbers})


def _without_width(frame: pd.DataFrame) -> pd.DataFrame:
    return frame.assign(lower=frame["value"], upper=frame["value"])


def _one_value_everywhere(frame: pd.DataFrame) -> pd.DataFrame:
    """Success, error and bounds are all the same number, and so are their intervals."""
    same = dict.fromkeys(("value", "lower", "upper", "exact"), 0.25)
    return frame.assign(**same)


def _rounding_apart(frame: pd.DataFrame) -> pd.DataFrame:
    """Equal but for the last bit."""
    some = _without_width(_equal(frame))
    nudged = np.nextafter(some["exact"].astype(float), math.inf)
    return some.assign(
        exact=np.where(np.arange(len(some)) % 2, nudged, some["exact"].astype(float))
    )


def _sure_guess(frame: pd.DataFrame) -> pd.DataFrame:
    """Everybody has the same value: a blind guess and every attack succeed always."""
    sure = frame.copy()
    attacked = sure["metric"] == "attack_success"
    sure.loc[attacked, ["value", "lower", "upper", "exact"]] = 1.0
    return sure


CHANGES: dict[str, Change] = {
    "as they are": lambda frame: frame,
    "equal values": _equal,
    "intervals without width": _without_width,
    "one value everywhere": _one_value_everywhere,
    "a rounding apart": _rounding_apart,
    "a sure guess": _sure_guess,
    "measured only": lambda frame: frame.assign(exact=None),
    "no users counted": lambda frame: frame.assign(num_users=None),
    "a delta": lambda frame: frame.assign(delta=1e-6),
}


@pytest.fixture(autouse=True)
def _no_automatic_limits(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where Matplotlib is left to find limits, equal values may collapse: on some processors."""
    original = Axes.autoscale_view

    def checked(axes: Axes, *args: object, **options: object) -> None:
        logarithmic = "log" in (axes.get_xscale(), axes.get_yscale())
        found = axes.get_autoscalex_on() or axes.get_autoscaley_on()
        assert not (logarithmic and found and axes.has_data()), axes.get_title(loc="left")
        original(axes, *args, **options)  # type: ignore[arg-type]

    monkeypatch.setattr(Axes, "autoscale_view", checked)


def assert_sound(figure: Figure, *, distinct: bool = True) -> None:
    """Limits that span something and hold a marker at least; ticks that differ and are few."""
    canvas: Any = FigureCanvasAgg(figure)
    canvas.draw()
    for axes in figure.axes:
        if not axes.axison:
            continue
        for axis, limits in ((axes.xaxis, axes.get_xlim()), (axes.yaxis, axes.get_ylim())):
            low, high = limits
            assert math.isfinite(low)
            assert math.isfinite(high)
            assert high - low > 1e-9 * abs(high)
            ticks = [t for t in axis.get_major_ticks() if low <= t.get_loc() <= high]
            names = [t.label1.get_text() for t in ticks if t.label1.get_text()]
            assert not distinct or len(names) == len(set(names)) <= 16, names
        for line in axes.lines:
            xs, ys = (np.asarray(data, dtype=float) for data in line.get_data())
            if line.get_marker() not in ("None", "", None) and np.isfinite(ys).any():
                (left, right), (low, high) = axes.get_xlim(), axes.get_ylim()
                assert ((xs >= left) & (xs <= right)).any()
                assert ((ys >= low) & (ys <= high)).any()


ONE_POINT, ONE_PROTOCOL, ONE_EPSILON, NEARLY_EQUAL = SIZES
EVERYWHERE = ("as they are", "equal values", "one value everywhere", "a rounding apart")
TRIED = [
    *((ONE_POINT, change) for change in CHANGES),
    *((size, change) for size in (ONE_PROTOCOL, ONE_EPSILON) for change in EVERYWHERE),
    *((NEARLY_EQUAL, change) for change in EVERYWHERE[::3]),
]


@pytest.mark.parametrize(("size", "change"), TRIED)
@pytest.mark.parametrize("draw", [pareto, success, error, communication, epsilon, three_axes])
def test_a_figure_of_one_size(
    make: Make, size: str, change: str, draw: Callable[[pd.DataFrame], Figure]
) -> None:
    frame = CHANGES[change](make(**SIZES[size], data=[("a", 74, 45222)]).frame)
    # Two epsilons that are written the same have a column each.
    assert_sound(draw(frame), distinct=draw is not epsilon or size != NEARLY_EQUAL)


@pytest.mark.parametrize("change", ["as they are", "one value everywhere", "measured only"])
@pytest.mark.parametrize("size", [ONE_POINT, ONE_PROTOCOL, ONE_EPSILON])
def test_a_page_of_one_size(make: Make, size: str, change: str) -> None:
    results = make(**SIZES[size], data=[("a", 10, 1000)])
    text = page(replace(results, frame=CHANGES[change](results.frame))).decode()
    assert text.count("<svg") >= 4
    assert not NO_NUMBER.search(text)


@pytest.mark.parametrize("size", SIZES)
def test_a_notebook_shows_a_table_of_one_size(make: Make, size: str) -> None:
    results = make(**SIZES[size], data=[("a", 10, 1000)])
    for change in CHANGES.values():
        text = results_html(replace(results, frame=change(results.frame)))
        assert "</table>" in text
        assert not NO_NUMBER.search(text)


def test_everything_is_written_for_one_point(make: Make, tmp_path: Path) -> None:
    save_comparison(make(protocols=["grr"], epsilons=[1.0]), tmp_path)


def test_a_page_of_one_audit(audit_of: Callable[..., AuditResult]) -> None:
    assert "grr" in audit_html(audit_of("grr", 1.0))


@pytest.fixture(scope="module")
def followed() -> pd.DataFrame:
    """One protocol of one budget over three rounds."""
    study = {
        "name": "rounds",
        "protocols": [{"name": "l-osue", "epsilon_inf": 2.0, "epsilons": [1.0]}],
        "epsilons": [1.0],
        "data": [{"name": "uniform", "k": 4, "num_users": 50}],
        "attacks": [],
        "rounds": 3,
        "trials": 100,
        "repetitions": 2,
    }
    return ldpaudit.compare(study).frame


@pytest.mark.parametrize("rounds", [1, 3])
@pytest.mark.parametrize("change", ["as they are", "one value everywhere", "equal values"])
def test_one_protocol_over_rounds(followed: pd.DataFrame, rounds: int, change: str) -> None:
    of_rounds = followed["metric"].str.startswith("round_")
    frame = followed[~of_rounds | (followed["repetition"] <= rounds)]
    assert_sound(over_time(CHANGES[change](frame)))


@pytest.mark.parametrize("budget", [1e-12, 1e-6, 1.0, 20.0])
@pytest.mark.parametrize("k", [2, 100])
def test_a_limit_of_nothing_and_of_everything(k: int, budget: float) -> None:
    figure = limit(ldpaudit.frontier(k, budget))
    assert png(figure)
    (left, right), (low, high) = figure.axes[0].get_xlim(), figure.axes[0].get_ylim()
    assert 0 < left < right
    assert 0 < low < high


@pytest.mark.parametrize("k", [2, 61])
def test_a_belief_without_spread_and_a_sure_one(k: int) -> None:
    for belief in (np.full(k, 1 / k), np.eye(k)[0]):
        assert_sound(posterior(belief, prior=belief, value=0))


def test_a_channel_that_tells_nothing_and_one_that_tells_all() -> None:
    for table in (np.ones((2, 1)), np.full((3, 3), 1 / 3), np.eye(2)):
        assert png(channel(table))
    of_one = leakage.channel(ldpaudit.mechanism("grr", k=2, epsilon=1e-9))
    assert png(channel(of_one))


def test_every_figure_that_is_registered_is_tried_here() -> None:
    """A new one is to be added above."""
    tried = {pareto, success, error, communication, epsilon, over_time, limit, posterior, channel}
    tried |= {three_axes, save_comparison, audit_html, results_html}
    names = {entry.name for entry in entry_points(group="ldpaudit.reports")}
    ours = {found for found in (load("reports", name) for name in names)
            if found.__module__.startswith("ldpaudit.")}  # fmt: skip
    assert ours <= tried
