"""Whether the data of a project can fit its graph, as far as that is known without reading all of the data."""

from __future__ import annotations

import math
from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from functools import lru_cache
from pathlib import Path

from PySide6.QtCore import QCoreApplication

from app.dialogs import sentence
from app.known import Known
from engine.data.file_source import FileSource
from engine.data.prepare import fit_samples, fitted, match_names, matched
from engine.data.source import Column, DataSet, Source
from engine.errors import LayerloomError, NotReadyError
from engine.fixes import Fix, Problem, set_field
from engine.graph import Graph, Node
from engine.inference import Inference, infer
from engine.layers.core import Dense, Input, Output
from engine.losses import LOSSES
from engine.model import compile_graph
from engine.output_problems import giver_of
from engine.project import Project
from engine.shapes import Shape, show_shape
from graph_editor.words import said


def tr(text: str) -> str:
    """The text in the language of the program."""
    return QCoreApplication.translate("Fitness", text)


def misfits(project: Project, inference: Inference, known: Known | None = None) -> tuple[Problem, ...]:
    """What does not fit yet, with ways out; empty where all fits or where only the file could tell.

    `known` is what the last look at data has told, which may have been other data.
    """
    source = project.data.source
    if known is not None and known.source == source:
        own = known.problems(gives_back=gives_back(inference.graph, known.features))
        return (*own, *_of_source(source, inference, known))
    return _of_source(source, inference, Known(source))


def gives_back(graph: Graph, features: Collection[str]) -> bool:
    """Whether all that a graph is trained to give are features by their names, as an autoencoder is."""
    outputs = _trained(graph)
    return bool(outputs) and len(matched(graph, outputs, (), features)) == len(outputs)


def judged(source: Source, known: Known | None) -> bool:
    """Whether it is known what the samples are like: of those that a program draws, once some were drawn."""
    return not source.endless or (known is not None and known.source == source and bool(known.features))


def _of_source(source: Source, inference: Inference, known: Known) -> tuple[Problem, ...]:
    if isinstance(source, FileSource):
        return tuple(Problem(None, _told(text)) for text in _file_misfits(source, inference))
    if getattr(source, "path", None) == "":
        return (Problem(None, _told(tr("no file is chosen yet"))),)
    features, targets = source.features() or known.features, source.targets() or known.targets
    return _misfits(inference.graph, inference, features, targets, said(source.title))


def made_to_fit(graph: Graph, features: Mapping[str, Column], targets: Mapping[str, Column]) -> Graph:
    """The graph after all ways out of what does not fit such data; as it was where no Input would take it."""
    made = graph
    for _ in range(1 + len(features) + len(targets)):
        found = _misfits(made, infer(made), features, targets, "")
        fix = next((problem.fixes[0] for problem in found if problem.fixes), None)
        if fix is None:
            return graph if any(problem.field in ("shape", "dtype") for problem in found) else made
        made = fix.edit(made)
    return made


def _misfits(
    graph: Graph,
    inference: Inference,
    features: Mapping[str, Column],
    targets: Mapping[str, Column],
    title: str,
) -> tuple[Problem, ...]:
    arrays = {**features, **targets}
    inputs, outputs = graph.of_type(Input), _trained(graph)
    takes = matched(graph, inputs, features, arrays)
    gives = matched(graph, outputs, targets, arrays, takes.values())
    found = [
        *(_input_misfit(node, arrays[takes[node.name]], title) for node in inputs if node.name in takes),
        *(
            _output_misfit(graph, node, inference.shape(node.id), arrays[gives[node.name]], title)
            for node in outputs
            if node.name in gives
        ),
    ]
    return tuple(_with_sound_fixes(problem, inference) for problem in found if problem is not None)


def _with_sound_fixes(problem: Problem, inference: Inference) -> Problem:
    """Without ways out that end at a layer which could do what it does before, and could not then."""
    faulty = {error.node for error in inference.errors}

    def sound(fix: Fix) -> bool:
        after = infer(fix.edit(inference.graph), inference)
        return all(error.node in faulty for error in after.errors)

    return replace(problem, fixes=tuple(filter(sound, problem.fixes)))


def _told(clause: str) -> str:
    return tr("The data does not fit yet: {0}.").format(clause)


def _trained(graph: Graph) -> tuple[Node, ...]:
    """The Outputs that have a loss: those that take targets."""
    return tuple(n for n in graph.of_type(Output) if isinstance(n.layer, Output) and n.layer.loss is not None)


def _file_misfits(source: FileSource, inference: Inference) -> list[str]:
    """What a run would say of arrays of these names, shapes and types, before it looks at the numbers in them."""
    if not source.paths:
        return [tr("no file is chosen yet")]
    if not source.quick:
        return []
    try:
        model = compile_graph(inference.graph, inference)
        data = _outline(source, tuple(map(_stamp, source.paths)))  # pyright: ignore[reportArgumentType]
        names = match_names(model, data)
        for arrays in (data.arrays, data.validation, data.test):
            if arrays is not None:
                fit_samples(model, arrays, names)
    except NotReadyError:
        return []  # what is wrong with the graph comes first
    except LayerloomError as error:
        return [sentence(error).rstrip(".。")]
    return []


@lru_cache(maxsize=4)
def _outline(source: FileSource, _stamps: object) -> DataSet:
    return source.outline()


def _stamp(path: str) -> object:
    """What changes when a file does; None where it cannot be looked at."""
    try:
        found = Path(path).stat()
    except OSError:
        return None
    return found.st_mtime_ns, found.st_size


def _input_misfit(node: Node, column: Column, title: str) -> Problem | None:
    layer = node.layer
    if not isinstance(layer, Input):
        return None
    text = tr("{0} takes {1}, a sample of {2} is {3}")
    if bool(column.text) != (layer.dtype == "string"):
        kinds = (tr("numbers"), tr("text")) if column.text else (tr("text"), tr("numbers"))
        return Problem(node.id, _told(text.format(node.name, kinds[0], title, kinds[1])), "dtype")
    if fitted(layer.shape, column.shape) is not None:
        return None
    takes, sample = show_shape(layer.shape), show_shape(column.shape)
    text = text.format(node.name, takes, title, sample)
    fix = set_field(node.id, "shape", column.shape, tr("Set shape of {0} to {1}").format(node.name, sample))
    return Problem(node.id, _told(text), "shape", (fix,))


def _output_misfit(graph: Graph, node: Node, shape: Shape | None, column: Column, title: str) -> Problem | None:
    layer = node.layer
    if not isinstance(layer, Output) or layer.loss is None or shape is None or None in shape:
        return None
    sizes = [size or 0 for size in shape]
    kind, classes = LOSSES[layer.loss].targets, len(column.classes)
    text, fixes = "", tuple[Fix, ...]()
    if kind in ("labels", "one-hot"):
        text = _class_misfit(node, sizes, classes, title)
        fixes = _predicting(graph, node, column) if math.prod(sizes[:-1]) == 1 else ()
    elif kind == "binary" and classes > 2:
        text = tr("{0} of {1} tells two classes apart, {2} has {3}").format(layer.loss, node.name, title, classes)
        fixes = _predicting(graph, node, column)
    elif math.prod(sizes) != math.prod(column.shape):
        given, target = show_shape(shape), show_shape(column.shape)
        text = tr("{0} is given {1}, a target of {2} is {3}").format(node.name, given, title, target)
        fixes = _predicting(graph, node, column)
    return Problem(node.id, _told(text), "loss", fixes) if text else None


def _class_misfit(node: Node, sizes: Sequence[int], classes: int, title: str) -> str:
    units = sizes[-1] if sizes else 1
    if not classes:
        return tr("{0} takes classes, a target of {1} is a number").format(node.name, title)
    if math.prod(sizes[:-1]) != 1:
        return tr("{0} gives a class for each of {1} places, {2} has one for a sample").format(
            node.name, math.prod(sizes[:-1]), title
        )
    if units < classes:
        return tr("{0} is given {1} numbers, {2} has {3} classes").format(node.name, units, title, classes)
    return ""


def _predicting(graph: Graph, node: Node, column: Column) -> tuple[Fix, ...]:
    """What ends the network is made to predict such a target; no way out where no Dense ends it."""
    giver, layer, classes = giver_of(graph, node.id), node.layer, len(column.classes)
    if giver is None or not isinstance(giver.layer, Dense) or not isinstance(layer, Output) or layer.loss is None:
        return ()
    units, kind = classes or math.prod(column.shape), LOSSES[layer.loss].targets
    if kind == "numbers" if not classes else kind in ("labels", "one-hot"):
        text = tr("Set units of {0} to {1}").format(giver.name, units)
        return (set_field(giver.id, "units", units, text),)
    if classes:
        last = giver.layer.replace(units=units, activation="softmax")
        loss = layer.replace(loss="sparse_categorical_crossentropy", metrics=("accuracy",))
        text = tr("Let {0} tell {1} classes apart").format(giver.name, units)
    else:
        last = giver.layer.replace(units=units, activation="linear")
        loss = layer.replace(loss="mean_squared_error", metrics=("mae",), class_weight="")
        text = tr("Let {0} predict numbers").format(giver.name)
    return (Fix(text, lambda graph: graph.set_layer(giver.id, last).set_layer(node.id, loss)),)
