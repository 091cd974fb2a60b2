"""Keras layers as the Python that makes and calls them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from typing import Any

from engine import named
from engine.fields import FieldSpec
from engine.formats.keras_config import Calls
from engine.formats.keras_layers import FAMILIES, function_class, specs_of
from engine.formats.python_text import Group, Names, call, keyword, listing, literal, quoted
from engine.formats.steps import Step
from engine.graph import Node, snake_case
from engine.layer import Layer
from engine.layers.core import Input

_USUAL_INPUT = snake_case(Input.__name__)


def make(layer: Layer, name: str | None = None) -> Group:
    """The call that makes a layer, with the settings that differ from Keras's defaults."""
    words = () if name is None else (f"name={quoted(name)}",)
    return call(f"layers.{layer.keras_class}", (*_settings(layer), *words))


def make_input(node: Node, name: str | None) -> Group:
    """The call that makes an input."""
    layer = node.layer
    assert isinstance(layer, Input)
    words = [f"shape={literal(layer.shape)}"]
    words += [f"batch_size={layer.batch_size}"] if layer.batch_size is not None else []
    words += [f"dtype={quoted(layer.dtype)}"] if layer.dtype != "float32" else []
    return call("keras.Input", words if name is None else [*words, f"name={quoted(name)}"])


def applied(function: str, step: Step, *words: str) -> Group:
    """The call of a layer on the variables of a step."""
    args, kwargs = step.node.layer.keras_call(step.sources)
    names = step.node.layer.input_names
    settings = [keyword(key, _argument(value) if key in names else _word(value)) for key, value in kwargs.items()]
    return call(function, [*map(_argument, args), *settings, *words])


def _argument(value: Any) -> str | Group:
    """Variables, alone or in lists."""
    return listing(map(_argument, value)) if isinstance(value, list) else str(value)


def _word(value: Any) -> str:
    return listing(map(str, value)).flat() if isinstance(value, list) else literal(value)


def _settings(layer: Layer) -> list[str | Group]:
    specs = specs_of(type(layer))
    arguments: list[str | Group] = []
    for name, value in layer.keras_arguments().items():
        spec = specs.get(name)
        if name in layer.positional:
            arguments.insert(layer.positional.index(name), _value(value, spec))
        elif spec is None or spec.default not in (value, getattr(layer, name, value)):
            arguments.append(keyword(name, _value(value, spec)))
    return arguments


def _value(value: Any, spec: FieldSpec | None) -> str | Group:
    """A setting as Python: layers and functions are made, anything else is written out."""
    if isinstance(value, Layer):
        return make(value)
    if isinstance(value, tuple) and any(isinstance(item, Layer) for item in value):  # pyright: ignore
        return listing(_value(item, None) for item in value)  # pyright: ignore[reportUnknownVariableType]
    if spec is not None and spec.family in FAMILIES and isinstance(value, str):
        name, settings = named.parse(value, FAMILIES[spec.family])
        defaults = named.settings_of(FAMILIES[spec.family][name])
        changed = [f"{key}={literal(item)}" for key, item in settings.items() if item != defaults[key]]
        if not changed and spec.family != "regularizer":
            return quoted(name)
        return call(f"keras.{spec.family}s.{function_class(name)}", changed)
    return literal(value)


# Names

_RESERVED = (
    "os", "np", "keras", "layers", "x", "y", "inputs", "outputs", "model", "self", "training", "Network",
    "x_train", "y_train", "x_val", "y_val", "x_test", "y_test", "order", "data", "checkpoint", "before",
)  # fmt: skip


def program_names() -> Names:
    """Names for the variables of a program."""
    return Names(_RESERVED)


def written_names(found: Calls, owners: Iterable[Node]) -> dict[str, str | None]:
    """The names that a program writes for layers it makes in this order; None where Keras finds one by itself.

    A name that the program uses later is always written: Keras counts names through all layers of a process.
    """
    counts: Counter[str] = Counter()
    needed = _needed_names(found)
    names: dict[str, str | None] = {}
    for owner in owners:
        layer = owner.layer
        if isinstance(layer, Input):
            alone = len(found.inputs) == 1 and owner.name == _USUAL_INPUT
            names[owner.id] = None if alone else owner.name
            continue
        for inner in _inner(layer):
            counts[snake_case(inner.keras_class or "")] += 1
        base = snake_case(layer.keras_class or "")
        usual = f"{base}_{counts[base]}" if counts[base] else base
        plain = owner.name == usual and owner.id not in needed
        counts[base] += plain
        names[owner.id] = None if plain else owner.name
    return names


def _needed_names(found: Calls) -> set[str]:
    """The layers that a program speaks of by their names: those of several outputs, and those that adapt."""
    ends = {found.graph.owner(edge.source).id for edge in found.outputs}
    adapting = {owner.id for owner in found.layers if owner.layer.adapts or owner.layer.learns}
    return adapting | (ends if len(found.outputs) > 1 else set())


def _inner(layer: Layer) -> Iterator[Layer]:
    """The layers that are made for the settings of a layer."""
    for value in layer.keras_arguments().values():
        for item in value if isinstance(value, tuple | list) else [value]:  # pyright: ignore
            if isinstance(item, Layer):
                yield from _inner(item)
                yield item
