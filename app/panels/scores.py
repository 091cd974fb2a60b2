"""What an examination found of one Output: tables, charts and samples, one at a time."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import Qt
from PySide6.QtWidgets import (
    QCheckBox,
    QHBoxLayout,
    QLabel,
    QScrollArea,
    QSplitter,
    QStackedWidget,
    QTabBar,
    QVBoxLayout,
    QWidget,
)

from app.panels.chart_view import ChartView
from app.panels.class_table import ClassTable
from app.panels.confusion import ConfusionMatrix
from app.panels.picked import PickedView
from app.texts import count
from engine.charts import charts_of
from engine.scoring import Classified, Regressed, Scores
from graph_editor.words import counted

if TYPE_CHECKING:
    from engine.examination import Examination


class ScoresView(QWidget):
    """A row of tabs above what is known of an Output."""

    def __init__(self, found: Examination, scores: Scores, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.found, self.scores = found, scores
        self.tabs = QTabBar(drawBase=False, expanding=False, usesScrollButtons=False)
        self.tabs.setAccessibleName(self.tr("Ways to look at the predictions"))
        self.stack = QStackedWidget()
        self._lists: list[PickedView] = []
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(0)
        layout.addWidget(self.tabs)
        layout.addWidget(self.stack, 1)
        self._fill()
        self.tabs.currentChanged.connect(self.stack.setCurrentIndex)

    def _fill(self) -> None:
        scores = self.scores
        if isinstance(scores, Regressed):
            self._add(self.tr("Charts", "scores"), self._charts())
            self._add(
                self.tr("Worst first", "scores"),
                self._listed(scores.worst(), self.tr("The samples with the largest errors.")),
            )
            return
        if isinstance(scores, Classified):
            self._add(self.tr("Confusion", "scores"), self._confusion(scores))
        self.table = ClassTable()
        self.table.show_figures(scores.rows, scores.means)
        self._add(self.tr("Classes", "scores"), self.table)
        self._add(self.tr("Curves", "scores"), self._charts())
        mistakes = scores.mistakes()
        title = counted(len(mistakes), self.tr("{0} sample is"), self.tr("{0} samples are"))
        words = self.tr("{0} predicted wrong, the most certain first.").format(title)
        self._add(self.tr("Mistakes", "scores"), self._listed(mistakes, words))
        if isinstance(scores, Classified):
            right = scores.right()
            title = counted(len(right), self.tr("{0} sample is"), self.tr("{0} samples are"))
            words = self.tr("{0} predicted right, the most certain first.").format(title)
            self._add(self.tr("Right", "scores"), self._listed(right, words))

    def _add(self, text: str, widget: QWidget) -> None:
        self.tabs.addTab(text)
        self.stack.addWidget(widget)

    def _listed(self, places: object, title: str) -> PickedView:
        view = PickedView()
        self._lists.append(view)
        view.show_answers(title, self.found, self.scores, places)  # type: ignore[arg-type]
        return view

    def _charts(self) -> QWidget:
        page = QWidget()
        row = QHBoxLayout(page)
        row.setContentsMargins(8, 8, 8, 8)
        charts = charts_of(self.scores)
        self.charts = [ChartView(chart) for chart in charts]
        for chart in self.charts:
            row.addWidget(chart, 1)
        if not charts:
            word = QLabel(self.tr("No class has both samples that are of it and samples that are not."))
            word.setProperty("muted", True)
            row.addWidget(word, 1, Qt.AlignmentFlag.AlignCenter)
        return page

    # The confusion matrix, and the samples of a cell beside it

    def _confusion(self, scores: Classified) -> QWidget:
        self.matrix = ConfusionMatrix(scores)
        self.shares = QCheckBox(self.tr("Shares of each row"))
        self.shares.toggled.connect(self.matrix.show_shares)
        self.cell = PickedView()
        self._lists.append(self.cell)
        self.cell.say(self.tr("Click a cell to see its samples."))
        self.matrix.chosen.connect(self._open_cell)
        area = QScrollArea(widgetResizable=True)
        area.setFrameShape(QScrollArea.Shape.NoFrame)
        area.setWidget(self.matrix)
        left = QWidget()
        column = QVBoxLayout(left)
        column.setContentsMargins(0, 8, 0, 0)
        top = QHBoxLayout()
        top.setContentsMargins(12, 0, 12, 0)
        top.addWidget(self.shares)
        if self.matrix.left_out:
            text = self.tr("{0} more classes, which are mistaken less often, are not shown.")
            note = QLabel(text.format(count(self.matrix.left_out)), wordWrap=True)
            note.setProperty("muted", True)
            top.addWidget(note, 1)
        top.addStretch()
        column.addLayout(top)
        column.addWidget(area, 1)
        both = QSplitter(Qt.Orientation.Horizontal)
        both.addWidget(left)
        both.addWidget(self.cell)
        both.setSizes([560, 400])
        both.setChildrenCollapsible(False)
        both.setHandleWidth(1)
        return both

    def _open_cell(self, true: int, predicted: int) -> None:
        assert isinstance(self.scores, Classified)
        row, column = self.matrix.labels.index(true), self.matrix.labels.index(predicted)
        places = self.scores.cell(true, predicted)
        self.cell.show_answers(self.matrix.words(row, column), self.found, self.scores, places)

    def close_jobs(self) -> None:
        """End what runs in the background."""
        for view in self._lists:
            view.close_jobs()
