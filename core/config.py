"""Configurations as data: the base models, and `key=value` text turned into them."""

from __future__ import annotations

import reprlib
from collections.abc import Iterable, Mapping, Sequence
from types import NoneType, UnionType
from typing import Any, ClassVar, TypeVar, Union, get_args, get_origin

import pydantic

from colorzoo.core.errors import ConfigError, UnknownNameError


class Strict(pydantic.BaseModel):
    """Base of every configuration: frozen, and unknown fields are errors."""

    model_config = pydantic.ConfigDict(frozen=True, extra="forbid")


class Settings(Strict):
    """Base of what users set: infinity and NaN are no values."""

    model_config = pydantic.ConfigDict(allow_inf_nan=False)


class ColorizerConfig(Settings):
    """What is built and trained; stored with the weights. `presets` names complete variants."""

    presets: ClassVar[Mapping[str, Mapping[str, Any]]] = {"default": {}}


class RunOptions(Settings):
    """What may differ from run to run."""

    samples: int = pydantic.Field(1, ge=1, le=1000, description="colourings per picture")
    seed: int | None = pydantic.Field(
        None, ge=0, lt=2**63, description="same seed, same colourings; random when absent"
    )


Model = TypeVar("Model", bound=pydantic.BaseModel)
MAX_PROBLEMS = 10
"""Most problems that one message lists."""
_bounded = reprlib.Repr()
_bounded.maxstring = _bounded.maxother = _bounded.maxlong = 120


def validate(model: type[Model], values: object, what: str) -> Model:
    """Return the model of values; an instance of it is returned as it is.

    Raises:
        ConfigError: a field is unknown or a value out of its range; the problems are listed, ten at most.
    """
    try:
        return model.model_validate(values)
    except pydantic.ValidationError as error:
        items = error.errors(include_url=False)
        problems = [_describe(model, dict(item)) for item in items[:MAX_PROBLEMS]]
        if len(items) > MAX_PROBLEMS:
            problems.append(f"and {len(items) - MAX_PROBLEMS} more")
        raise ConfigError(f"{what}: " + "; ".join(problems)) from None


def from_preset(config: type[ColorizerConfig], preset: str, pairs: Iterable[str]) -> ColorizerConfig:
    """Return a configuration of a preset's values, overridden by `key=value` texts.

    Raises:
        UnknownNameError: there is no such preset.
        ConfigError: a text is no pair, or a value is wrong.
    """
    if preset not in config.presets:
        raise UnknownNameError("preset", preset, config.presets)
    base = validate(config, config.presets[preset], f"preset {preset}").model_dump()
    return validate(config, _merged(base, parse_pairs(pairs, config)), "--set")


def from_pairs(model: type[Model], pairs: Iterable[str], what: str, **given: object) -> Model:
    """Return a model of its defaults and given values, overridden by `key=value` texts.

    Raises:
        ConfigError: a text is no pair, or a value is wrong.
    """
    return validate(model, {**given, **completed(model, parse_pairs(pairs, model))}, what)


def completed(model: type[pydantic.BaseModel], values: Mapping[str, Any]) -> dict[str, Any]:
    """Return nested values completed by the defaults of their other fields: `a.b=1` leaves `a.c`."""
    merged = dict(values)
    for name in values.keys() & model.model_fields.keys():
        field = model.model_fields[name]
        default = None if field.is_required() else field.get_default(call_default_factory=True)
        if isinstance(values[name], Mapping) and isinstance(default, pydantic.BaseModel):
            merged[name] = _merged(default.model_dump(), values[name])
    return merged


def parse_pairs(pairs: Iterable[str], model: type[pydantic.BaseModel] | None = None) -> dict[str, Any]:
    """Return `a=1` and `a.b=x` texts as a nested mapping of texts, for pydantic to convert.

    A key that is given twice becomes a list where the model's field of that name takes several.

    Raises:
        ConfigError: a text is no pair, or a key is given twice.
    """
    values: dict[str, Any] = {}
    pairs = list(pairs)
    bad = [pair for pair in pairs if "=" not in pair or pair.startswith("=")]
    if bad:
        raise ConfigError(f"expected key=value, got {', '.join(map(_bounded.repr, bad[:MAX_PROBLEMS]))}")
    for pair in pairs:
        key, _, text = pair.partition("=")
        *path, last = key.strip().split(".")
        inner = values
        for part in path:
            inner = inner.setdefault(part, {})
            if not isinstance(inner, dict):
                raise ConfigError(f"{key}: {part} was already given a value")
        value = None if text in ("none", "null") else text
        if last in inner and not _takes_several(model, [*path, last]):
            raise ConfigError(f"{key.strip()}: given twice; give every key once")
        several = inner[last] if isinstance(inner.get(last), list) else [inner.get(last)]
        inner[last] = [*several, value] if last in inner else value
    return values


def _takes_several(model: type[pydantic.BaseModel] | None, path: list[str]) -> bool:
    """Return whether the field of a dotted name is a list, a tuple or the like."""
    for name in path[:-1]:
        model = (
            _model_in(model.model_fields[name].annotation) if model and name in model.model_fields else None
        )
    if model is None or path[-1] not in model.model_fields:
        return False
    return get_origin(model.model_fields[path[-1]].annotation) in (list, tuple, set, frozenset, Sequence)


def fields_of(
    model: type[pydantic.BaseModel], prefix: str = "", above: tuple[object, ...] = ()
) -> list[dict[str, Any]]:
    """Return name, type, default and description of every field, nested ones with dotted names."""
    rows: list[dict[str, Any]] = []
    for name, field in model.model_fields.items():
        annotation = field.annotation
        inner = _model_in(annotation)
        if inner is not None and inner not in (*above, model):
            rows += fields_of(inner, f"{prefix}{name}.", (*above, model))
            continue
        default = None if field.is_required() else field.get_default(call_default_factory=True)
        text = getattr(annotation, "__name__", None) if isinstance(annotation, type) else str(annotation)
        rows.append(
            {
                "name": prefix + name,
                "type": (text or str(annotation)).replace("typing.", ""),
                "default": default,
                "description": field.description or "",
            }
        )
    return rows


def _model_in(annotation: object) -> type[pydantic.BaseModel] | None:
    """Return the model that an annotation is, alone or beside None: what dotted names lead into."""
    parts = get_args(annotation) if get_origin(annotation) in (Union, UnionType) else (annotation,)
    parts = tuple(part for part in parts if part is not NoneType)
    if len(parts) != 1 or not isinstance(parts[0], type) or get_origin(parts[0]) is not None:
        return None
    return parts[0] if issubclass(parts[0], pydantic.BaseModel) else None


def _merged(base: dict[str, Any], extra: Mapping[str, Any]) -> dict[str, Any]:
    """Override nested values one by one, so that `vae.epochs=3` leaves the other fields of vae."""
    for key, value in extra.items():
        inner = base.get(key)
        nested = isinstance(value, Mapping) and isinstance(inner, Mapping)
        base[key] = _merged(dict(inner or {}), value) if nested else value
    return base


def _describe(model: type[pydantic.BaseModel], item: Mapping[str, Any]) -> str:
    """Return one pydantic problem as a clause; for an unknown field, with the fields there are."""
    where = _bounded.repr(".".join(str(part) for part in item["loc"]))[1:-1]
    if not where:  # a rule about several fields at once
        return str(item["msg"]).removeprefix("Value error, ")
    if item["type"] == "extra_forbidden":
        known = [row["name"] for row in fields_of(model)]
        return str(UnknownNameError("field", where, known))
    message = str(item["msg"]).removeprefix("Value error, ")
    return f"{where}: {message[0].lower()}{message[1:]}, got {_bounded.repr(item['input'])}"
