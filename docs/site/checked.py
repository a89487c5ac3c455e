"""A built site is whole: every public name has a page, and no link of its own leads nowhere."""

from __future__ import annotations

from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urldefrag, urlparse

from pages import homes, public_names
from sphinx.application import Sphinx
from sphinx.errors import SphinxError


class _Links(HTMLParser):
    """The addresses that a page names, and the places that it has."""

    def __init__(self) -> None:
        super().__init__()
        self.links: list[str] = []
        self.places: set[str] = set()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        found = dict(attrs)
        if place := found.get("id") or (found.get("name") if tag == "a" else None):
            self.places.add(place)
        for name in ("href", "src"):
            if (link := found.get(name)) and tag in ("a", "img", "link", "script"):
                self.links.append(link)


def check(app: Sphinx, exception: Exception | None) -> None:
    """Fail the build where something is missing."""
    if exception is not None or app.builder.format != "html":
        return
    root, pages = Path(app.outdir), {}
    for path in sorted(root.rglob("*.html")):
        pages[path] = _Links()
        pages[path].feed(path.read_text(encoding="utf-8"))
    home, missing = set(homes().values()), []
    for name in (f"{module}.{name}" for module, names in public_names().items() for name in names):
        own = pages.get(root / "reference" / f"{name}.html")
        if own is None or (name in home and name not in own.places):
            missing.append(f"no page for {name}")
    for path, page in pages.items():
        problems = (_dead(path, link, pages) for link in page.links)
        missing += [f"{path.relative_to(root)}: {problem}" for problem in problems if problem]
    if missing:
        raise SphinxError("the site is not whole:\n" + "\n".join(sorted(set(missing))[:50]))


def _dead(path: Path, link: str, pages: dict[Path, _Links]) -> str:
    """What is wrong with a link within the site; empty if nothing."""
    if urlparse(link).scheme or link.startswith("//"):
        return ""
    address, place = urldefrag(link)
    address = unquote(address.partition("?")[0])
    target = (path.parent / address).resolve() if address else path
    if not target.exists():
        return f"leads nowhere: {link}"
    if place and target in pages and unquote(place) not in pages[target].places:
        return f"no such place: {link}"
    return ""


def setup(app: Sphinx) -> dict[str, bool]:
    """Look at the pages when all are written."""
    app.connect("build-finished", check)
    return {"parallel_read_safe": True}
