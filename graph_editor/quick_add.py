"""The search box on the canvas: type what comes next, Enter puts it there and wires it."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import QEvent, QModelIndex, QObject, QPersistentModelIndex, QPoint, QRect, QSize, Qt
from PySide6.QtGui import QFocusEvent, QKeyEvent, QPainter
from PySide6.QtWidgets import (
    QFrame,
    QLineEdit,
    QListWidget,
    QListWidgetItem,
    QStyle,
    QStyledItemDelegate,
    QStyleOptionViewItem,
    QVBoxLayout,
    QWidget,
)

from engine.layer import Layer
from graph_editor.captions import first_sentence
from graph_editor.suggestions import Suggestion
from graph_editor.theme import category_color, color, current

_WIDTH = 360
_ROW = 26
_ROWS = 9
_EDGE = 8
_SUGGESTION = Qt.ItemDataRole.UserRole


class QuickAdd(QFrame):
    """A field and the layers that match, at a place of the canvas; goes away when it is left.

    `suggest` gives the layers for what was typed, `chosen` is called with the one that is taken.
    """

    def __init__(
        self,
        canvas: QWidget,
        at: QPoint,
        suggest: Callable[[str], list[Suggestion]],
        chosen: Callable[[Layer], None],
    ) -> None:
        super().__init__(canvas)
        self._canvas = canvas
        self._suggest = suggest
        self._chosen = chosen
        self._done = False
        self.setObjectName("quickAdd")
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.search = _Field(self)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setFocusProxy(self.search)  # a click on the list leaves the keys to the field
        self.list = QListWidget(self)
        self.list.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.list.setMouseTracking(True)
        self.list.setUniformItemSizes(True)
        self.list.setItemDelegate(_Row(self.list))
        self.list.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.list.setAccessibleName(self.tr("Layers that match"))
        self.list.itemClicked.connect(self._take)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(6, 6, 6, 6)
        layout.setSpacing(4)
        layout.addWidget(self.search)
        layout.addWidget(self.list)
        self.search.textChanged.connect(self._fill)
        self.search.installEventFilter(self)
        self._dress()
        self._fill("")
        self._place(at)
        self.show()
        self.raise_()
        self.search.setFocus(Qt.FocusReason.PopupFocusReason)

    def _dress(self) -> None:
        theme = current()
        self.setStyleSheet(
            f"#quickAdd {{ background: {theme.panel}; border: 1px solid {theme.accent}; border-radius: 8px; }}"
            "QListWidget { border: none; background: transparent; outline: none; }"
        )

    def _place(self, at: QPoint) -> None:
        """At the pointer, as far as the canvas has room."""
        canvas = self._canvas.rect()
        size = QSize(min(_WIDTH, canvas.width() - 2 * _EDGE), self.sizeHint().height())
        x = max(_EDGE, min(at.x() - 20, canvas.right() - size.width() - _EDGE))
        y = max(_EDGE, min(at.y(), canvas.bottom() - size.height() - _EDGE))
        self.setGeometry(QRect(QPoint(x, y), size))

    def _fill(self, text: str) -> None:
        self.list.clear()
        for suggestion in self._suggest(text):
            item = QListWidgetItem(suggestion.layer.type_name(), self.list)
            item.setData(_SUGGESTION, suggestion)
            item.setToolTip(suggestion.said if not suggestion.fits else first_sentence(type(suggestion.layer)))
            item.setData(Qt.ItemDataRole.AccessibleTextRole, f"{item.text()} {suggestion.said}")
        self.list.setCurrentRow(0)
        self.list.setFixedHeight(_ROW * _ROWS)

    def suggestions(self) -> list[Suggestion]:
        """What is listed, from the top."""
        return [self.list.item(row).data(_SUGGESTION) for row in range(self.list.count())]

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if watched is self.search and isinstance(event, QKeyEvent) and event.type() == QEvent.Type.KeyPress:
            return self._key(Qt.Key(event.key()))
        if watched is self.search and isinstance(event, QFocusEvent) and event.type() == QEvent.Type.FocusOut:
            self.leave()
        return super().eventFilter(watched, event)

    def _key(self, key: Qt.Key) -> bool:
        steps = {Qt.Key.Key_Down: 1, Qt.Key.Key_Up: -1, Qt.Key.Key_PageDown: _ROWS, Qt.Key.Key_PageUp: -_ROWS}
        if key in steps:
            row = self.list.currentRow() + steps[key]
            self.list.setCurrentRow(max(0, min(row, self.list.count() - 1)))
        elif key in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            self._take(self.list.currentItem())
        elif key in (Qt.Key.Key_Escape, Qt.Key.Key_Tab):
            self.leave()
        else:
            return False
        return True

    def keyPressEvent(self, event: QKeyEvent) -> None:
        event.accept()  # what the field does not need is not meant for the canvas

    def keyReleaseEvent(self, event: QKeyEvent) -> None:
        event.accept()

    def _take(self, item: QListWidgetItem | None) -> None:
        if item is not None and not self._done:
            layer = item.data(_SUGGESTION).layer
            self.leave()
            self._chosen(layer)

    def leave(self) -> None:
        """Go away, leaving the keys to the canvas."""
        if self._done:
            return
        self._done = True
        had_focus = self.search.hasFocus()
        self.close()
        view = self._canvas.parentWidget()
        if had_focus and view is not None:
            view.setFocus(Qt.FocusReason.PopupFocusReason)


class _Field(QLineEdit):
    """The field that is typed into."""

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self.setPlaceholderText(self.tr("Layer and its settings, such as conv2d 64 3"))
        self.setAccessibleName(self.tr("Add a layer"))


class _Row(QStyledItemDelegate):
    """A layer: the colour of its category, its name, and at the right what it would give."""

    def sizeHint(self, option: QStyleOptionViewItem, index: QModelIndex | QPersistentModelIndex) -> QSize:
        return QSize(0, _ROW)

    def paint(
        self, painter: QPainter, option: QStyleOptionViewItem, index: QModelIndex | QPersistentModelIndex
    ) -> None:
        theme = current()
        suggestion: Suggestion = index.data(_SUGGESTION)
        rect: QRect = option.rect  # pyright: ignore[reportAttributeAccessIssue]
        state = option.state  # pyright: ignore[reportAttributeAccessIssue]
        chosen = bool(state & QStyle.StateFlag.State_Selected)
        painter.save()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(Qt.PenStyle.NoPen)
        if chosen or state & QStyle.StateFlag.State_MouseOver:
            painter.setBrush(color(theme.accent, 46) if chosen else color(theme.hover))
            painter.drawRoundedRect(rect, 5, 5)
        painter.setBrush(color(category_color(suggestion.layer.category, theme)))
        painter.drawRoundedRect(QRect(rect.left() + 7, rect.top() + 6, 5, rect.height() - 12), 2, 2)
        inner = rect.adjusted(20, 0, -8, 0)
        painter.setPen(color(theme.text if suggestion.fits else theme.muted))
        painter.drawText(inner, Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignLeft, index.data())
        name = painter.fontMetrics().horizontalAdvance(index.data()) + 16
        said = painter.fontMetrics().elidedText(
            suggestion.said or suggestion.layer.category, Qt.TextElideMode.ElideRight, max(0, inner.width() - name)
        )
        painter.setPen(color(theme.muted))
        painter.drawText(inner, Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignRight, said)
        painter.restore()
