"""What the Predict tab asks of a network in the background: material to ask about, and single answers."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from app.task import Job
from engine.asking import BYTE, classes_of, named_shares, picture_input, picture_of, reach_of
from engine.data.samples import Meaning, Samples
from engine.errors import DataError, FileError
from engine.evaluation import PartName, part_of
from engine.events import HostWeights, Progress, Result
from engine.explaining import Oracle, Overlays
from engine.graph import Node
from engine.project import Project

Array = np.ndarray[Any, Any]
_LOOKED_AT = 64
_PARTS: tuple[PartName, ...] = ("test", "training")
"""Where samples are taken from: the first of these parts that there is."""


@dataclass(frozen=True)
class Material:
    """A network that answers, and samples of its data to ask it about, where there are any."""

    project: Project
    oracle: Oracle
    samples: Samples | None
    meaning: Meaning
    picture: Node | None
    """The Input that takes a picture, where there is no other."""
    reach: tuple[float, float]
    """From black to white."""

    def classes(self, output: str) -> tuple[str, ...]:
        return self.meaning.classes.get(output, ())


@dataclass(frozen=True)
class Question:
    """A sample as it is, or one of the data by its number, or a picture in a file; and what to look at."""

    sample: Mapping[str, Array] | None = None
    number: int | None = None
    path: Path | None = None
    true: Mapping[str, Array] = field(default_factory=dict[str, Array])
    """What was to be predicted for `sample`, where that is known."""
    output: str = ""
    index: int = -1
    """The number of the Output that the overlays are of; -1 for the largest."""
    overlays: bool = False


@dataclass(frozen=True)
class Answer:
    """What was asked, as the network took it, and what it gave."""

    question: Question
    sample: Mapping[str, Array]
    given: Mapping[str, Array]
    true: Mapping[str, Array]
    overlays: Overlays
    index: int


def material_job(project: Project, weights: HostWeights) -> Job:
    """Compile a network and find samples of its data; ends in a `Result` with `Material`."""
    yield Progress("Compiling")
    oracle = Oracle(project.graph, weights)
    picture, samples = picture_input(project.graph), None
    meaning = Meaning(classes=classes_of(project))
    for part in _PARTS:
        try:
            samples, meaning = yield from part_of(oracle.model, project, part)
            break
        except (DataError, FileError):
            continue  # one can ask without samples, too
    reach = (0.0, BYTE)
    if picture is not None and samples is not None:
        some = samples.read(np.arange(min(samples.size, _LOOKED_AT)))
        reach = reach_of(some.inputs[picture.name])
    yield Result(Material(project, oracle, samples, meaning, picture, reach))


def asking_job(material: Material, question: Question) -> Job:
    """Ask one question; ends in a `Result` with an `Answer`."""
    yield Progress("Predicting")
    sample, true = question.sample, question.true
    if question.path is not None:
        assert material.picture is not None
        source = material.project.data.source
        sample = {material.picture.name: picture_of(question.path, material.picture, source, material.reach)}
    elif question.number is not None:
        assert material.samples is not None
        batch = material.samples.read(np.array([question.number]))
        sample = {name: array[0] for name, array in batch.inputs.items()}
        true = {name: array[0] for name, array in batch.targets.items()}
    assert sample is not None
    given = material.oracle.ask(sample)
    output = question.output or next(iter(given))
    index = question.index if question.index >= 0 else int(given[output].reshape(-1).argmax())
    found = Overlays(None, None)
    if question.overlays:
        found = material.oracle.overlays(sample, output, min(index, given[output].size - 1))
    yield Result(Answer(question, sample, given, true, found, index))


def true_text(values: Array | None, classes: tuple[str, ...]) -> str:
    """What was to be predicted, as a person reads it; empty where that is unknown or too much."""
    if values is None or (values.size > 1 and values.size != len(classes)):
        return ""
    value = float(values.reshape(-1).argmax()) if values.size > 1 else float(values.reshape(-1)[0])
    if classes and value.is_integer() and 0 <= value < len(classes):
        return classes[int(value)]
    return f"{value:.4g}"


__all__ = ["Answer", "Material", "Question", "asking_job", "material_job", "named_shares", "true_text"]
