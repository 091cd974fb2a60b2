"""How wide the columns of the Summary tab are: as their content wants, and names have the room that is left."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QEvent, QObject, QTimer
from PySide6.QtGui import QFontMetrics
from PySide6.QtWidgets import QHeaderView, QTableView

from app.panels.summary_cells import MARGIN
from app.panels.summary_model import SummaryModel

_ROWS = 100
"""How many rows are measured, evenly spread over all."""
_LONGEST = 3
"""How many of the longest texts of a column are measured: letters differ in width."""
_ARROW = 8
_LEAST, _SOURCES, _MOST = 60, 120, 320
"""Of a column of names: the least, the least of those of the inputs if they are longer, the most."""


class FittedColumns(QObject):
    """Keeps the columns of a table as wide as their content, but those whose border a person has dragged."""

    def __init__(self, table: QTableView, model: SummaryModel) -> None:
        super().__init__(table)
        self._table = table
        self._model = model
        self._needed: list[int] = []
        self._by_hand: set[int] = set()
        self._setting = False
        self._soon = QTimer(self, interval=0, singleShot=True)
        self._soon.timeout.connect(self._set)
        table.horizontalHeader().sectionResized.connect(self._dragged)
        table.viewport().installEventFilter(self)

    def measure(self) -> None:
        """Look at the content anew."""
        self._needed = [_needed(texts, self._table) for texts in self._sample()]
        self._set()

    def _sample(self) -> list[tuple[str, ...]]:
        """The texts of each column, its heading first."""
        rows = self._model.rowCount()
        shown = range(0, rows, max(1, rows // _ROWS))
        keys = [self._model.node_at(row) for row in shown]
        return [(column.title, *map(column.text, keys)) for column in self._model.columns]

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if event.type() == QEvent.Type.Resize:
            self._soon.start()
        return False

    def _set(self) -> None:
        header = self._table.horizontalHeader()
        self._setting = True
        for column, width in enumerate(self._widths()):
            if column not in self._by_hand:
                header.resizeSection(column, width)
        self._setting = False

    def _widths(self) -> list[int]:
        """Names have what the others leave, but for a little that shows where inputs come from."""
        if not self._needed:
            return []
        (name, *figures, sources), header = self._needed, self._table.horizontalHeader()
        sizes = [header.sectionSize(n) if n in self._by_hand else size for n, size in enumerate(figures, 1)]
        room = self._table.viewport().width() - sum(sizes)
        first = max(_LEAST, min(name, room - min(sources, _SOURCES)))
        return [first, *figures, max(_LEAST, room - first)]

    def _dragged(self, column: int, _before: int, _now: int) -> None:
        stretched = column == len(self._model.columns) - 1
        if not self._setting and not stretched:
            self._by_hand.add(column)


def _needed(texts: Sequence[str], table: QTableView) -> int:
    """What a column needs to show these texts whole, the first of them as its heading."""
    heading, *cells = texts
    letters = QFontMetrics(table.font())
    longest = sorted(set(cells), key=len)[-_LONGEST:]
    widest = max(map(letters.horizontalAdvance, longest), default=0)
    return min(_MOST, max(widest, heading_width(table.horizontalHeader(), heading) + _ARROW) + 2 * MARGIN + 1)


def heading_width(header: QHeaderView, text: str) -> int:
    """How wide a heading is, which is bold."""
    font = header.font()
    font.setWeight(font.Weight.DemiBold)
    return QFontMetrics(font).horizontalAdvance(text)
