"""Sequences of blocks that several tables insert, and the row on which each family is tuned."""

from __future__ import annotations

from experiments.study.rows import Row
from gta.config import (
    BlockConfig,
    CGNLConfig,
    CorrelationConfig,
    GCConfig,
    GloReConfig,
    GTAConfig,
    MotionSqueezeConfig,
    NLConfig,
    SAConfig,
    TAConfig,
)

TAPE = TAConfig(position=True, position_on="projected")
"""Temporal attention with positional embedding."""
NL: tuple[BlockConfig, ...] = (NLConfig(),)
DNL: tuple[BlockConfig, ...] = (SAConfig(), TAConfig())
"""Decoupled non-local: spatial, then temporal attention."""
GTA: tuple[BlockConfig, ...] = (SAConfig(), GTAConfig())
"""The full model: spatial attention, then Pixel GTA + Region GTA with CCMH."""
CGNL: tuple[BlockConfig, ...] = (CGNLConfig(),)
GC: tuple[BlockConfig, ...] = (GCConfig(),)
GLORE: tuple[BlockConfig, ...] = (GloReConfig(bias=True),)
MOTION_SQUEEZE: tuple[BlockConfig, ...] = (MotionSqueezeConfig(),)
"""What makes MSNet of TSM."""
CORRELATION: tuple[BlockConfig, ...] = (CorrelationConfig(),)
"""What makes CorrNet of its backbone."""

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
        Row("TSM, flow alone", backbone="tsm_flow"),
        Row("TSM + SA + GTA", GTA, "tsm"),
        Row("TSM, 16 frames", backbone="tsm", frames=2),
        Row("+ SA + GTA, 16 frames", GTA, frames=2),
        Row("TSM + SA + GTA, 16 frames", GTA, "tsm", frames=2),
        Row("SlowFast", backbone="slowfast"),
        Row("SlowFast + NL", NL, "slowfast"),
        Row("SlowFast + SA + TA", DNL, "slowfast"),
        Row("SlowFast + SA + GTA", GTA, "slowfast"),
        Row("STM", backbone="stm"),
        Row("TEA", backbone="tea"),
        Row("TEA + SA + GTA", GTA, "tea"),
        Row("TAM", backbone="tam"),
        Row("TRN", backbone="trn"),
        Row("TRN, flow alone", backbone="trn_flow"),
        Row("MSNet", MOTION_SQUEEZE, "msnet"),
        Row("MSNet, 16 frames", MOTION_SQUEEZE, "msnet", frames=2),
        Row("ECO", backbone="eco"),
        Row("bLVNet-TAM", backbone="blvnet"),
        Row("I3D", backbone="i3d"),
        Row("I3D + NL", NL, "i3d"),
        Row("I3D + SA + GTA", GTA, "i3d"),
        Row("S3D-G", backbone="s3dg"),
        Row("CorrNet", CORRELATION, "corrnet"),
    )
}
"""One row stands for its family, whose settings are tuned on it."""
