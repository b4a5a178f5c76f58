"""Optical flow as input: exact for drawn clips, stored pairs of pictures for real ones, ten channels a frame."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
import torch
from PIL import Image

from gta.config import BackboneConfig, BNInceptionConfig, DataConfig, DrawingConfig, RunConfig
from gta.config.data import FLOW_FIELDS
from gta.data import flow
from gta.data.beside import places
from gta.data.drawn.clip import draw_clip
from gta.data.drawn.flow import LEVELS, draw_flow
from gta.data.drawn.make import ensure_embedded
from gta.data.drawn.templates import TEMPLATES
from gta.data.frames import segment_indices
from gta.data.module import VideoDataModule
from gta.data.read.fields import STILL
from gta.data.read.reader import ClipError, Reader
from gta.data.sets.splits import Clip
from gta.data.transforms import scale
from gta.errors import UserError
from tests.support import videos

DRAWING = DrawingConfig(train_per_template=1, validation_per_template=1, tune_per_template=1, noise=0.0)
NOISY = dataclasses.replace(DRAWING, noise=8.0)


def moved_error(frames, fields):
    """Mean difference of each frame to the next one: fetched from where the fields point, and from the same place."""
    side = frames.shape[1]
    rows, columns = np.mgrid[:side, :side].astype(float)
    motion = (fields[..., :2].astype(float) - STILL) / LEVELS
    fetched, still = [], []
    for now, then, part in zip(frames[:-1].astype(float), frames[1:].astype(float), motion, strict=True):
        x, y = columns + part[..., 0], rows + part[..., 1]
        inside = (x >= 0) & (x < side - 1) & (y >= 0) & (y < side - 1)
        i, j = np.floor(y[inside]).astype(int), np.floor(x[inside]).astype(int)
        fy, fx = (y[inside] - i)[:, None], (x[inside] - j)[:, None]
        upper = then[i, j] * (1 - fx) + then[i, j + 1] * fx
        lower = then[i + 1, j] * (1 - fx) + then[i + 1, j + 1] * fx
        fetched.append(np.abs(upper * (1 - fy) + lower * fy - now[inside]).mean())
        still.append(np.abs(then - now).mean())
    return np.mean(fetched), np.mean(still)


@pytest.mark.parametrize("template", TEMPLATES, ids=lambda template: template.name)
def test_the_next_frame_is_where_the_flow_points(template):
    fetched, still = moved_error(
        draw_clip(DRAWING, "validation", template, 0), draw_flow(DRAWING, "validation", template, 0)
    )
    assert fetched < 0.45 * still


def test_noise_changes_no_flow_and_the_coin_is_the_clip_s_own():
    for template in TEMPLATES:
        if template.kind != "order":
            noisy = draw_clip(NOISY, "train", template, 0)
            assert moved_error(noisy, draw_flow(NOISY, "train", template, 0))[0] < moved_error(noisy, noisy[1:])[0]


def test_a_reversed_clip_flows_the_other_way():
    forwards, backwards = (
        next(t for t in TEMPLATES if t.scene == "across" and t.backward == way) for way in (False, True)
    )
    rightwards, leftwards = (
        np.mean([draw_flow(DRAWING, "validation", t, i)[..., 0].astype(float).max() for i in range(8)])
        - np.mean([255 - draw_flow(DRAWING, "validation", t, i)[..., 0].astype(float).min() for i in range(8)])
        for t in (forwards, backwards)
    )
    assert rightwards > 0 > leftwards


def test_a_frame_holds_five_fields_stacked():
    fields = np.arange(2 * FLOW_FIELDS * 4 * 6 * 3, dtype=np.uint8).reshape(2 * FLOW_FIELDS, 4, 6, 3)
    frames = flow.stacked(fields)
    assert frames.shape == (2, 4, 6, 10)
    assert np.array_equal(frames[1, ..., 2], fields[6, ..., 0])
    assert np.array_equal(frames[1, ..., 3], fields[6, ..., 1])


def test_a_mirror_turns_the_x_part_only():
    fields = np.full((1, 2, 2, 3), STILL, np.uint8)
    fields[0, 0, 0, :2] = (STILL + 20, STILL + 5)
    seen = flow.mirrored(fields)[0, 0, 1]
    assert (seen[0], seen[1]) == (STILL - 20, STILL + 5)
    assert np.array_equal(flow.mirrored(np.zeros((1, 1, 1, 3), np.uint8))[..., 0], [[[255]]])


@pytest.mark.parametrize(
    ("length", "first", "shown"), [(9, [0, 4], [*range(5), *range(4, 9)]), (2, [0], [0, 1, 1, 1, 1])]
)
def test_fields_follow_the_first_one_and_a_short_clip_repeats_its_last(length, first, shown):
    assert max(first) < flow.starts(length) or length < FLOW_FIELDS
    assert flow.following(np.array(first), length).tolist() == shown


def test_a_drawn_set_is_seen_as_flow(tmp_path):
    ensure_embedded(tmp_path, DRAWING, "toy")
    data = DataConfig("toy", resize=(36, 36), crop=32, augment="crop", drawing=DRAWING, modality="flow")
    module = VideoDataModule(data, tmp_path, batch_size=4, seed=0)
    video = next(iter(module.val_dataloader()))["video"]
    assert video.shape == (4, 10, 8, 32, 32)
    clip = module._split("validation").clips[0]
    template = next(t for t in TEMPLATES if t.name == clip.template)
    own = scale(draw_flow(DRAWING, "validation", template, int(clip.id[3:])), (36, 36))[:, 2:34, 2:34]
    shown = flow.following(segment_indices(flow.starts(len(own)), 8), len(own))
    assert np.array_equal(video[0].permute(1, 2, 3, 0).numpy(), flow.stacked(own[shown]))
    assert next(iter(module.train_dataloader()))["video"].shape == (4, 10, 8, 32, 32)


# ---------------------------------------------------------------------------------- stored flow
def store(folder, names, size=(60, 80)):
    """Grey pictures whose level is their number times ten, plus one in the y part."""
    folder.mkdir(parents=True, exist_ok=True)
    for part in "xy":
        for number in range(1, 10):
            path = folder / names.format(part=part, number=number)
            path.parent.mkdir(exist_ok=True)
            Image.fromarray(np.full(size, 10 * number + (part == "y"), np.uint8)).save(path, quality=100)


@pytest.mark.parametrize(
    "names",
    [
        "flow_{part}_{number:05d}.jpg",
        "{part}_{number:05d}.jpg",
        "000012-{part}_{number:05d}.jpg",
        "{part}/frame{number:06d}.jpg",
    ],
)
def test_pairs_are_read_by_the_names_of_usual_tools(tmp_path, names):
    store(tmp_path / "12", names)
    fields = Reader(flow=True).read(tmp_path / "12", lambda video: video.take([0, 8, 0]))
    assert fields.shape == (3, 60, 80, 3)
    assert np.abs(fields[:, 0, 0, :2].astype(int) - [[10, 11], [90, 91], [10, 11]]).max() <= 1


def test_what_is_wrong_with_stored_flow_is_named(tmp_path):
    def read(folder):
        return Reader(flow=True).read(folder, lambda video: video.take([0]))

    with pytest.raises(ClipError, match="stored flow of the clip is looked for there"):
        read(tmp_path / "none")
    (tmp_path / "empty").mkdir()
    with pytest.raises(ClipError, match=r"holds no flow; expected pairs such as flow_x_00001\.jpg"):
        read(tmp_path / "empty")
    store(tmp_path / "1", "flow_{part}_{number:05d}.jpg")
    (tmp_path / "1" / "x_00001.jpg").write_bytes(b"")
    with pytest.raises(ClipError, match="holds the x part of field 1 twice"):
        read(tmp_path / "1")
    (tmp_path / "1" / "x_00001.jpg").unlink()
    (tmp_path / "1" / "flow_y_00004.jpg").unlink()
    with pytest.raises(ClipError, match=r"holds one part of field 4 alone, .*flow_x_00004\.jpg"):
        read(tmp_path / "1")


def test_a_real_set_is_seen_as_flow(tmp_path):
    videos.own(tmp_path, train=4, val=2)  # the films themselves are not opened
    data = DataConfig("folder", frames=4, resize=(60, 80), crop=56, modality="flow")
    with pytest.raises(UserError, match=r"flow does not exist; a network of flow reads a folder of pairs"):
        VideoDataModule(data, tmp_path, 2, seed=0).setup()
    for path in tmp_path.glob("*/*/*.mp4"):
        store(tmp_path / "flow" / path.relative_to(tmp_path).with_suffix(""), "flow_{part}_{number:05d}.jpg")
    module = VideoDataModule(data, tmp_path, 2, seed=0)
    module.setup()
    video = next(iter(module.val_dataloader()))["video"]
    assert video.shape == (2, 10, 4, 56, 56)
    assert torch.unique(video[0, 0::2, 0]).numel() == FLOW_FIELDS  # five fields that follow each other
    assert next(iter(module.train_dataloader()))["video"].shape == (2, 10, 4, 56, 56)


# --------------------------------------------------------------------------------- the network
def flow_run() -> RunConfig:
    from experiments.study.profiles import TINY
    from experiments.study.rows import Row

    return TINY.resolve(Row("", backbone="tsm_flow"), 1)


def test_a_network_of_flow_starts_from_the_weights_of_pictures(tmp_path):
    from safetensors.torch import save_file

    from gta.backbones import build_backbone
    from gta.training.pretrain import weights_name
    from gta.weights.load import load

    run = flow_run()
    pictures = dataclasses.replace(run.model.backbone, inputs=3)
    assert weights_name(run) == weights_name(
        dataclasses.replace(
            run,
            model=dataclasses.replace(run.model, backbone=pictures),
            data=dataclasses.replace(run.data, modality="rgb"),
        )
    )
    source = build_backbone(pictures.still, 5, 1)
    kept = {name: value for name, value in source.state_dict().items() if not name.startswith("fc.")}
    save_file({name: value.contiguous().clone() for name, value in kept.items()}, tmp_path / "a.safetensors")
    network = build_backbone(run.model.backbone, 24, 8)
    load(network, tmp_path / "a.safetensors")
    assert torch.allclose(network.conv1.weight, kept["conv1.weight"].mean(1, keepdim=True).expand(-1, 10, -1, -1))
    assert torch.equal(network.layer1[0].conv2.weight, kept["layer1.0.conv2.weight"])


def test_frames_and_network_must_agree():
    run = flow_run()
    with pytest.raises(ValueError, match=r"DataConfig.modality is 'rgb', frames of 3 channels; the backbone reads 10"):
        dataclasses.replace(run, data=dataclasses.replace(run.data, modality="rgb"))


@pytest.mark.parametrize("backbone", [BackboneConfig(width=4, inputs=10), BNInceptionConfig(width=4, inputs=10)])
def test_the_first_convolution_has_a_rate_of_its_own(backbone):
    from gta.config import ModelConfig, TrainConfig
    from gta.model import build_model
    from gta.training.optimizer import parameter_groups

    model = build_model(ModelConfig(5, 8, backbone, places=()))
    first = next(module for module in model.modules() if isinstance(module, torch.nn.Conv2d))
    groups = parameter_groups(model, TrainConfig(lr=0.1, first_rate=5.0))
    [rated] = [group for group in groups if group["lr"] == 0.5 and group["weight_decay"]]
    assert [parameter is first.weight for parameter in rated["params"]] == [True]
    assert first.in_channels == 10
    assert model(torch.randn(1, 10, 8, 64, 64)).shape == (1, 5)


def test_a_film_is_no_flow(tmp_path):
    from gta.predict import read_views

    path = tmp_path / "film.webm"
    path.touch()
    run = flow_run()
    with pytest.raises(UserError, match="flow that is drawn with its clips"):
        read_views(path, run)
    data = dataclasses.replace(run.data, drawing=None, dataset="folder")
    with pytest.raises(UserError, match="reads optical flow; give the folder of a clip's stored flow"):
        read_views(path, dataclasses.replace(run, data=data, pretrain=None))


def test_a_network_of_flow_is_exported(tmp_path):
    from gta.export import from_run  # noqa: F401 - the path of the command
    from gta.pretrained import PretrainedRecognizer, load
    from gta.training.colours import colour_statistics

    run = dataclasses.replace(flow_run(), pretrain=None)
    network = PretrainedRecognizer(run, [template.name for template in TEMPLATES], *colour_statistics(run)).eval()
    network.save(tmp_path / "flow")
    clip = torch.randint(0, 256, (1, 10, 8, 32, 32), dtype=torch.uint8)
    torch.testing.assert_close(load(tmp_path / "flow").eval()(clip), network(clip))


def test_flow_is_asked_for_in_one_place():
    from experiments.study.overrides import check_changes, overridden
    from experiments.study.profiles import TINY
    from experiments.study.rows import Row

    run = TINY.resolve(Row("", backbone="tsm"), 1)
    assert overridden(run, (("model.backbone.inputs", "10"),)).data.modality == "flow"
    with pytest.raises(UserError, match=r"say model.backbone.inputs=10, or name a row of flow"):
        check_changes((("data.modality", "flow"),), [run])


def test_a_plan_counts_the_clips_without_flow(tmp_path):
    from experiments.runner.child_options import ChildOptions
    from experiments.runner.preflight import inspect
    from experiments.study.own import profile_of
    from experiments.study.rows import Row

    videos.own(tmp_path, train=40, val=2)
    run = profile_of("folder", tmp_path).resolve(Row("", backbone="tsm_flow"), 0)

    def found():
        return inspect([run], tmp_path / "results", ChildOptions(tmp_path / "runs", tmp_path))

    assert any("rows of flow can be left out" in line for line in found().problems)
    (tmp_path / "flow").mkdir()
    assert any("40 of 40 clips of train have no flow" in line for line in found().problems)
    for path in tmp_path.glob("*/*/*.mp4"):
        (tmp_path / "flow" / path.relative_to(tmp_path).with_suffix("")).mkdir(parents=True)
    assert found().problems == []
    next(tmp_path.glob("flow/val/a/*")).rmdir()
    assert any("1 of 2 clips of validation have no flow" in line for line in found().remarks)


def test_what_belongs_to_a_clip_lies_within_the_data_set(tmp_path):
    (tmp_path / "flow").mkdir()
    clips = [Clip(name, tmp_path, 0, "a") for name in ("a/1.mp4", "/films/2.avi", "../3.webm", f"{tmp_path}/b/4.mp4")]
    found = [str(path.relative_to(tmp_path)) for path in places(tmp_path, "flow", clips, "")]
    assert found == ["flow/a/1", "flow/films/2", "flow/3", "flow/b/4"]
    with pytest.raises(UserError, match=r"flow/a/1 would belong to both a/1.mp4 and a/1.avi"):
        places(tmp_path, "flow", [*clips, Clip("a/1.avi", tmp_path, 0, "a")], "")
