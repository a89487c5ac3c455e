"""The page: it stands alone, says what the table says, and renders any string as text."""

from __future__ import annotations

import base64
import gzip
import hashlib
import html
import io
import itertools
import math
import re
from collections.abc import Callable
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from ldpaudit.comparing.results import Results
from ldpaudit.outcomes.table import COLUMNS
from ldpaudit.reports._page import _download
from ldpaudit.reports.comparison import page as written_page

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
#: How the link to the table begins: as it is, and packed where it is large.
TABLES = ("data:text/csv;charset=utf-8;base64,", "data:application/gzip;base64,")
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


def page(results: Results) -> Page:
    return Page(written_page(results).decode("utf-8"))


@pytest.fixture(scope="module")
def read(written: Path) -> Page:
    return Page(written.read_text(encoding="utf-8"))


def test_page_stands_alone(read: Page) -> None:
    scripts = [attrs for tag, attrs in read.tags if tag == "script"]
    assert scripts == [{"type": "application/json", "id": "candidates"}, {}]
    links = 0
    for tag, attrs in read.tags:
        assert tag not in {"link", "iframe", "object", "embed", "base", "img", "image"}
        assert not attrs.keys() & {
            "src",
            "xlink:href",
            "action",
            "data",
            "srcset",
            "poster",
            "style",
        }
        target = attrs.get("href") or "#"
        links += target.startswith(TABLES)
        own = re.fullmatch(r"figures/[a-z0-9-]+\.svg", target)
        assert own or target.startswith(("#", *TABLES)), (tag, target[:40])
        assert not any(name.startswith("on") for name in attrs), (tag, attrs)
    assert links == 1


def policy_of(read: Page) -> dict[str, str]:
    policies = [
        attrs["content"] or ""
        for tag, attrs in read.tags
        if tag == "meta" and attrs.get("http-equiv") == "Content-Security-Policy"
    ]
    assert len(policies) == 1
    parts = (part.strip().partition(" ") for part in policies[0].split(";"))
    return {name: value for name, _, value in parts}


def test_page_allows_its_own_script_and_style_and_nothing_else(written: Path, read: Page) -> None:
    text = written.read_text(encoding="utf-8")
    policy = policy_of(read)
    for tag, name in (("style", "style-src"), ("script", "script-src")):
        content = re.findall(rf"<{tag}>(.*?)</{tag}>", text, flags=re.DOTALL)
        assert len(content) == 1
        digest = base64.b64encode(hashlib.sha256(content[0].encode()).digest()).decode()
        assert policy[name] == f"'sha256-{digest}'"
    assert policy["default-src"] == policy["base-uri"] == policy["form-action"] == "'none'"
    assert policy["img-src"] == "data:"
    assert not any(
        "unsafe" in value or "*" in value or "http" in value for value in policy.values()
    )
    assert text.index("Content-Security-Policy") < text.index("<style>")


def test_the_table_inside_the_page_is_the_stored_one(default: Results, read: Page) -> None:
    links = [attrs for tag, attrs in read.tags if tag == "a" and "download" in attrs]
    assert [link["download"] for link in links] == ["results.csv"]
    table = base64.b64decode((links[0]["href"] or "").partition("base64,")[2])
    again = pd.read_csv(io.BytesIO(table), dtype=str)
    for column in ("value", "lower", "upper", "exact"):
        np.testing.assert_array_equal(
            again[column].astype(float), default.frame[column].astype(float)
        )


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
    assert len(figures) == 12
    assert all(attrs.get("aria-label") for attrs in figures)
    ids = [attrs["id"] for _, attrs in read.tags if "id" in attrs]
    assert len(ids) == len(set(ids))
    links = {attrs["href"] for tag, attrs in read.tags if tag == "a"}
    assert {(link or "")[1:] for link in links if (link or "#")[0] == "#"} <= set(ids)
    labels = {attrs.get("for") for tag, attrs in read.tags if tag == "label"}
    fields = {attrs.get("id") for tag, attrs in read.tags if tag in ("input", "select")}
    assert fields == labels


def test_every_value_of_the_table_is_on_the_page(default: Results, read: Page) -> None:
    shown = read.values()
    for column in ("value", "lower", "upper", "exact", "epsilon", "trials"):
        numbers = default.frame[column].dropna()
        for number in numbers[numbers != 0]:
            exact = {repr(float(number)), f"{number:.0f}" if number % 1 == 0 else ""}
            assert exact & shown, (column, number)


def test_page_says_the_finding_in_words(read: Page) -> None:
    who = "an attacker who thinks all values equally likely"
    assert f"At epsilon = 1, {who} names a user’s value from one report" in read.text
    assert "times blind guessing (1.35%)" in read.text
    assert "This attacker thinks all values equally likely, and users are drawn so." in read.text
    assert (
        "ss is on the limit: no unbiased estimate from independent users has less error"
        in read.text
    )
    assert "grr has 7.25 times the limit." in read.text
    assert "For mss the published formula puts this success at 1.74%" in read.text
    assert "All 40 audits are consistent with the claim." in read.text
    assert "1.43 times as much" in read.text


def test_page_tells_where_it_comes_from(default: Results, read: Page) -> None:
    for word in ("2025-11-24 02:00 UTC", "CC BY 4.0", "Linux x86_64", 'name = "default"'):
        assert word in read.text
    assert default.provenance["command"] in read.text


def hostile(make: Make) -> Results:
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
    return Results(pd.concat(frames), provenance, pd.DataFrame({"cell": HOSTILE}))


def test_hostile_strings_are_text(make: Make) -> None:
    raw = written_page(hostile(make)).decode("utf-8")
    read = Page(raw)
    assert read.errors == []
    assert read.open == []
    test_page_stands_alone(read)
    assert "img" not in {tag for tag, _ in read.tags}
    assert "<script>alert(1)</script>" in read.text
    assert "{{ 7 * 7 }}{% raw %}" in read.text
    assert "\x00" not in raw
    assert "\x07" not in raw
    assert raw.count("w" * 10_000) >= 1


def test_lone_surrogates_do_not_stop_it(make: Make) -> None:
    frame = make(protocols=["ss"], epsilons=[1.0]).frame
    frame = frame.assign(data=pd.Series("file\udcff", index=frame.index, dtype=object))
    read = page(Results(frame, {"study_toml": "\udcff"}, pd.DataFrame()))
    assert "file\N{REPLACEMENT CHARACTER}" in read.text


@pytest.mark.parametrize("gone", ["mse", "attack_success", "epsilon_lower", "epsilon_verdict"])
def test_a_missing_metric_does_not_matter(make: Make, gone: str) -> None:
    some = make(protocols=["grr", "mss"], epsilons=[1.0, 2.0], data=[("adult-age", 74, 45222)])
    frame = some.frame
    for kept in (
        frame[frame["metric"] != gone],
        frame.drop(frame.index[(frame["metric"] == gone) & (frame["protocol"] == "grr")]),
    ):
        read = page(replace(some, frame=kept))
        assert read.errors == []


@pytest.mark.parametrize("provenance", [{}, {"study": None, "versions": None, "notices": []}])
def test_missing_provenance_does_not_matter(make: Make, provenance: dict[str, Any]) -> None:
    results = make(protocols=["mss"], epsilons=[1.0], data=[("adult-age", 74, 45222)])
    read = page(replace(results, provenance=provenance))
    assert "The one audit is consistent with the claim." in read.text
    assert "None" not in read.text


def test_an_empty_table_makes_an_honest_page() -> None:
    results = Results(pd.DataFrame(columns=list(COLUMNS)), {}, pd.DataFrame())
    assert "The table has no attack success and no audit." in page(results).text


def test_skipped_and_failed_parts_are_listed(make: Make) -> None:
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
    frame = pd.DataFrame([*frame.to_dict("records"), failed])
    read = page(Results(frame, {}, pd.DataFrame()))
    assert "3 parts of the comparison did not run" in read.text
    assert "olh has no likelihood" in read.text
    assert "ValueError: k is too small" in read.text
    assert read.text.count("tiny") == 1


def test_rows_of_other_metrics_take_no_space(make: Make) -> None:
    frame = make(protocols=["ss"], epsilons=[1.0], data=[("x", 74, 1000)]).frame
    more = frame[frame["metric"] == "mse"].assign(metric="something_new", repetition=3)
    one, two = (page(Results(f, {}, pd.DataFrame())) for f in (frame, pd.concat([frame, more])))
    assert [tag for tag, _ in one.tags] == [tag for tag, _ in two.tags]


def test_violations_come_first_and_lead_to_their_witness(make: Make) -> None:
    frame = make(protocols=["ss", "broken"], epsilons=[1.0]).frame.copy()
    broken = (frame["protocol"] == "broken") & (frame["metric"].str.startswith("epsilon"))
    frame.loc[broken, ["value", "lower"]] = 3.25
    frame.loc[broken & (frame["metric"] == "epsilon_verdict"), "status"] = "violation"
    read = page(Results(frame, {}, pd.DataFrame()))
    assert "Of 4 audits, 2 show more than the claimed epsilon and 2 are consistent" in read.text
    targets = [a.get("href", "") for tag, a in read.tags if tag == "a"]
    ids = {attrs.get("id") for _, attrs in read.tags}
    assert sum((target or "").startswith("#audit-") for target in targets) == 6
    assert {(target or "")[1:] for target in targets if (target or "#")[0] == "#"} <= ids


def test_numbers_in_the_text_are_the_numbers_in_the_tag(written: Path) -> None:
    """What is printed is the exact value rounded, in whatever unit."""
    raw = written.read_text(encoding="utf-8")
    found = re.findall(r'<data value="([^"]+)">([^<]+)</data>(?!\])', raw)
    assert len(found) > 500
    for value, text in found:
        shown = html.unescape(text).replace(",", "").replace("−", "-")
        number = float(value)
        if "×10" in shown:
            digits = shown.translate(str.maketrans("⁻⁰¹²³⁴⁵⁶⁷⁸⁹", "-0123456789"))
            assert float(digits.replace("×10", "e")) == pytest.approx(number, rel=6e-3)
        elif shown.endswith("%"):
            assert float(shown[:-1]) == pytest.approx(100 * number, rel=6e-3)


def test_a_large_table_is_packed_and_the_same_every_time() -> None:
    small, large = _download(b"a,b\n1,2\n"), _download(b"a,b\n" + 2**17 * b"1,2\n")
    assert (small["name"], large["name"]) == ("results.csv", "results.csv.gz")
    packed = base64.b64decode(large["link"].partition("base64,")[2])
    assert gzip.decompress(packed) == b"a,b\n" + 2**17 * b"1,2\n"
    assert large == _download(b"a,b\n" + 2**17 * b"1,2\n")
