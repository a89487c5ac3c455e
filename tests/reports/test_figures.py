"""Figures: axes that say what they show, words that do not touch, bytes that stay."""

from __future__ import annotations

import itertools
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.text import Text

from ldpaudit.analysis.limits import mse_without_epsilon
from ldpaudit.comparing.results import Results
from ldpaudit.outcomes.table import COLUMNS
from ldpaudit.reports import communication, epsilon, error, pareto, success, three_axes
from ldpaudit.reports._labels import spread
from ldpaudit.reports._style import caption, pdf, png, svg

Make = Callable[..., Results]
Draw = Callable[..., Figure]
FIGURES: list[Draw] = [pareto, success, error, communication, epsilon, three_axes]
NASTY = "$x^{<b>}$ \u202e\n\x00 شخص 🦊 & \"'" + 10_000 * "w"


def words(text: str) -> str:
    return " ".join(text.split())


def written(figure: Figure) -> list[tuple[str, np.ndarray]]:
    """Every visible text with its box in pixels, without arrows."""
    canvas: Any = FigureCanvasAgg(figure)
    canvas.draw()
    found = []
    texts = [t for axes in figure.axes for t in _texts(axes)] + list(figure.texts)
    for text in texts:
        if text.get_visible() and text.get_text().strip():
            box = Text.get_window_extent(text, canvas.get_renderer())
            found.append((text.get_text(), np.array(box.extents)))
    return found


def _texts(axes: Axes) -> list[Text]:
    if not axes.axison:
        return list(axes.texts)
    titles = [axes.title, axes._left_title, axes._right_title]  # type: ignore[attr-defined]
    ticks = []
    for axis in (axes.xaxis, axes.yaxis):
        low, high = sorted(axis.get_view_interval())
        ticks += [t.label1 for t in axis.get_major_ticks() if low <= t.get_loc() <= high]
    return [*axes.texts, *titles, axes.xaxis.label, axes.yaxis.label, *ticks]


def assert_legible(figure: Figure) -> None:
    """No two texts touch, and none leaves the canvas."""
    boxes = written(figure)
    for (one, a), (two, b) in itertools.combinations(boxes, 2):
        apart = a[2] <= b[0] or b[2] <= a[0] or a[3] <= b[1] or b[3] <= a[1]
        assert apart, f"{one!r} touches {two!r}"
    width, height = figure.get_size_inches() * figure.dpi
    for text, box in boxes:
        inside = box[0] >= 0 and box[1] >= 0 and box[2] <= width and box[3] <= height
        assert inside, text


def many(count: int) -> list[str]:
    return [f"protocol-{index:02d}" for index in range(count)]


CASES: dict[str, dict[str, object]] = {
    "default": {},
    "one of each": {
        "protocols": ["mss"],
        "epsilons": [1.0],
        "data": [("adult-age", 74, 45222)],
    },
    "one protocol": {"protocols": ["grr"]},
    "one epsilon": {"epsilons": [2.0]},
    "three data sets": {"data": [("a", 10, 100), ("b", 100, 1000), ("c", 1000, 10**6)]},
    "small k": {"data": [("coin", 2, 100)]},
    "dense": {"epsilons": [0.1 * i for i in range(1, 41)]},
    "hostile": {"data": [(NASTY, 74, 45222)]},
}


@pytest.mark.parametrize("draw", FIGURES)
@pytest.mark.parametrize("case", CASES)
def test_words_never_touch(make: Make, case: str, draw: Draw) -> None:
    assert_legible(draw(make(**CASES[case]).frame))


@pytest.mark.parametrize("draw", FIGURES)
def test_forty_protocols_stay_legible(make: Make, draw: Draw) -> None:
    results = make(protocols=["ss"], data=[("zipf(1)", 1024, 10_000)])
    copies = [results.frame.assign(protocol=name) for name in many(40)]
    assert_legible(draw(pd.concat(copies)))


def test_pareto_says_what_it_shows(default: Results) -> None:
    figure = pareto(default.frame)
    assert isinstance(figure, Figure)
    assert [axes.get_title(loc="left") for axes in figure.axes] == [
        "adult-age, k = 74",
        "zipf(1), k = 1,024",
    ]
    for axes, users in zip(figure.axes, ("45,222", "10,000"), strict=True):
        assert (axes.get_xscale(), axes.get_yscale()) == ("log", "log")
        assert words(axes.get_xlabel()) == (
            "Attack success: probability of naming a user's value from one report"
        )
        assert words(axes.get_ylabel()) == (
            f"Mean squared error per value (fraction of users squared), n = {users} users"
        )
        shown = {words(text.get_text()) for text in axes.texts}
        assert {"grr", "ss", "oue", "olh", "mss", "mss, published formula"} <= shown
        assert (
            "no unbiased estimate can be here (independent users, uniform truth and prior)" in shown
        )
        assert "ε = 0.5" in shown


def test_pareto_draws_the_values_of_the_table(default: Results) -> None:
    """Every measured pair is a marker, every exact pair a vertex, every success a published one."""
    frame = default.frame[default.frame["data"] == "adult-age"]
    axes = pareto(frame).axes[0]
    drawn = [np.asarray(line.get_xydata(), dtype=float) for line in axes.lines]
    vertices = np.vstack([xy for xy in drawn if xy.shape[1] == 2])

    def column(metric: str, attack: str, kind: str) -> pd.Series[float]:
        rows = frame[(frame["metric"] == metric) & (frame["attack"] == attack)]
        return rows.set_index(["protocol", "epsilon"])[kind].astype(float)

    for kind in ("value", "exact"):
        success, mse = column("attack_success", "bayes", kind), column("mse", "", kind)
        for cell in success.index:
            point = [success[cell], mse[cell]]
            assert np.isclose(vertices, point, rtol=1e-12).all(axis=1).any(), (kind, cell)
    published, mse = column("attack_success", "published", "exact"), column("mse", "", "exact")
    for cell in published.index:
        point = [published[cell], mse[cell]]
        assert np.isclose(vertices, point, rtol=1e-12).all(axis=1).any(), cell


def test_pareto_draws_the_limit_of_fixed_users(default: Results) -> None:
    axes = pareto(default.frame).axes[0]
    curve = max(axes.lines, key=lambda line: len(np.asarray(line.get_xdata())))
    x, y = np.asarray(curve.get_xdata()), np.asarray(curve.get_ydata())
    expected = np.asarray(mse_without_epsilon(74, x, target="users")) / 45222
    np.testing.assert_allclose(y, expected, rtol=1e-12)
    exact = default.frame[default.frame["data"] == "adult-age"]
    success = exact[(exact["attack"] == "bayes")]["exact"].to_numpy(float)
    mse = exact[exact["metric"] == "mse"]["exact"].to_numpy(float)
    assert (mse > np.asarray(mse_without_epsilon(74, success, target="users")) / 45222).all()


def test_no_limit_is_drawn_for_a_prior_that_is_not_uniform(default: Results) -> None:
    frame = default.frame.copy()
    frame.loc[frame["attack"] == "blind", "exact"] = 0.1
    shown = {words(text.get_text()) for axes in pareto(frame).axes for text in axes.texts}
    assert "blind guess 10.0%" in shown
    assert not any("no unbiased estimate" in text for text in shown)


def test_published_figures_are_drawn_only_where_they_differ(default: Results) -> None:
    frame = default.frame.copy()
    bayes = frame.loc[frame["attack"] == "bayes"].set_index(["data", "protocol", "epsilon"])
    mine = frame["attack"] == "published"
    keys = frame.loc[mine, ["data", "protocol", "epsilon"]].itertuples(index=False, name=None)
    frame.loc[mine, "exact"] = [1.01 * bayes.loc[key, "exact"] for key in keys]
    shown = {text.get_text() for axes in pareto(frame).axes for text in axes.texts}
    assert not any("published" in text for text in shown)


def test_epsilon_says_what_it_shows(default: Results) -> None:
    figure = epsilon(default.frame)
    assert len(figure.axes) == 4
    for top, bottom in zip(figure.axes[::2], figure.axes[1::2], strict=True):
        assert words(top.get_ylabel()) == "Epsilon shown by the audit (lower bound)"
        assert bottom.get_ylabel() == "Divided by the claim"
        assert bottom.get_xlabel() == "Claimed epsilon (natural logarithm)"
        ticks = [tick.get_text() for tick in bottom.get_xticklabels()]
        assert ticks == ["0.5", "1", "2", "4"]
    rows = default.frame[
        (default.frame["metric"] == "epsilon_lower") & (default.frame["data"] == "adult-age")
    ]
    marks = [line for line in figure.axes[0].lines if line.get_marker() not in ("None", "", None)]
    heights = sorted(float(y) for line in marks for y in np.asarray(line.get_ydata()))
    np.testing.assert_array_equal(heights, sorted(rows["value"].astype(float)))


@pytest.mark.parametrize("draw", FIGURES)
def test_an_empty_table_says_so(draw: Draw) -> None:
    figure = draw(pd.DataFrame(columns=list(COLUMNS)))
    assert any(text.startswith("No cell has") for text, _ in written(figure))


@pytest.mark.parametrize("gone", ["mse", "attack_success", "epsilon_lower", "bits"])
@pytest.mark.parametrize("draw", FIGURES)
def test_a_missing_metric_does_not_matter(make: Make, gone: str, draw: Draw) -> None:
    frame = make(protocols=["grr", "mss"], epsilons=[1.0, 2.0], data=[("a", 10, 100)]).frame
    assert_legible(draw(frame[frame["metric"] != gone]))
    once = frame.drop(frame.index[(frame["metric"] == gone) & (frame["protocol"] == "grr")])
    assert_legible(draw(once))


def test_measured_only_and_exact_only_are_drawn(make: Make) -> None:
    some = make(protocols=["grr", "mss"], epsilons=[1.0, 2.0], data=[("a", 10, 100)]).frame
    for missing in (["exact"], ["value", "lower", "upper"]):
        frame = some.copy()
        exact = frame["metric"].isin(["bits", "influence", "influence_mean"])
        known = frame["attack"].isin(["published", "blind"]) | exact
        frame.loc[~known, missing] = None
        for draw in FIGURES:
            figure = draw(frame)
            assert_legible(figure)
            assert any(axes.lines for axes in figure.axes)


def test_zero_success_and_infinite_error_are_left_out(default: Results) -> None:
    frame = default.frame.copy()
    frame.loc[frame["attack"] == "bayes", ["value", "lower", "exact"]] = 0.0
    frame.loc[frame["metric"] == "mse", ["value", "exact"]] = float("inf")
    assert any("No cell" in text for text, _ in written(pareto(frame)))


def test_repetitions_share_a_line(make: Make) -> None:
    frames = [make().frame.assign(repetition=number) for number in range(3)]
    names = [t.get_text() for t in pareto(pd.concat(frames)).axes[0].texts]
    assert names.count("grr") == 1


def test_parameters_tell_lines_apart_only_where_they_must(make: Make) -> None:
    frame = make(protocols=["ss", "mss"]).frame
    alone = {t.get_text() for t in pareto(frame.assign(parameters="l=8")).axes[0].texts}
    assert {"ss", "mss"} <= alone
    both = pd.concat([frame.assign(parameters="l=8"), frame.assign(parameters="l=4")])
    assert {"ss (l=8)", "ss (l=4)"} <= {t.get_text() for t in pareto(both).axes[0].texts}


def test_bytes_are_the_same_in_every_process(tmp_path: Path) -> None:
    """Two fresh interpreters with different hash seeds write the same files."""
    conftest = Path(__file__).with_name("conftest.py")
    script = (
        "import sys, runpy, hashlib\n"
        f"made = runpy.run_path({str(conftest)!r})['comparison'](('mss', 'new'), (1.0, 2.0))\n"
        "from ldpaudit.reports import communication, pareto\n"
        "from ldpaudit.reports._style import pdf, png, svg\n"
        "for draw in (pareto, communication):\n"
        "    for save in (pdf, png, svg):\n"
        "        print(hashlib.sha256(save(draw(made.frame))).hexdigest())\n"
    )
    found = [
        subprocess.run(
            [sys.executable, "-c", script],
            capture_output=True,
            text=True,
            check=True,
            cwd=tmp_path,
            env={"PYTHONHASHSEED": seed, "PYTHONPATH": ":".join(sys.path), "HOME": str(tmp_path)},
        ).stdout
        for seed in ("1", "2")
    ]
    assert found[0] == found[1]
    assert len(set(found[0].split())) == 6


def test_drawing_twice_gives_the_same_bytes(make: Make) -> None:
    frame = make(protocols=["mss"], epsilons=[1.0, 2.0], data=[("a", 10, 100)]).frame
    for draw in FIGURES:
        for save in (pdf, png, svg):
            assert save(draw(frame)) == save(draw(frame))


def test_svg_keeps_its_text_and_names_no_date(default: Results) -> None:
    text = svg(pareto(default.frame)).decode()
    assert "mss, published formula" in text
    assert "dc:date" not in text


def test_pyplot_and_its_settings_are_left_alone(default: Results) -> None:
    import matplotlib as mpl
    import matplotlib.pyplot as plt

    before = dict(mpl.rcParams)
    for draw in FIGURES:
        draw(default.frame)
    assert plt.get_fignums() == []
    assert dict(mpl.rcParams) == before


def test_caption_is_one_short_drawable_line() -> None:
    assert caption("adult-age") == "adult-age"
    short = caption(NASTY)
    assert len(short) <= 32
    assert "\n" not in short
    assert "\u202e" not in short


@pytest.mark.parametrize("count", [1, 2, 7, 30])
def test_spread_keeps_order_gap_and_room(count: int) -> None:
    rng = np.random.default_rng(count)
    for _ in range(50):
        wanted = np.sort(rng.uniform(0, 100, count))
        got = spread(wanted, 10.0, 0.0, 400.0)
        assert all(b - a >= 10.0 - 1e-9 for a, b in itertools.pairwise(got))
        assert got[0] >= 0
        assert got[-1] <= 400
    assert spread(np.array([5.0, 50.0]), 10.0, 0.0, 100.0) == [5.0, 50.0]


def test_a_single_exact_point_is_seen(make: Make) -> None:
    """A line of one epsilon is a dash: its measured figure may be outside of the axes."""
    frame = make(protocols=["grr"], epsilons=[4.0], data=[("a", 10, 100)]).frame.copy()
    frame.loc[frame["metric"] == "mse", ["value", "lower", "upper"]] = 1e-15
    for draw in (pareto, success, error):
        lines = [line for axes in draw(frame).axes for line in axes.lines]
        dashes = [line for line in lines if line.get_marker() == "_" and line.get_zorder() == 3]
        assert {len(np.asarray(line.get_xdata())) for line in dashes} == {1}, draw.__name__
