"""GTA against the standard and the decoupled non-local block (paper section 4.2, SSv1 and SSv2).

    | row               |  MACs   | params | SSv1 | SSv2 |
    |-------------------|---------|--------|------|------|
    | R2D-50            |  32.7 G | 23.9 M | 17.0 | 26.8 |
    | R2D-50 + NL       |  61.1 G | 31.2 M | 31.2 | 50.7 |
    | R2D-50 + DNL      |  49.9 G | 31.2 M | 38.8 | 55.5 |
    | R2D-50 + GTA      |  50.2 G | 31.2 M | 50.6 | 63.5 |
    | SlowFast-R50 16x8 | 131.4 G | 34.0 M | 50.9 | 63.4 |
    | SlowFast + NL     | 239.9 G | 41.4 M | 51.7 | 63.9 |
    | SlowFast + DNL    | 169.1 G | 41.4 M | 52.0 | 64.1 |
    | SlowFast + GTA    | 169.9 G | 41.4 M | 53.4 | 64.9 |

Claims of the paper: GTA > DNL > NL on either backbone, at fewer MACs than NL; a 2D network with GTA comes close to 3D.

Cost: eight runs a seed, three of them shared with table_ablation_order.
Command: python -m experiments.run table_main
"""

from __future__ import annotations

from experiments.study import Row, Table
from experiments.tables.models import DNL, GTA, NL


def _paper(gmacs: float, mparams: float, v1: float, v2: float) -> dict[str, float]:
    return {"gmacs": gmacs, "mparams": mparams, "top1": v1, "v2_top1": v2}


TABLE = Table(
    name="table_main",
    title="GTA against the standard and the decoupled non-local block",
    paper_data="Something-Something v1",
    paper_data_2="Something-Something v2",
    rows=(
        Row("R2D", paper=_paper(32.7, 23.9, 17.0, 26.8)),
        Row("R2D + NL", NL, paper=_paper(61.1, 31.2, 31.2, 50.7)),
        Row("R2D + DNL", DNL, paper=_paper(49.9, 31.2, 38.8, 55.5)),
        Row("R2D + GTA", GTA, paper=_paper(50.2, 31.2, 50.6, 63.5)),
        Row("SlowFast", backbone="slowfast", paper=_paper(131.4, 34.0, 50.9, 63.4)),
        Row("SlowFast + NL", NL, "slowfast", paper=_paper(239.9, 41.4, 51.7, 63.9)),
        Row("SlowFast + DNL", DNL, "slowfast", paper=_paper(169.1, 41.4, 52.0, 64.1)),
        Row("SlowFast + GTA", GTA, "slowfast", paper=_paper(169.9, 41.4, 53.4, 64.9)),
    ),
    reference="R2D",
)
