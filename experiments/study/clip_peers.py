"""The peers that read a clip as a volume: I3D, S3D-G and CorrNet, narrow for the drawn data and at their papers' scale.

Narrow, all have the common recipe of the profile, also its frozen stem and res2 (S3D-G the stem alone), so that what
tells them apart is how they mix frames from res3 on. All start by one rule: a network of the same layers whose kernels
span one frame learns from stills, for I3D the 2D ResNet itself, and its kernels become the middle frame of those that
span several.

At full scale, what the authors' public code or its model zoo says is taken from there; what is from memory of the
papers, and what is ours because no source says it, is named in each function.
"""

from __future__ import annotations

import dataclasses

from experiments.study.rows import Backbone, Setting
from gta.config import (
    CorrNetConfig,
    I3DConfig,
    RegionGraphHeadConfig,
    S3DGConfig,
    TrainConfig,
    ViewsConfig,
    WeightsConfig,
)

NL_SPOTS = {"res3": (1, 3), "res4": (1, 3, 5)}
"""Every other residual block, as in the authors' code of non-local networks."""
S3D_SPOTS = {"mixed3": (0,), "mixed4": (0, 1, 2)}
"""Modules whose widths all blocks divide."""
CORRNET_SPOTS = {"res2": (2,), "res3": (3,), "res4": (5,)}
_DEPTHS = (1, 3, 5, 1)
_I3D_K400 = WeightsConfig("mmaction2", "i3d_imagenet-pretrained-r50_8xb8-32x2x1-100e_kinetics400-rgb")
_CORRNET_K400 = WeightsConfig("run", "CorrNet_k400")
_GOOGLENET = WeightsConfig("torchvision", "GoogLeNet_Weights.IMAGENET1K_V1")


def drawn(r2d: Setting, width: int = 16) -> dict[Backbone, Setting]:
    """Return narrow versions under the recipe of ``r2d``, for clips of 8 frames of 32 pixels.

    A frozen stem that was inflated computes what the 2D stem does, so I3D has that one. S3D-G is as many positions wide
    as the ResNets (8, 4 and 2 in its three stages) and keeps all frames in its stem. CorrNet's correlation reaches one
    position, 2, 4 and 8 pixels in its three places: a step then takes 1.9 times as long as R2D's, with two positions
    3.7 times. It starts as the identity, as all inserted blocks do that stand in a pre-trained network.
    """
    i3d = dataclasses.replace(r2d, backbone=I3DConfig(depths=_DEPTHS, width=width, stem="small", stem_frames=1))
    graph = RegionGraphHeadConfig(width=4 * width, grid=(1, 2, 3), side=3)
    return {
        "i3d": i3d,
        "i3d_graph": dataclasses.replace(
            i3d,
            backbone=I3DConfig(depths=_DEPTHS, width=width, stem="small", stem_frames=1, res5_stride=1),
            head=graph,
        ),
        "s3dg": dataclasses.replace(
            r2d,
            backbone=S3DGConfig(width=width, stem="small", strides_t=(1, 2, 2), norm_momentum=0.1),
            train=dataclasses.replace(r2d.train, frozen=("stem",)),
            spots=S3D_SPOTS,
            stages=tuple(S3D_SPOTS),
        ),
        "corrnet": dataclasses.replace(
            r2d,
            backbone=CorrNetConfig(depths=_DEPTHS, width=width, stem="small"),
            spots={"res2": (0,), "res3": (2,), "res4": (4,)},
            stages=("res2", "res3", "res4"),
            narrowed={"correlation": {"patch": 3, "dilation": 1, "groups": 8, "start": "identity"}},
        ),
    }


def something(r2d: Setting) -> dict[Backbone, Setting]:
    """Return the settings for Something-Something, beside the paper's own of R2D.

    I3D, with or without non-local blocks and region graph (Wang and Gupta, ECCV 2018), from memory: 32 frames, weights
    of Kinetics-400, a rate of 0.00125 for 8 clips, dropout 0.3, a shorter side of 256 to 320 pixels, no mirroring of
    classes with a direction (the loader leaves them out), 3 crops of 2 clips; ours: frames spread over the whole
    video, epochs and milestones of the profile, a classifier that starts as torch's, and the graph trained together
    with the network from the first epoch, where theirs joins a network that has been trained. The public weights are
    those of mmaction2's I3D-R50, whose strides in time are larger.

    S3D-G (Xie et al., ECCV 2018), from memory: 64 frames, 56 GPUs of 6 clips, ImageNet weights; ours: the rate, which
    is R2D's for as many clips, frames and crops as I3D has them, and the rest of the profile.

    CorrNet (CVPR 2020), from memory: 32 frames, 10 clips, weights of its own training on Kinetics-400, of which none
    are public: the setting of this name for Kinetics makes them. Ours: frames and crops as I3D has them, and the
    profile's recipe at one rate for all weights.
    """
    data = dataclasses.replace(r2d.data, frames=32, augment="crop", sampling="spans", short_side=(256, 320))
    i3d = dataclasses.replace(
        r2d,
        backbone=I3DConfig(res5_stride=1),
        data=dataclasses.replace(data, test_side=256),
        train=dataclasses.replace(r2d.train, lr=0.00125, batch_size=8, head_rate=1.0, bias_rate=1.0),
        spots=NL_SPOTS,
        dropout=0.3,
        pool="before",
        pretrain=_I3D_K400,
        views=ViewsConfig(clips=2, crops=3),
    )
    s3dg = dataclasses.replace(
        i3d,
        backbone=S3DGConfig(),
        data=dataclasses.replace(data, frames=64, test_side=256),
        train=dataclasses.replace(r2d.train, lr=0.1, batch_size=336, head_rate=1.0, bias_rate=1.0),
        spots=S3D_SPOTS,
        stages=tuple(S3D_SPOTS),
        dropout=0.5,
        pretrain=_GOOGLENET,
        views=r2d.views,
    )
    corrnet = dataclasses.replace(
        s3dg,
        backbone=CorrNetConfig(),
        data=dataclasses.replace(data, test_side=256),
        train=dataclasses.replace(r2d.train, head_rate=1.0, bias_rate=1.0),
        spots=CORRNET_SPOTS,
        stages=tuple(CORRNET_SPOTS),
        pretrain=_CORRNET_K400,
        views=ViewsConfig(clips=10, crops=1),
    )
    graph = dataclasses.replace(i3d, head=RegionGraphHeadConfig())
    return {"i3d": i3d, "i3d_graph": graph, "s3dg": s3dg, "corrnet": corrnet}


def kinetics(r2d: Setting) -> dict[Backbone, Setting]:
    """Return the settings for Kinetics-400, beside the paper's own of R2D.

    I3D-R101 with five non-local blocks: the schedule of the non-local networks, which R2D has too, 32 frames at stride
    2, inflated ImageNet weights, crops of 256 pixels in the test.

    S3D-G, from memory: 64 consecutive frames, 56 GPUs of 6 clips, ImageNet weights; ours: the rate, R2D's for as many
    clips, and its schedule.

    CorrNet-50 and -101, from memory: from scratch, 64 GPUs of 4 clips, 250 epochs of a million clips with 40 of warm-up
    at a rate of about 0.5, which is 1,040 and 166 times the 240,000 clips of the data set, a cosine, and 32 frames;
    ours: a stride of 2.
    """
    data = dataclasses.replace(r2d.data, frames=32, stride=2, test_crop=224)
    i3d = dataclasses.replace(
        r2d,
        backbone=I3DConfig(depths=(3, 4, 23, 3)),
        data=dataclasses.replace(data, test_crop=256),
        spots={"res3": (1, 3), "res4": (6, 13, 20)},
        pretrain=WeightsConfig("torchvision", "ResNet101_Weights.IMAGENET1K_V1"),
    )
    s3dg = dataclasses.replace(
        r2d,
        backbone=S3DGConfig(),
        data=dataclasses.replace(data, frames=64, stride=1),
        train=dataclasses.replace(r2d.train, lr=0.05, batch_size=336),
        spots=S3D_SPOTS,
        stages=tuple(S3D_SPOTS),
        pretrain=_GOOGLENET,
    )
    corrnet = dataclasses.replace(
        r2d,
        backbone=CorrNetConfig(depths=(3, 4, 23, 3)),
        data=data,
        train=_corrnet_schedule(r2d.train),
        spots={"res2": (2,), "res3": (3,), "res4": (11, 22)},
        stages=("res2", "res3", "res4"),
        pretrain=None,
    )
    corrnet_50 = dataclasses.replace(
        corrnet, backbone=CorrNetConfig(), spots=CORRNET_SPOTS, stages=tuple(CORRNET_SPOTS)
    )
    return {"i3d_r101": i3d, "s3dg_k400": s3dg, "corrnet_r101": corrnet, "corrnet": corrnet_50}


def _corrnet_schedule(train: TrainConfig) -> TrainConfig:
    return dataclasses.replace(
        train, lr=0.5, batch_size=256, epochs=1040, warmup_epochs=166.0, schedule="cosine", milestones=()
    )
