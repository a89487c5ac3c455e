"""How quickly saved pages open in Chromium, and how large they are.

Usage: python benchmarks/pages.py [FOLDER ...]

Without a FOLDER of `ldpaudit compare` the default study and one of 576 cells are run first. Each
page is opened seven times in a new context of 1,280 by 900 pixels, from disk, by the Chromium
that LDPAUDIT_CHROMIUM names, that is on the PATH or that Playwright has installed. Printed
are its size in MB, medians of its first contentful paint and of its load event after the start of
navigation in milliseconds, and the processor time of the page's main thread in milliseconds: all
of it, in scripts, and in styles and layout. The exit code is 1 where a page is larger than 2.5 MB.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import statistics
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

from before import LARGE

import ldpaudit

#: As root in a container there is no sandbox; nothing here may reach a network.
QUIET = ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-sync"]
TURNS = 7
LARGEST = 2.5
PAINT = """() => new Promise(done => new PerformanceObserver(list => {
    const paint = list.getEntriesByName("first-contentful-paint")[0];
    if (paint) done([paint.startTime,
        performance.getEntriesByType("navigation")[0].loadEventEnd]);
}).observe({type: "paint", buffered: true}))"""
#: Of what Chromium counts, in seconds.
COUNTED = ("TaskDuration", "ScriptDuration", "RecalcStyleDuration", "LayoutDuration")


def opened(page: Path) -> list[tuple[float, ...]]:
    """Milliseconds of every turn: paint, load, and the main thread's time by what it did."""
    from playwright.sync_api import sync_playwright

    found = list[tuple[float, ...]]()
    path = os.environ.get("LDPAUDIT_CHROMIUM") or shutil.which("chromium")
    with (
        sync_playwright() as playwright,
        contextlib.closing(playwright.chromium.launch(executable_path=path, args=QUIET)) as it,
    ):
        for _ in range(TURNS):
            context = it.new_context(viewport={"width": 1280, "height": 900})
            tab = context.new_page()
            session = context.new_cdp_session(tab)
            session.send("Performance.enable", {"timeDomain": "threadTicks"})
            tab.goto(page.as_uri(), wait_until="load")
            paint, load = tab.evaluate(PAINT)
            told = {
                one["name"]: one["value"]
                for one in session.send("Performance.getMetrics")["metrics"]
            }
            spent, scripts, styles, layout = (1e3 * told[name] for name in COUNTED)
            found.append((paint, load, spent, scripts, styles + layout))
            context.close()
    return found


def folders(given: list[str], made: Path) -> Iterator[tuple[str, Path]]:
    """Pages by what they are called."""
    for name in given:
        yield name, Path(name)
    if given:
        return
    (made / "large.toml").write_text(LARGE, encoding="utf-8")
    for name, study in (("default study", "default"), ("576 cells", made / "large.toml")):
        folder = made / name.replace(" ", "-")
        ldpaudit.compare(study, jobs=2).save(folder)
        yield name, folder


def main(given: list[str]) -> int:
    """Print a line per page."""
    print(f"{'':20} {'MB':>6} {'paint':>7} {'load':>7} {'thread':>7} {'script':>7} {'layout':>7}")
    large = 0
    with tempfile.TemporaryDirectory() as folder:
        for name, place in folders(given, Path(folder)):
            page = (place / "report.html").resolve()
            size = page.stat().st_size / 1e6
            medians = (statistics.median(column) for column in zip(*opened(page), strict=True))
            shown = " ".join(f"{one:7.0f}" for one in medians)
            print(
                f"{name:20} {size:6.2f} {shown}{'  too large' if size > LARGEST else ''}",
                flush=True,
            )
            large += size > LARGEST
    return 1 if large else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
