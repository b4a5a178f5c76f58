"""One picture of an embedded data set: ``python -m gta.data.tools.contact_sheet tiny OUT.png``.

A strip of the eight frames that a network is tested on for every template, read back through the decoder.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from gta.cli import Parser, command, parse
from gta.config import DrawingConfig
from gta.data.drawn.embedded import EMBEDDED, choose_embedded
from gta.data.drawn.make import ensure_embedded
from gta.data.drawn.templates import KINDS, TEMPLATES
from gta.data.frames import segment_indices
from gta.data.read.reader import count_frames, read_frames
from gta.data.sets.formats import read_split
from gta.errors import UserError
from gta.parallel import showing

_HEADINGS = {
    "order": "Order pairs, each the time reversal of its partner",
    "motion": "Motion without order",
    "static": "Static",
}
_FRAMES, _GAP = 8, 1


def contact_sheet(root: Path, drawing: DrawingConfig, name: str, out: Path, clip: int = 0) -> None:
    """Draw the sheet from the prepared data set under ``root`` (prepared if need be) and write a PNG.

    Args:
        root: the data folder.
        drawing: the set's drawing.
        name: the set's name.
        out: the picture.
        clip: which training clip of each template, in the order of the list.

    Raises:
        UserError: the set cannot be made or read, or the picture not written.
    """
    with showing("drawing clips") as progress:
        folder = ensure_embedded(root, drawing, name, progress=progress, splits=("train",))
    by_name: dict[str, list[Path]] = {}
    for entry in read_split(folder, "train").clips:
        by_name.setdefault(entry.template, []).append(entry.path)
    strips = {t.name: strip(by_name[t.name][clip % len(by_name[t.name])]) for t in TEMPLATES}
    groups = {kind: [t.name for t in TEMPLATES if t.kind == kind] for kind in KINDS}
    half = len(TEMPLATES) // 2
    left = [_HEADINGS["order"], *groups["order"][:half]]
    right = [_HEADINGS["order"] + ", continued", *groups["order"][half:]]
    right += [_HEADINGS["motion"], *groups["motion"], _HEADINGS["static"], *groups["static"]]
    _write((left, right), strips, out)


def strip(path: Path) -> NDArray[np.uint8]:
    """Return the test frames of a video side by side, white lines between them, (H, W, 3)."""
    frames = read_frames(path, segment_indices(count_frames(path), _FRAMES))
    _, height, width, _ = frames.shape
    row = np.full((height, _FRAMES * (width + _GAP) - _GAP, 3), 255, np.uint8)
    for i, frame in enumerate(frames):
        row[:, i * (width + _GAP) : i * (width + _GAP) + width] = frame
    return row


def _write(columns: Sequence[Sequence[str]], strips: dict[str, NDArray[np.uint8]], out: Path) -> None:
    """Lay out columns of headings and named strips, and save."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure
    from PIL import Image

    width = 4.5  # inches a column
    height, pixels, _ = next(iter(strips.values())).shape
    picture = (width - 0.1) * height / pixels
    step, heading = picture + 0.2, 0.3
    tall = max(sum(step if name in strips else heading for name in column) for column in columns) + 0.05
    wide = width * len(columns)
    figure = Figure(figsize=(wide, tall), dpi=200)
    canvas = FigureCanvasAgg(figure)
    for i, column in enumerate(columns):
        x, y = i * width + 0.05, tall
        for name in column:
            y -= step if name in strips else heading
            if name not in strips:
                figure.text(x / wide, (y + 0.06) / tall, name, fontsize=9, fontweight="bold")
                continue
            figure.text(x / wide, (y + picture + 0.04) / tall, name, fontsize=8)
            axis = figure.add_axes((x / wide, y / tall, (width - 0.1) / wide, picture / tall))
            axis.imshow(strips[name], interpolation="nearest", aspect="auto")
            axis.axis("off")
    try:
        out.parent.mkdir(parents=True, exist_ok=True)
        canvas.draw()  # type: ignore[no-untyped-call]
        drawn = Image.fromarray(np.asarray(canvas.buffer_rgba())).convert("RGB")  # type: ignore[no-untyped-call]
        drawn.quantize(256, dither=Image.Dither.NONE).save(out, format="png", optimize=True)  # a third of the size
    except OSError as error:
        raise UserError(f"cannot write {out}: {error.strerror or error}; choose another place") from error


@command
def main(arguments: Sequence[str] | None = None) -> int:
    """Command line; returns the exit code."""
    parser = Parser("python -m gta.data.tools.contact_sheet", "One picture of an embedded data set.", "tiny OUT.png")
    parser.add_argument("name", help=f"the embedded data set: {', '.join(EMBEDDED)}")
    parser.add_argument("out", type=Path, help="the picture to write, PNG")
    parser.add_argument(
        "--data", type=Path, default=Path("data"), metavar="DIR", help="the data folder (default: data)"
    )
    parser.add_argument("--clip", type=int, default=0, metavar="N", help="which clip of each template (default: 0)")
    options = parse(parser, arguments)
    name, drawing = choose_embedded(options.name)
    contact_sheet(options.data, drawing, name, options.out, options.clip)
    print(options.out)
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
