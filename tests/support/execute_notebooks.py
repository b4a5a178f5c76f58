"""Execute the notebooks on the committed results and keep the outputs.

``python -m tests.support.execute_notebooks [NAME...]``
"""

from __future__ import annotations

import re
import sys
from collections.abc import Sequence
from pathlib import Path

import nbformat
from nbclient import NotebookClient

from gta.cli import Parser, command, parse
from gta.errors import UserError, nearest

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


@command
def main(argv: Sequence[str] | None = None) -> int:
    """Execute the notebooks that are named, or all."""
    paths = {path.stem: path for path in sorted(NOTEBOOKS.glob("*.ipynb"))}
    parser = Parser("python -m tests.support.execute_notebooks", "Execute notebooks and keep what they show.", "tables")
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"some of {', '.join(paths)} (default: all)")
    names = parse(parser, argv).names
    for name in names:
        if name not in paths:
            raise UserError(f"there is no notebook {name!r}; {nearest(name, paths)}")
    for name, path in paths.items():
        if not names or name in names:
            nbformat.write(execute(path), path)
            print(path.name)
    return 0


if __name__ == "__main__":
    sys.exit(main())
