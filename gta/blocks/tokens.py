"""Between feature maps and tokens: the layout in which every block works.

In channels-last memory the positions of a feature map are already a (B, T, N, C) matrix of tokens, so both ways are
free views there; a 1x1 convolution is then a linear layer and batch normalisation sees the same memory. Any other
memory layout is copied once and comes back in channels-last.

Legend: B clips, T frames, N = H*W positions, C channels.
"""

from __future__ import annotations

import torch
from torch import Tensor


def to_tokens(x: Tensor, frames: int, *, fixed: bool = False) -> Tensor:
    """Return a feature map as tokens, without a copy when the map is in channels-last memory.

    Args:
        x: (B*T, C, H, W), the layout of a 2D backbone, or (B, C, T, H, W).
        frames: T of the first layout.
        fixed: whether the block has parameters for exactly ``frames`` frames.

    Returns:
        (B, T, H*W, C).

    Raises:
        ValueError: ``x`` has another number of dimensions, or its frames do not fit ``frames``.
    """
    if x.dim() == 4:
        images, channels, height, width = x.shape
        if images % frames:
            raise ValueError(f"frames is {frames}, which does not divide the {images} pictures of x (B*T, C, H, W)")
        return x.permute(0, 2, 3, 1).reshape(images // frames, frames, height * width, channels)
    if x.dim() == 5:
        clips, channels, time, height, width = x.shape
        if fixed and time != frames:
            raise ValueError(
                f"frames is {frames}, but x (B, C, T, H, W) has T = {time}; build the block with frames={time}"
            )
        return x.permute(0, 2, 3, 4, 1).reshape(clips, time, height * width, channels)
    raise ValueError(f"x has shape {tuple(x.shape)}; expected (B*T, C, H, W) or (B, C, T, H, W)")


def from_tokens(y_BTNC: Tensor, x: Tensor) -> Tensor:
    """Return tokens in the shape of the feature map ``x`` they came from, as a view in channels-last memory.

    Args:
        y_BTNC: (B, T, H*W, C).
        x: the map once given to :func:`to_tokens`; only its shape is read.
    """
    height, width = x.shape[-2:]
    if x.dim() == 4:
        return y_BTNC.reshape(-1, height, width, y_BTNC.shape[-1]).permute(0, 3, 1, 2)
    clips, time, _, channels = y_BTNC.shape
    return y_BTNC.reshape(clips, time, height, width, channels).permute(0, 4, 1, 2, 3)


def to_maps(x: Tensor, frames: int, *, fixed: bool = False) -> Tensor:
    """Return a feature map as pictures (B*T, C, H, W) in channels-last memory, for what convolves in space.

    Takes and raises what :func:`to_tokens` does.
    """
    height, width = x.shape[-2:]
    return torch.unflatten(to_tokens(x, frames, fixed=fixed).flatten(0, 1), 1, (height, width)).permute(0, 3, 1, 2)


def from_maps(y: Tensor, x: Tensor) -> Tensor:
    """Return pictures (B*T, C, H, W) in the shape of the feature map ``x`` once given to :func:`to_maps`."""
    if x.dim() == 4:
        return y
    y_BTHWC = torch.unflatten(y.permute(0, 2, 3, 1), 0, (x.shape[0], x.shape[2]))
    return y_BTHWC.permute(0, 4, 1, 2, 3)


def pool_positions(x_BTNC: Tensor, size: tuple[int, int]) -> Tensor:
    """Max-pool the positions of every frame 2x2, to :func:`pooled_size`.

    Args:
        x_BTNC: (B, T, H*W, C).
        size: (H, W).

    Returns:
        (B, T, h*w, C).
    """
    if pooled_size(size) == size:
        return x_BTNC
    clips, time, _, channels = x_BTNC.shape
    maps = x_BTNC.reshape(clips * time, *size, channels).permute(0, 3, 1, 2)
    pooled = torch.max_pool2d(maps, 2)
    return pooled.permute(0, 2, 3, 1).reshape(clips, time, -1, channels)


def pooled_size(size: tuple[int, int]) -> tuple[int, int]:
    """Return (H//2, W//2), or ``size`` itself when only one position would be left to attend to."""
    height, width = size[0] // 2, size[1] // 2
    return size if height * width < 2 else (height, width)
