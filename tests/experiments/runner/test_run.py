"""The study as a whole, with a stand-in for training: exit codes, failures, interruptions, and going on."""

from __future__ import annotations

import importlib.util
import json
import os
import shutil
import signal
import subprocess
import sys
import time

import pytest

from experiments.runner.local import LocalExecutor
from experiments.store.store import State, Store
from experiments.study.plan import PlannedRun
from experiments.study.profiles import PROFILES
from experiments.tables import TABLES

NAME = "table_ablation_components"
SMOKE = PROFILES["smoke"]
IDS = [SMOKE.resolve(row, 0).id for row in TABLES[NAME].rows]

DRIVER = """
import sys, types
stub = types.ModuleType("experiments.runner.prepare")
stub.prepare = lambda runs, data, results, say: {}
sys.modules["experiments.runner.prepare"] = stub
import experiments.runner.launch
experiments.runner.launch.COMMAND = (sys.executable, "-m", "tests.support.fake_child")
from experiments.run import main
code = main()
print("torch" in sys.modules, file=sys.stderr)
sys.exit(code)
"""


def _slurm_answers() -> bool:
    if shutil.which("sinfo") is None or importlib.util.find_spec("submitit") is None:
        return False
    return subprocess.run(["sinfo", "--noheader"], capture_output=True, timeout=20, check=False).returncode == 0


def driver(results, *arguments, **environment):
    """Start the command line in a process of its own, as a user does."""
    command = [sys.executable, "-c", DRIVER, NAME, "--profile", "smoke", "--results", str(results), *arguments]
    return subprocess.Popen(
        command, env={**os.environ, **environment}, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )


def calls(results, run_id):
    path = results / "runs" / run_id / "calls"
    return [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []


def test_all_rows_done(study, capsys):
    assert study(NAME) == 0
    out = capsys.readouterr().out
    assert "6 rows x 1 seed, 6 distinct runs: 6 new" in out
    assert out.count("start ") == 6
    assert out.count("done ") == 6
    assert out.count("epoch 1/2  ") == out.count("epoch 2/2  ") == 6
    assert "[6/6]" in out
    assert "Top-1 in percent, seed 0; Δ to Pixel + Region + CCMH" in out
    folder = study.results / "smoke"
    pictures = {f"{NAME}{kind}.{suffix}" for kind in ("", "_curves") for suffix in ("png", "svg")}
    assert {path.name for path in folder.iterdir()} == {f"{NAME}.{text}" for text in ("md", "csv", "tex")} | pictures
    assert str(folder / f"{NAME}.md") in out


def test_all_tables_make_the_report_over_them(study, capsys):
    assert study("--all", "--wandb", "disabled") == 0
    out, folder = capsys.readouterr().out, study.results / "smoke"
    assert {f"{name}.md" for name in TABLES} <= {path.name for path in folder.iterdir()}
    assert "smoke: not a result" in (folder / "claims.md").read_text()
    assert (folder / "tradeoff.png").exists()
    assert str(folder / "report.html") in out
    page = (folder / "report.html").read_text()
    (folder / "report.html").unlink()
    assert study("--all", "--rows", "R2D*") == 0
    assert not (folder / "report.html").exists()
    assert study("--all") == 0
    assert (folder / "report.html").read_text() == page


def test_the_second_call_trains_nothing_and_does_not_load_torch(study, tmp_path):
    assert study(NAME) == 0
    process = driver(study.results)
    out, err = process.communicate()
    assert process.returncode == 0
    assert "6 done" in out
    assert err.splitlines()[-1] == "False"
    assert all(len(calls(study.results, run_id)) == 1 for run_id in IDS)


def test_children_get_their_options(study):
    assert study(NAME, "table_ablation_order", "--rows", "*", "--jobs", "2", "--wandb", "disabled") == 0
    (call,) = calls(study.results, IDS[0])
    assert call["wandb"] == "disabled"
    assert call["table"] == [NAME, "table_ablation_order"]
    assert call["omp"] == call["threads"]
    assert int(call["threads"]) == max(1, len(os.sched_getaffinity(0)) // 2)
    assert call["pretrained"] is None


@pytest.mark.parametrize(
    ("behaviour", "message"),
    [
        ("user", "the clip 7.webm is torn"),
        ("bug", "the clip 7.webm is torn"),
        ("killed", "killed by SIGKILL, perhaps out of memory; what helps: GTA_ACCUMULATE=2 (8 clips at once"),
        ("aborted", "killed by SIGABRT, perhaps out of memory; what helps: GTA_ACCUMULATE=2 (8 clips at once"),
        ("empty", "exit code 0 without a result"),
    ],
)
def test_a_failing_row_leaves_the_others_alone(study, capsys, monkeypatch, behaviour, message):
    monkeypatch.setenv("FAKE_BEHAVIOUR", json.dumps({IDS[2]: behaviour}))
    assert study(NAME) == 1
    captured = capsys.readouterr()
    assert message in captured.err
    assert IDS[2] in captured.err
    store = Store(study.results)
    assert [store.state(run_id) for run_id in IDS] == [State.DONE] * 2 + [State.FAILED] + [State.DONE] * 3
    page = (study.results / "smoke" / f"{NAME}.md").read_text()
    assert f"† Region + CCMH, seed 0: {message}" in page

    monkeypatch.delenv("FAKE_BEHAVIOUR")
    assert study(NAME) == 0
    assert "5 done, 1 failed before, to try again" in capsys.readouterr().out
    assert [len(calls(study.results, run_id)) for run_id in IDS] == [1, 1, 2, 1, 1, 1]
    assert "†" not in (study.results / "smoke" / f"{NAME}.md").read_text().replace("† a run failed", "")


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_interrupted_then_continued(study, number, code):
    behaviour = json.dumps({IDS[1]: "slow", IDS[4]: "slow"})
    process = driver(study.results, "--jobs", "1", FAKE_BEHAVIOUR=behaviour)
    started = study.results / "runs" / IDS[1] / "up"
    deadline = time.monotonic() + 60
    while not started.exists() and time.monotonic() < deadline:
        time.sleep(0.05)
    assert Store(study.results).state(IDS[1]) is State.RUNNING
    process.send_signal(number)
    _, err = process.communicate(timeout=30)
    assert process.returncode == code
    assert "interrupted: 1 run done, 5 left; resume with: python -m experiments.run table_ablation_components" in err
    assert "Traceback" not in err
    store = Store(study.results)
    assert [store.state(run_id) for run_id in IDS[:3]] == [State.DONE, State.RESUME, State.NEW]
    assert study(NAME) == 0
    assert [len(calls(study.results, run_id)) for run_id in IDS] == [1, 2, 1, 1, 1, 1]


def test_a_child_that_does_not_stop_is_killed_at_the_second_signal(study):
    process = driver(study.results, "--jobs", "1", FAKE_BEHAVIOUR=json.dumps({"*": "stubborn"}))
    started = study.results / "runs" / IDS[0] / "up"
    deadline = time.monotonic() + 60
    while not started.exists() and time.monotonic() < deadline:
        time.sleep(0.05)
    process.send_signal(signal.SIGINT)
    time.sleep(1)
    assert process.poll() is None
    process.send_signal(signal.SIGINT)
    process.communicate(timeout=8)
    assert process.returncode == 130
    assert Store(study.results).state(IDS[0]) is State.RESUME


def test_a_run_trained_by_another_process_is_waited_for(study):
    first = driver(study.results, "--rows", "Pixel + CCMH", FAKE_BEHAVIOUR=json.dumps({"*": "slow"}))
    started = study.results / "runs" / IDS[1] / "up"
    deadline = time.monotonic() + 60
    while not started.exists() and time.monotonic() < deadline:
        time.sleep(0.05)
    second = driver(study.results)
    while not (study.results / "runs" / IDS[5] / "result.json").exists() and time.monotonic() < deadline:
        time.sleep(0.05)
    assert second.poll() is None  # waits for the one that the first process trains
    first.send_signal(signal.SIGTERM)
    assert first.wait(30) == 143
    out, _ = second.communicate(timeout=60)
    assert second.returncode == 0
    assert "another process is training it" in out
    assert len(calls(study.results, IDS[1])) == 2


def test_a_run_that_another_process_finished_meanwhile_is_not_run_again(study, monkeypatch):
    from experiments.study import plan

    assert study(NAME, "--rows", "Pixel + CCMH") == 0
    monkeypatch.setattr(plan, "PlannedRun", lambda config, state: PlannedRun(config, State.NEW))
    assert study(NAME, "--rows", "Pixel + CCMH") == 0
    assert len(calls(study.results, IDS[1])) == 1


def test_slots_have_their_own_gpus(monkeypatch):
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "2,5,7")
    executor = LocalExecutor(4, 1)
    assert [executor.environment(slot)["CUDA_VISIBLE_DEVICES"] for slot in range(4)] == ["2", "5", "7", "2"]
    assert LocalExecutor(1, 1, devices=2).environment(0) == {"CUDA_VISIBLE_DEVICES": "2,5"}
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "")
    assert LocalExecutor(2, 1).environment(1) == {}


@pytest.mark.skipif(not _slurm_answers(), reason="needs a Slurm controller and submitit")
def test_an_array_of_slurm_jobs(study, capsys, monkeypatch):
    monkeypatch.setenv("FAKE_BEHAVIOUR", json.dumps({IDS[0]: "killed", IDS[1]: "user"}))
    assert study(NAME, "--executor", "slurm", "--jobs", "2") == 1
    err = capsys.readouterr().err
    assert "killed by SIGKILL" in err
    assert "the clip 7.webm is torn" in err
    store = Store(study.results)
    assert [store.state(run_id) for run_id in IDS] == [State.FAILED] * 2 + [State.DONE] * 4


def test_a_foreign_result_is_named_and_trained_again(study, capsys):
    assert study(NAME) == 0
    path = study.results / "runs" / IDS[0] / "result.json"
    path.write_text(path.read_text()[:100])
    capsys.readouterr()
    assert study(NAME) == 0
    captured = capsys.readouterr()
    assert "warning:" in captured.err
    assert "5 done, 1 new" in captured.out
    assert len(calls(study.results, IDS[0])) == 2


def test_progress_is_read_from_the_log_and_the_metrics(tmp_path):
    from experiments.runner.watch import Watch
    from experiments.study.plan import make_plan, select_rows

    (run,) = make_plan(select_rows([TABLES[NAME]], "Pixel"), SMOKE, [0], Store(tmp_path)).values()
    (tmp_path / "log.txt").write_text("progress 1 9\n")
    seen = []

    class Recorder:
        def step(self, run, done, total):
            seen.append((done, total))

        def epoch(self, run, metrics):
            seen.append(metrics["val_top1"])

    watch = Watch(run, tmp_path)
    watch.report(Recorder())
    assert seen == []  # what an earlier attempt wrote
    with (tmp_path / "log.txt").open("a") as stream:
        stream.write("progress 2 9\nsome warning\nprogress 3 9\nprogress 4")
    (tmp_path / "metrics.jsonl").write_text('{"epoch": 0, "val_top1": 12.5}\n{"epoch": 1')
    watch.report(Recorder())
    assert seen == [12.5, (3, 9)]


def test_bars_on_a_terminal(tmp_path, monkeypatch):
    """The rich display takes every event in every order without an error."""
    from experiments.runner.outlook import Outlook
    from experiments.runner.progress import Bars
    from experiments.store.result import parse_result
    from experiments.study.plan import make_plan, select_rows
    from gta.config import to_dict
    from tests.support.fake_child import result_of

    (run,) = make_plan(select_rows([TABLES[NAME]], "Pixel"), SMOKE, [0], Store(tmp_path)).values()
    bars = Bars(Outlook({run.id: 60.0}, 1))
    try:
        bars.waiting(run)
        bars.started(run)
        bars.step(run, 1, 4)
        bars.epoch(run, {"epoch": 0, "val_top1": 10.0, "clips_per_second": 99.0})
        bars.tick()
        bars.failed(run, "a [bold] message")
        bars.started(run)
        bars.finished(run, parse_result(tmp_path, result_of(to_dict(run.config), run.id)))
    finally:
        bars.close()


def test_weights_of_record_are_taken_before_any_are_made(tmp_path, monkeypatch):
    from experiments.runner import prepare
    from experiments.study.profiles import SMOKE
    from experiments.study.rows import Row
    from gta.training.pretrain import weights_name

    run, said = SMOKE.resolve(Row("R2D"), 0), []
    monkeypatch.setattr(prepare, "STARTS", tmp_path / "starts")
    monkeypatch.setattr(prepare, "ensure_pretrained", lambda run, folder, say: folder / weights_name(run))
    (tmp_path / "starts").mkdir()
    (tmp_path / "starts" / weights_name(run)).write_bytes(b"of record")
    for _ in range(2):
        found = prepare._prepare_weights([run], tmp_path / "pretrained", said.append)
        assert found[run.id].read_bytes() == b"of record"
    assert said == [f"the backbone starts from the weights of record, {weights_name(run)}"]
    found[run.id].write_bytes(b"their own")
    assert prepare._prepare_weights([run], tmp_path / "pretrained", said.append)[run.id].read_bytes() == b"their own"
