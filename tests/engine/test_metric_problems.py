"""Metrics that do not suit the targets of a loss, or the shape of a prediction: told, with a way out."""

from __future__ import annotations

import pytest

from engine.figures import figure_names
from engine.fixes import Problem
from engine.graph import Graph
from engine.inference import infer
from engine.layers.core import Dense, Input, Output
from engine.losses import LOSSES
from engine.metrics import METRICS
from engine.templates import chain
from tests.engine.test_metrics import CASES, network

CLASSES, LABELS, ANSWERS, NUMBERS = (
    "categorical_crossentropy",
    "sparse_categorical_crossentropy",
    "binary_crossentropy",
    "mean_squared_error",
)


def made(loss: str, metrics: tuple[str, ...], shape: tuple[int, ...] = (7,)) -> Graph:
    end = Dense(units=shape[-1], activation=LOSSES[loss].activation or "linear")
    graph, _ = chain(Input(shape=(*shape[:-1], 5)), end, Output(loss=loss, metrics=metrics))
    return graph


def problems(graph: Graph) -> list[Problem]:
    return [problem for problem in infer(graph).problems if problem.field == "metrics"]


def output(graph: Graph) -> Output:
    (layer,) = [node.layer for node in graph.of_type(Output)]
    assert isinstance(layer, Output)
    return layer


@pytest.mark.parametrize("case", CASES)
def test_what_suits_brings_no_problem(case: str) -> None:
    assert problems(network(case)) == []


@pytest.mark.parametrize(
    ("loss", "metric", "severity", "fixes"),
    [
        (LABELS, "precision", "error", ["Set the loss to categorical_crossentropy", "Leave out precision"]),
        (LABELS, "auc", "error", ["Set the loss to categorical_crossentropy", "Leave out auc"]),
        (LABELS, "mae", "error", ["Set the loss to categorical_crossentropy", "Leave out mae"]),
        (LABELS, "r2_score", "error", ["Leave out r2_score"]),
        (
            LABELS,
            "categorical_accuracy",
            "error",
            [
                "Use sparse_categorical_accuracy instead",
                "Set the loss to categorical_crossentropy",
                "Leave out categorical_accuracy",
            ],
        ),
        (
            CLASSES,
            "sparse_top_k_categorical_accuracy",
            "error",
            ["Use top_k_categorical_accuracy instead", "Leave out sparse_top_k_categorical_accuracy"],
        ),
        (CLASSES, "binary_accuracy", "warning", ["Use accuracy instead", "Leave out binary_accuracy"]),
        (NUMBERS, "precision", "warning", ["Leave out precision"]),
        (ANSWERS, "r2_score", "warning", ["Leave out r2_score"]),
        ("hinge", "auc", "warning", ["Leave out auc"]),
    ],
)
def test_what_does_not_suit_is_told_and_each_fix_ends_it(
    loss: str, metric: str, severity: str, fixes: list[str]
) -> None:
    graph = made(loss, (metric,))
    (problem,) = problems(graph)
    assert problem.message.startswith(f"{metric} is of ")
    assert (problem.severity, [fix.text for fix in problem.fixes]) == (severity, fixes)
    for fix in problem.fixes:
        assert problems(fix.edit(graph)) == []


def test_the_sentence_names_what_both_take() -> None:
    (problem,) = problems(made(LABELS, ("precision",)))
    assert problem.message == (
        "precision is of a number for each class, but sparse_categorical_crossentropy takes the number of a "
        "class: they cannot be compared, in Keras either."
    )


def test_metrics_of_labels_go_along_with_the_loss() -> None:
    graph = made(LABELS, ("accuracy", "sparse_categorical_accuracy", "recall"))
    (problem,) = problems(graph)
    assert output(problem.fixes[0].edit(graph)) == Output(
        loss=CLASSES, metrics=("accuracy", "categorical_accuracy", "recall")
    )


@pytest.mark.parametrize(("loss", "metric"), [(CLASSES, "f1_score"), (NUMBERS, "r2_score")])
def test_what_is_of_rows_is_not_of_places(loss: str, metric: str) -> None:
    graph = made(loss, (metric, "mse"), (4, 7))
    (problem,) = problems(graph)
    assert problem.message == f"{metric} needs a row of numbers for each sample, but output is 4 × 7."
    assert problem.severity == "error"
    assert output(problem.fixes[0].edit(graph)).metrics == ("mse",)


def test_the_first_five_of_few_classes_are_all() -> None:
    (problem,) = problems(made(CLASSES, ("top_k_categorical_accuracy",), (5,)))
    assert (
        problem.message == "top_k_categorical_accuracy looks among the first 5 classes, and output has only 5: "
        "it is always 100 %."
    )
    assert problem.severity == "warning"
    assert problems(made(LABELS, ("sparse_top_k_categorical_accuracy",), (6,))) == []


@pytest.mark.parametrize("loss", LOSSES)
def test_offered_is_what_suits_or_leads_to_what_does(loss: str) -> None:
    for name in Output(loss=loss).offers("metrics") or ():
        for problem in problems(made(loss, (name,), (7,))):
            assert problem.fixes[0].text == "Set the loss to categorical_crossentropy"
    assert Output(loss=loss).offers("loss") is None


def test_what_is_only_predicted_has_no_metrics() -> None:
    assert Output(loss=None).offers("metrics") == ()
    assert {name for loss in LOSSES for name in Output(loss=loss).offers("metrics") or ()} == METRICS.keys()


@pytest.mark.parametrize(
    "metrics",
    [
        ("precision", "precision(thresholds=0.2)", "precision(thresholds=0.8, name='precision_1')"),
        ("mse(name='precision_1')", "precision", "precision(thresholds=0.2)"),
    ],
)
def test_a_name_that_another_figure_gets_by_counting_is_refused(metrics: tuple[str, ...]) -> None:
    """Keras shows one figure for both, and the fix brings as many figures as there are metrics."""
    graph = made(ANSWERS, metrics, (1,))
    (problem,) = problems(graph)
    assert problem.severity == "error"
    assert problem.message == "precision_1 is also what another precision of output is called."
    (fix,) = problem.fixes
    assert fix.text == f"Leave name of {'mse' if 'mse' in metrics[0] else 'precision'} as it comes"
    mended = fix.edit(graph)
    assert problems(mended) == []
    assert len(figure_names(mended)) == 1 + len(metrics)


def test_names_that_are_given_and_differ_are_none() -> None:
    metrics = ("precision", "precision(thresholds=0.2)", "recall(name='precision_2')", "auc(name='precision_7')")
    assert problems(made(ANSWERS, metrics, (1,))) == []
