"""What a plan is refused for before anything is made or started: lists, batches and weights that do not fit."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from experiments.runner import batches, loading
from experiments.runner.child_options import ChildOptions
from experiments.runner.local import gpus
from experiments.store.artifacts import read_wanted
from experiments.store.result import Result
from experiments.store.store import Store
from experiments.study.plan import count
from gta.config import RunConfig, WeightsConfig, content_id
from gta.data import flow, proposals
from gta.data.beside import lacking
from gta.data.drawn.templates import TEMPLATES
from gta.data.read.reader import choose_reader
from gta.data.sets.damage import damage_limit
from gta.data.sets.formats import FORMATS, OWN, detect, read_part
from gta.data.sets.splits import Clip, Split, SplitName, compare
from gta.errors import UserError
from gta.flops import cost
from gta.variables import allow_unreadable, misspelt_variables, read_variables, weights_folder
from gta.weights.public import locate, missing

Stored = Callable[[Path, Iterable[Clip]], list[Path]]
"""Returns where what belongs to each clip lies, of the data set's folder and the clips."""


@dataclass
class Preflight:
    """What was found of the data and the weights that runs need."""

    clips: int | None = None
    """Training clips that the lists of a real data set name; None when there are none."""
    evaluated: int | None = None
    """Clips that are evaluated, likewise."""
    problems: list[str] = field(default_factory=list)
    """Why no run can be made, a line each."""
    remarks: list[str] = field(default_factory=list)
    """What a person should know, a line each."""


def inspect(runs: Sequence[RunConfig], results: Path, child: ChildOptions) -> Preflight:
    """Look at what ``runs`` would start from, without writing or downloading anything.

    Args:
        runs: those that would be trained.
        results: its ``pretrained`` folder holds the weights.
        child: how they would be computed; its ``data`` is the parent folder of the embedded data sets, or the folder of
            the real data set.
    """
    data = child.data
    found = Preflight()
    lists: Mapping[SplitName, Split] = {}
    real = [run for run in runs if not run.data.drawn]
    if real and not _absent(data):
        try:
            lists = _read_lists(real, data)
        except UserError as error:
            found.problems.append(str(error))
    elif real:
        found.remarks.append(f"{data} holds no lists of a data set yet")
    if lists:
        found.clips = len(lists["train"].clips)
        found.evaluated = len(lists[real[0].data.evaluation_split].clips)
        _check_lists(lists, data, found, real[0].data.limit)
    _check_variables(found)
    if os.path.lexists(results) and not os.path.isdir(results):
        found.problems.append(f"--results {results} is not a folder; name one, or a new one")
    changed = [run for run in runs if run.changes]
    for model, crop in dict.fromkeys((run.model, crop) for run in changed for crop in (run.data.crop, run.data.tested)):
        _note(found.problems, lambda model=model, crop=crop: cost(model, crop))  # type: ignore[misc]
    for run in runs:
        _note(found.problems, lambda run=run: batches.parts(run, child.processes, child.accumulate))  # type: ignore[misc]
        if run.data.drawn:
            _check_drawn(run, found)
        elif lists:
            _note(found.problems, lambda run=run: check_classes(run, data, lists["train"].labels))  # type: ignore[misc]
            _note(found.problems, lambda run=run: check_batch(run, data, len(lists["train"].clips)))  # type: ignore[misc]
    if any(run.data.modality == "flow" for run in real):
        _check_beside(flow.folders, "flow", data, lists, found)
    if any(run.data.proposals for run in real):
        _check_beside(proposals.files, "proposals", data, lists, found)
    found.remarks += dict.fromkeys(filter(None, map(_late_milestones, runs)))
    if real and not found.problems:
        largest = max(real, key=lambda run: loading.batch_bytes(run, run.train.batch_size))
        found.remarks.append(loading.remark(largest, child))
    _check_weights(runs, results / "pretrained", found)
    if runs and not found.problems:
        found.remarks += filter(None, [_other_precision(runs[0], results, child)])
    found.problems = list(dict.fromkeys(found.problems))
    return found


def check_classes(config: RunConfig, root: Path, labels: Sequence[str]) -> None:
    """Check that the lists name as many classes as the model tells apart.

    Raises:
        UserError: they do not.
    """
    if len(labels) != config.model.classes:
        raise UserError(
            f"{root}: its lists name {len(labels)} classes, the profile {config.profile!r} expects "
            f"{config.model.classes}; point --data at the data set of the profile"
        )


def check_batch(config: RunConfig, root: Path, clips: int) -> None:
    """Check that the training list fills a batch.

    Raises:
        UserError: it does not.
    """
    batch = config.train.batch_size
    more = "list more clips" if config.data.limit is None else "take a larger --limit"
    if clips < batch:
        raise UserError(
            f"{root}: its training list has {clips} clips, fewer than a batch of the profile {config.profile!r} "
            f"({batch}): not one step can be made; {more} or choose a smaller batch: --set train.batch_size=N"
        )


def _note(problems: list[str], check: Callable[[], object]) -> None:
    try:
        check()
    except UserError as error:
        problems.append(str(error))


def _check_beside(stored: Stored, what: str, data: Path, lists: Mapping[SplitName, Split], found: Preflight) -> None:
    """Look for what is stored beside the clips: none of it is a problem, a part that is missing a remark."""
    for name, split in lists.items():
        try:
            paths = stored(data, split.clips)
        except UserError as error:
            found.problems.append(str(error))
            continue
        missing = lacking(paths)
        if missing:
            line = f"{data}: {len(missing):,} of {len(paths):,} clips of {name} have no {what}, such as {missing[0]}"
            (found.problems if len(missing) == len(paths) else found.remarks).append(line)


def _late_milestones(run: RunConfig) -> str:
    train = run.train
    late = [at for at in train.milestones if at >= train.epochs] if train.schedule == "step" else []
    if not late:
        return ""
    return (
        f"the learning rate is not lowered at {', '.join(map(str, late))}, after the last of "
        f"{count(train.epochs, 'epoch')}; --set train.milestones=... moves that"
    )


def _other_precision(run: RunConfig, results: Path, child: ChildOptions) -> str:
    """Return which runs of the profile were computed in another precision than ``run`` would be here; empty if none."""
    store = Store(results)
    stored = [store.read(content_id(config)) for config in store.configs(run.profile)]
    known = Counter(str(one.env["precision"]) for one in stored if isinstance(one, Result) and "precision" in one.env)
    if not known or not (run.data.drawn or child.precision or gpus()):  # a real run is computed on some other machine
        return ""
    own, most = child.precision or _fastest(), known.most_common(1)[0]
    if own == most[0]:
        return ""
    return (
        f"these runs would be computed in {own}, {most[1]} of {run.profile} in {results} were in {most[0]}; "
        f"--precision {most[0]} keeps a study in one"
    )


def _fastest() -> str:
    from gta.training.speed import choose_precision

    return str(choose_precision()["precision"])


def _check_variables(found: Preflight) -> None:
    found.remarks += misspelt_variables()
    for check in (lambda: batches.workers(0), damage_limit, choose_reader, allow_unreadable, weights_folder):
        _note(found.problems, check)
    _note(found.problems, lambda: read_wanted(read_variables().wandb_artifacts, "GTA_WANDB_ARTIFACTS"))


# ------------------------------------------------------------------------------------------- the data
def _absent(data: Path) -> bool:
    """Return whether no data set has been put there yet, so that a plan can only go by the release's counts."""
    return not any(known.splits(data) for known in (*FORMATS, OWN))


def _read_lists(runs: Sequence[RunConfig], data: Path) -> dict[SplitName, Split]:

    names: list[SplitName] = ["train"]
    for run in runs:
        names += [run.data.evaluation_split, *run.splits]
    return {name: read_part(data, name, runs[0].data) for name in dict.fromkeys(names)}


def _check_lists(lists: Mapping[SplitName, Split], data: Path, found: Preflight, limit: float | None) -> None:
    """Compare the lists with each other: of one data set, and none in the place of another; ``limit`` as in the run."""
    official = detect(data).official
    training = lists["train"]
    known = Counter(clip.template for clip in training.clips)
    for name, split in lists.items():
        if split.missing:
            listed = len(split.clips) + len(split.missing)
            found.remarks.append(
                f"{data}: {len(split.missing):,} of {listed:,} clips of {name} are missing, such as {split.missing[0]}"
            )
        if name == "train":
            continue
        if len(training.clips) < len(split.clips) != official.get(name) and not limit:
            found.problems.append(
                f"{data}: its training list has {len(training.clips)} clips, its {name} list {len(split.clips)}; "
                f"the two seem to be swapped"
            )
        seen = compare(("train", name), training, split)
        shared = {clip.id for clip in training.clips} & {clip.id for clip in split.clips}
        if shared and len(shared) == min(len(training.clips), len(split.clips)):
            found.problems.append(
                f"{data}: all {len(shared)} clips of one are in both its training and its {name} list, such as "
                f"{min(shared)}; put the list of each split there"
            )
        elif seen.contradiction:
            found.problems.append(f"{data}: {seen.contradiction}")
        elif seen.overlap:
            found.remarks.append(f"{data}: {seen.overlap}")
        foreign = [clip for clip in split.clips if clip.template and clip.template not in known]
        labelled = sum(bool(clip.template) for clip in split.clips)
        if foreign:
            line = (
                f"{data}: {len(foreign)} of {labelled} clips of its {name} list are of classes that no training clip "
                f"has, such as {foreign[0].template!r}"
            )
            if len(foreign) == labelled:
                found.problems.append(f"{line}; put the two lists of one data set there")
            else:
                found.remarks.append(line)


def _check_drawn(run: RunConfig, found: Preflight) -> None:

    assert run.data.drawing is not None
    root = Path(run.data.dataset)
    _note(found.problems, lambda: check_classes(run, root, [template.name for template in TEMPLATES]))
    _note(found.problems, lambda: check_batch(run, root, run.data.drawing.train_per_template * len(TEMPLATES)))  # type: ignore[union-attr]


# ---------------------------------------------------------------------------------------- the weights
def _check_weights(runs: Sequence[RunConfig], folder: Path, found: Preflight) -> None:
    wanted = [run.pretrain for run in runs if isinstance(run.pretrain, WeightsConfig)]
    if not wanted:
        return

    for weights in dict.fromkeys(wanted):
        if locate(weights, folder) is None:
            if weights.source == "torchvision":
                found.remarks.append(f"the weights {weights.name} are downloaded into {folder} when runs start")
            else:
                found.problems.append(f"{missing(weights, folder)}; or train without them: --set pretrain=none")
