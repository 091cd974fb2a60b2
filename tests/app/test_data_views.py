"""Ways to look at data in the Data tab: values, classes, and a batch before and after augmentation."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PySide6.QtGui import QColor
from pytestqt.qtbot import QtBot

from app.panels.charts import BalanceChart, CategoryTile, SpreadTile, number
from app.panels.data import DataPanel
from app.panels.views import BATCH, CLASSES, SAMPLES, VALUES, DataViews
from app.window import MainWindow
from engine.data.profile import Balance, Spread
from engine.graph import Graph
from engine.layers.augmentation_geometry import RandomFlip
from engine.layers.core import Dense, Input, Output
from engine.layers.reshaping import Flatten
from engine.project import Project
from graph_editor import theme as themes
from tests.app.test_data_panel import choose
from tests.engine.graphs import graph


@pytest.fixture
def panel(window: MainWindow) -> DataPanel:
    window.actions_["show_data"].trigger()
    return window.work.data


def shown(qtbot: QtBot, panel: DataPanel, view: int) -> DataViews:
    """Turn to a view once there are figures to show."""
    views = panel.views
    qtbot.waitUntil(lambda: views.profile is not None, timeout=20_000)
    views.tabs.setCurrentIndex(view)
    return views


def test_values_have_a_picture_each(qtbot: QtBot, panel: DataPanel) -> None:
    views = shown(qtbot, panel, VALUES)
    tiles = [tile for tile in views.tiles.tiles if isinstance(tile, SpreadTile)]
    assert len(tiles) == 4  # iris has four measures
    assert all(tile.isVisible() for tile in tiles)
    assert "mean 5.84" in tiles[0].accessibleName()
    assert not views.part.isVisible()


def test_classes_have_a_bar_each(qtbot: QtBot, panel: DataPanel) -> None:
    views = shown(qtbot, panel, CLASSES)
    (chart,) = views.classes.charts
    assert chart.isVisible()
    assert [many for _, many in chart.balance.counts] == [50, 50, 50]
    assert "50" in chart.accessibleName()


def test_a_view_stays_while_other_data_has_it_too(qtbot: QtBot, panel: DataPanel) -> None:
    views = shown(qtbot, panel, CLASSES)
    choose(panel, "wine")
    qtbot.waitUntil(lambda: len(views.tiles.tiles) == 13, timeout=20_000)
    assert views.tabs.currentIndex() == CLASSES
    choose(panel, "diabetes")  # which has none
    qtbot.waitUntil(lambda: views.profile is not None and not views.profile.balances, timeout=20_000)
    assert views.tabs.currentIndex() == SAMPLES
    assert not views.tabs.isTabVisible(CLASSES)
    assert not views.tabs.isTabVisible(BATCH)
    choose(panel, "iris")
    qtbot.waitUntil(lambda: len(views.tiles.tiles) == 4 and views.tabs.currentIndex() == CLASSES, timeout=20_000)


def test_columns_of_a_table(qtbot: QtBot, window: MainWindow, panel: DataPanel, tmp_path: Path) -> None:
    path = tmp_path / "plants.csv"
    rows = [f"{i / 7},{'' if i % 5 == 0 else i},{'wet' if i % 3 else 'dry'},{i % 10 == 0:d}" for i in range(100)]
    path.write_text("\n".join(["leaves,height,soil,label", *rows]))
    assert panel.take_file(path)
    views = shown(qtbot, panel, VALUES)
    qtbot.waitUntil(lambda: len(views.tiles.tiles) == 3, timeout=20_000)
    texts = [tile.accessibleName() for tile in views.tiles.tiles]
    assert texts[1].startswith("height:")
    assert texts[1].endswith("20 missing")
    assert [type(tile) for tile in views.tiles.tiles] == [SpreadTile, SpreadTile, CategoryTile]
    assert "wet 66" in texts[2]
    views.tabs.setCurrentIndex(CLASSES)
    (chart,) = views.classes.charts
    assert [many for _, many in chart.balance.counts] == [90, 10]
    assert chart.balance.name == "label"


def test_rare_classes_are_seen_at_once(qtbot: QtBot) -> None:
    chart = BalanceChart(Balance("y", (("often", 90), ("never", 0), ("rare", 10)), "y"))
    qtbot.addWidget(chart)
    chart.resize(500, chart.height())
    image = chart.grab().toImage()
    colors = [{image.pixelColor(x, 12 + 24 * row).name() for x in range(60, 400)} for row in range(3)]
    blend = QColor(image.pixelColor(80, 12)).name()
    assert blend in colors[0]
    assert blend not in colors[1]
    assert blend not in colors[2]


def test_of_few_numbers_a_tile_says_so(qtbot: QtBot) -> None:
    tile = SpreadTile(Spread("empty", 0, 0, 0, (), 3))
    qtbot.addWidget(tile)
    assert tile.words() == "empty: no numbers"
    tile.grab()


def pictures(*, augmented: bool = True) -> Graph:
    """A small network for the digits."""
    return graph(
        ("x", Input(shape=(8, 8, 1)), []),
        ("flip", RandomFlip(), ["x"]) if augmented else ("other", Flatten(), ["x"]),
        ("flat", Flatten(), ["flip" if augmented else "other"]),
        ("dense", Dense(units=10, activation="softmax"), ["flat"]),
        ("out", Output(), ["dense"]),
    )


def put(window: MainWindow, made: Graph) -> None:
    """Put a network on the canvas."""
    before = window.document.project
    window.document.edit("Change", Project(made, data=before.data, training=before.training))


def test_a_batch_before_and_after(qtbot: QtBot, window: MainWindow, panel: DataPanel) -> None:
    put(window, pictures())
    choose(panel, "digits")
    qtbot.waitUntil(lambda: panel.views.tabs.isTabVisible(BATCH) and panel.look.grid.isVisible(), timeout=20_000)
    views = shown(qtbot, panel, BATCH)
    batch = views.batch
    qtbot.waitUntil(lambda: len(batch.grids) == 2, timeout=60_000)
    assert batch.caption.text() == "flip"
    before, after = batch.grids
    assert before._labels == after._labels == [str(label) for label in range(8)]
    first = [pixmap.toImage() for pixmap in before._pixmaps]
    drawn = [pixmap.toImage() for pixmap in after._pixmaps]
    assert first != drawn
    batch.another.click()
    qtbot.waitUntil(lambda: batch.grids[1] is not after, timeout=60_000)
    assert [pixmap.toImage() for pixmap in batch.grids[0]._pixmaps] == first
    assert [pixmap.toImage() for pixmap in batch.grids[1]._pixmaps] != drawn
    put(window, pictures(augmented=False))
    qtbot.waitUntil(lambda: "No layer changes these pictures" in batch.word.text(), timeout=60_000)
    assert batch.word.isVisible()
    window.document.undo_stack.undo()
    qtbot.waitUntil(batch.another.isVisible, timeout=60_000)


def test_what_does_not_fit_is_said(qtbot: QtBot, window: MainWindow, panel: DataPanel) -> None:
    put(window, pictures().set_layer("n1", Input(shape=(9, 9, 1))))
    choose(panel, "digits")
    qtbot.waitUntil(panel.look.grid.isVisible, timeout=20_000)
    batch = shown(qtbot, panel, BATCH).batch
    qtbot.waitUntil(lambda: "x takes 9 × 9 × 1" in batch.word.text(), timeout=60_000)


def test_charts_are_drawn_in_both_themes(qtbot: QtBot, panel: DataPanel) -> None:
    views = shown(qtbot, panel, VALUES)
    seen: list[bytes] = []
    for scheme in ("light", "dark"):
        themes.set_scheme(scheme)
        image = views.tiles.tiles[0].grab().toImage()
        seen.append(np.asarray(image.constBits()).tobytes())
    themes.set_scheme("system")
    assert seen[0] != seen[1]


@pytest.mark.parametrize(
    ("value", "text"),
    [(5.843, "5.843"), (2022.4, "2022"), (23421.7, "23,422"), (150.0, "150"), (2.5e7, "2.5e+07")],
)
def test_numbers_of_charts_are_short_and_years_are_no_counts(value: float, text: str) -> None:
    assert number(value) == text
