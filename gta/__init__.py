"""Global Temporal Attention for video action understanding (He et al., BMVC 2021).

Public names are loaded when first used, so that ``import gta`` and the command lines start without torch.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from gta.blocks import (
        CompactGeneralizedNonLocal,
        CrossChannelMultiHead,
        GlobalContext,
        GlobalReasoning,
        GlobalTemporalAttention,
        MultiHead,
        NonLocal,
        SingleMatrix,
        SpatialAttention,
        TemporalAttention,
        resample_frames,
    )
    from gta.config import (
        BackboneConfig,
        CGNLConfig,
        DataConfig,
        GCConfig,
        GloReConfig,
        GTAConfig,
        ModelConfig,
        NLConfig,
        RunConfig,
        SAConfig,
        SlowFastConfig,
        TAConfig,
        TrainConfig,
    )
    from gta.model import build_model, insert_blocks
    from gta.training.recognizer import VideoRecognizer

_HOME = {
    "gta.config": (
        "BackboneConfig",
        "CGNLConfig",
        "DataConfig",
        "GCConfig",
        "GTAConfig",
        "GloReConfig",
        "ModelConfig",
        "NLConfig",
        "RunConfig",
        "SAConfig",
        "SlowFastConfig",
        "TAConfig",
        "TrainConfig",
    ),
    "gta.blocks": (
        "CompactGeneralizedNonLocal",
        "CrossChannelMultiHead",
        "GlobalContext",
        "GlobalReasoning",
        "GlobalTemporalAttention",
        "MultiHead",
        "NonLocal",
        "SingleMatrix",
        "SpatialAttention",
        "TemporalAttention",
        "resample_frames",
    ),
    "gta.model": ("build_model", "insert_blocks"),
    "gta.training.recognizer": ("VideoRecognizer",),
}
_MODULE_OF = {name: module for module, names in _HOME.items() for name in names}

__all__ = [
    "BackboneConfig",
    "CGNLConfig",
    "CompactGeneralizedNonLocal",
    "CrossChannelMultiHead",
    "DataConfig",
    "GCConfig",
    "GTAConfig",
    "GloReConfig",
    "GlobalContext",
    "GlobalReasoning",
    "GlobalTemporalAttention",
    "ModelConfig",
    "MultiHead",
    "NLConfig",
    "NonLocal",
    "RunConfig",
    "SAConfig",
    "SingleMatrix",
    "SlowFastConfig",
    "SpatialAttention",
    "TAConfig",
    "TemporalAttention",
    "TrainConfig",
    "VideoRecognizer",
    "build_model",
    "insert_blocks",
    "resample_frames",
]


def __getattr__(name: str) -> Any:  # noqa: ANN401 - any public name
    if name not in _MODULE_OF:
        raise AttributeError(f"module 'gta' has no attribute {name!r}")
    return getattr(importlib.import_module(_MODULE_OF[name]), name)


def __dir__() -> list[str]:
    return __all__
