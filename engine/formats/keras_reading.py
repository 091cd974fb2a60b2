"""A graph out of the configuration of a Keras model, functional or sequential. Nothing is imported or executed."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import Any

from engine.errors import NameTakenError, UnsupportedError
from engine.formats.graph_data import check_node_name, check_wiring
from engine.formats.keras_config import MODEL_CLASS
from engine.formats.keras_layers import batch_shape, read_layer
from engine.formats.keras_masks import Told, check_masks, without_masks
from engine.formats.keras_operation_layers import with_layers
from engine.formats.keras_operations import is_operation, operation_layer
from engine.formats.reading import Place, shown
from engine.formats.unknown import (
    Ends,
    call_template,
    given_shapes,
    placeholder,
    told_input,
    told_shapes,
    with_unreached,
)
from engine.graph import Edge, Graph, Node, check_name
from engine.inference import infer
from engine.layer import Layer
from engine.layers.core import Input, Output
from engine.layers.placeholder import Placeholder
from engine.project import NAME
from engine.shapes import Shape

Call = tuple[str, int]
"""A call of a layer: the layer's name, and which of its calls."""

Tensor = tuple[Call, int]
"""What a call gave: the call, and which of its outputs."""


@dataclass(frozen=True)
class _Entry:
    """A layer as the file has it: the sources of each of its calls are looked up once all layers are known."""

    name: str
    layer: Layer
    calls: tuple[tuple[Tensor, ...], ...]


def from_config(model_config: Any, place: Place, *, within: bool = False) -> Graph:
    """The graph of a functional or sequential Keras model, its Output nodes with losses that fit.

    `within` says that the model is part of another, which may give it masks: its operations stay formulas until
    all is read. Raises `FileFormatError`. Reads what Keras 2 wrote, too. Nothing is imported or executed.
    """
    found = place.mapping(model_config, ("class_name", "config"))
    class_name = found["class_name"]
    told: Told = {}
    if class_name == "Sequential":
        entries, inputs, outputs = _read_sequential(found["config"], place)
    elif class_name in ("Functional", "Model"):
        entries, inputs, outputs, told = _read_functional(found["config"], place)
    else:
        raise place.error(f"holds a model of the class {shown(class_name)}, not Functional or Sequential.")
    names = _output_names(found["config"], outputs)
    graph = _assemble(entries, inputs, list(zip(names, outputs, strict=True)), told, place)
    graph = _with_losses_that_fit(graph if within else with_layers(graph))
    if any(node.layer.trouble is not None for node in graph):
        graph = with_unreached(graph)
    for problem in infer(graph).errors:
        if problem.node is not None and graph[problem.node].layer.trouble is not None:
            continue  # kept as it is
        where = place if problem.node is None else place.at(f"layer {shown(graph[problem.node].name)}")
        raise where.error(problem.message)
    return graph


def _with_losses_that_fit(graph: Graph) -> Graph:
    """With losses that suit the last layers, and none that the shapes forbid: a single number is of no class."""
    for node in graph.of_type(Output):
        (edge,) = graph.incoming(node.id)
        graph = graph.set_layer(node.id, _guess_output(graph[edge.source].layer))
    for problem in infer(graph).errors:
        if problem.node is not None and isinstance(graph[problem.node].layer, Output):
            graph = graph.set_layer(problem.node, Output(loss=None, metrics=()))
    return graph


def model_name(model_config: Any) -> str:
    """What a file calls its model; the usual name where it does not say, or says what cannot be one."""
    config = model_config.get("config") if isinstance(model_config, Mapping) else None  # pyright: ignore
    name: Any = config.get("name") if isinstance(config, Mapping) else None  # pyright: ignore
    try:
        check_name(name if isinstance(name, str) else "")
    except NameTakenError:
        return NAME
    return str(name)


def _read_functional(config: Any, place: Place) -> tuple[list[_Entry], list[Tensor], list[Tensor], Told]:
    found = place.mapping(config, ("layers", "input_layers", "output_layers"))
    entries: list[_Entry] = []
    models: dict[str, int] = {}  # those of Keras 3, with the number of their calls
    layers, told = without_masks(place.at("layers").listing(found["layers"]), found["output_layers"])
    inputs, outputs = (_read_ends(found[key], place) for key in ("input_layers", "output_layers"))
    for number, value in enumerate(layers, 1):
        here = place.at(f"layer {number}")
        entry = here.mapping(value, ("class_name", "config"))
        inner = here.mapping(entry["config"])
        name = here.text(entry.get("name", inner.get("name")))
        here = place.at(f"layer {shown(name)}")
        called = here.at("inbound_nodes").listing(entry.get("inbound_nodes", []))
        if entry["class_name"] == MODEL_CLASS and not any(isinstance(call, list) for call in called):
            models[name] = len(called)
        if is_operation(entry):
            entries.append(_operation(name, entry, called, here))
            continue
        layer = _read_or_keep(entry, inner, here)
        entries.append(_called(name, layer, called, here))
    outputs = _counted_from_zero(outputs, models)
    entries, outputs = _from_zero(entries, outputs)
    if any(isinstance(entry.layer, Placeholder) for entry in entries):
        entries = _with_shapes(entries, told_shapes(layers), outputs)
    return entries, inputs, outputs, told


def _counted_from_zero(outputs: list[Tensor], models: Mapping[str, int]) -> list[Tensor]:
    """The calls of nested models that are outputs counted from 0: see `MODEL_CLASS`. Keras finds the last by 0."""

    def counted(name: str, number: int) -> int:
        return (number or models[name]) - 1 if name in models else number

    return [((name, counted(name, number)), output) for (name, number), output in outputs]


def _from_zero(entries: list[_Entry], outputs: list[Tensor]) -> tuple[list[_Entry], list[Tensor]]:
    """The calls of nested models counted from 0: in Keras 2 the first is the one that a model is made by."""
    used: dict[str, set[int]] = {}
    for tensors in (*(call for entry in entries for call in entry.calls), outputs):
        for (name, number), _ in tensors:
            used.setdefault(name, set()).add(number)
    counts = {entry.name: len(entry.calls) for entry in entries}
    late = {name for name, found in used.items() if min(found) > 0 and max(found) == counts.get(name)}

    def moved(tensors: Sequence[Tensor]) -> tuple[Tensor, ...]:
        return tuple(((name, call - (name in late)), output) for (name, call), output in tensors)

    entries = [replace(entry, calls=tuple(map(moved, entry.calls))) for entry in entries]
    return entries, list(moved(outputs))


def _read_or_keep(entry: Mapping[str, Any], config: Mapping[str, Any], place: Place) -> Layer:
    """The layer of an entry, or a placeholder where this program does not have it."""
    try:
        return read_layer(entry, config, place)
    except UnsupportedError as error:
        return placeholder(entry, error, place)


def _with_shapes(entries: list[_Entry], told: Ends, outputs: list[Tensor]) -> list[_Entry]:
    """Placeholders with as many outputs as are used, in the shapes that the file tells."""
    used = {(name, output) for entry in entries for call in entry.calls for (name, _), output in call}
    used |= {(name, output) for (name, _), output in outputs}
    result: list[_Entry] = []
    for entry in entries:
        if isinstance(entry.layer, Placeholder):
            count = 1 + min(max((output for name, output in used if name == entry.name), default=0), 100)
            shapes = tuple(told.get((entry.name, number)) for number in range(count))
            entry = replace(entry, layer=entry.layer.replace(shapes=shapes))
        result.append(entry)
    return result


def _called(name: str, layer: Layer, calls: list[Any], place: Place) -> _Entry:
    if isinstance(layer, Input):
        return _Entry(name, layer, ((),))
    if isinstance(layer, Placeholder):
        return _called_unknown(name, layer, calls, place)
    read = [_read_call(call, layer, place) for call in calls]
    if any(settings != read[0][1] for _, settings in read):
        raise place.error("is called in different ways, which this version cannot do.")
    if read and read[0][1]:
        layer = place.settings(type(layer), {**layer.model_dump(), **read[0][1]})
    return _Entry(name, layer, tuple(tensors for tensors, _ in read))


def _operation(name: str, entry: Mapping[str, Any], calls: list[Any], place: Place) -> _Entry:
    """An operation such as `x + 3.0`, or a placeholder where this program does not have it."""
    try:
        read = [operation_layer(entry, *_arguments(call, place), place) for call in calls]
        if not read or any(layer != read[0][0] for layer, _ in read):
            raise place.unsupported("is an operation that is called in different ways, or not at all.")
    except UnsupportedError as error:
        return _called_unknown(name, placeholder(entry, error, place), calls, place)
    sources = tuple(tuple(next(_tensors(tensor, place)) for tensor in tensors) for _, tensors in read)
    return _Entry(name, read[0][0], sources)


def _called_unknown(name: str, layer: Placeholder, calls: list[Any], place: Place) -> _Entry:
    """The tensors of a layer that is not known here, wherever they stand in its calls."""
    read = [call_template(*_arguments(call, place)) for call in calls]
    sources = tuple(tuple(next(_tensors(tensor, place)) for tensor in tensors) for _, tensors in read)
    return _Entry(name, layer.replace(call=read[0][0]) if read else layer, sources)


def _read_ends(value: Any, place: Place) -> list[Tensor]:
    """Inputs or outputs of the model: one, a list of them, or a mapping, taken in the order of its keys."""
    if isinstance(value, dict):
        ends: dict[str, Any] = value
        return [_history(ends[key], place) for key in sorted(ends)]
    listed = place.listing(value)
    return (
        [_history(listed, place)]
        if listed and isinstance(listed[0], str)
        else [_history(e, place) for e in listed]
    )


def _output_names(config: Any, outputs: list[Tensor]) -> list[str]:
    """What the Outputs are called: as the model's mapping of outputs calls them, or after their layers.

    A layer may have the same name as its output has in the mapping; two nodes cannot.
    """
    given: Any = config.get("output_layers") if isinstance(config, dict) else None  # pyright: ignore
    if isinstance(given, dict):
        layers = {name for (name, _), _ in outputs}
        return [f"{key}_output" if key in layers else str(key) for key in sorted(given)]  # pyright: ignore
    return ["output"] if len(outputs) == 1 else [f"{name}_output" for (name, _), _ in outputs]


def _history(value: Any, place: Place) -> Tensor:
    """Where a tensor comes from: a layer, the number of its call, the number of its output."""
    listed = place.listing(value)
    if len(listed) < 3:
        raise place.error(f"a tensor is said to come from {shown(value)}.")
    return (place.text(listed[0]), place.whole(listed[1])), place.whole(listed[2])


def _read_call(value: Any, layer: Layer, place: Place) -> tuple[tuple[Tensor, ...], dict[str, Any]]:
    """The tensors that a layer is called on, by port, and the settings of the call."""
    args, kwargs = _arguments(value, place)
    tensors: dict[str, tuple[Tensor, ...]] = {}
    settings: dict[str, Any] = {}
    names = layer.input_names
    for index, argument in enumerate(args):
        if index < len(names):
            tensors[names[index]] = tuple(_tensors(argument, place))
        elif not _is_nothing(argument):
            raise place.error(f"is called on {shown(argument)}, which this version cannot do.")
    for key, argument in kwargs.items():
        if key in names:
            tensors[key] = tuple(_tensors(argument, place))
        elif key in layer.call_settings:
            settings[key] = argument
        elif not _is_nothing(argument):
            raise place.error(f"is called with {key} = {shown(argument)}, which this version cannot do.")
    return tuple(tensor for name in names for tensor in tensors.get(name, ())), settings


def _is_nothing(argument: Any) -> bool:
    """Whether an argument says "none": also a list of them, as masks of several inputs are."""
    return argument in (None, False) or (isinstance(argument, list) and all(map(_is_nothing, argument)))  # pyright: ignore


def _arguments(value: Any, place: Place) -> tuple[list[Any], dict[str, Any]]:
    """The arguments and keyword arguments of a call.

    Keras 3 writes them so, Keras 2 a list of origins with the keyword arguments in them: one origin, or several
    that are the first argument together. A model of Keras 3 gives all its layers its own `training`, whatever
    their calls say.
    """
    if not isinstance(value, list):
        call = place.mapping(value, ("args",))
        kwargs: dict[str, Any] = place.mapping(call.get("kwargs", {}))
        return place.listing(call["args"]), {key: item for key, item in kwargs.items() if key != "training"}
    origins: list[Any] = [value] if value and isinstance(value[0], str) else value  # pyright: ignore
    args = [origin[:3] if isinstance(origin, list) else origin for origin in origins]  # pyright: ignore
    words = [origin[3] for origin in origins if isinstance(origin, list) and len(origin) > 3]  # pyright: ignore
    kwargs = {key: item for part in words for key, item in place.mapping(part).items()}
    return [args[0] if len(args) == 1 else args], kwargs


def _tensors(value: Any, place: Place, depth: int = 0) -> Iterator[Tensor]:
    """The tensors of an argument: one, or lists of them; None stands for an argument that is not given."""
    if value is None:
        return
    if isinstance(value, list) and depth < 4:
        items: list[Any] = value
        if items and isinstance(items[0], str):
            yield _history(items, place)
            return
        for item in items:
            yield from _tensors(item, place, depth + 1)
        return
    tensor: Any = value if isinstance(value, dict) else {}
    if tensor.get("class_name") != "__keras_tensor__":
        raise place.error(f"is called on {shown(value)}, which is not a tensor.")
    yield _history(place.mapping(place.mapping(tensor.get("config")), ("keras_history",))["keras_history"], place)


def _read_sequential(config: Any, place: Place) -> tuple[list[_Entry], list[Tensor], list[Tensor]]:
    found: Any = config if isinstance(config, dict) else {"layers": config}  # Keras 2.2 wrote the bare list
    entries: list[_Entry] = []
    taken: dict[str, Shape | None] = {}  # what each layer was built on
    for number, value in enumerate(place.at("layers").listing(found.get("layers")), 1):
        here = place.at(f"layer {number}")
        entry = here.mapping(value, ("class_name", "config"))
        inner = here.mapping(entry["config"])
        name = here.text(inner.get("name", entry.get("name")))
        here = place.at(f"layer {shown(name)}")
        layer = _read_or_keep(entry, inner, here)
        if not entries and not isinstance(layer, Input):
            entries.append(_first_input(found, inner, place))
        calls: tuple[tuple[Tensor, ...], ...] = ((((entries[-1].name, 0), 0),),) if entries else ((),)
        entries.append(_Entry(name, layer, calls))
        taken[name] = told_input(entry)
    if not entries:
        raise place.error("the model has no layers.")
    if any(isinstance(entry.layer, Placeholder) for entry in entries):
        given = given_shapes([(entry.layer, taken.get(entry.name)) for entry in entries])
        entries = [_in_sequence(entry, shape) for entry, shape in zip(entries, given, strict=True)]
    return entries, [((entries[0].name, 0), 0)], [((entries[-1].name, 0), 0)]


def _in_sequence(entry: _Entry, given: Shape | None) -> _Entry:
    """A placeholder in a sequential model is called on one tensor; the layer after it tells what it gives."""
    if not isinstance(entry.layer, Placeholder):
        return entry
    return replace(entry, layer=entry.layer.replace(call={"args": [{"port": 0}], "kwargs": {}}, shapes=(given,)))


def _first_input(model: Any, first: Mapping[str, Any], place: Place) -> _Entry:
    shape = batch_shape(first)
    shape = model.get("build_input_shape") if shape is None else shape
    if shape is None:
        raise place.error("the model has no input shape: it was saved before it was built.")
    entry = {"class_name": "InputLayer"}
    return _Entry("input", read_layer(entry, {"batch_shape": shape}, place.at("layer 'input'")), ((),))


def _assemble(
    entries: list[_Entry], inputs: list[Tensor], outputs: list[tuple[str, Tensor]], told: Told, place: Place
) -> Graph:
    ranks = {name: rank for rank, ((name, _), _) in enumerate(inputs)}
    entries = sorted(entries, key=lambda entry: ranks.get(entry.name, len(ranks)))
    builder = _Builder(place, {entry.name for entry in entries})
    for entry in entries:
        builder.add(entry)
    for entry in entries:
        builder.wire(entry)
    for name, tensor in outputs:
        builder.add_output(name, tensor)
    graph = Graph(MappingProxyType(builder.nodes), tuple(builder.edges))
    check_wiring(graph, place)
    check_masks(graph, builder.calls, told, place)
    return graph


class _Builder:
    """Makes nodes and wires of the layers and calls of a file."""

    def __init__(self, place: Place, names: set[str]) -> None:
        self.place, self.names = place, names
        self.nodes: dict[str, Node] = {}
        self.edges: list[Edge] = []
        self.calls: dict[Call, Node] = {}
        self.layers: set[str] = set()

    def _name(self, wanted: str) -> str:
        name, number = wanted, 0
        while name in self.names:
            number += 1
            name = f"{wanted}_{number}"
        self.names.add(name)
        return name

    def _node(self, name: str, layer: Layer, shares: str | None = None) -> Node:
        node = Node(f"n{len(self.nodes) + 1}", name, layer, shares)
        self.nodes[node.id] = node
        return node

    def add(self, entry: _Entry) -> None:
        """A node for each call of a layer; the first owns the weights."""
        here = self.place.at(f"layer {shown(entry.name)}")
        check_node_name(entry.name, here)
        if entry.name in self.layers:
            raise here.error("the name is taken by another layer.")
        self.layers.add(entry.name)
        for index, _ in enumerate(entry.calls):
            name = entry.name if index == 0 else self._name(entry.name)
            shares = None if index == 0 else self.calls[entry.name, 0].id
            self.calls[entry.name, index] = self._node(name, entry.layer, shares)

    def wire(self, entry: _Entry) -> None:
        here = self.place.at(f"layer {shown(entry.name)}")
        for index, sources in enumerate(entry.calls):
            node, most = self.calls[entry.name, index], entry.layer.max_inputs
            if not entry.layer.min_inputs <= len(sources) <= (len(sources) if most is None else most):
                raise here.error(f"is called on {len(sources)} inputs, which {entry.layer.type_name()} is not.")
            self.edges += [self._edge(tensor, node, port, here) for port, tensor in enumerate(sources)]

    def _edge(self, tensor: Tensor, target: Node, port: int, place: Place) -> Edge:
        (name, number), output = tensor
        if (name, number) not in self.calls:
            raise place.error(f"needs call {number + 1} of the layer {shown(name)}, which is not in the file.")
        source = self.calls[name, number]
        if output >= len(source.layer.output_names):
            raise place.error(f"it uses output {output + 1} of {shown(name)}, which has no such output.")
        return Edge(source.id, target.id, port, output)

    def add_output(self, name: str, tensor: Tensor) -> None:
        here = self.place.at("outputs")
        check_node_name(name, here)
        node = self._node(self._name(name), Output(loss=None, metrics=()))
        self.edges.append(self._edge(tensor, node, 0, here))


def _guess_output(last: Layer) -> Output:
    """An Output that suits what the last layer gives."""
    if last.final_activation == "softmax":
        return Output(loss="sparse_categorical_crossentropy", metrics=("accuracy",))
    if last.final_activation == "sigmoid":
        return Output(loss="binary_crossentropy", metrics=("accuracy",))
    return Output(loss="mean_squared_error", metrics=("mae",))
