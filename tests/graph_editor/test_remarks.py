"""Notes and frames: put on the canvas, written, moved with what lies in them, coloured, saved and drawn."""

from __future__ import annotations

from dataclasses import replace

import pytest
from PySide6.QtCore import QEvent, QPoint, QPointF, QRectF, Qt

from engine.errors import FileFormatError
from engine.formats import project_file
from engine.layout import Layout, Remark
from graph_editor import picture, remarks
from graph_editor.theme import DARK, LIGHT

ALT, SHIFT, CTRL = (
    Qt.KeyboardModifier.AltModifier,
    Qt.KeyboardModifier.ShiftModifier,
    Qt.KeyboardModifier.ControlModifier,
)


def shown(canvas) -> dict[str, Remark]:
    return dict(canvas.document.layout.remarks)


@pytest.fixture
def framed(canvas):
    """A frame around flatten and dense, not being written any more."""
    canvas.scene.select([canvas.id("flatten"), canvas.id("dense")])
    canvas.view.add_frame()
    canvas.bot.keyClick(canvas.view.writing, Qt.Key.Key_Escape)
    canvas.view.fit()
    return canvas


def title(canvas) -> QPoint:
    rect = canvas.scene.remarks.items["m1"].text_rect
    return canvas.view.mapFromScene(QPointF(rect.left() + 30, rect.center().y()))


def test_a_note_is_put_on_the_canvas_and_written(canvas, qtbot):
    canvas.view.add_note(QPointF(400, 100))
    field = canvas.view.writing
    qtbot.keyClicks(field, "Why so small?")
    qtbot.keyClick(field, Qt.Key.Key_Return, CTRL)
    (note,) = shown(canvas).values()
    assert (note.kind, note.text) == ("note", "Why so small?")
    canvas.document.undo_stack.undo()
    canvas.document.undo_stack.undo()
    assert not shown(canvas)
    assert not canvas.scene.remarks.items


@pytest.mark.parametrize("scale", [1.0, 0.3, 3.0])
def test_a_note_lies_on_free_ground(canvas, scale):
    canvas.view.zoom(scale / canvas.view.scale_now())
    canvas.view.center_on(canvas.id("flatten"))
    seen = canvas.view.visible_rect()
    canvas.view.add_note()
    canvas.view.add_note()
    one, other = (QRectF(*note.rect) for note in shown(canvas).values())
    cards = [item.card_rect() for item in canvas.scene.node_items.values()]
    assert not any(card.intersects(note) for card in cards for note in (one, other))
    assert not one.intersects(other)
    if scale <= 1:
        assert seen.contains(one)
        assert seen.contains(other)
    assert canvas.view.visible_rect().intersects(other)


@pytest.mark.parametrize("theme", [LIGHT, DARK])
def test_a_note_that_is_written_looks_like_one(canvas, theme):
    canvas.scene._fixed_theme = theme
    canvas.scene.restyle()
    canvas.view.add_note()
    field, item = canvas.view.writing, canvas.scene.remarks.items["m1"]
    picture = field.grab().toImage()
    assert picture.pixelColor(picture.width() // 2, picture.height() // 2) == item.fill
    sides = ((1, 40), (field.width() - 2, 40), (60, 1), (60, field.height() - 2))
    assert {picture.pixelColor(*side).name() for side in sides} == {theme.selection}
    assert field.geometry() == canvas.view.mapFromScene(item.rect).boundingRect()


def test_a_frame_is_put_around_the_selected_cards(framed):
    (frame,) = shown(framed).values()
    left, top, width, height = frame.rect
    for name in ("flatten", "dense"):
        x, y = framed.document.position(framed.id(name))
        assert left < x - 100 < x + 100 < left + width
        assert top < y - 27 < y + 27 < top + height
    assert set(remarks.held(framed.document, "m1")[0]) == {framed.id("flatten"), framed.id("dense")}


def test_a_frame_is_named_in_its_place(framed, qtbot):
    framed.mouse(QEvent.Type.MouseButtonDblClick, title(framed))
    qtbot.keyClicks(framed.view.writing, "Head")
    qtbot.keyClick(framed.view.writing, Qt.Key.Key_Return)
    assert shown(framed)["m1"].text == "Head"


def test_a_frame_that_is_dragged_moves_what_lies_in_it(framed):
    before = {name: framed.document.position(framed.id(name)) for name in framed.names()}
    rect = shown(framed)["m1"].rect
    count = framed.document.undo_stack.count()
    framed.drag(title(framed), title(framed) + QPoint(100, 40))
    moved = shown(framed)["m1"].rect
    dx, dy = moved[0] - rect[0], moved[1] - rect[1]
    assert dx > 50
    assert framed.document.undo_stack.count() == count + 1
    for name, (x, y) in before.items():
        inside = name in ("flatten", "dense")
        assert framed.document.position(framed.id(name)) == ((x + dx, y + dy) if inside else (x, y))
    framed.document.undo_stack.undo()
    assert shown(framed)["m1"].rect == rect
    assert framed.document.position(framed.id("dense")) == before["dense"]


def test_escape_gives_up_the_dragging_of_a_frame(framed):
    rect, count = shown(framed)["m1"].rect, framed.document.undo_stack.count()
    start = title(framed)
    framed.press(start)
    framed.move(start + QPoint(80, 0))
    framed.key(Qt.Key.Key_Escape)
    assert framed.scene.remarks.items["m1"].rect.getRect() == rect
    assert framed.document.undo_stack.count() == count
    assert framed.scene.node_items[framed.id("dense")].pos().toTuple() == framed.document.position(
        framed.id("dense")
    )


def test_the_corner_of_a_frame_is_drawn_out(framed):
    rect = shown(framed)["m1"].rect
    corner = framed.view.mapFromScene(framed.scene.remarks.items["m1"].rect.bottomRight() - QPointF(4, 4))
    framed.drag(corner, corner + QPoint(60, 30))
    after = shown(framed)["m1"].rect
    assert after[:2] == rect[:2]
    assert after[2] > rect[2]
    assert after[3] > rect[3]


def test_cards_within_a_frame_are_pressed_and_banded_as_ever(framed):
    framed.click(framed.card("dense"))
    assert framed.scene.selected_nodes() == (framed.id("dense"),)
    assert not framed.scene.remarks.selected()


def test_notes_and_frames_are_gone_through_moved_written_and_deleted_by_keys(framed, qtbot):
    framed.scene.select([])
    framed.view.setFocus()
    framed.key(Qt.Key.Key_N)
    assert framed.scene.remarks.selected() == ("m1",)
    before, (x, y) = shown(framed)["m1"].rect, framed.document.position(framed.id("dense"))
    framed.key(Qt.Key.Key_Right, ALT)
    assert shown(framed)["m1"].rect[0] == before[0] + 10
    assert framed.document.position(framed.id("dense")) == (x + 10, y)
    framed.key(Qt.Key.Key_Down, ALT | SHIFT)
    assert shown(framed)["m1"].rect[3] == before[3] + 10
    framed.key(Qt.Key.Key_F2)
    qtbot.keyClicks(framed.view.writing, "Top")
    qtbot.keyClick(framed.view.writing, Qt.Key.Key_Return)
    assert shown(framed)["m1"].text == "Top"
    framed.view.setFocus()
    framed.key(Qt.Key.Key_Delete)
    assert not shown(framed)
    assert "dense" in framed.names()


def test_notes_follow_the_theme(framed):
    framed.scene._fixed_theme = DARK if framed.scene.theme.name == "light" else LIGHT
    framed.scene.restyle()
    assert framed.scene.remarks.items["m1"]._theme is framed.scene.theme


def test_a_colour_is_chosen(framed):
    remarks.set_color(framed.document, ["m1"], "green")
    assert shown(framed)["m1"].color == "green"


def test_notes_outlive_edits_of_the_graph_and_of_groups(framed):
    before = shown(framed)
    framed.drop("Dropout", framed.wire("input", "flatten"))
    framed.view.arrange()
    framed.scene.select([framed.id("dense")])
    framed.view.group_selected()
    framed.view.open_group(framed.id("model"))
    framed.drop("Dropout", QPoint(50, 50))
    framed.view.leave_group()
    framed.scene.select([framed.id("flatten")])
    framed.view.delete_selected()
    assert shown(framed) == before


# Files


def test_notes_and_frames_are_saved(framed):
    project = framed.document.project
    assert project_file.loads(project_file.dumps(project)) == project


@pytest.mark.parametrize(
    "fault",
    [
        {"kind": "cloud", "text": "", "rect": [0, 0, 9, 9], "color": "red"},
        {"kind": "note", "text": "", "rect": [0, 0, 9, 9], "color": "pink"},
        {"kind": "note", "text": "", "rect": [0, 0, 0, 9], "color": "red"},
        {"kind": "note", "text": "", "rect": [0, 0, 9], "color": "red"},
        {"kind": "note", "text": 5, "rect": [0, 0, 9, 9], "color": "red"},
        {"kind": "note", "rect": [0, 0, 9, 9], "color": "red"},
        7,
    ],
)
def test_damaged_notes_are_refused(framed, fault):
    import json

    content = json.loads(project_file.dumps(framed.document.project))
    content["remarks"]["m1"] = fault
    with pytest.raises(FileFormatError, match="remarks"):
        project_file.loads(json.dumps(content))


def test_notes_are_in_pictures(canvas, tmp_path, qapp):
    project = canvas.document.project
    note = Remark("note", "Look here", (900.0, 0.0, 200.0, 80.0))
    picture.render(project, tmp_path / "without.svg")
    picture.render(replace(project, layout=Layout(project.layout.positions, {"m1": note})), tmp_path / "with.svg")
    assert "Look here" in (tmp_path / "with.svg").read_text()
    assert "Look here" not in (tmp_path / "without.svg").read_text()
