"""The page: it stands alone, says what the table says, and renders any string as text."""

from __future__ import annotations

import csv
import html
import itertools
import json
import math
import re
import time
from collections.abc import Callable
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from ldpaudit._table import COLUMNS
from ldpaudit.outcomes import Results
from ldpaudit.reports import save_comparison

Make = Callable[..., Results]
HOSTILE = [
    "<script>alert(1)</script>",
    "\"><img src=x onerror='alert(1)'>",
    "{{ 7 * 7 }}{% raw %}",
    "</style></title></pre><svg onload=alert(1)>",
    "\u202eevil\u202c مرحبا 👩‍🔬🦊",
    'new\nline,"quoted";\ttab\'',
    "$\\frac{a}{b}$ $x",
    "null \x00 bell \x07",
    "w" * 10_000,
]
VOID = {"meta", "br", "link", "img", "input", "hr"}


class Page(HTMLParser):
    """Tags, attributes, text and nesting of a page."""

    def __init__(self, text: str) -> None:
        super().__init__(convert_charrefs=True)
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.words: list[str] = []
        self.open: list[str] = []
        self.errors: list[str] = []
        self.feed(text)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        if not self.open or self.open.pop() != tag:
            self.errors.append(tag)

    def handle_data(self, data: str) -> None:
        self.words.append(data)

    @property
    def text(self) -> str:
        return " ".join("".join(self.words).split())

    def values(self) -> set[str]:
        return {attrs["value"] or "" for tag, attrs in self.tags if tag == "data"}


def page(results: Results, folder: Path) -> Page:
    save_comparison(results, folder)
    return Page((folder / "report.html").read_text(encoding="utf-8"))


@pytest.fixture(scope="module")
def read(saved: Path) -> Page:
    return Page((saved / "report.html").read_text(encoding="utf-8"))


def test_page_stands_alone(read: Page) -> None:
    for tag, attrs in read.tags:
        assert tag not in {"script", "link", "iframe", "object", "embed", "base", "img", "image"}
        for name in ("src", "href", "xlink:href", "action", "data", "srcset", "poster"):
            value = attrs.get(name)
            assert value is None or value.startswith("#"), (tag, name, value)
        assert not any(name.startswith("on") for name in attrs), (tag, attrs)
    styles = " ".join(attrs.get("style") or "" for _, attrs in read.tags)
    assert not re.search(r"url\((?!#)|@import", styles)


def test_page_forbids_what_it_does_not_need(saved: Path, read: Page) -> None:
    policies = [
        attrs["content"]
        for tag, attrs in read.tags
        if tag == "meta" and attrs.get("http-equiv") == "Content-Security-Policy"
    ]
    assert len(policies) == 1
    parts = {part.strip() for part in (policies[0] or "").split(";")}
    assert {"default-src 'none'", "style-src 'unsafe-inline'", "img-src data:"} <= parts
    assert not any("script" in part for part in parts)
    text = (saved / "report.html").read_text(encoding="utf-8")
    assert text.index("Content-Security-Policy") < text.index("<style>")


def test_page_is_well_formed_and_accessible(read: Page) -> None:
    assert read.errors == []
    assert read.open == []
    tags = [tag for tag, _ in read.tags]
    assert tags.count("h1") == 1
    assert tags.count("caption") == tags.count("table")
    assert ("html", {"lang": "en"}) in read.tags
    levels = [int(tag[1]) for tag in tags if re.fullmatch(r"h[1-6]", tag)]
    assert all(after - before <= 1 for before, after in itertools.pairwise(levels))
    figures = [attrs for _, attrs in read.tags if attrs.get("role") == "img"]
    assert len(figures) == 2
    assert all(attrs.get("aria-label") for attrs in figures)
    ids = [attrs["id"] for _, attrs in read.tags if "id" in attrs]
    assert len(ids) == len(set(ids))
    links = {attrs["href"] for tag, attrs in read.tags if tag == "a"}
    assert {(link or "")[1:] for link in links} <= set(ids)


def test_every_value_of_the_table_is_on_the_page(default: Results, read: Page) -> None:
    shown = read.values()
    for column in ("value", "lower", "upper", "exact", "epsilon", "trials"):
        numbers = default.frame[column].dropna()
        for number in numbers[numbers != 0]:
            exact = {repr(float(number)), f"{number:.0f}" if number % 1 == 0 else ""}
            assert exact & shown, (column, number)


def test_page_says_the_finding_in_words(read: Page) -> None:
    assert "At epsilon = 1, the best attacker names a user’s value from one report" in read.text
    assert "(blind guessing: 1.35%)" in read.text
    assert "For mss the published formula puts this success at 1.74%" in read.text
    assert "All 60 audits are consistent with the claim." in read.text
    assert "1.43 times as much" in read.text


def test_page_tells_where_it_comes_from(default: Results, read: Page) -> None:
    for word in ("2025-11-24 02:00 UTC", "CC BY 4.0", "Linux x86_64", 'name = "default"'):
        assert word in read.text
    assert default.provenance["command"] in read.text


def test_hostile_strings_are_text(make: Make, tmp_path: Path) -> None:
    base = make(protocols=["ss", "mss"], epsilons=[1.0], data=[("x", 74, 1000)]).frame
    frames = []
    for text in HOSTILE:
        frame = base.assign(protocol=text, data=text, parameters=text)
        frame.loc[frame["metric"] == "epsilon_lower", ["reason", "method", "attack"]] = text
        frame.loc[frame["attack"] == "single-guess", "attack"] = text
        frame.loc[frame["attack"] == "blind", ["status", "reason"]] = ["skipped", text]
        frames.append(frame)
    provenance: dict[str, Any] = dict.fromkeys(
        ("study_toml", "seed", "created", "command", "alpha"), "\n".join(HOSTILE)
    )
    provenance |= {"study": {"name": HOSTILE[0]}, "versions": {t: t for t in HOSTILE}}
    provenance["notices"] = HOSTILE
    results = Results(pd.concat(frames), provenance, pd.DataFrame({"cell": HOSTILE}))
    read = page(results, tmp_path)
    assert read.errors == []
    assert read.open == []
    test_page_stands_alone(read)
    assert {tag for tag, _ in read.tags}.isdisjoint({"script", "img"})
    assert not any("onload" in attrs or "onerror" in attrs for _, attrs in read.tags)
    assert "<script>alert(1)</script>" in read.text
    assert "{{ 7 * 7 }}{% raw %}" in read.text
    raw = (tmp_path / "report.html").read_text(encoding="utf-8")
    assert "\x00" not in raw
    assert "\x07" not in raw
    assert raw.count("w" * 10_000) >= 1
    with (tmp_path / "results.csv").open(encoding="utf-8", newline="") as file:
        assert {row["data"] for row in csv.DictReader(file)} == set(HOSTILE)
    rows = json.loads((tmp_path / "results.json").read_text(encoding="utf-8"))["rows"]
    assert {row["protocol"] for row in rows} == set(HOSTILE)


def test_lone_surrogates_do_not_stop_it(make: Make, tmp_path: Path) -> None:
    frame = make(protocols=["ss"], epsilons=[1.0]).frame
    frame = frame.assign(data=pd.Series("file\udcff", index=frame.index, dtype=object))
    read = page(Results(frame, {"study_toml": "\udcff"}, pd.DataFrame()), tmp_path)
    assert "file\N{REPLACEMENT CHARACTER}" in read.text


@pytest.mark.parametrize("gone", ["mse", "attack_success", "epsilon_lower", "epsilon_verdict"])
def test_a_missing_metric_does_not_matter(make: Make, gone: str, tmp_path: Path) -> None:
    some = make(protocols=["grr", "mss"], epsilons=[1.0, 2.0], data=[("adult-age", 74, 45222)])
    frame = some.frame
    for kept in (
        frame[frame["metric"] != gone],
        frame.drop(frame.index[(frame["metric"] == gone) & (frame["protocol"] == "grr")]),
    ):
        read = page(replace(some, frame=kept), tmp_path)
        assert read.errors == []


@pytest.mark.parametrize("provenance", [{}, {"study": None, "versions": None, "notices": []}])
def test_missing_provenance_does_not_matter(
    make: Make, provenance: dict[str, Any], tmp_path: Path
) -> None:
    results = make(protocols=["mss"], epsilons=[1.0], data=[("adult-age", 74, 45222)])
    read = page(replace(results, provenance=provenance), tmp_path)
    assert "The one audit is consistent with the claim." in read.text
    assert "None" not in read.text


def test_an_empty_table_makes_an_honest_page(tmp_path: Path) -> None:
    results = Results(pd.DataFrame(columns=list(COLUMNS)), {}, pd.DataFrame())
    assert "The table has no attack success and no audit." in page(results, tmp_path).text
    assert (tmp_path / "results.csv").read_text() == ",".join(COLUMNS) + "\n"


def test_skipped_and_failed_parts_are_listed(make: Make, tmp_path: Path) -> None:
    frame = make(protocols=["ss", "olh"], epsilons=[1.0]).frame.copy()
    skipped = (frame["attack"] == "bayes") & (frame["protocol"] == "olh")
    frame.loc[skipped, ["status", "reason"]] = ["skipped", "olh has no likelihood"]
    frame.loc[skipped, ["value", "lower", "upper", "exact"]] = math.nan
    failed = dict.fromkeys(COLUMNS) | {
        "protocol": "mss",
        "k": 3,
        "epsilon": 1.0,
        "data": "tiny",
        "status": "failed",
        "metric": "cell",
        "reason": "ValueError: k is too small",
    }
    frame = pd.concat([frame, pd.DataFrame([failed])])
    read = page(Results(frame, {}, pd.DataFrame()), tmp_path)
    assert "3 parts of the comparison did not run" in read.text
    assert "olh has no likelihood" in read.text
    assert "ValueError: k is too small" in read.text
    assert read.text.count("tiny") == 1


def test_violations_come_first_and_lead_to_their_witness(make: Make, tmp_path: Path) -> None:
    frame = make(protocols=["ss", "broken"], epsilons=[1.0]).frame.copy()
    broken = (frame["protocol"] == "broken") & (frame["metric"].str.startswith("epsilon"))
    frame.loc[broken, ["value", "lower"]] = 3.25
    frame.loc[broken & (frame["metric"] == "epsilon_verdict"), "status"] = "violation"
    read = page(Results(frame, {}, pd.DataFrame()), tmp_path)
    assert "Of 4 audits, 2 show more than the claimed epsilon and 2 are consistent" in read.text
    targets = [a.get("href", "") for tag, a in read.tags if tag == "a"]
    ids = {attrs.get("id") for _, attrs in read.tags}
    assert sum((target or "").startswith("#audit-") for target in targets) == 6
    assert {(target or "")[1:] for target in targets} <= ids


def test_forty_protocols_at_ten_epsilons_stay_small(make: Make, tmp_path: Path) -> None:
    some = make(epsilons=[0.5 * i for i in range(1, 11)], data=[("zipf(1)", 1024, 10_000)]).frame
    frame = pd.concat([some.assign(protocol=some["protocol"] + f"-{i}") for i in range(8)])
    started = time.perf_counter()
    save_comparison(Results(frame, {}, pd.DataFrame()), tmp_path)
    assert (tmp_path / "report.html").stat().st_size < 5e6
    assert time.perf_counter() - started < 60


def test_numbers_in_the_text_are_the_numbers_in_the_tag(saved: Path) -> None:
    """What is printed is the exact value rounded, in whatever unit."""
    raw = (saved / "report.html").read_text(encoding="utf-8")
    found = re.findall(r'<data value="([^"]+)" title="([^"]+)">([^<]+)</data>(?!\])', raw)
    assert len(found) > 500
    for value, title, text in found:
        assert value == title
        shown = html.unescape(text).replace(",", "").replace("−", "-")
        number = float(value)
        if "×10" in shown:
            digits = shown.translate(str.maketrans("⁻⁰¹²³⁴⁵⁶⁷⁸⁹", "-0123456789"))
            assert float(digits.replace("×10", "e")) == pytest.approx(number, rel=6e-3)
        elif shown.endswith("%"):
            assert float(shown[:-1]) == pytest.approx(100 * number, rel=6e-3)
