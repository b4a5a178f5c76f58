"""Real data sets through the data module: views, dense clips, jitter, damage, whatever the workers."""

from __future__ import annotations

import logging
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import pytorch_lightning as pl
import torch

from gta.config import DataConfig, ViewsConfig
from gta.data import transforms
from gta.data.dataset import ClipDataset
from gta.data.epoch import EpochSampler
from gta.data.frames import dense_indices, segment_indices
from gta.data.module import VideoDataModule
from gta.data.read.reader import read_frames
from gta.data.sets.damage import ATTEMPTS
from gta.data.sets.formats import read_split
from gta.errors import UserError
from tests.support import videos

SSV2 = DataConfig("ssv2", frames=4, resize=(24, 32), crop=20, augment="multiscale")
DENSE = DataConfig(
    "k400", frames=4, crop=20, flip=0.0, sampling="dense", stride=3, short_side=(24, 30), test_side=24, test_crop=24
)
VIEWS = (ViewsConfig(1, 1), ViewsConfig(2, 3))


@pytest.fixture(scope="module")
def ssv2(tmp_path_factory) -> Path:
    return videos.make_ssv2(tmp_path_factory.mktemp("ssv2"))


@pytest.fixture(scope="module")
def kinetics(tmp_path_factory) -> Path:
    return videos.make_kinetics(tmp_path_factory.mktemp("k400"))


def _module(
    root: Path, data: DataConfig = SSV2, batch: int = 2, workers: int = 0, **options: object
) -> VideoDataModule:
    module = VideoDataModule(data, root, batch, 0, workers, **options)
    module.prepare_data()
    module.setup("fit")
    return module


def _joined(loader) -> dict[str, torch.Tensor]:
    batches = list(loader)
    return {key: torch.cat([batch[key] for batch in batches]) for key in batches[0]}


def test_one_view_has_the_plain_keys(ssv2):
    module = _module(ssv2)
    assert set(next(iter(module.val_dataloader()))) == {"video", "label", "index"}
    assert set(next(iter(module.train_dataloader()))) == {"video", "label", "index"}
    assert module.label_fingerprint == module.label_fingerprint.lower()
    assert module.missing("train") == ()


@pytest.mark.parametrize("workers", [0, 2])
@pytest.mark.parametrize("batch", [1, 3, 50])
def test_every_view_of_every_clip_comes_once(ssv2, workers, batch):
    module = _module(ssv2, batch=batch, workers=workers, views=VIEWS)
    assert len(module.views) == 7
    found = _joined(module.val_dataloader())
    assert list(zip(found["index"].tolist(), found["view"].tolist(), strict=True)) == [
        (index, view) for index in range(4) for view in range(7)
    ]
    assert found["label"].tolist() == [label for label in (0, 1, 2, 0) for _ in range(7)]
    videos_ = found["video"].unflatten(0, (4, 7))
    assert torch.equal(videos_[:, 0], videos_[:, 2])  # the first clip's centre
    whole = _joined(_module(ssv2).val_dataloader())
    assert torch.equal(videos_[:, 0], whole["video"])
    split = read_split(ssv2, "validation")
    for i, clip in enumerate(split.clips):
        at = segment_indices(20 + i, 4, None, 1, 2)
        frames = transforms.scale(read_frames(clip.path, at), (24, 32))[:, 2:22, 12:]
        assert np.array_equal(videos_[i, 6].permute(1, 2, 3, 0).numpy(), frames)


def test_processes_share_clips_not_views():
    shares = [list(EpochSampler(5, 0, False, 0, rank, 2, views=3)) for rank in range(2)]
    assert [len(share) for share in shares] == [9, 6]
    assert shares[1] == [(0, index, view) for index in (1, 3) for view in range(3)]


def test_dense_views_of_kinetics(kinetics, caplog):
    with caplog.at_level(logging.WARNING):
        module = _module(kinetics, DENSE, views=(ViewsConfig(10, 3),))
    assert "lacks 1 of 4 clips of train: missing00000_000000_000010" in caplog.text
    assert module.missing("validation") == ("absent00000_000000_000010",)
    assert module.labels == ("abseiling", "yoga", "zumba")
    found = _joined(module.val_dataloader())
    assert found["video"].shape == (90, 3, 4, 24, 24)
    clip = read_split(kinetics, "validation").clips[1]
    frames = read_frames(clip.path, dense_indices(40, 4, 3, None, 7, 10))[:, :, 36:]
    expected = transforms.resize(frames, 24)  # the right crop: a test side of 24 of 48 pixels, all of the height
    assert np.array_equal(found["video"][30 + 7 * 3 + 2].permute(1, 2, 3, 0).numpy(), expected)


@pytest.mark.parametrize("data", [SSV2, replace(SSV2, colour=0.4), DENSE])
def test_workers_and_batches_change_no_training_sample(ssv2, kinetics, data):
    root = kinetics if data is DENSE else ssv2
    alone = _joined(_module(root, data, batch=1).train_dataloader())
    helped = _joined(_module(root, data, batch=3, workers=2).train_dataloader())
    assert torch.equal(alone["index"], helped["index"])
    assert torch.equal(alone["video"], helped["video"])
    later = _module(root, data, batch=1).train_dataloader()
    later.sampler.set_epoch(1)
    other = _joined(later)
    assert not torch.equal(other["video"][other["index"].argsort()], alone["video"][alone["index"].argsort()])


def test_frame_folders_are_read_like_videos(ssv2, tmp_path):
    """The same frames as jpg files: alike but for the compression."""
    for name in ("labels.json", "train.json", "validation.json"):
        (tmp_path / name).write_bytes((ssv2 / name).read_bytes())
    for video in (ssv2 / "videos").iterdir():
        videos.write_frames(tmp_path / "frames" / video.stem, videos.decode_all(video))
    a, b = (_joined(_module(root, views=VIEWS).val_dataloader()) for root in (ssv2, tmp_path))
    assert torch.equal(a["index"], b["index"])
    assert (a["video"].int() - b["video"].int()).abs().float().mean() < 3


# ----------------------------------------------------------------------------------------- damage
@pytest.fixture
def damaged(ssv2, tmp_path) -> Path:
    root = videos.make_ssv2(tmp_path, train=6, validation=2)
    (root / "videos" / "2.webm").write_bytes(b"no video")
    return root


@pytest.mark.parametrize("workers", [0, 2])
def test_training_replaces_counts_and_names_an_unreadable_clip(damaged, workers, monkeypatch, caplog):
    monkeypatch.setattr("gta.data.sets.damage.LIMIT", 0.5)
    module = _module(damaged, batch=6, workers=workers)
    with caplog.at_level(logging.WARNING, "gta.data.sets.damage"):
        batch = next(iter(module.train_dataloader()))
    assert "replaced" not in batch
    assert (module.damage.read, module.damage.replaced, module.damage.names) == (6, 1, {"2": 1})
    assert caplog.text.count("2.webm cannot be read") == 1
    assert 1 not in batch["index"].tolist()
    labels = [clip.label for clip in read_split(damaged, "train").clips]
    assert batch["label"].tolist() == [labels[i] for i in batch["index"]]
    again = _module(damaged, batch=6)
    assert torch.equal(next(iter(again.train_dataloader()))["video"], batch["video"])


@pytest.mark.parametrize("workers", [0, 1])
def test_too_many_unreadable_clips_stop_the_training(damaged, workers):
    with pytest.raises(
        UserError, match=r"1 of 6 clips could not be read, the last one .*2\.webm: more than 0\.1%"
    ) as e:
        list(_module(damaged, batch=6, workers=workers).train_dataloader())
    assert "\n" not in str(e.value)
    assert "such as GTA_DAMAGED=0.5" in str(e.value)
    allowed = _module(damaged, batch=6, workers=workers, damaged=0.5)
    assert len(list(allowed.train_dataloader())) == 1
    assert allowed.damage.names == {"2": 1}
    for i in range(1, 7):
        (damaged / "videos" / f"{i}.webm").write_bytes(b"")
    with pytest.raises(UserError, match=rf"^{ATTEMPTS} clips in turn cannot be read; the last: .*webm") as e:
        list(_module(damaged, batch=6, workers=workers).train_dataloader())
    assert "\n" not in str(e.value)


@pytest.mark.parametrize("workers", [0, 1])
def test_evaluation_drops_and_replaces_nothing(damaged, workers):
    (damaged / "videos" / "8.webm").write_bytes(b"no video")
    with pytest.raises(UserError, match=r"^[^ ]*8\.webm cannot be decoded .*re-download the file$") as error:
        list(_module(damaged, workers=workers).val_dataloader())
    assert "\n" not in str(error.value)
    allowed = _joined(_module(damaged, workers=workers, allow_unreadable=True, views=VIEWS).val_dataloader())
    assert allowed["unreadable"].tolist() == [False] * 7 + [True] * 7
    assert allowed["index"].tolist() == [0] * 7 + [1] * 7
    assert not allowed["video"][7:].any()
    assert allowed["video"][:7].any()


def test_the_data_set_needs_no_loader(ssv2):
    dataset = ClipDataset(read_split(ssv2, "train"), SSV2, 0, True)
    assert dataset[(0, 2)]["replaced"].tolist() == [[-1] * ATTEMPTS]
    assert len(dataset) == 6


def test_lightning_counts_what_it_had_to_replace(damaged, monkeypatch):
    monkeypatch.setattr("gta.data.sets.damage.LIMIT", 0.5)
    module = _module(damaged, batch=3, workers=1)
    seen: list[set[str]] = []

    class Recorder(pl.LightningModule):
        def __init__(self) -> None:
            super().__init__()
            self.weight = torch.nn.Parameter(torch.zeros(()))

        def training_step(self, batch, _):
            seen.append(set(batch))
            return self.weight * 1.0

        def configure_optimizers(self):
            return torch.optim.SGD(self.parameters(), 0.1)

    pl.Trainer(
        max_epochs=2,
        accelerator="cpu",
        logger=False,
        enable_checkpointing=False,
        enable_progress_bar=False,
        enable_model_summary=False,
        use_distributed_sampler=False,
        limit_val_batches=0,
    ).fit(Recorder(), datamodule=module)
    assert seen == [{"video", "label", "index"}] * 4
    assert (module.damage.read, module.damage.names) == (12, {"2": 2})
