"""Mouse, drops and keys on the canvas, looking at the document."""

from __future__ import annotations

from itertools import pairwise

from PySide6.QtCore import QMimeData, QPoint, QPointF, Qt
from PySide6.QtGui import QDropEvent

from engine.graph import Node
from engine.layers.core import Dense, Input
from engine.layers.merging import Concatenate
from engine.layout import Layout
from engine.project import Project
from engine.templates import chain
from graph_editor import copying, editing
from graph_editor.theme import current
from tests.graph_editor.in_step import assert_in_step

CTRL = Qt.KeyboardModifier.ControlModifier
ALT = Qt.KeyboardModifier.AltModifier


def undo_all(canvas) -> None:
    while canvas.document.undo_stack.canUndo():
        canvas.document.undo_stack.undo()


def test_a_layer_dropped_on_the_canvas_lies_there(canvas):
    assert canvas.drop("Dropout", QPoint(100, 100))
    place = canvas.document.position(canvas.id("dropout"))
    wanted = canvas.view.mapToScene(QPoint(100, 100))
    assert abs(place[0] - wanted.x()) <= 5
    assert abs(place[1] - wanted.y()) <= 5
    assert canvas.scene.selected_nodes() == (canvas.id("dropout"),)
    undo_all(canvas)
    assert "dropout" not in canvas.names()


def test_a_layer_dropped_on_a_wire_is_inserted(canvas):
    assert canvas.drop("Dropout", canvas.wire("flatten", "dense"))
    assert {("flatten", "dropout"), ("dropout", "dense")} <= canvas.wires()
    assert ("flatten", "dense") not in canvas.wires()
    ys = [canvas.document.position(canvas.id(n))[1] for n in ("flatten", "dropout", "dense", "output")]
    assert all(b - a >= 90 for a, b in pairwise(ys))
    assert canvas.document.undo_stack.count() == 1


def test_an_output_dropped_on_a_wire_lies_beside_it(canvas):
    canvas.drop("Output", canvas.wire("flatten", "dense"))
    assert ("flatten", "dense") in canvas.wires()
    assert "output_1" in canvas.names()


def test_a_strange_drop_is_refused(canvas):
    mime = QMimeData()
    mime.setText("Dense")
    event = QDropEvent(
        QPointF(50, 50),
        Qt.DropAction.CopyAction,
        mime,
        Qt.MouseButton.LeftButton,
        Qt.KeyboardModifier.NoModifier,
    )
    event.ignore()
    canvas.view.dropEvent(event)
    assert not event.isAccepted()
    assert not canvas.document.undo_stack.canUndo()


def test_a_drag_moves_a_card_in_one_edit_on_the_grid(canvas):
    node = canvas.id("dense")
    before = canvas.document.position(node)
    start = canvas.card("dense")
    canvas.drag(start, start + QPoint(203, 7))
    after = canvas.document.position(node)
    assert after[0] > before[0] + 100
    assert after[0] % 10 == 0
    assert after[1] % 10 == 0
    assert canvas.document.undo_stack.count() == 1
    canvas.document.undo_stack.undo()
    assert canvas.document.position(node) == before
    item = canvas.scene.node_items[node]
    assert (item.x(), item.y()) == before


def test_escape_gives_up_a_drag(canvas):
    node = canvas.id("dense")
    before = canvas.document.position(node)
    start = canvas.card("dense")
    canvas.press(start)
    canvas.move(start + QPoint(120, 0))
    assert canvas.scene.node_items[node].x() != before[0]
    canvas.key(Qt.Key.Key_Escape)
    canvas.release(start + QPoint(120, 0))
    assert canvas.scene.node_items[node].x() == before[0]
    assert not canvas.document.undo_stack.canUndo()


def test_a_card_without_wires_dragged_onto_a_wire_is_inserted(loose):
    wire = loose.wire("input", "dense")
    item = loose.scene.node_items[loose.id("conv2d")]
    grab = loose.view.mapFromScene(item.pos())
    loose.press(grab)
    loose.move(grab + (wire - grab) / 2)
    loose.move(wire)
    assert [e.lit for e in loose.scene.edge_items.values()] == [True]
    loose.release(wire)
    assert loose.wires() == {("input", "conv2d"), ("conv2d", "dense")}
    assert loose.document.undo_stack.count() == 1


def test_a_wire_is_drawn_from_port_to_port(loose):
    loose.drag(loose.port("dense", "out"), loose.port("conv2d", "in"))
    assert ("dense", "conv2d") in loose.wires()


def test_a_wire_can_be_drawn_backwards(loose):
    loose.drag(loose.port("conv2d", "in"), loose.port("dense", "out"))
    assert ("dense", "conv2d") in loose.wires()


def test_a_wire_let_go_on_a_card_takes_its_free_port(branched):
    branched.drag(branched.port("rescaling", "out"), branched.card("concatenate"))
    edge = next(e for e in branched.graph.edges if e.source == branched.id("rescaling") and e.port == 2)
    assert edge.target == branched.id("concatenate")


def test_a_refused_wire_says_why_and_changes_nothing(canvas):
    canvas.press(canvas.port("flatten", "out"))
    canvas.move(canvas.card("output"))
    gesture = canvas.view.gesture
    assert gesture.advice.verdict == "no"
    assert "taken" in gesture.advice.text
    assert canvas.view._advice.isVisible()
    with canvas.bot.waitSignal(canvas.view.message) as told:
        canvas.release(canvas.card("output"))
    assert "taken" in told.args[0]
    assert not canvas.document.undo_stack.canUndo()
    assert not canvas.view._advice.isVisible()


def test_cards_that_do_not_fit_fade_while_a_wire_is_drawn(loose):
    loose.press(loose.port("dense", "out"))
    opacity = {n: loose.scene.node_items[loose.id(n)].opacity() for n in ("input", "dense", "conv2d")}
    assert opacity["conv2d"] == 0.7  # its shape does not suit
    assert opacity["dense"] == 1
    assert opacity["input"] == 0.4
    loose.release(QPoint(5, 5))
    assert all(item.opacity() == 1 for item in loose.scene.node_items.values())


def test_the_end_of_a_wire_can_be_let_go_in_the_open(canvas):
    canvas.drag(canvas.port("dense", "in"), QPoint(20, 20))
    assert ("flatten", "dense") not in canvas.wires()
    assert canvas.document.undo_stack.count() == 1


def test_the_end_of_a_wire_can_be_plugged_in_elsewhere(branched):
    branched.drag(branched.port("concatenate", "in", 1), branched.port("concatenate", "in", 1))
    assert not branched.document.undo_stack.canUndo()
    branched.document.edit_graph(
        "x", branched.graph.disconnect(branched.graph.incoming(branched.id("flatten"))[0])
    )
    branched.drag(branched.port("concatenate", "in", 1), branched.port("flatten", "in"))
    assert ("max_pooling2d_1", "flatten") in branched.wires()
    assert ("max_pooling2d_1", "concatenate") not in branched.wires()


def test_a_rubber_band_selects_what_it_touches(canvas):
    first, second = canvas.card("flatten"), canvas.card("dense")
    canvas.drag(QPoint(20, first.y() - 10), QPoint(800, second.y()))
    assert canvas.scene.selected_nodes() == (canvas.id("flatten"), canvas.id("dense"))


def test_ctrl_click_adds_to_the_selection_and_takes_away(canvas):
    canvas.click(canvas.card("dense"))
    canvas.click(canvas.card("flatten"), CTRL)
    assert len(canvas.scene.selected_nodes()) == 2
    canvas.click(canvas.card("dense"), CTRL)
    assert canvas.scene.selected_nodes() == (canvas.id("flatten"),)


def test_the_middle_button_shifts_the_canvas(canvas):
    before = canvas.view.mapToScene(QPoint(0, 0))
    middle = Qt.MouseButton.MiddleButton
    canvas.drag(QPoint(100, 100), QPoint(160, 130), button=middle)
    after = canvas.view.mapToScene(QPoint(0, 0))
    assert before.x() - after.x() == 60 / canvas.view.scale_now()
    assert not canvas.document.undo_stack.canUndo()


def test_deleting_from_a_chain_heals_it(canvas):
    canvas.click(canvas.card("flatten"))
    canvas.key(Qt.Key.Key_Delete)
    assert ("input", "dense") in canvas.wires()
    canvas.document.undo_stack.undo()
    assert ("flatten", "dense") in canvas.wires()


def test_healing_does_not_double_a_wire(branched):
    both = branched.graph.connect(branched.id("rescaling"), branched.id("concatenate"))
    branched.document.edit_graph("x", both)
    branched.scene.select([branched.id("conv2d"), branched.id("max_pooling2d")])
    branched.view.delete_selected()
    pairs = [(e.source, e.target) for e in branched.graph.edges]
    assert len(pairs) == len(set(pairs))
    assert "conv2d" not in branched.names()


def test_a_wire_is_selected_by_a_click_and_deleted(canvas):
    canvas.click(canvas.wire("flatten", "dense"))
    assert len(canvas.scene.selected_edges()) == 1
    canvas.key(Qt.Key.Key_Delete)
    assert ("flatten", "dense") not in canvas.wires()


def test_copy_and_paste_go_through_text(canvas):
    canvas.scene.select([canvas.id("flatten"), canvas.id("dense")])
    canvas.key(Qt.Key.Key_C, CTRL)
    canvas.key(Qt.Key.Key_V, CTRL)
    assert {"flatten_1", "dense_1"} <= canvas.names()
    assert ("flatten_1", "dense_1") in canvas.wires()
    assert set(canvas.scene.selected_nodes()) == {canvas.id("flatten_1"), canvas.id("dense_1")}


def test_arrows_follow_the_wires(branched):
    branched.scene.select([branched.id("rescaling")])
    branched.key(Qt.Key.Key_Down)
    assert branched.scene.selected_nodes()[0] in (branched.id("conv2d"), branched.id("conv2d_1"))
    branched.scene.select([branched.id("conv2d")])
    branched.key(Qt.Key.Key_Right)
    assert branched.scene.selected_nodes() == (branched.id("conv2d_1"),)
    branched.key(Qt.Key.Key_Left)
    branched.key(Qt.Key.Key_Up)
    assert branched.scene.selected_nodes() == (branched.id("rescaling"),)


def test_alt_and_arrows_nudge_a_card(canvas):
    node = canvas.id("dense")
    canvas.scene.select([node])
    x, y = canvas.document.position(node)
    canvas.key(Qt.Key.Key_Right, ALT)
    assert canvas.document.position(node) == (x + 10, y)


def test_the_keys_can_draw_a_wire(loose):
    loose.scene.select([loose.id("dense")])
    loose.key(Qt.Key.Key_C)
    assert loose.view.connecting.target == loose.id("conv2d")
    loose.key(Qt.Key.Key_Return)
    assert ("dense", "conv2d") in loose.wires()
    assert loose.view.connecting is None


def test_escape_ends_the_drawing_of_a_wire_by_keys(loose):
    loose.scene.select([loose.id("dense")])
    items = len(loose.scene.items())
    loose.key(Qt.Key.Key_C)
    loose.key(Qt.Key.Key_Escape)
    assert loose.view.connecting is None
    assert len(loose.scene.items()) == items
    assert not loose.document.undo_stack.canUndo()


def test_a_name_is_edited_in_its_place(canvas):
    canvas.scene.select([canvas.id("dense")])
    canvas.key(Qt.Key.Key_F2)
    field = canvas.view._rename
    field.setText("flatten")
    canvas.bot.keyClick(field, Qt.Key.Key_Return)
    assert "dense" in canvas.names()  # the name is taken
    field.setText("head")
    canvas.bot.keyClick(field, Qt.Key.Key_Return)
    assert "head" in canvas.names()


def test_enter_in_the_palette_adds_after_the_selected_card(canvas):
    canvas.scene.select([canvas.id("flatten")])
    canvas.view.add_layer("Dropout")
    assert {("flatten", "dropout"), ("dropout", "dense")} <= canvas.wires()
    canvas.scene.select([canvas.id("output")])
    canvas.view.add_layer("Dense")
    assert "dense_1" in canvas.names()
    assert not canvas.graph.incoming(canvas.id("dense_1"))


def test_a_small_graph_is_not_blown_up(canvas):
    canvas.view.zoom_in()
    canvas.view.zoom_in()
    canvas.view.fit()
    assert canvas.view.scale_now() <= 1


def test_the_zoom_keeps_what_is_under_the_pointer(canvas):
    spot = QPoint(200, 150)
    before = canvas.view.mapToScene(spot)
    canvas.view.zoom(1.7, spot)
    after = canvas.view.mapToScene(spot)
    assert abs(before.x() - after.x()) < 2
    assert abs(before.y() - after.y()) < 2


def test_an_empty_canvas_says_what_to_do(canvas_of):
    empty = canvas_of(Project())
    image = empty.view.grab().toImage()
    muted = current().muted
    colors = {image.pixelColor(x, y).name() for x in range(250, 650) for y in range(370, 430)}
    assert muted in colors


def test_a_free_port_more_is_there_where_any_number_fits(branched):
    node = branched.graph.by_name("concatenate")
    assert isinstance(node.layer, Concatenate)
    assert branched.scene.node_items[node.id].in_count == 3


def test_undo_while_a_wire_is_drawn_gives_the_wire_up(canvas):
    canvas.drop("Dropout", QPoint(100, 100))
    canvas.press(canvas.port("flatten", "out"))
    canvas.document.undo_stack.undo()
    assert canvas.view.gesture is None
    canvas.release(QPoint(10, 10))
    assert all(item.opacity() == 1 for item in canvas.scene.node_items.values())


def test_a_linked_copy_shares_the_weights(canvas):
    (new,) = copying.duplicate_linked(canvas.document, (canvas.id("dense"),))
    assert canvas.graph[new].shares == canvas.id("dense")


def test_arranging_is_one_edit(branched):
    branched.document.move("x", dict.fromkeys(branched.graph.nodes, (0.0, 0.0)))
    count = branched.document.undo_stack.count()
    branched.view.arrange()
    assert branched.document.undo_stack.count() == count + 1
    assert len({branched.document.position(key) for key in branched.graph.nodes}) == len(branched.graph)


def test_cards_that_share_weights_bear_a_mark_as_long_as_they_do(canvas):
    item = canvas.scene.node_items[canvas.id("dense")]
    assert not item.look.marks
    (new,) = copying.duplicate_linked(canvas.document, (canvas.id("dense"),))
    assert item.look.marks == ("linked",)
    assert canvas.scene.node_items[new].look.marks == ("linked",)
    canvas.document.undo_stack.undo()
    assert not item.look.marks


def test_a_wire_of_two_rows_makes_way_for_a_card(canvas_of):
    assert_wire_goes_its_way(canvas_of, end=(0.0, 180.0), other=(900.0, 900.0), to=(0.0, 90.0))


def test_a_wire_that_leads_up_finds_the_way_that_a_card_leaves(canvas_of):
    assert_wire_goes_its_way(canvas_of, end=(300.0, -120.0), other=(150.0, -60.0), to=(900.0, 900.0))


def assert_wire_goes_its_way(canvas_of, end, other, to) -> None:
    """A wire lies as if it had been drawn after a card was moved."""
    graph, last = chain(Input(shape=(4,)), Dense())
    card = graph.new_node(Dense())
    places = {graph.incoming(last)[0].source: (0.0, 0.0), last: end, card.id: other}
    canvas = canvas_of(Project(graph.add(card), Layout(places)))
    editing.move(canvas.document, {card.id: to})
    assert_in_step(canvas.scene, canvas.document)


def test_an_edit_while_cards_glide_leaves_wires_their_way_around_them(canvas_of):
    graph, last = chain(Input(shape=(4,)), Dense())
    first, a, b = graph.incoming(last)[0].source, graph.new_node(Dense()), Node("b", "b", Dense())
    places = {first: (0.0, 0.0), last: (0.0, 400.0), a.id: (900.0, 200.0), b.id: (0.0, 600.0)}
    canvas = canvas_of(Project(graph.add(a, b), Layout(places)))
    canvas.scene.select([a.id, b.id])
    canvas.view.align_selected("left")
    assert canvas.scene.node_items[a.id].x() == 900
    editing.rename(canvas.document, b.id, "other")
    assert_in_step(canvas.scene, canvas.document)
