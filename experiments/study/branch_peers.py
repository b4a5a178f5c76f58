"""The peers inside residual branches, STM, TEA and TAM, narrow and at their papers' scale.

Also how a stream of flow, or one of longer clips, is made of any setting.

Sources: TEA's recipe is read in its authors' code (Something-Something; 0.02 for a batch of 64, divided by ten at
epochs 30, 40 and 45 of 50, gradients clipped at 20), TAM's in the code of bLVNet-TAM (0.01 for a batch of 64, cosine,
Nesterov, nothing clipped). STM has no public code of its authors that trains it: its recipe (0.01 for a batch of 64;
epochs 30, 40, 45 of 50, on Kinetics 50, 75, 90 of 100; 10 clips of 3 crops in the test) is from memory of the paper and
was not read again. What a source leaves open is R2D's.
"""

from __future__ import annotations

import dataclasses

from experiments.study.rows import Backbone, Setting
from gta.config import (
    BackboneConfig,
    BNInceptionConfig,
    BranchConfig,
    StmConfig,
    TamConfig,
    TeaConfig,
    TrainConfig,
    ViewsConfig,
    WeightsConfig,
)

_RES2NET50 = WeightsConfig("timm", "res2net50_26w_4s.in1k")


def drawn(r2d: Setting) -> dict[Backbone, Setting]:
    """Return the narrow networks in the place of the R2D of a drawn data set, under its recipe.

    Their res2 learns: part of it mixes frames and starts at random, so that a frozen one would only disturb.
    """
    train = dataclasses.replace(r2d.train, frozen=("stem",))
    return {
        "stm": _with(r2d, StmConfig(reduction=8), train),
        "tea": _with(r2d, TeaConfig(base_width=24, reduction=8), train),
        "tam": _with(r2d, TamConfig(), train),
    }


def something(r2d: Setting) -> dict[Backbone, Setting]:
    """Return the networks under their recipes for Something-Something, STM and TEA also with 16 frames."""
    sgd = dataclasses.replace(r2d.train, batch_size=64, warmup_epochs=0.0)
    plain = dataclasses.replace(sgd, head_rate=1.0, bias_rate=1.0)
    tam = dataclasses.replace(plain, schedule="cosine", milestones=(), nesterov=True, clip_norm=None)
    found = _full(r2d, plain, dataclasses.replace(sgd, lr=0.02), tam)
    found["stm"] = dataclasses.replace(found["stm"], views=ViewsConfig(clips=10, crops=3))
    return found | {"stm_16": longer(found["stm"]), "tea_16": longer(found["tea"])}


def kinetics(r2d: Setting) -> dict[Backbone, Setting]:
    """Return the networks under their recipes for Kinetics-400.

    TEA's and TAM's are those for Something-Something, with frames and views of R2D.
    """
    step = TrainConfig("sgd", lr=0.01, weight_decay=5e-4, batch_size=64, epochs=50, warmup_epochs=0.0)
    stm = dataclasses.replace(step, epochs=100, milestones=(50, 75, 90))
    tea = dataclasses.replace(step, lr=0.02, head_rate=5.0, bias_rate=2.0)
    tam = dataclasses.replace(step, schedule="cosine", milestones=(), nesterov=True, clip_norm=None)
    return _full(r2d, stm, tea, tam)


def longer(setting: Setting, frames: int = 16) -> Setting:
    """Return the same network and recipe for clips of another number of frames."""
    return dataclasses.replace(setting, data=dataclasses.replace(setting.data, frames=frames))


def of_flow(colours: Setting, first_rate: float = 1.0) -> Setting:
    """Return the stream of optical flow beside a network of colours: the same network and recipe.

    Nothing is frozen: the first convolution has seen colours only. In the code of TSN, TRN and TSM it learns five times
    as fast.
    """
    assert isinstance(colours.backbone, BackboneConfig | BNInceptionConfig)
    return dataclasses.replace(
        colours,
        backbone=dataclasses.replace(colours.backbone, inputs=10),
        data=dataclasses.replace(colours.data, modality="flow"),
        train=dataclasses.replace(colours.train, frozen=(), first_rate=first_rate),
    )


def _full(r2d: Setting, stm: TrainConfig, tea: TrainConfig, tam: TrainConfig) -> dict[Backbone, Setting]:
    return {
        "stm": _with(r2d, StmConfig(), stm),
        "tea": dataclasses.replace(_with(r2d, TeaConfig(), tea), pretrain=_RES2NET50),
        "tam": _with(r2d, TamConfig(), tam),
    }


def _with(r2d: Setting, branch: BranchConfig, train: TrainConfig) -> Setting:
    """Return the setting of R2D with a module inside its residual branches and another recipe."""
    assert isinstance(r2d.backbone, BackboneConfig)
    return dataclasses.replace(r2d, backbone=dataclasses.replace(r2d.backbone, branch=branch), train=train)
