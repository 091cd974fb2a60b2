"""The path from the Inputs to a card."""

from __future__ import annotations

from PySide6.QtCore import QPoint, Qt

from engine.templates import make
from graph_editor.marks import FADED
from graph_editor.path_light import path_to

from .conftest import Canvas


def lit(canvas: Canvas) -> set[str]:
    path = canvas.scene.marks.path
    return set() if path is None else {canvas.graph[key].name for key in path.nodes}


def hover(canvas: Canvas, name: str) -> None:
    canvas.bot.mouseMove(canvas.view.viewport(), QPoint(3, 3))
    canvas.bot.mouseMove(canvas.view.viewport(), canvas.card(name))


def test_a_path_holds_all_that_a_card_depends_on(branched: Canvas) -> None:
    path = path_to(branched.graph, branched.id("max_pooling2d"))
    names = {branched.graph[key].name for key in path.nodes}
    assert names == {"input", "rescaling", "conv2d", "max_pooling2d"}
    assert len(path.edges) == 3


def test_the_pointer_lights_up_the_path_after_a_moment_and_lets_it_go(branched: Canvas) -> None:
    branched.view.paths.light_under_pointer(True)
    hover(branched, "conv2d_1")
    assert not lit(branched)  # the pointer may only pass by
    branched.bot.waitUntil(lambda: lit(branched) == {"input", "rescaling", "conv2d_1"})
    branched.bot.mouseMove(branched.view.viewport(), QPoint(3, 3))
    branched.bot.waitUntil(lambda: not lit(branched))


def test_what_is_not_on_the_path_is_faded(branched: Canvas) -> None:
    branched.view.reset_zoom()
    branched.view.center_on(branched.id("conv2d"))
    spot = branched.view.mapFromScene(branched.scene.node_items[branched.id("conv2d_1")].card_rect().center())
    before = branched.view.viewport().grab().toImage()
    branched.view.paths.light_selected(True)
    assert lit(branched) == {"input", "rescaling", "conv2d"}
    assert branched.scene.marks.opacity(branched.id("conv2d_1")) == FADED
    bar = spot - QPoint(97, 0)  # the colour of the category
    after = branched.view.viewport().grab().toImage()
    assert before.pixelColor(bar) != after.pixelColor(bar)


def test_the_path_follows_the_selection_by_keyboard(branched: Canvas) -> None:
    branched.view.paths.light_selected(True)
    branched.scene.select([branched.id("rescaling")])
    assert lit(branched) == {"input", "rescaling"}
    branched.key(Qt.Key.Key_Up)
    assert lit(branched) == {"input"}
    branched.view.paths.light_selected(False)
    assert not lit(branched)


def test_no_path_is_shown_during_a_gesture(branched: Canvas) -> None:
    branched.view.paths.light_under_pointer(True)
    hover(branched, "conv2d_1")
    branched.bot.waitUntil(lambda: bool(lit(branched)))
    spot = branched.card("conv2d_1")
    branched.press(spot)
    assert not lit(branched)
    for step in range(1, 8):
        branched.move(spot + QPoint(6 * step, 0))
    branched.bot.waitUntil(lambda: not branched.view.paths._rested.isActive())
    assert not lit(branched)
    branched.release(spot + QPoint(42, 0))
    branched.document.undo_stack.undo()
    assert not branched.document.modified


def test_an_edit_changes_the_path_and_its_undo_too(branched: Canvas) -> None:
    branched.view.paths.light_selected(True)
    branched.scene.select([branched.id("conv2d")])
    graph = branched.graph
    branched.document.edit_graph("Cut", graph.disconnect(*graph.incoming(branched.id("conv2d"))))
    assert lit(branched) == {"conv2d"}
    branched.document.undo_stack.undo()
    assert lit(branched) == {"input", "rescaling", "conv2d"}


def test_another_project_has_no_path_until_the_pointer_moves(branched: Canvas) -> None:
    branched.view.paths.light_under_pointer(True)
    hover(branched, "conv2d_1")
    branched.bot.waitUntil(lambda: bool(lit(branched)))
    branched.document.reset(make("digits-two-branch"))  # its cards have the same identifiers
    assert not lit(branched)


def test_no_path_under_the_pointer_is_shown_while_keys_are_pressed(branched: Canvas) -> None:
    branched.view.paths.light_under_pointer(True)
    hover(branched, "conv2d_1")
    branched.bot.waitUntil(lambda: bool(lit(branched)))
    branched.scene.select([branched.id("conv2d")])
    branched.key(Qt.Key.Key_Tab)
    assert not lit(branched)
    box = branched.view.asking
    assert box is not None
    branched.bot.keyClicks(box.search, "dropout")
    branched.bot.keyClick(box.search, Qt.Key.Key_Return)
    assert "dropout" in branched.names()
    assert not lit(branched)
    branched.move(branched.card("conv2d_1") + QPoint(3, 2), button=Qt.MouseButton.NoButton)
    branched.bot.waitUntil(lambda: lit(branched) == {"input", "rescaling", "conv2d_1"})
