"""The embedded data sets by name: what ``python -m gta.data.prepare NAME`` draws."""

from __future__ import annotations

from gta.config import DrawingConfig
from gta.errors import UserError, nearest

EMBEDDED: dict[str, DrawingConfig] = {
    "tiny-v2": DrawingConfig(validation_per_template=200),
    "smoke": DrawingConfig(train_per_template=2, validation_per_template=1, tune_per_template=1),
}

SHORT = {"tiny": "tiny-v2"}
"""Other names of sets, and of the profiles that are called after them."""


def choose_embedded(name: str) -> tuple[str, DrawingConfig]:
    """Return an embedded set's name, in full, and what it is drawn from.

    Raises:
        UserError: there is no set of this name.
    """
    name = SHORT.get(name, name)
    if name not in EMBEDDED:
        raise UserError(f"no embedded data set {name!r}; {nearest(name, EMBEDDED)}")
    return name, EMBEDDED[name]
