"""Base of the backbones whose features may have fewer frames than the clip."""

from __future__ import annotations

from torch import Tensor, nn

from gta.backbones.layers import WindowAveragePool, classify, over_positions, to_pictures
from gta.backbones.network import Network
from gta.backbones.resnet2d import initialise
from gta.backbones.temporal import clip_mean
from gta.config.backbones import Backbone


class ClipNetwork(Network):
    """A backbone whose dropout and classifier see one average of the clip, as networks in three dimensions have it.

    It is made for clips of a fixed number of frames; a subclass builds its layers, ends with :meth:`_close` and writes
    :meth:`maps`.
    """

    def __init__(self, config: Backbone, frames: int) -> None:
        """Begin a network for clips of ``frames`` frames."""
        super().__init__()
        self.config, self.frames = config, frames
        self.last_frames = config.frames(config.last, frames)
        """T of the features."""

    def _close(self, classes: int, dropout: float, pool: int | None) -> None:
        """Add what comes after the features, and draw the weights."""
        self.avgpool = WindowAveragePool(pool)
        self.dropout = nn.Dropout(dropout)
        self.fc = nn.Linear(self.config.channels(self.config.last), classes)
        initialise(self)

    def maps(self, pictures: Tensor) -> Tensor:
        """Return the features (B*T', C, h, w) of pictures (B*T, 3, H, W)."""
        raise NotImplementedError

    def features(self, clip: Tensor) -> Tensor:
        """Return the features (B*T', C, h, w) of clips (B, 3, T, H, W).

        Raises:
            ValueError: T is not the ``frames`` the network was built with.
        """
        if clip.shape[2] != self.frames:
            raise ValueError(f"frames is {self.frames}, but the clip (B, 3, T, H, W) has T = {clip.shape[2]}")
        return self.maps(to_pictures(clip))

    def clip_scores(self, clip: Tensor) -> Tensor:
        """Return the class scores (B, classes), or log-probabilities averaged over the positions."""
        pooled = clip_mean(self.avgpool(self.features(clip)), self.last_frames)
        return over_positions(classify(self.dropout(pooled), self.fc))

    def forward(self, clip: Tensor) -> Tensor:
        """Return the class scores of clips."""
        return self.clip_scores(clip)
