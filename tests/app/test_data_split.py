"""The split in the Data tab: what it comes to, samples on both sides, and classes that are balanced."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from pytestqt.qtbot import QtBot

from app.panels.data import DataPanel
from app.panels.views import CLASSES
from app.window import MainWindow
from engine.data.arrays import Npz
from engine.data.table import Table
from engine.graph import Graph
from engine.layers.core import Dense, Input, Output
from engine.project import DataSettings, Project
from graph_editor import theme as themes
from tests.app.test_data_panel import choose
from tests.engine.graphs import graph


@pytest.fixture
def panel(window: MainWindow) -> DataPanel:
    window.actions_["show_data"].trigger()
    return window.work.data


def network(classes: int) -> Graph:
    return graph(
        ("x", Input(shape=(3,)), []),
        ("dense", Dense(units=classes, activation="softmax"), ["x"]),
        ("out", Output(), ["dense"]),
    )


def arrays(window: MainWindow, folder: Path, **more: Any) -> None:
    """Learn from 100 samples of which the last ten are the first ten once more, 90 of one class."""
    x = np.arange(300.0).reshape(100, 3)
    x[90:] = x[:10]
    np.savez(folder / "twice.npz", x=x, y=np.repeat([0, 1], [90, 10]), **more)
    source = Npz(path=str(folder / "twice.npz"))
    window.document.edit("Change", Project(network(2), data=DataSettings(source=source, shuffle=False)))


def test_the_summary_says_how_many_samples_each_part_has(
    qtbot: QtBot, window: MainWindow, panel: DataPanel
) -> None:
    qtbot.waitUntil(lambda: panel.split.look is not None, timeout=20_000)
    assert panel.split.look is not None
    assert panel.split.look.sizes == (105, 15, 30)
    form: Any = panel.split.form
    form.editor("stratify").box.click()
    assert window.document.project.data.stratify
    form.editor("test_split").take("0.5")
    form.editor("test_split").finished.emit()
    qtbot.waitUntil(lambda: panel.split.look is not None and panel.split.look.sizes[2] == 75, timeout=20_000)
    window.document.undo_stack.undo()
    window.document.undo_stack.undo()
    qtbot.waitUntil(lambda: panel.split.look is not None and panel.split.look.sizes[2] == 30, timeout=20_000)
    assert not window.document.project.data.stratify


def test_samples_on_both_sides_are_told_and_a_click_mends_it(
    qtbot: QtBot, window: MainWindow, panel: DataPanel, tmp_path: Path
) -> None:
    arrays(window, tmp_path)
    split = panel.split
    qtbot.waitUntil(split.warning.isVisible, timeout=20_000)
    assert split.warning.text().startswith("10 of 30 samples held back are trained on as well")
    split.mend.click()
    qtbot.waitUntil(lambda: not split.warning.isVisible(), timeout=20_000)
    assert window.document.project.data.keep_duplicates_together
    assert not split.mend.isVisible()
    window.document.undo_stack.undo()
    qtbot.waitUntil(split.warning.isVisible, timeout=20_000)
    choose(panel, "iris")
    assert not split.warning.isVisible()  # nothing is known of that yet


def test_a_run_tells_it_too(qtbot: QtBot, window: MainWindow, panel: DataPanel, tmp_path: Path) -> None:
    arrays(window, tmp_path)
    remark = window.work.training.remark
    window.actions_["train"].trigger()
    qtbot.waitUntil(lambda: "10 of 30 samples held back" in remark.text, timeout=60_000)
    assert remark.isVisible()


def test_nothing_left_to_train_on_is_told(qtbot: QtBot, window: MainWindow, panel: DataPanel) -> None:
    data = window.document.project.data
    window.document.edit_data("Change", data.replace(validation_split=0.5, test_split=0.5))
    qtbot.waitUntil(panel.split.warning.isVisible, timeout=20_000)
    assert panel.split.warning.text().startswith("Nothing is left to train on")


def test_a_class_that_comes_once_is_told(
    qtbot: QtBot, window: MainWindow, panel: DataPanel, tmp_path: Path
) -> None:
    np.savez(tmp_path / "one.npz", x=np.arange(60.0).reshape(20, 3), y=np.repeat([0, 1], [19, 1]))
    source = Npz(path=str(tmp_path / "one.npz"))
    window.document.edit("Change", Project(network(2), data=DataSettings(source=source, stratify=True)))
    qtbot.waitUntil(panel.split.notes.isVisible, timeout=20_000)
    assert panel.split.notes.text() == "1 classes have a single sample, which is trained on: 1."


def test_classes_are_balanced_by_a_click(
    qtbot: QtBot, window: MainWindow, panel: DataPanel, tmp_path: Path
) -> None:
    arrays(window, tmp_path)
    views = panel.views
    qtbot.waitUntil(lambda: views.profile is not None and len(views.classes.charts) == 1, timeout=20_000)
    views.tabs.setCurrentIndex(CLASSES)
    qtbot.waitUntil(
        lambda: len(views.classes.boxes) == 1 and views.classes.charts[0].balance.total == 100, timeout=20_000
    )
    (box,) = views.classes.boxes
    assert box.isVisible()
    assert not box.isChecked()
    box.click()
    document = window.document

    def setting() -> str:
        layer = document.project.graph.by_name("out").layer
        assert isinstance(layer, Output)
        return layer.class_weight

    assert setting() == "balanced"
    document.undo_stack.undo()
    assert setting() == ""
    assert not box.isChecked()
    made = network(2)
    numbers = made.set_layer(made.by_name("out").id, Output(loss="mean_squared_error", metrics=()))
    document.edit("Change", Project(numbers, data=document.project.data))
    assert not box.isVisible()  # numbers have no classes


@pytest.mark.parametrize("role", ["split", "group", "weight"])
def test_columns_take_these_roles(
    qtbot: QtBot, window: MainWindow, panel: DataPanel, role: str, tmp_path: Path
) -> None:
    parts = ["train"] * 6 + ["val"] * 2 + ["test"] * 2
    rows = [f"{i / 7},{i % 2},{parts[i % 10]},{i // 4},{1 + i % 3}" for i in range(100)]
    (tmp_path / "a.csv").write_text("\n".join(["age,label,split,group,weight", *rows]))
    assert panel.take_file(tmp_path / "a.csv")
    qtbot.waitUntil(lambda: panel.columns.isVisible() and panel.split.look is not None, timeout=20_000)
    source = window.document.project.data.source
    assert isinstance(source, Table)
    place = [column.name for column in source.columns].index(role)
    panel.columns.table.selectRow(place)
    box = panel.columns.choices["role"]
    box.setCurrentIndex(box.findData(role))
    box.activated.emit(box.currentIndex())
    source = window.document.project.data.source
    assert isinstance(source, Table)
    assert source.columns[place].role == role
    qtbot.waitUntil(lambda: panel.split.look is None, timeout=20_000)
    qtbot.waitUntil(lambda: panel.split.look is not None, timeout=20_000)
    assert panel.split.look is not None
    assert panel.split.look.sizes == {"split": (60, 20, 20), "group": (70, 10, 20), "weight": (70, 10, 20)}[
        role
    ] or (role == "group" and sum(panel.split.look.sizes) == 100)


def test_both_themes_have_a_colour_for_warnings() -> None:
    for theme in (themes.LIGHT, themes.DARK):
        assert f'QLabel[warned="true"] {{ color: {theme.warning}; }}' in themes.stylesheet(theme)
