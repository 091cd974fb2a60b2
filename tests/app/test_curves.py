"""The curves by the events that they are given."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PySide6.QtCore import QPointF, Qt
from PySide6.QtGui import QImage
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from app.panels.curve_files import write_csv, write_png
from app.panels.curves import Curves, told_apart
from app.panels.key_lines import flowed
from app.panels.plot import OtherRun
from app.panels.run_figures import RunFigures
from app.panels.series import Series
from app.texts import figure, metric_label
from engine.errors import FileError
from engine.events import START, Altered, EpochDone, RunPosition, Started, StepsDone


@pytest.fixture
def curves(qtbot: QtBot) -> Curves:
    found = Curves()
    qtbot.addWidget(found)
    return found


def started(begins: RunPosition = START, epochs: int = 2) -> Started:
    return Started(begins.epoch + epochs, 10, 100, 0, 0, 5, begins)


def steps(epoch: int, step: int, count: int) -> StepsDone:
    return StepsDone(epoch, step, {"loss": np.full(count, 0.5), "accuracy": np.full(count, 0.5)}, 0.0)


def epoch_done(epoch: int) -> EpochDone:
    return EpochDone(epoch, 10 * epoch, {"loss": 0.5, "accuracy": 0.5}, {}, 0.0)


def test_a_run_that_goes_on_has_its_steps_and_epochs_at_one_place(curves: Curves) -> None:
    curves.take(started(RunPosition(20, 204, 4)))
    for event in (steps(21, 210, 6), epoch_done(21), steps(22, 220, 10), epoch_done(22)):
        curves.take(event)
    curves.redraw()
    for plot in (curves.loss_plot, curves.metric_plot):
        x = plot._steps.line.getData()[0]
        assert x[[0, -1]] == pytest.approx([20.5, 22.0])
        assert list(plot._train.line.getData()[0]) == [21, 22]
        left, right = plot._item.viewRange()[0]
        assert 19.5 < left < 20.5
        assert 21.9 < right < 22.5


def test_what_comes_between_the_turns_of_two_plots_is_drawn_in_both(qtbot: QtBot, curves: Curves) -> None:
    curves.show()
    curves.take(started())
    curves.take(epoch_done(1))
    curves._draw_next()  # the loss; then comes the last epoch, and nothing after it
    curves.take(epoch_done(2))
    qtbot.waitUntil(lambda: not curves._waiting)
    for plot in (curves.loss_plot, curves.metric_plot):
        assert list(plot._train.line.getData()[0]) == [1, 2]


def test_a_past_run_that_went_on_is_shown_at_its_epochs(curves: Curves) -> None:
    curves.show_history([{"epoch": 21, "loss": 0.5}, {"epoch": 22, "loss": 0.25}])
    assert list(curves.run.epochs["loss"].x) == [21, 22]
    assert curves.loss_plot._item.viewRange()[0][0] == pytest.approx(20, abs=0.1)


@pytest.mark.parametrize(
    ("name", "label", "shown"),
    [
        ("accuracy", "Accuracy", "50.0 %"),
        ("tag_precision", "Tag precision", "50.0 %"),
        ("f1_score", "F1 score", "50.0 %"),
        ("auc", "Area under the curve", "0.5000"),
        ("tag_precision_1", "Tag precision (2)", "50.0 %"),
        ("r2_score", "R² score", "0.5000"),
        ("size_root_mean_squared_error", "Size root mean squared error", "0.5000"),
        ("loss", "Loss", "0.5000"),
        ("tag_loss", "Tag loss", "0.5000"),
    ],
)
def test_figures_are_called_and_shown_as_what_they_are(name: str, label: str, shown: str) -> None:
    assert (metric_label(name), figure(name, 0.5)) == (label, shown)


def test_a_run_that_goes_on_has_the_epochs_before_it_in_front(curves: Curves) -> None:
    history = ({"epoch": 1, "loss": 0.9}, {"epoch": 2, "loss": 0.7})
    curves.take(Started(4, 10, 100, 0, 0, 5, RunPosition(2, 20), history))
    for event in (steps(3, 30, 10), epoch_done(3)):
        curves.take(event)
    curves.redraw()
    assert list(curves.loss_plot._train.line.getData()[0]) == [1, 2, 3]
    assert curves.loss_plot._item.viewRange()[0][0] == pytest.approx(0, abs=0.1)


def test_no_spike_is_lost_and_no_more_is_drawn_than_can_be_seen() -> None:
    series = Series()
    values = np.zeros(1_000_003)
    values[[345_678, 1_000_002]] = 7.0, 9.0
    values[654_321] = -3.0
    for part in np.array_split(values, 97):
        first = len(part) and 1 + (series.x[-1] if len(series) else 0)
        series.append(first + np.arange(len(part)), part)
    x, y = series.stretch(0, np.inf, 500)
    assert len(x) <= 2 * 500 + 2
    assert (y.max(), y.min()) == (9, -3)
    assert y[np.searchsorted(x, 345_678) - 4 :][:8].max() == 7
    assert (np.diff(x) >= 0).all()
    assert len(series) <= 1 << 18


def test_what_is_seen_of_few_points_are_the_points_and_one_more_on_each_side() -> None:
    series = Series()
    series.append(np.arange(1, 101), np.arange(1, 101) ** 2)
    x, y = series.stretch(10.5, 14.5, 50)
    assert list(x) == [10, 11, 12, 13, 14, 15]
    assert list(y) == [place**2 for place in x]
    assert [series.nearest(place) for place in (-5, 10.4, 10.6, 999)] == [0, 9, 10, 99]


def test_a_smooth_curve_is_the_mean_of_the_last_figures_without_gaps_in_it() -> None:
    series = Series()
    series.append(np.arange(1, 7), np.array([1, 2, np.nan, 4, 5, 9]))
    x, y = series.smooth(0, 10, 100, 3)
    assert list(x) == [1, 2, 3, 4, 5, 6]
    assert list(y) == pytest.approx([1, 1.5, 1.5, 7 / 3, 11 / 3, 6])
    noise = np.random.default_rng(0).random(50_000)
    long = Series()
    long.append(np.arange(50_000), noise)
    x, y = long.smooth(0, 50_000, 100, 500)
    at = x.astype(int)[20]
    assert y[20] == pytest.approx(noise[at - 499 : at + 1].mean())


def test_by_step_each_step_is_a_place_and_validation_stands_at_the_end_of_its_epoch(curves: Curves) -> None:
    curves.take(started())
    curves.take(steps(1, 10, 10))
    curves.take(EpochDone(1, 10, {"loss": 0.5, "val_loss": 0.6}, {}, 0.0))
    curves.set_look(unit="step", smoothing=5)
    plot = curves.loss_plot
    assert list(plot._steps.line.getData()[0]) == pytest.approx(list(range(1, 11)))
    assert list(plot._validation.line.getData()[0]) == [10]
    plot._hover(plot.view.box.mapViewToScene(QPointF(7.2, 0.5)))
    assert plot.view.bottom.labelText == "step 7"
    assert "0.5000" in plot.readout.text()


def test_heights_can_be_logarithmic_where_some_are_none(curves: Curves) -> None:
    curves.take(started(epochs=3))
    for epoch, loss in enumerate((1.0, 0.0, 0.01), 1):
        curves.take(EpochDone(epoch, 10 * epoch, {"loss": loss}, {}, 0.0))
    curves.set_look(log=True)
    x, y = curves.loss_plot._train.line.getData()
    assert list(x) == [1, 2, 3]
    assert y[[0, 2]] == pytest.approx([0, -2])
    bottom, top = curves.loss_plot._item.viewRange()[1]
    assert bottom < -2 < 0 < top


def test_the_second_plot_shows_the_figure_that_was_chosen(curves: Curves) -> None:
    curves.take(started())
    logs = {"loss": 1.0, "a_loss": 0.5, "b_loss": 0.25, "a_accuracy": 0.75}
    curves.take(EpochDone(1, 10, logs, {}, 0.0))
    curves.redraw()
    curves._choose_metric()
    assert curves.metric_plot.name == "a_accuracy"
    assert curves.figure_names() == ["a_loss", "b_loss", "a_accuracy"]
    curves.choose_figure("b_loss")
    assert list(curves.metric_plot._train.line.getData()[1]) == [0.25]
    curves.take(started())
    curves.take(EpochDone(1, 10, {"loss": 1.0, "accuracy": 0.5}, {}, 0.0))
    curves._choose_metric()
    assert curves.metric_plot.name == "accuracy"


def other(name: str, *losses: float) -> OtherRun:
    rows = [{"epoch": epoch, "loss": loss, "val_loss": loss + 1} for epoch, loss in enumerate(losses, 1)]
    return OtherRun(name, "#1c7f74", RunFigures(10, history=rows))


def test_other_runs_stand_beside_that_of_the_plot(curves: Curves) -> None:
    curves.show_others([other("one", 4.0, 3.0), other("<two>", 2.0)])
    train, validation = curves.loss_plot._other_traces[0]
    assert list(train.line.getData()[1]) == [4, 3]
    assert list(validation.line.getData()[1]) == [5, 4]
    assert "one" in curves.legend.text()
    assert "<two>" in curves.legend.text()
    assert [key.figure for key in curves.loss_plot.readout.keys] == ["4.000", "3.000"]
    curves.show_others([])
    assert curves.currentIndex() == 0
    assert curves.legend.isHidden()


def shown_at(curves: Curves, width: int, others: int) -> Curves:
    curves.resize(width, 200)
    curves.show()
    curves.show_history([{"epoch": 1, "loss": 0.5, "val_loss": 0.6, "accuracy": 0.5, "val_accuracy": 0.4}])
    curves.show_others([other(f"11-22 10:0{n}:00 (a longer tag)", 4.0 + n) for n in range(others)])
    QApplication.processEvents()
    return curves


def test_what_is_which_is_said_above_each_plot_where_there_is_room(curves: Curves) -> None:
    shown_at(curves, 900, 0)
    assert curves.legend.isHidden()
    assert curves.loss_plot.readout.shown() == ["training 0.5000", "validation 0.6000"]
    curves.resize(420, 200)
    QApplication.processEvents()
    assert not curves.legend.isHidden()
    assert curves.legend.shown() == ["training", "validation"]
    assert curves.loss_plot.readout.shown() == ["0.5000", "0.6000"]
    curves.resize(900, 200)
    QApplication.processEvents()
    assert curves.legend.isHidden()


def test_figures_that_grow_while_words_are_shared_leave_no_curve_unnamed(curves: Curves) -> None:
    shown_at(curves, 900, 0)
    readout = curves.metric_plot.readout
    width = 900
    while curves.legend.isHidden():  # down to where words just do not fit
        width -= 4
        curves.resize(width, 200)
        QApplication.processEvents()
    curves.resize(width + 8, 200)
    QApplication.processEvents()
    assert curves.legend.isHidden()
    curves.run.take(EpochDone(2, 2, {"loss": 0.5, "accuracy": 1.0}, {}, 0.0))
    curves._share_words()
    QApplication.processEvents()
    assert "100.0 %" in readout.text()
    assert curves.legend.isHidden() == curves.metric_plot.worded == curves.loss_plot.worded


def test_names_are_cut_before_any_is_left_out_and_figures_never(curves: Curves) -> None:
    shown_at(curves, 1500, 3)
    assert curves.legend.shown()[2:] == [f"10:0{n}:00 (a longer tag)" for n in range(3)]
    assert curves.loss_plot.readout.shown() == ["0.5000", "0.6000", "5.000", "6.000", "7.000"]
    narrow = shown_at(curves, 470, 5)
    first, second, *others = narrow.legend.shown()
    assert (first, second) == ("training", "validation")
    assert all(word.endswith("…") for word in others[:-1])
    assert others[-1] == f"+{5 - len(others[:-1])}"
    assert narrow.legend.toolTip().count("11-22 10:0") == 5
    for plot in narrow.plots:
        *figures, more = plot.readout.shown()
        assert more == f"+{7 - len(figures)}"
        assert figures == [key.figure for key in plot.readout.keys][: len(figures)]
    assert narrow.loss_plot.readout.height() == narrow.metric_plot.readout.height()


@given(st.lists(st.floats(1, 300), max_size=12), st.floats(0, 100), st.floats(50, 600), st.integers(1, 3))
def test_keys_flow_in_order_without_touching_each_other(
    widths: list[float], first: float, room: float, lines: int
) -> None:
    places = flowed(widths, first, room, lines)
    ends = dict.fromkeys(range(lines), 0.0) | {0: first}
    for (line, x), width in zip(places, widths, strict=False):
        assert x >= ends[line]
        assert x == 0 or x + width <= room
        ends[line] = x + width
    assert [line for line, _ in places] == sorted(line for line, _ in places)


def test_names_are_told_apart_by_what_differs() -> None:
    assert told_apart(["11-22 10:00", "11-22 10:01 (a)"]) == ["10:00", "10:01 (a)"]
    assert told_apart(["11-22 10:00", "11-22"]) == ["11-22 10:00", "11-22"]
    assert told_apart(["11-22 10:00"]) == ["11-22 10:00"]
    assert told_apart(["a b", "a b"]) == ["b", "b"]
    assert told_apart([]) == []


def test_mouse_and_keys_zoom_both_plots_and_a_double_click_shows_all(qtbot: QtBot, curves: Curves) -> None:
    curves.resize(800, 300)
    curves.show()
    curves.show_history([{"epoch": n, "loss": 1 / n, "accuracy": 1 - 1 / n} for n in range(1, 101)])
    whole = curves.loss_plot._item.viewRange()[0]
    qtbot.keyClick(curves.loss_plot.view, Qt.Key.Key_Plus)
    nearer = curves.loss_plot._item.viewRange()[0]
    assert nearer[0] > whole[0]
    assert nearer[1] < whole[1]
    assert curves.metric_plot._item.viewRange()[0] == pytest.approx(nearer, rel=0.02)
    qtbot.keyClick(curves.loss_plot.view, Qt.Key.Key_Right)
    assert curves.loss_plot._item.viewRange()[0][0] > nearer[0]
    curves.take(EpochDone(101, 101, {"loss": 0.0, "accuracy": 1.0}, {}, 0.0))
    curves.redraw()
    assert curves.loss_plot.held
    curves.loss_plot.view.box.reset_wanted.emit()
    assert not curves.metric_plot.held
    assert curves.loss_plot._item.viewRange()[0][0] == pytest.approx(whole[0], abs=0.05)


def test_figures_are_written_as_csv_and_the_picture_as_png(tmp_path: Path, curves: Curves) -> None:
    curves.take(started())
    for event in (steps(1, 10, 10), epoch_done(1)):
        curves.take(event)
    write_csv(curves, tmp_path / "c.csv")
    assert (tmp_path / "c.csv").read_text() == "epoch,loss,accuracy\n1,0.5,0.5\n"
    curves.set_look(unit="step")
    write_csv(curves, tmp_path / "c.csv")
    lines = (tmp_path / "c.csv").read_text().splitlines()
    assert (len(lines), lines[0], lines[-1]) == (11, "step,loss,accuracy", "10,0.5,0.5")
    curves.set_look(unit="epoch")
    curves.show_others([other("one", 4.0)])
    write_csv(curves, tmp_path / "c.csv")
    assert (tmp_path / "c.csv").read_text().splitlines()[2] == "one,1,4.0,,5.0"
    width = curves.page.width()
    write_png(curves.page, tmp_path / "c.png")
    assert QImage(str(tmp_path / "c.png")).width() == 2 * width
    with pytest.raises(FileError, match="could not be written"):
        write_png(curves.page, tmp_path / "no" / "c.png")


def test_the_menu_of_the_curves_says_what_is_chosen_and_changes_it(curves: Curves) -> None:
    curves.take(started())
    curves.take(epoch_done(1))
    chosen = {action.text(): action for action in curves.tools.menu().actions()}
    assert chosen["By epoch"].isChecked()
    chosen["By step"].trigger()
    chosen["Logarithmic height"].trigger()
    assert (curves.look.unit, curves.look.log) == ("step", True)
    assert "Second plot" not in chosen


def test_nothing_is_drawn_while_nothing_is_seen_and_all_when_it_is(qtbot: QtBot, curves: Curves) -> None:
    curves.take(started())
    curves.take(epoch_done(1))
    assert not curves._timer.isActive()
    curves.show()
    assert list(curves.loss_plot._train.line.getData()[0]) == [1]
    curves.take(epoch_done(2))
    qtbot.waitUntil(lambda: list(curves.metric_plot._train.line.getData()[0]) == [1, 2], timeout=20_000)


def test_a_change_of_the_run_is_marked(qtbot: QtBot) -> None:
    curves = Curves()
    qtbot.addWidget(curves)
    curves.resize(900, 300)
    curves.show()
    curves.take(Started(5, 10, 0, 0, 0, 0))
    curves.take(EpochDone(1, 10, {"loss": 1.0}, {}, 0.0))
    curves.take(EpochDone(2, 20, {"loss": 0.8}, {}, 0.0))
    curves.take(Altered(20, "Learning rate 0.01."))
    curves.take(EpochDone(3, 30, {"loss": 0.5}, {}, 0.0))
    curves.redraw()
    plot = curves.loss_plot
    assert [line.value() for line in plot._marks] == [2.0]
    box = plot.view.box
    plot._hover(box.mapViewToScene(QPointF(2.2, 0.5)))
    assert plot.view.bottom.labelText == "epoch 2 – Learning rate 0.01."
    plot._hover(box.mapViewToScene(QPointF(4.5, 0.5)))
    assert plot.view.bottom.labelText == "epoch 3"
    curves.take(Started(5, 10, 0, 0, 0, 0))
    curves.redraw()
    assert plot._marks == []


def test_both_plots_are_drawn_however_fast_news_comes(qtbot: QtBot, monkeypatch: pytest.MonkeyPatch) -> None:
    curves = Curves()
    qtbot.addWidget(curves)
    curves.resize(900, 300)
    curves.show()
    curves.take(Started(5, 1000, 0, 0, 0, 0))
    drawn: list[str] = []
    for plot in curves.plots:
        monkeypatch.setattr(plot, "redraw", lambda name=plot.name: drawn.append(name))

    def more() -> bool:
        curves.take(StepsDone(1, 1, {"loss": np.ones(1), "accuracy": np.ones(1)}, 0.0))
        return len(drawn) >= 4

    qtbot.waitUntil(more, timeout=20_000)
    assert set(drawn) == {"loss", "accuracy"}
