"""What each block costs in training: ``python -m benchmarks.blocks [--peers] [--precision fp32] [--out FILE.md]``.

Forward and backward of the tiny profile's network, with ``--peers`` of every row of ``table_peers``, on random clips,
channels-last, one thread. Processor
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
from experiments.tables import TABLES
from experiments.tables.models import DNL, GTA, NL, TAPE
from gta.backbones.layers import channels_last
from gta.config import GTAConfig, SAConfig, TAConfig
from gta.model import build_model

BATCH = TINY.settings["r2d"].train.batch_size
BLOCKS = (
    Row("R2D"),
    Row("+ SA", (SAConfig(),)),
    Row("+ TA", (TAConfig(),)),
    Row("+ SA + TA", DNL),
    Row("+ SA + TAPE", (SAConfig(), TAPE)),
    Row("+ SA + GTA", GTA),
    Row("+ SA + GTA, one matrix", (SAConfig(), GTAConfig(mixing="single"))),
    Row("+ Pixel GTA", (GTAConfig(region=False),)),
    Row("+ Region GTA", (GTAConfig(pixel=False),)),
    Row("+ NL", NL),
)
PEERS = tuple(row for row in TABLES["table_peers"].rows if not row.members)
"""An average of two networks costs what both do."""


def build(row: Row) -> nn.Module:
    """Return the tiny profile's network of a row."""
    return channels_last(build_model(TINY.resolve(row, 0).model)).train()


def step_seconds(model: nn.Module, clips: torch.Tensor, labels: torch.Tensor, *, bf16: bool) -> float:
    """Return the processor seconds of one forward and backward pass of ``clips`` (B, 3, T, H, W)."""
    model.zero_grad()
    start = time.process_time()
    with torch.autocast("cpu", torch.bfloat16, enabled=bf16):
        loss = cross_entropy(model(clips).float(), labels)
    loss.backward()  # type: ignore[no-untyped-call]
    return time.process_time() - start


def measure(rows: Sequence[Row], repeats: int, *, bf16: bool) -> str:
    """Return a Markdown table of clips per second of the rows, beside the first one."""
    torch.manual_seed(0)
    models = {row.name: build(row) for row in rows}
    lengths = {row.name: TINY.resolve(row, 0).model.frames for row in rows}
    side = TINY.data.crop
    fed = {n: torch.randn(BATCH, n, 3, side, side).transpose(1, 2) for n in set(lengths.values())}
    labels = torch.randint(TINY.classes, (BATCH,))
    for name, model in models.items():
        step_seconds(model, fed[lengths[name]], labels, bf16=bf16)
    seconds: dict[str, list[float]] = {name: [] for name in models}
    for _ in range(repeats):
        for name, model in models.items():
            seconds[name].append(step_seconds(model, fed[lengths[name]], labels, bf16=bf16))
    plain = statistics.median(seconds[rows[0].name])
    lines = ["| network | train clips/s | of the first | parameters (M) |", "|---|---|---|---|"]
    for name, model in models.items():
        median = statistics.median(seconds[name])
        size = sum(parameter.numel() for parameter in model.parameters()) / 1e6
        lines.append(f"| {name} | {BATCH / median:.0f} | {plain / median:.2f} | {size:.3f} |")
    return "\n".join(lines) + "\n"


def main(arguments: Sequence[str] | None = None) -> None:
    """Print the table and write it to ``--out`` if that is given."""
    parser = argparse.ArgumentParser(description="Train clips/s of the tiny profile with each block, on one thread.")
    parser.add_argument("--peers", action="store_true", help="the rows of table_peers in place of the blocks")
    parser.add_argument("--out", type=Path, help="also write the table to this markdown file")
    parser.add_argument("--repeats", type=int, default=15, help="timed steps of each variant")
    parser.add_argument("--precision", choices=("bf16", "fp32"), default="bf16", help="bf16 autocast or plain fp32")
    options = parser.parse_args(arguments)
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        table = measure(PEERS if options.peers else BLOCKS, options.repeats, bf16=options.precision == "bf16")
    finally:
        torch.set_num_threads(threads)
    side = TINY.data.crop
    text = (
        f"Forward and backward, batch {BATCH} x {TINY.data.frames} frames (SlowFast 32) of {side} x {side}, "
        f"{options.precision}, channels-last, one thread, median of {options.repeats}; torch {torch.__version__}.\n\n"
        f"{table}"
    )
    print(text, end="")
    if options.out is not None:
        options.out.write_text(text)


if __name__ == "__main__":
    main()
