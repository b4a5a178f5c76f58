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
    lengths = read_lengths(table)
    assert lengths == [("R2D", {2.0: 48.0, 8.0: 50.5})]
    axes = draw_lengths(lengths, "drawn clips").axes[0]
    (line,) = axes.get_lines()
    assert list(line.get_xdata()) == [2.0, 8.0]
    assert list(line.get_ydata()) == [48.0, 50.5]
    assert [label.get_text() for label in axes.get_xticklabels()] == ["2", "8"]
    assert read_lengths(tmp_path / "none.csv") == []
