"""From a :class:`~gta.config.ModelConfig` to a network: backbone, inserted blocks, head."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any, cast, get_args

import torch
from torch import nn

from gta.backbones import Network, build_backbone
from gta.blocks import build_blocks
from gta.config import STAGES, BlockConfig, ModelConfig, Place
from gta.config.blocks import check_block
from gta.heads import build_head

INSERTED = "inserted"
"""Name of the submodule that :func:`insert_blocks` adds to a residual block."""


class VideoModel(nn.Module):
    """A backbone with temporal blocks inside; (B, 3, T, H, W) to (B, classes).

    Raises:
        ValueError: the clip is not five-dimensional or does not have the model's number of frames.
    """

    def __init__(self, backbone: Network, frames: int, head: nn.Module | None = None) -> None:
        """Wrap ``backbone``, whose inserted blocks were built for ``frames`` frames; its own classifier is the head."""
        super().__init__()
        self.backbone = backbone
        self.frames = frames
        self.head = head

    def forward(self, clip: torch.Tensor, boxes: torch.Tensor | None = None) -> torch.Tensor:
        """Return the class scores: the head's, or the backbone's own, averaged over frames and positions.

        ``boxes`` (B, T, K, 4) are the proposals that some heads read.
        """
        if clip.dim() != 5:
            raise ValueError(f"a clip is (B, 3, T, H, W); got {tuple(clip.shape)}")
        if clip.shape[2] != self.frames:
            raise ValueError(f"ModelConfig.frames is {self.frames}, the clip has {clip.shape[2]} frames")
        if boxes is not None and not getattr(self.head, "reads_boxes", False):
            raise ValueError("boxes are given, but the head of this model reads none; leave them out")
        if self.head is None:
            return self.backbone.clip_scores(clip)
        features = self.backbone.features(clip)
        scores: torch.Tensor = self.head(features) if boxes is None else self.head(features, boxes)
        return scores


def build_model(config: ModelConfig) -> VideoModel:
    """Build the network of one table row.

    Returns:
        A module that maps float clips (B, 3, T, H, W) to scores (B, classes).
    """
    backbone = build_backbone(config.backbone, config.classes, config.frames, config.dropout, config.pool)
    if config.blocks:
        for place in config.places:
            insert_blocks(backbone, config.blocks, place, config.block_frames(place))
    return VideoModel(backbone, config.frames, build_head(config, backbone))


Make = Callable[[int], nn.Module]
"""Returns a block for a number of channels."""


def insert_blocks(
    network: nn.Module,
    block: Make | BlockConfig | Sequence[BlockConfig],
    places: Place | Iterable[Place],
    frames: int = 8,
) -> None:
    """Insert a block after residual blocks of a network with torchvision's ``layer1`` .. ``layer4``, or of our own.

    The block becomes the submodule ``inserted`` of the residual block and runs on its output, so that no
    existing weight changes its name.

    Args:
        network: a ResNet with stages ``layer1`` (res2) to ``layer4`` (res5); of pictures (B*T, 3, H, W), or of clips
            (B, 3, T, H, W) such as torchvision's ``r3d_18``; or a backbone of :mod:`gta.backbones`.
        block: the config of a block, or of several to run one after the other, or a function from the channels at a
            place to a module.
        places: ``("res3", 0)`` means after the first residual block of ``layer2``; one place or several.
        frames: T at these places, for configs; a video network that strides in time has fewer frames in later stages.

    Raises:
        ValueError: the network has no such place, a config does not fit the channels there, or ``block`` is no config.
    """
    places = _listed(places)
    if len(set(places)) < len(places):
        raise ValueError(f"places repeats a place: {places}")
    make = _maker(block, frames)
    residuals = [_residual(network, place) for place in places]  # all places are checked before one is changed
    channels = [_channels(network, place, residual) for place, residual in zip(places, residuals, strict=True)]
    for residual, built in [(residual, make(width)) for residual, width in zip(residuals, channels, strict=True)]:
        residual.add_module(INSERTED, built.train(residual.training))
        residual.register_forward_hook(_run_inserted)


def _listed(places: Place | Iterable[Place]) -> list[Place]:
    given: list[Any] = list(places)
    if isinstance(places, str) or (given and isinstance(given[0], str)):
        given = [places]
    for place in given:
        pair = isinstance(place, tuple | list) and len(place) == 2
        if not pair or not isinstance(place[0], str) or type(place[1]) is not int:
            raise ValueError(f"places: {place!r} is no place; expected a pair such as ('res3', 0), or a list of them")
    return [(stage, index) for stage, index in given]


def _maker(block: Make | BlockConfig | Sequence[BlockConfig], frames: int) -> Make:
    if isinstance(block, type) and block in get_args(BlockConfig):
        raise ValueError(f"block is the class {block.__name__}; give a config: {block.__name__}()")
    if isinstance(block, nn.Module):
        raise ValueError(f"block is a module ({type(block).__name__}); give a config, or a function of the channels")
    if callable(block):
        return block
    configs = tuple(block) if isinstance(block, list | tuple) else (block,)
    for config in configs:
        if not isinstance(config, BlockConfig):
            raise ValueError(f"block: {config!r} is no config of a block; expected such as GTAConfig() or SAConfig()")

    def make(channels: int) -> nn.Module:
        for config in configs:
            check_block(config, "the network", channels)
        return build_blocks(configs, channels, frames)

    return make


def _stages(network: nn.Module) -> dict[str, list[nn.Module]]:
    """Return the modules after which blocks may stand by stage: a backbone's own, or torchvision's residual blocks."""
    if isinstance(network, Network):
        return {
            stage: [network.get_submodule(name) for name in names] for stage, names in network.stage_modules.items()
        }
    layers = {stage: getattr(network, f"layer{number}", None) for number, stage in enumerate(STAGES, start=1)}
    return {stage: list(layer) for stage, layer in layers.items() if isinstance(layer, nn.Sequential)}


def _residual(network: nn.Module, place: Place) -> nn.Module:
    stage, index = place
    stages = _stages(network)
    if stage not in stages:
        expected = ", ".join(stages or STAGES)
        raise ValueError(f"places: the network has no stage {stage!r}; expected one of {expected}")
    residuals = stages[stage]
    if not 0 <= index < len(residuals):
        raise ValueError(f"places: {stage}[{index}] does not exist; {stage} has {len(residuals)} residual blocks")
    if hasattr(residuals[index], INSERTED):
        raise ValueError(f"places: {stage}[{index}] has a block already")
    return residuals[index]


def inserted_blocks(network: nn.Module) -> dict[str, nn.Module]:
    """Return the inserted blocks by place, such as ``res3[0]``, in the order of the forward pass."""
    return {
        f"{stage}[{index}]": residual.get_submodule(INSERTED)
        for part in network.modules()
        for stage, residuals in _stages(part).items()
        for index, residual in enumerate(residuals)
        if hasattr(residual, INSERTED)
    }


def _run_inserted(residual: nn.Module, inputs: tuple[torch.Tensor, ...], output: torch.Tensor) -> torch.Tensor:
    return cast(torch.Tensor, residual.get_submodule(INSERTED)(output))


def _channels(network: nn.Module, place: Place, residual: nn.Module) -> int:
    return network.config.channels(place) if isinstance(network, Network) else _out_channels(residual)


def _out_channels(residual: nn.Module) -> int:
    """Return the channels after the last convolution or norm; those of the shortcut, which is added, are equal."""
    for module in reversed(list(residual.modules())):
        for name in ("out_channels", "num_features", "num_channels"):  # frozen norms have none: the convolution before
            channels = getattr(module, name, None)
            if isinstance(channels, int):
                return channels
    raise ValueError(f"places: {type(residual).__name__} has no convolution or norm from which to read its channels")
