"""What every backbone is: a network from clips to features, with named places where blocks stand, and a classifier."""

from __future__ import annotations

from typing import ClassVar

from torch import Tensor, nn

from gta.backbones.layers import classify, over_frames, over_positions
from gta.config import STAGES
from gta.config.backbones import Backbone


class Network(nn.Module):
    """Base of the backbones; clips (B, 3, T, H, W) to features (B*T', C, h, w) or to class scores (B, classes).

    A backbone sets ``config``, ``avgpool`` (features to averages, with dropout) and ``fc``, and writes
    :meth:`features`. Where its stages are not torchvision's ``layer1`` .. ``layer4``, it says where its places are.
    """

    config: Backbone
    avgpool: nn.Module
    fc: nn.Linear | nn.Identity
    stem_modules: ClassVar[tuple[str, ...]] = ("conv1", "bn1")
    """Names of the modules before the first stage."""

    @property
    def stage_modules(self) -> dict[str, list[str]]:
        """Names of the modules after which blocks may stand, by stage, in the order of ``config.stages``."""
        return {
            stage: [f"layer{STAGES.index(stage) + 1}.{index}" for index in range(count)]
            for stage, count in self.config.stages.items()
        }

    def features(self, clip: Tensor) -> Tensor:
        """Return the features (B*T', C, h, w) of clips (B, 3, T, H, W), T' and C those of ``config.last``."""
        raise NotImplementedError

    def clip_scores(self, clip: Tensor) -> Tensor:
        """Return the class scores (B, classes) of clips (B, 3, T, H, W), averaged over frames and positions."""
        frames = self.config.frames(self.config.last, clip.shape[2])
        scores = classify(self.avgpool(self.features(clip)), self.fc)
        return over_positions(over_frames(scores, frames))

    def drop_classifier(self) -> None:
        """Leave the scores to a head."""
        self.fc = nn.Identity()
