"""A tall graph is laid out in columns that one wire leads from to the next."""

from __future__ import annotations

from itertools import combinations, pairwise

import pytest
from PySide6.QtCore import QPointF

from engine.graph import Graph
from engine.project import Project
from graph_editor import editing, placing
from graph_editor.document import ProjectDocument
from graph_editor.folding import TALLEST
from graph_editor.layout import CARD_HEIGHT, CARD_WIDTH, ROW, arrange
from graph_editor.scene import GraphScene
from tests.graph_editor.test_filling import ladder


def columns(graph: Graph, places: dict[str, tuple[float, float]]) -> list[list[str]]:
    """The nodes in order, cut where a wire leads up again."""
    found: list[list[str]] = [[]]
    for key in graph.order:
        if any(places[edge.source][1] > places[key][1] for edge in graph.incoming(key)):
            found.append([])
        found[-1].append(key)
    return found


def test_a_graph_that_can_be_seen_is_not_folded():
    places = arrange(ladder(TALLEST).graph)
    assert len({y for _, y in places.values()}) == TALLEST


@pytest.mark.parametrize("count", [120, 517, 1500])
def test_a_tall_graph_is_about_as_wide_as_high(count):
    graph = ladder(count).graph
    places = arrange(graph)
    assert len(places) == count
    width, height = (max(side) - min(side) for side in zip(*places.values(), strict=True))
    assert 0.5 < width / height < 4
    parts = columns(graph, places)
    assert len(parts) > 2
    assert {min(places[key][1] for key in part) for part in parts} == {0.0}
    for left, right in pairwise(parts):
        into = {edge for key in right for edge in graph.incoming(key) if edge.source not in right}
        assert len(into) == 1
        assert max(places[key][0] for key in left) + CARD_WIDTH < min(places[key][0] for key in right)


def test_a_graph_with_no_narrow_place_stays_in_one_piece():
    graph = ladder(200).graph
    first, add = "n1", next(edge.target for edge in reversed(graph.edges) if edge.port == 1)
    graph = graph.connect(first, add)  # past all of it
    places = arrange(graph)
    assert all(places[edge.source][1] < places[edge.target][1] for edge in graph.edges if edge.source != "n0")


@pytest.fixture
def scene(qapp) -> GraphScene:
    return GraphScene(ProjectDocument(ladder(200)))


def test_wires_between_columns_cross_no_card(scene):
    cards = [item.card_rect().adjusted(4, 4, -4, -4) for item in scene.node_items.values()]
    up = [
        edge
        for edge in scene.graph.edges
        if scene.document.position(edge.source)[1] > scene.document.position(edge.target)[1]
    ]
    assert up
    for edge in up:
        path = scene.edge_items[edge]._path
        spots = [path.pointAtPercent(step / 200) for step in range(201)]
        assert not any(card.contains(QPointF(spot)) for card in cards for spot in spots)


def test_what_is_inserted_moves_its_own_column_only(scene):
    document, before = scene.document, dict(scene.document.layout.positions)
    parts = columns(document.graph, before)
    edge = next(edge for edge in document.graph.edges if edge.target == parts[1][4])
    new = editing.insert_new(document, type(document.graph["n1"].layer)(units=4), edge)
    assert new is not None
    after = document.layout.positions
    assert {key for key in before if after[key] != before[key]} <= set(parts[1])
    assert after[parts[1][-1]][1] == before[parts[1][-1]][1] + ROW
    places = list(after.values())
    assert not any(
        abs(a[0] - b[0]) < CARD_WIDTH and abs(a[1] - b[1]) < CARD_HEIGHT for a, b in combinations(places, 2)
    )


def test_arranging_again_changes_nothing(scene):
    placing.tidy(scene.document)
    assert not scene.document.undo_stack.canUndo()
    assert scene.document.project == Project(scene.graph, scene.document.layout)
