"""The Summary tab: rows, order, totals, and its bond with the canvas."""

from __future__ import annotations

import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from app.panels.summary import SummaryPanel
from app.panels.summary_cells import MARGIN
from app.window import MainWindow
from engine.graph import Graph, Node
from engine.layers.conv import Conv2D
from engine.layers.core import Dense, Input
from engine.layers.depthwise import DepthwiseConv2D
from engine.layers.normalization import BatchNormalization
from engine.quantities import bytes_text, seconds_text, short


@pytest.fixture
def summary(qtbot: QtBot, window: MainWindow) -> SummaryPanel:
    window.actions_["show_summary"].trigger()
    panel = window.work.summary
    qtbot.waitUntil(lambda: window.work.view.costs.costs.inference is window.document.inference)
    qtbot.waitUntil(lambda: panel.model.rowCount() == len(window.document.graph))
    return panel


def rows(panel: SummaryPanel) -> list[list[str]]:
    return panel.model.texts()[1:]


def names(panel: SummaryPanel) -> list[str]:
    return [row[0] for row in rows(panel)]


def click_row(qtbot: QtBot, panel: SummaryPanel, name: str, keys=Qt.KeyboardModifier.NoModifier) -> QPoint:
    place = panel.table.visualRect(panel.model.index(names(panel).index(name), 0)).center()
    qtbot.mouseClick(panel.table.viewport(), Qt.MouseButton.LeftButton, keys, place)
    return place


def click_heading(qtbot: QtBot, panel: SummaryPanel, column: int) -> None:
    header = panel.table.horizontalHeader()
    spot = QPoint(header.sectionViewportPosition(column) + 20, header.height() // 2)
    qtbot.mouseClick(header.viewport(), Qt.MouseButton.LeftButton, pos=spot)


def test_a_row_says_what_a_layer_is_and_costs(summary: SummaryPanel) -> None:
    assert rows(summary)[2][:5] == ["dense", "Dense", "16", "80", "160"]
    assert rows(summary)[2][6] == "normalization"


def test_rows_go_by_a_column_and_back_to_the_order_of_computation(qtbot: QtBot, summary: SummaryPanel) -> None:
    before = names(summary)
    click_heading(qtbot, summary, 3)
    counts = [int(row[3].replace(",", "")) for row in rows(summary)]
    assert counts == sorted(counts)
    click_heading(qtbot, summary, 3)
    assert [int(row[3].replace(",", "")) for row in rows(summary)] == sorted(counts, reverse=True)
    click_heading(qtbot, summary, 3)
    assert names(summary) == before


def test_a_row_that_is_clicked_is_selected_on_the_canvas(
    qtbot: QtBot, window: MainWindow, summary: SummaryPanel
) -> None:
    dense = window.document.graph.by_name("dense").id
    click_row(qtbot, summary, "dense")
    assert window.work.view.graph_scene.selected_nodes() == (dense,)
    click_row(qtbot, summary, "dense_1", Qt.KeyboardModifier.ControlModifier)
    assert len(window.work.view.graph_scene.selected_nodes()) == 2


def test_a_card_that_is_selected_is_selected_in_the_table(window: MainWindow, summary: SummaryPanel) -> None:
    node = window.document.graph.by_name("dense_1")
    window.work.view.graph_scene.select([node.id])
    chosen = [summary.model.node_at(index.row()) for index in summary.table.selectionModel().selectedRows()]
    assert chosen == [node.id]


def test_enter_shows_the_layer_on_the_canvas(qtbot: QtBot, window: MainWindow, summary: SummaryPanel) -> None:
    click_row(qtbot, summary, "dense_1")
    qtbot.keyClick(summary.table, Qt.Key.Key_Return)
    assert window.work.tabs.currentIndex() == 0
    assert window.work.view.selected_node() == window.document.graph.by_name("dense_1").id


def test_an_edit_shows_and_its_undo_too(qtbot: QtBot, window: MainWindow, summary: SummaryPanel) -> None:
    document, before = window.document, rows(summary)
    node = document.graph.by_name("dense")
    document.edit_graph("Units", document.graph.set_layer(node.id, Dense(units=7)))
    qtbot.waitUntil(lambda: rows(summary)[2][3] == "35")
    document.edit_graph("Remove", document.graph.remove(node.id, heal=True))
    qtbot.waitUntil(lambda: "dense" not in names(summary))
    document.undo_stack.undo()
    document.undo_stack.undo()
    qtbot.waitUntil(lambda: rows(summary) == before)


def test_types_shapes_and_figures_are_read_whole(qtbot: QtBot, window: MainWindow, summary: SummaryPanel) -> None:
    window.resize(1366, 768)
    wide = DepthwiseConv2D(kernel_size=(3, 3), padding="same")
    layers = {"a": BatchNormalization(), "b": wide, "c": Conv2D(filters=256)}
    graph = Graph().add(Node("in", "input", Input(shape=(58, 58, 3))))
    for key, layer in layers.items():
        graph = graph.add(Node(key, f"expanded_conv_depthwise_{key}", layer))
    graph = graph.connect("in", "c").connect("c", "b").connect("b", "a")
    window.document.edit_graph("Other", graph)
    qtbot.waitUntil(lambda: summary.model.rowCount() == 4 and "?" not in str(rows(summary)))
    letters = summary.table.fontMetrics()
    qtbot.waitUntil(lambda: summary.table.columnWidth(1) > letters.horizontalAdvance("BatchNormalization"))
    for column in range(1, 6):
        widest = max(letters.horizontalAdvance(row[column]) for row in rows(summary))
        assert widest + 2 * MARGIN <= summary.table.columnWidth(column)
    whole = sum(map(summary.table.columnWidth, range(7)))
    assert whole == summary.table.viewport().width()


def test_a_column_whose_border_is_dragged_stays_so(
    qtbot: QtBot, window: MainWindow, summary: SummaryPanel
) -> None:
    header = summary.table.horizontalHeader()
    border = QPoint(header.sectionViewportPosition(1) + header.sectionSize(1) - 1, header.height() // 2)
    before = header.sectionSize(1)
    qtbot.mousePress(header.viewport(), Qt.MouseButton.LeftButton, pos=border)
    qtbot.mouseMove(header.viewport(), border + QPoint(20, 0))
    qtbot.mouseMove(header.viewport(), border + QPoint(40, 0))
    qtbot.mouseRelease(header.viewport(), Qt.MouseButton.LeftButton, pos=border + QPoint(40, 0))
    wider = header.sectionSize(1)
    assert wider > before
    node = window.document.graph.by_name("dense")
    window.document.edit_graph("Units", window.document.graph.set_layer(node.id, Dense(units=7)))
    qtbot.waitUntil(lambda: rows(summary)[2][3] == "35")
    assert header.sectionSize(1) == wider


def test_rows_that_stay_are_not_made_anew(qtbot: QtBot, window: MainWindow, summary: SummaryPanel) -> None:
    inserted: list[tuple[int, int]] = []
    summary.model.rowsInserted.connect(lambda _parent, first, last: inserted.append((first, last)))
    graph = window.document.graph
    node = graph.new_node(Dense(units=5))
    window.document.edit_graph("Insert", graph.insert(node, graph.outgoing(graph.by_name("dense").id)[0]))
    qtbot.waitUntil(lambda: node.name in names(summary))
    assert inserted == [(3, 3)]


def test_totals_count_what_is_trained_and_what_the_optimizer_keeps(
    window: MainWindow, summary: SummaryPanel
) -> None:
    counts, memory = summary.total_lines()
    whole = window.document.whole
    trained = whole.trainable_parameters
    assert f"{whole.parameters:,} · trainable {trained:,}" in counts
    assert f"not trainable {whole.parameters - trained:,} · optimizer (Adam) {2 * trained:,}" in counts
    assert "a batch of " in memory


def test_the_table_is_copied_as_text(qtbot: QtBot, window: MainWindow, summary: SummaryPanel) -> None:
    qtbot.mouseClick(summary.copy, Qt.MouseButton.LeftButton)
    lines = QApplication.clipboard().text().splitlines()
    assert lines[0].split()[:2] == ["Layer", "Type"]
    assert len(lines) == len(window.document.graph) + 5
    assert lines[-2].startswith("Parameters: 41")


def test_figures_have_three_digits() -> None:
    assert [short(n) for n in (0, 950, 1234, 999_900, 45_600_000)] == ["0", "950", "1.23 k", "1.00 M", "45.6 M"]
    assert [bytes_text(n) for n in (512, 1260, 3 * 2**20)] == ["512 B", "1.23 KiB", "3.00 MiB"]
    assert [seconds_text(t) for t in (2.0, 0.0123, 4.56e-5, 8.5e-7)] == ["2.00 s", "12.3 ms", "45.6 µs", "850 ns"]
