"""Chosen frames of a video file with torchcodec, where it is installed: the same pixels as :mod:`gta.data.read.pyav`.

PyAV looks at the packets first and reads what torchcodec would number or turn otherwise: films whose packets do not
tell their frames, those with a display matrix, of which torchcodec takes the turn and not the mirror, and those with
a frame that does not decode.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gta.data.read import pyav
from gta.data.read.deadline import ClipError, Deadline
from gta.data.read.pyav import Choose, checked
from gta.errors import UserError

_HINT = "install torchcodec and FFmpeg 4 to 8, or choose the decoder pyav"


def read(path: Path, choose: Choose, deadline: Deadline) -> tuple[int, NDArray[np.uint8]]:
    """Return the number of frames and the chosen ones as RGB, (n, H, W, 3); seeks exactly, one thread.

    Raises:
        ClipError: the file is missing or corrupt.
        UserError: torchcodec or FFmpeg's libraries are not installed.
    """
    load = decoder_class()
    told = pyav.told(path)
    if told is None:
        return pyav.read(path, choose, None, deadline)
    stream, times = told
    length = len(times)
    try:
        decoder = load(
            f"file:{path}", stream_index=stream, seek_mode="exact", num_ffmpeg_threads=1, dimension_order="NHWC"
        )
        alike = len(decoder) == length and decoder.metadata.rotation is None
    except (RuntimeError, ValueError, TypeError) as error:
        raise _corrupt(path, error) from error
    if not alike:
        return pyav.read(path, choose, None, deadline)
    wanted = checked(path, choose(length), length)
    try:
        batch = decoder.get_frames_at(wanted)
    except (RuntimeError, ValueError, IndexError) as error:
        raise _corrupt(path, error) from error
    if not np.allclose(batch.pts_seconds.numpy(), [times[number] for number in wanted], rtol=0, atol=1e-4):
        return pyav.read(path, choose, None, deadline)  # where a frame does not decode, the next one stands in for it
    return length, np.asarray(batch.data.numpy(), np.uint8)


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
