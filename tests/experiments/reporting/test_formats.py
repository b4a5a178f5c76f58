"""The report's formats: LaTeX that compiles, HTML that loads nothing, pictures that can be compared."""

from __future__ import annotations

import dataclasses
import re
import shutil
import subprocess
import xml.etree.ElementTree as ElementTree
from html.parser import HTMLParser
from urllib.parse import unquote

import numpy as np
import pytest

from experiments.report import main
from experiments.reporting.files import read_study, whole_files, write_one, write_whole
from experiments.reporting.pages.frames import formatted_frame, parts
from experiments.reporting.pages.latex import document, escape, latex_table
from experiments.reporting.pictures.distinct import distinct_rows
from experiments.reporting.pictures.gallery import table_pictures, whole_pictures
from experiments.reporting.pictures.marks import backbone_of, block_of
from experiments.reporting.pictures.matrices import draw_matrices, read_matrices
from experiments.store.store import Store
from experiments.study.profiles import PROFILES
from experiments.tables import TABLES
from gta.explain.looks import Looks, write_looks
from tests.support import fake_scores

TINY = PROFILES["tiny-v2"]
NAMES = ("table_main", "table_sota", "table_ablation_groups", "table_ablation_regions")
VOID = {"meta", "br", "img", "!doctype"}


@pytest.fixture(scope="module")
def store(tmp_path_factory):
    """Two seeds of the rows of some tables."""
    store = Store(tmp_path_factory.mktemp("results"))
    for number, name in enumerate(NAMES):
        for place, row in enumerate(TABLES[name].rows):
            for seed in range(2) if not row.members and row.trained else ():
                folder = store.prepare(TINY.resolve(row, seed))
                if not (folder / "result.json").exists():
                    fake_scores.finish(folder, 0.5 + 0.02 * place, 100 * number + 10 * place + seed)
    return store


@pytest.fixture(scope="module")
def study(store):
    return read_study(list(TABLES.values()), TINY, store)


@pytest.fixture(scope="module")
def written(study, store):
    """The folder of a whole report."""
    for read in study:
        if read.table.name in NAMES:
            write_one(read, store)
    write_whole(study, store)
    return store.results / "tiny-v2"


class Checker(HTMLParser):
    """Tags must be closed in order; collects attributes and text."""

    def __init__(self, content):
        super().__init__()
        self.open, self.sources, self.links, self.ids, self.text = [], [], [], [], ""
        self.feed(content)
        assert self.open == []

    def handle_starttag(self, tag, attributes):
        if tag not in VOID:
            self.open.append(tag)
        for name, value in attributes:
            {"src": self.sources, "href": self.links, "id": self.ids}.get(name, []).append(value)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        self.text += data


def test_html_is_whole_and_loads_nothing(written):
    content = (written / "report.html").read_text()
    page = Checker(content)
    assert len(page.sources) >= 2 * len(NAMES) + 3
    pictures = [unquote(source.removeprefix("data:image/svg+xml,")) for source in page.sources]
    for picture in pictures:
        ElementTree.fromstring(picture)
        assert re.findall(r"(?:href=\"|url\()(?!#|data:)", picture) == []
    assert {link.removeprefix("#") for link in page.links} <= set(page.ids)
    assert len(set(page.ids)) == len(page.ids)
    own = re.sub("src='[^']*'", "", content)
    assert "<script" not in content
    assert "url(" not in own
    assert "prefers-color-scheme: dark" in content
    assert "Nothing here was measured on Something-Something or Kinetics" in page.text
    assert "2D networks can achieve comparable performance" in page.text
    assert "quoted" in page.text
    assert len(content) < 3_000_000


def test_every_tested_claim_has_a_line_that_fits_any_width(study, written):
    content = (written / "report.html").read_text()
    tested = [verdict for data in study for verdict in data.verdicts if verdict.tested]
    strips = re.findall(r'<svg class="[a-z]+" viewBox="0 0 100 4".*?</svg>', content, re.DOTALL)
    assert len(strips) == len(tested) > 3
    for strip, verdict in zip(strips, tested, strict=True):
        *_, interval, mark = re.findall(r'<rect x="([\d.]+)" y="[\d.]+" width="([\d.]+)"', strip)
        assert 0 <= float(interval[0]) <= float(interval[0]) + float(interval[1]) <= 100.4
        middle = float(mark[0]) + 0.4
        assert (middle > 50) == (verdict.closest.difference > 0) or abs(verdict.closest.difference) < 0.1
    assert content.index('id="table_main"') < content.index('id="claims"') < content.index('id="pictures"')


def test_the_html_report_follows_the_store(study, store, written):
    assert whole_files(study, store)["report.html"] == (written / "report.html").read_text()


def test_latex_escapes():
    assert escape("a_b & 5 % of $x$ {#1} ~ ^ \\") == (
        r"a\_b \& 5 \% of \$x\$ \{\#1\} \textasciitilde{} \textasciicircum{} \textbackslash{}"
    )
    assert escape("-1.0 ± 0.2") == r"$-$1.0 $\pm$ 0.2"
    assert escape("✓ † – 8×2") == r"$\checkmark$ $\dagger$ -- 8$\times$2"


def test_latex_tables_have_one_cell_a_column(study):
    for read in study:
        text = latex_table(read)
        assert text.isascii()
        floats = text.split(r"\begin{table}")[1:]
        assert len(floats) == 2  # accuracies, then kinds of clips and cost
        own = [row for row in read.table.rows if not row.quoted]
        for part, rows in zip(floats, (read.table.rows, own), strict=True):
            columns = re.search(r"\\begin\{tabular\}\{([lr]+)\}", part)[1]
            body = [line for line in part.splitlines() if line.endswith(r"\\")]
            assert len(body) == 1 + len(rows)
            assert {len(re.findall(r"(?<!\\)&", line)) for line in body} == {len(columns) - 1}
        assert "paired over seeds" in text
        assert all(len(frame.columns) <= 13 for frame in parts(formatted_frame(read)))


@pytest.mark.skipif(shutil.which("pdflatex") is None, reason="no LaTeX on this machine")
def test_latex_compiles(study, tmp_path):
    names = [read.table.name for read in study]
    for read in study:
        (tmp_path / f"{read.table.name}.tex").write_text(latex_table(read))
    (tmp_path / "all.tex").write_text(document(names))
    command = ["pdflatex", "-interaction=nonstopmode", "-halt-on-error", "all.tex"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, errors="replace", timeout=120)
    assert done.returncode == 0, done.stdout[-2000:]
    assert "Overfull" not in done.stdout


def test_pictures_are_small_and_say_what_they_show(written, study, store):
    pictures = [picture for read in study for picture in table_pictures(read)]
    names = {picture.name for picture in pictures}
    assert {"table_ablation_groups_sweep", "table_ablation_regions_sweep", "table_ablation_positions_sweep"} <= names
    assert {"table_sota", "table_main_curves"} <= names
    for name in ("claims", "tradeoff", "templates", "table_main", "table_ablation_groups_sweep", "table_main_curves"):
        assert 5_000 < (written / f"{name}.png").stat().st_size < 400_000
        svg = (written / f"{name}.svg").read_text()
        assert len(svg) < 400_000
        root = ElementTree.fromstring(svg)
        assert "<dc:date>" not in svg
        text = " ".join(element.text or "" for element in root.iter("{http://www.w3.org/2000/svg}text"))
        assert "tiny" in text  # text is text, and names what was measured


def test_equal_pictures_are_equal_files(study, store, tmp_path):
    pictures = [*whole_pictures(study, store), *table_pictures(study[0])]
    for picture in (picture for picture in pictures if picture.name in ("claims", "tradeoff", "table_main")):
        first = [path.read_bytes() for path in picture.write(tmp_path / "a")]
        assert [path.read_bytes() for path in picture.write(tmp_path / "b")] == first


def test_a_stale_picture_is_found(store, written, capsys):
    arguments = [*NAMES, "--results", str(store.results), "--check"]
    assert main(arguments) == 0
    path = written / "table_main.svg"
    whole = path.read_text()
    path.write_text(whole.replace("figures ", "figures 0"))
    assert main(arguments) == 1
    assert "table_main.svg: missing, or drawn from other figures" in capsys.readouterr().out
    path.write_text(whole)
    assert main(arguments) == 0


def test_a_run_of_several_tables_is_one_point(study):
    found = list(distinct_rows([read for read in study]))
    runs = [(e.row.row.split, *(result.run_id for result in e.row.results.values())) for e in found]
    assert len(set(runs)) == len(runs)
    assert [entry.full_name for entry in found][:2] == ["main: R2D", "main: R2D + NL"]
    kinds = {(block_of(row), backbone_of(row)) for table in TABLES.values() for row in table.rows if row.trained}
    assert {("r2d", "slowfast"), ("gta", "ensemble"), ("nl", "slowfast"), ("other", "r2d"), ("r2d", "tsm")} <= kinds


def test_matrices_are_drawn_with_their_average():
    matrices = {f"res3[{i}].{path}": np.abs(np.eye(8) - 0.1 * i) for i in (0, 2) for path in ("pixel", "region")}
    figure = draw_matrices(matrices, "|M| of a run")
    titles = [axes.get_title().split("\n")[0] for axes in figure.axes]
    assert titles == ["average", *matrices]
    shown = np.asarray(figure.axes[0].get_images()[0].get_array())
    assert np.allclose(shown, np.mean(list(matrices.values()), axis=0))
    assert figure.axes[0].get_images()[0].get_cmap().name == "Greys"  # darker is larger
    with pytest.raises(ValueError, match="expected"):
        draw_matrices({"a": np.zeros((2, 3))}, "x")
    with pytest.raises(ValueError, match="expected"):
        draw_matrices({}, "x")


def test_help_is_quick():
    """Neither torch nor pandas nor matplotlib is imported to print the options."""
    import sys

    code = (
        "import sys; from experiments.report import main; main(['--help']);"
        "assert not {'torch', 'pandas', 'matplotlib', 'numpy'} & set(sys.modules), sorted(sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr[-500:]
    assert "--check" in done.stdout


def test_matrices_of_a_run_become_a_picture(tmp_path):
    store = Store(tmp_path)
    row = TABLES["table_main"].rows[3]
    for seed in range(3):
        folder = store.prepare(TINY.resolve(row, seed))
        fake_scores.finish(folder, 0.5, seed)
        np.savez(folder / "matrices.npz", **{"res3[0].pixel": np.full((8, 8), seed, np.float32)})
    (folder / "matrices.npz").write_bytes(b"torn")  # seed 2
    study = read_study([TABLES["table_main"]], TINY, store)
    found, _ = read_matrices(study[0].rows[3], store)
    assert np.allclose(found["res3[0].pixel"], 0.5)
    pictures = {picture.name: picture for picture in whole_pictures(study[:1], store)}
    assert "R2D + GTA" in pictures["matrices"].title
    assert len(pictures["matrices"].write(tmp_path / "out")) == 2


def looks_of(**maps):
    frames = np.random.default_rng(0).integers(0, 255, (3, 8, 32, 32, 3), dtype=np.uint8)
    query = np.array([[4, 0.5, 0.5]] * 3, np.float32)
    return Looks(frames, np.array(["up"] * 3), np.array(["down"] * 3), query, "res3[2]", maps)


def test_looks_of_runs_become_pictures(tmp_path):
    store, rng = Store(tmp_path), np.random.default_rng(0)
    maps, weights = rng.random((3, 8, 4, 4), np.float32), rng.random((3, 8), np.float32)
    kept = {
        1: looks_of(nl=maps),
        2: looks_of(spatial=maps, temporal=weights, spatial_swapped=maps, temporal_swapped=weights),
        3: looks_of(spatial=maps, regions=rng.random((3, 8, 2, 8, 8), np.float32)),
    }
    for number, looks in kept.items():
        folder = store.prepare(TINY.resolve(TABLES["table_main"].rows[number], 0))
        fake_scores.finish(folder, 0.5, 0)
        write_looks(folder / "looks.npz", looks)
    study = read_study([TABLES["table_main"]], TINY, store)
    pictures = {picture.name: picture for picture in whole_pictures(study[:1], store)}
    assert pictures["attention"].title == "Attention of one query in R2D + NL and R2D + DNL"
    assert "R2D + GTA" in pictures["regions"].title
    for name in ("attention", "regions"):
        assert len(pictures[name].write(tmp_path / "out")) == 2
    other = looks_of(nl=maps)
    other.frames[:] = 0  # another data set
    write_looks(store.folder(study[0].rows[1].members[0][0].run_id) / "looks.npz", other)
    assert "attention" not in {p.name for p in whole_pictures(study[:1], store)}


def test_the_pictures_of_one_run(tmp_path, capsys):
    store = Store(tmp_path)
    run = TINY.resolve(TABLES["table_main"].rows[3], 0)
    folder = store.prepare(run)
    fake_scores.finish(folder, 0.5, 0)
    write_looks(folder / "looks.npz", looks_of(regions=np.ones((3, 8, 2, 8, 8), np.float32)))
    out = tmp_path / "pictures"
    assert main(["--run", run.id[:5], "--out", str(out), "--results", str(tmp_path)]) == 0
    drawn = {path.stem.removeprefix(f"{run.id}-") for path in out.glob("*.png")}
    assert {"regions", "kinds"} <= drawn
    captured = capsys.readouterr()
    assert captured.out.count(".png") == len(drawn)
    assert captured.err == ""
    assert "Top-1 by kind of template, R2D + GTA, seed 0" in (out / f"{run.id}-kinds.svg").read_text()
    (folder / "looks.npz").unlink()
    assert main(["--run", run.id[:5], "--out", str(out), "--results", str(tmp_path)]) == 0
    assert "looks.npz is not there, so no regions and no attention are drawn" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["--run", "0123"], "'0123' is no run in"),
        (["--out", "x"], "--out is for the pictures of --run"),
        (["--run", "0123", "--check"], "takes no table"),
        (["--run", "0123", "table_main"], "takes no table"),
    ],
)
def test_mistakes_with_the_pictures_of_one_run(tmp_path, capsys, arguments, says):
    Store(tmp_path).prepare(TINY.resolve(TABLES["table_main"].rows[3], 0))
    assert main([*arguments, "--results", str(tmp_path)]) == 2
    assert says in capsys.readouterr().err


def test_a_run_without_result_has_no_pictures(tmp_path, capsys):
    run = TINY.resolve(TABLES["table_main"].rows[3], 0)
    Store(tmp_path).prepare(run)
    assert main(["--run", run.id, "--results", str(tmp_path)]) == 2
    assert f"run {run.id}" in capsys.readouterr().err


def test_runs_that_no_row_has_are_noted(tmp_path, capsys):
    store = Store(tmp_path)
    row = TABLES["table_main"].rows[0]
    fake_scores.finish(store.prepare(TINY.resolve(row, 0)), 0.5, 0)
    config = TINY.resolve(row, 0)
    former = dataclasses.replace(config, train=dataclasses.replace(config.train, lr=0.123))
    fake_scores.finish(store.prepare(former), 0.5, 0)
    main(["--check", "--results", str(tmp_path)])
    assert f"note: no row has the configuration of 1 runs: {former.id}" in capsys.readouterr().out
