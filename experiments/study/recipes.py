"""The paper's recipes at full size (appendix E, and the code bases that it follows): ``ssv1``, ``ssv2``, ``k400``.

What the paper states: 8 or 16 segments, multi-scale crops of 224 pixels from 240 x 320, SGD at 0.01 for a batch of 32,
divided by ten at epochs 30, 40 and 45 of 50, two epochs of warm-up, ImageNet weights. What it leaves open is taken from
public code:

* TSM, for R2D and TSM on Something-Something: momentum without Nesterov, weight decay, dropout, gradients clipped at
  20, rates (classifier five times the base rate, biases twice their weights', no decay on biases).
* PySlowFast ``SSv2/SLOWFAST_16x8_R50``: frames, jitter, batch, rates, Nesterov, precise batch norm, no clipping.
* PySlowFast ``Kinetics/C2D_NLN_8x8_R50_IN1K``: the step schedule, a jitter uniform in the side, and the same rest.
* PySlowFast ``Kinetics/c2/SLOWFAST_8x8_R101_101_101``: SlowFast-R101's network and cosine schedule; the places of the
  blocks are those of ``c2/SLOWFAST_NLN_16x8_R101_50_50``. The paper fine-tunes the trained backbone "following the
  same practice for training the non-local blocks". SlowFast's authors say only that these start from the weights
  trained without them, and PySlowFast's configs with them have the schedule of those without: so have we. No shorter
  schedule for fine-tuning is published.

Where ours still differs from a source, and why, is in results/LOG.md ("Recipes against their sources").

On one device or several the batch is the recipe's; its learning rate belongs to it. Mixed precision (bf16, or fp16 with
loss scaling), features channels-last in memory, batch norm synchronised between GPUs, no moving average of the weights.
"""

from __future__ import annotations

import dataclasses

from experiments.study import branch_peers, clip_peers, frame_peers
from experiments.study.rows import Backbone, Profile, Setting
from gta.config import BackboneConfig, DataConfig, SlowFastConfig, TrainConfig, ViewsConfig, WeightsConfig

TSM_SPOTS = {"res3": (0, 2), "res4": (0, 2, 4), "res5": (1,)}
"""Every other residual block, as TSM's non-local networks have them; one in res5 for the ablation of positions."""
PYSLOWFAST_SPOTS = {"res3": (1, 3), "res4": (1, 3, 5)}
"""The same number of blocks where PySlowFast's non-local networks have them."""

_RESNET50 = WeightsConfig("torchvision", "ResNet50_Weights.IMAGENET1K_V1")
_SSV_TRAIN = TrainConfig(
    "sgd",
    lr=0.01,
    momentum=0.9,
    weight_decay=5e-4,
    batch_size=32,
    epochs=50,
    warmup_epochs=2.0,
    schedule="step",
    milestones=(30, 40, 45),
    clip_norm=20.0,
    head_rate=5.0,
    bias_rate=2.0,
)
_PYSLOWFAST_SGD = TrainConfig("sgd", momentum=0.9, nesterov=True, clip_norm=None, precise_bn=200, warmup_from="start")
"""What all of PySlowFast's recipes share."""


def something(name: str) -> dict[Backbone, Setting]:
    """Return the recipes of Something-Something for the data set of this name."""
    r2d = Setting(
        backbone=BackboneConfig(),
        data=DataConfig(name, frames=8, resize=(240, 320), crop=224, augment="multiscale", flip=0.5),
        train=_SSV_TRAIN,
        spots=TSM_SPOTS,
        dropout=0.5,
        pool="after",
        pretrain=_RESNET50,
    )
    slowfast = Setting(
        backbone=SlowFastConfig(),
        data=DataConfig(
            name,
            frames=64,
            crop=224,
            augment="crop",
            flip=0.0,
            sampling="spans",
            short_side=(256, 320),
            test_side=256,
            test_crop=256,
        ),
        train=dataclasses.replace(
            _PYSLOWFAST_SGD,
            lr=0.03,
            weight_decay=1e-6,
            batch_size=16,
            epochs=22,
            warmup_epochs=0.19,
            schedule="step",
            milestones=(14, 18),
            warmup_start=1e-4 / 0.03,
        ),
        spots=PYSLOWFAST_SPOTS,
        dropout=0.5,
        pool="before",
        pretrain=WeightsConfig("pyslowfast", "SLOWFAST_8x8_R50"),
        head_pool=7,
    )
    tsm = dataclasses.replace(r2d, backbone=BackboneConfig(shift_every=1))
    return {
        "r2d": r2d,
        "tsm": tsm,
        "tsm_16": branch_peers.longer(tsm),
        "tsm_flow": branch_peers.of_flow(branch_peers.longer(tsm), first_rate=5.0),
        "slowfast": slowfast,
        **branch_peers.something(r2d),
        **clip_peers.something(r2d),
        **frame_peers.something(r2d),
    }


def _kinetics() -> dict[Backbone, Setting]:
    train = dataclasses.replace(
        _PYSLOWFAST_SGD,
        lr=0.01,
        weight_decay=1e-4,
        batch_size=64,
        epochs=118,
        warmup_epochs=0.0,
        schedule="step",
        milestones=(44, 88),
    )
    slowfast_train = dataclasses.replace(
        train,
        lr=0.1,
        epochs=196,
        warmup_epochs=34.0,
        warmup_start=0.01 / 0.1,
        schedule="cosine",
        cosine_from="start",
        milestones=(),
    )
    data = DataConfig(
        "k400",
        frames=8,
        crop=224,
        augment="crop",
        sampling="dense",
        stride=8,
        short_side=(256, 320),
        jitter="side",
        test_side=256,
        test_crop=256,
    )
    r2d = Setting(
        backbone=BackboneConfig(),
        data=data,
        train=train,
        spots=PYSLOWFAST_SPOTS,
        dropout=0.5,
        pool="before",
        pretrain=_RESNET50,
        views=ViewsConfig(clips=10, crops=3),
        head_pool=7,
    )
    slowfast = dataclasses.replace(
        r2d,
        backbone=SlowFastConfig(depths=(3, 4, 23, 3), fusion_kernel=5),
        data=dataclasses.replace(data, frames=32, stride=2),
        train=slowfast_train,
        spots={"res4": (6, 13, 20)},
        stages=("res4",),
        pretrain=WeightsConfig("pyslowfast", "SLOWFAST_8x8_R101"),
    )
    return {
        "r2d_k400": r2d,
        "slowfast_r101": slowfast,
        **branch_peers.kinetics(r2d),
        **clip_peers.kinetics(r2d),
        **frame_peers.kinetics(r2d),
    }


SSV1 = Profile("ssv1", "Something-Something v1 at the paper's scale", classes=174, settings=something("ssv1"))
SSV2 = Profile("ssv2", "Something-Something v2 at the paper's scale", classes=174, settings=something("ssv2"))
K400 = Profile("k400", "Kinetics-400 at the paper's scale", classes=400, settings=_kinetics())
