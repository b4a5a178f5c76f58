"""Relations between ordered tuples of frames: the head of TRN, in its multi-scale form.

Zhou, Andonian, Oliva and Torralba, "Temporal relational reasoning in videos", ECCV 2018, sections 3.1 and 3.2. Scores
are the sum over scales k = T, T-1, .., 2 and over k-tuples of frames in order of h_k(their features, concatenated).

Legend: B clips, T frames, C channels, F = config.width, S tuples of k frames.
"""

from __future__ import annotations

import itertools
import math
import random

import torch
from torch import Tensor, nn

from gta.backbones.layers import WindowAveragePool
from gta.config import RelationHeadConfig

LISTED = 256
"""Up to as many tuples are written down and shuffled when some are drawn; of more, they are drawn one by one."""


class RelationHead(nn.Module):
    """Features (B*T, C, h, w) to scores (B, classes).

    Per frame: mean over positions, dropout, C to F. The paper sums over three tuples of a scale, drawn at every pass.
    """

    def __init__(
        self, config: RelationHeadConfig, channels: int, frames: int, classes: int, dropout: float = 0.0
    ) -> None:
        """Build the head.

        Args:
            config: widths and tuples.
            channels: C of the features.
            frames: T, two or more.
            classes: of the scores.
            dropout: before the features are reduced.

        Raises:
            ValueError: there is one frame, which has no relations.
        """
        super().__init__()
        if frames < 2:
            raise ValueError(f"frames is {frames}; relations between frames need 2 or more")
        self.config, self.frames = config, frames
        self.pool = nn.Sequential(WindowAveragePool(), nn.Dropout(dropout))
        self.reduce = nn.Linear(channels, config.width)
        nn.init.normal_(self.reduce.weight, std=0.001)
        nn.init.zeros_(self.reduce.bias)
        self.scales = tuple(range(frames, 1, -1))
        """k of each module of ``relations``."""
        self.relations = nn.ModuleList(
            nn.Sequential(
                nn.ReLU(),
                nn.Linear(k * config.width, config.bottleneck),
                nn.ReLU(inplace=True),
                nn.Linear(config.bottleneck, classes),
            )
            for k in self.scales
        )
        self.fixed = {k: evaluated_tuples(frames, k, config.evaluate_tuples) for k in self.scales}
        """Tuples of each scale in evaluation."""

    def forward(self, features: Tensor) -> Tensor:
        """Return the scores.

        Raises:
            ValueError: the features are not those of whole clips of T frames.
        """
        if features.shape[0] % self.frames:
            raise ValueError(f"frames is {self.frames}, which does not divide {features.shape[0]} maps (B*T, C, h, w)")
        x_BTF = torch.unflatten(self.reduce(self.pool(features).flatten(1)), 0, (-1, self.frames))
        drawn = self.training or self.config.evaluation == "draw"
        parts = []
        for k, relation in zip(self.scales, self.relations, strict=True):
            tuples = draw_tuples(self.frames, k, self.config.tuples) if drawn else self.fixed[k]
            x_BSF = x_BTF[:, torch.tensor(tuples, device=x_BTF.device)].flatten(2)
            summed = min(self.config.tuples, math.comb(self.frames, k))
            parts.append(relation(x_BSF).sum(dim=1) * (summed / len(tuples)))
        return torch.stack(parts).sum(dim=0)


def draw_tuples(frames: int, k: int, count: int) -> list[tuple[int, ...]]:
    """Draw different increasing k-tuples of ``range(frames)`` with torch's generator; all if they are not ``count``."""
    if math.comb(frames, k) <= LISTED:
        every = list(itertools.combinations(range(frames), k))
        return [every[at] for at in torch.randperm(len(every), device="cpu")[:count].tolist()]
    found: dict[tuple[int, ...], None] = {}
    while len(found) < count:
        found[tuple(sorted(torch.randperm(frames, device="cpu")[:k].tolist()))] = None
    return list(found)


def evaluated_tuples(frames: int, k: int, most: int) -> list[tuple[int, ...]]:
    """Return all increasing k-tuples of ``range(frames)``, or ``most`` of them, always the same."""
    if math.comb(frames, k) <= most:
        return list(itertools.combinations(range(frames), k))
    generator, found = random.Random(k), set[tuple[int, ...]]()
    while len(found) < most:
        found.add(tuple(sorted(generator.sample(range(frames), k))))
    return sorted(found)
