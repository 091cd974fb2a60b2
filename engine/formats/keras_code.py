"""A project as a Python program that builds it with Keras, as a course would write it."""

from __future__ import annotations

from typing import Any

from engine import named
from engine.fields import FieldSpec, describe
from engine.formats.keras_config import Calls, calls
from engine.formats.keras_layers import FAMILIES, function_class
from engine.formats.keras_training import keras_metrics
from engine.formats.python_text import Group, Names, call, listing, literal, quoted, statement
from engine.formats.steps import Script, Step, script
from engine.graph import Graph, Node
from engine.layer import Layer
from engine.layers.core import Input, Output
from engine.project import Project, TrainingSettings

_RESERVED = ("os", "keras", "layers", "x", "inputs", "outputs", "model")

_HEAD = """\
import os

# Keras runs on JAX, TensorFlow or PyTorch; the variable must be set before Keras is imported.
os.environ.setdefault("KERAS_BACKEND", "jax")

import keras
from keras import layers
"""


def keras_code(project: Project, weights_file: str | None = None) -> str:
    """The program: it builds and compiles `model`, and reads its weights from a file of ours if one is given.

    Raises `NotReadyError` where the graph has problems.
    """
    found = calls(project.graph)
    names = Names(_RESERVED)
    shared = {
        owner.id: names.new(f"{owner.name}_layer") for owner in found.layers if len(found.calls_of(owner.id)) > 1
    }
    plan = script(found, names)
    parts = [_HEAD, _body(found, plan, shared), _model(plan), _compile(project.graph, found, project.training)]
    parts += [_weights(found, weights_file), 'if __name__ == "__main__":\n    model.summary()\n']
    return "\n".join(part for part in parts if part)


def _body(found: Calls, plan: Script, shared: dict[str, str]) -> str:
    lines = [statement(f"{step.target} = ", _input(step.node)) for step in plan.inputs]
    made: set[str] = set()
    for step in plan.steps:
        owner = found.graph.owner(step.node.id)
        function = make(owner.layer, owner.name)
        if owner.id in shared:
            if owner.id not in made:
                made.add(owner.id)
                lines.append(statement(f"{shared[owner.id]} = ", function))
            lines.append(statement(f"{step.target} = ", _applied(shared[owner.id], step)))
        else:
            lines.append(statement(f"{step.target} = ", function, _applied("", step)))
    return "\n".join(lines) + "\n"


def _applied(function: str, step: Step) -> Group:
    args, kwargs = step.node.layer.keras_call(step.sources)
    return call(function, [*map(_argument, args), *(f"{key}={_word(value)}" for key, value in kwargs.items())])


def _argument(value: Any) -> str | Group:
    """Variables, alone or in lists."""
    return listing(map(_argument, value)) if isinstance(value, list) else str(value)


def _word(value: Any) -> str:
    return listing(map(str, value)).flat() if isinstance(value, list) else literal(value)


def _input(node: Node) -> Group:
    layer = node.layer
    assert isinstance(layer, Input)
    dtype = () if layer.dtype == "float32" else (f"dtype={quoted(layer.dtype)}",)
    return call("keras.Input", (f"shape={literal(layer.shape)}", *dtype, f"name={quoted(node.name)}"))


def make(layer: Layer, name: str) -> Group:
    """The call that makes a layer, with the settings that differ from Keras's defaults."""
    return call(f"layers.{layer.keras_class}", (*_settings(layer), f"name={quoted(name)}"))


def _settings(layer: Layer) -> list[str | Group]:
    specs = {spec.name: spec for spec in describe(type(layer))}
    arguments: list[str | Group] = []
    for name, value in layer.keras_arguments().items():
        spec = specs.get(name)
        if name in layer.positional:
            arguments.insert(layer.positional.index(name), _value(value, spec))
        elif spec is None or value != spec.default:
            made = _value(value, spec)
            arguments.append(
                f"{name}={made}" if isinstance(made, str) else Group(f"{name}={made.open}", made.items, made.close)
            )
    return arguments


def _value(value: Any, spec: FieldSpec | None) -> str | Group:
    """A setting as Python: layers and functions are made, anything else is written out."""
    if isinstance(value, Layer):
        return call(f"layers.{value.keras_class}", _settings(value))
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


def _model(plan: Script) -> str:
    inputs = [step.target for step in plan.inputs]
    ends = [listing(ends) if len(ends) > 1 else ends[0] for ends in (inputs, list(plan.outputs))]
    return statement("model = ", call("keras.Model", ends)) + "\n"


# Compiling


def _compile(graph: Graph, found: Calls, training: TrainingSettings) -> str:
    outputs = [(node, node.layer) for node in graph.of_type(Output)]
    names = [graph.owner(edge.source).name for edge in found.outputs]
    losses = [literal(layer.loss) for _, layer in outputs if isinstance(layer, Output)]
    weights = [literal(layer.loss_weight) for _, layer in outputs if isinstance(layer, Output)]
    metrics = [listing(map(quoted, keras_metrics(found.inference, node))) for node, _ in outputs]
    arguments: list[str | Group] = [_optimizer(training), _by_output("loss=", names, losses)]
    if set(weights) != {"1.0"}:
        arguments.append(_by_output("loss_weights=", names, weights, alone=False))
    if any(group.items for group in metrics):
        arguments.append(_by_output("metrics=", names, metrics))
    return Group("model.compile(", tuple(arguments), ")").spread("", 100) + "\n"


def _by_output(start: str, names: list[str], values: list[str] | list[Group], alone: bool = True) -> str | Group:
    """A setting of `compile`: a value for the only output, else values by name; by order if names occur twice."""
    items = list[str | Group](values)
    if alone and len(items) == 1:
        only = items[0]
        return start + only if isinstance(only, str) else Group(start + only.open, only.items, only.close)
    if len(set(names)) < len(names) or len(names) == 1:
        return Group(f"{start}[", tuple(items), "]")
    return Group(f"{start}{{", tuple(_entry(name, item) for name, item in zip(names, items, strict=True)), "}")


def _entry(name: str, value: str | Group) -> str | Group:
    start = f"{quoted(name)}: "
    return start + value if isinstance(value, str) else Group(start + value.open, value.items, value.close)


def _optimizer(training: TrainingSettings) -> Group:
    optimizer = training.optimizer
    arguments = [f"learning_rate={literal(optimizer.learning_rate)}"]
    for spec in describe(type(optimizer)):
        value = getattr(optimizer, spec.name)
        if spec.name != "learning_rate" and value != spec.default:
            arguments.append(f"{spec.name}={literal(value)}")
    return call(f"optimizer=keras.optimizers.{optimizer.type}", arguments)


# Weights


def _weights(found: Calls, weights_file: str | None) -> str:
    if weights_file is not None:
        return statement("", call("model.load_weights", (quoted(weights_file),))) + "\n"
    adapting = [node for node in found.layers if node.layer.adapts]
    if not adapting:
        return ""
    lines = ["# Before training, these layers take mean and variance from the data that reaches them:"]
    lines += [f"# model.get_layer({quoted(node.name)}).adapt(data)" for node in adapting]
    return "\n".join(lines) + "\n"
