"""With which mean and deviation of their colours networks see frames: those that their first weights know."""

from __future__ import annotations

from gta.config import CheckpointConfig, RunConfig, WeightsConfig
from gta.config.run import Colour

MEAN = (0.485, 0.456, 0.406)
STD = (0.229, 0.224, 0.225)
"""ImageNet's statistics of red, green and blue in 0..1, for which torchvision's weights were trained."""
COLOURS: dict[Colour, tuple[tuple[float, ...], tuple[float, ...]]] = {
    "imagenet": (MEAN, STD),
    "pyslowfast": ((0.45,) * 3, (0.225,) * 3),
    "tsn": ((128 / 255, 117 / 255, 104 / 255), (1 / 255,) * 3),
    "eco": ((123 / 255, 117 / 255, 104 / 255), (1 / 255,) * 3),
}
"""Mean and standard deviation of red, green and blue in 0..1 with which weights were trained."""


def colour_statistics(run: RunConfig) -> tuple[tuple[float, ...], tuple[float, ...]]:
    """Return mean and standard deviation of the channels in 0..1, as a run's first weights know them.

    Flow has no mean and the mean deviation of the colours (TSN, TSM).
    """
    start = run.pretrain
    mean, std = COLOURS[start.colour if isinstance(start, WeightsConfig | CheckpointConfig) else "imagenet"]
    if run.data.modality == "flow":
        return (128 / 255,) * run.data.channels, (sum(std) / len(std),) * run.data.channels
    return mean, std
