"""What must change only on purpose: ``python -m tests.golden`` writes the golden files anew.

``golden_run_ids.json`` holds the identity of every run: stored runs of another identity are trained again.
``golden_drawing.json`` holds coarse pictures of drawn clips: when they change, raise ``DrawingConfig.version``.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from pathlib import Path

from gta.cli import Parser, command, parse

RUN_IDS = Path(__file__).with_name("golden_run_ids.json")
DRAWING = Path(__file__).with_name("golden_drawing.json")


def run_ids() -> dict[str, dict[str, dict[str, str]]]:
    """Run id of seed 0 by profile, table and row."""
    from experiments.study.profiles import PROFILES
    from experiments.tables import TABLES

    return {
        profile.name: {
            table.name: {
                trained.name: profile.resolve(trained, 0).id
                for row in table.rows
                if profile.runs(row)
                for trained in row.trained
            }
            for table in TABLES.values()
        }
        for profile in PROFILES.values()
    }


def drawing() -> dict[str, list[list[float]]]:
    """Mean brightness of 3 x 3 blocks in four frames of a validation clip of every template."""
    from gta.config import DrawingConfig
    from gta.data.drawn.clip import draw_clip
    from gta.data.drawn.templates import TEMPLATES

    found = {}
    for template in TEMPLATES:
        frames = draw_clip(DrawingConfig(), "validation", template, 0)[::8].astype(float)
        blocks = frames.reshape(4, 3, 16, 3, 16, 3).mean(axis=(2, 4, 5)).reshape(4, 9)
        found[template.name] = [[round(float(value), 1) for value in frame] for frame in blocks]
    return found


@command
def main(argv: Sequence[str] | None = None) -> int:
    """Write both files."""
    parse(Parser("python -m tests.golden", "Write the golden files of the tests anew."), argv)
    for path, content in ((RUN_IDS, run_ids()), (DRAWING, drawing())):
        path.write_text(json.dumps(content, indent=1, ensure_ascii=False) + "\n")
        print(path)
    return 0


if __name__ == "__main__":
    sys.exit(main())
