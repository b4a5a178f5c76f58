"""Execute the notebooks on the committed results and keep the outputs.

``python -m tests.support.execute_notebooks [NAME...]``
"""

from __future__ import annotations

import re
import sys
from pathlib import Path

import nbformat
from nbclient import NotebookClient

NOTEBOOKS = Path(__file__).parents[2] / "notebooks"
ADDRESS = re.compile(r" at 0x[0-9a-f]+")
STYLER = re.compile(r"\bT_[0-9a-f]{5}")


def execute(path: Path) -> nbformat.NotebookNode:
    """Run all cells in the notebook's own folder; timings, addresses and random ids are not kept."""
    notebook = nbformat.read(path, as_version=4)
    NotebookClient(notebook, timeout=900, resources={"metadata": {"path": str(path.parent)}}).execute()
    for number, cell in enumerate(notebook.cells):
        cell.metadata.pop("execution", None)
        for place, output in enumerate(cell.get("outputs", [])):
            data = output.get("data", {})
            for kind in ("text/plain", "text/html"):
                if kind in data:
                    data[kind] = STYLER.sub(f"T_{number}_{place}", ADDRESS.sub("", data[kind]))
    notebook.metadata = {
        "kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"},
        "language_info": {"name": "python"},
    }
    return notebook


def main(names: list[str]) -> None:
    for path in sorted(NOTEBOOKS.glob("*.ipynb")):
        if not names or path.stem in names:
            nbformat.write(execute(path), path)
            print(path.name)


if __name__ == "__main__":
    main(sys.argv[1:])
