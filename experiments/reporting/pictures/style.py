"""What all pictures share: colours and shapes that colour-blind readers tell apart, and files that can be compared.

A picture's SVG names a digest of the figures that it was drawn from, so that a picture that was not drawn again after
its figures changed is found without drawing it.
"""

from __future__ import annotations

import hashlib
import io
import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np
from matplotlib import rc_context
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from PIL import Image

from gta import files
from gta.errors import UserError

BLUE, VERMILLION, GREEN, PINK, ORANGE, SKY, BLACK, BROWN = (
    "#0072B2",
    "#D55E00",
    "#009E73",
    "#CC79A7",
    "#B97F00",
    "#2E97D0",
    "#000000",
    "#7A4A21",
)
COLOURS = (BLUE, VERMILLION, GREEN, PINK, ORANGE, SKY, BLACK, BROWN)
"""Okabe and Ito's colours, brown for yellow, orange and sky blue darker: all stand out from white by 3 : 1."""
GREY = "#666666"
DPI = 110
STYLE: dict[str, Any] = {
    "svg.fonttype": "none",
    "svg.hashsalt": "gta",
    "font.family": "sans-serif",
    "font.sans-serif": ["DejaVu Sans"],
    "font.size": 9.5,
}


@dataclass(frozen=True)
class Picture:
    """A picture that can be drawn: its file name, what it shows and what it is drawn from."""

    name: str
    """File name without suffix."""
    title: str
    alt: str
    """What a reader who does not see the picture should know."""
    source: str
    """The figures as text; equal sources give equal pictures."""
    draw: Callable[[], Figure]
    palette: bool = True
    """Whether 256 colours are enough for its PNG, which then takes less than half the room; not for photographs."""
    follows: bool = True
    """Whether its SVG follows a reader's dark mode; not where light and dark are what is shown."""

    @property
    def digest(self) -> str:
        """Twelve hex digits that stand in the SVG for the figures behind it."""
        return hashlib.sha256(f"{self.name}\n{self.source}".encode()).hexdigest()[:12]

    def write(self, folder: Path) -> list[Path]:
        """Draw the picture and write ``<name>.png`` and ``<name>.svg``, without dates.

        Raises:
            UserError: the folder cannot be written.
        """
        paths = [folder / f"{self.name}.png", folder / f"{self.name}.svg"]
        with rc_context(STYLE):  # type: ignore[arg-type] # newer stubs want their own literal keys
            figure = self.draw()
            with files.replacing(paths[0]) as stream:
                stream.write(_png(figure, DPI, self.palette))
            figure.set_layout_engine("none")  # keep the places that were found for the PNG
            drawn = io.StringIO()
            metadata = {"Date": None, "Creator": None, "Description": f"figures {self.digest}"}
            figure.savefig(drawn, format="svg", metadata=metadata)
            slim = _slim(drawn.getvalue())
            files.write_text(paths[1], _dark(slim) if self.palette and self.follows else slim)
        return paths

    def png(self, dpi: int = DPI) -> bytes:
        """Return the picture as a PNG, for notebooks."""
        with rc_context(STYLE):  # type: ignore[arg-type] # newer stubs want their own literal keys
            return _png(self.draw(), dpi, self.palette)

    def is_current(self, folder: Path) -> bool:
        """Return whether the SVG on disk was drawn from these figures."""
        try:
            drawn = files.read_bytes(folder / f"{self.name}.svg")
        except UserError:
            return False
        return f"figures {self.digest}".encode() in drawn[:4000]


def _png(figure: Figure, dpi: int, palette: bool) -> bytes:
    stream = io.BytesIO()
    if not palette:
        figure.savefig(stream, format="png", dpi=dpi, metadata={"Software": None})
        return stream.getvalue()
    own = figure.dpi
    figure.set_dpi(dpi)
    canvas = FigureCanvasAgg(figure)
    canvas.draw()  # type: ignore[no-untyped-call] # once; savefig draws twice to find its layout
    size = canvas.get_width_height(physical=True)
    pixels = canvas.buffer_rgba()  # type: ignore[no-untyped-call]
    drawn = Image.frombuffer("RGBA", size, pixels, "raw", "RGBA", 0, 1).convert("RGB")
    figure.set_dpi(own)
    _palette(drawn).save(stream, "png", optimize=True)
    return stream.getvalue()


def _palette(drawn: Image.Image) -> Image.Image:
    """Return a picture in 256 colours, those of the marks kept as they are, even where they are used only once."""
    kept = [bytes.fromhex(colour[1:]) for colour in (*COLOURS, GREY, "#FFFFFF")]
    common = drawn.quantize(256 - len(kept), dither=Image.Dither.NONE)
    pixels, indices = np.asarray(drawn), np.array(common)
    for place, colour in enumerate(kept, start=256 - len(kept)):
        indices[(pixels == np.frombuffer(colour, np.uint8)).all(axis=2)] = place
    found = Image.fromarray(indices)
    palette = bytes(common.getpalette() or b"")[: 3 * (256 - len(kept))]
    found.putpalette(palette.ljust(3 * (256 - len(kept)), b"\0") + b"".join(kept))
    return found


def _slim(svg: str) -> str:
    """Return the picture without indentation, its coordinates to a thousandth of a point; text stays as it is."""

    def rounded(tag: re.Match[str]) -> str:
        return re.sub(r"(?<![\w.#-])-?\d+\.\d{4,}(?!\w)", lambda number: f"{float(number[0]):.3f}", tag[0])

    return re.sub(r"<[^!?>]+>", rounded, re.sub(r"\n +", "\n", svg))


def _dark(svg: str) -> str:
    """Let a drawing follow a reader's dark mode: lightness is turned over, hues stay; photographs would look wrong."""
    style = "<style>@media (prefers-color-scheme: dark) {:root {filter: invert(0.9) hue-rotate(180deg)}}</style>"
    head, bracket, rest = svg.partition("<defs>")
    return f"{head}{style}\n{bracket}{rest}"


def new_figure(width: float, height: float) -> Figure:
    """Return a figure of this size in inches that makes room for its labels."""
    return Figure(figsize=(width, height), layout="constrained")


def grid(axes: Axes, axis: Literal["both", "x", "y"] = "both") -> None:
    """Draw a faint grid behind the data and take away the upper and the right border."""
    axes.grid(axis=axis, alpha=0.3)
    axes.set_axisbelow(True)
    axes.spines[["top", "right"]].set_visible(False)
