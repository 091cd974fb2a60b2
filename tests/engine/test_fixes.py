"""The ways out that problems bring: each leaves a graph without the problem."""

from __future__ import annotations

import pytest

from engine.fixes import Problem
from engine.graph import Graph
from engine.inference import infer
from engine.layer import Layer
from engine.layers.conv import Conv2D
from engine.layers.core import Dense, Input, Output
from engine.layers.merging import Add, Concatenate, Multiply
from engine.layers.pooling import MaxPooling2D
from engine.shapes import Shape
from engine.templates import chain
from tests.engine.graphs import graph

END = Output(loss=None, metrics=())


def problem_of(made: Graph) -> Problem:
    (problem,) = infer(made).problems
    return problem


def merging(layer: Layer, *shapes: Shape) -> Graph:
    inputs = [(f"in{number}", Input(shape=shape), []) for number, shape in enumerate(shapes)]
    return graph(*inputs, ("merge", layer, [name for name, _, _ in inputs]), ("out", END, ["merge"]))


@pytest.mark.parametrize(
    ("layer", "shapes", "texts"),
    [
        (Add(), [(8, 8, 64), (8, 8, 32)], ["Conv2D to 8 × 8 × 64"]),
        (Add(), [(8, 8, 64), (4, 4, 128)], ["Conv2D to 4 × 4 × 128"]),
        (Multiply(), [(9, 8, 4), (6, 8, 4)], ["ZeroPadding2D to 9 × 8 × 4", "Cropping2D to 6 × 8 × 4"]),
        (Add(), [(8,), (5,), (8,)], ["Dense to 8"]),
        (Add(), [(8, 8), (5, 4, 4, 4)], []),
        (Add(), [(None, 8), (None, 4)], []),
        (
            Concatenate(),
            [(28, 28, 32), (14, 14, 64)],
            ["Conv2D to 14 × 14 × 32", "ZeroPadding2D to 28 × 28 × 64", "Cropping2D to 14 × 14 × 32", "Flatten"],
        ),
        (Concatenate(axis=1), [(4, 3), (6, 5)], ["Conv1D to 4 × 5", "Flatten"]),
        (Concatenate(), [(8,), (4, 4, 2)], ["Flatten to 32"]),
        (Concatenate(), [(7, 3), (2, 5)],
         ["Conv1D to 2 × 3", "ZeroPadding1D to 7 × 5", "Cropping1D to 2 × 3", "Flatten"]),
    ],
)  # fmt: skip
def test_unequal_shapes_are_brought_together(layer: Layer, shapes: list[Shape], texts: list[str]) -> None:
    made = merging(layer, *shapes)
    fixes = problem_of(made).fixes
    assert [fix.text for fix in fixes] == [f"Insert {text} before merge" for text in texts]
    for fix in fixes:
        assert infer(fix.edit(made)).problems == ()


def test_concatenate_along_the_axis_that_differs() -> None:
    made = merging(Concatenate(), (10, 4), (12, 4))
    fix = problem_of(made).fixes[0]
    assert fix.text == "Set axis to 1"
    assert infer(fix.edit(made)).shape(made.by_name("merge").id) == (22, 4)


def test_a_window_that_is_too_large_is_made_to_fit() -> None:
    made, _ = chain(Input(shape=(4, 2, 1)), Conv2D(kernel_size=(3, 3)), END)
    same, smaller = problem_of(made).fixes
    assert [same.text, smaller.text] == ["Set padding to same", "Set kernel_size to 3 × 2"]
    assert infer(smaller.edit(made)).shape("n2") == (2, 1, 32)


@pytest.mark.parametrize("layer", [Conv2D(), MaxPooling2D()])
def test_channels_first(layer: Layer) -> None:
    made, _ = chain(Input(shape=(3, 32, 32)), layer, END)
    warning = problem_of(made)
    assert warning.severity == "warning"
    assert [fix.text for fix in warning.fixes] == [
        "Set shape of input to 32 × 32 × 3",
        f"Insert Permute to 32 × 32 × 3 before {made['n2'].name}",
    ]
    for fix in warning.fixes:
        after = infer(fix.edit(made))
        assert after.problems == ()
        assert after["n2"].inputs == ((32, 32, 3),)


@pytest.mark.parametrize("shape", [(3, 32, 30), (2, 32, 32), (3, 3, 3), (1, 4, 4), (32, 32, 3)])
def test_what_may_well_be_channels_last_is_left_alone(shape: Shape) -> None:
    made, _ = chain(Input(shape=shape), Conv2D(kernel_size=(1, 1)), END)
    assert infer(made).problems == ()


def test_a_missing_input_is_added_before_the_first_layer() -> None:
    made = graph(("dense", Dense(units=2), []), ("out", END, ["dense"]))
    whole, bare = infer(made).problems
    for problem in (whole, bare):
        (fix,) = problem.fixes
        assert fix.text == "Add an Input before dense"
        assert infer(fix.edit(made)).problems == ()
    (first, _last) = infer(Graph()).problems
    assert [node.layer for node in first.fixes[0].edit(Graph())] == [Input()]


def test_a_missing_output_is_added_after_the_last_layer() -> None:
    made, _ = chain(Input(shape=(4,)), Dense(units=3, activation="softmax"))
    whole, loose = infer(made).problems
    assert [fix.text for fix in whole.fixes] == ["Add an Output after dense"]
    assert infer(whole.fixes[0].edit(made)).problems == ()
    assert loose.fixes[0].text == "Add an Output after dense"


def test_a_dead_branch_is_removed_as_far_as_nothing_else_needs_it() -> None:
    made = graph(
        ("in", Input(shape=(4,)), []),
        ("trunk", Dense(units=3), ["in"]),
        ("one", Dense(units=3), ["trunk"]),
        ("two", Dense(units=3), ["one"]),
        ("three", Add(), ["one", "two"]),
        ("out", END, ["trunk"]),
    )
    _, branch = problem_of(made).fixes
    assert branch.text == "Remove three and what leads only to it"
    assert {node.name for node in branch.edit(made)} == {"in", "trunk", "out"}
    assert infer(branch.edit(made)).problems == ()


def test_an_input_that_nothing_takes_is_removed() -> None:
    made = graph(("in", Input(shape=(4,)), []), ("spare", Input(shape=(4,)), []), ("out", END, ["in"]))
    (fix,) = problem_of(made).fixes
    assert [node.name for node in fix.edit(made)] == ["in", "out"]
