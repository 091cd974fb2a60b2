from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PySide6.QtCore import QMimeData, QPoint, QPointF, QSize, Qt, QUrl
from PySide6.QtGui import QDragEnterEvent, QDropEvent
from PySide6.QtWidgets import QApplication, QFileDialog, QLabel, QToolBar
from pytestqt.qtbot import QtBot

import app.files
from app.code_choices import CodeOptions
from app.export_dialogs import KerasOptions
from app.files import Opened
from app.gallery import Gallery
from app.panels.preview import make_preview
from app.placement import fit_screen
from app.program import make_window
from app.session import RunState
from app.settings import AppSettings, data_folder
from app.window import MainWindow
from engine import templates
from engine.data.arrays import Npz
from engine.data.source import DataSet
from engine.events import EpochDone, Finished, Remarked, Started, StepsDone
from engine.formats import models, project_file
from engine.layers.conv import Conv2D
from engine.layers.core import Input
from engine.layers.reshaping import Reshape
from engine.optimizers import Adam
from engine.optimizers.schedules import CosineDecay
from engine.project import Project
from engine.start import Start
from graph_editor import theme as themes
from graph_editor.document import ProjectDocument
from graph_editor.forms.rate import RateEditor
from graph_editor.picture import PictureOptions

from .conftest import Answers, small_project


def click(qtbot: QtBot, window: MainWindow, name: str) -> None:
    bar = window.findChild(QToolBar, "toolbar")
    assert bar is not None
    qtbot.mouseClick(bar.widgetForAction(window.actions_[name]), Qt.MouseButton.LeftButton)


def train(qtbot: QtBot, window: MainWindow) -> list[object]:
    events: list[object] = []
    window.session.happened.connect(events.append)
    click(qtbot, window, "train")
    qtbot.waitUntil(lambda: not window.session.running, timeout=60_000)
    window.session.happened.disconnect(events.append)
    return events


def rename_dense(window: MainWindow, name: str = "hidden") -> None:
    node = window.document.graph.by_name("dense")
    window.document.edit_graph("Rename", window.document.graph.rename(node.id, name))


def set_units(window: MainWindow, units: int) -> None:
    graph = window.document.graph
    node = graph["n3"]
    window.document.edit_graph("Units", graph.set_layer(node.id, node.layer.replace(units=units)))


def save_to(monkeypatch: pytest.MonkeyPatch, path: Path) -> None:
    monkeypatch.setattr(QFileDialog, "getSaveFileName", lambda *args, **kwargs: (str(path), ""))


def test_the_program_starts_on_a_working_example(qtbot: QtBot, qapp: QApplication) -> None:
    window = make_window(qapp, AppSettings())
    qtbot.addWidget(window)
    assert len(window.document.graph) == 11
    assert not window.document.inference.errors
    assert window.actions_["train"].isEnabled()
    assert "Untitled" in window.windowTitle()


def test_every_action_has_a_name_a_tooltip_and_its_own_shortcut(window: MainWindow) -> None:
    shortcuts: list[str] = []
    for action in window.actions_.all():
        assert action.text()
        assert action.toolTip()
        shortcuts += [key.toString() for key in action.shortcuts()]
    assert len(shortcuts) == len(set(shortcuts))
    for name in ("new", "open", "save", "undo", "redo", "copy", "train", "stop", "quit"):
        assert window.actions_[name].shortcuts()


def test_one_click_trains_and_shows_the_test_figures(qtbot: QtBot, window: MainWindow) -> None:
    events = train(qtbot, window)
    assert isinstance(events[-1], Finished)
    panel = window.work.training
    caption, value = panel.figures.labels[0]
    assert caption.text() == "Test accuracy"
    assert value.text() == f"{100 * events[-1].test['accuracy']:.1f} %"
    assert panel.figures.labels[1][0].text() == "Test loss"
    assert panel.figures.isVisible()
    assert panel.state.text() == "Trained"


def test_the_curves_get_every_step_and_epoch(qtbot: QtBot, window: MainWindow) -> None:
    events = train(qtbot, window)
    started = next(event for event in events if isinstance(event, Started))
    steps = np.concatenate([event.logs["loss"] for event in events if isinstance(event, StepsDone)])
    epochs = [event.logs["val_loss"] for event in events if isinstance(event, EpochDone)]
    curves = window.work.training.curves
    assert len(steps) == 2 * started.steps_per_epoch
    np.testing.assert_allclose(curves.run.steps["loss"].y, steps)
    np.testing.assert_allclose(curves.run.epochs["val_loss"].y, epochs)
    assert "validation" in curves.loss_plot.readout.text()


def test_a_second_click_starts_no_second_run(qtbot: QtBot, window: MainWindow) -> None:
    started: list[object] = []
    window.session.started.connect(started.append)
    click(qtbot, window, "train")
    click(qtbot, window, "train")
    assert not window.trainer.train()
    assert not window.session.start(window.document.project, window.files.place)
    qtbot.waitUntil(lambda: not window.session.running, timeout=60_000)
    assert len(started) == 1
    assert window.actions_["train"].isEnabled()


def test_stop_ends_a_run_early_with_its_result(qtbot: QtBot, window: MainWindow) -> None:
    window.document.reset(small_project(epochs=100_000))
    events: list[object] = []
    window.session.happened.connect(events.append)
    click(qtbot, window, "train")
    qtbot.waitUntil(lambda: any(isinstance(event, EpochDone) for event in events), timeout=60_000)
    click(qtbot, window, "stop")
    qtbot.waitUntil(lambda: not window.session.running, timeout=20_000)
    assert isinstance(events[-1], Finished)
    assert events[-1].stopped
    assert window.work.training.state.text() == "Stopped early"
    assert window.work.training.figures.labels[0][0].text() == "Test accuracy"


def test_pause_holds_the_run(qtbot: QtBot, window: MainWindow) -> None:
    window.document.reset(small_project(epochs=100_000))
    events: list[object] = []
    window.session.happened.connect(events.append)
    click(qtbot, window, "train")
    qtbot.waitUntil(lambda: any(isinstance(event, StepsDone) for event in events), timeout=60_000)
    click(qtbot, window, "pause")
    assert window.session.state is RunState.PAUSED
    assert window.actions_["pause"].text() == "&Resume"
    qtbot.wait(200)
    count = len(events)
    qtbot.wait(200)
    assert len(events) == count
    click(qtbot, window, "pause")
    qtbot.waitUntil(lambda: len(events) > count, timeout=10_000)


def test_the_canvas_stays_editable_while_training(qtbot: QtBot, window: MainWindow) -> None:
    window.document.reset(small_project(epochs=100_000))
    before = window.document.project
    click(qtbot, window, "train")
    set_units(window, 5)
    assert window.document.graph.by_name("dense").layer.units == 5  # type: ignore[attr-defined]
    qtbot.waitUntil(lambda: window.session.trained is not None, timeout=60_000)
    assert window.session.trained is not None
    assert window.session.trained.project == before


def test_a_run_that_goes_on_is_no_result_of_the_project_opened_meanwhile(
    qtbot: QtBot, window: MainWindow, answers: Answers
) -> None:
    window.document.reset(small_project(epochs=100_000))
    click(qtbot, window, "train")
    qtbot.waitUntil(lambda: window.session.trained is not None, timeout=60_000)
    answers.answer = 1  # what is not saved may go
    assert window.files.new()
    assert window.session.running
    events: list[object] = []
    window.session.happened.connect(events.append)
    qtbot.waitUntil(lambda: any(isinstance(event, EpochDone) for event in events), timeout=20_000)
    window.session.stop()
    qtbot.waitUntil(lambda: not window.session.running, timeout=20_000)
    assert isinstance(events[-1], Finished)
    assert window.session.trained is None
    window.document.reset(small_project())
    train(qtbot, window)
    assert window.session.trained is not None


def test_a_graph_with_problems_is_not_trained_and_says_why(
    qtbot: QtBot, window: MainWindow, answers: Answers
) -> None:
    edge = window.document.graph.edges[0]
    window.document.edit_graph("Cut", window.document.graph.disconnect(edge))
    click(qtbot, window, "train")
    assert not window.session.running
    assert "has no input" in answers.told[0]


def test_a_failing_run_is_told_and_another_can_start(
    qtbot: QtBot, window: MainWindow, answers: Answers, tmp_path: Path
) -> None:
    from engine.data.arrays import Npz

    train(qtbot, window)
    panel = window.work.training
    before = panel.figures.labels[0][1].text()
    good = window.document.project
    bad = good.data.model_copy(update={"source": Npz(path=str(tmp_path / "none.npz"))})
    window.document.edit_data("Data", bad)
    click(qtbot, window, "train")
    qtbot.waitUntil(lambda: not window.session.running, timeout=20_000)
    assert "none.npz" in answers.told[0]
    assert panel.state.text() == "Failed"
    qtbot.waitUntil(lambda: len(panel.remark.shown()) > 20)
    assert panel.remark.shown()[:20] in answers.told[0]
    assert panel.figures.isVisible()  # those of the run before
    assert panel.figures.labels[0][1].text() == before
    assert panel.curves.currentIndex() == 1
    window.document.undo_stack.undo()
    assert isinstance(train(qtbot, window)[-1], Finished)
    assert not panel.remark.text


def test_save_and_open_give_the_same_project(
    window: MainWindow, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    rename_dense(window)
    assert window.isWindowModified()
    save_to(monkeypatch, tmp_path / "flowers")
    assert window.files.save()
    path = tmp_path / "flowers.loom"
    assert project_file.load(path) == window.document.project
    assert not window.isWindowModified()
    assert "flowers" in window.windowTitle()
    saved = window.document.project
    assert window.files.new()
    assert not len(window.document.graph)
    monkeypatch.setattr(QFileDialog, "getOpenFileName", lambda *args, **kwargs: (str(path), ""))
    assert window.files.open()
    assert window.document.project == saved
    assert window.settings.recent == [path]
    assert window._menus.recent.actions()[0].text() == "flowers"


def test_a_run_before_the_first_saving_lies_beside_the_file_and_comes_back_with_it(
    qtbot: QtBot, window: MainWindow, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from engine.runs import latest_run

    train(qtbot, window)
    trained = window.session.trained
    assert trained is not None
    path = tmp_path / "x.loom"
    save_to(monkeypatch, path)
    assert window.files.save()
    assert window.statusBar().currentMessage() == "Saved x.loom"
    assert latest_run(path) is not None
    assert not list(data_folder().glob("unsaved*"))
    assert window.files.save()  # once more: there is nothing left to move
    assert window.files.new()
    assert window.session.trained is None
    assert window.files.open_path(path)
    again = window.session.trained
    assert again is not None
    assert again.fits(window.document.graph)
    for node_id, arrays in trained.weights.items():
        for name, array in arrays.items():
            np.testing.assert_array_equal(again.weights[node_id][name], array)
    panel = window.work.training
    assert panel.state.text().startswith("Trained (run of 2")
    assert len(panel.curves.run.epochs["loss"].y) == 2
    assert panel.figures.isVisible()


def test_a_project_saved_during_its_first_run_gets_that_run_too(
    qtbot: QtBot, window: MainWindow, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from engine.runs import latest_run

    window.document.reset(small_project(epochs=100_000))
    click(qtbot, window, "train")
    qtbot.waitUntil(lambda: window.session.trained is not None, timeout=60_000)
    save_to(monkeypatch, tmp_path / "x.loom")
    assert window.files.save()
    assert latest_run(tmp_path / "x.loom") is None
    window.session.stop()
    qtbot.waitUntil(lambda: latest_run(tmp_path / "x.loom") is not None, timeout=20_000)


def test_a_run_that_cannot_be_moved_or_read_stops_nothing(
    qtbot: QtBot, window: MainWindow, answers: Answers, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    train(qtbot, window)
    (tmp_path / "x.runs").write_text("in the way")
    save_to(monkeypatch, tmp_path / "x.loom")
    assert window.files.save()
    assert "could not be moved" in window.statusBar().currentMessage()
    (tmp_path / "x.runs").unlink()
    (tmp_path / "x.runs" / "1").mkdir(parents=True)
    (tmp_path / "x.runs" / "1" / "last.h5").write_text("no weights")
    assert window.files.open_path(tmp_path / "x.loom")
    assert "was not read" in window.statusBar().currentMessage()
    assert window.session.trained is None
    assert not answers.told


def test_unsaved_changes_are_asked_about(
    window: MainWindow, answers: Answers, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    rename_dense(window)
    answers.answer = None
    assert not window.files.new()
    assert not window.close()
    assert len(answers.asked) == 2
    assert len(window.document.graph) == 6
    answers.answer = 0
    save_to(monkeypatch, tmp_path / "kept.loom")
    assert window.files.new()
    assert (tmp_path / "kept.loom").exists()


def test_what_is_saved_on_the_way_to_its_own_file_is_shown(
    window: MainWindow, answers: Answers, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    save_to(monkeypatch, tmp_path / "x.loom")
    assert window.files.save()
    rename_dense(window)
    edited = window.document.project
    answers.answer = 0
    assert window.files.open_path(tmp_path / "x.loom")
    assert len(answers.asked) == 1
    assert window.document.project == edited
    assert not window.isWindowModified()


def test_a_file_that_cannot_be_read_leaves_the_project(
    window: MainWindow, answers: Answers, tmp_path: Path
) -> None:
    rename_dense(window)
    (tmp_path / "bad.loom").write_text("{ not json")
    before = window.document.project
    assert not window.files.open_path(tmp_path / "bad.loom")
    assert not answers.asked  # whether to save: there is nothing to show in its place
    assert window.document.project is before
    assert "bad.loom" in answers.told[0]


def test_a_file_that_cannot_be_written_is_told(
    window: MainWindow, answers: Answers, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    rename_dense(window)
    save_to(monkeypatch, tmp_path / "missing" / "p.loom")
    assert not window.files.save()
    assert window.isWindowModified()
    assert answers.told


def test_the_first_weights_can_be_exported(
    window: MainWindow, answers: Answers, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    save_to(monkeypatch, tmp_path / "net.h5")
    assert not window.exports.keras_model()
    answers.answer = 0
    assert window.exports.keras_model()
    assert "not been trained" in answers.asked[0]
    assert (tmp_path / "net.h5").stat().st_size


def test_trained_weights_are_exported_and_edits_since_are_spoken_of(
    qtbot: QtBot, window: MainWindow, answers: Answers, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from engine.formats.keras_h5 import load_model

    train(qtbot, window)
    assert window.session.trained is not None
    rename_dense(window)
    save_to(monkeypatch, tmp_path / "net.h5")
    assert window.exports.keras_model()
    assert not answers.asked
    found = {
        tuple(array.shape)
        for arrays in load_model(tmp_path / "net.h5").weights.values()
        for array in arrays.values()
    }
    wanted = {array.shape for arrays in window.session.trained.weights.values() for array in arrays.values()}
    assert found == wanted
    set_units(window, 7)
    answers.answer = 0
    assert window.exports.keras_model()
    assert "edited after it was trained" in answers.asked[0]


def test_an_export_is_checked_with_keras_where_that_is_asked_for(
    window: MainWindow, answers: Answers, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    save_to(monkeypatch, tmp_path / "net.h5")
    answers.answer, answers.options = 0, KerasOptions(".h5", compiled=False, check=True)
    assert window.exports.keras_model()
    assert "predicts the same" in answers.told[0]


def test_code_is_exported_in_the_style_that_was_chosen(
    window: MainWindow, answers: Answers, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    save_to(monkeypatch, tmp_path / "net.py")
    answers.options = CodeOptions(style="subclass")
    assert window.exports.python()
    assert "(keras.Model)" in (tmp_path / "net.py").read_text()


@pytest.mark.parametrize("suffix", [".py", ".png", ".svg", ".pdf"])
def test_code_and_pictures_are_exported(
    window: MainWindow, answers: Answers, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, suffix: str
) -> None:
    save_to(monkeypatch, tmp_path / f"out{suffix}")
    answers.options = None if suffix == ".py" else (suffix, PictureOptions("dark", scale=1.0))
    assert window.exports.python() if suffix == ".py" else window.exports.picture()
    assert (tmp_path / f"out{suffix}").stat().st_size > 100


def test_a_picture_shows_the_colours_of_the_canvas_if_wanted(
    window: MainWindow, answers: Answers, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    window.actions_["colour_flops"].trigger()
    save_to(monkeypatch, tmp_path / "out.svg")
    for wanted in (True, False):
        answers.options = (".svg", PictureOptions(costs=wanted))
        assert window.exports.picture()
        assert ("FLOPs of a sample" in (tmp_path / "out.svg").read_text()) is wanted


def test_the_code_tab_follows_the_graph(qtbot: QtBot, window: MainWindow) -> None:
    code = window.work.code
    window.actions_["show_code"].trigger()
    qtbot.waitUntil(lambda: "keras" in code.editor.toPlainText())
    set_units(window, 123)
    qtbot.waitUntil(lambda: "123" in code.editor.toPlainText())
    code.choices.style_.setCurrentIndex(code.choices.style_.findData("sequential"))
    qtbot.waitUntil(lambda: "Sequential" in code.editor.toPlainText())
    code.choices.training.setChecked(True)
    qtbot.waitUntil(lambda: ".fit(" in code.editor.toPlainText())
    code.choices.target.setCurrentIndex(1)
    assert not code.choices.style_.isVisible()
    qtbot.waitUntil(lambda: "jax" in code.editor.toPlainText())
    code.copy.click()
    assert QApplication.clipboard().text() == code.editor.toPlainText()
    window.document.edit_graph("Cut", window.document.graph.disconnect(window.document.graph.edges[0]))
    qtbot.waitUntil(lambda: "has no input" in code.reason.text())
    assert not code.editor.toPlainText()
    assert not code.save.isEnabled()


def test_the_data_tab_shows_tables_and_pictures_and_changes_the_source(qtbot: QtBot, window: MainWindow) -> None:
    data = window.work.data
    window.actions_["show_data"].trigger()
    qtbot.waitUntil(lambda: data.look.table.isVisible(), timeout=20_000)
    assert data.look.table.model().columnCount() == 5
    data.source.choice.setCurrentIndex(data.source.choice.findData("digits"))
    data.source.choice.activated.emit(data.source.choice.currentIndex())
    qtbot.waitUntil(lambda: data.look.grid.isVisible(), timeout=20_000)
    assert type(window.document.project.data.source).__name__ == "Digits"
    assert data.network.fit.isVisible()
    data.network.fit.click()
    assert window.document.graph.by_name("input").layer.shape == (8, 8, 1)  # type: ignore[attr-defined]
    assert not data.network.fit.isVisible()
    window.document.undo_stack.undo()
    window.document.undo_stack.undo()
    qtbot.waitUntil(lambda: data.look.table.isVisible(), timeout=20_000)


def test_data_that_does_not_fit_is_told_before_training(qtbot: QtBot, window: MainWindow) -> None:
    from engine.data.builtin import Wine

    panel = window.work.problem_panel
    assert not panel.first.isVisible()
    data = window.document.project.data
    window.document.edit_data("Data", data.model_copy(update={"source": Wine()}))
    assert panel.first.isVisible()
    assert "the data does not fit" in window._facts.text()
    (card,) = panel.misfits.cards
    assert card.problem.message == "The data does not fit yet: input takes 4, a sample of Wines is 13."
    assert not window.work.problems.calm.isVisible()
    panel.button.click()
    assert window.work.tabs.currentWidget() is window.work.data
    window.work.tabs.setCurrentIndex(0)
    card.buttons[0].click()  # the Input takes 13 numbers
    assert not panel.first.isVisible()
    assert window.work.problems.calm.isVisible()
    window.document.undo_stack.undo()
    assert panel.first.isVisible()
    window.document.undo_stack.undo()
    assert not panel.first.isVisible()


def test_the_curves_take_room_when_there_are_some(
    qtbot: QtBot, qapp: QApplication, window: MainWindow, answers: Answers
) -> None:
    window.work.training.curves.prepare()
    assert window.work.canvas.sizes()[1] == 96
    train(qtbot, window)
    assert window.work.canvas.sizes()[1] == 230
    answers.answer = 1  # what is not saved is lost
    window.actions_["new"].trigger()
    assert window.work.canvas.sizes()[1] == 96
    window.close()
    again = MainWindow(ProjectDocument(small_project()), AppSettings())
    qtbot.addWidget(again)
    again.resize(1200, 720)
    again.show()
    assert again.work.canvas.sizes()[1] == 96
    whole = sum(again.work.canvas.sizes())
    again.work.canvas.setSizes([whole - 180, 180])
    again.work.canvas.splitterMoved.emit(whole - 180, 1)
    again.work.make_room_for_curves()
    assert again.work.canvas.sizes()[1] == 180
    again.work.take_room_from_curves()
    assert again.work.canvas.sizes()[1] == 96
    again.work.make_room_for_curves()
    assert again.work.canvas.sizes()[1] == 180


def test_the_window_is_no_larger_than_the_screen_with_its_frame(qtbot: QtBot, window: MainWindow) -> None:
    room = window.screen().availableGeometry()
    window.resize(room.size() + QSize(200, 200))
    fit_screen(window, QSize(4, 30))
    least = window.minimumSizeHint()  # the screen of these tests is narrower than that
    assert window.size() == (room.size() - QSize(4, 30)).expandedTo(least)
    assert least.height() < room.height() - 30
    assert least.width() <= 1280
    assert least.height() <= 700


def test_a_way_out_gives_the_focus_to_the_canvas(qtbot: QtBot, window: MainWindow) -> None:
    graph = window.document.graph
    conv = graph.new_node(Conv2D(filters=3, kernel_size=(1, 1)))
    window.document.edit_graph("Insert", graph.insert(conv, graph.outgoing(graph.of_type(Input)[0].id)[0]))
    button = next(button for card in window.work.problems.stack.cards for button in card.buttons)
    qtbot.waitUntil(lambda: "\n" in button.text())  # it is wrapped, not cut
    assert "".join(button.text().split()) == "".join(button.accessibleName().split())
    qtbot.waitUntil(lambda: button.height() >= 2 * button.fontMetrics().height())
    button.setFocus()
    button.click()
    assert any(isinstance(node.layer, Reshape) for node in window.document.graph)
    assert window.focusWidget() is window.work.view


def test_the_text_of_data_that_does_not_fit_has_the_height_it_needs(qtbot: QtBot, window: MainWindow) -> None:
    data = window.document.project.data
    path = "/a/rather/long/way/" + 9 * "to a file of arrays " + ".npz"
    window.document.edit_data("Data", data.model_copy(update={"source": Npz(path=path)}))
    text = window.work.problem_panel.misfits.cards[0].findChild(QLabel)
    assert text is not None
    qtbot.waitUntil(lambda: text.height() >= text.heightForWidth(text.width()) > 40)


def test_a_table_shows_targets_first_and_counts_labels() -> None:
    ds = DataSet({"x": np.zeros((3, 2))}, {"y": np.array([0, 2, 1]), "z": np.array([0.5, 1.0, 2.0])})
    preview = make_preview(ds)
    assert preview.header == ("y", "z", "x 1", "x 2")
    assert ("y", "3 classes") in preview.summary
    assert ("z", "one number") in preview.summary


def test_training_settings_are_edited_undoably(qtbot: QtBot, window: MainWindow) -> None:
    panel = window.work.training_settings
    panel.run_form.changed.emit(window.document.project.training.replace(epochs=7), "epochs")
    assert window.document.project.training.epochs == 7
    panel.optimizer.setCurrentText("SGD")
    panel.optimizer.textActivated.emit("SGD")
    assert window.document.project.training.optimizer.type == "SGD"
    window.document.undo_stack.undo()
    assert panel.optimizer.currentText() == "Adam"


def test_the_learning_rate_can_be_a_schedule(window: MainWindow) -> None:
    panel = window.work.training_settings
    editor = panel.optimizer_form.editor("learning_rate")
    assert isinstance(editor, RateEditor)
    editor.number.take("0.25")
    assert window.document.project.training.optimizer == Adam(learning_rate=0.25)
    editor.kind.setCurrentText("CosineDecay")
    editor.kind.activated.emit(editor.kind.currentIndex())
    editor.form.changed.emit(CosineDecay(initial_learning_rate=0.25, alpha=0.5), "alpha")
    wanted = CosineDecay(initial_learning_rate=0.25, alpha=0.5)
    assert window.document.project.training.optimizer == Adam(learning_rate=wanted)
    editor.kind.setCurrentIndex(0)
    editor.kind.activated.emit(0)
    assert window.document.project.training.optimizer == Adam(learning_rate=0.25)
    window.document.undo_stack.undo()
    assert window.document.project.training.optimizer == Adam(learning_rate=wanted)


def test_appearance_is_set_and_remembered(window: MainWindow) -> None:
    window.actions_["dark"].trigger()
    assert themes.current() is themes.DARK
    assert window.settings.appearance == "dark"
    window.actions_["light"].trigger()
    assert themes.current() is themes.LIGHT
    window.actions_["system"].trigger()


def test_a_change_of_colours_while_curves_are_shown(qtbot: QtBot, window: MainWindow) -> None:
    train(qtbot, window)
    window.actions_["dark"].trigger()
    window.work.training.curves.prepare()
    image = window.work.training.curves.loss_plot.readout.grab().toImage()
    colors = {image.pixelColor(x, y).name() for x in range(image.width()) for y in range(image.height())}
    assert themes.DARK.plot_train in colors
    assert themes.LIGHT.plot_train not in colors
    window.actions_["system"].trigger()


def test_sizes_and_hidden_parts_are_remembered(qtbot: QtBot, qapp: QApplication, window: MainWindow) -> None:
    window.resize(780, 700)  # the screen of these tests is small
    window.work.setSizes([160, 390, 230])
    window.actions_["curves"].trigger()
    sizes = window.work.sizes()
    window.close()
    again = make_window(qapp, AppSettings())
    qtbot.addWidget(again)
    again.show()
    assert again.size() == window.size()
    assert again.work.sizes() == sizes
    assert not again.work.training.isVisible()
    assert not again.actions_["curves"].isChecked()


def test_quitting_while_training_asks_and_then_ends(
    qtbot: QtBot, window: MainWindow, answers: Answers, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("app.files.choose", lambda *_: 1)  # the run may be lost
    window.document.reset(small_project(epochs=100_000))
    click(qtbot, window, "train")
    assert not window.close()
    assert "Stop the training" in answers.asked[0]
    assert window.session.running
    answers.answer = 0
    assert window.close()
    qtbot.waitUntil(lambda: not window.session.running, timeout=10_000)


def drop_file(window: MainWindow, path: Path) -> QDropEvent:
    mime = QMimeData()
    mime.setUrls([QUrl.fromLocalFile(str(path))])
    place = window.work.palette_panel.geometry().center()
    held = (Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier)
    entered = QDragEnterEvent(place, Qt.DropAction.CopyAction, mime, *held)
    entered.ignore()
    window.dragEnterEvent(entered)
    event = QDropEvent(QPointF(place), Qt.DropAction.CopyAction, mime, *held)
    event.ignore()
    if entered.isAccepted():
        window.dropEvent(event)
    return event


def test_a_file_dropped_onto_the_window_is_opened(qtbot: QtBot, window: MainWindow, tmp_path: Path) -> None:
    project_file.save(templates.make("iris-mlp"), tmp_path / "dropped.loom")
    window.document.reset(Project())
    assert drop_file(window, tmp_path / "dropped.loom").isAccepted()
    qtbot.waitUntil(lambda: len(window.document.graph) > 0, timeout=10_000)
    assert window.files.name == "dropped"
    assert not drop_file(window, tmp_path / "picture.png").isAccepted()


def test_a_model_is_opened_with_its_weights_and_says_what_is_missing(
    window: MainWindow, answers: Answers, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    save_to(monkeypatch, tmp_path / "net.h5")
    answers.answer = 0
    assert window.exports.keras_model()
    assert window.files.open_path(tmp_path / "net.h5")
    assert window.session.trained is not None
    assert window.session.trained.fits(window.document.project.graph)
    assert not answers.told
    panel = window.work.training
    assert panel.state.text() == "Weights loaded"
    assert "Go on training keeps the weights" in panel.remark.text
    assert "keeps those that are there" in window.actions_["train"].toolTip()
    assert "Opened with its weights" in window.statusBar().currentMessage()
    assert window.files.title == "net.h5"
    assert tmp_path / "net.h5" in window.settings.recent
    start = Start(window.session.trained.weights)
    opened = Opened(window.document.project, start, notes=("A loss is unknown.",))
    window.files.project_replaced.emit(opened)
    assert "A loss is unknown." in answers.told[0]


def test_a_model_that_is_saved_as_a_project_keeps_weights_and_the_state_of_the_optimizer(
    qtbot: QtBot, window: MainWindow, answers: Answers, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    train(qtbot, window)
    answers.answer, answers.options = 1, KerasOptions(state=True)
    save_to(monkeypatch, tmp_path / "net.keras")
    assert window.exports.keras_model()
    assert window.files.open_path(tmp_path / "net.keras")
    before = window.session.trained
    save_to(monkeypatch, tmp_path / "net.loom")
    assert window.files.save()
    assert window.files.open_path(tmp_path / "net.loom")
    after = window.session.trained
    assert before is not None
    assert before.optimizer_state is not None
    assert after is not None
    assert after.optimizer_state is not None
    assert after.optimizer_state.iterations == before.optimizer_state.iterations > 0
    for key, arrays in before.weights.items():
        for name, array in arrays.items():
            np.testing.assert_array_equal(after.weights[key][name], array)
    assert window.files.save()
    assert len(list((tmp_path / "net.runs").iterdir())) == 1


def test_another_project_leaves_a_run_as_it_is(
    qtbot: QtBot, window: MainWindow, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("app.files.choose", lambda *_: 1)  # changes may be lost
    window.document.reset(small_project(epochs=100_000))
    click(qtbot, window, "train")
    told: list[EpochDone] = []
    window.session.happened.connect(lambda event: told.append(event) if isinstance(event, EpochDone) else None)
    qtbot.waitUntil(lambda: len(told) > 3, timeout=60_000)
    assert window.files.new()
    assert window.document.project.training.epochs < 100
    count = len(told)
    qtbot.waitUntil(lambda: len(told) > count + 100, timeout=60_000)
    window.document.edit_training("Change", window.document.project.training.replace(epochs=1))
    count = len(told)
    qtbot.waitUntil(lambda: len(told) > count + 100, timeout=60_000)
    assert window.session.running


def test_weights_are_loaded_into_the_network_that_is_shown(
    qtbot: QtBot, window: MainWindow, answers: Answers, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    train(qtbot, window)
    trained = window.session.trained
    assert trained is not None
    save_to(monkeypatch, tmp_path / "net.keras")
    assert window.exports.keras_model()
    window.session.adopt(window.document.project, None)
    monkeypatch.setattr(QFileDialog, "getOpenFileName", lambda *_, **__: (str(tmp_path / "net.keras"), ""))
    assert window.files.load_weights()
    again = window.session.trained
    assert again is not None
    for key, arrays in trained.weights.items():
        for name, array in arrays.items():
            np.testing.assert_array_equal(again.weights[key][name], array)
    assert "net.keras" in window.statusBar().currentMessage()
    set_units(window, 3)
    assert not window.files.load_weights()
    assert "layers fit the weights of net.keras" in answers.asked[-1]


def test_training_goes_on_and_the_state_is_exported(
    qtbot: QtBot, window: MainWindow, answers: Answers, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert not window.actions_["go_on"].isEnabled()
    train(qtbot, window)
    first = window.session.trained
    assert first is not None
    assert first.optimizer_state is not None
    assert window.files.modified  # the run is of no file yet
    with qtbot.waitSignal(
        window.session.state_changed, timeout=120_000, check_params_cb=lambda s: s is RunState.IDLE
    ):
        click(qtbot, window, "go_on")
    second = window.session.trained
    assert second is not None
    assert second.optimizer_state is not None
    assert second.position.epoch == 2 * first.position.epoch
    assert second.optimizer_state.iterations == 2 * first.optimizer_state.iterations
    save_to(monkeypatch, tmp_path / "net.keras")
    answers.options = KerasOptions(state=True)
    assert window.exports.keras_model()
    loaded = models.load(tmp_path / "net.keras")
    assert loaded.optimizer_state is not None
    assert loaded.optimizer_state.iterations == second.optimizer_state.iterations
    answers.options = None
    assert window.files.open_path(tmp_path / "net.keras") is False  # asked, and cancelled


def test_weights_hold_as_long_as_their_shapes_do(qtbot: QtBot, window: MainWindow) -> None:
    train(qtbot, window)
    trained = window.session.trained
    assert trained is not None
    graph = window.document.graph
    other = graph.set_layer("n3", graph["n3"].layer.replace(activation="tanh", trainable=False))
    assert trained.weights_fit(other)
    assert not trained.fits(other)
    assert not trained.weights_fit(graph.set_layer("n3", graph["n3"].layer.replace(units=3)))


@pytest.mark.parametrize("suffix", [".keras", ".h5"])
def test_a_model_file_of_either_kind_is_written_and_opened(
    window: MainWindow, answers: Answers, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, suffix: str
) -> None:
    save_to(monkeypatch, tmp_path / f"net{suffix}")
    answers.answer, answers.options = 0, KerasOptions(suffix)  # type: ignore[arg-type]
    before = window.document.graph
    assert window.exports.keras_model()
    assert window.files.open_path(tmp_path / f"net{suffix}")
    assert [node.layer for node in window.document.graph] == [node.layer for node in before]


def test_a_template_is_chosen_from_the_list(qtbot: QtBot, window: MainWindow, answers: Answers) -> None:
    gallery = Gallery(window)
    qtbot.addWidget(gallery)
    gallery.show()
    assert gallery.list.count() == len(templates.TEMPLATES)
    assert gallery.chosen == next(iter(templates.TEMPLATES))
    qtbot.keyClicks(gallery.search, "iris")
    assert gallery.chosen == "iris-mlp"
    gallery.search.clear()
    gallery.list.setCurrentRow(0)
    for _ in range(2):
        qtbot.keyClick(gallery.search, Qt.Key.Key_Down)
    assert gallery.chosen == list(templates.TEMPLATES)[2]
    qtbot.keyClick(gallery.search, Qt.Key.Key_Up)
    assert gallery.chosen == list(templates.TEMPLATES)[1]
    qtbot.keyClicks(gallery.search, "zzz")
    assert gallery.chosen is None
    assert not gallery.buttons.buttons()[0].isEnabled()


def test_a_project_is_made_from_the_template_that_was_chosen(
    window: MainWindow, answers: Answers, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(app.files, "choose_template", lambda parent: "digits-cnn")
    window.actions_["new_template"].trigger()
    assert len(window.document.graph) == 11
    monkeypatch.setattr(app.files, "choose_template", lambda parent: None)
    assert not window.files.new_from_template()


def test_canvas_actions_rest_while_another_tab_is_shown(window: MainWindow) -> None:
    window.actions_["show_code"].trigger()
    assert not window.actions_["delete"].isEnabled()
    window.actions_["show_canvas"].trigger()
    assert window.actions_["delete"].isEnabled()


def test_another_project_closes_the_search_on_the_canvas(window: MainWindow) -> None:
    bar = window.work.view.find_bar
    window.actions_["find"].trigger()
    assert bar.isVisible()
    bar.field.setText("dense")
    bar.search()
    window.document.set_saved()
    assert window.files.new("digits-cnn")
    assert not bar.isVisible()
    assert window.work.view.graph_scene.marks.found == frozenset()


def test_the_first_card_of_a_new_project_stays_where_it_is_let_go(qtbot: QtBot, window: MainWindow) -> None:
    window.document.set_saved()
    assert window.files.new()
    view = window.work.view
    spot = view.mapToScene(QPoint(120, 90))
    view.drop_layer("Dense", spot)
    QApplication.processEvents()
    place = view.graph_scene.node_items[window.document.graph.order[0]].pos()
    assert (view.mapFromScene(place) - QPoint(120, 90)).manhattanLength() <= 12


def test_what_a_run_remarks_of_its_data_is_shown(window: MainWindow) -> None:
    panel = window.work.training
    for text in ("1 of 10 samples cannot be read and are left out: 3.png is cut short.", "More is to be known."):
        panel.take(Remarked(text))
    assert panel.remark.isVisible()
    assert panel.remark.text.endswith("3.png is cut short. More is to be known.")
