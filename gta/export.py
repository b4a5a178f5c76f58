"""A trained network as files that others load: weights with their config, a program of torch.export, or ONNX.

    python -m gta.export --run ID [--results DIR] --out DIR
    python -m gta.export --model tiny-r2d-gta --format program --out DIR      # or --format onnx

The written files are loaded again and must give the same scores before the command says that it is done.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from gta.cli import Parser, command, parse
from gta.errors import UserError
from gta.files import read_json, write_bytes
from gta.predict import LAST, find_run, load_run, read_run

if TYPE_CHECKING:
    import torch

    from gta.pretrained import PretrainedRecognizer

PROGRAM, ONNX = "model.pt2", "model.onnx"
TOLERANCE = 1e-4
"""Largest difference of scores, as a part of the largest score."""
FIGURES = ("top1", "top5", "pair_accuracy", "n_val", "params", "macs", "data_fingerprint", "git", "finished")
"""What ``config.json`` keeps of a run's ``result.json``."""


def build_parser() -> argparse.ArgumentParser:
    """Return the command line; a test holds its options."""
    parser = Parser("python -m gta.export", (__doc__ or "").split("\n")[0], "--run ID --out DIR")
    add = parser.add_argument
    add("--run", metavar="ID", help="id of a trained run, or its first characters")
    add("--checkpoint", default=LAST, metavar="NAME", help="of the run: last, best, epoch-0005 ... (default: last)")
    add("--results", type=Path, default=Path("results"), metavar="DIR", help="holds runs/ID (default: results)")
    add("--model", metavar="NAME", help="in place of --run: a network of the package, or a folder that this wrote")
    add("--format", choices=("weights", "program", "onnx"), default="weights", help="default: weights")
    add("--out", type=Path, required=True, metavar="DIR", help="the folder to write")
    return parser


@command
def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line and return its exit code: 0, or 2 after a user's mistake."""
    options = parse(build_parser(), arguments)
    if (options.run is None) == (options.model is None):
        raise UserError("say which network: --run ID, or --model NAME")
    from gta.pretrained import load

    figures: dict[str, Any] = {}
    if options.model is not None:
        recognizer = load(options.model)
    else:
        folder = find_run(options.results, options.run)
        recognizer, figures = from_run(folder, options.checkpoint)
    if recognizer.run.data.proposals:
        raise UserError(
            "the network reads stored proposals beside its clips; only networks of clips alone are exported"
        )
    if options.format != "weights":
        write, name = (write_program, PROGRAM) if options.format == "program" else (write_onnx, ONNX)
        write(recognizer, options.out / name)
        print(options.out / name)
        return 0
    written = recognizer.save(options.out, figures)
    _check_same(recognizer, load(options.out), f"the network loaded from {options.out}")
    print(*written, sep="\n")
    return 0


def from_run(folder: Path, checkpoint: str = LAST) -> tuple[PretrainedRecognizer, dict[str, Any]]:
    """Return the network of a run's checkpoint and, of the last one, what was measured of it.

    Raises:
        UserError: the run has no checkpoint, or it is damaged.
    """
    from gta.pretrained import PretrainedRecognizer

    config = read_run(folder)
    trained = load_run(folder, config, checkpoint)
    colours = [[float(value) / 255 for value in buffer.flatten()] for buffer in (trained.mean, trained.std)]
    recognizer = PretrainedRecognizer(config, trained.labels, *colours)
    recognizer.model.load_state_dict(trained.model.state_dict())
    measured = checkpoint == LAST and (folder / "result.json").exists()
    result = read_json(folder / "result.json") if measured else {}
    return recognizer.eval(), {name: result[name] for name in FIGURES if name in result}


def write_program(recognizer: PretrainedRecognizer, path: Path) -> None:
    """Write the network as a program of ``torch.export`` that takes any number of uint8 clips (B, C, T, H, W).

    Raises:
        UserError: the file cannot be written, or its program gives other scores.
    """
    import io

    import torch

    stream = io.BytesIO()
    batch = torch.export.Dim("batch", min=1, max=256)
    torch.export.save(torch.export.export(recognizer, (clips(recognizer, 2),), dynamic_shapes=({0: batch},)), stream)
    write_bytes(path, stream.getvalue())
    _check_same(recognizer, torch.export.load(path).module(), f"the program {path}")


def write_onnx(recognizer: PretrainedRecognizer, path: Path) -> None:
    """Write the network as an ONNX model with the input ``clips`` and the output ``scores``, like the program.

    Raises:
        UserError: the packages for it are missing, the file cannot be written, or it gives other scores.
    """
    import torch

    try:
        import onnxruntime  # type: ignore[import-untyped]
        import onnxscript  # noqa: F401 - torch.onnx needs it
    except ModuleNotFoundError as error:
        raise UserError(f"--format onnx needs {error.name}: pip install 'gta-video[onnx]'") from None
    program = torch.onnx.export(
        recognizer,
        (clips(recognizer, 2),),
        dynamo=True,
        dynamic_shapes=({0: torch.export.Dim("batch", min=1, max=256)},),
        input_names=["clips"],
        output_names=["scores"],
        verbose=False,
    )
    assert program is not None
    write_bytes(path, program.model_proto.SerializeToString())
    session = onnxruntime.InferenceSession(str(path), providers=["CPUExecutionProvider"])

    def run(video: torch.Tensor) -> torch.Tensor:
        return torch.from_numpy(session.run(None, {"clips": video.numpy()})[0])

    _check_same(recognizer, run, f"the ONNX model {path}")


def clips(recognizer: PretrainedRecognizer, number: int) -> torch.Tensor:
    """Return random clips (number, 3, T, H, W) of the size that the network was trained on."""
    import torch

    data = recognizer.run.data
    size = (number, data.channels, data.frames, data.crop, data.crop)
    return torch.randint(0, 256, size, dtype=torch.uint8, generator=torch.Generator().manual_seed(number))


def _check_same(recognizer: PretrainedRecognizer, other: Callable[[torch.Tensor], torch.Tensor], what: str) -> None:
    """Compare scores.

    Raises:
        UserError: they differ by more than rounding.
    """
    import torch

    with torch.inference_mode():
        for number in (1, 3):
            video = clips(recognizer, number)
            expected, found = recognizer(video), other(video)
            error = float((found - expected).abs().max() / expected.abs().max().clamp(min=1e-12))
            if not error <= TOLERANCE:
                raise UserError(f"{what} gives other scores than the network itself (by {error:.1g} of the largest)")


if __name__ == "__main__":
    sys.exit(main())
