"""Offline files that an upload has written."""

from __future__ import annotations

from pathlib import Path


def offline_files(out: Path) -> dict[str, list[Path]]:
    """Return the offline files below a folder by run id."""
    found: dict[str, list[Path]] = {}
    for path in sorted(out.glob("wandb/offline-run-*/run-*.wandb")):
        found.setdefault(path.stem.removeprefix("run-"), []).append(path)
    return found
