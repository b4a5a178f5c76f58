"""Stored proposals: seen through the crop and the mirror of their clip, and read by the head of region graphs."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
import torch

from experiments.study.overrides import overridden
from experiments.study.own import profile_of
from experiments.study.rows import Row
from gta.config import BackboneConfig, DataConfig, ModelConfig, RegionGraphHeadConfig, RunConfig, TrainConfig
from gta.data.module import VideoDataModule
from gta.data.proposals import WHOLE, Proposals
from gta.data.read.reader import ClipError
from gta.data.sets.splits import Clip
from gta.data.transforms import Box
from gta.errors import UserError
from gta.flops import cost
from gta.heads.region_graph import RegionGraphHead
from gta.training.recognizer import VideoRecognizer
from tests.support import videos

FRAMES, SIZE = np.array([0, 7]), (100, 200)
MIDDLE = Box(25, 50, 50, 100)
"""Half of the height and of the width, in the middle."""


@pytest.fixture
def store(tmp_path):
    def call(array, count=2):
        (tmp_path / "proposals").mkdir(exist_ok=True)
        np.save(tmp_path / "proposals" / "7.npy", array)
        return Proposals(tmp_path, [Clip("7.mp4", tmp_path / "7.mp4", 0, "a")], count)

    return call


def moments(*regions):
    return np.array(regions, np.float32)[:, None]


def test_each_frame_has_the_proposals_of_its_moment_as_the_crop_shows_them(store):
    known = store(moments((0.25, 0.25, 0.5, 0.5), (0.5, 0.5, 1.0, 1.0)))
    seen = known.seen(0, FRAMES, 8, SIZE, MIDDLE)
    assert seen.shape == (2, 2, 4)
    assert seen[0, 0].tolist() == [0, 0, 0.5, 0.5]  # the first moment is that of frames 0 to 3
    assert seen[1, 0].tolist() == [0.5, 0.5, 1, 1]  # cut at the crop's edge
    assert seen[:, 1].tolist() == [list(WHOLE)] * 2  # there is no second proposal


def test_a_mirror_turns_them_and_what_is_outside_becomes_the_whole_crop(store):
    known = store(moments((0.25, 0.25, 0.5, 0.5), (0.0, 0.0, 0.2, 0.2)), count=1)
    assert known.seen(0, FRAMES, 8, SIZE, MIDDLE, flip=True)[:, 0].tolist() == [[0.5, 0, 1, 0.5], list(WHOLE)]


@pytest.mark.parametrize(
    "array",
    [np.zeros((2, 3)), np.zeros((2, 3, 5)), np.zeros((0, 3, 4)), np.zeros((1, 1, 4), int), np.full((1, 1, 4), np.nan)],
)
def test_another_array_is_named(store, array):
    with pytest.raises(ClipError, match=r"7\.npy holds no proposals; expected finite floats \(moments, regions, 4\)"):
        store(array).seen(0, FRAMES, 8, SIZE, MIDDLE)


@pytest.mark.parametrize("content", [b"PK\x03\x04garbage", b"\x93NUMPY\x01\x00\x10\x00{'descr': '<f4'  \n", b""])
def test_a_damaged_file_is_named(store, tmp_path, content):
    known = store(np.zeros((1, 1, 4)))
    (tmp_path / "proposals" / "7.npy").write_bytes(content)
    with pytest.raises(ClipError, match=r"7\.npy cannot be read"):
        known.seen(0, FRAMES, 8, SIZE, MIDDLE)


def test_proposals_in_pixels_are_named(store):
    with pytest.raises(ClipError, match=r"values from 10 to 100; expected shares of the picture, from 0 to 1"):
        store(moments((10, 20, 100, 80))).seen(0, FRAMES, 8, SIZE, MIDDLE)


def test_no_file_and_a_pickle_are_named(store, tmp_path):
    known = store(np.zeros((1, 1, 4)))
    np.save(tmp_path / "proposals" / "7.npy", np.array([{}], dtype=object), allow_pickle=True)
    with pytest.raises(ClipError, match=r"7\.npy cannot be read"):
        known.seen(0, FRAMES, 8, SIZE, MIDDLE)
    (tmp_path / "proposals" / "7.npy").unlink()
    with pytest.raises(ClipError, match="No such file"):
        known.seen(0, FRAMES, 8, SIZE, MIDDLE)


def test_clips_come_with_their_proposals(tmp_path):
    videos.own(tmp_path, lambda path: videos.encode(path, videos.draw(10), "libx264", 30), train=4, val=2)
    data = DataConfig("folder", frames=4, resize=(60, 80), crop=56, proposals=3)
    with pytest.raises(UserError, match=r"proposals does not exist; a head that reads stored proposals"):
        VideoDataModule(data, tmp_path, 2, seed=0).setup()
    for path in tmp_path.glob("*/*/*.mp4"):
        target = tmp_path / "proposals" / path.relative_to(tmp_path).with_suffix(".npy")
        target.parent.mkdir(parents=True, exist_ok=True)
        np.save(target, np.tile(np.float32([0.4, 0.4, 0.6, 0.6]), (5, 3, 1)))
    module = VideoDataModule(data, tmp_path, 2, seed=0)
    module.setup()
    (batch,) = module.val_dataloader()
    assert batch["boxes"].shape == (2, 4, 3, 4)
    expected = [(0.4 * 80 - 12) / 56, (0.4 * 60 - 2) / 56, (0.6 * 80 - 12) / 56, (0.6 * 60 - 2) / 56]
    torch.testing.assert_close(batch["boxes"], torch.tensor(expected).expand(2, 4, 3, 4))
    training = next(iter(module.train_dataloader()))["boxes"]
    assert training.shape == (2, 4, 3, 4)
    assert ((training >= 0) & (training <= 1)).all()


def test_of_the_frames_of_a_map_the_middle_one_counts():
    torch.manual_seed(0)
    head = RegionGraphHead(RegionGraphHeadConfig(width=6, layers=1, proposals=2), 8, 2, 3).eval()
    features, boxes = torch.randn(2 * 3, 8, 4, 4), torch.rand(3, 4, 2, 4).sort(dim=-1).values[..., [0, 1, 2, 3]]
    scores = head(features, boxes)
    other = boxes.clone()
    other[:, 1::2] = torch.tensor(WHOLE)
    assert torch.equal(head(features, other), scores)
    with pytest.raises(ValueError, match="proposals is 2, but no boxes are given"):
        head(features)


def test_proposals_are_asked_for_in_one_place(tmp_path):
    for number in range(4):
        path = tmp_path / "ab"[number % 2] / f"{number}.mp4"
        path.parent.mkdir(exist_ok=True)
        path.touch()
    run = profile_of("folder", tmp_path).resolve(Row("", backbone="i3d_graph"), 0)
    asked = overridden(run, (("model.head.proposals", "50"),))
    assert (asked.model.head.proposals, asked.data.proposals) == (50, 50)
    with pytest.raises(ValueError, match=r"the head's proposals are 0, DataConfig\.proposals 50"):
        dataclasses.replace(run, data=asked.data)


def test_a_network_scores_its_clips_by_them():
    backbone = BackboneConfig(depths=(1, 1, 1, 1), width=8, stem="small")
    head = RegionGraphHeadConfig(width=8, layers=1, side=3, proposals=2)
    data = DataConfig("folder", frames=4, resize=(36, 36), crop=32, proposals=2)
    model = ModelConfig(3, 4, backbone, places=(), head=head)
    recognizer = VideoRecognizer(RunConfig("folder", 0, model, data, TrainConfig())).eval()
    batch = {
        "video": torch.randint(0, 256, (2, 3, 4, 32, 32), dtype=torch.uint8),
        "label": torch.tensor([0, 1]),
        "index": torch.tensor([0, 1]),
        "boxes": torch.tensor(WHOLE).repeat(2, 4, 2, 1),
    }
    whole = recognizer.predict_step(batch, 0)
    batch["boxes"] = batch["boxes"] / 2
    assert not torch.allclose(recognizer.predict_step(batch, 0), whole)
    assert cost(model, 32).macs > 0
