"""Scores in little room: a model's answers to the clips of a split, and probabilities only where models are averaged.

A compact file replaces a scores file: it has the same name and the same reader, :func:`gta.scoring.scores.read_scores`.
Every figure of one model can be counted from it to the last digit. It is compressed, lists the clips in the order of
their ids, and holds, without pickle:

* ``clip_steps`` (N,) int64: the first clip's id, and what each is more than the one before it; ``clip_ids`` (N,) text
  in its place where ids are no whole numbers;
* ``labels`` (N,), all known;
* ``averaged`` (C, 4) int16, one line for each averaging over views: clips, crops, classes, and :data:`BITS` with
  probabilities, 0 without;
* ``answers`` (C, 3, N): for each of these the ``predicted``, ``places`` and ``pairs`` of
  :class:`gta.scoring.answers.Answers`;
* ``units_bytes`` (2, P, N, classes) uint8, where probabilities are kept: low and high bytes, in :data:`UNITS`.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from gta.config import ViewsConfig
from gta.errors import UserError
from gta.files import array_of, write_arrays
from gta.scoring.answers import NO_PAIR, Answers

if TYPE_CHECKING:
    from gta.scoring.scores import StoredScores

BITS = 14
UNITS: int = 2**BITS - 1
"""One, in the units of kept probabilities."""
_EARLIER = 1
"""What stands for :data:`BITS` in files written while they were 16: these are read, and rounded."""


@dataclass(frozen=True)
class CompactScores:
    """What a compact file holds; the clips are in the order of their ids."""

    path: Path
    clip_ids: NDArray[np.str_]
    """(N,)."""
    labels: NDArray[np.int64]
    """(N,)."""
    classes: int
    answered: Mapping[ViewsConfig, Answers]
    """By the views that were averaged."""
    kept: Mapping[ViewsConfig, NDArray[np.uint16]]
    """Probabilities (N, classes) in :data:`UNITS`, of some of them."""
    rounded: bool = False
    """Whether the file holds them in more bits."""

    @property
    def labelled(self) -> bool:
        """Whether the answers of all clips are known: no other scores can be compact."""
        return True

    def answers(self, views: ViewsConfig, partner: Mapping[int, int]) -> Answers:
        """Return the answers to the clips over some of the views.

        Raises:
            ValueError: they were not scored, or order pairs are not those of ``partner``.
        """
        if views not in self.answered:
            there = ", ".join(f"{config.clips}x{config.crops}" for config in self.answered)
            raise ValueError(f"the views {views.clips}x{views.crops} (clips x crops) are not scored; scored: {there}")
        found = self.answered[views]
        if ((found.pairs != NO_PAIR) != np.isin(self.labels, list(partner))).any():
            raise ValueError("the clips of order pairs are not those of the data set")
        return found

    def units(self, views: ViewsConfig) -> NDArray[np.uint16]:
        """Return the probabilities averaged over some of the views in :data:`UNITS`, (N, classes).

        Raises:
            UserError: the file is without them.
        """
        if views not in self.kept:
            raise UserError(
                f"{self.path}: compact scores, which keep what each clip was answered but no probabilities of the "
                f"views {views.clips}x{views.crops}; train the run again for those"
            )
        return self.kept[views]

    def probabilities(self, views: ViewsConfig) -> NDArray[np.float64]:
        """Return the probabilities averaged over some of the views to the nearest unit, (N, classes).

        Raises:
            UserError: the file is without them.
        """
        return self.units(views) / UNITS


def pack(path: Path, stored: StoredScores, partner: Mapping[int, int], kept: Collection[ViewsConfig]) -> CompactScores:
    """Return the compact form of scores.

    Args:
        path: of the file that will hold it.
        stored: all scores of the split, with known labels.
        partner: class of the time-reversed template, by class.
        kept: the views whose probabilities are kept, as far as they were scored.
    """
    order = np.argsort(stored.clip_ids, kind="stable")
    configs = [ViewsConfig(clips, crops) for clips, crops in dict.fromkeys(map(tuple, stored.views[:, :2].tolist()))]
    answered = {config: stored.answers(config, partner) for config in configs}
    units = {config: stored.units(config)[order] for config in configs if config in kept}
    ids, labels = stored.clip_ids[order], stored.labels[order].astype(np.int64)
    return CompactScores(path, ids, labels, stored.classes, answered, units)


def write_compact(path: Path, compact: CompactScores) -> None:
    """Write a compact file atomically.

    Raises:
        UserError: the folder cannot be written.
    """
    small = np.uint8 if compact.classes < NO_PAIR else np.uint16
    lines = [(c.clips, c.crops, compact.classes, BITS * (c in compact.kept)) for c in compact.answered]
    answers = [(found.predicted, found.places, found.pairs) for found in compact.answered.values()]
    arrays: dict[str, NDArray[Any]] = {
        **_packed_ids(compact.clip_ids),
        "labels": compact.labels.astype(small),
        "averaged": np.array(lines, np.int16),
        "answers": np.array(answers).astype(small),
    }
    if compact.kept:
        units = np.array([compact.kept[config] for config in compact.answered if config in compact.kept], "<u2")
        arrays["units_bytes"] = np.moveaxis(units[..., None].view(np.uint8), -1, 0)
    write_arrays(path, arrays)


def unpack(path: Path, arrays: Mapping[str, NDArray[Any]]) -> CompactScores:
    """Return what the arrays of a compact file hold.

    Raises:
        ValueError: one is missing, or they are not of their types and ranges or contradict each other.
    """
    ids, labels = _unpacked_ids(arrays), array_of(arrays, "labels", 1, "u").astype(np.int64)
    lines, answers = array_of(arrays, "averaged", 2, "i"), array_of(arrays, "answers", 3, "u")
    if labels.shape != ids.shape or answers.shape != (len(lines), 3, len(ids)) or lines.shape[1] != 4:
        shapes = f"clips {ids.shape}, labels {labels.shape}, averaged {lines.shape}, answers {answers.shape}"
        raise ValueError(f"the arrays do not fit each other: {shapes}")
    if not (ids[1:] > ids[:-1]).all():
        raise ValueError("a clip stands twice, or clips are not in the order of their ids")
    classes = int(lines[0, 2])
    configs = [ViewsConfig(clips, crops) for clips, crops in lines[:, :2].tolist()]
    if (
        (lines[:, 2] != classes).any()
        or not np.isin(lines[:, 3], (0, _EARLIER, BITS)).all()
        or len(set(configs)) < len(configs)
    ):
        raise ValueError(f"averaged is {lines.tolist()}")
    answered = {config: _answers(ids, labels, found, classes) for config, found in zip(configs, answers, strict=True)}
    with_units = [config for config, bits in zip(configs, lines[:, 3], strict=True) if bits]
    earlier = _EARLIER in lines[:, 3]
    kept = _units(arrays, with_units, answered, classes, 2**16 - 1 if earlier else UNITS)
    return CompactScores(path, ids, labels, classes, answered, kept, earlier)


def _packed_ids(ids: NDArray[np.str_]) -> dict[str, NDArray[Any]]:
    """Return the first of whole numbers and their differences, or else the text."""
    try:
        numbers = ids.astype(np.int64)
    except (ValueError, OverflowError):
        return {"clip_ids": ids}
    exact = np.array_equal(numbers.astype(np.str_), ids)
    return {"clip_steps": np.diff(numbers, prepend=np.int64(0))} if exact else {"clip_ids": ids}


def _unpacked_ids(arrays: Mapping[str, NDArray[Any]]) -> NDArray[np.str_]:
    if "clip_ids" in arrays:
        return array_of(arrays, "clip_ids", 1, "U")
    return np.cumsum(array_of(arrays, "clip_steps", 1, "i"), dtype=np.int64).astype(np.str_)


def _answers(ids: NDArray[np.str_], labels: NDArray[np.int64], found: NDArray[Any], classes: int) -> Answers:
    predicted, places, pairs = found
    if max(labels.max(), predicted.max(), places.max()) >= classes:
        raise ValueError(f"labels or answers are beyond the {classes} classes")
    lost = pairs == 0
    if not np.isin(pairs, (0, 1, 2, NO_PAIR)).all() or ((predicted == labels) != (places == 0)).any():
        raise ValueError("answers contradict each other")
    if (lost & (places == 0)).any():
        raise ValueError("answers contradict each other: a hit that lost to its reversal")
    return Answers(ids, labels, predicted.astype(np.int64), places.astype(np.int64), pairs.astype(np.uint8))


def _units(
    arrays: Mapping[str, NDArray[Any]],
    configs: Collection[ViewsConfig],
    answered: Mapping[ViewsConfig, Answers],
    classes: int,
    one: int,
) -> dict[ViewsConfig, NDArray[np.uint16]]:
    if not configs:
        return {}
    planes, clips = array_of(arrays, "units_bytes", 4, "u"), len(next(iter(answered.values())).labels)
    if planes.dtype != np.uint8 or planes.shape != (2, len(configs), clips, classes):
        raise ValueError(f"units_bytes is {planes.dtype} {planes.shape}, expected two bytes of {clips} x {classes}")
    joined = np.stack((planes[0], planes[1]), axis=-1).view("<u2")[..., 0].astype(np.uint16)
    if joined.max() > one:
        raise ValueError(f"kept probabilities are above one, which is {one}")
    for config, units in zip(configs, joined, strict=True):
        if (units[np.arange(clips), answered[config].predicted] != units.max(axis=1)).any():
            raise ValueError("kept probabilities contradict the answers")
    return dict(zip(configs, np.rint(joined * (UNITS / one)).astype(np.uint16), strict=True))
