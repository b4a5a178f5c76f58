"""Weights from files: names of torchvision and PySlowFast, files that are something else, other numbers of frames."""

import dataclasses
import hashlib
import math
import pickle

import pytest
import torch
from safetensors.torch import save_file

from experiments.study.profiles import SMOKE
from experiments.study.rows import Row
from gta import ModelConfig, build_model, resample_frames
from gta.backbones import ResNet2D, SlowFast
from gta.config import (
    BackboneConfig,
    GTAConfig,
    Res2NetConfig,
    SAConfig,
    SlowFastConfig,
    StmConfig,
    TAConfig,
    TamConfig,
    TeaConfig,
    WeightsConfig,
)
from gta.errors import UserError
from gta.weights import load as weights
from gta.weights import public as public_weights
from gta.weights.pyslowfast import from_pyslowfast

SMALL = BackboneConfig((1, 1, 1, 1), 8, "small")
SLOWFAST = SlowFastConfig(depths=(1, 2, 1, 1), width=16)


def pyslowfast_state(network, config=SLOWFAST):
    """The state dict that PySlowFast's own network of the same sizes has, with random values."""
    kernels = {"slow": (1, 1, 1, 3, 3), "fast": (5, 3, 3, 3, 3)}
    state = {}

    def kernel(*shape):
        return torch.randn(shape) / math.prod(shape[1:]) ** 0.5  # keeps the size of the features through many layers

    def norm(name, channels):
        for part, least, spread in (
            ("weight", 0, 0.5),
            ("bias", 0, 0.1),
            ("running_mean", 0, 0.1),
            ("running_var", 1, 1),
        ):
            state[f"{name}.{part}"] = least + spread * torch.rand(channels)
        state[f"{name}.num_batches_tracked"] = torch.tensor(5)

    slim = config.width // config.beta_inverse
    for number, (pathway, width) in enumerate((("slow", config.width), ("fast", slim))):
        side = 7
        state[f"s1.pathway{number}_stem.conv.weight"] = kernel(width, 3, kernels[pathway][0], side, side)
        norm(f"s1.pathway{number}_stem.bn", width)
        channels = width
        for stage, depth in enumerate(config.depths):
            for index in range(depth):
                name, planes = f"s{stage + 2}.pathway{number}_res{index}", width << stage
                fused = 2 * (slim if stage == 0 else 4 * slim << (stage - 1)) if pathway == "slow" and index == 0 else 0
                if index == 0:
                    state[f"{name}.branch1.weight"] = kernel(4 * planes, channels + fused, 1, 1, 1)
                    norm(f"{name}.branch1_bn", 4 * planes)
                extent = kernels[pathway][stage + 1]
                state[f"{name}.branch2.a.weight"] = kernel(planes, channels + fused, extent, 1, 1)
                state[f"{name}.branch2.b.weight"] = kernel(planes, planes, 1, 3, 3)
                state[f"{name}.branch2.c.weight"] = kernel(4 * planes, planes, 1, 1, 1)
                for letter, size in (("a", planes), ("b", planes), ("c", 4 * planes)):
                    norm(f"{name}.branch2.{letter}_bn", size)
                channels = 4 * planes
    for number, channels in enumerate((slim, 4 * slim, 8 * slim, 16 * slim), start=1):
        state[f"s{number}_fuse.conv_f2s.weight"] = kernel(2 * channels, channels, config.fusion_kernel, 1, 1)
        norm(f"s{number}_fuse.bn", 2 * channels)
    state["s4.pathway0_nonlocal0.conv_theta.weight"] = torch.randn(2, 2, 1, 1, 1)
    state["head.projection.weight"] = torch.randn(400, 32 * (config.width + slim))
    state["head.projection.bias"] = torch.randn(400)
    return state


def test_a_checkpoint_of_pyslowfast_is_converted(tmp_path):
    network = SlowFast(SLOWFAST, 7, frames=8)
    before = network.fc.weight.clone()
    state = pyslowfast_state(network)
    torch.save({"epoch": 3, "model_state": state, "cfg": "text"}, tmp_path / "model.pyth")
    weights.load(network, tmp_path / "model.pyth", "pyslowfast")
    own = network.state_dict()
    assert torch.equal(network.fc.weight, before)
    assert torch.equal(own["slow.conv1.weight"], state["s1.pathway0_stem.conv.weight"][:, :, 0])
    assert torch.equal(own["fast.conv1.weight"][:, 3:6], state["s1.pathway1_stem.conv.weight"][:, :, 1])
    assert torch.equal(own["slow.layer3.0.conv1.weight"][..., 0], state["s4.pathway0_res0.branch2.a.weight"][..., 0, 0])
    assert torch.equal(own["fast.layer2.1.bn2.running_var"], state["s3.pathway1_res1.branch2.b_bn.running_var"])
    assert torch.equal(own["slow.layer1.0.downsample.1.bias"], state["s2.pathway0_res0.branch1_bn.bias"])
    assert torch.equal(own["fusions.res4.0.weight"][..., 0], state["s4_fuse.conv_f2s.weight"][..., 0, 0])


def test_the_converter_names_every_weight_of_the_network():
    network = SlowFast(SLOWFAST, 400, frames=8)
    converted = from_pyslowfast(pyslowfast_state(network))
    assert {name: value.shape for name, value in converted.items()} == {
        name: value.shape for name, value in network.state_dict().items()
    }


def test_a_classifier_for_the_same_classes_is_taken_over(tmp_path):
    network = SlowFast(SLOWFAST, 400, frames=8)
    state = pyslowfast_state(network)
    torch.save({"model_state": state}, tmp_path / "model.pyth")
    weights.load(network, tmp_path / "model.pyth", "pyslowfast")
    assert torch.equal(network.fc.weight, state["head.projection.weight"])


@pytest.mark.parametrize("suffix", [".safetensors", ".pth"])
def test_torchvision_weights_load_around_inserted_blocks(tmp_path, suffix):
    source = ResNet2D(SMALL, 1000)
    path = tmp_path / f"weights{suffix}"
    (save_file if suffix == ".safetensors" else torch.save)(source.state_dict(), path)
    model = build_model(ModelConfig(5, backbone=SMALL, blocks=(SAConfig(), GTAConfig()), places=(("res3", 0),)))
    weights.load(model.backbone, path, "torchvision")
    assert torch.equal(model.backbone.layer4[0].conv3.weight, source.layer4[0].conv3.weight)
    assert model.backbone.fc.weight.shape == (5, 256)


def res2net_names(depths):
    """Names of the weights of timm's ``res2net50_26w_4s``, by hand, for other depths."""
    norm = ("weight", "bias", "running_mean", "running_var", "num_batches_tracked")
    names = {"conv1.weight", "fc.weight", "fc.bias", *(f"bn1.{part}" for part in norm)}
    for stage, depth in enumerate(depths, start=1):
        for index in range(depth):
            at = f"layer{stage}.{index}"
            names |= {f"{at}.conv1.weight", f"{at}.conv3.weight", *(f"{at}.convs.{i}.weight" for i in range(3))}
            norms = ["bn1", "bns.0", "bns.1", "bns.2", "bn3"]
            if index == 0:
                names.add(f"{at}.downsample.0.weight")
                norms.append("downsample.1")
            names |= {f"{at}.{own}.{part}" for own in norms for part in norm}
    return names


def test_res2net_has_the_names_of_timm():
    with torch.device("meta"):
        assert ResNet2D(BackboneConfig(branch=Res2NetConfig())).state_dict().keys() == res2net_names((3, 4, 6, 3))


@pytest.mark.parametrize(
    ("branch", "source", "own"),
    [
        (StmConfig(reduction=4), "torchvision", ("shift.", "mb.")),
        (TamConfig(), "torchvision", ("tam.",)),
        (TeaConfig(reduction=4), "timm", ("me.", "shifts.")),
    ],
    ids=str,
)
def test_weights_of_pictures_load_around_what_is_inside_the_residual_branches(tmp_path, branch, source, own):
    backbone = dataclasses.replace(SMALL, branch=branch)
    pictures, model = ResNet2D(backbone.still, 1000), build_model(ModelConfig(5, backbone=backbone, places=()))
    before = {name: value.clone() for name, value in model.backbone.state_dict().items()}
    if source == "timm":
        assert pictures.state_dict().keys() == res2net_names(SMALL.depths)
    save_file(pictures.state_dict(), tmp_path / "pictures.safetensors")
    weights.load(model.backbone, tmp_path / "pictures.safetensors", source)
    loaded, given = model.backbone.state_dict(), pictures.state_dict()
    assert all(torch.equal(value, given[name]) for name, value in loaded.items() if name in given and "fc." not in name)
    left = {name for name in loaded if name not in given}
    assert left
    assert all(any(f".{part}" in name for part in own) and torch.equal(loaded[name], before[name]) for name in left)

    clip = ResNet2D(backbone, 1000, frames=8)  # weights that were trained on clips load too, but only whole
    save_file(clip.state_dict(), tmp_path / "clips.safetensors")
    weights.load(model.backbone, tmp_path / "clips.safetensors", source)
    assert all(torch.equal(model.backbone.state_dict()[name], clip.state_dict()[name]) for name in left)
    missing = sorted(left)[0]
    torch.save({name: value for name, value in clip.state_dict().items() if name != missing}, tmp_path / "part.pth")
    with pytest.raises(UserError, match=f"1 missing: {missing}"):
        weights.load(model.backbone, tmp_path / "part.pth", source)


def test_a_wrong_file_lists_the_first_keys_that_do_not_match(tmp_path):
    other = ResNet2D(BackboneConfig((1, 2, 1, 1), 16, "small"), 5)
    torch.save(other.state_dict(), tmp_path / "other.pth")
    with pytest.raises(
        UserError, match=r"other.pth holds .* another network; .*unknown: layer2.1.bn1.bias.*of another"
    ):
        weights.load(ResNet2D(SMALL, 5), tmp_path / "other.pth")
    torch.save({"x": torch.zeros(1)}, tmp_path / "only.pth")
    with pytest.raises(UserError, match=r"missing: bn1.bias, bn1.running_mean, bn1.running_var; 1 unknown: x"):
        weights.load(ResNet2D(SMALL, 5), tmp_path / "only.pth")


class Evil:
    def __reduce__(self):
        return (print, ("executed",))


def test_a_pickle_that_would_run_code_is_refused(tmp_path, capsys):
    for content in (Evil(), {"model_state": Evil()}):
        torch.save(content, tmp_path / "evil.pth")
        with pytest.raises(UserError, match=r"evil.pth is not a file of weights that can be read safely"):
            weights.read(tmp_path / "evil.pth")
    (tmp_path / "plain.pth").write_bytes(pickle.dumps(Evil()))
    with pytest.raises(UserError, match=r"plain.pth is not a file of weights"):
        weights.read(tmp_path / "plain.pth")
    assert "executed" not in capsys.readouterr().out


@pytest.mark.parametrize("name", ["a.safetensors", "a.pth"])
def test_files_that_are_no_weights(tmp_path, name):
    (tmp_path / name).write_bytes(b"\0" * 50)
    with pytest.raises(UserError, match=f"{name} is not a file of weights"):
        weights.read(tmp_path / name)
    with pytest.raises(UserError, match=r"missing.pth is not a file of weights"):
        weights.read(tmp_path / "missing.pth")
    torch.save([1, 2], tmp_path / "list.pth")
    with pytest.raises(UserError, match=r"list.pth holds no dictionary of tensors"):
        weights.read(tmp_path / "list.pth")


def test_public_weights_are_found_by_name_or_said_to_be_missing(tmp_path, monkeypatch):
    config = WeightsConfig("pyslowfast", "SLOWFAST_16x8_R50")
    with pytest.raises(
        UserError, match=r"SLOWFAST_16x8_R50 .*are missing; .*PyTorchVideo's model zoo.*SLOWFAST_16x8_R50{.safetensors"
    ):
        public_weights.find(config, tmp_path)

    def offline(url, folder):
        raise OSError("no network")

    monkeypatch.setattr(public_weights, "_download", offline)
    with pytest.raises(UserError, match=r"could not be downloaded \(no network\); save them as"):
        public_weights.find(WeightsConfig("torchvision", "ResNet50_Weights.IMAGENET1K_V1"), tmp_path)
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    (elsewhere / "SLOWFAST_16x8_R50.pyth").touch()
    monkeypatch.setenv("GTA_WEIGHTS", str(elsewhere))
    assert public_weights.find(config, tmp_path) == elsewhere / "SLOWFAST_16x8_R50.pyth"


@pytest.mark.parametrize("place", ["folder", "variable", "cache"])
def test_weights_are_found_under_torch_hubs_own_name(tmp_path, monkeypatch, place):
    config = WeightsConfig("torchvision", "ResNet50_Weights.IMAGENET1K_V1")
    monkeypatch.setenv("TORCH_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("GTA_WEIGHTS", str(tmp_path / "variable"))
    folder = tmp_path / {"cache": "home/hub/checkpoints"}.get(place, place)
    folder.mkdir(parents=True)
    assert public_weights.locate(config, tmp_path / "folder") is None
    (folder / "resnet50-0676ba61.pth").touch()
    assert public_weights.find(config, tmp_path / "folder") == folder / "resnet50-0676ba61.pth"


def test_the_name_of_torch_hub_is_checked_against_the_content(tmp_path):
    network = ResNet2D(SMALL, 5)
    torch.save(network.state_dict(), tmp_path / "a.pth")
    digits = hashlib.sha256((tmp_path / "a.pth").read_bytes()).hexdigest()[:8]
    weights.load(network, (tmp_path / "a.pth").rename(tmp_path / f"resnet50-{digits}.pth"))
    torch.save(network.half().state_dict(), tmp_path / f"resnet50-{digits}.pth")
    with pytest.raises(UserError, match=rf"its name says that its SHA-256 begins with {digits}, it begins with"):
        weights.load(network, tmp_path / f"resnet50-{digits}.pth")


def test_weights_are_taken_out_of_wrappers_and_containers_within_others(tmp_path):
    source, target = ResNet2D(SMALL, 5), ResNet2D(SMALL, 7)
    state = {f"module._orig_mod.base_model.encoder.{name}": value for name, value in source.state_dict().items()}
    inner = {"model": {"net": state | {"n_averaged": torch.tensor(1)}}, "arch": "resnet50"}
    torch.save({"state_dict": inner, "model": "resnet50", "optimizer": {}}, tmp_path / "a.pth")
    weights.load(target, tmp_path / "a.pth")
    assert torch.equal(target.layer4[0].conv3.weight, source.layer4[0].conv3.weight)


def test_an_average_of_weights_comes_before_what_was_averaged(tmp_path):
    plain, average, target = (ResNet2D(SMALL, 5) for _ in range(3))
    content = {"model": plain.state_dict(), "model_ema": {f"module.{k}": v for k, v in average.state_dict().items()}}
    torch.save(content, tmp_path / "a.pth")
    weights.load(target, tmp_path / "a.pth")
    assert torch.equal(target.conv1.weight, average.conv1.weight)


def test_wrapped_weights_of_pyslowfast(tmp_path):
    network = SlowFast(SLOWFAST, 400, frames=8)
    state = pyslowfast_state(network)
    torch.save({"model_state": {f"module.{name}": value for name, value in state.items()}}, tmp_path / "a.pyth")
    weights.load(network, tmp_path / "a.pyth", "pyslowfast")
    assert torch.equal(network.fc.weight, state["head.projection.weight"])


# ------------------------------------------------------------------------------- other frame counts
BLOCKS = (TAConfig(position=True), GTAConfig(groups=2))


def model_of(frames, blocks=BLOCKS):
    torch.manual_seed(frames)
    model = build_model(ModelConfig(5, frames, SMALL, blocks, (("res3", 0), ("res4", 0)), dropout=0.0)).eval()
    for module in model.modules():
        if isinstance(module, torch.nn.BatchNorm2d):
            torch.nn.init.normal_(module.weight)
    return model.double()


def test_weights_of_8_frames_load_into_16():
    small, large = model_of(8), model_of(16)
    large.load_state_dict(resample_frames(small.state_dict(), large))
    own, taken = small.state_dict(), large.state_dict()
    name = "backbone.layer2.0.inserted.1.pixel.mixing.matrix"
    assert taken[name].shape == (2, 2, 16, 16)
    sums = torch.nn.functional.interpolate(own[name].sum(3), size=16, mode="linear", align_corners=False)
    torch.testing.assert_close(taken[name].sum(3), sums, rtol=1e-5, atol=1e-6)
    assert taken["backbone.layer2.0.inserted.0.position"].shape[0] == 16


def test_a_clip_that_stands_still_is_scored_alike_with_twice_the_frames():
    """The matrices' row sums, all that such a clip sees, keep their mean over the frames."""
    blocks = (GTAConfig(groups=2, region=False),)
    small, large = model_of(8, blocks), model_of(16, blocks)
    for model in (small, large):
        model.backbone.layer3[0].inserted[0].pixel.norm.weight.data.zero_()  # nothing nonlinear after the first block
        for stage in ("layer3", "layer4"):
            for name in ("bn1", "bn2", "bn3"):
                model.backbone.get_submodule(f"{stage}.0.{name}").weight.data.abs_()
    large.load_state_dict(resample_frames(small.state_dict(), large))
    seen = {}
    for frames, model in ((8, small), (16, large)):
        model.backbone.layer2.register_forward_hook(lambda *args, t=frames: seen.__setitem__(t, args[2]))
        model(torch.ones(1, 3, frames, 16, 16, dtype=torch.float64))
    means = [seen[t].view(1, t, *seen[t].shape[1:]).mean(dim=1) for t in (8, 16)]
    torch.testing.assert_close(means[0], means[1], rtol=1e-5, atol=1e-6)


def test_other_differences_are_refused():
    with pytest.raises(ValueError, match=r"fc.weight has shape \(5, 256\), the model \(7, 256\)"):
        resample_frames(model_of(8).state_dict(), build_model(ModelConfig(7, 8, SMALL, (), ())))


def test_stills_for_tsm_are_those_for_r2d(tmp_path):
    """They share a file, whichever row comes first: a still has no neighbour to take channels from."""
    from dataclasses import replace

    from gta.training.pretrain import ensure_pretrained

    runs = [SMOKE.resolve(Row("", backbone=name), 0) for name in ("tsm", "r2d")]
    runs = [replace(run, pretrain=replace(run.pretrain, stills=8, batch_size=4)) for run in runs]
    paths = [ensure_pretrained(run, tmp_path / str(number), say=lambda line: None) for number, run in enumerate(runs)]
    assert paths[0].name == paths[1].name
    assert paths[0].read_bytes() == paths[1].read_bytes()
