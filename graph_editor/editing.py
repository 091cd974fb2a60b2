"""What the window does to a document, one undoable edit each: add, insert, delete, paste, duplicate."""

from __future__ import annotations

import math
from collections.abc import Collection, Iterable, Mapping
from contextlib import suppress
from dataclasses import replace

from PySide6.QtCore import QCoreApplication

from engine import grouping
from engine.errors import GraphError
from engine.graph import Edge, Graph
from engine.layer import Layer
from engine.project import Position
from engine.registry import LAYERS
from engine.repeating import repeated
from engine.rewiring import can_share, healed, independent, taken_out, with_linked_copy
from graph_editor.document import ProjectDocument
from graph_editor.layout import COLUMN, ROW, arrange, free_place, make_room, without
from graph_editor.suggestions import Spot


def tr(text: str) -> str:
    """A text of an edit, in the user's language."""
    return QCoreApplication.translate("Editing", text)


def add_at(document: ProjectDocument, layer: Layer, place: Position) -> str:
    """Put a new card at a place, or beside it where another lies; returns its identifier."""
    node = document.graph.new_node(layer)
    spot = free_place(place, document.layout.positions.values())
    text = tr("Add {0}").format(node.name)
    document.edit_graph(text, document.graph.add(node), {node.id: spot})
    return node.id


def spot_below(document: ProjectDocument, node_ids: Iterable[str]) -> Spot | None:
    """Below several cards, to be wired to all of them; None where there are not two that give anything."""
    givers = [key for key in node_ids if document.graph[key].layer.has_output]
    if len(givers) < 2:
        return None
    places = [document.position(key) for key in givers]
    place = _middle(places)[0], max(y for _, y in places) + ROW
    first, *more = ((key, 0) for key in sorted(givers, key=lambda key: document.position(key)[0]))
    return Spot(place, source=first, more=tuple(more))


def spot_after(document: ProjectDocument, node_id: str) -> Spot:
    """Behind a card: on the wire that leaves it if there is just one, else below it."""
    leaving = document.graph.outgoing(node_id)
    x, y = document.position(node_id)
    return Spot((x, y + ROW), source=(node_id, 0), edge=leaving[0] if len(leaving) == 1 else None)


def add_after(document: ProjectDocument, layer: Layer, node_id: str) -> str:
    """Put a new card behind another and wire it; beside it, if it takes no wires."""
    spot = spot_after(document, node_id)
    return add_wired(
        document, layer, replace(spot, place=document.position(node_id)) if layer.max_inputs == 0 else spot
    )


def add_wired(document: ProjectDocument, layer: Layer, spot: Spot) -> str:
    """Put a new card at a spot and wire it as the spot says, as far as the layer can be."""
    if spot.edge is not None and (inserted := insert_new(document, layer, spot.edge)) is not None:
        return inserted
    node = document.graph.new_node(layer)
    graph = document.graph.add(node)
    with suppress(GraphError):
        for source, output in spot.sources:
            graph = graph.connect(source, node.id, output=output)
        if spot.target is not None:
            graph = graph.connect(node.id, spot.target[0], spot.target[1])
    place = free_place(spot.place, document.layout.positions.values())
    document.edit_graph(tr("Add {0}").format(node.name), graph, {node.id: place})
    return node.id


def insert_new(document: ProjectDocument, layer: Layer, edge: Edge) -> str | None:
    """Put a new card on a wire; None where it cannot sit there."""
    node = document.graph.new_node(layer)
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
    document.move(tr("Move {0}").format(_named(document, places)), dict(places))


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
    document.edit_graph(tr("Take out {0}").format(_named(document, node_ids)), graph, dict(places))
    return True


def _named(document: ProjectDocument, node_ids: Collection[str]) -> str:
    """The name of a card, or how many there are."""
    if len(node_ids) == 1:
        return document.graph[next(iter(node_ids))].name
    return tr("{0} layers").format(len(node_ids))


def connect(document: ProjectDocument, edges: Iterable[Edge], base: Graph | None = None) -> None:
    """Draw wires, perhaps on a graph from which another has been taken."""
    graph = base or document.graph
    drawn = tuple(edges)
    sources = list(dict.fromkeys(edge.source for edge in drawn))
    text = tr("Wire {0} to {1}").format(_named(document, sources), graph[drawn[0].target].name)
    for edge in drawn:
        graph = graph.connect(edge.source, edge.target, edge.port, edge.output)
    document.edit_graph(text, graph)


def delete(document: ProjectDocument, node_ids: Iterable[str], edges: Iterable[Edge] = ()) -> None:
    """Take away cards and wires; what a chain of cards had joined stays joined."""
    graph, nodes = document.graph, tuple(node_ids)
    gone = frozenset(nodes)
    wires = [edge for edge in edges if edge.source not in gone and edge.target not in gone]
    if not nodes and not wires:
        return
    graph = graph.disconnect(*wires) if wires else graph
    after = healed(graph, nodes) if nodes else graph
    if nodes:
        text = tr("Delete {0}").format(_named(document, nodes))
    else:
        text = tr("Delete wire") if len(wires) == 1 else tr("Delete {0} wires").format(len(wires))
    document.edit_graph(text, after)


def paste(
    document: ProjectDocument,
    part: Graph,
    places: Mapping[str, Position],
    text: str,
    middle: Position | None = None,
    aside: float = 0,
) -> tuple[str, ...]:
    """Put a copy of a part beside the graph, where there is room; returns the new identifiers.

    `middle` is where it is wanted, without that it is wanted where it lay, or `aside` from there.
    """
    graph, ids = document.graph.merge(part)
    place_new(document, text, graph, {ids[key]: place for key, place in places.items()}, middle, aside)
    return tuple(ids.values())


def place_new(
    document: ProjectDocument,
    text: str,
    graph: Graph,
    places: Mapping[str, Position],
    middle: Position | None = None,
    aside: float = 0,
) -> None:
    """Put another graph in place, with its new cards where there is room for them."""
    if middle is not None:
        x, y = _middle_of_all(places)
        places = _shifted(places, middle[0] - x, middle[1] - y)
    document.edit_graph(text, graph, make_room(places, document.layout.positions.values(), aside=aside))


def duplicate(document: ProjectDocument, node_ids: tuple[str, ...]) -> tuple[str, ...]:
    """Copy cards beside themselves, with the wires among them."""
    places = {key: document.position(key) for key in node_ids}
    text = tr("Duplicate {0}").format(_named(document, node_ids))
    return paste(document, document.graph.part(node_ids), places, text, aside=COLUMN)


def linkable(graph: Graph, node_ids: Iterable[str]) -> bool:
    """Whether there is a layer among these whose weights can be shared."""
    return any(can_share(graph[key].layer) for key in node_ids)


def duplicate_linked(document: ProjectDocument, node_ids: tuple[str, ...]) -> tuple[str, ...]:
    """A second call of the same layers: cards that share the weights of others, with the wires among them."""
    graph, ids = with_linked_copy(document.graph, node_ids)
    text = tr("Duplicate {0}, linked").format(_named(document, node_ids))
    place_new(document, text, graph, {ids[key]: document.position(key) for key in node_ids}, aside=COLUMN)
    return tuple(ids.values())


def make_independent(document: ProjectDocument, node_ids: Collection[str]) -> bool:
    """Give cards weights of their own; False where they share none."""
    graph = independent(document.graph, node_ids)
    if graph is document.graph:
        return False
    document.edit_graph(tr("Make {0} independent").format(_named(document, node_ids)), graph)
    return True


def rename(document: ProjectDocument, node_id: str, name: str) -> str | None:
    """Rename a card; the reason where the name is refused."""
    try:
        graph = document.graph.rename(node_id, name.strip())
    except GraphError as error:
        return str(error)
    document.edit_graph(tr("Rename to {0}").format(name.strip()), graph)
    return None


def group(document: ProjectDocument, node_ids: tuple[str, ...]) -> str:
    """Put cards into one that holds them; returns its identifier. Raises `GraphError`."""
    graph, key = grouping.group(document.graph, document.inference, node_ids, document.layout)
    gone = [document.position(other) for other in document.graph.nodes if other not in graph]
    text = tr("Group {0} layers").format(len(gone))
    document.edit_graph(text, graph, {key: free_place(_middle(gone), _resting(document, graph))})
    return key


def repeat(document: ProjectDocument, node_ids: Collection[str], count: int) -> tuple[str, ...]:
    """Put copies of cards below them, one after another; returns the new identifiers. Raises `GraphError`."""
    graph, copies = repeated(document.graph, node_ids, count)
    places = {key: document.position(key) for key in copies[0]}
    top, bottom = min(y for _, y in places.values()), max(y for _, y in places.values())
    height = bottom - top + ROW
    following = document.graph.descendants(places) - places.keys()
    after = {key: document.position(key) for key in following if document.position(key)[1] > bottom}
    moved = _shifted(after, 0, height * len(copies))
    for number, ids in enumerate(copies, 1):
        moved |= _shifted({ids[key]: place for key, place in places.items()}, 0, height * number)
    text = tr("Repeat {0}").format(_named(document, tuple(places)))
    document.edit_graph(text, graph, moved)
    return tuple(key for ids in copies for key in ids.values())


def ungroup(document: ProjectDocument, node_id: str) -> tuple[str, ...]:
    """Take a group apart; returns the identifiers of what was in it. Raises `GraphError`."""
    node = document.graph[node_id]
    graph, ids = grouping.ungroup(document.graph, node_id)
    places = grouping.inside(document.graph, document.layout, (node_id,))[1].positions
    moved: dict[str, Position] = {}
    if ids and all(key in places for key in ids):
        moved = _spread(document, node_id, {new: places[key] for key, new in ids.items()})
    document.edit_graph(tr("Ungroup {0}").format(node.name), graph, moved)
    return tuple(ids.values())


def _spread(document: ProjectDocument, node_id: str, places: Mapping[str, Position]) -> dict[str, Position]:
    """Cards laid around the place of another, as they lie among themselves.

    Where they would lie on others, they go below what leads to them, and what follows makes room.
    """
    graph, (x, y) = document.graph, document.position(node_id)
    others = [document.position(key) for key in graph.nodes if key != node_id]
    came_from = free_place(_middle(places.values()), others)
    moved = _shifted(places, x - came_from[0], y - came_from[1])
    if all(free_place(place, others) == free_place(place, ()) for place in moved.values()):
        return moved
    low = max((document.position(edge.source)[1] + ROW for edge in graph.incoming(node_id)), default=-math.inf)
    moved = _shifted(moved, 0, max(0.0, low - min(py for _, py in moved.values())))
    after = {key: document.position(key) for key in graph.descendants([node_id]) if key != node_id}
    bottom = max(py for _, py in moved.values()) + ROW
    by = max(0.0, bottom - min((py for _, py in after.values()), default=bottom))
    return {**_shifted(after, 0, by), **moved}


def _middle(places: Collection[Position]) -> Position:
    return sum(x for x, _ in places) / len(places), sum(y for _, y in places) / len(places)


def _middle_of_all(places: Mapping[str, Position]) -> Position:
    """The middle of the rectangle around places."""
    xs, ys = zip(*places.values(), strict=True)
    return (min(xs) + max(xs)) / 2, (min(ys) + max(ys)) / 2


def _shifted(places: Mapping[str, Position], right: float, down: float) -> dict[str, Position]:
    return {key: (x + right, y + down) for key, (x, y) in places.items()}


def _resting(document: ProjectDocument, graph: Graph) -> list[Position]:
    return [document.position(key) for key in graph.nodes if key in document.graph]


def tidy(document: ProjectDocument) -> None:
    """Lay the whole graph out anew."""
    document.move(tr("Arrange"), arrange(document.graph))


def new_layer(type_name: str) -> Layer | None:
    """A layer with the settings it starts with, None for a name that there is none of."""
    layer_type = LAYERS.get(type_name)
    return layer_type() if layer_type is not None else None
