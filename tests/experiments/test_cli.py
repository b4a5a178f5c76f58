"""The command line: its options are frozen, its errors are one line, and it answers at once."""

from __future__ import annotations

import subprocess
import sys
from types import SimpleNamespace

import pytest

from experiments.arguments import wandb_mode
from experiments.report import build_parser as report_parser
from experiments.run import build_parser, main
from experiments.study.plan import parse_seeds
from experiments.study.profiles import PROFILES
from gta.errors import UserError

OPTIONS = {
    "--all", "--list", "--profile", "--data", "--seeds", "--rows", "--jobs", "--executor", "--devices", "--nodes",
    "--wandb", "--results", "--dry-run", "--status", "--help", "--precision",
    "--set", "--limit", "--workers", "--accumulate", "--compile", "--keep-best", "--keep-every", "--logger", "--from",
    "--evaluate-only",
}  # fmt: skip
HEAVY = ("torch", "pandas", "pytorch_lightning", "numpy", "rich", "matplotlib", "wandb", "pydantic")


def test_frozen_options():
    actions = build_parser()._actions
    assert {name for action in actions for name in action.option_strings if name.startswith("--")} == OPTIONS
    assert [action.dest for action in actions if not action.option_strings] == ["tables"]


def test_frozen_report_options():
    names = {name for action in report_parser()._actions for name in action.option_strings}
    assert names == {"-h", "--help", "--check", "--profile", "--results", "--run", "--out", "--freeze", "--data"}


@pytest.mark.parametrize("option", ["--help", "--list"])
def test_answers_at_once_without_heavy_imports(option, tmp_path):
    script = f"""
import sys
from experiments.run import main
try:
    main([{option!r}, "--results", {str(tmp_path)!r}][: 1 if {option!r} == "--help" else 3])
except SystemExit as leave:
    assert leave.code == 0
heavy = [name for name in {HEAVY!r} if name in sys.modules]
assert not heavy, heavy
"""
    subprocess.run([sys.executable, "-c", script], check=True, capture_output=True)


def test_list_counts_done_runs(study, capsys):
    study("table_ablation_components", "--rows", "Pixel + Region + CCMH")
    capsys.readouterr()
    assert study("--list") == 0
    out = capsys.readouterr().out
    assert "table_ablation_components" in out
    lines = {line.split()[0]: line for line in out.splitlines() if line}
    assert " 6 rows   1/6 runs done" in lines["table_ablation_components"]
    assert " 6 rows   1/6 runs done" in lines["table_ablation_order"]  # the run is shared
    assert " 2 rows   1/2 runs done" in lines["table_ablation_multihead"]
    assert " 9 rows   0/15 runs done" in lines["table_test_set"]  # three rows have two members, one has four
    assert "1 of 71 distinct runs done" in out


@pytest.mark.parametrize(
    ("arguments", "parts"),
    [
        ([], ["name a table"]),
        (["table_ablation_component"], ["did you mean 'table_ablation_components'"]),
        (["table_ablation_order", "--sed", "3"], ["unknown option --sed", "--seeds"]),
        (["table_ablation_order", "--zzzzzz"], ["unknown option --zzzzzz", "--profile"]),
        (["table_ablation_order", "--profile", "tny"], ["'tiny-v2'"]),
        (["table_main", "--profile", "k400"], ["'k400'", "table_main", "smoke, tiny-v2, ssv1, ssv2"]),
        (["table_main", "--profile", "k400", "--dry-run"], ["profiles that have some: smoke, tiny-v2"]),
        (["table_main", "--profile", "k400", "--status"], ["profiles that have some: smoke, tiny-v2"]),
        (["table_main", "--profile", "k400", "--list"], ["profiles that have some: smoke, tiny-v2"]),
        (["table_kinetics", "--profile", "ssv2"], ["'ssv2'", "table_kinetics", "k400"]),
        (["--all", "--profile", "ssv1", "--rows", "*R101*"], ["'ssv1'", "k400"]),
        (["table_sota", "--rows", "*101*"], ["quoted from other work"]),
        (["table_ablation_order", "--seeds", "0,x"], ["--seeds", "0,1,2"]),
        (["table_ablation_order", "--seeds", "3-1"], ["--seeds"]),
        (["table_ablation_order", "--seeds=-1"], ["--seeds"]),
        (["table_ablation_order", "--rows", "Pixle*"], ["'+ SA + TAPE'"]),
        (["table_ablation_order", "--jobs", "0"], ["--jobs"]),
        (["table_ablation_order", "--executor", "cloud"], ["local", "slurm"]),
        (["table_ablation_order", "--wandb", "online"], ["WANDB_API_KEY"]),
        (["table_ablation_order", "--results", "/proc/nothing"], ["/proc/nothing", "cannot be written"]),
    ],
)
def test_mistakes_are_one_line_and_exit_2(arguments, parts, capsys, monkeypatch, tmp_path):
    monkeypatch.setenv("NETRC", str(tmp_path / "none"))
    monkeypatch.chdir(tmp_path)
    assert main(arguments) == 2
    captured = capsys.readouterr()
    assert captured.out == ""
    assert captured.err.startswith("error: ")
    assert captured.err.count("\n") == 1
    for part in parts:
        assert part in captured.err
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("option", ["--dry-run", "--status", "--list"])
def test_tables_without_rows_for_the_profile_are_named_and_the_others_go_on(option, tmp_path, capsys, monkeypatch):
    monkeypatch.setenv("GTA_WEIGHTS", str(tmp_path))
    for name in ("ResNet50_Weights.IMAGENET1K_V1", "SLOWFAST_8x8_R101", "bLResNet-50"):
        (tmp_path / f"{name}.pth").touch()
    folders = ["--data", str(tmp_path / "data"), "--results", str(tmp_path / "results")]
    assert main(["table_main", "table_kinetics", "--profile", "k400", option, *folders]) == 0
    captured = capsys.readouterr()
    assert captured.err.splitlines()[0] == "left out, without rows for the profile 'k400': table_main"
    assert "kinetics" in captured.out
    assert "10 distinct runs" in captured.out
    assert main(["--all", "--profile", "tiny-v2", option, *folders]) == 0
    assert capsys.readouterr().err == ""


def test_slurm_without_sbatch_is_one_line(study, capsys, monkeypatch):
    monkeypatch.setenv("PATH", "/nothing")
    assert study("table_ablation_order", "--executor", "slurm") == 2
    assert "--executor slurm needs" in capsys.readouterr().err.splitlines()[-1]


def test_a_real_data_set_is_run_on_all_gpus_at_a_time(monkeypatch):
    from experiments.run import _jobs

    def jobs(profile, *options):
        return _jobs(SimpleNamespace(profile=PROFILES[profile]), build_parser().parse_args(["table_main", *options]))

    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "0,1,2,3")
    assert jobs("ssv2") == 4
    assert jobs("ssv2", "--devices", "2") == 2
    assert jobs("ssv2", "--devices", "8") == jobs("ssv2", "--executor", "slurm") == 1
    assert jobs("ssv2", "--jobs", "3") == 3
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "")
    assert jobs("ssv2") == 1


def test_several_nodes_need_slurm(study, capsys):
    assert study("table_ablation_order", "--nodes", "2") == 2
    assert "--nodes 2 needs --executor slurm" in capsys.readouterr().err


def test_seeds():
    assert parse_seeds("0,2,0") == [0, 2]
    assert parse_seeds("0-4") == [0, 1, 2, 3, 4]
    assert parse_seeds("7,1-2") == [7, 1, 2]
    with pytest.raises(UserError, match="--seeds"):
        parse_seeds("")


def test_dry_run_and_status_write_nothing(study, capsys):
    for option in ("--dry-run", "--status"):
        assert study("table_ablation_components", option, "--seeds", "0-1") == 0
        out = capsys.readouterr().out
        assert "12 distinct runs: 12 new" in out
        assert "Pixel + CCMH" in out
        assert max(map(len, out.splitlines())) < 100
    assert not study.results.exists()


def test_the_cost_of_a_real_data_set_is_shown_before_anything_starts(tmp_path, capsys):
    """R2D-50 at 32.70 G multiply-accumulates, 50 epochs: with the official count, and with that of the clips there."""
    arguments = ["table_ablation_order", "--profile", "ssv1", "--rows", "R2D", "--dry-run"]
    arguments += ["--data", str(tmp_path / "data"), "--results", str(tmp_path / "results")]
    assert main(arguments) == 0
    out = capsys.readouterr().out
    header, line, *_, source = out.splitlines()
    assert max(map(len, out.splitlines())) < 100
    assert header.split()[3:7] == ["clips", "steps", "GMACs", "GPU-hours"]
    hours = 2 * 32.70e9 * (3 * 86_017 * 50 + 11_522 * (50 + 1)) / 60e12 / 3600
    assert f"86,017  134,400  32.7   {hours:.0f}" in line
    assert "2 x MACs x (3 x clips x epochs + evaluated clips x views), divided by 6.0e+13 FLOP/s" in " ".join(
        out.split()
    )
    assert "official count" in source

    from tests.experiments.runner.test_preflight import ssv1

    ssv1(tmp_path / "data")
    assert main(arguments) == 0
    _, line, *_, source = capsys.readouterr().out.splitlines()
    assert " 64     100    32.7 " in line
    assert source == f"clips: as listed in {tmp_path / 'data'}"
    assert not (tmp_path / "results").exists()


def test_status_tells_states_and_errors(study, capsys, monkeypatch):
    from experiments.study.profiles import PROFILES
    from experiments.tables import TABLES

    rows = TABLES["table_ablation_components"].rows
    bad = PROFILES["smoke"].resolve(rows[1], 0).id
    monkeypatch.setenv("FAKE_BEHAVIOUR", f'{{"{bad}": "user"}}')
    assert study("table_ablation_components", "--rows", "*CCMH") == 1
    capsys.readouterr()
    assert study("table_ablation_components", "--status") == 0
    lines = {line.split()[0]: line for line in capsys.readouterr().out.splitlines()}
    assert lines[bad].split()[1] == "failed"
    assert "the clip 7.webm is torn" in lines[bad]
    done = lines[PROFILES["smoke"].resolve(rows[0], 0).id]
    assert done.split()[1:4] == ["done", "0", "2/2"]


@pytest.mark.parametrize(
    ("own", "key", "asked", "expected"),
    [
        ("", "", None, "offline"),
        ("", "k", None, "online"),
        ("offline", "k", None, "offline"),
        ("disabled", "k", None, "disabled"),
        ("dryrun", "k", None, "online"),
        ("offline", "k", "online", "online"),
    ],
)
def test_the_mode_of_wandb_is_that_of_the_option_then_of_the_environment(monkeypatch, own, key, asked, expected):
    monkeypatch.setenv("WANDB_MODE", own)
    monkeypatch.setenv("WANDB_API_KEY", key)
    assert wandb_mode(asked) == expected
