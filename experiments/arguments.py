"""The options of ``experiments.run``, and what they say of how a run is computed."""

from __future__ import annotations

import argparse
import os
import shutil
from pathlib import Path

from experiments.runner.child_options import LOGGERS, PRECISIONS, ChildOptions
from experiments.store.run_files import CHECKPOINT, CHECKPOINTS
from experiments.study.own import OWN
from experiments.study.profiles import PROFILES, TINY
from gta.cli import Parser, positive
from gta.errors import UserError

DESCRIPTION = "Train what a table needs and print it."
COMPILERS = ("g++", "clang++")


def build_parser() -> argparse.ArgumentParser:
    """Return the command line; a test holds its options."""
    parser = Parser(
        prog="python -m experiments.run", description=DESCRIPTION, example="table_ablation_components --seeds 0-2"
    )
    add = parser.add_argument
    add("tables", nargs="*", metavar="TABLE", help="names from --list")
    add("--all", action="store_true", help="all tables, the claims and the report over them")
    add("--list", action="store_true", help="list the tables and leave")
    add("--profile", default=TINY.name, help=f"scale: {', '.join([*PROFILES, OWN])} (default: {TINY.name})")
    add("--data", type=Path, default=Path("data"), metavar="DIR", help="data sets (default: data)")
    add("--seeds", metavar="0,1,2", help="seeds, also 0-4 (default: 0; of --list: all that have runs)")
    add("--rows", metavar="GLOB", help="only rows whose name matches, such as '*Pixel*'")
    add_changes(parser)
    add("--evaluate-only", action="store_true", help="score the checkpoint of --from on --data; nothing is trained")
    add(
        "--jobs",
        type=positive,
        metavar="N",
        help="runs at a time (default: the CPUs for small profiles, else as many as the GPUs serve)",
    )
    add("--executor", choices=("local", "slurm"), default="local", help="where runs go (default: local)")
    add("--devices", type=positive, default=1, metavar="N", help="GPUs per run and node (default: 1)")
    add("--nodes", type=positive, default=1, metavar="N", help="nodes per run (default: 1)")
    add("--precision", choices=PRECISIONS, help="default: bf16 where it is native or measured to be faster")
    add("--workers", type=whole, metavar="N", help="loader processes of a run (default: $GTA_WORKERS, or by the cores)")
    add("--accumulate", type=positive, metavar="N", help="compute a batch in N parts (default: $GTA_ACCUMULATE, or 1)")
    add("--compile", action="store_true", help="compile the network with torch.compile")
    add("--keep-best", action="store_true", help="keep the checkpoint of the best epoch, beside the last one")
    add("--keep-every", type=positive, metavar="N", help="keep a checkpoint of every Nth epoch")
    add("--logger", metavar="A,B", help=f"curves go to {', '.join(LOGGERS)}, or none (default: wandb)")
    add(
        "--wandb",
        choices=("offline", "online", "disabled"),
        help="default: $WANDB_MODE, or online with a key",
    )
    add("--results", type=Path, default=Path("results"), metavar="DIR", help="runs and tables (default: results)")
    add("--dry-run", action="store_true", help="show the plan, write nothing")
    add(
        "--status",
        action="store_true",
        help="show the state of the runs (of all tables, if none is named), write nothing",
    )
    return parser


def add_changes(parser: argparse.ArgumentParser) -> None:
    """Add the options that change a recipe; :func:`changes_of` reads them."""
    add = parser.add_argument
    add(
        "--set", dest="changes", action="append", default=[], metavar="FIELD=VALUE", help="change the recipe; repeat it"
    )
    add("--limit", metavar="N", help="a first try on N clips of each split, or a share of each class such as 5%%")
    add("--from", dest="start", metavar="CHECKPOINT", help="fine-tune it: a file, or the id of a run in --results")


def whole(text: str) -> int:
    """Return a whole number from 0; the ``type`` of ``--workers``."""
    if not text.isdecimal() or len(text) > 4:
        raise argparse.ArgumentTypeError(f"{text!r} is not a whole number from 0")
    return int(text)


def changes_of(options: argparse.Namespace) -> list[str]:
    """Return what ``--set``, ``--from`` and ``--limit`` change, as ``FIELD=VALUE``.

    Raises:
        UserError: the checkpoint cannot be used, or ``--limit`` is neither a number of clips nor a share.
    """
    changes = list(options.changes)
    if options.start is not None:
        from gta.weights.start import describe

        changes.append(f"pretrain={describe(checkpoint_of(options))}")
    if options.limit is None:
        return changes
    text = options.limit.strip()
    try:
        value = float(text.removesuffix("%")) / (100 if text.endswith("%") else 1)
    except ValueError:
        value = 0.0
    if not 0 < value < 1e12 or (value >= 1 and (text.endswith("%") or value != int(value))):
        raise UserError(f"--limit {options.limit!r} is neither a number of clips, such as 200, nor a share, such as 5%")
    return [*changes, f"data.limit={value:g}" if value < 1 else f"data.limit={int(value)}"]


def checkpoint_of(options: argparse.Namespace) -> Path:
    """Return the file that ``--from`` names: itself, or the last checkpoint of a run or of a run's folder.

    Raises:
        UserError: there is neither such a file nor such a run.
    """
    path = Path(options.start)
    if path.is_dir():
        path = path / CHECKPOINTS / CHECKPOINT
    if not path.exists() and path.name == options.start:
        from gta.predict import find_run

        path = find_run(options.results, options.start) / CHECKPOINTS / CHECKPOINT
    if not path.exists():
        raise UserError(f"--from {options.start}: {path} does not exist; give a checkpoint, or the id of a run")
    return path


def child_options(options: argparse.Namespace, runs: Path, threads: int) -> ChildOptions:
    """Return where and how the runs below ``runs`` are computed, with ``threads`` each.

    Raises:
        UserError: an option cannot be had on this machine.
    """
    loggers = loggers_of(options.logger)
    mirrored = "wandb" in loggers and not options.dry_run  # a plan needs no key
    wandb = wandb_mode(options.wandb) if mirrored else "disabled"
    if "wandb" not in loggers and options.wandb in ("offline", "online"):
        raise UserError(
            f"--logger {options.logger} leaves W&B out; add wandb to it, or leave out --wandb {options.wandb}"
        )
    if options.compile:
        check_compiler()
    return ChildOptions(
        runs,
        options.data,
        wandb,
        devices=options.devices,
        nodes=options.nodes,
        threads=threads,
        workers=options.workers,
        precision=options.precision,
        accumulate=options.accumulate,
        compile=options.compile,
        loggers=tuple(name for name in loggers if name != "wandb"),
        keep_best=options.keep_best,
        keep_every=options.keep_every,
    )


def loggers_of(text: str | None) -> tuple[str, ...]:
    """Return the loggers of ``csv,tensorboard``; Weights & Biases alone where nothing is said.

    Raises:
        UserError: there is no such logger, or TensorBoard is not installed.
    """
    if text is None:
        return ("wandb",)
    names = tuple(dict.fromkeys(name.strip() for name in text.split(",")))
    if names == ("none",):
        return ()
    if "none" in names:
        raise UserError(f"--logger {text}: none stands alone; leave it out, or the others")
    unknown = [name for name in names if name not in LOGGERS]
    if unknown:
        raise UserError(f"--logger: there is no logger {unknown[0]!r}; known: {', '.join(LOGGERS)}, or none")
    if "tensorboard" in names:
        from importlib.util import find_spec

        if find_spec("tensorboard") is None and find_spec("tensorboardX") is None:
            raise UserError("--logger tensorboard needs TensorBoard: pip install tensorboard; or use --logger csv")
    return names


def check_compiler() -> None:
    """Check that a program can be compiled for the CPU; a GPU has Triton.

    Raises:
        UserError: there is no C++ compiler.
    """
    from experiments.runner.local import gpus

    if not gpus() and not any(map(shutil.which, filter(None, (os.environ.get("CXX"), *COMPILERS)))):
        raise UserError(
            f"--compile needs a C++ compiler ({' or '.join(COMPILERS)}) on a CPU; install one, or leave it out"
        )


def wandb_mode(asked: str | None) -> str:
    """Return how Weights & Biases is used: as asked, as the environment says, or online where there is a key.

    Raises:
        UserError: it is to be online without a key.
    """
    if asked is None:
        own = os.environ.get("WANDB_MODE", "")
        if own in ("offline", "online", "disabled"):
            return own
        return "online" if os.environ.get("WANDB_API_KEY") else "offline"
    if asked == "online" and not os.environ.get("WANDB_API_KEY") and not _in_netrc():
        raise UserError("--wandb online needs a key: set WANDB_API_KEY or run `wandb login`; or use --wandb offline")
    return asked


def _in_netrc() -> bool:
    import netrc
    from urllib.parse import urlparse

    host = urlparse(os.environ.get("WANDB_BASE_URL", "https://api.wandb.ai")).hostname or ""
    try:
        return netrc.netrc(os.environ.get("NETRC")).authenticators(host) is not None
    except (OSError, netrc.NetrcParseError):
        return False
