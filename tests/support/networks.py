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


@torch.no_grad()
def lived(network, clip, seed=0):
    """The network for evaluation, with random weights and norms whose statistics are near those of a clip.

    Each norm has a scale, a shift, a mean and a variance of its own, so that one in another place is found, and lets
    something through.
    """
    generator = torch.Generator().manual_seed(seed)
    norms = [module for module in wake(network, seed).modules() if isinstance(module, nn.modules.batchnorm._BatchNorm)]
    for norm in norms:
        norm.weight.uniform_(0.5, 1.5, generator=generator)
        norm.bias.normal_(0, 0.3, generator=generator)
        norm.momentum = 1.0
    network.train().clip_scores(clip)
    for norm in norms:
        drawn = torch.rand(2, len(norm.weight), generator=generator)
        norm.running_mean += (drawn[0] - 0.5) * norm.running_var.sqrt()
        norm.running_var *= 0.5 + drawn[1]
    return network.eval()


def tiny_clip(batch=2, frames=8, side=32, seed=0):
    """Random clips (B, 3, T, H, W)."""
    return torch.randn(batch, 3, frames, side, side, generator=torch.Generator().manual_seed(seed))
