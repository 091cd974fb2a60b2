"""A large graph is shown a few cards at a time; whatever comes meanwhile, the scene is what the document is."""

from __future__ import annotations

from dataclasses import replace

import pytest
from PySide6.QtCore import QRectF
from PySide6.QtGui import QColor

from engine.graph import Edge, Graph, Node
from engine.layers.core import Dense, Input, Output
from engine.layers.merging import Add
from engine.layout import Layout
from engine.project import Project
from graph_editor import copying, editing
from graph_editor.document import ProjectDocument
from graph_editor.scene import GraphScene
from graph_editor.theme import DARK, set_scheme
from tests.graph_editor.in_step import assert_in_step


def ladder(count: int, units: int = 4) -> Project:
    """A chain in which every fifth card adds what went into the three before it."""
    nodes, edges = [Node("n0", "input", Input(shape=(units,)))], list[Edge]()
    for number in range(1, count - 1):
        key, before = f"n{number}", f"n{number - 1}"
        shortcut = number % 5 == 0
        nodes.append(Node(key, f"layer_{number}", Add() if shortcut else Dense(units=units)))
        edges += [Edge(before, key), *([Edge(f"n{number - 4}", key, 1)] if shortcut else [])]
    nodes.append(Node(f"n{count - 1}", "output", Output(loss="mean_squared_error", metrics=())))
    edges.append(Edge(f"n{count - 2}", f"n{count - 1}"))
    return Project(Graph({node.id: node for node in nodes}, tuple(edges)))


def tower(count: int) -> Project:
    """The same, with one card above the other."""
    project = ladder(count)
    places = {f"n{number}": (0.0, 90.0 * number) for number in range(count)}
    return replace(project, layout=Layout(places))


@pytest.fixture
def filling(qapp) -> GraphScene:
    """The scene of a small graph that another, of 300 cards, has just taken the place of."""
    document = ProjectDocument(ladder(7))
    scene = GraphScene(document)
    document.reset(ladder(300))
    scene._timer.stop()  # each test says itself how far the scene gets
    return scene


def made(scene: GraphScene) -> int:
    """How many cards and wires are in the scene, without asking for the rest."""
    return len(scene.items())


def whole(scene: GraphScene) -> int:
    return len(scene.graph.nodes) + len(scene.graph.edges)


def texts(scene: GraphScene) -> list[tuple[str, QRectF]]:
    """What is written on the wires, and where."""
    return [(scene.edge_items[edge].text, scene.edge_items[edge].pill) for edge in scene.graph.edges]


def test_a_large_graph_comes_bit_by_bit(qtbot, filling):
    assert made(filling) == 0
    counts: list[int] = []
    filling._timer.timeout.connect(lambda: counts.append(made(filling)))
    with qtbot.waitSignal(filling.filled):
        filling._timer.start()
    assert counts == sorted(counts)
    assert len(set(counts)) > 2
    assert made(filling) == whole(filling)
    assert_in_step(filling, filling.document)
    assert texts(filling) == texts(GraphScene(ProjectDocument(filling.document.project)))


def test_a_step_is_short(filling):
    steps = 0
    while made(filling) < whole(filling):
        before = made(filling)
        filling._fill(0.0)  # no time at all
        assert made(filling) == before
        filling._fill(0.001)
        steps += 1
    assert steps > 3


def test_who_asks_for_cards_gets_them_all(filling):
    assert set(filling.node_items) == set(filling.graph.nodes)
    assert made(filling) == whole(filling)


def test_a_small_graph_is_there_at_once(qapp):
    document = ProjectDocument()
    scene = GraphScene(document)
    document.reset(ladder(12))
    assert made(scene) == whole(scene)


@pytest.mark.parametrize("share", [0.0, 0.2, 0.7], ids=["none made", "some cards", "some wires"])
@pytest.mark.parametrize(
    "edit",
    [
        lambda document: editing.delete(document, ["n1", "n150", "n298"]),
        lambda document: editing.delete(document, [], [document.graph.edges[3], document.graph.edges[-3]]),
        lambda document: editing.add_at(document, Dense(), (0.0, 500.0)),
        lambda document: editing.insert_new(document, Dense(units=4), document.graph.edges[200]),
        lambda document: copying.duplicate(document, tuple(f"n{number}" for number in range(100, 260))),
        lambda document: editing.rename(document, "n200", "another"),
        lambda document: document.move("Move", {"n2": (700.0, 30.0), "n299": (900.0, 60.0)}),
        lambda document: document.edit_graph("Shape", document.graph.set_layer("n0", Input(shape=(5,)))),
    ],
    ids=["delete", "cut", "add", "insert", "duplicate", "rename", "move", "shape"],
)
def test_an_edit_while_cards_come(filling, edit, share):
    while made(filling) < share * whole(filling):
        filling._fill(0.0005)
    document, before = filling.document, filling.document.project
    edit(document)
    after = document.project
    assert after != before
    filling._fill(0.0005)
    document.undo_stack.undo()
    filling._fill(0.0005)
    document.undo_stack.redo()
    assert_in_step(filling, document)
    assert texts(filling) == texts(GraphScene(ProjectDocument(after)))
    document.undo_stack.undo()
    assert document.project == before
    assert_in_step(filling, document)
    assert texts(filling) == texts(GraphScene(ProjectDocument(before)))


def test_another_graph_while_cards_come(qtbot, filling):
    filling._fill(0.002)
    filling.document.reset(ladder(200))
    filling._fill(0.002)
    filling.document.reset(ladder(100))
    with qtbot.waitSignal(filling.filled):
        pass
    assert made(filling) == whole(filling)
    assert_in_step(filling, filling.document)


def test_a_graph_of_nothing_while_cards_come(qtbot, filling):
    filling._fill(0.002)
    filling.document.reset(Project())
    qtbot.wait(20)
    assert made(filling) == 0


def test_other_colours_while_cards_come(filling):
    try:
        filling._fill(0.002)
        set_scheme("dark")
        assert filling.theme is DARK
        filling.complete()
        assert {item._theme.name for item in filling.node_items.values()} == {"dark"}
    finally:
        set_scheme("system")


def test_all_of_a_giant_graph_can_be_seen(qtbot, canvas_of):
    canvas = canvas_of(Project())
    canvas.document.reset(tower(600))
    with qtbot.waitSignal(canvas.scene.filled, timeout=30_000):  # cards come while there is time
        canvas.view.fit()
    assert canvas.view.visible_rect().contains(canvas.scene.content_rect())
    far = canvas.view.scale_now()
    assert far < 0.08
    canvas.view.zoom_in()
    assert canvas.view.scale_now() == pytest.approx(far * 1.2)
    for _ in range(3):
        canvas.view.zoom_out()
    assert canvas.view.scale_now() == pytest.approx(far)


def test_what_is_shown_first_is_all_or_what_can_be_read(canvas_of):
    canvas = canvas_of(ladder(14))
    canvas.view.overview()
    assert canvas.view.scale_now() == 0.7  # its beginning
    canvas.document.reset(tower(600))
    canvas.view.overview()
    assert canvas.view.visible_rect().contains(canvas.scene.content_rect())


def test_from_far_off_a_card_is_a_block_of_its_colour(canvas_of):
    from graph_editor.theme import category_color, current

    canvas = canvas_of(ladder(7))
    canvas.view.zoom(0.1 / canvas.view.scale_now())
    item = canvas.scene.node_items["n1"]
    place = canvas.view.mapFromScene(item.pos())
    image = canvas.view.grab().toImage()
    wanted = QColor(category_color(Dense.category, current()))
    assert {image.pixelColor(place.x() + dx, place.y()).name() for dx in (-7, 0, 7)} == {wanted.name()}
