"""The way back out of a group: the names of the graphs that the one on the canvas lies in."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLabel, QToolButton, QWidget

from graph_editor.document import ProjectDocument

_LONGEST = 180


class Breadcrumb(QFrame):
    """Lies over the upper left corner of the canvas while a group is open; a click leads back to a graph.

    Where the group is used several times, it says so.
    """

    def __init__(self, document: ProjectDocument, parent: QWidget) -> None:
        super().__init__(parent)
        self._document = document
        self.setProperty("breadcrumb", True)
        self.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        self.buttons: list[QToolButton] = []
        self._shown: tuple[tuple[str, ...], int] = (), 1
        self._row = QHBoxLayout(self)
        self._row.setContentsMargins(6, 3, 10, 3)
        self._row.setSpacing(2)
        self._row.setSizeConstraint(QHBoxLayout.SizeConstraint.SetFixedSize)
        self.move(10, 10)
        document.project_changed.connect(self.refresh)
        self.refresh()

    def refresh(self) -> None:
        """Show the groups that are open now."""
        names, uses = self._document.names(), self._document.uses()
        self.setVisible(bool(names))
        if names and (names, uses) != self._shown:
            self._shown = names, uses
            self._fill(names, uses)

    def _fill(self, names: tuple[str, ...], uses: int) -> None:
        while (item := self._row.takeAt(0)) is not None:
            if (widget := item.widget()) is not None:
                widget.hide()
                widget.deleteLater()
        self.buttons = []
        for depth, name in enumerate((self.tr("Network"), *names[:-1])):
            button = QToolButton()
            button.setText(self._cut(name))
            button.setToolTip(self.tr("Show {0}").format(name))
            button.setAutoRaise(True)
            button.setFocusPolicy(Qt.FocusPolicy.NoFocus)
            button.clicked.connect(lambda _=False, depth=depth: self._document.leave_to(depth))
            self.buttons.append(button)
            self._row.addWidget(button)
            arrow = QLabel("›")
            arrow.setProperty("muted", True)
            self._row.addWidget(arrow)
        self._row.addWidget(QLabel(self._cut(names[-1])))
        if uses > 1:
            self._row.addWidget(self._used(uses))

    def _used(self, uses: int) -> QLabel:
        """Says that an edit here is one elsewhere, too."""
        label = QLabel(self.tr("used {0} times").format(uses))
        label.setProperty("muted", True)
        label.setToolTip(self.tr("Linked groups share what is inside: an edit here is one in each of them."))
        label.setContentsMargins(6, 0, 0, 0)
        return label

    def _cut(self, name: str) -> str:
        return self.fontMetrics().elidedText(name, Qt.TextElideMode.ElideMiddle, _LONGEST)
