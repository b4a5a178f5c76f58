"""Reshape clips to what one application of a non-local variant spans: a clip, a frame, or a position over time.

The joint variants read all T*N positions at once; "decoupled" (paper section 4.3) is a block over ``space`` followed by
one over ``time``. Every variant is written once, for M independent sets of L positions.

Legend: B clips, T frames, N = H*W positions, C channels; M sets, L positions of a set.
"""

from __future__ import annotations

import torch
from torch import Tensor

from gta.config import Domain


def to_sets(x_BTNC: Tensor, domain: Domain) -> Tensor:
    """Return the tokens as independent sets (M, L, C): (B, T*N, C), (B*T, N, C) or (B*N, T, C)."""
    match domain:
        case "joint":
            return x_BTNC.flatten(1, 2)
        case "space":
            return x_BTNC.flatten(0, 1)
        case "time":
            return x_BTNC.transpose(1, 2).flatten(0, 1)


def from_sets(y_MLC: Tensor, x_BTNC: Tensor, domain: Domain) -> Tensor:
    """Return sets in the arrangement of the tokens ``x_BTNC`` they came from; (M, 1, C) is spread over a set."""
    clips, time, positions, _ = x_BTNC.shape
    y_MLC = y_MLC.expand(-1, x_BTNC.shape[:3].numel() // y_MLC.shape[0], -1)
    if domain == "time":
        return torch.unflatten(y_MLC, 0, (clips, positions)).transpose(1, 2)
    return y_MLC.reshape(clips, time, positions, -1)
