"""What a program makes of Keras: layers, inputs, and models within the model, which functions of its own make."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from engine import named
from engine.expression import Call as Formula
from engine.expression import keras_text
from engine.fields import FieldSpec
from engine.formats.keras_config import Calls, calls
from engine.formats.keras_layers import FAMILIES, function_class, specs_of
from engine.formats.keras_text import applied, targets
from engine.formats.python_text import Group, Names, call, keyword, listing, literal, quoted, statement
from engine.formats.steps import script
from engine.graph import Node, snake_case
from engine.layer import Layer, parts_of
from engine.layers.core import Input
from engine.layers.nested import Functional
from engine.project import NAME
from engine.splitting import split

_USUAL_INPUT = snake_case(Input.__name__)

RESERVED = (
    "os", "np", "keras", "layers", "x", "y", "inputs", "outputs", "model", "self", "training", "Network",
    "x_train", "y_train", "x_val", "y_val", "x_test", "y_test", "order", "data", "checkpoint", "before",
    "sys", "validation", "best", "history", "OneCycle",
)  # fmt: skip

_MAKE = "make_"
"""How the names of the functions begin that make models within the model; those of variables do not."""


def scope() -> Names:
    """Names for the variables of a program, or of a function in it."""
    return Names(RESERVED, avoided=_MAKE)


@dataclass
class Program:
    """Writes the calls that make layers. It must be asked for them in the order in which the program runs.

    Keras names layers by counting them through all models of a process, so a name is written only where Keras
    would find another, or where the program speaks of the layer by its name.
    """

    functions: list[str] = field(default_factory=list[str])
    """Those that make models within the model, each before the ones that call it."""
    _counts: Counter[str] = field(default_factory=Counter[str])
    _names: Names = field(default_factory=Names)

    # Inputs and layers

    def input(self, found: Calls, node: Node) -> Group:
        """The call that makes an input."""
        alone = len(found.inputs) == 1 and node.name == _USUAL_INPUT
        return make_input(node, None if alone else node.name)

    def owner(self, found: Calls, owner: Node) -> Group:
        """The call that makes the layer of a node."""
        layer = owner.layer
        if isinstance(layer, Functional):
            return self._model(layer, owner.name)
        settings = self._settings(layer)  # layers in them are made before it
        count = self._counts[_base(layer)]
        usual = f"{_base(layer)}_{count}" if count else _base(layer)
        plain = owner.name == usual and owner.id not in _spoken_of(found)
        return self._making(layer, settings, None if plain else owner.name)

    def make(self, layer: Layer, name: str | None = None) -> Group:
        """The call that makes a layer of this name, or of the one that Keras finds."""
        if isinstance(layer, Functional):
            return self._model(layer, name or snake_case(Functional.__name__))
        return self._making(layer, self._settings(layer), name)

    def _making(self, layer: Layer, settings: Sequence[str | Group], name: str | None) -> Group:
        self._counts[_base(layer)] += name is None
        public = layer.keras_module == Layer.keras_module
        words = [] if layer.dtype is None else [f"dtype={quoted(layer.dtype)}"]
        words += [] if name is None else [f"name={quoted(name)}"]
        return call(f"layers.{layer.keras_class}" if public else str(layer.keras_class), [*settings, *words])

    def _settings(self, layer: Layer) -> list[str | Group]:
        if layer.formula is not None:
            return [_function(layer.formula)]
        specs = specs_of(type(layer))
        arguments: list[str | Group] = []
        for name, value in layer.keras_arguments().items():
            spec = specs.get(name)
            if name in layer.positional:
                arguments.insert(layer.positional.index(name), self._value(value, spec))
            elif spec is None or spec.default not in (value, getattr(layer, name, value)):
                arguments.append(keyword(name, self._value(value, spec)))
        return arguments

    def _value(self, value: Any, spec: FieldSpec | None) -> str | Group:
        """A setting as Python: layers and functions are made, anything else is written out."""
        if isinstance(value, Layer):
            return self.make(value)
        if isinstance(value, tuple) and any(isinstance(item, Layer) for item in value):  # pyright: ignore
            return listing(self._value(item, None) for item in value)  # pyright: ignore[reportUnknownVariableType]
        if spec is not None and spec.family in FAMILIES and isinstance(value, str):
            name, settings = named.parse(value, FAMILIES[spec.family])
            defaults = named.settings_of(FAMILIES[spec.family][name])
            changed = [f"{key}={literal(item)}" for key, item in settings.items() if item != defaults[key]]
            if not changed and spec.family != "regularizer":
                return quoted(name)
            return call(f"keras.{spec.family}s.{function_class(name)}", changed)
        return literal(value)

    # Models

    def body(self, found: Calls, names: Names, indent: str = "") -> Body:
        """`x = layers.Dense(64)(x)` for each layer of a graph."""
        shared = {o.id: names.new(f"{o.name}_layer") for o in found.layers if len(found.calls_of(o.id)) > 1}
        plan = script(found, names)
        lines = [
            statement(f"{step.target} = ", self.input(found, step.node), indent=indent) for step in plan.inputs
        ]
        made: set[str] = set()
        inline = _inline(found)
        for step in plan.steps:
            if step.node.layer.formula is not None and inline:
                lines.append(f"{indent}{step.target} = {keras_text(step.node.layer.formula, step.sources)}")
                continue
            owner = found.graph.owner(step.node.id)
            if owner.id not in shared:
                groups = self.owner(found, owner), applied("", step)
                lines.append(statement(f"{targets(step)} = ", *groups, indent=indent))
                continue
            if owner.id not in made:
                made.add(owner.id)
                lines.append(statement(f"{shared[owner.id]} = ", self.owner(found, owner), indent=indent))
            lines.append(statement(f"{targets(step)} = ", applied(shared[owner.id], step), indent=indent))
        inputs, outputs = (_ends(ends) for ends in ([step.target for step in plan.inputs], plan.outputs))
        return Body(tuple(lines), inputs, outputs)

    def _model(self, layer: Functional, name: str) -> Group:
        """The call of a function that makes a model within the model; the function is written here."""
        function = f"{_MAKE}{self._names.new(name)}"
        names, indent = scope(), " " * 4
        body = self.body(calls(layer.graph), names, indent)
        making = call("keras.Model", [body.inputs, body.outputs, f"name={quoted(name)}"])
        if layer.trainable:
            ending = [statement("return ", making, indent=indent)]
        else:
            model = names.new(name)
            ending = [statement(f"{model} = ", making, indent=indent)]
            ending += [f"{indent}{model}.trainable = False", f"{indent}return {model}"]
        self.functions.append("\n".join([f"def {function}():", *body.lines, *ending]) + "\n")
        return call(function, [])


@dataclass(frozen=True)
class Body:
    """The lines that call layers, and what a model is made of after them."""

    lines: tuple[str, ...]
    inputs: str | Group
    outputs: str | Group


def with_functions(program: Program, text: str) -> str:
    """The text that makes a model, after the functions that it calls."""
    parts = [*program.functions, text]
    return parts[0] + "".join(f"\n\n{part}" for part in parts[1:])


def make_input(node: Node, name: str | None) -> Group:
    """The call that makes an input."""
    layer = node.layer
    assert isinstance(layer, Input)
    words = [f"shape={literal(layer.shape)}"]
    words += [f"batch_size={layer.batch_size}"] if layer.batch_size is not None else []
    words += [f"dtype={quoted(layer.dtype)}"] if layer.dtype != "float32" else []
    return call("keras.Input", words if name is None else [*words, f"name={quoted(name)}"])


def name_words(model: str) -> list[str]:
    """The argument that names a model, where it has a name of its own."""
    return [] if model == NAME else [f"name={quoted(model)}"]


def _base(layer: Layer) -> str:
    """What Keras calls a layer, before the number."""
    return snake_case(layer.keras_class or "")


def _function(formula: Formula) -> str:
    """A formula as the function of a Lambda layer."""
    several = formula.variables > 1
    variables = [f"inputs[{number}]" for number in range(formula.variables)] if several else ["x"]
    return f"lambda {'inputs' if several else 'x'}: {keras_text(formula, variables)}"


def _inline(found: Calls) -> bool:
    """Whether formulas can stand between layers: Keras names their operations, as no layer may be named then."""
    formulas = (node.layer.formula for node in split(found.graph))
    taken = {snake_case(formula.function.operation) for formula in formulas if formula is not None}
    names = (owner.name for owner in found.layers if owner.layer.formula is None)
    return not taken & {re.sub(r"_\d+$", "", name) for name in names}


def class_imports(found: Calls) -> set[str]:
    """Lines that import the layers which `keras.layers` does not have, such as those of its applications."""
    layers = (part for owner in found.layers for part in (owner.layer, *parts_of(owner.layer)))
    return {
        f"from {layer.keras_module} import {layer.keras_class}"
        for layer in layers
        if layer.keras_module != Layer.keras_module and not isinstance(layer, Functional)
    }


def _ends(variables: Sequence[str]) -> str | Group:
    return listing(variables) if len(variables) > 1 else variables[0]


def _spoken_of(found: Calls) -> set[str]:
    """The layers that a program speaks of by their names: those of several outputs, and those that adapt."""
    ends = {found.graph.owner(edge.source).id for edge in found.outputs}
    adapting = {owner.id for owner in found.layers if owner.layer.adapts or owner.layer.learns}
    return adapting | (ends if len(found.outputs) > 1 else set())
