"""Motion as a difference of features: the next frame's, after a small convolution, less this frame's (STM, TEA)."""

from __future__ import annotations

from torch import Tensor, nn
from torch.nn.functional import pad


class NextFrameDifference(nn.Module):
    """d_t = DW3x3(r_{t+1}) - r_t with r = BN(1x1 x), zero for the last frame.

    (B*T, C, H, W) to (B*T, C/reduction, H, W). STM, section 3.2 (CMM), and TEA, section 3.1 (ME): both take the
    difference of reduced channels after a depth-wise 3x3 convolution of the later frame.
    """

    def __init__(self, channels: int, reduction: int, frames: int) -> None:
        """Build the layers.

        Args:
            channels: C.
            reduction: the difference has ``floor(C / reduction)`` channels.
            frames: T of a clip.
        """
        super().__init__()
        self.frames, self.reduced = frames, channels // reduction
        self.conv1 = nn.Conv2d(channels, self.reduced, 1, bias=False)
        self.bn1 = nn.BatchNorm2d(self.reduced)
        self.conv2 = nn.Conv2d(self.reduced, self.reduced, 3, padding=1, groups=self.reduced, bias=False)

    def difference(self, x: Tensor) -> Tensor:
        """Return the differences of pictures (B*T, C, H, W)."""
        r = self.bn1(self.conv1(x))
        r_BTHWC = r.permute(0, 2, 3, 1).unflatten(0, (-1, self.frames))
        later = self.conv2(r_BTHWC[:, 1:].flatten(0, 1).permute(0, 3, 1, 2))
        later_BTHWC = later.permute(0, 2, 3, 1).unflatten(0, (r_BTHWC.shape[0], self.frames - 1))
        d_BTHWC = pad(later_BTHWC - r_BTHWC[:, :-1], (0, 0, 0, 0, 0, 0, 0, 1))
        return d_BTHWC.flatten(0, 1).permute(0, 3, 1, 2)
