"""Global Temporal Attention for video action understanding (He et al., BMVC 2021).

Public names are loaded when first used, so that ``import gta`` and the command lines start without torch.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from gta.blocks import (
        CrossChannelMultiHead,
        GlobalTemporalAttention,
        MultiHead,
        NonLocal,
        SingleMatrix,
        SpatialAttention,
        TemporalAttention,
    )
    from gta.config import (
        BackboneConfig,
        DataConfig,
        GTAConfig,
        ModelConfig,
        NLConfig,
        RunConfig,
        SAConfig,
        TAConfig,
        TrainConfig,
    )
    from gta.model import build_model, insert_blocks
    from gta.recognizer import VideoRecognizer

_HOME = {
    "gta.config": (
        "BackboneConfig",
        "DataConfig",
        "GTAConfig",
        "ModelConfig",
        "NLConfig",
        "RunConfig",
        "SAConfig",
        "TAConfig",
        "TrainConfig",
    ),
    "gta.blocks": (
        "CrossChannelMultiHead",
        "GlobalTemporalAttention",
        "MultiHead",
        "NonLocal",
        "SingleMatrix",
        "SpatialAttention",
        "TemporalAttention",
    ),
    "gta.model": ("build_model", "insert_blocks"),
    "gta.recognizer": ("VideoRecognizer",),
}
_MODULE_OF = {name: module for module, names in _HOME.items() for name in names}

__all__ = [
    "BackboneConfig",
    "CrossChannelMultiHead",
    "DataConfig",
    "GTAConfig",
    "GlobalTemporalAttention",
    "ModelConfig",
    "MultiHead",
    "NLConfig",
    "NonLocal",
    "RunConfig",
    "SAConfig",
    "SingleMatrix",
    "SpatialAttention",
    "TAConfig",
    "TemporalAttention",
    "TrainConfig",
    "VideoRecognizer",
    "build_model",
    "insert_blocks",
]


def __getattr__(name: str) -> Any:  # noqa: ANN401 - any public name
    if name not in _MODULE_OF:
        raise AttributeError(f"module 'gta' has no attribute {name!r}")
    return getattr(importlib.import_module(_MODULE_OF[name]), name)


def __dir__() -> list[str]:
    return __all__
