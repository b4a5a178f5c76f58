"""A W&B workspace for the runs of a study, through the optional package ``wandb-workspaces``.

Rows grouped over seeds, top-1 as bars with the spread over seeds, curves by block, and the paper's figure against ours.
"""

from __future__ import annotations

import importlib.util
from typing import Any

from experiments.child import wandb_content as content
from gta.errors import UserError

NAME = "GTA: rows over seeds"


def build(entity: str, profile: str) -> Any:  # noqa: ANN401 - an optional package
    """Return the workspace, which is not saved yet.

    Raises:
        UserError: ``wandb-workspaces`` is not installed.
    """
    if importlib.util.find_spec("wandb_workspaces") is None:
        raise UserError("--workspace needs wandb-workspaces: pip install 'gta-video[workspace]'")
    import wandb_workspaces.reports.v2 as wr
    import wandb_workspaces.workspaces as ws
    from wandb_workspaces import expr

    row, spread = wr.Config("row"), {"groupby_aggfunc": "mean", "groupby_rangefunc": "stddev"}
    bars = [
        wr.BarPlot(title="top-1, mean and standard deviation over seeds", metrics=["val/top1"], groupby=row, **spread),
        wr.BarPlot(title="within order pairs, chance is 50", metrics=["val/pair_accuracy"], groupby=row, **spread),
    ]
    curves = [
        wr.LinePlot(
            title=f"{what} by block",
            x="curve/step",
            y=[f"curve/{name}"],
            groupby=wr.Config("block"),
            **spread,
        )
        for what, name in (("validation top-1", "val_top1"), ("training loss", "train_loss"))
    ]
    paper = wr.ScatterPlot(
        title="measured against the paper", x=wr.Config("paper_top1"), y=wr.SummaryMetric("val/top1")
    )
    return ws.Workspace(
        entity=entity,
        project=content.project(),
        name=f"{NAME} ({profile})",
        sections=[
            ws.Section(name="Rows", panels=bars, is_open=True),
            ws.Section(name="Curves", panels=curves, is_open=True),
            ws.Section(name="Paper", panels=[paper], is_open=True),
            ws.Section(name="Tables", panels=[wr.MediaBrowser(media_keys=["pictures/matrices"])], is_open=False),
        ],
        runset_settings=ws.RunsetSettings(
            filters=f"Config('profile') = '{profile}'",
            groupby=[expr.Config("row")],
            order=[expr.Ordering(expr.Summary("val/top1"), ascending=False)],
        ),
    )
