"""TAPE against Pixel GTA, without and with cross-channel multi-head (paper section 4.3, SSv1, R2D-50).

    | row              | w/o CCMH | w/ CCMH |
    |------------------|----------|---------|
    | + TAPE           |   46.5   |   47.2  |
    | + Pixel GTA      |   48.0   |   48.5  |
    | + SA + TAPE      |   48.4   |   48.8  |
    | + SA + Pixel GTA |   49.1   |   49.6  |

Claims of the paper: Pixel GTA beats TAPE, with and without CCMH and with and without SA; CCMH helps each of them.
The paper gives no formula for TAPE with CCMH; the reading is in `gta/blocks/attention.py:attend_groups`.

Cost: eight runs a seed, three of them shared with table_ablation_order and table_ablation_components.
Command: python -m experiments.run table_ablation_tape_ccmh
"""

from __future__ import annotations

import dataclasses

from experiments.study import Row, Table
from experiments.tables.models import TAPE
from gta.config import BlockConfig, GTAConfig, SAConfig

PIXEL = GTAConfig(region=False, mixing="single")


def _rows(name: str, block: BlockConfig, with_ccmh: BlockConfig, spatial: bool, *printed: float) -> tuple[Row, Row]:
    before: tuple[BlockConfig, ...] = (SAConfig(),) if spatial else ()
    full = f"+ SA + {name}" if spatial else f"+ {name}"
    return (
        Row(full, (*before, block), cells={"row": full, "CCMH": ""}, paper={"top1": printed[0]}),
        Row(f"{full} with CCMH", (*before, with_ccmh), cells={"row": full, "CCMH": "✓"}, paper={"top1": printed[1]}),
    )


TAPE_CCMH = dataclasses.replace(TAPE, groups=8)
PIXEL_CCMH = dataclasses.replace(PIXEL, mixing="ccmh")

TABLE = Table(
    name="table_ablation_tape_ccmh",
    title="TAPE against Pixel GTA, without and with cross-channel multi-head",
    paper_data="Something-Something v1, R2D-50",
    rows=(
        *_rows("TAPE", TAPE, TAPE_CCMH, False, 46.5, 47.2),
        *_rows("Pixel GTA", PIXEL, PIXEL_CCMH, False, 48.0, 48.5),
        *_rows("TAPE", TAPE, TAPE_CCMH, True, 48.4, 48.8),
        *_rows("Pixel GTA", PIXEL, PIXEL_CCMH, True, 49.1, 49.6),
    ),
    reference="+ TAPE",
)
