"""How good predictions are: the figures against those of scikit-learn, and against what is counted by hand."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from sklearn import metrics

from engine.charts import CURVES, charts_of, tick_text, ticks
from engine.data.source import finished
from engine.errors import DataError
from engine.scoring import Answers, Classified, Labelled, Regressed, Scores, scoring

Array = np.ndarray[Any, Any]


def scored(true: Array, predicted: Array, loss: str, **more: Any) -> Scores:
    return finished(scoring(Answers("y", loss, np.arange(len(true)), true, predicted, **more)))


def classified(true: Array, predicted: Array, loss: str = "sparse_categorical_crossentropy", **more: Any) -> Any:
    found = scored(true, predicted, loss, **more)
    assert isinstance(found, Classified)
    return found


def softmax(size: int, classes: int, seed: int = 0) -> tuple[Array, Array]:
    """Labels, and probabilities that are right more often than not."""
    rng = np.random.default_rng(seed)
    labels = rng.integers(classes, size=size)
    logits = rng.normal(size=(size, classes)) + 2 * np.eye(classes)[labels]
    return labels, (np.exp(logits) / np.exp(logits).sum(1, keepdims=True)).astype(np.float32)


def test_figures_of_classes_are_those_of_scikit_learn() -> None:
    labels, given = softmax(300, 4)
    found = classified(labels, given, classes=("a", "b", "c", "d"))
    chosen = given.argmax(1)
    assert (found.confusion == metrics.confusion_matrix(labels, chosen)).all()
    assert found.accuracy == pytest.approx(metrics.accuracy_score(labels, chosen))
    wanted: Any = metrics.classification_report(
        labels, chosen, target_names=["a", "b", "c", "d"], output_dict=True, zero_division=0
    )
    for row, name in zip(
        (*found.rows, *found.means), ("a", "b", "c", "d", "macro avg", "weighted avg"), strict=True
    ):
        assert [row.precision, row.recall, row.f1, row.support] == pytest.approx(list(wanted[name].values()))
    for curve in found.roc:
        assert curve.area == pytest.approx(metrics.roc_auc_score(labels == curve.label, given[:, curve.label]))
    for curve in found.precision_recall:
        area = metrics.average_precision_score(labels == curve.label, given[:, curve.label])
        assert curve.area == pytest.approx(area)


def test_one_hot_targets_are_scored_as_labels_are() -> None:
    labels, given = softmax(80, 3)
    one = classified(labels, given)
    other = classified(np.eye(3, dtype=np.float32)[labels], given, "categorical_crossentropy")
    assert (one.confusion == other.confusion).all()
    assert one.rows == other.rows
    assert one.classes == other.classes == ("0", "1", "2")


def test_cells_hold_each_answer_once_the_most_certain_first() -> None:
    labels, given = softmax(200, 3)
    found = classified(labels, given)
    cells = [found.cell(true, chosen) for true in range(3) for chosen in range(3)]
    assert sorted(np.concatenate(cells)) == list(range(200))
    assert [len(cell) for cell in cells] == found.confusion.reshape(-1).tolist()
    for places in (*cells, found.mistakes(), found.right()):
        assert (np.diff(found.certainty[places]) <= 0).all()
    assert len(found.mistakes()) + len(found.right()) == 200
    assert (found.true[found.mistakes()] != found.predicted[found.mistakes()]).all()


def test_one_number_tells_two_classes() -> None:
    rng = np.random.default_rng(1)
    labels = rng.integers(2, size=400)
    given = np.clip(0.5 * labels + rng.uniform(0, 0.5, 400), 0, 1).astype(np.float32)[:, None]
    found = classified(labels[:, None].astype(np.float32), given, "binary_crossentropy", classes=("no", "yes"))
    assert found.classes == ("no", "yes")
    assert (found.confusion == metrics.confusion_matrix(labels, given[:, 0] > 0.5)).all()
    (curve,) = found.roc
    assert (curve.name, curve.label) == ("yes", 1)
    assert curve.area == pytest.approx(metrics.roc_auc_score(labels, given[:, 0]))
    assert found.is_probability
    assert (found.certainty >= 0.5).all()


def test_calibration_is_counted_in_bins() -> None:
    given = np.array([0.05, 0.05, 0.95, 0.95, 0.95, 0.95], np.float32)[:, None]
    labels = np.array([0, 1, 1, 1, 1, 0], np.float32)[:, None]
    found = classified(labels, given, "binary_crossentropy").calibration
    assert found.counts.tolist() == [2, 4]
    assert found.given == pytest.approx([0.05, 0.95])
    assert found.right == pytest.approx([0.5, 0.75])
    assert found.error == pytest.approx((2 * 0.45 + 4 * 0.2) / 6)


def test_what_is_no_probability_is_not_calibrated() -> None:
    found = classified(np.array([1.0, -1.0, 1.0])[:, None], np.array([2.0, -3.0, 0.1])[:, None], "hinge")
    assert not found.is_probability
    assert found.calibration is None
    assert found.confusion.tolist() == [[1, 0], [1, 1]]
    raw = classified(np.array([0, 1]), np.array([[3.0, -1.0], [0.5, 2.0]]))
    assert not raw.is_probability
    assert raw.calibration is None


def test_places_that_a_mask_leaves_out_do_not_count() -> None:
    true = np.array([[0, 1, 1], [1, 0, 0]])
    given = np.eye(2, dtype=np.float32)[np.array([[0, 1, 0], [0, 1, 1]])]
    mask = np.array([[True, True, False], [True, False, False]])
    found = classified(true, given, counted=mask)
    assert found.confusion.tolist() == [[1, 0], [1, 1]]
    assert found.samples.tolist() == [0, 0, 1]
    assert classified(true, given).confusion.sum() == 6


def test_a_sample_with_several_wrong_places_is_a_mistake_once() -> None:
    found = classified(np.zeros((2, 3), int), np.eye(2, dtype=np.float32)[np.array([[1, 1, 0], [0, 0, 0]])])
    assert found.samples[found.mistakes()].tolist() == [0]


def test_a_class_without_samples_has_no_curve_and_no_share() -> None:
    labels, given = softmax(50, 3)
    found = classified(labels % 2, given)
    assert [curve.label for curve in found.roc] == [0, 1]
    assert (found.rows[2].recall, found.rows[2].support) == (0.0, 0)


def test_several_labels_may_hold_at_once() -> None:
    rng = np.random.default_rng(2)
    true = rng.integers(2, size=(60, 3)).astype(np.float32)
    given = np.clip(true * 0.6 + rng.uniform(0, 0.5, true.shape), 0, 1).astype(np.float32)
    found = scored(true, given, "binary_crossentropy", classes=("a", "b", "c"))
    assert isinstance(found, Labelled)
    wanted = metrics.f1_score(true, given > 0.5, average=None)
    assert [row.f1 for row in found.rows] == pytest.approx(list(wanted))
    wrong = (true != (given > 0.5)).sum(1)
    assert (np.diff(wrong[found.mistakes()]) <= 0).all()
    assert len(found.mistakes()) == (wrong > 0).sum()


def test_pictures_under_a_binary_loss_are_numbers() -> None:
    rng = np.random.default_rng(3)
    pictures = rng.uniform(0, 1, (4, 5, 5, 1)).astype(np.float32)
    assert isinstance(scored(pictures, pictures, "binary_crossentropy"), Regressed)


def test_figures_of_numbers_are_those_of_scikit_learn() -> None:
    rng = np.random.default_rng(4)
    true = rng.normal(size=(100, 2)).astype(np.float32)
    given = (true + 0.3 * rng.normal(size=true.shape)).astype(np.float32)
    found = scored(true, given, "mean_squared_error")
    assert isinstance(found, Regressed)
    assert found.r2 == pytest.approx(metrics.r2_score(true, given))
    assert found.mae == pytest.approx(metrics.mean_absolute_error(true, given))
    assert found.rmse == pytest.approx(metrics.root_mean_squared_error(true.reshape(-1), given.reshape(-1)))
    errors = np.abs(given - true).mean(1)
    assert found.worst()[0] == errors.argmax()
    assert (np.diff(errors[found.worst()]) <= 1e-6).all()


def test_targets_that_are_all_alike_have_no_r2() -> None:
    found = scored(np.ones((3, 1), np.float32), np.zeros((3, 1), np.float32), "mean_squared_error")
    assert isinstance(found, Regressed)
    assert math.isnan(found.r2)
    assert found.mae == 1.0
    assert len(charts_of(found)) == 3


def test_predictions_that_are_no_numbers_are_told() -> None:
    with pytest.raises(DataError, match="y gives infinite or missing numbers"):
        scored(np.zeros(2, int), np.array([[0.5, np.nan], [0.5, 0.5]]), "sparse_categorical_crossentropy")


def test_curves_are_thinned_and_keep_their_ends() -> None:
    rng = np.random.default_rng(5)
    labels = rng.integers(2, size=20_000).astype(np.float32)
    found = classified(labels[:, None], rng.uniform(size=(20_000, 1)).astype(np.float32), "binary_crossentropy")
    for curve in (*found.roc, *found.precision_recall):
        assert len(curve.x) <= 200
        assert (curve.x[0], curve.x[-1]) == (0.0, 1.0)


def test_a_chart_has_the_worst_curves_of_many() -> None:
    labels, given = softmax(400, 14)
    found = classified(labels, given)
    roc = charts_of(found)[0]
    assert len(roc.legend) == CURVES
    left_out = {curve.label for curve in found.roc} - {series.color for series in roc.legend}
    shown = [curve.area for curve in found.roc if curve.label not in left_out]
    assert max(shown) <= min(curve.area for curve in found.roc if curve.label in left_out)


def test_ticks_are_round_numbers_within_the_range() -> None:
    assert ticks(0.0, 1.0) == pytest.approx((0.0, 0.2, 0.4, 0.6, 0.8, 1.0))
    assert ticks(-3.0, 41.0, 4) == pytest.approx((0.0, 20.0, 40.0))
    assert [tick_text(value, (0.0, 0.5, 1.0)) for value in (0.0, 0.5, 1.0)] == ["0.0", "0.5", "1.0"]
    assert tick_text(2000.0, (1000.0, 2000.0)) == "2,000"
