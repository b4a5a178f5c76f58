"""Read chosen frames of a clip, be it a video file or a folder of jpg frames, within a limit of time.

Frames are counted, never taken from a header, and the number of one does not depend on which others are asked for.
They come the right way up: what a file says of turns and mirrors is applied to them (:mod:`gta.data.read.orientation`).
Whatever is wrong with a file is a :class:`ClipError` that names it.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, TypeVar, get_args

import numpy as np
from numpy.typing import NDArray

from gta.data.read import jpeg, pyav
from gta.data.read import probe as whole
from gta.data.read import torchcodec as codec
from gta.data.read.deadline import ClipError, Deadline, within
from gta.data.read.fields import FlowFolder
from gta.data.read.probe import Probe
from gta.data.read.video import Indices, Recounted, Video
from gta.errors import UserError, nearest
from gta.variables import read_variables

__all__ = ["ClipError", "Decoder", "Probe", "Reader", "count_frames", "probe", "read_all", "read_frames"]

T = TypeVar("T")
Decoder = Literal["pyav", "torchcodec"]


@dataclass(frozen=True)
class Reader:
    """How clips are decoded; nothing here changes a pixel."""

    decoder: Decoder = "pyav"
    timeout: float = 60.0
    """Seconds that one clip may take."""
    flow: bool = False
    """Whether clips are folders of stored flow."""

    def read(
        self,
        path: Path,
        sample: Callable[[Video], T],
        size: tuple[int, int] | None = None,
        floor: tuple[int, int] | None = None,
    ) -> T:
        """Open a clip and return what ``sample`` takes from it.

        Args:
            path: a video file or a folder of jpg frames.
            sample: chooses frames by the video's length and takes them. It is called once more when a damaged file
                turns out to have another number of frames than it promised.
            size: height and width, as shown, to which a video's frames are scaled while they are converted (by PyAV
                always).
            floor: height and width that suffice: larger jpg frames may come at a half, a quarter or an eighth.

        Raises:
            ClipError: the clip is missing, corrupt or too short, or takes longer than the time-out.
        """

        def work(deadline: Deadline) -> T:
            with self._open(path, size, floor, deadline) as video:
                try:
                    return sample(video)
                except Recounted:
                    return sample(video)

        return within(self.timeout, path, work)

    def _open(
        self, path: Path, size: tuple[int, int] | None, floor: tuple[int, int] | None, deadline: Deadline
    ) -> AbstractContextManager[Video]:
        if self.flow:
            return nullcontext(FlowFolder(path, floor, deadline))
        if os.path.isdir(path):  # unlike Path.is_dir it never raises, whatever the name
            return nullcontext(jpeg.FrameFolder(path, floor, deadline))
        if self.decoder == "torchcodec" and size is None:
            return codec.open_video(path, deadline)
        return pyav.open_video(path, size, deadline)


def choose_reader(decoder: str | None = None, timeout: float = 60.0) -> Reader:
    """Return the reader that is asked for, by the argument or else by the environment variable ``GTA_DECODER``.

    Raises:
        UserError: there is no such decoder, or it is not installed.
    """
    name = decoder or read_variables().decoder or "pyav"
    if name not in get_args(Decoder):
        raise UserError(f"GTA_DECODER is {name!r}: no such decoder; {nearest(name, get_args(Decoder))}")
    if not timeout > 0:
        raise UserError(f"the time-out of a clip is {timeout} s; it must be above 0")
    if name == "torchcodec":
        codec.decoder_class()
        return Reader("torchcodec", timeout)
    return Reader("pyav", timeout)


def count_frames(path: Path, timeout: float = 60.0) -> int:
    """Return the number of frames of a whole clip; where packets tell it nothing is decoded.

    Raises:
        ClipError: the clip is missing or holds no video, or takes longer than the time-out.
    """
    path = Path(path)
    if os.path.isdir(path):
        return len(jpeg.frame_files(path))
    return within(timeout, path, lambda deadline: pyav.count(path, deadline))


def probe(path: Path, timeout: float = 60.0) -> Probe:
    """Decode all of a clip and return how many frames came, their size as shown, and what points to damage.

    Raises:
        ClipError: the clip is missing or corrupt, or takes longer than the time-out.
    """
    path = Path(path)
    work = jpeg.probe if os.path.isdir(path) else whole.probe
    return within(timeout, path, lambda deadline: work(path, deadline))


def read_frames(path: Path, indices: Indices, size: tuple[int, int] | None = None) -> NDArray[np.uint8]:
    """Return the frames at ``indices`` (any order, repeats allowed) as RGB, (n, H, W, 3).

    Args:
        path: a video file or a folder of jpg frames.
        indices: frame numbers from 0.
        size: height and width to which a video's frames are scaled while they are converted.

    Raises:
        ClipError: the clip is missing, corrupt, or ends before the last frame that is asked for.
        UserError: ``GTA_DECODER`` names no decoder.
    """
    return choose_reader().read(Path(path), lambda video: video.take(indices), size)


def read_all(path: Path, size: tuple[int, int] | None = None) -> NDArray[np.uint8]:
    """Return every frame as RGB, (T, H, W, 3).

    Raises:
        ClipError: the clip is missing or no frame decodes.
        UserError: ``GTA_DECODER`` names no decoder.
    """
    return choose_reader().read(Path(path), lambda video: video.take(range(video.length)), size)
