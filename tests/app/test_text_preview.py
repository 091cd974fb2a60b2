"""Texts and rows of words in the Data tab: read there, and a network begun for them."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PySide6.QtCore import Qt
from pytestqt.qtbot import QtBot

from app.panels.data import DataPanel
from app.window import MainWindow
from engine.data.imdb import Imdb
from engine.data.texts import Texts
from engine.inference import infer
from engine.layers.core import Input
from engine.layers.embedding import Embedding
from engine.layers.text import TextVectorization
from tests.app.test_data_panel import choose, type_path
from tests.engine.data_files import imdb_file
from tests.engine.test_texts import folders


@pytest.fixture
def panel(window: MainWindow) -> DataPanel:
    window.actions_["show_data"].trigger()
    return window.work.data


def test_reviews_are_chosen_and_read(qtbot: QtBot, window: MainWindow, panel: DataPanel, tmp_path: Path) -> None:
    path = imdb_file(tmp_path / "imdb")
    choose(panel, "imdb")
    assert panel.files.download.button.text() == "Download (19.1 MB)"
    type_path(panel, path)
    texts = panel.look.texts
    qtbot.waitUntil(texts.isVisible, timeout=60_000)
    source = window.document.project.data.source
    assert isinstance(source, Imdb)
    model = texts.model()
    assert [model.headerData(column, Qt.Orientation.Horizontal) for column in range(2)] == ["y", "x"]
    for row in range(20):
        label, text = (model.data(model.index(row, column)) for column in range(2))
        assert text.startswith("[START] ")
        assert (label == "positive") == ("good" in text or "great" in text)
    panel.network.begin.click()
    graph = window.document.project.graph
    assert not infer(graph).problems
    assert graph.of_type(Input)[0].layer == Input(shape=(200,), dtype="int32")
    assert graph.of_type(Embedding)[0].layer.input_dim == 10_000  # type: ignore[attr-defined]
    assert not panel.network.fit.isVisible()
    assert window.work.problem_panel.misfits.cards == []


def test_a_click_shows_all_of_a_text(qtbot: QtBot, panel: DataPanel, tmp_path: Path) -> None:
    long = " ".join(f"word{number}" for number in range(400))
    np.savez(tmp_path / "t.npz", x=np.array([[long], ["short"]] * 20), y=np.arange(40) % 2)
    choose(panel, "npz")
    type_path(panel, tmp_path / "t.npz")
    texts = panel.look.texts
    qtbot.waitUntil(texts.isVisible, timeout=60_000)
    place = texts.visualRect(texts.model().index(0, 1)).center()
    usual = texts.rowHeight(0)
    qtbot.mouseClick(texts.viewport(), Qt.MouseButton.LeftButton, pos=place)
    assert texts.rowHeight(0) > 2 * usual
    qtbot.mouseClick(texts.viewport(), Qt.MouseButton.LeftButton, pos=place)
    assert texts.rowHeight(0) == usual
    qtbot.keyClick(texts, Qt.Key.Key_Return)
    assert texts.rowHeight(0) > 2 * usual
    panel.network.begin.click()
    graph = panel.network._document.project.graph
    assert graph.of_type(TextVectorization)[0].layer.output_sequence_length == 400  # type: ignore[attr-defined]


def test_a_folder_of_texts_is_chosen_and_read(
    qtbot: QtBot, window: MainWindow, panel: DataPanel, tmp_path: Path
) -> None:
    assert panel.take_file(folders(tmp_path / "films", 20))
    source = window.document.project.data.source
    assert isinstance(source, Texts)
    texts = panel.look.texts
    qtbot.waitUntil(texts.isVisible, timeout=60_000)
    model = texts.model()
    assert model.data(model.index(0, 0)) == "bad"
    assert model.data(model.index(0, 1)) == "A film in 0 parts, awful.\nSo it is."
    panel.network.begin.click()
    graph = window.document.project.graph
    assert not infer(graph).problems
    assert graph.of_type(TextVectorization)[0].layer.output_sequence_length == 9  # type: ignore[attr-defined]
    assert window.work.problem_panel.misfits.cards == []


def test_texts_beside_numbers_are_cells_of_a_table(qtbot: QtBot, panel: DataPanel, tmp_path: Path) -> None:
    np.savez(tmp_path / "t.npz", words=np.array([["a b"], ["c"]]), size=np.ones((2, 1)), y=np.arange(2))
    choose(panel, "npz")
    type_path(panel, tmp_path / "t.npz")
    qtbot.waitUntil(panel.look.table.isVisible, timeout=60_000)
    model = panel.look.table.model()
    assert [model.data(model.index(0, column)) for column in range(3)] == ["0", "a b", "1"]
