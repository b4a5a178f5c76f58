"""Sequences of blocks that several tables insert; a table file says which row uses which."""

from __future__ import annotations

from gta.config import BlockConfig, GTAConfig, NLConfig, SAConfig, TAConfig

TAPE = TAConfig(position=True, position_on="projected")
"""Temporal attention with positional embedding."""
NL: tuple[BlockConfig, ...] = (NLConfig(),)
DNL: tuple[BlockConfig, ...] = (SAConfig(), TAConfig())
"""Decoupled non-local: spatial, then temporal attention."""
GTA: tuple[BlockConfig, ...] = (SAConfig(), GTAConfig())
"""The full model: spatial attention, then Pixel GTA + Region GTA with CCMH."""
