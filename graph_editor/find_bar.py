"""Finding layers on the canvas: a bar that says how many there are and leads from one to the next."""

from __future__ import annotations

from PySide6.QtCore import Qt, QTimer
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QHBoxLayout, QLabel, QLineEdit, QToolButton

from graph_editor.asking import AskingCanvas
from graph_editor.corner import CornerPanel
from graph_editor.finding import Place, find
from graph_editor.theme import tabular
from graph_editor.travel import go_to

_FIELD = 230
_SOON = 40
"""Milliseconds after a key until the search begins."""


class FindBar(CornerPanel):
    """Lies over the upper right corner of the canvas; what it finds is framed there, inside of groups as well."""

    corner = Qt.Corner.TopRightCorner

    def __init__(self, view: AskingCanvas) -> None:
        super().__init__(view)
        self._canvas = view
        self._places: list[Place] = []
        self._at = 0
        self._there = False
        """Whether the canvas shows the place that the search stands at."""
        self._soon = QTimer(self, interval=_SOON, singleShot=True)
        self._soon.timeout.connect(self.search)
        self._make()
        self.hide()
        view.document.project_changed.connect(self._document_changed)

    def _make(self) -> None:
        self.field = QLineEdit()
        self.field.setFixedWidth(_FIELD)
        self.field.setClearButtonEnabled(True)
        self.field.setPlaceholderText(self.tr("Name, type, strides=2, 28x28"))
        self.field.setAccessibleName(self.tr("Find on the canvas"))
        self.field.textEdited.connect(lambda: self._soon.start())
        self.count = QLabel()
        self.count.setFont(tabular(self.count.font()))
        self.count.setMinimumWidth(self.fontMetrics().horizontalAdvance(self.tr("{0} of {1}").format(888, 888)))
        row = QHBoxLayout(self)
        row.setContentsMargins(8, 5, 5, 5)
        row.setSpacing(4)
        row.addWidget(self.field)
        row.addWidget(self.count)
        self.back = self._button("↑", self.tr("The match before (Shift+F3)"), lambda: self.step(-1))
        self.forward = self._button("↓", self.tr("The next match (F3)"), lambda: self.step(1))
        self.done = self._button("✕", self.tr("Close (Escape)"), self.leave)
        for button in (self.back, self.forward, self.done):
            row.addWidget(button)

    def _button(self, sign: str, tip: str, slot: object) -> QToolButton:
        button = QToolButton()
        button.setText(sign)
        button.setToolTip(tip)
        button.setAccessibleName(tip)
        button.setAutoRaise(True)
        button.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        button.clicked.connect(slot)
        return button

    # Opening and closing

    def ask(self) -> None:
        """Let the person type what to look for."""
        self.adjustSize()
        self.place()
        self.show()
        self.raise_()
        self.field.setFocus(Qt.FocusReason.ShortcutFocusReason)
        self.field.selectAll()
        self.search()

    def leave(self) -> None:
        """Go away with the frames around the matches; the canvas has the keys again."""
        self.hide()
        self._places = []
        self._mark()
        self._canvas.setFocus()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() == Qt.Key.Key_Escape:
            self.leave()
        elif event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            self.step(-1 if event.modifiers() & Qt.KeyboardModifier.ShiftModifier else 1)
        else:
            super().keyPressEvent(event)

    # Searching

    def _document_changed(self) -> None:
        if self.isVisible():
            self._soon.start()

    def search(self) -> None:
        """Look for the text, and show the first match of the graph that is open without selecting it.

        Where the search stood is kept as long as that graph is open.
        """
        self._soon.stop()
        before = self._places[self._at] if self._places else None
        self._places = find(self._canvas.document.whole, self.field.text())
        if before is not None and before in self._places and before.path == self._canvas.document.path:
            self._at = self._places.index(before)
        else:
            self._at = self._first_here()
            self._there = self._reveal()
        self._mark()

    def _first_here(self) -> int:
        """The first match in the group that is open; else in a group within it, else of the network."""
        path = self._canvas.document.path
        here = [n for n, place in enumerate(self._places) if place.path == path]
        below = [n for n, place in enumerate(self._places) if place.path[: len(path)] == path]
        return (*here, *below, 0)[0]

    def _reveal(self) -> bool:
        """Bring the match into sight if its graph is open."""
        if not self._places or self._places[self._at].path != self._canvas.document.path:
            return False
        item = self._canvas.graph_scene.node_items[self._places[self._at].node_id]
        self._canvas.ensureVisible(item, 60, 60)
        return True

    def step(self, by: int) -> None:
        """Go to the next match, or to the one before, and select it."""
        if not self.isVisible():
            self.ask()
            return
        if self._soon.isActive():
            self.search()
        if not self._places:
            return
        if self._there:
            self._at = (self._at + by) % len(self._places)
        self._there = True
        place = self._places[self._at]
        go_to(self._canvas, place.path, place.node_id)
        self._mark()

    def _mark(self) -> None:
        """Frame the matches, and the groups that hold some."""
        path, marks = self._canvas.document.path, self._canvas.graph_scene.marks
        depth = len(path)
        seen = [(*place.path, place.node_id)[depth] for place in self._places if place.path[:depth] == path]
        current = self._places[self._at] if self._places else None
        there = current.node_id if current is not None and current.path == path else None
        if (marks.found, marks.current) != (frozenset(seen), there):
            marks.found, marks.current = frozenset(seen), there
            self._canvas.graph_scene.update()
        self._tell()

    def _tell(self) -> None:
        some = bool(self._places)
        text = self.tr("{0} of {1}").format(self._at + 1, len(self._places)) if some else self.tr("No match")
        self.count.setText(text if self.field.text().strip() else "")
        self.back.setEnabled(some)
        self.forward.setEnabled(some)
