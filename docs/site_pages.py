"""Hook of the documents' site: pages and pictures lie where they lie in the repository.

Links between documents work in the repository and on the site alike. A link to a file that is no page, such as code,
becomes its path, because the site does not hold it. A link to nothing stays, and `mkdocs build --strict` fails on it.
"""

from __future__ import annotations

import re
from pathlib import Path, PurePosixPath
from typing import Any

from mkdocs.structure.files import File, Files

ROOT = Path(__file__).parent.parent
PAGES = ("README.md", "CONTRIBUTING.md", "docs/*.md", "results/*.md", "results/*/*.md")
ASSETS = ("docs/*.png", "results/*/*.png", "results/*/report.html", "results/*.csv", "results/*/*.csv")
LINK = re.compile(r"(?<!!)\[([^\]]+)\]\((?!https?://|mailto:|#)([^)#\s]+)(#[^)\s]*)?\)")


def on_files(files: Files, config: Any) -> Files:  # noqa: ANN401 - mkdocs' config is a mapping of anything
    """Replace the files of ``docs/`` by all documents, each at its path in the repository."""
    found = [path for pattern in (*PAGES, *ASSETS) for path in sorted(ROOT.glob(pattern))]
    names = [path.relative_to(ROOT).as_posix() for path in found]
    theme = [file for file in files if ROOT / "docs" not in Path(file.abs_src_path or "").parents]
    own = [File.generated(config, name, abs_src_path=str(ROOT / name)) for name in names]
    return Files([*theme, *own])


def on_page_markdown(markdown: str, page: Any, config: Any, files: Files) -> str:  # noqa: ANN401
    """Turn links to files that the site does not hold into their paths."""
    folder = PurePosixPath(page.file.src_uri).parent

    def linked(match: re.Match[str]) -> str:
        text, target = match[1], match[2]
        path = (ROOT / folder / target).resolve()
        if not path.exists() or not path.is_relative_to(ROOT):
            return match[0]
        name = path.relative_to(ROOT).as_posix()
        if files.get_file_from_path(name) is not None:
            return match[0]
        return text if name in text else f"{text} (`{name}`)"

    return LINK.sub(linked, markdown)
