"""A look at the samples: pictures, sounds, texts, a table, points in a plane or a line, whichever suits them."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QLabel, QScrollArea, QStackedWidget, QTableView, QWidget

from app.panels.pictures import Points, ScatterPlot, SeriesPlot
from app.panels.preview import Preview, TableModel
from app.panels.sample_grid import SampleGrid
from app.panels.sounds import WaveGrid
from app.panels.text_table import TextTable
from graph_editor import theme as themes

_FITTED = 100
_NARROWEST, _WIDEST = 90, 260  # pixels


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
        self.wave_grid = WaveGrid()
        self.waves = QScrollArea(widgetResizable=True)
        self.waves.setFrameShape(QScrollArea.Shape.NoFrame)
        self.waves.setWidget(self.wave_grid)
        self.texts = TextTable()
        self.scatter = ScatterPlot()
        self.series = SeriesPlot()
        for view in (self.word, self.pictures, self.waves, self.table, self.texts, self.scatter, self.series):
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
        elif preview.waves:
            self.wave_grid.show_waves(preview.waves)
            self.setCurrentWidget(self.waves)
        else:
            self.rows.show_rows(preview.header, preview.rows)
            self._fit_columns()
            self.setCurrentWidget(self.table)

    def _fit_columns(self) -> None:
        """Make the columns as wide as their heads; those far to the right, which few look at, stay as they are."""
        head = self.table.horizontalHeader()
        for column in range(min(_FITTED, head.count())):
            head.resizeSection(column, min(_WIDEST, max(_NARROWEST, head.sectionSizeHint(column) + 8)))
