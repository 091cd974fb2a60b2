from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from app.fitness import gives_back, made_to_fit, misfits
from app.known import Known
from engine import templates
from engine.data.arrays import Npz
from engine.data.builtin import Diabetes, Digits, Iris, Wine
from engine.data.source import Column, Source
from engine.inference import infer
from engine.layers.core import Dense, Input, Output
from engine.project import Project
from engine.templates import chain


def with_source(project: Project, source: Source) -> Project:
    return replace(project, data=project.data.model_copy(update={"source": source}))


START = "The data does not fit yet: "


def found(project: Project) -> list[str]:
    """The clauses that are told, each in a sentence."""
    texts = [problem.message for problem in misfits(project, infer(project.graph))]
    assert all(text.startswith(START) and text.endswith(".") for text in texts)
    return [text.removeprefix(START).removesuffix(".") for text in texts]


def mended(project: Project, *texts: str) -> Project:
    """The project after the fixes of all that does not fit, which have these texts."""
    fixes = [fix for problem in misfits(project, infer(project.graph)) for fix in problem.fixes]
    assert tuple(fix.text for fix in fixes) == texts
    for fix in fixes:
        project = replace(project, graph=fix.edit(project.graph))
    assert misfits(project, infer(project.graph)) == ()
    assert not infer(project.graph).problems
    return project


def with_last(project: Project, **changes: object) -> Project:
    graph = project.graph
    last = graph.of_type(Dense)[-1]
    return replace(project, graph=graph.set_layer(last.id, last.layer.replace(**changes)))


def with_output(project: Project, **changes: object) -> Project:
    graph = project.graph
    node = graph.of_type(Output)[0]
    return replace(project, graph=graph.set_layer(node.id, node.layer.replace(**changes)))


@pytest.mark.parametrize("name", list(templates.TEMPLATES))
def test_every_template_fits_its_data(name: str) -> None:
    project = templates.make(name)
    if templates.TEMPLATES[name].group == "To train at once":
        assert found(project) == []
    else:  # the user brings the data
        assert found(project) == ["no file is chosen yet"]


def test_an_input_of_another_size_is_told() -> None:
    project = with_source(templates.make("iris-mlp"), Wine())
    assert found(project) == ["input takes 4, a sample of Wines is 13"]
    three = with_source(templates.make("iris-mlp"), Wine())
    mended(three, "Set shape of input to 13")


def test_too_few_units_for_the_classes_are_told_and_more_are_not() -> None:
    iris = templates.make("iris-mlp")
    assert found(with_last(iris, units=2)) == ["output is given 2 numbers, Iris flowers has 3 classes"]
    assert found(with_last(iris, units=7)) == []
    mended(with_last(iris, units=2), "Set units of dense_2 to 3")


def test_losses_that_do_not_go_with_the_targets_are_told() -> None:
    iris = templates.make("iris-mlp")
    text = found(with_output(iris, loss="mean_squared_error"))
    assert text == ["output is given 3, a target of Iris flowers is 1"]
    one = with_output(with_last(iris, units=1), loss="binary_crossentropy")
    assert "tells two classes apart" in found(one)[0]
    mended(one, "Let dense_2 tell 3 classes apart")
    mended(with_source(iris, Diabetes()), "Set shape of input to 10", "Let dense_2 predict numbers")
    texts = found(with_source(iris, Diabetes()))
    assert texts[1] == "output takes classes, a target of Diabetes is a number"


def saved(path: Path, **arrays: object) -> Npz:
    np.savez(path, **arrays)  # type: ignore[arg-type]
    return Npz(path=str(path))


def test_an_npz_source_without_a_file_is_told(tmp_path: Path) -> None:
    iris = templates.make("iris-mlp")
    assert found(with_source(iris, Npz())) == ["no file is chosen yet"]
    missing = tmp_path / "x.npz"
    assert found(with_source(iris, Npz(path=str(missing)))) == [f"{missing}: there is no such file"]


def test_an_npz_file_is_judged_as_a_run_would_judge_it(tmp_path: Path) -> None:
    iris = templates.make("iris-mlp")
    x, y = np.ones((6, 4)), np.arange(6) % 3
    path = tmp_path / "x.npz"
    assert found(with_source(iris, saved(path, x=x, y=y))) == []
    assert "a sample of the data is 2" in found(with_source(iris, saved(path, x=x[:, :2], y=y)))[0]
    assert "neither a label nor 3 numbers" in found(with_source(iris, saved(path, x=x, y=x)))[0]
    told = found(with_source(iris, saved(path, x=x, a=y, b=y)))
    assert "Give the Input the name of its array" in told[0]
    broken = replace(iris, graph=iris.graph.disconnect(iris.graph.edges[0]))
    assert found(with_source(broken, Npz(path=str(path)))) == []  # what is wrong with the graph comes first


def test_an_empty_graph_fits_everything() -> None:
    for source in (Digits(), Iris(), Wine()):
        assert found(with_source(Project(), source)) == []


def test_what_would_break_the_network_is_not_offered() -> None:
    pictures = with_source(templates.make("digits-cnn"), Iris())
    (problem, *_) = misfits(pictures, infer(pictures.graph))
    assert "input takes 8 × 8 × 1" in problem.message
    assert problem.fixes == ()
    assert made_to_fit(pictures.graph, Iris().features(), Iris().targets()) is pictures.graph


def test_a_network_that_gives_its_input_back_needs_no_target() -> None:
    known = Known(Npz(path="a.npz"), {"x": Column((4,))}, {})
    assert known.problems()[0].message.startswith("There is nothing to predict")
    ends = {"x": True, "y": False}
    for name, back in ends.items():
        graph, last = chain(Input(shape=(4,)), Dense(units=4), Output(loss="mean_squared_error"))
        made = graph.rename(last, name)
        assert gives_back(made, known.features) is back
        assert bool(known.problems(gives_back=gives_back(made, known.features))) is not back
