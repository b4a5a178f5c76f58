"""W&B never costs a run its result or much of its time, and after a resume it holds the whole curve."""

import dataclasses
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from experiments.child import fit
from experiments.child import wandb_content as content
from experiments.child import wandb_mirror as mirror
from experiments.child.callbacks import RunLog
from experiments.child.labels import labels
from experiments.child.offline_wandb import history, records, summarise
from experiments.child.wandb_mirror import Mirror
from experiments.study.profiles import PROFILES, SMOKE
from experiments.tables import TABLES
from gta import files
from gta.config import to_dict
from gta.scoring.scores import read_scores
from tests.support.smoke_run import ROW, start

CONFIG = SMOKE.resolve(ROW, 0)
POINTS = [{"epoch": 0, "step": step, "val_top1": step / 2, "train_loss": 9.0 - step, "time": 1.0} for step in (2, 4, 6)]


@pytest.fixture(autouse=True)
def no_pictures(monkeypatch):
    """They take longer than all the rest; the end-to-end test looks at them."""
    monkeypatch.setattr(content, "pictures", lambda folder: {"pictures/curve": 1})


def core():
    """The process id of the wandb-core that this process has started."""
    children = Path(f"/proc/{os.getpid()}/task").glob("*/children")
    numbers = [number for path in children for number in path.read_text().split()]
    [found] = [int(n) for n in numbers if Path(f"/proc/{n}/comm").read_text().strip() == "wandb-core"]
    return found


def offline_files(folder):
    return sorted(folder.glob("wandb/offline-run-*/run-*.wandb"))


def told(folder):
    """The points that the only offline run of a folder holds, as those of metrics.jsonl are written."""
    [path] = offline_files(folder)
    lines = [{key: value for key, value in line.items() if key.startswith("curve/")} for line in history(path)]
    return [line for line in lines if line]


def points(folder):
    lines = map(json.loads, (folder / "metrics.jsonl").read_text().splitlines())
    return [{f"curve/{key}": value for key, value in line.items() if key not in ("epoch", "time")} for line in lines]


def warnings(text):
    return [line for line in text.splitlines() if line.startswith("warning: ")]


def at_step(number, action):
    """Do ``action`` once, after a step of the training."""
    counted = RunLog.on_train_batch_end

    def batch_end(self, trainer, *rest):
        counted(self, trainer, *rest)
        if trainer.global_step == number:
            action()

    return RunLog, "on_train_batch_end", batch_end


def before(owner, name, action):
    """Do ``action`` before a function of ``owner``."""
    original = getattr(owner, name)

    def with_action(*arguments):
        action()
        return original(*arguments)

    return owner, name, with_action


MOMENTS = {
    "first step": lambda action: at_step(1, action),
    "second epoch": lambda action: at_step(4, action),
    "scoring": lambda action: before(fit, "_score", action),
    "pictures": lambda action: before(content, "pictures", action),
    "end": lambda action: before(Mirror, "__exit__", action),
}


@pytest.mark.parametrize(
    ("moment", "blow"), [*((moment, signal.SIGKILL) for moment in MOMENTS), ("second epoch", signal.SIGSTOP)]
)
def test_a_run_survives_its_wandb_core(ground, whole, tmp_path, monkeypatch, capfd, moment, blow):
    """Killed, it resets the connection; stopped, it lets everybody wait."""

    def strike():
        os.kill(core(), blow)
        monkeypatch.setattr(mirror, "PATIENCE", 1.0)
        monkeypatch.setattr(mirror, "FAREWELL", {True: 1.0, False: 0.5})

    monkeypatch.setattr(*MOMENTS[moment](strike))
    folder = tmp_path / "runs" / ground[2].id
    assert start(ground, folder, "--wandb", "offline") == 0
    assert not (folder / "error.json").exists()
    assert np.array_equal(read_scores(folder / "scores.npz").scores, read_scores(whole / "scores.npz").scores)
    assert files.read_json(folder / "result.json")["top1"] == files.read_json(whole / "result.json")["top1"]
    out, err = capfd.readouterr()
    [warning] = warnings(out)
    assert "W&B is off for the rest of this run" in warning
    assert f"wandb sync {offline_files(folder)[0].parent}" in warning
    assert "Traceback" not in out + err


def interrupt():
    raise KeyboardInterrupt


@pytest.mark.parametrize("moment", ["second epoch", "scoring"])
def test_after_a_resume_the_mirror_holds_every_point(ground, whole, tmp_path, monkeypatch, moment):
    folder = tmp_path / "runs" / ground[2].id
    with monkeypatch.context() as patch:
        patch.setattr(*MOMENTS[moment](interrupt))
        assert start(ground, folder, "--wandb", "offline") == 130
    assert summarise(offline_files(folder)[0])["exit"] == 1
    assert start(ground, folder, "--wandb", "offline") == 0
    assert told(folder) == points(folder)
    assert len(told(folder)) == len(points(whole)) > 3
    result = files.read_json(folder / "result.json")
    assert summarise(offline_files(folder)[0])["summary"]["val/top1"] == result["top1"]


def test_after_a_kill_while_scoring_the_mirror_holds_every_point(ground, tmp_path):
    folder = tmp_path / "runs" / ground[2].id
    data, weights, run = ground
    files.write_json(folder / "config.json", to_dict(run))
    drills = Path(__file__).parents[2] / "support" / "drill_child.py"
    command = [sys.executable, drills, folder, "--data", data, "--pretrained", weights, "--wandb", "offline"]
    environment = os.environ | {"DRILL": "killed while scoring"}
    done = subprocess.run(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, env=environment, timeout=200)
    assert done.returncode == -signal.SIGKILL
    assert start(ground, folder, "--wandb", "offline") == 0
    assert told(folder) == points(folder) != []


def test_files_of_an_earlier_attempt_stay_until_another_one_has_ended_well(tmp_path):
    with Mirror(CONFIG, tmp_path, "offline", labels(CONFIG)) as first:
        first.follow(POINTS[:2])
    [earlier] = offline_files(tmp_path)
    time.sleep(1)  # W&B names its folders by the second
    with Mirror(CONFIG, tmp_path, "offline", labels(CONFIG)) as second:
        os.kill(core(), signal.SIGKILL)
        second.follow(POINTS)
    assert earlier in offline_files(tmp_path)
    time.sleep(1)
    with Mirror(CONFIG, tmp_path, "offline", labels(CONFIG)) as third:
        third.follow(POINTS)
    assert [line["curve/step"] for line in told(tmp_path)] == [2, 4, 6]


@pytest.fixture
def silent_server(socket_enabled):
    """The address of a server that takes every connection and never answers."""
    with socket.socket() as server:
        server.bind(("127.0.0.1", 0))
        server.listen(50)
        yield f"http://127.0.0.1:{server.getsockname()[1]}"


@pytest.fixture
def no_server(silent_server):
    return "http://127.0.0.1:1"


@pytest.mark.enable_socket
@pytest.mark.parametrize("server", ["silent_server", "no_server"])
def test_with_a_dead_network_the_run_is_mirrored_offline(server, request, tmp_path, monkeypatch, capfd):
    monkeypatch.setattr(mirror, "ANSWER", 2.0)
    monkeypatch.setenv("WANDB_API_KEY", "0123456789" * 4)
    monkeypatch.setenv("WANDB_BASE_URL", request.getfixturevalue(server))
    began = time.monotonic()
    with Mirror(CONFIG, tmp_path, "online", labels(CONFIG)) as ours:
        waited = time.monotonic() - began
        ours.follow(POINTS)
    assert waited < mirror.ANSWER + mirror.FAREWELL[False] + 10  # a second start of the service included
    [path] = offline_files(tmp_path)
    [warning] = warnings(capfd.readouterr().out)
    assert f"wandb sync {path.parent}" in warning
    assert [line["curve/step"] for line in told(tmp_path)] == [2, 4, 6]


def test_an_online_run_goes_on_under_its_id_with_the_points_that_the_server_lacks(tmp_path, monkeypatch):
    import wandb

    given, logged = {}, []
    run = SimpleNamespace(
        starting_step=5,  # the server has those up to step 4
        log=lambda metrics, step, commit: logged.append(step),
        define_metric=lambda name, summary: None,
        finish=lambda exit_code: None,
    )
    monkeypatch.setattr(wandb, "init", lambda **options: given.update(options) or run)
    with Mirror(CONFIG, tmp_path, "online", labels(CONFIG)) as ours:
        ours.follow(POINTS[:2])
        ours.follow(POINTS)
        ours.follow(POINTS)
    assert logged == [6]
    assert (given["id"], given["resume"], given["mode"]) == (CONFIG.id, "allow", "online")


@pytest.mark.parametrize("project", ["", "others"])
def test_a_run_lies_where_the_environment_says_and_says_what_it_is(tmp_path, monkeypatch, project):
    monkeypatch.setenv("WANDB_PROJECT", project)
    monkeypatch.setenv("WANDB_ENTITY", "lab")
    with Mirror(CONFIG, tmp_path, "offline", labels(CONFIG, ["table_ablation_components"], [ROW.name])) as ours:
        ours.follow(POINTS)
    [path] = offline_files(tmp_path)
    [run] = [record.run for record in records(path) if record.WhichOneof("record_type") == "run"][:1]
    assert (run.project, run.entity) == (project or content.PROJECT, "lab")
    found = summarise(path)
    assert found["config"]["row"] == ROW.name
    assert found["summary"]["curve/val_top1"] == {"max": 3.0}
    assert found["summary"]["curve/train_loss"] == {"min": 3.0}


def test_the_labels_of_a_run_name_every_table_that_reads_it():
    found = labels(CONFIG, ["table_ablation_order"], ["+ SA + GTA"])
    readers = [
        (table.name, row)
        for table in TABLES.values()
        for row in table.rows
        if row.trained == (row,) and SMOKE.runs(row) and SMOKE.resolve(row, 0).id == CONFIG.id
    ]
    assert found.group == found.config["tables"][0] == "table_ablation_order"
    assert set(found.config["tables"]) == {name for name, _ in readers} <= set(found.tags)
    assert len(found.config["tables"]) > 3
    assert found.config == {
        "row": "+ SA + GTA",
        "tables": found.config["tables"],
        "block": "SA + GTA(pixel+region, ccmh G=8, K=C/8)",
        "backbone": "R2D",
        "seed": 0,
        "paper_top1": dict(readers)["table_ablation_order"].paper["top1"],
    }


def test_a_run_that_no_table_reads_has_labels_too():
    config = dataclasses.replace(CONFIG, train=dataclasses.replace(CONFIG.train, lr=0.123))
    assert labels(config).config["tables"] == []
    assert labels(config).config["paper_top1"] is None
    assert labels(config).config["row"] == labels(config).config["block"]
    assert labels(config).group == config.profile
    assert labels(dataclasses.replace(config, profile="of somebody")).config["tables"] == []


def test_the_paper_number_is_that_of_the_runs_own_data_set():
    row = next(row for row in TABLES["table_main"].rows if row.name == "R2D + GTA")
    for profile, metric in (("ssv1", "top1"), ("ssv2", "v2_top1")):
        found = labels(PROFILES[profile].resolve(row, 1), ["table_main"], [row.name]).config
        assert (found["paper_top1"], found["seed"]) == (row.paper[metric], 1)


def test_a_run_says_what_its_row_is():
    row = next(row for row in TABLES["table_main"].rows if row.name == "R2D + GTA")
    found = labels(PROFILES["ssv1"].resolve(row, 1), ["table_main"], [row.name])
    assert found.job_type == "train"
    assert found.notes.startswith("R2D + GTA of table_main; R2D 8f + SA + GTA(")
    assert found.notes.endswith("; the paper: 50.6 top-1")
    trial = labels(dataclasses.replace(CONFIG, train=dataclasses.replace(CONFIG.train, lr=0.123)))
    assert (trial.job_type, "the paper" in trial.notes) == ("trial", False)


def test_files_are_attached_on_request(whole, tmp_path, monkeypatch):
    monkeypatch.setenv("GTA_WANDB_ARTIFACTS", "scores,passport")
    folder = tmp_path / "runs" / whole.name
    shutil.copytree(whole, folder, ignore=shutil.ignore_patterns("wandb"))
    with Mirror(CONFIG, folder, "offline", labels(CONFIG)) as ours:
        ours.follow(POINTS)
        ours.conclude(folder)
    [path] = offline_files(folder)
    kept = {record.artifact.name for record in records(path) if record.WhichOneof("record_type") == "artifact"}
    requests = (record.request for record in records(path) if record.WhichOneof("record_type") == "request")
    kept |= {request.log_artifact.artifact.name for request in requests}
    assert kept >= {f"scores-{CONFIG.id}", f"passport-{CONFIG.id}"}
    assert f"checkpoint-{CONFIG.id}" not in kept
    assert summarise(path)["summary"][content.RESULT] == content.digest(folder / "result.json")


def test_an_unknown_artifact_is_a_warning(tmp_path, monkeypatch, capfd):
    monkeypatch.setenv("GTA_WANDB_ARTIFACTS", "weights")
    with Mirror(CONFIG, tmp_path, "offline", labels(CONFIG)) as ours:
        ours.follow(POINTS)
    [warning] = warnings(capfd.readouterr().out)
    assert "GTA_WANDB_ARTIFACTS: there is no artifact 'weights'" in warning
