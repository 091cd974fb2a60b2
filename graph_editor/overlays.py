"""What lies over the canvas: the word beside the pointer, the field for a new name, the dotted ground."""

from __future__ import annotations

import html
from collections.abc import Callable

from PySide6.QtCore import QPoint, QPointF, QRect, QSize, Qt
from PySide6.QtGui import QFocusEvent, QKeyEvent, QPainter, QPixmap
from PySide6.QtWidgets import QLabel, QLineEdit, QPlainTextEdit, QWidget

from graph_editor.captions import unbroken
from graph_editor.fonts import card_fonts
from graph_editor.remark_items import RADIUS, ROOM, RemarkItem
from graph_editor.theme import Theme, color
from graph_editor.wiring import Advice

_DOTS = 20.0
_LEAST_NOTE = QSize(160, 70)
_LEAST_LETTERS = 11
"""How small a note may be that is written, and its letters, in pixels, however far off it is seen."""


class AdviceLabel(QLabel):
    """Yes or no and the reason, beside the pointer."""

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self._canvas = parent
        self.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)
        self.setWordWrap(True)
        self.setTextFormat(Qt.TextFormat.RichText)
        self.hide()

    def show_advice(self, at: QPoint, advice: Advice, theme: Theme) -> None:
        """Show an advice near a place, inside the canvas."""
        signs = {"yes": ("✓", theme.good), "doubtful": ("!", theme.warning), "no": ("✕", theme.error)}
        sign, shade = signs[advice.verdict]
        self.setStyleSheet(
            f"background: {theme.panel}; color: {theme.text}; border: 1px solid {shade};"
            "border-radius: 6px; padding: 4px 8px;"
        )
        self.setText(
            f'<span style="color:{shade}"><b>{sign}</b></span>&nbsp; {html.escape(unbroken(advice.text))}'
        )
        self.setFixedWidth(min(320, self.fontMetrics().horizontalAdvance(advice.text) + 56))
        self.adjustSize()
        room = self._canvas.rect().adjusted(4, 4, -4, -4)
        spot = at + QPoint(18, 16)
        spot.setX(max(room.left(), min(spot.x(), room.right() - self.width())))
        spot.setY(max(room.top(), min(spot.y(), room.bottom() - self.height())))
        self.move(spot)
        self.show()


class RenameField(QLineEdit):
    """A field over a card's title. Enter takes the name, Escape leaves it."""

    def __init__(self, parent: QWidget, name: str, place: QRect, accept: Callable[[str], str | None]) -> None:
        super().__init__(name, parent)
        self._accept = accept
        self._done = False
        self.setGeometry(place)
        self.selectAll()
        self.show()
        self.setFocus(Qt.FocusReason.PopupFocusReason)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() == Qt.Key.Key_Escape:
            self.close_field()
        elif event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            self._finish(keep_open=True)
        else:
            super().keyPressEvent(event)

    def keyReleaseEvent(self, event: QKeyEvent) -> None:
        event.accept()  # what is typed here is not meant for the canvas

    def focusOutEvent(self, event: QFocusEvent) -> None:
        super().focusOutEvent(event)
        self._finish(keep_open=False)

    def _finish(self, *, keep_open: bool) -> None:
        if self._done:
            return
        refused = self._accept(self.text())
        if refused and keep_open:
            self.setToolTip(refused)
        else:
            self.close_field()

    def close_field(self) -> None:
        """Go away, leaving the keys to the canvas."""
        if not self._done:
            self._done = True
            viewport = self.parentWidget()
            view = viewport.parentWidget() if viewport is not None else None
            self.hide()
            self.deleteLater()
            if view is not None:
                view.setFocus()


class NoteField(QPlainTextEdit):
    """A field over a note, which looks like it. Escape and Ctrl+Enter, and leaving it, take the text."""

    def __init__(
        self, parent: QWidget, item: RemarkItem, place: QRect, scale: float, accept: Callable[[str], object]
    ) -> None:
        super().__init__(item.remark.text, parent)
        self._accept = accept
        self._done = False
        self.setGeometry(place.united(QRect(place.topLeft(), _LEAST_NOTE)))
        self._dress(item, scale)
        self.setTabChangesFocus(True)
        self.selectAll()
        self.show()
        self.setFocus(Qt.FocusReason.PopupFocusReason)

    def _dress(self, item: RemarkItem, scale: float) -> None:
        """Look as the note does, with letters that can be read from far off, too."""
        font = card_fonts().detail
        pixels = max(_LEAST_LETTERS, round(font.pixelSize() * scale))
        self.setStyleSheet(
            f"QPlainTextEdit {{ background: {item.fill.name()}; color: {item.theme.text};"
            f" border: 2px solid {item.theme.selection}; border-radius: {round(RADIUS * scale)}px;"
            f" font-family: '{font.family()}'; font-size: {pixels}px; }}"
        )
        self.document().setDocumentMargin(max(2.0, ROOM * scale - 4))

    def keyPressEvent(self, event: QKeyEvent) -> None:
        enter = event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter)
        if event.key() == Qt.Key.Key_Escape or (enter and event.modifiers() & Qt.KeyboardModifier.ControlModifier):
            self._finish()
        else:
            super().keyPressEvent(event)

    def keyReleaseEvent(self, event: QKeyEvent) -> None:
        event.accept()  # what is typed here is not meant for the canvas

    def focusOutEvent(self, event: QFocusEvent) -> None:
        super().focusOutEvent(event)
        self._finish()

    def _finish(self) -> None:
        """Take the text, and go away."""
        if self._done:
            return
        self._done = True
        self._accept(self.toPlainText())
        viewport = self.parentWidget()
        view = viewport.parentWidget() if viewport is not None else None
        self.hide()
        self.deleteLater()
        if view is not None:
            view.setFocus()


class Dots:
    """The dotted ground, painted once for each zoom and then only shifted."""

    def __init__(self) -> None:
        self._key: tuple[object, ...] = ()
        self._tile = QPixmap()

    def paint(self, painter: QPainter, origin: QPointF, scale: float, size: QSize, theme: Theme) -> None:
        """Cover a viewport whose scene origin lies at `origin`, in pixels."""
        step = _DOTS * scale
        while step < 14:
            step *= 2
        ratio = painter.device().devicePixelRatio()
        key = (step, size.width(), size.height(), theme.name, ratio)
        if key != self._key:
            self._key = key
            self._tile = _dots(step, size, theme, ratio)
        painter.save()
        painter.resetTransform()
        painter.drawPixmap(QPointF(origin.x() % step - step, origin.y() % step - step), self._tile)
        painter.restore()


def _dots(step: float, size: QSize, theme: Theme, ratio: float) -> QPixmap:
    columns, rows = int(size.width() / step) + 3, int(size.height() / step) + 3
    row = _blank(columns * step, 4, theme, ratio)
    painter = QPainter(row)
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(color(theme.grid_dot))
    for column in range(columns):
        painter.drawEllipse(QPointF(column * step, 2), 1.0, 1.0)
    painter.end()
    pixmap = _blank(columns * step, rows * step, theme, ratio)
    painter = QPainter(pixmap)
    for number in range(rows):
        painter.drawPixmap(QPointF(0, round(number * step) - 2), row)
    painter.end()
    return pixmap


def _blank(width: float, height: float, theme: Theme, ratio: float) -> QPixmap:
    pixmap = QPixmap(int(width * ratio), int(height * ratio))
    pixmap.setDevicePixelRatio(ratio)
    pixmap.fill(color(theme.canvas))
    return pixmap
