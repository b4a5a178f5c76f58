"""Damaged stores through the commands that read them: ``python -m tests.support.store_drill FIRST LAST [earlier]``.

The damages number FIRST to LAST - 1 are done, one at a time, to a run of a small made-up store. Of each a line is
printed: what was done, whether ``report --check`` noticed it, and what is wrong: a traceback, or a figure that is
neither that of the whole store nor that of the store without the run or without the file.
"""

from __future__ import annotations

import contextlib
import io
import json
import shutil
import sys
import tempfile
import time
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from experiments import report, run
from experiments.reporting.files import read_study, table_files
from experiments.reporting.pages.claims_page import claims_csv
from experiments.reporting.pages.table_page import run_frame
from experiments.reporting.pictures.curves import read_curves
from experiments.reporting.pictures.looks import describe, first_looks
from experiments.reporting.pictures.matrices import read_matrices
from experiments.reporting.pictures.style import Picture
from experiments.store.frozen import FrozenStore
from experiments.store.result import digests
from experiments.store.store import Store
from experiments.study.profiles import PROFILES
from experiments.tables import TABLES
from gta import files
from gta.explain.looks import Looks, write_looks
from tests.support import fake_scores
from tests.support.damage_store import FILES, damage

TINY = PROFILES["tiny-v2"]
CHOSEN = [TABLES[name] for name in ("table_ablation_components", "table_test_set")]
NAMES = [table.name for table in CHOSEN]


def build(results: Path, recorded: bool) -> list[Path]:
    """Make a store with two seeds of some rows, and its tables; returns the folders of its runs.

    The results of earlier versions have not ``recorded`` what stood beside them.
    """
    store, folders = Store(results), []
    rows = [*CHOSEN[0].rows[-4:], *next(row.members for row in CHOSEN[1].rows if row.name == "GTA En")]
    for number, row in enumerate(rows):
        for seed in range(2):
            folder = store.prepare(TINY.resolve(row, seed))
            if folder in folders:
                continue
            fake_scores.finish(folder, 0.3 + 0.1 * number, 10 * number + seed, train_seconds=100.0 + 10 * number + seed)
            rng = np.random.default_rng(number)
            np.savez(folder / "matrices.npz", **{"res3[0].pixel": rng.random((8, 8), np.float32)})
            query = np.array([[4, 0.5, 0.5]] * 3, np.float32)
            frames = rng.integers(0, 255, (3, 8, 16, 16, 3), dtype=np.uint8)
            names, maps = np.array(["up"] * 3), {"nl": rng.random((3, 8, 4, 4), np.float32)}
            write_looks(folder / "looks.npz", Looks(frames, names, names, query, "res3[2]", maps))
            if recorded:
                content = files.read_json(folder / "result.json")
                files.write_json(folder / "result.json", content | {"files": digests(folder)})
            folders.append(folder)
    with contextlib.redirect_stdout(io.StringIO()):
        assert report.main([*NAMES, "--results", str(results)]) == 0
    return folders


def figures(results: Path) -> list[str]:
    """Every figure that the report prints or draws, as text in parts; what is left out is not among them."""
    frozen = FrozenStore(results)
    found = []
    for data in read_study(CHOSEN, TINY, frozen):
        texts = table_files(data)
        found += [texts[name] for name in texts if not name.endswith(".md")]
        found.append(claims_csv([data]))
        runs = run_frame(data)
        found.append(runs[[c for c in runs if c in ("row", "seed", "run", "seconds")]].to_csv())
        found += [f"{name} {curve}" for name, curve in read_curves(data)]
        for row in data.rows:
            matrices, seeds = read_matrices(row, frozen)
            weights = {name: matrix.tolist() for name, matrix in matrices.items()}
            looks = first_looks((frozen.folder(m.run_id), m) for members in row.members.values() for m in members)
            found.append(f"{row.row.name} {seeds} {weights} {describe(looks) if looks else ''}")
    return found


class Drill:
    """A store, what it says whole, and what it may say when something is left out of one run."""

    def __init__(self, folder: Path, recorded: bool = True) -> None:
        self.results = folder / "results"
        folders = build(self.results, recorded)
        self.pairs = [(folders[0], folders[2]), (folders[-1], folders[-3])]  # runs of a claim and of an ensemble
        self.run, self.other = self.pairs[0]
        self._kept = folder / "kept"
        shutil.copytree(self.results, self._kept)
        self.whole = figures(self.results)
        self.allowed = set(self.whole)
        for path in (victim / name for victim, _ in self.pairs for name in ("", *FILES)):
            if path.exists():
                path.rename(folder / "aside")
                self.allowed |= set(figures(self.results))
                (folder / "aside").rename(path)

    def try_one(self, number: int) -> dict[str, Any]:
        """Damage the run, ask every command, and put everything back; returns what came of it."""
        began, wrong = time.monotonic(), []
        what = damage(*self.pairs[number % len(self.pairs)], np.random.default_rng(number))
        where = ["--results", str(self.results)]
        check, said = ask(report.main, *NAMES, "--check", *where)
        answers = [(check, said)]
        answers += [ask(run.main, *NAMES, "--seeds", "0,1", option, *where) for option in ("--status", "--list")]
        try:
            found = figures(self.results)
            wrong += [f"a figure of no store: {text[:2000]}" for text in found if text not in self.allowed]
            if found != self.whole and check == 0 and not what.endswith("none"):  # not every run keeps every picture
                wrong.append("the figures are others, and --check did not notice")
        except Exception:
            wrong.append(traceback.format_exc())
        answers.append(ask(report.main, *NAMES, *where))
        wrong += [text for code, text in answers if code not in (0, 1) or "Traceback" in text]
        shutil.rmtree(self.results)
        shutil.copytree(self._kept, self.results)
        seconds = time.monotonic() - began
        return {"number": number, "what": what, "noticed": check == 1, "wrong": wrong, "seconds": round(seconds, 2)}


def ask(main: Callable[[list[str]], int], *arguments: str) -> tuple[int, str]:
    """Call a command; returns its exit code and what it printed, or -1 and the traceback."""
    out = io.StringIO()
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(out):
        try:
            return main(list(arguments)), out.getvalue()
        except BaseException:
            return -1, traceback.format_exc()


def main(first: int, last: int, recorded: bool = True) -> None:
    """Print a json line for each damage; every twentieth report draws its pictures."""
    draw = Picture.write
    with tempfile.TemporaryDirectory() as folder:
        drill = Drill(Path(folder), recorded)
        for number in range(first, last):
            Picture.write = draw if number % 20 == 0 else lambda picture, folder: []  # type: ignore[method-assign]
            print(json.dumps(drill.try_one(number)), flush=True)


if __name__ == "__main__":
    main(int(sys.argv[1]), int(sys.argv[2]), "earlier" not in sys.argv)
