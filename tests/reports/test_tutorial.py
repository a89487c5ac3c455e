"""The tutorial runs from top to bottom in a fresh kernel, and shows what it talks about."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

NOTEBOOK = Path(__file__).parents[2] / "docs" / "tutorial.ipynb"
RUN = """
import sys, nbformat
from nbclient import NotebookClient
notebook = nbformat.read(sys.argv[1], as_version=4)
NotebookClient(notebook, timeout=300, kernel_name="python3").execute()
nbformat.write(notebook, sys.argv[2])
"""


@pytest.fixture(scope="module")
def cells(tmp_path_factory: pytest.TempPathFactory) -> list[dict[str, Any]]:
    """Code cells after a run, in a process of its own: a kernel needs an event loop."""
    if not NOTEBOOK.exists():
        pytest.skip("the source archive has no docs")
    folder = tmp_path_factory.mktemp("tutorial")
    home = {
        name: str(folder) for name in ("IPYTHONDIR", "JUPYTER_CONFIG_DIR", "JUPYTER_RUNTIME_DIR")
    }
    ended = subprocess.run(
        [sys.executable, "-c", RUN, str(NOTEBOOK), str(folder / "run.ipynb")],
        capture_output=True,
        text=True,
        cwd=folder,
        env=os.environ | home | {"PYTHONPATH": ":".join(filter(None, sys.path))},
        check=False,
    )
    assert ended.returncode == 0, ended.stderr[-3000:]
    notebook = json.loads((folder / "run.ipynb").read_text(encoding="utf-8"))
    return [cell for cell in notebook["cells"] if cell["cell_type"] == "code"]


@pytest.mark.slow
def test_every_cell_shows_what_it_made(cells: list[dict[str, Any]]) -> None:
    shown = {"image/png": 0, "text/html": 0}
    for cell in cells[1:]:
        source = "".join(cell["source"])
        outputs = cell["outputs"]
        assert outputs or "assert" in source, source
        assert not [
            out for out in outputs if out["output_type"] == "error" or out.get("name") == "stderr"
        ]
        for out in outputs:
            for kind in shown:
                shown[kind] += kind in out.get("data", {})
    assert shown == {"image/png": 5, "text/html": 5}


@pytest.mark.slow
def test_its_findings_are_what_its_words_say(cells: list[dict[str, Any]]) -> None:
    text = json.dumps([cell["outputs"] for cell in cells], ensure_ascii=False)
    assert "The audit shows more than the claimed epsilon" in text
    assert "true 3.20" in text
    assert "<bdi>ss</bdi> is on the limit" in text
    assert "random-half" in text


def test_it_is_stored_without_outputs() -> None:
    if not NOTEBOOK.exists():
        pytest.skip("the source archive has no docs")
    notebook = json.loads(NOTEBOOK.read_text(encoding="utf-8"))
    for cell in notebook["cells"]:
        if cell["cell_type"] == "code":
            assert cell["outputs"] == []
            assert cell["execution_count"] is None
