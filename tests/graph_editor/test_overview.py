"""From far off the graph is drawn in patches: always what the document is, and only what changed is made anew."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from PySide6.QtCore import QEvent, QObject, QPoint, QPointF, QSize, Qt
from PySide6.QtGui import QImage
from PySide6.QtWidgets import QApplication

from engine.layers.core import Dense, Input
from engine.project import Project
from graph_editor import editing, remarks
from graph_editor.canvas_item import CanvasItem
from graph_editor.edge_item import EdgeItem
from graph_editor.items import NodeItem
from graph_editor.overview import FAR
from graph_editor.picture import render
from tests.graph_editor.conftest import Canvas
from tests.graph_editor.test_filling import ladder, tower


@pytest.fixture
def far(canvas_of: Callable[[Project], Canvas]) -> Canvas:
    """Three hundred cards, all in sight."""
    canvas = canvas_of(ladder(300))
    canvas.scene.complete()
    canvas.view.fit()
    assert canvas.view.scale_now() < FAR
    return canvas


def image(canvas: Canvas) -> QImage:
    return canvas.view.grab().toImage()


class Paints(QObject):
    """Counts how often a widget is painted."""

    def __init__(self, canvas: Canvas) -> None:
        super().__init__(canvas.view)
        self.count = 0
        canvas.view.viewport().installEventFilter(self)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        self.count += event.type() == QEvent.Type.Paint
        return False

    def of(self, change: Callable[[], object]) -> int:
        """How often, after a change and all that follows at once."""
        QApplication.processEvents()
        before = self.count
        change()
        QApplication.processEvents()
        return self.count - before


def test_whatever_changes_is_painted_every_time(far: Canvas) -> None:
    paints, keys = Paints(far), list(far.graph.nodes)
    far.view.find_bar.ask()
    far.view.find_bar.leave()
    for key in keys[:10]:
        assert paints.of(lambda key=key: far.scene.select([key]))
        assert paints.of(lambda key=key: far.scene.place({key: (900.0, 0.0)}))
    assert paints.of(lambda: far.drop("Dense", QPoint(5, 5)))
    assert paints.of(far.document.undo_stack.undo)
    assert paints.of(lambda: remarks.add_note(far.document, (0.0, 0.0)))
    assert paints.of(lambda: far.scene.select([], (), ("m1",)))
    far.press(QPoint(2, 2))
    assert paints.of(lambda: far.move(QPoint(300, 300)))
    assert paints.of(lambda: far.move(QPoint(310, 320)))
    assert paints.of(lambda: far.release(QPoint(310, 320)))


def count_calls(monkeypatch: pytest.MonkeyPatch, name: str) -> list[CanvasItem]:
    """Collects the cards and wires that a method is called of."""
    called: list[CanvasItem] = []

    def counting(method: Callable[..., None]) -> Callable[..., None]:
        def counted(self: CanvasItem, *args: object, **options: object) -> None:
            called.append(self)
            method(self, *args, **options)

        return counted

    for kind in (NodeItem, EdgeItem):
        monkeypatch.setattr(kind, name, counting(getattr(kind, name)))
    return called


def differing(one: QImage, other: QImage) -> int:
    """How many pixels differ by more than the order in which wires cross one another makes."""
    assert one.size() == other.size()
    a, b = (np.frombuffer(picture.constBits(), np.uint8).astype(int) for picture in (one, other))
    return int((abs(a - b) > 60).sum())


@pytest.mark.parametrize(
    "edit",
    [
        lambda document: editing.delete(document, ["n1", "n150", "n298"]),
        lambda document: editing.delete(document, [], [document.graph.edges[3], document.graph.edges[-3]]),
        lambda document: editing.add_at(document, Dense(), (0.0, 500.0)),
        lambda document: editing.insert_new(document, Dense(units=4), document.graph.edges[200]),
        lambda document: document.move("Move", {"n2": (100.0, 30.0), "n299": (900.0, 60.0)}),
        lambda document: document.edit_graph("Shape", document.graph.set_layer("n0", Input(shape=(5, 5, 5)))),
        lambda document: document.reset(ladder(200)),
    ],
    ids=["delete", "cut", "add", "insert", "move", "shape", "reset"],
)
def test_after_an_edit_it_looks_as_if_made_so(canvas_of, far, edit):
    before = image(far)
    edit(far.document)
    far.scene.complete()
    far.view.fit()
    far.scene.select([])
    fresh = canvas_of(far.document.project)
    fresh.scene.complete()
    fresh.view.fit()
    assert differing(image(far), image(fresh)) == 0
    assert differing(image(far), before) > 0
    if far.document.undo_stack.canUndo():
        far.document.undo_stack.undo()
        far.scene.complete()
        far.view.fit()
        far.scene.select([])
        assert differing(image(far), before) == 0


def test_no_card_and_no_wire_draws_itself(monkeypatch, far):
    painted = count_calls(monkeypatch, "draw")
    image(far)
    assert not painted
    far.view.reset_zoom()
    image(far)
    assert painted


def test_a_drag_makes_only_the_patches_anew_that_it_touches(monkeypatch, far):
    image(far)
    sketched = count_calls(monkeypatch, "sketch")
    image(far)
    assert not sketched
    far.scene.place({"n150": (0.0, 0.0)})
    image(far)
    assert far.scene.node_items["n150"] in sketched
    assert len(sketched) < len(far.scene.items()) / 2
    assert len(sketched) == len(set(sketched))


def test_shapes_that_change_draw_nothing_anew_but_a_problem_does(monkeypatch, far):
    image(far)
    sketched = count_calls(monkeypatch, "sketch")
    before = far.document.inference["n290"].shape
    far.document.edit_graph("Shape", far.graph.set_layer("n0", Input(shape=(5, 4))))
    far.scene.complete()
    assert far.document.inference["n290"].shape != before
    image(far)
    assert not sketched
    far.document.edit_graph("Problem", far.graph.set_layer("n298", Dense(units=4, use_bias=False)))
    far.document.edit_graph("Problem", far.graph.disconnect(*far.graph.incoming("n299")))
    far.scene.complete()
    image(far)
    assert 0 < len(sketched) < len(far.scene.items()) / 2


def test_what_stands_out_is_seen(far):
    plain = image(far)
    far.scene.select(["n150"])
    assert image(far) != plain
    far.scene.select([])
    assert image(far) == plain
    wire = far.scene.edge_items[far.graph.edges[100]]
    far.scene.light_edge(wire)
    assert image(far) != plain
    far.scene.light_edge(None)
    assert image(far) == plain
    far.scene.show_fits({"n150": "fits"})
    assert image(far) != plain
    far.scene.show_fits(None)
    assert image(far) == plain
    wire.setVisible(False)
    assert image(far) != plain
    wire.setVisible(True)
    assert image(far) == plain
    far.scene.marks.found = frozenset({"n150"})
    far.scene.update()
    assert image(far) != plain
    far.scene.marks.found = frozenset()
    far.scene.update()
    assert image(far) == plain


def test_a_rubber_band_lies_over_it_and_leaves_nothing(qtbot, far):
    QApplication.processEvents()
    plain = image(far)
    corner = QPoint(3, 3)
    far.press(corner)
    far.move(corner + QPoint(200, 200))
    far.move(corner + QPoint(20, 20))
    banded = image(far)
    assert banded.pixelColor(10, 10) != plain.pixelColor(10, 10)
    assert banded.copy(40, 40, 200, 200) == plain.copy(40, 40, 200, 200)
    far.key(Qt.Key.Key_Escape)
    far.release(corner)
    assert image(far) == plain


def test_near_by_a_drag_paints_only_what_it_passes(qtbot, monkeypatch, canvas_of):
    canvas = canvas_of(ladder(300))
    canvas.view.zoom(0.5 / canvas.view.scale_now())
    canvas.view.center_on("n150")
    QApplication.processEvents()
    painted = count_calls(monkeypatch, "draw")
    canvas.view.viewport().repaint()
    in_sight = len(painted)
    start = canvas.view.mapFromScene(canvas.scene.node_items["n150"].pos() + QPointF(40, 4))
    canvas.press(start)
    canvas.move(start + QPoint(20, 0))
    QApplication.processEvents()
    painted.clear()
    canvas.move(start + QPoint(60, 0))
    qtbot.waitUntil(lambda: canvas.scene.node_items["n150"] in painted)
    QApplication.processEvents()
    assert len(painted) < in_sight / 2
    canvas.key(Qt.Key.Key_Escape)


def test_a_picture_of_a_giant_graph_is_drawn_from_far_off(qtbot, tmp_path, monkeypatch):
    painted = count_calls(monkeypatch, "draw")
    render(tower(600), tmp_path / "a.png")
    assert not painted
    picture = QImage(str(tmp_path / "a.png"))
    assert picture.size().height() == 16_000
    assert len({picture.pixelColor(picture.width() // 2, y).name() for y in range(0, 2000, 3)}) > 2
    assert picture.size() != QSize()
