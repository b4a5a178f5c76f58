"""Batches: order f(seed, epoch), augmentation f(seed, epoch, index), whatever workers and restarts."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import pytorch_lightning as pl
import torch

from gta.config import DataConfig, DrawingConfig
from gta.data.dataset import ClipDataset
from gta.data.drawn.make import ensure_embedded
from gta.data.epoch import EpochSampler
from gta.data.frames import segment_indices
from gta.data.module import VideoDataModule
from gta.data.read.reader import read_frames
from gta.data.sets.ssv2 import read_split
from gta.data.transforms import may_flip
from gta.errors import UserError

SMALL = DrawingConfig(train_per_template=2, validation_per_template=1, tune_per_template=1, source_frames=16, side=32)
DATA = DataConfig("small", frames=4, resize=(24, 24), crop=20, augment="crop", drawing=SMALL)


@pytest.fixture(scope="module")
def root(tmp_path_factory) -> Path:
    root = tmp_path_factory.mktemp("data")
    ensure_embedded(root, SMALL, "small", jobs=1)
    return root


def _module(root: Path, data: DataConfig = DATA, seed: int = 0, workers: int = 0, batch: int = 10) -> VideoDataModule:
    module = VideoDataModule(data, root, batch, seed, workers, jobs=1)
    module.prepare_data()
    module.setup("fit")
    return module


def _epoch(module: VideoDataModule, epoch: int) -> dict[str, torch.Tensor]:
    loader = module.train_dataloader()
    loader.sampler.set_epoch(epoch)
    batches = list(loader)
    return {key: torch.cat([batch[key] for batch in batches]) for key in batches[0]}


def test_batches_have_the_promised_form(root):
    module = _module(root)
    batches = list(module.train_dataloader())
    assert len(batches) == 4  # 48 clips in tens: the incomplete batch is left out
    batch = batches[0]
    assert set(batch) == {"video", "label", "index"}
    assert batch["video"].shape == (10, 3, 4, 20, 20)
    assert batch["video"].dtype == torch.uint8
    assert batch["video"].is_contiguous(memory_format=torch.channels_last_3d)
    assert batch["label"].dtype == batch["index"].dtype == torch.int64
    split = read_split(next(root.glob("small-*")), "train")
    assert batch["label"].tolist() == [split.clips[i].label for i in batch["index"]]


def test_evaluation_shows_every_clip_once_in_order(root):
    module = _module(root)
    index = torch.cat([batch["index"] for batch in module.val_dataloader()])
    assert index.tolist() == list(range(24))
    assert len(module.clip_ids("validation")) == 24
    assert len(module.labels) == 24


def test_evaluation_frames_are_the_decoder_s_centre(root):
    module = _module(root)
    batch = next(iter(module.val_dataloader()))
    clip = read_split(next(root.glob("small-*")), "validation").clips[3]
    frames = read_frames(clip.path, segment_indices(16, 4), (24, 24))[:, 2:22, 2:22]
    assert np.array_equal(batch["video"][3].permute(1, 2, 3, 0).numpy(), frames)


def test_workers_change_nothing(root):
    alone, helped = _epoch(_module(root), 3), _epoch(_module(root, workers=2), 3)
    assert all(torch.equal(alone[key], helped[key]) for key in alone)


def test_cache_and_decoder_give_the_same_batches(root):
    cached = _module(root).dataset("train")
    decoded = ClipDataset(cached.split, DATA, 0, True)
    keys = [(2, 5), (2, 0), (0, 5)]
    assert torch.equal(cached.__getitems__(keys)["video"], decoded.__getitems__(keys)["video"])


def test_samples_depend_on_seed_epoch_and_index(root):
    dataset = _module(root).dataset("train")
    together = dataset.__getitems__([(0, 1), (1, 1), (0, 2)])["video"]
    assert torch.equal(dataset[(1, 1)]["video"][0], together[1])
    assert not torch.equal(together[0], together[1])
    other = _module(root, seed=1).dataset("train")
    assert any(not torch.equal(other[(0, i)]["video"], dataset[(0, i)]["video"]) for i in range(4))


def test_order_is_a_function_of_seed_and_epoch(root):
    def order(seed: int, epoch: int) -> list[int]:
        return _epoch(_module(root, seed=seed), epoch)["index"].tolist()

    assert order(0, 1) == order(0, 1)
    assert order(0, 1) != order(0, 2)
    assert order(0, 1) != order(1, 1)


def test_flips_follow_the_rule(root):
    """With one place to crop and flip probability 1, a training clip is a mirrored evaluation of its frames."""
    data = replace(DATA, crop=24, flip=1.0)
    dataset = _module(root, data).dataset("train")
    never = ClipDataset(dataset.split, replace(data, flip=0.0), 0, True)
    flipped = 0
    for i, clip in enumerate(dataset.split.clips):
        a, b = dataset[(0, i)]["video"], never[(0, i)]["video"]
        assert torch.equal(a, b.flip(-1) if may_flip(clip.template) else b)
        flipped += not torch.equal(a, b)
    assert flipped == 44  # all but two clips of each of the two templates with left and right


def test_multiscale_crops_are_resized(root):
    data = replace(DATA, augment="multiscale", resize=(32, 40), crop=20)
    video = _module(root, data).dataset("train").__getitems__([(0, i) for i in range(8)])["video"]
    assert video.shape == (8, 3, 4, 20, 20)


def test_another_ssv2_folder_is_decoded_as_it_is_read(root):
    """The same files, read as a foreign Something-Something: no drawing, no cache, the same frames."""
    folder = next(root.glob("small-*"))
    whole = replace(DATA, resize=(32, 32))
    foreign, ours = _module(folder, replace(whole, drawing=None, dataset="ssv2")), _module(root, whole)
    for a, b in zip(foreign.val_dataloader(), ours.val_dataloader(), strict=True):
        assert torch.equal(a["video"], b["video"])
    a, b = (_epoch(module, 2) for module in (foreign, ours))
    assert set(a) == set(b)
    assert all(torch.equal(a[key], b[key]) for key in a)
    assert foreign.dataset("train")._cache is None
    assert foreign.fingerprint != ours.fingerprint
    assert foreign.label_fingerprint == ours.label_fingerprint


def test_fingerprint_tells_evaluation_splits_and_drawings_apart(root):
    prints = {
        _module(root).fingerprint,
        _module(root, replace(DATA, evaluation_split="tune")).fingerprint,
        _module(root, replace(DATA, evaluation_split="test")).fingerprint,
        _module(root, replace(DATA, drawing=replace(SMALL, seed=5))).fingerprint,
    }
    assert len(prints) == 4
    assert _module(root).fingerprint in prints


def test_the_test_split_is_drawn_when_it_is_asked_for(root):
    module = _module(root, replace(DATA, evaluation_split="test"))
    batches = list(module.val_dataloader())
    assert sorted(torch.cat([batch["label"] for batch in batches]).tolist()) == list(range(24))
    assert all(clip_id.startswith("4") for clip_id in module.clip_ids("validation"))


def test_clips_without_labels_cannot_be_trained_on(root):
    split = read_split(next(root.glob("small-*")), "train")
    unknown = replace(split, clips=(replace(split.clips[0], label=None),))
    with pytest.raises(UserError, match="have no label"):
        ClipDataset(unknown, DATA, 0, True)
    assert ClipDataset(unknown, DATA, 0, False)[(0, 0)]["label"].tolist() == [-1]


@pytest.mark.parametrize("world", [1, 2, 3, 5])
def test_processes_share_an_epoch(world):
    evaluation = [list(EpochSampler(23, 0, False, 0, rank, world)) for rank in range(world)]
    assert sorted(index for share in evaluation for _, index in share) == list(range(23))
    samplers = [EpochSampler(23, 0, True, 4, rank, world) for rank in range(world)]
    training = [list(sampler) for sampler in samplers]
    assert {len(share) for share in training} == {23 // world} == {len(s) for s in samplers}
    seen = [key for share in training for key in share]
    assert len(set(seen)) == len(seen)
    assert {epoch for epoch, _ in seen} == {4}


class _Recorder(pl.LightningModule):
    """Trains a single weight and writes down what it was shown."""

    def __init__(self) -> None:
        super().__init__()
        self.weight = torch.nn.Parameter(torch.zeros(()))
        self.seen: list[tuple[int, list[int], int]] = []
        self.evaluated: list[int] = []

    def training_step(self, batch, _):
        self.seen.append((self.current_epoch, batch["index"].tolist(), int(batch["video"].sum())))
        return self.weight * 1.0

    def validation_step(self, batch, _):
        if not self.trainer.sanity_checking:
            self.evaluated += batch["index"].tolist()

    def configure_optimizers(self):
        return torch.optim.SGD(self.parameters(), 0.1)


def _fit(root: Path, folder: Path, epochs: int, workers: int, resume: str | None = None) -> _Recorder:
    recorder = _Recorder()
    checkpoint = pl.callbacks.ModelCheckpoint(folder, save_last=True, save_top_k=0)
    trainer = pl.Trainer(
        max_epochs=epochs,
        accelerator="cpu",
        logger=False,
        callbacks=[checkpoint],
        enable_progress_bar=False,
        enable_model_summary=False,
        use_distributed_sampler=False,
    )
    trainer.fit(recorder, datamodule=VideoDataModule(DATA, root, 12, 0, workers, jobs=1), ckpt_path=resume)
    return recorder


def test_lightning_shows_the_same_samples_with_workers_and_after_a_restart(root, tmp_path):
    whole = _fit(root, tmp_path / "a", 3, workers=0)
    assert [epoch for epoch, _, _ in whole.seen] == [0] * 4 + [1] * 4 + [2] * 4
    assert whole.evaluated == list(range(24)) * 3
    assert len({tuple(index) for _, index, _ in whole.seen}) == 12
    first = _fit(root, tmp_path / "b", 1, workers=2)
    rest = _fit(root, tmp_path / "b", 3, workers=2, resume=str(tmp_path / "b" / "last.ckpt"))
    assert first.seen + rest.seen == whole.seen
