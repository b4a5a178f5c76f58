"""Global Temporal Attention for video action understanding (He et al., BMVC 2021).

Public names are loaded when first used, so that ``import gta`` and the command lines start without torch.
"""

# ruff: noqa: F403, F405 - the star imports are for type checkers, which find each name of __all__ in them

from __future__ import annotations

import importlib
from types import ModuleType
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from gta.blocks import *
    from gta.config import *
    from gta.model import *
    from gta.pretrained import *
    from gta.training.recognizer import *

__version__ = "0.2.0"

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
    "PretrainedRecognizer",
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
    "load",
    "resample_frames",
]
_MODULES = ("gta.config", "gta.blocks", "gta.model", "gta.pretrained", "gta.training.recognizer")
"""Where the names are, the quickest to import first."""


def __getattr__(name: str) -> Any:  # noqa: ANN401 - any public name
    if name in __all__:
        for module in map(_module, _MODULES):
            if hasattr(module, name):
                return getattr(module, name)
    raise AttributeError(f"module 'gta' has no attribute {name!r}")


def _module(name: str) -> ModuleType:
    try:
        return importlib.import_module(name)
    except ModuleNotFoundError as error:
        if error.name != "pytorch_lightning":
            raise
        raise ModuleNotFoundError(
            "training needs Lightning: pip install 'gta-video[train]'", name=error.name
        ) from error


def __dir__() -> list[str]:
    return __all__
