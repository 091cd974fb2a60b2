"""Groups: making one card of several, taking it apart again, and edits of what is inside it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from types import MappingProxyType

from engine.errors import CycleError, GraphError, ShapeError
from engine.graph import Edge, Graph, Node
from engine.inference import Inference, NodeFacts, infer
from engine.layer import Weighted
from engine.layers.core import Input, Output
from engine.layers.nested import Functional
from engine.layout import Layout, Position
from engine.rewiring import can_share

Path = tuple[str, ...]
"""The way into groups within groups: the identifier of each, from the outside."""

_STEP, _COLUMN = 90.0, 240.0


# Looking inside, and editing there


def inside(graph: Graph, layout: Layout, path: Path) -> tuple[Graph, Layout]:
    """The graph at the end of a path, and where its cards lie."""
    for node_id in path:
        layer = graph[node_id].layer
        assert isinstance(layer, Functional)
        graph, layout = layer.graph, layer.layout
    return graph, layout


def known_inside(layer: Functional, facts: NodeFacts) -> Inference:
    """What is known of a group's layers where it stands; by itself, where it does not fit there."""
    try:
        if len(facts.inputs) == len(layer.inputs):
            return layer.inference(*facts.inputs)
    except ShapeError:
        pass
    return infer(layer.graph)


def reachable(graph: Graph, path: Path) -> Path:
    """As much of a path as there is."""
    for depth, node_id in enumerate(path):
        layer = graph.nodes[node_id].layer if node_id in graph else None
        if not isinstance(layer, Functional):
            return path[:depth]
        graph = layer.graph
    return path


def with_inside(graph: Graph, layout: Layout, path: Path, inner: Graph, places: Layout) -> tuple[Graph, Layout]:
    """With another graph at the end of a path. Wires of a port that is gone inside are gone outside."""
    if not path:
        return inner, places
    first, *rest = path
    before = graph[first].layer
    assert isinstance(before, Functional)
    deeper, lying = with_inside(before.graph, before.layout, tuple(rest), inner, places)
    same = deeper is before.graph or deeper == before.graph
    after = (before if same else before.replace(graph=deeper)).laid_out(lying.keeping(deeper.nodes))
    return _rewired(graph, first, before, after).set_layer(first, after), layout


def _rewired(graph: Graph, node_id: str, before: Functional, after: Functional) -> Graph:
    """The wires of a group and of those linked to it, at the ports where their ends inside are now."""
    ports = {node.id: place for place, node in enumerate(after.inputs)}
    outputs = {node.id: place for place, node in enumerate(after.outputs)}
    linked = set(graph.linked(node_id))
    edges: list[Edge] = []
    for edge in graph.edges:
        port: int | None = edge.port
        output: int | None = edge.output
        if edge.target in linked:
            port = ports.get(before.inputs[edge.port].id)
        if edge.source in linked:
            output = outputs.get(before.outputs[edge.output].id)
        if port is not None and output is not None:
            edges.append(replace(edge, port=port, output=output))
    return Graph(graph.nodes, tuple(edges))


# Making one of several


@dataclass(frozen=True)
class _Border:
    """The wires that lead into a part, by where they come from, and out of it, by what gives them."""

    inward: Mapping[tuple[str, int], tuple[Edge, ...]]
    outward: Mapping[tuple[str, int], tuple[Edge, ...]]


def group(graph: Graph, known: Inference, node_ids: Iterable[str], layout: Layout) -> tuple[Graph, str]:
    """With some nodes put into one that holds them; also its identifier.

    Inputs and Outputs stay outside. Raises `GraphError` where the nodes cannot be put into one.
    """
    chosen = [n.id for n in graph if n.id in set(node_ids) and not isinstance(n.layer, Input | Output)]
    if not chosen:
        raise GraphError("Select the layers to be put into a model: Inputs and Outputs stay outside.")
    _check_links(graph, set(chosen))
    border = _border(graph, chosen)
    _check_circle(graph, border)
    inner = _with_ends(graph, known, chosen, border)
    lying = layout.keeping(dict.fromkeys(chosen))
    places = _with_end_places(inner, lying.positions)
    within = Layout(MappingProxyType(places), expanded=lying.expanded)
    node = graph.new_node(Functional(graph=inner, layout=within), "model")
    kept = {key: other for key, other in graph.nodes.items() if key not in set(chosen)}
    edges = [edge for edge in graph.edges if edge.source in kept and edge.target in kept]
    for port, source in enumerate(border.inward):
        edges.append(Edge(source[0], node.id, port, source[1]))
    for output, leaving in enumerate(border.outward.values()):
        edges += [replace(edge, source=node.id, output=output) for edge in leaving]
    return Graph(MappingProxyType({**kept, node.id: node}), tuple(edges)), node.id


def _border(graph: Graph, chosen: list[str]) -> _Border:
    part = set(chosen)
    inward: dict[tuple[str, int], list[Edge]] = {}
    outward: dict[tuple[str, int], list[Edge]] = {}
    for key in sorted(chosen, key=graph.order.index):
        for edge in graph.incoming(key):
            if edge.source not in part:
                inward.setdefault((edge.source, edge.output), []).append(edge)
        leaving = [edge for edge in graph.outgoing(key) if edge.target not in part]
        for edge in sorted(leaving, key=lambda edge: edge.output):
            outward.setdefault((key, edge.output), []).append(edge)
        if not graph.outgoing(key):
            outward.setdefault((key, 0), [])
    if not inward:
        raise GraphError("Nothing leads into these layers: wire them first.")
    return _Border({k: tuple(v) for k, v in inward.items()}, {k: tuple(v) for k, v in outward.items()})


def _check_links(graph: Graph, chosen: set[str]) -> None:
    for key in chosen:
        apart = [other for other in graph.linked(key) if other not in chosen]
        if apart:
            raise GraphError(f"{graph[key].name} shares its weights with {graph[apart[0]].name}: select both.")


def _check_circle(graph: Graph, border: _Border) -> None:
    after = graph.descendants(edge.target for edges in border.outward.values() for edge in edges)
    for source, _ in border.inward:
        if source in after:
            name = graph[source].name
            raise CycleError(f"{name} lies between these layers: select it, too.")


def _with_ends(graph: Graph, known: Inference, chosen: list[str], border: _Border) -> Graph:
    """The part by itself, with an Input for each wire that leads in and an Output for each that leads out."""
    part = graph.part(chosen, close_gaps=False)
    edges = list(part.edges)
    nodes: dict[str, Node] = {}
    for (source, output), entering in border.inward.items():
        end = part.new_node(_input_for(graph, known, source, output))
        part = part.add(end)
        nodes[end.id] = end
        edges += [Edge(end.id, edge.target, edge.port) for edge in entering]
    for source, output in border.outward:
        end = part.new_node(Output(loss=None, metrics=()))
        part = part.add(end)
        edges.append(Edge(source, end.id, 0, output))
    rest = {key: node for key, node in part.nodes.items() if key not in nodes}
    return Graph(MappingProxyType({**nodes, **rest}), tuple(edges))


def _input_for(graph: Graph, known: Inference, source: str, output: int) -> Input:
    shape, giver = known.shape(source, output), graph[source].layer
    if shape is None:
        raise GraphError(f"The shape that {graph[source].name} gives is not known yet.")
    return Input(shape=shape, dtype=giver.dtype) if isinstance(giver, Input) else Input(shape=shape)


def _with_end_places(inner: Graph, positions: Mapping[str, Position]) -> dict[str, Position]:
    """Places for Inputs above and Outputs below the cards they are wired to."""
    places = dict(positions)
    for ends, row in (
        (inner.of_type(Input), min(y for _, y in positions.values()) - _STEP),
        (inner.of_type(Output), max(y for _, y in positions.values()) + _STEP),
    ):
        left = float("-inf")
        for x, end in sorted(((_beside(inner, end, positions), end) for end in ends), key=lambda pair: pair[0]):
            left = max(x, left + _COLUMN)
            places[end.id] = (left, row)
    return places


def _beside(inner: Graph, end: Node, positions: Mapping[str, Position]) -> float:
    edges = (*inner.incoming(end.id), *inner.outgoing(end.id))
    xs = [positions[key][0] for edge in edges for key in (edge.source, edge.target) if key in positions]
    return sum(xs) / len(xs)


# Taking one apart


def ungroup(graph: Graph, node_id: str) -> tuple[Graph, dict[str, str]]:
    """With the layers of a group in its place; also where each of them went. Raises `GraphError`."""
    node = graph[node_id]
    layer = node.layer
    if not isinstance(layer, Functional):
        raise GraphError(f"{node.name} is no model that could be taken apart.")
    if len(graph.linked(node_id)) > 1:
        raise GraphError(f"{node.name} is used more than once, with the same weights: it stays in one piece.")
    return unfolded(graph, node_id)


def unplaced(graph: Graph) -> Graph:
    """Without where the cards inside its groups lie: graphs that compute the same are equal then."""
    groups = {
        node.id: replace(node, layer=node.layer.replace(graph=unplaced(node.layer.graph), layout=Layout()))
        for node in graph.of_type(Functional)
        if isinstance(node.layer, Functional)
    }
    return replace(graph, nodes=MappingProxyType({**graph.nodes, **groups})) if groups else graph


def unfolded(graph: Graph, node_id: str, owners: Mapping[str, str] | None = None) -> tuple[Graph, dict[str, str]]:
    """With the layers of a group in its place; also where each of them went.

    `owners` says, for a group that is linked to another, where the layers of that one went: they own the weights.
    """
    node = graph[node_id]
    layer = node.layer
    assert isinstance(layer, Functional)
    ends = {end.id for end in (*layer.inputs, *layer.outputs)}
    body = layer.graph.part(key for key in layer.graph.nodes if key not in ends)
    outer = Graph(
        MappingProxyType({key: other for key, other in graph.nodes.items() if key != node_id}),
        tuple(edge for edge in graph.edges if node_id not in (edge.source, edge.target)),
    )
    merged, ids = outer.merge(body)
    if not layer.trainable:
        for key in ids.values():
            inner = merged[key].layer
            if isinstance(inner, Weighted):
                merged = merged.set_layer(key, inner.replace(trainable=False))
    nodes = dict(merged.nodes)
    for old, new in ids.items():
        if owners is not None and can_share(nodes[new].layer):
            nodes[new] = replace(nodes[new], shares=owners[layer.graph.owner(old).id])
    return Graph(MappingProxyType(nodes), (*merged.edges, *_joints(graph, node, layer, ids))), ids


def _joints(graph: Graph, node: Node, layer: Functional, ids: Mapping[str, str]) -> list[Edge]:
    """The wires that led to and from the group, on to the layers that were inside."""
    given = {edge.port: (edge.source, edge.output) for edge in graph.incoming(node.id)}
    sources = {end.id: given.get(port) for port, end in enumerate(layer.inputs)}

    def source_of(edge: Edge) -> tuple[str, int] | None:
        return sources[edge.source] if edge.source in sources else (ids[edge.source], edge.output)

    edges: list[Edge] = []
    for end in layer.inputs:
        for edge in layer.graph.outgoing(end.id):
            giver = source_of(edge)
            if edge.target in ids and giver is not None:
                edges.append(Edge(giver[0], ids[edge.target], edge.port, giver[1]))
    for edge in graph.outgoing(node.id):
        for last in layer.graph.incoming(layer.outputs[edge.output].id):
            if (giver := source_of(last)) is not None:
                edges.append(Edge(giver[0], edge.target, edge.port, giver[1]))
    return edges
