"""The main window: it joins document, session, files and panels, and holds no other state."""

from __future__ import annotations

from functools import partial
from pathlib import Path

import shiboken6
from PySide6.QtCore import QSize, Qt, QTimer
from PySide6.QtGui import QCloseEvent, QDragEnterEvent, QDropEvent, QShowEvent
from PySide6.QtWidgets import QLabel, QMainWindow, QSizePolicy, QToolBar, QToolButton, QWidget

from app.actions import Actions
from app.appearance import Appearance
from app.command_palette import CommandPalette
from app.dialogs import choose, tell
from app.endings import PROJECT
from app.exports import Exports
from app.files import Opened, ProjectFiles, dropped_data, dropped_file
from app.following import Following
from app.help import show_about, show_shortcuts
from app.icons import program_icon
from app.layout import Workplace
from app.menu_bar import fill_menu_bar
from app.placement import fit_screen, restore, set_full_screen
from app.reading import Reading
from app.seeing import Seeing
from app.session import TrainingSession
from app.settings import AppSettings
from app.style import window_stylesheet
from app.texts import facts
from app.trainer import Trainer
from app.verdicts import Verdicts
from engine.events import HostWeights
from engine.start import Start
from graph_editor import theme as themes
from graph_editor.aligning import LINES, WAYS
from graph_editor.document import ProjectDocument
from graph_editor.words import said

_CANVAS_ACTIONS = (
    *("cut", "copy", "paste", "duplicate", "delete", "select_all", "group", "ungroup", "expand", "arrange"),
    *("merge", "take_out", "repeat", "replace", "save_block", "arrange_selected", "duplicate_linked"),
    *("freeze", "freeze_before"),
    *("make_independent", "add_layer", "rename", "connect", "next_wire", "next_remark"),
)
_FRAMED_MS = 300
"""After this long a window manager has put its frame around a window."""
_VIEW_ACTIONS = ("zoom_in", "zoom_out", "reset_zoom", "fit")


class MainWindow(QMainWindow):
    """The window of one project."""

    def __init__(self, document: ProjectDocument, settings: AppSettings) -> None:
        super().__init__()
        self.document = document
        self.settings = settings
        self.session = TrainingSession(self)
        self.files = ProjectFiles(document, settings, self)
        self.work = Workplace(document, self.session, settings)
        self.verdicts = Verdicts(self.work.view.graph_scene, self.work.problem_panel, self.session)
        self.exports = Exports(document, self.session, self.files, self.work.view.heat, self)
        self.work.view.bindings = {}  # the actions have the keys
        self.actions_ = Actions(settings, self.work.view, self)
        self._shown = False
        self.setCentralWidget(self.work)
        self.setWindowIcon(program_icon())
        self.setAcceptDrops(True)
        self._make_menus()
        self._make_toolbar()
        self._make_status_bar()
        self.trainer = Trainer(document, self.session, self.files, self.work, self.actions_, self)
        self._connect_actions()
        self.reading = Reading(self.work.view, self.actions_, settings, self)
        self.seeing = Seeing(self.work, document, self.session, self.verdicts, self.actions_, settings, self)
        self._connect_parts()
        self._restyle()
        restore(self, settings.state("geometry"))
        self._show_title()

    # Making

    def _make_menus(self) -> None:
        self._menus = fill_menu_bar(self.menuBar(), self.actions_)
        self._fill_recent()
        self.addActions(self.actions_.all())
        self._appearance = Appearance(self, self.actions_, self.settings, self.files)

    def _make_toolbar(self) -> None:
        bar = self._toolbar = QToolBar(self.tr("Toolbar"))
        bar.setObjectName("toolbar")
        bar.setMovable(False)
        bar.setIconSize(QSize(20, 20))
        bar.setContextMenuPolicy(Qt.ContextMenuPolicy.PreventContextMenu)
        self.actions_.fill_toolbar(bar, "new open save | undo redo | arrange fit")
        space = QWidget()
        space.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Preferred)
        bar.addWidget(space)
        self.actions_.fill_toolbar(bar, "train go_on pause stop")
        for name in ("train", "go_on", "pause", "stop"):
            button = bar.widgetForAction(self.actions_[name])
            assert isinstance(button, QToolButton)
            button.setObjectName(f"{name}Button")
            button.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
        self.addToolBar(bar)

    def _make_status_bar(self) -> None:
        self._facts = QLabel()
        self._facts.setFont(themes.tabular(self._facts.font()))
        self.statusBar().addPermanentWidget(self._facts)
        self.statusBar().setSizeGripEnabled(False)
        self._show_facts()

    def _connect_actions(self) -> None:
        view, work, files, exports = self.work.view, self.work, self.files, self.exports
        undo = self.document.undo_stack
        self.actions_.connect_all(
            {
                "new": files.new, "new_template": files.new_from_template,
                "open": files.open, "save": files.save, "save_as": files.save_as,
                "clear_recent": files.clear_recent, "load_weights": files.load_weights, "quit": self.close,
                "export_model": exports.keras_model, "export_python": exports.python,
                "export_picture": exports.picture,
                "undo": undo.undo, "redo": undo.redo,
                "cut": view.cut, "copy": view.copy, "paste": view.paste, "duplicate": view.duplicate,
                "delete": view.delete_selected, "select_all": view.select_all, "arrange": view.arrange,
                "group": view.group_selected, "ungroup": view.ungroup_selected,
                "expand": view.toggle_selected, "add_layer": view.quick_add_here,
                "duplicate_linked": view.duplicate_linked, "make_independent": view.make_independent,
                "add_note": view.add_note, "add_frame": view.add_frame,
                "save_block": view.save_block,
                "replace": view.replace_selected, "arrange_selected": view.arrange_selected,
                **{f"align_{line}": partial(view.align_selected, line) for line in LINES},
                **{f"distribute_{way}": partial(view.distribute_selected, way) for way in WAYS},
                "freeze": view.freeze_selected, "freeze_before": view.freeze_before,
                "repeat": view.repeat_selected, "rename": view.rename_selected,
                "edit_settings": self._edit_settings,
                "connect": view.connect_selected, "next_wire": view.next_wire, "next_remark": view.next_remark,
                "merge": view.merge_selected, "take_out": view.take_out_selected,
                "zoom_in": view.zoom_in, "zoom_out": view.zoom_out, "reset_zoom": view.reset_zoom,
                "fit": view.fit, "find_layer": self._find_layer,
                "show_canvas": self._show_canvas,
                "show_data": partial(work.tabs.setCurrentIndex, 1),
                "show_code": partial(work.tabs.setCurrentIndex, 2),
                "show_summary": partial(work.tabs.setCurrentIndex, 3),
                "show_evaluation": partial(work.tabs.setCurrentIndex, 4),
                "show_runs": partial(work.tabs.setCurrentIndex, 5),
                "show_prediction": partial(work.tabs.setCurrentIndex, 6),
                "show_sweep": partial(work.tabs.setCurrentIndex, 7),
                "train": self.trainer.train, "go_on": partial(self.trainer.train, go_on=True),
                "pause": self.session.toggle_pause, "step": self.session.step, "stop": self.session.stop,
                "find_rate": self.trainer.find_rate,
                "commands": partial(CommandPalette, self, self.actions_, self.settings),
                "shortcuts": partial(show_shortcuts, self, self.actions_), "about": partial(show_about, self),
            }
        )  # fmt: skip
        for name in work.parts:
            self.actions_[name].setChecked(self.settings.flag(name, True))
            self.actions_[name].toggled.connect(partial(work.show_part, name))
        self.actions_["full_screen"].toggled.connect(partial(set_full_screen, self))

    def _connect_parts(self) -> None:
        work, document, stack, exports = self.work, self.document, self.document.undo_stack, self.exports
        work.palette_panel.layer_activated.connect(self._add_layer)
        work.view.nodes_selected.connect(self._show_nodes)
        work.view.message.connect(lambda text: self.statusBar().showMessage(text, 6000))
        work.problems.node_activated.connect(self._show_node)
        self.trainer.node_wanted.connect(self._show_node)
        work.inspector.node_activated.connect(self._show_node)
        work.summary.node_activated.connect(self._show_node)
        work.problems.mended.connect(work.view.setFocus)
        work.inspector.problems.mended.connect(work.view.setFocus)
        work.code.save_requested.connect(exports.code)
        work.problem_panel.data_wanted.connect(self.actions_["show_data"].trigger)
        work.evaluation.train_wanted.connect(self.trainer.train)
        work.prediction.train_wanted.connect(self.trainer.train)
        work.evaluation.data_wanted.connect(self.actions_["show_data"].trigger)
        work.tabs.currentChanged.connect(self._show_tab)
        work.problem_panel.refreshed.connect(self._show_facts)
        document.modified_changed.connect(self._show_title)
        stack.canUndoChanged.connect(self._show_undo)
        stack.canRedoChanged.connect(self._show_undo)
        stack.undoTextChanged.connect(self._show_undo)
        self.files.path_changed.connect(self._show_title)
        for panel in (work.runs, work.sweep):
            panel.show_project(self.files.place)
            self.files.path_changed.connect(lambda panel=panel: panel.show_project(self.files.place))
            panel.open_wanted.connect(self._open_run)
        self.files.recent_changed.connect(self._fill_recent)
        self.files.saved.connect(self._saved)
        self.following = Following(document, self.session, work.sweeps, self.files, self)
        self.following.refused.connect(lambda why: self.statusBar().showMessage(why, 10_000))
        self.files.replacing.connect(self.session.leave)
        self.files.project_replaced.connect(self._project_replaced)
        self.files.weights_loaded.connect(self._weights_loaded)
        self.exports.exported.connect(
            lambda path: self.statusBar().showMessage(self.tr("Written: {0}").format(path), 8000)
        )
        self.session.started.connect(work.make_room_for_curves)
        work.training_settings.changed.connect(self.session.change)
        work.training_settings.rate_wanted.connect(self.actions_["find_rate"].trigger)
        themes.theme_notifier.changed.connect(self._restyle)
        self._show_undo()

    # Showing

    def _show_title(self) -> None:
        self.setWindowTitle(f"{self.files.title}[*] – Layerloom")
        self.setWindowModified(self.files.modified)

    def _show_facts(self) -> None:
        inference = self.document.whole
        errors = len(inference.errors)
        warnings = len(inference.problems) - errors
        fits = self.work.problem_panel.fits
        sizes = (len(inference.graph), inference.parameters)
        self._facts.setText(facts(*sizes, errors, warnings, data_fits=fits))

    def _show_undo(self) -> None:
        stack = self.document.undo_stack
        if not shiboken6.isValid(stack):
            return  # it says that it is empty while it is being taken apart
        for name, can, text, plain, with_edit in (
            ("undo", stack.canUndo(), stack.undoText(), self.tr("&Undo"), self.tr("&Undo {0}")),
            ("redo", stack.canRedo(), stack.redoText(), self.tr("&Redo"), self.tr("&Redo {0}")),
        ):
            self.actions_[name].setEnabled(can)
            self.actions_[name].setText(with_edit.format(text[:1].lower() + text[1:]) if text else plain)

    def _show_tab(self, index: int) -> None:
        self.actions_.set_enabled((*_CANVAS_ACTIONS, *_VIEW_ACTIONS), index == 0)
        self.work.problem_panel.show_button(index != self.work.tabs.indexOf(self.work.data))

    def _show_nodes(self, node_ids: tuple[str, ...]) -> None:
        self.work.inspector.show_nodes(node_ids)
        if node_ids:
            self.work.side_tabs.setCurrentIndex(0)

    def _show_canvas(self) -> None:
        self.work.tabs.setCurrentIndex(0)
        self.work.view.setFocus()

    def _edit_settings(self) -> None:
        view = self.work.view
        if not view.needs("layer", view.graph_scene.selected_nodes()):
            return
        self.actions_["inspector"].setChecked(True)
        self.work.side_tabs.setCurrentIndex(0)
        self.work.inspector.form.focus_first()

    def _show_node(self, node_id: str) -> None:
        self.work.tabs.setCurrentIndex(0)
        self.work.view.center_on(node_id)

    def _add_layer(self, type_name: str) -> None:
        self.work.tabs.setCurrentIndex(0)
        self.work.view.add_layer(type_name)

    def _find_layer(self) -> None:
        self.actions_["palette"].setChecked(True)
        self.work.palette_panel.focus_search()

    def _project_replaced(self, opened: Opened) -> None:
        run = opened.run
        if run is not None:
            self.session.adopt(run.project, run.start)
        else:
            self.session.adopt(opened.project, opened.start, self.files.title)
        self.trainer.refresh()
        self.work.evaluation.forget()
        self.work.prediction.refresh()
        self.seeing.watcher.refresh()
        self.work.training.reset(run)
        if run is not None and run.start.history:
            self.work.make_room_for_curves()
        elif not self.session.running:
            self.work.take_room_from_curves()
        if opened.start is not None:
            self._tell_loaded(opened.start)
        if opened.notes:
            text = self.tr("Not all of this file could be taken over.")
            tell(self, self.tr("Opened with changes"), text, "\n".join(map(said, opened.notes)))
        if opened.note:
            self.statusBar().showMessage(self.tr("The last run was not read: {0}").format(opened.note), 10_000)
        self.work.inspector.show_nodes(())
        if self.work.view.find_bar.isVisible():
            self.work.view.find_bar.leave()
        self.work.show_graph()

    def _open_run(self, folder: Path) -> None:
        if self.files.open_run(folder):
            self.work.tabs.setCurrentIndex(0)

    def _tell_loaded(self, start: Start) -> None:
        text = (
            self.tr("Opened with its weights")
            if start.optimizer_state is None
            else self.tr("Opened with its weights and the state of its optimizer")
        )
        self.statusBar().showMessage(text, 10_000)

    def _weights_loaded(self, path: Path, weights: HostWeights) -> None:
        self.session.adopt(self.document.project, Start(weights), path.name)
        self.trainer.refresh()
        self.work.evaluation.refresh()
        self.work.prediction.refresh()
        self.seeing.watcher.refresh()
        self.work.training.reset(None)
        self.statusBar().showMessage(self.tr("The network has the weights of {0} now.").format(path.name), 10_000)

    def _saved(self, path: Path) -> None:
        self.statusBar().showMessage(self.tr("Saved {0}").format(path.name), 6000)

    def _fill_recent(self) -> None:
        menu = self._menus.recent
        menu.clear()
        for path in self.settings.recent:
            action = menu.addAction(path.stem if path.suffix == PROJECT else path.name)
            action.setToolTip(str(path))
            action.triggered.connect(partial(self.files.open_path, path))
        menu.setEnabled(not menu.isEmpty())
        menu.addSeparator()
        menu.addAction(self.actions_["clear_recent"])

    # Files dropped onto the window

    def dragEnterEvent(self, event: QDragEnterEvent) -> None:
        if (dropped_file(event.mimeData()) or dropped_data(event.mimeData())) is not None:
            event.acceptProposedAction()

    def dropEvent(self, event: QDropEvent) -> None:
        path = dropped_file(event.mimeData())
        if path is not None:
            event.acceptProposedAction()
            QTimer.singleShot(0, self, partial(self._take_file, path))  # let the drag end first
        elif (data := dropped_data(event.mimeData())) is not None:
            event.acceptProposedAction()
            QTimer.singleShot(0, self, partial(self._take_data, data))

    def _take_file(self, path: Path) -> None:
        if self.files.is_data(path):
            self._take_data(path)
        else:
            self.files.open_path(path)

    def _take_data(self, path: Path) -> None:
        self.actions_["show_data"].trigger()
        self.work.data.take_file(path)

    # Appearance, and the end

    def _restyle(self) -> None:
        self.setStyleSheet(window_stylesheet(themes.current()))
        self.actions_.restyle()

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        if not self._shown:
            self._shown = True
            self.work.view.setFocus()
            QTimer.singleShot(0, self.work.show_graph)
            QTimer.singleShot(_FRAMED_MS, self, partial(fit_screen, self))

    def closeEvent(self, event: QCloseEvent) -> None:
        if not (self._may_stop() and self.files.may_discard()):
            event.ignore()
            return
        self.settings.set_state("geometry", self.saveGeometry())
        self.work.remember()
        self.settings.save()
        self.hide()
        self.work.close_jobs()
        self.reading.times.close_jobs()
        self.seeing.watcher.close_jobs()
        self.session.close()
        self.following.bring()
        event.accept()

    def _may_stop(self) -> bool:
        """Ask whether to end what goes on, if anything does; a sweep and a run never do both."""
        if self.work.sweeps.running:
            title, text = self.tr("A sweep goes on"), self.tr("Stop the sweep and quit?")
            detail = self.tr("The runs that are done are kept. “Go on” in the Sweep tab makes the others later.")
        elif self.session.running:
            title, text = self.tr("Training goes on"), self.tr("Stop the training and quit?")
            detail = self.tr("The last epoch that was finished is kept in the folder of the run.")
        else:
            return True
        return choose(self, title, text, [self.tr("Stop and quit")], detail) == 0
