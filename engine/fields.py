"""The kinds of settings that layers, data sources and training have, and what an editor must know of them.

A setting is declared once, as an annotated field of a frozen pydantic model. `describe` reads the
annotations back, so that inspector, command line and code generation need no second list.
"""

from __future__ import annotations

import types
import typing
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from functools import partial
from textwrap import shorten
from typing import TYPE_CHECKING, Annotated, Any, Literal, get_args, get_origin

import annotated_types
from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, ValidationError

from engine import named
from engine.ops.activations import ACTIVATIONS
from engine.ops.constraints import CONSTRAINTS
from engine.ops.initializers import INITIALIZERS
from engine.ops.regularizers import REGULARIZERS

Kind = Literal[
    "int", "float", "bool", "choice", "ints", "floats", "text", "texts", "path", "call", "calls",
    "layer", "layers", "graph", "rate", "hidden",
]  # fmt: skip
"""What an editor must offer. "call": a name out of `choices`, with arguments if wanted; "calls": any of them,
each with settings of its own; "layer", "layers", "graph": settings that hold layers of their own; "rate": a
learning rate, or a schedule of it; "hidden": none, the setting comes from a file."""

Family = Literal["", "activation", "initializer", "regularizer", "constraint"]
"""Which of Keras's families of functions a setting names one of."""


@dataclass(frozen=True)
class Choice:
    """Marks a text setting that must be one of `values`."""

    values: tuple[str, ...]
    family: Family = ""
    says: tuple[str, ...] = ()
    """What each means, where that is told."""


@dataclass(frozen=True, eq=False)
class CallOf:
    """Marks a text setting that names a function of a family, with arguments if wanted (see `engine.named`)."""

    family: Family
    functions: named.Functions

    def check(self, value: str) -> str:
        """The text in its shortest form; raises `ValueError`."""
        return named.show(*named.parse(value, self.functions), self.functions)


@dataclass(frozen=True)
class Holds:
    """Marks a setting that holds a layer, several layers, a whole graph or a rate; or one that no editor shows."""

    kind: Literal["layer", "layers", "graph", "rate", "hidden"]


@dataclass(frozen=True)
class AsPath:
    """Marks a text setting that names a file, or a folder where that will do."""

    folder: bool = False


def one_of(values: Iterable[str]) -> AfterValidator:
    """A validator that refuses a text which is not one of `values`."""
    allowed = tuple(values)

    def check(value: str) -> str:
        if value not in allowed:
            raise ValueError(f"must be one of {', '.join(allowed)}, not {shorten(repr(value), 60)}")
        return value

    return AfterValidator(check)


def repeated(count: int) -> BeforeValidator:
    """A validator that takes one number for several: 3 for (3, 3)."""
    return BeforeValidator(lambda value: (value,) * count if isinstance(value, int | float) else value)


def single(values: tuple[Any, ...]) -> Any:
    """A setting that Keras takes as one number or as a list of them: the number, where there is but one."""
    return values[0] if len(values) == 1 else list(values)


def _call(family: Family, functions: named.Functions) -> Any:
    mark = CallOf(family, functions)
    return Annotated[str, mark, AfterValidator(mark.check)]


PositiveInt = Annotated[int, Field(ge=1, le=1_000_000)]
Count = Annotated[int, Field(ge=0, le=1_000_000)]
ActivationName = Annotated[str, Choice(tuple(ACTIVATIONS), "activation"), one_of(ACTIVATIONS)]
if TYPE_CHECKING:
    InitializerName = RegularizerName = ConstraintName = str
else:
    InitializerName = _call("initializer", INITIALIZERS)
    RegularizerName = _call("regularizer", REGULARIZERS)
    ConstraintName = _call("constraint", CONSTRAINTS)
Padding = Literal["valid", "same"]
Single = Annotated[tuple[PositiveInt], repeated(1)]
Pair = Annotated[tuple[PositiveInt, PositiveInt], repeated(2)]
Triple = Annotated[tuple[PositiveInt, PositiveInt, PositiveInt], repeated(3)]
Axes = Annotated[tuple[int, ...], Field(min_length=1), repeated(1)]
"""One axis or several; a number stands for itself alone."""
Numbers = Annotated[tuple[float, ...], Field(min_length=1), repeated(1)]
"""One number or several."""
Fraction = Annotated[float, Field(ge=0, le=1)]
Seed = Annotated[int, Field(ge=0, le=2**31 - 1)]


class Settings(BaseModel):
    """Base of everything that has settings: frozen, exact about names and types."""

    model_config = ConfigDict(frozen=True, extra="forbid", validate_default=True, allow_inf_nan=False)

    def replace(self, **changes: Any) -> typing.Self:
        """The same settings with some changed, validated; raises pydantic's ValidationError."""
        fields = {name: getattr(self, name) for name in type(self).model_fields}
        return type(self).model_validate({**fields, **changes})

    def offers(self, name: str) -> tuple[str, ...] | None:
        """Which of the choices of a setting go with the other settings; None where all do."""
        return None


@dataclass(frozen=True, eq=False)
class CallsOf:
    """Marks a text setting that names one of several things which have settings: `auc(curve='PR')`.

    The text is written as Python would call it, with those settings only that are not as they come.
    """

    kinds: Mapping[str, type[Settings]]
    says: tuple[str, ...] = ()
    """What each means."""
    example: str = ""

    def read(self, text: str) -> tuple[str, Settings]:
        """The name and the settings in a text; raises `ValueError` with a sentence."""
        name, positional, given = named.read_call(text, self.example)
        if name not in self.kinds:
            raise ValueError(f"must be one of {', '.join(self.kinds)}, not {shorten(repr(text), 60)}")
        fields = [spec.name for spec in describe(self.kinds[name])]
        given = {**dict(zip(fields, positional, strict=False)), **given}
        unknown = next((key for key in given if key not in fields), None)
        if unknown or len(positional) > len(fields):
            raise ValueError(f"{name} takes {', '.join(fields)}, not {unknown or f'{len(positional)} values'}")
        try:
            return name, self.kinds[name].model_validate(given)
        except ValidationError as error:
            first = error.errors(include_url=False, include_context=False)[0]
            why = first["msg"].removeprefix("Value error, ").replace("Input should be", "must be")
            value = shorten(repr(first["input"]), 60)
            raise ValueError(f"{first['loc'][0]} of {name} {why} (it is {value})") from None

    def write(self, name: str, settings: Settings) -> str:
        """The shortest text for a name and settings."""
        values = ((spec, getattr(settings, spec.name)) for spec in describe(self.kinds[name]))
        written = [f"{spec.name}={_plain(value)!r}" for spec, value in values if value != spec.default]
        return f"{name}({', '.join(written)})" if written else name

    def check(self, text: str) -> str:
        """The text in its shortest form; raises `ValueError`."""
        return self.write(*self.read(text))


def _plain(value: Any) -> Any:
    return [*value] if isinstance(value, tuple) else value


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
    says: tuple[str, ...] = ()
    """What each of the choices means, where that is told."""
    length: int | None = None
    optional: bool = False
    family: Family = ""
    open_sizes: bool = False
    """Of "ints": whether a size may be left open (None)."""
    call: CallOf | None = None
    """Of "call": reads what is written."""
    calls: CallsOf | None = None
    """Of "calls": reads and writes each."""
    folder: bool = False
    """Of "path": whether a folder will do."""
    rare: bool = False
    """Whether the class says that most people leave it as it is."""

    @property
    def advanced(self) -> bool:
        """Whether the setting is one that most people leave as it is: how weights start and are held in bounds."""
        return self.kind == "call" or self.rare

    @property
    def label(self) -> str:
        """The name as a person reads it: `kernel_size` becomes "Kernel size"."""
        return self.name.replace("_", " ").capitalize()


_LAST = ("trainable", "name", "dtype")


def describe(settings: type[Settings]) -> tuple[FieldSpec, ...]:
    """The settings of a class, for editors to be made from.

    In the order of declaration; after the rest those that all layers or metrics have, and at the end those that
    are advanced.
    """
    specs = [
        replace(
            _spec(
                name,
                info.annotation,
                list(info.metadata),
                info.get_default(call_default_factory=True),
                info.description or "",
            ),
            rare=info.json_schema_extra == {"rare": True},
        )
        for name, info in settings.model_fields.items()
        if info.json_schema_extra != {"hidden": True}
    ]
    return tuple(sorted(specs, key=lambda spec: (spec.advanced, spec.name in _LAST)))


def _spec(name: str, annotation: Any, metadata: list[Any], default: Any, description: str) -> FieldSpec:
    annotation, optional = _without_none(annotation)
    while get_origin(annotation) is Annotated:
        annotation, *more = get_args(annotation)
        metadata = [*more, *metadata]
        annotation, also = _without_none(annotation)
        optional = optional or also
    flat = _flat(metadata)
    spec = partial(FieldSpec, name, default=default, description=description, optional=optional)
    for mark in flat:
        if isinstance(mark, Holds):
            return spec(kind=mark.kind)
        if isinstance(mark, CallOf):
            return spec(kind="call", choices=tuple(mark.functions), family=mark.family, call=mark)
        if isinstance(mark, CallsOf):
            return spec(kind="text", choices=tuple(mark.kinds), says=mark.says, calls=mark)
        if isinstance(mark, AsPath):
            return spec(kind="path", folder=mark.folder)
    minimum, maximum, exclusive = _limits(metadata)
    limited = partial(spec, minimum=minimum, maximum=maximum, exclusive=exclusive)
    origin = get_origin(annotation)
    if origin is Literal:
        return spec(kind="choice", choices=tuple(str(value) for value in get_args(annotation)))
    if origin is tuple:
        return _tuple_spec(spec, annotation)
    mark = next((mark for mark in flat if isinstance(mark, Choice)), None)
    if mark is not None:
        return spec(kind="choice", choices=mark.values, says=mark.says, family=mark.family)
    kinds: dict[Any, Kind] = {bool: "bool", int: "int", float: "float", str: "text"}
    return limited(kind=kinds[annotation])


def _tuple_spec(spec: Callable[..., FieldSpec], annotation: Any) -> FieldSpec:
    inner, *rest = get_args(annotation)
    element = _spec("", inner, [], None, "")
    if element.calls is not None:
        return spec(kind="calls", choices=element.choices, says=element.says, calls=element.calls)
    kinds: dict[Kind, Kind] = {"float": "floats", "text": "texts", "layer": "layers"}
    return spec(
        kind=kinds.get(element.kind, "ints"),
        minimum=element.minimum,
        maximum=element.maximum,
        length=None if rest == [Ellipsis] else 1 + len(rest),
        open_sizes=element.optional,
    )


def _without_none(annotation: Any) -> tuple[Any, bool]:
    """An annotation without its "or None", and whether it had one."""
    if get_origin(annotation) not in (types.UnionType, typing.Union):
        return annotation, False
    options = [option for option in get_args(annotation) if option is not type(None)]
    return options[0], len(options) < len(get_args(annotation))


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
