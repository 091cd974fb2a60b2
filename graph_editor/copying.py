"""Copies of cards: pasted, duplicated, or linked so that they share weights; one undoable edit each."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping

from engine.graph import Graph
from engine.layout import Position
from engine.rewiring import can_share, independent, with_linked_copy
from graph_editor.document import ProjectDocument
from graph_editor.editing import named, tr
from graph_editor.expansion import taken
from graph_editor.layout import COLUMN, make_room
from graph_editor.places import middle_of_all, shifted


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
        x, y = middle_of_all(places)
        places = shifted(places, middle[0] - x, middle[1] - y)
    document.edit_graph(text, graph, make_room(places, taken(document.graph, document.layout), aside=aside))


def duplicate(document: ProjectDocument, node_ids: tuple[str, ...]) -> tuple[str, ...]:
    """Copy cards beside themselves, with the wires among them."""
    places = {key: document.position(key) for key in node_ids}
    text = tr("Duplicate {0}").format(named(document, node_ids))
    return paste(document, document.graph.part(node_ids), places, text, aside=COLUMN)


def linkable(graph: Graph, node_ids: Iterable[str]) -> bool:
    """Whether there is a layer among these whose weights can be shared."""
    return any(can_share(graph[key].layer) for key in node_ids)


def duplicate_linked(document: ProjectDocument, node_ids: tuple[str, ...]) -> tuple[str, ...]:
    """A second call of the same layers: cards that share the weights of others, with the wires among them."""
    graph, ids = with_linked_copy(document.graph, node_ids)
    text = tr("Duplicate {0}, linked").format(named(document, node_ids))
    place_new(document, text, graph, {ids[key]: document.position(key) for key in node_ids}, aside=COLUMN)
    return tuple(ids.values())


def make_independent(document: ProjectDocument, node_ids: Collection[str]) -> bool:
    """Give cards weights of their own; False where they share none."""
    graph = independent(document.graph, node_ids)
    if graph is document.graph:
        return False
    document.edit_graph(tr("Make {0} independent").format(named(document, node_ids)), graph)
    return True
