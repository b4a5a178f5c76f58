"""Fine-tuning from one of our runs or by other code's names; the classifier and blocks that do not fit are new."""

from __future__ import annotations

import re

import pytest
import torch
import torchvision

from gta.config import (
    BackboneConfig,
    BLVNetConfig,
    CheckpointConfig,
    DataConfig,
    GTAConfig,
    ModelConfig,
    MotionSqueezeConfig,
    RunConfig,
    SAConfig,
    SlowFastConfig,
    TrainConfig,
    run_from_dict,
    to_dict,
)
from gta.errors import UserError
from gta.training.recognizer import VideoRecognizer
from gta.weights.convert import main as convert
from gta.weights.load import load
from gta.weights.start import describe, keep, start_from
from tests.support.weight_files import Evil

LABELS = ("a", "b", "c")
PLACES = (("res3", 0), ("res4", 0))
NARROW = BackboneConfig(depths=(1, 1, 1, 1), width=8, stem="small")
SLOWFAST = SlowFastConfig(depths=(1, 2, 1, 1), width=16, stem="small", beta_inverse=4, fusion_kernel=5)


def recognizer(seed, labels=LABELS, blocks=(), places=PLACES, backbone=NARROW, frames=8, pretrain=None):
    torch.manual_seed(seed)
    model = ModelConfig(len(labels), frames, backbone, blocks, places)
    data = DataConfig("folder", frames=frames, resize=(36, 36), crop=32)
    made = VideoRecognizer(RunConfig("folder", 0, model, data, TrainConfig(), pretrain), labels)
    with torch.no_grad():
        for value in made.state_dict().values():
            if value.is_floating_point():
                value.copy_(torch.rand_like(value) + 0.1)
    return made


def checkpoint(tmp_path, made):
    """What Lightning saves of a run, as far as it is looked at."""
    content = {
        "state_dict": made.state_dict(),
        "optimizer_states": [],
        "loops": {},
        "hyper_parameters": {"config": to_dict(made.run)},
    }
    made.on_save_checkpoint(content)
    torch.save(content, tmp_path / "run.ckpt")
    return tmp_path / "run.ckpt"


def started(tmp_path, path, target):
    config = describe(path)
    kept = keep(path, config, tmp_path / "pretrained")
    assert kept.name == config.file
    assert keep(tmp_path / "gone", config, tmp_path / "pretrained") == kept  # once is enough
    before = {name: value.clone() for name, value in target.model.state_dict().items()}
    return start_from(target.model, kept, config, target.labels), before


def equal_part(source, target, part):
    ours, theirs = target.model.state_dict(), source.model.state_dict()
    return all(ours[name].equal(theirs[name]) for name in ours if part in name)


def test_a_run_is_gone_on_with(tmp_path):
    source, target = (recognizer(seed, blocks=(SAConfig(), GTAConfig())) for seed in (0, 1))
    said, _ = started(tmp_path, checkpoint(tmp_path, source), target)
    assert said == {"names": "run", "classifier": "kept", "blocks": "kept"}
    assert equal_part(source, target, "")


@pytest.mark.parametrize("labels", [("a", "b"), ("a", "c", "b")], ids=["fewer", "in another order"])
def test_the_classifier_of_other_classes_is_new(tmp_path, labels):
    source, target = recognizer(0), recognizer(1, labels)
    said, before = started(tmp_path, checkpoint(tmp_path, source), target)
    assert said["classifier"] == "new"
    assert target.model.state_dict()["backbone.fc.weight"].equal(before["backbone.fc.weight"])
    assert equal_part(source, target, "layer")


def test_a_plain_network_is_fine_tuned_with_blocks(tmp_path):
    source, target = recognizer(0), recognizer(1, blocks=(GTAConfig(),))
    said, before = started(tmp_path, checkpoint(tmp_path, source), target)
    assert said["blocks"] == "new"
    after = target.model.state_dict()
    assert all(after[name].equal(value) for name, value in before.items() if ".inserted." in name)
    assert after["backbone.conv1.weight"].equal(source.model.state_dict()["backbone.conv1.weight"])


def test_blocks_that_the_run_has_no_place_for_are_named(tmp_path):
    source = recognizer(0, blocks=(GTAConfig(),))
    said, _ = started(tmp_path, checkpoint(tmp_path, source), recognizer(1))
    assert said["left out"] == "2 blocks"
    target = recognizer(1, blocks=(GTAConfig(),), places=(("res3", 0), ("res5", 0)))
    said, _ = started(tmp_path, checkpoint(tmp_path, source), target)
    assert (said["blocks"], said["left out"]) == ("kept in part", "1 blocks")


def test_a_block_of_another_shape_is_refused(tmp_path):
    path = checkpoint(tmp_path, recognizer(0, blocks=(GTAConfig(),)))
    with pytest.raises(UserError, match=re.escape("of another shape: backbone.layer2.0.inserted")):
        started(tmp_path, path, recognizer(1, blocks=(GTAConfig(),), frames=16))


@pytest.mark.parametrize("names", ["torchvision", "tsm"])
def test_a_resnet_by_the_names_of_other_code(tmp_path, names):
    theirs = torchvision.models.resnet50(num_classes=3).state_dict()
    if names == "tsm":
        inner = {re.sub(r"(layer.*conv1)", r"\1.net", name): v for name, v in theirs.items() if name[:3] != "fc."}
        theirs = {f"module.base_model.{name}": value for name, value in inner.items()} | {
            "module.new_fc.weight": torch.zeros(3, 2048),
            "module.new_fc.bias": torch.zeros(3),
        }
        theirs = {"epoch": 3, "state_dict": theirs}
    torch.save(theirs, tmp_path / "theirs.pth")
    target = recognizer(1, backbone=BackboneConfig())
    said, before = started(tmp_path, tmp_path / "theirs.pth", target)
    assert said == {"names": names, "blocks": "new"}
    after = target.model.state_dict()
    plain = theirs if names == "torchvision" else theirs["state_dict"]
    first = "layer3.2.conv1.weight" if names == "torchvision" else "module.base_model.layer3.2.conv1.net.weight"
    assert after["backbone.layer3.2.conv1.weight"].equal(plain[first])
    assert after["backbone.fc.weight"].equal(before["backbone.fc.weight"])  # the order of their classes is not known


def to_pytorchvideo(name):
    """Our name of a SlowFast weight as PyTorchVideo has it."""
    way = {"slow": "0", "fast": "1"}
    parts = name.split(".")
    if parts[0] == "fc":
        return f"blocks.6.proj.{parts[1]}"
    if parts[0] == "fusions":
        stage = 0 if parts[1] == "stem" else int(parts[1][-1]) - 1
        return f"blocks.{stage}.multipathway_fusion.{('conv_fast_to_slow', 'norm')[int(parts[2])]}.{parts[3]}"
    if parts[1] in ("conv1", "bn1"):
        return f"blocks.0.multipathway_blocks.{way[parts[0]]}.{'conv' if parts[1] == 'conv1' else 'norm'}.{parts[2]}"
    head = f"blocks.{parts[1][-1]}.multipathway_blocks.{way[parts[0]]}.res_blocks.{parts[2]}"
    if parts[3] == "downsample":
        return f"{head}.branch1_{('conv', 'norm')[int(parts[4])]}.{parts[5]}"
    return (
        f"{head}.branch2.{'conv' if parts[3].startswith('conv') else 'norm'}_{'abc'[int(parts[3][-1]) - 1]}.{parts[4]}"
    )


def five_dimensional(name, value):
    if value.dim() != 4:
        return value
    if name == "fast.conv1.weight":  # (O, T*I, H, W)
        return value.unflatten(1, (5, 3)).transpose(1, 2)
    return value.unsqueeze(4) if value.shape[2:] == (5, 1) or value.shape[2:] == (3, 1) else value.unsqueeze(2)


def test_public_weights_of_slowfast_become_safetensors(tmp_path, capsys):
    source = recognizer(0, backbone=SLOWFAST).model.backbone
    theirs = {to_pytorchvideo(name): five_dimensional(name, value) for name, value in source.state_dict().items()}
    assert "blocks.0.multipathway_fusion.conv_fast_to_slow.weight" in theirs
    assert "blocks.1.multipathway_blocks.0.res_blocks.0.branch1_conv.weight" in theirs
    torch.save({"model_state": theirs}, tmp_path / "SLOWFAST.pyth")
    target = tmp_path / "pretrained" / "SLOWFAST.safetensors"
    assert convert([str(tmp_path / "SLOWFAST.pyth"), str(target)]) == 0
    assert f"{len(theirs)} tensors" in capsys.readouterr().out
    for path in (target, tmp_path / "SLOWFAST.pyth"):
        fresh = recognizer(1, backbone=SLOWFAST).model.backbone
        load(fresh, path, "pyslowfast")
        assert all(value.equal(fresh.state_dict()[name]) for name, value in source.state_dict().items())
    assert describe(tmp_path / "SLOWFAST.pyth").colour == "pyslowfast"


def test_nothing_is_unpickled(tmp_path, capsys):
    path = tmp_path / "SLOWFAST_8x8_R50.pkl"
    torch.save({"blobs": Evil(tmp_path / "mark")}, path)
    assert convert([str(path), str(tmp_path / "x.safetensors")]) == 2
    assert "cannot be read safely" in capsys.readouterr().err.replace(
        "that can be read safely", "cannot be read safely"
    )
    assert not (tmp_path / "mark").exists()
    torch.save(torchvision.models.resnet18().state_dict(), path)
    assert convert([str(path), str(tmp_path / "x.safetensors")]) == 2
    assert "holds no SlowFast" in capsys.readouterr().err


def test_other_files_are_refused(tmp_path):
    torch.save({"a.weight": torch.zeros(2)}, tmp_path / "x.pth")
    with pytest.raises(UserError, match="no network that is known here"):
        describe(tmp_path / "x.pth")
    with pytest.raises(UserError, match="does not exist"):
        describe(tmp_path / "y.pth")


def test_a_checkpoint_is_part_of_a_run():
    configs = [CheckpointConfig("run", digit * 16) for digit in "ab"]
    first, second = (recognizer(0, pretrain=config).run for config in configs)
    assert first.id != second.id
    assert run_from_dict(to_dict(first)) == first
    with pytest.raises(ValueError, match=re.escape("CheckpointConfig.sha256 is 'x'")):
        CheckpointConfig("run", "x")


def test_msnet_by_the_names_of_its_authors(tmp_path):
    network = BackboneConfig(shift_every=1)
    source = recognizer(0, blocks=(MotionSqueezeConfig(),), places=(("res3", 3),), backbone=network)
    inserted = "layer2.3.inserted.0."
    state = {name: v for name, v in source.model.backbone.state_dict().items() if not name.startswith("fc.")}
    theirs = {f"base_model.{name.replace(inserted, '')}": value for name, value in state.items()}
    theirs |= {"base_model.bn2.weight": torch.ones(128), "base_model.fc1.weight": torch.zeros(3, 2048, 1)}
    torch.save({"state_dict": theirs}, tmp_path / "theirs.pth")
    target = recognizer(1, blocks=(MotionSqueezeConfig(),), places=(("res3", 3),), backbone=network)
    said, before = started(tmp_path, tmp_path / "theirs.pth", target)
    assert said == {"names": "msnet", "blocks": "kept"}
    after = target.model.backbone.state_dict()
    assert all(after[name].equal(value) for name, value in state.items())
    assert f"{inserted}flow_refinement.conv4.3.weight" in state
    assert after["fc.weight"].equal(before["backbone.fc.weight"])
    with pytest.raises(UserError, match="unknown: chnl_reduction"):
        started(tmp_path, tmp_path / "theirs.pth", recognizer(1, backbone=network))


AUTHORS = (  # names of bLVNet-TAM's authors and ours
    ("conv1", "stem.first.0"),
    ("bn_b0", "stem.big.1"),
    ("l_conv2", "stem.little.2.0"),
    ("bn_bl_init", "stem.joined.1"),
    ("layer1.fusion.0.conv2", "layer1.fusion.conv2"),
    ("layer2.big.0.downsample.1", "layer2.big.0.downsample.1"),
    ("layer3.little_e.0", "layer3.little_e.0"),
)


def to_blvnet(name):
    """Our name of a weight of bLVNet-TAM as its authors have it."""
    stem = {"first.0": "conv1", "first.1": "bn1", "big.0": "b_conv0", "big.1": "bn_b0", "joined.0": "bl_init"}
    stem |= {
        "joined.1": "bn_bl_init",
        **{f"little.{i}.{k}": f"{('l_conv', 'bn_l')[k]}{i}" for i in range(3) for k in (0, 1)},
    }
    module, _, kind = name.rpartition(".")
    if module.startswith("stem."):
        return f"{stem[module.removeprefix('stem.')]}.{kind}"
    return re.sub(r"\.fusion\.", ".fusion.0.", name)


@pytest.mark.parametrize("pictures", [False, True], ids=["of clips", "of pictures"])
def test_blvnet_by_the_names_of_its_authors(tmp_path, pictures):
    network = BLVNetConfig(depths=(2, 3, 5, 1), width=8)
    places = (("res3", 0),)
    source, target = (recognizer(seed, backbone=network, places=places) for seed in (0, 1))
    state = {name: v for name, v in source.model.backbone.state_dict().items() if not name.startswith("fc.")}
    theirs = {}
    for name, value in state.items():
        if not name.endswith("mix.0.weight"):
            theirs[f"module.baseline_model.{to_blvnet(name)}"] = value
        elif not pictures:
            before = name.removesuffix("mix.0.weight").removeprefix("stem.")
            for tap, part in zip(("prev", "curr", "next"), value.unbind(2), strict=True):
                theirs[f"module.baseline_model.{before}tam.{tap}.weight"] = part[:, :, None, None]
    torch.save({"state_dict": theirs}, tmp_path / "theirs.pth")
    said, before = started(tmp_path, tmp_path / "theirs.pth", target)
    assert said == {"names": "blvnet", "blocks": "new"}
    assert {f"module.baseline_model.{name}.weight" for name, _ in AUTHORS} <= theirs.keys()
    after = target.model.backbone.state_dict()
    for name, value in state.items():
        kept = pictures and name.endswith("mix.0.weight")
        assert after[name].equal(before[f"backbone.{name}"] if kept else value), name
