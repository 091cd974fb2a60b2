"""The Data tab: sources that are chosen, and what is seen of them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PySide6.QtWidgets import QFileDialog, QToolButton
from pytestqt.qtbot import QtBot

import app.panels.source_files
from app.panels.data import DataPanel
from app.panels.pictures import points_of, stretch_of
from app.window import MainWindow
from engine import templates
from engine.data.builtin import Iris
from engine.data.hdf5_arrays import Hdf5
from engine.data.series import Sines
from engine.data.source import DataSet, source_name
from engine.data.toy import Blobs, Moons
from engine.formats.keras_h5 import save_model
from engine.model import compile_graph
from tests.app.conftest import Answers
from tests.app.test_window import drop_file
from tests.engine.data_files import cifar_folder, mnist_files
from tests.engine.test_data_hdf5 import written


@pytest.fixture
def panel(window: MainWindow) -> DataPanel:
    window.actions_["show_data"].trigger()
    return window.work.data


def choose(panel: DataPanel, name: str) -> None:
    """Choose a source as a person does."""
    panel.source.choice.setCurrentIndex(panel.source.choice.findData(name))
    panel.source.choice.activated.emit(panel.source.choice.currentIndex())


@pytest.mark.parametrize(("name", "classes"), [("moons", 2), ("circles", 2), ("spirals", 2), ("blobs", 3)])
def test_a_toy_is_chosen_and_seen(
    qtbot: QtBot, window: MainWindow, panel: DataPanel, name: str, classes: int
) -> None:
    choose(panel, name)
    scatter = panel.look.scatter
    qtbot.waitUntil(scatter.isVisible, timeout=20_000)
    assert source_name(window.document.project.data.source) == name
    entries = scatter.legend.entries
    assert len(entries) == classes
    assert len({entry.color for entry in entries}) == len({entry.mark for entry in entries}) == classes
    assert sum(len(spots.data) for spots in scatter.spots) == 500
    assert scatter.legend.accessibleName() == ", ".join(entry.text for entry in entries)


def test_the_picture_follows_the_settings(qtbot: QtBot, window: MainWindow, panel: DataPanel) -> None:
    choose(panel, "spirals")
    scatter = panel.look.scatter
    qtbot.waitUntil(scatter.isVisible, timeout=20_000)
    form: Any = panel.source.form
    form.editor("arms").spin.setValue(5)
    assert panel.look.currentWidget() is scatter  # no word comes between
    qtbot.waitUntil(lambda: len(scatter.legend.entries) == 5, timeout=20_000)
    form.editor("samples").spin.setValue(300)
    qtbot.waitUntil(lambda: sum(len(spots.data) for spots in scatter.spots) == 300, timeout=20_000)
    before = scatter.spots[0].data["x"].copy()
    form.editor("noise").line.setText("0.5")
    form.editor("noise").take("0.5")
    qtbot.waitUntil(lambda: not np.array_equal(scatter.spots[0].data["x"], before), timeout=20_000)
    window.document.undo_stack.undo()
    qtbot.waitUntil(lambda: np.array_equal(scatter.spots[0].data["x"], before), timeout=20_000)


def test_a_series_is_chosen_and_seen(qtbot: QtBot, panel: DataPanel) -> None:
    choose(panel, "sines")
    series = panel.look.series
    qtbot.waitUntil(series.isVisible, timeout=20_000)
    values = np.concatenate([line.yData for line in series.lines])
    assert len(values) == 530 + 2  # each part begins at the end of the one before
    assert [entry.text for entry in series.legend.entries][:3] == ["to train on", "to validate", "to test"]


def test_only_points_in_a_plane_are_drawn_as_such() -> None:
    found = points_of(Blobs(classes=10, samples=100).load())
    assert found is not None
    assert [(name, len(points)) for name, points in found.groups] == [(str(label), 10) for label in range(10)]
    assert points_of(Iris().load()) is None  # four measures are no place in a plane


def test_only_windows_of_one_series_are_drawn_as_one() -> None:
    loaded = Sines(samples=50, window=5).load()
    found = stretch_of(loaded)
    assert found is not None
    assert found.parts == ((0, 40), (40, 45), (45, 55))
    mixed = DataSet({"x": loaded.features["x"][::-1]}, loaded.targets)
    assert stretch_of(mixed) is None
    assert stretch_of(Moons().load()) is None


def type_path(panel: DataPanel, path: Path) -> None:
    """Write the name of a file or folder."""
    editor: Any = panel.source.form.editor("path")
    editor.line.setText(str(path))
    editor.take(str(path))
    editor.finished.emit()


@pytest.mark.parametrize(
    ("name", "label", "side"),
    [("mnist", "0", 28), ("fashion_mnist", "T-shirt/top", 28), ("cifar10", "airplane", 32)],
)
def test_published_sets_are_chosen_and_seen(
    qtbot: QtBot, window: MainWindow, panel: DataPanel, name: str, label: str, side: int, tmp_path: Path
) -> None:
    folder = cifar_folder(tmp_path / "set") if name == "cifar10" else tmp_path / "set"
    if name != "cifar10":
        mnist_files(folder)
    choose(panel, name)
    (told,) = window.work.problem_panel.misfits.cards
    assert "no file is chosen yet" in told.problem.message
    type_path(panel, folder)
    qtbot.waitUntil(panel.look.grid.isVisible, timeout=20_000)
    assert panel.look.grid._labels[0] == label
    assert panel.look.grid._pixmaps[0].width() == side
    assert panel.network.fit.isVisible()
    type_path(panel, tmp_path / "elsewhere")
    qtbot.waitUntil(lambda: "elsewhere" in panel.look.word.text(), timeout=20_000)


def test_a_folder_is_looked_for(panel: DataPanel, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    mnist_files(tmp_path)
    choose(panel, "mnist")
    monkeypatch.setattr(QFileDialog, "getExistingDirectory", lambda *_: str(tmp_path))
    editor: Any = panel.source.form.editor("path")
    next(button for button in editor.findChildren(QToolButton) if button.toolTip() == "Choose a folder").click()
    assert panel.source.form.settings.path == str(tmp_path)  # type: ignore[union-attr]


def test_arrays_of_their_own_are_chosen_and_seen(qtbot: QtBot, panel: DataPanel, tmp_path: Path) -> None:
    np.save(tmp_path / "x.npy", np.ones((6, 4)))
    np.save(tmp_path / "y.npy", np.arange(6) % 2)
    choose(panel, "npy")
    type_path(panel, tmp_path)
    qtbot.waitUntil(panel.look.table.isVisible, timeout=20_000)
    assert panel.look.table.model().columnCount() == 5


def test_an_hdf5_file_is_dropped_and_seen_whatever_models_are_called(
    qtbot: QtBot, window: MainWindow, panel: DataPanel, answers: Answers, tmp_path: Path
) -> None:
    path = written(
        tmp_path / "a.h5",
        train__images=np.ones((6, 8, 8), np.uint8),
        train__labels=np.arange(6) % 2,
        test__images=np.ones((2, 8, 8), np.uint8),
        test__labels=np.arange(2),
    )
    assert drop_file(window, Path(path)).isAccepted()
    qtbot.waitUntil(lambda: window.document.project.data.source == Hdf5(path=path), timeout=20_000)
    qtbot.waitUntil(panel.look.grid.isVisible, timeout=20_000)
    assert panel.look.grid._labels == ["0", "1"] * 3
    (told,) = window.work.problem_panel.misfits.cards
    assert "input takes 4, but a sample of the data is 8 × 8" in told.problem.message
    answers.answer = 1  # what was changed may be lost
    assert not window.files.open_path(Path(path))
    assert "is not a Keras model: it has no model_config. Data is chosen in the Data tab." in answers.told.pop()


def test_a_model_is_no_data(
    window: MainWindow, panel: DataPanel, answers: Answers, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    project = templates.make("iris-mlp")
    model = compile_graph(project.graph)
    save_model(tmp_path / "net.h5", project.graph, model.to_host(model.init(0)), project.training)
    monkeypatch.setattr(app.panels.source_files, "tell_error", answers.tell)
    before = window.document.project.data
    assert not panel.take_file(tmp_path / "net.h5")
    assert (
        "net.h5: is a Keras model, or the weights of one, not data: open it from the File menu." in answers.told[0]
    )
    assert window.document.project.data == before
    assert not window.files.is_data(tmp_path / "net.h5")
