"""Chosen frames of a video file with torchcodec, where it is installed: the same pixels as :mod:`gta.data.read.pyav`.

PyAV looks at the packets first and reads what torchcodec would number or turn otherwise: films whose packets do not
tell their frames, those with a display matrix, of which torchcodec takes the turn and not the mirror, and those with
a frame that does not decode.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gta.data.read import pyav
from gta.data.read.deadline import ClipError, Deadline
from gta.data.read.video import Indices, Video, check_indices
from gta.errors import UserError

_HINT = "install torchcodec and FFmpeg 4 to 8, or choose the decoder pyav"


@contextmanager
def open_video(path: Path, deadline: Deadline) -> Iterator[Video]:
    """Open a video file with torchcodec's exact seeking on one thread, or with PyAV where that is needed.

    Raises:
        ClipError: the file is missing or corrupt.
        UserError: torchcodec or FFmpeg's libraries are not installed.
    """
    load = decoder_class()
    told = pyav.told(path)
    if told is not None:
        stream, times = told
        try:
            decoder = load(
                f"file:{path}", stream_index=stream, seek_mode="exact", num_ffmpeg_threads=1, dimension_order="NHWC"
            )
            alike = len(decoder) == len(times) and decoder.metadata.rotation is None
        except (RuntimeError, ValueError, TypeError) as error:
            raise _corrupt(path, error) from error
        if alike:
            yield _Exact(path, deadline, decoder, times)
            return
    with pyav.open_video(path, None, deadline) as video:
        yield video


class _Exact:
    """A video that torchcodec and PyAV number alike."""

    def __init__(self, path: Path, deadline: Deadline, decoder: Any, times: list[float]) -> None:  # noqa: ANN401
        self.length = len(times)
        self._path, self._deadline, self._decoder, self._times = path, deadline, decoder, times

    def take(self, indices: Indices) -> NDArray[np.uint8]:
        """Return the chosen frames, (n, H, W, 3)."""
        wanted = check_indices(self._path, indices, self.length)
        try:
            batch = self._decoder.get_frames_at(wanted)
        except (RuntimeError, ValueError, IndexError) as error:
            raise _corrupt(self._path, error) from error
        expected = [self._times[number] for number in wanted]
        if np.allclose(batch.pts_seconds.numpy(), expected, rtol=0, atol=1e-4):
            return np.asarray(batch.data.numpy(), np.uint8)
        # Where a frame does not decode, torchcodec gives the next one in its place; PyAV says what is wrong.
        with pyav.open_video(self._path, None, self._deadline) as video:
            return video.take(wanted)


def decoder_class() -> Any:  # noqa: ANN401 - torchcodec is optional
    """Return torchcodec's ``VideoDecoder``.

    Raises:
        UserError: it cannot be used here.
    """
    try:
        from torchcodec.decoders import VideoDecoder  # type: ignore[attr-defined, unused-ignore]
    except (ImportError, RuntimeError, OSError) as error:
        raise UserError(f"the decoder torchcodec cannot be used ({str(error).splitlines()[0]}); {_HINT}") from error
    return VideoDecoder


def _corrupt(path: Path, error: Exception) -> UserError:
    reason = (str(error).strip() or type(error).__name__).splitlines()[0][:120]
    if "libtorchcodec" in reason:
        return UserError(
            f"the decoder torchcodec cannot be used ({reason}); install FFmpeg, or choose the decoder pyav"
        )
    return ClipError(f"{path} cannot be decoded ({reason}); re-download the file")
