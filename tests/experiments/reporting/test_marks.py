"""How rows look: the same everywhere, told apart within a picture, and visible on white."""

from __future__ import annotations

from experiments.reporting.pictures.marks import BLOCKS, lines_of
from experiments.reporting.pictures.style import COLOURS
from experiments.tables import TABLES


def contrast(colour: str) -> float:
    """Contrast with white by the WCAG's formula."""
    parts = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    red, green, blue = (part / 12.92 if part <= 0.03928 else ((part + 0.055) / 1.055) ** 2.4 for part in parts)
    return 1.05 / (0.2126 * red + 0.7152 * green + 0.0722 * blue + 0.05)


def test_every_colour_stands_out_from_white():
    assert min(map(contrast, COLOURS)) >= 3
    assert {colour for _, colour in BLOCKS.values()} <= set(COLOURS)


def test_a_row_has_one_colour_in_all_tables_and_lines_of_a_table_differ():
    seen: dict[tuple[object, ...], set[str]] = {}
    for table in TABLES.values():
        rows = [row for row in table.rows if row.trained and not row.members]
        lines = lines_of(rows)
        looks = [(line["color"], str(line["linestyle"]), line["marker"]) for line in lines]
        assert len(set(looks)) == len(looks), table.name
        for row, line in zip(rows, lines, strict=True):
            seen.setdefault((row.blocks, row.backbone), set()).add(line["color"])
    assert {len(colours) for colours in seen.values()} == {1}
