"""Figures for papers: sizes, fonts, a choice of lines; legible, and however they are saved."""

from __future__ import annotations

import io
import itertools
import re
import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import matplotlib as mpl
import numpy as np
import pandas as pd
import pytest
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.text import Text

import ldpaudit
from ldpaudit import FigureStyle, leakage
from ldpaudit.comparing.results import Results
from ldpaudit.reports import (
    _finish,
    channel,
    communication,
    epsilon,
    error,
    limit,
    over_time,
    pareto,
    posterior,
    save_comparison,
    success,
    three_axes,
)
from ldpaudit.reports._finish import tex_text

Make = Callable[..., Results]
ONE = FigureStyle.of("one-column")


@pytest.fixture
def frame(make: Make) -> Any:
    return make(data=[("adult-age", 74, 45222)]).frame


def texts_of(figure: Figure) -> list[Text]:
    """Every text that is seen; labels of ticks outside of the limits are not."""
    found = [*figure.texts, *(t for legend in figure.legends for t in legend.get_texts())]
    for axes in figure.axes:
        found += [*axes.texts, axes._left_title]  # type: ignore[attr-defined]
        for axis in (axes.xaxis, axes.yaxis):
            low, high = sorted(axis.get_view_interval())
            ticks: Any = axis.get_major_ticks()
            found += [axis.label, *(t.label1 for t in ticks if low <= t.get_loc() <= high)]
    return [text for text in found if text.get_visible() and text.get_text().strip()]


def assert_legible(figure: Figure, least: float) -> None:
    """Text of some size that touches none other and stays on the paper; no legend over data."""
    canvas: Any = FigureCanvasAgg(figure)
    canvas.draw()
    texts = texts_of(figure)
    assert min(float(text.get_fontsize()) for text in texts) >= least
    boxes = [Text.get_window_extent(text, canvas.get_renderer()).extents for text in texts]
    shown = list(zip((text.get_text() for text in texts), boxes, strict=True))
    for (one, a), (two, b) in itertools.combinations(shown, 2):
        apart = a[2] <= b[0] or b[2] <= a[0] or a[3] <= b[1] or b[3] <= a[1]
        assert apart, f"{one!r} touches {two!r}"
    width, height = figure.get_size_inches() * figure.dpi
    for text, box in shown:
        fits = box[0] >= 0 and box[1] >= 0 and box[2] <= width and box[3] <= height
        assert fits, text
    for legend in figure.legends:
        around = legend.get_window_extent()
        assert not any(around.overlaps(axes.get_window_extent()) for axes in figure.axes)


@pytest.mark.parametrize("width", [3.3, 7.0])
@pytest.mark.parametrize("draw", [pareto, success, error, communication, epsilon, three_axes])
def test_a_table_is_drawn_for_a_paper(frame: Any, draw: Any, width: float) -> None:
    figure = draw(frame, replace(ONE, width=width, font="serif"))
    assert figure.get_figwidth() == pytest.approx(width)
    assert_legible(figure, 6.7)
    families = {text.get_fontfamily()[0] for text in texts_of(figure)}
    assert families == {"STIXGeneral"}
    assert figure.note


@pytest.mark.parametrize("draw", [pareto, success])
def test_low_plots_and_too_narrow_ones(frame: Any, draw: Any) -> None:
    assert_legible(draw(frame, replace(ONE, height=1.3, titles=False)), 6.7)
    for wrong in (replace(ONE, width=1.0), replace(ONE, legend="ends")):
        with pytest.raises(ValueError, match="must leave room for a plot beside its text"):
            draw(frame, wrong)


@pytest.mark.parametrize("width", [3.3, 7.0])
def test_other_figures_are_drawn_for_a_paper(width: float) -> None:
    style = replace(ONE, width=width)
    m = ldpaudit.mechanism("grr", k=5, epsilon=1.0)
    belief = leakage.posterior(m.log_likelihood(np.array([2])))
    for figure in (
        limit(ldpaudit.frontier(100, 1.0), style),
        posterior(belief, value=2, style=style),
        channel(leakage.channel(m), style),
    ):
        assert figure.get_figwidth() == pytest.approx(width)
        assert_legible(figure, 6.7)


@pytest.mark.parametrize("style", [None, "one-column", "two-column"])
def test_long_numbers_leave_the_names_of_axes_on_the_paper(style: str | None) -> None:
    """Errors 3% apart are written with five digits."""
    cell = {"data": "toy", "k": 4, "num_users": 100, "parameters": "epsilon_inf=2.0", "seed": 0}
    frame = pd.DataFrame(
        cell | {"protocol": name, "epsilon": 1.0, "repetition": t, "metric": metric}
        | {"value": value, "exact": None}
        for name, mse in (("l-sue", 0.01306), ("l-osue", 0.01269))
        for t in (1, 2, 3)
        for metric, value in (("round_spent", 2.0 * t), ("round_mse", mse))
    )  # fmt: skip
    figure = over_time(frame, style=style)
    figure.draw_without_rendering()
    assert all(axes.yaxis.label.get_window_extent().x0 >= 1 for axes in figure.axes)


def test_lines_are_chosen_ordered_named_and_coloured(frame: Any) -> None:
    style = replace(
        ONE,
        protocols=("ss", "grr"),
        labels={"ss": "Subset selection"},
        colours={"grr": "black"},
        x_limits=(0.01, 0.9),
        y_limits=(1e-7, 1e-2),
    )
    figure = pareto(frame, style)
    (legend,) = figure.legends
    assert [text.get_text() for text in legend.get_texts()] == ["Subset selection", "grr"]
    assert (legend.get_lines()[1].get_color(), figure.axes[0].get_xlim()) == (
        "#000000",
        (0.01, 0.9),
    )
    assert figure.axes[0].get_ylim() == (1e-7, 1e-2)
    with pytest.raises(ValueError, match="unknown protocol of a figure 'gr'; did you mean grr"):
        pareto(frame, replace(ONE, protocols=("gr",)))


def test_settings_of_the_user_are_honoured(frame: Any) -> None:
    with mpl.rc_context(
        {"font.family": ["serif"], "font.size": 7, "figure.figsize": (3.5, 2), "grid.color": "red"}
    ):
        figure = error(frame)
        assert figure.get_figwidth() == pytest.approx(3.5)
        assert figure.axes[0].xaxis.label.get_fontsize() == pytest.approx(7)
        assert {text.get_fontfamily()[0] for text in texts_of(figure)} == {"serif"}
        assert figure.axes[0].get_ygridlines()[0].get_color() == "red"
        fields = error(frame, FigureStyle(width=4, font="sans-serif"))
    with mpl.rc_context({"axes.facecolor": "black", "text.color": "white"}):
        assert error(frame).axes[0].get_facecolor() == (1.0, 1.0, 1.0, 1.0)
    assert fields.get_figwidth() == pytest.approx(4)
    assert {text.get_fontfamily()[0] for text in texts_of(fields)} == {"DejaVu Sans"}


def test_a_saved_figure_has_truetype_fonts_and_keeps_its_look(frame: Any) -> None:
    """No matter what the settings are when it is saved."""
    figure = success(frame, ONE)
    content = []
    others: Any = {"pdf.fonttype": 3, "font.size": 20, "xtick.labelsize": 30}
    several: list[Any] = [{}, others]
    for settings in several:
        buffer = io.BytesIO()
        with mpl.rc_context(settings):
            figure.savefig(buffer, format="pdf", metadata={"CreationDate": None})
        content.append(buffer.getvalue())
    assert content[0] == content[1]
    assert b"/FontFile2" in content[0]
    assert b"/Type3" not in content[0]


def test_figures_beside_a_page_and_not_on_it(make: Make, tmp_path: Path) -> None:
    results = make(protocols=["grr", "ss"], epsilons=[1.0, 2.0], data=[("a", 10, 100)])
    save_comparison(results, tmp_path / "page")
    save_comparison(results, tmp_path / "paper", style=replace(ONE, protocols=("ss",)))
    pages = [(tmp_path / name / "report.html").read_text("utf-8") for name in ("page", "paper")]
    assert pages[0] == pages[1]
    drawn = (tmp_path / "paper" / "figures" / "pareto.svg").read_text("utf-8")
    assert re.search(r'width="237\.6\d*pt"', drawn)
    assert ">grr<" not in drawn
    with pytest.raises(ValueError, match="limits are of one figure"):
        save_comparison(results, tmp_path, style=replace(ONE, y_limits=(1e-5, 1.0)))


def test_text_is_escaped_for_tex() -> None:
    assert tex_text("50% of a_b\nε ≥ 1") == "50\\% of a\\_b\n$\\varepsilon$ $\\geq$ 1"
    assert tex_text("3×10⁻⁵ 漢") == r"3$\times$10$^{-5}$ ?"


@pytest.mark.skipif(
    not (shutil.which("latex") and shutil.which("dvipng")), reason="needs latex and dvipng"
)
@pytest.mark.slow
def test_tex_sets_the_text() -> None:
    m = ldpaudit.mechanism("grr", k=3, epsilon=1.0)
    belief = leakage.posterior(m.log_likelihood(np.array([2])))
    figure = posterior(belief, value=2, style=replace(ONE, usetex=True))
    assert {text.get_usetex() for text in texts_of(figure)} == {True}
    figure.savefig(io.BytesIO(), format="pdf")


def test_without_tex_it_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shutil, "which", lambda _: None)
    with pytest.raises(ValueError, match="usetex must find latex"):
        limit(ldpaudit.frontier(10, 1.0), FigureStyle(usetex=True))


def test_short_numbers_need_no_measure(
    default: Results, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Axes that are not measured, for their numbers are short, stand where they would anyway."""
    default.save(tmp_path / "usual")
    monkeypatch.setattr(_finish, "_long", lambda _: True)
    default.save(tmp_path / "measured")
    figures = sorted(path.name for path in (tmp_path / "usual" / "figures").iterdir())
    assert len(figures) > 5
    for name in figures:
        usual, measured = (tmp_path / one / "figures" / name for one in ("usual", "measured"))
        assert usual.read_bytes() == measured.read_bytes(), name
