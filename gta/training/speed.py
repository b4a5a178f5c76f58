"""How fast this machine computes: the precision that is fastest, and a few steps of a run before anything starts."""

from __future__ import annotations

import statistics
import time
from typing import Any

import torch

from gta.config import RunConfig
from gta.training.optimizer import build_optimizer
from gta.training.recognizer import VideoRecognizer

DTYPES = {"32-true": torch.float32, "bf16-mixed": torch.bfloat16, "16-mixed": torch.float16}
"""What convolutions and products compute in, by Lightning's name of the precision."""
CPU_PRECISIONS = ("32-true", "bf16-mixed")
"""Those of them that any processor computes in."""
CLEARLY_FASTER = 1.2
"""bf16 must be so many times as fast as fp32 to be taken: it rounds more coarsely."""
WARM, TIMED = 3, 5
"""Steps before the clock runs, in which kernels are chosen and memory is taken, and steps that are timed."""


def choose_precision(wanted: str | None = None) -> dict[str, Any]:
    """Return Lightning's name of the fastest safe ``precision`` here and, on a CPU, the ``precision_ms`` it rests on.

    What a CPU's flags promise and what it does differ: with AVX512-BF16 but no AMX one machine trains 1.5 times as
    fast in bf16 as in fp32, another at half the speed. So both are measured, in about half a second, unless one is
    ``wanted``.
    """
    if wanted is not None:
        return {"precision": wanted}

    if torch.cuda.is_available():
        return {"precision": gpu_precision()}
    measured = {"32-true": _milliseconds(torch.float32), "bf16-mixed": _milliseconds(torch.bfloat16)}
    faster = measured["bf16-mixed"] * CLEARLY_FASTER <= measured["32-true"]
    return {
        "precision": "bf16-mixed" if faster else "32-true",
        "precision_ms": {name: round(value, 2) for name, value in measured.items()},
    }


def _milliseconds(dtype: torch.dtype) -> float:
    """Return the processor time of a convolution and a product of the size that a narrow network has."""
    pictures = torch.randn(128, 64, 8, 8).to(dtype, memory_format=torch.channels_last)
    kernel, left, right = (torch.randn(shape).to(dtype) for shape in ((64, 64, 3, 3), (2048, 256), (256, 256)))
    times, threads = [], torch.get_num_threads()
    torch.set_num_threads(1)  # several would wait for each other where others compute as well
    with torch.inference_mode():
        for _ in range(12):
            started = time.process_time()
            torch.nn.functional.conv2d(pictures, kernel, padding=1)
            torch.mm(left, right)
            times.append(time.process_time() - started)
    torch.set_num_threads(threads)
    return 1e3 * sorted(times)[len(times) // 4]


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
