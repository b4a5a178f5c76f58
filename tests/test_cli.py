"""What all commands share: names that begin with a dash, readers that leave, terminals that know few letters."""

import ast
import dataclasses
import importlib
import importlib.util
import os
import re
import shlex
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from gta.cli import Parser, command, parse
from gta.errors import UserError

ROOT = Path(__file__).parent.parent
COMMANDS = {
    "experiments.run": ["--list"],
    "experiments.report": ["table_main", "--profile", "tiny-v2", "--check"],
    "experiments.flops": ["table_main"],
    "experiments.tune": ["--help"],
    "experiments.probes": ["--help"],
    "gta.predict": ["--help"],
    "gta.data.check": ["--help"],
    "gta.data.prepare": ["--help"],
    "gta.data.tools.contact_sheet": ["--help"],
}
"""Every command with arguments under which it prints something and writes nothing."""
TWO_PATHS = {
    "gta.predict": ["--run", "0", "--", "-a.mp4"],
    "gta.data.check": ["--", "-a"],
    "gta.data.prepare": ["extract", "--", "-a", "-b"],
    "gta.data.tools.contact_sheet": ["smoke", "--", "-a.png"],
}
PLAIN = {"PYTHONIOENCODING": "ascii", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0", "LC_ALL": "C"}


def start(module, *arguments, **options):
    options = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "cwd": ROOT, **options}
    return subprocess.Popen([sys.executable, "-m", module, *map(str, arguments)], **options)


def parser():
    made = Parser("x", "y")
    made.add_argument("paths", type=Path, nargs="*")
    made.add_argument("--out", type=Path)
    return made


@pytest.mark.parametrize(
    ("given", "paths"),
    [
        (["--", "-a.mp4"], ["-a.mp4"]),
        (["b.mp4", "--out", "c", "--", "-a.mp4", "--out", "--"], ["b.mp4", "-a.mp4", "--out", "--"]),
        (["b.mp4", "--out=-c"], ["b.mp4"]),
    ],
)
def test_what_follows_two_dashes_is_a_name(given, paths):
    found = parse(parser(), given)
    assert found.paths == [Path(path) for path in paths]
    assert found.out in (None, Path("c"), Path("-c"))


@pytest.mark.parametrize(
    ("given", "message"),
    [
        (["-a.mp4"], "a name that begins with - stands after --"),
        (["--out", "-c"], "a value that begins with - is written --option=-value"),
    ],
)
def test_a_name_with_a_dash_in_the_wrong_place_is_told_where_to_stand(given, message):
    with pytest.raises(UserError, match=re.escape(message)):
        parse(parser(), given)


@pytest.mark.parametrize("module", TWO_PATHS)
def test_every_command_takes_a_path_that_begins_with_a_dash(module, tmp_path, monkeypatch, capsys):
    """None of the paths can be used, and the message names it: it was not taken for an option."""
    monkeypatch.chdir(tmp_path)
    Path("-a.mp4").touch()
    Path("-b").touch()
    Path("-a.png").mkdir()
    assert importlib.import_module(module).main(TWO_PATHS[module]) == 2
    line = capsys.readouterr().err.splitlines()[-1]
    assert "option" not in line
    assert re.search(r"-a|holds no run|clip", line)


@pytest.mark.parametrize("module", COMMANDS)
def test_a_reader_that_leaves_ends_a_command_without_a_word(module):
    child = start(module, *COMMANDS[module], env={**os.environ, "PYTHONUNBUFFERED": ""})
    child.stdout.close()
    assert child.stderr.read() == b""
    assert child.wait() == 141


@pytest.mark.parametrize("streams", ["1", "2", "12", "012"])
def test_closed_streams_cost_nothing(streams, tmp_path):
    closing = " ".join(f"{number}>&-" for number in streams)
    called = shlex.join([sys.executable, "-m", "gta.data.prepare", "smoke", "--data", str(tmp_path / "no" / "file")])
    script = f"{called} {closing}"
    (tmp_path / "no").touch()
    done = subprocess.run(["sh", "-c", script], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert done.stderr.count("\n") == ("2" not in streams)


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="the system has no full device")
def test_output_on_a_full_disk_is_one_line():
    with open("/dev/full", "w") as full:
        child = start("experiments.run", "--list", stdout=full)
        assert child.stderr.read().decode().splitlines() == [
            "error: the output cannot be written: No space left on device"
        ]
        assert child.wait() == 2


@pytest.mark.parametrize("surroundings", [{"PYTHONIOENCODING": "ascii"}, {"PYTHONIOENCODING": "latin-1"}, PLAIN])
def test_a_terminal_that_knows_few_letters_shows_what_it_can(surroundings, tmp_path):
    script = (
        "import sys\nfrom gta.cli import command\n@command\ndef main():\n    print('± Δ \\udcff é')\n    return 0\n"
    )
    (tmp_path / "shown.py").write_text(f"{script}sys.exit(main())", "utf-8")
    done = subprocess.run(
        [sys.executable, tmp_path / "shown.py"],
        cwd=ROOT,
        env={**os.environ, **surroundings},
        capture_output=True,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, b"")
    assert b"delta" in done.stdout
    assert b"udcff" in done.stdout or b"\xff" in done.stdout


def test_tables_are_printed_on_a_terminal_that_knows_few_letters():
    child = start("experiments.flops", "table_nl_variants", env={**os.environ, **PLAIN})
    out, err = child.communicate()
    assert (child.returncode, err) == (0, b"")
    assert out.isascii()


def test_an_interrupted_command_says_so_in_one_line():
    script = "import sys, time\nfrom gta.cli import command\n@command\ndef main():\n    print('up', flush=True)\n"
    script += "    time.sleep(60)\nsys.exit(main())"
    child = subprocess.Popen(
        [sys.executable, "-c", script],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.default_int_handler),  # ignored where tests run with &
    )
    assert child.stdout.readline() == "up\n"
    child.send_signal(signal.SIGINT)
    out, err = child.communicate()
    assert (out, err, child.returncode) == ("", "interrupted\n", 130)


def test_other_errors_keep_their_traceback():
    @command
    def main():
        raise OSError(5, "a disk that is broken", "/some/file")

    with pytest.raises(OSError, match="broken"):
        main()


# ------------------------------------------------------------------------- what messages advise
SOURCES = sorted(path for folder in ("gta", "experiments") for path in (ROOT / folder).rglob("*.py"))
FOREIGN = {
    "--states",
    "--list-gpus",
    "--noheader",
    "--array",
    "--format",
    "--me",
    "--others",
    "--exclude-standard",
    "--is-shallow-repository",
    "--option",
    "--jobs",
}
"""Options of other programs, the word for any option, and the example of a count that several commands share."""


def texts(path):
    """Every text of a module that a message may be made of; docstrings too, as they stand in the help."""
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            yield node.value


def options_of(path):
    """The options that a module defines."""
    tree = ast.parse(path.read_text("utf-8"))
    calls = [node for node in ast.walk(tree) if isinstance(node, ast.Call)]
    compared = [part for node in ast.walk(tree) if isinstance(node, ast.Compare) for part in node.comparators]
    given = [arg for call in calls for arg in call.args] + compared
    names = [part.value for part in given if isinstance(part, ast.Constant)]
    return {name for name in names if isinstance(name, str) and re.fullmatch(r"--[a-z-]+", name)} | {"--help"}


DOORS = [path for path in SOURCES if path.parent.name == "experiments"]
STUDY = set().union(*map(options_of, [*DOORS, ROOT / "experiments" / "runner" / "child_options.py"]))


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: str(path.relative_to(ROOT)))
def test_messages_name_options_and_commands_that_exist(path):
    """A library module is called by several commands and names no option; a command names its own."""
    known = STUDY if path.is_relative_to(ROOT / "experiments") else options_of(path)
    for text in texts(path):
        advised = set(re.findall(r"(?<![\w-])--[a-z][a-z-]+", text))
        assert advised <= known | FOREIGN, text
        for module in re.findall(r"python -m ([\w.]+)", text):
            assert importlib.util.find_spec(module.rstrip(".")) is not None, text


def test_a_message_about_a_folder_that_is_not_there_fits_every_command(capsys):
    from gta.data.check import main

    assert main(["/nonexistent"]) == 2
    assert capsys.readouterr().err == "error: /nonexistent is not a folder; give the folder that holds the data set\n"


@pytest.mark.parametrize("profile", ["ssv1", "ssv2", "k400"])
def test_probes_of_a_real_data_set_are_refused_before_anything_is_read(profile, tmp_path, capsys):
    arguments = ["--profile", profile, "--data", str(tmp_path), "--work", str(tmp_path / "work")]
    assert importlib.import_module("experiments.probes").main(arguments) == 2
    assert f"profile {profile!r} is of a real data set; trials are evaluated" in capsys.readouterr().err
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("module", ["experiments.run", "experiments.report", "experiments.tune", "gta.predict"])
def test_a_results_folder_that_is_a_file(module, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "file").write_text("text")
    (tmp_path / "a.mp4").touch()
    given = {
        "experiments.run": ["table_main", "--profile", "smoke", "--results", "file"],
        "experiments.report": ["--results", "file"],
        "experiments.tune": ["--profile", "smoke", "--families", "r2d", "--work", "file"],
        "gta.predict": ["a.mp4", "--run", "x", "--results", "file"],
    }
    assert importlib.import_module(module).main(given[module]) == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert "file" in line
    assert (tmp_path / "file").read_text() == "text"


def test_paths_given_to_a_training_process_are_never_options(tmp_path):
    from experiments.runner.child_options import ChildOptions, read_child_options
    from experiments.store.store import State
    from experiments.study.plan import PlannedRun
    from experiments.study.profiles import SMOKE
    from experiments.study.rows import Row

    run = PlannedRun(SMOKE.resolve(Row("R2D"), 0), State.NEW, [("table_main", "R2D")])
    folder = Path("-results") / "runs" / run.id
    given = ChildOptions(
        folder, Path("-data"), "offline", tuple(run.tables), ("a", "b c"), devices=2, nodes=3, threads=4, workers=0
    )
    given = dataclasses.replace(given, precision="bf16-mixed", pretrained=Path("-p.safetensors"))
    assert read_child_options(given.arguments()) == given
    plain = ChildOptions(folder, Path("-data"))
    assert read_child_options(plain.arguments()) == plain


def test_an_interrupt_while_trials_are_prepared_ends_in_130(tmp_path, monkeypatch):
    import experiments.runner.prepare
    from experiments.study.profiles import SMOKE
    from experiments.trials import run_trials
    from experiments.tune import trials

    def interrupt(*_):
        os.kill(os.getpid(), signal.SIGINT)
        time.sleep(5)

    monkeypatch.setattr(experiments.runner.prepare, "prepare", interrupt)
    assert run_trials(trials(SMOKE, ["r2d"])[:1], tmp_path / "work", tmp_path) == 130


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["--all", "table_main"], "--all is every table: leave it out, or table_main"),
        (["--evaluate-only", "--from", "x", "--dry-run"], "no table, --dry-run or --status"),
    ],
)
def test_options_that_contradict_each_other_are_refused(arguments, says, capsys):
    from experiments.run import main

    assert main(arguments) == 2
    assert says in capsys.readouterr().err


def test_a_dry_run_names_what_is_wrong_with_own_lists_and_goes_on(tmp_path, capsys):
    from experiments.run import main

    (tmp_path / "list.csv").write_text("path,label,split\n" + "".join(f"{n}.mp4,{n % 2},train\n" for n in range(9)))
    for number in range(9):
        (tmp_path / f"{number}.mp4").touch()
    places = ["--profile", "folder", "--data", str(tmp_path), "--results", str(tmp_path / "mine")]
    assert main(["table_main", "--rows", "R2D", "--dry-run", "--set", "train.batch_size=2", *places]) == 2
    assert "validation" in capsys.readouterr().err
