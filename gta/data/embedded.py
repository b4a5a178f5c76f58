"""The embedded data sets by name: what ``python -m gta.data.prepare NAME`` draws."""

from __future__ import annotations

from gta.config import DrawingConfig

EMBEDDED: dict[str, DrawingConfig] = {
    "tiny": DrawingConfig(),
    "smoke": DrawingConfig(train_per_template=2, validation_per_template=1, tune_per_template=1),
}
