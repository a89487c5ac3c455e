"""Run the tutorial and keep it with what it shows: ``python docs/site/tutorial.py``.

What differs between two runs that show the same (times, counts of kernels) is left out.
"""

from __future__ import annotations

import base64
import io
import sys
import tempfile
from pathlib import Path
from typing import Any

NOTEBOOK = Path(__file__).parents[1] / "tutorial.ipynb"


def run(source: Path, target: Path) -> None:
    """Execute one notebook in a fresh kernel and an empty folder, and write it with its outputs."""
    import nbformat
    from nbclient import NotebookClient

    notebook: Any = nbformat.read(source, as_version=4)
    with tempfile.TemporaryDirectory() as folder:
        resources = {"metadata": {"path": folder}}
        NotebookClient(notebook, timeout=600, kernel_name="python3", resources=resources).execute()
    notebook.metadata = {
        "kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"},
        "language_info": {"name": "python"},
    }
    for cell in notebook.cells:
        cell.metadata = {}
        for output in cell.get("outputs", ()):
            if picture := output.get("data", {}).get("image/png"):
                output["data"]["image/png"] = smaller(picture)
    target.write_text(nbformat.writes(notebook).rstrip("\n") + "\n", "utf-8", newline="\n")


def smaller(picture: str) -> str:
    """A PNG in base64 with the 128 colours that a figure has at most: a third of the bytes."""
    from PIL import Image

    drawn, out = Image.open(io.BytesIO(base64.b64decode(picture))).convert("RGB"), io.BytesIO()
    drawn.quantize(128, dither=Image.Dither.NONE).save(out, "png", optimize=True)
    return base64.b64encode(out.getvalue()).decode()


if __name__ == "__main__":
    run(NOTEBOOK, Path(sys.argv[1]) if len(sys.argv) > 1 else NOTEBOOK)
