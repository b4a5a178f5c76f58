"""The picture of what longer training still gives."""

from __future__ import annotations

from experiments.reporting.pictures.lengths import draw_lengths, read_lengths

HEAD = "question,row,changed,seed,top-1,within pair,last train loss,minutes,run\n"


def test_lengths_are_read_from_the_trials_and_drawn(tmp_path):
    table = tmp_path / "probes.csv"
    table.write_text(
        HEAD
        + "length,R2D,8 epochs,1000,50.5,–,–,1.0,a\n"
        + "length,R2D,2 epochs,1000,48.0,–,–,1.0,b\n"
        + "length,+ NL,4 epochs,1000,56.0,–,–,1.0,c\n"  # one length makes no line
        + "frames,R2D,4 epochs,1000,1.0,–,–,1.0,d\n"  # another question
        + "length,R2D,lr 0.002,1000,2.0,–,–,1.0,e\n"
    )
    lengths, seeds = read_lengths(table)
    assert (lengths, seeds) == ([("R2D", {2.0: 48.0, 8.0: 50.5})], 1)
    axes = draw_lengths(lengths, seeds, "drawn clips").axes[0]
    assert "one seed" in axes.get_ylabel()
    (line,) = axes.get_lines()
    assert list(line.get_xdata()) == [2.0, 8.0]
    assert list(line.get_ydata()) == [48.0, 50.5]
    assert [label.get_text() for label in axes.get_xticklabels()] == ["2", "8"]
    assert read_lengths(tmp_path / "none.csv") == ([], 0)


def test_points_of_two_seeds_are_averaged(tmp_path):
    table = tmp_path / "probes.csv"
    lines = [
        f"length,R2D,{epochs} epochs,{seed},{top1},–,–,1.0,a\n"
        for epochs, seed, top1 in ((2, 1000, 48.0), (2, 1001, 50.0), (8, 1000, 51.0), (8, 1001, 53.0))
    ]
    table.write_text(HEAD + "".join(lines))
    lengths, seeds = read_lengths(table)
    assert (lengths, seeds) == ([("R2D", {2.0: 49.0, 8.0: 52.0})], 2)
    assert "mean of 2 seeds" in draw_lengths(lengths, seeds, "drawn clips").axes[0].get_ylabel()
