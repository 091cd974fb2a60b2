"""What networks cost, against what XLA and Keras say of the same."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import jax
import jax.numpy as jnp
import keras
import numpy as np
import pytest

from engine.costs import Cost, costs, optimizer_size
from engine.graph import Edge, Graph
from engine.grouping import group
from engine.inference import infer
from engine.layer import Layer
from engine.layers.attention import Attention, GroupQueryAttention, MultiHeadAttention
from engine.layers.cells import Cell, GRUCell, LSTMCell, SimpleRNNCell, StackedRNNCells
from engine.layers.conv import Conv1D, Conv2D, Conv3D
from engine.layers.conv_lstm import ConvLSTM2D
from engine.layers.conv_transpose import Conv2DTranspose
from engine.layers.core import Dense, Input, Output
from engine.layers.depthwise import DepthwiseConv2D, SeparableConv2D
from engine.layers.einsum import EinsumDense
from engine.layers.embedding import Embedding
from engine.layers.merging import Add, Dot
from engine.layers.normalization import LayerNormalization
from engine.layers.pooling import AveragePooling2D
from engine.layers.recurrent import GRU, LSTM, RNN
from engine.layers.regularization import Dropout
from engine.layers.reshaping import Flatten
from engine.layers.wrappers import Bidirectional, TimeDistributed
from engine.layout import Layout
from engine.optimizers import OPTIMIZERS
from engine.shapes import Shape
from engine.templates import chain, make
from tests.engine.layer_cases import CASES, weights_of

BATCH = 4


def xla_flops(function: Any, *arguments: Any) -> float:
    found = jax.jit(function).lower(*arguments).compile().cost_analysis()
    return float(found["flops"])


def xla_flops_of(layer: Layer, *inputs: Shape) -> float:
    """What XLA counts for a sample, in the plain form of the layer that runs on all devices."""
    arrays = [jnp.ones((BATCH, *(size or 1 for size in shape))) for shape in inputs]
    return xla_flops(lambda w, *x: layer.op()(w, *x), weights_of(layer, *inputs), *arrays) / BATCH


@pytest.mark.parametrize(
    ("layer", "inputs"),
    [
        (Dense(units=64), ((32,),)),
        (Dense(units=24, use_bias=False), ((6, 32),)),
        (Conv1D(filters=16, kernel_size=5, strides=2), ((40, 8),)),
        (Conv2D(filters=32, kernel_size=(3, 5)), ((20, 24, 8),)),
        (Conv2D(filters=16, kernel_size=3, strides=2), ((21, 21, 8),)),
        (Conv2D(filters=16, kernel_size=3, dilation_rate=2), ((20, 20, 8),)),
        (Conv3D(filters=8, kernel_size=3), ((9, 9, 9, 4),)),
        (SeparableConv2D(filters=32, kernel_size=3), ((20, 20, 8),)),
        (EinsumDense(equation="abc,cde->abde", result_shape=(None, 4, 8)), ((12, 32),)),
        (Attention(), ((16, 32), (24, 32))),
        (MultiHeadAttention(num_heads=4, key_dim=16, value_dim=8), ((16, 32), (24, 48))),
        (GroupQueryAttention(head_dim=16, num_query_heads=4, num_key_value_heads=2), ((16, 32), (24, 32))),
        (Dot(axes=(2, 2)), ((12, 32), (10, 32))),
    ],
    ids=lambda value: type(value).__name__ if isinstance(value, Layer) else "",
)
def test_products_are_counted_as_xla_counts_them(layer: Layer, inputs: tuple[Shape, ...]) -> None:
    assert layer.flops(*inputs) == pytest.approx(xla_flops_of(layer, *inputs), rel=0.03)


def test_a_depthwise_convolution_is_counted_by_its_own_channels() -> None:
    layer, shape = DepthwiseConv2D(kernel_size=3, depth_multiplier=2), (20, 20, 8)
    assert layer.flops(shape) == 18 * 18 * 16 * (2 * 9 + 1)


def test_a_transposed_convolution_is_counted_by_the_places_of_its_input() -> None:
    """XLA counts the zeros between them only where they lie under the kernel, so that the two agree inside."""
    layer, shape = Conv2DTranspose(filters=16, kernel_size=2, strides=2), (12, 12, 8)
    assert layer.flops(shape) == pytest.approx(xla_flops_of(layer, shape), rel=0.03)


def test_borders_are_counted_in_full() -> None:
    """Papers do so; XLA leaves out what the zeros of the border take, so it counts less."""
    layer, shape = Conv2D(filters=16, kernel_size=3, padding="same"), (32, 32, 8)
    assert layer.flops(shape) == 32 * 32 * 16 * (2 * 9 * 8 + 1)
    assert 0.9 < xla_flops_of(layer, shape) / layer.flops(shape) < 1


@pytest.mark.parametrize(
    "cell",
    [
        SimpleRNNCell(units=48),
        LSTMCell(units=48),
        GRUCell(units=48),
        StackedRNNCells(cells=(LSTMCell(units=48),) * 2),
    ],
    ids=lambda cell: cell.type_name(),
)
def test_a_step_of_a_cell_is_counted_as_xla_counts_it(cell: Cell) -> None:
    states = cell.state_shapes((32,))
    found = xla_flops_of(cell, (32,), *states)
    assert cell.flops((32,), *states) == pytest.approx(found, rel=0.06)


def test_recurrent_layers_take_a_step_for_each_element() -> None:
    cell = LSTMCell(units=16)
    step = cell.flops((8,))
    assert LSTM(units=16).flops((10, 8)) == 10 * step
    assert RNN(cell=cell, return_sequences=True).flops((10, 8)) == 10 * step
    assert Bidirectional(layer=LSTM(units=16)).flops((10, 8)) == 20 * step
    assert Bidirectional(layer=LSTM(units=16), merge_mode="sum").flops((10, 8)) == 20 * step + 16
    assert TimeDistributed(layer=Dense(units=4)).flops((10, 8)) == 10 * Dense(units=4).flops((8,))
    assert GRU(units=16).flops((10, 8)) == 10 * GRUCell(units=16).flops((8,))


def test_steps_of_convolutions_are_counted_at_all_places() -> None:
    layer = ConvLSTM2D(filters=6, kernel_size=3)
    products = 3 * 3 * (2 + 6) * 24
    assert layer.flops((5, 10, 10, 2)) == 5 * 8 * 8 * (2 * products + 4 * 24)


def test_what_only_moves_numbers_costs_nothing() -> None:
    for layer, shape in ((Flatten(), (4, 4)), (Dropout(), (9,)), (Embedding(input_dim=9, output_dim=4), (5,))):
        assert layer.flops(shape) == 0


def test_numbers_one_by_one() -> None:
    assert Add().flops((4, 4), (4, 4), (4, 4)) == 32
    assert AveragePooling2D(pool_size=2).flops((8, 8, 3)) == 4 * 4 * 3 * 4
    assert LayerNormalization().flops((8, 16)) == 8 * 8 * 16


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.type)
def test_every_layer_has_a_count(case: Any) -> None:
    shapes = tuple(tuple(size or 5 for size in shape) for shape in case.inputs)
    found = case.layer.flops(*shapes)
    assert type(found) is int
    assert found >= 0


# Graphs


def line(*layers: Layer) -> tuple[Graph, list[str]]:
    """Layers one behind the other, and their identifiers."""
    graph, _ = chain(*layers)
    return graph, list(graph.nodes)


def test_parameters_memory_and_operations_of_a_graph() -> None:
    graph, (start, conv, flat, dense, end) = line(
        Input(shape=(8, 8, 1), dtype="uint8"),
        Conv2D(filters=4, kernel_size=3),
        Flatten(),
        Dense(units=10),
        Output(),
    )
    found = costs(infer(graph))
    assert found[start] == Cost(activation_bytes=64)
    assert found[conv] == Cost(40, 40, 160, 6 * 6 * 4 * 4, 6 * 6 * 4 * (2 * 9 + 1))
    assert found[flat].activation_bytes == 144 * 4
    assert found[dense].memory(32) == 4 * 1450 + 32 * 40
    assert found[end] == Cost()
    assert found.total.parameters == infer(graph).parameters
    assert found.total.flops == sum(found[key].flops or 0 for key in graph.nodes)


def test_a_group_costs_what_its_layers_cost() -> None:
    project = make("digits-cnn")
    flat = infer(project.graph)
    inner = [node.id for node in project.graph if not isinstance(node.layer, Input | Output)][:4]
    grouped, _ = group(
        project.graph, flat, inner, Layout({node.id: (0.0, 90.0 * n) for n, node in enumerate(project.graph)})
    )
    assert costs(infer(grouped)).total == costs(flat).total


def test_weights_that_are_shared_count_once_and_their_operations_twice() -> None:
    graph, (_, dense, _) = line(Input(shape=(8,)), Dense(units=8), Output())
    twin = graph.new_node(graph[dense].layer, shares=dense)
    graph = graph.add(twin)
    graph = Graph(graph.nodes, (*graph.edges, Edge(dense, twin.id)))
    found = costs(infer(graph))
    assert found[twin.id].parameters == found[dense].parameters == 72
    assert found.total.parameters == 72
    assert found.total.weight_bytes == 288
    assert found.total.flops == 2 * (found[dense].flops or 0)


def test_an_open_size_leaves_the_cost_open() -> None:
    graph, (_, lstm, _) = line(Input(shape=(None, 8)), LSTM(units=4), Output())
    found = costs(infer(graph))
    assert found[lstm].flops is None
    assert found[lstm].activation_bytes == 16
    assert found.total.flops is None
    assert found.total.memory(1) is None
    assert found.total.parameters == 4 * 4 * (8 + 4 + 1)


def test_frozen_weights_are_not_trained() -> None:
    graph, (_, dense, _) = line(Input(shape=(8,)), Dense(units=8, trainable=False), Output())
    found = costs(infer(graph))
    assert (found[dense].parameters, found[dense].trainable) == (72, 0)
    assert found.trained_weights == ()


def test_what_an_edit_does_not_reach_is_not_counted_again() -> None:
    project = make("digits-cnn")
    before = costs(infer(project.graph))
    last = project.graph.of_type(Dense)[-1]
    edited = project.graph.rename(last.id, "scores")
    after = costs(infer(edited, before.inference), before)
    assert all(after[key] is before[key] for key in edited.nodes)
    wider = edited.set_layer(last.id, replace_units(last.layer, 11))
    again = costs(infer(wider, after.inference), after)
    assert [key for key in wider.nodes if again[key] is not after[key]] == [last.id, *successors(wider, last.id)]


def replace_units(layer: Layer, units: int) -> Layer:
    return layer.replace(units=units)


def successors(graph: Graph, node_id: str) -> list[str]:
    return [edge.target for edge in graph.outgoing(node_id)]


@pytest.mark.parametrize("name", sorted(OPTIMIZERS))
def test_an_optimizer_remembers_as_many_numbers_as_keras_says(name: str) -> None:
    graph, _ = chain(Input(shape=(6,)), Dense(units=5), Dense(units=3), Output())
    ours = optimizer_size(OPTIMIZERS[name](), costs(infer(graph)).trained_weights)
    model = keras.Sequential([keras.Input((6,)), keras.layers.Dense(5), keras.layers.Dense(3)])
    theirs = getattr(keras.optimizers, name)()
    theirs.build(model.trainable_variables)
    counters = {"iteration", "learning_rate"}
    kept = sum(int(np.prod(v.shape)) for v in theirs.variables if v.name not in counters)
    assert ours == kept


def test_costs_add_up() -> None:
    one = Cost(1, 1, 4, 8, 16)
    assert one + one == Cost(2, 2, 8, 16, 32)
    assert (one + replace(one, flops=None)).flops is None
