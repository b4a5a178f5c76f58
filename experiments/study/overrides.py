"""What a command line changes of a profile's recipe: ``--set train.lr=0.02 --set data.crop=112``.

A change names a field of :class:`~gta.config.RunConfig` by its path, of the rows' blocks by their kind
(``model.blocks.gta.groups``). The field's own type says what fits it. What takes effect is written into
:attr:`RunConfig.changes`, so that such a run has an identity of its own and no table reads it; a row whose field has
the value already, or that lacks the field, stays what it is.
"""

from __future__ import annotations

import dataclasses
import functools
import json
import typing
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from gta.config import CheckpointConfig, RunConfig, ViewsConfig, to_dict
from gta.errors import UserError, nearest

ELSEWHERE = {
    "profile": "--profile chooses it",
    "seed": "--seeds chooses it",
    "changes": "it is what --set writes",
    "data.dataset": "the lists in --data decide it",
    "data.content": "the lists in --data decide it",
    "data.drawing": "another drawing is another data set; it has a profile of its own",
    "model.classes": "the lists in --data decide it",
    "model.frames": "say data.frames",
    "data.proposals": "say model.head.proposals",
    "data.modality": "say model.backbone.inputs=10, or name a row of flow",
}
"""Fields that cannot be set, and why."""
_LINKED: Mapping[str, tuple[str, Mapping[Any, Any]]] = {
    "data.frames": ("model.frames", {}),
    "model.head.proposals": ("data.proposals", {}),
    "model.backbone.inputs": ("data.modality", {3: "rgb", 10: "flow"}),
}
"""Fields that another one follows: which, and its value for some of theirs; else it has the same."""
_NONE = ("none", "null")


def parse_changes(texts: Iterable[str]) -> tuple[tuple[str, str], ...]:
    """Return (field, value) of each ``FIELD=VALUE``, sorted by field.

    Raises:
        UserError: a text is no such pair, or two give one field different values.
    """
    found: dict[str, str] = {}
    for text in texts:
        name, equals, value = (part.strip() for part in text.partition("="))
        if not equals or not name or not value:
            raise UserError(f"--set {text!r} is not FIELD=VALUE, such as train.lr=0.02")
        if found.setdefault(name, value) != value:
            raise UserError(f"--set gives {name} two values, {found[name]} and {value}; keep one")
    return tuple(sorted(found.items()))


def check_changes(changes: Sequence[tuple[str, str]], runs: Sequence[RunConfig]) -> None:
    """Check that every change fits one of the runs at least, and that the changed runs can be made.

    Raises:
        UserError: a field is unknown to all of them or cannot be set, or a value does not fit.
    """
    known = {name for run in dict.fromkeys(runs) for name in _fields(run)}
    for name, _ in changes:
        why = next((ELSEWHERE[part] for part in _beginnings(name) if part in ELSEWHERE), None)
        if why is not None:
            raise UserError(f"--set {name}: it cannot be set; {why}")
        if name not in known:
            inner = sorted(other for other in known if other.startswith(f"{name}."))
            raise UserError(f"{_option(name)}: there is no such field; {_near(name, inner, known)}")
    for run in runs:
        overridden(run, changes)


def overridden(run: RunConfig, changes: Sequence[tuple[str, str]]) -> RunConfig:
    """Return the run with the changes that apply to it, named in its ``changes``; without any it is the same run.

    Raises:
        UserError: a value is not of its field's type, or the config refuses it.
    """
    fields, tree, named = _fields(run), dict[str, Any](), []
    for name, text in changes:
        if name not in fields:
            continue
        hint, before = fields[name]
        value = _read(name, text, hint)
        if value == before:
            continue
        named.append(f"{name}={_text(value)}")
        _plant(tree, name.split("."), value)
        if name in _LINKED:
            target, values = _LINKED[name]
            _plant(tree, target.split("."), values.get(value, value))
    if not named:
        return run
    try:
        changed: RunConfig = dataclasses.replace(_rebuilt(run, tree), changes=tuple(named))
        to_dict(changed)  # json has no infinite numbers
    except ValueError as error:
        raise UserError(f"{', '.join(_option(*text.split('=', 1)) for text in named)}: {error}") from error
    return changed


@functools.lru_cache(maxsize=256)
def _fields(run: RunConfig) -> Mapping[str, tuple[Any, Any]]:
    """Return type and value of every field of a run that can be set, by its path."""
    found: dict[str, tuple[Any, Any]] = {}
    _collect(run, "", found)
    return found


def _collect(config: Any, prefix: str, found: dict[str, tuple[Any, Any]]) -> None:  # noqa: ANN401 - any config
    for name, hint in _hints(type(config)).items():
        path, value = f"{prefix}{name}", getattr(config, name)
        if path in ELSEWHERE or name == "kind":
            continue
        if path == "pretrain":
            found[path] = type(None), value
        if dataclasses.is_dataclass(value):
            _collect(value, f"{path}.", found)
            if type(None) in typing.get_args(hint):
                found[path] = type(None), value
        elif isinstance(value, tuple) and value and hasattr(value[0], "kind"):
            for part in value:
                _collect(part, f"{path}.{part.kind}.", found)
        elif not (isinstance(value, tuple) and hasattr(hint, "__args__") and _holds_configs(hint)) or name == "views":
            found[path] = hint, value


def _holds_configs(hint: Any) -> bool:  # noqa: ANN401 - any type
    return any(dataclasses.is_dataclass(part) for part in _parts(hint))


def _parts(hint: Any) -> Iterable[Any]:  # noqa: ANN401 - any type
    for part in typing.get_args(hint):
        yield part
        yield from _parts(part)


def _hints(config: Any) -> dict[str, Any]:  # noqa: ANN401 - any config class
    hints = typing.get_type_hints(config)
    return {field.name: hints[field.name] for field in dataclasses.fields(config)}


def _read(name: str, text: str, hint: Any) -> Any:  # noqa: ANN401 - of the field's type
    """Return a value as its field's type.

    Raises:
        UserError: it does not fit the type.
    """
    from pydantic import TypeAdapter, ValidationError

    if hint is type(None) and text.lower() not in _NONE and name != "pretrain":
        raise UserError(f"--set {name}={text}: a group of fields can only be left out, as {name}=none")
    try:
        if name == "pretrain" and text.lower() not in _NONE:
            names, sha256, colour = text.split("@")
            return TypeAdapter(CheckpointConfig).validate_python({"names": names, "sha256": sha256, "colour": colour})
        if name == "views":
            return _views(text)
        listed = any(typing.get_origin(part) is tuple for part in (hint, *typing.get_args(hint)))
        return TypeAdapter(hint).validate_json(_json(text, listed), strict=True)
    except (ValidationError, ValueError) as error:
        raise UserError(f"{_option(name, text)}: expected {_expected(name, hint)}") from error


def _json(text: str, listed: bool) -> str:
    """Return what a person writes as json: bare words as texts, ``none``, and ``30,40,45`` as a list."""
    if listed and not text.startswith("[") and text.lower() not in _NONE:
        return f"[{','.join(_json(part.strip(), False) for part in text.split(',') if part.strip())}]"
    if text.lower() in (*_NONE, "true", "false"):
        return "null" if text.lower() in _NONE else text.lower()
    try:
        json.loads(text)
    except ValueError:
        return json.dumps(text)
    return text


def _views(text: str) -> tuple[ViewsConfig, ...]:
    """Return the views of ``10x3`` or ``1x1,2x3``: temporal clips x spatial crops."""
    pairs = [part.strip().split("x") for part in text.split(",")]
    return tuple(ViewsConfig(int(clips), int(crops)) for clips, crops in pairs)


def _expected(name: str, hint: Any) -> str:  # noqa: ANN401 - any type
    if name == "views":
        return "temporal clips x crops (1 or 3), such as 10x3 or 1x1,2x3"
    if name == "pretrain":
        return "none; a checkpoint is given by --from"
    origin, parts = typing.get_origin(hint), typing.get_args(hint)
    if origin is typing.Literal:
        return f"one of {', '.join(map(str, parts))}"
    if origin is tuple:
        inner = [part for part in parts if part is not ...]
        many = len(inner) == len(parts)
        return f"{len(inner)} values" if many else f"{_expected('', inner[0])}, or several with commas between"
    if type(None) in parts:
        return " or ".join([*(_expected("", part) for part in parts if part is not type(None)), "none"])
    words = {int: "a whole number", float: "a number", bool: "true or false", str: "a text"}
    return words.get(hint, "a value of its type")


def _option(name: str, value: str = "") -> str:
    """Return how a change is written on the command line; ``--from`` and ``--limit`` change a field each."""
    if name == "pretrain" and "@" in value:
        return "--from"
    if name == "data.limit":
        return f"--limit {value.removesuffix('.0')} (data.limit)"
    return f"--set {name}={value}" if value else f"--set {name}"


def _text(value: Any) -> str:  # noqa: ANN401 - of any field
    if value is None:
        return "none"
    if isinstance(value, tuple):
        joint = all(isinstance(part, ViewsConfig) for part in value) and value
        return ",".join(f"{part.clips}x{part.crops}" if joint else _text(part) for part in value) or "[]"
    return str(value).lower() if isinstance(value, bool) else str(value)


def _plant(tree: dict[str, Any], path: Sequence[str], value: Any) -> None:  # noqa: ANN401 - of any field
    for name in path[:-1]:
        tree = tree.setdefault(name, {})
    tree[path[-1]] = value


def _rebuilt(config: Any, tree: Mapping[str, Any]) -> Any:  # noqa: ANN401 - any config
    """Return a config with all changes at once: one alone may contradict what another puts right."""
    fresh: dict[str, Any] = {}
    for name, value in tree.items():
        own = getattr(config, name)
        if not isinstance(value, dict):
            fresh[name] = value
        elif isinstance(own, tuple):
            fresh[name] = tuple(_rebuilt(part, value[part.kind]) if part.kind in value else part for part in own)
        else:
            fresh[name] = _rebuilt(own, value)
    return dataclasses.replace(config, **fresh)


def _beginnings(name: str) -> Iterable[str]:
    parts = name.split(".")
    return (".".join(parts[:count]) for count in range(1, len(parts) + 1))


def _near(name: str, inner: Sequence[str], known: Iterable[str]) -> str:
    if inner:
        return f"it is a group of fields: {', '.join(inner)}"
    if "." not in name:
        alike = [other for other in known if other.rpartition(".")[2] == name]
        if alike:
            return f"did you mean {' or '.join(sorted(alike))}?"
    group = name.partition(".")[0]
    alike = [other for other in known if other.partition(".")[0] == group]
    return nearest(name, alike or known)
