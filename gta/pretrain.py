"""Pre-train the narrow backbone on drawn stills, once, as ImageNet weights are shared by the paper's rows.

The weights belong to a run's identity through :class:`~gta.config.PretrainConfig`; they hold no temporal
parameter and have seen no clip.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import torch
from filelock import FileLock
from safetensors.torch import save
from torch import nn
from torch.utils.data import DataLoader, Dataset

from gta.backbones import ResNet2D, SlowFast
from gta.config import (
    BackboneConfig,
    DrawingConfig,
    PretrainConfig,
    RunConfig,
    SlowFastConfig,
    TrainConfig,
    digest,
    without_shift,
)
from gta.data.stills import NONE, STILL_TASKS, draw_stills
from gta.files import make_folder, replacing
from gta.recognizer import MEAN, STD, lr_factor, parameter_groups

Backbone = BackboneConfig | SlowFastConfig
Pictures = tuple[torch.Tensor, dict[str, torch.Tensor]]


class _StillBatches(Dataset[Pictures]):
    """Batch ``i`` of the stills, drawn when asked for."""

    def __init__(self, config: PretrainConfig, drawing: DrawingConfig, size: int) -> None:
        self.config, self.drawing, self.size = config, drawing, size

    def __len__(self) -> int:
        return max(1, self.config.stills // self.config.batch_size)

    def __getitem__(self, index: int) -> Pictures:
        seed = self.config.seed * 1_000_003 + index
        pictures, targets = draw_stills(self.drawing, seed, self.config.batch_size, self.size)
        return torch.from_numpy(pictures), {task: torch.from_numpy(values) for task, values in targets.items()}


def weights_name(run: RunConfig) -> str:
    """Return the file name of the weights that a run starts from; it holds a digest of all that decides them."""
    pretrain, drawing = _parts(run)
    identity = StillsIdentity(pretrain, without_shift(run.model.backbone), drawing, run.data.crop)
    return f"stills-{digest(identity)}.safetensors"


@dataclass(frozen=True)
class StillsIdentity:
    """All that decides the pre-trained weights, up to the order of sums on a given number of threads."""

    pretrain: PretrainConfig
    backbone: Backbone
    drawing: DrawingConfig
    crop: int


def _parts(run: RunConfig) -> tuple[PretrainConfig, DrawingConfig]:
    if not isinstance(run.pretrain, PretrainConfig) or run.data.drawing is None:
        raise ValueError(f"run {run.id}: pre-training on stills needs RunConfig.pretrain and DataConfig.drawing")
    return run.pretrain, run.data.drawing


def ensure_pretrained(run: RunConfig, folder: Path, say: Callable[[str], None] = print, workers: int = 1) -> Path:
    """Return the weights file that ``run`` starts from, making it first when it is not there.

    Raises:
        UserError: ``folder`` cannot be written.
    """
    path = folder / weights_name(run)
    make_folder(folder)
    with FileLock(path.with_suffix(".lock")):  # two studies at once must start from the same weights
        if not path.exists():
            _make(run, path, say, workers)
    return path


def _make(run: RunConfig, path: Path, say: Callable[[str], None], workers: int) -> None:
    pretrain, drawing = _parts(run)
    say(f"pre-training the backbone on {pretrain.stills:,} stills")
    started = time.perf_counter()
    weights, hits = train_on_stills(pretrain, drawing, without_shift(run.model.backbone), run.data.crop, workers)
    with replacing(path) as stream:
        stream.write(save(weights))
    summary = ", ".join(f"{task} {value:.0f} %" for task, value in hits.items())
    say(f"pre-trained in {time.perf_counter() - started:.0f} s; accuracy: {summary}")


def _still_network(backbone: Backbone, outputs: int) -> ResNet2D | SlowFast:
    """Return the network that learns from stills; SlowFast sees the same still in all its frames."""
    if isinstance(backbone, SlowFastConfig):
        return SlowFast(backbone, outputs, frames=backbone.alpha)
    return ResNet2D(backbone, outputs)


def _still_scores(network: ResNet2D | SlowFast, pictures: torch.Tensor) -> torch.Tensor:
    frames = network.frames if isinstance(network, SlowFast) else 1
    return network.clip_scores(pictures.unsqueeze(2).expand(-1, -1, frames, -1, -1))


def train_on_stills(
    config: PretrainConfig, drawing: DrawingConfig, backbone: Backbone, crop: int, workers: int = 1
) -> tuple[dict[str, torch.Tensor], dict[str, float]]:
    """Train a backbone to answer :data:`~gta.data.stills.STILL_TASKS` about drawn stills.

    Returns:
        The weights without classifier, by torchvision's names, and the running accuracy of each task in percent.
    """
    torch.manual_seed(config.seed)
    tasks = list(STILL_TASKS)
    network = _still_network(backbone, sum(STILL_TASKS.values())).to(memory_format=torch.channels_last).train()
    batches = _StillBatches(config, drawing, crop)
    schedule = TrainConfig("adamw", config.lr, epochs=1, warmup_epochs=0.1, schedule="cosine", milestones=())
    optimizer = torch.optim.AdamW(parameter_groups(network, config.weight_decay), lr=config.lr, fused=True)
    mean, std = (255 * torch.tensor(values).view(1, 3, 1, 1) for values in (MEAN, STD))
    hits = dict.fromkeys(tasks, 0.0)
    for step, (pictures, targets) in enumerate(DataLoader(batches, batch_size=None, num_workers=workers)):
        for group in optimizer.param_groups:
            group["lr"] = config.lr * lr_factor(schedule, step / len(batches))
        scores = _still_scores(network, (pictures.permute(0, 3, 1, 2).float() - mean) / std)
        loss = torch.zeros(())
        for task, part in zip(tasks, torch.split(scores, list(STILL_TASKS.values()), dim=1), strict=True):
            loss = loss + nn.functional.cross_entropy(part, targets[task], ignore_index=NONE)
            known = targets[task] != NONE
            right = (part.argmax(dim=1) == targets[task])[known].float().mean().item() * 100
            hits[task] = right if step == 0 else 0.95 * hits[task] + 0.05 * right
        optimizer.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        nn.utils.clip_grad_norm_(network.parameters(), 20.0)
        optimizer.step()
    weights = {name: value.contiguous() for name, value in network.state_dict().items() if not name.startswith("fc.")}
    return weights, hits
