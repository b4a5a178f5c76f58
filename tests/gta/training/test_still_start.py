"""Networks of clips start from a training on stills: one rule for all, and what it leaves of their order of frames."""

import pytest
import torch
from safetensors.torch import save_file

from experiments.study.profiles import PROFILES
from experiments.study.rows import Row
from experiments.tables.models import NL
from gta.config import CorrelationConfig, PretrainConfig
from gta.training.pretrain import train_on_stills, weights_name
from gta.training.recognizer import VideoRecognizer
from gta.weights.load import load

SMOKE = PROFILES["smoke"]
ROWS = {
    "I3D": Row("I3D", backbone="i3d"),
    "I3D + NL + GCN": Row("I3D + NL + GCN", NL, backbone="i3d_graph"),
    "S3D-G": Row("S3D-G", backbone="s3dg"),
    "CorrNet": Row("CorrNet", (CorrelationConfig(),), backbone="corrnet"),
}


@pytest.mark.parametrize("name", ROWS)
def test_a_network_starts_from_stills_and_learns_in_time(name, tmp_path):
    run = SMOKE.resolve(ROWS[name], 0)
    still = run.model.backbone.still
    weights, accuracy = train_on_stills(PretrainConfig(stills=64, batch_size=32), run.data.drawing, still, 32)
    assert set(accuracy)
    path = tmp_path / "stills.safetensors"
    save_file(weights, path)
    torch.manual_seed(0)
    recognizer = VideoRecognizer(run)
    load(recognizer.model.backbone, path)
    clip = torch.randn(2, 3, 8, 32, 32)
    recognizer.model(clip).square().sum().backward()
    untouched = [n for n, p in recognizer.named_parameters() if p.requires_grad and p.grad is None]
    assert untouched == []
    frozen = {n.split(".")[2] for n, p in recognizer.named_parameters() if not p.requires_grad}
    assert frozen == ({"body"} if name == "S3D-G" else {"conv1", "bn1", "layer1"})


def test_i3d_starts_from_the_very_file_of_r2d():
    assert len({weights_name(SMOKE.resolve(row, 0)) for row in (Row("R2D"), ROWS["I3D"], ROWS["I3D + NL + GCN"])}) == 1


def test_only_its_own_kinds_of_blocks_are_narrowed():
    block = SMOKE.resolve(ROWS["CorrNet"], 0).model.blocks[0]
    assert (block.patch, block.groups, block.start) == (3, 8, "identity")
    given = SMOKE.resolve(Row("CorrNet", (CorrelationConfig(patch=5),), backbone="corrnet"), 0).model.blocks[0]
    assert (given.patch, given.groups) == (5, 8)


@pytest.mark.parametrize("profile", ["ssv1", "ssv2", "k400"])
def test_every_recipe_at_full_scale_resolves(profile):
    names = {"k400": ("i3d_r101", "s3dg_k400", "corrnet_r101")}.get(profile, ("i3d", "i3d_graph", "s3dg", "corrnet"))
    for backbone in names:
        setting = PROFILES[profile].settings[backbone]
        run = PROFILES[profile].resolve(Row(backbone, NL, backbone=backbone), 0)
        assert len(run.model.places) == sum(len(setting.spots[stage]) for stage in setting.stages)
        assert run.model.frames == run.data.frames == (64 if "s3dg" in backbone else 32)
