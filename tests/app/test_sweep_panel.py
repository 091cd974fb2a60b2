"""The Sweep tab: what is asked for, what comes of it, and what is taken from it."""

from __future__ import annotations

import time
from collections.abc import Callable, Generator, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QFileDialog
from pytestqt.qtbot import QtBot

from app.panels.sweep import SweepPanel
from app.panels.sweep_picture import picture_of
from app.settings import data_folder
from app.window import MainWindow
from engine.errors import Cancelled, FileError, TrainingError
from engine.events import Beside, EpochDone, Event, Failed, Finished, Progress
from engine.formats import project_file
from engine.history import write_history
from engine.project import Project
from engine.sweeps import sweep as sweep_module
from engine.sweeps.study import sweep_states
from tests.app.conftest import Answers, small_project

PATIENCE = 30_000


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Runs whose figure is their seed; number 13 fails."""

    def pretended(projects: Sequence[Project], recorder: Any, starts: Any) -> Generator[Event]:
        for place, one in enumerate(projects):
            seed = one.training.seed
            if seed == 13:
                yield Beside(place, Failed(TrainingError("The loss is no longer a finite number.")))
                continue
            logs = {"loss": 1.0, "accuracy": 0.5, "val_loss": float(seed), "val_accuracy": 0.5}
            for epoch in (1, 2):
                yield Beside(place, EpochDone(epoch, epoch, logs, {}, 0.1))
            yield Beside(place, Finished(2, 2, {"loss": 0.5}, {}, 0.1))

    monkeypatch.setattr(sweep_module, "train_together", pretended)


@pytest.fixture
def panel(qtbot: QtBot, window: MainWindow, tmp_path: Path) -> SweepPanel:
    """The tab, with a project in a file."""
    path = tmp_path / "p.loom"
    project_file.save(small_project(), path)
    window.document.set_saved()
    assert window.files.open_path(path)
    window.actions_["show_sweep"].trigger()
    found = window.work.sweep
    until(qtbot, lambda: not found._job.busy)
    return found


def until(qtbot: QtBot, true: Callable[[], object]) -> None:
    qtbot.waitUntil(lambda: bool(true()), timeout=PATIENCE)


def begin(panel: SweepPanel, values: str) -> None:
    panel.settings.add("seed", values)
    panel.settings.method.setCurrentIndex(panel.settings.method.findData("grid"))
    panel.start_button.click()


def swept(qtbot: QtBot, window: MainWindow, panel: SweepPanel, values: str = "5,13,2,9") -> None:
    """Make a sweep over seeds."""
    begin(panel, values)
    until(qtbot, lambda: window.work.sweeps.state is not None and not window.work.sweeps.running)
    assert panel.shown is not None


def test_settings_are_found_by_what_is_typed(qtbot: QtBot, panel: SweepPanel) -> None:
    settings = panel.settings
    assert not panel.start_button.isEnabled()
    edit = settings.search.lineEdit()
    assert edit is not None
    edit.setText("dense.units")
    QTest.keyClick(edit, Qt.Key.Key_Return)
    row = settings.rows["dense.units"]
    assert row.values.text()
    assert panel.start_button.isEnabled()
    row.values.setText("3,x")
    assert "a whole number is wanted" in row.fault.text()
    assert not panel.start_button.isEnabled()
    row.values.setText("3,4,5")
    settings.method.setCurrentIndex(settings.method.findData("grid"))
    assert settings.total.text() == "3 runs"
    settings.remove("dense.units")
    assert not panel.start_button.isEnabled()


@pytest.mark.qt_log_ignore("This plugin does not support", extend=True)  # pop-ups on no screen
@pytest.mark.parametrize("way", ["keys", "mouse"])
def test_a_suggested_setting_is_added_alone(qtbot: QtBot, panel: SweepPanel, way: str) -> None:
    settings = panel.settings
    edit, completer = settings.search.lineEdit(), settings.search.completer()
    assert edit is not None
    assert completer is not None
    edit.setFocus()
    qtbot.keyClicks(edit, "learn")
    popup = completer.popup()
    qtbot.waitUntil(popup.isVisible, timeout=5000)
    if way == "keys":
        QTest.keyClick(popup, Qt.Key.Key_Down)
        QTest.keyClick(popup, Qt.Key.Key_Return)
    else:
        place = popup.visualRect(completer.completionModel().index(0, 0)).center()
        qtbot.mouseClick(popup.viewport(), Qt.MouseButton.LeftButton, pos=place)
    qtbot.waitUntil(lambda: edit.text() == "", timeout=5000)
    assert list(settings.rows) == ["learning_rate"]


def test_trials_are_shown_and_the_best_settings_taken(qtbot: QtBot, window: MainWindow, panel: SweepPanel) -> None:
    seen: list[tuple[str, bool]] = []
    window.work.sweeps.running_changed.connect(
        lambda _: seen.append((window.work.training.state.text(), window.actions_["train"].isEnabled()))
    )
    swept(qtbot, window, panel)
    assert seen == [("A sweep goes on", False), ("The sweep has ended", True)]
    table = panel.results.table
    assert [table.rows.index(row, 1).data() for row in range(4)] == ["2", "5", "9", "13"]
    assert table.rows.index(3, 3 if table.rows.columnCount() == 5 else 4).data() == "failed"
    axes, lines = picture_of(panel.shown)  # type: ignore[arg-type]
    assert [axis.title for axis in axes] == ["seed", "Val loss"]
    assert {line.number: line.share for line in lines}[3] == 1.0
    assert [line.share for line in lines if line.number == 2] == [None]
    assert "best loss" in panel.status.text() or "best val loss" in panel.status.text()
    assert panel.choice.currentText() == "sweep-1: 4 of 4"

    panel.results.take_button.click()
    assert window.document.project.training.seed == 2
    assert window.document.undo_stack.undoText() == "Take the settings of trial 3"
    window.document.undo_stack.undo()
    assert window.document.project.training.seed == 0
    panel.results.table.select([4])
    assert panel.results.take_button.text() == "Take these settings"
    panel.results.take_button.click()
    assert window.document.project.training.seed == 9


@pytest.mark.qt_log_ignore("does not support raise", "propagateSizeHints", extend=True)  # of tooltips
def test_lines_are_narrowed_by_a_drag_and_opened(qtbot: QtBot, window: MainWindow, panel: SweepPanel) -> None:
    swept(qtbot, window, panel)
    picture = panel.results.picture
    x = round(picture.x(1))
    top, middle = QPoint(x, round(picture.y(1.0))), QPoint(x, round(picture.y(0.5)))
    QTest.mousePress(picture, Qt.MouseButton.LeftButton, pos=top)
    QTest.mouseMove(picture, middle)
    QTest.mouseRelease(picture, Qt.MouseButton.LeftButton, pos=middle)
    assert sorted(trial.settings["seed"] for trial in panel.results.table.selected) == ["2", "5"]
    QTest.mouseClick(picture, Qt.MouseButton.LeftButton, pos=middle)
    assert picture.brushes == {}
    assert not panel.results.table.selected

    best = next(line for line in picture.lines if line.number == 3)
    assert best.places[0] is not None
    point = QPoint(round(picture.x(0)), round(picture.y(best.places[0])))
    assert picture.line_at(point.toPointF()) is best
    opened: list[int] = []
    picture.opened.connect(opened.append)
    QTest.keyClick(picture, Qt.Key.Key_Down)
    QTest.keyClick(picture, Qt.Key.Key_Return)
    QTest.keyClick(picture, Qt.Key.Key_Down)
    assert picture.marked == 1
    assert opened == [3]


def test_a_line_is_selected_by_a_click_and_opened_by_two(
    qtbot: QtBot, window: MainWindow, panel: SweepPanel
) -> None:
    swept(qtbot, window, panel)
    picture, opened = panel.results.picture, list[str]()
    panel.open_wanted.disconnect()
    panel.results.open_wanted.connect(opened.append)
    line = next(line for line in picture.lines if line.number == 3)
    assert line.places[0] is not None
    assert line.places[1] is not None
    middle = (line.places[0] + line.places[1]) / 2
    point = QPoint(round((picture.x(0) + picture.x(1)) / 2), round(picture.y(middle)))
    before = picture.grab().toImage()
    QTest.mouseClick(picture, Qt.MouseButton.LeftButton, pos=point)
    assert [trial.number for trial in panel.results.table.selected] == [3]
    assert opened == []
    assert panel.results.take_button.text() == "Take these settings"
    assert picture.grab().toImage() != before
    QTest.mouseDClick(picture, Qt.MouseButton.LeftButton, pos=point)
    assert len(opened) == 1
    assert opened[0] == next(trial.run for trial in panel.shown.trials if trial.number == 3)  # type: ignore[union-attr]


def test_curves_of_the_best_are_read_from_their_runs(
    qtbot: QtBot, window: MainWindow, panel: SweepPanel, tmp_path: Path
) -> None:
    swept(qtbot, window, panel, "4,3")
    results = panel.results
    results._figures.clear()  # as after a start of the program
    for run in (trial.run for trial in panel.shown.trials):  # type: ignore[union-attr]
        (results._folder / run).mkdir(parents=True, exist_ok=True)
        write_history(results._folder / run / "history.csv", [{"epoch": 1, "loss": 0.5, "val_loss": 0.25}])
    results.views.setCurrentIndex(1)
    until(qtbot, lambda: len(results.curves.others) == 2)
    first = results.curves.others[0]
    assert first.name == "#2 (3)"
    assert first.figures.epochs["val_loss"].y.tolist() == [0.25]


def held(projects: Sequence[Project], recorder: Any, starts: Any) -> Generator[Event]:
    """The first run ends, the others go on until they are stopped."""
    yield Beside(0, EpochDone(1, 1, {"loss": 1.0, "val_loss": 1.0}, {}, 0.1))
    yield Beside(0, Finished(1, 1, {"loss": 1.0}, {}, 0.1))
    with suppress(Cancelled):
        while True:
            time.sleep(0.01)
            for place in range(1, len(projects)):
                yield Beside(place, Progress("Training"))


def test_quitting_asks_about_the_sweep_and_what_is_done_is_kept(
    qtbot: QtBot, window: MainWindow, panel: SweepPanel, answers: Answers, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sweep_module, "train_together", held)
    begin(panel, "1,2,3")
    window.work.prediction.train_wanted.emit()
    assert answers.told == ["Training can begin when the sweep has ended."]
    until(qtbot, lambda: window.work.sweeps.state is not None and window.work.sweeps.state.done == 1)
    assert not window.close()
    assert answers.asked == ["Stop the sweep and quit?"]
    assert window.work.sweeps.running
    answers.answer = 0
    assert window.close()
    until(qtbot, lambda: not window.work.sweeps.running)
    assert window.files.path is not None
    (state,) = sweep_states(window.files.path)
    assert (state.done, state.plan.total) == (1, 3)


def test_a_sweep_that_was_stopped_is_offered_again(qtbot: QtBot, window: MainWindow, panel: SweepPanel) -> None:
    from app.task import TaskThread

    swept(qtbot, window, panel, "4,3")
    assert not panel.go_on_button.isVisible()
    study_path = window.files.path
    assert study_path is not None
    from engine.sweeps.study import Study

    Study.create(study_path, panel.shown.plan.replace(axes=panel.shown.plan.axes), panel.shown.project)  # type: ignore[union-attr]
    panel._read()
    until(qtbot, lambda: not panel._job.busy and panel.choice.currentText() == "sweep-1: 2 of 2")
    panel.choice.setCurrentIndex(panel.choice.findData("sweep-2"))
    panel.choice.activated.emit(panel.choice.currentIndex())
    assert panel.go_on_button.isVisible()
    panel.go_on_button.click()
    assert isinstance(window.work.sweeps._thread, TaskThread)
    until(qtbot, lambda: not window.work.sweeps.running)
    assert panel.choice.currentText() == "sweep-2: 2 of 2"
    bar = window.work.tabs.tabBar()
    window.resize(1366, 768)
    assert bar.sizeHint().width() <= window.work.tabs.width()


# A project that was never saved


@pytest.fixture
def unsaved(qtbot: QtBot, window: MainWindow) -> SweepPanel:
    """The tab, with a project that has no file."""
    window.actions_["show_sweep"].trigger()
    found = window.work.sweep
    until(qtbot, lambda: not found._job.busy)
    return found


def save_to(window: MainWindow, monkeypatch: pytest.MonkeyPatch, path: Path) -> None:
    monkeypatch.setattr(QFileDialog, "getSaveFileName", lambda *args, **kwargs: (str(path), ""))
    assert window.files.save()


def test_a_sweep_before_the_first_saving_lies_beside_the_file(
    qtbot: QtBot, window: MainWindow, unsaved: SweepPanel, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    swept(qtbot, window, unsaved)
    assert window.isWindowModified()
    assert unsaved.shown is not None
    path, before = tmp_path / "x.loom", unsaved.shown
    save_to(window, monkeypatch, path)
    assert not window.isWindowModified()
    assert sweep_states(path) == (before,)
    assert not list(data_folder().glob("unsaved*"))
    until(qtbot, lambda: not unsaved._job.busy)
    assert unsaved.shown == before
    assert unsaved.choice.currentText() == "sweep-1: 4 of 4"
    assert window.files.save()  # once more: there is nothing left to bring
    assert sweep_states(path) == (before,)


def test_a_project_saved_during_its_sweep_is_followed_by_it(
    qtbot: QtBot, window: MainWindow, unsaved: SweepPanel, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sweep_module, "train_together", held)
    begin(unsaved, "1,2,3")
    sweeps, path = window.work.sweeps, tmp_path / "x.loom"
    until(qtbot, lambda: sweeps.state is not None and sweeps.state.done == 1)
    save_to(window, monkeypatch, path)
    assert sweep_states(path) == ()
    until(qtbot, lambda: unsaved.shown is not None and unsaved.shown.done == 1)
    assert unsaved.stop_button.isEnabled()
    unsaved.stop_button.click()
    until(qtbot, lambda: sweeps.place == path)
    (state,) = sweep_states(path)
    assert (state.done, state.plan.total) == (1, 3)
    until(qtbot, lambda: unsaved.go_on_button.isVisible())
    monkeypatch.setattr(sweep_module, "train_together", lambda *_: iter(()))
    unsaved.go_on_button.click()
    assert sweeps.running
    until(qtbot, lambda: not sweeps.running)
    assert sweeps.place == path


def test_a_sweep_follows_its_project_where_the_weights_of_a_file_cannot(
    qtbot: QtBot, window: MainWindow, unsaved: SweepPanel, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    swept(qtbot, window, unsaved, "3,4")

    def in_the_way() -> None:
        raise FileError(tmp_path, "is in the way.")

    monkeypatch.setattr(window.following, "_keep_weights", in_the_way)
    save_to(window, monkeypatch, tmp_path / "x.loom")
    assert "is in the way" in window.statusBar().currentMessage()
    assert len(sweep_states(tmp_path / "x.loom")) == 1


def test_a_sweep_does_not_follow_another_project(
    qtbot: QtBot, window: MainWindow, unsaved: SweepPanel, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    swept(qtbot, window, unsaved, "3,4")
    before = window.files.place
    monkeypatch.setattr("app.files.choose", lambda *_: 1)
    assert window.files.new("iris-mlp")
    save_to(window, monkeypatch, tmp_path / "x.loom")
    assert sweep_states(tmp_path / "x.loom") == ()
    assert len(sweep_states(before)) == 1


def test_what_is_saved_at_the_end_takes_its_sweep_along(
    qtbot: QtBot,
    window: MainWindow,
    unsaved: SweepPanel,
    answers: Answers,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(sweep_module, "train_together", held)
    monkeypatch.setattr(QFileDialog, "getSaveFileName", lambda *args, **kwargs: (str(tmp_path / "x.loom"), ""))
    begin(unsaved, "1,2,3")
    until(qtbot, lambda: window.work.sweeps.state is not None and window.work.sweeps.state.done == 1)
    answers.answer = 0
    assert window.close()
    assert answers.asked == ["Stop the sweep and quit?", "Save the changes to “Untitled”?"]
    (state,) = sweep_states(tmp_path / "x.loom")
    assert (state.done, state.plan.total) == (1, 3)
