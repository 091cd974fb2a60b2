"""The Evaluate tab: what a trained network predicts, and what it says when that is no longer true."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QFileDialog
from pytestqt.qtbot import QtBot

from app.panels.chart_view import ChartView
from app.panels.class_table import ClassTable
from app.panels.confusion import ConfusionMatrix
from app.panels.evaluate import EvaluatePanel
from app.panels.scores import ScoresView
from app.session import TrainedRun
from app.window import MainWindow
from engine import templates
from engine.charts import charts_of
from engine.data.source import finished
from engine.model import compile_graph
from engine.project import Project
from engine.scoring import Answers, ClassFigures, Classified, Labelled, Regressed, scoring


def some_weights(project: Project, seed: int = 0) -> TrainedRun:
    model = compile_graph(project.graph)
    return TrainedRun(project, model.to_host(model.init(seed)))


@pytest.fixture
def panel(window: MainWindow) -> EvaluatePanel:
    return window.work.evaluation


def evaluated(qtbot: QtBot, window: MainWindow) -> EvaluatePanel:
    """The tab, opened on weights that are there."""
    window.session.trained = some_weights(window.document.project)
    window.actions_["show_evaluation"].trigger()
    panel = window.work.evaluation
    qtbot.waitUntil(lambda: panel.found is not None and panel.bar.start.isVisible(), timeout=60_000)
    return panel


def scores_view(panel: EvaluatePanel) -> ScoresView:
    assert panel.results.scores is not None
    return panel.results.scores


def test_what_is_missing_is_said_with_a_way_on(qtbot: QtBot, window: MainWindow, panel: EvaluatePanel) -> None:
    window.actions_["show_evaluation"].trigger()
    assert panel.empty.word.text().startswith("Nothing is trained yet")
    assert not panel.bar.start.isEnabled()
    with qtbot.waitSignal(window.session.started, timeout=20_000):
        panel.empty.lead.click()
    qtbot.waitUntil(lambda: not window.session.running, timeout=60_000)
    window.actions_["show_evaluation"].trigger()
    qtbot.waitUntil(lambda: panel.found is not None, timeout=60_000)
    assert window.session.trained is not None
    assert panel.found is not None
    assert dict(panel.found.figures) == window.session.trained.test


def test_opening_the_tab_shows_figures_and_cells_open_their_samples(qtbot: QtBot, window: MainWindow) -> None:
    panel = evaluated(qtbot, window)
    assert panel.results.figures.text().count("<b>30</b>") == 1
    view = scores_view(panel)
    assert isinstance(view.scores, Classified)
    true, predicted = np.argwhere(view.scores.confusion)[0].tolist()
    place = view.matrix.place(view.matrix.labels.index(true), view.matrix.labels.index(predicted)).center()
    qtbot.mouseClick(view.matrix, Qt.MouseButton.LeftButton, pos=place)
    many = int(view.scores.confusion[true, predicted])
    look = view.cell.look
    qtbot.waitUntil(lambda: look.currentWidget() is look.table, timeout=20_000)
    assert look.rows.rowCount() == many
    names = view.scores.classes
    assert [look.rows.index(0, column).data() for column in (1, 2)] == [names[true], names[predicted]]
    assert view.cell.title.text() == view.matrix.words(true, predicted)


def test_the_matrix_answers_to_the_keyboard(qtbot: QtBot) -> None:
    matrix = ConfusionMatrix(classified())
    qtbot.addWidget(matrix)
    chosen = list[tuple[int, int]]()
    matrix.chosen.connect(lambda *cell: chosen.append(cell))
    for key in (Qt.Key.Key_Right, Qt.Key.Key_Down, Qt.Key.Key_Left, Qt.Key.Key_Left):
        qtbot.keyClick(matrix, key)
    assert chosen == [(0, 1), (1, 1), (1, 0), (1, 0)]
    assert matrix.accessibleDescription() == matrix.words(1, 0)


def classified(classes: int = 3) -> Classified:
    labels = np.arange(5 * classes) % classes
    given = np.eye(classes, dtype=np.float32)[(labels + (np.arange(5 * classes) < 4)) % classes]
    found = finished(scoring(Answers("y", "sparse_categorical_crossentropy", labels * 0 + 1, labels, given)))
    assert isinstance(found, Classified)
    return found


def test_of_very_many_classes_those_that_are_mistaken_are_shown(qtbot: QtBot) -> None:
    matrix = ConfusionMatrix(classified(200))
    qtbot.addWidget(matrix)
    assert matrix.left_out == 140
    assert set(range(5)) <= set(matrix.labels)  # 0 to 3 are taken for the next
    matrix.show_shares(True)
    assert not matrix.grab().isNull()


def test_an_edit_makes_figures_those_of_before(qtbot: QtBot, window: MainWindow) -> None:
    panel = evaluated(qtbot, window)
    assert panel.notice.isHidden()
    document = window.document
    document.edit_data("Split", document.project.data.model_copy(update={"seed": 7}))
    assert "data was changed since" in panel.notice.text()
    panel.bar.start.click()
    qtbot.waitUntil(lambda: panel.bar.start.isVisible() and "may have seen" in panel.notice.text(), timeout=60_000)
    document.undo_stack.undo()
    assert "data was changed since" in panel.notice.text()
    panel.bar.start.click()
    qtbot.waitUntil(lambda: panel.bar.start.isVisible() and panel.notice.isHidden(), timeout=60_000)
    window.session.trained = some_weights(document.project, 1)
    panel.refresh()
    assert "trained since" in panel.notice.text()


def test_weights_of_another_network_are_not_evaluated(
    qtbot: QtBot, window: MainWindow, panel: EvaluatePanel
) -> None:
    project = window.document.project
    dense = next(node for node in project.graph if hasattr(node.layer, "units"))
    other = project.graph.set_layer(dense.id, dense.layer.replace(units=5))
    window.session.trained = some_weights(replace(project, graph=other))
    window.actions_["show_evaluation"].trigger()
    assert "weights do not belong to it" in panel.empty.word.text()
    assert panel.empty.lead.isVisible()
    assert not panel.bar.start.isEnabled()


def test_a_part_that_is_not_kept_leads_to_the_data(qtbot: QtBot, window: MainWindow, panel: EvaluatePanel) -> None:
    document = window.document
    document.edit_data("Split", document.project.data.model_copy(update={"test_split": 0.0}))
    window.session.trained = some_weights(document.project)
    window.actions_["show_evaluation"].trigger()
    qtbot.waitUntil(lambda: "keeps no data for a test" in panel.empty.word.text(), timeout=60_000)
    panel.empty.lead.click()
    assert window.work.tabs.currentWidget() is window.work.data


def test_another_part_is_evaluated_when_it_is_chosen(qtbot: QtBot, window: MainWindow) -> None:
    panel = evaluated(qtbot, window)
    panel.bar.part.setCurrentIndex(panel.bar.part.findData("training"))
    panel.bar.part.activated.emit(panel.bar.part.currentIndex())
    qtbot.waitUntil(lambda: panel.found is not None and panel.found.part == "training", timeout=60_000)
    assert "<b>105</b>" in panel.results.figures.text()


def test_evaluating_can_be_cancelled(qtbot: QtBot, window: MainWindow, panel: EvaluatePanel) -> None:
    window.session.trained = some_weights(window.document.project)
    window.actions_["show_evaluation"].trigger()
    assert panel.bar.cancel.isVisible()
    panel.bar.cancel.click()
    qtbot.waitUntil(panel.bar.start.isVisible, timeout=60_000)
    assert panel.bar.start.isEnabled()


def test_another_project_begins_without_figures(qtbot: QtBot, window: MainWindow, tmp_path: Path) -> None:
    panel = evaluated(qtbot, window)
    panel.forget()
    assert panel.found is None
    assert panel.stack.currentIndex() == 0


def test_a_report_is_written(
    qtbot: QtBot, window: MainWindow, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    panel = evaluated(qtbot, window)
    monkeypatch.setattr(QFileDialog, "getSaveFileName", lambda *_: (str(tmp_path / "report"), ""))
    panel.bar.save.click()
    assert (tmp_path / "report.html").read_text(encoding="utf-8").startswith("<!DOCTYPE html>")


def test_classes_are_sorted_and_their_means_stay_last(qtbot: QtBot) -> None:
    table = ClassTable()
    qtbot.addWidget(table)
    rows = [ClassFigures(name, value, 1.0, value, 3) for name, value in (("a", 0.5), ("b", 0.9), ("c", 0.1))]
    table.show_figures(rows, [ClassFigures("macro", 0.7, 1, 0.7, 9), ClassFigures("weighted", 0.7, 1, 0.7, 9)])

    def names() -> list[str]:
        return [item.text() for row in range(5) if (item := table.item(row, 0)) is not None]

    assert names() == ["a", "b", "c", "mean of the classes", "mean by support"]
    table.sortItems(1, Qt.SortOrder.AscendingOrder)
    assert names()[:3] == ["c", "a", "b"]
    assert names()[3].startswith("mean")
    table.sortItems(1, Qt.SortOrder.DescendingOrder)
    assert names()[:3] == ["b", "a", "c"]


@pytest.mark.parametrize("kind", ["classes", "labels", "numbers"])
def test_every_kind_of_output_has_charts(qtbot: QtBot, kind: str) -> None:
    rng = np.random.default_rng(0)
    labels = rng.integers(2, size=(40, 3)).astype(np.float32)
    given = {
        "classes": ("categorical_crossentropy", np.eye(3, dtype=np.float32)[rng.integers(3, size=40)]),
        "labels": ("binary_crossentropy", labels),
        "numbers": ("mean_squared_error", labels),
    }
    loss, true = given[kind]
    predicted = rng.uniform(size=(40, 3)).astype(np.float32)
    scores = finished(scoring(Answers("y", loss, np.arange(40), true, predicted)))
    assert type(scores) is {"classes": Classified, "labels": Labelled, "numbers": Regressed}[kind]
    for chart in charts_of(scores):
        view = ChartView(chart)
        qtbot.addWidget(view)
        view.resize(300, 320)
        assert view.plot().height() > 100
        assert view.accessibleName().startswith(chart.title)
        assert not view.grab().isNull()


def test_mistakes_of_pictures_are_shown_with_what_they_were_taken_for(qtbot: QtBot, window: MainWindow) -> None:
    window.document.reset(templates.make("digits-cnn"))
    panel = evaluated(qtbot, window)
    view = scores_view(panel)
    mistakes = [view.tabs.tabText(place) for place in range(view.tabs.count())].index("Mistakes")
    view.tabs.setCurrentIndex(mistakes)
    look = view.stack.currentWidget().look  # type: ignore[attr-defined]
    qtbot.waitUntil(lambda: look.currentWidget() is look.pictures, timeout=20_000)
    assert look.grid.isVisible()
