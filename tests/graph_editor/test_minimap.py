"""The small map of the graph at a corner of the canvas."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from PySide6.QtCore import QPoint, QPointF, Qt
from PySide6.QtGui import QColor

from engine.project import Project
from engine.templates import make
from graph_editor.minimap import Minimap
from graph_editor.theme import category_color

from .conftest import Canvas


@pytest.fixture
def large(canvas_of: Callable[[Project], Canvas]) -> Canvas:
    """A network that is seen in part."""
    found = canvas_of(make("resnet50"))
    found.view.minimap.want(True)
    found.view.reset_zoom()
    found.bot.waitUntil(found.view.minimap.isVisible)
    return found


def spot_of(canvas: Canvas, name: str) -> QPoint:
    place = canvas.document.position(canvas.id(name))
    return canvas.view.minimap._to_map(QPointF(*place)).toPoint()


def centre(canvas: Canvas) -> QPointF:
    return canvas.view.visible_rect().center()


def test_it_is_there_only_where_the_graph_does_not_fit(large: Canvas) -> None:
    large.view.fit()
    assert not large.view.minimap.isVisible()
    large.view.reset_zoom()
    assert large.view.minimap.isVisible()
    large.view.minimap.want(False)
    assert not large.view.minimap.isVisible()


def test_it_does_not_cover_a_graph_that_is_seen_almost_whole(large: Canvas) -> None:
    large.view.fit()
    assert not large.view.minimap.isVisible()
    large.view.zoom(1.15)
    assert not large.view.visible_rect().contains(large.scene.content_rect())
    assert not large.view.minimap.isVisible()
    large.view.zoom(1.6)
    assert large.view.minimap.isVisible()


def test_a_press_goes_to_a_place(large: Canvas) -> None:
    large.bot.mouseClick(large.view.minimap, Qt.MouseButton.LeftButton, pos=spot_of(large, "predictions"))
    seen = large.view.visible_rect()
    assert seen.contains(QPointF(*large.document.position(large.id("predictions"))))


def test_a_drag_of_the_frame_shifts_the_view(large: Canvas) -> None:
    minimap = large.view.minimap
    before, start = centre(large), minimap.frame().center().toPoint()
    scale = minimap._scale
    large.bot.mousePress(minimap, Qt.MouseButton.LeftButton, pos=start)
    large.bot.mouseMove(minimap, start + QPoint(0, 20))
    large.bot.mouseRelease(minimap, Qt.MouseButton.LeftButton, pos=start + QPoint(0, 20))
    assert centre(large).y() - before.y() == pytest.approx(20 / scale, abs=1.5 / scale)


def test_the_frame_follows_the_view(large: Canvas) -> None:
    before = large.view.minimap.frame()
    large.view.pan(QPoint(0, 0), QPoint(0, -300))
    assert large.view.minimap.frame().center().y() > before.center().y()


def test_blocks_have_the_colour_of_their_category(large: Canvas) -> None:
    large.view.look_at(QPointF(*large.document.position(large.id("conv1_conv"))))
    picture, spot = large.view.minimap.grab().toImage(), spot_of(large, "predictions")
    shown = picture.pixelColor(spot * picture.devicePixelRatio())
    assert shown == QColor(category_color("Core", large.scene.theme))


def test_a_card_that_is_dragged_is_painted_once_when_it_is_let_go(
    large: Canvas, monkeypatch: pytest.MonkeyPatch
) -> None:
    painted: list[int] = []
    paint = Minimap._paint_blocks
    monkeypatch.setattr(Minimap, "_paint_blocks", lambda self: (painted.append(1), paint(self)))
    minimap = large.view.minimap
    minimap._soon.timeout.disconnect()
    minimap._soon.timeout.connect(lambda: Minimap._paint_blocks(minimap))
    large.view.look_at(QPointF(*large.document.position(large.id("conv1_conv"))))
    spot = large.card("conv1_conv")
    large.press(spot)
    for step in range(1, 30):
        large.move(spot + QPoint(4 * step, 0))
    assert not painted
    large.release(spot + QPoint(116, 0))
    large.bot.waitUntil(lambda: painted == [1])


def test_an_undone_edit_is_drawn(large: Canvas) -> None:
    minimap = large.view.minimap
    before = minimap.grab().toImage()
    large.document.edit_graph("Remove", large.graph.remove(large.id("predictions"), heal=True))
    large.bot.waitUntil(lambda: minimap.grab().toImage() != before)
    large.document.undo_stack.undo()
    large.bot.waitUntil(lambda: minimap.grab().toImage() == before)


def test_without_cards_there_is_no_map(large: Canvas) -> None:
    large.document.edit_graph("Remove", large.graph.remove(*large.graph.nodes))
    large.bot.waitUntil(lambda: not large.view.minimap.isVisible())
    large.document.undo_stack.undo()
    large.bot.waitUntil(large.view.minimap.isVisible)
