"""Colours: one per protocol everywhere, seen on either paper, told apart in grey print."""

from __future__ import annotations

import itertools
from importlib.metadata import entry_points

import pandas as pd
import pytest

from ldpaudit.comparing.results import Results
from ldpaudit.reports import pareto
from ldpaudit.reports._palette import (
    DARK_PAPER,
    INK,
    KNOWN,
    MUTED,
    PAPER,
    at_night,
    contrast,
    styles,
)


def test_every_registered_protocol_has_a_look_of_its_own() -> None:
    mine = {
        point.name
        for point in entry_points(group="ldpaudit.protocols")
        if point.value.startswith("ldpaudit.")
    }
    named = {n for n in mine if n in KNOWN}
    assert {"grr", "ss", "sue", "oue", "olh", "hr", "pgr", "mss", "smss", "amss"} <= named
    looks = [
        (style.colour, style.marker, style.dashes)
        for style in styles({n: n for n in mine}).values()
    ]
    assert len(looks) == len(set(looks))


def test_neither_colour_nor_marker_alone_must_tell_the_common_ones_apart() -> None:
    common = [KNOWN[name] for name in ("grr", "ss", "oue", "olh", "mss", "smss", "amss", "pgr")]
    assert len({style.colour for style in common}) == len(common)
    grey = [(style.marker, style.dashes) for style in common]
    assert len(set(grey)) == len(common)
    assert len({style.colour for style in KNOWN.values()}) == len(KNOWN)


@pytest.mark.parametrize("name", sorted(KNOWN))
def test_contrast_by_day_and_by_night(name: str) -> None:
    style = KNOWN[name]
    assert contrast(style.colour, PAPER) >= 3
    assert contrast(style.text, PAPER) >= 4.5
    for colour in (style.colour, style.text):
        assert contrast(at_night(colour), DARK_PAPER) >= 4.5


def test_words_can_be_read_on_either_paper() -> None:
    for colour in (INK, MUTED):
        assert contrast(colour, PAPER) >= 4.5
        assert contrast(at_night(colour), DARK_PAPER) >= 4.5
    assert contrast("#000000", "#ffffff") == pytest.approx(21)
    assert contrast("#777777", "#ffffff") == pytest.approx(4.48, abs=0.01)  # WCAG's own example


def test_a_look_depends_on_the_name_and_not_on_the_others() -> None:
    names = ["zeta", "alpha", "mss", "grr"]
    one = styles({name: name for name in names})
    assert one == styles({name: name for name in reversed(names)})
    for name in names:
        assert one[name] == styles({name: name})[name]


def test_sixty_strangers_are_told_apart() -> None:
    looks = styles({f"stranger-{i}": f"stranger-{i}" for i in range(60)}).values()
    assert len(set(looks)) == 60


def test_settings_of_one_protocol_share_its_colour() -> None:
    found = styles({"mss (l=4)": "mss", "mss (l=8)": "mss"})
    assert {style.colour for style in found.values()} == {KNOWN["mss"].colour}
    assert len({style.marker for style in found.values()}) == 2


def test_the_table_is_not_changed_and_its_order_does_not_set_colours(default: Results) -> None:
    before = default.frame.copy()
    pareto(default.frame)
    pd.testing.assert_frame_equal(default.frame, before)
    orders = itertools.islice(itertools.permutations(["grr", "ss", "new"]), 6)
    looks = [styles({name: name for name in order}) for order in orders]
    assert all(look == looks[0] for look in looks)
