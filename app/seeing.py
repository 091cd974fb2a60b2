"""Seeing the network learn: joins looks in the background with cards, problems, the plane and the View menu."""

from __future__ import annotations

from functools import partial

import numpy as np
from PySide6.QtCore import QObject
from PySide6.QtGui import QActionGroup
from PySide6.QtWidgets import QWidget

from app.actions import Actions
from app.dialogs import sentence
from app.layout import Workplace
from app.panels.questions import true_text
from app.panels.sight_dialog import SightDialog
from app.session import TrainingSession
from app.settings import AppSettings
from app.verdicts import Verdicts
from app.watching import Wanted, Watcher
from engine.diagnosis import diagnosed
from engine.insight import Insight, Material
from engine.surface import Surface, is_planar
from graph_editor.document import ProjectDocument
from graph_editor.marks import Verdict
from graph_editor.sights import SIGHTS, Sight


class Seeing(QObject):
    """What is wanted to be seen decides how much is looked at."""

    def __init__(
        self,
        work: Workplace,
        document: ProjectDocument,
        session: TrainingSession,
        verdicts: Verdicts,
        actions: Actions,
        settings: AppSettings,
        window: QWidget,
    ) -> None:
        super().__init__(window)
        self._window, self._settings, self._verdicts = window, settings, verdicts
        self._document, self._session = document, session
        self._view, self._surface = work.view, work.training.surface
        self.watcher = Watcher(document, session, self)
        self.watcher.looked.connect(self._looked)
        self.watcher.drawn.connect(self._drawn)
        self.watcher.found.connect(self._found)
        self.watcher.forgotten.connect(self._forget)
        self.watcher.refused.connect(lambda error: self._view.message.emit(sentence(error)))
        self._view.sample_bar.chosen.connect(self._want)
        self._view.sight_opened.connect(self.open)
        document.project_changed.connect(self._want)
        session.started.connect(self._want)
        actions["look_into"].triggered.connect(self.open_selected)
        group = QActionGroup(self)
        for kind in SIGHTS:
            group.addAction(actions[f"sight_{kind}"]).triggered.connect(partial(self.show, kind))
        kind: Sight = settings.word("sight", SIGHTS, "nothing")
        actions[f"sight_{kind}"].setChecked(True)
        self.show(kind)

    def show(self, kind: Sight, _checked: bool = True) -> None:
        """Let cards show something of the inside of the network, or nothing."""
        self._settings.set_word("sight", kind)
        self._view.sights.show(kind)
        if kind == "nothing":
            self._verdicts.judge({})
        self._want()

    def open_selected(self) -> None:
        """Show the picture of the selected layer large."""
        chosen = self._view.graph_scene.selected_nodes()
        if self._view.sights.insight is None:
            self._view.message.emit(self.tr("There is something to see once the network is trained."))
        elif chosen:
            self.open(chosen[0])

    def open(self, node_id: str) -> None:
        """Show the picture of a layer large."""
        SightDialog(self._view.sights, node_id, self._document.graph[node_id].name, self._window).show()

    def _want(self, *_: object) -> None:
        surface = is_planar(self._document.graph)
        if not surface:
            self._surface.show_surface(None)
        self.watcher.want(Wanted(self._view.sights.kind != "nothing", surface, self._view.sample_bar.number))

    def _looked(self, insight: Insight) -> None:
        self._view.sights.take(insight)
        if not self._document.names():
            self._verdicts.judge({one.node: Verdict("warning", one.text) for one in diagnosed(insight)})
        self._view.viewport().repaint()  # now, so that it counts as what the look cost

    def _drawn(self, surface: Surface | None) -> None:
        self._surface.show_surface(surface)
        self._surface.repaint()

    def _found(self, material: Material) -> None:
        names = list(material.batch.targets)
        true: tuple[str, ...] = ()
        if len(names) == 1:
            classes = material.meaning.classes.get(names[0], ())
            true = tuple(true_text(np.asarray(one), classes) for one in material.batch.targets[names[0]])
        self._view.sample_bar.offer(material.size, true)

    def _forget(self) -> None:
        self._view.sights.forget()
        self._surface.show_surface(None)
