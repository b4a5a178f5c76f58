"""Parameters and multiply-accumulates of a model, counted without memory on the meta device."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch.nn.attention import SDPBackend, sdpa_kernel
from torch.utils.flop_counter import FlopCounterMode

from gta.config import ModelConfig
from gta.errors import UserError
from gta.model import build_model

TOO_SMALL = "size is too small"
"""What torch says of a convolution or pooling whose window is larger than what is left of a picture."""


@dataclass(frozen=True)
class Cost:
    """Size and arithmetic of a model."""

    params: int
    macs: int
    """Multiply-accumulates of convolutions, linear layers and matrix products for one clip; no norm, no pooling."""


def cost(config: ModelConfig, crop: int) -> Cost:
    """Count the parameters and MACs of ``config`` on one clip of ``crop`` x ``crop`` pixels.

    Raises:
        UserError: so few pixels leave the network no map.
    """
    with torch.device("meta"):
        model = build_model(config).eval()
        clip = torch.empty(1, config.backbone.inputs, config.frames, crop, crop)
        boxes = torch.empty(1, config.frames, config.head.proposals, 4) if config.head.proposals else None
    with FlopCounterMode(display=False) as counter, torch.no_grad(), sdpa_kernel(SDPBackend.MATH):
        try:
            model(clip, boxes)
        except RuntimeError as error:
            if TOO_SMALL not in str(error):
                raise
            raise UserError(f"{config.backbone} cannot read {crop} x {crop} pixels; make the crop larger") from error
    return Cost(sum(p.numel() for p in model.parameters()), counter.get_total_flops() // 2)
