"""Cards are painted once for each zoom and look; what differs is never taken for the same."""

from __future__ import annotations

import pytest
from PySide6.QtCore import QPoint
from PySide6.QtGui import QPixmap
from PySide6.QtWidgets import QApplication

from engine.layers.core import Dense
from graph_editor.items import NodeItem
from graph_editor.sprites import Sprites
from graph_editor.theme import set_scheme
from tests.graph_editor.conftest import Canvas
from tests.graph_editor.test_filling import ladder


@pytest.fixture
def painted(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The cards that are painted anew."""
    monkeypatch.setattr("graph_editor.sprites._sprites", Sprites())
    names: list[str] = []
    paint = NodeItem._paint_card

    def painting(self: NodeItem, *args: object) -> None:
        names.append(self.node_id)
        paint(self, *args)

    monkeypatch.setattr(NodeItem, "_paint_card", painting)
    return names


@pytest.fixture
def near(canvas_of) -> Canvas:
    canvas = canvas_of(ladder(300))
    canvas.view.reset_zoom()
    canvas.view.center_on("n150")
    QApplication.processEvents()
    return canvas


def test_a_card_is_painted_once_for_each_zoom(painted, near):
    near.view.grab()
    count = len(painted)
    assert count > 10
    near.view.grab()
    near.view.pan(QPoint(0, 0), QPoint(0, 1))
    near.view.grab()
    assert len(painted) == count
    near.view.zoom_in()
    near.view.grab()
    assert len(painted) > count


def test_panning_paints_only_the_cards_that_come_into_sight(painted, near):
    near.view.grab()
    count = len(painted)
    near.view.pan(QPoint(0, 0), QPoint(0, 200))
    near.view.grab()
    assert painted[count:]
    assert set(painted[count:]).isdisjoint(painted[:count])


def test_a_drag_paints_no_card_but_the_one_that_is_held(painted, near):
    near.view.grab()
    card = near.view.mapFromScene(near.scene.node_items["n150"].pos() + QPoint(40, 4))
    painted.clear()
    near.press(card)
    for step in range(1, 8):
        near.move(card + QPoint(0, 3 * step))
        near.view.grab()
    assert set(painted) <= {"n150"}
    assert len(painted) < 4  # as it is lifted, not at each step


@pytest.mark.parametrize(
    "change",
    [
        lambda canvas: canvas.scene.select(["n149"]),
        lambda canvas: canvas.scene.node_items["n149"].set_hot_port(("out", 0)),
        lambda canvas: canvas.scene.show_fits({"n149": "fits"}),
        lambda canvas: canvas.document.edit_graph("x", canvas.graph.rename("n149", "another")),
        lambda canvas: canvas.document.edit_graph(
            "x", canvas.graph.set_layer("n149", Dense(units=4, use_bias=False))
        ),
        lambda canvas: canvas.document.edit_graph("x", canvas.graph.disconnect(*canvas.graph.incoming("n149"))),
        lambda canvas: set_scheme("dark"),
    ],
    ids=["select", "port", "fit", "rename", "settings", "wire", "dark"],
)
def test_what_looks_different_is_painted_anew(painted, near, change):
    set_scheme("light")
    try:
        near.scene.select([])
        near.view.grab()
        before = near.view.grab().toImage()
        painted.clear()
        change(near)
        assert near.view.grab().toImage() != before
        assert "n149" in painted
    finally:
        set_scheme("system")


def test_the_longest_unused_pictures_go_first(qapp):
    sprites = Sprites(3 * 4 * 100)
    pictures = {key: QPixmap(10, 10) for key in range(4)}

    def get(key: int) -> QPixmap:
        return sprites.get(key, lambda: pictures[key])

    for key in (0, 1, 2, 0, 3):
        get(key)
    again = QPixmap(10, 10)
    assert sprites.get(0, lambda: again).cacheKey() == pictures[0].cacheKey()
    assert sprites.get(1, lambda: again).cacheKey() == again.cacheKey()
