"""What an examination found, one Output at a time, and why it may no longer be true."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QCoreApplication, Qt
from PySide6.QtWidgets import QLabel, QVBoxLayout, QWidget

from app.panels.scores import ScoresView
from app.session import TrainedRun
from app.texts import count, figure, metric_label
from engine.project import Project
from engine.scoring import Regressed, Scores
from graph_editor import theme as themes

if TYPE_CHECKING:
    from engine.examination import Examination


def _tr(text: str) -> str:
    return QCoreApplication.translate("Examined", text)


def outdated(run: TrainedRun, evaluated: Project, now: Project, latest: TrainedRun | None) -> str:
    """What a person should know of figures that are shown; empty where nothing.

    They are of the weights of `run`, examined as the project `evaluated`; `now` and `latest` are what the
    project and the run have become.
    """
    parts = list[str]()
    if not TrainedRun(evaluated, run.weights).fits(now.graph):
        parts.append(_tr("The network was edited since: these figures are of the network before."))
    elif latest is not run:
        parts.append(_tr("The network was trained since: these figures are of the weights before."))
    if now.data != evaluated.data:
        parts.append(_tr("The data was changed since: these figures are of the data before."))
    if run.project.data != evaluated.data:
        parts.append(
            _tr("The network learned from other data or another split: it may have seen some of these samples.")
        )
    return " ".join(parts)


class ExaminedView(QWidget):
    """Figures in a line above the scores of an Output."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.figures = QLabel()
        self.figures.setTextFormat(Qt.TextFormat.RichText)
        self.figures.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self.figures.setFont(themes.tabular(self.figures.font()))
        self.figures.setContentsMargins(12, 0, 12, 6)
        self.scores: ScoresView | None = None
        self._column = QVBoxLayout(self)
        self._column.setContentsMargins(0, 0, 0, 0)
        self._column.addWidget(self.figures)

    def show_output(self, found: Examination, place: int) -> None:
        """Show what was found of an Output, in the tab that was looked at before."""
        wanted = self.scores.tabs.currentIndex() if self.scores is not None else 0
        self._drop_scores()
        self.scores = ScoresView(found, found.scores[place])
        self.scores.tabs.setCurrentIndex(min(wanted, self.scores.tabs.count() - 1))
        self._column.addWidget(self.scores, 1)
        self.figures.setText(_figures(found, found.scores[place]))

    def _drop_scores(self) -> None:
        if self.scores is not None:
            self.scores.close_jobs()
            self._column.removeWidget(self.scores)
            self.scores.hide()
            self.scores.deleteLater()
            self.scores = None

    def close_jobs(self) -> None:
        """End what runs in the background; the window is about to go."""
        if self.scores is not None:
            self.scores.close_jobs()


def _figures(found: Examination, scores: Scores) -> str:
    """Loss, metrics and how many samples, in a line."""
    prefix = f"{scores.output}_" if len(found.scores) > 1 else ""
    shown = {
        metric_label(name.removeprefix(prefix)): figure(name, value)
        for name, value in found.figures.items()
        if name.startswith(prefix)
    }
    if isinstance(scores, Regressed):
        shown.setdefault(metric_label("mae"), figure("mae", scores.mae))
        shown |= {"RMSE": figure("rmse", scores.rmse), "R²": figure("r2", scores.r2)}
    size = found.samples.size
    shown[_tr("Samples")] = count(size)
    muted = themes.current().muted
    parts = [f'<span style="color:{muted}">{name}</span> <b>{value}</b>' for name, value in shown.items()]
    if found.looked_at < size:
        text = _tr("tables and curves are of {0} of them, drawn at random").format(count(found.looked_at))
        parts.append(f'<span style="color:{muted}">{text}</span>')
    return "&nbsp;&nbsp;&nbsp;&nbsp; ".join(parts)
