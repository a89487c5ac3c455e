"""The tutorial runs from top to bottom in a fresh kernel, and shows what it talks about."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

NOTEBOOK = Path(__file__).parents[2] / "docs" / "tutorial.ipynb"
SHOWN = {"image/png": 5, "text/html": 5}
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
    assert shown == SHOWN


@pytest.mark.slow
def test_its_findings_are_what_its_words_say(cells: list[dict[str, Any]]) -> None:
    text = json.dumps([cell["outputs"] for cell in cells], ensure_ascii=False)
    assert "The audit shows more than the claimed epsilon" in text
    assert "true 3.20" in text
    assert "ss is on the limit" in text
    assert "random-half" in text


def test_it_is_kept_with_its_outputs_and_small() -> None:
    """As docs/site/tutorial.py writes it: run from top to bottom, nothing of one machine in it."""
    text = NOTEBOOK.read_text(encoding="utf-8")
    assert len(text) < 400_000
    assert not re.search(r"/tmp/|/home/|/root/| at 0x[0-9a-f]{6}|WARNING", text)  # noqa: S108
    code = [cell for cell in json.loads(text)["cells"] if cell["cell_type"] == "code"]
    assert [cell["execution_count"] for cell in code] == [*range(1, len(code) + 1)]
    kept = [kind for cell in code for out in cell["outputs"] for kind in out.get("data", ())]
    assert {kind: kept.count(kind) for kind in ("image/png", "text/html")} == SHOWN


@pytest.mark.slow
def test_what_is_kept_is_what_a_run_shows(cells: list[dict[str, Any]]) -> None:
    """Printed lines and kinds of outputs; figures of a run are held by the tests above."""

    def shown(cells: list[dict[str, Any]]) -> list[Any]:
        return [
            ["".join(out.get("text", "")) or sorted(out["data"]) for out in cell["outputs"]]
            for cell in cells
        ]

    notebook = json.loads(NOTEBOOK.read_text(encoding="utf-8"))
    kept = [cell for cell in notebook["cells"] if cell["cell_type"] == "code"]
    assert shown(kept) == shown(cells), "the tutorial shows something else: make tutorial"
