"""Finding layers on the canvas."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from PySide6.QtCore import Qt

from engine.grouping import group
from engine.inference import infer
from engine.layers.core import Dense
from engine.project import Project
from engine.templates import make
from graph_editor.document import ProjectDocument
from graph_editor.finding import find, read
from graph_editor.travel import step_problem, zoom_to_selection

from .conftest import Canvas


@pytest.fixture
def canvas(canvas_of: Callable[[Project], Canvas]) -> Canvas:
    return canvas_of(make("digits-cnn"))


@pytest.fixture
def grouped(canvas_of: Callable[[Project], Canvas]) -> Canvas:
    """The same with both convolutions and their pooling in a group."""
    project = ProjectDocument(make("digits-cnn")).project
    inner = [project.graph.by_name(name).id for name in ("conv2d", "max_pooling2d", "conv2d_1", "max_pooling2d_1")]
    graph, _ = group(project.graph, infer(project.graph), inner, project.layout)
    return canvas_of(Project(graph))


def names(canvas: Canvas, text: str) -> list[str]:
    places = find(canvas.document.whole, text)
    return [canvas.graph[place.node_id].name for place in places]


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("conv", ["conv2d", "conv2d_1"]),
        ("CONV2D_1", ["conv2d_1"]),
        ("maxpooling2d", ["max_pooling2d", "max_pooling2d_1"]),
        ("filters=64", ["conv2d_1"]),
        ("kernel_size = 3", ["conv2d", "conv2d_1"]),
        ("kernel=(3, 3)", ["conv2d", "conv2d_1"]),
        ("kernel_size=3x3 filters=32", ["conv2d"]),
        ("relu", ["conv2d", "conv2d_1", "dense"]),
        ("dense softmax", ["dense_1"]),
        ("8, 8", ["input", "rescaling", "conv2d"]),
        ("8x8x32", ["conv2d"]),
        ("(None, 10)", ["dense_1", "output"]),
        ("conv2d 4 × 4", ["conv2d_1"]),
        ("nothing of this", []),
        ("   ", []),
    ],
)
def test_layers_are_found_by_what_is_known_of_them(canvas: Canvas, text: str, found: list[str]) -> None:
    assert names(canvas, text) == found


def test_a_text_is_taken_apart() -> None:
    wanted = read("Conv2D strides = (2, 2) 14 x 14 relu")
    assert wanted.words == ("conv2d", "relu")
    assert wanted.settings == (("strides", "(2, 2)"),)
    assert wanted.shapes == ((14, 14),)


def type_text(canvas: Canvas, text: str) -> None:
    bar = canvas.view.find_bar
    bar.ask()
    bar.field.clear()
    canvas.bot.keyClicks(bar.field, text)
    canvas.bot.waitUntil(lambda: not bar._soon.isActive())


def test_matches_are_counted_framed_and_gone_through(canvas: Canvas) -> None:
    bar, marks = canvas.view.find_bar, canvas.scene.marks
    type_text(canvas, "conv")
    both = [canvas.id("conv2d"), canvas.id("conv2d_1")]
    assert bar.count.text() == "1 of 2"
    assert (marks.found, marks.current) == (frozenset(both), both[0])
    canvas.bot.keyClick(bar.field, Qt.Key.Key_Return)
    assert bar.count.text() == "2 of 2"
    assert canvas.scene.selected_nodes() == (both[1],)
    canvas.bot.keyClick(bar.field, Qt.Key.Key_Return)
    assert canvas.scene.selected_nodes() == (both[0],)
    canvas.bot.keyClick(bar.field, Qt.Key.Key_Return, Qt.KeyboardModifier.ShiftModifier)
    assert bar.count.text() == "2 of 2"


def test_the_frame_is_painted(canvas: Canvas) -> None:
    before = canvas.view.viewport().grab().toImage()
    type_text(canvas, "conv2d_1")
    after = canvas.view.viewport().grab().toImage()
    corner = canvas.scene.node_items[canvas.id("conv2d_1")].card_rect().topLeft()
    spots = [canvas.view.mapFromScene(corner.x() + 90, corner.y() - shift) for shift in (4, 5, 6)]
    assert any(before.pixelColor(spot) != after.pixelColor(spot) for spot in spots)


def test_escape_ends_the_search(canvas: Canvas) -> None:
    type_text(canvas, "conv")
    canvas.bot.keyClick(canvas.view.find_bar.field, Qt.Key.Key_Escape)
    assert not canvas.view.find_bar.isVisible()
    assert canvas.scene.marks.found == frozenset()


def test_the_count_follows_edits_and_their_undo(canvas: Canvas) -> None:
    bar = canvas.view.find_bar
    type_text(canvas, "conv")
    canvas.document.edit_graph("Remove", canvas.graph.remove(canvas.id("conv2d_1"), heal=True))
    canvas.bot.waitUntil(lambda: bar.count.text() == "1 of 1")
    canvas.document.undo_stack.undo()
    canvas.bot.waitUntil(lambda: bar.count.text() == "1 of 2")


def test_a_match_inside_a_group_is_gone_to(grouped: Canvas) -> None:
    model = grouped.id("model")
    type_text(grouped, "filters=64")
    assert grouped.view.find_bar.count.text() == "1 of 1"
    assert grouped.document.path == ()
    assert grouped.scene.marks.found == {model}  # the group that holds it is framed
    grouped.bot.keyClick(grouped.view.find_bar.field, Qt.Key.Key_Return)
    assert grouped.document.path == (model,)
    assert grouped.scene.selected_nodes() == (grouped.id("conv2d_1"),)
    type_text(grouped, "dense_1")
    grouped.bot.keyClick(grouped.view.find_bar.field, Qt.Key.Key_Return)
    assert grouped.document.path == ()
    assert grouped.scene.selected_nodes() == (grouped.id("dense_1"),)


def test_the_search_begins_in_the_group_that_is_open(grouped: Canvas) -> None:
    bar, model = grouped.view.find_bar, grouped.id("model")
    type_text(grouped, "e")
    assert bar.count.text().startswith("1 of")
    grouped.document.open_group(model)
    bar.ask()
    grouped.bot.keyClick(bar.field, Qt.Key.Key_Return)
    first = grouped.scene.selected_nodes()
    assert grouped.document.path == (model,)
    grouped.document.edit_graph("x", grouped.graph.rename(grouped.id("conv2d"), "edited"))
    bar.search()
    grouped.bot.keyClick(bar.field, Qt.Key.Key_Return)
    assert grouped.document.path == (model,)
    assert grouped.scene.selected_nodes() != first


def test_the_view_zooms_to_what_is_selected(canvas: Canvas) -> None:
    canvas.view.fit()
    small = canvas.view.scale_now()
    canvas.scene.select([canvas.id("dense")])
    zoom_to_selection(canvas.view)
    assert canvas.view.scale_now() == 1.0 > small
    middle = canvas.scene.node_items[canvas.id("dense")].pos()
    assert (canvas.view.visible_rect().center() - middle).manhattanLength() < 4
    canvas.scene.select([])
    zoom_to_selection(canvas.view)
    assert canvas.view.scale_now() == pytest.approx(small)


def test_problems_are_gone_through(canvas: Canvas) -> None:
    heard: list[str] = []
    canvas.view.message.connect(heard.append)
    step_problem(canvas.view, 1)
    assert heard == ["There are no problems."]
    graph = canvas.graph
    for name in ("conv2d", "conv2d_1"):
        node = graph.by_name(name)
        graph = graph.set_layer(node.id, node.layer.replace(kernel_size=(99, 99), padding="valid"))
    loose = graph.new_node(Dense())
    canvas.document.edit_graph("Break", graph.add(loose))
    chosen: list[str | None] = []
    for by in (1, 1, 1, -1):
        step_problem(canvas.view, by)
        chosen.append(canvas.view.selected_node())
    assert chosen[0] == chosen[2] == loose.id
    assert chosen[1] == chosen[3] == canvas.id("conv2d")
    assert "99" in heard[2]
