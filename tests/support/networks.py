"""A narrow version of every backbone, for clips of 8 frames of 32 x 32 pixels, and random weights to wake it."""

import torch
from torch import nn

from gta.config import (
    BackboneConfig,
    BLVNetConfig,
    BNInceptionConfig,
    CorrNetConfig,
    ECOConfig,
    I3DConfig,
    Res2NetConfig,
    S3DGConfig,
    ShiftConfig,
    SlowFastConfig,
    StmConfig,
    TamConfig,
    TeaConfig,
)


def _resnet(branch=None):
    return BackboneConfig((1, 2, 1, 1), 16, "small", branch=branch)


NARROW = {
    "r2d": _resnet(),
    "tsm": _resnet(ShiftConfig()),
    "stm": _resnet(StmConfig(reduction=8)),
    "res2net": _resnet(Res2NetConfig(base_width=24)),
    "tea": _resnet(TeaConfig(base_width=24, reduction=8)),
    "tam": _resnet(TamConfig()),
    "slowfast": SlowFastConfig(depths=(1, 2, 1, 1), width=16, stem="small", beta_inverse=4, fusion_kernel=5),
    "i3d": I3DConfig(depths=(1, 2, 1, 1), width=8, stem="small"),
    "s3dg": S3DGConfig(width=16, stem="small", strides_t=(1, 2, 2)),
    "corrnet": CorrNetConfig(depths=(1, 2, 1, 1), width=8, stem="small"),
    "bninception": BNInceptionConfig(width=16, stem="small"),
    "eco-lite": ECOConfig(width=16, stem="small"),
    "eco": ECOConfig(full=True, width=16, stem="small"),
    "blvnet": BLVNetConfig(depths=(2, 3, 2, 1), width=8, stem="small"),
}


def wake(network, seed=0):
    """Give every parameter random values, so that nothing is the identity or zero as at the start of a training."""
    generator = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for module in network.modules():
            norm = isinstance(module, nn.modules.batchnorm._BatchNorm | nn.LayerNorm | nn.GroupNorm)
            for name, value in module.named_parameters(recurse=False):
                drawn = torch.randn(value.shape, generator=generator)
                fan_in = max(1, value[0].numel() if value.dim() > 1 else value.numel())
                value.copy_(1 + 0.1 * drawn if norm and name == "weight" else drawn / fan_in**0.5)
    return network


def tiny_clip(batch=2, frames=8, side=32, seed=0):
    """Random clips (B, 3, T, H, W)."""
    return torch.randn(batch, 3, frames, side, side, generator=torch.Generator().manual_seed(seed))
