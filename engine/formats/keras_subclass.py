"""A Keras model as a class of one's own: `__init__` makes the layers, `call` wires them."""

from __future__ import annotations

from engine.errors import StyleError
from engine.formats.keras_config import Calls
from engine.formats.keras_program import Program, make_input, name_words, scope, with_functions
from engine.formats.keras_text import applied, targets
from engine.formats.python_text import Group, Names, call, listing, literal, quoted, statement
from engine.formats.steps import Script, script
from engine.graph import Node
from engine.layer import Layer, parts_of
from engine.layers.core import Input
from engine.layers.normalization import BatchNormalization
from engine.layers.preprocessing import Normalization

_OPEN = 8
"""Stands for a size that is open."""

KERAS_ATTRIBUTES = (
    "activity_regularizer", "add_loss", "add_metric", "add_variable", "add_weight", "autocast", "build",
    "build_from_config", "built", "call", "call_signature_parameters", "compile", "compile_from_config",
    "compiled", "compute_dtype", "compute_loss", "compute_loss_and_updates", "compute_mask",
    "compute_metrics", "compute_output_shape", "compute_output_spec", "count_params", "dtype",
    "dtype_policy", "evaluate", "export", "fit", "from_config", "get_build_config", "get_compile_config",
    "get_config", "get_layer", "get_metrics_result", "get_quantization_layer_structure", "get_state_tree",
    "get_weights", "history", "input", "input_dtype", "input_spec", "inputs", "jax_state_sync",
    "jit_compile", "layers", "load_own_variables", "load_weights", "loss", "losses",
    "make_predict_function", "make_test_function", "make_train_function", "metrics", "metrics_names",
    "metrics_variables", "name", "non_trainable_variables", "non_trainable_weights", "optimizer", "output",
    "outputs", "path", "predict", "predict_function", "predict_on_batch", "predict_step",
    "quantization_mode", "quantize", "quantized_build", "quantized_call", "rematerialized_call",
    "reset_metrics", "run_eagerly", "save", "save_own_variables", "save_weights", "set_state_tree",
    "set_weights", "stateless_call", "stateless_compute_loss", "steps_per_execution", "stop_training",
    "summary", "supports_jit", "supports_masking", "symbolic_call", "test_function", "test_on_batch",
    "test_step", "to_json", "train_function", "train_on_batch", "train_step", "trainable",
    "trainable_variables", "trainable_weights", "variable_dtype", "variables", "weights",
)  # fmt: skip
"""What attributes of a `keras.Model` are called, so that no layer takes the place of one."""


def subclass(found: Calls, name: str) -> str:
    """A `keras.Model` whose `__init__` makes the layers and whose `call` wires them.

    The layers are made in the order of the functional model, which files of weights are written in.
    """
    owners = [owner for owner in found.layers if not isinstance(owner.layer, Input)]
    for owner in owners:
        if isinstance(owner.layer, Normalization) and not owner.layer.adapts:
            raise StyleError(f"Keras loses the mean of {owner.name} in a subclass: take another style.")
    attributes = attributes_of(found)
    program = Program()
    making = [
        statement(f"self.{attributes[owner.id]} = ", program.owner(found, owner), indent=" " * 8)
        for owner in owners
    ]
    plan = script(found, scope())
    trains = [owner.id for owner in owners if _behaves_otherwise_in_training(owner.layer)]
    parts = [
        "class Network(keras.Model):",
        "    def __init__(self):",
        statement("super().__init__", Group("(", tuple(name_words(name)), ")"), indent=" " * 8),
        *making,
        "",
        f"    def call(self, inputs{', training=None' if trains else ''}):",
        *_call_lines(found, plan, attributes, set(trains)),
        "\n",
        "model = Network()",
        _building(found),
    ]
    return with_functions(program, "\n".join(parts) + "\n")


def attributes_of(found: Calls) -> dict[str, str]:
    """The attribute of a subclass that holds each layer."""
    given = Names((*KERAS_ATTRIBUTES, "self"))
    return {owner.id: given.new(owner.name) for owner in found.layers if not isinstance(owner.layer, Input)}


def _behaves_otherwise_in_training(layer: Layer) -> bool:
    normalizes = any(isinstance(part, BatchNormalization) for part in (layer, *parts_of(layer)))
    return normalizes or bool(layer.seed_generators())


def _call_lines(found: Calls, plan: Script, attributes: dict[str, str], trains: set[str]) -> list[str]:
    indent = " " * 8
    lines = [f"{indent}{', '.join(step.target for step in plan.inputs)} = inputs"] if len(plan.inputs) > 1 else []
    for number, step in enumerate(plan.steps, 1):
        owner = found.graph.owner(step.node.id).id
        words = ["training=training"] if owner in trains else []
        value = applied(f"self.{attributes[owner]}", step, *words)
        if number == len(plan.steps) and plan.outputs == step.targets == ("outputs",):
            return [*lines, statement("return ", value, indent=indent)]
        lines.append(statement(f"{targets(step)} = ", value, indent=indent))
    if len(plan.outputs) > 1:
        return [*lines, statement("return ", listing(plan.outputs), indent=indent)]
    return [*lines, f"{indent}return {', '.join(plan.outputs)}"]


def _building(found: Calls) -> str:
    inputs = [_first_input(node) for node in found.inputs]
    built = call("model", [listing(inputs)] if len(inputs) > 1 else inputs)
    return "# The layers make their weights when they are called for the first time.\n" + statement("", built)


def _first_input(node: Node) -> Group:
    """What the model is called on first; with zeros where a size is open, which Keras cannot follow everywhere."""
    layer = node.layer
    assert isinstance(layer, Input)
    if None not in layer.shape:
        return make_input(node, None)
    shape = (layer.batch_size or 1, *(size or _OPEN for size in layer.shape))
    words = [f"dtype={quoted(layer.dtype)}"] if layer.dtype != "float32" else []
    return call("keras.ops.zeros", [literal(shape), *words])
