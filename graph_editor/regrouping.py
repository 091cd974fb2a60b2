"""Several cards made one, one made several, and a part repeated: one undoable edit each."""

from __future__ import annotations

import math
from collections.abc import Collection, Mapping
from dataclasses import replace

from engine import grouping
from engine.graph import Graph
from engine.layers.nested import Functional
from engine.layout import Position
from engine.repeating import repeated
from graph_editor.document import ProjectDocument
from graph_editor.editing import named, tr
from graph_editor.expansion import Room, collapsed, expanded, expanded_room, foot
from graph_editor.layout import ROW, arrange, free_place
from graph_editor.places import mean, shifted


def group(document: ProjectDocument, node_ids: tuple[str, ...]) -> str:
    """Put cards into one that holds them; returns its identifier. Raises `GraphError`."""
    graph, key = grouping.group(document.graph, document.inference, node_ids, document.layout)
    layer = graph[key].layer
    assert isinstance(layer, Functional)
    if _turns(layer):
        graph = graph.set_layer(key, layer.laid_out(replace(layer.layout, positions=arrange(layer.graph))))
    gone = [document.position(other) for other in document.graph.nodes if other not in graph]
    text = tr("Group {0} layers").format(len(gone))
    document.edit_graph(text, graph, {key: free_place(mean(gone), _resting(document, graph))})
    return key


def _turns(layer: Functional) -> bool:
    """Whether what is inside goes on in another column: by itself it has room in one."""
    places = layer.layout.positions
    return any(places[edge.source][1] >= places[edge.target][1] for edge in layer.graph.edges)


def repeat(document: ProjectDocument, node_ids: Collection[str], count: int) -> tuple[str, ...]:
    """Put copies of cards below them, one after another; returns the new identifiers. Raises `GraphError`."""
    graph, copies = repeated(document.graph, node_ids, count)
    places = {key: document.position(key) for key in copies[0]}
    top, bottom = min(y for _, y in places.values()), max(y for _, y in places.values())
    height = bottom - top + ROW
    open_room = max(foot(document.graph, document.layout, key)[1] for key in places) - bottom
    following = document.graph.descendants(places) - places.keys()
    after = {key: document.position(key) for key in following if document.position(key)[1] > bottom}
    moved = shifted(after, 0, height * len(copies))
    for number, ids in enumerate(copies, 1):
        copy = {ids[key]: place for key, place in places.items()}
        moved |= shifted(copy, 0, height * number + open_room)
    text = tr("Repeat {0}").format(named(document, tuple(places)))
    document.edit_graph(text, graph, moved)
    return tuple(key for ids in copies for key in ids.values())


def ungroup(document: ProjectDocument, node_id: str) -> tuple[str, ...]:
    """Take a group apart; returns the identifiers of what was in it. Raises `GraphError`."""
    node = document.graph[node_id]
    graph, ids = grouping.ungroup(document.graph, node_id)
    room = expanded_room(document.graph, document.layout, node_id)
    if room is not None:
        return _left_open(document, node_id, graph, ids, room)
    places = grouping.inside(document.graph, document.layout, (node_id,))[1].positions
    moved: dict[str, Position] = {}
    if ids and all(key in places for key in ids):
        moved = _spread(document, node_id, {new: places[key] for key, new in ids.items()})
    document.edit_graph(tr("Ungroup {0}").format(node.name), graph, moved)
    return tuple(ids.values())


def _left_open(
    document: ProjectDocument, node_id: str, graph: Graph, ids: Mapping[str, str], room: Room
) -> tuple[str, ...]:
    """Take away the card of a group whose inside is shown; what is inside stays where it is seen."""
    (x, y), layout = document.position(node_id), document.layout
    within = {ids[key]: place for key, place in room.layout.positions.items() if key in ids}
    moved = shifted(within, x + room.shift[0], y + room.shift[1])
    inner = {ids[key] for key in room.layout.expanded if key in ids}
    after = replace(layout.moved(moved), expanded=layout.expanded - {node_id} | inner)
    document.edit_layout(tr("Ungroup {0}").format(document.graph[node_id].name), graph, after)
    return tuple(ids.values())


def toggle(document: ProjectDocument, node_ids: Collection[str]) -> bool:
    """Show the insides of groups below their cards, or hide them where all are shown; False for no groups."""
    graph, layout = document.graph, document.layout
    groups = [key for key in node_ids if isinstance(graph[key].layer, Functional)]
    if not groups:
        return False
    closed = [key for key in groups if key not in layout.expanded]
    if closed:
        document.edit_layout(
            tr("Expand {0}").format(named(document, closed)), graph, expanded(graph, layout, closed)
        )
    else:
        text = tr("Collapse {0}").format(named(document, groups))
        document.edit_layout(text, graph, collapsed(graph, layout, groups))
    return True


def _spread(document: ProjectDocument, node_id: str, places: Mapping[str, Position]) -> dict[str, Position]:
    """Cards laid around the place of another, as they lie among themselves.

    Where they would lie on others, they go below what leads to them, and what follows makes room.
    """
    graph, (x, y) = document.graph, document.position(node_id)
    others = [document.position(key) for key in graph.nodes if key != node_id]
    came_from = free_place(mean(places.values()), others)
    moved = shifted(places, x - came_from[0], y - came_from[1])
    if all(free_place(place, others) == free_place(place, ()) for place in moved.values()):
        return moved
    low = max((document.position(edge.source)[1] + ROW for edge in graph.incoming(node_id)), default=-math.inf)
    moved = shifted(moved, 0, max(0.0, low - min(py for _, py in moved.values())))
    after = {key: document.position(key) for key in graph.descendants([node_id]) if key != node_id}
    bottom = max(py for _, py in moved.values()) + ROW
    by = max(0.0, bottom - min((py for _, py in after.values()), default=bottom))
    return {**shifted(after, 0, by), **moved}


def _resting(document: ProjectDocument, graph: Graph) -> list[Position]:
    return [document.position(key) for key in graph.nodes if key in document.graph]
