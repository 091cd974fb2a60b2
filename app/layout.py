"""The three parts of the window, how wide they are, and remembering it."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QSplitter, QTabWidget, QVBoxLayout, QWidget

from app.panels.code import CodePanel
from app.panels.data import DataPanel
from app.panels.training import TrainingPanel
from app.panels.training_settings import TrainingSettingsPanel
from app.session import TrainingSession
from app.settings import AppSettings
from graph_editor.document import ProjectDocument
from graph_editor.inspector import Inspector
from graph_editor.palette import Palette
from graph_editor.problems import ProblemList
from graph_editor.view import GraphView

_COLUMNS = [220, 840, 300]
_CANVAS = [430, 230]
_SIDE = [480, 140]


class Workplace(QSplitter):
    """Palette, tabs and inspector side by side; the canvas tab has the curves below the canvas."""

    def __init__(self, document: ProjectDocument, session: TrainingSession, settings: AppSettings) -> None:
        super().__init__(Qt.Orientation.Horizontal)
        self._settings = settings
        self.view = GraphView(document)
        self.palette_panel = Palette()
        self.inspector = Inspector(document)
        self.problems = ProblemList(document)
        self.training_settings = TrainingSettingsPanel(document)
        self.training = TrainingPanel(session)
        self.data = DataPanel(document)
        self.code = CodePanel(document)
        self.canvas = self._splitter(Qt.Orientation.Vertical, (self.view, self.training), _CANVAS)
        self.tabs = self._make_tabs()
        self.side_tabs = self._make_side_tabs()
        self.side = self._splitter(Qt.Orientation.Vertical, (self.side_tabs, self.problems), _SIDE)
        for part in (self.palette_panel, self.tabs, self.side):
            self.addWidget(part)
        for part, name in ((self.palette_panel, "palettePanel"), (self.problems, "problemPanel")):
            part.setObjectName(name)
            part.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        self.palette_panel.setMinimumWidth(150)
        self.side.setMinimumWidth(230)
        self.setStretchFactor(1, 1)
        self.setChildrenCollapsible(False)
        self.setHandleWidth(1)
        self.setSizes(_COLUMNS)
        self._restore()

    def _splitter(self, orientation: Qt.Orientation, parts: tuple[QWidget, ...], sizes: list[int]) -> QSplitter:
        splitter = QSplitter(orientation)
        for part in parts:
            splitter.addWidget(part)
        splitter.setStretchFactor(0, 1)
        splitter.setChildrenCollapsible(False)
        splitter.setHandleWidth(1)
        splitter.setSizes(sizes)
        return splitter

    def _make_tabs(self) -> QTabWidget:
        tabs = QTabWidget(documentMode=True)
        tabs.tabBar().setDrawBase(False)
        tabs.addTab(self.canvas, self.tr("Canvas"))
        tabs.addTab(self.data, self.tr("Data"))
        tabs.addTab(self.code, self.tr("Code"))
        for place, tip in enumerate(
            (self.tr("The graph"), self.tr("The data to learn from"), self.tr("The graph as Python"))
        ):
            tabs.setTabToolTip(place, f"{tip} (Alt+{place + 1})")
        self.training.setMinimumHeight(150)
        return tabs

    def _make_side_tabs(self) -> QTabWidget:
        tabs = QTabWidget(documentMode=True)
        tabs.tabBar().setDrawBase(False)
        for widget, text, tip in (
            (self.inspector, self.tr("Layer"), self.tr("Settings of the selected layer")),
            (self.training_settings, self.tr("Training"), self.tr("How the network is trained")),
        ):
            page = QWidget()
            page.setObjectName("sidePage")
            layout = QVBoxLayout(page)
            layout.setContentsMargins(0, 0, 0, 0)
            layout.addWidget(widget)
            tabs.setTabToolTip(tabs.addTab(page, text), tip)
        return tabs

    def show_graph(self) -> None:
        """Show the whole graph, or its beginning where the whole would be too small to read."""
        self.view.overview()

    # What is remembered

    @property
    def _splitters(self) -> dict[str, QSplitter]:
        return {"columns": self, "canvas": self.canvas, "side": self.side}

    @property
    def parts(self) -> dict[str, QWidget]:
        """The parts that can be hidden, by the name of their action."""
        return {"palette": self.palette_panel, "inspector": self.side, "curves": self.training}

    def _restore(self) -> None:
        for name, splitter in self._splitters.items():
            if (state := self._settings.state(name)) is not None:
                splitter.restoreState(state)
                splitter.setChildrenCollapsible(False)
                splitter.setHandleWidth(1)
        for name, part in self.parts.items():
            part.setVisible(self._settings.flag(name, True))

    def remember(self) -> None:
        """Keep the sizes for the next start."""
        for name, splitter in self._splitters.items():
            self._settings.set_state(name, splitter.saveState())

    def show_part(self, name: str, visible: bool) -> None:
        """Show or hide a part, and remember it."""
        self.parts[name].setVisible(visible)
        self._settings.set_flag(name, visible)

    def close_jobs(self) -> None:
        """End what the panels run in the background."""
        self.data.close_jobs()
        self.code.close_jobs()
