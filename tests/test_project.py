"""What the project promises around its code: environment.yml, the two commands, nothing private in tracked files."""

import csv
import json
import re
import subprocess
import tomllib
from pathlib import Path

import pytest
import yaml
from packaging.requirements import Requirement

ROOT = Path(__file__).parent.parent


def test_environment_yml_installs_the_project():
    """Parsed, not created: conda is not at hand in the tests."""
    content = yaml.safe_load((ROOT / "environment.yml").read_text())
    python, pip, extra = content["dependencies"]
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    assert python == f"python{project['requires-python']}"
    assert (pip, extra) == ("pip", {"pip": ["-e .[dev]"]})
    assert "dev" in project["optional-dependencies"]


def test_every_bound_is_written_once_and_can_be_read():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    groups = [project["dependencies"], *project["optional-dependencies"].values()]
    names = [Requirement(line).name for group in groups for line in group]
    assert len(names) == len(set(names))
    assert {"torch", "pytorch-lightning", "torchvision", "av", "wandb", "pandas", "rich"} <= set(names)


@pytest.mark.parametrize("command", ["make reproduce", "make test"])
def test_the_readme_names_the_two_commands(command):
    assert command in (ROOT / "README.md").read_text()
    target = command.split()[1]
    assert re.search(rf"^{target}:", (ROOT / "Makefile").read_text(), re.MULTILINE)


def test_links_in_the_documents_lead_somewhere():
    for document in (*ROOT.glob("*.md"), *ROOT.glob("docs/*.md"), *ROOT.glob("results/*.md")):
        name = document.relative_to(ROOT)
        for target in re.findall(r"\]\((?!https?://|#)([^)#]+)", document.read_text()):
            assert (document.parent / target).exists(), f"{name} links to {target}"


def test_the_readme_is_short():
    words = [word for word in (ROOT / "README.md").read_text().split() if re.search(r"\w", word)]
    assert len(words) <= 900  # the bars of its table are no words


def test_results_of_record_are_small():
    command = ["git", "-C", str(ROOT), "ls-files", "-z", "results"]
    listed = subprocess.run(command, capture_output=True, text=True, check=True).stdout.split("\0")
    assert sum((ROOT / name).stat().st_size for name in listed if name) < 30 * 2**20


@pytest.mark.parametrize("table", ["table_ablation_order"])
def test_the_readme_shows_the_tables_of_record(table):
    """Line by line, so that no number in the README is edited by hand."""
    page = (ROOT / "results" / "tiny-v2" / f"{table}.md").read_text().splitlines()
    first = next(number for number, line in enumerate(page) if line.startswith("|"))
    lines = [line for line in page[first : first + 8] if line.startswith("|")]
    assert len(lines) == 8
    assert "\n".join(lines) in (ROOT / "README.md").read_text()


def test_the_readme_shows_the_count_of_the_claims():
    count = (ROOT / "results" / "tiny-v2" / "claims.md").read_text().splitlines()[2]
    assert " claims: " in count
    assert count in (ROOT / "README.md").read_text()


def test_the_readme_names_the_contradicted_claims():
    line = (ROOT / "results" / "tiny-v2" / "claims.md").read_text().splitlines()[4]
    assert line.startswith(("Contradicted: ", "No claim is contradicted"))
    assert line in (ROOT / "README.md").read_text().splitlines()


def test_the_log_discusses_every_claim_that_is_contradicted_or_undecided():
    log = (ROOT / "results" / "LOG.md").read_text()
    with (ROOT / "results" / "tiny" / "claims.csv").open() as stream:
        claims = [line["claim"] for line in csv.DictReader(stream) if line["verdict"] in ("contradicted", "undecided")]
    assert claims
    assert [claim for claim in claims if f"**{claim}**" not in log] == []


def test_nothing_tracked_names_a_machine():
    """No absolute path of a home or work folder, no host of a package index."""
    command = ["git", "-C", str(ROOT), "grep", "-nIE", r"(/(home|root|work)/|index[-]url|extra[-]index)", "--", "."]
    found = subprocess.run(command, capture_output=True, text=True).stdout.splitlines()
    assert found == []


def test_no_link_is_tracked():
    """A link would lead to a folder of one machine."""
    command = ["git", "-C", str(ROOT), "ls-files", "--stage"]
    lines = subprocess.run(command, capture_output=True, text=True, check=True).stdout.splitlines()
    assert lines
    assert [line for line in lines if line.startswith("120000")] == []


def test_no_smoke_run_is_among_the_results_of_record():
    runs = list((ROOT / "results" / "runs").glob("*/result.json"))
    command = ["git", "-C", str(ROOT), "ls-files", "results/runs/*/result.json"]
    tracked = subprocess.run(command, capture_output=True, text=True, check=True).stdout.split()
    assert len(tracked) >= 33
    assert {json.loads((ROOT / name).read_text())["profile"] for name in tracked} <= {"tiny", "tiny-v2"}
    assert {path.relative_to(ROOT).as_posix() for path in runs} >= set(tracked)
