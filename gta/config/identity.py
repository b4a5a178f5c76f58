"""The identity of a config: equal content means the same run, in this version and in later ones.

A config's digest covers every field, with one exception that lets configs grow: a field that was added after runs had
been recorded is declared with :func:`later`, and is left out of the content while it holds its neutral value. A run
recorded before the field existed therefore keeps its id, and means what it meant. The neutral value of such a field
can never be changed.
"""

from __future__ import annotations

import dataclasses
import functools
import hashlib
import json
from collections.abc import Mapping
from typing import Any, Literal, get_args, get_origin, get_type_hints

_LATER = "later"


def later(neutral: Any) -> Any:  # noqa: ANN401 - the type is that of the field
    """Declare a field that joined its dataclass after runs were recorded; ``neutral`` is what they did without it."""
    return dataclasses.field(default=neutral, metadata={_LATER: True})


def require(condition: bool, message: str) -> None:
    """Raise ``ValueError(message)`` unless ``condition`` holds."""
    if not condition:
        raise ValueError(message)


class Checked:
    """Base of the configs: a value of another type, or a choice that does not exist, is an error when it is made."""

    def __post_init__(self) -> None:
        own: Any = type(self)
        for name, (kind, choices) in _kinds(own).items():
            value = getattr(self, name)
            where = f"{type(self).__name__}.{name} is {value!r}"
            if choices and kind is not float:
                for part in value if kind is tuple else (value,):
                    require(part in choices, f"{where}; choose from {', '.join(map(repr, choices))}")
            elif kind is int:
                require(type(value) is int, f"{where}; it must be a whole number")
            elif not (value is None and type(None) in choices):
                require(type(value) in (int, float), f"{where}; it must be a number")
                object.__setattr__(self, name, float(value))  # 1 and 1.0 are the same run
        for name, (several, optional, accepted, names) in _parts(own).items():
            value = getattr(self, name)
            if value is None and optional:
                continue
            where = f"{type(self).__name__}.{name}"
            if several:
                require(isinstance(value, tuple | list), f"{where} is {value!r}; it must be a tuple of configs")
                object.__setattr__(self, name, tuple(value))
            for part in value if several else (value,):
                fits = isinstance(part, accepted)
                require(fits, f"{where} {'has' if several else 'is'} {part!r}; expected {' or '.join(names)}")

    def _require_at_least(self, least: float, *names: str) -> None:
        for name in names:
            value = getattr(self, name)
            require(value >= least, f"{type(self).__name__}.{name} is {value:g}; it must be {least:g} or more")

    def _require_above_zero(self, *names: str) -> None:
        for name in names:
            value = getattr(self, name)
            require(value > 0, f"{type(self).__name__}.{name} is {value:g}; it must be more than 0")

    def _require_share(self, *names: str) -> None:
        for name in names:
            value = getattr(self, name)
            require(0 <= value <= 1, f"{type(self).__name__}.{name} is {value:g}; it must be from 0 to 1")


@functools.cache
def _kinds(config: Any) -> dict[str, tuple[type, tuple[Any, ...]]]:  # noqa: ANN401 - any config class
    """Return type and choices of the fields that :class:`Checked` looks at; the type is int, float, str or tuple.

    A float that may be left out has ``NoneType`` as its one choice.
    """
    found: dict[str, tuple[type, tuple[Any, ...]]] = {}
    for name, hint in get_type_hints(config).items():
        parts = get_args(hint)
        if get_origin(hint) is Literal:
            found[name] = (str, parts)
        elif get_origin(hint) is tuple and get_origin(parts[0]) is Literal:
            found[name] = (tuple, get_args(parts[0]))
        elif hint in (int, float):
            found[name] = (hint, ())
        elif set(parts) == {float, type(None)}:
            found[name] = (float, (type(None),))
    return found


@functools.cache
def _parts(config: Any) -> dict[str, tuple[bool, bool, tuple[type, ...], tuple[str, ...]]]:  # noqa: ANN401
    """Return the fields that hold configs: whether several, whether None may be, the accepted classes and names.

    A union whose classes have a base of their own accepts what derives from it.
    """
    found: dict[str, tuple[bool, bool, tuple[type, ...], tuple[str, ...]]] = {}
    for name, hint in get_type_hints(config).items():
        several = get_origin(hint) is tuple
        parts = get_args(hint) or (hint,)
        parts = get_args(parts[0]) or parts[:1] if several else parts
        members = [part for part in parts if isinstance(part, type) and dataclasses.is_dataclass(part)]
        if members and len(members) == len([part for part in parts if part is not type(None)]):
            shared = [base for base in members[0].__mro__ if all(base in member.__mro__ for member in members)]
            accepted: tuple[type, ...] = tuple(members) if shared[0] in (Checked, object) else (shared[0],)
            names = tuple(f"{member.__name__}(...)" for member in members)
            found[name] = (several, type(None) in parts, accepted, names)
    return found


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
