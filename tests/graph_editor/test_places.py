"""Cards laid out, brought into line, at equal distances, and gliding there; layers replaced where they are."""

from __future__ import annotations

import pytest
from PySide6.QtCore import Qt

from engine.layers.conv import Conv2D
from engine.layers.core import Dense, Input, Output
from engine.layers.recurrent import GRU, LSTM
from engine.project import Project
from engine.templates import chain
from graph_editor import gliding
from graph_editor.aligning import aligned, distributed
from graph_editor.editing import with_settings_of


def positions(canvas) -> dict[str, tuple[float, float]]:
    return {node.name: canvas.document.position(node.id) for node in canvas.graph}


def shown(canvas) -> dict[str, tuple[float, float]]:
    return {canvas.graph[key].name: item.pos().toTuple() for key, item in canvas.scene.node_items.items()}


@pytest.fixture
def scattered(canvas):
    """input, flatten, dense and output, not in line."""
    places = {"input": (0.0, 0.0), "flatten": (130.0, 110.0), "dense": (-70.0, 400.0), "output": (40.0, 500.0)}
    canvas.document.move("x", {canvas.id(name): place for name, place in places.items()})
    return canvas


PLACES = {"a": (0.0, 10.0), "b": (100.0, 50.0), "c": (40.0, 0.0)}


@pytest.mark.parametrize(
    ("line", "wanted"),
    [
        ("left", {0.0}),
        ("centre", {50.0}),
        ("right", {100.0}),
        ("top", {0.0}),
        ("middle", {25.0}),
        ("bottom", {50.0}),
    ],
)
def test_cards_come_into_line(line, wanted):
    axis = 0 if line in ("left", "centre", "right") else 1
    found = aligned(PLACES, line)
    assert {place[axis] for place in found.values()} == wanted
    assert {key: place[1 - axis] for key, place in found.items()} == {k: p[1 - axis] for k, p in PLACES.items()}


def test_cards_come_to_equal_distances():
    assert distributed(PLACES, "across") == {"a": (0.0, 10.0), "c": (50.0, 0.0), "b": (100.0, 50.0)}
    assert distributed(PLACES, "down") == {"c": (40.0, 0.0), "a": (0.0, 25.0), "b": (100.0, 50.0)}


def test_the_selection_is_aligned_in_one_step(scattered):
    before = positions(scattered)
    scattered.scene.select([scattered.id("flatten"), scattered.id("dense")])
    scattered.view.align_selected("left")
    after = positions(scattered)
    assert after["flatten"] == (-70.0, 110.0)
    assert {name: after[name] for name in ("input", "dense", "output")} == {
        name: before[name] for name in ("input", "dense", "output")
    }
    scattered.document.undo_stack.undo()
    assert positions(scattered) == before


def test_one_card_cannot_be_aligned(scattered):
    scattered.scene.select([scattered.id("dense")])
    with scattered.bot.waitSignal(scattered.view.message):
        scattered.view.align_selected("left")
    assert scattered.document.undo_stack.count() == 1


def test_only_the_selection_is_arranged(scattered):
    before = positions(scattered)
    scattered.scene.select([scattered.id("flatten"), scattered.id("dense")])
    scattered.view.arrange_selected()
    after = positions(scattered)
    assert after["flatten"][0] == after["dense"][0]
    assert after["dense"][1] - after["flatten"][1] == 90
    assert {name: after[name] for name in ("input", "output")} == {
        name: before[name] for name in ("input", "output")
    }


# Gliding


def test_cards_glide_and_the_document_has_the_end_at_once(scattered, qtbot):
    before = positions(scattered)
    scattered.view.arrange()
    assert positions(scattered)["dense"] != before["dense"]
    assert shown(scattered) == before
    qtbot.waitUntil(lambda: shown(scattered) == positions(scattered))


def test_an_edit_ends_the_gliding(scattered):
    scattered.view.arrange()
    scattered.drop("Dropout", scattered.card("output"))
    assert shown(scattered) == positions(scattered)


def test_a_press_ends_the_gliding(scattered):
    scattered.view.arrange()
    scattered.click(scattered.view.viewport().rect().topLeft())
    assert shown(scattered) == positions(scattered)


def test_a_press_ends_the_gliding_of_what_was_arranged_twice(scattered):
    scattered.view.arrange()
    scattered.view.arrange()
    scattered.click(scattered.view.viewport().rect().topLeft())
    assert shown(scattered) == positions(scattered)


def test_where_the_system_wants_no_animation_nothing_glides(scattered, monkeypatch):
    monkeypatch.setattr(gliding, "wanted", lambda count: False)
    scattered.view.arrange()
    assert shown(scattered) == positions(scattered)


def test_very_many_cards_do_not_glide(qapp):
    assert gliding.wanted(20)
    assert not gliding.wanted(1000)
    assert not gliding.wanted(0)


# Replacing


def test_a_layer_is_replaced_and_keeps_wires_and_settings(canvas_of):
    graph, _ = chain(Input(shape=(8, 8, 1)), Conv2D(filters=24, activation="relu"), Output())
    canvas = canvas_of(Project(graph))
    canvas.scene.select([canvas.id("conv2d")])
    canvas.view.replace_selected()
    canvas.bot.keyClicks(canvas.view.asking.search, "separableconv2d")
    canvas.bot.keyClick(canvas.view.asking.search, Qt.Key.Key_Return)
    assert canvas.wires() == {("input", "separable_conv2d"), ("separable_conv2d", "output")}
    layer = canvas.graph.by_name("separable_conv2d").layer
    assert (layer.filters, layer.activation) == (24, "relu")
    canvas.document.undo_stack.undo()
    assert canvas.graph.by_name("conv2d").layer == Conv2D(filters=24, activation="relu")


def test_what_is_typed_counts_for_more_than_what_was_set():
    made = with_settings_of(GRU(units=12), LSTM(units=99, return_sequences=True))
    assert (made.units, made.return_sequences) == (12, True)


def test_a_name_that_was_given_stays(canvas):
    canvas.document.edit_graph("x", canvas.graph.rename(canvas.id("dense"), "head"))
    canvas.scene.select([canvas.id("head")])
    canvas.view.replace_selected()
    canvas.bot.keyClicks(canvas.view.asking.search, "dropout")
    canvas.bot.keyClick(canvas.view.asking.search, Qt.Key.Key_Return)
    assert canvas.graph.by_name("head").layer.type_name() == "Dropout"


def test_a_layer_without_room_for_the_wires_is_refused(canvas):
    canvas.scene.select([canvas.id("dense")])
    with canvas.bot.waitSignal(canvas.view.message) as told:
        canvas.view._replace((canvas.id("dense"),), Input())
    assert "no place" in told.args[0]
    assert isinstance(canvas.graph.by_name("dense").layer, Dense)
