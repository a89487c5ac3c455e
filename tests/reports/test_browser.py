"""The page in a real browser: it opens, sorts, filters, answers, prints, and asks for nothing."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import pytest

from ldpaudit.analysis.recommendation import recommend_from
from ldpaudit.comparing.results import Results
from ldpaudit.reports.comparison import page as written_page
from ldpaudit.reports.comparison import table

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

Make = Callable[..., Results]
Open = Callable[..., Any]
TABLE = "#limit table.data >> nth=0"


@pytest.fixture(scope="module")
def shown(browser: Browser) -> Iterator[Open]:
    """Open a file and note everything that it asks for or complains about."""
    contexts = []

    def show(path: Path, **options: Any) -> Page:
        context = browser.new_context(**{"viewport": {"width": 1280, "height": 900}} | options)
        contexts.append(context)
        page = context.new_page()
        noted: list[str] = []
        page.on("console", lambda message: noted.append(f"console: {message.text}"))
        page.on("pageerror", lambda error: noted.append(f"error: {error}"))
        page.on("dialog", lambda dialog: noted.append(f"dialog: {dialog.message}"))
        page.on("request", lambda request: noted.append(f"request: {request.url[:80]}"))
        page.noted = noted  # type: ignore[attr-defined]
        page.goto(path.as_uri())
        return page

    yield show
    for context in contexts:
        context.close()


@pytest.fixture(scope="module")
def page(shown: Open, written: Path) -> Page:
    opened: Page = shown(written)
    return opened


@pytest.fixture(autouse=True)
def _fresh(request: pytest.FixtureRequest) -> None:
    """Tests that share the page start from the page as it opens."""
    if "page" in request.fixturenames:
        opened = request.getfixturevalue("page")
        if getattr(opened, "used", False):
            opened.reload()
        opened.used = True


def column(page: Page, table: str, name: str) -> list[str]:
    """Cells of the rows that are shown, as text or as exact value."""
    script = """([table, name]) => {
        const heads = [...table.tHead.rows[table.tHead.rows.length - 1].cells];
        const at = heads.findIndex((head) => head.innerText.replace(/\\s+/g, " ").trim() === name);
        return [...table.tBodies[0].rows].filter((row) => !row.hidden).map((row) => {
            const data = row.cells[at].querySelector("data");
            return data ? data.value : row.cells[at].innerText.trim();
        });
    }"""
    handle = page.query_selector(table)
    found: list[str] = page.evaluate(script, [handle, name])
    return found


def test_opens_from_a_file_and_asks_for_nothing(shown: Open, written: Path) -> None:
    page = shown(written)
    assert page.noted == [f"request: {written.as_uri()[:80]}"]
    assert page.title().endswith("attack success against accuracy")
    page.mouse.wheel(0, 20_000)
    page.keyboard.press("End")
    assert len(page.noted) == 1


def test_works_without_scripts(shown: Open, written: Path) -> None:
    page = shown(written, java_script_enabled=False)
    assert page.locator("#caps").is_hidden()
    assert page.locator("#choice table >> nth=1").is_visible()
    assert page.locator(".scripted").is_hidden()
    assert page.locator(f"{TABLE} >> tbody tr").count() == 20
    assert page.noted == [f"request: {written.as_uri()[:80]}"]


def test_no_other_script_runs(page: Page) -> None:
    """The policy stops what markup brings in, and text that becomes code."""
    page.evaluate("""() => {
        window.ran = [];
        const tried = (attempt) => { try { attempt(); } catch { /* trusted types refuse */ } };
        const script = document.createElement("script");
        tried(() => { script.textContent = "window.ran.push('script')"; });
        document.body.append(script);
        const markup = "<img src=x onerror='window.ran.push(1)'>";
        tried(() => document.body.insertAdjacentHTML("beforeend", markup));
        tried(() => document.body.setAttribute("onclick", "window.ran.push('handler')"));
        document.body.click();
    }""")
    page.wait_for_timeout(50)
    assert page.evaluate("window.ran") == []
    page.noted.clear()  # type: ignore[attr-defined]


def test_sorting(page: Page) -> None:
    before = column(page, TABLE, "protocol")
    head = page.locator(f"{TABLE} >> th", has_text="distance")
    button = head.locator("button")
    button.click()
    rising = [float(value) for value in column(page, TABLE, "distance to the limit")]
    assert head.get_attribute("aria-sort") == "ascending"
    assert rising == sorted(rising)
    button.press("Enter")
    falling = [float(value) for value in column(page, TABLE, "distance to the limit")]
    assert head.get_attribute("aria-sort") == "descending"
    assert falling == rising[::-1]
    page.locator(f"{TABLE} >> th >> button", has_text="protocol").press("Space")
    assert head.get_attribute("aria-sort") is None
    assert column(page, TABLE, "protocol") == sorted(before)
    page.locator(f"{TABLE} >> th >> button", has_text="protocol").click()
    page.locator(f"{TABLE} >> th >> button", has_text="protocol").click()
    assert column(page, TABLE, "protocol") == before


def test_filtering(page: Page) -> None:
    bar = page.locator("#limit .filter >> nth=0")
    bar.locator("input").fill("11.6 grr")
    assert column(page, TABLE, "protocol") == ["grr"]
    bar.locator("input").fill("OLH")
    assert all("olh" in " ".join(row) for row in zip(
        column(page, TABLE, "protocol"), column(page, TABLE, "dominated by"), strict=True
    ))  # fmt: skip
    bar.locator("input").fill("")
    bar.locator("select").select_option("2")
    assert set(column(page, TABLE, "claimed epsilon")) == {"2"}
    assert bar.locator("[role=status]").inner_text() == "5 of 20 rows"
    bar.locator("input").fill("no such thing")
    assert column(page, TABLE, "protocol") == []
    other = page.locator("#limit table.data >> nth=1").locator("tbody tr:visible")
    assert other.count() == 20


def test_a_verdict_leads_to_its_witness_even_if_it_is_filtered_away(page: Page) -> None:
    audits = page.locator("table.data", has_text="with their witnesses").first
    bar = page.locator(".filter", has=page.locator("[aria-label*='witnesses']")).first
    bar.locator("input").fill("no such thing")
    link = page.locator("#epsilon .matrix a").nth(3)
    target = str(link.get_attribute("href"))
    link.click()
    row = page.locator(target)
    row.wait_for(state="visible")
    assert "input 0 supported, input 1 not" in row.inner_text()
    assert audits.locator("tbody tr:visible").count() == 20


def test_pointing_at_a_marker_says_its_values(page: Page, default: Results) -> None:
    plate = page.locator("#trade-off .plate").first
    plate.scroll_into_view_if_needed()
    marks = plate.locator(".marks circle")
    assert marks.count() == 20
    marks.nth(1).hover(force=True)
    tip = page.locator(".tip:visible")
    said = tip.inner_text()
    assert said.startswith("grr, ε = 1")
    rows = default.frame[(default.frame["data"] == "adult-age") & (default.frame["epsilon"] == 1)]
    exact = rows[(rows["protocol"] == "grr") & (rows["attack"] == "bayes")]["exact"].iloc[0]
    assert f"attack success {100 * exact:.2f}% (measured" in said
    box, view = tip.bounding_box(), page.viewport_size
    assert box is not None
    assert view is not None
    assert 0 <= box["x"] <= view["width"] - box["width"]
    page.mouse.move(2, 2)
    assert page.locator(".tip:visible").count() == 0


def test_arrow_keys_walk_along_the_markers(page: Page) -> None:
    plate = page.locator("#trade-off .plate").first
    plate.focus()
    for _ in range(2):
        page.keyboard.press("ArrowRight")
    assert page.locator(".tip:visible").inner_text().startswith("grr, ε = 1")
    spoken = page.locator(".spoken").first
    assert spoken.get_attribute("aria-live") == "polite"
    assert str(spoken.text_content()).startswith("grr, ε = 1, attack success 3.59%")
    page.keyboard.press("Escape")
    assert page.locator(".tip:visible").count() == 0


def test_the_download_is_the_table(page: Page, default: Results) -> None:
    with page.expect_download() as started:
        page.locator("#download").click()
    download = started.value
    assert download.suggested_filename == "results.csv"
    assert Path(download.path()).read_bytes() == table(default)


@pytest.mark.parametrize("exact", [True, False])
def test_the_page_chooses_as_the_library_does(
    shown: Open, default: Results, tmp_path: Path, exact: bool
) -> None:
    """Sixty sets of up to four caps, on exact figures and on measured ones."""
    frame = default.frame.copy()
    if not exact:
        gone = (frame["attack"] == "bayes") | (frame["metric"] == "mse")
        frame.loc[gone, "exact"] = math.nan
    results = Results(frame, {}, pd.DataFrame())
    (tmp_path / "page.html").write_bytes(written_page(results))
    page = shown(tmp_path / "page.html")
    rng = np.random.default_rng(20)
    script = """([set, caps]) => {
        const form = document.getElementById("caps");
        form.elements.set.value = set;
        const names = ["success", "bits", "mse", "influence"];
        for (const name of names) form.elements[name].value = caps[name] ?? "";
        form.dispatchEvent(new Event("input"));
        return form.dataset.best;
    }"""
    hits = 0
    for number in range(60):
        caps = {
            "success": float(np.exp(rng.uniform(-7, 0))),
            "bits": float(np.exp2(rng.uniform(3, 11))),
            "mse": float(np.exp(rng.uniform(-14, -3))),
            "influence": float(np.exp(rng.uniform(0, 5))),
        }
        asked = {name: cap for name, cap in caps.items() if rng.random() < 0.6}
        place = number % 2
        best = recommend_from(results.frame, asked).choices[place].best
        # The field is in percent; dividing by 100 again may change the last digit.
        fields = asked | ({"success": 100 * asked["success"]} if "success" in asked else {})
        got = json.loads(page.evaluate(script, [str(place), fields]))
        assert got == [[one.label, one.epsilon] for one in best], asked
        hits += bool(best)
    assert hits > 30


def test_a_cap_that_is_no_number_is_named(page: Page) -> None:
    page.locator("#caps-bits").fill("many")
    assert page.locator("#caps output").inner_text() == (
        "The cap on report size must be a number above 0."
    )
    assert page.locator("#caps-bits").get_attribute("aria-invalid") == "true"
    page.locator("#caps-bits").fill("60")
    assert page.locator("#caps output").inner_text().startswith("ss at epsilon = 1 has the least")


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_narrow_screens_and_both_papers(shown: Open, written: Path, scheme: str) -> None:
    size = {"width": 390, "height": 844}
    page = shown(written, viewport=size, color_scheme=scheme, has_touch=True)
    assert page.evaluate("document.documentElement.scrollWidth") == 390
    paper = page.evaluate("getComputedStyle(document.body).backgroundColor")
    assert paper == {"light": "rgb(255, 255, 255)", "dark": "rgb(20, 23, 26)"}[scheme]
    ink = page.locator("#trade-off .plate svg text").first.evaluate("e => getComputedStyle(e).fill")
    light = sum(int(part) for part in re.findall(r"\d+", ink)) > 3 * 128
    assert light == (scheme == "dark")
    page.locator("#trade-off .plate .marks circle").first.tap(force=True)
    assert page.locator(".tip:visible").inner_text().startswith("grr, ε = 0.5")
    assert page.noted[1:] == []


def test_prints_whole_tables_on_white_paper(shown: Open, written: Path) -> None:
    page = shown(written, color_scheme="dark")
    page.emulate_media(media="print")
    clipped = page.evaluate("""() => [...document.querySelectorAll(".scroll")].filter(
        (part) => part.checkVisibility() && part.scrollHeight > part.clientHeight + 1).length""")
    assert clipped == 0
    assert page.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(255, 255, 255)"
    assert page.locator(".filter:visible, #caps:visible, nav:visible").count() == 0
    paper = page.pdf(format="A4")
    assert paper.startswith(b"%PDF-")
    assert 4 <= len(re.findall(rb"/Type\s*/Page\b", paper)) <= 40
