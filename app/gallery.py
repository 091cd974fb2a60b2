"""The list of ready projects to start from."""

from __future__ import annotations

import html

from PySide6.QtCore import QEvent, QObject, QSize, Qt
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import (
    QApplication,
    QDialog,
    QDialogButtonBox,
    QLabel,
    QLineEdit,
    QListWidget,
    QListWidgetItem,
    QVBoxLayout,
    QWidget,
)

from engine.templates import TEMPLATES, Template
from graph_editor import theme as themes
from graph_editor.words import said

_NAME = Qt.ItemDataRole.UserRole
_WIDTH = 520
_STEPS = (Qt.Key.Key_Up, Qt.Key.Key_Down, Qt.Key.Key_PageUp, Qt.Key.Key_PageDown)


class Gallery(QDialog):
    """Every template with what it shows; typing narrows the list, Enter or a double click takes one."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setWindowTitle(self.tr("New from template"))
        self.resize(_WIDTH, 560)
        self.search = QLineEdit()
        self.search.setPlaceholderText(self.tr("Search templates"))
        self.search.setClearButtonEnabled(True)
        self.search.textChanged.connect(self._filter)
        self.search.installEventFilter(self)
        self.list = QListWidget()
        self.list.setObjectName("gallery")
        self.list.setVerticalScrollMode(QListWidget.ScrollMode.ScrollPerPixel)
        self.list.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.list.itemDoubleClicked.connect(self.accept)
        self.list.currentItemChanged.connect(self._show_chosen)
        kinds = QDialogButtonBox.StandardButton
        self.buttons = QDialogButtonBox(kinds.Ok | kinds.Cancel)
        self.buttons.button(kinds.Ok).setText(self.tr("Create"))
        self.buttons.accepted.connect(self.accept)
        self.buttons.rejected.connect(self.reject)
        layout = QVBoxLayout(self)
        for widget in (self.search, self.list, self.buttons):
            layout.addWidget(widget)
        for template in TEMPLATES.values():
            self._add(template)
        self._filter("")

    def _add(self, template: Template) -> None:
        muted = themes.current().muted
        text = f"<b>{html.escape(said(template.title))}</b>"
        label = QLabel(f"{text}<br><span style='color:{muted}'>{html.escape(said(template.description))}</span>")
        label.setWordWrap(True)
        label.setMargin(6)
        label.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)
        item = QListWidgetItem(self.list)
        item.setData(_NAME, template.name)
        item.setData(Qt.ItemDataRole.AccessibleTextRole, f"{said(template.title)}. {said(template.description)}")
        item.setSizeHint(QSize(0, label.heightForWidth(_WIDTH - 60) + 4))
        self.list.setItemWidget(item, label)

    @property
    def chosen(self) -> str | None:
        """The name of the template that is chosen."""
        shown = [item for item in self.list.selectedItems() if not item.isHidden()]
        return shown[0].data(_NAME) if shown else None

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Keys that go up and down move in the list while the cursor stays in the search field."""
        if watched is self.search and isinstance(event, QKeyEvent) and event.key() in _STEPS:
            return QApplication.sendEvent(self.list, event)
        return super().eventFilter(watched, event)

    def _filter(self, text: str) -> None:
        words = text.lower().split()
        items = [self.list.item(row) for row in range(self.list.count())]
        for item in items:
            about = f"{item.data(_NAME)} {item.data(Qt.ItemDataRole.AccessibleTextRole)}".lower()
            item.setHidden(not all(word in about for word in words))
        shown = [item for item in items if not item.isHidden()]
        if shown and self.chosen is None:
            self.list.setCurrentItem(shown[0])
        self._show_chosen()

    def _show_chosen(self) -> None:
        self.buttons.button(QDialogButtonBox.StandardButton.Ok).setEnabled(self.chosen is not None)


def choose_template(parent: QWidget) -> str | None:
    """Ask for a template; None where the person cancels."""
    gallery = Gallery(parent)
    accepted = gallery.exec() == QDialog.DialogCode.Accepted
    chosen = gallery.chosen
    gallery.deleteLater()
    return chosen if accepted else None
