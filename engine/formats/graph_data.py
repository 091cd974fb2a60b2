"""A graph as plain data, as the project file and models within models keep it, and back with care."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

from engine.errors import GraphError
from engine.formats.reading import Place, shown
from engine.graph import Edge, Graph, Node, check_name
from engine.layer import Layer
from engine.registry import layer_type

# Writing


def graph_data(graph: Graph) -> dict[str, Any]:
    """Nodes and edges of a graph."""
    return {"nodes": [node_data(node) for node in graph], "edges": [edge_data(edge) for edge in graph.edges]}


def node_data(node: Node) -> dict[str, Any]:
    """A node; a linked one without its settings, which are the owner's."""
    if node.shares is not None:
        return {"id": node.id, "name": node.name, "shares": node.shares}
    settings = node.layer.model_dump(mode="json")
    own_type = settings.pop("dtype", None)
    if own_type is not None:  # of an Input, and of the few layers that do not compute as the others do
        settings["dtype"] = own_type
    return {"id": node.id, "name": node.name, "type": node.layer.type_name(), "settings": settings}


def edge_data(edge: Edge) -> dict[str, Any]:
    """A wire; the number of the output is written where it is not the first."""
    output = {"output": edge.output} if edge.output else {}
    return {"source": edge.source, "target": edge.target, "port": edge.port, **output}


# Reading


def read_graph(nodes: Any, edges: Any, place: Place) -> Graph:
    """The graph that lists of nodes and edges stand for; raises `FileFormatError`."""
    listed = place.at("nodes").listing(nodes)
    entries = [_read_entry(value, place.at(f"node {i}")) for i, value in enumerate(listed, 1)]
    _check_distinct(entries, place)
    layers = {entry.id: _read_layer(entry, place) for entry in entries if entry.shares is None}
    found: dict[str, Node] = {}
    for entry in entries:
        owner = entry.id if entry.shares is None else entry.shares
        if owner not in layers:
            cause = f"it shares the weights of {shown(owner)}, which is no node with weights of its own."
            raise entry.place(place).error(cause)
        if entry.shares is not None and (layers[owner].max_inputs == 0 or not layers[owner].has_output):
            raise entry.place(place).error(f"{layers[owner].type_name()} has no weights to share.")
        found[entry.id] = Node(entry.id, entry.name, layers[owner], entry.shares)
    return wired(found, edges, place)


def wired(nodes: Mapping[str, Node], edges: Any, place: Place) -> Graph:
    """The graph of some nodes and of what a list of edges stands for; raises `FileFormatError`."""
    listed = place.at("edges").listing(edges)
    wires = tuple(_read_edge(value, nodes, place.at(f"edge {i}")) for i, value in enumerate(listed, 1))
    graph = Graph(MappingProxyType(dict(nodes)), wires)
    check_wiring(graph, place)
    return graph


@dataclass(frozen=True)
class _Entry:
    """A line of the node list, before its layer is made."""

    id: str
    name: str
    shares: str | None
    fields: Mapping[str, Any]

    def place(self, file: Place) -> Place:
        return file.at(f"node {shown(self.name)}")


def _read_entry(value: Any, place: Place) -> _Entry:
    fields = place.mapping(value, ("id", "name"), ("type", "settings", "shares"))
    node_id, name = place.at("id").text(fields["id"]), place.at("name").text(fields["name"])
    check_node_name(node_id, place)
    check_node_name(name, place)
    shares = place.at("shares").text(fields["shares"]) if "shares" in fields else None
    return _Entry(node_id, name, shares, fields)


def check_node_name(name: str, place: Place) -> None:
    """Raise `FileFormatError` for a name that no node can have."""
    try:
        check_name(name)
    except GraphError as error:
        raise place.error(str(error)) from None


def _check_distinct(entries: Sequence[_Entry], place: Place) -> None:
    taken: set[str] = set()
    for what in ("id", "name"):
        taken.clear()
        for entry in entries:
            value: str = getattr(entry, what)
            if value in taken:
                raise entry.place(place).error(f"the {what} {shown(value)} is taken by another node.")
            taken.add(value)


def _read_layer(entry: _Entry, file: Place) -> Layer:
    place = entry.place(file)
    kind = place.at("type").text(place.mapping(entry.fields, ("type",))["type"])
    found = layer_type(kind)
    if found is None:
        raise place.error(f"there is no layer {shown(kind)} in this version of Layerloom.")
    return place.settings(found, entry.fields.get("settings", {}))


def _read_edge(value: Any, nodes: Mapping[str, Node], place: Place) -> Edge:
    fields = place.mapping(value, ("source", "target"), ("port", "output"))
    for end in ("source", "target"):
        if place.at(end).text(fields[end]) not in nodes:
            raise place.error(f"there is no node {shown(fields[end])} for it to join.")
    port = place.at("port").whole(fields.get("port", 0))
    giver, taker = nodes[fields["source"]], nodes[fields["target"]]
    output = place.at("output").whole(fields.get("output", 0))
    if not giver.layer.has_output:
        raise place.error(f"{shown(giver.name)} gives no output.")
    if output >= len(giver.layer.output_names):
        raise place.error(f"{shown(giver.name)} has no output {output + 1}.")
    if taker.layer.max_inputs is not None and port >= taker.layer.max_inputs:
        raise place.error(f"{shown(taker.name)} has no input {port + 1}.")
    return Edge(giver.id, taker.id, port, output)


def check_wiring(graph: Graph, place: Place) -> None:
    """Raise where a port has two wires or is skipped, and where wires close a circle."""
    for node in graph:
        ports = [edge.port for edge in graph.incoming(node.id)]
        if len(set(ports)) < len(ports):
            raise place.at(f"node {shown(node.name)}").error("two wires lead to the same input.")
        if node.layer.max_inputs is None and ports != list(range(len(ports))):
            raise place.at(f"node {shown(node.name)}").error("its wires skip an input.")
    if len(graph.order) < len(graph):
        stuck = next(node.name for node in graph if node.id not in set(graph.order))
        raise place.error(f"the wires close a circle at node {shown(stuck)}.")
