"""Similarity of every position of one picture with those around the same position of another.

Legend: M pairs of pictures, N = H*W positions, G groups of D = C / G channels, K = patch * patch displacements.
"""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn.functional import pad

ALL_PAIRS = 8
"""All pairs of positions are multiplied when there are at most this many times K of them; see the two ways below."""


def local_correlation(
    a: Tensor, b: Tensor, patch: int, dilation: int = 1, groups: int = 1, weight: Tensor | None = None
) -> Tensor:
    """Return S[m, i, j, g, d] = sum over the channels c of group g of w[c, d] a[m, c, i, j] b[m, c, (i, j) + d].

    Args:
        a: (M, C, H, W).
        b: the same shape; zero outside.
        patch: displacements in each direction, an odd number; those of d run row by row from top left.
        dilation: positions between neighbouring displacements.
        groups: G; a group is C / G consecutive channels.
        weight: w of (T, C, K) for pictures that are M / T times T frames in order; None: ones.

    Returns:
        (M, H, W, G, K).

    Raises:
        ValueError: ``patch`` is even, ``groups`` does not divide C, or the shapes differ.
    """
    if patch % 2 == 0:
        raise ValueError(f"patch is {patch}; it must be odd, so that it has a middle")
    if a.shape != b.shape:
        raise ValueError(f"a has shape {tuple(a.shape)}, b {tuple(b.shape)}; they must be equal")
    if a.shape[1] % groups:
        raise ValueError(f"groups is {groups}, which does not divide the {a.shape[1]} channels of a (M, C, H, W)")
    if weight is None and a.shape[-2] * a.shape[-1] <= ALL_PAIRS * patch * patch:
        return by_all_pairs(a, b, patch, dilation, groups)
    return by_shifts(a, b, patch, dilation, groups, weight)


def displacements(patch: int, dilation: int, device: torch.device | None = None) -> Tensor:
    """Return the displacements (K, 2) as rows down and columns right, row by row from top left."""
    steps = dilation * (torch.arange(patch, device=device) - patch // 2)
    return torch.stack(torch.meshgrid(steps, steps, indexing="ij"), dim=-1).flatten(0, 1)


def by_all_pairs(a: Tensor, b: Tensor, patch: int, dilation: int, groups: int) -> Tensor:
    """Multiply all pairs of positions in one matrix product, (M, G, N, N), and pick the near ones."""
    height, width = a.shape[-2:]
    a_MGND = torch.unflatten(a.flatten(2), 1, (groups, -1)).mT
    b_MGDN = torch.unflatten(b.flatten(2), 1, (groups, -1))
    s_MGNN = a_MGND @ b_MGDN
    rows, columns = torch.meshgrid(
        torch.arange(height, device=a.device), torch.arange(width, device=a.device), indexing="ij"
    )
    down_K, right_K = displacements(patch, dilation, a.device).unbind(dim=1)
    row_NK = rows.reshape(-1, 1) + down_K
    column_NK = columns.reshape(-1, 1) + right_K
    inside_NK = (row_NK >= 0) & (row_NK < height) & (column_NK >= 0) & (column_NK < width)
    at_NK = row_NK.clamp(0, height - 1) * width + column_NK.clamp(0, width - 1)
    near_MGNK = s_MGNN.gather(3, at_NK.expand(*s_MGNN.shape[:2], -1, -1)) * inside_NK
    return torch.unflatten(near_MGNK.transpose(1, 2), 1, (height, width))


def by_shifts(a: Tensor, b: Tensor, patch: int, dilation: int, groups: int, weight: Tensor | None) -> Tensor:
    """Multiply the pictures once for each displacement of the second."""
    height, width = a.shape[-2:]
    reach = dilation * (patch // 2)
    a_MHWC = a.permute(0, 2, 3, 1)
    b_MHWC = pad(b.permute(0, 2, 3, 1), (0, 0, reach, reach, reach, reach))
    found = []
    for at in range(patch * patch):
        top, left = dilation * (at // patch), dilation * (at % patch)
        product_MHWC = a_MHWC * b_MHWC[:, top : top + height, left : left + width]
        if weight is not None:
            w_T11C = weight[:, None, None, :, at]
            product_MHWC = (torch.unflatten(product_MHWC, 0, (-1, weight.shape[0])) * w_T11C).flatten(0, 1)
        found.append(torch.unflatten(product_MHWC, 3, (groups, -1)).sum(dim=-1))
    return torch.stack(found, dim=-1)
