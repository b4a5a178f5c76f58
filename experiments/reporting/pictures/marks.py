"""How a row looks in every picture: one colour a block, one marker a backbone."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from experiments.reporting.pictures.style import BLACK, BLUE, BROWN, GREEN, ORANGE, PINK, SKY, VERMILLION
from experiments.study.rows import Row

BLOCKS = {
    "r2d": ("no block", BLACK),
    "sa": ("spatial attention", SKY),
    "ta": ("temporal attention (DNL)", GREEN),
    "tape": ("TAPE", ORANGE),
    "gta": ("GTA and its parts", BLUE),
    "nl": ("non-local block", VERMILLION),
    "other": ("its variants, joint and decoupled", PINK),
    "matching": ("motion or correlation between frames", BROWN),
}
BACKBONES = {
    "r2d": ("R2D", "o"),
    "tsm": ("TSM", "^"),
    "branch": ("STM, TEA, TAM", "v"),
    "head": ("TRN", "P"),
    "mixed": ("ECO, bLVNet-TAM", "h"),
    "slowfast": ("SlowFast", "s"),
    "3d": ("I3D, S3D-G, CorrNet", "D"),
    "ensemble": ("ensemble", "*"),
}
_MATCHING = ("ms", "correlation")
_GROUPS = {
    "stm": "branch",
    "tea": "branch",
    "tam": "branch",
    "trn": "head",
    "msnet": "tsm",
    "eco": "mixed",
    "blvnet": "mixed",
    "i3d": "3d",
    "s3dg": "3d",
    "corrnet": "3d",
}
_DASHES: tuple[Any, ...] = ("-", (0, (5, 2)), (0, (1, 1.5)), (0, (6, 2, 1, 2)), (0, (9, 4)), (0, (3, 1, 1, 1, 1, 1)))
_SHAPES = "oDvPX^s"


def block_of(row: Row) -> str:
    """Return which block a row inserts, a key of :data:`BLOCKS`."""
    own = row.members[0] if row.members else row
    if not own.blocks:
        return "r2d"
    family = own.family.rpartition("+")[2]
    return family if family in BLOCKS else "matching" if family in _MATCHING else "other"


def backbone_of(row: Row) -> str:
    """Return a row's kind of backbone, a key of :data:`BACKBONES`."""
    own = row.backbone.partition("_")[0]
    return "ensemble" if row.members else _GROUPS.get(own, own)


def lines_of(rows: Iterable[Row]) -> list[dict[str, Any]]:
    """Return matplotlib's options for one line a row.

    The colour is that of the block in every picture. Rows of one block differ in dashes and marker, in the order given.
    """
    seen: dict[str, int] = {}
    options = []
    for row in rows:
        block = block_of(row)
        nth = seen[block] = seen.get(block, -1) + 1
        options.append(
            {
                "color": BLOCKS[block][1],
                "linestyle": _DASHES[nth % len(_DASHES)],
                "marker": _SHAPES[nth % len(_SHAPES)],
                "markersize": 5,
                "fillstyle": "none" if nth % 2 else "full",
            }
        )
    return options
