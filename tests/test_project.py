"""What the project promises around its code: environment.yml, the two commands, nothing private in tracked files."""

import csv
import hashlib
import json
import re
import subprocess
import tomllib
from pathlib import Path

import pytest
import yaml
from packaging.requirements import Requirement

ROOT = Path(__file__).parent.parent
in_a_clone = pytest.mark.skipif(not (ROOT / ".git").exists(), reason="a source distribution has no history")


CONDA = {"torch": "pytorch", "matplotlib": "matplotlib-base"}
"""Packages that conda-forge calls otherwise."""


def project():
    return tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]


def own(lines):
    """Requirements without those on other extras of this package."""
    return [found for found in map(Requirement, lines) if found.name != project()["name"]]


def test_environment_yml_brings_what_the_study_needs_by_conda():
    """Parsed, not created: conda is not at hand in the tests."""
    content = yaml.safe_load((ROOT / "environment.yml").read_text())
    *packages, pip = content["dependencies"]
    assert pip == {"pip": ["-e .[dev]"]}
    extras = project()["optional-dependencies"]
    needed = own(project()["dependencies"] + extras["video"] + extras["train"] + extras["study"])
    expected = {(CONDA.get(found.name, found.name), str(found.specifier)) for found in needed}
    conda = {(found.name, str(found.specifier)) for found in map(Requirement, packages)}
    assert conda == expected | {("pip", ""), ("python", "<3.14,>=3.11")}
    assert content["channels"] == ["conda-forge", "nodefaults"]


def test_every_bound_is_written_once_and_can_be_read():
    groups = [project()["dependencies"], *project()["optional-dependencies"].values()]
    names = [found.name for group in groups for found in own(group)]
    assert len(names) == len(set(names))
    assert {"torch", "pytorch-lightning", "torchvision", "av", "wandb", "pandas", "rich"} <= set(names)


def test_the_core_is_light_and_dev_has_everything():
    core = {found.name for found in own(project()["dependencies"])}
    assert core == {"torch", "torchvision", "numpy", "pydantic", "safetensors"}
    extras = project()["optional-dependencies"]
    chain = [Requirement(line) for name in ("dev", "study", "train") for line in extras[name][:1]]
    assert [found.extras for found in chain] == [{"study", "onnx"}, {"train"}, {"video"}]


def test_continuous_integration_runs_the_same_script_on_every_python():
    job = yaml.safe_load((ROOT / ".github" / "workflows" / "ci.yml").read_text())["jobs"]["test"]
    assert job["steps"][-1] == {"run": ".ci/run"}
    offered = [line.rpartition(" ")[2] for line in project()["classifiers"] if ":: Python :: 3." in line]
    assert job["strategy"]["matrix"]["python"] == offered == ["3.11", "3.12", "3.13"]


def test_the_citation_is_that_of_the_readme():
    paper = yaml.safe_load((ROOT / "CITATION.cff").read_text())["preferred-citation"]
    readme = (ROOT / "README.md").read_text()
    authors = " and ".join(f"{author['family-names']}, {author['given-names']}" for author in paper["authors"])
    assert authors in readme
    assert paper["title"].replace("GTA", "{GTA}", 1) in readme
    assert paper["url"] == project()["urls"]["Paper"]


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


@in_a_clone
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


def test_the_readme_shows_the_first_of_the_peers():
    page = (ROOT / "results" / "tiny-v2" / "table_peers.md").read_text().partition("## Ranking\n")[2].splitlines()
    lines = [line for line in page if line.startswith("|")][:8]
    assert len(lines) == 8
    assert "\n".join(lines) in (ROOT / "README.md").read_text()


def test_the_readme_shows_the_count_of_the_claims():
    count = (ROOT / "results" / "tiny-v2" / "claims.md").read_text().splitlines()[2].partition(". ")[0] + ".**"
    assert " claims: " in count
    assert count in (ROOT / "README.md").read_text()


def test_the_readme_names_the_contradicted_claims():
    line = (ROOT / "results" / "tiny-v2" / "claims.md").read_text().splitlines()[4]
    assert line.startswith(("Contradicted: ", "No claim is contradicted"))
    assert line in (ROOT / "README.md").read_text().splitlines()


def test_the_log_discusses_every_claim_that_is_contradicted_or_undecided():
    log = (ROOT / "results" / "LOG.md").read_text()
    with (ROOT / "results" / "tiny-v2" / "claims.csv").open() as stream:
        claims = [line["claim"] for line in csv.DictReader(stream) if line["verdict"] in ("contradicted", "undecided")]
    assert claims
    assert [claim for claim in claims if f"**{claim}**" not in log] == []


@in_a_clone
def test_nothing_tracked_names_a_machine():
    """No absolute path of a home or work folder, no host of a package index."""
    command = ["git", "-C", str(ROOT), "grep", "-nIE", r"(/(home|root|work)/|index[-]url|extra[-]index)", "--", "."]
    found = subprocess.run(command, capture_output=True, text=True).stdout.splitlines()
    assert found == []


@in_a_clone
def test_no_link_is_tracked():
    """A link would lead to a folder of one machine."""
    command = ["git", "-C", str(ROOT), "ls-files", "--stage"]
    lines = subprocess.run(command, capture_output=True, text=True, check=True).stdout.splitlines()
    assert lines
    assert [line for line in lines if line.startswith("120000")] == []


def test_the_committed_starts_are_those_of_runs_of_record():
    from experiments.study.profiles import TINY
    from experiments.tables import TABLES
    from gta.training.pretrain import weights_name

    starts = {
        path.name: hashlib.sha256(path.read_bytes()).hexdigest()
        for path in (ROOT / "results" / "starts").glob("*.safetensors")
    }
    recorded = {}
    for seed in range(5):
        run = TINY.resolve(TABLES["table_main"].rows[0], seed)
        env = ROOT / "results" / "runs" / run.id / "env.json"
        if env.exists() and weights_name(run) in starts:
            recorded[weights_name(run)] = json.loads(env.read_text())["pretrained_sha256"]
    assert starts == recorded != {}


@in_a_clone
def test_no_smoke_run_is_among_the_results_of_record():
    runs = list((ROOT / "results" / "runs").glob("*/result.json"))
    command = ["git", "-C", str(ROOT), "ls-files", "results/runs/*/result.json"]
    tracked = subprocess.run(command, capture_output=True, text=True, check=True).stdout.split()
    assert len(tracked) >= 33
    assert {json.loads((ROOT / name).read_text())["profile"] for name in tracked} == {"tiny-v2"}
    assert {path.relative_to(ROOT).as_posix() for path in runs} >= set(tracked)


def test_every_run_of_record_is_of_a_row():
    from experiments.study.profiles import TINY
    from experiments.tables import TABLES

    trained = [member for table in TABLES.values() for row in table.rows if TINY.runs(row) for member in row.trained]
    of_rows = {TINY.resolve(member, seed).id for member in trained for seed in range(5)}
    assert {path.name for path in (ROOT / "results" / "runs").iterdir()} - of_rows == set()
