"""Read regular files and JSON; what is missing, too long or damaged gives one line that names the file."""

from __future__ import annotations

import json
import os
import stat
from pathlib import Path
from typing import IO, Any

from gta.errors import UserError

FILE_TYPES = {
    stat.S_IFDIR: "a folder",
    stat.S_IFIFO: "a named pipe",
    stat.S_IFSOCK: "a socket",
    stat.S_IFCHR: "a device",
    stat.S_IFBLK: "a device",
}


def open_regular(path: Path) -> IO[bytes]:
    """Open a file for reading; what only looks like one, such as a pipe that would be waited for, is refused.

    Raises:
        UserError: it is missing, cannot be read, or is no regular file nor a link to one.
    """
    try:
        mode = os.stat(path).st_mode
        if stat.S_ISREG(mode):
            return open(path, "rb")
    except FileNotFoundError as error:
        what = "is a link to nothing" if os.path.islink(path) else "does not exist"
        raise UserError(f"{path} {what}") from error
    except (OSError, ValueError) as error:
        raise UserError(f"{path} is not readable: {getattr(error, 'strerror', None) or error}") from error
    raise UserError(f"{path} is {FILE_TYPES.get(stat.S_IFMT(mode), 'something else')}, not a file")


def read_bytes(path: Path, limit: int | None = None) -> bytes:
    """Return the content of a regular file.

    Raises:
        UserError: it is missing, unreadable, no regular file, or longer than ``limit`` bytes.
    """
    with open_regular(path) as stream:
        try:
            content = stream.read(-1 if limit is None else limit + 1)
        except (OSError, MemoryError) as error:
            raise UserError(f"{path} is not readable: {error or 'it does not fit into memory'}") from error
    if limit is not None and len(content) > limit:
        raise UserError(f"{path} is longer than {limit:,} bytes")
    return content


def read_json(path: Path, limit: int | None = None) -> Any:  # noqa: ANN401 - any json value
    """Parse a JSON file.

    Raises:
        UserError: the file is missing, unreadable, longer than ``limit`` bytes or not JSON, or repeats a name.
    """
    content = read_bytes(path, limit)
    try:
        return parse_json(content)
    except ValueError as error:
        raise UserError(f"{path} is not readable JSON: {error}") from error


def parse_json(content: bytes | str) -> Any:  # noqa: ANN401 - any json value
    """Parse JSON.

    Raises:
        ValueError: it is none, is nested too deeply, or an object repeats a name.
    """
    try:
        return json.loads(content, object_pairs_hook=_unique)
    except RecursionError as error:
        raise ValueError("it is nested too deeply") from error


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        names = [name for name, _ in pairs]
        raise ValueError(f"{next(name for name in names if names.count(name) > 1)!r} stands twice in an object")
    return found
