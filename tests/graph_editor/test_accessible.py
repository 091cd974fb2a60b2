"""What a screen reader is told of the canvas."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtGui import QAccessible

from graph_editor import accessible
from graph_editor.accessible import CanvasInterface

NAME, DESCRIPTION = QAccessible.Text.Name, QAccessible.Text.Description


@pytest.fixture
def spoken(canvas) -> Iterator[CanvasInterface]:
    QAccessible.setActive(True)
    found = QAccessible.queryAccessibleInterface(canvas.view)
    assert isinstance(found, CanvasInterface)
    yield found
    QAccessible.setActive(False)


def test_cards_are_the_items_of_a_list_in_the_order_of_the_graph(canvas, spoken: CanvasInterface) -> None:
    assert spoken.role() == QAccessible.Role.List
    assert spoken.text(NAME) == "Canvas"
    assert spoken.childCount() == len(canvas.graph)
    items = [spoken.child(index) for index in range(spoken.childCount())]
    assert [item.text(NAME).split(",")[0] for item in items] == [
        canvas.graph[key].name for key in canvas.graph.order
    ]
    assert [spoken.indexOfChild(item) for item in items] == list(range(len(items)))
    assert {item.role() for item in items} == {QAccessible.Role.ListItem}
    assert spoken.child(len(items)) is None


def test_a_card_says_what_it_shows(canvas, spoken: CanvasInterface) -> None:
    card = spoken.card(canvas.id("dense"))
    assert card.text(NAME) == "dense, Dense, 10 · softmax"
    assert card.text(DESCRIPTION) == "gives 10; 650 parameters; from flatten; to output"
    canvas.document.edit_graph("Cut", canvas.graph.disconnect(*canvas.graph.incoming(canvas.id("dense"))))
    assert card.text(DESCRIPTION) == "to output; dense has no input: draw a wire to it."


def test_states_follow_the_selection(canvas, spoken: CanvasInterface) -> None:
    card = spoken.card(canvas.id("dense"))
    state = card.state()
    assert state.selectable
    assert not state.selected
    canvas.view.setFocus()
    canvas.scene.select([canvas.id("dense")])
    assert card.state().selected
    assert card.state().focused
    assert spoken.focusChild() is card
    assert spoken.child(0).state().selected == 0


def test_places_on_the_screen(canvas, spoken: CanvasInterface) -> None:
    card = spoken.card(canvas.id("dense"))
    rect = card.rect()
    assert rect.contains(canvas.view.viewport().mapToGlobal(canvas.card("dense")))
    assert spoken.childAt(rect.center().x(), rect.center().y()) is card
    assert not card.state().offscreen
    canvas.scene.setSceneRect(-9000, -9000, 18000, 18000)
    canvas.view.pan(QPoint(0, 0), QPoint(5000, 0))
    assert card.state().offscreen
    assert not card.rect().contains(rect.center())


def test_a_card_that_is_gone_says_nothing(canvas, spoken: CanvasInterface) -> None:
    card = spoken.card(canvas.id("dense"))
    canvas.document.edit_graph("Remove", canvas.graph.remove(card.node_id))
    assert not card.isValid()
    assert card.text(NAME) == ""
    assert card.state().invalid
    assert card.rect().isEmpty()


def test_the_arrows_let_the_reader_follow(canvas, spoken: CanvasInterface, monkeypatch) -> None:
    told = []
    monkeypatch.setattr(accessible.QAccessible, "updateAccessibility", told.append)
    canvas.view.setFocus()
    canvas.scene.select([canvas.id("input")])
    canvas.key(Qt.Key.Key_Down)
    assert [event.type() for event in told] == [QAccessible.Event.Focus] * 2
    assert [event.accessibleInterface() for event in told] == [
        spoken.card(canvas.id(name)) for name in ("input", "flatten")
    ]
