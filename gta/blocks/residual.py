"""The end of every block: Y = X + BN(Z W_O), with the normalisation folded into the projection.

Legend: M positions (B*T*N), D inner channels, C channels.

Batch statistics of a linear map follow from those of its input: mean(Z W) = mean(Z) W and
var(Z W) = diag(W^T cov(Z) W). So one matrix product with normalised weights is added to the residual. The C-wide
product is not written, read again for its statistics, normalised and added in passes of its own. In a small network,
where memory traffic and not arithmetic is the cost, those passes are most of a block's time. In a large one the
covariance costs more than they do: there the layers are applied as they are while training.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import AbstractContextManager, nullcontext
from typing import NamedTuple

import torch
from torch import Tensor, nn
from torch.nn.functional import linear

FOLDED = 128
"""The most inner channels whose covariance is computed. With 256 or 512 its products, in float32 also under autocast,
made a step of R2D-50 + NL about a fifth longer than the layers do (bf16, two cores)."""


class Projection(NamedTuple):
    """One summand norm(Z W_O) of a block's output."""

    z_BTND: Tensor
    """What is projected."""
    out: nn.Linear
    """W_O, from D to C channels, without bias."""
    norm: nn.Module
    """A ``BatchNorm2d`` of C channels. Anything else, such as the ``SyncBatchNorm`` it becomes on several GPUs, whose
    statistics span processes, is applied as a layer."""


def add_projected(x_BTNC: Tensor, *projections: Projection) -> Tensor:
    """Return X + the sum of norm(Z W_O), updating the running statistics as the layers ``norm`` would.

    The summands become one matrix product: their Z side by side, their weights one above the other.
    """
    if not all(map(_pays, projections)):
        for z_BTND, out, norm in projections:
            x_BTNC = x_BTNC + normalise(norm, out(z_BTND))
        return x_BTNC
    zs_MD = [projection.z_BTND.flatten(0, 2) for projection in projections]
    folded = [_folded(z_MD, p.out.weight, p.norm) for z_MD, p in zip(zs_MD, projections, strict=True)]
    weights_CD, shifts_C = zip(*folded, strict=True)
    y_MC = linear(_joined(zs_MD), _joined(weights_CD), sum(shifts_C[1:], shifts_C[0]))
    x_MC = x_BTNC.reshape(y_MC.shape)
    if x_MC.dtype != y_MC.dtype:  # under autocast a residual in float32 stays float32
        return (x_MC + y_MC).view(x_BTNC.shape)
    return y_MC.add_(x_MC).view(x_BTNC.shape)


def _pays(projection: Projection) -> bool:
    """Return whether the normalisation can be folded, and folding it is the faster way."""
    norm = projection.norm
    if not isinstance(norm, nn.BatchNorm2d):
        return False
    return projection.out.in_features <= FOLDED or not norm.training


def _joined(parts: Sequence[Tensor]) -> Tensor:
    return parts[0] if len(parts) == 1 else torch.cat(list(parts), dim=1)


def normalise(norm: nn.Module, y_BTNC: Tensor) -> Tensor:
    """Apply a batch normalisation layer to the channels of tokens, (B, T, N, C)."""
    maps = y_BTNC.flatten(0, 1).unsqueeze(2).permute(0, 3, 1, 2)  # channels-last, H = N, W = 1
    normed: Tensor = norm(maps)
    return normed.permute(0, 2, 3, 1).reshape(y_BTNC.shape)


def zero_norm(channels: int) -> nn.BatchNorm2d:
    """Return a normalisation whose gamma starts at zero: a block that ends in it is the identity at first."""
    norm = nn.BatchNorm2d(channels)
    nn.init.zeros_(norm.weight)
    return norm


def _folded(z_MD: Tensor, weight_CD: Tensor, norm: nn.Module) -> tuple[Tensor, Tensor]:
    """Return W_O scaled by the normalisation, (C, D), and what it adds, (C,)."""
    assert isinstance(norm, nn.BatchNorm2d)
    assert norm.running_mean is not None
    assert norm.running_var is not None
    with full_precision(z_MD.device.type):
        mean_C, var_C = norm.running_mean, norm.running_var
        if norm.training:
            mean_C, var_C = _batch_statistics(z_MD.to(weight_CD.dtype), weight_CD)
            _update(norm, mean_C, var_C, z_MD.shape[0])
        scale_C = norm.weight * torch.rsqrt(var_C + norm.eps)
        return weight_CD * scale_C[:, None], norm.bias - mean_C * scale_C


def full_precision(device: str) -> AbstractContextManager[None]:
    """Switch autocast off; the meta device, on which costs are counted, has none."""
    return torch.autocast(device, enabled=False) if torch.amp.is_autocast_available(device) else nullcontext()


def _batch_statistics(z_MD: Tensor, weight_CD: Tensor) -> tuple[Tensor, Tensor]:
    """Return mean and biased variance of Z W_O, both (C,)."""
    mean_D = z_MD.mean(dim=0)
    centred_MD = z_MD + -mean_D  # whose gradient negates D numbers, not M*D
    covariance_DD = centred_MD.t() @ centred_MD / z_MD.shape[0]
    var_C = ((weight_CD @ covariance_DD) * weight_CD).sum(dim=1)
    return weight_CD @ mean_D, var_C.clamp_min(0)  # rounding can leave a variance of zero slightly negative


@torch.no_grad()
def _update(norm: nn.BatchNorm2d, mean_C: Tensor, var_C: Tensor, count: int) -> None:
    """Update the running statistics, the variance as the unbiased one, as ``BatchNorm2d`` does."""
    assert norm.running_mean is not None
    assert norm.running_var is not None
    assert norm.num_batches_tracked is not None
    assert norm.momentum is not None
    norm.num_batches_tracked += 1
    norm.running_mean.lerp_(mean_C.to(norm.running_mean.dtype), norm.momentum)
    unbiased_C = var_C * (count / max(count - 1, 1))
    norm.running_var.lerp_(unbiased_C.to(norm.running_var.dtype), norm.momentum)
