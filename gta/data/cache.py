"""Decoded frames of a whole split as one uint8 memory map, so that an epoch costs no decoding.

For data sets whose clips have one length. Two files: ``<split>-<H>x<W>.npy``, (clips, L, H, W, 3), and a json beside
it that says what it was made from; the array is used only while that agrees, and is rebuilt otherwise.
"""

from __future__ import annotations

import contextlib
import os
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gta.config import DrawingConfig
from gta.data.drawn.flow import LEVELS, flow_of
from gta.data.read.reader import count_frames, read_all
from gta.data.sets.splits import Split
from gta.data.transforms import scale
from gta.errors import UserError
from gta.files import read_json, write_json
from gta.parallel import Progress, patient_lock, run_batches

_FORMAT = 1


def open_cache(
    folder: Path,
    name: str,
    split: Split,
    fingerprint: str,
    resize: tuple[int, int],
    jobs: int | None = None,
    progress: Progress | None = None,
    drawing: DrawingConfig | None = None,
) -> NDArray[np.uint8]:
    """Return the frames of every clip, (clips, L, H, W, 3), read-only and memory-mapped; built when needed.

    Args:
        folder: where the cache lies.
        name: the split's name, first part of the file's name.
        split: the clips, in the order of the array's first axis.
        fingerprint: identifies the source videos' content.
        resize: height and width of the cached frames.
        jobs: processes that decode.
        progress: called with (clips done, clips in all).
        drawing: of the clips, when it is not their frames but their optical flow that is wanted, which is drawn anew.

    Raises:
        UserError: a clip does not decode or has another length than the first, or the folder cannot be written.
    """
    path = folder / f"{name}{'' if drawing is None else '-flow'}-{resize[0]}x{resize[1]}.npy"
    wanted = {"format": _FORMAT, "fingerprint": fingerprint, "clips": len(split.clips), "resize": list(resize)}
    if drawing is not None:
        wanted["flow"] = LEVELS
    found = _open(path, wanted)
    if found is not None:
        return found
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with patient_lock(path.with_suffix(".lock"), f"{path} is decoded"):
            if _open(path, wanted) is None:  # another process may have built it meanwhile
                _build(path, wanted, split, resize, jobs, progress, drawing)
    except OSError as error:
        raise UserError(
            f"cannot write {path}: {error.strerror or error}; free space or choose another data folder"
        ) from error
    built = _open(path, wanted)
    if built is None:
        raise UserError(f"{path} was just written but does not fit its description; delete {folder} and try again")
    return built


def _open(path: Path, wanted: dict[str, Any]) -> NDArray[np.uint8] | None:
    description = path.with_suffix(".json")
    if not (path.is_file() and description.is_file()):
        return None
    try:
        if read_json(description) != wanted:
            return None
        frames = np.load(path, mmap_mode="r", allow_pickle=False)
    except (UserError, ValueError, OSError):
        return None  # damaged: build it again
    shape = frames.shape
    fits = len(shape) == 5 and [shape[0], *shape[2:]] == [wanted["clips"], *wanted["resize"], 3]
    return frames if fits and frames.dtype == np.uint8 else None


def _build(
    path: Path,
    description: dict[str, Any],
    split: Split,
    resize: tuple[int, int],
    jobs: int | None,
    progress: Progress | None,
    drawing: DrawingConfig | None,
) -> None:
    length = count_frames(split.clips[0].path) - (drawing is not None)  # a field lies between two frames
    shape = (len(split.clips), length, *resize, 3)
    part = path.with_suffix(f".{os.getpid()}.part")
    path.with_suffix(".json").unlink(missing_ok=True)
    for orphan in path.parent.glob(f"{path.stem}.*.part"):  # of a killed process; the caller holds the lock
        orphan.unlink(missing_ok=True)
    try:
        np.lib.format.open_memmap(part, "w+", np.uint8, shape).flush()
        with part.open("r+b") as stream:
            if hasattr(os, "posix_fallocate"):
                # A full disk shows here as an error; writing to a sparse map would kill the process.
                os.posix_fallocate(stream.fileno(), 0, os.fstat(stream.fileno()).st_size)
        items = [(i, clip.path) for i, clip in enumerate(split.clips)]
        run_batches(_decode_into, (part, length, resize, drawing), items, jobs, progress)
        os.replace(part, path)
        write_json(path.with_suffix(".json"), description)
    finally:
        with contextlib.suppress(OSError):
            part.unlink(missing_ok=True)


def _decode_into(common: tuple[Path, int, tuple[int, int], DrawingConfig | None], item: tuple[int, Path]) -> None:
    target, length, resize, drawing = common
    row, path = item
    frames = read_all(path, resize) if drawing is None else scale(flow_of(drawing, path.stem), resize)
    if len(frames) != length:
        raise UserError(f"{path} has {len(frames)} frames, the other clips {length}; prepare the data set again")
    np.lib.format.open_memmap(target, "r+")[row] = frames
