"""Stored runs become W&B runs as live ones are, once each, and are read back from the offline files."""

from __future__ import annotations

import json
import shutil
import sys
from types import SimpleNamespace

import pytest

from experiments.child import wandb_content as content
from experiments.child.labels import labels
from experiments.child.offline_wandb import history, records, summarise
from experiments.store.store import Store
from experiments.study.profiles import PROFILES
from experiments.tables import TABLES
from experiments.upload import tables
from experiments.upload.stored import Target, finished
from experiments.upload.there import Known
from experiments.wandb_upload import build_parser, main
from gta import files
from gta.config import run_from_dict
from tests.conftest import ROOT
from tests.support.uploaded import offline_files

RUN = PROFILES["tiny-v2"].resolve(TABLES["table_main"].rows[0], 1).id
"""A committed run without matrices, whose pictures are drawn fast."""


@pytest.fixture(scope="module")
def results(tmp_path_factory):
    folder = tmp_path_factory.mktemp("results")
    shutil.copytree(ROOT / "results" / "runs" / RUN, folder / "runs" / RUN)
    return folder


@pytest.fixture(scope="module")
def out(results, tmp_path_factory):
    """What one upload of one run has written."""
    folder = tmp_path_factory.mktemp("out")
    assert upload(results, folder, "--artifacts", "scores,passport") == 0
    return folder


def upload(results, out, *options):
    return main(["--results", str(results), "--out", str(out), "--wandb", "offline", *options])


def test_frozen_options():
    names = {name for action in build_parser()._actions for name in action.option_strings if name.startswith("--")}
    assert names == {
        "--help", "--profile", "--results", "--wandb", "--out", "--no-pictures", "--artifacts", "--workspace", "--jobs",
    }  # fmt: skip


def test_a_stored_run_says_what_a_live_one_says(results, out):
    [path] = offline_files(out)[RUN]
    run = summarise(path)
    folder = results / "runs" / RUN
    config = run_from_dict(files.read_json(folder / "config.json"))
    own = labels(config)
    assert (run["id"], run["name"], run["group"], tuple(run["tags"])) == (RUN, own.name, own.group, own.tags)
    assert run["exit"] == 0
    assert {name: run["config"][name] for name in own.config} == own.config
    assert run["config"]["env"] == files.read_json(folder / "env.json")
    assert run["config"]["train"]["lr"] == config.train.lr
    [about] = [record.run for record in records(path) if record.WhichOneof("record_type") == "run"][:1]
    assert (about.job_type, about.notes, about.project) == ("train", own.notes, content.PROJECT)


def test_its_summary_is_the_result(results, out):
    [path] = offline_files(out)[RUN]
    summary, result = summarise(path)["summary"], files.read_json(results / "runs" / RUN / "result.json")
    assert summary["val/top1"] == result["top1"]
    assert summary["val/top1_order"] == result["kinds"]["order"]
    assert summary["params"] == result["params"]
    assert summary[content.RESULT] == content.digest(results / "runs" / RUN / "result.json")


def test_its_curve_is_that_of_metrics_jsonl_at_the_same_times(results, out):
    [path] = offline_files(out)[RUN]
    points = [json.loads(line) for line in (results / "runs" / RUN / "metrics.jsonl").read_text().splitlines()]
    told = [line for line in history(path) if "curve/step" in line]
    assert [(line["_step"], line["_timestamp"]) for line in told] == [(p["step"], p["time"]) for p in points]
    assert [line["curve/val_top1"] for line in told] == [point["val_top1"] for point in points]


def test_its_pictures_and_files_are_there(out):
    [path] = offline_files(out)[RUN]
    pictures = {key.split("/")[1] for line in history(path) for key in line if key.startswith("pictures/")}
    assert pictures == {"curve", "kinds"}
    assert len(list(path.parent.glob("files/media/images/pictures/*.png"))) == 2
    kept = [record.artifact for record in records(path) if record.WhichOneof("record_type") == "artifact"]
    requested = [r.request.log_artifact.artifact for r in records(path) if r.WhichOneof("record_type") == "request"]
    assert {artifact.name for artifact in (*kept, *requested)} >= {f"scores-{RUN}", f"passport-{RUN}"}


def test_the_tables_are_a_run_of_their_own(out):
    [path] = offline_files(out)[tables.run_id("tiny-v2")]
    run = summarise(path)
    assert run["summary"]["measured"] > 0
    shown = {key.split("/")[1] for line in history(path) for key in line if key.startswith("tables/")}
    assert shown == set(run["config"]["tables"]) != set()
    [name] = list(path.parent.glob("files/media/table/tables/*.json"))[:1]
    content_of_table = json.loads(name.read_text())
    top1 = content_of_table["columns"].index("top1")
    assert any(line[top1] == pytest.approx(run_top1(out), abs=1e-5) for line in content_of_table["data"])


def run_top1(out):
    [path] = offline_files(out)[RUN]
    return summarise(path)["summary"]["val/top1"]


def test_a_second_upload_sends_nothing_and_a_changed_result_replaces_the_run(results, out, tmp_path, capsys):
    before = offline_files(out)
    assert upload(results, out) == 0
    assert "1 finished runs, 1 are there already" in capsys.readouterr().out
    assert offline_files(out) == before
    changed = tmp_path / "results"
    shutil.copytree(results / "runs", changed / "runs")
    path = changed / "runs" / RUN / "result.json"
    files.write_json(path, files.read_json(path) | {"finished": "2026-01-01T00:00:00+00:00"})
    copy = tmp_path / "out"
    shutil.copytree(out, copy)
    assert upload(changed, copy, "--no-pictures") == 0
    assert [summarise(found)["summary"][content.RESULT] for found in offline_files(copy)[RUN]] == [content.digest(path)]


def test_what_cannot_be_trusted_is_named_and_left_out(results, tmp_path, capsys):
    shutil.copytree(results / "runs", tmp_path / "runs")
    (tmp_path / "runs" / RUN / "result.json").write_text("{}")
    assert upload(tmp_path, tmp_path / "out") == 2
    assert "left out: " in (said := capsys.readouterr().err)
    assert "holds no finished run" in said


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (["--artifacts", "checkpoints"], "there is no artifact 'checkpoints'; did you mean 'checkpoint'"),
        (["--workspace"], "needs --wandb online"),
        (["--profile", "tinny"], "there is no profile 'tinny'"),
    ],
)
def test_a_mistake_is_one_line(results, tmp_path, capsys, options, words):
    assert upload(results, tmp_path, *options) == 2
    [line] = capsys.readouterr().err.splitlines()
    assert words in line


def test_the_server_is_asked_which_runs_it_has(results, monkeypatch, tmp_path):
    """In place of a server; the names are those of ``wandb.Api``."""
    import wandb

    [digest] = finished(Store(results))[0].values()
    there = [
        SimpleNamespace(id=RUN, state="finished", summary={content.RESULT: digest}),
        SimpleNamespace(id="stopped", state="crashed", summary={content.RESULT: digest}),
    ]
    asked = {}

    class Api:
        default_entity = "lab"

        def projects(self, entity):
            return [SimpleNamespace(name=content.PROJECT)] if entity == "lab" else []

        def runs(self, path, filters, per_page):
            asked.update({path: filters})
            return there

    monkeypatch.setattr(wandb, "Api", Api)
    known = Known(target(results, tmp_path), [RUN, "stopped", "new"])
    assert asked == {f"lab/{content.PROJECT}": {"name": {"$in": [RUN, "stopped", "new"]}}}
    assert [known.has(run_id, digest) for run_id in (RUN, "stopped", "new")] == [True, False, False]
    assert not known.has(RUN, "another result")


def target(results, out):
    return Target(results, out, online=True)


def test_a_workspace_without_its_package_is_refused(monkeypatch):
    from experiments.upload.workspace import build

    monkeypatch.setitem(sys.modules, "wandb_workspaces", None)
    with pytest.raises(Exception, match="needs wandb-workspaces"):
        build("lab", "tiny-v2")


def test_the_workspace_groups_rows_over_seeds():
    pytest.importorskip("wandb_workspaces")
    from experiments.upload.workspace import build

    found = build("lab", "tiny-v2")
    panels = [panel for section in found.sections for panel in section.panels]
    assert {"val/top1"} <= {metric for panel in panels for metric in getattr(panel, "metrics", [])}
    assert {panel.groupby.name for panel in panels if getattr(panel, "groupby", None)} == {"row", "block"}
