"""Formulas: what the language refuses, and the operations that Keras writes for them, both ways."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest

from engine.errors import ShapeError, StyleError
from engine.expression import FUNCTIONS, parse, show
from engine.formats.keras_code import keras_code
from engine.formats.keras_h5 import load_model, save_model
from engine.graph import Graph
from engine.layers.core import Dense, Input, Output
from engine.layers.expression import Lambda
from engine.layers.merging import Add
from engine.layers.placeholder import Placeholder
from engine.model import compile_graph
from engine.project import Project
from engine.registry import LAYERS
from tests.engine.layer_cases import close


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "not a formula"),
        ("x +", "not a formula"),
        ("3.0", "something of x"),
        ("x", "something of x"),
        ("y + 1", "in their order"),
        ("x + one", "the name 'one'"),
        ("x + a", "in their order"),
        ("x[:, 1.5]", "whole numbers and slices"),
        ("x[:, y]", "whole numbers and slices"),
        ("get_item(x, 0)", "the function"),
        ("concatenate(x, axis=1)", "in brackets"),
        ("__import__('os')", "the function '__import__'"),
        ("x.shape", "numbers, x, y, z"),
        ("x[...]", "whole numbers and slices"),
        ("(lambda: x)()", "numbers, x, y, z"),
        ("[x for x in y]", "numbers, x, y, z"),
        ("x if x else y", "numbers, x, y, z"),
        ("x < y < z", "numbers, x, y, z"),
        ("x + 'a'", "finite numbers"),
        ("x + 1e999", "finite numbers"),
        ("x + True", "finite numbers"),
        ("x + 9 ** 9 ** 9", "larger than"),
        ("x + (-8) ** 0.5", "cannot be computed"),
        ("x + 1 / 0", "cannot be computed"),
        ("x + exp(1)", "numbers only"),
        ("relu(x, 1)", "more than it takes"),
        ("mean(x, axis=y)", "a setting that is not"),
        ("mean(x, axes=1)", "gives mean axes"),
        ("mean(x, -1, axis=-1)", "a setting twice"),
        ("reshape(x, (1.5, 2))", "whole numbers"),
        ("clip(x, 0)", "its x_max"),
        ("maximum(x)", "2 inputs"),
        ("-" * 60 + "x", "nested"),
        ("x" + " + x" * 200, "longer than"),
    ],
)
def test_what_is_no_formula_is_refused_with_a_sentence(text: str, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        Lambda(expression=text)


@pytest.mark.parametrize(
    "text",
    [
        "x - (y - z)",
        "x - y - z",
        "(x ** y) ** 2",
        "x ** y ** 2",
        "-x ** 2",
        "(-x) ** 2",
        "x * (y + 1) / 3",
        "(x > y) * 2",
        "x + -3",
        "mean(x + 1, axis=(1, 2), keepdims=True)",
        "(x + 1)[:, 0, None, 1:-1:2]",
        "-x[0:2]",
    ],
)
def test_a_formula_is_written_as_it_was_read(text: str) -> None:
    assert show(parse(text)) == text
    assert parse(show(parse(text))) == parse(text)


def test_shapes_that_do_not_fit_are_said() -> None:
    with pytest.raises(ShapeError, match=r"x \+ y cannot be computed of 3 and 4"):
        Lambda(expression="x + y").output_shape((3,), (4,))
    with pytest.raises(ShapeError, match="samples of a batch apart"):
        Lambda(expression="sum(x)").output_shape((3,))
    with pytest.raises(ShapeError, match="samples of a batch apart"):
        Lambda(expression="x[0]").output_shape((3,))
    with pytest.raises(ShapeError, match="cannot be computed of 3"):
        Lambda(expression="x[:, 0, 0]").output_shape((3,))
    assert Lambda(expression="x[:, 5:, -1]").output_shape((None, 3)) == (None,)
    assert Lambda(expression="mean(x, axis=1)").output_shape((None, None, 3)) == (None, 3)


def test_a_wrapper_holds_no_formula() -> None:
    inner = {"type": "Lambda", "settings": {}}
    with pytest.raises(ValueError, match="cannot be a formula"):
        LAYERS["TimeDistributed"].model_validate({"layer": inner})


# Files


def _predict(graph: Graph, weights: Any, inputs: dict[str, Any]) -> list[Any]:
    model = compile_graph(graph)
    found = model.predict(model.from_host(weights), inputs)
    return [found[node.name] for node in model.outputs]


_SETTINGS = {
    "clip": "-0.5, 0.5", "reshape": "(-1, 12)", "transpose": "(0, 2, 1)", "expand_dims": "1", "leaky_relu": "0.3",
    "gelu": "False", "elu": "0.5", "celu": "0.5", "squeeze": "1",
}  # fmt: skip


def _example(name: str) -> str:
    """A formula with this function and settings that are not its defaults, of numbers that it takes."""
    function = FUNCTIONS[name]
    if function.brackets:
        return "(x + y)[:, -2, None, ::-1] * 2"
    settings = _SETTINGS.get(name) or ("1, True" if "keepdims" in function.settings else "")
    settings = settings or ("1" if "axis" in function.settings else "")
    first = (
        "expand_dims(x, 1)"
        if name == "squeeze"
        else "abs(x) + 0.1"
        if name in ("log", "log1p", "sqrt", "power")
        else "x"
    )
    second = "transpose(y, (0, 2, 1))" if name == "matmul" else "y"
    inputs = ["[x, y, x * 2]"] if function.listed else [first, second, "2"][: function.inputs]
    return f"{name}({', '.join([*inputs, *([settings] if settings else [])])})"


def test_every_function_is_the_one_of_keras_in_files_of_both(tmp_path: Path) -> None:
    graph = Graph()
    one = graph.new_node(Input(shape=(3, 4)), "one")
    graph = graph.add(one)
    two = graph.new_node(Input(shape=(3, 4)), "two")
    graph = graph.add(two)
    for name in FUNCTIONS:
        layer = Lambda(expression=_example(name))
        node = graph.new_node(layer, f"formula_{name}")
        graph = graph.add(node)
        for source in (one, two)[: layer.max_inputs]:
            graph = graph.connect(source.id, node.id)
        end = graph.new_node(Output(loss=None), f"out_{name}")
        graph = graph.add(end).connect(node.id, end.id)
    rng = np.random.default_rng(0)
    inputs = {name: rng.normal(size=(5, 3, 4)).astype("float32") for name in ("one", "two")}
    save_model(tmp_path / "m.h5", graph, {})
    theirs: Any = keras.saving.load_model(tmp_path / "m.h5")
    expected = [np.asarray(value, "float32") for value in theirs(inputs)]
    close(_predict(graph, {}, inputs), expected)
    assert all(np.isfinite(value).all() for value in expected)
    theirs.save(tmp_path / "theirs.h5")  # without the modules of the operations
    loaded = load_model(tmp_path / "theirs.h5")
    assert not loaded.graph.of_type(Placeholder)
    close(_predict(loaded.graph, {}, inputs), expected)


def _two_ways() -> Graph:
    """Two Dense layers of one shape, of which that behind a formula is met first in a walk and lies deeper."""
    graph = Graph()
    entry = graph.new_node(Input(shape=(4,)))
    graph = graph.add(entry)
    ends: list[str] = []
    for name, formula in (("plain", None), ("late", "relu(x * 2 + 3) / 6 - 1")):
        source = graph.new_node(Dense(units=4), name)
        graph = graph.add(source).connect(entry.id, source.id)
        if formula is not None:
            node = graph.new_node(Lambda(expression=formula))
            graph = graph.add(node).connect(source.id, node.id)
            source = node
        ends.append(source.id)
    both = graph.new_node(Add(), "both")
    graph = graph.add(both)
    for end in ends:
        graph = graph.connect(end, both.id)
    out = graph.new_node(Output(loss="mean_squared_error", metrics=()))
    return graph.add(out).connect(both.id, out.id)


def test_weights_beside_a_formula_reach_the_layers_they_belong_to(tmp_path: Path) -> None:
    graph, path = _two_ways(), tmp_path / "m.h5"
    model = compile_graph(graph)
    weights = model.to_host(model.init(3))
    inputs = {"input": np.random.default_rng(0).normal(size=(5, 4)).astype("float32")}
    ours = _predict(graph, weights, inputs)
    save_model(path, graph, weights)
    theirs: Any = keras.saving.load_model(path)
    close([np.asarray(theirs(inputs["input"]))], ours)
    for style in ("functional", "subclass"):
        space: dict[str, Any] = {}
        exec(keras_code(Project(graph), str(path), style=style), space)
        close([np.asarray(space["model"](inputs["input"]))], ours)


def test_a_formula_stands_between_layers_unless_a_layer_has_the_name_of_an_operation() -> None:
    graph = _two_ways()
    assert "keras.ops.relu(x * 2 + 3) / 6 - 1" in keras_code(Project(graph))
    named = graph.rename(graph.by_name("both").id, "add_3")
    assert "layers.Lambda(" in keras_code(Project(named))


def test_keras_2_has_no_formulas(tmp_path: Path) -> None:
    model = compile_graph(_two_ways())
    weights = model.to_host(model.init(0))
    with pytest.raises(StyleError, match="Keras 2 cannot read"):
        save_model(tmp_path / "m.h5", _two_ways(), weights, dialect="keras2")


# What people write with Keras


def test_operations_of_a_functional_model_are_read(tmp_path: Path) -> None:
    ops: Any = keras.ops
    a: Any = keras.Input((4, 6), name="a")
    b: Any = keras.Input((4, 6), name="b")
    outputs = [
        a * 2.0, a + b, 1.0 - a, a / 255.0, a**2, 2.0**a, -a, abs(a), a - b, a * b, a * a, a / b,
        ops.relu(a), ops.sigmoid(a), ops.softmax(a), ops.softmax(a, axis=1), ops.tanh(a), ops.gelu(a),
        ops.gelu(a, approximate=False), ops.leaky_relu(a, 0.1), ops.clip(a, 0, 1), ops.maximum(a, 0.0),
        ops.mean(a, axis=-1, keepdims=True), ops.sum(a, axis=(1, 2)), ops.max(a, axis=1),
        ops.reshape(a, (-1, 24)), ops.transpose(a, (0, 2, 1)), ops.expand_dims(a, -1),
        ops.squeeze(ops.mean(a, axis=1, keepdims=True), axis=1), ops.concatenate([a, b], axis=-1),
        ops.concatenate([a, b], axis=1), a @ ops.transpose(b, (0, 2, 1)), ops.where(a > 0, a, b),
        ops.add(a, ops.mean(b, axis=(1, 2), keepdims=True)), a + ops.sum(b, -1, keepdims=True),
        ops.cast(a, "float32"),
        a[:, 0], a[..., -1], a[:, 1:3, ::-2], a[:, None], ops.get_item(a, (slice(None), 2)),
    ]  # fmt: skip
    theirs = keras.Model([a, b], outputs)
    theirs.save(tmp_path / "m.h5")
    loaded = load_model(tmp_path / "m.h5")
    assert not loaded.graph.of_type(Placeholder)
    rng = np.random.default_rng(0)
    inputs = {name: rng.normal(size=(3, 4, 6)).astype("float32") for name in ("a", "b")}
    expected = [np.asarray(value) for value in theirs(list(inputs.values()))]
    close(_predict(loaded.graph, {}, inputs), expected)
    assert {"Add", "Activation", "Concatenate"} <= {node.layer.type_name() for node in loaded.graph}


def test_operations_that_are_not_here_are_kept(tmp_path: Path) -> None:
    ops: Any = keras.ops
    a: Any = keras.Input((4, 6), name="a")
    keras.Model(a, keras.layers.Dense(2)(ops.fft2((a, a))[0] + a[:, :1, :1])).save(tmp_path / "m.h5")
    loaded = load_model(tmp_path / "m.h5")
    assert loaded.graph.of_type(Placeholder)
