"""What a person sees while runs train: how far they are, in whole epochs, and how long it will still take."""

from __future__ import annotations

import io
import re
import subprocess
import sys
import threading
import time
from types import SimpleNamespace

import pytest

from experiments.runner import progress as shown
from experiments.runner.outlook import END, Outlook
from experiments.runner.progress import Lines
from experiments.store.result import parse_result
from experiments.store.store import Store
from experiments.study.plan import make_plan, select_rows
from experiments.study.profiles import PROFILES
from experiments.tables import TABLES
from gta.cli import duration
from gta.config import to_dict
from tests.support.fake_child import result_of


class Clock:
    def __init__(self):
        self.now = 100.0

    def __call__(self):
        return self.now


@pytest.fixture
def clock():
    return Clock()


def play(outlook, clock, plan, start, rate, end, every=1.0):
    """Carry out all runs one after the other; return the largest relative error of the time left, once measured."""
    whole = sum(start + seconds * rate + end for seconds in plan.values())
    began, errors = clock.now, []

    def look():
        left = whole - (clock.now - began)
        errors.append((clock.now - began, abs(outlook.left() - left) / whole))

    for run_id, seconds in plan.items():
        outlook.started(run_id)
        clock.now += start
        steps = int(seconds * rate / every)
        for step in range(1, steps + 1):
            clock.now += every
            outlook.step(run_id, step, steps)
            look()
        clock.now += end
        outlook.finished(run_id)
        look()
    return errors


@pytest.mark.parametrize(("start", "rate", "end"), [(2, 1.0, 0), (10, 2.0, 5), (5, 0.25, 2), (0, 7.5, 30)])
def test_the_time_left_is_right_from_the_first_minute(clock, start, rate, end):
    plan = {"a": 100.0, "b": 300.0, "c": 52.0, "d": 152.0}
    outlook = Outlook(plan, 1, clock)
    errors = play(outlook, clock, plan, start, rate, end)
    share = sum(start + end for _ in plan) / sum(start + seconds * rate + end for seconds in plan.values())
    assert max(error for at, error in errors if at > start + 10) < share + 0.05  # all but ends that nobody has seen
    assert errors[-1][1] < 1e-6
    assert outlook.left() == 0
    assert str(outlook) == "4/4"


def test_the_plan_speaks_until_something_is_measured(clock):
    outlook = Outlook({"a": 600.0, "b": 600.0}, 1, clock)
    assert str(outlook) == "0/2, ~20 min left"
    outlook.started("a")
    clock.now += 10
    outlook.step("a", 1, 600)
    assert str(outlook).startswith("0/2, ~")
    for step in range(2, 62):
        clock.now += 0.5
        outlook.step("a", step, 600)
    assert str(outlook) == "0/2, 10 min left"  # half of what was planned


def test_runs_at_a_time_share_the_time(clock):
    plan = dict.fromkeys("abcdef", 600.0)
    assert Outlook(plan, 1, clock).left() == pytest.approx(3 * Outlook(plan, 3, clock).left())
    assert Outlook({"a": 600.0, "b": 60.0}, 8, clock).left() == pytest.approx(Outlook({"a": 600.0}, 1, clock).left())


def test_a_failed_and_a_repeated_run(clock):
    outlook = Outlook({"a": 100.0, "b": 100.0}, 1, clock)
    outlook.started("a")
    outlook.finished("a", well=False)
    assert outlook.done == 1
    outlook.started("a")  # another process has given it up
    assert outlook.done == 0
    outlook.step("a", 0, 0)
    assert outlook.left() > 0


def test_a_resumed_run_counts_from_where_it_goes_on(clock):
    outlook = Outlook({"a": 100.0}, 1, clock)
    outlook.started("a")
    clock.now += 5
    outlook.step("a", 80, 100)
    clock.now += 10
    outlook.step("a", 90, 100)
    assert outlook.left() == pytest.approx(10 + END)


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(0, "1 s"), (7.4, "7 s"), (44, "45 s"), (200, "3 min"), (6001, "1 h 40 min"), (400_000, "4 d 15 h")],
)
def test_lengths_of_time(seconds, text):
    assert duration(seconds) == text


# ---------------------------------------------------------------------------------------- in a log
@pytest.fixture
def runs(tmp_path):
    """The longest names that there are."""
    rows = [pair for pair in select_rows(TABLES.values(), None) if PROFILES["tiny-v2"].trains(pair[1])]
    plan = make_plan(rows, PROFILES["tiny-v2"], [0], Store(tmp_path))
    return sorted(plan.values(), key=lambda run: -len(run.label))[:4]


@pytest.fixture
def log(runs):
    stream = io.StringIO()
    lines = Lines(Outlook({run.id: 300.0 for run in runs}, 2), stream)
    return lines, lambda: stream.getvalue().splitlines()


def test_every_line_says_how_long_the_whole_will_take(log, runs, tmp_path, monkeypatch):
    lines, said = log
    monkeypatch.setattr(shown, "SILENCE", -1.0)
    epochs = runs[0].config.train.epochs
    for run in runs[:3]:
        lines.started(run)
        lines.step(run, 1, 100)
        lines.epoch(run, {"epoch": 0, "epochs": 1.0, "val_top1": 10.0, "clips_per_second": 1234.0})
        lines.tick()
    result = parse_result(tmp_path, result_of(to_dict(runs[0].config), runs[0].id))
    lines.finished(runs[0], result)
    lines.failed(runs[1], "x")
    lines.waiting(runs[3])
    assert len(said()) == 3 * 3 + 3
    for line in said():
        assert re.search(r"  \[\d/4, ~?\d+ (s|min) left\]$", line), line
        assert len(line) <= 100
    assert any(f" epoch 1/{epochs}  " in line for line in said())


def test_epochs_are_whole(log, runs):
    lines, said = log
    run = runs[0]
    epochs = run.config.train.epochs
    lines.started(run)
    for point in range(1, 8 * epochs + 1):
        lines.epoch(run, {"epoch": (point - 1) // 8, "epochs": point / 8, "val_top1": 10.0, "clips_per_second": 9.0})
    shown_epochs = [re.search(r"epoch (\S+)  ", line) for line in said()]
    assert [found[1] for found in shown_epochs if found] == [f"{number}/{epochs}" for number in range(1, epochs + 1)]


@pytest.mark.parametrize(("done", "epoch"), [(1, 1), (24, 1), (25, 2), (49, 2), (50, 3), (99, 4), (100, 4)])
def test_the_epoch_that_a_run_is_in(log, runs, monkeypatch, done, epoch):
    lines, said = log
    monkeypatch.setattr(shown, "SILENCE", -1.0)
    lines.started(runs[0])
    lines.step(runs[0], done, 100)
    lines.tick()
    assert f"epoch {epoch}/4, {done} %" in said()[-1]


def test_no_silence_while_runs_train(log, runs, monkeypatch):
    lines, said = log
    now = [1000.0]
    monkeypatch.setattr(shown, "time", SimpleNamespace(monotonic=lambda: now[0], strftime=time.strftime))
    lines.started(runs[0])
    written = [(now[0], len(said()))]
    for _ in range(6000):  # ten minutes in which a run says nothing, as while it scores 30 views
        now[0] += 0.1
        lines.tick()
        written.append((now[0], len(said())))
    times = [at for (at, count), (_, before) in zip(written[1:], written[:-1], strict=True) if count > before]
    assert max(b - a for a, b in zip([1000.0, *times], times, strict=False)) < 30
    assert len(said()) < 40


# ------------------------------------------------------------------------------- before the runs
def test_the_runner_says_at_once_what_it_does_first(tmp_path):
    command = [sys.executable, "-m", "experiments.run", "table_ablation_order", "--profile", "smoke", "--rows", "R2D"]
    command += ["--data", str(tmp_path / "data"), "--results", str(tmp_path / "results"), "--wandb", "disabled"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True) as process:
        said = []
        reader = threading.Thread(target=lambda: said.extend((time.monotonic(), line) for line in process.stdout))
        reader.start()
        assert process.wait(500) == 0
        reader.join()
    text = "".join(line for _, line in said)
    first, second = said[0][1], said[1][1]
    assert "1 distinct run: 1 new" in first
    assert "first the data and the initial weights" in second
    for word in (
        "pre-training the backbone",
        "[0/1, ~",
        "start  ",
        "epoch 1/2",
        "epoch 2/2",
        "done  ",
    ):
        assert word in text
    assert [line for _, line in said if len(line) > 101 and str(tmp_path) not in line] == []


def test_progress_of_what_is_made_first(capsys, monkeypatch):
    from gta import parallel as pool

    now = [0.0]
    monkeypatch.setattr(pool.time, "monotonic", lambda: now[0])
    with pool.showing("drawing clips") as progress:
        for done in range(1, 101):
            now[0] += 1.0
            progress(done, 100)
    lines = capsys.readouterr().err.splitlines()
    assert lines[0] == "drawing clips: 1/100, 99 s left" or lines[0] == "drawing clips: 1/100, 2 min left"
    assert lines[-1] == "drawing clips: 100/100"
    assert 5 < len(lines) < 12


def test_pre_training_says_how_far_it_is():
    from gta.config import PretrainConfig
    from gta.training.pretrain import train_on_stills

    run = PROFILES["smoke"].resolve(TABLES["table_ablation_order"].rows[0], 0)
    seen = []
    small = PretrainConfig(stills=96, batch_size=32)
    train_on_stills(small, run.data.drawing, run.model.backbone, 32, 0, lambda *pair: seen.append(pair))
    assert seen == [(1, 3), (2, 3), (3, 3)]


def test_waiting_for_another_process_is_said(tmp_path, capsys, monkeypatch):
    from gta import parallel

    monkeypatch.setattr(parallel, "INTERVAL", 0.2)
    released = threading.Event()

    def hold():
        with parallel.patient_lock(tmp_path / "lock", "first"):
            started.set()
            released.wait(30)

    started = threading.Event()
    other = threading.Thread(target=hold)
    other.start()
    started.wait(10)
    threading.Timer(0.7, released.set).start()
    with parallel.patient_lock(tmp_path / "lock", "the weights are made", first=0.1):
        pass
    other.join()
    lines = capsys.readouterr().err.splitlines()
    assert len(lines) >= 2
    assert set(lines) == {"waiting for another process: the weights are made"}
