"""Tables in the Data tab, with the mouse: a file is chosen or dropped, columns are changed, a network is begun."""

from __future__ import annotations

from pathlib import Path

import pytest
from PySide6.QtCore import QMimeData, QPoint, QPointF, Qt, QUrl
from PySide6.QtGui import QDragEnterEvent, QDropEvent
from PySide6.QtWidgets import QFileDialog, QTabBar, QToolBar, QWidget
from pytestqt.qtbot import QtBot

import app.panels.columns
import app.panels.source_files
from app.panels.views import VALUES
from app.window import MainWindow
from engine.data.builtin import Iris
from engine.data.table import Table
from engine.events import StepsDone
from engine.formats import project_file
from graph_editor.forms.base import ComboBox
from graph_editor.forms.choices import ChoiceEditor
from graph_editor.forms.numbers import FloatEditor
from tests.engine.test_table import PEOPLE, flowers, written

from .conftest import Answers


@pytest.fixture
def told(monkeypatch: pytest.MonkeyPatch, answers: Answers) -> list[str]:
    for module in (app.panels.source_files, app.panels.columns):
        monkeypatch.setattr(module, "tell_error", answers.tell)
    return answers.told


def answer(monkeypatch: pytest.MonkeyPatch, path: str | Path) -> None:
    monkeypatch.setattr(QFileDialog, "getOpenFileName", lambda *args, **kwargs: (str(path), ""))


def click(qtbot: QtBot, widget: QWidget, place: QPoint | None = None) -> None:
    assert widget.isVisible()
    assert widget.isEnabled()
    qtbot.mouseClick(widget, Qt.MouseButton.LeftButton, pos=place or QPoint())


def source_of(window: MainWindow) -> Table:
    source = window.document.project.data.source
    assert isinstance(source, Table)
    return source


def shown(qtbot: QtBot, window: MainWindow) -> None:
    data = window.work.data
    qtbot.waitUntil(lambda: not data.reading.busy and data.preview is not None, timeout=30_000)


def take(qtbot: QtBot, window: MainWindow, path: str) -> None:
    window.actions_["show_data"].trigger()
    assert window.work.data.take_file(Path(path))
    shown(qtbot, window)


def test_four_clicks_lead_from_an_opened_window_to_the_curve_of_a_csv(
    qtbot: QtBot, window: MainWindow, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    answer(monkeypatch, flowers(tmp_path / "flowers.csv"))
    steps: list[StepsDone] = []
    window.session.happened.connect(lambda event: steps.append(event) if isinstance(event, StepsDone) else None)
    tabs, bar = window.work.tabs.findChild(QTabBar), window.findChild(QToolBar, "toolbar")
    assert isinstance(tabs, QTabBar)
    assert isinstance(bar, QToolBar)
    data = window.work.data

    click(qtbot, tabs, tabs.tabRect(1).center())
    click(qtbot, data.files.choose)
    qtbot.waitUntil(lambda: data.network.begin.isVisible() and data.columns.isVisible(), timeout=30_000)
    click(qtbot, data.network.begin)
    click(qtbot, bar.widgetForAction(window.actions_["train"]))

    qtbot.waitUntil(lambda: len(steps) > 0, timeout=60_000)
    curves = window.work.training.curves
    qtbot.waitUntil(lambda: curves.frames > 0 and "loss" in curves.run.steps, timeout=30_000)
    window.session.stop()


def test_a_chosen_table_is_shown_with_its_columns(qtbot: QtBot, window: MainWindow, tmp_path: Path) -> None:
    take(qtbot, window, written(tmp_path / "people.csv", PEOPLE))
    data = window.work.data
    assert data.look.rows.headerData(2, Qt.Orientation.Horizontal) == "sex\nfeature · category"
    assert data.look.rows.headerData(0, Qt.Orientation.Horizontal) == "id\nignored"
    assert data.look.rows.data(data.look.rows.index(0, 1)) == "Person 1"
    model = data.columns.model
    assert [model.data(model.index(row, 1)) for row in range(8)].count("feature") == 5
    assert model.data(model.index(2, 4)) == "2 values: female 67, male 33"
    assert window.document.undo_stack.undoText() == "Choose the data"
    window.document.undo_stack.undo()
    assert window.document.project.data.source == Iris()
    qtbot.waitUntil(lambda: not data.columns.isVisible(), timeout=20_000)


def choose(qtbot: QtBot, box: ComboBox, value: str) -> None:
    assert box.isEnabled()
    box.setCurrentIndex(box.findData(value))
    box.activated.emit(box.currentIndex())


def test_several_columns_are_changed_at_once_and_undone(qtbot: QtBot, window: MainWindow, tmp_path: Path) -> None:
    take(qtbot, window, written(tmp_path / "people.csv", PEOPLE))
    before = source_of(window)
    view = window.work.data.columns
    assert not view.choices["role"].isEnabled()
    for row, key in ((3, Qt.KeyboardModifier.NoModifier), (4, Qt.KeyboardModifier.ControlModifier)):
        place = view.table.visualRect(view.model.index(row, 0)).center()
        qtbot.mouseClick(view.table.viewport(), Qt.MouseButton.LeftButton, key, place)
    assert view.selected() == [3, 4]
    assert view.choices["role"].currentData() == "feature"
    choose(qtbot, view.choices["role"], "ignore")
    shown(qtbot, window)
    assert [column.role for column in source_of(window).columns[3:5]] == ["ignore", "ignore"]
    assert source_of(window).features()["x"].shape == (2 + 4 + 1,)
    assert project_file.loads(project_file.dumps(window.document.project)).data.source == source_of(window)
    window.document.undo_stack.undo()
    assert source_of(window) == before


def test_a_kind_that_cannot_be_is_told(qtbot: QtBot, window: MainWindow, tmp_path: Path, told: list[str]) -> None:
    take(qtbot, window, written(tmp_path / "people.csv", PEOPLE))
    view = window.work.data.columns
    view.table.selectRow(2)
    before = source_of(window)
    choose(qtbot, view.choices["kind"], "date")
    assert told == ["sex holds no dates that can be read, such as 2024-12-31."]
    assert source_of(window) == before


def test_a_dropped_table_is_taken(qtbot: QtBot, window: MainWindow, tmp_path: Path) -> None:
    mime = QMimeData()
    mime.setUrls([QUrl.fromLocalFile(flowers(tmp_path / "flowers.csv"))])
    action, none = Qt.DropAction.CopyAction, Qt.KeyboardModifier.NoModifier
    enter = QDragEnterEvent(QPoint(50, 50), action, mime, Qt.MouseButton.LeftButton, none)
    window.dragEnterEvent(enter)
    assert enter.isAccepted()
    window.dropEvent(QDropEvent(QPointF(50, 50), action, mime, Qt.MouseButton.LeftButton, none))
    qtbot.waitUntil(lambda: isinstance(window.document.project.data.source, Table), timeout=20_000)
    assert window.work.tabs.currentIndex() == 1
    shown(qtbot, window)


def test_what_is_no_table_is_told_and_changes_nothing(window: MainWindow, tmp_path: Path, told: list[str]) -> None:
    for name, content, cause in (("a.csv", "", "is empty"), ("a.docx", "x", "known by its name")):
        assert not window.work.data.take_file(Path(written(tmp_path / name, content)))
        assert cause in told.pop()
    assert window.document.project.data.source == Iris()


def test_faulty_rows_are_told_beside_the_columns(qtbot: QtBot, window: MainWindow, tmp_path: Path) -> None:
    path = flowers(tmp_path / "flowers.csv")
    written(Path(path), Path(path).read_text() + "1,2\n")
    take(qtbot, window, path)
    data = window.work.data
    for card in (data.stops.cards[0], window.work.problem_panel.misfits.cards[0]):
        assert "line 152: There are 2 cells, but 3 columns" in card.problem.message
        assert card.problem.severity == "error"
    assert not data.network.begin.isVisible()
    qtbot.waitUntil(lambda: data.stops.cards[0].buttons[0].isVisible(), timeout=20_000)
    button = data.stops.cards[0].buttons[0]
    assert button.accessibleName() == "Leave faulty rows out"
    click(qtbot, button)
    assert source_of(window).faulty_rows == "skip"
    qtbot.waitUntil(lambda: data.notes.text().startswith("1 faulty rows were left out"), timeout=20_000)
    assert data.network.begin.isVisible()
    assert not data.stops.isVisible()
    window.document.undo_stack.undo()
    assert source_of(window).faulty_rows == "refuse"


def test_roles_of_two_columns_are_two_edits(qtbot: QtBot, window: MainWindow, tmp_path: Path) -> None:
    take(qtbot, window, written(tmp_path / "people.csv", PEOPLE))
    view = window.work.data.columns
    for row in (3, 4):
        view.table.selectRow(row)
        choose(qtbot, view.choices["role"], "ignore")
        qtbot.waitUntil(lambda row=row: view._look is not None and view._look.columns[row].role == "ignore")
    window.document.undo_stack.undo()
    assert [column.role for column in source_of(window).columns[3:5]] == ["ignore", "feature"]


def test_choices_are_an_edit_each_and_what_is_typed_is_one(
    qtbot: QtBot, window: MainWindow, tmp_path: Path
) -> None:
    take(qtbot, window, written(tmp_path / "people.csv", PEOPLE))
    stack, form = window.document.undo_stack, window.work.data.source.form
    before = stack.count()
    for value in ("skip", "refuse", "skip"):
        editor = form.editor("faulty_rows")
        assert isinstance(editor, ChoiceEditor)
        editor.combo.setCurrentText(value)
    assert stack.count() == before + 3
    share = window.work.data.split.form.editor("validation_split")
    assert isinstance(share, FloatEditor)
    for text in ("0.2", "0.25"):
        share.line.clear()
        qtbot.keyClicks(share.line, text)
    assert window.document.project.data.validation_split == 0.25
    assert stack.count() == before + 4


def test_figures_of_a_file_do_not_stay_for_one_that_is_refused(
    qtbot: QtBot, window: MainWindow, tmp_path: Path
) -> None:
    take(qtbot, window, written(tmp_path / "people.csv", PEOPLE))
    views = window.work.data.views
    views.tabs.setCurrentIndex(VALUES)
    qtbot.waitUntil(lambda: bool(views.tiles.tiles), timeout=20_000)
    path = flowers(tmp_path / "flowers.csv")
    written(Path(path), Path(path).read_text() + "1,2\n")
    assert window.work.data.take_file(Path(path))
    qtbot.waitUntil(lambda: "There are 2 cells, but 3 columns" in views.word.text(), timeout=20_000)
    assert views.word.isVisible()
    assert views.tiles.tiles == []
    assert views.classes.charts == []


def test_a_table_with_no_target_has_nothing_to_predict(qtbot: QtBot, window: MainWindow, tmp_path: Path) -> None:
    take(qtbot, window, flowers(tmp_path / "flowers.csv"))
    data = window.work.data
    data.columns.table.selectRow(2)
    choose(qtbot, data.columns.choices["role"], "ignore")
    qtbot.waitUntil(lambda: bool(data.stops.cards), timeout=20_000)
    assert data.stops.cards[0].problem.message.startswith("There is nothing to predict in this data")
    assert not data.network.begin.isVisible()
