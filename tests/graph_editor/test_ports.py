"""Cards with several outputs and named inputs: where their ports lie, and wires between the right ones."""

from __future__ import annotations

from itertools import combinations, pairwise

import pytest
from PySide6.QtCore import QEvent, Qt

from engine.graph import Edge, Graph, Node
from engine.layers.core import Dense, Input
from engine.layers.merging import Add
from engine.layers.recurrent import LSTM
from engine.layout import Layout
from engine.project import Project
from engine.templates import chain
from graph_editor import editing
from graph_editor.items import NodeItem
from graph_editor.wiring import advise, wire_ends

from .in_step import assert_in_step
from .layers import stateful_project


@pytest.fixture
def canvas(canvas_of):
    return canvas_of(stateful_project())


def item(canvas, name: str) -> NodeItem:
    return canvas.scene.node_items[canvas.id(name)]


def test_every_output_has_a_port_at_the_lower_edge(canvas):
    card = item(canvas, "remembering")
    outs = [card.port_place(("out", index)) for index in range(3)]
    assert {place.y() for place in outs} == {card.card_rect().bottom()}
    assert all(b.x() - a.x() > 40 for a, b in pairwise(outs))
    assert all(card.card_rect().left() < place.x() < card.card_rect().right() for place in outs)
    assert [port for port in card.ports.all() if port[0] == "out"] == [("out", 0), ("out", 1), ("out", 2)]


def test_a_port_that_may_stay_free_lies_beside_those_that_may_not(canvas):
    card = item(canvas, "remembering")
    assert card.ports.place(("in", 0)).x() == 0
    assert card.ports.optional(("in", 1))
    assert not card.ports.optional(("in", 0))
    assert not item(canvas, "attending").ports.optional(("in", 1))


def test_the_tooltip_of_a_port_has_its_name_and_shape(canvas):
    card = item(canvas, "remembering")
    canvas.mouse(QEvent.Type.MouseMove, canvas.port("remembering", "out", 1), Qt.MouseButton.NoButton)
    assert "state_h" in card.toolTip()
    assert "8" in card.toolTip()
    canvas.mouse(QEvent.Type.MouseMove, canvas.port("remembering", "in", 1), Qt.MouseButton.NoButton)
    assert "initial_state 1" in card.toolTip()
    assert "may be left free" in card.toolTip()
    canvas.mouse(QEvent.Type.MouseMove, canvas.card("remembering"), Qt.MouseButton.NoButton)
    assert "Gives a sequence" in card.toolTip()


def test_a_wire_begins_at_the_output_it_was_drawn_from(canvas):
    canvas.press(canvas.port("remembering", "out", 2))
    canvas.move(canvas.port("attending", "in", 1))
    assert canvas.view.gesture.advice.text.startswith("state_c of remembering to value of attending")
    canvas.release(canvas.port("attending", "in", 1))
    edge = Edge(canvas.id("remembering"), canvas.id("attending"), 1, 2)
    assert edge in canvas.graph.edges
    path = canvas.scene.edge_items[edge]._path
    start = item(canvas, "remembering").port_place(("out", 2))
    assert (path.elementAt(0).x, path.elementAt(0).y) == (start.x(), start.y())


def test_a_wire_drawn_backwards_takes_the_output_it_is_let_go_at(canvas):
    canvas.drag(canvas.port("attending", "in", 1), canvas.port("remembering", "out", 1))
    assert Edge(canvas.id("remembering"), canvas.id("attending"), 1, 1) in canvas.graph.edges


def test_the_end_of_a_wire_that_is_moved_keeps_its_output(canvas):
    canvas.drag(canvas.port("remembering", "out", 1), canvas.port("attending", "in", 1))
    canvas.drag(canvas.port("attending", "in", 1), canvas.port("attending", "in", 2))
    assert Edge(canvas.id("remembering"), canvas.id("attending"), 2, 1) in canvas.graph.edges


def test_the_keys_choose_output_and_input(canvas):
    canvas.scene.select([canvas.id("remembering")])
    canvas.key(Qt.Key.Key_C)
    assert canvas.view.connecting.port == 1
    canvas.key(Qt.Key.Key_Right)
    canvas.key(Qt.Key.Key_Right)
    canvas.key(Qt.Key.Key_Left)
    canvas.key(Qt.Key.Key_Return)
    assert Edge(canvas.id("remembering"), canvas.id("attending"), 1, 1) in canvas.graph.edges


def test_shapes_of_wires_side_by_side_do_not_overlap(canvas):
    graph = canvas.graph
    for port, output in ((1, 1), (2, 2)):
        graph = graph.connect(canvas.id("remembering"), canvas.id("attending"), port, output)
    canvas.document.edit_graph("wire", graph)
    pills = [wire.pill for wire in canvas.scene.edge_items.values()]
    assert len([pill for pill in pills if not pill.isEmpty()]) >= 3
    assert not any(a.intersects(b) for a, b in combinations(pills, 2))


def test_a_shape_beside_cards_lies_on_none_of_them(canvas_of):
    graph, last = chain(Input(shape=(None, None, 64)), Dense(units=64), Dense(units=64), Dense(units=64))
    add = graph.new_node(Add())
    graph = graph.add(add).connect(last, add.id).connect("n2", add.id)
    canvas = canvas_of(Project(graph))
    wire = canvas.scene.edge_items[Edge("n2", add.id, 1)]
    assert not wire.pill.isEmpty()
    assert not any(wire.pill.intersects(card.card_rect()) for card in canvas.scene.node_items.values())


def test_a_wire_says_what_it_joins_where_that_is_not_plain(canvas):
    first, second = canvas.graph.edges
    assert wire_ends(canvas.graph, first) == "sequence of remembering"
    assert wire_ends(canvas.graph, second) == "sequence of remembering to query of attending"
    assert "? × 8" in canvas.scene.edge_items[second].toolTip()


def test_a_wire_says_no_more_than_the_layers_at_its_ends_have(canvas_of):
    graph, last = chain(Input(shape=(8, 4)), LSTM(units=3, return_state=True), Dense())
    canvas = canvas_of(Project(graph))
    wire = graph.incoming(last)[0]
    editing.rename(canvas.document, last, "head")
    assert "head" in canvas.scene.edge_items[wire].toolTip()
    editing.replace_layers(canvas.document, [wire.source], Dense())
    assert canvas.scene.edge_items[wire].toolTip() == ""


def test_a_wire_goes_with_the_port_when_there_are_more_outputs(canvas_of):
    graph, last = chain(Input(shape=(8, 4)), LSTM(units=3), Dense())
    canvas = canvas_of(Project(graph))
    wire = graph.incoming(last)[0]
    layer = LSTM(units=3, return_state=True)
    canvas.document.edit_graph("states", canvas.graph.set_layer(wire.source, layer))
    card, line = canvas.scene.node_items[wire.source], canvas.scene.edge_items[wire]
    start = line.mapToScene(line._path.pointAtPercent(0))
    assert (start - card.port_place(("out", 0))).manhattanLength() < 0.01


def test_a_plain_wire_is_told_by_the_name_of_its_target(branched):
    source, target = branched.id("rescaling"), branched.id("concatenate")
    advice = advise(branched.graph, branched.document.inference, source, target, None)
    assert advice.edge is not None
    assert wire_ends(branched.graph, advice.edge) == "concatenate"


def test_shapes_give_way_to_those_before_them_after_wires_change_places(canvas_of):
    """A wire that is dragged back to where it ended comes last: no wire is new, but others go before it now."""
    canvas = canvas_of(crossing())
    first = canvas.graph.edges[0]
    base = canvas.graph.disconnect(first)
    before = [wire.pill for wire in canvas.scene.edge_items.values()]
    editing.connect(canvas.document, [base.check_connect(first.source, first.target)], base)
    assert set(canvas.graph.edges) == {*base.edges, first}
    assert canvas.graph.edges[-1] == first
    assert_in_step(canvas.scene, canvas.document)
    assert [wire.pill for wire in canvas.scene.edge_items.values()] != before


def crossing() -> Project:
    """Two wires out of one card whose shapes would lie on one another."""
    nodes = {
        "a": Node("a", "a", Input(shape=(8,))),
        "b": Node("b", "b", Dense(units=4)),
        "c": Node("c", "c", Dense(units=4)),
    }
    edges = (Edge("a", "b"), Edge("a", "c"))
    return Project(Graph(nodes, edges), Layout({"a": (0.0, 0.0), "b": (-10.0, 120.0), "c": (10.0, 130.0)}))
