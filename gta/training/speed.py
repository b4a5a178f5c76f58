"""How fast a run trains on a device: a few steps of it on random clips, before anything of it starts."""

from __future__ import annotations

import statistics
import time

import torch

from gta.config import RunConfig
from gta.training.optimizer import build_optimizer
from gta.training.recognizer import VideoRecognizer

DTYPES = {"32-true": torch.float32, "bf16-mixed": torch.bfloat16, "16-mixed": torch.float16}
"""What convolutions and products compute in, by Lightning's name of the precision."""
WARM, TIMED = 3, 5
"""Steps before the clock runs, in which kernels are chosen and memory is taken, and steps that are timed."""


def gpu_precision() -> str:
    """Return Lightning's name of the fastest safe precision of the GPU here."""
    # By default the question counts bf16 that is emulated (V100, T4), which is slower than fp16 and fp32 there.
    return "bf16-mixed" if torch.cuda.is_bf16_supported(including_emulation=False) else "16-mixed"


def seconds_a_clip(config: RunConfig, clips: int, precision: str, device: torch.device) -> float:
    """Return the seconds that a training step takes a clip, the median of :data:`TIMED`, with the clips in memory.

    Args:
        config: the run.
        clips: that are computed at once.
        precision: a name of :data:`DTYPES`.
        device: where.

    Raises:
        torch.OutOfMemoryError: so many clips do not fit.
    """
    model = config.model
    recognizer = VideoRecognizer(config).to(device)
    optimizer = build_optimizer(recognizer.model, config.train)
    shape = (clips, model.frames, model.backbone.inputs, config.data.crop, config.data.crop)
    video = torch.randint(256, shape, dtype=torch.uint8, device=device).transpose(1, 2)
    labels = torch.randint(model.classes, (clips,), device=device)
    boxes = torch.rand(clips, model.frames, model.head.proposals, 4, device=device) if model.head.proposals else None
    dtype, times = DTYPES[precision], []
    for _ in range(WARM + TIMED):
        wait_for(device)
        started = time.perf_counter()
        optimizer.zero_grad(set_to_none=True)
        with torch.autocast(device.type, dtype, enabled=dtype != torch.float32):
            loss = recognizer.loss(recognizer(video, boxes), labels)
        loss.backward()
        optimizer.step()
        wait_for(device)
        times.append(time.perf_counter() - started)
    return statistics.median(times[WARM:]) / clips


def wait_for(device: torch.device) -> None:
    """Return when a device has done all that it was given."""
    if device.type == "cuda":
        torch.cuda.synchronize(device)
