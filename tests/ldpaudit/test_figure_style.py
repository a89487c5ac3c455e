"""A look in one value: presets, files, and one sentence for what is wrong."""

from __future__ import annotations

from pathlib import Path

import pytest

from ldpaudit import FigureStyle


def test_presets_and_files(tmp_path: Path) -> None:
    path = tmp_path / "look.toml"
    path.write_text('preset = "two-column"\nfont = "serif"\nlabels = {ss = "SS"}\n', "utf-8")
    style = FigureStyle.of(str(path))
    assert (style.width, style.font, style.labels, style.notes) == (
        7.0,
        "serif",
        {"ss": "SS"},
        False,
    )
    assert FigureStyle.of(style) is style
    assert FigureStyle.of(None) == FigureStyle()


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("widht = 3", "unknown field of figure style .*: 'widht'; did you mean width"),
        ("width = -1", "width must be positive and finite, got -1"),
        ("x_limits = [2, 1]", "x_limits must rise and be finite, got 2 to 1"),
        ("y_limits = 3", "y_limits must be two numbers, got 3"),
        ('protocols = "grr"', "protocols must be a list of names, got 'grr'"),
        ("labels = {ss = 3}", "labels must map names to texts"),
        ("titles = 1", "titles must be True or False, got 1"),
        ('legend = "top"', "unknown legend 'top'"),
        ('preset = "three-column"', "unknown figure style 'three-column'; did you mean"),
        ("=", "is not valid TOML"),
    ],
)
def test_a_wrong_field_is_named(tmp_path: Path, content: str, message: str) -> None:
    path = tmp_path / "look.toml"
    path.write_text(content, "utf-8")
    with pytest.raises((TypeError, ValueError), match=message):
        FigureStyle.of(str(path))


def test_a_file_that_is_not_there() -> None:
    with pytest.raises(ValueError, match=r"figure style nowhere\.toml cannot be read"):
        FigureStyle.of("nowhere.toml")
