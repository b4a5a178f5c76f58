"""Configs: identity, reading back, and values that do not fit."""

import dataclasses

import pytest

from experiments.study.profiles import PROFILES
from experiments.study.rows import FamilySettings, Row, family_of
from experiments.tables import TABLES
from gta.config import (
    BackboneConfig,
    CGNLConfig,
    DataConfig,
    DrawingConfig,
    GTAConfig,
    ModelConfig,
    NLConfig,
    PretrainConfig,
    SAConfig,
    SlowFastConfig,
    TAConfig,
    TrainConfig,
    ViewsConfig,
    WeightsConfig,
    digest,
    later,
    run_from_dict,
    to_dict,
)

ROWS = [trained for table in TABLES.values() for row in table.rows for trained in row.trained]


def runs():
    return [
        profile.resolve(row, seed)
        for profile in PROFILES.values()
        for row in ROWS
        if profile.runs(row)
        for seed in (0, 1)
    ]


def test_a_run_reads_back_from_its_json():
    for run in runs():
        assert run_from_dict(to_dict(run)) == run


def test_equal_content_and_only_that_is_the_same_run():
    found = {}
    for run in runs():
        found.setdefault(run.id, run)
        assert found[run.id] == run
    assert len({run.id for run in runs()}) == len(set(runs()))


def test_a_change_of_the_recipe_is_another_run():
    run = runs()[0]
    for name in ("lr", "epochs", "batch_size"):
        other = dataclasses.replace(run, train=dataclasses.replace(run.train, **{name: 7}))
        assert other.id != run.id


@pytest.mark.parametrize("change", [{"misspelt": 1}, {"seed": "zero"}])
def test_a_config_with_a_foreign_field_is_refused(change):
    content = to_dict(runs()[0]) | change
    with pytest.raises(ValueError, match=r"fields|seed"):
        run_from_dict(content)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: GTAConfig(pixel=False, region=False), "pixel and region are both off"),
        (lambda: GTAConfig(groups=0), "groups is 0"),
        (lambda: ModelConfig(7, blocks=(GTAConfig(groups=48),)), "must divide the inner width 128 of res3"),
        (lambda: ModelConfig(7, blocks=(GTAConfig(region_ratio=7),)), "region_ratio is 7; it must divide the 512"),
        (lambda: ModelConfig(7, blocks=(SAConfig(reduction=3),)), "SAConfig.reduction is 3"),
        (lambda: ModelConfig(7, places=(("res3", 4),)), r"res3\[4\] does not exist; res3 has places 0..3"),
        (lambda: ModelConfig(7, places=(("res9", 0),)), "stage 'res9' is not one of"),
        (lambda: ModelConfig(7, places=(("res3", 0), ("res3", 0))), "repeats a place"),
        (
            lambda: ModelConfig(7, blocks=(TAConfig(groups=3),)),
            "TAConfig.groups is 3; it must divide the inner width 128",
        ),
        (lambda: ModelConfig(7, blocks=(CGNLConfig(groups=3),)), r"CGNLConfig.groups is 3; .* one of 1, 2, 4, 8"),
        (lambda: TAConfig(groups=0), "TAConfig.groups is 0"),
        (lambda: CGNLConfig(groups=0), "CGNLConfig.groups is 0"),
        (lambda: BackboneConfig(shift_every=-1), "shift_every is -1"),
        (lambda: SlowFastConfig(alpha=0), "SlowFastConfig.alpha is 0"),
        (lambda: SlowFastConfig(width=20), "beta_inverse is 8; it must divide the width 20"),
        (lambda: SlowFastConfig(fusion_kernel=4), "fusion_kernel is 4; it must be odd"),
        (lambda: ModelConfig(7, 6, SlowFastConfig(), places=()), "frames is 6; SlowFastConfig needs a multiple of 4"),
        (lambda: ModelConfig(7, 64, SlowFastConfig(), places=(("res3", 4),)), r"res3\[4\] does not exist"),
        (lambda: ViewsConfig(crops=2), "ViewsConfig.crops is 2; it must be 1 or 3"),
        (lambda: DataConfig("x", stride=0), "DataConfig.stride is 0"),
        (lambda: SAConfig(pool="before "), "SAConfig.pool is 'before '; choose from 'after', 'before', 'none'"),
        (lambda: GTAConfig(region_norm="sum"), "GTAConfig.region_norm is 'sum'; choose from"),
        (lambda: GTAConfig(mixing="cmh"), "GTAConfig.mixing is 'cmh'"),
        (lambda: GTAConfig(matrix_gain=-1), "GTAConfig.matrix_gain is -1; it must be 0 or more"),
        (lambda: TAConfig(position_on="x"), "TAConfig.position_on is 'x'"),
        (lambda: CGNLConfig(domain="spacetime"), "CGNLConfig.domain is 'spacetime'; choose from 'joint'"),
        (lambda: BackboneConfig(stem="tiny"), "BackboneConfig.stem is 'tiny'"),
        (lambda: BackboneConfig(depths=(1, 2, 3)), "depths is .*; it must be 4 whole numbers"),
        (lambda: BackboneConfig(width=0), "BackboneConfig.width is 0"),
        (lambda: SlowFastConfig(fusion_kernel=-7), "fusion_kernel is -7"),
        (lambda: ModelConfig(7, blocks=(SAConfig(),), places=()), "places is empty, but blocks are given"),
        (lambda: ModelConfig(7, frames=8.0), "ModelConfig.frames is 8.0; it must be a whole number"),
        (lambda: ModelConfig(7, dropout=2.0), "ModelConfig.dropout is 2"),
        (lambda: ModelConfig(7, pool=0), "ModelConfig.pool is 0"),
        (lambda: DataConfig("x", sampling="uniform"), "DataConfig.sampling is 'uniform'"),
        (lambda: DataConfig("x", crop=300), "DataConfig.crop is 300; .* it must be from 1 to 240"),
        (lambda: DataConfig("x", test_crop=300), "DataConfig.test_crop is 300"),
        (lambda: DataConfig("x", short_side=(200, 320)), "DataConfig.short_side is"),
        (lambda: DataConfig("x", flip=1.5), "DataConfig.flip is 1.5; it must be from 0 to 1"),
        (lambda: DataConfig("x", resize=(240,)), "DataConfig.resize is"),
        (lambda: TrainConfig(optimizer="adam"), "TrainConfig.optimizer is 'adam'; choose from 'sgd', 'adamw'"),
        (lambda: TrainConfig(clip_norm=0), "TrainConfig.clip_norm is 0; it must be more than 0"),
        (lambda: TrainConfig(batch_size=0), "TrainConfig.batch_size is 0"),
        (lambda: TrainConfig(nesterov=True, momentum=0.0), "TrainConfig.nesterov is True; it needs the optimizer sgd"),
        (lambda: TrainConfig("adamw", nesterov=True), "TrainConfig.nesterov is True; it needs the optimizer sgd"),
        (lambda: TrainConfig(head_rate=0.0), "TrainConfig.head_rate is 0; it must be more than 0"),
        (lambda: TrainConfig(cosine_from="x"), "TrainConfig.cosine_from is 'x'"),
        (lambda: DataConfig("x", jitter="area"), "DataConfig.jitter is 'area'"),
        (lambda: TrainConfig(lr=-1), "TrainConfig.lr is -1"),
        (lambda: TrainConfig(momentum=1.5), "TrainConfig.momentum is 1.5"),
        (lambda: PretrainConfig(stills=0), "PretrainConfig.stills is 0"),
        (
            lambda: WeightsConfig("keras", "x"),
            "WeightsConfig.source is 'keras'; choose from 'torchvision', 'pyslowfast'",
        ),
        (lambda: dataclasses.replace(runs()[0], splits=("tset",)), "RunConfig.splits is .*; choose from 'validation'"),
        (lambda: dataclasses.replace(runs()[0], seed=-1), "RunConfig.seed is -1"),
        (lambda: dataclasses.replace(runs()[0], views=()), "RunConfig.views is empty"),
        (lambda: ModelConfig(1), "classes is 1"),
        (
            lambda: dataclasses.replace(runs()[0], train=TrainConfig(frozen=("res1",))),
            "TrainConfig.frozen: 'res1' is not one of stem, res2, res3, res4, res5",
        ),
    ],
)
def test_values_that_do_not_fit_are_named_when_the_config_is_made(make, message):
    with pytest.raises(ValueError, match=message):
        make()


def test_families():
    tape = TAConfig(position=True)
    expected = {
        "r2d": (),
        "sa": (SAConfig(),),
        "ta": (SAConfig(), TAConfig()),
        "tape": (SAConfig(), tape),
        "gta": (SAConfig(), GTAConfig()),
        "nl": (NLConfig(),),
    }
    assert {name: family_of(blocks) for name, blocks in expected.items()} == {name: name for name in expected}


def test_what_was_tuned_for_a_family_reaches_its_rows_and_no_other():
    tiny = dataclasses.replace(
        PROFILES["tiny-v2"], families={"tape": FamilySettings(lr=0.5, position_std=3.0), "gta": FamilySettings()}
    )
    tape = tiny.resolve(Row("", (SAConfig(), TAConfig(position=True))), 0)
    assert tape.train.lr == 0.5
    assert [getattr(block, "position_std", None) for block in tape.model.blocks] == [None, 3.0]
    assert tiny.resolve(Row("", (SAConfig(), TAConfig())), 0).train.lr == tiny.settings["r2d"].train.lr


def test_what_a_row_sets_itself_is_not_tuned_away():
    tiny = PROFILES["tiny-v2"]
    for block in (GTAConfig(region_norm="softmax"), GTAConfig(matrix_gain=3.0), SAConfig(pool="none")):
        assert tiny.resolve(Row("", (block,)), 0).model.blocks == (
            dataclasses.replace(tiny.resolve(Row("", (type(block)(),)), 0).model.blocks[0], **_own(block)),
        )


@pytest.mark.parametrize(
    ("block", "field"), [(GTAConfig(), "matrix_gain"), (NLConfig(), "pool"), (TAConfig(position=True), "position_std")]
)
def test_what_a_row_fixes_stays_even_where_it_is_the_default(block, field):
    tiny = PROFILES["tiny-v2"]
    own = getattr(block, field)
    tuned = [getattr(tiny.resolve(Row("", (block,), fixed=f), 0).model.blocks[0], field) for f in ((), (field,))]
    assert tuned[0] != own == tuned[1]


def test_a_row_cannot_fix_what_its_blocks_do_not_have():
    with pytest.raises(ValueError, match=r"fixed names .*'gain'.*matrix_gain"):
        Row("odd", (GTAConfig(),), fixed=("gain",))


@pytest.mark.parametrize(
    ("whole", "same"),
    [
        (TrainConfig("sgd", lr=1), TrainConfig("sgd", lr=1.0)),
        (TrainConfig("sgd", lr=0.1, clip_norm=20), TrainConfig("sgd", lr=0.1, clip_norm=20.0)),
        (GTAConfig(matrix_gain=3), GTAConfig(matrix_gain=3.0)),
        (DrawingConfig(noise=8), DrawingConfig(noise=8.0)),
    ],
)
def test_a_whole_number_in_a_field_of_floats_is_the_same_run(whole, same):
    assert digest(whole) == digest(same)
    assert to_dict(whole) == to_dict(same)


def _own(block):
    return {f.name: v for f in dataclasses.fields(block) if (v := getattr(block, f.name)) != f.default}


def test_channels_of_the_stages():
    assert [BackboneConfig().channels((stage, 0)) for stage in ("res2", "res3", "res4", "res5")] == [
        256,
        512,
        1024,
        2048,
    ]


def test_a_field_added_later_is_no_part_of_the_identity_while_it_is_neutral():
    @dataclasses.dataclass(frozen=True)
    class Before:
        size: int = 3

    @dataclasses.dataclass(frozen=True)
    class After(Before):
        shape: str = later("round")

    assert digest(After()) == digest(Before())
    assert to_dict(After()) == {"size": 3}
    assert to_dict(After(shape="square")) == {"size": 3, "shape": "square"}
    assert digest(After(shape="square")) != digest(Before())


def test_a_neutral_value_spelt_out_is_refused_because_its_identity_would_be_another():
    content = to_dict(runs()[0])
    content["views"] = [{"clips": 1, "crops": 1}]
    with pytest.raises(ValueError, match="fields"):
        run_from_dict(content)


def test_a_member_of_the_slowfast_families_is_told_from_its_backbone():
    assert Row("", (SAConfig(), GTAConfig()), "slowfast_r101").family == "slowfast+gta"
    assert Row("", backbone="tsm").family == "tsm"
    assert Row("", (NLConfig(),), "r2d_k400").family == "nl"


def test_blocks_are_counted_from_the_last_spot_of_a_stage():
    setting = PROFILES["tiny-v2"].settings["r2d"]
    assert setting.places(None) == (("res3", 0), ("res3", 2), ("res4", 0), ("res4", 2), ("res4", 4))
    assert setting.places((("res3", 1), ("res4", 2))) == (("res3", 2), ("res4", 2), ("res4", 4))
    with pytest.raises(ValueError, match=r"4 places in res4; it has 3"):
        setting.places((("res4", 4),))
