"""The page in a real browser where it is hard: hostile text, forty protocols, a strict reader."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd
import pytest

from ldpaudit.comparing.results import Results
from ldpaudit.reports.comparison import page as written_page

if TYPE_CHECKING:
    from playwright.sync_api import Browser

Make = Callable[..., Results]
HOSTILE = [
    "<script>window.hit = 1</script>",
    "\"><img src=x onerror='window.hit = 1'>",
    "</script><script>window.hit = 1</script><!--",
    "</style></title></pre></svg><svg onload=window.hit=1>",
    "javascript:window.hit=1",
    "\u202eevil\u202c مرحبا 👩‍🔬🦊",
    "\\u003cscript\\u003e ${window.hit = 1} {{ 7 * 7 }}",
    "w" * 10_000,
]


def test_hostile_strings_do_nothing(browser: Browser, make: Make, tmp_path: Path) -> None:
    base = make(protocols=["ss"], epsilons=[1.0, 2.0], data=[("x", 74, 1000)]).frame
    frames = []
    for text in HOSTILE:
        frame = base.assign(protocol=text, data=text, parameters=text)
        frame.loc[frame["metric"] == "epsilon_lower", ["reason", "method", "attack"]] = text
        frames.append(frame)
    provenance: dict[str, Any] = dict.fromkeys(
        ("study_toml", "seed", "created", "command", "alpha"), "\n".join(HOSTILE)
    )
    provenance |= {"study": {"name": HOSTILE[0]}, "versions": {t: t for t in HOSTILE}}
    results = Results(pd.concat(frames), provenance | {"notices": HOSTILE}, pd.DataFrame())
    (tmp_path / "page.html").write_bytes(written_page(results))
    noted: list[str] = []
    page = browser.new_page(viewport={"width": 390, "height": 844})
    page.on("console", lambda message: noted.append(message.text))
    page.on("pageerror", lambda error: noted.append(str(error)))
    page.on("dialog", lambda dialog: noted.append(dialog.message))
    page.on("request", lambda request: noted.append(request.url))
    page.goto((tmp_path / "page.html").as_uri())
    for option in range(len(HOSTILE)):
        page.locator("#caps-set").select_option(str(option))
    for plate in page.locator("#trade-off .plate").all():
        plate.focus()
        page.keyboard.press("ArrowRight")
    for head in page.locator("#limit th button").all()[:6]:
        head.click()
    assert noted == [(tmp_path / "page.html").as_uri()]
    assert page.evaluate("window.hit") is None
    assert page.locator("script").count() == 2
    assert page.locator("img, iframe, svg[onload]").count() == 0
    texts = set(page.locator("#limit tbody bdi").all_inner_texts())
    assert set(HOSTILE[:5]) <= texts
    assert page.evaluate("document.documentElement.scrollWidth") == 390
    page.close()


@pytest.mark.slow
def test_forty_protocols_at_ten_epsilons(browser: Browser, make: Make, tmp_path: Path) -> None:
    """Below 5 MB, with every row and every mark."""
    data = [("zipf(1)", 1024, 10_000)]
    some = make(epsilons=[0.5 * i for i in range(1, 11)], data=data).frame
    frame = pd.concat([some.assign(protocol=some["protocol"] + f"-{i}") for i in range(8)])
    path = tmp_path / "page.html"
    path.write_bytes(written_page(Results(frame, {}, pd.DataFrame())))
    assert path.stat().st_size < 5e6
    page = browser.new_page(viewport={"width": 1280, "height": 900})
    page.goto(path.as_uri())
    assert page.locator("#limit tbody tr").count() == 400
    assert page.locator("#trade-off .marks circle").count() == 400
    page.close()


@pytest.mark.parametrize(("width", "scheme"), [(1280, "light"), (390, "dark")])
def test_no_serious_barrier(
    browser: Browser, make: Make, tmp_path: Path, width: int, scheme: Any
) -> None:
    """What axe-core finds on a page that has every part: verdicts of all kinds, gaps, failures."""
    from axe_playwright_python.sync_playwright import Axe  # type: ignore[import-untyped]

    frame = make(protocols=["grr", "mss"], epsilons=[1.0, 2.0], data=[("x", 74, 1000)]).frame.copy()
    verdict = frame["metric"] == "epsilon_verdict"
    frame.loc[frame.index[verdict][:2], "status"] = ["violation", "inconclusive"]
    frame.loc[frame["attack"] == "single-guess", ["status", "reason"]] = ["skipped", "why not"]
    provenance = {"study_toml": "name = 'x'", "notices": ["a notice"], "seed": 1}
    (tmp_path / "page.html").write_bytes(written_page(Results(frame, provenance, pd.DataFrame())))
    page = browser.new_page(viewport={"width": width, "height": 900}, color_scheme=scheme)
    page.goto((tmp_path / "page.html").as_uri())
    page.locator("#trade-off .plate").focus()
    page.keyboard.press("ArrowRight")
    found = Axe().run(page).response["violations"]
    assert [(v["id"], v["impact"], v["nodes"][0]["html"][:200]) for v in found] == []
    page.close()
