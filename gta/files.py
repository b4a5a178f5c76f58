"""Files that are either whole or absent: written beside the target, synced, then renamed over it."""

from __future__ import annotations

import contextlib
import glob
import json
import os
import stat
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

from gta.errors import UserError

if TYPE_CHECKING:
    from zipfile import ZipInfo

    from numpy.typing import NDArray

if sys.platform != "win32":
    import fcntl

ARRAYS_LIMIT = 8 << 30
"""The most bytes of arrays that one file may unpack to; the scores of Kinetics in 30 views take half a GiB."""
KINDS = {
    stat.S_IFDIR: "a folder",
    stat.S_IFIFO: "a named pipe",
    stat.S_IFSOCK: "a socket",
    stat.S_IFCHR: "a device",
    stat.S_IFBLK: "a device",
}


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
    raise UserError(f"{path} is {KINDS.get(stat.S_IFMT(mode), 'something else')}, not a file")


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


def _sync_folder(folder: Path) -> None:
    if os.name != "posix":
        return
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def write_arrays(path: Path, arrays: Mapping[str, NDArray[Any]]) -> None:
    """Write an ``.npz`` file of arrays by name, atomically; ``numpy.load`` reads it.

    Packed with LZMA, which takes an eighth less room than what ``numpy.savez_compressed`` writes for scores. Equal
    arrays give equal files.

    Raises:
        UserError: the folder cannot be written.
    """
    import zipfile

    import numpy as np

    with replacing(path) as stream, zipfile.ZipFile(stream, "w", zipfile.ZIP_LZMA) as archive:
        for name, array in arrays.items():
            member = zipfile.ZipInfo(f"{name}.npy")  # of 1980, as numpy's own members are
            member.compress_type = zipfile.ZIP_LZMA
            with archive.open(member, "w", force_zip64=True) as part:
                np.lib.format.write_array(part, np.asanyarray(array), allow_pickle=False)


def read_arrays(path: Path) -> dict[str, NDArray[Any]]:
    """Return all arrays of an ``.npz`` file by name; no pickle is read.

    Raises:
        UserError: it is missing, torn or no regular file, or holds something else than arrays, each once.
    """
    import numpy as np

    with open_regular(path) as stream:
        try:
            if stream.read(4) != b"PK\x03\x04":  # numpy would take it for a pickle, and say how to load that
                raise ValueError("it is no .npz file")
            stream.seek(0)
            with np.load(stream, allow_pickle=False) as stored:
                _check_members(stored.zip.infolist())
                return {name: _array(name, stored[name]) for name in stored.files}
        except Exception as error:  # zipfile and numpy raise a dozen kinds for damaged bytes
            raise UserError(f"{path} is unreadable: {str(error) or type(error).__name__}") from error


def array_of(arrays: Mapping[str, NDArray[Any]], name: str, axes: int, kinds: str) -> NDArray[Any]:
    """Return the array of this name, which must have so many axes, one of numpy's ``kinds``, and not be empty.

    Raises:
        ValueError: it is missing or another one.
    """
    if name not in arrays:
        raise ValueError(f"{name} is missing")
    array = arrays[name]
    if array.ndim != axes or array.dtype.kind not in kinds or not array.size:
        raise ValueError(f"{name} is {array.dtype} {array.shape}, expected {axes} axes of kind {kinds}")
    return array


def _check_members(members: Sequence[ZipInfo]) -> None:
    size = sum(member.file_size for member in members)
    if size > ARRAYS_LIMIT:
        raise ValueError(f"it would unpack to {size:,} bytes")
    if len({member.filename for member in members}) < len(members):
        raise ValueError("an array stands twice")


def _array(name: str, value: object) -> NDArray[Any]:
    import numpy as np

    if not isinstance(value, np.ndarray):
        raise ValueError(f"{name} is no array")
    if value.dtype.kind == "U" and value.size:
        codes = value.reshape(-1).astype(value.dtype.newbyteorder("=")).view(np.uint32)
        if (codes > sys.maxunicode).any() or (codes >> 11 == 0xD800 >> 11).any():  # the second are halves of letters
            raise ValueError(f"{name} holds what is no letter")
    return value
