"""Decoded frames as RGB pictures the right way up.

A file can say how its frames are to be turned: phones film sideways and write a display matrix, cameras a number into
the Exif block of a jpg. The matrix maps a stored
position (p, q), p to the right and q downwards, to a shown one: p' = a p + c q, q' = b p + d q. Quarter turns and
mirror images are applied; any other angle counts as the nearest quarter turn.

Conversion is PyAV's own, with one scaler for the clip and one thread: by default every frame would set up its own
scaler and a pool of threads for it, which costs more than the conversion.
"""

from __future__ import annotations

import io
import struct
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from av import VideoFrame


@dataclass(frozen=True)
class Orientation:
    """First the two axes are swapped, then each can be reversed."""

    swapped: bool = False
    leftwards: bool = False
    """Reverse the rows: what is at the left comes to the right."""
    upwards: bool = False
    """Reverse the columns."""

    def size(self, height: int, width: int) -> tuple[int, int]:
        """Return height and width as shown from those that are stored, or the other way round."""
        return (width, height) if self.swapped else (height, width)

    def turn(self, picture: NDArray[np.uint8]) -> NDArray[np.uint8]:
        """Return a view of a stored picture (H, W, 3) as it is shown."""
        shown = picture.swapaxes(0, 1) if self.swapped else picture
        return shown[:: -1 if self.upwards else 1, :: -1 if self.leftwards else 1]


_QUARTERS = (
    Orientation(),
    Orientation(True, upwards=True),
    Orientation(leftwards=True, upwards=True),
    Orientation(True, leftwards=True),
)
"""Turns to the left, by their number of right angles."""
_EXIF = {
    1: Orientation(),
    2: Orientation(leftwards=True),
    3: Orientation(leftwards=True, upwards=True),
    4: Orientation(upwards=True),
    5: Orientation(True),
    6: Orientation(True, leftwards=True),
    7: Orientation(True, leftwards=True, upwards=True),
    8: Orientation(True, upwards=True),
}
_EXIF_TAG, _EXIF_WITHIN = 0x112, 4096
"""The tag's number, and the first bytes of a jpg file in which its block begins."""


class Turns:
    """How the frames of one film are to be turned.

    The matrix is read from the first frame, and again when its angle changes: a frame that was asked for its matrix
    refers to itself, so that its memory is not used again for the next one, which costs a third of the decoding.
    """

    def __init__(self) -> None:
        """Begin a film."""
        self._angle: float | None = None
        self._way = _QUARTERS[0]

    def of(self, frame: VideoFrame) -> Orientation:
        """Return how a frame is to be turned."""
        if frame.rotation != self._angle:
            self._angle, self._way = frame.rotation, _orientation(frame)
        return self._way

    def shown_size(self, frame: VideoFrame) -> tuple[int, int]:
        """Return the height and width at which a frame is shown."""
        return self.of(frame).size(frame.height, frame.width)


def _orientation(frame: VideoFrame) -> Orientation:
    try:
        side_data: Any = frame.side_data
        return from_matrix(bytes(side_data["DISPLAYMATRIX"]))
    except KeyError:
        return _QUARTERS[0]
    except ValueError:  # PyAV does not know all kinds of side data; the turn it can tell without them
        return _QUARTERS[round(frame.rotation / 90) % 4]


def from_matrix(content: bytes) -> Orientation:
    """Return what a display matrix says: nine numbers of 32 bits, a, b, u, c, d, v, x, y, w, in the machine's order."""
    a, b, _, c, d, *_ = struct.unpack("=9i", content)
    if abs(b) + abs(c) > abs(a) + abs(d):
        return Orientation(True, c < 0, b < 0)
    return Orientation(False, a < 0, d < 0)


def from_exif(content: bytes) -> Orientation:
    """Return what a jpg file says: its orientation in Exif is 1 to 8."""
    if b"Exif\0\0" not in content[:_EXIF_WITHIN]:
        return _QUARTERS[0]
    from PIL import Image

    try:
        with Image.open(io.BytesIO(content), formats=("JPEG",)) as image:
            number = image.getexif().get(_EXIF_TAG, 1)
    except Exception:  # whatever PIL raises for a damaged note: it says nothing, and the picture may be whole
        return _QUARTERS[0]
    return _EXIF.get(number, _QUARTERS[0])


def converter(size: tuple[int, int] | None) -> Callable[[VideoFrame], NDArray[np.uint8]]:
    """Return a function from decoded frames to views (H, W, 3) of RGB pictures; ``size`` is theirs, as shown."""
    from av.video.reformatter import Interpolation, VideoReformatter

    scaler, turns = VideoReformatter(), Turns()

    def convert(frame: VideoFrame) -> NDArray[np.uint8]:
        way = turns.of(frame)
        height, width = way.size(*size) if size else (None, None)
        rgb = scaler.reformat(frame, width, height, "rgb24", interpolation=Interpolation.BICUBIC, threads=1)
        plane = rgb.planes[0]
        lines: NDArray[np.uint8] = np.frombuffer(memoryview(plane), np.uint8).reshape(-1, plane.line_size)
        return way.turn(lines[: rgb.height, : 3 * rgb.width].reshape(rgb.height, rgb.width, 3))

    return convert
