"""Where and how many blocks are inserted (paper appendix B, SSv1, R2D-50).

    | res3 | res4 | res5 | top-1 |
    |------|------|------|-------|
    |      |      |      |  17.0 |
    |  +1  |      |      |  46.2 |
    |      |  +1  |      |  46.4 |
    |      |      |  +1  |  37.4 |
    |  +1  |  +1  |      |  49.5 |
    |  +2  |  +3  |      |  50.6 |

Claims of the paper: one block already helps much in res3 or res4; res5 is weaker; more blocks are better.
The paper does not say after which residual block a single one stands; here it is the last of the stage's spots.

Cost: six runs a seed, two of them shared with table_main; about five minutes on two cores with fast bf16.
Command: python -m experiments.run table_ablation_positions
"""

from __future__ import annotations

from experiments.study.claims import KNOWS_ORDER, each_greater, greater
from experiments.study.rows import Row, Table
from experiments.tables.models import GTA


def _row(top1: float, **counts: int) -> Row:
    name = " ".join(f"{stage}+{count}" for stage, count in counts.items()) or "R2D"
    cells = {"row": name} | {
        stage: f"+{counts[stage]}" if stage in counts else "" for stage in ("res3", "res4", "res5")
    }
    blocks = GTA if counts else ()
    return Row(name, blocks, counts=tuple(counts.items()) or None, cells=cells, paper={"top1": top1})


TABLE = Table(
    name="table_ablation_positions",
    title="Where and how many blocks",
    paper_data="Something-Something v1, R2D-50",
    rows=(
        _row(17.0),
        _row(46.2, res3=1),
        _row(46.4, res4=1),
        _row(37.4, res5=1),
        _row(49.5, res3=1, res4=1),
        _row(50.6, res3=2, res4=3),
    ),
    reference="R2D",
    claims=(
        greater(
            "one block in res3 > R2D",
            "res3+1",
            "R2D",
            "even a single GTA block inserted at res3 or res4 can bring significant improvement over the baseline",
            sanity=KNOWS_ORDER,
        ),
        greater(
            "one block in res4 > R2D",
            "res4+1",
            "R2D",
            "even a single GTA block inserted at res3 or res4 can bring significant improvement over the baseline",
            sanity=KNOWS_ORDER,
        ),
        greater(
            "one block in res5 > R2D",
            "res5+1",
            "R2D",
            "the enhancement on res5 is relatively minor",
            sanity=KNOWS_ORDER,
        ),
        each_greater(
            "res5 is weaker than res3 and res4",
            [("res3+1", "res5+1"), ("res4+1", "res5+1")],
            "the enhancement on res5 is relatively minor",
        ),
        each_greater(
            "a block in each stage > one block",
            [("res3+1 res4+1", "res3+1"), ("res3+1 res4+1", "res4+1")],
            "to leverage the complementary information provided by different residual stages",
        ),
        greater(
            "five blocks are best",
            "res3+2 res4+3",
            ("R2D", "res3+1", "res4+1", "res5+1", "res3+1 res4+1"),
            "our full model inserts five GTA blocks ... and achieves the best result",
        ),
    ),
)
