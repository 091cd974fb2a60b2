"""The three parts of the window, how wide they are, and remembering it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QSplitter, QTabWidget, QVBoxLayout, QWidget

from app.panels.code import CodePanel
from app.panels.data import DataPanel
from app.panels.evaluate import EvaluatePanel
from app.panels.predict import PredictPanel
from app.panels.problems import ProblemPanel
from app.panels.runs import RunsPanel
from app.panels.summary import SummaryPanel
from app.panels.sweep import SweepPanel
from app.panels.training import TrainingPanel
from app.panels.training_settings import TrainingSettingsPanel
from app.session import TrainingSession
from app.settings import AppSettings, data_folder
from app.step_estimate import StepEstimate
from app.sweeping import SweepSession
from graph_editor.blocks import Blocks
from graph_editor.document import ProjectDocument
from graph_editor.inspector import Inspector
from graph_editor.palette import Palette
from graph_editor.view import GraphView

if TYPE_CHECKING:
    from app.panels.plot import OtherRun

_COLUMNS = [220, 840, 300]
_CURVES = 230
_IDLE = 96
_LEAST = 150
_SIDE = [480, 140]


class Workplace(QSplitter):
    """Palette, tabs and inspector side by side; the canvas tab has the curves below the canvas."""

    def __init__(self, document: ProjectDocument, session: TrainingSession, settings: AppSettings) -> None:
        super().__init__(Qt.Orientation.Horizontal)
        self._settings = settings
        self.blocks = Blocks(data_folder() / "blocks", self)
        self.view = GraphView(document, blocks=self.blocks)
        self.palette_panel = Palette(blocks=self.blocks)
        self.inspector = Inspector(document)
        self.problem_panel = ProblemPanel(document)
        self.problems = self.problem_panel.list
        self.training_settings = TrainingSettingsPanel(document)
        self.training = TrainingPanel(session)
        StepEstimate(document, session, self.training)
        self.data = DataPanel(document)
        self.data.learned.connect(self.problem_panel.take_known)
        self.code = CodePanel(document)
        self.summary = SummaryPanel(self.view)
        self.evaluation = EvaluatePanel(document, session)
        self.runs = RunsPanel(session)
        self.runs.pinned_changed.connect(self._show_pinned)
        self.prediction = PredictPanel(document, session)
        self.sweeps = SweepSession(self)
        self.sweep = SweepPanel(document, session, self.sweeps)
        self.sweeps.happened.connect(self.training.take_sweep)
        self.sweeps.running_changed.connect(self.training.show_sweeping)
        self.canvas = self._splitter(Qt.Orientation.Vertical, (self.view, self.training), [660 - _IDLE, _IDLE])
        self.tabs = self._make_tabs()
        self.side_tabs = self._make_side_tabs()
        self.side = self._splitter(Qt.Orientation.Vertical, (self.side_tabs, self.problem_panel), _SIDE)
        for part in (self.palette_panel, self.tabs, self.side):
            self.addWidget(part)
        self.palette_panel.setObjectName("palettePanel")
        self.palette_panel.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        self.palette_panel.setMinimumWidth(150)
        self.side.setMinimumWidth(230)
        self.setStretchFactor(1, 1)
        self.setChildrenCollapsible(False)
        self.setHandleWidth(1)
        self.setSizes(_COLUMNS)
        self._restore()
        self.palette_panel.open_categories(lambda name, usual: settings.flag(f"open {name}", usual))
        self.palette_panel.category_opened.connect(lambda name, on: settings.set_flag(f"open {name}", on))
        self.inspector.form.unfold(settings.flag("more_settings", False))
        self.inspector.form.unfolded.connect(lambda on: settings.set_flag("more_settings", on))
        self._idle = True  # no curves to show yet: the panel below the canvas is kept low
        self._moved = False  # by hand, the border between canvas and curves
        self.canvas.splitterMoved.connect(self._canvas_moved)

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
        tabs.addTab(self.summary, self.tr("Summary"))
        tabs.addTab(self.evaluation, self.tr("Evaluate"))
        tabs.addTab(self.runs, self.tr("Runs"))
        tabs.addTab(self.prediction, self.tr("Predict"))
        tabs.addTab(self.sweep, self.tr("Sweep"))
        for place, tip in enumerate(
            (
                self.tr("The graph"),
                self.tr("The data to learn from"),
                self.tr("The graph as Python"),
                self.tr("Layers, shapes and costs as a table"),
                self.tr("How good the trained network is, and where it is wrong"),
                self.tr("The runs there were, their curves and what they differ in"),
                self.tr("Draw, type or pick a sample, and see what the network makes of it"),
                self.tr("Many runs with some settings different, and which are best"),
            )
        ):
            tabs.setTabToolTip(place, f"{tip} (Alt+{place + 1})")
        self.training.setMinimumHeight(_IDLE)
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

    def _show_pinned(self, runs: list[OtherRun]) -> None:
        """Show runs beside the live curves."""
        if runs:
            self.make_room_for_curves()
        self.training.curves.show_others(runs)

    def make_room_for_curves(self) -> None:
        """Give the curves the height that they had last, unless the person has set one in this window."""
        if not self._idle:
            return
        self._idle = False
        self.training.setMinimumHeight(_LEAST)
        if self._moved:
            return
        state = self._settings.state("canvas")
        if state is None or not self.canvas.restoreState(state):
            whole = sum(self.canvas.sizes())
            self.canvas.setSizes([max(1, whole - _CURVES), _CURVES])
        self._steady(self.canvas)

    def take_room_from_curves(self) -> None:
        """Make the panel low again, as at the start; the height that was set by hand is for the next curves."""
        if self._idle:
            return
        self._idle = True
        if self._moved:
            self._settings.set_state("canvas", self.canvas.saveState())
            self._moved = False
        self.training.setMinimumHeight(_IDLE)
        whole = sum(self.canvas.sizes())
        self.canvas.setSizes([max(1, whole - _IDLE), _IDLE])

    def _canvas_moved(self) -> None:
        self._moved = True

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
            if splitter is not self.canvas and (state := self._settings.state(name)) is not None:
                splitter.restoreState(state)
                self._steady(splitter)
        for name, part in self.parts.items():
            part.setVisible(self._settings.flag(name, True))

    def _steady(self, splitter: QSplitter) -> None:
        """Undo what a remembered state sets besides sizes."""
        splitter.setChildrenCollapsible(False)
        splitter.setHandleWidth(1)

    def remember(self) -> None:
        """Keep the sizes for the next start; between canvas and curves, only what was set by hand."""
        for name, splitter in self._splitters.items():
            if splitter is self.canvas and not self._moved:
                continue
            self._settings.set_state(name, splitter.saveState())

    def show_part(self, name: str, visible: bool) -> None:
        """Show or hide a part, and remember it."""
        self.parts[name].setVisible(visible)
        self._settings.set_flag(name, visible)

    def close_jobs(self) -> None:
        """End what the panels run in the background."""
        self.data.close_jobs()
        self.code.close_jobs()
        self.evaluation.close_jobs()
        self.runs.close_jobs()
        self.sweeps.close()
        self.sweep.close_jobs()
        self.prediction.close_jobs()
