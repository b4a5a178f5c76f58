"""The names and kernels of torchvision's ``s3d``, turned into those of :class:`gta.backbones.s3dg.S3DG`."""

from __future__ import annotations

from collections.abc import Mapping

from torch import Tensor

_CLASSIFIER = "classifier.1."


def from_torchvision_s3d(weights: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Rename the classifier and take away the axes of length one of three-dimensional kernels.

    (O, I, 1, H, W) becomes (O, I, H, W), (O, I, T, 1, 1) becomes (O, I, T, 1), and (O, I, 1, 1, 1) a convolution of
    (O, I, 1, 1) or, in the classifier, a matrix (O, I).
    """
    found = {}
    for name, value in weights.items():
        if name.startswith(_CLASSIFIER):
            found[f"fc.{name.removeprefix(_CLASSIFIER)}"] = value.flatten(1) if value.dim() == 5 else value
        elif value.dim() == 5:
            found[name] = value.squeeze(2) if value.shape[2] == 1 else value.squeeze(4)
        else:
            found[name] = value
    return found
