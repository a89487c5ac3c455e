"""The documentation site: `make docs` builds it from docs/ and from the docstrings."""

from __future__ import annotations

import sys
from importlib.metadata import version as installed
from pathlib import Path

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE / "site"))

project = "ldpaudit"
author = "the ldpaudit authors"
version = release = installed("ldpaudit")
extensions = [
    "sphinx.ext.autodoc",
    "sphinx.ext.napoleon",
    "sphinx.ext.mathjax",
    "myst_nb",
    "pages",
    "checked",
    "accessible",
]
source_suffix = {".md": "myst-nb", ".ipynb": "myst-nb", ".rst": "restructuredtext"}
exclude_patterns = ["site", "_build"]
# A bare name in a docstring, as `k`, is of that object; no link is missed.
suppress_warnings = ["myst.header", "ref.python"]
nitpicky = False

# The notebook is kept with its outputs; a test of the project runs it.
nb_execution_mode = "off"
myst_enable_extensions = ["dollarmath", "deflist"]
myst_heading_anchors = 4

autodoc_member_order = "bysource"
autodoc_typehints = "signature"
autodoc_class_signature = "mixed"
autodoc_inherit_docstrings = True
napoleon_google_docstring = False
napoleon_use_rtype = False

html_theme = "furo"
html_title = "ldpaudit"
html_show_sourcelink = False
html_copy_source = False
html_theme_options = {"source_repository": "", "navigation_with_keys": True}
