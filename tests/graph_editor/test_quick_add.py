"""The search box on the canvas: what opens it, what it finds first, and what Enter does."""

from __future__ import annotations

import pytest
from PySide6.QtCore import QEvent, QPoint, Qt
from PySide6.QtWidgets import QApplication

from engine.layers.activations import LeakyReLU
from engine.layers.conv import Conv2D
from engine.layers.core import Activation, Dense, Input
from engine.registry import LAYERS
from graph_editor import search
from graph_editor.quick_add import QuickAdd


def box(canvas) -> QuickAdd:
    found = canvas.view.asking
    assert found is not None
    assert found.isVisible()
    assert found.search.hasFocus()
    assert canvas.view.viewport().rect().contains(found.geometry())
    return found


def names(found: QuickAdd) -> list[str]:
    return [suggestion.layer.type_name() for suggestion in found.suggestions()]


def take(canvas, text: str) -> None:
    found = box(canvas)
    canvas.bot.keyClicks(found.search, text)
    canvas.bot.keyClick(found.search, Qt.Key.Key_Return)
    assert not found.isVisible()


def test_a_double_click_in_the_open_adds_a_layer_there(canvas):
    at = QPoint(700, 300)
    canvas.mouse(QEvent.Type.MouseButtonDblClick, at)
    wanted = canvas.view.mapToScene(at)
    take(canvas, "dropo")
    place = canvas.document.position(canvas.id("dropout"))
    assert abs(place[0] - wanted.x()) <= 5
    assert abs(place[1] - wanted.y()) <= 5
    assert canvas.document.undo_stack.count() == 1
    assert canvas.scene.selected_nodes() == (canvas.id("dropout"),)
    QApplication.processEvents()
    assert canvas.view.hasFocus()


def test_a_double_click_on_a_wire_inserts_a_layer(canvas):
    canvas.mouse(QEvent.Type.MouseButtonDblClick, canvas.wire("flatten", "dense"))
    take(canvas, "dropout 0.3")
    assert {("flatten", "dropout"), ("dropout", "dense")} <= canvas.wires()
    assert canvas.graph.by_name("dropout").layer.rate == 0.3


@pytest.mark.parametrize("key", [Qt.Key.Key_Tab, Qt.Key.Key_Space])
def test_a_key_adds_behind_the_selected_card_and_wires_it(canvas, key):
    canvas.scene.select([canvas.id("input")])
    canvas.key(key)
    take(canvas, "conv2d 16 5")
    conv = canvas.graph.by_name("conv2d")
    assert (conv.layer.filters, conv.layer.kernel_size) == (16, (5, 5))
    assert {("input", "conv2d"), ("conv2d", "flatten")} <= canvas.wires()
    canvas.key(key)
    take(canvas, "maxpooling2d")
    assert {("conv2d", "max_pooling2d"), ("max_pooling2d", "flatten")} <= canvas.wires()


def test_the_space_bar_still_shifts_the_canvas(canvas):
    before = canvas.view.mapToScene(QPoint(0, 0))
    canvas.bot.keyPress(canvas.view, Qt.Key.Key_Space)
    canvas.drag(QPoint(700, 300), QPoint(760, 340))
    canvas.bot.keyRelease(canvas.view, Qt.Key.Key_Space)
    assert canvas.view.mapToScene(QPoint(0, 0)) != before
    assert canvas.view.asking is None


def test_what_fits_comes_first_and_says_what_it_would_give(canvas):
    canvas.scene.select([canvas.id("input")])
    canvas.key(Qt.Key.Key_Tab)
    found = box(canvas)
    canvas.bot.keyClicks(found.search, "conv")
    assert names(found)[0] == "Conv2D"
    first = found.suggestions()[0]
    assert first.said == "6 × 6 × 32"
    fits = [suggestion.fits for suggestion in found.suggestions()]
    assert fits == sorted(fits, reverse=True)
    assert False in fits
    one = next(s for s in found.suggestions() if s.layer.type_name() == "Conv3D")
    assert not one.fits
    assert one.said


def test_a_wire_let_go_in_the_open_asks_what_comes_next(loose):
    start = loose.port("dense", "out")
    loose.drag(start, start + QPoint(-40, 200))
    found = box(loose)
    assert "Input" not in [s.layer.type_name() for s in found.suggestions() if s.fits]
    take(loose, "dense 7")
    assert ("dense", "dense_1") in loose.wires()
    assert loose.graph.by_name("dense_1").layer.units == 7
    assert loose.document.undo_stack.count() == 1


def test_a_wire_drawn_backwards_asks_what_comes_before(loose):
    start = loose.port("conv2d", "in")
    loose.drag(start, start + QPoint(60, -200))
    take(loose, "input")
    assert ("input_1", "conv2d") in loose.wires()


def test_a_click_on_a_port_asks_nothing(loose):
    loose.click(loose.port("dense", "out"))
    assert loose.view.asking is None


def test_escape_and_leaving_close_it_without_a_trace(canvas):
    for close in (
        lambda found: canvas.bot.keyClick(found.search, Qt.Key.Key_Escape),
        lambda _: canvas.view.setFocus(),
    ):
        canvas.mouse(QEvent.Type.MouseButtonDblClick, QPoint(700, 300))
        found = box(canvas)
        close(found)
        assert not found.isVisible()
    assert not canvas.document.undo_stack.canUndo()


def test_an_edit_from_elsewhere_closes_it(canvas):
    canvas.mouse(QEvent.Type.MouseButtonDblClick, QPoint(700, 300))
    found = box(canvas)
    canvas.document.edit_graph("Elsewhere", canvas.graph.remove(canvas.id("dense")))
    assert not found.isVisible()


def test_arrows_choose_and_a_click_takes(canvas):
    canvas.mouse(QEvent.Type.MouseButtonDblClick, QPoint(700, 300))
    found = box(canvas)
    canvas.bot.keyClicks(found.search, "pooling")
    canvas.bot.keyClick(found.search, Qt.Key.Key_Down)
    assert found.list.currentRow() == 1
    item = found.list.item(2)
    wanted = names(found)[2]
    canvas.bot.mouseClick(
        found.list.viewport(), Qt.MouseButton.LeftButton, pos=found.list.visualItemRect(item).center()
    )
    assert wanted in {node.layer.type_name() for node in canvas.graph}


def test_nothing_found_adds_nothing(canvas):
    canvas.mouse(QEvent.Type.MouseButtonDblClick, QPoint(700, 300))
    found = box(canvas)
    canvas.bot.keyClicks(found.search, "xyzzy")
    assert found.list.item(0).text() == "No layer matches “xyzzy”"
    assert found.suggestions() == []
    for key in (Qt.Key.Key_Return, Qt.Key.Key_Tab, Qt.Key.Key_Down, Qt.Key.Key_Return):
        canvas.bot.keyClick(found.search, key)
    assert found.isVisible()
    assert not canvas.document.undo_stack.canUndo()


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("dense 128", Dense(units=128)),
        ("dense 0", Dense()),
        ("dense 3.5", Dense()),
        ("conv2d 8 3x5", Conv2D(filters=8, kernel_size=(3, 5))),
        ("conv2d 8 3x5x7", Conv2D(filters=8)),
        ("conv2d", Conv2D()),
        ("input 8 8 1", Input(shape=(8, 8, 1))),
        ("input 28x28 1", Input(shape=(28, 28, 1))),
        ("input 784", Input(shape=(784,))),
        ("dense 64 relu", Dense(units=64, activation="relu")),
        ("Dense ReLU 64", Dense(units=64, activation="relu")),
        ("dense swish", Dense(activation="silu")),
        ("activation relu", Activation(activation="relu")),
        ("leaky relu", LeakyReLU()),
        ("conv2d 16 3 padding=same", Conv2D(filters=16, kernel_size=(3, 3), padding="same")),
        ("conv2d strides = (2, 2) relu", Conv2D(strides=(2, 2), activation="relu")),
        ("dense use_bias=false units=3", Dense(units=3, use_bias=False)),
        ("dense units=", Dense()),
    ],
)
def test_what_is_typed_becomes_settings_where_it_can(text, expected):
    query = search.read(text)
    assert search.rank(type(expected), query) is not None
    assert search.made(type(expected), query) == (expected, None)


def test_all_that_is_typed_is_taken(canvas):
    canvas.mouse(QEvent.Type.MouseButtonDblClick, QPoint(700, 300))
    take(canvas, "conv2d 16 3 padding=same relu")
    assert canvas.graph.by_name("conv2d").layer == Conv2D(
        filters=16, kernel_size=(3, 3), padding="same", activation="relu"
    )


@pytest.mark.parametrize(
    ("text", "sentence"),
    [("dense units=0", "units: must be at least 1"), ("dense fish=3", "has no setting fish")],
)
def test_a_setting_that_is_refused_says_so_and_adds_nothing(canvas, text, sentence):
    canvas.mouse(QEvent.Type.MouseButtonDblClick, QPoint(700, 300))
    found = box(canvas)
    canvas.bot.keyClicks(found.search, text)
    assert found.suggestions()[0].said == sentence
    canvas.bot.keyClick(found.search, Qt.Key.Key_Return)
    assert found.isVisible()
    assert not canvas.document.undo_stack.canUndo()


def test_tab_takes_what_is_chosen(canvas):
    canvas.mouse(QEvent.Type.MouseButtonDblClick, QPoint(700, 300))
    found = box(canvas)
    canvas.bot.keyClicks(found.search, "dropout 0.3")
    canvas.bot.keyClick(found.search, Qt.Key.Key_Tab)
    assert not found.isVisible()
    assert canvas.graph.by_name("dropout").layer.rate == 0.3


def test_every_layer_is_found_by_its_name():
    for name, layer in LAYERS.items():
        assert search.rank(layer, search.read(name)) == 0
        assert search.rank(layer, search.read("xyzzy")) is None


def test_layers_that_merge_come_first_for_several_wires(branched):
    branched.scene.select([branched.id("max_pooling2d"), branched.id("max_pooling2d_1")])
    branched.view.merge_selected()
    found = box(branched)
    merging = [suggestion.layer.category == "Merging" for suggestion in found.suggestions() if suggestion.fits]
    assert merging == sorted(merging, reverse=True)
    assert {"Concatenate", "Add"} <= set(names(found)[: sum(merging)])
    assert "Attention" in names(found)[sum(merging) :]
    branched.bot.keyClicks(found.search, "attention")
    assert names(found)[0] == "Attention"
