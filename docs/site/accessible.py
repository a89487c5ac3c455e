"""What the theme leaves out for those who use a keyboard or a screen reader, as axe finds it."""

from __future__ import annotations

from pathlib import Path

from sphinx.application import Sphinx

#: A heading says its level, a code block that scrolls can be reached, and asides have names.
_SAID = (
    ('role="heading"', 'role="heading" aria-level="2"'),
    ("<pre>", '<pre tabindex="0">'),
    ('<aside class="sidebar-drawer">', '<aside class="sidebar-drawer" aria-label="Pages">'),
    ('<aside class="toc-drawer', '<aside aria-label="On this page" class="toc-drawer'),
    ('<div class="table-wrapper', '<div tabindex="0" class="table-wrapper'),
    ('<div class="output text_html">', '<div class="output text_html" tabindex="0">'),
)


def improve(app: Sphinx, exception: Exception | None) -> None:
    """Add it to every page that was built."""
    if exception is not None or app.builder.format != "html":
        return
    for path in Path(app.outdir).rglob("*.html"):
        text = path.read_text(encoding="utf-8")
        better = text
        for plain, said in _SAID:
            better = better.replace(said, plain).replace(plain, said)
        if better != text:
            path.write_text(better, encoding="utf-8", newline="\n")


def setup(app: Sphinx) -> dict[str, bool]:
    """Register with Sphinx."""
    app.connect("build-finished", improve)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
