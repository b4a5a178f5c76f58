"""The identity of every run: ``python -m tests.golden`` writes ``golden_run_ids.json`` anew.

Do that only when a change of the defaults, rows or profiles is meant: stored runs of the old identity are then
trained again.
"""

from __future__ import annotations

import json
from pathlib import Path

PATH = Path(__file__).with_name("golden_run_ids.json")


def current() -> dict[str, dict[str, dict[str, str]]]:
    """Run id of seed 0 by profile, table and row."""
    from experiments.profiles import PROFILES
    from experiments.tables import TABLES

    return {
        profile.name: {
            table.name: {row.name: profile.resolve(row, 0).id for row in table.rows} for table in TABLES.values()
        }
        for profile in PROFILES.values()
    }


if __name__ == "__main__":
    PATH.write_text(json.dumps(current(), indent=1, ensure_ascii=False) + "\n")
    print(PATH)
