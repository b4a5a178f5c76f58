"""The story of docs/videos.md and README, command by command, on small videos and a small network."""

from __future__ import annotations

import importlib
import json
import re
import shlex
from pathlib import Path

import pytest

from tests.support.videos import draw, encode

ROOT = Path(__file__).parent.parent
SMALL = {
    "train.epochs": "1",
    "train.batch_size": "2",
    "train.milestones": "1",
    "data.resize": "36,36",
    "data.crop": "32",
    "model.backbone.width": "8",
    "model.backbone.depths": "1,3,5,1",
    "model.blocks.gta.groups": "2",
}
"""In place of what the commands say: the story is that of a full-size network."""


def commands(path):
    return [
        line.strip().partition("    #")[0].strip() for line in path.read_text().splitlines() if "    python -m" in line
    ]


def videos(folder, classes, count=4):
    for number, name in enumerate(classes):
        for clip in range(count):
            encode(folder / name / f"{clip}.mp4", draw(10, 40, 48, seed=10 * number + clip), "libx264")
    return folder


def small(arguments, extra=()):
    """The arguments with a small network; a checkpoint brings its own start, else there is none."""
    if "--evaluate-only" in arguments:
        return arguments
    ours = {at for at, text in enumerate(arguments) if text == "--set"}
    ours |= {at + 1 for at in ours}
    kept = [text for at, text in enumerate(arguments) if at not in ours]
    changes = dict(SMALL) | ({} if "--from" in arguments else {"pretrain": "none"})
    return [*kept, *(part for name, value in changes.items() for part in ("--set", f"{name}={value}")), *extra]


@pytest.fixture
def places(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    videos(Path("VIDEOS"), ("cut", "pour", "wave"))
    videos(Path("OTHER"), ("cut", "wave"))
    monkeypatch.setenv("WANDB_MODE", "disabled")
    return tmp_path


def run(line, results):
    """Run a command of the story; ID is the newest run, the story's files are those of the test."""
    _, _, module, *arguments = shlex.split(line)
    runs = sorted(Path("mine", "runs").glob("*/result.json"), key=lambda path: path.stat().st_mtime_ns)
    names = {"CLIP": "VIDEOS/wave/1.mp4", "ID": runs[-1].parent.name if runs else "ID"}
    arguments = [names.get(argument, argument) for argument in arguments]
    if module == "experiments.run":
        arguments = small(arguments, ("--jobs", "1", "--workers", "0", "--precision", "32-true"))
    code = importlib.import_module(module).main(arguments)
    results.append((module, arguments, code))
    return code


def test_the_story_of_own_videos(places, capsys):
    lines = commands(ROOT / "docs" / "videos.md")
    story = lines[: next(i for i, line in enumerate(lines) if "--from ID --set" in line) + 1]
    assert len(story) == 7
    done: list = []
    for line in story:
        assert run(line, done) == 0, (line, capsys.readouterr())
    assert (places / "VIDEOS" / "gta-split.csv").is_file()
    configs = [json.loads(path.read_text()) for path in Path("mine", "runs").glob("*/config.json")]
    assert sorted(config["model"]["classes"] for config in configs) == [2, 3, 3]
    assert sum("data.limit=64.0" in config["changes"] for config in configs) == 1
    assert list((places / "mine" / "seen").glob("*.png"))
    (scored,) = Path("mine", "evaluations").glob("*/result.json")
    assert json.loads(scored.read_text())["views"] == [{"clips": 2, "crops": 3}]
    envs = [json.loads(path.read_text()) for path in Path("mine", "runs").glob("*/env.json")]
    assert [env["started_from"]["classifier"] for env in envs if "started_from" in env] == ["new"]
    assert "R2D + GTA" in (places / "mine" / "folder" / "changed.md").read_text()


def test_the_readme_tells_the_same_commands():
    told = {re.sub(r" --(set|limit) \S+", "", line) for line in commands(ROOT / "docs" / "videos.md")}
    story = [line for line in commands(ROOT / "README.md") if "--results mine" in line or "VIDEOS" in line]
    assert len(story) == 5
    for line in story:
        assert any(re.sub(r" --(set|limit) \S+", "", line) in other for other in told), line


def test_a_changed_recipe_is_planned(places, capsys):
    (line,) = [line for line in commands(ROOT / "docs" / "videos.md") if "--profile ssv1" in line]
    assert importlib.import_module("experiments.run").main(shlex.split(line)[3:]) in (0, 2)  # 2: no weights here
    assert "changed: data.crop=112, model.blocks.gta.groups=4, train.lr=0.02" in capsys.readouterr().out
