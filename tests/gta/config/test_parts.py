"""Configs inside configs: a part of another kind, or one that the rest leaves no frames for, is named at once."""

import pytest

from gta.config import (
    BackboneConfig,
    BNInceptionConfig,
    DataConfig,
    GTAConfig,
    I3DConfig,
    ModelConfig,
    MotionSqueezeConfig,
    RegionGraphHeadConfig,
    RelationHeadConfig,
    RunConfig,
    TeaConfig,
    TrainConfig,
)

RES3 = (("res3", 0),)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (
            lambda: ModelConfig(7, 8, "i3d"),
            r"ModelConfig.backbone is 'i3d'; expected BackboneConfig\(...\) or SlowFast",
        ),
        (lambda: ModelConfig(7, backbone=I3DConfig), r"ModelConfig.backbone is <class .*I3DConfig'>; expected"),
        (lambda: ModelConfig(7, backbone=TeaConfig()), r"ModelConfig.backbone is TeaConfig\("),
        (lambda: ModelConfig(7, backbone=None), "ModelConfig.backbone is None"),
        (lambda: ModelConfig(7, head="trn"), r"ModelConfig.head is 'trn'; expected MeanHeadConfig\(...\) or Relation"),
        (lambda: ModelConfig(7, head=None), "ModelConfig.head is None"),
        (lambda: ModelConfig(7, blocks=(TeaConfig(),)), r"ModelConfig.blocks has TeaConfig\(.*expected NLConfig"),
        (lambda: ModelConfig(7, blocks=GTAConfig()), "ModelConfig.blocks is GTAConfig.*it must be a tuple of configs"),
        (lambda: ModelConfig(7, blocks=("gta",)), "ModelConfig.blocks has 'gta'"),
        (lambda: BackboneConfig(branch="stm"), r"BackboneConfig.branch is 'stm'; expected ShiftConfig\(...\) or Stm"),
        (lambda: BackboneConfig(branch=MotionSqueezeConfig()), "BackboneConfig.branch is MotionSqueezeConfig"),
        (lambda: DataConfig("x", drawing="tiny"), "DataConfig.drawing is 'tiny'; expected DrawingConfig"),
        (lambda: RunConfig("x", 0, ModelConfig(7), DataConfig("x"), None), "RunConfig.train is None; expected Train"),
        (
            lambda: RunConfig("x", 0, ModelConfig(7), DataConfig("x"), TrainConfig(), views=("10x3",)),
            "RunConfig.views has '10x3'; expected ViewsConfig",
        ),
        (
            lambda: RunConfig("x", 0, ModelConfig(7), DataConfig("x"), TrainConfig(), pretrain="imagenet"),
            r"RunConfig.pretrain is 'imagenet'; expected PretrainConfig\(...\) or WeightsConfig",
        ),
        (
            lambda: ModelConfig(7, 1, BNInceptionConfig(), places=(), head=RelationHeadConfig()),
            r"frames is 1, of which 1 is left after mixed5; relations\(256\) compares frames there and needs 2 or more",
        ),
        (
            lambda: ModelConfig(7, 2, I3DConfig(), places=(), head=RelationHeadConfig()),
            "frames is 2, of which 1 is left after res5",
        ),
        (
            lambda: ModelConfig(7, 2, I3DConfig(), (MotionSqueezeConfig(),), RES3),
            "frames is 2, of which 1 is left after res3; MotionSqueezeConfig compares frames there",
        ),
        (lambda: ModelConfig(7, 1, blocks=(MotionSqueezeConfig(),), places=RES3), "MotionSqueezeConfig compares"),
        (lambda: ModelConfig(7, 3, I3DConfig(), places=()), r"needs a multiple of 2: 2, 4, 6, \.\.\."),
    ],
)
def test_a_part_that_does_not_fit_is_named_in_one_line(make, message):
    with pytest.raises(ValueError, match=message) as caught:
        make()
    assert "\n" not in str(caught.value)


def test_one_frame_is_enough_where_nothing_compares_frames():
    graph = ModelConfig(7, 2, I3DConfig(), places=(), head=RegionGraphHeadConfig())
    assert graph.block_frames(("res5", 0)) == 1
    assert ModelConfig(7, 1, blocks=(GTAConfig(),)).frames == 1


def test_a_list_of_blocks_is_the_same_model():
    assert ModelConfig(7, blocks=[GTAConfig()]) == ModelConfig(7, blocks=(GTAConfig(),))
