"""Config of a whole model: a backbone, inserted blocks, a head."""

from __future__ import annotations

from dataclasses import dataclass

from gta.config.backbones import R2D50, AnyBackbone, Place
from gta.config.blocks import BlockConfig, check_block
from gta.config.heads import MEAN, HeadConfig
from gta.config.identity import Checked, later, require


@dataclass(frozen=True)
class ModelConfig(Checked):
    """A backbone, the blocks inserted at every place (in sequence, each with its own residual), a classifier."""

    classes: int
    frames: int = 8
    """T of a clip; of SlowFast the frames of the fast pathway."""
    backbone: AnyBackbone = R2D50
    blocks: tuple[BlockConfig, ...] = ()
    places: tuple[Place, ...] = (("res3", 0), ("res3", 2), ("res4", 0), ("res4", 2), ("res4", 4))
    dropout: float = 0.5
    pool: int | None = later(None)
    """Side of the window that is averaged before the classifier, in res5 positions; None averages the whole map. When
    a test crop is larger than the training crop, scores are taken at several positions and their softmax averaged."""
    head: HeadConfig = later(MEAN)
    """What turns the features of the backbone into scores."""

    def __post_init__(self) -> None:
        super().__post_init__()
        require(self.classes >= 2, f"ModelConfig.classes is {self.classes}; a classifier needs 2 or more")
        self._require_at_least(1, "frames")
        self._require_share("dropout")
        require(self.pool is None or self.pool >= 1, f"ModelConfig.pool is {self.pool}; it must be None, or 1 or more")
        require(
            not self.blocks or len(self.places) > 0,
            "ModelConfig.places is empty, but blocks are given; name at least one place, such as ('res4', 0)",
        )
        self.backbone.check_frames(self.frames)
        require(
            self.head == MEAN or self.backbone.one_map,
            f"ModelConfig.head is {self.head}; it reads one map of features, and {self.backbone} has several: "
            "leave the mean head",
        )
        self._check_frames(str(self.head), self.head.least_frames, self.backbone.last)
        for place in self.places:
            self.backbone.check_place(place)
            for block in self.blocks:
                self._check_frames(type(block).__name__, block.least_frames, place)
        require(len(set(self.places)) == len(self.places), f"ModelConfig.places repeats a place: {self.places}")
        for block in self.blocks:
            for stage, channels in dict.fromkeys((place[0], self.backbone.channels(place)) for place in self.places):
                check_block(block, stage, channels)

    def _check_frames(self, what: str, least: int, place: Place) -> None:
        frames = self.block_frames(place)
        require(
            frames >= least,
            f"ModelConfig.frames is {self.frames}, of which {frames} is left after {place[0]}; {what} compares frames "
            f"there and needs {least} or more",
        )

    def block_frames(self, place: Place) -> int:
        """Return T that a block inserted at ``place`` sees."""
        return self.backbone.frames(place, self.frames)
