"""Scaled dot-product attention, softmax(Q K^T / sqrt(D)) V (paper eq. 1), at the sizes the blocks need.

Legend: M independent attentions, N queries, P keys, D channels.
"""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn.functional import scaled_dot_product_attention

SMALL = 2**16
"""Up to so many scores (N*P) they are written out: there the backward of the fused kernel is several times slower."""


def attend(q_MND: Tensor, k_MPD: Tensor, v_MPD: Tensor) -> Tensor:
    """Return softmax(Q K^T / sqrt(D)) V, (M, N, D)."""
    if q_MND.shape[1] * k_MPD.shape[1] > SMALL:
        fused = scaled_dot_product_attention(q_MND.unsqueeze(1), k_MPD.unsqueeze(1), v_MPD.unsqueeze(1))
        return fused.squeeze(1)
    # keys come first in the scores, so that the softmax over few keys runs along long rows of queries
    s_MPN = torch.bmm(k_MPD, q_MND.mT) * q_MND.shape[-1] ** -0.5
    return torch.bmm(s_MPN.softmax(dim=1).mT, v_MPD)
