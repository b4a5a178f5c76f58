"""ECO's convolution of clips shorter than its kernel is torch's, also in the gradients of bf16."""

import pytest
import torch
from torch import nn

from gta.backbones.eco import Conv3d


def compare(dtype, frames, stride, side):
    """The largest differences of output, input's and kernel's gradient, as parts of the largest value."""
    torch.manual_seed(0)
    plain, ours = nn.Conv3d(128, 128, 3, stride, 1), Conv3d(128, 128, stride)
    ours.load_state_dict(plain.state_dict())
    found = []
    for layer, own in ((plain, torch.float32), (ours, dtype)):
        layer = layer.to(memory_format=torch.channels_last_3d)
        torch.manual_seed(1)
        x = torch.randn(4, 128, frames, side, side).contiguous(memory_format=torch.channels_last_3d).requires_grad_()
        held = [torch.full((1 << 20,), float("nan")) for _ in range(4)]  # what memory is found with
        del held
        with torch.autocast("cpu", torch.bfloat16, enabled=own is torch.bfloat16):
            y = layer(x)
        y.backward(torch.randn(y.shape).to(y.dtype))
        found.append([y.detach().float(), x.grad.float(), layer.weight.grad.float(), layer.bias.grad.float()])
    return [float((a - b).abs().max() / a.abs().max()) for a, b in zip(*found, strict=True)]


@pytest.mark.parametrize(("frames", "stride", "side"), [(1, 1, 2), (2, 1, 2), (2, 1, 1), (4, 1, 2), (4, 2, 2)])
def test_it_is_the_convolution_of_torch(frames, stride, side):
    assert max(compare(torch.float32, frames, stride, side)) < 1e-5


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize(("frames", "side"), [(2, 2), (2, 1), (1, 1)])
def test_gradients_in_bf16_are_those_of_fp32(frames, side, seed):
    assert max(compare(torch.bfloat16, frames, 1, side)) < 0.03
