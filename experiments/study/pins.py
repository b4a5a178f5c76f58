"""Settings of the peers whose size is printed or was counted by arithmetic, beside those that the tables train.

The arithmetic was done on the authors' public code or text before the networks were written here; convolutions, linear
layers and matrix products count, norms and pooling do not. Units are those of :mod:`experiments.study.printed`.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass, field

from experiments.study.printed import AUTHORS, CORRNET, GATES, MSNET, NL, POOL, S3D, TRN
from gta.config import (
    AnyBackbone,
    BackboneConfig,
    BLVNetConfig,
    BNInceptionConfig,
    CorrNetConfig,
    ECOConfig,
    I3DConfig,
    ModelConfig,
    MotionSqueezeConfig,
    NLConfig,
    Pool,
    RelationHeadConfig,
    Res2NetConfig,
    S3DGConfig,
    ShiftConfig,
    StmConfig,
    TeaConfig,
)


@dataclass(frozen=True)
class Pin:
    """A setting of a peer's network with what is printed of its size, and what was counted of it apart."""

    name: str
    models: tuple[ModelConfig, ...]
    """One, or several whose sizes are summed."""
    mparams: float
    """By arithmetic before the network was written here."""
    gmacs: float
    authors: Mapping[str, float] = field(default_factory=dict)
    paper: Mapping[str, float] = field(default_factory=dict)
    """What the paper quotes."""
    crop: int = 224
    """Side of a frame in pixels."""
    within: float = 0.005
    """Largest relative deviation of the multiply-accumulates from those of the arithmetic."""
    unexplained: Mapping[str, str] = field(default_factory=dict)
    """Why a printed figure is not pinned, by quantity."""


def _one(backbone: AnyBackbone, frames: int, classes: int = 174) -> tuple[ModelConfig, ...]:
    return (ModelConfig(classes, frames, backbone, places=()),)


_R50, _TSM = BackboneConfig(), BackboneConfig(branch=ShiftConfig())
_RES2NET, _STM, _TEA = (BackboneConfig(branch=kind()) for kind in (Res2NetConfig, StmConfig, TeaConfig))
_FLOW = dataclasses.replace(_TSM, inputs=10)
BRANCHES = (
    Pin("R50 8f", _one(_R50, 8), 23.86, 32.70, AUTHORS["tsm", "tsm"]),
    Pin("R50 16f", _one(_R50, 16), 23.86, 65.40, AUTHORS["tsm", "tsm/16f"]),
    Pin("TSM 8f @256, k400", _one(_TSM, 8, 400), 24.33, 42.71, AUTHORS["tsm_k400", "tsm"], crop=256),
    Pin("TSM 16f @256, k400", _one(_TSM, 16, 400), 24.33, 85.43, AUTHORS["tsm_k400", "tsm"], {"gmacs": 86.0}, 256),
    Pin("TSM flow 16f", _one(_FLOW, 16), 23.89, 69.81),
    Pin("TSM RGB + flow 16f", _one(_TSM, 16) + _one(_FLOW, 16), 47.8, 135.2, {"mparams": 48.6}),
    Pin("STM 8f", _one(_STM, 8), 24.03, 33.08, AUTHORS["stm", "stm"]),
    Pin("STM 16f", _one(_STM, 16), 24.03, 66.15, AUTHORS["stm", "stm"] | {"gmacs": 66.5}),
    Pin("Res2Net-50 8f", _one(_RES2NET, 8), 24.01, 34.03),
    Pin("TEA 8f", _one(_TEA, 8), 24.46, 34.54, AUTHORS["tea", "tea"]),
    Pin("TEA 16f", _one(_TEA, 16), 24.46, 69.07, {"gmacs": 70.0}),
)
"""Peers inside residual branches. TSM costs what R50 does; the 48.6 M of two streams are for 400 classes."""

_MS8 = ModelConfig(174, 8, BackboneConfig(shift_every=1), (MotionSqueezeConfig(),), (("res3", 3),))
_MS16 = dataclasses.replace(_MS8, frames=16)
_TRN = ModelConfig(174, 8, BNInceptionConfig(), places=(), head=RelationHeadConfig())
_TRN50 = dataclasses.replace(_TRN, backbone=_R50)
_INCEPTION = ModelConfig(174, 8, BNInceptionConfig(), places=())
_ECO8, _ECO16 = (ModelConfig(174, frames, ECOConfig(full=True), places=()) for frames in (8, 16))
_LITE = tuple(ModelConfig(174, frames, ECOConfig(), places=()) for frames in (16, 20, 24, 32))
_BLV50 = ModelConfig(174, 16, BLVNetConfig(), places=())
_BLV50_24 = dataclasses.replace(_BLV50, classes=400, frames=48)
_BLV101 = dataclasses.replace(_BLV50, backbone=BLVNetConfig(depths=(4, 8, 18, 3)))


_PRINTED = AUTHORS["msnet", "msnet+ms"]


def _msnet(name: str, model: ModelConfig, gmacs: float, authors: Mapping[str, float], crop: int = 224) -> Pin:
    """Return a setting of MSNet; we multiply all pairs of positions, the arithmetic near ones alone."""
    paper: Mapping[str, float] = {"gmacs": 87.0} if crop == 256 else {}
    return Pin(name, (model,), 23.935, gmacs, authors, paper, crop, 0.01, {"mparams": MSNET})


def _blvnet(name: str, frames: int, mparams: float, gmacs: float, authors: Mapping[str, float]) -> Pin:
    model = dataclasses.replace(_BLV50 if "-50" in name else _BLV101, frames=frames)
    return Pin(name, (model,), mparams, gmacs, authors, within=0.001)


FRAMES = (
    _msnet("MSNet 8f", _MS8, 33.21, _PRINTED),
    _msnet("MSNet 16f", _MS16, 66.44, _PRINTED | {"gmacs": 67.0}),
    _msnet("MSNet 16f @256", _MS16, 86.79, {"mparams": _PRINTED["mparams"]}, 256),
    Pin("TRN BNInception 8f", (_TRN,), 13.14, 16.33, AUTHORS["trn", "trn"], within=0.001, unexplained={"mparams": TRN}),
    Pin("BNInception 8f", (_INCEPTION,), 10.449, 16.254, within=0.001),
    Pin("TRN R50 8f @256", (_TRN50,), 26.64, 42.79, {"mparams": 26.64, "gmacs": 42.94}, crop=256),
    Pin("ECO Full 16f", (_ECO16,), 47.15, 64.41, AUTHORS["eco", "eco"], within=0.001),
    Pin("ECO Full 8f", (_ECO8,), 47.15, 32.21, AUTHORS["eco", "eco"] | {"gmacs": 32.0}, within=0.001),
    Pin("ECO En Lite", _LITE, 149.56, 267.3, {"mparams": 150.0, "gmacs": 267.0}, within=0.001),
    _blvnet("bLVNet-TAM-50 8x2", 16, 25.02, 23.85, AUTHORS["blvnet", "blvnet"]),
    _blvnet("bLVNet-TAM-50 16x2", 32, 25.02, 47.70, AUTHORS["blvnet", "blvnet"] | {"gmacs": 47.7}),
    Pin(
        "bLVNet-TAM-50 24x2", (_BLV50_24,), 25.48, 93.47, AUTHORS["blvnet_k400", "blvnet"], {"gmacs": 93.0}, 256, 0.001
    ),
    _blvnet("bLVNet-TAM-101 8x2", 16, 40.18, 32.15, {"gmacs": 32.1}),
    _blvnet("bLVNet-TAM-101 32x2", 64, 40.18, 128.60, {"gmacs": 128.6}),
)
"""Peers that compare or relate frames of a 2D network."""

_STRG, _R101 = I3DConfig(res5_stride=1), (3, 4, 23, 3)
_NL50 = (("res3", 1), ("res3", 3), ("res4", 1), ("res4", 3), ("res4", 5))
_NL101 = (("res3", 1), ("res3", 3), ("res4", 6), ("res4", 13), ("res4", 20))


def _non_local(pool: Pool, gmacs: float) -> Pin:
    model = ModelConfig(400, 32, _STRG, (NLConfig(pool=pool),), _NL50)
    return Pin(f"I3D+NL, {pool}", (model,), 35.40, gmacs, AUTHORS["i3d", "i3d+nl"], unexplained={"gmacs": NL})


def _non_local_101(pool: Pool, gmacs: float, unexplained: Mapping[str, str]) -> Pin:
    model = ModelConfig(400, 32, I3DConfig(depths=_R101), (NLConfig(pool=pool),), _NL101)
    return Pin(f"I3D-R101+NL, {pool}", (model,), 59.1, gmacs, {}, {"gmacs": 359.0}, 256, unexplained=unexplained)


_S3D, _BRANCH, _TEMPORAL = (_one(S3DGConfig(gates=gates), 64, 400) for gates in ("none", "branches", "temporal"))
_GATED, _OPEN = AUTHORS["s3dg", "s3dg"], {"mparams": GATES}
_CORR = "corrnet+correlation"
_CORR50, _CORR101 = _one(CorrNetConfig(), 32, 400), _one(CorrNetConfig(depths=_R101), 32, 400)
_UNSURE = {"gmacs": CORRNET}
CLIPS = (
    Pin("I3D-R50", _one(_STRG, 32), 27.58, 152.47, AUTHORS["i3d", "i3d"]),
    Pin("I3D-R50, k400", _one(_STRG, 32, 400), 28.04, 152.47, AUTHORS["i3d", "i3d"]),
    _non_local("before", 220.9),
    _non_local("after", 233.2),
    _non_local_101("before", 353.8, {}),
    _non_local_101("after", 369.9, {"gmacs": POOL}),
    Pin(
        "S3D, no gates", _S3D, 8.32, 71.92, {"mparams": 8.8, "gmacs": 66.4}, unexplained={"mparams": S3D, "gmacs": S3D}
    ),
    Pin("S3D-G, branches", _BRANCH, 9.55, 71.92, _GATED, unexplained=_OPEN),
    Pin("S3D-G, temporal", _TEMPORAL, 9.09, 71.92, _GATED, unexplained=_OPEN),
    Pin("CorrNet-50, bare", _CORR50, 28.1, 107.7, AUTHORS["corrnet", _CORR], unexplained=_UNSURE),
    Pin("CorrNet-101, bare", _CORR101, 50.5, 177.6, AUTHORS["corrnet_r101", _CORR], unexplained=_UNSURE),
)
"""Peers that read a clip as a volume: I3D with keys pooled before or after the projections, S3D with gates after the
branches or after the temporal kernels, CorrNet without its correlation blocks."""

PINS = (*BRANCHES, *FRAMES, *CLIPS)
