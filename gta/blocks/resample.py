"""Weights trained with T frames for a model with T' frames, by linear interpolation along time.

The T x T matrices of GTA and the positional embeddings of TAPE are tied to the number of frames; everything else in a
block is not. A matrix M[t, s] becomes M'[t', s'] = (T / T') times M bilinearly interpolated at the frames' middles, so
that the sum over s', the block's response to a clip that stands still, is the interpolated sum over s. The paper trains
its 16-frame models from ImageNet weights and needs none of this; it is for users who have 8-frame weights.
"""

from __future__ import annotations

from collections.abc import Mapping

from torch import Tensor, nn
from torch.nn.functional import interpolate


def resample_frames(weights: Mapping[str, Tensor], model: nn.Module) -> dict[str, Tensor]:
    """Return ``weights`` with the parameters that are tied to T resampled to the shapes in ``model``.

    Args:
        weights: a state dict of the same model with another number of frames.
        model: the model they are for.

    Raises:
        ValueError: another tensor differs in shape, or a tied one differs in more than its number of frames.
    """
    own = model.state_dict()
    return {name: _fitted(name, value, own[name]) if name in own else value for name, value in weights.items()}


def _fitted(name: str, value: Tensor, target: Tensor) -> Tensor:
    if value.shape == target.shape:
        return value
    kind = name.rsplit(".", 1)[-1]
    if kind == "matrix" and value.shape[:2] == target.shape[:2]:
        size = (target.shape[2], target.shape[3])
        resampled = interpolate(value.float(), size=size, mode="bilinear", align_corners=False)
        return (resampled * (value.shape[3] / size[1])).to(value.dtype)
    if kind == "position" and value.shape[1] == target.shape[1]:
        rows = interpolate(value.float().T[None], size=target.shape[0], mode="linear", align_corners=False)
        return rows[0].T.to(value.dtype)
    raise ValueError(
        f"{name} has shape {tuple(value.shape)}, the model {tuple(target.shape)}; only the number of frames of "
        "matrices and positional embeddings can be resampled"
    )
