"""Configs of the heads: what turns the features of a backbone into the scores of a clip."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from gta.config.identity import Checked


@dataclass(frozen=True)
class MeanHeadConfig(Checked):
    """The backbone's own classifier, its scores averaged over the frames."""

    kind: Literal["mean"] = "mean"


HeadConfig = MeanHeadConfig
MEAN = MeanHeadConfig()
