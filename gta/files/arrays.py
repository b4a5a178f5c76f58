"""Write and read ``.npz`` files of arrays, without pickle."""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from gta.errors import UserError
from gta.files.reading import open_regular
from gta.files.writing import replacing

if TYPE_CHECKING:
    from zipfile import ZipInfo

    from numpy.typing import NDArray

ARRAYS_LIMIT = 8 << 30
"""The most bytes of arrays that one file may unpack to; the scores of Kinetics in 30 views take half a GiB."""


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
