"""``--set``: typed by the configs' own fields, part of a run's identity, and never in a table of record."""

from __future__ import annotations

import dataclasses
import re

import pytest

from experiments.study.overrides import check_changes, overridden, parse_changes
from experiments.study.profiles import PROFILES, SSV1
from experiments.tables import TABLES
from gta.config import ViewsConfig, run_from_dict, to_dict
from gta.errors import UserError

TABLE = TABLES["table_ablation_components"]
GTA_ROW = TABLE.rows[-1]
PLAIN = TABLES["table_ablation_order"].rows[0]
RUN = SSV1.resolve(GTA_ROW, 0)


def change(*texts, run=RUN):
    return overridden(run, parse_changes(texts))


@pytest.mark.parametrize(
    ("text", "read"),
    [
        ("train.lr=0.02", lambda run: run.train.lr == 0.02),
        ("train.epochs=5", lambda run: run.train.epochs == 5),
        ("train.milestones=3,4", lambda run: run.train.milestones == (3, 4)),
        ("train.milestones=[3, 4]", lambda run: run.train.milestones == (3, 4)),
        ("train.clip_norm=none", lambda run: run.train.clip_norm is None),
        ("train.nesterov=true", lambda run: run.train.nesterov),
        ("train.schedule=cosine", lambda run: run.train.schedule == "cosine"),
        ("train.frozen=stem,res2", lambda run: run.train.frozen == ("stem", "res2")),
        ("data.crop=112", lambda run: run.data.crop == 112),
        ("data.short_side=256,320", lambda run: run.data.short_side == (256, 320)),
        ("data.frames=16", lambda run: run.data.frames == run.model.frames == 16),
        ("model.dropout=0.8", lambda run: run.model.dropout == 0.8),
        ("model.blocks.gta.groups=4", lambda run: run.model.blocks[-1].groups == 4),
        ("model.backbone.shift_every=1", lambda run: run.model.backbone.shift_every == 1),
        ("pretrain=none", lambda run: run.pretrain is None),
        ("views=1x1,2x3", lambda run: run.views == (ViewsConfig(), ViewsConfig(2, 3))),
        ("splits=test", lambda run: run.splits == ("test",)),
    ],
)
def test_a_value_is_read_as_its_field_has_it(text, read):
    assert not read(RUN)
    changed = change(text)
    assert read(changed)
    assert len(changed.changes) == 1
    assert changed.id != RUN.id
    assert run_from_dict(to_dict(changed)) == changed
    assert change(*changed.changes) == changed  # what a run says of itself makes it again


def test_the_order_of_changes_is_no_part_of_a_run():
    texts = ["train.lr=0.02", "data.crop=112", "train.epochs=5"]
    assert change(*texts).id == change(*reversed(texts), "train.lr=0.02").id


def test_changes_are_made_together():
    """One alone would leave a crop that is larger than the frames."""
    changed = change("data.resize=120,160", "data.crop=112")
    assert (changed.data.resize, changed.data.crop) == ((120, 160), 112)


def test_what_changes_nothing_is_the_run_of_record():
    assert change(f"train.lr={RUN.train.lr}", "data.crop=224") is RUN
    plain = SSV1.resolve(PLAIN, 0)
    assert change("model.blocks.gta.groups=4", run=plain) is plain


def test_a_changed_run_is_never_that_of_another_row():
    """TSM by --set has the content of the TSM row; it still is no run of record."""
    tsm = SSV1.resolve(dataclasses.replace(PLAIN, name="TSM", backbone="tsm"), 0)
    changed = change("model.backbone.shift_every=1", run=SSV1.resolve(PLAIN, 0))
    assert dataclasses.replace(changed, changes=()) == tsm
    assert changed.id != tsm.id


@pytest.mark.parametrize(
    ("texts", "message"),
    [
        (["tran.lr=3"], "--set tran.lr: there is no such field; did you mean 'train.lr'"),
        (["lr=3"], "did you mean train.lr?"),
        (["model.backbone=3"], "it is a group of fields: model.backbone.branch"),
        (["seed=3"], "--seeds"),
        (["data.drawing.side=3"], "profile of its own"),
        (["model.frames=16"], "data.frames"),
        (["train.lr=fast"], "--set train.lr=fast: expected a number"),
        (["train.epochs=2.5"], "--set train.epochs=2.5: expected a whole number"),
        (["train.epochs=true"], "expected a whole number"),
        (["train.nesterov=1"], "expected true or false"),
        (["data.augment=none"], "expected one of crop, multiscale"),
        (["data.resize=3"], "expected 2 values"),
        (["views=3"], "such as 10x3"),
        (["views=1x2"], "such as 10x3"),
        (["train.lr=-1"], "it must be more than 0"),
        (["train.lr=inf"], "train.lr=inf: "),
        (["data.crop=500"], "DataConfig.crop is 500"),
        (["data.frames=0"], "DataConfig.frames is 0"),
        (["pretrain=3"], "expected none; a checkpoint is given by --from"),
        (["train.lr"], "is not FIELD=VALUE"),
        (["train.lr=1", "train.lr=2"], "two values, 1 and 2"),
    ],
)
def test_mistakes_name_the_field(texts, message):
    with pytest.raises(UserError, match=re.escape(message)) as caught:
        check_changes(parse_changes(texts), [RUN])
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("name", PROFILES)
def test_no_profile_of_record_has_changes(name):
    profile = PROFILES[name]
    assert profile.changes == ()
    assert profile.resolve(dataclasses.replace(PLAIN, backbone=next(iter(profile.settings))), 0).changes == ()
