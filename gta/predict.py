"""The five most probable classes of one video, and where the model looked.

    python -m gta.predict sample.webm
    python -m gta.predict VIDEO --run ID [--results DIR] [--explain] [--out DIR] [--device cpu|cuda]

VIDEO is any video file, or a folder of jpg frames; sample.webm comes with the package. Without --run the small network
of the package looks at it, which knows the drawn clips only. A run's folder needs its config.json and its checkpoint;
the data set it was trained on is not needed. With --explain a video and a picture are written.
"""

from __future__ import annotations

import argparse
import difflib
import json
import os
import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from gta.cli import Parser, command, parse
from gta.config import RunConfig, content_id, run_from_dict
from gta.errors import UserError
from gta.files import read_json

if TYPE_CHECKING:
    import numpy as np
    import torch
    from numpy.typing import NDArray

    from gta.pretrained import PretrainedRecognizer
    from gta.training.recognizer import VideoRecognizer

    Recognizer = VideoRecognizer | PretrainedRecognizer

DEFAULT = "tiny-r2d-gta"
"""The network that comes with the package."""
SAMPLE = "sample.webm"
"""A clip of the drawn validation split beside it."""
LAST = "last"
"""The checkpoint that every run keeps."""
GUESSES = 5
VIEWS_AT_ONCE = 6
_STEM = 200
"""Bytes of a video's name that go into those of the files of --explain: file names end at 255."""


def build_parser() -> argparse.ArgumentParser:
    """Return the command line; a test holds its options."""
    parser = Parser("python -m gta.predict", (__doc__ or "").split("\n")[0], "sample.webm --explain --out DIR")
    add = parser.add_argument
    add("video", type=Path, metavar="VIDEO", help="a video file, a folder of jpg frames, or one of stored flow")
    add("--run", metavar="ID", help="id of a trained run, or its first characters")
    add("--checkpoint", metavar="NAME", help=f"of the run: last, best, epoch-0005 ... (default: {LAST})")
    add("--model", metavar="NAME", help=f"without --run: a network or its folder (default: {DEFAULT})")
    add("--results", type=Path, default=Path("results"), metavar="DIR", help="holds runs/ID (default: results)")
    add("--explain", action="store_true", help="write a video and a picture of where the model looked")
    add("--out", type=Path, default=Path("."), metavar="DIR", help="for the files of --explain (default: here)")
    add("--device", metavar="NAME", help="cpu, cuda, cuda:1 ... (default: cuda if there is one)")
    return parser


@command
def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line and return its exit code: 0, or 2 after a user's mistake."""
    options = parse(build_parser(), arguments)
    if options.run is not None and options.model is not None:
        raise UserError(f"--run {options.run} and --model {options.model} name two networks; leave one of them out")
    if options.run is None and options.checkpoint is not None:
        raise UserError(f"--checkpoint {options.checkpoint} is of a run: name the run with --run ID")
    if not os.path.exists(options.video):  # unlike Path.exists it never raises, whatever the name
        if str(options.video) != SAMPLE:
            raise UserError(f"{options.video} does not exist")
        options.video = Path(__file__).parent / "models" / DEFAULT / SAMPLE
    if options.run is None:
        from gta.pretrained import find, load

        model = options.model or DEFAULT
        recognizer = load(model)
        _predict(options, recognizer, find(model), read_views(options.video, recognizer.run))
        return 0
    folder = find_run(options.results, options.run)
    config = read_run(folder)
    views, name = read_views(options.video, config), options.checkpoint or LAST
    _predict(options, load_run(folder, config, name), folder / "ckpt" / f"{name}.ckpt", views)
    return 0


def find_run(results: Path, name: str) -> Path:
    """Return the folder of a run, by its id or the beginning of it.

    Raises:
        UserError: there is no such run, or several begin so.
    """
    runs = results / "runs"
    known = sorted(path.parent.name for path in runs.glob("*/config.json"))
    if not known:
        raise UserError(f"{runs} holds no run; point --results at the folder that experiments.run wrote")
    fitting = [name] if name in known else [run_id for run_id in known if name and run_id.startswith(name)]
    if len(fitting) == 1:
        return runs / fitting[0]
    near = fitting[:5] or difflib.get_close_matches(name, known, n=5, cutoff=0.0)
    what = "begins the ids of several runs" if fitting else "is no run"
    raise UserError(f"{name!r} {what} in {runs}; nearest: {', '.join(near)}")


def read_run(folder: Path) -> RunConfig:
    """Return the config of a run.

    Raises:
        UserError: it is unreadable, edited, or of another version.
    """
    path = folder / "config.json"
    content = read_json(path)
    try:
        if not isinstance(content, dict) or content_id(content) != folder.name:
            raise ValueError("its content does not hash to the name of its folder")
        return run_from_dict(content)
    except ValueError as error:
        raise UserError(f"{path} is not the config of a run of this version: {error}") from error


def load_run(folder: Path, config: RunConfig, name: str = LAST) -> VideoRecognizer:
    """Return the trained model of a run with the names of its classes, in evaluation mode, on the CPU.

    Args:
        folder: of the run.
        config: of the run.
        name: of the checkpoint in its ``ckpt``: the last one, ``best`` or that of an epoch, where a run has kept them.

    Raises:
        UserError: there is no checkpoint, or it is damaged or of another run.
    """
    from gta.config import to_dict
    from gta.training.checkpoint import LABELS, read_checkpoint
    from gta.training.stored import restored

    path = folder / "ckpt" / f"{name}.ckpt"
    if not path.exists() and not path.is_symlink():
        kept = sorted(other.stem for other in (folder / "ckpt").glob("*.ckpt"))
        if kept and name != LAST:
            raise UserError(f"run {folder.name} has kept no checkpoint {name!r}; it has {', '.join(kept)}")
        raise UserError(
            f"run {folder.name} has no checkpoint ({path}); checkpoints are not committed: "
            f"train the run with experiments.run, into a --results folder of its own if it is done here"
        )
    content = read_checkpoint(path, mmap=True)
    if _plain(content.get("hyper_parameters", {}).get("config")) != _plain(to_dict(config)):
        raise UserError(f"{path} is the checkpoint of another run than {folder.name}")
    return restored(path, content, config, tuple(content.get(LABELS) or _labels(config)))


def _plain(value: object) -> str:
    """Return a value as text, in which tensors and other things that a config cannot hold differ from every config."""
    return json.dumps(value, sort_keys=True, default=repr, skipkeys=True)


def _labels(config: RunConfig) -> list[str]:
    """Return the names of a checkpoint that was written before they were kept in it."""
    from gta.data.drawn.templates import TEMPLATES

    if config.data.drawn:
        return sorted(template.name for template in TEMPLATES)
    return [f"class {number}" for number in range(config.model.classes)]


def read_views(video: Path, config: RunConfig) -> torch.Tensor:
    """Return the clips that evaluation would take from a video or stored flow, uint8 (V, C, T, H, W).

    Raises:
        UserError: the video is missing, corrupt or empty.
    """
    from gta.data.dataset import ClipDataset
    from gta.data.read.reader import choose_reader
    from gta.data.sets.splits import Clip, Split

    split = Split((), (Clip(video.name, video, None, ""),))
    flow = config.data.modality == "flow"
    if flow and config.data.drawn:
        raise UserError("the network was trained on flow that is drawn with its clips; no file holds such flow")
    if flow and not video.is_dir():
        raise UserError(f"the network reads optical flow; give the folder of a clip's stored flow, not {video}")
    if config.data.proposals:
        raise UserError(f"the network reads stored proposals, which {video} alone does not have")
    reader = replace(choose_reader(), flow=flow)
    clips = ClipDataset(split, config.data, seed=0, training=False, views=config.views[:1], reader=reader)
    return clips.__getitems__([(0, 0, view) for view in range(len(clips.views))])["video"]


def probabilities(recognizer: Recognizer, views: torch.Tensor) -> NDArray[np.float64]:
    """Return the class probabilities (classes,) of a video, averaged over its views (V, 3, T, H, W)."""
    import torch

    from gta.scoring.accuracy import merge_views

    with torch.inference_mode():
        parts = [views[at : at + VIEWS_AT_ONCE].to(recognizer.device) for at in range(0, len(views), VIEWS_AT_ONCE)]
        scores = torch.cat([recognizer(part).float().log_softmax(dim=1).cpu() for part in parts])
    merged: NDArray[np.float64] = merge_views(scores[:, None].numpy())[0]
    return merged


def _predict(options: argparse.Namespace, recognizer: Recognizer, weights: Path, views: torch.Tensor) -> None:
    import numpy as np
    import torch

    if options.explain and recognizer.run.data.modality == "flow":
        raise UserError("--explain paints over pictures; a network of flow sees none")
    try:
        recognizer.to(options.device or ("cuda" if torch.cuda.is_available() else "cpu"))
    except (RuntimeError, AssertionError) as error:
        raise UserError(f"--device {options.device}: {str(error).splitlines()[0]}") from error
    found = probabilities(recognizer, views)
    if not np.isfinite(found).all():
        raise UserError(
            f"the model of run {recognizer.run.id} gives {options.video} scores that are no numbers: its weights "
            f"({weights}) are damaged or its training diverged; train it again"
        )
    best = (-found).argsort(kind="stable")[:GUESSES]
    for number in best:
        print(f"{100 * found[number]:5.1f} %  {recognizer.labels[number]}")
    if options.explain:
        title = f"{options.video.name}: {recognizer.labels[best[0]]} ({100 * found[best[0]]:.0f} %)"
        for path in _explain(options, recognizer, views, int(best[0]), title):
            print(path)


def _explain(
    options: argparse.Namespace, recognizer: Recognizer, views: torch.Tensor, target: int, title: str
) -> list[Path]:
    from gta.explain.explanation import explain
    from gta.explain.overlay import write_contact_sheet, write_overlay_video

    setting = recognizer.run.views[0]
    middle = setting.clips // 2 * setting.crops + setting.crops // 2
    clip = views[middle : middle + 1]
    normalised = (clip.to(recognizer.device).float() - recognizer.mean) / recognizer.std
    found = explain(recognizer.model, normalised, target)
    frames = clip[0].permute(1, 2, 3, 0).numpy()
    name = options.video.stem.encode(errors="surrogateescape")[:_STEM].decode(errors="ignore")
    stem = f"{name}-{recognizer.run.id}"
    video = write_overlay_video(options.out, stem, frames, found.evidence)
    sheet = options.out / f"{stem}.png"
    write_contact_sheet(sheet, frames, found, title)
    return [video, sheet]


if __name__ == "__main__":
    sys.exit(main())
