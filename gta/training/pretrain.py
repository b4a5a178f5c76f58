"""Pre-train the narrow backbone once on drawn stills; all rows share the weights, as the paper's rows share ImageNet's.

The weights belong to a run's identity through :class:`~gta.config.PretrainConfig`; they hold no temporal
parameter and have seen no clip.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import torch
from safetensors import safe_open
from safetensors.torch import save
from torch import nn
from torch.utils.data import DataLoader, Dataset

from gta.backbones import Network, build_backbone
from gta.backbones.layers import channels_last
from gta.config import DrawingConfig, PretrainConfig, RunConfig, TrainConfig, digest
from gta.config.backbones import Backbone
from gta.data.drawn.stills import NONE, STILL_TASKS, draw_stills
from gta.files import make_folder, replacing
from gta.parallel import Progress, patient_lock, showing
from gta.training.colours import MEAN, STD
from gta.training.optimizer import build_optimizer, lr_factor

Pictures = tuple[torch.Tensor, dict[str, torch.Tensor]]
_UNSEEN = 8192
"""Stills on which the accuracy is measured at the end."""
_ACCURACY = "accuracy"
"""Entry of the file's metadata that says how well the tasks were learnt, in percent."""


class _StillBatches(Dataset[Pictures]):
    """Batch ``i`` of the stills, drawn when asked for."""

    def __init__(self, config: PretrainConfig, drawing: DrawingConfig, size: int, first: int, count: int) -> None:
        self.config, self.drawing, self.size, self.first, self.count = config, drawing, size, first, count

    def __len__(self) -> int:
        return self.count

    def __getitem__(self, index: int) -> Pictures:
        seed = self.config.seed * 1_000_003 + self.first + index
        config = self.config
        pictures, targets = draw_stills(self.drawing, seed, config.batch_size, self.size, config.stills_a_scene)
        return torch.from_numpy(pictures), {task: torch.from_numpy(values) for task, values in targets.items()}


def weights_name(run: RunConfig) -> str:
    """Return the file name of the weights that a run starts from, with a digest of everything that decides them."""
    pretrain, drawing = _parts(run)
    identity = StillsIdentity(pretrain, run.model.backbone.still, drawing, run.data.crop)
    return f"stills-{digest(identity)}.safetensors"


@dataclass(frozen=True)
class StillsIdentity:
    """Everything that decides the pre-trained weights; only the order of sums follows the number of threads."""

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
    with patient_lock(path.with_suffix(".lock"), f"{path} is pre-trained"):  # two studies start from the same weights
        if not path.exists():
            _make(run, path, say, workers)
    return path


def _make(run: RunConfig, path: Path, say: Callable[[str], None], workers: int) -> None:
    pretrain, drawing = _parts(run)
    say(f"pre-training the backbone on {pretrain.stills:,} stills")
    backbone = run.model.backbone.still
    with showing("pre-training, batches") as progress:
        weights, accuracy = train_on_stills(pretrain, drawing, backbone, run.data.crop, workers, progress)
    if pretrain.dtype == "float16":
        weights = {name: value.half() if value.is_floating_point() else value for name, value in weights.items()}
    with replacing(path) as stream:
        stream.write(save(weights, {_ACCURACY: json.dumps(accuracy)}))
    summary = ", ".join(f"{task} {value:.0f}" for task, value in accuracy.items())
    say(f"pre-trained; % right: {summary}")


def _still_network(backbone: Backbone, outputs: int) -> Network:
    """Return the network that learns from stills; one that needs several frames sees the same still in all of them."""
    return build_backbone(backbone, outputs, backbone.frame_step)


def _still_scores(network: Network, pictures: torch.Tensor) -> dict[str, torch.Tensor]:
    """Return the scores of each task for uint8 pictures (N, H, W, 3)."""
    mean, std = (255 * torch.tensor(values).view(1, 3, 1, 1) for values in (MEAN, STD))
    normal = (pictures.permute(0, 3, 1, 2).float() - mean) / std
    frames = network.config.frame_step
    scores = network.clip_scores(normal.unsqueeze(2).expand(-1, -1, frames, -1, -1))
    return dict(zip(STILL_TASKS, torch.split(scores, list(STILL_TASKS.values()), dim=1), strict=True))


def train_on_stills(
    config: PretrainConfig,
    drawing: DrawingConfig,
    backbone: Backbone,
    crop: int,
    workers: int = 1,
    progress: Progress | None = None,
) -> tuple[dict[str, torch.Tensor], dict[str, float]]:
    """Train a backbone to answer :data:`~gta.data.drawn.stills.STILL_TASKS` about drawn stills.

    Returns:
        The weights without classifier, by torchvision's names, and the accuracy of each task in percent on stills
        that were not trained on.
    """
    torch.manual_seed(config.seed)
    network = channels_last(_still_network(backbone, sum(STILL_TASKS.values()))).train()
    batches = _StillBatches(config, drawing, crop, 0, max(1, config.stills // config.batch_size))
    recipe = TrainConfig(
        "adamw",
        config.lr,
        weight_decay=config.weight_decay,
        epochs=1,
        warmup_epochs=0.1,
        schedule="cosine",
        milestones=(),
    )
    optimizer = build_optimizer(network, recipe)
    for step, (pictures, targets) in enumerate(DataLoader(batches, batch_size=None, num_workers=workers)):
        for group in optimizer.param_groups:
            group["lr"] = config.lr * lr_factor(recipe, step / len(batches))
        loss = torch.zeros(())
        for task, scores in _still_scores(network, pictures).items():
            loss = loss + nn.functional.cross_entropy(scores, targets[task], ignore_index=NONE)
        optimizer.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        nn.utils.clip_grad_norm_(network.parameters(), 20.0)
        optimizer.step()
        if progress is not None:
            progress(step + 1, len(batches))
    unseen = _StillBatches(
        config, drawing, crop, len(batches), max(1, min(_UNSEEN, config.stills) // config.batch_size)
    )
    accuracy = _accuracy(network.eval(), unseen)
    weights = {name: value.contiguous() for name, value in network.state_dict().items() if not name.startswith("fc.")}
    return weights, accuracy


@torch.inference_mode()
def _accuracy(network: Network, batches: _StillBatches) -> dict[str, float]:
    """Return the accuracy of each task in percent, over the stills that have an answer to it."""
    hits, known = dict.fromkeys(STILL_TASKS, 0), dict.fromkeys(STILL_TASKS, 0)
    for pictures, targets in (batches[index] for index in range(len(batches))):
        for task, scores in _still_scores(network, pictures).items():
            there = targets[task] != NONE
            hits[task] += int((scores.argmax(dim=1) == targets[task])[there].sum())
            known[task] += int(there.sum())
    return {task: 100 * hits[task] / max(1, known[task]) for task in STILL_TASKS}


def pretraining_accuracy(path: Path) -> dict[str, float] | None:
    """Return the accuracies that :func:`train_on_stills` kept in a file of weights, or None if it has none."""
    with safe_open(path, "pt") as content:
        said = (content.metadata() or {}).get(_ACCURACY)
    return None if said is None else {str(task): float(value) for task, value in json.loads(said).items()}
