"""The cells of the Summary tab, drawn so that a screen full of them takes little of a frame's time."""

from __future__ import annotations

from functools import lru_cache

from PySide6.QtCore import QModelIndex, QObject, QPersistentModelIndex, QPointF, Qt
from PySide6.QtGui import QFont, QFontMetrics, QPainter, QStaticText, QTransform
from PySide6.QtWidgets import QStyle, QStyledItemDelegate, QStyleOptionViewItem

from app.panels.summary_model import SummaryModel
from graph_editor.theme import color, current

MARGIN = 11
"""Left and right of the text of a cell."""

_KEPT = 5_000
"""Texts that were set and may be seen again."""


class SummaryCells(QStyledItemDelegate):
    """Writes a text, with its letters set but once; a style sheet would draw each cell through many hands."""

    def __init__(self, parent: QObject) -> None:
        super().__init__(parent)
        self._line = lru_cache(maxsize=_KEPT)(set_line)

    def paint(
        self, painter: QPainter, option: QStyleOptionViewItem, index: QModelIndex | QPersistentModelIndex
    ) -> None:
        theme, rect, model = current(), option.rect, index.model()
        assert isinstance(model, SummaryModel)
        chosen = bool(option.state & QStyle.StateFlag.State_Selected)
        if chosen:
            painter.fillRect(rect, color(theme.accent))
        text = model.data(index)
        line = self._line(text, rect.width() - 2 * MARGIN, option.font.key())
        size = line.size()
        at_right = model.columns[index.column()].number
        left = rect.right() - MARGIN - size.width() if at_right else rect.left() + MARGIN
        painter.setFont(option.font)
        painter.setPen(color(theme.on_accent if chosen else theme.text))
        painter.drawStaticText(QPointF(left, rect.center().y() - size.height() / 2 + 1), line)


def set_line(text: str, width: int, font_key: str) -> QStaticText:
    """A text in a font, cut at the end where it is wider than it may be."""
    font = QFont()
    font.fromString(font_key)
    line = QStaticText(QFontMetrics(font).elidedText(text, Qt.TextElideMode.ElideRight, width))
    line.setTextFormat(Qt.TextFormat.PlainText)
    line.prepare(QTransform(), font)
    return line
