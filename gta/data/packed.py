"""Many paths in two arrays.

A loader's worker that reads one of 170,000 Python objects counts a reference in it and so copies its page of memory;
one that is started afresh is sent all of them. Arrays stay shared, and are sent at once.
"""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path

import numpy as np


class PackedPaths:
    """Paths by their place."""

    def __init__(self, paths: Iterable[Path]) -> None:
        """Pack ``paths``."""
        encoded = [os.fsencode(path) for path in paths]
        self._text = np.frombuffer(b"".join(encoded), np.uint8)
        self._ends = np.cumsum([0, *map(len, encoded)])

    def __len__(self) -> int:
        """Number of paths."""
        return len(self._ends) - 1

    def __getitem__(self, index: int) -> Path:
        """Return one path; ``index`` counts from the first, as the clips of a split do."""
        start, end = self._ends[index : index + 2]
        return Path(os.fsdecode(self._text[start:end].tobytes()))
