"""Generated programs: they run, give our numbers, read well, and cannot be made to run anything else."""

from __future__ import annotations

import ast
import contextlib
import json
import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import jax
import keras
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.errors import NotReadyError, StyleError
from engine.formats.jax_code import jax_code
from engine.formats.keras_code import keras_code
from engine.formats.keras_h5 import save_model
from engine.formats.keras_styles import STYLES
from engine.formats.keras_subclass import KERAS_ATTRIBUTES
from engine.formats.python_text import Names, literal, quoted
from engine.formats.sources import collect, place_of
from engine.formats.summary import summary_rows, summary_text
from engine.graph import Graph
from engine.layer import Layer
from engine.layers.core import Activation, Dense, Input, Output
from engine.layers.merging import Concatenate
from engine.layers.nested import Functional
from engine.layers.normalization import BatchNormalization
from engine.layers.preprocessing import Normalization
from engine.model import compile_graph
from engine.ops import core
from engine.ops.initializers import INITIALIZERS
from engine.optimizers import SGD
from engine.project import Project, TrainingSettings
from engine.templates import TEMPLATES
from tests.engine.graphs import batch, graph, many_sided, ready, run
from tests.engine.layer_cases import COMPUTING, Case, close, close_each, families, graph_of, named_inputs
from tests.engine.oracle import keras_predict_compiled

RUFF = [sys.executable, "-m", "ruff"]


def programs(made: Graph, weights_file: str | None = None, **training: Any) -> dict[str, str]:
    """Every program for a graph: Keras in all styles that it can be written in, and JAX."""
    project = Project(made, training=TrainingSettings(**training))
    found = {"jax": jax_code(project, weights_file)}
    for style in STYLES:
        with contextlib.suppress(StyleError):
            found[style] = keras_code(project, weights_file, style=style)
    return found


def values(space: dict[str, Any], inputs: Mapping[str, Any]) -> list[Any]:
    """What a program predicts: a Keras one with `model`, a JAX one with `predict` and its weights."""
    if "model" in space:
        return keras_predict_compiled(space["model"], inputs)
    return jax.tree.leaves(space["predict"](space["weights"], *inputs.values()))


def executed(code: str, weights_file: str | None, seed: int = 0) -> dict[str, Any]:
    space = run(code)
    if "forward" in space:
        load = space.get("load_weights")
        space["weights"] = space["init_weights"](seed) if load is None else load(weights_file)
    return space


@pytest.mark.parametrize("kind", ["functional", "subclass", "jax"])
@pytest.mark.parametrize("family", families(COMPUTING))
def test_code_of_layers_runs_and_agrees(family: str, kind: str, tmp_path: Path) -> None:
    """Every layer with its settings: those of a family are branches of one program, which saves much time."""
    cases, path = families(COMPUTING)[family], str(tmp_path / "m.h5")
    if kind == "subclass":  # where Keras loses numbers that were given to a Normalization
        cases = [case for case in cases if case.type != "Normalization" or "mean" not in case.settings]
    made = graph_of(*cases)
    model, variables = ready(made)
    inputs = named_inputs(made, cases)
    save_model(path, made, model.to_host(variables))
    code = jax_code(Project(made), path) if kind == "jax" else keras_code(Project(made), path, style=kind)
    close_each(cases, values(executed(code, path), inputs), list(model.predict(variables, inputs).values()))


def chained(layer: Layer) -> bool:
    """Whether a Sequential model can hold it: a layer of Keras, called on one tensor only, gives one."""
    return layer.formula is None and len(layer.output_names) == 1 and layer.keras_call(["x"]) == (["x"], {})


CHAINED = {case.type: case for case in COMPUTING if len(case.inputs) == 1 and chained(case.layer)}


@pytest.mark.parametrize("case", CHAINED.values(), ids=str)
def test_code_of_a_layer_alone_is_sequential_and_agrees(case: Case, tmp_path: Path) -> None:
    made, path = graph_of(case), str(tmp_path / "m.h5")
    model, variables = ready(made)
    inputs = named_inputs(made, [case])
    save_model(path, made, model.to_host(variables))
    code = keras_code(Project(made), path, style="sequential")
    close(values(executed(code, path), inputs), list(model.predict(variables, inputs).values()))


def test_code_of_a_many_sided_graph_runs_as_a_program(tmp_path: Path) -> None:
    made = many_sided()
    model, variables = ready(made)
    inputs, path = batch(model), tmp_path / 'it\'s "m".h5'
    save_model(path, made, model.to_host(variables), TrainingSettings())
    np.savez(tmp_path / "x.npz", **inputs)
    ours = list(model.predict(variables, inputs).values())
    environment = {key: value for key, value in os.environ.items() if key != "PYTHONPATH"}
    for kind, code in programs(made, str(path)).items():
        close(values(executed(code, str(path)), inputs), ours)
        (tmp_path / f"with_{kind}.py").write_text(code)
        command = [sys.executable, f"with_{kind}.py", "x.npz"]
        done = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True, check=True)
        assert ("((5, 3), (5, 1))" if kind == "jax" else "Total params") in done.stdout
        assert "unused" not in code


def test_jax_code_without_weights_starts_from_the_same_numbers() -> None:
    made = many_sided()
    model = compile_graph(made)
    weights = executed(jax_code(Project(made)), None, seed=7)["weights"]
    expected = {made[key].name: arrays for key, arrays in model.to_host(model.init(7)).items()}
    assert weights.keys() == expected.keys()
    assert all((weights[k][n] == array).all() for k, arrays in expected.items() for n, array in arrays.items())


def test_functions_of_one_name_are_kept_apart() -> None:
    places = [place_of(core.identity), place_of(INITIALIZERS["identity"]), place_of(core.dense)]
    library = collect(places)
    assert list(library.names.values()) == ["dense", "identity", "Array", "Shape", "identity_of_initializers"]
    assert library.definitions[-1].startswith("def identity_of_initializers(_: np.random.Generator")
    assert library.name(INITIALIZERS["identity"]) == "identity_of_initializers"


@pytest.mark.parametrize("name", list(INITIALIZERS))
def test_jax_code_draws_with_every_initializer(name: str) -> None:
    made = graph(
        ("a", Input(shape=(4,)), []),
        ("b", Dense(units=3, kernel_initializer=name), ["a"]),
        ("c", Output(loss="mean_squared_error", metrics=()), ["b"]),
    )
    model = compile_graph(made)
    weights = executed(jax_code(Project(made)), None)["weights"]
    assert (weights["b"]["kernel"] == model.init(0).params["n2"]["kernel"]).all()


def test_the_code_of_a_template_is_what_a_course_would_write() -> None:
    code = keras_code(TEMPLATES["digits-cnn"].make())
    body = code[code.index("inputs =") :].split("\n\n")
    assert body[0].splitlines() == [
        "inputs = keras.Input(shape=(8, 8, 1))",
        "x = layers.Rescaling(0.0625)(inputs)",
        'x = layers.Conv2D(32, (3, 3), padding="same", activation="relu")(x)',
        "x = layers.MaxPooling2D((2, 2))(x)",
        'x = layers.Conv2D(64, (3, 3), padding="same", activation="relu")(x)',
        "x = layers.MaxPooling2D((2, 2))(x)",
        "x = layers.Flatten()(x)",
        'x = layers.Dense(64, activation="relu")(x)',
        "x = layers.Dropout(0.3)(x)",
        'outputs = layers.Dense(10, activation="softmax")(x)',
    ]
    assert body[1] == "model = keras.Model(inputs, outputs)"


def test_shared_layers_are_made_once() -> None:
    code = keras_code(Project(many_sided()))
    assert code.count("layers.Dense(6") == 1
    assert programs(many_sided())["subclass"].count("self.shared(") == 2
    assert code.count("shared_layer(") == 2
    assert 'loss={"kind": "sparse_categorical_crossentropy", "size": "mean_squared_error"}' in code
    assert 'loss_weights={"kind": 1.0, "size": 0.5}' in code


@pytest.mark.parametrize("style", ["functional", "subclass"])
def test_compiled_as_the_project_says(style: str) -> None:
    made = many_sided()
    space = run(programs(made, optimizer=SGD(learning_rate=0.5, momentum=0.9))[style])
    optimizer = space["model"].optimizer
    assert isinstance(optimizer, keras.optimizers.SGD)
    assert float(optimizer.learning_rate) == 0.5
    assert optimizer.momentum == 0.9
    inputs = list(batch(compile_graph(made), 6).values())
    targets = [np.zeros(6), np.zeros((6, 1))]
    space["model"].get_layer("standard").adapt(inputs[1])
    found = space["model"].evaluate(inputs, targets, verbose=0, return_dict=True)
    assert len(found) == 5
    assert any(name.endswith("accuracy") for name in found)
    assert any(name.endswith("mae") for name in found)


def test_two_outputs_of_one_layer() -> None:
    made = graph(
        ("a", Input(shape=(4,)), []),
        ("b", Dense(units=3, activation="softmax"), ["a"]),
        ("c", Output(), ["b"]),
        ("d", Output(loss="mean_squared_error", metrics=()), ["b"]),
    )
    for code in programs(made).values():
        assert len(values(executed(code, None), {"a": np.ones((2, 4), np.float32)})) == 2


def test_an_input_that_is_an_output_and_a_graph_without_weights() -> None:
    made = graph(
        ("a", Input(shape=(4,)), []),
        ("b", Activation(activation="linear"), ["a"]),
        ("c", Output(loss="mean_squared_error", metrics=()), ["a"]),
        ("d", Output(loss="mean_squared_error", metrics=()), ["b"]),
    )
    for code in programs(made).values():
        close(values(executed(code, None), {"a": np.ones((2, 4), np.float32)}), [np.ones((2, 4))] * 2)


def test_a_normalization_without_weights_says_that_it_must_adapt() -> None:
    code = keras_code(TEMPLATES["iris-mlp"].make())
    assert '# model.get_layer("normalization").adapt(data)' in code
    assert "adapt" not in keras_code(TEMPLATES["iris-mlp"].make(), "m.h5")


def test_no_layer_of_a_subclass_takes_the_place_of_an_attribute_of_keras() -> None:
    space = run(keras_code(TEMPLATES["digits-cnn"].make(), style="subclass"))
    public = {name for name in dir(space["model"]) if not name.startswith("_")}
    layers = {name for name in public if isinstance(getattr(space["model"], name), keras.Layer)}
    assert len(layers) == 9
    assert public - layers <= set(KERAS_ATTRIBUTES)


def test_a_graph_with_problems_gives_no_code() -> None:
    for write in (keras_code, jax_code):
        with pytest.raises(NotReadyError):
            write(Project(graph(("a", Input(), []))))


# Text


def formatted(code: str, tmp_path: Path, width: int) -> None:
    """Text that ruff would not change, and finds no fault with."""
    path = tmp_path / "program.py"
    path.write_text(code)
    for arguments in (["format", "--diff", "--line-length", str(width)], ["check", "--select", "F,E9,W,I"]):
        done = subprocess.run([*RUFF, *arguments, "--isolated", str(path)], capture_output=True, text=True)
        assert done.returncode == 0, done.stdout + done.stderr


def _wide() -> Graph:
    """Branches and settings that do not fit on a line."""
    made = graph(("the_only_input_of_this_network", Input(shape=(4,)), []))
    ends: list[str] = []
    for number in range(6):
        name = f"a_branch_with_a_rather_long_name_{number}"
        layer = Dense(
            units=3, activation="relu", kernel_initializer="he_normal", bias_initializer="random_uniform"
        )
        node = made.new_node(layer, name)
        made = made.add(node).connect("n1", node.id)
        ends.append(node.id)
    join = made.new_node(Concatenate(), "join")
    made = made.add(join)
    for end in ends:
        made = made.connect(end, join.id)
    for end in [join.id, *ends]:
        node = made.new_node(Output(loss="mean_squared_error", metrics=("mae",)))
        made = made.add(node).connect(end, node.id)
    return made


@pytest.mark.parametrize("name", [*TEMPLATES, "many-sided", "wide"])
def test_code_is_formatted(name: str, tmp_path: Path) -> None:
    made = {"many-sided": many_sided, "wide": _wide}.get(name, lambda: TEMPLATES[name].make().graph)()
    for path in (None, "m.h5"):
        code = programs(made, path)
        for kind, text in code.items():
            formatted(text, tmp_path, 115 if kind == "jax" else 100)


def _hostile(name: str) -> Graph:
    """A graph of nodes that are all named after one text."""
    made = Graph()
    parts = [Input(shape=(3,)), Normalization(), Dense(units=3), Dense(units=2), Dense(units=2, use_bias=False)]
    for number, layer in enumerate(parts):
        made = made.add(made.new_node(layer, name + str(number) * number))
    made = made.connect("n1", "n2").connect("n2", "n3").connect("n3", "n4").connect("n3", "n5")
    for source in ("n4", "n5"):
        node = made.new_node(Output(loss="mean_squared_error", metrics=()))
        made = made.add(node).connect(source, node.id)
    return made


HOSTILE = [
    'x"); import os; os.abort() #',
    "'''",
    '"""',
    "a' + __import__('os').system('x') + 'b",
    "\\",
    "\\'\"",
    "{x}%s",
    "class",
    "layers",
    "keras",
    "model",
    "w",
    "print",
    "jax",
    "conv2d",
    "dense",
    "__name__",
    "²³",
    "ﬁle",
    "größe 层 🙂",
    "\u202e",
    "x" * 190,
    "# comment",
    " ",
    "1",
    "None",
    "match",
    "data",
    "shapes",
    "outputs",
]  # fmt: skip


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_names_stay_names(name: str, tmp_path: Path) -> None:
    made = _hostile(name) if name.strip() else _hostile("_" + name)
    path = str(tmp_path / f"{name[:20].replace('/', '')}.h5")
    x = {"x": np.ones((2, 3), np.float32)}
    model, variables = ready(made)
    save_model(path, made, model.to_host(variables))
    ours = list(model.predict(variables, {model.inputs[0].name: x["x"]}).values())
    for code in programs(made, path).values():
        close(values(executed(code, path), x), ours)
    executed(programs(made)["jax"], None)


def test_names_that_no_edit_allows_cannot_inject_code_either() -> None:
    """A graph made by hand may hold any name."""
    from dataclasses import replace

    made = _hostile("n")
    for name in ("a\nimport os\n", "a\r\nb", "\x00", "a" * 10_000, "\ud800", "\u2028\u2029\x85\x7f"):
        nodes = {key: replace(node, name=f"{node.name}{name}") for key, node in made.nodes.items()}
        plain = programs(made)
        for kind, code in programs(Graph(nodes, made.edges)).items():
            statements = [type(s) for s in ast.parse(code.encode("utf-8", "strict")).body]
            assert statements == [type(s) for s in ast.parse(plain[kind]).body]


@settings(max_examples=200, deadline=None)
@given(st.text(st.characters(codec=None), max_size=20))
def test_any_text_is_quoted_as_itself(text: str) -> None:
    written = quoted(text)
    assert ast.literal_eval(written) == text
    assert len(written.splitlines()) == 1
    written.encode("utf-8")


@settings(max_examples=200, deadline=None)
@given(st.lists(st.text(max_size=8), max_size=8))
def test_identifiers_are_valid_and_distinct(texts: list[str]) -> None:
    names = Names(("x",))
    found = [names.new(text) for text in texts]
    tree = ast.parse("".join(f"{name} = 0\n" for name in found))
    assert len({statement.targets[0].id for statement in tree.body}) == len(texts)  # type: ignore[attr-defined]
    assert "x" not in found


@settings(max_examples=200, deadline=None)
@given(st.one_of(st.floats(allow_nan=False, allow_infinity=False), st.integers(), st.booleans(), st.none()))
def test_numbers_are_written_exactly(value: Any) -> None:
    assert eval(literal(value)) == value
    assert eval(literal((value,))) == (value,)


def test_a_fraction_is_written_as_one() -> None:
    assert literal(1 / 255) == "1 / 255"
    assert literal(0.001) == "0.001"


# The summary


def test_summary_counts_what_keras_counts() -> None:
    made = many_sided()
    needed = made.remove(made.by_name("unused").id)
    model = run(keras_code(Project(made)))["model"]
    rows = {row.name: row for row in summary_rows(needed)}
    assert rows.keys() == {layer.name for layer in model.layers}
    for layer in model.layers:
        assert rows[layer.name].parameters == layer.count_params()
        shape = (
            layer.batch_shape
            if isinstance(layer, keras.layers.InputLayer)
            else layer.output.shape
            if len(layer._inbound_nodes) == 1
            else (None, 6)
        )
        assert rows[layer.name].output_shape == str(tuple(shape))
    text = summary_text(needed)
    total = model.count_params()
    trainable = sum(int(np.prod(v.shape)) for v in model.trainable_variables)
    assert (
        f"Total params: {total:,}\nTrainable params: {trainable:,}\nNon-trainable params: {total - trainable:,}"
        in text
    )
    assert rows["shared"].connected_to == ("standard", "shared")


def test_summary_of_a_model_within_a_model() -> None:
    inner = graph(
        ("in", Input(shape=(None, 3)), []),
        ("norm", BatchNormalization(), ["in"]),
        ("end", Dense(units=2, trainable=False), ["norm"]),
        ("out", Output(loss=None, metrics=()), ["end"]),
    )
    made = graph(
        ("a", Input(shape=(None, 3)), []),
        ("block", Functional(graph=inner), ["a"]),
        ("out", Output(loss="mean_squared_error", metrics=()), ["block"]),
    )
    rows = [
        (r.depth, r.name, r.output_shape, r.parameters, r.trainable)
        for r in summary_rows(made, expand_nested=True)
    ]
    assert rows == [
        (0, "a", "(None, None, 3)", 0, 0),
        (0, "block", "(None, None, 2)", 20, 6),
        (1, "in", "(None, None, 3)", 0, 0),
        (1, "norm", "(None, None, 3)", 12, 6),
        (1, "end", "(None, None, 2)", 8, 0),
    ]
    assert [row.name for row in summary_rows(made)] == ["a", "block"]
    assert "\n  norm (BatchNormalization)" in summary_text(made, expand_nested=True)


def test_summary_of_an_unfinished_graph() -> None:
    made = graph(("a", Input(shape=(4,)), []), ("b", Dense(units=1000), ["a"]), ("c", Dense(), []))
    text = summary_text(made)
    assert ["c", "(Dense)", "?", "0", "?", "?", "-"] in [line.split() for line in text.splitlines()]
    assert "5,000" in text
    assert json.dumps([row.name for row in summary_rows(made)]) == '["a", "c", "b"]'
    assert "Total params: 0" in summary_text(Graph())


@pytest.mark.parametrize("generate", [keras_code, jax_code])
def test_an_input_that_is_its_own_output(generate: Any) -> None:
    made = Graph()
    made = made.add(made.new_node(Input(shape=(4,))))
    made = made.add(made.new_node(Output(loss="mean_squared_error", metrics=()))).connect("n1", "n2")
    compile(generate(Project(made)), "program", "exec")
