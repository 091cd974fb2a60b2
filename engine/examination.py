"""Looking closely at what a network predicts for a part of the data: figures, mistakes and their samples."""

from __future__ import annotations

import math
from collections.abc import Generator, Mapping
from dataclasses import dataclass
from typing import Any

import jax
import numpy as np

from engine.data.holding import held
from engine.data.prepare import fit_samples, match_names, meaning_of
from engine.data.samples import Meaning, Samples
from engine.data.source import DataSet
from engine.evaluation import PREDICTION_BATCH, PartName, judging, part_of
from engine.events import Event, HostWeights, Progress, Result
from engine.graph import Graph
from engine.model import Model, Variables, compile_graph
from engine.precision import Precision
from engine.project import Project
from engine.scoring import Answers, Scores, scoring

Array = np.ndarray[Any, Any]

MOST = 2**26
"""Numbers of predictions and targets that are held; of more samples, some are drawn."""


@dataclass(frozen=True)
class Examination:
    """What was found out about a part of the data."""

    part: PartName
    figures: Mapping[str, float]
    """Loss and metrics by Keras's names, of all samples."""
    scores: tuple[Scores, ...]
    """Of each Output with a loss."""
    samples: Samples
    """The part; scores name samples by their number in it."""
    meaning: Meaning
    looked_at: int
    """From how many of the samples the scores are."""

    def shown(self, numbers: Array) -> DataSet:
        """Some of the samples, in memory and without their targets, as they go into the network."""
        batch = self.samples.read(numbers)
        meaning = self.meaning
        return DataSet(batch.inputs, {}, sampling_rates=meaning.sampling_rates, words=meaning.words)


def examine(project: Project, weights: HostWeights, part: PartName = "test") -> Generator[Event]:
    """Examine what weights make of a part of a project's own data; ends in a `Result` with an `Examination`.

    Raises `DataError` where there is no such part, and what preparing the data raises.
    """
    model = compile_graph(project.graph, precision=project.training.precision)
    samples, meaning = yield from part_of(model, project, part)
    yield from _examined(model, weights, samples, meaning, part)


def examine_data(
    graph: Graph, weights: HostWeights, data: DataSet, precision: Precision = "float32"
) -> Generator[Event]:
    """Examine what weights make of all samples of a data set (its test part where it has one)."""
    model = compile_graph(graph, precision=precision)
    data = yield from held(data)
    names = match_names(model, data)
    samples = fit_samples(model, data.test or data.part_arrays, names)
    yield from _examined(model, weights, samples, meaning_of(data, names), "test")


def _examined(
    model: Model, weights: HostWeights, samples: Samples, meaning: Meaning, part: PartName
) -> Generator[Event]:
    figures = yield from judging(model, weights, samples)
    variables = model.from_host(weights)
    numbers = _drawn(model, samples)
    answers = yield from _answers(model, variables, samples, numbers, meaning)
    scores: list[Scores] = []
    for answer in answers:
        scores.append((yield from scoring(answer)))
    yield Result(Examination(part, figures, tuple(scores), samples, meaning, len(numbers)))


def _drawn(model: Model, samples: Samples) -> Array:
    """The numbers of all samples, or of as many as can be held, drawn at random."""
    one = 0
    for node, *_ in model.trained_outputs:
        shape = model.inference[node.id].shape or ()
        target = samples.targets[node.name].shape[1:]
        one += math.prod(size or 1 for size in shape) + math.prod(target)
    most = max(1, MOST // max(one, 1))
    if samples.size <= most:
        return np.arange(samples.size)
    return np.sort(np.random.default_rng(0).choice(samples.size, most, replace=False))


def _answers(
    model: Model, variables: Variables, samples: Samples, numbers: Array, meaning: Meaning
) -> Generator[Progress, None, list[Answers]]:
    """What each Output gives for samples, and what it was to give."""

    def forward(variables: Variables, inputs: Any) -> Any:
        outcome = model.apply(variables, inputs)
        return outcome.outputs, {name: mask for name, mask in outcome.masks.items() if mask is not None}

    function = jax.jit(forward)
    size = min(PREDICTION_BATCH, len(numbers))
    found: list[tuple[dict[str, Array], ...]] = []
    for start in range(0, len(numbers), size):
        yield Progress("Predicting", start, len(numbers))
        some = numbers[start : start + size]
        filled = np.concatenate([some, np.repeat(some[:1], size - len(some))])  # one shape, compiled once
        batch = samples.read(filled)
        outputs, masks = function(variables, model.prepare(batch.inputs))
        found.append(tuple(_first(part, len(some)) for part in (outputs, masks, batch.targets)))

    outputs, masks, targets = (
        {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}
        for parts in zip(*found, strict=True)
    )
    return [
        Answers(
            output=node.name,
            loss=loss,
            samples=numbers,
            true=targets[node.name],
            predicted=outputs[node.name].astype(np.float32),
            counted=masks.get(node.name),
            classes=meaning.classes.get(node.name, ()),
        )
        for node, _, loss in model.trained_outputs
    ]


def _first(arrays: Mapping[str, Any], count: int) -> dict[str, Array]:
    return {name: np.asarray(array)[:count] for name, array in arrays.items()}
