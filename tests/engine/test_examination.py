"""Examining a network: the figures of a run's end, the samples behind them, and the report."""

from __future__ import annotations

import re
import xml.etree.ElementTree as ET
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import engine.examination
from engine import templates
from engine.data.arrays import Npz
from engine.data.rows import Rows
from engine.data.source import DataSet
from engine.errors import DataError
from engine.events import Finished, HostWeights, Result
from engine.examination import Examination, examine, examine_data
from engine.formats.evaluation_report import report
from engine.model import compile_graph
from engine.project import Project
from engine.scoring import Classified, Regressed
from engine.training import train
from tests.engine.graphs import many_sided

Array = np.ndarray[Any, Any]


def trained(project: Project) -> Finished:
    event = list(train(project))[-1]
    assert isinstance(event, Finished)
    return event


def fresh(project: Project) -> HostWeights:
    model = compile_graph(project.graph)
    return model.to_host(model.init(0))


def examined(events: Any) -> Examination:
    last = list(events)[-1]
    assert isinstance(last, Result)
    return last.value


def iris() -> Project:
    return templates.make("iris-mlp").with_training(epochs=2)


def test_the_figures_are_those_of_the_end_of_the_run() -> None:
    project = iris()
    run = trained(project)
    found = examined(examine(project, run.weights))
    assert dict(found.figures) == dict(run.test)
    (scores,) = found.scores
    assert isinstance(scores, Classified)
    assert scores.classes == ("setosa", "versicolor", "virginica")
    assert scores.accuracy == pytest.approx(run.test["accuracy"])
    assert found.looked_at == found.samples.size == len(scores.samples) == 30


@pytest.mark.parametrize(("part", "size"), [("validation", 15), ("training", 105)])
def test_other_parts_are_examined_too(part: Any, size: int) -> None:
    project = iris()
    found = examined(examine(project, fresh(project), part))
    assert (found.part, found.samples.size) == (part, size)


@pytest.mark.parametrize("part", ["test", "validation"])
def test_a_part_that_is_not_there_is_told(part: Any) -> None:
    project = iris()
    data = project.data.model_copy(update={"test_split": 0.0, "validation_split": 0.0})
    with pytest.raises(DataError, match=f"no data for .*{part}.* share above 0"):
        list(examine(replace(project, data=data), fresh(project), part))


def test_the_samples_behind_answers_are_those_that_were_predicted() -> None:
    project = iris()
    found = examined(examine(project, fresh(project)))
    (scores,) = found.scores
    places = np.array([4, 0, 7])
    data = found.shown(scores.samples[places])
    model = compile_graph(project.graph)
    again = model.predict(model.from_host(fresh(project)), dict(data.features))
    assert isinstance(scores, Classified)
    assert np.asarray(next(iter(again.values()))).argmax(1).tolist() == scores.predicted[places].tolist()
    assert data.targets == {}


def test_each_output_has_scores_of_its_own() -> None:
    rng = np.random.default_rng(0)
    x = {"picture": rng.uniform(size=(20, 8, 8, 1)), "table": rng.normal(size=(20, 6))}
    y = {"kind_out": rng.integers(3, size=20), "size_out": rng.normal(size=20)}
    graph = many_sided()
    model = compile_graph(graph)
    found = examined(examine_data(graph, model.to_host(model.init(0)), DataSet(x, y)))
    kinds = {scores.output: type(scores) for scores in found.scores}
    assert kinds == {"kind_out": Classified, "size_out": Regressed}
    size = next(scores for scores in found.scores if isinstance(scores, Regressed))
    assert found.figures["size_out_mae"] == pytest.approx(size.mae, rel=1e-5)


@dataclass(frozen=True)
class Counted(Rows):
    """Rows that note which of them are read."""

    values: Array
    asked: list[int]

    def __post_init__(self) -> None:
        object.__setattr__(self, "shape", self.values.shape)
        object.__setattr__(self, "dtype", self.values.dtype)

    def read(self, numbers: Array) -> Array:
        self.asked.extend(numbers.tolist())
        return self.values[numbers]


def test_of_too_many_samples_some_are_drawn_and_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(engine.examination, "MOST", 40)  # numbers: of 10 samples with 3 predictions and a target
    project = iris()
    found = examined(examine(project, fresh(project)))
    (scores,) = found.scores
    assert found.looked_at == len(set(scores.samples.tolist())) == 10
    assert found.samples.size == 30
    assert "of 10 of them, drawn at random" in report(project, found)


def test_rows_on_the_disk_stay_there_but_those_that_are_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("engine.data.holding.HELD", 0)
    monkeypatch.setattr("engine.feeding.HELD", 0)
    asked: list[int] = []
    x = np.random.default_rng(0).normal(size=(300, 4)).astype(np.float32)
    y = np.arange(300) % 3
    project = iris()
    found = examined(examine_data(project.graph, fresh(project), DataSet({"x": Counted(x, asked)}, {"y": y})))
    asked.clear()
    data = found.shown(np.array([5, 250]))
    assert asked == [5, 250]
    assert np.asarray(next(iter(data.features.values()))) == pytest.approx(x[[5, 250]])


def test_a_report_stands_alone_and_is_whole() -> None:
    project = iris()
    found = examined(examine(project, fresh(project)))
    scores = replace(found.scores[0], classes=("<b>", "a & b", "c"))  # type: ignore[type-var]
    text = report(replace(project, name="<i>"), replace(found, scores=(scores,)))
    assert "<script" not in text
    assert "http" not in re.sub(r'xmlns="[^"]*"', "", text)
    assert "&lt;i&gt;: evaluation" in text
    assert "<b>\n" not in text
    assert "&lt;b&gt;" in text
    assert "prefers-color-scheme:dark" in text
    assert text.count("<svg") == 3
    for svg in re.findall(r"<svg.*?</svg>", text):
        ET.fromstring(svg)
    assert f"{found.figures['loss']:.4g}" in text


def test_a_report_of_pictures_holds_them() -> None:
    project = templates.make("digits-cnn")
    text = report(project, examined(examine(project, fresh(project))))
    assert text.count("data:image/png;base64,") == 24


def test_a_report_of_numbers_has_their_charts() -> None:
    project = templates.make("diabetes-regression")
    run = trained(project.with_training(epochs=1))
    found = examined(examine(project, run.weights))
    text = report(project, found)
    assert "Mean absolute error" in text
    assert text.count("<svg") == 3
    (scores,) = found.scores
    assert isinstance(scores, Regressed)
    assert f"{scores.rmse:.4g}" in text


def test_arrays_of_a_file_are_examined(tmp_path: Path) -> None:
    project = iris()
    x, y = np.random.default_rng(0).normal(size=(12, 4)), np.arange(12) % 3
    np.savez(tmp_path / "some.npz", x=x, y=y)
    found = examined(examine_data(project.graph, fresh(project), Npz(path=str(tmp_path / "some.npz")).load()))
    assert found.samples.size == 12
