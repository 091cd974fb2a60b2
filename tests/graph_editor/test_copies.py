"""Copies of cards: pasted from text, duplicated, and linked so that they share weights."""

from __future__ import annotations

import json

import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtGui import QGuiApplication

from engine.formats import project_file
from engine.layers.core import Dense, Input, Output
from engine.project import Project
from engine.templates import chain
from graph_editor import clipboard, copying, editing
from graph_editor.clipboard import PasteError
from graph_editor.layout import CARD_HEIGHT, CARD_WIDTH, make_room

CTRL = Qt.KeyboardModifier.ControlModifier
SHIFT = Qt.KeyboardModifier.ShiftModifier


def copied(canvas, *names: str) -> str:
    canvas.scene.select([canvas.id(name) for name in names])
    canvas.key(Qt.Key.Key_C, CTRL)
    return QGuiApplication.clipboard().text()


def overlapping(canvas) -> list[tuple[str, str]]:
    places = [(node.name, *canvas.document.position(node.id)) for node in canvas.graph]
    return [
        (one, other)
        for one, x, y in places
        for other, ox, oy in places
        if one < other and abs(x - ox) < CARD_WIDTH and abs(y - oy) < CARD_HEIGHT
    ]


# Copy and paste


def test_pasted_cards_lie_on_no_others(canvas):
    copied(canvas, "flatten", "dense")
    for _ in range(4):
        canvas.key(Qt.Key.Key_V, CTRL)
    assert len(canvas.graph) == 12
    assert not overlapping(canvas)


def test_a_paste_by_the_mouse_comes_to_the_pointer(canvas):
    copied(canvas, "dense")
    spot = canvas.view.mapToScene(QPoint(120, 600))
    canvas.view.paste(spot)
    x, y = canvas.document.position(canvas.id("dense_1"))
    assert abs(x - spot.x()) <= 5
    assert abs(y - spot.y()) <= 5


def test_a_part_is_pasted_into_another_window(canvas, canvas_of):
    copied(canvas, "flatten", "dense", "output")
    other = canvas_of(Project())
    other.key(Qt.Key.Key_V, CTRL)
    assert other.wires() == {("flatten", "dense"), ("dense", "output")}
    assert other.graph.by_name("dense").layer == canvas.graph.by_name("dense").layer
    assert other.view.visible_rect().contains(other.scene.content_rect().center())


def test_words_around_a_copied_part_do_no_harm(canvas):
    text = copied(canvas, "dense")
    graph, _ = clipboard.from_text(f"Hello Ann, try this:\n```\n{text}\n```\nBest, Bob")
    assert [node.name for node in graph] == ["dense"]


def test_shared_weights_stay_shared_in_a_copy(canvas):
    canvas.scene.select([canvas.id("dense")])
    canvas.view.duplicate_linked()
    copied(canvas, "dense", "dense_1")
    canvas.key(Qt.Key.Key_V, CTRL)
    assert canvas.graph.by_name("dense_3").shares == canvas.id("dense_2")


def damaged(text: str) -> dict[str, tuple[str, str]]:
    content = json.loads(text)
    edge = {"source": "n1", "target": "n99", "port": 0}
    node = {**content["nodes"][0], "type": "Dens"}
    return {
        "nothing": ("", "no text"),
        "foreign": ("hello", "no part of a network"),
        "foreign JSON": ("{}", "no part of a network"),
        "cut off": (text[: len(text) // 2], "damaged"),
        "a lost wire": (json.dumps({**content, "edges": [edge]}), "damaged"),
        "an unknown layer": (json.dumps({**content, "nodes": [node]}), "there is no layer 'Dens'"),
        "a later version": (json.dumps({**content, "version": 2}), "newer version"),
        "very deep": ('{"format": "layerloom-graph", "nodes": ' + "[" * 9999, "damaged"),
        "no layers": (json.dumps({**content, "nodes": [], "edges": []}), "no layers"),
        "places that are none": (json.dumps({**content, "positions": {"n1": ["a"]}}), "damaged"),
    }


@pytest.mark.parametrize("fault", damaged('{"format": "", "nodes": [{}]}'))
def test_what_cannot_be_pasted_is_told_and_changes_nothing(canvas, fault):
    text, told = damaged(copied(canvas, "dense"))[fault]
    QGuiApplication.clipboard().setText(text)
    with pytest.raises(PasteError, match=told):
        clipboard.from_text(text)
    with canvas.bot.waitSignal(canvas.view.message) as message:
        canvas.key(Qt.Key.Key_V, CTRL)
    assert told in message.args[0]
    assert not canvas.document.undo_stack.canUndo()


def test_room_is_found_near_what_is_wanted():
    taken = [(0.0, 90.0 * row) for row in range(20)]
    ((x, y),) = make_room({"a": (0.0, 180.0)}, taken).values()
    assert abs(x) <= 240
    assert abs(y - 180) < 60
    assert make_room({"a": (0.0, -300.0)}, taken) == {"a": (0.0, -300.0)}


def test_a_large_part_goes_beside_everything():
    taken = [(240.0 * column, 90.0 * row) for row in range(30) for column in range(30)]
    places = make_room({str(number): (0.0, 90.0 * number) for number in range(200)}, taken)
    assert min(x for x, _ in places.values()) > 240 * 29 + CARD_WIDTH


# Duplicates


def test_a_duplicate_lies_beside_with_the_wires_among_the_cards(canvas):
    canvas.scene.select([canvas.id("flatten"), canvas.id("dense")])
    canvas.key(Qt.Key.Key_D, CTRL)
    assert ("flatten_1", "dense_1") in canvas.wires()
    assert not overlapping(canvas)
    assert canvas.graph.by_name("dense_1").shares is None
    canvas.document.undo_stack.undo()
    assert "dense_1" not in canvas.names()


def test_a_linked_duplicate_of_a_branch_shares_its_weights(canvas):
    canvas.scene.select([canvas.id("flatten"), canvas.id("dense")])
    canvas.key(Qt.Key.Key_D, CTRL | SHIFT)
    assert canvas.graph.by_name("dense_1").shares == canvas.id("dense")
    assert canvas.graph.by_name("flatten_1").shares is None  # it has no weights
    assert ("flatten_1", "dense_1") in canvas.wires()
    assert canvas.document.undo_stack.count() == 1


def test_layers_without_weights_cannot_be_linked(canvas):
    canvas.scene.select([canvas.id("flatten")])
    with canvas.bot.waitSignal(canvas.view.message) as told:
        canvas.view.duplicate_linked()
    assert "weights" in told.args[0]
    assert not canvas.document.undo_stack.canUndo()


def test_a_linked_card_is_made_independent(canvas):
    canvas.scene.select([canvas.id("dense")])
    canvas.view.duplicate_linked()
    canvas.view.make_independent()
    assert canvas.graph.by_name("dense_1").shares is None
    canvas.document.undo_stack.undo()
    assert canvas.graph.by_name("dense_1").shares == canvas.id("dense")


def test_when_the_owner_leaves_the_others_go_on_sharing(canvas):
    for _ in range(2):
        canvas.scene.select([canvas.id("dense")])
        canvas.view.duplicate_linked()
    canvas.scene.select([canvas.id("dense")])
    canvas.view.make_independent()
    shares = [canvas.graph.by_name(name).shares for name in ("dense", "dense_1", "dense_2")]
    assert shares == [None, None, canvas.id("dense_1")]


def test_a_card_that_shares_nothing_cannot_be_made_independent(canvas):
    canvas.scene.select([canvas.id("dense")])
    with canvas.bot.waitSignal(canvas.view.message):
        canvas.view.make_independent()
    assert not canvas.document.undo_stack.canUndo()


def test_dashed_lines_join_the_sharers_of_a_selected_card(canvas):
    canvas.scene.select([canvas.id("dense")])
    canvas.view.duplicate_linked()
    lines = canvas.scene._shared_lines
    assert len(lines.families) == 1
    assert len(lines.families[0]) == 2
    canvas.scene.select([canvas.id("flatten")])
    assert not lines.families


def test_dashed_lines_join_the_sharers_of_the_card_under_the_pointer(canvas, qtbot):
    canvas.scene.select([canvas.id("dense")])
    canvas.view.duplicate_linked()
    canvas.scene.select([])
    lines = canvas.scene._shared_lines
    qtbot.mouseMove(canvas.view.viewport(), canvas.card("dense"))
    canvas.move(canvas.card("dense"), Qt.MouseButton.NoButton)
    qtbot.waitUntil(lambda: bool(lines.families))
    canvas.move(QPoint(3, 3), Qt.MouseButton.NoButton)
    assert not lines.families


def test_dashed_lines_follow_a_card_that_is_dragged(canvas):
    canvas.scene.select([canvas.id("dense")])
    canvas.view.duplicate_linked()
    start = canvas.card("dense_1")
    canvas.press(start)
    canvas.move(start + QPoint(0, 120))
    item = canvas.scene.node_items[canvas.id("dense_1")]
    assert item.pos() in canvas.scene._shared_lines.families[0]
    canvas.key(Qt.Key.Key_Escape)


@pytest.mark.parametrize("layer", [Input(), Output()])
def test_linked_cards_that_become_ends_are_linked_no_more_and_open_again(canvas_of, layer):
    graph, last = chain(Dense())
    canvas = canvas_of(Project(graph))
    copying.duplicate_linked(canvas.document, (last,))
    editing.replace_layers(canvas.document, [last], layer)
    assert all(node.shares is None for node in canvas.graph)
    project = canvas.document.project
    assert project_file.loads(project_file.dumps(project)) == project
