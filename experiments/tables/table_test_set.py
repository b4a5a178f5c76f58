"""Something-Something test sets (paper appendix A).

    | method       | backbone      | frames | SSv1 | SSv2 |
    |--------------|---------------|--------|------|------|
    | TRN RGB+Flow | BNInception   | 8+8    | 40.7 | 56.2 |  quoted
    | TSM          | 2D R50        | 16     | 46.0 | 64.3 |  quoted
    | TSM RGB+Flow | 2D R50        | 16+16  | 50.7 | 66.6 |  quoted
    | STM          | 2D R50        | 16     | 43.1 | 63.5 |  quoted
    | bLVNet-TAM   | 2D R101       | 64     | 48.9 |  -   |  quoted
    | ECO En Lite  | BNInc+3D R18  | 92     | 42.3 |  -   |  quoted
    | I3D+NL+GCN   | 3D R50        | 32     | 45.0 |  -   |  quoted
    | TEA          | 3D R50        | 16     | 46.6 | 63.2 |  quoted
    | GTA En       | 2D R50 + TSM  | 16+8   | 49.8 | 66.9 |

Claim of the paper: best of the methods that see RGB frames only. It is about quoted work; nothing is tested here.

Cost: the two members of the ensemble, shared with table_sota (about seven minutes with `tiny` on two cores), scored on
the embedded data set's own test draw.
Command: python -m experiments.run table_test_set
"""

from __future__ import annotations

import dataclasses

from experiments.study.rows import Row, Table
from experiments.tables.table_sota import GTA_EN


def _cells(method: str, backbone: str, frames: str) -> dict[str, str]:
    return {"method": method, "backbone": backbone, "frames": frames}


def _quoted(method: str, backbone: str, frames: str, v1: float, v2: float | None) -> Row:
    paper = {"top1": v1} | ({} if v2 is None else {"v2_top1": v2})
    return Row(f"{method}, quoted", quoted=True, cells=_cells(method, backbone, frames), paper=paper)


TABLE = Table(
    name="table_test_set",
    title="The paper's Something-Something test table",
    paper_data="Something-Something v1, test",
    paper_data_2="Something-Something v2, test",
    rows=(
        _quoted("TRN RGB+Flow", "BNInception", "8+8", 40.7, 56.2),
        _quoted("TSM", "2D R50", "16", 46.0, 64.3),
        _quoted("TSM RGB+Flow", "2D R50", "16+16", 50.7, 66.6),
        _quoted("STM", "2D R50", "16", 43.1, 63.5),
        _quoted("bLVNet-TAM", "2D R101", "64", 48.9, None),
        _quoted("ECO En Lite", "BNInception + 3D R18", "92", 42.3, None),
        _quoted("I3D+NL+GCN", "3D R50", "32", 45.0, None),
        _quoted("TEA", "3D R50", "16", 46.6, 63.2),
        dataclasses.replace(
            GTA_EN,
            split="test",
            cells=_cells("GTA En", "2D R50 + TSM", "16+8"),
            paper={"top1": 49.8, "v2_top1": 66.9},
        ),
    ),
    reference="GTA En",
    notes=(
        "Nothing of the paper is tested here: its table compares the ensemble with figures that it quotes.",
        "On the embedded data set these are the clips of its `test` draw, which no choice has looked at.",
    ),
)
