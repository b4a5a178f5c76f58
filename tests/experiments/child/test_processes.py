"""Gradients that processes exchange: no layout of their own, which every step would copy and warn of."""

import pytest
import torch

from experiments.child.processes import align_gradients
from experiments.study.profiles import SMOKE
from gta.training.recognizer import VideoRecognizer
from tests.support.every_model import EVERY_MODEL


@pytest.mark.parametrize("row", EVERY_MODEL.values())
def test_gradients_have_the_strides_of_their_weights(row):
    run = SMOKE.resolve(row, 0)
    recognizer = VideoRecognizer(run)
    video = torch.randint(0, 256, (2, run.data.channels, run.model.frames, 32, 32), dtype=torch.uint8)
    found = []
    for align in (lambda network: None, align_gradients):
        align(recognizer)
        recognizer.zero_grad()
        torch.manual_seed(0)
        torch.nn.functional.cross_entropy(recognizer(video), torch.tensor([0, 1])).backward()
        found.append([p.grad for p in recognizer.parameters() if p.grad is not None])
    trained = [p for p in recognizer.parameters() if p.grad is not None]
    assert [p.grad.stride() for p in trained] == [p.stride() for p in trained]
    for before, after in zip(*found, strict=True):
        torch.testing.assert_close(after, before, rtol=0, atol=0)
