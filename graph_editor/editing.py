"""What the window does to a document, one undoable edit each: add, insert, delete, paste, duplicate."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from contextlib import suppress
from dataclasses import replace

from pydantic import ValidationError
from PySide6.QtCore import QCoreApplication

from engine.errors import GraphError
from engine.freezing import freezable, with_trainable
from engine.graph import Edge, Graph, snake_case
from engine.layer import Layer
from engine.layout import Position
from engine.registry import LAYERS
from engine.rewiring import healed, taken_out
from graph_editor.captions import type_is_evident
from graph_editor.document import ProjectDocument
from graph_editor.expansion import foot, taken
from graph_editor.layout import COLUMN, ROW, free_place, make_room, without
from graph_editor.places import mean
from graph_editor.suggestions import Spot
from graph_editor.words import error_said


def tr(text: str) -> str:
    """A text of an edit, in the user's language."""
    return QCoreApplication.translate("Editing", text)


def add_at(document: ProjectDocument, layer: Layer, place: Position, name: str | None = None) -> str:
    """Put a new card at a place, or beside it where another lies; returns its identifier."""
    node = document.graph.new_node(layer, name)
    spot = free_place(place, taken(document.graph, document.layout))
    text = tr("Add {0}").format(node.name)
    document.edit_graph(text, document.graph.add(node), {node.id: spot})
    return node.id


def spot_below(document: ProjectDocument, node_ids: Iterable[str]) -> Spot | None:
    """Below several cards, to be wired to all of them; None where there are not two that give anything."""
    givers = [key for key in node_ids if document.graph[key].layer.has_output]
    if len(givers) < 2:
        return None
    places = [foot(document.graph, document.layout, key) for key in givers]
    place = mean(places)[0], max(y for _, y in places) + ROW
    first, *more = ((key, 0) for key in sorted(givers, key=lambda key: document.position(key)[0]))
    return Spot(place, source=first, more=tuple(more))


def spot_after(document: ProjectDocument, node_id: str) -> Spot:
    """Behind a card: on the wire that leaves it if there is just one, else below it."""
    leaving = document.graph.outgoing(node_id)
    x, y = foot(document.graph, document.layout, node_id)
    return Spot((x, y + ROW), source=(node_id, 0), edge=leaving[0] if len(leaving) == 1 else None)


def add_after(document: ProjectDocument, layer: Layer, node_id: str, name: str | None = None) -> str:
    """Put a new card behind another and wire it; beside it, if it takes no wires."""
    spot = spot_after(document, node_id)
    if layer.max_inputs == 0:
        spot = replace(spot, place=document.position(node_id))
    return add_wired(document, layer, spot, name)


def add_wired(document: ProjectDocument, layer: Layer, spot: Spot, name: str | None = None) -> str:
    """Put a new card at a spot and wire it as the spot says, as far as the layer can be."""
    if spot.edge is not None and (inserted := insert_new(document, layer, spot.edge, name)) is not None:
        return inserted
    node = document.graph.new_node(layer, name)
    graph = document.graph.add(node)
    with suppress(GraphError):
        for source, output in spot.sources:
            graph = graph.connect(source, node.id, output=output)
        if spot.target is not None:
            graph = graph.connect(node.id, spot.target[0], spot.target[1])
    place = free_place(spot.place, taken(document.graph, document.layout))
    document.edit_graph(tr("Add {0}").format(node.name), graph, {node.id: place})
    return node.id


def insert_new(document: ProjectDocument, layer: Layer, edge: Edge, name: str | None = None) -> str | None:
    """Put a new card on a wire; None where it cannot sit there."""
    node = document.graph.new_node(layer, name)
    try:
        graph = document.graph.insert(node, edge)
    except GraphError:
        return None
    document.edit_graph(tr("Insert {0}").format(node.name), graph)
    return node.id


def insert_card(document: ProjectDocument, node_id: str, edge: Edge, base: Graph | None = None) -> None:
    """Put a card that is there already on a wire, perhaps of a graph in which it has been taken out of others."""
    graph = base or document.graph
    text = tr("Insert {0}").format(graph[node_id].name)
    document.edit_layout(text, graph.insert(graph[node_id], edge), without(document.layout, node_id))


def move(document: ProjectDocument, places: Mapping[str, Position]) -> None:
    """Move cards."""
    document.move(tr("Move {0}").format(named(document, places)), dict(places))


def take_out(
    document: ProjectDocument,
    node_ids: Collection[str],
    places: Mapping[str, Position] | None = None,
    known: Graph | None = None,
) -> bool:
    """Take cards out of their wires, and close the gap; beside it, unless they have been moved. False for none."""
    graph = known or taken_out(document.graph, node_ids)
    if set(graph.edges) == set(document.graph.edges):
        return False
    if places is None:
        chosen = set(node_ids)
        resting = [document.position(key) for key in document.graph.nodes if key not in chosen]
        places = make_room({key: document.position(key) for key in node_ids}, resting, aside=COLUMN)
    document.edit_graph(tr("Take out {0}").format(named(document, node_ids)), graph, dict(places))
    return True


def named(document: ProjectDocument, node_ids: Collection[str]) -> str:
    """The name of a card, or how many there are."""
    if len(node_ids) == 1:
        return document.graph[next(iter(node_ids))].name
    return tr("{0} layers").format(len(node_ids))


def connect(document: ProjectDocument, edges: Iterable[Edge], base: Graph | None = None) -> None:
    """Draw wires, perhaps on a graph from which another has been taken."""
    graph = base or document.graph
    drawn = tuple(edges)
    sources = list(dict.fromkeys(edge.source for edge in drawn))
    text = tr("Wire {0} to {1}").format(named(document, sources), graph[drawn[0].target].name)
    for edge in drawn:
        graph = graph.connect(edge.source, edge.target, edge.port, edge.output)
    document.edit_graph(text, graph)


def delete(document: ProjectDocument, node_ids: Iterable[str], edges: Iterable[Edge] = ()) -> None:
    """Take away cards and wires; what a chain of cards had joined stays joined."""
    nodes, wires = tuple(node_ids), tuple(edges)
    if not nodes and not wires:
        return
    after = without_parts(document.graph, nodes, wires)
    if nodes:
        text = tr("Delete {0}").format(named(document, nodes))
    else:
        text = tr("Delete wire") if len(wires) == 1 else tr("Delete {0} wires").format(len(wires))
    document.edit_graph(text, after)


def without_parts(graph: Graph, node_ids: Collection[str], edges: Iterable[Edge]) -> Graph:
    """A graph without some nodes and wires; what a chain had joined stays joined."""
    gone = frozenset(node_ids)
    wires = [edge for edge in edges if edge.source not in gone and edge.target not in gone]
    graph = graph.disconnect(*wires) if wires else graph
    return healed(graph, node_ids) if node_ids else graph


def rename(document: ProjectDocument, node_id: str, name: str) -> str | None:
    """Rename a card; the reason where the name is refused."""
    try:
        graph = document.graph.rename(node_id, name.strip())
    except GraphError as error:
        return error_said(error)
    document.edit_graph(tr("Rename to {0}").format(name.strip()), graph)
    return None


def freeze(document: ProjectDocument, node_ids: Collection[str], frozen: bool) -> None:
    """Have training leave the weights of some cards as they are, or change them again."""
    chosen = freezable(document.graph, node_ids)
    text = (tr("Freeze {0}") if frozen else tr("Unfreeze {0}")).format(named(document, chosen))
    document.edit_graph(text, with_trainable(document.graph, chosen, not frozen))


def spot_of(document: ProjectDocument, node_id: str) -> Spot:
    """Where a card is, wired as it is: for another in its place."""
    incoming, outgoing = document.graph.incoming(node_id), document.graph.outgoing(node_id)
    sources = tuple((edge.source, edge.output) for edge in incoming)
    target = (outgoing[0].target, outgoing[0].port) if outgoing else None
    return Spot(document.position(node_id), sources[0] if sources else None, target, more=sources[1:])


def replace_layers(document: ProjectDocument, node_ids: Collection[str], layer: Layer) -> None:
    """Put another layer in place of those of some cards, which keep their wires and the settings of equal name.

    Raises `GraphError` where the other has no place for their wires.
    """
    graph = document.graph
    text = tr("Replace {0} with {1}").format(named(document, node_ids), layer.type_name())
    for key in node_ids:
        named_by_type = type_is_evident(graph[key])
        graph = graph.set_layer(key, with_settings_of(layer, graph[key].layer))
        if named_by_type and not type_is_evident(graph[key]):
            graph = graph.rename(key, graph.free_name(snake_case(layer.type_name())))
    document.edit_graph(text, graph)


def with_settings_of(layer: Layer, other: Layer) -> Layer:
    """A layer with the settings that another has by the same names, where they were set there and not here."""
    for name, info in type(layer).model_fields.items():
        theirs = type(other).model_fields.get(name)
        if theirs is None or getattr(layer, name) != info.get_default(call_default_factory=True):
            continue
        value = getattr(other, name)
        if value != theirs.get_default(call_default_factory=True):
            with suppress(ValidationError):
                layer = layer.replace(**{name: value})
    return layer


def new_layer(type_name: str) -> Layer | None:
    """A layer with the settings it starts with, None for a name that there is none of."""
    layer_type = LAYERS.get(type_name)
    return layer_type() if layer_type is not None else None
