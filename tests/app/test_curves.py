"""The curves by the events that they are given."""

from __future__ import annotations

import numpy as np
import pytest
from pytestqt.qtbot import QtBot

from app.panels.curves import Curves
from app.panels.series import EpochSeries
from app.texts import figure, metric_label
from engine.events import START, EpochDone, RunPosition, Started, StepsDone


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
        x = plot._steps_line.getData()[0]
        assert x[[0, -1]] == pytest.approx([20.5, 22.0])
        assert list(plot._train_line.getData()[0]) == [21, 22]
        left, right = plot._item.viewRange()[0]
        assert 19.5 < left < 20.5
        assert 21.9 < right < 22.5


def test_what_comes_between_the_turns_of_two_plots_is_drawn_in_both(qtbot: QtBot, curves: Curves) -> None:
    curves.take(started())
    curves.take(epoch_done(1))
    curves._draw_next()  # the loss; then comes the last epoch, and nothing after it
    curves.take(epoch_done(2))
    qtbot.waitUntil(lambda: not curves._waiting)
    for plot in (curves.loss_plot, curves.metric_plot):
        assert list(plot._train_line.getData()[0]) == [1, 2]


def test_a_past_run_that_went_on_is_shown_at_its_epochs(curves: Curves) -> None:
    curves.show_history([{"loss": 0.5}, {"loss": 0.25}], before=20)
    assert list(curves.loss_plot.train.x) == [21, 22]


def test_the_figure_of_an_epoch_is_found_by_its_number() -> None:
    series = EpochSeries()
    for epoch in (21, 22):
        series.append(epoch, epoch / 10)
    assert [series.at(epoch) for epoch in (20, 21, 22, 23)] == [None, 2.1, 2.2, None]
    assert [series.nearest(epoch) for epoch in (1, 22, 99)] == [21, 22, 22]


@pytest.mark.parametrize(
    ("name", "label", "shown"),
    [
        ("accuracy", "Accuracy", "50.0 %"),
        ("tag_precision", "Tag precision", "50.0 %"),
        ("f1_score", "F1 score", "50.0 %"),
        ("auc", "Area under the ROC curve", "0.5000"),
        ("r2_score", "R² score", "0.5000"),
        ("size_root_mean_squared_error", "Size root mean squared error", "0.5000"),
        ("loss", "Loss", "0.5000"),
        ("tag_loss", "Tag loss", "0.5000"),
    ],
)
def test_figures_are_called_and_shown_as_what_they_are(name: str, label: str, shown: str) -> None:
    assert (metric_label(name), figure(name, 0.5)) == (label, shown)
