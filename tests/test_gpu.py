"""What only a GPU can answer; without one these tests are skipped and say so. Alone: ``pytest -m gpu``."""

import copy

import pytest
import torch

from experiments.run import main
from experiments.study.profiles import SMOKE
from gta.training.recognizer import VideoRecognizer
from gta.training.speed import gpu_precision, seconds_a_clip
from tests.support.every_model import EVERY_MODEL, wake

pytestmark = pytest.mark.gpu
GPU = torch.device("cuda")


def batch(run, clips=4):
    """Random clips, their labels and the boxes that a region graph may want."""
    size, model = run.data.crop, run.model
    video = torch.randint(256, (clips, run.data.channels, model.frames, size, size), dtype=torch.uint8)
    boxes = torch.rand(clips, model.frames, model.head.proposals, 4) if model.head.proposals else None
    return video, boxes, torch.arange(clips)


def one_step(recognizer, run, device):
    """The scores of one training step on ``device`` and the gradient of all weights, in fp32 and without TF32."""
    torch.manual_seed(1)
    video, boxes, labels = (None if part is None else part.to(device) for part in batch(run))
    with torch.backends.cudnn.flags(enabled=True, allow_tf32=False):
        scores = recognizer.to(device)(video, boxes)
        torch.nn.functional.cross_entropy(scores, labels).backward()
    gradients = [p.grad.flatten() for p in recognizer.parameters() if p.grad is not None]
    return scores.detach().cpu(), torch.cat(gradients).cpu()


@pytest.mark.parametrize("row", EVERY_MODEL.values())
def test_every_model_computes_what_the_processor_does(row):
    """fp32 on a processor lies up to 1.2e-4 (scores) and 2e-2 (gradient) from double precision on these networks."""
    run = SMOKE.resolve(row, 0)
    torch.manual_seed(0)
    here = VideoRecognizer(run)
    for module in here.modules():  # the same units must be dropped on both
        if isinstance(module, torch.nn.Dropout):
            module.p = 0.0
    wake(here.model)
    scores, gradient = one_step(copy.deepcopy(here), run, GPU)
    expected, expected_gradient = one_step(here, run, torch.device("cpu"))
    assert (scores - expected).abs().max() <= 1e-3 * expected.abs().max()
    assert (gradient - expected_gradient).norm() <= 5e-2 * expected_gradient.norm()


@pytest.mark.parametrize("row", EVERY_MODEL.values())
def test_every_model_trains_in_mixed_precision(row):
    run = SMOKE.resolve(row, 0)
    recognizer = VideoRecognizer(run).to(GPU)
    video, boxes, labels = (None if part is None else part.to(GPU) for part in batch(run))
    with torch.autocast("cuda", torch.bfloat16 if gpu_precision() == "bf16-mixed" else torch.float16):
        loss = torch.nn.functional.cross_entropy(recognizer(video, boxes), labels)
    loss.backward()
    assert all(p.grad is None or bool(torch.isfinite(p.grad).all()) for p in recognizer.parameters())


def test_a_run_goes_through(tmp_path, capsys):
    folders = ["--results", str(tmp_path / "results"), "--data", str(tmp_path / "data"), "--wandb", "disabled"]
    assert main(["table_ablation_order", "--rows", "R2D", "--profile", "smoke", *folders]) == 0
    assert "1 distinct runs: 1 new" in capsys.readouterr().out


def test_a_plan_measures_the_rate(tmp_path, capsys):
    folders = ["--results", str(tmp_path / "results"), "--data", str(tmp_path / "data")]
    assert main(["table_main", "--rows", "R2D", "--profile", "ssv2", *folders, "--dry-run"]) == 0
    assert f"{torch.cuda.get_device_name()}, measured in" in " ".join(capsys.readouterr().out.split())


def test_steps_are_waited_for():
    """Work that was only queued would look hundreds of times faster than the device can multiply."""
    run = SMOKE.resolve(next(iter(EVERY_MODEL.values())).values[0], 0)
    few, many = (seconds_a_clip(run, clips, "32-true", GPU) * clips for clips in (2, 256))
    assert many > few
