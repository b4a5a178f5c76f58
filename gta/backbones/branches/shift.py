"""TSM: a shift in time before the first convolution of a residual branch (Lin et al., ICCV 2019)."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn.functional import pad
from torchvision.models.resnet import Bottleneck

from gta.config.branches import ShiftConfig


def shifted(residual: Bottleneck, config: ShiftConfig, frames: int, index: int) -> Bottleneck:
    """Return residual block ``index`` of a stage, shifted if its turn has come; no weight changes its name."""
    if index % config.every == 0:
        residual.conv1 = ShiftedConv2d(residual.conv1, frames)
    return residual


class ShiftedConv2d(nn.Conv2d):
    """A convolution that reads its input after a temporal shift: TSM (Lin et al., ICCV 2019).

    Channels [0, C/8) come from frame t+1, [C/8, C/4) from frame t-1, zeros beyond the ends; the rest stays.
    """

    def __init__(self, conv: nn.Conv2d, frames: int) -> None:
        """Take over the shape of ``conv``, whose weights are to be initialised or loaded afterwards.

        Args:
            conv: the layer it replaces.
            frames: T of a clip.
        """
        super().__init__(conv.in_channels, conv.out_channels, (1, 1), stride=(1, 1), bias=False)
        self.frames = frames

    def forward(self, input: Tensor) -> Tensor:
        """Return the convolution of the shifted frames."""
        return super().forward(shift(input, self.frames))


def shift(x: Tensor, frames: int) -> Tensor:
    """Shift an eighth of the channels one frame each way.

    Args:
        x: (B*T, C, H, W).
        frames: T.

    Returns:
        The same shape: channels [0, C/8) of frame t+1, [C/8, C/4) of frame t-1, the others of frame t.

    Raises:
        ValueError: ``frames`` does not divide the number of pictures.
    """
    if x.shape[0] % frames:
        raise ValueError(f"frames is {frames}, which does not divide the {x.shape[0]} pictures of x (B*T, C, H, W)")
    fold = x.shape[1] // 8
    x_BTHWC = torch.unflatten(x.permute(0, 2, 3, 1), 0, (-1, frames))
    following, previous, same = torch.split(x_BTHWC, [fold, fold, x.shape[1] - 2 * fold], dim=-1)
    moved = (
        pad(following[:, 1:], (0, 0, 0, 0, 0, 0, 0, 1)),
        pad(previous[:, :-1], (0, 0, 0, 0, 0, 0, 1, 0)),
        same,
    )
    return torch.cat(moved, dim=-1).flatten(0, 1).permute(0, 3, 1, 2)
