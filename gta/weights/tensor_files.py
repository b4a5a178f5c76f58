"""Open files of tensors. This is the one place that does: it goes by content, not by name, and runs no code.

It reads safetensors, and what ``torch.save`` writes, with ``weights_only=True``. It tells everything else by its first
bytes, so that the message says what the file is: PyTorch's own messages advise to switch the safety off.
"""

from __future__ import annotations

import hashlib
import re
import stat
import warnings
import zipfile
from pathlib import Path
from typing import Any

import torch

from gta.errors import UserError

_HEAD = 512
"""Bytes that tell what a file is."""
_AGAIN = "download or copy it again"
_FOREIGN: tuple[tuple[str, str], ...] = (
    (r"version https://git-lfs", "a pointer of git-lfs, not the file itself; fetch it with git lfs pull"),
    (r"(/|\.\./)*(\.git/)?annex/objects/", "a pointer of git-annex, not the file itself; fetch it with git annex get"),
    (r"\s*(\ufeff|\xef\xbb\xbf)?\s*<(!doctype|html|\?xml|head|body)", f"a web page; {_AGAIN}"),
    (r"(\x89PNG|\xff\xd8\xff|GIF8|BM.{4}\0\0\0\0|RIFF.{4}WEBP)", "a picture"),
    (r"(.{4}ftyp|\x1aE\xdf\xa3|RIFF.{4}AVI )", "a video"),
    (r"%PDF", "a document"),
    (r"(\x1f\x8b|BZh|\xfd7zXZ|7z\xbc\xaf|\x28\xb5\x2f\xfd|Rar!)", "a compressed archive; unpack it"),
    (r".{257}ustar", "a tar archive; unpack it"),
    (r"\x89HDF", "an HDF5 file of another toolkit; convert it to safetensors"),
    (r"\x93NUMPY", "a NumPy array; save named tensors as safetensors"),
)
_SAVE = "save its state_dict() alone, as safetensors or with torch.save"
_HUB_NAME = re.compile(r".+-([0-9a-f]{8,64})\.(pth|pt)")


def open_tensors(path: Path, mmap: bool = False) -> Any:  # noqa: ANN401 - whatever was saved
    """Return what a file of weights holds, on the CPU; names of torch hub's form are checked against the content.

    Args:
        path: safetensors, or a file of ``torch.save``, under any name.
        mmap: leave the tensors on the disk until they are read, where the format allows it.

    Raises:
        UserError: it is missing, damaged, something else, or reading it would run code; one line that says which.
    """
    head = _head(path)
    _check_hub_name(path)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            if head[8:9] == b"{":
                return _safetensors(path)
            if head.startswith(b"PK"):
                _check_archive(path)
                if mmap:
                    return torch.load(path, map_location="cpu", weights_only=True, mmap=True)
            if head.startswith((b"PK", b"\x80")):
                with open(path, "rb") as stream:  # of a path, PyTorch believes the suffix
                    return torch.load(stream, map_location="cpu", weights_only=True)
    except UserError:
        raise
    except MemoryError as error:
        raise UserError(f"{path} does not fit into memory, or is damaged") from error
    except Exception as error:  # PyTorch and pickle raise a dozen kinds for damaged bytes
        raise UserError(f"{path} is not a file of weights that can be read safely: {_reason(error)}") from error
    raise UserError(f"{path} is not a file of weights: it is {_what(head)}")


def shown(name: object) -> str:
    """Return a name from a file in a form that a terminal can show on one line."""
    return ascii(str(name)[:80])[1:-1]


def _head(path: Path) -> bytes:
    try:
        mode = path.stat().st_mode
        if not stat.S_ISREG(mode):  # reading a pipe would wait for ever
            what = "a folder" if stat.S_ISDIR(mode) else "a pipe or a device"
            raise UserError(f"{path} is not a file of weights: it is {what}")
        with open(path, "rb") as stream:
            head = stream.read(_HEAD)
    except FileNotFoundError as error:
        raise UserError(f"{path} is not a file of weights: it does not exist") from error
    except (OSError, ValueError) as error:
        raise UserError(f"{path} is not a file of weights that can be read: {error}") from error
    if not head:
        raise UserError(f"{path} is not a file of weights: it is empty; {_AGAIN}")
    return head


def _what(head: bytes) -> str:
    text = head.decode("latin-1")
    for pattern, what in _FOREIGN:
        if re.match(pattern, text, re.IGNORECASE | re.DOTALL):
            return what
    if text.isprintable() or re.fullmatch(r"[\t\n\r\x20-\x7e\x80-\xff]+", text):
        return f"text; {_AGAIN}"
    return f"in no format of tensors, or damaged; {_AGAIN}"


def _safetensors(path: Path) -> dict[str, torch.Tensor]:
    from safetensors import SafetensorError
    from safetensors.torch import load_file

    try:
        return dict(load_file(path))
    except SafetensorError as error:
        raise UserError(f"{path} is a damaged file of safetensors ({shown(error)}); {_AGAIN}") from error


def _check_archive(path: Path) -> None:
    """Refuse zip archives that ``torch.save`` has not written, and damaged ones; PyTorch checks no sums."""
    try:
        with zipfile.ZipFile(path) as archive:
            names = {name.rpartition("/")[2] for name in archive.namelist()}
            if "constants.pkl" in names:
                raise UserError(f"{path} is a TorchScript program, which is not run; {_SAVE}")
            if "data.pkl" not in names:
                raise UserError(f"{path} is not a file of weights: it is a zip archive of other files; unpack it")
            damaged = archive.testzip()
    except UserError:
        raise
    except Exception as error:  # zipfile raises a dozen kinds for damaged bytes
        raise UserError(f"{path} is cut off or damaged; {_AGAIN}") from error
    if damaged is not None:
        raise UserError(f"{path} is damaged: the check sum of its part {shown(damaged)} is wrong; {_AGAIN}")


def _reason(error: Exception) -> str:
    found = re.search(r"GLOBAL ([\w.]+)|function ([\w.]+)|class ([\w.]+)", str(error))
    if found:
        return f"it holds objects that are no tensors ({shown(found[1] or found[2] or found[3])}); {_SAVE}"
    if "nsupported" in str(error) or "Can only" in str(error):
        return f"it holds objects that are no tensors; {_SAVE}"
    return f"it is cut off or damaged; {_AGAIN}"


def _check_hub_name(path: Path) -> None:
    """Compare a file to the digits of its SHA-256 that torch hub puts into names such as ``resnet50-0676ba61.pth``."""
    named = _HUB_NAME.fullmatch(path.name)
    if named is None:
        return
    with open(path, "rb") as stream:
        found = hashlib.file_digest(stream, "sha256").hexdigest()
    if not found.startswith(named[1]):
        raise UserError(
            f"{path} is damaged or another file: its name says that its SHA-256 begins with {named[1]}, it begins with "
            f"{found[: len(named[1])]}; {_AGAIN}"
        )
