"""Sequences of blocks that several tables insert, and the row on which each family is tuned."""

from __future__ import annotations

from experiments.study.rows import Row
from gta.config import BlockConfig, CGNLConfig, GCConfig, GloReConfig, GTAConfig, NLConfig, SAConfig, TAConfig

TAPE = TAConfig(position=True, position_on="projected")
"""Temporal attention with positional embedding."""
NL: tuple[BlockConfig, ...] = (NLConfig(),)
DNL: tuple[BlockConfig, ...] = (SAConfig(), TAConfig())
"""Decoupled non-local: spatial, then temporal attention."""
GTA: tuple[BlockConfig, ...] = (SAConfig(), GTAConfig())
"""The full model: spatial attention, then Pixel GTA + Region GTA with CCMH."""
CGNL: tuple[BlockConfig, ...] = (CGNLConfig(),)
GC: tuple[BlockConfig, ...] = (GCConfig(),)
GLORE: tuple[BlockConfig, ...] = (GloReConfig(),)

FAMILY_ROWS = {
    row.families[0]: row
    for row in (
        Row("R2D"),
        Row("+ SA", (SAConfig(),)),
        Row("+ SA + TA", DNL),
        Row("+ SA + TAPE", (SAConfig(), TAPE)),
        Row("+ SA + GTA", GTA),
        Row("+ SA + GTA, one block", GTA, counts=(("res4", 1),)),
        Row("+ NL", NL),
        Row("+ CGNL", CGNL),
        Row("+ GCNet", GC),
        Row("+ GloRe", GLORE),
        Row("TSM", backbone="tsm"),
        Row("TSM + SA + GTA", GTA, "tsm"),
        Row("TSM, 16 frames", backbone="tsm", frames=2),
        Row("+ SA + GTA, 16 frames", GTA, frames=2),
        Row("TSM + SA + GTA, 16 frames", GTA, "tsm", frames=2),
        Row("SlowFast", backbone="slowfast"),
        Row("SlowFast + NL", NL, "slowfast"),
        Row("SlowFast + SA + TA", DNL, "slowfast"),
        Row("SlowFast + SA + GTA", GTA, "slowfast"),
    )
}
"""One row stands for its family, whose settings are tuned on it."""
