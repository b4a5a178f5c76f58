"""The peers that compare or relate frames of a 2D network: MSNet, TRN, ECO and bLVNet-TAM, narrow and at full scale.

Narrow, all have the common recipe of the profile. MSNet is TSM with a MotionSqueeze block at the one spot after res3
(``Row.blocks``), and TRN the head of relations on the 2D ResNet, so that the module alone tells one from TSM and the
other from R2D.

At full scale, what the authors' public code says is taken from there; what is from memory of the papers, and what is
ours because no source says it, is named.
"""

from __future__ import annotations

import dataclasses

from experiments.study.branch_peers import of_flow
from experiments.study.rows import Backbone, Setting
from gta.config import (
    BackboneConfig,
    BLVNetConfig,
    BNInceptionConfig,
    ECOConfig,
    RelationHeadConfig,
    TrainConfig,
    ViewsConfig,
    WeightsConfig,
)

ECO_SPOTS = {"res3": (0,), "res4": (0, 1)}
"""Residual blocks of the 3D network, whose widths all blocks divide."""
BLVNET_SPOTS = {"res3": (0,), "res4": (0,)}
INCEPTION_SPOTS = {"mixed3": (0,), "mixed4": (0, 1)}
_BLRESNET50, _BLRESNET101 = WeightsConfig("blvnet", "bLResNet-50"), WeightsConfig("blvnet", "bLResNet-101")


def drawn(r2d: Setting, width: int = 16) -> dict[Backbone, Setting]:
    """Return narrow versions under the recipe of ``r2d``, for clips of 8 frames of 32 pixels.

    ECO has no res2 to freeze, and only its 2D part learns much from stills. The stem of bLVNet-TAM mixes frames, so
    nothing of it is frozen.
    """
    depths = (1, 3, 5, 1)
    tsm = BackboneConfig(depths=depths, width=width, stem="small", shift_every=1)
    trn = dataclasses.replace(r2d, head=RelationHeadConfig(width=64, bottleneck=64))
    eco = dataclasses.replace(
        r2d,
        backbone=ECOConfig(full=True, width=width, stem="small", dropout_3d=r2d.dropout),
        train=dataclasses.replace(r2d.train, frozen=("stem",)),
        spots=ECO_SPOTS,
        stages=tuple(ECO_SPOTS),
    )
    return {
        "msnet": dataclasses.replace(r2d, backbone=tsm, spots={"res3": (2,)}, stages=("res3",)),
        "trn": trn,
        "trn_flow": of_flow(trn),
        "eco": eco,
        "eco_lite": dataclasses.replace(eco, backbone=ECOConfig(width=width, stem="small", dropout_3d=r2d.dropout)),
        "blvnet": dataclasses.replace(
            r2d,
            backbone=BLVNetConfig(depths=(2, 3, 5, 1), width=width, stem="small"),
            train=dataclasses.replace(r2d.train, frozen=()),
            spots=BLVNET_SPOTS,
            stages=tuple(BLVNET_SPOTS),
        ),
    }


def kinetics(r2d: Setting) -> dict[Backbone, Setting]:
    """Return the settings for Kinetics-400, beside the paper's own of R2D; with TSM, on which MSNet is built.

    TSM (Lin et al., ICCV 2019), from the authors' scripts: a rate of 0.02 for 128 clips, weight decay 1e-4, gradients
    clipped at 20, the rates of classifier and biases of Something-Something, weights of ImageNet, and for frames of
    segments 50 epochs with a tenth of the rate from 20 and 40 on. Their weights for dense clips are named after 100
    epochs: ours are these, the milestones doubled, with 16 frames at a stride of 4 and crops of 256 pixels in the
    test, which the paper's 86 G fit.

    MSNet, from memory of the paper: 16 frames, 10 clips; ours: TSM's recipe.

    bLVNet-TAM-50 24x2, from the authors' code: 48 frames spread over the whole video, the recipe of
    Something-Something, crops of 256 pixels in the test, 3 clips of 3 crops.
    """
    clips = dataclasses.replace(r2d.data, frames=16, stride=4, test_crop=256)
    step = TrainConfig(
        "sgd", lr=0.02, weight_decay=1e-4, batch_size=128, epochs=100, warmup_epochs=0.0, milestones=(40, 80)
    )
    shifted = dataclasses.replace(step, head_rate=5.0, bias_rate=2.0)
    tsm = dataclasses.replace(r2d, backbone=BackboneConfig(shift_every=1), data=clips, train=shifted, pool="after")
    cosine = dataclasses.replace(
        step,
        lr=0.01,
        weight_decay=5e-4,
        batch_size=64,
        epochs=50,
        schedule="cosine",
        milestones=(),
        nesterov=True,
        clip_norm=None,
    )
    return {
        "tsm_k400": tsm,
        "msnet_k400": dataclasses.replace(
            tsm, spots={"res3": (3,)}, stages=("res3",), views=ViewsConfig(clips=10, crops=1)
        ),
        "blvnet_k400": dataclasses.replace(
            r2d,
            backbone=BLVNetConfig(),
            data=dataclasses.replace(r2d.data, frames=48, sampling="segments", stride=1, test_crop=256),
            train=cosine,
            spots=BLVNET_SPOTS,
            stages=tuple(BLVNET_SPOTS),
            pretrain=_BLRESNET50,
            head_pool=None,
            views=ViewsConfig(clips=3, crops=3),
        ),
    }


def something(r2d: Setting) -> dict[Backbone, Setting]:
    """Return the settings for Something-Something, beside the paper's own of R2D.

    MSNet (Kwon et al., ECCV 2020), from the authors' script, made for a ResNet-18: 40 epochs, a rate of 0.01 for 48
    clips, a tenth of it from epochs 20 and 30 on, Nesterov, biases twice as fast, gradients clipped at 200. They name
    six classes that are not mirrored by number; the loader leaves out those that speak of left or right.

    TRN (Zhou et al., ECCV 2018), from the authors' code: BNInception, a rate of 0.001 for 64 clips, a tenth of it from
    epochs 50 and 100 of 120 on, biases twice as fast, dropout 0.8, and for flow the first convolution five times as
    fast. Ours: all norms learn, where theirs keep all but the first.

    ECO Full and Lite (Zolfaghari et al., ECCV 2018), from the authors' solver: 60,000 steps at a rate of 0.001, a tenth
    of it every 25,000, gradients clipped at 40, Nesterov for Full alone, 16 frames. Ours: 32 clips a step, which makes
    22 epochs of Something-Something v1 and 11 of v2.

    bLVNet-TAM-50 8x2 (Fan et al., NeurIPS 2019), from the authors' code: a rate of 0.01 for 64 clips, a cosine of 50
    epochs, Nesterov, 16 frames. The test table quotes their 101 32x2, of 64 frames.

    TRN starts from TSN's BNInception of ImageNet, bLVNet-TAM from the Big-Little ResNet of ImageNet and ECO from itself
    on Kinetics-400; the files of these two are only with their authors.
    """
    plain = dataclasses.replace(r2d.train, head_rate=1.0, bias_rate=1.0, warmup_epochs=0.0)
    msnet = dataclasses.replace(
        plain, batch_size=48, epochs=40, milestones=(20, 30), nesterov=True, clip_norm=200.0, bias_rate=2.0
    )
    inception = dataclasses.replace(r2d, spots=INCEPTION_SPOTS, stages=tuple(INCEPTION_SPOTS))
    step = dataclasses.replace(plain, lr=0.001, batch_size=64, epochs=120, milestones=(50, 100), bias_rate=2.0)
    trn = dataclasses.replace(
        inception,
        backbone=BNInceptionConfig(),
        train=step,
        dropout=0.8,
        head=RelationHeadConfig(),
        pretrain=WeightsConfig("tsn", "bn_inception"),
    )
    epochs, milestones = (11, (5, 9)) if r2d.data.dataset == "ssv2" else (22, (9, 19))
    lite = dataclasses.replace(plain, lr=0.001, epochs=epochs, milestones=milestones, clip_norm=40.0)
    eco = dataclasses.replace(
        inception,
        backbone=ECOConfig(full=True),
        data=dataclasses.replace(r2d.data, frames=16),
        train=dataclasses.replace(lite, nesterov=True),
        spots=ECO_SPOTS,
        stages=tuple(ECO_SPOTS),
        pretrain=WeightsConfig("eco", "ECO_Full_kinetics"),
    )
    blvnet = dataclasses.replace(
        inception,
        backbone=BLVNetConfig(),
        data=dataclasses.replace(r2d.data, frames=16),
        train=dataclasses.replace(
            plain, batch_size=64, schedule="cosine", milestones=(), nesterov=True, clip_norm=None
        ),
        spots=BLVNET_SPOTS,
        stages=tuple(BLVNET_SPOTS),
        pretrain=_BLRESNET50,
    )
    return {
        "msnet": dataclasses.replace(
            r2d, backbone=BackboneConfig(shift_every=1), train=msnet, spots={"res3": (3,)}, stages=("res3",)
        ),
        "trn": trn,
        "trn_flow": of_flow(trn, first_rate=5.0),
        "eco": eco,
        "eco_lite": dataclasses.replace(
            eco, backbone=ECOConfig(), train=lite, pretrain=WeightsConfig("eco", "ECO_Lite_kinetics")
        ),
        "blvnet": blvnet,
        "blvnet_r101": dataclasses.replace(
            blvnet,
            backbone=BLVNetConfig(depths=(4, 8, 18, 3)),
            data=dataclasses.replace(r2d.data, frames=64),
            pretrain=_BLRESNET101,
        ),
    }
