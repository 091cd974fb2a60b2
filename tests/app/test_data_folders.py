"""Folders of pictures and sounds in the Data tab: chosen or dropped, looked at, changed, trained on."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path

import numpy as np
import pytest
from PySide6.QtCore import QMimeData, QPoint, QPointF, Qt, QUrl
from PySide6.QtGui import QDragEnterEvent, QDropEvent
from PySide6.QtWidgets import QFileDialog, QTabBar, QToolBar
from pytestqt.qtbot import QtBot

import app.panels.source_files
from app.panels.data import DataPanel
from app.panels.preview import make_preview
from app.window import MainWindow
from engine.data.builtin import Iris
from engine.data.image_list import ImageList
from engine.data.images import ImageFolder
from engine.data.sounds import SoundFolder
from engine.events import StepsDone
from engine.inference import infer
from engine.layers.audio import MelSpectrogram
from engine.layers.conv import Conv2D
from engine.layers.core import Input
from engine.layers.preprocessing import Rescaling
from engine.starting import started
from tests.app.commands import layerloom
from tests.app.test_data_commands import saved
from tests.app.test_data_tables import click, shown
from tests.engine.class_folders import parted_folder, picture_folder, sound_folder
from tests.engine.test_image_list import listed

from .conftest import Answers


def choose(monkeypatch: pytest.MonkeyPatch, path: Path) -> None:
    monkeypatch.setattr(QFileDialog, "getExistingDirectory", lambda *args, **kwargs: str(path))


@pytest.fixture
def panel(window: MainWindow) -> DataPanel:
    window.actions_["show_data"].trigger()
    return window.work.data


def images_of(window: MainWindow) -> ImageFolder:
    source = window.document.project.data.source
    assert isinstance(source, ImageFolder)
    return source


def test_four_clicks_lead_from_an_opened_window_to_the_curve_of_a_folder_of_pictures(
    qtbot: QtBot, window: MainWindow, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    choose(monkeypatch, picture_folder(tmp_path / "flowers"))
    steps: list[StepsDone] = []
    window.session.happened.connect(lambda event: steps.append(event) if isinstance(event, StepsDone) else None)
    tabs, bar = window.work.tabs.findChild(QTabBar), window.findChild(QToolBar, "toolbar")
    assert isinstance(tabs, QTabBar)
    assert isinstance(bar, QToolBar)
    data = window.work.data

    click(qtbot, tabs, tabs.tabRect(1).center())
    click(qtbot, data.files.choose_folder)
    qtbot.waitUntil(lambda: data.network.begin.isVisible() and data.look.grid.isVisible(), timeout=30_000)
    click(qtbot, data.network.begin)
    click(qtbot, bar.widgetForAction(window.actions_["train"]))

    qtbot.waitUntil(lambda: len(steps) > 0, timeout=60_000)
    curves = window.work.training.curves
    qtbot.waitUntil(lambda: curves.frames > 0 and "loss" in curves.run.steps, timeout=30_000)
    window.session.stop()


def test_a_chosen_folder_shows_pictures_of_all_classes_and_its_settings(
    qtbot: QtBot, window: MainWindow, panel: DataPanel, tmp_path: Path
) -> None:
    assert panel.take_file(parted_folder(tmp_path / "set"))
    shown(qtbot, window)
    labels = panel.look.grid._labels
    assert Counter(labels) == {"blue": 8, "green": 8, "red": 8}
    assert set(labels[:5]) == {"blue", "green", "red"}  # of each class, one is in the first row
    assert images_of(window).image_size == (24, 32)
    qtbot.waitUntil(lambda: panel.split.look is not None, timeout=20_000)  # counted later
    texts = [panel.summary.grid.itemAt(place).widget().text() for place in range(panel.summary.grid.count())]  # type: ignore[union-attr]
    assert texts[:6] == ["Samples", "24", "x", "24 × 32 × 3", "y", "3 classes"]
    assert texts[-6:] == ["to train on", "24", "to validate", "9", "to test", "12"]
    assert panel.files.name.text() == "set"
    assert window.document.undo_stack.undoText() == "Choose the data"
    window.document.undo_stack.undo()
    assert window.document.project.data.source == Iris()


def test_pictures_of_a_large_folder_are_from_all_over_it(tmp_path: Path) -> None:
    folder = picture_folder(tmp_path / "set", each=100, size=(8, 8))
    preview = make_preview(ImageFolder(path=str(folder)).load())
    labels = [label for _, label in preview.images]
    assert [labels.count(name) for name in ("blue", "green", "red")] == [22, 21, 21]
    image = preview.images[-1][0]
    assert image.pixelColor(4, 4).red() > 150
    assert preview.size == 300


def test_settings_change_what_is_seen(qtbot: QtBot, window: MainWindow, panel: DataPanel, tmp_path: Path) -> None:
    assert panel.take_file(picture_folder(tmp_path / "set", each=3))
    shown(qtbot, window)
    source = images_of(window)
    changed = source.replace(image_size=(10, 12), color_mode="grayscale", class_names=("red", "blue"))
    window.document.edit_data("Change", window.document.project.data.model_copy(update={"source": changed}))
    qtbot.waitUntil(
        lambda: panel.look.grid._labels == ["red", "red", "blue", "red", "blue", "blue"], timeout=20_000
    )
    assert panel.look.grid._pixmaps[0].height() == 10
    assert "green" in panel.notes.text()
    assert panel.network.fit.isVisible()  # the network of the example takes four numbers


def test_pictures_that_cannot_be_read_are_told_beside_those_that_can(
    qtbot: QtBot, window: MainWindow, panel: DataPanel, tmp_path: Path
) -> None:
    folder = picture_folder(tmp_path / "set", each=3)
    (folder / "red" / "bad.png").write_bytes(b"no picture")
    assert panel.take_file(folder)
    shown(qtbot, window)
    assert len(panel.look.grid._labels) == 9
    (card,) = panel.stops.cards
    told = card.problem.message
    assert told.startswith(
        "1 of 10 samples that were looked at cannot be read, and would stop the training: red/bad"
    )
    assert "bad.png: is no picture of a kind that is known" in told
    assert told in [card.problem.message for card in window.work.problem_panel.misfits.cards]
    qtbot.waitUntil(lambda: panel.stops.cards[0].buttons[0].isVisible(), timeout=20_000)
    button = panel.stops.cards[0].buttons[0]
    assert button.accessibleName() == "Leave them out"
    qtbot.mouseClick(button, Qt.MouseButton.LeftButton)
    assert images_of(window).unreadable == "skip"
    qtbot.waitUntil(lambda: "cannot be read and are left out" in panel.notes.text(), timeout=20_000)
    assert not panel.stops.isVisible()


def test_a_dropped_folder_is_taken(qtbot: QtBot, window: MainWindow, tmp_path: Path) -> None:
    mime = QMimeData()
    mime.setUrls([QUrl.fromLocalFile(str(picture_folder(tmp_path / "set", each=2)))])
    action, none = Qt.DropAction.CopyAction, Qt.KeyboardModifier.NoModifier
    enter = QDragEnterEvent(QPoint(50, 50), action, mime, Qt.MouseButton.LeftButton, none)
    window.dragEnterEvent(enter)
    assert enter.isAccepted()
    window.dropEvent(QDropEvent(QPointF(50, 50), action, mime, Qt.MouseButton.LeftButton, none))
    qtbot.waitUntil(lambda: isinstance(window.document.project.data.source, ImageFolder), timeout=20_000)
    shown(qtbot, window)


def test_a_folder_of_nothing_known_is_told_and_changes_nothing(
    window: MainWindow, monkeypatch: pytest.MonkeyPatch, answers: Answers, tmp_path: Path
) -> None:
    monkeypatch.setattr(app.panels.source_files, "tell_error", answers.tell)
    assert not window.work.data.take_file(tmp_path)
    assert "no data is found" in answers.told.pop()
    for name in ("one", "two"):
        (tmp_path / "set" / name).mkdir(parents=True)
        (tmp_path / "set" / name / "a.png").write_bytes(b"x")
    assert not window.work.data.take_file(tmp_path / "set")
    assert "is no picture" in answers.told.pop()
    assert window.document.project.data.source == Iris()


def test_sounds_are_chosen_and_seen(
    qtbot: QtBot, window: MainWindow, panel: DataPanel, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    choose(monkeypatch, sound_folder(tmp_path / "set", each=5))
    click(qtbot, panel.files.choose_folder)
    qtbot.waitUntil(panel.look.wave_grid.isVisible, timeout=30_000)
    assert isinstance(window.document.project.data.source, SoundFolder)
    waves = panel.look.wave_grid.waves
    assert Counter(wave.label for wave in waves) == {"high": 5, "low": 5}
    assert all((wave.low <= wave.high).all() and wave.high.max() > 0.2 for wave in waves)
    assert not panel.look.wave_grid.grab().isNull()
    click(qtbot, panel.network.begin)
    graph = window.document.project.graph
    assert not infer(graph).problems
    (layer,) = graph.of_type(MelSpectrogram)
    assert layer.layer.sampling_rate == 8000  # type: ignore[attr-defined]


def test_a_list_of_pictures_is_chosen_and_seen(
    qtbot: QtBot, window: MainWindow, panel: DataPanel, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    path = listed(tmp_path, header="id,file,label,age")
    monkeypatch.setattr(QFileDialog, "getOpenFileName", lambda *args, **kwargs: (str(path), ""))
    click(qtbot, panel.files.choose)
    qtbot.waitUntil(panel.look.grid.isVisible, timeout=30_000)
    source = window.document.project.data.source
    assert isinstance(source, ImageList)
    assert (source.file_column, source.target_column) == ("file", "label")
    assert panel.look.grid._labels[:4] == ["blue", "red", "green", "blue"]


def test_a_network_for_pictures_begins_with_rescaling_and_convolutions(tmp_path: Path) -> None:
    preview = make_preview(ImageFolder(path=str(picture_folder(tmp_path / "set"))).load())
    graph = started(*preview.columns)
    names = [type(graph[key].layer).__name__ for key in graph.order]
    assert names[:4] == ["Input", "Rescaling", "Conv2D", "MaxPooling2D"]
    assert names[-4:] == ["GlobalAveragePooling2D", "Dense", "Dense", "Output"]
    assert len(graph.of_type(Conv2D)) == 3  # of 24 pixels, 6 are left
    assert len(graph.of_type(Rescaling)) == len(graph.of_type(Input)) == 1
    assert not infer(graph).problems


def test_folders_on_the_command_line(tmp_path: Path) -> None:
    folder = picture_folder(tmp_path / "set", each=10, size=(8, 8))
    (folder / "red" / "bad.png").write_bytes(b"x")
    done = layerloom("data", "inspect", "set", "--json", cwd=tmp_path)
    assert done.returncode == 1, done.stderr  # a run would stop there
    found = json.loads(done.stdout)
    assert (found["source"], found["samples"]) == ("images", 30)
    assert found["features"]["x"]["shape"] == [30, 8, 8, 3]
    assert found["classes"] == {"y": {"blue": 10, "green": 10, "red": 10}}
    assert "bad.png: is no picture" in found["problems"][0]
    (folder / "red" / "bad.png").unlink()
    source = ImageFolder(path="nowhere", image_size=(8, 8), color_mode="rgb", class_names=("blue", "green", "red"))
    saved(tmp_path, source, started(source.features(), source.targets()))
    done = layerloom("train", "p.loom", "--data", "set", "--json", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout.splitlines()[-1])["event"] == "finished"
    assert np.isfinite(json.loads(done.stdout.splitlines()[-1])["test"]["loss"])
