"""Shapes and problems of whole graphs, and the fixes that problems bring."""

from __future__ import annotations

import random
from collections.abc import Mapping
from typing import Any, ClassVar

import keras
import numpy as np
import pytest

from engine import inference as inferring
from engine.errors import ShapeError
from engine.fixes import Problem
from engine.formats.keras_config import to_config
from engine.graph import Graph, Node
from engine.inference import Inference, NodeFacts, infer
from engine.layer import Layer
from engine.layers.activations import ReLU
from engine.layers.cells import LSTMCell
from engine.layers.conv import Conv2D
from engine.layers.core import Activation, Dense, Input, Output
from engine.layers.merging import Add, Concatenate
from engine.layers.pooling import MaxPooling2D
from engine.layers.recurrent import LSTM
from engine.layers.reshaping import Flatten, Reshape
from engine.layers.wrappers import Bidirectional
from engine.shapes import Shape
from engine.templates import TEMPLATES, chain, make
from tests.engine.graphs import ready
from tests.engine.test_layers import unbuilt


def only_problem(graph: Graph) -> Problem:
    (problem,) = infer(graph).problems
    return problem


def fixed(graph: Graph) -> Graph:
    """The graph after the first fix of its only problem."""
    return only_problem(graph).fixes[0].edit(graph)


def softmax(*layers: Layer) -> Graph:
    return chain(*layers, Output())[0]


@pytest.mark.parametrize("name", TEMPLATES)
def test_templates_have_no_problems(name: str) -> None:
    assert infer(make(name).graph).problems == ()


def test_shapes_and_parameters_of_the_digits_network() -> None:
    graph = make("digits-cnn").graph
    inference = infer(graph)
    assert inference.shape(graph.by_name("conv2d_1").id) == (4, 4, 64)
    assert inference[graph.by_name("conv2d_1").id].parameters == 3 * 3 * 32 * 64 + 64
    assert inference.parameters == 35_914 == inference.trainable_parameters


def test_an_empty_graph_lacks_input_and_output() -> None:
    assert [problem.message.split(":")[0] for problem in infer(Graph()).problems] == [
        "There is no Input",
        "There is no Output",
    ]


def test_inference_goes_on_after_a_fault() -> None:
    graph, _ = chain(Input(shape=(64,)), Conv2D(), Dense(units=10, activation="softmax"), Output())
    inference = infer(graph)
    assert len(inference.problems) == 1
    assert inference["n3"].waiting
    assert inference["n1"].shape == (64,)


def test_a_picture_layer_on_a_row_of_numbers_offers_a_reshape() -> None:
    graph = softmax(Input(shape=(64,)), Conv2D(), Flatten(), Dense(units=10, activation="softmax"))
    problem = only_problem(graph)
    assert "needs pictures (height × width × channels), but gets 64" in problem.message
    assert problem.fixes[0].text == "Insert Reshape to 8 × 8 × 1 before conv2d"
    after = fixed(graph)
    assert infer(after).problems == ()
    assert after.by_name("reshape").layer == Reshape(target_shape=(8, 8, 1))


def test_a_window_larger_than_its_picture_offers_same_padding() -> None:
    graph = softmax(
        Input(shape=(4, 4, 1)), Conv2D(kernel_size=(5, 5)), Flatten(), Dense(units=2, activation="softmax")
    )
    assert only_problem(graph).field == "kernel_size"
    assert fixed(graph).by_name("conv2d").layer == Conv2D(kernel_size=(5, 5), padding="same")
    assert infer(fixed(graph)).problems == ()


def test_branches_of_unequal_rank_are_flattened_in_one_fix() -> None:
    graph, _ = chain(Input(shape=(8, 8, 1)), MaxPooling2D())
    graph, _ = chain(Input(shape=(5,)), graph=graph)
    graph, joined = chain(Concatenate(), graph=graph, after="n2")
    graph = graph.connect("n3", joined)
    graph, _ = chain(Dense(units=2, activation="softmax"), Output(), graph=graph, after=joined)
    after = fixed(graph)
    assert infer(after).problems == ()
    assert infer(after).shape(joined) == (21,)


def test_missing_softmax_is_a_warning_with_a_fix() -> None:
    graph = softmax(Input(shape=(4,)), Dense(units=3))
    problem = only_problem(graph)
    assert problem.severity == "warning"
    assert fixed(graph).by_name("dense").layer == Dense(units=3, activation="softmax")


def test_missing_softmax_after_a_layer_without_activation_inserts_one() -> None:
    graph = softmax(Input(shape=(4,)), Dense(units=3), Flatten())
    assert fixed(graph).by_name("activation").layer == Activation(activation="softmax")
    assert infer(fixed(graph)).problems == ()


def test_accuracy_of_a_regression_is_replaced() -> None:
    graph, _ = chain(Input(shape=(4,)), Dense(units=1), Output(loss="mean_squared_error"))
    assert fixed(graph).by_name("output").layer == Output(loss="mean_squared_error", metrics=("mae",))


def test_a_loose_end_offers_an_output() -> None:
    graph, _ = chain(Input(shape=(4,)), Dense(units=3, activation="softmax"))
    problem = next(problem for problem in infer(graph).problems if problem.node == "n2")
    assert problem.severity == "warning"
    assert infer(problem.fixes[0].edit(graph)).problems == ()


def test_add_of_unequal_shapes_names_both() -> None:
    graph, _ = chain(Input(shape=(4,)), Dense(units=3))
    graph, _ = chain(Dense(units=5), graph=graph, after="n1")
    graph, joined = chain(Add(), graph=graph, after="n2")
    graph = graph.connect("n3", joined)
    assert "Add needs inputs of one shape, but gets 3 and 5." in [p.message for p in infer(graph).problems]


def test_linked_layers_must_fit_the_same_weights() -> None:
    graph, _ = chain(Input(shape=(4,)), Dense(units=3))
    graph, _ = chain(Input(shape=(5,)), graph=graph)
    graph = graph.add(graph.new_node(Dense(units=3), shares="n2")).connect("n3", "n4")
    messages = [problem.message for problem in infer(graph).errors if problem.node == "n4"]
    assert messages == [
        "dense_1 cannot use the weights of dense: it needs kernel 5 × 3, bias 3, not kernel 4 × 3, bias 3."
    ]


class _Counted(Dense):
    """A layer that counts how often its shape is worked out."""

    calls: ClassVar[int] = 0

    def output_shape(self, *inputs: Shape) -> Shape:
        type(self).calls += 1
        return super().output_shape(*inputs)


def count(graph: Graph, previous: Inference) -> tuple[Inference, int]:
    _Counted.calls = 0
    return infer(graph, previous), _Counted.calls


def test_an_edit_works_out_only_what_lies_downstream() -> None:
    graph, _ = chain(Input(shape=(4,)), *(_Counted(units=8, bias_regularizer=f"l2({n})") for n in range(1, 11)))
    inference, calls = count(graph, infer(Graph()))
    assert calls == 10
    assert count(graph, inference)[1] == 0
    changed = graph.set_layer("n8", _Counted(units=9))
    _, calls = count(changed, inference)
    assert calls == 2  # itself, and the next, whose weights are others; what that gives is the same


def test_no_layer_is_asked_twice_the_same() -> None:
    graph, _ = chain(Input(shape=(3,)), *(_Counted(units=8, use_bias=False) for _ in range(10)))
    assert count(graph, infer(Graph()))[1] == 2  # of three numbers, and of eight


def worked_out(monkeypatch: pytest.MonkeyPatch, graph: Graph, previous: Inference) -> int:
    """How many nodes are looked at closely."""
    seen: list[str] = []
    look = inferring._facts

    def looking(graph: Graph, node: Node, facts: Mapping[str, NodeFacts]) -> NodeFacts:
        seen.append(node.id)
        return look(graph, node, facts)

    monkeypatch.setattr(inferring, "_facts", looking)
    infer(graph, previous)
    monkeypatch.undo()
    return len(seen)


def test_what_repeats_is_worked_out_once(monkeypatch: pytest.MonkeyPatch) -> None:
    layers = [layer for _ in range(100) for layer in (Conv2D(filters=8, padding="same"), ReLU())]
    graph, _ = chain(Input(shape=(8, 8, 3)), *layers, Flatten(), Dense(), Output(loss="mean_squared_error"))
    before = infer(graph)
    larger = graph.set_layer("n1", Input(shape=(9, 9, 3)))
    # Input, the Conv2D behind it and one of those behind a ReLU, a ReLU, Flatten, Dense, Output.
    assert worked_out(monkeypatch, larger, before) == 7
    assert worked_out(monkeypatch, graph.set_layer("n203", Dense(units=3)), before) == 2
    # The node, the one behind it, and the Output, which has a warning whose fixes may name nodes far back.
    assert worked_out(monkeypatch, graph.rename("n100", "another"), before) == 3
    assert worked_out(monkeypatch, graph, before) == 0


def test_nodes_that_are_alike_have_problems_of_their_own() -> None:
    graph = Graph().add(Node("n1", "x", Input(shape=(4,))), *(Node(f"n{n}", f"d{n}", Dense()) for n in (2, 3, 4)))
    for target in ("n2", "n3", "n4"):
        graph = graph.connect("n1", target)
    assert [problem.node for problem in infer(graph).problems if problem.node] == ["n2", "n3", "n4"]


def test_what_lies_behind_is_kept() -> None:
    graph, _ = chain(Input(shape=(4,)), *(Dense(units=8) for _ in range(10)))
    inference = infer(graph)
    after = infer(graph.set_layer("n8", Dense(units=9)), inference)
    assert after.facts["n11"] is inference.facts["n11"]


def test_incremental_inference_is_the_same_as_a_fresh_one() -> None:
    rng = random.Random(0)
    graph: Graph = make("digits-two-branch").graph
    inference = infer(graph)
    for _ in range(150):
        graph = _random_edit(graph, rng)
        inference = infer(graph, inference)
        fresh = infer(graph)
        for key in graph.nodes:
            assert _plain(inference[key]) == _plain(fresh[key])


def _random_edit(graph: Graph, rng: random.Random) -> Graph:
    layers = [
        Dense(units=rng.randint(1, 9)),
        Conv2D(filters=4),
        Flatten(),
        Add(),
        Output(),
        Input(shape=(8, 8, 1)),
    ]
    choice = rng.randrange(4)
    keys = list(graph.nodes)
    if choice == 0 or not keys:
        return graph.add(graph.new_node(rng.choice(layers)))
    if choice == 1 and len(keys) > 4:
        return graph.remove(rng.choice(keys), heal=rng.random() < 0.5)
    if choice == 2:
        a, b = rng.choice(keys), rng.choice(keys)
        return graph if graph.can_connect(a, b) else graph.connect(a, b)
    return graph.rename(rng.choice(keys), f"name{rng.random()}")


def _plain(facts: Any) -> tuple[Any, ...]:
    problems = [(p.message, p.field, p.severity, [fix.text for fix in p.fixes]) for p in facts.problems]
    return facts.shape, facts.weights, facts.waiting, problems


def test_flatten_goes_before_the_first_of_several_dense_layers() -> None:
    dense = (Dense(units=8, activation="relu"), Dense(units=2, activation="softmax"))
    graph = softmax(Input(shape=(8, 8, 1)), Conv2D(), *dense)
    assert only_problem(graph).fixes[0].text == "Insert Flatten before dense"
    assert infer(fixed(graph)).problems == ()


def test_outputs_are_not_named_like_figures_of_validation() -> None:
    graph = softmax(Input(shape=(4,)), Dense(units=3, activation="softmax"))
    graph = graph.rename(graph.by_name("output").id, "val_a")
    assert "cannot be named 'val_a'" in only_problem(graph).message


@pytest.mark.parametrize(
    "layer",
    [LSTM(units=3, stateful=True), Bidirectional(layer=LSTM(units=3, stateful=True))],
    ids=lambda layer: layer.type_name(),
)
def test_a_stateful_layer_needs_the_size_of_batches_and_begins_afresh_here(layer: Layer) -> None:
    graph = softmax(Input(shape=(5, 2)), layer, Dense(units=2, activation="softmax"))
    before = infer(graph)
    (problem,) = before.errors
    assert problem.message.endswith("is stateful, for which Keras must know the size of the batches.")
    with pytest.raises(ValueError, match="the batch size must be static"):
        unbuilt(layer)(keras.Input((5, 2)))
    mended = problem.fixes[0].edit(graph)
    assert infer(mended, before).problems == infer(mended).problems
    (warning,) = infer(mended).problems
    assert warning.severity == "warning"
    assert "here begin each batch afresh" in warning.message
    (theirs,) = keras.Model.from_config(to_config(mended)["config"]).inputs
    assert theirs.shape == (32, 5, 2)
    if warning.fixes:
        assert infer(warning.fixes[0].edit(mended)).problems == ()
        assert infer(problem.fixes[1].edit(graph)).problems == ()


def test_here_and_in_keras_with_jax_a_stateful_layer_begins_each_batch_afresh() -> None:
    graph = softmax(Input(shape=(5, 2), batch_size=4), LSTM(units=3, stateful=True))
    model, variables = ready(graph)
    x = np.random.default_rng(0).normal(size=(4, 5, 2)).astype(np.float32)
    twice = np.concatenate([x, x])
    theirs: Any = keras.Model.from_config(to_config(graph)["config"])
    theirs.set_weights(list(model.to_host(variables)["n2"].values()))
    found = theirs.predict(twice, batch_size=4, verbose=0)
    np.testing.assert_array_equal(found[:4], found[4:])
    np.testing.assert_allclose(model.predict(variables, {"input": twice})["output"], found, 1e-5, 1e-6)


def test_cells_say_which_states_they_take() -> None:
    with pytest.raises(ShapeError, match="LSTMCell takes states of 2, 2, but gets 4, 4"):
        LSTMCell(units=2).output_shapes((4,), (4,), (4,))


def test_a_fix_far_up_is_known_anew_when_the_layers_there_change() -> None:
    graph, last = chain(Input(shape=(8, 8, 1)), Dense(), Dense(), Dense(), Output())
    after = graph.remove(graph.by_name("dense").id, heal=True)
    quick, fresh = infer(after, infer(graph)), infer(after)
    assert fresh[last].problems[0].fixes
    assert quick[last] == fresh[last]
