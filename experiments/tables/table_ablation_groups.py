"""Impact of the number of channel groups G, equal to the number of heads (paper section 4.3, SSv1 and SSv2, R2D-50).

The paper shows a curve whose values are lost, except at its best point: G = 8, 50.6 on SSv1 and 63.5 on SSv2.

Claims of the paper: G = 8 is best; G = 1 is clearly lower than any larger G; above 8 accuracy drops.

Cost: six runs a seed, one of them shared with table_main; about seven minutes on two cores with fast bf16.
Command: python -m experiments.run table_ablation_groups
"""

from __future__ import annotations

from experiments.study.claims import above_mean, mean_above
from experiments.study.rows import Row, Table
from gta.config import GTAConfig, SAConfig


def _row(groups: int) -> Row:
    paper = {"top1": 50.6, "v2_top1": 63.5} if groups == 8 else {}
    return Row(f"G = {groups}", (SAConfig(), GTAConfig(groups=groups)), paper=paper)


TABLE = Table(
    name="table_ablation_groups",
    title="Impact of the number of groups",
    paper_data="Something-Something v1, R2D-50",
    paper_data_2="Something-Something v2, R2D-50",
    rows=tuple(_row(groups) for groups in (1, 2, 4, 8, 16, 32)),
    reference="G = 8",
    notes=(
        "The values of the paper's curve are lost except at G = 8.",
        "G = 1 is one T x T matrix, the same function as Pixel + Region of table_ablation_components (in the paper "
        "49.4, 1.2 below G = 8); here the two are trained apart and differ by the order of their sums alone.",
    ),
    claims=(
        above_mean(
            "G = 8 lies above both ends",
            "G = 8",
            ("G = 1", "G = 32"),
            "a group count of 8 offers the best performance on SSv1 and SSv2",
            "the shape of the curve as one contrast: its peak against the mean of its ends",
        ),
        mean_above(
            "G > 1 beats G = 1",
            [f"G = {groups}" for groups in (2, 4, 8, 16, 32)],
            "G = 1",
            "using a group count larger than 1 can largely improve the performance",
            "the mean of all five",
        ),
        above_mean(
            "above 8 accuracy drops",
            "G = 8",
            ("G = 16", "G = 32"),
            "When the group count becomes larger than 8, the performance drops because the number of channels in each "
            "group becomes too small.",
        ),
    ),
)
