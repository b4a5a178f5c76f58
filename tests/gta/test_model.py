"""Whole networks on random weights: what order of frames can and cannot change, and that nothing is left untrained."""

import pytest
import pytorch_lightning as pl
import torch

from experiments.study.profiles import SMOKE
from experiments.study.rows import Row
from gta import ModelConfig, build_model, insert_blocks
from gta.blocks import SpatialAttention
from gta.config import (
    BackboneConfig,
    CGNLConfig,
    GCConfig,
    GloReConfig,
    GTAConfig,
    NLConfig,
    SAConfig,
    TAConfig,
    TrainConfig,
)
from gta.model import inserted_blocks
from gta.training.optimizer import parameter_groups
from gta.training.recognizer import VideoRecognizer
from tests.support.every_model import EVERY_MODEL, wake

TAPE = TAConfig(position=True)
BLIND = {
    "R2D": (),
    "SA": (SAConfig(),),
    "TA": (TAConfig(),),
    "SA + TA": (SAConfig(), TAConfig()),
    "NL": (NLConfig(),),
    "CGNL": (CGNLConfig(),),
    "GCNet": (GCConfig(),),
    "GloRe": (GloReConfig(bias=True),),
}
SIGHTED = {
    "TAPE": (TAPE,),
    "SA + TAPE": (SAConfig(), TAPE),
    "SA + GTA": (SAConfig(), GTAConfig()),
    "Pixel GTA, one matrix": (GTAConfig(region=False, mixing="single"),),
    "Region GTA": (GTAConfig(pixel=False),),
    "Region GTA, multi-head": (GTAConfig(pixel=False, mixing="multihead"),),
}


def awake(blocks):
    """A small network in float64 whose normalisations, the last ones of the blocks too, let something through.

    Their running statistics are those of one random clip, so that no path fades away.
    """
    torch.manual_seed(0)
    backbone = BackboneConfig(depths=(1, 3, 5, 1), width=8, stem="small")
    model = build_model(ModelConfig(7, blocks=blocks, backbone=backbone, dropout=0.0)).double().eval()
    for module in model.modules():
        if isinstance(module, torch.nn.BatchNorm2d):
            torch.nn.init.normal_(module.weight, std=0.5)
            module.momentum = 1.0
    model.train()(torch.randn(2, 3, 8, 32, 32, dtype=torch.float64))
    return model.eval()


@pytest.fixture(scope="module")
def clip():
    return torch.randn(2, 3, 8, 32, 32, dtype=torch.float64, generator=torch.Generator().manual_seed(1))


@pytest.mark.parametrize("blocks", BLIND.values(), ids=BLIND.keys())
def test_logits_of_blind_models_do_not_know_the_order(blocks, clip):
    model = awake(blocks)
    order = torch.randperm(8, generator=torch.Generator().manual_seed(2))
    for shuffled in (clip.flip(2), clip[:, :, order]):
        logits = model(clip)
        torch.testing.assert_close(model(shuffled), logits, rtol=0, atol=1e-12 * float(logits.detach().abs().max()))


def test_a_config_says_whether_its_block_knows_the_order():
    assert not any(block.knows_order for blocks in BLIND.values() for block in blocks)
    assert all(any(block.knows_order for block in blocks) for blocks in SIGHTED.values())


@pytest.mark.parametrize("blocks", SIGHTED.values(), ids=SIGHTED.keys())
def test_logits_of_sighted_models_know_the_order(blocks, clip):
    model = awake(blocks)
    logits = model(clip)
    assert (model(clip.flip(2)) - logits).abs().max() > 1e-5 * logits.abs().max()


@pytest.mark.parametrize("blocks", [*BLIND.values(), *SIGHTED.values()])
def test_inserted_blocks_are_the_identity_at_first(blocks, clip):
    torch.manual_seed(0)
    backbone = BackboneConfig(depths=(1, 3, 5, 1), width=8, stem="small")
    model = build_model(ModelConfig(7, blocks=blocks, backbone=backbone)).double().eval()
    plain = build_model(ModelConfig(7, backbone=backbone, places=())).double().eval()
    plain.load_state_dict({k: v for k, v in model.state_dict().items() if ".inserted." not in k})
    torch.testing.assert_close(model(clip), plain(clip), rtol=0, atol=1e-12)


FROZEN = {
    **{name: {"conv1", "bn1"} for name in ("stm", "tea", "tam")},
    "eco": {"conv1", "conv2"},
    "s3dg": {"body"},
    "blvnet": set(),
    "tsm_flow": set(),
    "trn_flow": set(),
}
"""What stays as it was pre-trained, where that is not stem and res2."""


@pytest.mark.parametrize("row", EVERY_MODEL.values())
def test_every_parameter_is_trained(row: Row):
    """Each parameter of each row gets a gradient and sits in exactly one optimiser group."""
    run = SMOKE.resolve(row, 0)
    recognizer = VideoRecognizer(run).train()
    wake(recognizer.model)
    video = torch.randint(0, 256, (3, run.data.channels, run.model.frames, 32, 32), dtype=torch.uint8)
    torch.nn.functional.cross_entropy(recognizer(video), torch.tensor([0, 1, 2])).backward()
    trained = {name: p for name, p in recognizer.model.named_parameters() if p.requires_grad}
    still = [name for name, p in trained.items() if p.grad is None or not p.grad.abs().sum() > 0]
    assert still == []
    grouped = [id(p) for group in parameter_groups(recognizer.model, TrainConfig()) for p in group["params"]]
    assert sorted(grouped) == sorted(id(p) for p in trained.values())
    still = [name for name, p in recognizer.model.backbone.named_parameters() if not p.requires_grad]
    plain = FROZEN.get(row.backbone.partition("_")[0], {"conv1", "bn1", "layer1"})
    frozen = FROZEN.get(row.backbone, plain)
    assert {name.removeprefix("slow.").split(".")[0] for name in still} == frozen


def test_bare_parameters_do_not_decay():
    model = build_model(ModelConfig(7, blocks=(TAPE, GTAConfig()), backbone=BackboneConfig((1, 3, 5, 1), 8, "small")))
    decayed, plain = parameter_groups(model, TrainConfig(weight_decay=0.1))
    names = {id(p): name for name, p in model.named_parameters()}
    assert all(p.dim() >= 2 for p in decayed["params"])
    bare = {names[id(p)].rsplit(".", 1)[-1] for p in plain["params"]}
    assert {"matrix", "position", "bias"} <= bare
    assert (decayed["weight_decay"], plain["weight_decay"]) == (0.1, 0.0)


def test_frozen_statistics_do_not_move():
    recognizer = VideoRecognizer(SMOKE.resolve(Row("R2D"), 0))
    before = {k: v.clone() for k, v in recognizer.model.backbone.state_dict().items() if "running" in k}
    recognizer(torch.randint(0, 256, (2, 3, 8, 32, 32), dtype=torch.uint8))
    moved = {k for k, v in recognizer.model.backbone.state_dict().items() if k in before and not v.equal(before[k])}
    assert moved
    assert not any(name.startswith(("bn1", "layer1")) for name in moved)


def test_blocks_in_a_frozen_stage_are_trained():
    """Places in res2 must not turn into identities that never learn."""
    run = SMOKE.resolve(
        Row(
            "",
            (SAConfig(), GTAConfig(groups=2)),
        ),
        0,
    )
    recognizer = VideoRecognizer(run)
    inserted = [p for name, p in recognizer.named_parameters() if ".inserted." in name]
    assert inserted
    assert all(p.requires_grad for p in inserted)
    blocks = [m for block in inserted_blocks(recognizer.model.backbone).values() for m in block.modules()]
    assert all(module.training for module in blocks)
    assert not recognizer.model.backbone.get_submodule("layer1.0.bn1").training


def test_mixed_precision_trains_a_step():
    """Gradients are clipped with a fused optimiser in bf16 too, although the test machine may choose fp32."""
    recognizer = VideoRecognizer(SMOKE.resolve(Row("", (SAConfig(), GTAConfig())), 0))
    before = {name: p.detach().clone() for name, p in recognizer.named_parameters()}
    batch = {
        "video": torch.randint(0, 256, (2, 3, 8, 32, 32), dtype=torch.uint8),
        "label": torch.tensor([0, 1]),
        "index": torch.tensor([0, 1]),
    }
    trainer = pl.Trainer(
        accelerator="cpu",
        precision="bf16-mixed",
        max_epochs=2,
        gradient_clip_val=1.0,
        logger=False,
        enable_checkpointing=False,
        enable_progress_bar=False,
        enable_model_summary=False,
    )
    trainer.fit(recognizer, torch.utils.data.DataLoader([batch, batch], batch_size=None))
    moved = [name for name, p in recognizer.named_parameters() if not p.equal(before[name])]
    assert any(".inserted." in name for name in moved)


def test_torchvision_weights_load_by_name():
    torchvision = pytest.importorskip("torchvision")
    with torch.device("meta"):
        theirs = torchvision.models.resnet50()
        ours = build_model(ModelConfig(1000, blocks=(SAConfig(), GTAConfig()))).backbone
    own = {name: value.shape for name, value in ours.state_dict().items() if ".inserted." not in name}
    assert own == {name: value.shape for name, value in theirs.state_dict().items()}


@pytest.mark.parametrize(
    "block", [lambda channels: SpatialAttention(channels, 8), SAConfig(), (SAConfig(), GTAConfig())]
)
def test_blocks_go_into_torchvision_networks(block):
    torchvision = pytest.importorskip("torchvision")
    network = torchvision.models.resnet50(num_classes=5).double().eval()
    x = torch.randn(8, 3, 64, 64, dtype=torch.float64)
    plain, names = network(x), set(network.state_dict())
    insert_blocks(network, block, [("res3", 0), ("res4", 4)])
    assert list(inserted_blocks(network)) == ["res3[0]", "res4[4]"]
    assert names < set(network.state_dict())
    torch.testing.assert_close(network.double()(x), plain)  # the blocks start as the identity
    assert not any(module.training for module in network.modules())


def test_blocks_go_into_video_networks_that_stride_in_time():
    torchvision = pytest.importorskip("torchvision")
    network = torchvision.models.video.r3d_18(num_classes=5).eval()
    x = torch.randn(1, 3, 16, 32, 32)
    plain = network(x)
    insert_blocks(network, (SAConfig(), GTAConfig()), [("res3", 1)], frames=8)
    insert_blocks(network, (SAConfig(), GTAConfig()), [("res4", 0), ("res4", 1)], frames=4)
    torch.testing.assert_close(network(x), plain)
    wake(network)
    assert not torch.allclose(network(x), plain)


def test_a_place_is_taken_once():
    torchvision = pytest.importorskip("torchvision")
    with pytest.raises(ValueError, match="repeats a place"):
        insert_blocks(torchvision.models.resnet18(), SAConfig(), [("res3", 0), ("res3", 0)])


def test_a_config_that_does_not_fit_a_foreign_network_changes_nothing():
    torchvision = pytest.importorskip("torchvision")
    network = torchvision.models.resnet18()
    names = set(network.state_dict())
    with pytest.raises(ValueError, match=r"GTAConfig.groups is 48; it must divide the inner width 32"):
        insert_blocks(network, GTAConfig(groups=48), [("res3", 0)])
    assert set(network.state_dict()) == names


@pytest.mark.parametrize("place", [("res3", 9), ("res7", 0)])
def test_a_place_that_does_not_exist(place):
    torchvision = pytest.importorskip("torchvision")
    with pytest.raises(ValueError, match=r"places: .*res[37]"):
        insert_blocks(torchvision.models.resnet18(), lambda channels: SpatialAttention(channels, 8), [place])


def test_a_clip_of_another_length_is_refused():
    model = build_model(ModelConfig(7, backbone=BackboneConfig((1, 3, 5, 1), 8, "small")))
    with pytest.raises(ValueError, match="frames is 8, the clip has 16"):
        model(torch.zeros(1, 3, 16, 32, 32))
    with pytest.raises(ValueError, match="a clip is"):
        model(torch.zeros(8, 3, 32, 32))
