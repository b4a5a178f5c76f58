"""Regions of all frames as nodes of graphs: Wang and Gupta, "Videos as space-time region graphs", ECCV 2018.

Two kinds of graph join the regions: how alike they are (eq. 2-3), and where regions of neighbouring frames overlap,
forward and backward in time (section 4.2). Three layers Z = ReLU(LayerNorm(sum_i G_i X W_i + X)) run on each kind; the
results are summed, averaged over the regions and stand beside the mean of the map (section 5).

The paper's regions are the proposals of a detector, which published neither weights nor boxes. Boxes are an input
here; a config without proposals has those of a fixed grid of several scales, the same in every frame. Where the
residual stands relative to the norm is left open by the paper.

Legend: B clips, T frames, K boxes of a frame, N = T*K regions, D width.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import torch
from torch import Tensor, nn
from torch.nn.functional import pad
from torchvision.ops import box_iou, roi_align

from gta.config.heads import RegionGraphHeadConfig


class RegionGraphHead(nn.Module):
    """Graph convolutions over regions, and a classifier; features (B*T, C, h, w) to scores (B, classes)."""

    reads_boxes = True
    grid_K4: Tensor
    grid_overlap_KK: Tensor

    def __init__(
        self, config: RegionGraphHeadConfig, channels: int, frames: int, classes: int, dropout: float = 0.0
    ) -> None:
        """Build the head.

        Args:
            config: width, layers, grid and side of a region's map.
            channels: C of the features.
            frames: T of the features.
            classes: outputs of the classifier.
            dropout: before the classifier.
        """
        super().__init__()
        width = config.width
        self.frames, self.side, self.proposals = frames, config.side, config.proposals
        self.reduce = nn.Conv2d(channels, width, 1)
        self.query, self.key = nn.Linear(width, width, bias=False), nn.Linear(width, width, bias=False)
        self.alike = nn.ModuleList(GraphLayer(width, 1) for _ in range(config.layers))
        self.overlapping = nn.ModuleList(GraphLayer(width, 2) for _ in range(config.layers))
        self.dropout = nn.Dropout(dropout)
        self.fc = nn.Linear(2 * width, classes)
        grid_K4 = grid_boxes(config.grid)
        self.register_buffer("grid_K4", grid_K4, persistent=False)
        self.register_buffer("grid_overlap_KK", box_iou(grid_K4, grid_K4), persistent=False)

    def forward(self, features: Tensor, boxes_BTK4: Tensor | None = None) -> Tensor:
        """Return the class scores (B, classes).

        Args:
            features: (B*T, C, h, w).
            boxes_BTK4: left, top, right and bottom of every region in shares of the frame; of several frames of the
                clip for each map, the one in the middle counts, the earlier of two. None: the grid's.

        Raises:
            ValueError: the config says that there are proposals, and none are given; or the boxes are not (B, T, K, 4)
                with as many frames as maps, or a multiple.
        """
        maps = self.reduce(features)
        if boxes_BTK4 is None:
            if self.proposals:
                raise ValueError(f"RegionGraphHeadConfig.proposals is {self.proposals}, but no boxes are given")
            clips = features.shape[0] // self.frames
            boxes_BTK4 = self.grid_K4.expand(clips, self.frames, -1, -1)
            overlap_BTKK = self.grid_overlap_KK.expand(clips, self.frames - 1, -1, -1)
        else:
            self._check_boxes(features, boxes_BTK4)
            step = boxes_BTK4.shape[1] // self.frames
            boxes_BTK4 = boxes_BTK4[:, (step - 1) // 2 :: step]
            overlap_BTKK = overlaps(boxes_BTK4)
        x_BND = torch.unflatten(regions(maps, boxes_BTK4, self.side), 0, boxes_BTK4.shape[:3]).flatten(1, 2)
        affinity_BNN = (self.query(x_BND) @ self.key(x_BND).mT).softmax(dim=-1)
        ahead_BTKK, behind_BTKK = normalised(overlap_BTKK), normalised(overlap_BTKK.mT)
        alike_BND = overlapping_BND = x_BND
        for layer in self.alike:
            alike_BND = layer(alike_BND, lambda z_BND: affinity_BNN @ z_BND)
        for layer in self.overlapping:
            overlapping_BND = layer(
                overlapping_BND, lambda z_BND: following(ahead_BTKK, z_BND), lambda z_BND: previous(behind_BTKK, z_BND)
            )
        nodes_BD = (alike_BND + overlapping_BND).mean(dim=1)
        whole_BD = torch.unflatten(maps.mean(dim=(2, 3)), 0, (-1, self.frames)).mean(dim=1)
        scores: Tensor = self.fc(self.dropout(torch.cat([nodes_BD, whole_BD], dim=1)))
        return scores

    def _check_boxes(self, features: Tensor, boxes_BTK4: Tensor) -> None:
        clips, shape = features.shape[0] // self.frames, tuple(boxes_BTK4.shape)
        fits = len(shape) == 4 and shape[0] == clips and shape[1] > 0 and shape[1] % self.frames == 0
        if not fits or shape[2] == 0 or shape[3] != 4:
            raise ValueError(
                f"boxes are {shape}; expected (B, T, K, 4) with B {clips} and T {self.frames} or a multiple of it"
            )


class GraphLayer(nn.Module):
    """Z = ReLU(LayerNorm(sum_i G_i X W_i + X)); (B, N, D) to the same."""

    def __init__(self, width: int, graphs: int) -> None:
        """Build a matrix W_i for each of ``graphs`` graphs."""
        super().__init__()
        self.weights = nn.ModuleList(nn.Linear(width, width, bias=False) for _ in range(graphs))
        self.norm = nn.LayerNorm(width)

    def forward(self, x_BND: Tensor, *graphs: Callable[[Tensor], Tensor]) -> Tensor:
        """Return Z; each of ``graphs`` multiplies its G_i from the left."""
        total_BND = x_BND
        for graph, weight in zip(graphs, self.weights, strict=True):
            total_BND = total_BND + graph(weight(x_BND))
        return torch.relu(self.norm(total_BND))


def grid_boxes(scales: Sequence[int]) -> Tensor:
    """Return boxes (K, 4) in shares of the frame: for each number n of ``scales``, n x n boxes that tile it."""
    found = [
        (column / n, row / n, (column + 1) / n, (row + 1) / n)
        for n in scales
        for row in range(n)
        for column in range(n)
    ]
    return torch.tensor(found)


def regions(maps: Tensor, boxes_BTK4: Tensor, side: int) -> Tensor:
    """Return the maximum of each region of ``side`` x ``side`` samples of a map.

    Args:
        maps: (B*T, D, h, w).
        boxes_BTK4: in shares of the frame.
        side: samples in each direction (RoIAlign).

    Returns:
        (B*T*K, D), the boxes of a frame after one another.
    """
    height, width = maps.shape[-2:]
    boxes = boxes_BTK4.flatten(0, 2) * boxes_BTK4.new_tensor([width, height, width, height])
    picture = torch.arange(maps.shape[0], device=maps.device).repeat_interleave(boxes_BTK4.shape[2])
    located = torch.cat([picture[:, None].to(boxes), boxes], dim=1).to(maps)
    samples: Tensor = roi_align(maps, located, side, sampling_ratio=2, aligned=True)
    return samples.amax(dim=(2, 3))


def overlaps(boxes_BTK4: Tensor) -> Tensor:
    """Return the intersection over union of the boxes of each frame with those of the next, (B, T-1, K, K)."""
    clips, frames, count, _ = boxes_BTK4.shape
    if frames == 1:
        return boxes_BTK4.new_zeros(clips, 0, count, count)
    pairs = zip(boxes_BTK4[:, :-1].flatten(0, 1), boxes_BTK4[:, 1:].flatten(0, 1), strict=True)
    return torch.unflatten(torch.stack([box_iou(one, other) for one, other in pairs]), 0, (clips, -1))


def normalised(overlap_BTKK: Tensor) -> Tensor:
    """Return rows that sum to one; a region that overlaps with none keeps a row of zeros."""
    return overlap_BTKK / overlap_BTKK.sum(dim=-1, keepdim=True).clamp_min(torch.finfo(overlap_BTKK.dtype).tiny)


def following(ahead_BTKK: Tensor, z_BND: Tensor) -> Tensor:
    """Return what each region gets from those of the next frame, (B, N, D); those of the last frame get nothing."""
    z_BTKD = torch.unflatten(z_BND, 1, (ahead_BTKK.shape[1] + 1, -1))
    return pad(ahead_BTKK @ z_BTKD[:, 1:], (0, 0, 0, 0, 0, 1)).flatten(1, 2)


def previous(behind_BTKK: Tensor, z_BND: Tensor) -> Tensor:
    """Return what each region gets from those of the frame before, (B, N, D); those of the first get nothing."""
    z_BTKD = torch.unflatten(z_BND, 1, (behind_BTKK.shape[1] + 1, -1))
    return pad(behind_BTKK @ z_BTKD[:, :-1], (0, 0, 0, 0, 1, 0)).flatten(1, 2)
