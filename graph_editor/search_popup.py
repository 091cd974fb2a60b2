"""A field and a list under it, at a place of a window: type, choose with the arrows, take with Enter."""

from __future__ import annotations

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

from graph_editor.theme import color, current

_ROW = 26
_ROWS = 9
_EDGE = 8

SAID = Qt.ItemDataRole.UserRole
"""What stands at the right of a row (a text)."""
COLOR = Qt.ItemDataRole.UserRole + 1
"""The colour of the bar at the left of a row, if it has one (a text such as "#4361ee")."""
FAINT = Qt.ItemDataRole.UserRole + 2
"""Whether a row is of less use here."""
VALUE = Qt.ItemDataRole.UserRole + 3
"""What a row stands for."""


class SearchPopup(QFrame):
    """Rows that match what is typed; goes away when it is left.

    A subclass lists the rows for a text in `rows`, says in `nothing` that there are none, and does something with
    the one that is taken in `take`. A row that is not enabled cannot be taken.
    """

    taking: tuple[Qt.Key, ...] = (Qt.Key.Key_Return, Qt.Key.Key_Enter)
    """The keys that take the row that is chosen."""

    def __init__(self, host: QWidget, at: QPoint, width: int) -> None:
        super().__init__(host)
        self._host = host
        self._done = False
        self.setObjectName("searchPopup")
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.search = QLineEdit(self)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setFocusProxy(self.search)  # a click on the list leaves the keys to the field
        self.list = QListWidget(self)
        self.list.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.list.setMouseTracking(True)
        self.list.setUniformItemSizes(True)
        self.list.setItemDelegate(_Row(self.list))
        self.list.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.list.setAccessibleName(self.tr("What matches"))
        self.list.itemClicked.connect(self._take)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(6, 6, 6, 6)
        layout.setSpacing(4)
        layout.addWidget(self.search)
        layout.addWidget(self.list)
        self.search.textChanged.connect(self._fill)
        self.search.installEventFilter(self)
        self._dress()
        self.list.setFixedHeight(_ROW * _ROWS)
        self._place(at, width)
        self._fill("")
        self.show()
        self.raise_()
        self.search.setFocus(Qt.FocusReason.PopupFocusReason)

    def rows(self, text: str) -> list[QListWidgetItem]:
        """The rows that match a text, the best first."""
        raise NotImplementedError

    def nothing(self, text: str) -> str:
        """What stands in the list where no row matches a text."""
        raise NotImplementedError

    def take(self, value: object) -> None:
        """Do what the row stands for that was taken."""
        raise NotImplementedError

    def _dress(self) -> None:
        theme = current()
        self.setStyleSheet(
            f"#searchPopup {{ background: {theme.panel}; border: 1px solid {theme.accent}; border-radius: 8px; }}"
            "QListWidget { border: none; background: transparent; outline: none; }"
        )

    def _place(self, at: QPoint, width: int) -> None:
        """At the place, as far as there is room."""
        room = self._host.rect()
        size = QSize(min(width, room.width() - 2 * _EDGE), self.sizeHint().height())
        x = max(_EDGE, min(at.x() - 20, room.right() - size.width() - _EDGE))
        y = max(_EDGE, min(at.y(), room.bottom() - size.height() - _EDGE))
        self.setGeometry(QRect(QPoint(x, y), size))

    def _fill(self, text: str) -> None:
        self.list.clear()
        for row in self.rows(text) or [self._no_row(text)]:
            said = row.data(SAID)
            row.setData(Qt.ItemDataRole.AccessibleTextRole, f"{row.text()} {said}" if said else row.text())
            self.list.addItem(row)
        self.list.setCurrentRow(0)
        shown = max(1, min(_ROWS, self.list.count()))
        self.list.setFixedHeight(_ROW * shown)
        self.resize(self.width(), self.sizeHint().height())

    def _no_row(self, text: str) -> QListWidgetItem:
        row = QListWidgetItem(self.nothing(text.strip()))
        row.setFlags(Qt.ItemFlag.NoItemFlags)
        row.setData(FAINT, True)
        return row

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
        elif key in self.taking:
            self._take(self.list.currentItem())
        elif key in (Qt.Key.Key_Escape, Qt.Key.Key_Tab):
            self.leave()
        else:
            return False
        return True

    def keyPressEvent(self, event: QKeyEvent) -> None:
        event.accept()  # what the field does not need is not meant for the host

    def keyReleaseEvent(self, event: QKeyEvent) -> None:
        event.accept()

    def _take(self, item: QListWidgetItem | None) -> None:
        if item is not None and item.flags() & Qt.ItemFlag.ItemIsEnabled and not self._done:
            value = item.data(VALUE)
            self.leave()
            self.take(value)

    def leave(self) -> None:
        """Go away, leaving the keys to what had them."""
        if self._done:
            return
        self._done = True
        had_focus = self.search.hasFocus()
        self.close()
        if had_focus:
            self.give_back()

    def give_back(self) -> None:
        """Give the keys back."""
        raise NotImplementedError


class _Row(QStyledItemDelegate):
    """A row: a bar of colour, the text, and at the right what is said of it."""

    def sizeHint(self, option: QStyleOptionViewItem, index: QModelIndex | QPersistentModelIndex) -> QSize:
        return QSize(0, _ROW)

    def paint(
        self, painter: QPainter, option: QStyleOptionViewItem, index: QModelIndex | QPersistentModelIndex
    ) -> None:
        theme = current()
        rect: QRect = option.rect  # pyright: ignore[reportAttributeAccessIssue]
        state = option.state  # pyright: ignore[reportAttributeAccessIssue]
        chosen = bool(state & QStyle.StateFlag.State_Selected)
        painter.save()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(Qt.PenStyle.NoPen)
        if chosen or state & QStyle.StateFlag.State_MouseOver:
            painter.setBrush(color(theme.accent, 46) if chosen else color(theme.hover))
            painter.drawRoundedRect(rect, 5, 5)
        bar: str | None = index.data(COLOR)
        if bar:
            painter.setBrush(color(bar))
            painter.drawRoundedRect(QRect(rect.left() + 7, rect.top() + 6, 5, rect.height() - 12), 2, 2)
        inner = rect.adjusted(20 if bar else 8, 0, -8, 0)
        painter.setPen(color(theme.muted if index.data(FAINT) else theme.text))
        title = painter.fontMetrics().elidedText(index.data(), Qt.TextElideMode.ElideRight, inner.width())
        painter.drawText(inner, Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignLeft, title)
        name = painter.fontMetrics().horizontalAdvance(title) + 16
        said = painter.fontMetrics().elidedText(
            index.data(SAID) or "", Qt.TextElideMode.ElideRight, max(0, inner.width() - name)
        )
        painter.setPen(color(theme.muted))
        painter.drawText(inner, Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignRight, said)
        painter.restore()
