"""Write predictions for the test sets of Something-Something, whose answers are not (all) public.

The file has no header and no quotes. Each video has one line, ``video_id;label;label;...``, in the order of the list,
with the names of its most probable classes, best first: five for version 2, one for version 1. Names are those of
``labels.json`` and of the training lists, without brackets, as ``test-answers.csv`` of the newer release of version 2
has them. (The server that took such files is closed; TSM's script for it wrote the names for version 1 and numbers of
classes for version 2.)
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from gta.files import write_text
from gta.scoring.accuracy import rank

GUESSES = {"ssv1": 1, "ssv2": 5}
"""Labels a video, by data set."""


def write_submission(
    path: Path, clip_ids: Sequence[str], probabilities: NDArray[np.floating], labels: Sequence[str], guesses: int
) -> None:
    """Write the ``guesses`` most probable labels of every clip.

    Args:
        path: the csv file; it is replaced atomically.
        clip_ids: of the N clips.
        probabilities: (N, classes), merged over views and models.
        labels: names of the classes.
        guesses: labels a line.

    Raises:
        UserError: the folder cannot be written.
    """
    best = rank(probabilities, guesses)
    lines = [";".join((clip_id, *(labels[i] for i in row))) for clip_id, row in zip(clip_ids, best, strict=True)]
    write_text(path, "".join(f"{line}\n" for line in lines))
