"""Layers over time against three-dimensional ones."""

import pytest
import torch
from torch.nn.functional import conv3d, max_pool3d

from gta.backbones.layers import ClipConv2d, to_pictures
from gta.backbones.temporal import EveryFrame, TemporalMaxPool, clip_mean, separable

X = torch.randn(2, 6, 8, 5, 7, generator=torch.Generator().manual_seed(0))


def as_clips(pictures, frames):
    return pictures.unflatten(0, (-1, frames)).transpose(1, 2)


@pytest.mark.parametrize(("kernel", "stride"), [(2, 2), (3, 1), (3, 2)])
def test_the_maximum_over_frames_is_the_three_dimensional_one(kernel, stride):
    padding = (kernel // 2 if kernel % 2 else 0, 0, 0)
    expected = max_pool3d(X, (kernel, 1, 1), (stride, 1, 1), padding)
    assert torch.equal(as_clips(TemporalMaxPool(kernel, stride, 8)(to_pictures(X)), 8 // stride), expected)


def test_every_other_frame_is_kept_from_the_first_on():
    assert torch.equal(as_clips(EveryFrame(2, 8)(to_pictures(X)), 4), X[:, :, ::2])


def test_the_mean_of_a_clip_is_over_its_own_frames():
    torch.testing.assert_close(clip_mean(to_pictures(X), 8), X.mean(dim=2))


@pytest.mark.parametrize(("side", "stride", "stride_t"), [(3, 1, 1), (7, 2, 2)])
def test_a_separable_convolution_is_two_three_dimensional_ones(side, stride, stride_t):
    space, time = separable(6, 4, side, 8, stride, side, stride_t)
    half = conv3d(X, space.weight[:, :, None], stride=(1, stride, stride), padding=(0, side // 2, side // 2))
    expected = conv3d(half, time.weight[..., None], stride=(stride_t, 1, 1), padding=(side // 2, 0, 0))
    torch.testing.assert_close(as_clips(time(space(to_pictures(X))), 8 // stride_t), expected, rtol=1e-4, atol=1e-5)


def test_a_convolution_of_clips_may_keep_the_map():
    conv = ClipConv2d(6, 4, extent=3, side=3, frames=8, stride=1)
    expected = conv3d(X, conv.weight.view(4, 3, 6, 3, 3).transpose(1, 2), padding=1)
    torch.testing.assert_close(as_clips(conv(to_pictures(X)), 8), expected, rtol=1e-4, atol=1e-5)
