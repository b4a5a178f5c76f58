"""Where a model looks, in space and time, as arrays; nothing is drawn here.

Legend: T frames of a block, H x W positions, K regions, S frames that are read.
"""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from gta.blocks import GlobalTemporalAttention
from gta.model import VideoModel, inserted_blocks

Array = NDArray[np.float32]


def blocks_of(model: VideoModel, kind: type[nn.Module]) -> dict[str, nn.Module]:
    """Return the inserted modules of a kind by place, such as ``res3[0]``, in the order of the forward pass."""
    return {
        place: module
        for place, block in inserted_blocks(model.backbone).items()
        for module in block.modules()
        if isinstance(module, kind)
    }


@torch.no_grad()
def temporal_matrices(model: VideoModel) -> dict[str, Array]:
    """Return the learned temporal weights of every GTA block (paper appendix D, figure 15).

    Returns:
        By path, such as ``res3[0].pixel`` and ``res3[0].region``: the mean of |M| over groups and heads, (T, T) as
        [out, in]; empty for a model without GTA.
    """
    found: dict[str, Array] = {}
    for place, block in blocks_of(model, GlobalTemporalAttention).items():
        assert isinstance(block, GlobalTemporalAttention)
        for path, matrix in (("pixel", block.pixel_matrix), ("region", block.region_matrix)):
            if matrix is not None:
                found[f"{place}.{path}"] = matrix.detach().float().abs().mean(dim=(0, 1)).cpu().numpy()
    return found
