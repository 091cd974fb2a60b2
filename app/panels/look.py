"""A look at the samples: as pictures, as texts, as a table, as points in a plane or as a line, as suits them."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QLabel, QScrollArea, QStackedWidget, QTableView, QWidget

from app.panels.pictures import Points, ScatterPlot, SeriesPlot
from app.panels.preview import Preview, SampleGrid, TableModel
from app.panels.text_table import TextTable
from graph_editor import theme as themes


class Look(QStackedWidget):
    """Shows a preview in the view that suits it, or a word in its place."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.word = QLabel(alignment=Qt.AlignmentFlag.AlignCenter, wordWrap=True)
        self.word.setProperty("muted", True)
        self.grid = SampleGrid()
        self.pictures = QScrollArea(widgetResizable=True)
        self.pictures.setFrameShape(QScrollArea.Shape.NoFrame)
        self.pictures.setWidget(self.grid)
        self.rows = TableModel(self)
        self.table = QTableView()
        self.table.setModel(self.rows)
        self.table.setFont(themes.tabular(self.table.font()))
        self.texts = TextTable()
        self.scatter = ScatterPlot()
        self.series = SeriesPlot()
        for view in (self.word, self.pictures, self.table, self.texts, self.scatter, self.series):
            self.addWidget(view)

    def say(self, text: str) -> None:
        """Show a word in place of samples."""
        self.word.setText(text)
        self.setCurrentWidget(self.word)

    def show_preview(self, preview: Preview) -> None:
        """Show these samples."""
        if preview.drawn is not None:
            plot = self.scatter if isinstance(preview.drawn, Points) else self.series
            plot.show_picture(preview.drawn)
            self.setCurrentWidget(plot)
        elif preview.images:
            self.grid.show_images(preview.images)
            self.setCurrentWidget(self.pictures)
        elif preview.texts:
            self.texts.show_rows(preview.header, preview.rows)
            self.setCurrentWidget(self.texts)
        else:
            self.rows.show_rows(preview.header, preview.rows)
            self.setCurrentWidget(self.table)
