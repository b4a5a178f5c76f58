"""The house: imports run one way between rooms, no folder is a corridor, and CONTRIBUTING shows the tree as it is."""

import ast
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
HOUSES = ("gta", "gta/data", "experiments", "experiments/reporting")
DOORS = {"gta": "__init__"}
"""Rooms that only hand on names; what they hand on is not their own knowledge."""


def modules(folder):
    return [path for path in sorted((ROOT / folder).rglob("*.py")) if "__pycache__" not in path.parts]


def imported(path):
    """Dotted names that a file imports, at its top or inside a function."""
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.level == 0:
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def rooms_between(folder):
    """Edges (room, imported room) between the files and folders of a folder, with an example each."""
    prefix = folder.replace("/", ".") + "."
    names = {path.stem if path.is_file() else path.name for path in (ROOT / folder).iterdir()}
    edges = {}
    for path in modules(folder):
        own = path.relative_to(ROOT / folder).parts[0].removesuffix(".py")
        for name in imported(path):
            if name.startswith(prefix):
                other = name.removeprefix(prefix).split(".")[0]
                if other in names and other != own and own != "__init__":
                    edges.setdefault((own, other), f"{path.relative_to(ROOT)} imports {name}")
    return edges


@pytest.mark.parametrize("folder", HOUSES)
def test_imports_run_one_way_between_rooms(folder):
    edges = rooms_between(folder)
    left = {room for edge in edges for room in edge}
    while left:  # take away rooms that import none of the others that are left
        free = {room for room in left if not any(one == room and other in left for one, other in edges)}
        circle = [why for (one, other), why in edges.items() if one in left and other in left]
        assert free, f"the imports between {', '.join(sorted(left))} run in a circle:\n" + "\n".join(circle)
        left -= free


def folders():
    return sorted({str(path.parent.relative_to(ROOT)) for house in ("gta", "experiments") for path in modules(house)})


@pytest.mark.parametrize("folder", folders())
def test_no_folder_is_a_corridor(folder):
    files = [path for path in (ROOT / folder).glob("*.py") if path.stem != "__init__"]
    assert len(files) <= 15, f"{folder} holds {len(files)} modules; give some of them a room"


def tree_of_contributing():
    """The lines of the first code block of CONTRIBUTING as paths."""
    block = re.search(r"```\n(.*?)```", (ROOT / "CONTRIBUTING.md").read_text("utf-8"), re.DOTALL)[1]
    stack, found = [], []
    for line in block.splitlines():
        name = line.strip().split(" ")[0]
        if not name.endswith("/"):
            continue
        depth = (len(line) - len(line.lstrip())) // 2
        stack = [*stack[:depth], name]
        found.append("".join(stack).rstrip("/"))
    return found


def test_the_tree_in_contributing_is_the_real_one():
    real = {str(path.parent.relative_to(ROOT)) for house in ("gta", "experiments") for path in modules(house)}
    shown = tree_of_contributing()
    assert set(shown) >= real
    assert [folder for folder in shown if not (ROOT / folder).is_dir()] == []


def test_the_library_knows_nothing_of_the_study():
    foreign = [
        (path, name) for path in modules("gta") for name in imported(path) if name.split(".")[0] == "experiments"
    ]
    assert foreign == []


QUICK = {
    "experiments/arguments.py",
    "experiments/compact.py",
    "experiments/flops.py",
    "experiments/report.py",
    "experiments/run.py",
    "experiments/runner/status.py",
    "experiments/train.py",
    "experiments/trials.py",
    "experiments/wandb_upload.py",
    "gta/data/prepare.py",
    "gta/export.py",
    "gta/predict.py",
    "gta/weights/convert.py",
}
"""Doors, and what they read their options with: they answer --help before numpy or torch is imported."""
LATE = {
    "experiments/child/wandb_content.py": "pictures of a run are drawn when they are sent",
    "experiments/reporting/evidence/sizes.py": "a table of finished runs is printed without torch",
    "experiments/runner/preflight.py": "a plan loads torch only where it may have to measure the precision",
    "experiments/study/own.py": "a folder is looked at only for its own profile",
}
"""Other files that import a module of this project inside a function, and why."""


def test_imports_stand_at_the_top_but_in_doors():
    """Packages that are optional or slow to import may stand inside a function everywhere."""
    late = set()
    for path in (*(ROOT / "gta").rglob("*.py"), *(ROOT / "experiments").rglob("*.py")):
        for function in ast.walk(ast.parse(path.read_text())):
            if not isinstance(function, ast.FunctionDef | ast.AsyncFunctionDef):
                continue
            names = [node.module or "" for node in ast.walk(function) if isinstance(node, ast.ImportFrom)]
            if any(name.partition(".")[0] in ("gta", "experiments") for name in names):
                late.add(path.relative_to(ROOT).as_posix())
    assert late == QUICK | set(LATE)
