"""Random graphs for hypothesis: branches, merges, shared layers, nested graphs, out of layers of the battery."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

from hypothesis import strategies as st
from hypothesis.strategies import DrawFn

from engine.errors import GraphError
from engine.graph import Graph
from engine.inference import infer
from engine.layer import Layer
from engine.layers.attention import Attention, GroupQueryAttention, MultiHeadAttention
from engine.layers.core import Dense, Input, Output
from engine.layers.embedding import Embedding
from engine.layers.merging import Add, Average, Concatenate, Dot, Maximum, Minimum, Multiply, Subtract
from engine.layers.nested import Functional
from engine.shapes import Shape
from tests.engine.layer_cases import COMPUTING, Case

END = Output(loss=None, metrics=())

_SCORING = (MultiHeadAttention, GroupQueryAttention)
"""Their scores go nowhere: to layers behind them, Keras gives the causal mask as that of steps, and fails."""

TOKENS = 7
"""Whole numbers at the inputs are below this."""

INPUTS: tuple[Input, ...] = (
    Input(shape=(4,)),
    Input(shape=(5, 4)),
    Input(shape=(9, 4)),
    Input(shape=(7, 6, 4)),
    Input(shape=(5,), dtype="int32"),
    Input(shape=(9,), dtype="int32"),
)
"""A table, series, pictures, and rows of tokens: with the sizes that the battery has, which many layers fit.

None is left open: what is merged then need not fit, which only the numbers tell.
"""

_LARGEST = 2000
"""Numbers that come out of a layer for one sample, at most."""

_LEFT_OUT = ("augmentation", "pipeline", "equalization", "applications", "audio", "nested")
"""Modules of layers that Keras cannot save in .h5, that are large, or that stand in graphs in other ways."""

_JUMPS = ("Discretization",)
"""What these give jumps with their inputs, which two programs may round differently."""


def _fits(case: Case) -> bool:
    module = type(case.layer).__module__.rpartition(".")[2]
    known = case.below is None or case.below >= TOKENS
    return not module.startswith(_LEFT_OUT) and case.type not in _JUMPS and known and not case.values


MENU: dict[tuple[int, bool], list[Case]] = {}
"""The cases by the rank of their first input, and whether that is of whole numbers."""
for _case in filter(_fits, COMPUTING):
    MENU.setdefault((len(_case.inputs[0]), _case.below is not None), []).append(_case)


MERGES = (Add(), Subtract(), Multiply(), Average(), Maximum(), Minimum(), Concatenate(), Dot(), Attention())


class Wire(NamedTuple):
    """An output of a node that may go on, its shape, and whether it carries whole numbers."""

    node: str
    output: int
    shape: Shape
    whole: bool = False


@dataclass(frozen=True)
class Growing:
    """A graph without its Output nodes, and the wires that may go on."""

    graph: Graph
    wires: tuple[Wire, ...]

    def started(self, layer: Input) -> Growing:
        node = self.graph.new_node(layer)
        return Growing(self.graph.add(node), (*self.wires, Wire(node.id, 0, layer.shape, layer.dtype == "int32")))

    def grown(self, layer: Layer, sources: Sequence[Wire], shares: str | None = None) -> Growing:
        """With one more layer; as it is where the layer does not fit."""
        node = self.graph.new_node(layer, shares=shares)
        graph = self.graph.add(node)
        try:
            for source in sources:
                graph = graph.connect(source.node, node.id, output=source.output)
        except GraphError:
            return self
        found = infer(graph)
        shapes = found[node.id].shapes
        large = any(math.prod(size or 1 for size in shape) > _LARGEST for shape in shapes)
        if any(problem.node is not None for problem in found.errors) or large or () in shapes:
            return self
        wires = [Wire(node.id, number, shape) for number, shape in enumerate(shapes)]
        return Growing(graph, (*self.wires, *(wires[:1] if isinstance(layer, _SCORING) else wires)))

    @property
    def loose(self) -> list[Wire]:
        """The wires that go nowhere; the first of a node whose wires all do not."""
        graph = self.graph
        return [wire for wire in self.wires if not wire.output and not graph.outgoing(wire.node)]

    def ended(self) -> Graph:
        graph = self.graph
        for wire in self.loose:
            node = graph.new_node(END)
            graph = graph.add(node).connect(wire.node, node.id, output=wire.output)
        return graph


@st.composite
def graphs(draw: DrawFn, inputs: tuple[Input, ...] | None = None, depth: int = 1) -> Graph:
    """A graph without errors, for these inputs or for random ones."""
    if inputs is None:
        inputs = tuple(draw(st.lists(st.sampled_from(INPUTS), min_size=1, max_size=3)))
    growing = Growing(Graph(), ())
    for layer in inputs:
        growing = growing.started(layer)
    kinds = (_with_merge, _with_shared, _with_nested, *[_with_layer] * 4)[0 if depth else 1 :]
    for _ in range(12 if depth else 4):
        growing = draw(st.sampled_from(kinds))(draw, growing, depth)
    for wire in growing.loose:
        if growing.graph[wire.node].layer.max_inputs == 0:
            growing = _with_plain(growing, wire)
    return growing.ended()


def _with_plain(growing: Growing, wire: Wire) -> Growing:
    """With a layer that fits any input."""
    return growing.grown(Embedding(input_dim=TOKENS, output_dim=3) if wire.whole else Dense(units=3), [wire])


def _with_layer(draw: DrawFn, growing: Growing, depth: int) -> Growing:
    first = draw(st.sampled_from(growing.wires))
    cases = MENU.get((len(first.shape), first.whole))
    if not cases:
        return growing
    case = draw(st.sampled_from(cases))
    sources = [first]
    for shape in case.inputs[1:]:
        fitting = [wire for wire in growing.wires if len(wire.shape) == len(shape) and wire.whole == first.whole]
        if not fitting:
            return growing
        sources.append(draw(st.sampled_from(fitting)))
    return growing.grown(case.layer, sources)


def _with_merge(draw: DrawFn, growing: Growing, depth: int) -> Growing:
    """With a layer that takes several wires of one shape."""
    first = draw(st.sampled_from(growing.wires))
    alike = [wire for wire in growing.wires if wire.shape == first.shape and not wire.whole]
    if first.whole or len(alike) < 2:
        return growing
    sources = [first, *draw(st.lists(st.sampled_from(alike), min_size=1, max_size=2))]
    return growing.grown(draw(st.sampled_from(MERGES)), sources)


def _with_shared(draw: DrawFn, growing: Growing, depth: int) -> Growing:
    """With another call of a layer that is there, on wires of the same shapes."""
    graph = growing.graph
    owners = [node for node in graph if node.shares is None and graph.incoming(node.id)]
    if not owners:
        return growing
    owner = draw(st.sampled_from(owners))
    taken = {(wire.node, wire.output): wire for wire in growing.wires}
    sources: list[Wire] = []
    for edge in graph.incoming(owner.id):
        before = taken[edge.source, edge.output]
        alike = [wire for wire in growing.wires if (wire.shape, wire.whole) == (before.shape, before.whole)]
        sources.append(draw(st.sampled_from(alike)))
    return growing.grown(owner.layer, sources, owner.id)


def _with_nested(draw: DrawFn, growing: Growing, depth: int) -> Growing:
    if not depth:
        return growing
    sources = draw(st.lists(st.sampled_from(growing.wires), min_size=1, max_size=2))
    inputs = tuple(Input(shape=wire.shape, dtype="int32" if wire.whole else "float32") for wire in sources)
    inner = draw(graphs(inputs, depth - 1))
    return growing.grown(Functional(graph=inner, trainable=draw(st.booleans())), sources)
