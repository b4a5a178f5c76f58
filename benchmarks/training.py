"""Training steps of full-size rows, side by side: ``python -m benchmarks.training [--out FILE.md]``.

Each row of the Something-Something recipe does forward, backward and an optimiser's step on random clips of 224 pixels,
beside torchvision's ResNet-50 in a plain loop and PySlowFast's non-local block in it. The rows take turns, one step
each; medians over the repeats. On a CPU two clips a step, on a GPU the recipe's batch. ``--videos DIR`` also trains one
row from a data set's folder and says how long the device waits for clips.
"""

from __future__ import annotations

import fnmatch
import statistics
import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import nn
from torch.autograd.graph import saved_tensors_hooks
from torch.nn.functional import cross_entropy

from benchmarks.plain import FrameMean, FrameMeanNonLocal
from experiments.study.profiles import PROFILES
from experiments.study.recipes import SSV2
from experiments.study.rows import Row
from experiments.tables.models import DNL, GTA, NL
from gta.backbones.layers import channels_last
from gta.cli import Parser, command, parse, positive
from gta.config import ModelConfig, RunConfig
from gta.data.module import VideoDataModule
from gta.errors import UserError
from gta.files import write_text
from gta.flops import cost
from gta.model import build_model
from gta.training.optimizer import build_optimizer
from gta.training.recognizer import VideoRecognizer
from gta.training.speed import wait_for

ROWS = {
    row.name: row
    for row in (
        Row("R2D"),
        Row("R2D + NL", NL),
        Row("R2D + DNL", DNL),
        Row("R2D + GTA", GTA),
        Row("TSM + GTA", GTA, "tsm"),
        Row("SlowFast", backbone="slowfast"),
        Row("SlowFast + GTA", GTA, "slowfast"),
    )
}
PLAIN, PLAIN_NL = "torchvision R50, plain loop", "R50 + PySlowFast's NL, plain loop"
DTYPES = {"fp32": torch.float32, "bf16": torch.bfloat16}


@dataclass(frozen=True)
class Contestant:
    """A network with its optimiser, and what one step of it is fed and multiplies."""

    network: nn.Module
    optimizer: torch.optim.Optimizer
    clips: torch.Tensor
    labels: torch.Tensor
    macs: int
    """Of one clip, forward."""


def contestants(names: Sequence[str], clips: int | None, device: torch.device) -> Iterator[tuple[str, Contestant]]:
    """Yield every wanted row, then the plain networks; ``clips`` a step, or None for the recipe's batch."""
    nl = SSV2.resolve(ROWS["R2D + NL"], 0)
    for name in names:
        run = SSV2.resolve(ROWS[name], 0) if name in ROWS else SSV2.resolve(ROWS["R2D"], 0)
        if name in ROWS:
            network: nn.Module = channels_last(build_model(run.model))
        elif name == PLAIN:
            network = FrameMean(run.model.classes)
        else:
            run = nl
            network = FrameMeanNonLocal(run.model.classes, run.model.places, run.model.frames, pool=True)
        network.to(device).train()
        size = run.data.crop
        count = clips or run.train.batch_size
        batch = torch.randn(count, run.model.frames, 3, size, size, device=device).transpose(1, 2)
        labels = torch.randint(run.model.classes, (count,), device=device)
        yield name, Contestant(network, _optimizer(network, run), batch, labels, _macs(run.model, size))


def _optimizer(network: nn.Module, run: RunConfig) -> torch.optim.Optimizer:
    if isinstance(network, FrameMean):
        return torch.optim.SGD(network.parameters(), lr=run.train.lr, momentum=run.train.momentum)
    return build_optimizer(network, run.train)


def _macs(model: ModelConfig, size: int) -> int:
    return cost(model, size).macs


def step(one: Contestant, dtype: torch.dtype) -> float:
    """Return the seconds of one training step."""
    device = one.clips.device
    wait_for(device)
    start = time.perf_counter()
    one.optimizer.zero_grad(set_to_none=True)
    with torch.autocast(device.type, dtype, enabled=dtype != torch.float32):
        loss = cross_entropy(one.network(one.clips).float(), one.labels)
    loss.backward()  # type: ignore[no-untyped-call]
    one.optimizer.step()
    wait_for(device)
    return time.perf_counter() - start


def kept_for_backward(one: Contestant, dtype: torch.dtype) -> int:
    """Return the bytes that a forward pass keeps for the backward pass, each storage once, without the weights."""
    weights = {parameter.untyped_storage().data_ptr() for parameter in one.network.parameters()}
    kept: dict[int, torch.UntypedStorage] = {}

    def pack(tensor: torch.Tensor) -> None:
        """Hold the storage in place of the graph, which would hold its own outputs in a circle and never go away."""
        storage = tensor.untyped_storage()
        if storage.data_ptr() not in weights:
            kept[storage.data_ptr()] = storage

    with (
        saved_tensors_hooks(pack, _no_backward),
        torch.autocast(one.clips.device.type, dtype, enabled=dtype != torch.float32),
    ):
        loss = cross_entropy(one.network(one.clips).float(), one.labels)
    del loss
    return sum(storage.nbytes() for storage in kept.values())


def _no_backward(_packed: None) -> torch.Tensor:
    raise RuntimeError("this forward pass was only measured")


def matrix_peak(device: torch.device, dtype: torch.dtype, repeats: int) -> float:
    """Return the multiply-accumulates a second of a large matrix product, the best of ``repeats``."""
    side = 8192 if device.type == "cuda" else 2048
    first, second = (torch.randn(side, side, device=device).to(dtype) for _ in range(2))
    best = float("inf")
    for _ in range(max(3, repeats)):
        wait_for(device)
        start = time.perf_counter()
        first @ second
        wait_for(device)
        best = min(best, time.perf_counter() - start)
    return side**3 / best


def waiting(videos: Path, profile: str, dtype: torch.dtype, device: torch.device, workers: int, steps: int) -> str:
    """Return one line on how long a step of R2D + GTA waits for clips of a real data set's folder."""
    run = PROFILES[profile].resolve(ROWS["R2D + GTA"], 0)
    count = run.train.batch_size if device.type == "cuda" else 2
    recognizer = VideoRecognizer(run).to(device)
    optimizer = build_optimizer(recognizer.model, run.train)
    module = VideoDataModule(run.data, videos, count, seed=0, workers=workers)
    module.prepare_data()
    module.setup("fit")
    waited, whole, before = 0.0, 0.0, time.perf_counter()
    done = 0
    for batch in module.train_dataloader():
        arrived = time.perf_counter()
        with torch.autocast(device.type, dtype, enabled=dtype != torch.float32):
            loss = cross_entropy(recognizer(batch["video"].to(device)).float(), batch["label"].to(device))
        optimizer.zero_grad(set_to_none=True)
        loss.backward()  # type: ignore[no-untyped-call]
        optimizer.step()
        wait_for(device)
        if done:  # the first step warms up
            waited, whole = waited + arrived - before, whole + time.perf_counter() - before
        before, done = time.perf_counter(), done + 1
        if done > steps:
            break
    if not whole:
        raise UserError(f"{videos}: one batch of {count} clips is not enough to measure; give more clips")
    share = 100 * waited / whole
    return (
        f"R2D + GTA from {profile}'s files with {workers} loader processes: {share:.1f} % of the time waits for clips."
    )


def measure(names: Sequence[str], clips: int | None, repeats: int, dtype: torch.dtype, device: torch.device) -> str:
    """Return the table of the rows as Markdown."""
    peak = matrix_peak(device, dtype, repeats)
    running = dict(contestants(names, clips, device))
    kept = {name: kept_for_backward(one, dtype) for name, one in running.items()}
    for one in running.values():
        step(one, dtype)
    seconds: dict[str, list[float]] = {name: [] for name in running}
    for _ in range(repeats):
        for name, one in running.items():
            seconds[name].append(step(one, dtype))
    peak = max(peak, matrix_peak(device, dtype, repeats))
    plain = statistics.median(seconds[next(iter(running))]) / len(next(iter(running.values())).clips)
    lines = [
        "| network | clips a step | train clips/s | time a clip, of the first row's | share of the matrix peak "
        "| kept for backward (MiB a clip) |",
        "|---|---|---|---|---|---|",
    ]
    for name, one in running.items():
        count, median = len(one.clips), statistics.median(seconds[name])
        rate = count / median
        share = 3 * one.macs * rate / peak
        memory = kept[name] / count / 2**20
        lines.append(f"| {name} | {count} | {rate:.2f} | {median / count / plain:.2f} | {share:.2f} | {memory:,.0f} |")
    return "\n".join(lines)


@command
def main(arguments: Sequence[str] | None = None) -> int:
    """Print the tables, and write them to ``--out`` if that is given."""
    parser = Parser("python -m benchmarks.training", (__doc__ or "").split(":")[0] + ".", "--rows 'R2D*' --repeats 5")
    add = parser.add_argument
    add("--rows", default="*", metavar="GLOB", help="rows whose name matches (default: all)")
    add("--clips", type=positive, metavar="N", help="a step (default: 2 on a CPU, the recipe's batch on a GPU)")
    add("--repeats", type=positive, default=5, metavar="N", help="timed steps of each row (default: 5)")
    add("--precision", default="fp32,bf16", metavar="A,B", help="of fp32, bf16 (default: both)")
    add("--device", choices=("cpu", "cuda"), help="default: cuda where there is one")
    add("--threads", type=positive, metavar="N", help="of a CPU (default: all)")
    add("--videos", type=Path, metavar="DIR", help="a data set's folder: also measure the time that waits for clips")
    add("--profile", default="ssv2", choices=("ssv1", "ssv2"), help="what lies in --videos (default: ssv2)")
    add("--workers", type=positive, default=2, metavar="N", help="loader processes for --videos (default: 2)")
    add("--out", type=Path, metavar="FILE", help="also write the tables to this Markdown file")
    options = parse(parser, arguments)
    names = [name for name in (*ROWS, PLAIN, PLAIN_NL) if fnmatch.fnmatchcase(name, options.rows)]
    if not names:
        raise UserError(f"--rows {options.rows!r} matches none of {', '.join((*ROWS, PLAIN, PLAIN_NL))}")
    unknown = set(options.precision.split(",")) - set(DTYPES)
    if unknown:
        raise UserError(f"--precision: {', '.join(sorted(unknown))} is not one of {', '.join(DTYPES)}")
    device = torch.device(options.device or ("cuda" if torch.cuda.is_available() else "cpu"))
    if options.threads:
        torch.set_num_threads(options.threads)
    clips = options.clips or (2 if device.type == "cpu" else None)
    parts = [
        f"# Training steps at full size\n\nOn {_machine(device)}, torch {torch.__version__}; {_how(options.repeats)}"
    ]
    for precision in options.precision.split(","):
        torch.manual_seed(0)
        parts.append(f"## {precision}\n\n" + measure(names, clips, options.repeats, DTYPES[precision], device))
        if options.videos is not None:
            parts.append(
                waiting(options.videos, options.profile, DTYPES[precision], device, options.workers, options.repeats)
            )
    text = "\n\n".join(parts) + "\n"
    print(text, end="")
    if options.out is not None:
        write_text(options.out, text)
    return 0


def _machine(device: torch.device) -> str:
    if device.type == "cuda":
        return torch.cuda.get_device_name(device)
    lines = Path("/proc/cpuinfo").read_text().splitlines() if Path("/proc/cpuinfo").exists() else []
    name = next((line.partition(":")[2].strip() for line in lines if line.startswith("model name")), "a CPU")
    return f"{name}, {torch.get_num_threads()} threads"


def _how(repeats: int) -> str:
    return (
        f"medians of {repeats} steps, the rows take turns. The peak is that of a large matrix product, measured beside "
        "them; a step counts as three forward passes. Kept for backward: storages that autograd saves, each once."
    )


if __name__ == "__main__":
    sys.exit(main())
