"""The kinds of settings that layers, data sources and training have, and what an editor must know of them.

A setting is declared once, as an annotated field of a frozen pydantic model. `describe` reads the
annotations back, so that inspector, command line and code generation need no second list.
"""

from __future__ import annotations

import types
import typing
from collections.abc import Iterable
from dataclasses import dataclass
from textwrap import shorten
from typing import Annotated, Any, Literal, get_args, get_origin

import annotated_types
from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field

from engine.ops.activations import ACTIVATIONS
from engine.ops.initializers import INITIALIZERS

Kind = Literal["int", "float", "bool", "choice", "choices", "ints", "text", "path"]


@dataclass(frozen=True)
class Choice:
    """Marks a text setting that must be one of `values`."""

    values: tuple[str, ...]


@dataclass(frozen=True)
class AsPath:
    """Marks a text setting that names a file."""


def one_of(values: Iterable[str]) -> AfterValidator:
    """A validator that refuses a text which is not one of `values`."""
    allowed = tuple(values)

    def check(value: str) -> str:
        if value not in allowed:
            raise ValueError(f"must be one of {', '.join(allowed)}, not {shorten(repr(value), 60)}")
        return value

    return AfterValidator(check)


def _pair(value: Any) -> Any:
    return (value, value) if isinstance(value, int) else value


PositiveInt = Annotated[int, Field(ge=1, le=1_000_000)]
ActivationName = Annotated[str, Choice(tuple(ACTIVATIONS)), one_of(ACTIVATIONS)]
InitializerName = Annotated[str, Choice(tuple(INITIALIZERS)), one_of(INITIALIZERS)]
Padding = Literal["valid", "same"]
Pair = Annotated[tuple[PositiveInt, PositiveInt], BeforeValidator(_pair)]
Fraction = Annotated[float, Field(ge=0, le=1)]
Seed = Annotated[int, Field(ge=0, le=2**31 - 1)]


class Settings(BaseModel):
    """Base of everything that has settings: frozen, exact about names and types."""

    model_config = ConfigDict(frozen=True, extra="forbid", validate_default=True, allow_inf_nan=False)

    def replace(self, **changes: Any) -> typing.Self:
        """The same settings with some changed, validated; raises pydantic's ValidationError."""
        fields = {name: getattr(self, name) for name in type(self).model_fields}
        return type(self).model_validate({**fields, **changes})


@dataclass(frozen=True)
class FieldSpec:
    """What an editor must know of one setting.

    `minimum`/`maximum` are inclusive unless `exclusive` holds (then the minimum itself is refused).
    `length` is the fixed length of a tuple, None where any length will do.
    """

    name: str
    kind: Kind
    default: Any
    description: str = ""
    minimum: float | None = None
    maximum: float | None = None
    exclusive: bool = False
    choices: tuple[str, ...] = ()
    length: int | None = None
    optional: bool = False

    @property
    def label(self) -> str:
        """The name as a person reads it: `kernel_size` becomes "Kernel size"."""
        return self.name.replace("_", " ").capitalize()


def describe(settings: type[Settings]) -> tuple[FieldSpec, ...]:
    """The settings of a class in the order of declaration, for editors to be made from."""
    return tuple(
        _spec(
            name,
            info.annotation,
            list(info.metadata),
            info.get_default(call_default_factory=True),
            info.description or "",
        )
        for name, info in settings.model_fields.items()
        if info.json_schema_extra != {"hidden": True}
    )


def _spec(name: str, annotation: Any, metadata: list[Any], default: Any, description: str) -> FieldSpec:
    optional = False
    if get_origin(annotation) in (types.UnionType, typing.Union):
        options = [option for option in get_args(annotation) if option is not type(None)]
        optional = len(options) < len(get_args(annotation))
        annotation = options[0]
    if get_origin(annotation) is Annotated:
        annotation, *more = get_args(annotation)
        metadata = [*more, *metadata]
    minimum, maximum, exclusive = _limits(metadata)
    choices = next((item.values for item in _flat(metadata) if isinstance(item, Choice)), ())
    length: int | None = None
    origin = get_origin(annotation)
    if origin is Literal:
        kind, choices = "choice", tuple(str(value) for value in get_args(annotation))
    elif origin is tuple:
        inner, *rest = get_args(annotation)
        length = None if rest == [Ellipsis] else 1 + len(rest)
        element = _spec(name, inner, [], None, "")
        kind = "choices" if element.choices else "ints"
        choices, minimum, maximum, optional = element.choices, element.minimum, element.maximum, optional
    elif any(isinstance(item, AsPath) for item in metadata):
        kind = "path"
    elif choices:
        kind = "choice"
    else:
        kind = {bool: "bool", int: "int", float: "float", str: "text"}[annotation]
    return FieldSpec(
        name,
        typing.cast(Kind, kind),
        default,
        description,
        minimum,
        maximum,
        exclusive,
        choices,
        length,
        optional,
    )


def _flat(metadata: list[Any]) -> list[Any]:
    flat: list[Any] = []
    for item in metadata:
        flat.extend(item.metadata if hasattr(item, "metadata") else [item])
    return flat


def _limits(metadata: list[Any]) -> tuple[float | None, float | None, bool]:
    minimum: float | None = None
    maximum: float | None = None
    exclusive = False
    for item in _flat(metadata):
        if isinstance(item, annotated_types.Ge):
            minimum = typing.cast(float, item.ge)
        elif isinstance(item, annotated_types.Gt):
            minimum, exclusive = typing.cast(float, item.gt), True
        elif isinstance(item, annotated_types.Le):
            maximum = typing.cast(float, item.le)
        elif isinstance(item, annotated_types.Lt):
            maximum = typing.cast(float, item.lt)
    return minimum, maximum, exclusive
