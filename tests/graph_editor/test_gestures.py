"""What the mouse builds: cards put on wires and shaken off them, wires taken elsewhere, several drawn at once."""

from __future__ import annotations

import pytest
from PySide6.QtCore import QPoint, QPointF, Qt

from engine.layers.conv import Conv2D
from engine.layers.core import Dense, Input, Output
from engine.layers.merging import Add, Concatenate
from engine.layers.recurrent import LSTM
from engine.layers.regularization import Dropout
from engine.layers.reshaping import Flatten
from engine.project import Project
from engine.rewiring import taken_out
from engine.templates import chain
from graph_editor.guides import catch
from graph_editor.shake import Shake

ALT = Qt.KeyboardModifier.AltModifier


@pytest.fixture
def fan(canvas_of):
    """input to dense, dense_1 and dense_2, side by side, without anything below them."""
    graph, first = chain(Input(shape=(8,)))
    for _ in range(3):
        graph, _ = chain(Dense(units=4), graph=graph, after=first)
    return canvas_of(Project(graph))


def shake(canvas, start: QPoint) -> QPoint:
    """Take a card to and fro; where the pointer is at the end."""
    canvas.press(start)
    here = start
    for _ in range(4):
        for aside in (15, 40, 15, -10):
            here = start + QPoint(aside, 0)
            canvas.move(here)
    return here


def test_a_shaken_card_leaves_its_wires_and_the_gap_is_closed(canvas):
    here = shake(canvas, canvas.card("flatten"))
    assert canvas.wires() == {("input", "flatten"), ("flatten", "dense"), ("dense", "output")}  # only shown so far
    canvas.move(here + QPoint(280, 0))
    canvas.release(here + QPoint(280, 0))
    assert canvas.wires() == {("input", "dense"), ("dense", "output")}
    assert canvas.document.undo_stack.count() == 1
    canvas.document.undo_stack.undo()
    assert ("flatten", "dense") in canvas.wires()
    assert all(item.isVisible() for item in canvas.scene.edge_items.values())


def test_a_slow_drag_to_and_fro_is_no_shake():
    shaken = Shake()
    assert not any(shaken.add(QPointF(x, 0), now) for now, x in enumerate([0, 40, 0, 40, 0, 40, 0, 40]))
    assert any(shaken.add(QPointF(x, 0), now / 20) for now, x in enumerate([0, 40, 0, 40, 0, 40, 0, 40], 200))


def test_a_trembling_hand_is_no_shake():
    shaken = Shake()
    assert not any(shaken.add(QPointF(4 * (now % 2), 0), now / 50) for now in range(40))


def test_escape_gives_up_a_shake(canvas):
    items = len(canvas.scene.items())
    shake(canvas, canvas.card("flatten"))
    canvas.key(Qt.Key.Key_Escape)
    assert not canvas.document.undo_stack.canUndo()
    assert all(item.isVisible() for item in canvas.scene.edge_items.values())
    assert len(canvas.scene.items()) == items


def test_alt_and_drag_take_a_card_out(canvas):
    start = canvas.card("dense")
    canvas.drag(start, start + QPoint(260, 0), ALT)
    assert canvas.wires() == {("input", "flatten"), ("flatten", "output")}


def test_a_card_that_is_taken_out_can_be_put_on_another_wire_in_the_same_drag(canvas):
    middle = canvas.view.mapFromScene(canvas.scene.node_items[canvas.id("dense")].pos())
    canvas.drag(middle, canvas.wire("input", "flatten"), ALT)
    assert canvas.wires() == {("input", "dense"), ("dense", "flatten"), ("flatten", "output")}
    assert canvas.document.undo_stack.count() == 1


def test_the_keys_take_a_card_out_beside_its_chain(canvas):
    key = canvas.id("flatten")
    canvas.scene.select([key])
    before = canvas.document.position(key)
    canvas.view.take_out_selected()
    assert ("input", "dense") in canvas.wires()
    assert canvas.document.position(key) == (before[0] + 240, before[1])


def test_several_cards_are_taken_out_with_the_wires_among_them(canvas):
    graph = taken_out(canvas.graph, [canvas.id("flatten"), canvas.id("dense")])
    pairs = {(graph[e.source].name, graph[e.target].name) for e in graph.edges}
    assert pairs == {("input", "output"), ("flatten", "dense")}


def test_a_card_with_a_free_output_can_be_put_on_a_wire(canvas_of):
    graph, _ = chain(Input(shape=(8,)), Dense(), Output())
    graph, _ = chain(Input(shape=(8,)), graph=graph)
    graph = graph.add(merge := graph.new_node(Concatenate()))
    graph = graph.connect(graph.by_name("input_1").id, merge.id)
    canvas = canvas_of(Project(graph))
    grab = canvas.view.mapFromScene(canvas.scene.node_items[merge.id].pos())
    canvas.drag(grab, canvas.wire("input", "dense"))
    assert {("input", "concatenate"), ("input_1", "concatenate"), ("concatenate", "dense")} <= canvas.wires()


def test_a_card_that_is_wired_on_both_sides_stays_where_it_is(canvas):
    grab = canvas.view.mapFromScene(canvas.scene.node_items[canvas.id("dense")].pos())
    canvas.drag(grab, canvas.wire("input", "flatten"))
    assert ("flatten", "dense") in canvas.wires()


def test_the_lower_end_of_a_wire_is_dragged_to_another_card(fan):
    fan.document.edit_graph("x", fan.graph.add(fan.graph.new_node(Dropout())))
    fan.document.edit_graph("x", fan.graph.connect(fan.id("dense"), fan.id("dropout")))
    fan.document.edit_graph("x", fan.graph.add(fan.graph.new_node(Dropout())))
    fan.view.fit()
    start = fan.port("dropout", "in") - QPoint(0, 12)
    fan.drag(start, fan.port("dropout_1", "in"))
    assert ("dense", "dropout_1") in fan.wires()
    assert ("dense", "dropout") not in fan.wires()


def test_the_upper_end_of_a_wire_is_dragged_to_another_card(fan):
    fan.document.edit_graph("x", fan.graph.add(fan.graph.new_node(Dropout())))
    fan.document.edit_graph("x", fan.graph.connect(fan.id("dense"), fan.id("dropout")))
    fan.view.fit()
    start = fan.port("dense", "out") + QPoint(0, 12)
    fan.drag(start, fan.port("dense_1", "out"))
    assert ("dense_1", "dropout") in fan.wires()
    assert ("dense", "dropout") not in fan.wires()
    fan.document.undo_stack.undo()
    assert ("dense", "dropout") in fan.wires()


def test_a_click_on_a_wire_only_selects_it(canvas):
    canvas.click(canvas.wire("flatten", "dense"))
    assert len(canvas.scene.selected_edges()) == 1
    assert not canvas.document.undo_stack.canUndo()


def test_the_outputs_of_several_cards_are_wired_to_a_merging_one(fan):
    fan.document.edit_graph("x", fan.graph.add(fan.graph.new_node(Concatenate())))
    fan.view.fit()
    fan.scene.select([fan.id(name) for name in ("dense", "dense_1", "dense_2")])
    count = fan.document.undo_stack.count()
    fan.drag(fan.port("dense_1", "out"), fan.card("concatenate"))
    assert {(name, "concatenate") for name in ("dense", "dense_1", "dense_2")} <= fan.wires()
    assert fan.document.undo_stack.count() == count + 1
    assert fan.document.inference.shape(fan.id("concatenate"), 0) == (12,)


def test_one_input_does_not_take_several_wires_and_says_so(fan):
    fan.document.edit_graph("x", fan.graph.add(fan.graph.new_node(Dropout())))
    fan.view.fit()
    fan.scene.select([fan.id("dense"), fan.id("dense_1")])
    fan.press(fan.port("dense", "out"))
    fan.move(fan.card("dropout"))
    assert fan.view.gesture.advice.verdict == "no"
    assert "in the open" in fan.view.gesture.advice.text
    assert fan.scene.node_items[fan.id("dropout")].opacity() < 1
    fan.key(Qt.Key.Key_Escape)


def test_several_wires_let_go_in_the_open_ask_for_what_merges_them(fan):
    fan.scene.select([fan.id("dense"), fan.id("dense_1")])
    low = max(fan.port(name, "out").y() for name in ("dense", "dense_1"))
    fan.drag(fan.port("dense", "out"), QPoint(450, low + 120))
    assert fan.view.asking is not None
    fan.bot.keyClicks(fan.view.asking.search, "add")
    assert fan.view.asking.suggestions()[0].layer.type_name() == "Add"
    fan.bot.keyClick(fan.view.asking.search, Qt.Key.Key_Return)
    assert {("dense", "add"), ("dense_1", "add")} <= fan.wires()


def test_selected_cards_are_merged_by_name(fan):
    fan.scene.select([fan.id("dense"), fan.id("dense_2")])
    fan.view.merge_selected("Concatenate")
    assert {("dense", "concatenate"), ("dense_2", "concatenate")} <= fan.wires()
    assert fan.document.undo_stack.count() == 1
    lowest = max(fan.document.position(fan.id(name))[1] for name in ("dense", "dense_2"))
    assert fan.document.position(fan.id("concatenate"))[1] > lowest


def test_what_takes_one_wire_is_not_offered_first_for_a_merge(fan):
    fan.scene.select([fan.id("dense"), fan.id("dense_2")])
    fan.view.merge_selected()
    first, *_, last = fan.view.asking.suggestions()
    assert first.fits
    assert first.layer.max_inputs != 1
    assert not last.fits


def test_one_card_cannot_be_merged(fan):
    fan.scene.select([fan.id("dense")])
    with fan.bot.waitSignal(fan.view.message) as told:
        fan.view.merge_selected()
    assert "two" in told.args[0]


def test_free_outputs_light_up_while_a_wire_is_drawn_backwards(loose):
    loose.press(loose.port("conv2d", "in"))
    lights = loose.scene.node_items[loose.id("dense")].lights
    assert (lights.fit, lights.side) == ("doubtful", "out")  # of what dense gives, Conv2D can make nothing
    loose.release(QPoint(5, 5))


def test_a_dragged_card_catches_on_the_line_of_a_neighbour():
    caught = catch((103.0, 250.0), [(97.0, 0.0), (500.0, 40.0)])
    assert caught.place == (97.0, 250.0)
    assert caught.above == (97.0, 0.0)
    assert caught.beside is None


def test_a_card_far_from_any_line_lies_on_the_grid():
    assert catch((133.0, 251.0), [(97.0, 0.0)]).place == (130.0, 250.0)


def test_guides_are_seen_only_while_a_card_is_dragged(canvas):
    start = canvas.card("dense")
    canvas.press(start)
    canvas.move(start + QPoint(0, 30))
    assert canvas.view.gesture._guides.lines
    canvas.release(start + QPoint(0, 30))
    assert canvas.view.gesture is None
    x, _ = canvas.document.position(canvas.id("flatten"))
    assert canvas.document.position(canvas.id("dense"))[0] == x


def test_cards_light_up_by_shape_as_well(canvas_of):
    graph, _ = chain(Input(shape=(8, 8, 1)), Conv2D(), Flatten(), Output())
    merge = graph.new_node(Add())
    graph = graph.add(merge).connect(graph.by_name("conv2d").id, merge.id)
    two = graph.new_node(Conv2D())
    graph = graph.add(two)
    three = graph.new_node(LSTM())
    graph = graph.add(three)
    canvas = canvas_of(Project(graph))

    def fits() -> dict:
        return {name: canvas.scene.node_items[canvas.id(name)].lights.fit for name in canvas.names()}

    canvas.press(canvas.port("flatten", "out"))
    canvas.move(QPoint(5, 5))
    assert fits() | {"output": None} == {
        "input": None, "conv2d": None, "flatten": None, "output": None,
        "add": "doubtful", "conv2d_1": "doubtful", "lstm": "doubtful",
    }  # fmt: skip
    assert canvas.scene.node_items[merge.id].opacity() == 0.7
    canvas.move(canvas.card("add"))
    assert canvas.scene.node_items[merge.id].lights.target
    assert fits()["add"] == "doubtful"
    assert canvas.view.gesture.advice.verdict == "doubtful"
    canvas.move(QPoint(5, 5))
    assert not canvas.scene.node_items[merge.id].lights.target
    canvas.key(Qt.Key.Key_Escape)
    assert set(fits().values()) == {None}
    canvas.press(canvas.port("conv2d", "out"))
    canvas.move(QPoint(5, 5))
    assert (fits()["add"], fits()["conv2d_1"], fits()["lstm"]) == ("fits", "fits", "doubtful")
    canvas.key(Qt.Key.Key_Escape)


def test_sources_light_up_by_shape_too(canvas_of):
    graph, _ = chain(Input(shape=(8, 8, 1)), Conv2D(), Flatten())
    node = graph.new_node(Conv2D())
    canvas = canvas_of(Project(graph.add(node)))
    canvas.press(canvas.port("conv2d_1", "in"))
    canvas.move(QPoint(5, 5))
    fits = {name: canvas.scene.node_items[canvas.id(name)].lights.fit for name in ("input", "conv2d", "flatten")}
    assert fits == {"input": "fits", "conv2d": "fits", "flatten": "doubtful"}
    canvas.key(Qt.Key.Key_Escape)


def test_the_first_card_stays_where_it_is_let_go(canvas_of):
    empty = canvas_of(Project())
    spot = QPoint(200, 150)
    assert empty.drop("Dense", spot)
    item = empty.scene.node_items[empty.id("dense")]
    assert (empty.view.mapFromScene(item.pos()) - spot).manhattanLength() <= 12  # the grid
    empty.document.reset(Project())
    assert empty.drop("Dense", spot)
    item = empty.scene.node_items[empty.id("dense")]
    assert (empty.view.mapFromScene(item.pos()) - spot).manhattanLength() <= 12
