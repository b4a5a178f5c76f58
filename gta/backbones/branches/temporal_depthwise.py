"""A temporal convolution of each channel by itself, three frames long: the taps of STM, TEA and TAM.

With taps of 0 and 1 it is a shift in time, which is what TSM does with fixed ones (Lin et al., ICCV 2019).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Literal

import torch
from torch import Tensor, nn
from torch.nn.functional import conv2d


class TemporalDepthwise(nn.Conv1d):
    """y_t = w_0 x_{t-1} + w_1 x_t + w_2 x_{t+1} of each channel, frames beyond the ends zero; (B*T, C, H, W).

    Its weight (C, 1, 3) is that of a grouped ``Conv1d`` over the frames.
    """

    def __init__(self, channels: int, frames: int, init: Literal["shift", "identity", "kaiming"] = "identity") -> None:
        """Build the convolution.

        Args:
            channels: C.
            frames: T of a clip.
            init: ``shift``: the first quarter of the channels reads frame t-1, the last t+1, the others t (STM);
                ``identity``: all read t; ``kaiming``: normal, with standard deviation sqrt(2 / C), as He et al.'s rule
                by outputs gives for three grouped 1x1 convolutions (bLVNet-TAM).
        """
        super().__init__(channels, channels, 3, padding=1, groups=channels, bias=False)
        self.frames = frames
        quarter = channels // 4 if init == "shift" else 0
        self.read([-1] * quarter + [0] * (channels - 2 * quarter) + [1] * quarter)
        if init == "kaiming":
            nn.init.normal_(self.weight, std=math.sqrt(2 / channels))

    @torch.no_grad()
    def read(self, offsets: Sequence[int]) -> None:
        """Start as a shift: channel c reads frame t + offsets[c], an offset being -1, 0 or 1."""
        self.weight.zero_()
        for channel, offset in enumerate(offsets):
            self.weight[channel, 0, 1 + offset] = 1

    def forward(self, input: Tensor) -> Tensor:
        """Return the convolution of the frames of each clip, as pictures (B*T, C, H, W) again."""
        channels, height, width = input.shape[1:]
        rows_BTNC = input.permute(0, 2, 3, 1).reshape(-1, self.frames, height * width, channels)
        taps = self.weight.unsqueeze(-1)
        out_BCTN = conv2d(rows_BTNC.permute(0, 3, 1, 2), taps, padding=(1, 0), groups=channels)
        return out_BCTN.permute(0, 2, 3, 1).reshape(-1, height, width, channels).permute(0, 3, 1, 2)
