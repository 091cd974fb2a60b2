"""A layer that holds a whole graph: Keras's model within a model."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import cached_property
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, cast

import jax
from pydantic import BeforeValidator, Field, InstanceOf, PlainSerializer, model_validator

from engine.errors import FileFormatError, ShapeError
from engine.fields import Holds
from engine.layer import NoType, Weighted
from engine.layers.core import Input, Output
from engine.layout import Layout
from engine.op import Context
from engine.registry import register
from engine.shapes import Shape, show_shape
from engine.weights import Weight, Weights, prefixed

if TYPE_CHECKING:
    from engine.graph import Graph, Node
    from engine.inference import Inference

# A graph is made of layers, and this layer of a graph: what works on graphs is imported where it is used.


def _read_graph(value: Any) -> Any:
    from engine.formats.graph_data import read_graph
    from engine.formats.reading import Place

    if not isinstance(value, Mapping):
        return value
    place = Place("the model within")
    fields = place.mapping(value, ("nodes", "edges"))
    try:
        return read_graph(fields["nodes"], fields["edges"], place)
    except FileFormatError as error:
        raise ValueError(error.reason) from None


def _write_graph(graph: Graph) -> dict[str, Any]:
    from engine.formats.graph_data import graph_data

    return graph_data(graph)


def _read_layout(value: Any) -> Any:
    from engine.formats.layout_data import LAYOUT_KEYS, read_layout
    from engine.formats.reading import Place

    if isinstance(value, Layout):
        return value
    place = Place("the layout within")
    try:
        return read_layout(place.mapping(value, (), LAYOUT_KEYS), place)
    except FileFormatError as error:
        raise ValueError(error.reason) from None


def _write_layout(layout: Layout) -> dict[str, Any]:
    from engine.formats.layout_data import layout_data

    return layout_data(layout)


def _identity() -> Graph:
    """A graph that gives what it gets: where building one by hand begins."""
    from engine.graph import Edge, Graph, Node

    nodes = {"n1": Node("n1", "input", Input()), "n2": Node("n2", "output", Output(loss=None, metrics=()))}
    return Graph(nodes, (Edge("n1", "n2"),))


if TYPE_CHECKING:
    InnerGraph = Graph
    InnerLayout = Layout
else:
    InnerGraph = Annotated[Any, Holds("graph"), BeforeValidator(_read_graph), PlainSerializer(_write_graph)]
    InnerLayout = Annotated[
        InstanceOf[Layout], Holds("hidden"), BeforeValidator(_read_layout), PlainSerializer(_write_layout)
    ]


@register(category="Model")
class Functional(Weighted):
    """A model within the model: a graph of its own, whose Inputs and Outputs are the ports of one card.

    https://keras.io/api/models/model/
    """

    dtype: NoType = None
    graph: InnerGraph = Field(default_factory=_identity, description="The layers inside.")
    layout: InnerLayout = Field(default_factory=Layout, description="Where they lie on the canvas.")

    caption: ClassVar[tuple[str, ...]] = ("graph",)
    keras_class: ClassVar[str | None] = "Functional"
    keras_aliases: ClassVar[tuple[str, ...]] = ("Sequential", "Model")
    keras_module: ClassVar[str] = "keras.src.models.functional"
    casts: ClassVar[bool] = False
    parts_choose: ClassVar[bool] = True
    spends_masks: ClassVar[bool] = True

    @model_validator(mode="before")
    @classmethod
    def _read_older(cls, value: Any) -> Any:
        """Files used to hold the places alone."""
        if isinstance(value, Mapping) and "positions" in value:
            fields = cast(Mapping[str, Any], value)
            rest = {key: field for key, field in fields.items() if key != "positions"}
            return {"layout": {"positions": fields["positions"]}, **rest}
        return value  # pyright: ignore[reportUnknownVariableType]

    def __hash__(self) -> int:
        return hash((self.graph, self.trainable))

    def laid_out(self, layout: Layout) -> Functional:
        """The same model, its cards elsewhere on the canvas; what is known of it is kept."""
        return self.model_copy(update={"layout": layout})

    @cached_property
    def inputs(self) -> tuple[Node, ...]:
        """The Input nodes inside, in the order of the ports."""
        return self.graph.of_type(Input)

    @cached_property
    def outputs(self) -> tuple[Node, ...]:
        """The Output nodes inside, in the order of the outputs."""
        return self.graph.of_type(Output)

    @property
    def min_inputs(self) -> int:  # pyright: ignore[reportIncompatibleVariableOverride]
        return len(self.inputs)

    @property
    def max_inputs(self) -> int:  # pyright: ignore[reportIncompatibleVariableOverride]
        return len(self.inputs)

    def port_name(self, port: int) -> str:
        return self.inputs[port].name if len(self.inputs) > 1 else ""

    @property
    def output_names(self) -> tuple[str, ...]:
        return ("",) if len(self.outputs) == 1 else tuple(node.name for node in self.outputs)

    @cached_property
    def _inferences(self) -> dict[tuple[Shape, ...], Inference]:
        return {}

    def inference(self, *inputs: Shape) -> Inference:
        """Shapes, weights and problems inside, for inputs of these shapes; raises `ShapeError`."""
        found = self._inferences.get(inputs)
        if found is None:
            found = self._inferences[inputs] = self._infer(inputs)
        return found

    def shaped(self, *inputs: Shape) -> Graph:
        """The graph inside with these shapes at its Inputs; raises `ShapeError` where one does not fit."""
        graph = self.graph
        for node, shape in zip(self.inputs, inputs, strict=True):
            assert isinstance(node.layer, Input)
            if not _fits(node.layer.shape, shape):
                wanted = show_shape(node.layer.shape)
                raise ShapeError(f"{node.name} inside takes {wanted}, but gets {show_shape(shape)}.")
            graph = graph.set_layer(node.id, node.layer.replace(shape=shape))
        return graph

    def _infer(self, inputs: tuple[Shape, ...]) -> Inference:
        from engine.inference import infer

        graph = self.shaped(*inputs)
        found = infer(graph)
        if found.errors:
            problem = found.errors[0]
            if problem.node is None:
                raise ShapeError(f"Inside: {problem.message}", "graph")
            raise ShapeError(f"Inside at {graph[problem.node].name}: {problem.message}", "graph")
        return found

    def output_shape(self, *inputs: Shape) -> Shape:
        return self.output_shapes(*inputs)[0]

    def output_shapes(self, *inputs: Shape) -> tuple[Shape, ...]:
        found = self.inference(*inputs)
        return tuple(found.facts[node.id].shapes[0] for node in self.outputs)

    @cached_property
    def owners(self) -> tuple[Node, ...]:
        """The nodes inside that own weights or could, in the order in which Keras keeps them."""
        from engine.order import keras_order

        ends = [edge.source for node in self.outputs for edge in self.graph.incoming(node.id)]
        return tuple(self.graph[key] for key in keras_order(self.graph, ends))

    def weights(self, *inputs: Shape) -> tuple[Weight, ...]:
        found = self.inference(*inputs)
        return tuple(weight for node in self.owners for weight in prefixed(node.name, found[node.id].weights))

    def flops(self, *inputs: Shape) -> int:
        """What the layers inside take together."""
        facts = self.inference(*inputs).facts
        return sum(node.layer.flops(*facts[node.id].inputs) for node in self.graph if facts[node.id].shapes)

    def masked(self, masks: Sequence[bool]) -> tuple[int, ...]:
        given = dict(zip((node.id for node in self.inputs), masks, strict=False))
        found: dict[str, tuple[int, ...]] = {}
        for key in self.graph.order:
            before = [edge.output in found[edge.source] for edge in self.graph.incoming(key)]
            layer = self.graph[key].layer
            found[key] = ((0,) if given.get(key) else ()) if isinstance(layer, Input) else layer.masked(before)
        ends = self.graph.incoming(self.outputs[0].id) if self.outputs else ()
        return (0,) if ends and ends[0].output in found[ends[0].source] else ()

    @cached_property
    def _order(self) -> tuple[Node, ...]:
        needed = self.graph.ancestors(node.id for node in self.outputs)
        nodes = (self.graph[key] for key in self.graph.order if key in needed)
        return tuple(nodes) if self.trainable else tuple(map(_frozen, nodes))

    def apply(self, w: Weights, *inputs: jax.Array, ctx: Context) -> Any:
        from engine.execution import run

        names = {node.name: node.id for node in self.owners}
        weights: dict[str, dict[str, jax.Array]] = {}
        for path, value in w.items():
            name, _, inner = path.partition("/")
            weights.setdefault(names[name], {})[inner] = value
        given = {node.name: value for node, value in zip(self.inputs, inputs, strict=True)}
        masks = {node.name: mask for node, mask in zip(self.inputs, ctx.masks, strict=False)}
        found = run(
            self.graph, self._order, weights, given,
            training=ctx.training, key=ctx.key, masks=masks, precision=ctx.precision,
        )  # fmt: skip
        for owner, updates in found.updates.items():
            ctx.updates |= {f"{self.graph[owner].name}/{name}": value for name, value in updates.items()}
        ctx.losses += found.losses
        ends = [self.graph.incoming(node.id)[0] for node in self.outputs]
        ctx.made_mask, ctx.output_mask = True, found.mask(ends[0])
        last = found.contexts.get(ends[0].source)
        if last is not None and ends[0].output == 0:
            ctx.logits, ctx.activation = last.logits, last.activation
        values = tuple(found.value(edge) for edge in ends)
        return values[0] if len(values) == 1 else values

    @property
    def final_activation(self) -> str | None:
        sources = [edge.source for node in self.outputs[:1] for edge in self.graph.incoming(node.id)]
        return self.graph[sources[0]].layer.final_activation if sources else None

    def keras_arguments(self) -> dict[str, Any]:
        from engine.formats.keras_config import to_config

        graph = self.graph
        for node in () if self.trainable else graph:  # Keras freezes each layer of a frozen model
            graph = graph.set_layer(node.id, _frozen(node).layer)
        config = to_config(graph)["config"]
        kept = {key: config[key] for key in ("layers", "input_layers", "output_layers")}
        return {**kept, "trainable": self.trainable}

    def seed_generators(self) -> tuple[str, ...]:
        return tuple(f"{node.name}/{path}" for node in self.owners for path in node.layer.seed_generators())

    @classmethod
    def from_keras(cls, config: Mapping[str, Any]) -> Mapping[str, Any]:
        from engine.formats.keras_reading import from_config
        from engine.formats.reading import Place

        kind = "Functional" if "input_layers" in config else "Sequential"
        try:
            graph = from_config({"class_name": kind, "config": config}, Place("inside"), within=True)
        except FileFormatError as error:
            raise ValueError(str(error).removesuffix(".")) from None
        for node in graph:
            if node.layer.trouble is not None:
                raise ValueError(f"holds the layer {node.name}, which {node.layer.trouble.split('. It')[0]}")
        for node in graph.of_type(Output):
            graph = graph.set_layer(node.id, Output(loss=None, metrics=()))
        return {"graph": graph, "trainable": config.get("trainable", True)}


def _frozen(node: Node) -> Node:
    """A node of a frozen model: its layer is frozen, too."""
    layer = node.layer
    return replace(node, layer=layer.replace(trainable=False)) if isinstance(layer, Weighted) else node


def _fits(wanted: Shape, given: Shape) -> bool:
    return len(wanted) == len(given) and all(None in (a, b) or a == b for a, b in zip(wanted, given, strict=True))
