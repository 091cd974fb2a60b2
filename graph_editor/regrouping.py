"""Several cards made one, one made several, and a part repeated: one undoable edit each."""

from __future__ import annotations

import math
from collections.abc import Collection, Mapping

from engine import grouping
from engine.graph import Graph
from engine.project import Position
from engine.repeating import repeated
from graph_editor.document import ProjectDocument
from graph_editor.editing import named, tr
from graph_editor.layout import ROW, free_place
from graph_editor.places import mean, shifted


def group(document: ProjectDocument, node_ids: tuple[str, ...]) -> str:
    """Put cards into one that holds them; returns its identifier. Raises `GraphError`."""
    graph, key = grouping.group(document.graph, document.inference, node_ids, document.layout)
    gone = [document.position(other) for other in document.graph.nodes if other not in graph]
    text = tr("Group {0} layers").format(len(gone))
    document.edit_graph(text, graph, {key: free_place(mean(gone), _resting(document, graph))})
    return key


def repeat(document: ProjectDocument, node_ids: Collection[str], count: int) -> tuple[str, ...]:
    """Put copies of cards below them, one after another; returns the new identifiers. Raises `GraphError`."""
    graph, copies = repeated(document.graph, node_ids, count)
    places = {key: document.position(key) for key in copies[0]}
    top, bottom = min(y for _, y in places.values()), max(y for _, y in places.values())
    height = bottom - top + ROW
    following = document.graph.descendants(places) - places.keys()
    after = {key: document.position(key) for key in following if document.position(key)[1] > bottom}
    moved = shifted(after, 0, height * len(copies))
    for number, ids in enumerate(copies, 1):
        moved |= shifted({ids[key]: place for key, place in places.items()}, 0, height * number)
    text = tr("Repeat {0}").format(named(document, tuple(places)))
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
