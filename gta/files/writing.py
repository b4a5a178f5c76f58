"""Write files that are either whole or absent: beside the target, synced, then renamed over it."""

from __future__ import annotations

import contextlib
import glob
import json
import os
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Any

from gta.errors import UserError

if sys.platform != "win32":
    import fcntl


def make_folder(folder: Path) -> None:
    """Make a folder, with those above it, unless it is there.

    Raises:
        UserError: it cannot be made, or cannot be written.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder):
            pass
    except OSError as error:
        raise UserError(f"{folder} cannot be written: {error.strerror or error}; choose another folder") from error


@contextlib.contextmanager
def replacing(path: Path) -> Iterator[IO[bytes]]:
    """Open a temporary file beside ``path``; on success it is fsynced and takes the place of ``path``.

    The temporary file is locked while it is written, so that :func:`sweep` tells it from what a kill has left.

    Raises:
        UserError: the folder cannot be written or the disk is full; ``path`` is left as it was.
    """
    path = Path(path)
    temporary: str | None = None
    lock: int | None = None
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        sweep(path.parent, f".{glob.escape(path.name)}.*.part")
        descriptor, temporary = _locked_part(path)
        lock = None if sys.platform == "win32" else os.dup(descriptor)  # keeps the file locked until it has its name
        with os.fdopen(descriptor, "wb") as stream:
            yield stream
            stream.flush()
            os.fsync(stream.fileno())
        os.chmod(temporary, 0o644)
        os.replace(temporary, path)
        temporary = None
        _sync_folder(path.parent)
    except OSError as error:
        reason = error.strerror or error
        raise UserError(f"cannot write {path}: {reason}; free space or choose another folder") from error
    finally:
        with contextlib.suppress(OSError):
            if lock is not None:
                os.close(lock)
            if temporary is not None:
                os.unlink(temporary)


def sweep(folder: Path, pattern: str = ".*.part") -> None:
    """Remove the temporary files in ``folder`` that nobody is writing: those of killed processes."""
    for part in Path(folder).glob(pattern):
        with contextlib.suppress(OSError), part.open("rb+") as stream:
            if _lock(stream.fileno()):
                part.unlink()


def _locked_part(path: Path) -> tuple[int, str]:
    while True:
        descriptor, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.", suffix=".part")
        _lock(descriptor, wait=True)
        if os.fstat(descriptor).st_nlink:
            return descriptor, temporary
        os.close(descriptor)  # it was swept away between the two lines


def _lock(descriptor: int, wait: bool = False) -> bool:
    """Lock an open file against :func:`sweep`; False when another process has, or the file system has no locks."""
    if sys.platform == "win32":
        return True  # an open file cannot be removed there
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX if wait else fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return False
    return True


def write_bytes(path: Path, content: bytes) -> None:
    """Replace ``path`` by ``content`` atomically."""
    with replacing(path) as stream:
        stream.write(content)


def write_text(path: Path, content: str) -> None:
    """Replace ``path`` by UTF-8 ``content`` atomically."""
    write_bytes(path, content.encode())


def write_json(path: Path, content: Any) -> None:  # noqa: ANN401 - any json value
    """Replace ``path`` by indented JSON with sorted keys, atomically."""
    write_text(path, json.dumps(content, indent=1, sort_keys=True, allow_nan=False) + "\n")


def _sync_folder(folder: Path) -> None:
    if os.name != "posix":
        return
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
