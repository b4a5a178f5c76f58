"""Read a list as lines and cells, forgiving about byte order marks, line ends, quotes and separators."""

from __future__ import annotations

import codecs
import csv
import io
import re
from collections.abc import Iterable, Sequence
from pathlib import Path

from gta.data.read.media import VIDEO_SUFFIXES
from gta.errors import UserError

SEPARATORS = ("\t", ";", "|", ",", " ")
"""Between the cells of a line; the blank last, for it may stand in names."""
_COMMENT = re.compile(r"#([\s#!].*)?")
_ROW = re.compile(r"\d.*[,;|\t]|[,;|\t].*\d|\s\d+$|" + "|".join(map(re.escape, VIDEO_SUFFIXES)))
"""What follows # in a line that may be a row."""


def read_lines(path: Path) -> list[tuple[int, str]]:
    """Return (number from 1, line) of the lines that are neither blank nor comments, without ends and outer blanks.

    Args:
        path: the list, in UTF-8, or in UTF-16 with a byte order mark.

    Raises:
        UserError: the file cannot be read or is no text, or a line may be a comment or a row.
    """
    path = Path(path)
    try:
        content = path.read_bytes()
        wide = content.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE))
        text = content.decode("utf-16" if wide else "utf-8-sig")
    except UnicodeDecodeError as error:
        line = len(content[: error.start].replace(b"\r\n", b"\n").replace(b"\r", b"\n").split(b"\n"))
        raise UserError(f"{path} is not UTF-8 text: line {line}, {error.reason}; save it as UTF-8") from error
    except OSError as error:
        raise UserError(f"{path} cannot be read: {error.strerror or error}; download it again") from error
    lines = text.replace("\r\n", "\n").replace("\r", "\n").split("\n")
    # A tab in front is an empty cell, as pandas writes it above its index.
    kept = [(number, line.rstrip().lstrip(" ")) for number, line in enumerate(lines, 1) if line.strip()]
    return [(number, line) for number, line in kept if not _is_comment(path, number, line)]


def _is_comment(path: Path, number: int, line: str) -> bool:
    if not line.startswith("#"):
        return False
    if _COMMENT.fullmatch(line) or not _ROW.search(line):
        return True
    raise UserError(
        f"{path}: line {number} is a comment or a clip whose name begins with #: {line[:60]!r}; "
        f"write a blank after the # of a comment, and the path of a clip as ./#..."
    )


def read_rows(path: Path, separator: str) -> list[tuple[int, list[str]]]:
    """Return (number of the line from 1, cells) of the rows that are not blank; a quoted cell may hold the separator.

    Raises:
        UserError: the file cannot be read, or a quote is not closed.
    """
    return [(number, cells(path, number, line, separator)) for number, line in read_lines(path)]


def cells(path: Path, number: int, line: str, separator: str) -> list[str]:
    """Return the cells of a line by the rules of csv files, without outer blanks and empty cells at the end.

    Raises:
        UserError: a quote is not closed.
    """
    try:
        found = split_row(line, separator)
    except ValueError as error:
        raise UserError(f"{path}: line {number} is not a row of a csv file ({error}): {line[:60]!r}") from error
    while len(found) > 1 and not found[-1]:
        del found[-1]
    return found


def split_row(line: str, separator: str) -> list[str]:
    """Return the cells of a line by the rules of csv files, without outer blanks; several blanks separate once.

    Raises:
        ValueError: a quote is not closed.
    """
    try:
        row = next(csv.reader(io.StringIO(line), delimiter=separator, strict=True, skipinitialspace=True))
    except (csv.Error, StopIteration) as error:
        raise ValueError(str(error)) from error
    return [cell.strip() for cell in row if cell or separator != " "]


def separator_of(header: str, column: str) -> str | None:
    """Return what separates the columns of a header, one of which is ``column`` in any case; None when none does."""
    for separator in SEPARATORS:
        try:
            if column in [cell.lower() for cell in split_row(header, separator)]:
                return separator
        except ValueError:
            continue
    return None


def first_line(path: Path) -> str:
    """Return the first line that is neither blank nor a comment; empty when there is none or it cannot be read."""
    try:
        with open(path, "rb") as stream:
            start = stream.read(1 << 16)
    except OSError:
        return ""
    wide = start.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE))
    lines = start.decode("utf-16" if wide else "utf-8-sig", "replace").replace("\r", "\n").split("\n")
    return next((line.strip() for line in lines if line.strip() and not line.strip().startswith("#")), "")


def first_file(folders: Iterable[Path], names: Iterable[str]) -> Path | None:
    """Return the first of ``names`` that is a file, folder by folder."""
    chosen = tuple(names)
    for folder in folders:
        for name in chosen:
            if (folder / name).is_file():
                return folder / name
    return None


def list_folders(root: Path) -> Sequence[Path]:
    """Return where the lists of a data set may lie."""
    return root, root / "annotations", root / "labels"
