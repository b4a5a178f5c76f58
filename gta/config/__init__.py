"""The whole of a run as frozen dataclasses; equal content means the same run.

Nothing here imports torch, so that command lines answer at once. A row of a table is a value of
:class:`ModelConfig`, never a subclass. Values that do not fit raise ``ValueError`` when the config is made.
"""

from gta.config.backbones import (
    STAGES,
    AnyBackbone,
    BackboneConfig,
    BLVNetConfig,
    BNInceptionConfig,
    CorrNetConfig,
    ECOConfig,
    I3DConfig,
    Place,
    S3DGConfig,
    SlowFastConfig,
)
from gta.config.blocks import (
    BlockConfig,
    CGNLConfig,
    Domain,
    GCConfig,
    GloReConfig,
    GTAConfig,
    NLConfig,
    Pool,
    SAConfig,
    TAConfig,
)
from gta.config.branches import BranchConfig, Res2NetConfig, ShiftConfig, StmConfig, TamConfig, TeaConfig
from gta.config.data import DataConfig, DrawingConfig, EvaluationSplit, ViewsConfig
from gta.config.heads import HeadConfig, MeanHeadConfig, RegionGraphHeadConfig, RelationHeadConfig
from gta.config.identity import content_id, digest, later, to_dict
from gta.config.matching import CorrelationConfig, MotionSqueezeConfig
from gta.config.model import ModelConfig
from gta.config.run import CheckpointConfig, PretrainConfig, RunConfig, TrainConfig, WeightsConfig, run_from_dict

__all__ = [
    "STAGES",
    "AnyBackbone",
    "BLVNetConfig",
    "BNInceptionConfig",
    "BackboneConfig",
    "BlockConfig",
    "BranchConfig",
    "CGNLConfig",
    "CheckpointConfig",
    "CorrNetConfig",
    "CorrelationConfig",
    "DataConfig",
    "Domain",
    "DrawingConfig",
    "ECOConfig",
    "EvaluationSplit",
    "GCConfig",
    "GTAConfig",
    "GloReConfig",
    "HeadConfig",
    "I3DConfig",
    "MeanHeadConfig",
    "ModelConfig",
    "MotionSqueezeConfig",
    "NLConfig",
    "Place",
    "Pool",
    "PretrainConfig",
    "RegionGraphHeadConfig",
    "RelationHeadConfig",
    "Res2NetConfig",
    "RunConfig",
    "S3DGConfig",
    "SAConfig",
    "ShiftConfig",
    "SlowFastConfig",
    "StmConfig",
    "TAConfig",
    "TamConfig",
    "TeaConfig",
    "TrainConfig",
    "ViewsConfig",
    "WeightsConfig",
    "content_id",
    "digest",
    "later",
    "run_from_dict",
    "to_dict",
]
