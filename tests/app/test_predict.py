"""The Predict tab: what is drawn, typed, dropped or picked, and what the network makes of it."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from PySide6.QtCore import QPoint, Qt
from pytestqt.qtbot import QtBot

from app.panels.draw_field import DrawField
from app.panels.predict import PredictPanel
from app.panels.questions import true_text
from app.panels.sample_editor import GRAD_CAM
from app.panels.share_bars import ShareBars
from app.window import MainWindow
from engine import templates
from engine.data.arrays import Npz
from engine.model import compile_graph
from engine.project import Project
from tests.app.test_evaluate import some_weights


def opened(qtbot: QtBot, window: MainWindow, project: Project | None = None) -> PredictPanel:
    """The tab, opened on weights that are there, with the answer for the first sample."""
    if project is not None:
        window.document.reset(project)
    window.session.trained = some_weights(window.document.project)
    window.actions_["show_prediction"].trigger()
    panel = window.work.prediction
    settled(qtbot, panel)
    return panel


def settled(qtbot: QtBot, panel: PredictPanel) -> None:
    """Wait until nothing is asked any more."""

    def quiet() -> bool:
        return panel.asking.answer is not None and panel.asking.idle

    qtbot.waitUntil(quiet, timeout=60_000)


def test_without_weights_it_leads_to_training(qtbot: QtBot, window: MainWindow) -> None:
    window.actions_["show_prediction"].trigger()
    panel = window.work.prediction
    assert panel.empty.word.text().startswith("Nothing is trained yet")
    with qtbot.waitSignal(window.session.started, timeout=20_000):
        panel.empty.lead.click()


def test_a_row_is_picked_and_changed(qtbot: QtBot, window: MainWindow) -> None:
    panel = opened(qtbot, window)
    assert panel.editor.inputs.currentWidget() is panel.editor.row
    assert [name for _, name, _ in panel.view.bars.shares] == ["setosa", "versicolor", "virginica"]
    assert panel.editor.true.text().startswith("true: ")
    before = panel.view.bars.shares
    panel.editor.row.spins[2].setValue(panel.editor.row.spins[2].value() + 5)
    settled(qtbot, panel)
    assert panel.view.bars.shares != before
    assert panel.editor.true.text() == ""
    model = compile_graph(window.document.project.graph)
    assert window.session.trained is not None
    variables = model.from_host(window.session.trained.weights)
    wanted = np.asarray(model.predict(variables, {"input": panel.editor.row.values()[None]})["output"])[0]
    assert [share for *_, share in panel.view.bars.shares] == pytest.approx(wanted.tolist(), abs=1e-5)


def test_a_digit_is_drawn_and_looked_at(qtbot: QtBot, window: MainWindow) -> None:
    panel = opened(qtbot, window, templates.make("digits-cnn"))
    assert panel.editor.inputs.currentWidget() is panel.editor.field
    assert panel.editor.field.pixels().shape == (8, 8, 1)
    panel.editor.clear.click()
    middle = panel.editor.field.frame().center()
    qtbot.mousePress(panel.editor.field, Qt.MouseButton.LeftButton, pos=middle - QPoint(0, 60))
    qtbot.mouseMove(panel.editor.field, middle + QPoint(0, 60))
    qtbot.mouseRelease(panel.editor.field, Qt.MouseButton.LeftButton, pos=middle + QPoint(0, 60))
    settled(qtbot, panel)
    assert panel.asking.answer is not None
    (sample,) = panel.asking.answer.sample.values()
    assert sample.shape == (8, 8, 1)
    assert 8 < sample.max() <= 16  # as bright as the data
    assert sample.min() == 0
    for kind in (1, 2):
        panel.editor.overlay.setCurrentIndex(kind)
        panel.editor.overlay.activated.emit(kind)
        settled(qtbot, panel)
        found = panel.asking.answer.overlays[kind - 1]
        assert found is not None
        assert found.min() >= 0
        assert found.max() <= 1
    assert panel.view.bars.marked == panel.asking.answer.index
    panel.view.bars.chosen.emit(3)
    settled(qtbot, panel)
    assert panel.asking.answer.index == panel.view.bars.marked == 3


@pytest.mark.parametrize("when", ["it waits", "it is asked"])
def test_a_sample_is_not_lost_to_what_is_chosen_meanwhile(qtbot: QtBot, window: MainWindow, when: str) -> None:
    panel = opened(qtbot, window, templates.make("digits-cnn"))
    panel.editor.number.setValue(3)
    if when == "it is asked":
        panel.asking._start()  # at once: waiting for it would miss it where the answer is quick
    panel.editor.overlay.setCurrentIndex(GRAD_CAM)
    panel.editor.overlay.activated.emit(GRAD_CAM)
    assert not panel.asking.idle
    remarks: list[str] = []
    panel.asking.answered.connect(lambda: remarks.append(panel.view.hint.text()))
    settled(qtbot, panel)
    answer = panel.asking.answer
    assert answer is not None
    assert answer.question.number == 2
    assert answer.overlays.grad_cam is not None
    assert remarks
    assert not any("Grad-CAM needs" in remark for remark in remarks)


def test_a_sample_given_while_a_network_is_prepared_is_asked_about(qtbot: QtBot, window: MainWindow) -> None:
    panel = opened(qtbot, window)
    window.session.trained = some_weights(window.document.project)
    panel.refresh()
    panel.editor.row.spins[0].setValue(99.0)
    settled(qtbot, panel)
    assert panel.asking.answer is not None
    (sample,) = panel.asking.answer.sample.values()
    assert sample[0] == 99.0


def test_other_data_begin_with_their_own_sample(qtbot: QtBot, window: MainWindow, tmp_path: Path) -> None:
    panel = opened(qtbot, window, templates.make("digits-cnn"))
    panel.editor.clear.click()  # the picture of a person, which belongs to none of the data
    settled(qtbot, panel)
    rng = np.random.default_rng(0)
    np.savez(tmp_path / "d.npz", x=rng.uniform(0, 16, (40, 8, 8, 1)), y=rng.integers(0, 10, 40))
    project = window.document.project
    source = Npz(path=str(tmp_path / "d.npz"))
    window.document.reset(replace(project, data=project.data.replace(source=source)))
    window.session.trained = some_weights(window.document.project)
    panel.refresh()
    settled(qtbot, panel)
    assert panel.asking.answer is not None
    assert panel.asking.answer.question.number == 0
    assert panel.editor.true.text().startswith("true: ")


def test_a_picture_from_disk_is_taken(qtbot: QtBot, window: MainWindow, tmp_path: Path) -> None:
    panel = opened(qtbot, window, templates.make("digits-cnn"))
    Image.new("L", (30, 30), 255).save(tmp_path / "white.png")
    panel.editor.take_picture(tmp_path / "white.png")
    settled(qtbot, panel)
    assert panel.asking.answer is not None
    assert {float(value.min()) for value in panel.asking.answer.sample.values()} == {16.0}
    assert panel.editor.field.pixels().min() == 255
    (tmp_path / "bad.png").write_bytes(b"nothing")
    panel.editor.take_picture(tmp_path / "bad.png")
    qtbot.waitUntil(lambda: "is no picture" in panel.view.hint.text(), timeout=20_000)


def test_a_number_is_predicted(qtbot: QtBot, window: MainWindow) -> None:
    panel = opened(qtbot, window, templates.make("diabetes-regression"))
    assert panel.view.bars.isHidden()
    assert panel.asking.answer is not None
    (given,) = panel.asking.answer.given.values()
    assert panel.view.result.text() == f"{float(given[0]):.5g}"


def test_an_edit_that_the_weights_do_not_fit_is_told(qtbot: QtBot, window: MainWindow) -> None:
    panel = opened(qtbot, window)
    project = window.document.project
    dense = next(node for node in project.graph if hasattr(node.layer, "units"))
    window.document.edit_graph("Units", project.graph.set_layer(dense.id, dense.layer.replace(units=5)))
    assert panel.stack.currentIndex() == 0
    assert "weights do not belong to it" in panel.empty.word.text()
    window.document.undo_stack.undo()
    settled(qtbot, panel)
    assert panel.stack.currentIndex() == 1


def test_what_is_drawn_is_scaled_to_what_the_network_takes(qtbot: QtBot) -> None:
    field = DrawField()
    qtbot.addWidget(field)
    field.resize(200, 200)
    for shape in ((28, 28, 1), (10, 20, 3), (7, 5, 4)):
        field.set_shape(shape)
        assert field.pixels().shape == shape
        assert field.pixels()[..., :3].max() == 0
    picture = np.arange(6 * 4 * 3, dtype=np.uint8).reshape(6, 4, 3)
    field.show_pixels(picture)
    assert np.abs(field.pixels().astype(int) - picture).max() <= 2
    field.show_overlay(np.eye(6))
    assert not field.grab().isNull()


def test_of_very_many_classes_the_largest_are_shown(qtbot: QtBot) -> None:
    bars = ShareBars()
    qtbot.addWidget(bars)
    bars.show_shares([(str(number), number / 5000) for number in range(100)], 99)
    assert [number for number, *_ in bars.shares] == list(range(99, 87, -1))
    with qtbot.waitSignal(bars.chosen, timeout=20_000) as heard:
        qtbot.mouseClick(bars, Qt.MouseButton.LeftButton, pos=QPoint(20, 30))
    assert heard.args == [98]


def test_what_was_to_be_predicted_is_read() -> None:
    assert true_text(np.array(1), ("no", "yes")) == "yes"
    assert true_text(np.array([0.0, 1.0]), ("no", "yes")) == "yes"
    assert true_text(np.array([2.5]), ()) == "2.5"
    assert true_text(np.zeros((4, 4)), ()) == ""
    assert true_text(None, ("no",)) == ""
