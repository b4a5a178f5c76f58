"""Lists on disk, forgiving about byte order marks, line ends and quotes."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable
from pathlib import Path

from gta.errors import UserError


def read_lines(path: Path) -> list[tuple[int, str]]:
    """Return (number from 1, line) of the lines that are not blank, without their ends and outer blanks.

    Raises:
        UserError: the file cannot be read or is not UTF-8.
    """
    try:
        text = Path(path).read_bytes().decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise UserError(f"{path} is not UTF-8 text ({error.reason} at byte {error.start}); save it as UTF-8") from error
    except OSError as error:
        raise UserError(f"{path} cannot be read: {error.strerror or error}; download it again") from error
    lines = text.replace("\r\n", "\n").replace("\r", "\n").split("\n")
    return [(number, line.strip()) for number, line in enumerate(lines, 1) if line.strip()]


def read_rows(path: Path, delimiter: str) -> list[tuple[int, list[str]]]:
    """Return (number of the line from 1, cells) of the rows that are not blank; a quoted cell may hold the delimiter.

    Raises:
        UserError: the file cannot be read, or a quote is not closed.
    """
    rows = []
    for number, line in read_lines(path):
        try:
            cells = next(csv.reader(io.StringIO(line), delimiter=delimiter, strict=True))
        except (csv.Error, StopIteration) as error:
            raise UserError(f"{path}: line {number} is not a row of a csv file ({error}): {line[:60]!r}") from error
        rows.append((number, [cell.strip() for cell in cells]))
    return rows


def first_file(folders: Iterable[Path], names: Iterable[str]) -> Path | None:
    """Return the first of ``names`` that is a file, folder by folder."""
    chosen = tuple(names)
    for folder in folders:
        for name in chosen:
            if (folder / name).is_file():
                return folder / name
    return None
