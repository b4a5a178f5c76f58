"""Files that are either whole or absent: written beside the target, synced, then renamed over it."""

from __future__ import annotations

import contextlib
import json
import os
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

from gta.errors import UserError

if TYPE_CHECKING:
    from numpy.typing import NDArray


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

    Raises:
        UserError: the folder cannot be written or the disk is full; ``path`` is left as it was.
    """
    path = Path(path)
    temporary: str | None = None
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        descriptor, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.", suffix=".part")
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
        if temporary is not None:
            with contextlib.suppress(OSError):
                os.unlink(temporary)


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


def read_json(path: Path) -> Any:  # noqa: ANN401 - any json value
    """Parse a JSON file.

    Raises:
        UserError: the file is missing, unreadable or not JSON.
    """
    try:
        return json.loads(Path(path).read_bytes())
    except FileNotFoundError as error:
        raise UserError(f"{path} does not exist") from error
    except (OSError, ValueError, RecursionError) as error:
        raise UserError(f"{path} is not readable JSON: {error}") from error


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
        UserError: it is missing or torn.
    """
    import numpy as np

    try:
        with open(path, "rb") as stream:
            if stream.read(4) != b"PK\x03\x04":  # numpy would take it for a pickle, and say how to load that
                raise ValueError("it is no .npz file")
        with np.load(path, allow_pickle=False) as stored:
            return {name: stored[name] for name in stored.files}
    except FileNotFoundError as error:
        raise UserError(f"{path} does not exist") from error
    except Exception as error:  # zipfile and numpy raise a dozen kinds for damaged bytes
        raise UserError(f"{path} is unreadable: {str(error) or type(error).__name__}") from error
