"""The identity of a config: equal content means the same run, in this version and in later ones.

A config's digest covers every field, with one exception that lets configs grow: a field that was added after runs had
been recorded is declared with :func:`later`, and is left out of the content while it holds its neutral value. A run
recorded before the field existed therefore keeps its id, and means what it meant. The neutral value of such a field
can never be changed.
"""

from __future__ import annotations

import dataclasses
import hashlib
import json
from collections.abc import Mapping
from typing import Any

_LATER = "later"


def later(neutral: Any) -> Any:  # noqa: ANN401 - the type is that of the field
    """Declare a field that joined its dataclass after runs were recorded; ``neutral`` is what they did without it."""
    return dataclasses.field(default=neutral, metadata={_LATER: True})


def require(condition: bool, message: str) -> None:
    """Raise ``ValueError(message)`` unless ``condition`` holds."""
    if not condition:
        raise ValueError(message)


def to_dict(config: Any) -> dict[str, Any]:  # noqa: ANN401 - any config dataclass
    """Return a config as plain json-able values, all spelt out but :func:`later` fields at their neutral value."""
    return dict(json.loads(json.dumps(_plain(config), allow_nan=False)))


def digest(config: Any) -> str:  # noqa: ANN401 - any config dataclass
    """Return 12 hex digits that identify the content of a config."""
    return content_id(to_dict(config))


def content_id(content: Mapping[str, Any]) -> str:
    """Return :func:`digest` of a config that is given as :func:`to_dict`'s output."""
    canonical = json.dumps(content, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(canonical.encode()).hexdigest()[:12]


def _plain(value: Any) -> Any:  # noqa: ANN401 - any value of a config
    if dataclasses.is_dataclass(value):
        return {
            field.name: _plain(own)
            for field in dataclasses.fields(value)
            if (own := getattr(value, field.name)) != field.default or _LATER not in field.metadata
        }
    return [_plain(part) for part in value] if isinstance(value, tuple | list) else value
