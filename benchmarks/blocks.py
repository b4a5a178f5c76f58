"""What each block costs in training: ``python -m benchmarks.blocks [--precision fp32] [--out FILE.md]``.

Forward and backward of the tiny profile's network on random clips, channels-last, one thread. Processor
time is counted, which on one thread is the wall time of an idle machine, and the variants take turns, one step each;
medians over the repeats.
"""

from __future__ import annotations

import argparse
import statistics
import time
from collections.abc import Sequence
from pathlib import Path

import torch
from torch import nn
from torch.nn.functional import cross_entropy

from experiments.study.profiles import TINY
from experiments.study.rows import Row
from gta.config import BlockConfig, GTAConfig, NLConfig, SAConfig, TAConfig
from gta.model import build_model

BATCH = TINY.settings["r2d"].train.batch_size
VARIANTS: dict[str, tuple[BlockConfig, ...]] = {
    "R2D": (),
    "+ SA": (SAConfig(),),
    "+ TA": (TAConfig(),),
    "+ SA + TA": (SAConfig(), TAConfig()),
    "+ SA + TAPE": (SAConfig(), TAConfig(position=True)),
    "+ SA + GTA": (SAConfig(), GTAConfig()),
    "+ SA + GTA, one matrix": (SAConfig(), GTAConfig(mixing="single")),
    "+ Pixel GTA": (GTAConfig(region=False),),
    "+ Region GTA": (GTAConfig(pixel=False),),
    "+ NL": (NLConfig(),),
}


def build(blocks: tuple[BlockConfig, ...]) -> nn.Module:
    """Return the tiny profile's network with ``blocks`` at each of its places."""
    config = TINY.resolve(Row("", blocks), 0).model
    return build_model(config).train().to(memory_format=torch.channels_last)


def step_seconds(model: nn.Module, clips: torch.Tensor, labels: torch.Tensor, *, bf16: bool) -> float:
    """Return the processor seconds of one forward and backward pass of ``clips`` (B, 3, T, H, W)."""
    model.zero_grad()
    start = time.process_time()
    with torch.autocast("cpu", torch.bfloat16, enabled=bf16):
        loss = cross_entropy(model(clips).float(), labels)
    loss.backward()  # type: ignore[no-untyped-call]
    return time.process_time() - start


def measure(names: Sequence[str], repeats: int, *, bf16: bool) -> str:
    """Return a markdown table of clips per second for the ``names`` of :data:`VARIANTS`."""
    torch.manual_seed(0)
    models = {name: build(VARIANTS[name]) for name in names}
    side = TINY.data.crop
    clips = torch.randn(BATCH, TINY.data.frames, 3, side, side).transpose(1, 2)
    labels = torch.randint(TINY.classes, (BATCH,))
    for model in models.values():
        step_seconds(model, clips, labels, bf16=bf16)
    seconds: dict[str, list[float]] = {name: [] for name in names}
    for _ in range(repeats):
        for name, model in models.items():
            seconds[name].append(step_seconds(model, clips, labels, bf16=bf16))
    plain = statistics.median(seconds[names[0]])
    lines = ["| network | train clips/s | of plain | parameters (M) |", "|---|---|---|---|"]
    for name, model in models.items():
        median = statistics.median(seconds[name])
        size = sum(parameter.numel() for parameter in model.parameters()) / 1e6
        lines.append(f"| {name} | {BATCH / median:.0f} | {plain / median:.2f} | {size:.3f} |")
    return "\n".join(lines) + "\n"


def main(arguments: Sequence[str] | None = None) -> None:
    """Print the table and write it to ``--out`` if that is given."""
    parser = argparse.ArgumentParser(description="Train clips/s of the tiny profile with each block, on one thread.")
    parser.add_argument("--out", type=Path, help="also write the table to this markdown file")
    parser.add_argument("--repeats", type=int, default=15, help="timed steps of each variant")
    parser.add_argument("--precision", choices=("bf16", "fp32"), default="bf16", help="bf16 autocast or plain fp32")
    options = parser.parse_args(arguments)
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        table = measure(list(VARIANTS), options.repeats, bf16=options.precision == "bf16")
    finally:
        torch.set_num_threads(threads)
    text = (
        f"Forward and backward, batch {BATCH} x {TINY.data.frames} frames of {TINY.data.crop} x {TINY.data.crop}, "
        f"{options.precision}, channels-last, one thread, median of {options.repeats}; torch {torch.__version__}.\n\n"
        f"{table}"
    )
    print(text, end="")
    if options.out is not None:
        options.out.write_text(text)


if __name__ == "__main__":
    main()
