"""The Runs tab: what is listed, compared, said of a run, opened and deleted."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QFileDialog
from pytestqt.qtbot import QtBot

import app.panels.runs as runs_module
from app.panels.run_difference import difference_page
from app.panels.runs import RunsPanel
from app.window import MainWindow
from engine.difference import differences
from engine.formats import project_file
from engine.past_runs import Remarks, read_record, read_remarks, run_folders
from engine.runs import new_run_folder
from tests.app.conftest import Answers, small_project, trained

PATIENCE = 30_000


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A project file with two runs of other batches."""
    path = tmp_path_factory.mktemp("made") / "p.loom"
    project = small_project(epochs=2)
    project_file.save(project, path)
    for size in (16, 8):
        trained(path, project.with_training(batch_size=size))
    return path


@pytest.fixture
def path(made: Path, tmp_path: Path) -> Path:
    """A copy of it, to be changed."""
    shutil.copytree(made.parent, tmp_path / "p")
    return tmp_path / "p" / "p.loom"


@pytest.fixture
def panel(qtbot: QtBot, window: MainWindow, path: Path) -> RunsPanel:
    """The tab, with the project of `path` opened."""
    window.document.set_saved()
    assert window.files.open_path(path)
    window.actions_["show_runs"].trigger()
    found = window.work.runs
    until(qtbot, lambda: len(found.model.runs) == 2)
    return found


def until(qtbot: QtBot, true: Callable[[], object]) -> None:
    qtbot.waitUntil(lambda: bool(true()), timeout=PATIENCE)


def select(qtbot: QtBot, panel: RunsPanel, *rows: int) -> None:
    panel.table.select([panel.model.runs[row].folder for row in rows])
    until(qtbot, lambda: panel.selected and not panel._looking.busy)


def titles(panel: RunsPanel) -> list[str]:
    return [column.title for column in panel.model.columns]


def test_runs_are_listed_with_figures_and_the_settings_that_differ(panel: RunsPanel) -> None:
    texts = panel.table.texts()
    assert "batch_size" in texts[0]
    assert [row[texts[0].index("batch_size")] for row in texts[1:]] == ["8", "16"]
    assert {"Validation loss", "Validation accuracy", "Test accuracy", "Parameters"} <= set(titles(panel))
    assert all(row[titles(panel).index("Ended")] == "finished" for row in texts[1:])
    panel.table.sortByColumn(texts[0].index("batch_size"), Qt.SortOrder.DescendingOrder)
    assert [row[texts[0].index("batch_size")] for row in panel.table.texts()[1:]] == ["16", "8"]
    panel.filter.setText("no such run")
    assert len(panel.table.texts()) == 1


def test_two_selected_runs_are_compared_and_their_curves_are_shown(qtbot: QtBot, panel: RunsPanel) -> None:
    select(qtbot, panel, 0, 1)
    until(qtbot, lambda: "batch_size" in panel.page.toPlainText())
    assert "16 → 8" in panel.page.toPlainText()
    assert len(panel.curves.others) == 2
    assert len({other.color for other in panel.curves.others}) == 2
    select(qtbot, panel, 0)
    until(qtbot, lambda: "Best after epoch" in panel.page.toPlainText())
    assert len(panel.curves.others) == 1


def test_a_ticked_run_stands_beside_the_live_curves(qtbot: QtBot, window: MainWindow, panel: RunsPanel) -> None:
    panel.model.setData(panel.model.index(0, 0), Qt.CheckState.Checked, Qt.ItemDataRole.CheckStateRole)
    until(qtbot, lambda: window.work.training.curves.others)
    (other,) = window.work.training.curves.others
    assert list(other.figures.epochs["loss"].x) == [1, 2]
    assert other.figures.per_epoch == panel.model.runs[0].outcome.steps_per_epoch
    panel.model.setData(panel.model.index(0, 0), Qt.CheckState.Unchecked, Qt.ItemDataRole.CheckStateRole)
    until(qtbot, lambda: not window.work.training.curves.others)


def test_tags_and_notes_are_kept_in_the_folder_of_the_run(qtbot: QtBot, panel: RunsPanel) -> None:
    folder = panel.model.runs[0].folder

    def write(title: str, text: str) -> None:
        row = next(row for row, run in enumerate(panel.model.runs) if run.folder == folder)
        panel.model.setData(panel.model.index(row, titles(panel).index(title)), text)

    write("Tags", "good, small ,")
    until(qtbot, lambda: "good, small" in str(panel.table.texts()))
    write("Note", " Keep this. ")
    until(qtbot, lambda: "Keep this." in str(panel.table.texts()))
    assert read_remarks(folder) == Remarks(tags=("good", "small"), note="Keep this.")
    panel.filter.setText("small")
    assert len(panel.table.texts()) == 2


def test_a_run_is_opened_as_it_was_with_its_weights(qtbot: QtBot, window: MainWindow, panel: RunsPanel) -> None:
    file = window.files.path
    select(qtbot, panel, 1)
    panel.open_button.click()
    until(qtbot, lambda: window.document.project.training.batch_size == 16)
    assert window.session.trained is not None
    assert window.session.trained.position.epoch == 2
    assert window.files.path == file
    assert window.files.modified
    assert window.work.tabs.currentIndex() == 0
    assert "Trained" in window.work.training.state.text()


def test_a_run_is_opened_only_after_the_question_about_changes(
    qtbot: QtBot, window: MainWindow, panel: RunsPanel, answers: Answers
) -> None:
    project = window.document.project
    window.document.edit("Edit", replace(project, training=project.training.replace(epochs=7)))
    select(qtbot, panel, 0)
    panel.open_button.click()
    assert answers.asked == ["Save the changes to “p”?"]
    assert window.document.project.training.epochs == 7


def test_runs_are_moved_to_the_trash(qtbot: QtBot, panel: RunsPanel, monkeypatch: pytest.MonkeyPatch) -> None:
    gone: list[str] = []
    monkeypatch.setattr(runs_module, "to_trash", lambda folder: not gone.append(str(folder)))
    select(qtbot, panel, 0)
    folder = panel.selected[0].folder
    panel.delete_button.click()
    assert gone == [str(folder)]
    assert folder.exists()


def test_where_there_is_no_trash_a_run_is_deleted_after_a_question(
    qtbot: QtBot, panel: RunsPanel, answers: Answers, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(runs_module, "to_trash", lambda folder: False)
    monkeypatch.setattr(runs_module, "choose", answers.choose)
    select(qtbot, panel, 0)
    folder = panel.selected[0].folder
    panel.delete_button.click()
    assert folder.exists()
    answers.answer = 0
    panel.delete_button.click()
    assert answers.asked == ["Delete 1 run for good?"] * 2
    assert not folder.exists()
    until(qtbot, lambda: len(panel.model.runs) == 1)


def test_new_and_damaged_runs_appear_by_themselves(qtbot: QtBot, panel: RunsPanel, path: Path) -> None:
    folder = new_run_folder(path)
    (folder / "project.loom").write_text("{")
    until(qtbot, lambda: len(panel.model.runs) == 3)
    row = next(row for row, run in enumerate(panel.model.runs) if run.folder == folder)
    select(qtbot, panel, row)
    until(qtbot, lambda: "is not JSON" in panel.page.toPlainText())
    assert not panel.open_button.isEnabled()
    assert panel.delete_button.isEnabled()
    assert panel.curves.others == ()


def test_the_list_is_saved_as_it_is_seen(panel: RunsPanel, tmp_path: Path) -> None:
    panel.write(tmp_path / "list.csv")
    lines = (tmp_path / "list.csv").read_text().splitlines()
    assert len(lines) == 3
    assert lines[0].startswith("When,Network,Parameters")


def test_another_project_has_other_runs(
    qtbot: QtBot, window: MainWindow, panel: RunsPanel, tmp_path: Path
) -> None:
    project_file.save(small_project(), tmp_path / "q.loom")
    assert window.files.open_path(tmp_path / "q.loom")
    until(qtbot, lambda: panel.model.runs == () and panel.state.text() == "There are no runs yet")
    assert not panel.export_button.isEnabled()


def test_text_of_a_run_is_shown_as_text(made: Path) -> None:
    record = read_record(run_folders(made)[0])
    assert record.project is not None
    other = replace(record.project, name="<b>mine</b>")
    page = difference_page(record, record, differences(record.project, other))
    assert "&lt;b&gt;mine" in page


def test_a_run_that_goes_on_elsewhere_is_followed(
    qtbot: QtBot, panel: RunsPanel, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    project_file.save(small_project(epochs=100_000), tmp_path / "far.loom")
    folder = tmp_path / "far"
    environment = os.environ | {"PYTHONPATH": str(Path(__file__).parents[2])}
    command = [sys.executable, "-m", "app", "train", "far.loom", "--out", "far", "--progress", "none"]
    with subprocess.Popen(command, cwd=tmp_path, env=environment) as other:
        try:
            until(qtbot, lambda: (folder / "history.csv").exists())
            monkeypatch.setattr(QFileDialog, "getExistingDirectory", lambda *_: str(folder))
            panel.follow_button.click()
            until(qtbot, lambda: panel.selected and panel.selected[0].folder == folder)
            until(qtbot, lambda: panel._rows(panel.selected[0]))
            assert panel.model.end(panel.selected[0]) == "goes on elsewhere"
            until(qtbot, lambda: "Goes on elsewhere" in panel.page.toPlainText())
            assert not panel.delete_button.isEnabled()
            seen = len(panel._rows(panel.selected[0]))
            until(qtbot, lambda: len(panel._rows(panel.selected[0])) > seen)
        finally:
            other.kill()
    until(qtbot, lambda: panel.model.end(panel.selected[0]).startswith("broke off"))
    assert panel.delete_button.isEnabled()


def test_a_followed_run_that_is_deleted_is_listed_no_more(
    qtbot: QtBot, panel: RunsPanel, made: Path, tmp_path: Path
) -> None:
    far = tmp_path / "far"
    shutil.copytree(run_folders(made)[0], far)
    panel.follow(far)
    until(qtbot, lambda: far in [run.folder for run in panel.model.runs])
    shutil.rmtree(far)
    until(qtbot, lambda: far not in [run.folder for run in panel.model.runs])
    assert len(panel.model.runs) == 2
